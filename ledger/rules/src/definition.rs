//! What a rule is, as data: what the configuration makes, a second person approves and the journal keeps.
//!
//! Invariants: a definition has canonical bytes, and its digest is its version; numbers of a rule are named
//! parameters, so that whoever changes one sees what it is. Absent: whether it is right (`set`).

use std::collections::BTreeMap;

use gatewarden_model::{
    DocumentKind, Hash, ItemClass, ItemId, MovementKind, RuleTrigger, Scalar, canonical,
};
use serde::{Deserialize, Serialize};

use crate::history::HistorySettings;

/// Most rules of a house.
pub const RULES_MAX: usize = 500;
/// Most parameters of one rule.
pub const PARAMS_MAX: usize = 32;
/// Most effects of one rule, or of one row.
pub const ACTIONS_MAX: usize = 16;
/// Longest quiet span, in hours.
pub const QUIET_H_MAX: u32 = 24 * 400;

/// All rules of a house, and what they remember.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDefinitions {
    /// What is remembered for facts of `history`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub history: HistorySettings,
    /// The rules, at most [`RULES_MAX`], with different ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleDefinition>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDefinition {
    /// Its name.
    pub id: String,
    /// What it finds, in a sentence.
    pub title: String,
    /// When it looks.
    pub when: RuleTrigger,
    /// Before which operations, after which kinds of entry; all where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<String>,
    /// When a scheduled one is due, as cron writes it; told in the gateway's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// What a scheduled or level rule goes through, one after the other.
    #[serde(default, skip_serializing_if = "is_default")]
    pub over: Over,
    /// What it is about; everything where nothing is named.
    #[serde(default, skip_serializing_if = "is_default")]
    pub scope: Scope,
    /// Its numbers and words by name: `param.NAME`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Scalar>,
    /// The condition; none where it has a table.
    #[serde(rename = "if", default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The table; none where it has a condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableDefinition>,
    /// What follows where the condition holds; of a table each row says its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<RuleAction>,
    /// The facts that tell firings apart; one that says the same within the quiet span is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// How long the same is not said again, in hours; never held back where 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub quiet_h: u32,
}

/// What a rule goes through when its time comes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// The house as a whole, once.
    #[default]
    House,
    /// Every item.
    Items,
    /// Every item at every place where it is.
    Places,
    /// Every operator.
    Operators,
}

/// What a rule is about: everything named must fit, and an empty list fits all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Only movements of these kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub movement_kinds: Vec<MovementKind>,
    /// Only on documents of these kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub document_kinds: Vec<DocumentKind>,
    /// Only where an item of these classes is among the lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ItemClass>,
    /// Only where one of these items is among the lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemId>,
    /// Only where one of these warehouses is touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warehouses: Vec<String>,
}

/// A decision table as it is written: columns with cells, or rows with a condition each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableDefinition {
    /// Facts, one a column; none where rows have conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The rows; the first that holds decides.
    pub rows: Vec<RowDefinition>,
    /// What follows where none holds; nothing follows from an empty list, which must stand all the same.
    pub otherwise: Vec<RuleAction>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowDefinition {
    /// One cell a column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<String>,
    /// The condition, where the table has no columns.
    #[serde(rename = "if", default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What follows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<RuleAction>,
}

/// What follows from a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RuleAction {
    /// The operation is refused.
    Refuse {
        /// Why, in a sentence.
        reason: String,
    },
    /// One more has to sign.
    Approver {
        /// Who: `role:finance-director`, `operator:li.wei`, `manager-of:initiator`, `field:requester`.
        approver: String,
    },
    /// The session must be authenticated this strongly.
    StepUp {
        /// 2 to 4.
        level: u8,
    },
    /// A second person has to stand beside.
    SecondPerson {},
    /// It is marked.
    Flag {},
    /// Somebody has something to do.
    Todo {
        /// Who, as approvers are named.
        to: Vec<String>,
        /// What; the rule's title where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// Within how many hours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due_h: Option<u32>,
    },
    /// A document is drafted with one line.
    Draft {
        /// Of which kind.
        document: DocumentKind,
        /// The fact that says of what.
        item: String,
        /// The fact that says how much.
        quantity: String,
    },
    /// Somebody is told.
    Notify {
        /// Who, as approvers are named.
        to: Vec<String>,
        /// By which template.
        template: String,
    },
}

impl RuleAction {
    /// Whether it decides about an operation that has not been yet.
    #[must_use]
    pub fn gates(&self) -> bool {
        matches!(
            self,
            Self::Refuse { .. }
                | Self::Approver { .. }
                | Self::StepUp { .. }
                | Self::SecondPerson {}
        )
    }
}

impl RuleDefinition {
    /// The digest of its canonical bytes.
    #[must_use]
    pub fn version(&self) -> Hash {
        // Whole numbers, texts, lists and maps: there are canonical bytes of each.
        Hash::of(&canonical::encode(self).unwrap_or_default())
    }

    /// Everything that may follow from it, of all rows.
    pub fn actions(&self) -> impl Iterator<Item = &RuleAction> {
        let table = self.table.iter();
        let rows = table.clone().flat_map(|table| table.rows.iter().flat_map(|row| &row.then));
        self.then.iter().chain(rows).chain(table.flat_map(|table| &table.otherwise))
    }
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
