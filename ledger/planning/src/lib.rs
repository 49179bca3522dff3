//! What stock needs to be planned and checked: BOMs and their changes, requisitions, suggestions,
//! sampling, counts, settlements.
//!
//! Functions from what is known to what follows. Invariants: quantities are whole base units, what lies
//! between is an exact fraction and is rounded once, at the end; every list, depth and number is bounded by
//! a named constant; a mistake has a stable code and names the field and the way out. Absent on purpose:
//! who may (the engine), who signs (`gatewarden-workflow`), the states of documents
//! (`gatewarden-documents`), clocks and randomness: days are arguments.

pub mod bom;
pub mod count;
pub mod eco;
mod error;
pub mod exact;
mod fact;
pub mod requisition;
pub mod sampling;
pub mod settle;
pub mod suggest;

pub use bom::{BomLine, BomVersion, Boms, Effect};
pub use eco::ChangeOrder;
pub use error::PlanError;
pub use exact::Ratio;
pub use fact::{Fact, Facts};
