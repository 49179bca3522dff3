//! Asking a set of rules about what happens: the facts are gathered, the rules asked, in one call.
//!
//! Invariants: before an operation the history does not have it yet, and counts it in; after an entry it has;
//! a rule over items is asked once for each item of the movement, one over the house once. Facts that no rule
//! looks at are not gathered, and none where no rule is concerned. Absent: keeping quiet and keeping levels,
//! which is `memory`'s.

use gatewarden_model::{
    Body, DocumentContent, Entry, ItemId, Movement, OperatorId, Pass, PassId, RuleTrigger, Stamp,
};

use crate::{
    definition::Over,
    facts::Facts,
    ground::{Ground, put_document, put_item, put_movement, put_time},
    history::{Asking, History},
    memory::Memory,
    set::{Event, Findings, RuleSet, Touched},
    wants::{Wants, put},
};

/// Most items of one movement or document that rules over items are asked for.
pub const ITEMS_ASKED_MAX: usize = 200;

/// What stands around a question.
#[derive(Debug)]
pub struct Around<'a, G> {
    /// What happened before.
    pub history: &'a History,
    /// What is known.
    pub ground: &'a G,
    /// Now.
    pub at: Stamp,
}

impl<G> Clone for Around<'_, G> {
    fn clone(&self) -> Self {
        *self
    }
}

// Whatever the ground is: it is only pointed at.
impl<G> Copy for Around<'_, G> {}

/// How a movement comes about, as `OPERATIONS` names it.
#[must_use]
pub fn operation_of(movement: &Movement) -> &'static str {
    match (movement.task.is_some(), movement.counts.is_empty()) {
        (true, _) => "execute",
        (false, false) => "count",
        (false, true) => "post",
    }
}

impl RuleSet {
    /// Asks about a movement that is about to be. `Verdict::of` says what the findings mean.
    #[must_use]
    pub fn before_movement<G: Ground>(
        &self,
        around: Around<'_, G>,
        on: &str,
        movement: &Movement,
    ) -> Findings {
        self.movement(around, (RuleTrigger::Before, on), movement, false)
    }

    /// Asks about a movement whose entry the history has taken.
    #[must_use]
    pub fn after_movement<G: Ground>(
        &self,
        around: Around<'_, G>,
        movement: &Movement,
    ) -> Findings {
        self.movement(around, (RuleTrigger::After, "moved"), movement, true)
    }

    fn movement<G: Ground>(
        &self,
        around: Around<'_, G>,
        (trigger, on): (RuleTrigger, &str),
        movement: &Movement,
        taken: bool,
    ) -> Findings {
        let touched = Touched::by(movement, |code| around.ground.item(code));
        let (kind, document) = (Some(movement.kind), Some(movement.document.kind));
        let event = |over| Event { trigger, on, over, movement: kind, document, touched: &touched };
        let (house, items) = (event(Over::House), event(Over::Items));
        let (for_house, for_items) = (self.concerns(&house), self.concerns(&items));
        let mut findings = Findings::default();
        let now_us = around.at.wall_us;
        let gather = |facts: &mut Facts, wants: &Wants| {
            gather(facts, wants, &around, on);
            put_movement(facts, wants, movement, around.ground);
            let asking = Asking::Movement { movement, taken };
            around.history.put(facts, wants, asking, now_us);
        };
        if for_house {
            let facts = &mut Facts::new();
            findings.add(self.ask_for(&house, facts, &mut |facts, wants| gather(facts, wants)));
        }
        if for_items {
            let coming = (!taken).then_some(movement);
            for item in touched.items().iter().take(ITEMS_ASKED_MAX) {
                let asking = Asking::Item { item, place: None, coming };
                let mut with_item = |facts: &mut Facts, wants: &Wants| {
                    gather(facts, wants);
                    put_item(facts, wants, item, around.ground);
                    around.history.put(facts, wants, asking, now_us);
                };
                findings.add(self.ask_for(&items, &mut Facts::new(), &mut with_item));
            }
        }
        findings
    }

    /// Puts each item's facts in the place of those of the one before, and asks.
    fn each_item<G: Ground>(
        &self,
        facts: &mut Facts,
        around: &Around<'_, G>,
        touched: &Touched<'_>,
        mut ask: impl FnMut(&Facts, &ItemId),
    ) {
        let plain = (touched.items().len() > 1).then(|| facts.clone());
        for (at, item) in touched.items().iter().take(ITEMS_ASKED_MAX).enumerate() {
            if let Some(plain) = plain.as_ref().filter(|_| at > 0) {
                facts.clone_from(plain);
            }
            put_item(facts, self.wants(), item, around.ground);
            let asking = Asking::Item { item, place: None, coming: None };
            around.history.put(facts, self.wants(), asking, around.at.wall_us);
            ask(facts, item);
        }
    }

    /// Asks the level rules about the items that a movement changed the stock of.
    #[must_use]
    pub fn levels_of<G: Ground>(
        &self,
        around: Around<'_, G>,
        memory: &mut Memory,
        movement: &Movement,
    ) -> Findings {
        let touched = Touched::by(movement, |code| around.ground.item(code));
        self.levels(around, memory, &touched)
    }

    /// Asks the level rules about items. At a start, once for all items, the answer is left: levels that were
    /// crossed before are not crossed now.
    #[must_use]
    pub fn levels<G: Ground>(
        &self,
        around: Around<'_, G>,
        memory: &mut Memory,
        touched: &Touched<'_>,
    ) -> Findings {
        let (trigger, on, over) = (RuleTrigger::Level, "", Over::Items);
        let mut findings = Findings::default();
        if !self.has(trigger) {
            return findings;
        }
        let event = Event { trigger, on, over, movement: None, document: None, touched };
        let mut facts = Facts::new();
        gather(&mut facts, self.wants(), &around, on);
        self.each_item(&mut facts, &around, touched, |facts, _| {
            findings.add(self.ask_levels(memory, &event, facts));
        });
        findings
    }

    /// Asks about an entry that the history has taken, other than documents: movements, passes, and what else
    /// `ENTRIES` names.
    #[must_use]
    pub fn after_entry<G: Ground>(&self, around: Around<'_, G>, entry: &Entry) -> Findings {
        let Some(on) = entry_word(&entry.body) else { return Findings::default() };
        match &entry.body {
            Body::Moved { movement, .. } => self.after_movement(around, movement),
            Body::Held { pass, operator, .. } => self.pass(around, on, pass, Some(operator)),
            Body::Quarantined { pass, .. } | Body::Unread { pass } => {
                self.pass(around, on, pass, None)
            }
            _ => self.plain(around, on, None, |_| {}),
        }
    }

    fn pass<G: Ground>(
        &self,
        around: Around<'_, G>,
        on: &str,
        pass: &Pass,
        operator: Option<&OperatorId>,
    ) -> Findings {
        self.plain(around, on, Some(pass.id), |facts| {
            put!(facts, self.wants(), "session.station", pass.station.as_str());
            if let Some(operator) = operator {
                put!(facts, self.wants(), "session.operator", operator.as_str());
            }
        })
    }

    fn plain<G: Ground>(
        &self,
        around: Around<'_, G>,
        on: &str,
        pass: Option<PassId>,
        more: impl FnOnce(&mut Facts),
    ) -> Findings {
        let touched = Touched::nothing();
        let (trigger, over) = (RuleTrigger::After, Over::House);
        let event = Event { trigger, on, over, movement: None, document: None, touched: &touched };
        if !self.concerns(&event) {
            return Findings::default();
        }
        let mut facts = Facts::new();
        gather(&mut facts, self.wants(), &around, on);
        let asking = pass.map_or(Asking::House, Asking::Pass);
        around.history.put(&mut facts, self.wants(), asking, around.at.wall_us);
        more(&mut facts);
        self.ask(&event, &facts)
    }

    /// Asks about a document: before an operation on it, or after its entry. `more` puts what the engine knows
    /// beside: state, author, session, approved and open quantities, custom fields by their types.
    #[must_use]
    pub fn document<G: Ground>(
        &self,
        around: Around<'_, G>,
        (trigger, on): (RuleTrigger, &str),
        content: &DocumentContent,
        more: impl FnOnce(&mut Facts),
    ) -> Findings {
        let mut touched = Touched::nothing();
        for line in &content.lines {
            let class = around.ground.item(&line.item).map(|item| item.class);
            touched.item(&line.item, class);
            for place in line.from.iter().chain(&line.to).filter(|place| place.is_physical()) {
                touched.warehouse(place.as_str().split('/').next().unwrap_or_default());
            }
        }
        let document = Some(content.document.kind);
        let event = |over| Event { trigger, on, over, movement: None, document, touched: &touched };
        let (house, items) = (event(Over::House), event(Over::Items));
        let (for_house, for_items) = (self.concerns(&house), self.concerns(&items));
        let mut findings = Findings::default();
        if !for_house && !for_items {
            return findings;
        }
        let mut facts = Facts::new();
        gather(&mut facts, self.wants(), &around, on);
        put_document(&mut facts, self.wants(), content, around.ground);
        around.history.put(&mut facts, self.wants(), Asking::House, around.at.wall_us);
        more(&mut facts);
        if for_house {
            findings.add(self.ask(&house, &facts));
        }
        if for_items {
            self.each_item(&mut facts, &around, &touched, |facts, _| {
                findings.add(self.ask(&items, facts));
            });
        }
        findings
    }
}

/// Puts what is about to be, or was, and the moment.
fn gather<G: Ground>(facts: &mut Facts, wants: &Wants, around: &Around<'_, G>, on: &str) {
    put!(facts, wants, "operation.name", on);
    let working = &around.history.settings().working;
    put_time(facts, wants, &around.at, around.ground, working);
}

/// The word of an entry after which rules may look.
#[must_use]
pub fn entry_word(body: &Body) -> Option<&'static str> {
    Some(match body {
        Body::Moved { .. } => "moved",
        Body::Held { .. } => "held",
        Body::HoldDecided { .. } => "hold-decided",
        Body::Quarantined { .. } => "quarantined",
        Body::QuarantineResolved { .. } => "quarantine-resolved",
        Body::Unread { .. } => "unread",
        Body::Denied { .. } => "denied",
        Body::TaskOpened { .. } => "task-opened",
        Body::TaskApproved { .. } => "task-approved",
        Body::TaskClosed { .. } => "task-closed",
        Body::ItemDefined { .. } => "item-defined",
        Body::Commissioned { .. } => "commissioned",
        Body::SignInRefused { .. } => "sign-in-refused",
        Body::CostLanded { .. } => "cost-landed",
        Body::Reserved { .. } => "reserved",
        Body::Gap { .. } => "gap",
        _ => return None,
    })
}
