//! Inspections: the sample's plan and finding, what is decided by them, and the goods that wait for it.
//!
//! Invariants: an inspection is of one lot (one item, lot, owner and status); its outcomes add up to all that
//! waits of the document that it inspects, as far as it lies there, so that nothing is left out of a sample; what
//! a line becomes is what its outcome says; a document whose goods wait to be inspected stays open. Absent: the
//! plans (`gatewarden-planning`), who signs a concession (its workflow).

use std::collections::BTreeMap;

use gatewarden_documents::{Frame, KindDefinition, kinds::Outcome};
use gatewarden_model::{
    Bucket, Document, DocumentContent, DocumentKind, DocumentLine, DocumentStep, ItemId, Movement,
    MovementKind, Scalar, StockStatus,
};
use gatewarden_planning::{
    Fact, PlanError,
    sampling::{Aql, Level, judge, plan, read},
};
use gatewarden_stock::Site;

use super::check::first;
use crate::{
    state::{OpenDocument, State},
    turn::{Fault, Turn},
};

/// The documents whose goods are inspected, the nearest first.
const SOURCES: [DocumentKind; 5] = [
    DocumentKind::Receipt,
    DocumentKind::ProductionReceipt,
    DocumentKind::ReturnOrder,
    DocumentKind::SubcontractOrder,
    DocumentKind::PurchaseOrder,
];
/// The field of a line that says what is decided.
const OUTCOME: &str = "outcome";

/// What the plan says of an inspection, as facts. The judge asks it again.
pub(crate) fn found(
    content: &DocumentContent,
    kind: &KindDefinition,
) -> Result<BTreeMap<String, Scalar>, Fault> {
    let Some(rules) = &kind.sampling else { return Ok(BTreeMap::new()) };
    one_lot(&content.lines)?;
    for (at, line) in content.lines.iter().enumerate() {
        decided(at, line, &rules.outcomes)?;
    }
    let wrong = |error: PlanError| (error.code(), error.to_string());
    let level: Level = rules.level.name().parse().map_err(wrong)?;
    let aql = Aql::of_thousandths(rules.aql_thousandths).map_err(wrong)?;
    let (plan, finding, outcome) =
        read(content, |lot| plan(lot, level, aql)).map_err(|wrong| first(&wrong))?;
    let facts = judge(&plan, finding, &outcome).map_err(|wrong| first(&wrong))?;
    let told = |(name, fact): (String, Fact)| match fact {
        Fact::Truth(yes) => Some((format!("document.{name}"), Scalar::Bool(yes))),
        Fact::Integer(whole) => Some((format!("document.{name}"), Scalar::Integer(whole))),
        _ => None,
    };
    Ok(facts.into_iter().filter_map(told).collect())
}

/// Whether all lines are of one lot.
fn one_lot(lines: &[DocumentLine]) -> Result<(), Fault> {
    let Some(first) = lines.first() else { return Ok(()) };
    for (at, line) in lines.iter().enumerate() {
        let differs = [
            ("item", line.item != first.item),
            ("lot", line.lot != first.lot),
            ("owner", line.owner != first.owner),
            ("from_status", line.from_status != first.from_status),
        ];
        if let Some((name, _)) = differs.iter().find(|(_, differs)| *differs) {
            let message = format!(
                "lines[{at}].{name}: an inspection is of one lot, lines[0] says another: write one for each"
            );
            return Err(("inspection-mixed", message));
        }
    }
    Ok(())
}

/// Whether a line's goods become what its outcome says, and that may be decided.
fn decided(at: usize, line: &DocumentLine, outcomes: &[Outcome]) -> Result<(), Fault> {
    let said = line.custom.iter().find(|(name, _)| name.as_str() == OUTCOME).map(|(_, said)| said);
    // What is missing is told with the other mistakes of the plan.
    let Some(outcome) = said.and_then(|said| Outcome::of_name(said)) else { return Ok(()) };
    if !outcomes.contains(&outcome) {
        let names: Vec<&str> = outcomes.iter().map(|one| one.name()).collect();
        let message = format!(
            "lines[{at}].custom.outcome: {} is not decided here: use {}",
            outcome.name(),
            names.join(", ")
        );
        return Err(("outcome-not-allowed", message));
    }
    if line.to_status != outcome.status() {
        let message = format!(
            "lines[{at}].to_status: what is {} becomes {}, not {}",
            match outcome {
                Outcome::Accept => "accepted",
                Outcome::Reject => "rejected",
                Outcome::Rework => "to be reworked",
                Outcome::Concession => "conceded",
            },
            outcome.status().name(),
            line.to_status.name()
        );
        return Err(("outcome-status", message));
    }
    Ok(())
}

/// The document whose goods an inspection is about, if it names one: the nearest of those that it names.
pub(crate) fn source_of(content: &DocumentContent) -> Option<&Document> {
    let named = |kind| content.links.iter().map(|link| &link.document).find(|one| one.kind == kind);
    SOURCES.into_iter().find_map(named)
}

/// Counts what a movement on a document brings that waits to be inspected, or takes back.
pub(crate) fn arrived(waiting: &mut BTreeMap<ItemId, i64>, movement: &Movement) {
    for line in &movement.lines {
        let (outside, inside, status) = match movement.reverses {
            None => (&line.from, &line.to, line.to_status),
            Some(_) => (&line.to, &line.from, line.from_status),
        };
        let comes = !outside.holds_stock() && inside.holds_stock();
        if comes && status == StockStatus::QualityInspection {
            let sign = if movement.reverses.is_some() { -1 } else { 1 };
            add(waiting, &line.item, line.quantity.saturating_mul(sign));
        }
    }
}

/// Adds to what waits of an item; what does not wait is left out.
pub(crate) fn add(waiting: &mut BTreeMap<ItemId, i64>, item: &ItemId, quantity: i64) {
    let sum = waiting.entry(item.clone()).or_default();
    *sum = sum.saturating_add(quantity);
    if *sum <= 0 {
        waiting.remove(item);
    }
}

/// What of a document's goods waits for an inspection that is none of those that others handed in.
pub(crate) fn left_to_inspect(
    state: &State,
    inspection: &DocumentContent,
    source: &OpenDocument,
) -> i64 {
    let Some(line) = inspection.lines.first() else { return 0 };
    let others = state.documents_of(DocumentKind::Inspection).filter(|open| {
        let asked = matches!(open.frame(), Frame::Submitted | Frame::InApproval | Frame::Approved);
        asked
            && *open.document() != inspection.document
            && source_of(&open.content) == Some(source.document())
    });
    let lines = others.flat_map(|open| &open.content.lines);
    let asked = lines.filter(|other| other.item == line.item && is_first_look(other));
    let waits = source.to_inspect.get(&line.item).copied().unwrap_or_default();
    asked.fold(waits, |left, other| left.saturating_sub(other.quantity)).max(0)
}

/// Whether a line decides on what was not decided on before; else on what was blocked, or is in use.
fn is_first_look(line: &DocumentLine) -> bool {
    line.from_status == StockStatus::QualityInspection
}

/// Base units of all lines.
pub(crate) fn sum_of(content: &DocumentContent) -> i64 {
    content.lines.iter().fold(0, |sum: i64, line| sum.saturating_add(line.quantity))
}

/// Whether an inspection is of goods that were not decided on before.
pub(crate) fn looks_first(content: &DocumentContent) -> bool {
    content.lines.first().is_some_and(is_first_look)
}

/// What a movement on an inspection decided of another document's goods: base units by item.
pub(crate) fn decided_of(
    content: &DocumentContent,
    movement: &Movement,
) -> Option<(Document, BTreeMap<ItemId, i64>)> {
    let is_one = content.document.kind == DocumentKind::Inspection;
    let source = source_of(content).filter(|_| is_one)?;
    if movement.kind != MovementKind::StatusChange {
        return None;
    }
    let sign = if movement.reverses.is_some() { -1 } else { 1 };
    let mut items: BTreeMap<ItemId, i64> = BTreeMap::new();
    for line in &movement.lines {
        if content.line(line.line).is_some_and(is_first_look) {
            let sum = items.entry(line.item.clone()).or_default();
            *sum = sum.saturating_add(line.quantity.saturating_mul(sign));
        }
    }
    (!items.is_empty()).then(|| (source.clone(), items))
}

impl Turn<'_> {
    /// Holds an inspection against its plan and against what waits for it; gives its facts.
    pub(super) fn inspection(
        &self,
        content: &DocumentContent,
        kind: &KindDefinition,
    ) -> Result<BTreeMap<String, Scalar>, Fault> {
        let facts = found(content, kind)?;
        if kind.sampling.is_none() || !looks_first(content) {
            return Ok(facts);
        }
        let here = self.there(content);
        let source = source_of(content);
        let waits = match source.and_then(|source| self.state.document(source)) {
            Some(source) => left_to_inspect(self.state, content, source).min(here),
            None => here,
        };
        let lot = sum_of(content);
        if lot == waits {
            return Ok(facts);
        }
        let of = source.map_or_else(
            || "in quality inspection there".to_owned(),
            |source| format!("of {} to be inspected there", source.number),
        );
        let message = format!(
            "custom.lot-size: the outcomes decide on {lot}, but {waits} wait {of}: decide on all of the lot"
        );
        Err(("inspection-not-the-lot", message))
    }

    /// What lies of the lot at the places of the lines.
    fn there(&self, content: &DocumentContent) -> i64 {
        let mut sites: Vec<(&DocumentLine, Site)> = vec![];
        for line in &content.lines {
            let Some(from) = &line.from else { continue };
            let site = Site::new(&line.item, from);
            if sites.iter().all(|(_, known)| *known != site) {
                sites.push((line, site));
            }
        }
        let bucket = |line: &DocumentLine| Bucket {
            lot: line.lot.clone(),
            owner: line.owner.clone(),
            status: line.from_status,
            unit: None,
        };
        let here = sites.iter().map(|(line, site)| self.stock.quantity(site, &bucket(line)));
        here.fold(0, i64::saturating_add)
    }

    /// Counts a decision on the document whose goods it is about.
    pub(super) fn inspect(&mut self, content: &DocumentContent, movement: &Movement) {
        let Some((source, items)) = decided_of(content, movement) else { return };
        if self.state.document(&source).is_none() {
            return;
        }
        let (movement, by) = (movement.id, content.document.clone());
        let step = DocumentStep::Inspected { movement, by, items };
        self.step(&source, step, gatewarden_model::Actor::Daemon, None);
        self.close_complete(&source);
    }
}
