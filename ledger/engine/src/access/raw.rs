//! The raw Cedar of the house: parsed as a whole, with the place of every mistake.
//!
//! Invariants: static policies only; each has an id `raw:NAME`, by its `@id` or its position; a mistake
//! names bytes of the text, so that whoever joined files can name the file. Absent: reading files.

use cedar_policy::{Policy, PolicyId, PolicySet};
use miette::Diagnostic;

use super::{AccessError, policies::Written};

/// What is wrong with raw Cedar, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawMistake {
    /// The first byte that is meant.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
    /// What is wrong.
    pub message: String,
    /// The way out, where Cedar knows one.
    pub hint: Option<String>,
}

impl RawMistake {
    /// From what Cedar says; the whole text where it names no place.
    pub(super) fn of(told: &dyn Diagnostic, whole: usize) -> Self {
        let label = told.labels().and_then(|mut labels| labels.next());
        let (start, end) = label.map_or((0, whole), |at| (at.offset(), at.offset() + at.len()));
        let hint = told.help().map(|help| help.to_string());
        Self { start, end, message: told.to_string(), hint }
    }
}

impl std::fmt::Display for RawMistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "byte {}: {}", self.start, self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

/// The id of a raw policy by which decisions tell it.
pub(super) const RAW: &str = "raw:";

/// The policies of a text.
pub(super) fn raw(text: &str) -> Result<Vec<Written>, AccessError> {
    let set: PolicySet = text.parse().map_err(|errors: cedar_policy::ParseErrors| {
        AccessError::Raw(errors.iter().map(|one| RawMistake::of(one, text.len())).collect())
    })?;
    if set.num_of_templates() > 0 {
        return Err(AccessError::Template);
    }
    let told = |policy: &Policy| {
        let name = policy.annotation("id").map_or_else(|| policy.id().to_string(), str::to_owned);
        let id = format!("{RAW}{name}");
        Written::of_the_house(id.clone(), policy.new_id(PolicyId::new(&id)))
    };
    Ok(set.policies().map(told).collect())
}
