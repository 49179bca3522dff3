//! What a document is held against beside its own words: BOM and work order, the changes that it may make.
//!
//! Invariants: a requisition for a work order names the version of the BOM that it is checked against; what it
//! asks beyond that is a fact, which its workflow decides on, and needs a reason; a BOM changes by an
//! engineering change alone. Absent: the arithmetic (`gatewarden-planning`).

use std::{collections::BTreeMap, sync::Arc};

use gatewarden_documents::KindDefinition;
use gatewarden_model::{Document, DocumentContent, DocumentKind, ItemId, Scalar};
use gatewarden_planning::{
    BomVersion, Boms, PlanError,
    requisition::{Asked, Issued, Work, check_requisition},
};

use crate::{
    state::{OpenDocument, State},
    turn::{Fault, Turn},
};

/// The field of a line that says why more is asked for than the BOM gives.
const REASON: &str = "excess-reason";

/// Facts of the document and of its lines.
type Into<'f> = (&'f mut BTreeMap<String, Scalar>, &'f mut Vec<BTreeMap<String, Scalar>>);

/// Adds what planning says of a version; fails where it can't be.
pub(super) fn planned(
    turn: &Turn<'_>,
    open: &OpenDocument,
    kind: &KindDefinition,
    facts: Into<'_>,
) -> Result<(), Fault> {
    let content = &open.content;
    match kind.kind {
        DocumentKind::Requisition => match super::follow::order_of_head(content) {
            Some(order) => requisition(turn, content, &order, facts),
            None => Ok(()),
        },
        DocumentKind::EngineeringChange => turn.check_change_order(open, facts.0),
        DocumentKind::Inspection => {
            facts.0.extend(turn.inspection(content, kind)?);
            Ok(())
        }
        DocumentKind::ReturnOrder => turn.check_returns(content, kind),
        DocumentKind::Bom => {
            let message =
                "a BOM comes into force by an engineering change: link this draft from one";
            Err(("eco-only", message.to_owned()))
        }
        _ => Ok(()),
    }
}

/// Holds a requisition against BOM and work order.
fn requisition(
    turn: &Turn<'_>,
    content: &DocumentContent,
    order: &Document,
    (facts, lines): Into<'_>,
) -> Result<(), Fault> {
    let work = turn.state.document(order).filter(|open| open.frame().is_open());
    let Some(work) = work else {
        let message = format!("links: work order {} is not approved and open", order.number);
        return Err(("work-order-closed", message));
    };
    let today = turn.today().0;
    let boms = boms_in_force(turn.state)?;
    // A work order says what it makes, line by line; each is held against its own BOM.
    let Some(made) = work.content.lines.first() else {
        let message = format!("links: work order {} makes nothing", order.number);
        return Err(("work-order-empty", message));
    };
    let named = named_bom(turn.state, &work.content, &made.item)?;
    let Some(bom) = named.as_ref().or_else(|| boms.effective(&made.item, today, None)) else {
        let message = format!(
            "lines: no BOM of {} is in force on {today}: have one approved by an engineering change",
            made.item
        );
        return Err(("no-bom", message));
    };
    let held = Work { bom, boms: &boms, day: today, quantity: made.quantity };
    let issued = issued_for(work);
    let asked: Vec<Asked> = content
        .lines
        .iter()
        .map(|line| Asked {
            line: line.line,
            item: line.item.clone(),
            quantity: line.quantity,
            reason: line.custom.iter().find(|(n, _)| n.as_str() == REASON).map(|(_, r)| r.clone()),
        })
        .collect();
    let checked = check_requisition(held, &issued, &asked).map_err(|wrong| first(&wrong))?;
    let mut most = 0;
    for (line, record) in checked.lines.iter().zip(lines.iter_mut()) {
        record.insert("standard".to_owned(), line.standard.into());
        record.insert("excess".to_owned(), line.excess.into());
        most = most.max(line.excess_permille);
    }
    facts.insert("document.excess".to_owned(), most.into());
    facts.insert("document.bom".to_owned(), format!("{}/{}", checked.bom.0, checked.bom.1).into());
    Ok(())
}

/// The version of a product's BOM that a work order names: it is made by that one, whatever came in force since.
fn named_bom(
    state: &State,
    order: &DocumentContent,
    product: &ItemId,
) -> Result<Option<BomVersion>, Fault> {
    let of_product = |document: &Document| {
        document.kind == DocumentKind::Bom && document.number == product.as_str()
    };
    let link = order.links.iter().find(|link| of_product(&link.document));
    let Some((link, digest)) = link.and_then(|link| Some((link, link.digest?))) else {
        return Ok(None);
    };
    let known = state.document(&link.document);
    let version = known.and_then(|bom| bom.in_force().find(|one| one.digest() == digest));
    match version {
        Some(version) => BomVersion::of(version).map(Some).map_err(|wrong| first(&wrong)),
        None => {
            let message = format!(
                "links: the version of BOM {product} that work order {} names is not in force",
                order.document.number
            );
            Err(("no-bom", message))
        }
    }
}

/// What went out for a work order, less what came back.
fn issued_for(work: &OpenDocument) -> Vec<Issued> {
    let of = |(item, net): (&ItemId, &i64)| Issued {
        item: item.clone(),
        issued: (*net).max(0),
        returned: (-*net).max(0),
    };
    work.consumed.iter().map(of).collect()
}

/// The BOMs that are in force: the approved versions of the documents of that kind.
pub(crate) fn boms_in_force(state: &State) -> Result<Boms, Fault> {
    let mut boms = Boms::default();
    for open in state.documents_of(DocumentKind::Bom) {
        for content in open.in_force() {
            let bom = BomVersion::of(content).map_err(|wrong| first(&wrong))?;
            boms.insert(bom).map_err(|wrong| fault(&wrong))?;
        }
    }
    Ok(boms)
}

/// The first of some mistakes as a refusal.
pub(super) fn first(mistakes: &[PlanError]) -> Fault {
    match mistakes.first() {
        Some(mistake) => fault(mistake),
        None => ("plan-invalid", "it can't be planned".to_owned()),
    }
}

fn fault(mistake: &PlanError) -> Fault {
    (mistake.code(), mistake.to_string())
}

impl OpenDocument {
    /// Its versions that are in force, oldest first.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = &Arc<DocumentContent>> {
        self.versions.iter()
    }
}
