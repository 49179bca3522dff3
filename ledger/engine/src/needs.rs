//! What must be known of the stock to decide on a command.
//!
//! A command may take more than one look: what a tag was commissioned as tells which places count.
//! So ask, supply and ask again until nothing is missing. What is not asked for here and needed all
//! the same is refused by the stock itself: a mistake here denies, it never posts.

use gatewarden_model::{
    Action, CountSeen, Day, Document, DocumentContent, ItemId, Location, Module, MovementId, Pass,
    Posting, Stamp, Task,
};
use gatewarden_stock::{LINES_MAX, Site, Stock, Wants, reversal_lines};

use crate::{
    access::{Access, Fact},
    command::Command,
    documents::{
        counts::{wants_of_count, wants_of_pass},
        posting_of,
    },
    engine::Settings,
    postings::moved,
    seen::{self, Means, Seen},
    state::{Reservation, State, lines::Asked},
    tag_access::written_key,
};

/// Things of one line that are looked up; a posting that names more is refused.
const THINGS_MAX: usize = 10_000;

/// What must be known, as far as it can be told by what is known.
pub(crate) fn wants(
    access: &Access,
    state: &State,
    stock: &Stock,
    settings: &Settings,
    now: &Stamp,
    command: &Command,
) -> Wants {
    let mut wants = Wants::default();
    match command {
        Command::Pass(pass) => {
            of_pass(&mut wants, pass, state.asked_at(&pass.station), stock, settings);
            wants_of_pass(&mut wants, state, pass, (stock, settings));
        }
        Command::DecideHold { pass, .. } => {
            if let Some(hold) = state.hold(*pass) {
                let task = state.task(hold.task).into_iter();
                let lines = task.flat_map(|open| &open.task.lines).map(Asked::from);
                of_pass(&mut wants, &hold.pass, lines, stock, settings);
            }
        }
        Command::Reserve { posting, .. } => {
            wants.movements.insert(posting.id);
            of_posting(&mut wants, posting, stock, settings, now);
        }
        Command::PostReservation { reservation, .. } => match state.reservation(*reservation) {
            Some(held) => {
                of_rest(&mut wants, held);
                of_posting(&mut wants, &held.posting, stock, settings, now);
            }
            None => drop(wants.movements.insert(*reservation)),
        },
        Command::VoidReservation { reservation, .. } => {
            if let Some(held) = state.reservation(*reservation) {
                of_rest(&mut wants, held);
                let module = held.posting.kind.module();
                if asks_worth(access, module) || held.posting.reverses.is_some() {
                    of_posting(&mut wants, &held.posting, stock, settings, now);
                }
            }
        }
        Command::WriteDocument { content, .. } => of_content(&mut wants, content),
        Command::SubmitDocument { document, .. }
        | Command::ActOnDocument { document, .. }
        | Command::EndDocument { document, .. } => {
            of_document(&mut wants, document, state, stock, settings, now);
        }
        Command::CountBin { document, count, .. } => {
            let found = count.seen.iter().take(LINES_MAX).map(|seen| &seen.item);
            wants_of_count(&mut wants, state, document, found);
            let lots = |seen: &CountSeen| Some((seen.item.clone(), seen.bucket.lot.clone()?));
            wants.lots.extend(count.seen.iter().take(LINES_MAX).filter_map(lots));
        }
        Command::OpenTask { task, .. } => of_worth(&mut wants, access, task),
        Command::ApproveTask { task, .. } | Command::WithdrawTask { task, .. } => {
            state.task(*task).into_iter().for_each(|open| of_worth(&mut wants, access, &open.task));
        }
        Command::Tick => {
            let over = |held: &&Reservation| held.remaining_ms(settings.reservation_ms, now) == 0;
            state.reservations().filter(over).for_each(|held| of_rest(&mut wants, held));
        }
        Command::Commission { tag, .. } | Command::Decommission { tag, .. } => {
            wants.things.insert(tag.clone());
        }
        Command::QueueLabel { label, .. } => {
            wants.things.extend(label.tag.iter().map(|tag| tag.key.clone()));
        }
        Command::LabelChanged { label, .. } | Command::DecideLabel { label, .. } => {
            let tag = state.label(*label).and_then(|open| open.label.tag.as_ref());
            wants.things.extend(tag.map(|tag| tag.key.clone()));
        }
        Command::AskTagAccess { access, .. } => wants.things.extend(written_key(access)),
        Command::LandCost { movement, .. } => of_past(&mut wants, *movement, stock),
        _ => {}
    }
    wants
}

/// Whether a right in this module may depend on what something is worth.
fn asks_worth(access: &Access, module: Module) -> bool {
    Action::ALL.iter().any(|action| access.looks(module, *action).has(Fact::Amount))
}

/// What tells what a task is worth, where that is asked. One that is too long is refused unseen.
fn of_worth(wants: &mut Wants, access: &Access, task: &Task) {
    if task.lines.len() > LINES_MAX || !asks_worth(access, task.kind.module()) {
        return;
    }
    for line in &task.lines {
        for place in [&line.from, &line.to] {
            of_site(wants, &line.item, place);
        }
        wants.lots.extend(line.lot.iter().map(|lot| (line.item.clone(), lot.clone())));
    }
}

/// What a document may lead to: what it reserves, posts and sets free.
fn of_document(
    wants: &mut Wants,
    document: &Document,
    state: &State,
    stock: &Stock,
    settings: &Settings,
    now: &Stamp,
) {
    let Some(open) = state.document(document) else { return };
    of_content(wants, &open.content);
    for held in state.reservations().filter(|held| held.posting.document == *document) {
        wants.movements.insert(held.posting.id);
        of_rest(wants, held);
        of_posting(wants, &held.posting, stock, settings, now);
    }
    let kind = state.procedures_in_force().and_then(|known| known.kinds.of(document.kind));
    let posting = kind.and_then(|kind| posting_of(&open.content, kind).ok().flatten());
    if let Some(posting) = posting {
        wants.movements.insert(posting.id);
        of_posting(wants, &posting, stock, settings, now);
    }
}

/// The stock at the places of a version's lines.
fn of_content(wants: &mut Wants, content: &DocumentContent) {
    for line in content.lines.iter().take(LINES_MAX) {
        for place in line.from.iter().chain(&line.to) {
            of_site(wants, &line.item, place);
        }
        wants.lots.extend(line.lot.iter().map(|lot| (line.item.clone(), lot.clone())));
    }
}

/// What a reservation sets free.
fn of_rest(wants: &mut Wants, held: &Reservation) {
    for line in held.rest().iter().filter(|line| line.from.holds_stock()) {
        of_site(wants, &line.item, &line.from);
    }
}

/// A movement with the past of its items.
pub(crate) fn of_past(wants: &mut Wants, movement: MovementId, stock: &Stock) {
    wants.movements.insert(movement);
    if let Some((_, original)) = moved(stock.movement(&movement)) {
        wants.histories.extend(original.lines.iter().map(|line| line.item.clone()));
    }
}

/// What a posting may do. One that is too long is refused unseen.
pub(crate) fn of_posting(
    wants: &mut Wants,
    posting: &Posting,
    stock: &Stock,
    settings: &Settings,
    now: &Stamp,
) {
    if posting.lines.len().max(posting.counts.len()) > LINES_MAX {
        return;
    }
    wants.of_posting(posting);
    let past = posting.effective.is_some_and(|day| {
        let today = Day::of(now, settings.utc_offset_min);
        day < today.max(stock.last_day().unwrap_or(today))
    });
    for line in &posting.lines {
        for place in [&line.from, &line.to] {
            of_site(wants, &line.item, place);
        }
        wants.things.extend(line.things.iter().take(THINGS_MAX).cloned());
        wants.lots.extend(line.lot.iter().map(|lot| (line.item.clone(), lot.clone())));
        wants.units.extend([&line.from_unit, &line.to_unit].into_iter().flatten().cloned());
        if past {
            wants.histories.insert(line.item.clone());
        }
    }
    for count in &posting.counts {
        if let Ok(loss) = Location::parse("@loss/count") {
            of_site(wants, &count.item, &loss);
        }
        wants.lots.extend(count.bucket.lot.iter().map(|lot| (count.item.clone(), lot.clone())));
        wants.units.extend(count.bucket.unit.iter().cloned());
    }
    if let Some(id) = posting.reverses {
        of_past(wants, id, stock);
        if let Some((_, original)) = moved(stock.movement(&id)) {
            reversal_lines(original).iter().for_each(|line| wants.of_line(line));
        }
    }
}

/// What a pass may do: its things, and the places and lots of the lines that they may fill.
fn of_pass<'a>(
    wants: &mut Wants,
    pass: &Pass,
    lines: impl Iterator<Item = Asked<'a>>,
    stock: &Stock,
    settings: &Settings,
) {
    seen::wants(pass, stock, wants);
    let things = seen::resolve(pass, &settings.items, stock);
    let items = seen::items(&things);
    for line in lines {
        let named = || line.things.iter().any(|k| things.iter().any(|t| t.thing.key == *k));
        if items.contains(line.item) || named() {
            of_line(wants, line, &things);
        }
    }
}

fn of_line(wants: &mut Wants, line: Asked<'_>, things: &[Seen<'_>]) {
    for place in [line.from, line.to] {
        of_site(wants, line.item, place);
    }
    let lots = things.iter().flat_map(|one| match &one.means {
        Means::Pieces { item, lot, .. } if *item == line.item => vec![*lot],
        Means::Pieces { .. } => vec![],
        Means::Unit { contents, .. } => {
            let here = contents.iter().filter(|c| c.site.item == *line.item);
            here.map(|c| c.bucket.lot.as_deref()).collect()
        }
        Means::Nothing => vec![one.thing.lot.as_deref()],
    });
    for lot in lots.flatten().chain(line.lot) {
        wants.lots.insert((line.item.clone(), lot.to_owned()));
    }
}

/// An item at a place.
pub(crate) fn of_site(wants: &mut Wants, item: &ItemId, place: &Location) {
    wants.sites.insert(Site::new(item, place));
}
