//! Conditions in CEL, decision tables and rules over typed facts.
//!
//! What a house has decided stands as data: conditions (`condition`), tables of them (`table`), and rules that
//! say when to look, at what, and what follows (`definition`, made ready by `set`). What happened is remembered
//! in bounded windows (`history`), what is known comes from a `Ground`; `watch` asks a set about what happens,
//! `scan` runs what is due, `backtest` what would have been. Everything here is pure: time is an argument,
//! nothing is opened. Invariants: what exists was checked against its schema; an answer is bounded in time by its
//! text; a failure before an operation means that it is denied. Absent: doing what follows (the engine), words
//! to people (the notices).

pub mod backtest;
pub mod books;
mod catalogue;
pub mod condition;
pub mod definition;
mod explain;
pub mod facts;
mod ground;
pub mod history;
mod memory;
mod nearest;
mod scan;
pub mod schema;
pub mod set;
pub mod table;
mod wants;
mod watch;

pub use backtest::{Backtest, BacktestReport};
pub use books::Books;
pub use condition::{Condition, ConditionError, ConditionMistake, ConditionMistakes, Params, Told};
pub use definition::{RuleAction, RuleDefinition, RuleDefinitions};
pub use explain::{Explained, explain};
pub use facts::{Fact, Facts, Name, Named, Record, Untold};
pub use ground::{
    Ground, NoGround, StockFacts, orders_behind, put_document, put_item, put_movement, put_time,
};
pub use history::{Asking, History, HistorySettings};
pub use memory::{MEMORY_KEYS_MAX, Memory};
pub use scan::{SCAN_FIRINGS_MAX, Scan, StockLayer};
pub use schema::{Declared, FactType, Schema, SchemaError};
pub use set::{Event, Failure, Findings, Rule, RuleMistake, RulePart, RuleSet, Touched, Verdict};
pub use table::Table;
pub use wants::Wants;
pub use watch::{Around, ITEMS_ASKED_MAX, entry_word, operation_of};
