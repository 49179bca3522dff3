//! Asking a set: what fires, and what that means for an operation.
//!
//! Invariants: before an operation a rule that fails refuses it, and says so; elsewhere a rule that fails did not
//! fire, and is told beside. A firing names the facts that its rule looked at. Absent: repeating oneself, which
//! `memory` holds back.

use std::collections::BTreeSet;

use gatewarden_model::{RuleEffect, RuleFiring, RuleTrigger};

use super::{
    Event, Rule, RuleSet, Test,
    firing::{effect, firing, key_of},
};
use crate::{
    condition::ConditionError,
    definition::RuleAction,
    facts::{Fact, Facts},
    memory::Memory,
};

/// What rules found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// Those that fired, in the order of the rules.
    pub firings: Vec<RuleFiring>,
    /// Those that could not be asked.
    pub failures: Vec<Failure>,
    /// How many were asked.
    pub asked: usize,
}

/// A rule that could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its id.
    pub rule: String,
    /// Why.
    pub error: ConditionError,
}

/// What firings mean for an operation that is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Why it is refused; it is not where there is nothing.
    pub refused: Vec<String>,
    /// Who has to sign beside, as approvers are named.
    pub approvers: BTreeSet<String>,
    /// How strongly the session must be authenticated; 0 for as it is.
    pub step_up: u8,
    /// Whether a second person has to stand beside.
    pub second_person: bool,
}

impl Findings {
    /// Adds what others found.
    pub fn add(&mut self, other: Self) {
        self.firings.extend(other.firings);
        self.failures.extend(other.failures);
        self.asked += other.asked;
    }
}

impl Verdict {
    /// What firings mean together.
    #[must_use]
    pub fn of(firings: &[RuleFiring]) -> Self {
        let mut verdict = Self::default();
        for firing in firings {
            for effect in &firing.effects {
                match effect {
                    RuleEffect::Refuse { reason } => {
                        verdict.refused.push(format!("{} (rule {})", reason, firing.rule));
                    }
                    RuleEffect::Failed { message, .. } => {
                        let why = format!("rule {} can't be asked: {message}", firing.rule);
                        verdict.refused.push(why);
                    }
                    RuleEffect::Approver { approver } => {
                        verdict.approvers.insert(approver.clone());
                    }
                    RuleEffect::StepUp { level } => verdict.step_up = verdict.step_up.max(*level),
                    RuleEffect::SecondPerson => verdict.second_person = true,
                    RuleEffect::Flag { .. }
                    | RuleEffect::Todo { .. }
                    | RuleEffect::Draft { .. }
                    | RuleEffect::Notify { .. } => {}
                }
            }
        }
        verdict
    }

    /// Whether the operation may go on as it is.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }
}

impl RuleSet {
    /// Asks the rules that an event concerns.
    #[must_use]
    pub fn ask(&self, event: &Event<'_>, facts: &Facts) -> Findings {
        let mut findings = Findings::default();
        let rules = self.index.find(&self.rules, event);
        if rules.is_empty() {
            return findings;
        }
        let known = self.laid_out(facts);
        findings.asked = rules.len();
        for rule in rules {
            match fired(rule, &known) {
                Ok(None) => {}
                Ok(Some((row, actions))) => {
                    let effects =
                        actions.iter().filter_map(|one| effect(one, rule, facts)).collect();
                    findings.firings.push(firing(rule, facts, row, effects));
                }
                Err(error) if rule.definition.when == RuleTrigger::Before => {
                    let (code, message) = (error.code().to_owned(), error.to_string());
                    let effects = vec![RuleEffect::Failed { code, message }];
                    findings.firings.push(firing(rule, facts, 0, effects));
                    findings.failures.push(Failure { rule: rule.definition.id.clone(), error });
                }
                Err(error) => {
                    findings.failures.push(Failure { rule: rule.definition.id.clone(), error });
                }
            }
        }
        findings
    }

    /// Asks the level rules that an event concerns: one fires when its level is crossed, and not again before it
    /// was left.
    #[must_use]
    pub fn ask_levels(&self, memory: &mut Memory, event: &Event<'_>, facts: &Facts) -> Findings {
        let mut findings = Findings::default();
        let rules = self.index.find(&self.rules, event);
        if rules.is_empty() {
            return findings;
        }
        let known = self.laid_out(facts);
        findings.asked = rules.len();
        for rule in rules {
            match fired(rule, &known) {
                Ok(found) => {
                    let crosses = memory.crosses(&key_of(rule, facts), found.is_some());
                    if let (Some((row, actions)), true) = (found, crosses) {
                        let effects = actions.iter().filter_map(|one| effect(one, rule, facts));
                        findings.firings.push(firing(rule, facts, row, effects.collect()));
                    }
                }
                Err(error) => {
                    findings.failures.push(Failure { rule: rule.definition.id.clone(), error });
                }
            }
        }
        findings
    }

    /// Whether an event concerns any rule, before facts are gathered for it.
    #[must_use]
    pub fn concerns(&self, event: &Event<'_>) -> bool {
        self.index.any(&self.rules, event)
    }

    /// Whether any rule at all looks at this trigger.
    #[must_use]
    pub fn has(&self, trigger: RuleTrigger) -> bool {
        self.rules.iter().any(|rule| rule.definition.when == trigger)
    }

    /// The facts by the schema's slots: both are sorted by name, so one walk along both finds them.
    fn laid_out<'f>(&self, facts: &'f Facts) -> Vec<Option<&'f Fact>> {
        let mut known = vec![None; self.slots];
        let mut looked = self.looked.iter().peekable();
        for (name, fact) in facts.iter() {
            while looked.next_if(|(wanted, _)| wanted.as_str() < name).is_some() {}
            if let Some((_, slot)) = looked.next_if(|(wanted, _)| wanted == name) {
                known[*slot] = Some(fact);
            }
        }
        known
    }
}

type Fired<'r> = Option<(u32, &'r [RuleAction])>;

fn fired<'r>(rule: &'r Rule, known: &[Option<&Fact>]) -> Result<Fired<'r>, ConditionError> {
    match &rule.test {
        Test::Condition(condition, then) => {
            Ok(condition.holds_in(known)?.then_some((0, then.as_slice())))
        }
        Test::Table(table) => {
            let (row, then) = table.decide_in(known)?;
            Ok(Some((row, then.as_slice())).filter(|(_, then)| !then.is_empty()))
        }
    }
}
