//! Which facts there are, of which types, and what they mean: what conditions are checked against.
//!
//! The facts that every gateway knows stand in `catalogue`; custom fields of the house extend them. Invariants:
//! names are sorted and unique, a fact's place in that order is its slot; a schema is bounded. Absent: the
//! values (`facts`).

use std::{collections::BTreeMap, fmt};

use gatewarden_model::rule::FieldFact;

use crate::{catalogue, facts::Name, nearest::nearest};

/// Most custom facts that a house adds.
pub const CUSTOM_FACTS_MAX: usize = 256;

/// The type of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactType {
    /// A whole number, in minor units.
    Integer,
    /// A text; a day is one.
    Text,
    /// Yes or no.
    Bool,
    /// Whole numbers.
    Integers,
    /// Texts.
    Texts,
    /// Records, whose values are declared as `NAME[].VALUE`.
    Records,
}

impl fmt::Display for FactType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "a whole number",
            Self::Text => "a text",
            Self::Bool => "true or false",
            Self::Integers => "a list of whole numbers",
            Self::Texts => "a list of texts",
            Self::Records => "a list of records",
        })
    }
}

/// One fact that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its name; `NAME[].VALUE` for a value of a record.
    pub name: Name,
    /// Its type.
    pub is: FactType,
    /// What it means, with its unit.
    pub doc: Name,
}

/// Why a schema can't be extended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// There is such a fact already.
    #[error("there is a fact {0:?} already: call the field otherwise")]
    Twice(String),
    /// Too many.
    #[error("more than {CUSTOM_FACTS_MAX} custom facts: leave out those that no rule needs")]
    TooMany,
}

impl SchemaError {
    /// Which kind of mistake it is, stable for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Twice(_) => "fact-twice",
            Self::TooMany => "too-many-facts",
        }
    }
}

/// Which facts there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    facts: Vec<Declared>,
    custom: usize,
}

impl Schema {
    /// The facts that every gateway knows.
    #[must_use]
    pub fn standard() -> Self {
        let mut schema = Self::default();
        for (name, is, doc) in catalogue::FACTS {
            schema.declare((*name).into(), *is, (*doc).into());
        }
        schema
    }

    /// No facts at all, for tests and for those who bring their own.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// A further fact, such as `document.custom.colour` or `lines[].custom.colour`.
    pub fn custom(
        &mut self,
        name: impl Into<Name>,
        is: FactType,
        doc: impl Into<Name>,
    ) -> Result<(), SchemaError> {
        let name = name.into();
        if self.find(&name).is_ok() {
            return Err(SchemaError::Twice(name.into_owned()));
        }
        if self.custom == CUSTOM_FACTS_MAX {
            return Err(SchemaError::TooMany);
        }
        self.custom += 1;
        self.declare(name, is, doc.into());
        Ok(())
    }

    /// The facts of every gateway, and those of the fields that a house declared: the name of the fact, what it is,
    /// and what people call it. A field may be declared for several kinds of document; it is one fact.
    pub fn of_house(
        fields: impl IntoIterator<Item = (String, FieldFact, String)>,
    ) -> Result<Self, SchemaError> {
        let mut schema = Self::standard();
        for (name, is, title) in fields {
            let is = match is {
                FieldFact::Integer => FactType::Integer,
                FieldFact::Bool => FactType::Bool,
                FieldFact::Text => FactType::Text,
            };
            match schema.custom(name, is, title) {
                Ok(()) | Err(SchemaError::Twice(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(schema)
    }

    fn declare(&mut self, name: Name, is: FactType, doc: Name) {
        if let Err(at) = self.find(&name) {
            self.facts.insert(at, Declared { name, is, doc });
        }
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.facts.binary_search_by(|known| known.name.as_ref().cmp(name))
    }

    /// The fact of this name and its slot.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<(usize, &Declared)> {
        let slot = self.find(name).ok()?;
        Some((slot, &self.facts[slot]))
    }

    /// All facts, sorted by name.
    #[must_use]
    pub fn facts(&self) -> &[Declared] {
        &self.facts
    }

    /// The values of the records of this name: name and type.
    pub fn record<'s>(&'s self, of: &str) -> impl Iterator<Item = (&'s str, FactType)> {
        let prefix = format!("{of}[].");
        let cut = prefix.len();
        let mine = self.facts.iter().filter(move |fact| fact.name.starts_with(&prefix));
        mine.map(move |fact| (&fact.name[cut..], fact.is))
    }

    /// Whether some fact's name begins with this group, such as `document`.
    #[must_use]
    pub fn is_group(&self, group: &str) -> bool {
        let begins =
            |name: &str| name.strip_prefix(group).is_some_and(|rest| rest.starts_with('.'));
        self.facts.iter().any(|fact| begins(&fact.name))
    }

    /// The known name most like this one.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.facts.iter().map(|fact| fact.name.as_ref()))
    }

    /// The facts by group, for documentation.
    #[must_use]
    pub fn groups(&self) -> BTreeMap<&str, Vec<&Declared>> {
        let mut groups: BTreeMap<&str, Vec<&Declared>> = BTreeMap::new();
        for fact in &self.facts {
            let group = fact.name.split(['.', '[']).next().unwrap_or_default();
            groups.entry(group).or_default().push(fact);
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_facts_are_unique_and_told_in_words() {
        let schema = Schema::standard();
        assert_eq!(schema.facts().len(), catalogue::FACTS.len(), "a name stands twice");
        for fact in schema.facts() {
            assert!(fact.doc.ends_with('.'), "{}", fact.name);
            assert!(fact.name.contains('.') || fact.is == FactType::Records, "{}", fact.name);
        }
        assert_eq!(schema.nearest("document.amuont"), Some("document.amount"));
        assert_eq!(schema.nearest("weather"), None);
        assert!(schema.record("lines").any(|(name, is)| name == "item" && is == FactType::Text));
    }

    #[test]
    fn the_house_s_own_fields_are_facts_too() {
        let mut schema = Schema::standard();
        let name = "document.custom.colour";
        assert_eq!(schema.custom(name, FactType::Text, "Colour."), Ok(()));
        let twice = schema.custom("document.amount", FactType::Text, "").map_err(|e| e.code());
        assert_eq!(twice, Err("fact-twice"));
        assert!(schema.fact("document.custom.colour").is_some());
        let all = (0..CUSTOM_FACTS_MAX)
            .map(|i| schema.custom(format!("item.custom.f{i}"), FactType::Bool, "F."))
            .collect::<Result<Vec<_>, _>>();
        assert_eq!(all, Err(SchemaError::TooMany));
    }
}
