//! What rules said already: the same is not said again within its quiet span, and a level is told once when it
//! is crossed.
//!
//! Invariants: what decides about an operation is never held back, only what is told about it; the memory is a
//! function of the firings in the journal (levels: of the projections), so it comes back after a restart; it is
//! bounded, and when it is full the oldest is forgotten, so that something is rather told twice than never.

use std::collections::{BTreeSet, HashMap, VecDeque};

use gatewarden_model::{RuleEffect, RuleFiring};

use crate::{definition::QUIET_H_MAX, set::RuleSet};

/// Most keys that are remembered, of firings and of levels each.
pub const MEMORY_KEYS_MAX: usize = 100_000;

/// Microseconds of an hour.
const US_AN_HOUR: i64 = 3_600_000_000;

/// What was said, and which levels are crossed.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    said: HashMap<String, i64>,
    order: VecDeque<(i64, String)>,
    crossed: BTreeSet<String>,
}

impl Memory {
    /// Remembers a firing that was recorded at this microsecond; once, however often it is told of it.
    pub fn take(&mut self, firing: &RuleFiring, at_us: i64) {
        if self.said.get(&firing.key).is_some_and(|last| *last >= at_us) {
            return;
        }
        self.said.insert(firing.key.clone(), at_us);
        self.order.push_back((at_us, firing.key.clone()));
        while self.order.len() > MEMORY_KEYS_MAX {
            let Some((at, key)) = self.order.pop_front() else { break };
            if self.said.get(&key).is_some_and(|last| *last <= at) {
                self.said.remove(&key);
            }
        }
    }

    /// Leaves of a firing what is to be done now: all, only what decides where the rest was said lately, or
    /// nothing.
    #[must_use]
    pub fn hush(&self, set: &RuleSet, firing: RuleFiring, now_us: i64) -> Option<RuleFiring> {
        self.hush_at_least(set, firing, now_us, 0)
    }

    /// As `hush`, with a span of so many microseconds where the rule has a shorter one.
    #[must_use]
    pub fn hush_at_least(
        &self,
        set: &RuleSet,
        mut firing: RuleFiring,
        now_us: i64,
        quiet_us: i64,
    ) -> Option<RuleFiring> {
        let quiet_h = set.rule(&firing.rule).map_or(0, |rule| rule.definition.quiet_h);
        let span = (i64::from(quiet_h.min(QUIET_H_MAX)) * US_AN_HOUR).max(quiet_us);
        let lately = self.said.get(&firing.key).is_some_and(|last| now_us - last < span);
        if lately {
            firing.effects.retain(decides);
        }
        (!firing.effects.is_empty()).then_some(firing)
    }

    /// Whether nothing follows from a firing but what it decides about an operation.
    #[must_use]
    pub fn only_decides(firing: &RuleFiring) -> bool {
        firing.effects.iter().all(decides)
    }

    /// Notes whether a level is crossed for a key, and says whether it just was.
    pub fn crosses(&mut self, key: &str, is_crossed: bool) -> bool {
        if !is_crossed {
            self.crossed.remove(key);
            return false;
        }
        if self.crossed.len() >= MEMORY_KEYS_MAX && !self.crossed.contains(key) {
            self.crossed.pop_first();
        }
        self.crossed.insert(key.to_owned())
    }
}

/// Whether an effect decides about an operation.
pub(crate) fn decides(effect: &RuleEffect) -> bool {
    matches!(
        effect,
        RuleEffect::Refuse { .. }
            | RuleEffect::Failed { .. }
            | RuleEffect::Approver { .. }
            | RuleEffect::StepUp { .. }
            | RuleEffect::SecondPerson
    )
}
