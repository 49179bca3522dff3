//! What a rule found: the facts that it looked at and what followed, as the journal keeps it.
//!
//! Invariants: a firing names the rule and the digest of the very definition that fired, so that "why" can be
//! replayed; facts are whole numbers in minor units, texts, yes and no, and lists of those; everything has
//! canonical bytes and is bounded. Absent: how a rule decides (`gatewarden-rules`) and what the house does
//! about it (`gatewarden-engine`).

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{DocumentKind, Hash, item::is_default, subject::SubjectKind};

/// Most facts that one firing keeps.
pub const FIRING_FACTS_MAX: usize = 64;
/// Most effects of one firing.
pub const FIRING_EFFECTS_MAX: usize = 16;
/// Most subjects of one firing.
pub const FIRING_SUBJECTS_MAX: usize = 8;
/// Longest text of a fact that a firing keeps, in bytes.
pub const FIRING_TEXT_BYTES_MAX: usize = 512;

/// The value of a fact. Amounts are in ten-thousandths, quantities in base units, shares in per mille, days are
/// texts such as `2026-11-29`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Yes or no.
    Bool(bool),
    /// A whole number, in minor units.
    Integer(i64),
    /// A text.
    Text(String),
    /// Several of one type.
    List(Vec<Scalar>),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(true) => f.write_str("true"),
            Self::Bool(false) => f.write_str("false"),
            Self::Integer(integer) => write!(f, "{integer}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(list) => {
                f.write_str("[")?;
                for (i, one) in list.iter().enumerate() {
                    write!(f, "{}{one}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
        }
    }
}

impl From<bool> for Scalar {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<i64> for Scalar {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Scalar {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Scalar>> From<Vec<T>> for Scalar {
    fn from(list: Vec<T>) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

/// What made a rule look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleTrigger {
    /// An operation that is about to be; the rule decides with others whether it may.
    Before,
    /// An entry that was recorded.
    After,
    /// Its time came.
    Schedule,
    /// A level was crossed.
    Level,
}

impl RuleTrigger {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Before, Self::After, Self::Schedule, Self::Level];

    /// The name, as in entries and rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Schedule => "schedule",
            Self::Level => "level",
        }
    }
}

/// What a firing is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSubject {
    /// Its kind.
    pub kind: SubjectKind,
    /// Its key within the kind.
    pub key: String,
}

/// What follows from a firing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RuleEffect {
    /// The operation is refused.
    Refuse {
        /// Why, in words.
        reason: String,
    },
    /// The rule could not be evaluated, so the operation is refused.
    Failed {
        /// Which kind of failure, stable for machines.
        code: String,
        /// What failed, in words.
        message: String,
    },
    /// One more has to sign.
    Approver {
        /// Who: `role:finance-director`, `operator:li.wei`, `manager-of:initiator`, `field:requester`.
        approver: String,
    },
    /// The session must be authenticated this strongly.
    StepUp {
        /// 1 badge, 2 badge and PIN, 3 with a one-time code, 4 with a security key.
        level: u8,
    },
    /// A second person has to stand beside.
    SecondPerson,
    /// It is marked for people to look at.
    Flag {
        /// What is odd, in a sentence.
        title: String,
    },
    /// Somebody has something to do.
    Todo {
        /// Who, as approvers are named.
        to: Vec<String>,
        /// What.
        title: String,
        /// Within how many hours; no hurry where none is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due_h: Option<u32>,
    },
    /// A document is drafted.
    Draft {
        /// Of which kind.
        kind: DocumentKind,
        /// What it is about.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        title: String,
        /// Its lines.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lines: Vec<DraftLine>,
    },
    /// Somebody is told.
    Notify {
        /// Who, as approvers are named.
        to: Vec<String>,
        /// By which template.
        template: String,
    },
}

/// One line of a document that a rule drafts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftLine {
    /// Of what.
    pub item: String,
    /// How much, in base units.
    pub quantity: i64,
}

/// A rule fired: what it was about, what it looked at and what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFiring {
    /// The rule's id.
    pub rule: String,
    /// What it finds, in a sentence.
    pub title: String,
    /// The digest of the canonical bytes of its definition.
    pub version: Hash,
    /// What made it look.
    pub trigger: RuleTrigger,
    /// What it is about, at most [`FIRING_SUBJECTS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<RuleSubject>,
    /// The entry that it followed; none before an operation and on a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
    /// Which further firings say the same: none of the same key follows within the rule's quiet span.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Which row of its table was hit, from 1; 0 where it has a condition, and for the table's default.
    #[serde(default, skip_serializing_if = "is_default")]
    pub row: u32,
    /// What it looked at, by name, parameters too; at most [`FIRING_FACTS_MAX`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, Scalar>,
    /// What follows, at most [`FIRING_EFFECTS_MAX`].
    pub effects: Vec<RuleEffect>,
}

/// What a condition sees of a field that a house declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldFact {
    /// A whole number, in minor units.
    Integer,
    /// Yes or no.
    Bool,
    /// A text.
    Text,
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::canonical;

    #[test]
    fn a_firing_has_one_spelling_and_comes_back() {
        let firing = RuleFiring {
            rule: "over-limit".into(),
            title: "An issue over the limit.".into(),
            version: Hash::of(b"rule"),
            trigger: RuleTrigger::Before,
            subjects: vec![RuleSubject { kind: SubjectKind::Item, key: "BOLT-M8".into() }],
            cause: Some(7),
            key: "over-limit/BOLT-M8".into(),
            row: 2,
            facts: BTreeMap::from([
                ("document.amount".into(), Scalar::Integer(51_000_000)),
                ("item.class".into(), Scalar::from("A")),
                ("session.roles".into(), Scalar::from(vec!["storekeeper"])),
                ("stock.valued".into(), Scalar::Bool(true)),
            ]),
            effects: vec![
                RuleEffect::Approver { approver: "role:finance-director".into() },
                RuleEffect::SecondPerson,
                RuleEffect::Draft {
                    kind: DocumentKind::PurchaseSuggestion,
                    title: String::new(),
                    lines: vec![DraftLine { item: "BOLT-M8".into(), quantity: 40 }],
                },
            ],
        };
        let bytes = canonical::encode(&firing).unwrap();
        assert_eq!(canonical::decode::<RuleFiring>(&bytes).unwrap(), firing);
        assert!(canonical::decode::<Scalar>(b"1.5").is_err(), "no floats");
        assert_eq!(firing.facts["session.roles"].to_string(), "[\"storekeeper\"]");
    }
}
