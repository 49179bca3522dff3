//! What must be known of the stock to decide on a command.
//!
//! A command may take more than one look: what a tag was commissioned as tells which places count.
//! So ask, supply and ask again until nothing is missing. What is not asked for here and needed all
//! the same is refused by the stock itself: a mistake here denies, it never posts.

use gatewarden_model::{ItemId, Location, Pass, Stamp, Task, TaskLine};
use gatewarden_stock::{Site, Stock, Wants};

use crate::{
    command::Command,
    engine::Settings,
    seen::{self, Means, Seen},
    state::State,
};

/// What must be known, as far as it can be told by what is known.
pub(crate) fn wants(
    state: &State,
    stock: &Stock,
    settings: &Settings,
    _now: &Stamp,
    command: &Command,
) -> Wants {
    let mut wants = Wants::default();
    match command {
        Command::Pass(pass) => {
            let tasks = state.tasks_at(&pass.station).map(|open| &open.task);
            of_pass(&mut wants, pass, tasks, stock, settings);
        }
        Command::DecideHold { pass, .. } => {
            if let Some(hold) = state.hold(*pass) {
                let task = state.task(hold.task).map(|open| &open.task);
                of_pass(&mut wants, &hold.pass, task.into_iter(), stock, settings);
            }
        }
        _ => {}
    }
    wants
}

/// What a pass may do: its things, and the places and lots of the lines that they may fill.
fn of_pass<'a>(
    wants: &mut Wants,
    pass: &Pass,
    tasks: impl Iterator<Item = &'a Task>,
    stock: &Stock,
    settings: &Settings,
) {
    seen::wants(pass, stock, wants);
    let things = seen::resolve(pass, &settings.items, stock);
    let items = seen::items(&things);
    for line in tasks.flat_map(|task| &task.lines) {
        let named = || line.things.iter().any(|k| things.iter().any(|t| t.thing.key == *k));
        if items.contains(&line.item) || (!line.things.is_empty() && named()) {
            of_line(wants, line, &things);
        }
    }
}

fn of_line(wants: &mut Wants, line: &TaskLine, things: &[Seen<'_>]) {
    for place in [&line.from, &line.to] {
        of_site(wants, &line.item, place);
    }
    let lots = things.iter().flat_map(|one| match &one.means {
        Means::Pieces { item, lot, .. } if **item == line.item => vec![*lot],
        Means::Pieces { .. } => vec![],
        Means::Unit { contents, .. } => {
            let here = contents.iter().filter(|c| c.site.item == line.item);
            here.map(|c| c.bucket.lot.as_deref()).collect()
        }
        Means::Nothing => vec![one.thing.lot.as_deref()],
    });
    for lot in lots.flatten().chain(line.lot.as_deref()) {
        wants.lots.insert((line.item.clone(), lot.to_owned()));
    }
}

/// An item at a place.
pub(crate) fn of_site(wants: &mut Wants, item: &ItemId, place: &Location) {
    wants.sites.insert(Site::new(item, place));
}
