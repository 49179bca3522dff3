//! Procedures: what a house has decided about its documents, approvals, rules and notices, as files.

pub mod documents;
pub mod rules;
