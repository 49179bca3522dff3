//! How much is used and how long it takes to come, as numbers: mean, spread, safety stock.
//!
//! Safety stock = z · √(LT · σd² + d² · σLT²), with the sample's variance (over n − 1), held as one exact
//! fraction and rounded once: the answer is the least whole number that is not below the root. No floats
//! and no intermediate rounding. Absent: which days count (the caller leaves out days that are none).

use crate::{PlanError, exact::Ratio};

/// Most observations of one kind.
pub const OBSERVED_MAX: u64 = 1_000_000;
/// Greatest observation.
pub const VALUE_MAX: u64 = 1 << 40;

/// Service levels per mille, and the factor z of each in thousandths: one-sided quantiles of the normal
/// distribution.
pub const SERVICE_LEVELS: [(u32, u32); 9] = [
    (500, 0),
    (800, 842),
    (850, 1_036),
    (900, 1_282),
    (950, 1_645),
    (975, 1_960),
    (980, 2_054),
    (990, 2_326),
    (999, 3_090),
];

/// Count, sum and sum of squares of what was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moments {
    count: u64,
    sum: u128,
    squares: u128,
}

impl Moments {
    /// Adds an observation: what was issued on a day, how many days an order took. None below zero, above
    /// [`VALUE_MAX`] or after [`OBSERVED_MAX`] of them.
    #[must_use]
    pub fn with(self, observed: i64) -> Option<Self> {
        let value = u64::try_from(observed).ok().filter(|value| *value <= VALUE_MAX)?;
        let value = u128::from(value);
        (self.count < OBSERVED_MAX).then(|| Self {
            count: self.count + 1,
            sum: self.sum + value,
            squares: self.squares + value * value,
        })
    }

    /// Those of a list; none where one does not fit.
    #[must_use]
    pub fn of(observed: &[i64]) -> Option<Self> {
        observed.iter().try_fold(Self::default(), |moments, one| moments.with(*one))
    }

    /// The mean; none of nothing.
    #[must_use]
    pub fn mean(&self) -> Option<Ratio> {
        Ratio::new(self.sum, u128::from(self.count))
    }

    /// The sample's variance, nothing of a single one; none of nothing.
    #[must_use]
    pub fn variance(&self) -> Option<Ratio> {
        let count = u128::from(self.count);
        match count {
            0 => None,
            1 => Some(Ratio::zero()),
            // n·Σx² ≥ (Σx)², always.
            _ => Ratio::new(count * self.squares - self.sum * self.sum, count * (count - 1)),
        }
    }
}

/// The factor z of a service level, in thousandths.
pub fn service_factor(permille: u32) -> Result<u32, PlanError> {
    let found = SERVICE_LEVELS.iter().find(|(level, _)| *level == permille);
    found.map(|(_, factor)| *factor).ok_or_else(|| {
        let known: Vec<String> = SERVICE_LEVELS.iter().map(|(p, _)| p.to_string()).collect();
        let message = format!("{permille} ‰: use one of {}", known.join(", "));
        PlanError::rule("service-level", "service-permille", message)
    })
}

/// Base units that guard against spread of demand (base units a day) and of lead time (days).
pub fn safety_stock(factor: u32, demand: &Moments, lead: &Moments) -> Result<i64, PlanError> {
    let (mean, spread) = told("demand", demand)?;
    let (lead_mean, lead_spread) = told("lead-time", lead)?;
    let square = || {
        let by_demand = lead_mean.mul(&spread)?;
        let by_lead = mean.mul(&mean)?.mul(&lead_spread)?;
        let factor = u128::from(factor);
        by_demand.add(&by_lead)?.mul(&Ratio::new(factor * factor, 1_000_000)?)
    };
    let square = square().ok_or_else(|| PlanError::overflow("safety stock"))?;
    square.sqrt_ceil().ok_or_else(|| PlanError::overflow("safety stock"))
}

/// The level at which to order: what goes in a mean lead time, and the safety stock.
pub fn reorder_point(safety: i64, demand: &Moments, lead: &Moments) -> Result<i64, PlanError> {
    let (mean, _) = told("demand", demand)?;
    let (days, _) = told("lead-time", lead)?;
    let usual = mean.mul(&days).and_then(|usual| usual.ceil());
    let point = usual.and_then(|usual| usual.checked_add(safety));
    point.ok_or_else(|| PlanError::overflow("reorder point"))
}

fn told(what: &'static str, moments: &Moments) -> Result<(Ratio, Ratio), PlanError> {
    moments.mean().zip(moments.variance()).ok_or_else(|| {
        let message = "nothing was observed: set the safety stock by hand until there is a history";
        PlanError::rule("history-missing", what, message)
    })
}
