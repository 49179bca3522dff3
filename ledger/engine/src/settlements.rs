//! Settlements with subcontractors: what was sent, what came of it, what the BOM gives for that, what is charged.
//!
//! Invariants: a settlement says what the journal gives and nothing else, to the last field; it is made once all
//! that its order says has moved, and ends that order, which nothing else does; what the subcontractor still has
//! is stated by people (`left`), as nobody here sees it, and stays in the books at his place. All of it is a
//! function of the state and of the document, so that the judge finds the same. Absent: the arithmetic
//! (`gatewarden-planning`), the movement of what was used (its posting).

mod compare;

use std::collections::BTreeMap;

use gatewarden_documents::KindDefinition;
use gatewarden_model::{
    Actor, Day, Document, DocumentContent, DocumentKind, DocumentStep, ItemId, Location,
};
use gatewarden_planning::{
    BomVersion, Boms,
    requisition::Work,
    settle::{Component, Order, PriceList, Settled, settle},
};

use crate::{
    documents::{
        check::{boms_in_force, first, version_for},
        posting_of,
    },
    engine::Engine,
    state::{OpenDocument, State},
    turn::{Fault, Turn},
};

/// The field that says what the subcontractor still has, such as `BOLT-M8 x 5, CLOTH x 2`.
const LEFT: &str = "left";
/// Held passes that a refusal names.
const PASSES_NAMED_MAX: usize = 3;
/// Decimals of amounts where no item has a value.
const DECIMALS: u8 = 2;

/// What somebody still has, in base units by item.
pub type Left = BTreeMap<ItemId, i64>;

/// Whether a document is a settlement.
pub(crate) fn is_one(content: &DocumentContent) -> bool {
    content.document.kind == DocumentKind::SubcontractSettlement
}

/// Holds a settlement against what the journal gives.
pub(crate) fn check(state: &State, content: &DocumentContent) -> Result<(), Fault> {
    let order = order_of(content)?;
    let date = content.date.ok_or_else(|| {
        ("settlement-day", "date: say of which day the prices are that count".to_owned())
    })?;
    let expected = draft(state, order, date, &left_of(content)?)?;
    compare::compare(&expected, content)
}

/// The settlement of an order as the journal gives it: a first version without a number.
pub(crate) fn draft(
    state: &State,
    order: &Document,
    date: Day,
    left: &Left,
) -> Result<DocumentContent, Fault> {
    let open = settleable(state, order)?;
    let mut content = settled(state, open, date, left)?.to_content("", date);
    if let Some(left) = told(left) {
        // The name is one that there is.
        content.custom.extend(LEFT.parse().ok().map(|name| (name, left)));
    }
    Ok(content)
}

/// The order that a settlement is of.
fn order_of(content: &DocumentContent) -> Result<&Document, Fault> {
    let mut links = content.links.iter().map(|link| &link.document);
    links.find(|link| link.kind == DocumentKind::SubcontractOrder).ok_or_else(|| {
        ("settlement-order", "links: name the subcontract order that is settled".to_owned())
    })
}

/// The order, if all that it says has moved.
fn settleable<'s>(state: &'s State, order: &Document) -> Result<&'s OpenDocument, Fault> {
    let number = &order.number;
    let open = state.document(order).filter(|open| open.frame().is_open());
    let Some((open, kind)) = open.and_then(|open| Some((open, state.definition(open)?))) else {
        let message = format!(
            "links: subcontract order {number} is not approved and open: it was never signed, or was settled"
        );
        return Err(("order-not-open", message));
    };
    if let Some(message) = in_hand(state, open) {
        return Err(("settlement-in-hand", message));
    }
    let out = open.quantities.lines().find(|(_, line)| !line.is_complete(&kind.tolerance));
    if let Some((line, told)) = out {
        let message = format!(
            "links: line {line} of {number} has {} still to move: move it, or change the order to what was done",
            told.open()
        );
        return Err(("settlement-goods-out", message));
    }
    Ok(open)
}

/// What of an order waits for a decision or to arrive, and what is to be done about it.
fn in_hand(state: &State, order: &OpenDocument) -> Option<String> {
    let number = &order.document().number;
    let held = state.holds().filter(|hold| order.tasks.contains(&hold.task));
    let held: Vec<String> = held.map(|hold| hold.pass.id.to_string()).collect();
    if !held.is_empty() {
        let more = held.len().saturating_sub(PASSES_NAMED_MAX);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let named = held.get(..PASSES_NAMED_MAX).unwrap_or(&held).join(", ");
        return Some(format!(
            "links: of {number} these passes are held, {named}{more}: have somebody accept or reject each \
             (`gatewarden hold list`)"
        ));
    }
    let mut lines = order.quantities.lines();
    let (line, told) = lines.find(|(_, line)| line.in_hand != 0)?;
    Some(format!(
        "links: line {line} of {number} has {} on its way: bring it through the door where it is to arrive",
        told.in_hand
    ))
}

fn settled(state: &State, order: &OpenDocument, day: Day, left: &Left) -> Result<Settled, Fault> {
    let boms = boms_in_force(state)?;
    let made = made(state, order, &boms, day)?;
    let works = made.iter().map(|(bom, made)| Work { bom, boms: &boms, day, quantity: *made });
    let works: Vec<Work<'_>> = works.collect();
    let partner = order.content.partner.as_deref().unwrap_or_default();
    let of = Order {
        number: &order.document().number,
        partner,
        day,
        works: &works,
        decimals: state.decimals.unwrap_or(DECIMALS),
    };
    if let Some(item) = left.keys().find(|item| !order.worked.sent.contains_key(*item)) {
        let message = format!("custom.{LEFT}: no {item} was sent to {partner}: take it out");
        return Err(("settlement-left", message));
    }
    let components = order.worked.sent.iter();
    let components: Vec<Component> = components
        .map(|(item, sent)| Component {
            item: item.clone(),
            issued: sent.issued,
            issued_value: sent.value,
            returned: sent.returned,
            left: left.get(item).copied().unwrap_or(0),
        })
        .collect();
    settle(of, &components, &prices(state, &order.content)?).map_err(|wrong| first(&wrong))
}

/// What was made, each by the version of its BOM that the order names. An order of which nothing came in makes
/// nothing of what it says.
fn made(
    state: &State,
    order: &OpenDocument,
    boms: &Boms,
    day: Day,
) -> Result<Vec<(BomVersion, i64)>, Fault> {
    let version = |(product, made): (&ItemId, &i64)| {
        Ok((version_for(state, &order.content, boms, (product, day))?, *made))
    };
    order.worked.made.iter().filter(|(_, made)| **made != 0).map(version).collect()
}

/// The prices that count: what the order's own lines say that the work costs, which was signed with it, else the
/// price lists in force.
fn prices(state: &State, order: &DocumentContent) -> Result<PriceList, Fault> {
    let mut prices = PriceList::default();
    let of_order = of_order(order);
    if !of_order.lines.is_empty() {
        prices.add(&of_order).map_err(|wrong| first(&wrong))?;
        return Ok(prices);
    }
    for open in state.documents_of(DocumentKind::PriceList) {
        for content in open.in_force() {
            prices.add(content).map_err(|wrong| first(&wrong))?;
        }
    }
    Ok(prices)
}

/// The lines of an order that say what making something costs, as a price list that always holds.
fn of_order(order: &DocumentContent) -> DocumentContent {
    let makes = |place: Option<&Location>| {
        place.is_none_or(|place| place.virtual_kind() == Some("production"))
    };
    let comes_in = |line: &&gatewarden_model::DocumentLine| {
        makes(line.from.as_ref()) && line.to.is_some() && line.amount.is_some()
    };
    DocumentContent {
        document: Document { kind: DocumentKind::PriceList, number: order.document.number.clone() },
        date: Some(Day::from_number(0)),
        due: None,
        lines: order.lines.iter().filter(comes_in).cloned().collect(),
        custom: Default::default(),
        ..order.clone()
    }
}

/// What is left, as the document states it.
fn left_of(content: &DocumentContent) -> Result<Left, Fault> {
    let stated = content.custom.iter().find(|(name, _)| name.as_str() == LEFT);
    stated.map_or_else(|| Ok(Left::new()), |(_, text)| read_left(text))
}

/// Reads what is left, such as `BOLT-M8 x 5, CLOTH x 2`.
pub fn read_left(text: &str) -> Result<Left, Fault> {
    let wrong = || {
        let message = format!(
            "custom.{LEFT}: {text:?} is not what is left: write item x quantity, such as BOLT-M8 x 5"
        );
        ("settlement-left", message)
    };
    let mut left = Left::new();
    for one in text.split(", ").filter(|one| !one.is_empty()) {
        let (item, quantity) = one.rsplit_once(" x ").ok_or_else(wrong)?;
        let item: ItemId = item.parse().map_err(|_| wrong())?;
        let quantity: i64 = quantity.parse().map_err(|_| wrong())?;
        if quantity < 0 || left.insert(item, quantity).is_some() {
            return Err(wrong());
        }
    }
    Ok(left)
}

fn told(left: &Left) -> Option<String> {
    let left = left.iter().filter(|(_, quantity)| **quantity > 0);
    let left: Vec<String> = left.map(|(item, quantity)| format!("{item} x {quantity}")).collect();
    (!left.is_empty()).then(|| left.join(", "))
}

/// Why an order ends by its settlement.
pub(crate) fn settled_by(settlement: &Document) -> String {
    format!("settled by {}", settlement.number)
}

impl Turn<'_> {
    /// Refuses to end by hand what its settlement ends.
    pub(crate) fn check_unsettled(
        &self,
        open: &OpenDocument,
        kind: &KindDefinition,
    ) -> Result<(), Fault> {
        let Some(by) = kind.closed_by else { return Ok(()) };
        let message = format!(
            "state: {} ends with the {} that is approved for it: write that, or cancel it before anything moves",
            open.document().number,
            by.words()
        );
        Err(("settlement-needed", message))
    }

    /// Ends the documents that an approved one settles, and itself where it moves nothing.
    pub(crate) fn close_settled(&mut self, content: &DocumentContent, kind: &KindDefinition) {
        let mut closes = false;
        for link in &content.links {
            let Some(open) = self.state.document(&link.document) else { continue };
            let ends = self.state.definition(open).and_then(|kind| kind.closed_by);
            if ends == Some(content.document.kind) && open.frame().is_open() {
                closes = true;
                let reason = settled_by(&content.document);
                self.step(&link.document, DocumentStep::Closed { reason }, Actor::Daemon, None);
            }
        }
        if closes && posting_of(content, kind).is_ok_and(|posting| posting.is_none()) {
            let reason = crate::documents::follow::COMPLETE.to_owned();
            self.step(&content.document, DocumentStep::Closed { reason }, Actor::Daemon, None);
        }
    }
}

impl Engine {
    /// The settlement of a subcontract order as the journal gives it, with the prices of a day and what people
    /// say is left with the subcontractor: a version to be written. Fails with a stable code and the words.
    pub fn draft_settlement(
        &self,
        order: &Document,
        date: Day,
        left: &Left,
    ) -> Result<DocumentContent, (&'static str, String)> {
        draft(self.state(), order, date, left)
    }
}
