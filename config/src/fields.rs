//! What the walk found: checked values by key, each with the place where it stood.
//!
//! A value that was wrong is absent here (its mistake is recorded), so a builder simply finds
//! nothing and gives up; a default that was filled in stands at its table's place.

use std::collections::{BTreeMap, BTreeSet};

use crate::Secret;

/// A range of bytes of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A value and where it stood.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: Span,
}

/// A checked value.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Number(f32),
    Bool(bool),
    Secret(Secret),
    List(Vec<At<Value>>),
    Map(Vec<(At<String>, At<String>)>),
    Free(Vec<(At<String>, At<Value>)>),
    Table(Fields),
    Tables(Vec<Fields>),
    Named(Vec<(At<String>, Fields)>),
}

/// The checked values of one table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    /// Where the table stands (its header).
    pub(crate) at: Span,
    values: BTreeMap<&'static str, At<Value>>,
    /// Keys that stand with a value that is no good, which was told.
    spoilt: BTreeSet<&'static str>,
}

impl Fields {
    pub(crate) fn new(at: Span) -> Self {
        Self { at, ..Self::default() }
    }

    pub(crate) fn set(&mut self, key: &'static str, value: At<Value>) {
        self.values.insert(key, value);
    }

    pub(crate) fn spoil(&mut self, key: &'static str) {
        self.spoilt.insert(key);
    }

    /// Whether the key stands, with a good value or a bad one that was told.
    pub(crate) fn stands(&self, key: &str) -> bool {
        self.has(key) || self.spoilt.contains(key)
    }

    /// Where the key's value stands, or else the table.
    pub(crate) fn place(&self, key: &str) -> Span {
        self.values.get(key).map_or(self.at, |v| v.at)
    }

    /// Whether the key stands, with a good value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    pub(crate) fn value(&self, key: &str) -> Option<&Value> {
        self.values.get(key).map(|v| &v.value)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.value(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// A text as one of the model's names, or anything else that parses.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.text(key)?.parse().ok()
    }

    /// An integer as a narrower type; the shape's range makes it fit.
    pub(crate) fn integer<T: TryFrom<i64>>(&self, key: &str) -> Option<T> {
        match self.value(key)? {
            Value::Integer(integer) => T::try_from(*integer).ok(),
            _ => None,
        }
    }

    pub(crate) fn number(&self, key: &str) -> Option<f32> {
        match self.value(key)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn bool(&self, key: &str) -> Option<bool> {
        match self.value(key)? {
            Value::Bool(bool) => Some(*bool),
            _ => None,
        }
    }

    pub(crate) fn secret(&self, key: &str) -> Option<Secret> {
        match self.value(key)? {
            Value::Secret(secret) => Some(secret.clone()),
            _ => None,
        }
    }

    /// A list's values; none where there is no list.
    pub(crate) fn list(&self, key: &str) -> &[At<Value>] {
        match self.value(key) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    /// A list of texts with their places.
    pub(crate) fn texts(&self, key: &str) -> impl Iterator<Item = (&str, Span)> {
        self.list(key).iter().filter_map(|v| match &v.value {
            Value::Text(text) => Some((text.as_str(), v.at)),
            _ => None,
        })
    }

    /// A list of integers with their places.
    pub(crate) fn integers(&self, key: &str) -> impl Iterator<Item = (i64, Span)> {
        self.list(key).iter().filter_map(|v| match v.value {
            Value::Integer(integer) => Some((integer, v.at)),
            _ => None,
        })
    }

    /// The pairs of a free table, in the order of the file.
    pub(crate) fn pairs(&self, key: &str) -> &[(At<String>, At<String>)] {
        match self.value(key) {
            Some(Value::Map(map)) => map,
            _ => &[],
        }
    }

    /// A free table by key.
    pub(crate) fn map(&self, key: &str) -> BTreeMap<String, String> {
        self.pairs(key).iter().map(|(k, v)| (k.value.clone(), v.value.clone())).collect()
    }

    /// The values of a table whose names the file chooses, in its order.
    pub(crate) fn free(&self, key: &str) -> &[(At<String>, At<Value>)] {
        match self.value(key) {
            Some(Value::Free(free)) => free,
            _ => &[],
        }
    }

    pub(crate) fn table(&self, key: &str) -> Option<&Fields> {
        match self.value(key)? {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// An array's tables, in the order of the file.
    pub(crate) fn tables(&self, key: &str) -> &[Fields] {
        match self.value(key) {
            Some(Value::Tables(tables)) => tables,
            _ => &[],
        }
    }

    /// A table's named tables.
    pub(crate) fn named(&self, key: &str) -> &[(At<String>, Fields)] {
        match self.value(key) {
            Some(Value::Named(named)) => named,
            _ => &[],
        }
    }
}
