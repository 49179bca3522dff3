//! The definitions of procedures as the journal holds them: which documents there are, who signs them, which
//! rules hold.
//!
//! Invariants: the version is the digest of all parts, so two of one version are the same; what can't be read
//! is in force nowhere: a document of such a version goes no further. Notices are kept with the others and
//! read elsewhere. Absent: where definitions come from (the configuration), who approves them (`changes`).

use std::{collections::BTreeMap, sync::Arc};

use gatewarden_documents::Kinds;
use gatewarden_model::{Hash, canonical};
use gatewarden_rules::{RuleDefinitions, RuleSet, Schema};
use gatewarden_workflow::Workflows;
use serde::{Serialize, de::DeserializeOwned};

/// The part that says which documents there are.
pub const DOCUMENTS: &str = "documents";
/// The part that says who signs.
pub const WORKFLOWS: &str = "workflows";
/// The part that says which rules hold.
pub const RULES: &str = "rules";
/// The part that says who is told what.
pub const NOTICES: &str = "notices";
/// Every part that there is.
pub const PARTS: [&str; 4] = [DOCUMENTS, WORKFLOWS, RULES, NOTICES];
/// Longest text of all parts together, in bytes.
pub const PARTS_BYTES_MAX: usize = 4 << 20;

/// Definitions of one version, read.
#[derive(Debug, Clone)]
pub struct Procedures {
    /// The digest of all parts.
    pub version: Hash,
    /// The parts as they stand in the journal.
    pub parts: Arc<BTreeMap<String, String>>,
    /// Which documents there are.
    pub kinds: Kinds,
    /// Who signs them.
    pub workflows: Workflows,
    /// Which rules hold.
    pub rules: RuleSet,
    /// The facts that conditions may ask for.
    pub schema: Schema,
}

/// Two of one version are the same.
impl PartialEq for Procedures {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version
    }
}

impl Eq for Procedures {}

/// Why definitions can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProceduresError {
    /// There is no such part.
    #[error("{0:?} is no part of procedures: there are documents, workflows, rules, notices")]
    Part(String),
    /// They are too long.
    #[error("the definitions have {0} bytes: at most {PARTS_BYTES_MAX} are kept")]
    Long(usize),
    /// A part is not what it should be.
    #[error("{part}: {why}")]
    Malformed {
        /// Which.
        part: &'static str,
        /// Why.
        why: String,
    },
    /// They are not of the version that they are said to be.
    #[error("the definitions are {found}, not {said}")]
    Version {
        /// What was said.
        said: Hash,
        /// What they are.
        found: Hash,
    },
}

/// The version of definitions: the digest of their canonical bytes.
#[must_use]
pub fn version_of(parts: &BTreeMap<String, String>) -> Hash {
    // Texts by text: there are canonical bytes of each.
    Hash::of(&canonical::encode(parts).unwrap_or_default())
}

impl Procedures {
    /// Reads definitions. A part that is not there is empty.
    pub fn read(parts: &BTreeMap<String, String>) -> Result<Self, ProceduresError> {
        if let Some(name) = parts.keys().find(|name| !PARTS.contains(&name.as_str())) {
            return Err(ProceduresError::Part(name.clone()));
        }
        let bytes = parts.values().map(String::len).sum();
        if bytes > PARTS_BYTES_MAX {
            return Err(ProceduresError::Long(bytes));
        }
        let kinds: Kinds = part(parts, DOCUMENTS)?;
        let schema = Schema::of_house(kinds.facts()).map_err(|error| {
            ProceduresError::Malformed { part: DOCUMENTS, why: error.to_string() }
        })?;
        let definitions: RuleDefinitions = part(parts, RULES)?;
        let rules = RuleSet::new(Arc::new(definitions), &schema).map_err(|mistakes| {
            let why = mistakes.first().map_or_else(String::new, ToString::to_string);
            ProceduresError::Malformed { part: RULES, why }
        })?;
        Ok(Self {
            version: version_of(parts),
            schema,
            kinds,
            workflows: part(parts, WORKFLOWS)?,
            rules,
            parts: Arc::new(parts.clone()),
        })
    }

    /// Reads definitions that are said to be of a version.
    pub fn recorded(said: Hash, parts: &BTreeMap<String, String>) -> Result<Self, ProceduresError> {
        let read = Self::read(parts)?;
        match read.version == said {
            true => Ok(read),
            false => Err(ProceduresError::Version { said, found: read.version }),
        }
    }
}

fn part<T: Serialize + DeserializeOwned + Default>(
    parts: &BTreeMap<String, String>,
    name: &'static str,
) -> Result<T, ProceduresError> {
    let Some(text) = parts.get(name) else { return Ok(T::default()) };
    canonical::decode(text.as_bytes())
        .map_err(|error| ProceduresError::Malformed { part: name, why: error.to_string() })
}
