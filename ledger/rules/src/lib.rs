//! Conditions in CEL, decision tables and rules over typed facts.
//!
//! What a house has decided stands as data: conditions (`condition`), tables of them (`table`), and rules that
//! say when to look, at what, and what follows. Everything here is pure: time is an argument, nothing is opened.
//! Invariants: what exists was checked against its schema; an answer is bounded in time by its text; a failure
//! before an operation means that it is denied. Absent: doing what follows (the engine), words to people (the
//! notices).

mod catalogue;
pub mod condition;
pub mod facts;
mod nearest;
pub mod schema;

pub use condition::{Condition, ConditionError, ConditionMistake, ConditionMistakes, Params, Told};
pub use facts::{Fact, Facts, Name, Named, Record};
pub use schema::{Declared, FactType, Schema, SchemaError};
