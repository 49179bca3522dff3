//! What is remembered, and for how long: numbers that a house sets.

use gatewarden_model::{Amount, StationId};
use serde::{Deserialize, Serialize};

use crate::definition::is_default;

/// Most working days of a week.
pub const WORKING_DAYS_MAX: usize = 7;
/// Most pairs of stations with a way of their own.
pub const WAYS_MAX: usize = 1_000;

/// What is remembered. Part of the rules' definitions, so a change of it needs a second person too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistorySettings {
    /// In how many hours ins and outs of an item are counted, 1 to 720.
    pub turn_h: u32,
    /// Over how many passes and counts an operator's accuracy is told, 4 to 64.
    pub accuracy_samples: u32,
    /// What a small issue just under the limit is.
    pub near: NearLimit,
    /// For how many hours a change of a price is remembered, 1 to 8,784.
    pub price_h: u32,
    /// How many seconds a tag needs from one station to another, where no way says it.
    pub travel_s: u32,
    /// How many seconds it needs between two stations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<Way>,
    /// When people work, where no calendar says it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub working: Working,
}

impl Default for HistorySettings {
    fn default() -> Self {
        Self {
            turn_h: 24,
            accuracy_samples: 20,
            near: NearLimit::default(),
            price_h: 168,
            travel_s: 20,
            ways: vec![],
            working: Working::default(),
        }
    }
}

/// Issues that are small, and just under a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NearLimit {
    /// The limit of an issue's value.
    pub amount: Amount,
    /// The limit of an issue's base units; none where only values are limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    /// How far under the limit is still just under it, in per mille of it.
    pub under_permille: u32,
    /// Within how many hours they are looked at together, 1 to 720.
    pub span_h: u32,
}

impl Default for NearLimit {
    fn default() -> Self {
        let amount = Amount::from_units(5_000 * 10_000);
        Self { amount, quantity: None, under_permille: 300, span_h: 24 }
    }
}

impl NearLimit {
    /// Whether a value or a quantity is just under its limit.
    #[must_use]
    pub fn is_near(&self, amount: Option<i64>, quantity: i64) -> bool {
        let under = |value: i64, limit: i64| {
            let part = i128::from(1_000_u32.saturating_sub(self.under_permille));
            let floor = i128::from(limit) * part / 1_000;
            limit > 0 && value <= limit && i128::from(value) >= floor
        };
        amount.is_some_and(|amount| under(amount, self.amount.units()))
            || self.quantity.is_some_and(|limit| under(quantity, limit))
    }
}

/// How long it takes from one station to another, either way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// One.
    pub from: StationId,
    /// The other.
    pub to: StationId,
    /// Seconds.
    pub s: u32,
}

/// Working hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Working {
    /// Days of the week, 1 for Monday.
    pub days: Vec<u8>,
    /// From which minute of the day on.
    pub from_min: u32,
    /// Up to before which.
    pub until_min: u32,
}

impl Default for Working {
    fn default() -> Self {
        Self { days: vec![1, 2, 3, 4, 5, 6], from_min: 6 * 60, until_min: 22 * 60 }
    }
}

impl Working {
    /// Whether people work on this day of the week at this minute of the day.
    #[must_use]
    pub fn is_working(&self, weekday: u8, minute: u32) -> bool {
        self.days.contains(&weekday) && (self.from_min..self.until_min).contains(&minute)
    }
}
