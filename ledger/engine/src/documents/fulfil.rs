//! What a document executes of others: never more than those have open, within their tolerance.
//!
//! Invariant: asked when it is handed in, when the last signature arrives, and again of each movement, so that two
//! documents that fit one by one don't fit together. Absent: counting what was done (`follow`).

use gatewarden_documents::{
    KindDefinition,
    quantities::{executed, to_execute},
};
use gatewarden_model::{Document, DocumentContent, DocumentKind, DocumentLink, ItemId, Movement};

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
    let done = match movement {
        Some(moved) => executed(kind, content, moved),
        None => {
            let own = state.document(&content.document).map(|open| &open.quantities);
            to_execute(kind, content, own)
        }
    };
    for (order, more) in reached(state, (kind, content), done) {
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

/// Refuses a line that its orders don't say, or that leaves open which of their lines it means: what it moves would
/// count nowhere. A line names its orders itself, or follows from one of those that the document names.
fn check_ordered(content: &DocumentContent, known: &[&OpenDocument]) -> Result<(), Fault> {
    let of = |link: &DocumentLink| known.iter().find(|one| *one.document() == link.document);
    // What was only asked for is ordered beside other things.
    let binding = content.links.iter().filter(|link| !is_wish(link.document.kind));
    let whole: Vec<_> = binding.filter_map(|link| Some((link.line, of(link)?))).collect();
    for (at, line) in content.lines.iter().enumerate() {
        let own = line.links.iter().filter_map(|link| Some((link.line, of(link)?)));
        let own: Vec<_> = own.collect();
        let named = if own.is_empty() { &whole } else { &own };
        let meant: Vec<usize> =
            named.iter().map(|(of, order)| lines_of(order, *of, &line.item)).collect();
        let nowhere = meant.iter().position(|lines| *lines == 0);
        let nowhere = nowhere.filter(|_| !own.is_empty() || meant.iter().all(|lines| *lines == 0));
        let (item, number) = (&line.item, |at: usize| &named[at].1.document().number);
        if let Some(order) = nowhere {
            let message = format!(
                "lines[{at}].item: {} has no such line of {item}: name the order that has one",
                number(order)
            );
            return Err(("not-ordered", message));
        }
        if let Some(order) = meant.iter().position(|lines| *lines > 1) {
            let message = format!(
                "lines[{at}].links: {} has several lines of {item}: name the one that is meant",
                number(order)
            );
            return Err(("order-line-missing", message));
        }
    }
    Ok(())
}

/// How many lines of an order have an item, of all or of the one that is named.
fn lines_of(order: &OpenDocument, named: Option<u32>, item: &ItemId) -> usize {
    let lines = order.content.lines.iter().filter(|line| line.item == *item);
    lines.filter(|line| named.is_none_or(|named| named == line.line)).count()
}
