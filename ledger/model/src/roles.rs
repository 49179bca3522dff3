//! The role matrix as data: who may do what in which module.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Action, Module};

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
}
