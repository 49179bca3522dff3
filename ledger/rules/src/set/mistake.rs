//! What is wrong with a set of rules, and where.

use crate::condition::ConditionMistake;

/// Which part of a rule something is wrong with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RulePart {
    /// The rule as a whole.
    Whole,
    /// One of its keys, such as `cron`; in a list the place from 0.
    Key(&'static str, usize),
    /// Its condition.
    Condition,
    /// A column of its table, from 0.
    Column(usize),
    /// A row of its table, from 0.
    Row(usize),
    /// The condition of a row, from 0.
    RowCondition(usize),
    /// A cell, row and column from 0.
    Cell(usize, usize),
    /// An action: of the rule, or of a row or the default of its table.
    Action(Option<usize>, usize),
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {id:?}: {mistake}")]
pub struct RuleMistake {
    /// The rule's place in its definitions, from 0.
    pub rule: usize,
    /// Its id.
    pub id: String,
    /// With which part.
    pub part: RulePart,
    /// Whether it can be used all the same.
    pub warning: bool,
    /// What, with the place within the part's text.
    pub mistake: ConditionMistake,
}
