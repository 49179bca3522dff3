//! What rules find after the fact: in entries, by levels that are crossed, when their time comes.
//!
//! Invariants: nothing is recorded here, what is found comes back as `Command::Fire`; what is asked about an entry
//! names it as its cause, so that the journal tells what was said of it. What is to come and go is told by documents
//! that are approved and not done. Absent: what is on hand and how old (the caller looks it up), when a schedule is
//! due.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_documents::{Frame, KindDefinition};
use gatewarden_model::{
    Actor, Body, Day, DocumentKind, Entry, ItemId, Location, MovementKind, RuleFiring, RuleTrigger,
    Stamp, rule::FIRING_FACTS_MAX,
};
use gatewarden_rules::{
    Around, Findings, Memory as Levels, RuleSet, StockFacts, StockLayer, Touched, definition::Over,
};

use super::House;
use crate::{
    documents::facts::{of_version, thawed},
    engine::Engine,
    state::{OpenDocument, State},
};

/// The fact that says when a scheduled rule was due: earlier than its entry, where the gateway was off.
const DUE: &str = "schedule.due";

/// What there is of an item in the building.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OnHand {
    /// Base units.
    pub quantity: i64,
    /// Those that may be used.
    pub available: i64,
}

/// So much of an item that came to a place on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgedStock {
    /// Of what.
    pub item: ItemId,
    /// Where.
    pub place: Location,
    /// When it came into the house.
    pub day: Day,
    /// Base units.
    pub quantity: i64,
    /// Its value in ten-thousandths, where it has one.
    pub value: Option<i64>,
}

/// A rule that runs when its time comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledRule {
    /// Its id.
    pub id: String,
    /// When, as cron writes it, by the clock of the gateway's zone.
    pub cron: String,
    /// Whether it goes through the stock.
    pub of_stock: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub struct FoundAfter {
    /// What fired.
    pub firings: Vec<RuleFiring>,
    /// Which rules could not be asked, and why.
    pub failures: Vec<(String, String)>,
}

impl FoundAfter {
    fn add(&mut self, findings: Findings, cause: u64) {
        self.firings.extend(findings.firings.into_iter().map(|mut firing| {
            firing.cause = Some(cause);
            firing
        }));
        let failures = findings.failures.into_iter();
        self.failures.extend(failures.map(|one| (one.rule, one.error.to_string())));
    }
}

impl Engine {
    /// The rules in force that run on a schedule.
    #[must_use]
    pub fn scheduled_rules(&self) -> Vec<ScheduledRule> {
        let Some(set) = self.rules_in_force() else { return vec![] };
        let scheduled = set.scheduled().map(|(rule, cron)| ScheduledRule {
            id: rule.definition.id.clone(),
            cron: cron.to_owned(),
            of_stock: matches!(rule.definition.over, Over::Items | Over::Places),
        });
        scheduled.collect()
    }

    /// The items whose level is looked at.
    #[must_use]
    pub fn items_with_level(&self) -> BTreeSet<ItemId> {
        if !self.rules_in_force().is_some_and(|set| set.has(RuleTrigger::Level)) {
            return BTreeSet::new();
        }
        let items = self.settings().items.iter();
        items.filter(|item| item.safety_stock.is_some()).map(|item| item.code.clone()).collect()
    }

    /// The items of which rules have to know what is on hand, to be asked about these entries.
    #[must_use]
    pub fn items_watched(&self, entries: &[Entry]) -> BTreeSet<ItemId> {
        if !self.rules_in_force().is_some_and(|set| set.has(RuleTrigger::Level)) {
            return BTreeSet::new();
        }
        entries.iter().flat_map(items_of).collect()
    }

    /// What rules find in entries that were recorded, and in levels that they crossed. `levels` is what was crossed
    /// before.
    #[must_use]
    pub fn found_after(
        &self,
        entries: &[Entry],
        on_hand: &BTreeMap<ItemId, OnHand>,
        levels: &mut Levels,
    ) -> FoundAfter {
        let mut found = FoundAfter::default();
        let Some(set) = self.rules_in_force() else { return found };
        let stock = self.expected(on_hand);
        let house = self.house(&stock);
        for entry in entries {
            let around = Around { history: self.history(), ground: &house, at: entry.at };
            found.add(set.after_entry(around, entry), entry.seq);
            if let Some(findings) = self.after_document(set, around, entry) {
                found.add(findings, entry.seq);
            }
            let mut touched = Touched::nothing();
            let items: Vec<ItemId> = items_of(entry);
            for item in &items {
                touched.item(item, self.settings().items.by_code(item).map(|item| item.class));
            }
            if !items.is_empty() {
                let around = Around { history: self.history(), ground: &house, at: entry.at };
                found.add(set.levels(around, levels, &touched), entry.seq);
            }
        }
        found
    }

    /// What rules find in an entry of a document, by the version that it is about, while the document is open.
    fn after_document(
        &self,
        set: &RuleSet,
        around: Around<'_, House<'_>>,
        entry: &Entry,
    ) -> Option<Findings> {
        let (on, content, author, by) = match &entry.body {
            Body::DocumentWritten { content, by, .. } => ("document-written", content, by, by),
            Body::DocumentStepped { document, version, by, .. } => {
                let open = self.state().document(document)?;
                let approved = open.approved.as_ref().map(|(content, _)| &**content);
                let versions = [Some(&*open.content), approved];
                let content = versions.into_iter().flatten().find(|c| c.version == *version)?;
                ("document-stepped", content, &open.by, by)
            }
            _ => return None,
        };
        let (facts, lines) = of_version(self.state(), content, author, |item| {
            self.settings().items.by_code(item).map(|item| item.class)
        });
        let state = self.state().document(&content.document).map(|open| open.frame().name());
        Some(set.document(around, (RuleTrigger::After, on), content, |known| {
            for (name, value) in thawed(&facts, &lines).iter() {
                known.set(name.to_owned(), value.clone());
            }
            known.set_some("document.state", state);
            if let Actor::Operator { id, .. } = by {
                known.set("session.operator", id.as_str());
            }
        }))
    }

    /// Takes over which levels are crossed now, at a start: what was crossed before is not told again.
    pub fn begin_levels(&self, on_hand: &BTreeMap<ItemId, OnHand>, levels: &mut Levels, at: Stamp) {
        let Some(set) = self.rules_in_force() else { return };
        let stock = self.expected(on_hand);
        let house = self.house(&stock);
        for item in on_hand.keys() {
            let mut touched = Touched::nothing();
            touched.item(item, self.settings().items.by_code(item).map(|item| item.class));
            let around = Around { history: self.history(), ground: &house, at };
            let _ = set.levels(around, levels, &touched);
        }
    }

    /// What a scheduled rule finds now, that was due at a microsecond of the wall clock. The stock is all that there is in the house, sorted by item and place.
    #[must_use]
    pub fn found_on_schedule(
        &self,
        rule: &str,
        stock: &[AgedStock],
        on_hand: &BTreeMap<ItemId, OnHand>,
        (due_us, at): (i64, Stamp),
    ) -> FoundAfter {
        let Some(set) = self.rules_in_force() else { return FoundAfter::default() };
        let expected = self.expected(on_hand);
        let house = self.house(&expected);
        let around = Around { history: self.history(), ground: &house, at };
        let layers = stock.iter().map(|one| StockLayer {
            item: &one.item,
            place: one.place.as_str(),
            day: one.day,
            quantity: one.quantity,
            value: one.value,
        });
        let scan = set.scheduled_run(around, rule, layers);
        let failures = scan.failures.into_iter();
        let mut firings = scan.firings;
        for firing in &mut firings {
            if firing.facts.len() < FIRING_FACTS_MAX {
                firing.facts.insert(DUE.to_owned(), utc(due_us).into());
            }
        }
        FoundAfter {
            firings,
            failures: failures.map(|one| (one.rule, one.error.to_string())).collect(),
        }
    }

    fn rules_in_force(&self) -> Option<&RuleSet> {
        let known = self.state().procedures_in_force()?;
        (!known.rules.rules().is_empty()).then_some(&known.rules)
    }

    fn house<'h>(&'h self, stock: &'h BTreeMap<ItemId, StockFacts>) -> House<'h> {
        House {
            state: self.state(),
            settings: self.settings(),
            offset_min: self.settings().utc_offset_min,
            stock: Some(stock),
        }
    }

    /// What there is of items, what should be, and what documents say is to come and go.
    fn expected(&self, on_hand: &BTreeMap<ItemId, OnHand>) -> BTreeMap<ItemId, StockFacts> {
        let mut facts: BTreeMap<ItemId, StockFacts> = BTreeMap::new();
        for (item, has) in on_hand {
            let safety = self.settings().items.by_code(item).and_then(|item| item.safety_stock);
            let (on_hand, available) = (has.quantity, has.available);
            let safety = safety.unwrap_or(0);
            facts.insert(
                item.clone(),
                StockFacts { on_hand, available, safety, ..Default::default() },
            );
        }
        if facts.is_empty() {
            return facts;
        }
        for open in self.state().documents() {
            add_document(&mut facts, self.state(), open);
        }
        for reservation in self.state().reservations() {
            for (line, left) in reservation.lines.iter().zip(&reservation.left) {
                if let Some(facts) = facts.get_mut(&line.item)
                    && line.from.is_physical()
                    && !line.to.is_physical()
                {
                    facts.reserved = facts.reserved.saturating_add(*left);
                }
            }
        }
        facts.values_mut().for_each(|facts| facts.requested = facts.requested.max(0));
        facts
    }
}

/// Adds what a document says is to come and go: what is open of its lines, once it is approved.
fn add_document(facts: &mut BTreeMap<ItemId, StockFacts>, state: &State, open: &OpenDocument) {
    if !matches!(open.frame(), Frame::Approved | Frame::InExecution) {
        return;
    }
    let (Some(kind), Some((content, _))) = (state.definition(open), &open.approved) else { return };
    for line in &content.lines {
        let Some(facts) = facts.get_mut(&line.item) else { continue };
        let left = open.quantities.line(line.line).map_or(0, |line| line.open());
        let add = |to: &mut i64| *to = to.saturating_add(left);
        match (content.document.kind, movement_of(kind, content, line)) {
            (DocumentKind::PurchaseRequest, _) => add(&mut facts.requested),
            (DocumentKind::PurchaseOrder, _) => {
                add(&mut facts.ordered);
                // What was requested and is ordered now is counted once.
                let from_request =
                    line.links.iter().any(|one| one.document.kind == DocumentKind::PurchaseRequest);
                if from_request {
                    facts.requested = facts.requested.saturating_sub(left);
                }
            }
            (DocumentKind::SalesOrder, _) => add(&mut facts.reserved),
            (DocumentKind::WorkOrder, _) => add(&mut facts.planned),
            (DocumentKind::SubcontractOrder, Some(MovementKind::SubcontractOut)) => {
                add(&mut facts.subcontract);
            }
            (DocumentKind::SubcontractOrder, Some(MovementKind::SubcontractIn)) => {
                add(&mut facts.planned);
            }
            (DocumentKind::Requisition, _) => add(&mut facts.production),
            _ => {}
        }
    }
}

/// A moment to the second, as ISO 8601 has it.
fn utc(us: i64) -> String {
    let (day, second) = (us.div_euclid(86_400_000_000), us.rem_euclid(86_400_000_000) / 1_000_000);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{}T{hour:02}:{minute:02}:{:02}Z", Day::from_number(day), second % 60)
}

fn movement_of(
    kind: &KindDefinition,
    content: &gatewarden_model::DocumentContent,
    line: &gatewarden_model::DocumentLine,
) -> Option<MovementKind> {
    kind.way(content, line).map(|way| way.movement)
}

/// The items whose expected stock an entry may change.
fn items_of(entry: &Entry) -> Vec<ItemId> {
    match &entry.body {
        Body::Moved { movement, .. } => {
            movement.lines.iter().map(|line| line.item.clone()).collect()
        }
        _ => vec![],
    }
}
