//! What a document is held against beside its own words: BOM and work order, the changes that it may make.
//!
//! Invariants: a requisition is held against every line of the orders that it is for, each by the version of the
//! BOM that the order names; what it asks beyond that is a fact, which its workflow decides on, and needs a
//! reason; a BOM changes by an engineering change alone. Absent: the arithmetic (`gatewarden-planning`).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gatewarden_documents::KindDefinition;
use gatewarden_model::{Day, Document, DocumentContent, DocumentKind, ItemId, Scalar};
use gatewarden_planning::{
    BomVersion, Boms, PlanError,
    requisition::{Asked, Checking, Issued, Work, check_requisition},
};

use super::follow::order_of;
use crate::{
    settlements,
    state::{OpenDocument, State},
    turn::{Fault, Turn},
};

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
        DocumentKind::Requisition => requisition(turn, content, facts),
        DocumentKind::EngineeringChange => turn.check_change_order(open, facts.0),
        DocumentKind::SubcontractSettlement => settlements::check(turn.state, content),
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

/// Holds a requisition against BOM and work order: the lines of each order that it is for by themselves.
fn requisition(
    turn: &Turn<'_>,
    content: &DocumentContent,
    (facts, lines): Into<'_>,
) -> Result<(), Fault> {
    let mut by_order: BTreeMap<Document, Vec<usize>> = BTreeMap::new();
    for (at, line) in content.lines.iter().enumerate() {
        if let Some(order) = order_of(content, line.line) {
            by_order.entry(order).or_default().push(at);
        }
    }
    let (mut most, mut versions) = (0, BTreeSet::new());
    for (order, ats) in by_order {
        let checked = for_order(turn, content, &order, &ats)?;
        for (at, line) in ats.iter().zip(&checked.lines) {
            if let Some(record) = lines.get_mut(*at) {
                record.insert("standard".to_owned(), line.standard.into());
                record.insert("excess".to_owned(), line.excess.into());
            }
            most = most.max(line.excess_permille);
        }
        versions.extend(checked.boms.iter().map(|(product, of)| format!("{product}/{of}")));
    }
    if !versions.is_empty() {
        let versions: Vec<String> = versions.into_iter().collect();
        facts.insert("document.excess".to_owned(), most.into());
        facts.insert("document.bom".to_owned(), versions.join(" ").into());
    }
    Ok(())
}

/// Holds the lines at these places against all that the order makes.
fn for_order(
    turn: &Turn<'_>,
    content: &DocumentContent,
    order: &Document,
    ats: &[usize],
) -> Result<Checking, Fault> {
    let work = turn.state.document(order).filter(|open| open.frame().is_open());
    let Some(work) = work else {
        let message =
            format!("links: {} {} is not approved and open", order.kind.words(), order.number);
        return Err(("work-order-closed", message));
    };
    let today = turn.today().0;
    let boms = boms_in_force(turn.state)?;
    let made: Vec<(BomVersion, i64)> = work
        .content
        .lines
        .iter()
        .map(|made| {
            let bom = version_for(turn.state, &work.content, &boms, (&made.item, today))?;
            same_version(turn.state, content, order, &bom)?;
            Ok((bom, made.quantity))
        })
        .collect::<Result<_, Fault>>()?;
    let works =
        made.iter().map(|(bom, made)| Work { bom, boms: &boms, day: today, quantity: *made });
    let works: Vec<Work<'_>> = works.collect();
    if works.is_empty() {
        let message = format!("links: {} {} makes nothing", order.kind.words(), order.number);
        return Err(("work-order-empty", message));
    }
    let all = Asked::of(content);
    let asked: Vec<Asked> = ats.iter().filter_map(|at| all.get(*at).cloned()).collect();
    let checked = check_requisition(&works, &issued_for(work), &asked);
    checked.map_err(|wrong| first(&at_home(wrong, ats)))
}

/// Mistakes of some lines of a document, with the places that these have in it.
fn at_home(wrong: Vec<PlanError>, ats: &[usize]) -> Vec<PlanError> {
    let home = |at: usize| ats.get(at).copied().unwrap_or(at);
    wrong.into_iter().map(|mistake| mistake.with_line(home)).collect()
}

/// The version of the BOM that an order makes an item by: the one that it names, whatever came in force since, or
/// else the one in force today.
pub(crate) fn version_for(
    state: &State,
    order: &DocumentContent,
    boms: &Boms,
    (product, today): (&ItemId, Day),
) -> Result<BomVersion, Fault> {
    let named = named_bom(state, order, product)?;
    named.or_else(|| boms.effective(product, today, None).cloned()).ok_or_else(|| {
        let message = format!(
            "lines: no BOM of {product} is in force on {today}: have one approved by an engineering change"
        );
        ("no-bom", message)
    })
}

/// Refuses a requisition that names another version than the one that it is held against.
fn same_version(
    state: &State,
    content: &DocumentContent,
    order: &Document,
    bom: &BomVersion,
) -> Result<(), Fault> {
    let document = Document { kind: DocumentKind::Bom, number: bom.product.to_string() };
    let named = content.links.iter().find(|link| link.document == document);
    let Some(digest) = named.and_then(|link| link.digest) else { return Ok(()) };
    let known = state.document(&document);
    let held = known.and_then(|open| open.in_force().find(|one| one.version == bom.version));
    if held.is_some_and(|held| held.digest() == digest) {
        return Ok(());
    }
    let (number, words) = (&order.number, bom.words());
    let message = format!("links: {number} is made by {words}: name that version, or none");
    Err(("bom-other", message))
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
                "links: the version of BOM {product} that {} {} names is not in force",
                order.document.kind.words(),
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
pub(crate) fn first(mistakes: &[PlanError]) -> Fault {
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
