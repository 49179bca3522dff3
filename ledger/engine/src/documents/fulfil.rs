//! What a document executes of others: never more than those have open, where they refuse an excess.
//!
//! Invariant: asked when it is handed in, when the last signature arrives, and again of each movement, so that two
//! documents that fit one by one don't fit together. Absent: counting what was done (`follow`).

use std::collections::BTreeMap;

use gatewarden_documents::{KindDefinition, kinds::OverAct};
use gatewarden_model::{Document, DocumentContent, DocumentLine, Movement};

use super::follow::{fulfilled, lines_done};
use crate::{
    state::{OpenDocument, State},
    turn::Fault,
};

/// Whether all of a version, or a movement on it, is still open where it counts too.
pub(crate) fn check_fulfilled(
    state: &State,
    content: &DocumentContent,
    kind: &KindDefinition,
    movement: Option<&Movement>,
) -> Result<(), Fault> {
    let orders = fulfilled(kind, content);
    let strict: Vec<&OpenDocument> =
        orders.iter().filter_map(|order| strict(state, order)).collect();
    if movement.is_none() && strict.len() == orders.len() {
        check_ordered(content, &strict)?;
    }
    for order in strict {
        let Some(rules) = state.definition(order).map(|kind| &kind.tolerance) else {
            continue;
        };
        let more: BTreeMap<u32, i64> = match movement {
            Some(moved) => lines_done(&order.content, (kind, content), moved)
                .into_iter()
                .map(|done| (done.line, done.quantity))
                .collect(),
            None => still_asked(state, &order.content, content),
        };
        let over = more.iter().find_map(|(number, more)| {
            let line = order.quantities.line(*number)?;
            let open = line.most(rules).saturating_sub(line.executed).max(0);
            (*more > open).then_some((number, more, open))
        });
        if let Some((line, more, open)) = over {
            let number = &order.document().number;
            let message = format!(
                "links: line {line} of {number} has {open} open, this is {more}: ask for what is open, or have \
                 the order changed"
            );
            return Err(("over-order", message));
        }
    }
    Ok(())
}

/// A document that refuses more than it says.
fn strict<'s>(state: &'s State, order: &Document) -> Option<&'s OpenDocument> {
    let open = state.document(order)?;
    let refuses = state.definition(open)?.tolerance.over == OverAct::Refuse;
    refuses.then_some(open)
}

/// How much of each line of another document a version is still to execute.
fn still_asked(
    state: &State,
    other: &DocumentContent,
    content: &DocumentContent,
) -> BTreeMap<u32, i64> {
    let own = state.document(&content.document).map(|open| &open.quantities);
    let mut lines: BTreeMap<u32, i64> = BTreeMap::new();
    for line in &content.lines {
        let done = own.and_then(|own| own.line(line.line)).map_or(0, |line| line.executed);
        if let Some(named) = named(other, content, line) {
            let sum = lines.entry(named).or_default();
            *sum = sum.saturating_add(line.quantity.saturating_sub(done));
        }
    }
    lines
}

/// Refuses what none of the orders says.
fn check_ordered(content: &DocumentContent, orders: &[&OpenDocument]) -> Result<(), Fault> {
    let ordered = |line: &DocumentLine| {
        orders.iter().any(|order| order.content.lines.iter().any(|one| one.item == line.item))
    };
    let strange = content.lines.iter().position(|line| !ordered(line));
    match (strange, orders.first()) {
        (Some(at), Some(order)) => {
            let (item, number) = (&content.lines[at].item, &order.document().number);
            let message =
                format!("lines[{at}].item: {number} has no line of {item}: name its order");
            Err(("not-ordered", message))
        }
        _ => Ok(()),
    }
}

/// The line of another document that a line names, or the only one with its item.
fn named(other: &DocumentContent, content: &DocumentContent, line: &DocumentLine) -> Option<u32> {
    let mut links = line.links.iter().chain(&content.links);
    let link = links.find(|link| link.document == other.document)?;
    let same = |ours: &&DocumentLine| ours.item == line.item;
    match link.line {
        Some(number) => other.line(number).filter(same).map(|ours| ours.line),
        None => {
            let mut ours = other.lines.iter().filter(same);
            let first = ours.next()?;
            ours.next().is_none().then_some(first.line)
        }
    }
}
