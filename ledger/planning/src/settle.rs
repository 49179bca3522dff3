//! Settlements: what a subcontractor used and earns, what a work order cost.
//!
//! Both hold what was taken against what the proven BOM gives for what was received, and value what is
//! beyond it. Invariants: amounts and quantities, never rates; each share is rounded once; used = issued −
//! returned − left over, and never below zero. Absent: wages, machines, overheads.

mod cost;
mod price;
mod subcontract;

use crate::PlanError;

/// Most items of one settlement or work order.
pub const COMPONENTS_MAX: usize = gatewarden_model::DOCUMENT_LINES_MAX;

pub use cost::{CostLine, Taken, WorkCost, work_cost};
pub use price::{PRICES_MAX, Price, PriceList};
pub use subcontract::{Component, Order, Settled, SettledLine, settle};

/// Refuses more items than [`COMPONENTS_MAX`].
fn check_count(field: &str, count: usize) -> Result<(), PlanError> {
    if count <= COMPONENTS_MAX {
        return Ok(());
    }
    let message = format!("{count} items, at most {COMPONENTS_MAX}: settle in parts");
    Err(PlanError::rule("settlement-too-large", field, message))
}
