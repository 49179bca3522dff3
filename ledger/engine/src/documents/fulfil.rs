//! What a document executes of others: never more than those have open, within their tolerance.
//!
//! Invariant: asked when it is handed in, when the last signature arrives, and again of each movement, so that two
//! documents that fit one by one don't fit together. Absent: counting what was done (`follow`).

use std::collections::BTreeMap;

use gatewarden_documents::{KindDefinition, quantities::named_line};
use gatewarden_model::{
    Document, DocumentContent, DocumentKind, DocumentLine, DocumentLink, Movement,
};

use super::follow::{fulfilled, reached};
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
    let over = |order: &&Document| {
        let open = state.document(order).is_some_and(|open| open.frame().is_open());
        asks_open(kind, order) && !open
    };
    if let Some(order) = orders.iter().find(over) {
        let message = format!(
            "links: {} {} is not approved and open: nothing is executed for it; cancel this, or name another",
            order.kind.words(),
            order.number
        );
        return Err(("order-not-open", message));
    }
    let named: Vec<&OpenDocument> =
        orders.iter().filter_map(|order| binding(state, order)).collect();
    if movement.is_none() {
        let known: Vec<&OpenDocument> =
            orders.iter().filter_map(|order| state.document(order)).collect();
        if known.len() == orders.len() {
            check_ordered(content, &known)?;
        }
        check_partner(content, &named)?;
    }
    let asked: BTreeMap<Document, BTreeMap<u32, i64>> = match movement {
        Some(moved) => reached(state, (kind, content), moved),
        None => {
            let asked = |order: &OpenDocument| still_asked(state, &order.content, content);
            let open = orders.iter().filter_map(|order| state.document(order));
            open.map(|order| (order.document().clone(), asked(order))).collect()
        }
    };
    for (order, more) in asked {
        let Some(order) = binding(state, &order) else { continue };
        let Some(rules) = state.definition(order).map(|kind| &kind.tolerance) else {
            continue;
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

/// An order that binds whoever executes it. What was only asked for binds nobody who orders.
fn binding<'s>(state: &'s State, order: &Document) -> Option<&'s OpenDocument> {
    if is_wish(order.kind) { None } else { state.document(order) }
}

/// Whether documents of a kind ask for something that somebody else orders.
fn is_wish(kind: DocumentKind) -> bool {
    matches!(kind, DocumentKind::PurchaseRequest | DocumentKind::PurchaseSuggestion)
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
        if let Some(named) = named_line(other, content, line.line) {
            let sum = lines.entry(named).or_default();
            *sum = sum.saturating_add(line.quantity.saturating_sub(done));
        }
    }
    lines
}

/// Whether a kind follows from open documents of this kind alone.
fn asks_open(kind: &KindDefinition, order: &Document) -> bool {
    let asks = |by_line| kind.link_rule(order.kind, by_line).is_some_and(|rule| rule.open);
    asks(false) || asks(true)
}

/// Refuses what is somebody else's order.
fn check_partner(content: &DocumentContent, orders: &[&OpenDocument]) -> Result<(), Fault> {
    let Some(partner) = &content.partner else { return Ok(()) };
    let other = |order: &&&OpenDocument| {
        order.content.partner.as_ref().is_some_and(|ordered| ordered != partner)
    };
    match orders.iter().find(other) {
        None => Ok(()),
        Some(order) => {
            let number = &order.document().number;
            let message =
                format!("partner: {number} is not an order of {partner}: name its own partner");
            Err(("partner-other", message))
        }
    }
}

/// Refuses a line that names a line of another item, or none of whose orders says its item.
fn check_ordered(content: &DocumentContent, known: &[&OpenDocument]) -> Result<(), Fault> {
    let of = |link: &DocumentLink| known.iter().find(|one| *one.document() == link.document);
    let says = |order: &OpenDocument, link: &DocumentLink, line: &DocumentLine| match link.line {
        Some(number) => order.content.line(number).is_some_and(|one| one.item == line.item),
        None => order.content.lines.iter().any(|one| one.item == line.item),
    };
    // What was only asked for is ordered beside other things.
    let binds = |link: &&DocumentLink| !is_wish(link.document.kind);
    for (at, line) in content.lines.iter().enumerate() {
        let own: Vec<_> = line.links.iter().filter_map(|link| Some((link, of(link)?))).collect();
        let whole = content.links.iter().filter(binds).filter_map(|link| Some((link, of(link)?)));
        let strange = match own.is_empty() {
            false => own.into_iter().find(|(link, order)| !says(order, link, line)),
            true => {
                let whole: Vec<_> = whole.collect();
                let ordered = whole.iter().any(|(link, order)| says(order, link, line));
                whole.into_iter().next().filter(|_| !ordered)
            }
        };
        if let Some((link, order)) = strange {
            let (item, number) = (&line.item, &order.document().number);
            let line = link.line.map_or("no line".to_owned(), |line| format!("no {line} that is"));
            let message =
                format!("lines[{at}].item: {number} has {line} of {item}: name its order");
            return Err(("not-ordered", message));
        }
    }
    Ok(())
}
