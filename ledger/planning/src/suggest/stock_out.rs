//! The day on which stock will lack.
//!
//! The first day on which on hand and what comes is less than what goes; where no dated demand empties it,
//! the day by the mean daily issue. What is overdue counts for today; on one day, what comes counts before
//! what goes. Absent: what is on quality inspection or blocked, which is not on hand.

use std::collections::BTreeMap;

use gatewarden_model::Day;
use serde::Serialize;

/// A quantity on a day, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Dated {
    /// When.
    pub day: Day,
    /// How much.
    pub quantity: i64,
}

/// By what a stock-out is foreseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StockOutBy {
    /// By dated demand.
    Demand,
    /// By the mean daily issue.
    MeanIssue,
}

/// The first day that lacks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StockOut {
    /// Which.
    pub day: Day,
    /// How it is foreseen.
    pub by: StockOutBy,
}

/// The day that lacks it first; none where none is foreseen. `issued` is how much went in how many days.
#[must_use]
pub fn stock_out(
    today: Day,
    on_hand: i64,
    supply: &[Dated],
    demand: &[Dated],
    issued: (i64, u32),
) -> Option<StockOut> {
    let by_demand = dated(today, on_hand, supply, demand);
    by_demand.map(|day| StockOut { day, by: StockOutBy::Demand }).or_else(|| {
        let day = by_mean(today, on_hand, issued)?;
        Some(StockOut { day, by: StockOutBy::MeanIssue })
    })
}

fn dated(today: Day, on_hand: i64, supply: &[Dated], demand: &[Dated]) -> Option<Day> {
    let mut days: BTreeMap<Day, i128> = BTreeMap::from([(today, i128::from(on_hand))]);
    let signed = supply.iter().map(|one| (one, 1)).chain(demand.iter().map(|one| (one, -1)));
    for (Dated { day, quantity }, sign) in signed {
        *days.entry((*day).max(today)).or_insert(0) += sign * i128::from(*quantity);
    }
    let mut there = 0;
    days.into_iter().find_map(|(day, change)| {
        there += change;
        (there < 0).then_some(day)
    })
}

/// `on hand ÷ mean` whole days are covered; the next one lacks it.
fn by_mean(today: Day, on_hand: i64, (issued, days): (i64, u32)) -> Option<Day> {
    if issued <= 0 || days == 0 {
        return None;
    }
    let covered = i128::from(on_hand.max(0)) * i128::from(days) / i128::from(issued);
    let day = i128::from(today.number()) + covered;
    Some(Day::from_number(i64::try_from(day).unwrap_or(i64::MAX)))
}
