//! The role matrix as data: who may do what in which module.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Action, Field, Module};

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
