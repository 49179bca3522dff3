//! Typed fields, declared per kind of document and class of item: the house's own, and those of a kind.
//!
//! A value stands in a document as a text. Invariants: a declared value has exactly one spelling, which
//! `FieldType::parse` gives and `check` asks for; a field that is not declared does not pass; a rule sees
//! typed values only. Absent: who may see and set a field (`custom:NAME` rights of roles), and the fields
//! that every document has.

mod declared;
mod mask;
mod value;

use gatewarden_model::{Amount, CustomName, DocumentKind, ItemClass, rule::FieldFact};
use serde::{Deserialize, Serialize};

pub(crate) use declared::declaration_faults;
pub use declared::{check, facts, fill_defaults, line_facts};
pub use mask::{Mask, MaskError};
pub use value::{Value, ValueError};

use crate::kinds::{is_default, words_of};

/// Most declared fields.
pub const FIELDS_MAX: usize = 512;
/// Most choices of one field.
pub const CHOICES_MAX: usize = 64;
/// Most kinds or classes that one declaration names.
pub const SCOPE_MAX: usize = DocumentKind::ALL.len();

words_of!(/// Where a field stands.
Level {
    /// In the head.
    Document = "document",
    /// In each line.
    Line = "line",
});

/// One declared field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldDeclaration {
    /// Its name, by which rights are given for it.
    pub name: CustomName,
    /// Its name for people.
    pub title: String,
    /// Where it stands.
    pub on: Level,
    /// In documents of these kinds; all where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<DocumentKind>,
    /// In lines of items of these classes; all where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ItemClass>,
    /// What it holds.
    pub holds: FieldType,
    /// Whether it must stand.
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: bool,
    /// What it is where it is left out, in the one spelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FieldType {
    /// A line of text.
    Text {
        /// Longest, in bytes; at most `CUSTOM_BYTES_MAX`.
        bytes_max: u32,
        /// What it looks like.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mask: Option<Mask>,
    },
    /// A whole number, both limits included.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// Base units, both limits included.
    Quantity {
        /// Smallest, at least 0.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// Money, both limits included.
    Amount {
        /// Smallest.
        min: Amount,
        /// Largest.
        max: Amount,
    },
    /// A day.
    Day {},
    /// Yes or no.
    Bool {},
    /// One of some words.
    Choice {
        /// The words.
        of: Vec<String>,
    },
    /// The name of an operator.
    Operator {},
    /// The code of an item.
    Item {},
    /// A document, as `kind/number`.
    Document {
        /// Of one of these kinds; of any where none is named.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kinds: Vec<DocumentKind>,
    },
}

impl FieldDeclaration {
    /// Whether it stands in documents of this kind.
    #[must_use]
    pub fn is_of(&self, kind: DocumentKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Whether it stands in lines of items of this class.
    #[must_use]
    pub fn is_of_class(&self, class: ItemClass) -> bool {
        self.classes.is_empty() || self.classes.contains(&class)
    }
}

impl FieldDeclaration {
    /// The fact that conditions ask for it by, and of which type it is.
    #[must_use]
    pub fn fact(&self) -> (String, FieldFact) {
        let is = match self.holds {
            FieldType::Integer { .. } | FieldType::Quantity { .. } | FieldType::Amount { .. } => {
                FieldFact::Integer
            }
            FieldType::Bool {} => FieldFact::Bool,
            _ => FieldFact::Text,
        };
        let before = match self.on {
            Level::Document => "document.custom",
            Level::Line => "lines[].custom",
        };
        (format!("{before}.{}", self.name), is)
    }
}

impl FieldType {
    /// Its name, as in declarations.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Integer { .. } => "integer",
            Self::Quantity { .. } => "quantity",
            Self::Amount { .. } => "amount",
            Self::Day {} => "day",
            Self::Bool {} => "bool",
            Self::Choice { .. } => "choice",
            Self::Operator {} => "operator",
            Self::Item {} => "item",
            Self::Document { .. } => "document",
        }
    }
}
