//! A firing in words: the facts that its rule looked at, and which part of its condition they answered how.

use std::collections::BTreeMap;

use gatewarden_model::{Hash, RuleEffect, RuleFiring, Scalar};
use serde::Serialize;

use crate::{condition::Told, facts::Facts, set::RuleSet};

/// A firing, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The rule.
    pub rule: String,
    /// What it finds.
    pub title: String,
    /// The digest of the definition that fired.
    pub version: Hash,
    /// Whether the rule that is in force is the one that fired; where not, its parts can't be told.
    pub in_force: bool,
    /// The condition, where it can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What it looked at.
    pub facts: BTreeMap<String, Scalar>,
    /// Its parts with the values that they saw.
    pub parts: Vec<Told>,
    /// What followed.
    pub effects: Vec<RuleEffect>,
}

/// Explains a firing by the rules that are in force.
#[must_use]
pub fn explain(set: &RuleSet, firing: &RuleFiring) -> Explained {
    let rule = set.rule(&firing.rule).filter(|rule| rule.version == firing.version);
    let condition = rule.and_then(|rule| rule.condition(firing.row));
    let facts: Facts =
        firing.facts.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    Explained {
        rule: firing.rule.clone(),
        title: firing.title.clone(),
        version: firing.version,
        in_force: rule.is_some(),
        condition: condition.map(|condition| condition.text().to_owned()),
        facts: firing.facts.clone(),
        parts: condition.map(|condition| condition.explain(&facts)).unwrap_or_default(),
        effects: firing.effects.clone(),
    }
}
