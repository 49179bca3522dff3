//! The report of a backtest.
//!
//! Invariants: every rule stands in it, so that "never fired" and "was not asked" are told apart; what is listed is
//! bounded, what is counted is not. Absent: words for people (the command line).

use std::collections::BTreeMap;

use gatewarden_model::{RuleEffect, RuleFiring, RuleTrigger};
use serde::Serialize;

use crate::{
    condition::ConditionError,
    set::{Failure, Rule, RuleSet, Verdict},
};

/// Most findings that a report lists.
pub const BACKTEST_LISTED_MAX: usize = 1_000;
/// The operations before which a journal tells what there is to ask.
const REPLAYED: [&str; 4] = ["submit", "execute", "post", "count"];

/// What would have been.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct BacktestReport {
    /// How many entries were read.
    pub entries: u64,
    /// How many of them were in the span.
    pub in_span: u64,
    /// How many movements were asked about.
    pub movements: u64,
    /// How many documents were asked about when they were handed in.
    pub documents: u64,
    /// How many movements and documents would have been refused.
    pub refused: u64,
    /// How many would have waited for a signature, a second person or a stronger session.
    pub stopped: u64,
    /// By rule.
    pub rules: BTreeMap<String, RuleCount>,
    /// What was found, at most [`BACKTEST_LISTED_MAX`].
    pub found: Vec<Found>,
    /// Whether more was found than is listed.
    pub cut: bool,
    /// Whether the windows could not hold everything.
    pub overflow: bool,
}

/// How often a rule fired.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RuleCount {
    /// Firings that would have been recorded.
    pub fired: u64,
    /// Firings that its quiet span held back.
    pub held_back: u64,
    /// How often it could not be asked, which before an operation refuses it.
    pub failed: u64,
    /// Why it could not be asked the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// How often it was not asked, because the journal does not tell what it looks at.
    pub not_asked: u64,
    /// Why it was not asked, the last time or ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_asked_because: Option<String>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The entry that it was about; none for what a day's scan found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The wall clock's microsecond.
    pub at_us: i64,
    /// What.
    pub firing: RuleFiring,
}

impl BacktestReport {
    /// Nothing yet of a set.
    pub(super) fn of(set: &RuleSet) -> Self {
        let count = |rule: &Rule| {
            let not_asked_because = never_asked(rule);
            let count = RuleCount { not_asked_because, ..RuleCount::default() };
            (rule.definition.id.clone(), count)
        };
        Self { rules: set.rules().iter().map(count).collect(), ..Self::default() }
    }

    fn count(&mut self, rule: &str) -> &mut RuleCount {
        self.rules.entry(rule.to_owned()).or_default()
    }

    /// What firings before an operation mean for it.
    pub(super) fn decided(&mut self, firings: &[RuleFiring]) {
        let asked: Vec<RuleFiring> =
            firings.iter().filter(|firing| !was_not_asked(firing)).cloned().collect();
        let verdict = Verdict::of(&asked);
        let refused = !verdict.refused.is_empty();
        self.refused += u64::from(refused);
        self.stopped += u64::from(!refused && !verdict.is_clear());
    }

    pub(super) fn failed(&mut self, failure: &Failure) {
        let count = self.count(&failure.rule);
        let why = failure.error.to_string();
        match &failure.error {
            ConditionError::Untold { .. } => {
                count.not_asked += 1;
                count.not_asked_because = Some(why);
            }
            _ => {
                count.failed += 1;
                count.failure = Some(why);
            }
        }
    }

    pub(super) fn held_back(&mut self, rule: &str) {
        self.count(rule).held_back += 1;
    }

    pub(super) fn fired(&mut self, found: Found) {
        self.count(&found.firing.rule).fired += 1;
        match self.found.len() < BACKTEST_LISTED_MAX {
            true => self.found.push(found),
            false => self.cut = true,
        }
    }
}

/// Why a rule can never be asked of a journal, if it can't.
fn never_asked(rule: &Rule) -> Option<String> {
    let definition = &rule.definition;
    let replayed =
        definition.on.is_empty() || definition.on.iter().any(|on| REPLAYED.contains(&on.as_str()));
    let asked = definition.when != RuleTrigger::Before || replayed;
    let on = definition.on.join(", ");
    let known = REPLAYED.join(", ");
    (!asked).then(|| format!("a journal does not tell what was before {on}: only {known}"))
}

/// Whether a firing says that its rule was not asked for want of what the journal does not tell.
pub(super) fn was_not_asked(firing: &RuleFiring) -> bool {
    let untold = |effect: &RuleEffect| matches!(effect, RuleEffect::Failed { code, .. } if code == "fact-untold");
    firing.effects.iter().any(untold)
}
