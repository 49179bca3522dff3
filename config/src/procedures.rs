//! Procedures: what a house has decided about its documents, approvals, rules and notices, as files.

pub mod channels;
pub mod documents;
pub mod notices;
pub mod rules;
mod section;
mod signers;
pub mod workflows;

pub(crate) use section::{Names, PROCEDURES, read};
pub use section::{PROCEDURES_BYTES_MAX, ProceduresSection};
