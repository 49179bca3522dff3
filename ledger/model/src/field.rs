//! Fields: parts of entries, documents and stock that rights are given for one by one.
//!
//! Invariants: a right that is not given is not there (`FieldRights::default` sees and sets nothing); a
//! custom field that nobody named falls under `custom:*`. What hides a field stands in `mask`, and what
//! it takes to set one in `field::stated`. Absent: who has which rights (`gatewarden-engine`).

mod stated;

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use stated::check_custom;

use crate::{
    name::{CustomName, NameError},
    text,
};

/// Most custom fields of one document.
pub const CUSTOM_FIELDS_MAX: usize = 32;
/// Longest value of a custom field, in bytes.
pub const CUSTOM_BYTES_MAX: usize = 256;

/// Custom fields of a document, by name.
pub type Custom = BTreeMap<CustomName, String>;

/// A part that rights are given for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// What a document says a line is to cost: the values of tasks and postings.
    Price,
    /// What stock is worth: values of movements and stock, revaluations, landed cost, vouchers.
    Cost,
    /// The names of suppliers and subcontractors.
    Supplier,
    /// The names of customers.
    Customer,
    /// Who owns stock that is not the house's.
    Owner,
    /// Free texts: reasons and notes.
    Notes,
    /// One custom field.
    Custom(CustomName),
    /// Every custom field that has no right of its own.
    AnyCustom,
}

/// The fields that every gateway has, in the order of their bits.
const KNOWN: [(Field, &str); 6] = [
    (Field::Price, "price"),
    (Field::Cost, "cost"),
    (Field::Supplier, "supplier"),
    (Field::Customer, "customer"),
    (Field::Owner, "owner"),
    (Field::Notes, "notes"),
];
const CUSTOM: &str = "custom:";
const ANY: &str = "custom:*";

/// Why a text is not a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// There is no such field.
    #[error(
        "{0:?} is not a field: use one of price, cost, supplier, customer, owner, notes, custom:NAME, \
         custom:*"
    )]
    Unknown(String),
    /// What stands after `custom:` is no name.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl Field {
    /// The fields that every gateway has, and `custom:*`.
    pub const ALL: [Self; 7] = [
        Self::Price,
        Self::Cost,
        Self::Supplier,
        Self::Customer,
        Self::Owner,
        Self::Notes,
        Self::AnyCustom,
    ];

    fn bit(&self) -> Option<u8> {
        let at = KNOWN.iter().position(|(field, _)| field == self)?;
        Some(1 << at)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Custom(name) => write!(f, "{CUSTOM}{name}"),
            Self::AnyCustom => f.write_str(ANY),
            known => {
                let name = KNOWN.iter().find(|(field, _)| field == known).map_or("", |(_, n)| n);
                f.write_str(name)
            }
        }
    }
}

impl FromStr for Field {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        match text.strip_prefix(CUSTOM) {
            Some("*") => Ok(Self::AnyCustom),
            Some(name) => Ok(Self::Custom(name.parse()?)),
            None => {
                let found = KNOWN.iter().find(|(_, name)| *name == text);
                let unknown = || FieldError::Unknown(text.chars().take(80).collect());
                found.map(|(field, _)| field.clone()).ok_or_else(unknown)
            }
        }
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parse(deserializer, Self::from_str)
    }
}

/// A set of fields. A custom field is in it if it is named so, or else if `custom:*` is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct FieldSet {
    known: u8,
    any_custom: bool,
    custom: BTreeMap<CustomName, bool>,
}

impl FieldSet {
    /// Every field there can be.
    #[must_use]
    pub fn all() -> Self {
        let known = KNOWN.iter().filter_map(|(field, _)| field.bit()).fold(0, |all, bit| all | bit);
        Self { known, any_custom: true, custom: BTreeMap::new() }
    }

    /// Puts a field in, or leaves it out.
    pub fn set(&mut self, field: &Field, is_in: bool) {
        match field {
            Field::AnyCustom => self.any_custom = is_in,
            Field::Custom(name) => drop(self.custom.insert(name.clone(), is_in)),
            known => {
                let bit = known.bit().unwrap_or(0);
                self.known = if is_in { self.known | bit } else { self.known & !bit };
            }
        }
    }

    /// Whether a field is in it; `custom:*` is if every custom field is.
    #[must_use]
    pub fn has(&self, field: &Field) -> bool {
        match field {
            Field::AnyCustom => self.any_custom && self.custom.values().all(|is_in| *is_in),
            Field::Custom(name) => self.custom.get(name).copied().unwrap_or(self.any_custom),
            known => known.bit().is_some_and(|bit| self.known & bit != 0),
        }
    }
}

impl FromIterator<Field> for FieldSet {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        let mut set = Self::default();
        fields.into_iter().for_each(|field| set.set(&field, true));
        set
    }
}

/// Which fields somebody may see, and which he may set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct FieldRights {
    /// What may be seen.
    pub view: FieldSet,
    /// What may be set or changed.
    pub modify: FieldSet,
}

impl FieldRights {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self { view: FieldSet::all(), modify: FieldSet::all() }
    }

    /// Whether a field may be seen.
    #[must_use]
    pub fn sees(&self, field: &Field) -> bool {
        self.view.has(field)
    }

    /// Whether no field is hidden.
    #[must_use]
    pub fn sees_all(&self) -> bool {
        Field::ALL.iter().all(|field| self.sees(field))
    }

    /// Whether a field may be set.
    #[must_use]
    pub fn sets(&self, field: &Field) -> bool {
        self.modify.has(field)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    #[test]
    fn a_field_is_its_name_and_nothing_else_is_one() {
        let colour: Field = "custom:colour".parse().unwrap();
        for field in Field::ALL.into_iter().chain([colour]) {
            assert_eq!(field.to_string().parse::<Field>().unwrap(), field);
            let json = serde_json::to_string(&field).unwrap();
            assert_eq!(serde_json::from_str::<Field>(&json).unwrap(), field);
        }
        for wrong in ["", "Price", "prices", "custom", "custom:", "custom:A b", "custom:**"] {
            assert!(wrong.parse::<Field>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_given_is_not_there_and_a_name_goes_before_the_star() {
        let (colour, size): (Field, Field) =
            ("custom:colour".parse().unwrap(), "custom:size".parse().unwrap());
        let nothing = FieldRights::default();
        for field in Field::ALL.iter().chain([&colour]) {
            assert!(!nothing.sees(field) && !nothing.sets(field), "{field}");
            assert!(FieldRights::all().sees(field) && FieldRights::all().sets(field), "{field}");
        }
        let mut set = FieldSet::all();
        set.set(&colour, false);
        assert!(!set.has(&colour) && set.has(&size) && !set.has(&Field::AnyCustom));
        let view = FieldSet::from_iter([Field::Price, size.clone()]);
        let some = FieldRights { view, ..FieldRights::default() };
        assert!(some.sees(&Field::Price) && some.sees(&size) && !some.sees(&colour));
        assert!(!some.sees_all() && FieldRights::all().sees_all());
    }
}
