//! Asking a set: what fires, and what that means for an operation.
//!
//! Invariants: before an operation a rule that fails refuses it, and says so; elsewhere a rule that fails did not
//! fire, and is told beside. A firing names the facts that its rule looked at. Absent: repeating oneself, which
//! `memory` holds back.

use std::collections::BTreeSet;

use gatewarden_model::{RuleEffect, RuleFiring, RuleTrigger};

use super::{
    Event, Rule, RuleSet, Test,
    find::fits,
    firing::{effect, firing, key_of},
    keyed::{may_be, wants_of},
    subject_wants,
};
use crate::{
    condition::ConditionError, definition::RuleAction, facts::Facts, memory::Memory, wants::Wants,
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

/// Puts the facts that are wanted.
pub(crate) type Gather<'g> = &'g mut dyn FnMut(&mut Facts, &Wants);

impl RuleSet {
    /// Asks the rules that an event concerns.
    #[must_use]
    pub fn ask(&self, event: &Event<'_>, facts: &Facts) -> Findings {
        let asked = self.that_may_fire(event, facts);
        self.each(&asked, facts)
    }

    /// The same of facts that are gathered when they are needed: first those that leave most rules out, then
    /// those that the others look at. What is gathered again is the same.
    pub(crate) fn ask_for(
        &self,
        event: &Event<'_>,
        facts: &mut Facts,
        gather: Gather<'_>,
    ) -> Findings {
        let needed = self.needed(event);
        if !needed.is_empty() {
            gather(facts, &needed);
        }
        let asked = self.that_may_fire(event, facts);
        if asked.is_empty() {
            return Findings::default();
        }
        let wants = asked.iter().fold(Wants::default(), |wants, rule| wants.and(rule.wants));
        gather(facts, &wants.without(needed));
        // Most conditions don't hold, and only what fires is about something.
        if !asked.iter().any(|rule| !matches!(fired(rule, facts), Ok(None))) {
            return Findings { asked: asked.len(), ..Findings::default() };
        }
        gather(facts, &subject_wants().without(wants.and(needed)));
        self.each(&asked, facts)
    }

    /// The facts that decide which rules may fire.
    fn needed(&self, event: &Event<'_>) -> Wants {
        let list = self.index.list(event).map_or(Wants::default(), |list| list.keyed.wants());
        let named = self.index.named(&self.rules, event);
        let needs = named.filter_map(|at| self.rules[usize::from(at)].needs.as_deref());
        needs.fold(list, |wants, needs| wants.and(wants_of(needs)))
    }

    /// The rules that may fire, in their order.
    fn that_may_fire(&self, event: &Event<'_>, facts: &Facts) -> Vec<&Rule> {
        let mut all = Vec::new();
        if let Some(list) = self.index.list(event) {
            list.keyed.may_fire(facts, &mut all);
            all.retain(|at| self.rules.get(usize::from(*at)).is_some_and(|rule| fits(rule, event)));
        }
        all.extend(self.index.named(&self.rules, event).filter(|at| {
            let needs = self.rules[usize::from(*at)].needs.as_ref();
            needs.is_none_or(|needs| needs.iter().any(|need| may_be(need, facts)))
        }));
        self.in_order(all)
    }

    fn in_order(&self, mut all: Vec<u16>) -> Vec<&Rule> {
        all.sort_unstable();
        all.dedup();
        all.iter().filter_map(|at| self.rules.get(usize::from(*at))).collect()
    }

    fn each(&self, rules: &[&Rule], facts: &Facts) -> Findings {
        let mut findings = Findings { asked: rules.len(), ..Findings::default() };
        for rule in rules {
            match fired(rule, facts) {
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
    /// was left. So all of them are asked.
    #[must_use]
    pub fn ask_levels(&self, memory: &mut Memory, event: &Event<'_>, facts: &Facts) -> Findings {
        let mut findings = Findings::default();
        let mut all: Vec<u16> = self.index.named(&self.rules, event).collect();
        if let Some(list) = self.index.list(event) {
            let fit = |at: &&u16| self.rules.get(usize::from(**at)).is_some_and(|r| fits(r, event));
            all.extend(list.rules.iter().filter(fit));
        }
        let rules = self.in_order(all);
        findings.asked = rules.len();
        for rule in rules {
            match fired(rule, facts) {
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
}

type Fired<'r> = Option<(u32, &'r [RuleAction])>;

fn fired<'r>(rule: &'r Rule, facts: &Facts) -> Result<Fired<'r>, ConditionError> {
    match &rule.test {
        Test::Condition(condition, then) => {
            Ok(condition.holds(facts)?.then_some((0, then.as_slice())))
        }
        Test::Table(table) => {
            let (row, then) = table.decide(facts)?;
            Ok(Some((row, then.as_slice())).filter(|(_, then)| !then.is_empty()))
        }
    }
}
