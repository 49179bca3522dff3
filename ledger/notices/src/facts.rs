//! Facts: what the words of a notice may say of its occasion.
//!
//! Invariants: facts are made from entries and documents that are masked for the receiver, so what he may not
//! see is not there; every fact of an occasion's table stands, as nothing where it is not known, so a template
//! that fits the table never misses one; whole numbers, texts, yes or no and rows of those; texts are one line
//! and bounded, rows are bounded and `more` says how many are left out. Amounts and days are texts.

mod made;
mod spec;

use std::collections::BTreeMap;

use gatewarden_model::{ItemId, OperatorId, mask::HIDDEN};
use serde_json::Value;

pub use made::{Told, facts};
pub use spec::specs;

/// Longest fact, in characters.
pub const FACT_CHARS_MAX: usize = 200;
/// Most rows of one list.
pub const ROWS_MAX: usize = 20;

/// The facts of one occasion, by name.
pub type Facts = BTreeMap<String, Value>;

/// A fact that an occasion has.
#[derive(Debug, Clone, Copy)]
pub struct FactSpec {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: FactKind,
    /// Whether it is always known; else it may be nothing.
    pub always: bool,
}

/// What a fact is.
#[derive(Debug, Clone, Copy)]
pub enum FactKind {
    /// One line.
    Text,
    /// A whole number.
    Number,
    /// Rows with these fields.
    Rows(&'static [FactSpec]),
}

/// What is looked up to tell things by the names that people know.
pub trait Names {
    /// An item's name and its base unit.
    fn item(&self, item: &ItemId) -> Option<(String, String)>;
    /// A person's full name.
    fn person(&self, operator: &OperatorId) -> Option<String>;
    /// Minutes east of UTC of the house's clock.
    fn utc_offset_min(&self) -> i32;
}

/// What a sample of facts is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Everything is known.
    Full,
    /// Nothing is known that needs not be, and lists are empty.
    Least,
    /// What may be hidden is.
    Hidden,
}

/// Facts as they may come, to try a template on.
#[must_use]
pub fn sample(specs: &[FactSpec], sample: Sample) -> Facts {
    specs.iter().map(|spec| (spec.name.to_owned(), one(spec, sample))).collect()
}

fn one(spec: &FactSpec, which: Sample) -> Value {
    let known = spec.always || which == Sample::Full;
    match (spec.kind, which) {
        (FactKind::Rows(_), Sample::Least) => Value::Array(vec![]),
        (FactKind::Rows(columns), _) => {
            let row = || columns.iter().map(|column| (column.name.to_owned(), one(column, which)));
            Value::Array((0..2).map(|_| Value::Object(row().collect())).collect())
        }
        (FactKind::Text, Sample::Hidden) => Value::from(HIDDEN),
        (FactKind::Text, _) if known => Value::from("text"),
        (FactKind::Number, _) if known => Value::from(7),
        _ => Value::Null,
    }
}

/// One line of at most [`FACT_CHARS_MAX`] characters.
pub(crate) fn line(text: &str) -> Value {
    let mut line: String = text
        .chars()
        .take(FACT_CHARS_MAX)
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect();
    if text.chars().nth(FACT_CHARS_MAX).is_some() {
        line.push('…');
    }
    Value::from(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::On;

    #[test]
    fn every_occasion_has_facts_of_different_names() {
        for on in On::ALL {
            let specs = specs(on);
            assert_eq!(sample(&specs, Sample::Full).len(), specs.len(), "{}", on.name());
            assert!(specs.iter().any(|spec| spec.name == "receiver"));
        }
        assert_eq!(line("a\nb\u{2028}c"), Value::from("a b c"));
        assert_eq!(line(&"字".repeat(900)).as_str().map(|t| t.chars().count()), Some(201));
    }
}
