//! Classes by value, and turnover.
//!
//! Invariants: the item of the greatest value is in class A; an item is in A while what stands before it is
//! less than the first cut, so the one that crosses the cut is still in it; what was not issued is in C.

use std::collections::BTreeMap;

use gatewarden_model::{Amount, ItemClass, ItemId};
use serde::Serialize;

/// The usual cuts: 80 % and 95 % of the value.
pub const ABC_CUTS_PERMILLE: (u32, u32) = (800, 950);

/// The class of each item by the value of what was issued of it in a year; cuts per mille.
#[must_use]
pub fn classes(issued: &BTreeMap<ItemId, Amount>, cuts: (u32, u32)) -> BTreeMap<ItemId, ItemClass> {
    let units = |amount: &Amount| i128::from(amount.units().max(0));
    let total: i128 = issued.values().map(units).sum();
    let mut ranked: Vec<(&ItemId, i128)> = issued.iter().map(|(i, a)| (i, units(a))).collect();
    ranked.sort_by(|(a, one), (b, two)| two.cmp(one).then_with(|| a.cmp(b)));
    let mut before = 0;
    let mut class = |value: i128| {
        let below = |cut: u32| before * 1_000 < total * i128::from(cut);
        let class = match value {
            0 => ItemClass::C,
            _ if below(cuts.0) => ItemClass::A,
            _ if below(cuts.1) => ItemClass::B,
            _ => ItemClass::C,
        };
        before += value;
        class
    };
    ranked.into_iter().map(|(item, value)| (item.clone(), class(value))).collect()
}

/// How often stock was turned over in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Turnover {
    /// Times, in thousandths, rounded half up.
    pub times_milli: i64,
    /// Days that stock lasts, in tenths, rounded half up; none where nothing was issued.
    pub days_tenths: Option<i64>,
}

/// Turnover of some days: the cost of what was issued, over the mean of what stock was worth on each of them.
/// None without days, or where stock was worth nothing.
#[must_use]
pub fn turnover(cost: Amount, worth: &[Amount]) -> Option<Turnover> {
    let days = i128::try_from(worth.len()).ok()?;
    let sum: i128 = worth.iter().map(|amount| i128::from(amount.units())).sum();
    let cost = i128::from(cost.units());
    if sum <= 0 || cost < 0 {
        return None;
    }
    // cost ÷ (sum ÷ days), and days ÷ that.
    let times_milli = i64::try_from(half_up(cost * days * 1_000, sum)).ok()?;
    let lasts = (cost > 0).then(|| i64::try_from(half_up(sum * 10, cost)).ok());
    Some(Turnover { times_milli, days_tenths: lasts.flatten() })
}

fn half_up(top: i128, bottom: i128) -> i128 {
    (top * 2 + bottom) / (bottom * 2)
}
