//! What a check found, as facts for rules and for the branches of a workflow.
//!
//! Names in use: `excess`, `excess_permille`, `not_in_bom`, `author`, `products`, `difference_value`,
//! `concession` … each is told where it is made. Quantities are base units, amounts ten-thousandths, shares
//! per mille; a fact that is not known is left out. Absent: conditions over them (`gatewarden-rules`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Facts by name.
pub type Facts = BTreeMap<String, Fact>;

/// The value of one fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fact {
    /// Whether something holds.
    Truth(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Some texts.
    Texts(Vec<String>),
}

/// Puts facts together.
pub(crate) fn facts<const N: usize>(list: [(&str, Fact); N]) -> Facts {
    list.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect()
}
