//! How often what an operator did turned out right: passes without a difference, and counts of what he moved.
//!
//! Invariants: the newest samples of each operator, twice as many as are told together, so that these can be
//! held against those before. At most [`OPERATORS_MAX`] operators.

use std::collections::HashMap;

use gatewarden_model::OperatorId;

use super::HistorySettings;

/// Most operators.
pub(super) const OPERATORS_MAX: usize = 10_000;

/// The newest samples, the newest in the lowest bit.
#[derive(Debug, Clone, Copy, Default)]
struct Samples {
    right: u128,
    taken: u32,
}

/// Accuracy of the newest samples and of as many before, in per mille, and how many each are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trend {
    pub(super) now: i64,
    pub(super) before: i64,
    pub(super) samples: i64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Accuracy {
    operators: HashMap<OperatorId, Samples>,
    overflow: bool,
}

impl Accuracy {
    pub(super) fn overflow(&self) -> bool {
        self.overflow
    }

    /// Notes that a sample can't be given to anybody.
    pub(super) fn lose(&mut self) {
        self.overflow = true;
    }

    pub(super) fn sample(&mut self, who: &OperatorId, right: bool, settings: &HistorySettings) {
        if !self.operators.contains_key(who) && self.operators.len() >= OPERATORS_MAX {
            self.overflow = true;
            return;
        }
        if !self.operators.contains_key(who) {
            self.operators.insert(who.clone(), Samples::default());
        }
        let Some(samples) = self.operators.get_mut(who) else { return };
        samples.right = samples.right << 1 | u128::from(right);
        samples.taken = (samples.taken + 1).min(wanted(settings) * 2);
    }

    /// The trend of an operator; none before there are enough samples to compare.
    pub(super) fn trend(&self, who: &OperatorId, settings: &HistorySettings) -> Option<Trend> {
        let wanted = wanted(settings);
        let samples = self.operators.get(who).filter(|one| one.taken >= wanted * 2)?;
        let mask = (1_u128 << wanted) - 1;
        let permille =
            |bits: u128| i64::from((bits & mask).count_ones()) * 1_000 / i64::from(wanted);
        let (now, before) = (permille(samples.right), permille(samples.right >> wanted));
        Some(Trend { now, before, samples: i64::from(wanted) })
    }

    pub(super) fn operators(&self) -> impl Iterator<Item = &OperatorId> {
        self.operators.keys()
    }
}

fn wanted(settings: &HistorySettings) -> u32 {
    settings.accuracy_samples.clamp(4, 63)
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_trend_holds_the_newest_against_those_before() {
        let settings = HistorySettings { accuracy_samples: 5, ..HistorySettings::default() };
        let (mut accuracy, who) = (Accuracy::default(), OperatorId::parse("li.wei").unwrap());
        for right in [true, true, true, true, true, true, false, true, false] {
            accuracy.sample(&who, right, &settings);
            assert_eq!(accuracy.trend(&who, &settings), None, "too few to tell");
        }
        accuracy.sample(&who, false, &settings);
        let trend = accuracy.trend(&who, &settings).unwrap();
        assert_eq!((trend.now, trend.before, trend.samples), (400, 1_000, 5));
        for _ in 0..200 {
            accuracy.sample(&who, true, &settings);
        }
        assert_eq!(accuracy.trend(&who, &settings).unwrap().now, 1_000);
    }
}
