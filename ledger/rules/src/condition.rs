//! Conditions: CEL texts, checked against a schema once and then asked often.
//!
//! The language is a part of CEL (the Common Expression Language), parsed by the crate `cel`: comparisons,
//! `&& || !`, `?:`, checked whole-number arithmetic, `in`, `has`, `size`, `startsWith`, `endsWith`, `contains`,
//! `matches` with a written pattern, `exists` and `all` over a list, `amount("5000.01")` for an amount in
//! ten-thousandths, and `param.NAME` for a parameter of the rule. It means what CEL means; a test holds it to
//! the interpreter of `cel`.
//!
//! Invariants: a condition that exists is of right types, so that only what is not known, an overflow or a
//! division by zero can fail; `&&` and `||` are indifferent to a failure on the side that does not matter; the
//! cost is bounded by the text (no macro in a macro, bounded lists, texts and patterns). Absent: floats,
//! functions with effects, anything that could go on without end.

mod check;
mod eval;
mod expr;
mod need;
mod parse;
mod told;

use std::{collections::BTreeMap, fmt, sync::Arc};

use gatewarden_model::Scalar;

pub use parse::{CONDITION_BYTES_MAX, CONDITION_DEPTH_MAX, CONDITION_TOKENS_MAX};
pub use told::{TOLD_MAX, Told};

pub(crate) use eval::Frame;
pub(crate) use need::{Need, OfLines};

use crate::{
    facts::{Facts, Name, Untold},
    schema::Schema,
};
use expr::Expr;

/// Parameters by name: `param.NAME` in a condition.
pub type Params = BTreeMap<String, Scalar>;

/// One thing wrong with a condition's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (expected {expected}{})", hint.as_ref().map(|h| format!("; {h}")).unwrap_or_default())]
pub struct ConditionMistake {
    /// From which byte of the text on.
    pub start: usize,
    /// Up to before which byte.
    pub end: usize,
    /// Which kind of mistake it is, stable for machines.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub expected: String,
    /// The way out, where one is known.
    pub hint: Option<String>,
}

/// Everything wrong with a condition's text, in its order; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionMistakes(pub Vec<ConditionMistake>);

impl fmt::Display for ConditionMistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.0.iter().enumerate() {
            write!(f, "{}at byte {}: {mistake}", if i == 0 { "" } else { "; " }, mistake.start)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConditionMistakes {}

/// Why a condition has no answer. Before an operation that means: denied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// A fact is not known.
    #[error("the fact {0:?} is not known here: ask with has({0}) first")]
    Missing(Name),
    /// A fact can't be told.
    #[error("the fact {name:?} can't be told: {why}")]
    Untold {
        /// Which.
        name: Name,
        /// Why.
        why: Untold,
    },
    /// A fact is of another type than its schema says.
    #[error("the fact {name:?} is not {expected}")]
    WrongType {
        /// Which.
        name: Name,
        /// What it should be.
        expected: &'static str,
    },
    /// A number beyond 64 bits.
    #[error("the result of {0:?} is beyond 64 bits")]
    Overflow(&'static str),
    /// A division by zero.
    #[error("a division by zero in {0:?}: ask for zero first")]
    DivisionByZero(&'static str),
    /// A list or text that is too long to be looked through.
    #[error("the fact {name:?} is longer than {max}")]
    TooLong {
        /// Which.
        name: Name,
        /// How long it may be: values of a list, bytes of a text.
        max: usize,
    },
}

impl ConditionError {
    /// Which kind of failure it is, stable for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "fact-missing",
            Self::Untold { .. } => "fact-untold",
            Self::WrongType { .. } => "fact-wrong-type",
            Self::Overflow(_) => "overflow",
            Self::DivisionByZero(_) => "division-by-zero",
            Self::TooLong { .. } => "fact-too-long",
        }
    }
}

/// A condition: a text that was checked, and what it came to.
#[derive(Debug, Clone)]
pub struct Condition {
    text: Arc<str>,
    expr: Arc<Expr>,
    uses: Arc<[Use]>,
    values: Arc<[String]>,
}

/// A fact that a condition looks at: its name, and its place in the catalogue where it is one of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) name: Name,
    pub(crate) known: Option<usize>,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Condition {}

impl Condition {
    /// Checks a text without parameters. Fails with everything that is wrong with it.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self, ConditionMistakes> {
        Self::parse_with(text, schema, &Params::new())
    }

    /// Checks a text. `param.NAME` stands for the parameter's value. Fails with everything that is wrong.
    pub fn parse_with(
        text: &str,
        schema: &Schema,
        params: &Params,
    ) -> Result<Self, ConditionMistakes> {
        let tree = parse::tree(text).map_err(ConditionMistakes)?;
        let (expr, uses, values) =
            check::check(&tree, schema, params).map_err(ConditionMistakes)?;
        let (uses, values) = (uses.into(), values.into());
        Ok(Self { text: text.into(), expr: Arc::new(expr), uses, values })
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of the facts that it looks at, each once; a list of records under its own name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.uses.iter().map(|one| one.name.as_ref())
    }

    /// The values of records that it looks at, as `lines[].quantity`.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(String::as_str)
    }

    /// Whether it holds. Fails where that can't be told.
    pub fn holds(&self, facts: &Facts) -> Result<bool, ConditionError> {
        eval::holds(&self.expr, &Frame { facts, uses: &self.uses })
    }

    /// What must be so for it to hold: one of these; none where that can't be told.
    pub(crate) fn needs(&self) -> Option<Vec<Need>> {
        need::needs(&self.expr, &self.uses)
    }

    /// Its parts that are true or false by themselves, with the values that they saw and their answers; at most
    /// [`TOLD_MAX`].
    #[must_use]
    pub fn explain(&self, facts: &Facts) -> Vec<Told> {
        told::told(&self.expr, &Frame { facts, uses: &self.uses })
    }
}
