//! What a work order's material cost, against what the BOM gives for what it made.
//!
//! Invariants: actual = issued − returned, in quantity and value; the standard is without scrap allowance
//! and valued at what the material of the order cost; variance = actual − standard. Absent: wages and
//! overheads.

use std::collections::BTreeMap;

use gatewarden_model::{Amount, ItemId};
use serde::Serialize;

use crate::{
    PlanError,
    requisition::{Needs, Work},
};

/// What a work order took of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Of which.
    pub item: ItemId,
    /// Base units issued, and what they were worth.
    pub issued: (i64, Amount),
    /// Base units that came back, and what they were worth.
    pub returned: (i64, Amount),
}

/// An item of the work order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CostLine {
    /// Which.
    pub item: ItemId,
    /// Base units used.
    pub actual: i64,
    /// What they cost.
    pub actual_value: Amount,
    /// Of the used ones, what the BOM gives for what was made.
    pub standard: i64,
    /// What those cost, as a share of the actual value.
    pub standard_value: Amount,
    /// Base units that the BOM gives and nothing covered.
    pub saved: i64,
    /// Actual less standard value.
    pub variance: Amount,
}

/// The material cost of a work order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkCost {
    /// By item.
    pub lines: Vec<CostLine>,
    /// All material.
    pub material: Amount,
    /// All variances.
    pub variance: Amount,
    /// What was made: the cost of one is `material` over this. None where nothing was.
    pub made: Option<i64>,
}

/// Costs a work order; `work.quantity` is what it made, 0 or more.
pub fn work_cost(work: Work<'_>, taken: &[Taken], decimals: u8) -> Result<WorkCost, PlanError> {
    if work.quantity < 0 {
        let message = format!("{} made: state 0 or more", work.quantity);
        return Err(PlanError::rule("quantity-impossible", "made", message));
    }
    super::check_count("taken", taken.len())?;
    let mut needs = Needs::new(&[work], false)?;
    let mut lines = BTreeMap::new();
    let (mut material, mut variance) = (Amount::ZERO, Amount::ZERO);
    for (index, one) in taken.iter().enumerate() {
        let line = cost_line(&mut needs, one, index, decimals)?;
        let overflow = || PlanError::overflow(&one.item);
        material = material.checked_add(line.actual_value).ok_or_else(overflow)?;
        variance = variance.checked_add(line.variance).ok_or_else(overflow)?;
        if lines.insert(one.item.clone(), line).is_some() {
            let message = format!("{} stands twice: add the lines up", one.item);
            return Err(PlanError::rule("component-twice", format!("taken[{index}]"), message));
        }
    }
    for (item, saved) in needs.uncovered()?.into_iter().filter(|(_, saved)| *saved > 0) {
        let none = || CostLine {
            item: item.clone(),
            actual: 0,
            actual_value: Amount::ZERO,
            standard: 0,
            standard_value: Amount::ZERO,
            saved: 0,
            variance: Amount::ZERO,
        };
        lines.entry(item.clone()).or_insert_with(none).saved = saved;
    }
    let made = (work.quantity > 0).then_some(work.quantity);
    Ok(WorkCost { lines: lines.into_values().collect(), material, variance, made })
}

fn cost_line(
    needs: &mut Needs,
    taken: &Taken,
    index: usize,
    decimals: u8,
) -> Result<CostLine, PlanError> {
    let Taken { item, issued, returned } = taken;
    if issued.0 < 0 || !(0..=issued.0).contains(&returned.0) {
        let message = format!("{} of {item} came back, {} went out", returned.0, issued.0);
        return Err(PlanError::rule("return-over-issue", format!("taken[{index}]"), message));
    }
    let overflow = || PlanError::overflow(item);
    let actual = issued.0 - returned.0;
    let actual_value = issued.1.checked_sub(returned.1).ok_or_else(overflow)?;
    let standard = actual - needs.take(item, actual)?;
    let standard_value = match standard {
        0 => Amount::ZERO,
        _ => actual_value.share(standard, actual, decimals).ok_or_else(overflow)?,
    };
    let variance = actual_value.checked_sub(standard_value).ok_or_else(overflow)?;
    let item = item.clone();
    Ok(CostLine { item, actual, actual_value, standard, standard_value, saved: 0, variance })
}
