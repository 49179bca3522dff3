//! Settlements: what a subcontractor used and earns, what a work order cost.
//!
//! Both hold what was taken against what the proven BOM gives for what was received, and value what is
//! beyond it. Invariants: amounts and quantities, never rates; each share is rounded once; used = issued −
//! returned − left over, and never below zero. Absent: wages, machines, overheads.

mod cost;
mod price;
mod subcontract;

pub use cost::{CostLine, Taken, WorkCost, work_cost};
pub use price::{PRICES_MAX, Price, PriceList};
pub use subcontract::{Component, Order, Settled, SettledLine, settle};
