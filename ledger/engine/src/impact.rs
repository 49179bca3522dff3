//! What an engineering change meets that is open now: work orders, purchases, and which components it replaces.
//!
//! Invariant: it tells and decides nothing; it is asked of the drafts that the change names. Absent: stock of what
//! is replaced, which whoever asks looks up.

use std::collections::BTreeMap;

use gatewarden_model::{Day, Document, DocumentContent, DocumentKind, ItemId, OperatorId};
use gatewarden_planning::{
    ChangeOrder,
    bom::BomChange,
    eco::{Impact, OpenPurchase, OpenWork, impact},
};

use crate::{
    documents::{
        author_of,
        check::{boms_in_force, first},
    },
    engine::Engine,
    state::{OpenDocument, State},
    turn::Fault,
};

/// What a change meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeImpact {
    /// What it changes of each product's newest version.
    pub changes: Vec<(ItemId, Vec<BomChange>)>,
    /// What is open and met; without stock.
    pub impact: Impact,
    /// The version that a met work order names and stays with, by its number.
    pub named: BTreeMap<String, u32>,
}

impl Engine {
    /// What an open engineering change meets on a day. Fails with a stable code and the words.
    pub fn impact(
        &self,
        change: &Document,
        today: Day,
    ) -> Result<ChangeImpact, (&'static str, String)> {
        let state = self.state();
        let Some(open) = state.document(change) else {
            let message =
                format!("change {} is not open: it was never written, or is over", change.number);
            return Err(("unknown-document", message));
        };
        let order = change_order(state, open)?;
        let boms = boms_in_force(state)?;
        let (works, purchases) = (works(state, today), purchases(state));
        let found = impact(&order, &boms, &works, &[], &purchases);
        let found = found.map_err(|mistake| first(&[mistake]))?;
        let met = found.works.iter();
        let named = met.filter_map(|met| {
            Some((met.work.number.clone(), named(state, &met.work.number, &met.by)?))
        });
        let named = named.collect();
        Ok(ChangeImpact { changes: order.changes(&boms), impact: found, named })
    }
}

/// A change order with the drafts that it names.
pub(crate) fn change_order(state: &State, open: &OpenDocument) -> Result<ChangeOrder, Fault> {
    let author = OperatorId::parse(&author_of(&open.by))
        .map_err(|error| ("not-an-operator", error.to_string()))?;
    let links = open.content.links.iter();
    let proposed: Vec<DocumentContent> = links
        .filter_map(|link| state.document(&link.document))
        .map(|open| (*open.content).clone())
        .collect();
    ChangeOrder::of(&open.content, author, &proposed).map_err(|wrong| first(&wrong))
}

/// What is still to be made, in the house or by subcontractors.
fn works(state: &State, today: Day) -> Vec<OpenWork> {
    let open = state
        .documents_of(DocumentKind::WorkOrder)
        .chain(state.documents_of(DocumentKind::SubcontractOrder))
        .filter(|open| !open.frame().is_final());
    let of = |open: &OpenDocument| {
        let lines = open.content.lines.iter().filter(|line| makes(&open.content, line));
        let work = lines.map(|line| OpenWork {
            number: open.document().number.clone(),
            product: line.item.clone(),
            open: left(open, line.line, line.quantity),
            day: line.due.or(open.content.due).unwrap_or(today).max(today),
            serial: None,
        });
        work.collect::<Vec<_>>()
    };
    open.flat_map(of).collect()
}

/// Whether a line of an order is something that is made.
fn makes(content: &DocumentContent, line: &gatewarden_model::DocumentLine) -> bool {
    let from = line.from.as_ref().map(|place| place.virtual_kind());
    match content.document.kind {
        DocumentKind::SubcontractOrder => {
            line.to.is_some() && matches!(from, None | Some(Some("production")))
        }
        _ => true,
    }
}

fn purchases(state: &State) -> Vec<OpenPurchase> {
    let open = state.documents_of(DocumentKind::PurchaseOrder);
    let open = open.filter(|open| !open.frame().is_final());
    let of = |open: &OpenDocument| {
        let lines = open.content.lines.iter().map(|line| OpenPurchase {
            number: open.document().number.clone(),
            line: line.line,
            item: line.item.clone(),
            open: left(open, line.line, line.quantity),
        });
        lines.collect::<Vec<_>>()
    };
    open.flat_map(of).collect()
}

/// What of a line is still to be done, signed or not.
fn left(open: &OpenDocument, line: u32, quantity: i64) -> i64 {
    let done = open.quantities.line(line).map_or(0, |line| line.executed);
    quantity.saturating_sub(done).max(0)
}

/// The version of a product's BOM that an order names.
fn named(state: &State, number: &str, product: &ItemId) -> Option<u32> {
    let bom = Document { kind: DocumentKind::Bom, number: product.to_string() };
    let kinds = [DocumentKind::WorkOrder, DocumentKind::SubcontractOrder];
    let order = kinds
        .into_iter()
        .find_map(|kind| state.document(&Document { kind, number: number.to_owned() }))?;
    let digest = order.content.links.iter().find(|link| link.document == bom)?.digest?;
    let versions = state.document(&bom)?.in_force().find(|one| one.digest() == digest);
    versions.map(|version| version.version)
}
