//! Counts in the journal: was a bin counted by whom it says, once by each, and is what was signed and posted what
//! the counts say?
//!
//! What the counts lead to is made again from their entries and compared: the version of what differs, its
//! posting, the end of an order that agrees with the book. Invariants: nothing but the count moves in a frozen
//! bin; what is posted is every figure that was signed, against the book that was signed. Absent: what a tag
//! stands for, and what the book said at that moment (the stock compares it when the count is posted).

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_documents::{Frame, KindDefinition};
use gatewarden_model::{
    Action, Actor, CountSheet, Decision, DocumentContent, DocumentKind, DocumentStep, ItemId,
    Module, Movement, MovementKind, Posting,
};

use super::Verdict;
use crate::{
    documents::counts::{check_freeze, check_frozen, differences, figures, is_deciding, may_count},
    state::{Count, OpenDocument, State, counts::Standing},
};

/// Judges a version of a count order that is being counted; none of any other.
pub(super) fn written(
    state: &State,
    content: &DocumentContent,
    (by, decided): (&Actor, bool),
) -> Option<Verdict> {
    let open = state.document(&content.document)?;
    let count = open.count.as_deref()?;
    Some(written_by_count(state, (open, count), content, (by, decided)))
}

fn written_by_count(
    state: &State,
    (open, count): (&OpenDocument, &Count),
    content: &DocumentContent,
    (by, decided): (&Actor, bool),
) -> Verdict {
    let number = &content.document.number;
    let rules = state.definition(open).and_then(|kind| kind.count.as_ref());
    let Some(rules) = rules.filter(|_| !is_deciding(open)) else {
        return Err(format!("{number} is written while what was counted is decided on"));
    };
    let Ok(Standing::Settled(lines, result)) = count.standing(rules) else {
        return Err(format!("{number} is written while its bins are counted"));
    };
    let expected = differences(open, count, (&lines, &result));
    if result.differences.is_empty() || expected.as_ref() != Ok(content) {
        return Err(format!("{number} version {} is not what was counted", content.version));
    }
    let last = count.sheets.last().map(|sheet| &sheet.who);
    match by {
        Actor::Operator { id, .. } if Some(id) == last && !decided => Ok(()),
        _ => Err(format!("{number} is written by somebody who did not count last")),
    }
}

/// Judges what a step does to a count; every other step is left to whoever asks further.
pub(super) fn stepped(
    state: &State,
    (open, kind): (&OpenDocument, &KindDefinition),
    (step, by): (&DocumentStep, &Actor),
    asked: Option<(Module, Action)>,
) -> Verdict {
    let number = &open.document().number;
    let (count, rules) = match (&open.count, &kind.count, step) {
        (_, None, DocumentStep::CountBegun | DocumentStep::Counted { .. })
        | (None, _, DocumentStep::Counted { .. })
        | (Some(_), _, DocumentStep::CountBegun) => {
            return Err(format!("{number} is not to be counted now"));
        }
        (None, Some(_), DocumentStep::CountBegun) => return begun(state, open, kind, (by, asked)),
        (Some(count), Some(rules), _) => (count, rules),
        _ => return Ok(()),
    };
    match step {
        DocumentStep::Counted { sheet } => {
            let right = kind.rights.execute;
            if asked != Some((right.module, right.action)) {
                return Err("it is counted by another right".to_owned());
            }
            may_count(count, rules, &sheet.bin, &sheet.by).map_err(|(_, message)| message)?;
            counted(state, count, sheet, by)
        }
        DocumentStep::Cancelled { .. } => Ok(()),
        DocumentStep::Closed { .. } if *by == Actor::Daemon => closed(open, count, kind),
        DocumentStep::Closed { .. } => Err(format!("{number} is closed while it is counted")),
        DocumentStep::Own { name } if is_deciding(open) => {
            let right = kind.moves.iter().find(|one| one.name == *name).map(|one| one.right);
            match asked == right.map(|right| (right.module, right.action)) {
                true => Ok(()),
                false => Err("it is sent back by another right".to_owned()),
            }
        }
        DocumentStep::Submitted { .. } if asked.is_some() => {
            Err("what was counted is handed in by hand".to_owned())
        }
        _ if is_deciding(open) => Ok(()),
        _ => Err(format!("{number} is being counted, and steps {}", step.name())),
    }
}

fn begun(
    state: &State,
    open: &OpenDocument,
    kind: &KindDefinition,
    (by, asked): (&Actor, Option<(Module, Action)>),
) -> Verdict {
    let signed = open.approved.as_ref().is_some_and(|(_, approved)| *approved == open.digest);
    if !signed || open.frame() != Frame::Approved || *by != Actor::Daemon || asked.is_some() {
        return Err(format!("{} is counted and not approved", open.document().number));
    }
    check_freeze(&state.frozen, kind, &open.content).map_err(|(_, message)| message)
}

/// Whether a sheet is whose it says, and holds what its pass saw.
fn counted(state: &State, count: &Count, sheet: &CountSheet, by: &Actor) -> Verdict {
    let Actor::Operator { id, .. } = by else {
        return Err("it is counted, and by no person".to_owned());
    };
    if !sheet.by.contains(id) || !sheet.by.is_sorted_by(|a, b| a < b) {
        return Err(format!("{id} counts in the name of others"));
    }
    if sheet.seen.iter().any(|seen| seen.quantity < 0) {
        return Err("less than nothing was counted".to_owned());
    }
    if !sheet.done && !sheet.book.is_empty() {
        return Err("the book is told before the bin is counted".to_owned());
    }
    let named = count.order.lines.iter().filter(|line| line.from.as_ref() == Some(&sheet.bin));
    let told = |item: &ItemId| sheet.book.iter().any(|book| book.item == *item);
    if sheet.done && !named.map(|line| &line.item).all(told) {
        return Err("it keeps from whom it asks what the book says of the bin".to_owned());
    }
    let told: BTreeSet<_> = sheet.book.iter().map(|book| (&book.item, &book.bucket)).collect();
    if told.len() != sheet.book.len() {
        return Err("the book is told twice".to_owned());
    }
    match &sheet.pass {
        None if sheet.seen.iter().any(|seen| seen.thing.is_some()) => {
            Err("somebody typed things that only devices tell".to_owned())
        }
        None => Ok(()),
        Some(pass) => {
            if count.passes.contains(&pass.id) {
                return Err(format!("pass {} is counted twice", pass.id));
            }
            if count.order.station.as_deref() != Some(pass.station.as_str()) {
                return Err(format!("it is counted at {}, not at its station", pass.station));
            }
            let keys: BTreeSet<&str> =
                pass.sightings.iter().map(|sighting| sighting.thing.key.as_str()).collect();
            // What is in a handling unit is told by its key and a number.
            let was_seen = |key: &String| {
                let unit = key.rsplit_once(' ').map_or(key.as_str(), |(unit, _)| unit);
                keys.contains(key.as_str()) || keys.contains(unit)
            };
            match sheet.seen.iter().filter_map(|seen| seen.thing.as_ref()).find(|k| !was_seen(k)) {
                Some(key) => Err(format!("{key} is counted and was not seen")),
                None if state.devices.is_empty() && state.refused.is_empty() => Ok(()),
                None => state.unknown_device(pass).map_or(Ok(()), Err),
            }
        }
    }
}

/// Whether a count is over: it agrees with the book, or what differs is posted.
fn closed(open: &OpenDocument, count: &Count, kind: &KindDefinition) -> Verdict {
    let number = &open.document().number;
    let signed = open.approved.as_ref().is_some_and(|(_, approved)| *approved == open.digest);
    let over = match is_deciding(open) {
        true => {
            signed && open.quantities.is_executed() && open.quantities.is_complete(&kind.tolerance)
        }
        false => kind.count.as_ref().is_some_and(|rules| {
            let standing = count.standing(rules);
            matches!(standing, Ok(Standing::Settled(_, result)) if result.differences.is_empty())
        }),
    };
    if over { Ok(()) } else { Err(format!("{number} is closed, and not counted to its end")) }
}

/// Judges the reservation of what a count found.
pub(super) fn reserved(posting: &Posting, decision: &Decision) -> Verdict {
    if posting.kind != MovementKind::Count || posting.document_digest.is_none() {
        return Ok(());
    }
    match (decision.module, decision.action) {
        (Module::Count, Action::Execute) => Ok(()),
        _ => Err("what was counted is reserved by another right".to_owned()),
    }
}

/// Judges a movement: none in a frozen bin but its count's, and that as it was signed.
pub(super) fn moved(state: &State, movement: &Movement) -> Verdict {
    check_frozen(state, movement).map_err(|(_, message)| message)?;
    let document = &movement.document;
    if movement.document_digest.is_none() || document.kind != DocumentKind::CountOrder {
        return Ok(());
    }
    let Some(open) = state.document(document).filter(|open| open.count.is_some()) else {
        return Err(format!("{} is not being counted", document.number));
    };
    let posted = movement.counts.iter().map(|one| (one.line, (one.book, one.counted)));
    let is_all = posted.clone().count() == figures(&open.content).len();
    match is_all && posted.collect::<BTreeMap<_, _>>() == figures(&open.content) {
        true => Ok(()),
        false => Err("it posts other figures than were counted and signed".to_owned()),
    }
}
