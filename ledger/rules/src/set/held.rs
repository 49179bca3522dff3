//! Holding a firing that somebody tells against the rule that it names: whoever checks a journal asks here.
//!
//! Invariants: what follows from a firing is what its rule's definition says, on the facts that it tells; only what
//! does not decide may be left out, since it is not said twice within the quiet span. The condition is asked again
//! where the firing tells all that it looked at. Absent: facts that are told in part (records, long texts), which are
//! believed; whether a rule that did not fire should have (`RuleSet::ask`).

use gatewarden_model::{
    RuleEffect, RuleFiring, RuleTrigger, Scalar,
    rule::{FIRING_FACTS_MAX, FIRING_TEXT_BYTES_MAX},
};

use super::{
    Rule, RuleSet, Test,
    firing::{LIST_KEPT_MAX, bounded, effect, key_of},
};
use crate::{condition::Condition, definition::RuleAction, facts::Facts, memory::decides};

impl RuleSet {
    /// Whether a firing is what the rule that it names gives on the facts that it tells. Fails in words.
    pub fn holds(&self, firing: &RuleFiring) -> Result<(), String> {
        let Some(rule) = self.rule(&firing.rule) else {
            return Err(format!("no rule {} is in force", firing.rule));
        };
        rule.holds(firing)
    }
}

impl Rule {
    fn holds(&self, firing: &RuleFiring) -> Result<(), String> {
        let (id, definition) = (&firing.rule, &self.definition);
        if firing.version != self.version {
            let (own, said) = (self.version, firing.version);
            return Err(format!("rule {id} in force is {own}, it says {said}"));
        }
        if (&firing.title, firing.trigger) != (&definition.title, definition.when) {
            return Err(format!("rule {id} has another title or looks at another time"));
        }
        let Some(actions) = self.actions_of(firing.row) else {
            return Err(format!("rule {id} has no row {}", firing.row));
        };
        self.looked_so(firing)?;
        let facts: Facts =
            firing.facts.iter().map(|(name, fact)| (name.clone(), fact.clone())).collect();
        let whole = !firing.facts.values().any(is_cut) && firing.facts.len() < FIRING_FACTS_MAX;
        let plain = whole && !self.has_records();
        if plain && key_of(self, &facts) != firing.key {
            return Err(format!("rule {id} tells such firings apart by another key"));
        }
        if let [RuleEffect::Failed { .. }] = firing.effects[..] {
            return match definition.when == RuleTrigger::Before {
                true => Ok(()),
                false => Err(format!("rule {id} refuses nothing that was")),
            };
        }
        self.follows(firing, actions, &facts)?;
        match self.test_on(firing.row, &facts) {
            Some(false) if plain => {
                Err(format!("rule {id} does not find it in the facts that it tells"))
            }
            _ => Ok(()),
        }
    }

    /// What follows where a row holds.
    fn actions_of(&self, row: u32) -> Option<&[RuleAction]> {
        let written = self.definition.table.as_ref();
        match (&self.test, row.checked_sub(1)) {
            (Test::Condition(_, then), None) => Some(then),
            (Test::Condition(..), Some(_)) => None,
            (Test::Table(_), None) => written.map(|table| table.otherwise.as_slice()),
            (Test::Table(_), Some(at)) => Some(&written?.rows.get(usize::try_from(at).ok()?)?.then),
        }
    }

    /// Whether it tells only facts that the rule looks at, and its parameters as they are.
    fn looked_so(&self, firing: &RuleFiring) -> Result<(), String> {
        let id = &firing.rule;
        for (name, value) in &self.definition.params {
            let name = format!("param.{name}");
            if firing.facts.get(&name) != Some(&bounded(value.clone())) {
                return Err(format!("rule {id} has another {name}"));
            }
        }
        let known = |name: &str| {
            let of_rule = name.strip_prefix("param.");
            self.names().any(|one| one == name)
                || of_rule.is_some_and(|name| self.definition.params.contains_key(name))
        };
        match firing.facts.keys().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => Err(format!("rule {id} does not look at {name}")),
        }
    }

    /// Whether its effects are those of the row, less those that need not be said again.
    fn follows(
        &self,
        firing: &RuleFiring,
        actions: &[RuleAction],
        facts: &Facts,
    ) -> Result<(), String> {
        let mut told = firing.effects.iter().peekable();
        for action in actions {
            let Some(due) = effect(action, self, facts) else { continue };
            if told.next_if(|said| **said == due).is_none() && decides(&due) {
                return Err(format!("rule {} asks for {due:?}, and it does not", firing.rule));
            }
        }
        match told.next() {
            None if firing.effects.is_empty() => {
                Err(format!("nothing follows from rule {}", firing.rule))
            }
            None => Ok(()),
            Some(more) => Err(format!("rule {} does not ask for {more:?}", firing.rule)),
        }
    }

    /// Whether the row is the one that holds; none where the facts that are told do not say it.
    fn test_on(&self, row: u32, facts: &Facts) -> Option<bool> {
        let holds = |condition: &Condition| condition.holds(facts).ok();
        match &self.test {
            Test::Condition(condition, _) => holds(condition),
            Test::Table(table) => table.decide(facts).ok().map(|(found, _)| found == row),
        }
    }

    /// Whether it looks at records, of which a firing tells words only.
    fn has_records(&self) -> bool {
        self.names().any(|name| name == "lines" || name.contains("[]"))
    }
}

/// Whether a fact may have been longer than a firing keeps.
fn is_cut(fact: &Scalar) -> bool {
    match fact {
        Scalar::Text(text) => text.len() + 4 > FIRING_TEXT_BYTES_MAX,
        Scalar::List(list) => list.len() >= LIST_KEPT_MAX || list.iter().any(is_cut),
        Scalar::Bool(_) | Scalar::Integer(_) => false,
    }
}
