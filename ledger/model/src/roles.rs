//! The role matrix as data: who may do what in which module, and within which limits.
//!
//! A limit only takes away: it narrows the role's own rights, never another role's, and a fact that it
//! asks for and that is not known denies. Absent: what a limit means in policies (the engine).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Action, Amount, DocumentKind, Field, ItemClass, Module, MovementKind, StationId, StockStatus,
    item::is_default,
};

/// Roles by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoleMatrix(pub BTreeMap<String, Role>);

/// One role's rights.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// What it is for, in a sentence.
    pub title: String,
    /// The actions allowed in each module; what is not named is denied.
    #[serde(default)]
    pub grants: BTreeMap<Module, Vec<Action>>,
    /// What narrows them. Of several that concern the same right all must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// The fields it may see and set; by default what its actions in the modules imply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<RoleFields>,
}

/// The fields that a role may see and set. A list that is left out is as by default; one that stands
/// is all there is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleFields {
    /// What it may see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<Vec<Field>>,
    /// What it may set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modify: Option<Vec<Field>>,
}

impl Role {
    /// The limits of one of its rights.
    pub fn limits_of(&self, module: Module, action: Action) -> impl Iterator<Item = &Limit> {
        let here = move |l: &&Limit| l.modules.contains(&module) && l.actions.contains(&action);
        self.limits.iter().filter(here)
    }
}

/// What narrows some rights of a role. A list that is left out does not limit; each that is there must
/// hold everything that the movement touches.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// In these modules.
    pub modules: Vec<Module>,
    /// On these actions.
    pub actions: Vec<Action>,
    /// Only these warehouses: the first part of a physical location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warehouses: Option<Vec<String>>,
    /// Only items of these classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<ItemClass>>,
    /// No item of these classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes_except: Option<Vec<ItemClass>>,
    /// At most this value in the ledger's currency, all lines together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_max: Option<Amount>,
    /// Only documents of these kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_kinds: Option<Vec<DocumentKind>>,
    /// Only movements of these kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement_kinds: Option<Vec<MovementKind>>,
    /// Only stock of these owners; `OWN` is the house's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owners: Option<Vec<String>>,
    /// Only stock that has, and gets, one of these statuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statuses: Option<Vec<StockStatus>>,
    /// Only at these stations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stations: Option<Vec<StationId>>,
    /// Only in a session of at least this auth level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_level_min: Option<u8>,
    /// Only with a second person present.
    #[serde(default, skip_serializing_if = "is_default")]
    pub two_persons: bool,
}

/// How limits and facts call the house as an owner. No owner of consigned stock can have this name.
pub const OWN: &str = "@house";
