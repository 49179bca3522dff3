//! Documents: their kinds and life cycles as data, their fields, lines and links.
//!
//! Pure: no clock, no I/O, no randomness, no floats. What a house knows (items, places, people) comes in
//! through the trait [`check::Known`]; what has moved, as the movements of the journal. Absent on purpose:
//! who may do something (the policies), who signs (`gatewarden-workflow`), what is in stock
//! (`gatewarden-stock`), BOMs and requisitions against them (`gatewarden-planning`).

pub mod check;
pub mod compare;
pub mod diff;
pub mod exchange;
pub mod fields;
pub mod frame;
pub mod kinds;
pub mod mistake;
pub mod numbering;
pub mod quantities;

pub use check::{Known, check};
pub use compare::{Difference, LineChange, LineDifference, compare};
pub use diff::{Change, covers, diff, touches};
pub use fields::{FieldDeclaration, FieldType, Value};
pub use frame::{Circumstances, Frame, FrameFault, State, Step, after, allowed, steps};
pub use kinds::{Execution, KindDefinition, Kinds};
pub use mistake::{Mistake, Mistakes};
pub use numbering::Numbering;
pub use quantities::{Admission, LineQuantities, Quantities};
