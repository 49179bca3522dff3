//! Facts: what is known when a condition is asked, by name.
//!
//! Names are dotted, such as `document.amount` or `history.in_out_count`; `lines` is a list of records, one a line.
//! Amounts are in ten-thousandths, quantities in base units, shares in per mille, days are texts such as
//! `2026-11-29`. Invariants: a fact that is not known is not there (a condition that needs it fails, and
//! `has(…)` asks for it); names are kept sorted, so that facts have canonical bytes and can be frozen in the
//! journal. Absent: floats, null, and anything that could be called.

use std::{borrow::Cow, fmt};

use gatewarden_model::Scalar;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
    ser::SerializeMap,
};

use crate::catalogue;

/// Most facts that are read at once, and most values of a record.
pub const FACTS_MAX: usize = 512;
/// Most values of a list, and most records.
pub const LIST_MAX: usize = 1_000;
/// Longest text that a condition looks into, in bytes.
pub const TEXT_BYTES_MAX: usize = 4_096;

/// The name of a fact or of a record's value.
pub type Name = Cow<'static, str>;

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fact {
    /// A value, or a list of values.
    Scalar(Scalar),
    /// A list of records, such as the lines of a document.
    Records(Vec<Record>),
    /// It can't be told, so that whoever asks for it, even whether it is there, has no answer. Never frozen.
    #[serde(skip)]
    Untold(Untold),
}

/// Why a fact can't be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    /// What happened before was not read.
    #[error("what happened before is still being read from the journal: try again in a moment")]
    NotRead,
    /// A bound was hit.
    #[error("more happened than is remembered: it is told again when the span is over")]
    Overflow,
    /// Nobody looked it up.
    #[error("it is not known here: only the running gateway can tell it")]
    NotHere,
}

impl From<Untold> for Fact {
    fn from(why: Untold) -> Self {
        Self::Untold(why)
    }
}

macro_rules! fact_from {
    ($($value:ty),*) => {
        $(impl From<$value> for Fact {
            fn from(value: $value) -> Self {
                Self::Scalar(value.into())
            }
        })*
    };
}

fact_from!(bool, i64, &str, String, Vec<&str>, Vec<String>, Vec<i64>);

impl From<Scalar> for Fact {
    fn from(value: Scalar) -> Self {
        Self::Scalar(value)
    }
}

/// Values by name, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<V>(Vec<(Name, V)>);

/// One of a list of records: what is known of one line.
pub type Record = Named<Scalar>;

/// What is known, by name. A fact of the catalogue is found by its place there, without comparing names.
#[derive(Clone)]
pub struct Facts {
    /// Where the value of each fact of the catalogue stands among `values`, and one more; 0 for none.
    places: [u8; catalogue::FACTS.len()],
    values: Vec<Fact>,
    /// The house's own, sorted by name.
    own: Named<Fact>,
    /// The largest quantity and amount of its lines, where every line says one.
    pub(crate) of_lines: [Option<i64>; 2],
}

const _: () = assert!(catalogue::FACTS.len() < u8::MAX as usize, "a place fits a byte");

impl<V> Default for Named<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Named<V> {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing yet, with room.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity.min(FACTS_MAX)))
    }

    /// Sets a value, in the place of one that was there.
    pub fn set(&mut self, name: impl Into<Name>, value: impl Into<V>) -> &mut Self {
        let (name, value) = (name.into(), value.into());
        // Whoever sets them in order pays for no search.
        if self.0.last().is_none_or(|(last, _)| *last < name) {
            self.0.push((name, value));
            return self;
        }
        match self.0.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (name, value)),
        }
        self
    }

    /// Sets a value where there is one.
    pub fn set_some(&mut self, name: impl Into<Name>, value: Option<impl Into<V>>) -> &mut Self {
        if let Some(value) = value {
            self.set(name, value);
        }
        self
    }

    /// The value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&V> {
        let at = self.0.binary_search_by(|(known, _)| known.as_ref().cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    /// All, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &V)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Default for Facts {
    fn default() -> Self {
        let (places, values) = ([0; catalogue::FACTS.len()], Vec::new());
        Self { places, values, own: Named::default(), of_lines: [None; 2] }
    }
}

impl Facts {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a value, in the place of one that was there.
    pub fn set(&mut self, name: impl Into<Name>, value: impl Into<Fact>) -> &mut Self {
        let name = name.into();
        match catalogue::find(&name) {
            Some(place) => self.put(place, value.into()),
            None => drop(self.own.set(name, value)),
        }
        self
    }

    /// Sets the value of a fact of the catalogue.
    pub(crate) fn put(&mut self, place: usize, value: Fact) {
        const LINES: usize = catalogue::at("lines");
        if place == LINES {
            self.of_lines = [None; 2];
        }
        let at = usize::from(self.places[place]);
        if let Some(known) = at.checked_sub(1).and_then(|at| self.values.get_mut(at)) {
            *known = value;
            return;
        }
        self.values.push(value);
        self.places[place] = u8::try_from(self.values.len()).unwrap_or(u8::MAX);
    }

    /// Sets a value where there is one.
    pub fn set_some(&mut self, name: impl Into<Name>, value: Option<impl Into<Fact>>) -> &mut Self {
        if let Some(value) = value {
            self.set(name, value);
        }
        self
    }

    /// Sets a list of records. An empty one is an empty list, whatever it would hold.
    pub fn set_records(&mut self, name: impl Into<Name>, records: Vec<Record>) -> &mut Self {
        if records.is_empty() {
            return self.set(name, Scalar::List(vec![]));
        }
        self.set(name, Fact::Records(records))
    }

    /// The value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Fact> {
        match catalogue::find(name) {
            Some(place) => self.at(place),
            None => self.own.get(name),
        }
    }

    /// The value of a fact of the catalogue.
    pub(crate) fn at(&self, place: usize) -> Option<&Fact> {
        let at = usize::from(*self.places.get(place)?);
        self.values.get(at.checked_sub(1)?)
    }

    /// The value of one of the house's own.
    pub(crate) fn own(&self, name: &str) -> Option<&Fact> {
        self.own.get(name)
    }

    /// All, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Fact)> {
        let known = catalogue::sorted().iter();
        let known = known.filter_map(|(name, place)| Some((*name, self.at(*place)?)));
        let mut all: Vec<(&str, &Fact)> = known.chain(self.own.iter()).collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all.into_iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() + self.own.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl PartialEq for Facts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Facts {}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<N: Into<Name>, W: Into<Fact>> FromIterator<(N, W)> for Facts {
    fn from_iter<I: IntoIterator<Item = (N, W)>>(pairs: I) -> Self {
        let mut facts = Self::default();
        for (name, value) in pairs {
            facts.set(name, value);
        }
        facts
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Named::<Fact>::deserialize(deserializer)?;
        Ok(read.0.into_iter().collect())
    }
}

impl From<Vec<Record>> for Fact {
    fn from(records: Vec<Record>) -> Self {
        Self::Records(records)
    }
}

impl<N: Into<Name>, W: Into<V>, V> FromIterator<(N, W)> for Named<V> {
    fn from_iter<I: IntoIterator<Item = (N, W)>>(pairs: I) -> Self {
        let mut named = Self::default();
        for (name, value) in pairs {
            named.set(name, value);
        }
        named
    }
}

impl<V: Serialize> Serialize for Named<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name.as_ref(), value)?;
        }
        map.end()
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Named<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Read<V> {
            type Value = Named<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("facts by name")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Named<V>, M::Error> {
                let mut named = Named::default();
                while let Some((name, value)) = map.next_entry::<String, V>()? {
                    if named.len() == FACTS_MAX {
                        return Err(M::Error::custom(format!("more than {FACTS_MAX} facts")));
                    }
                    named.set(name, value);
                }
                Ok(named)
            }
        }
        deserializer.deserialize_map(Read(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use gatewarden_model::canonical;

    use super::*;

    #[test]
    fn frozen_facts_come_back_whatever_the_order_they_were_set_in() {
        let line = |item: &str, quantity: i64| {
            let mut line = Record::new();
            line.set("item", item).set("quantity", quantity);
            line
        };
        let mut facts = Facts::new();
        facts.set("document.kind", "requisition").set("document.amount", 5_i64);
        facts.set("session.roles", vec!["storekeeper"]).set("document.amount", 6_i64);
        facts.set_records("lines", vec![line("A", 1), line("B", 2)]);
        facts.set_records("links", vec![]);
        facts.set_some("document.due", None::<&str>);
        let bytes = canonical::encode(&facts).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(
            text,
            r#"{"document.amount":6,"document.kind":"requisition","lines":[{"item":"A","quantity":1},{"item":"B","quantity":2}],"links":[],"session.roles":["storekeeper"]}"#
        );
        assert_eq!(canonical::decode::<Facts>(&bytes).unwrap(), facts);
        assert_eq!(facts.get("document.amount"), Some(&Fact::from(6_i64)));
        assert_eq!(facts.get("document.due"), None);
        assert!(serde_json::from_str::<Facts>(r#"{"a":1.5}"#).is_err(), "no floats");
    }
}
