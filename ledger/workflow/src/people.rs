//! People, as an approval sees them: who is there, who holds which role, who manages whom, who stands in.
//!
//! [`Directory`] answers from plain data; the engine makes one of its state. Invariants: nobody stands in
//! for himself, chains of substitutes and managers end after a bounded way.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Day, DocumentKind, OperatorId};
use serde::{Deserialize, Serialize};

use crate::Workflows;

/// Most departments of a house.
pub const DEPARTMENTS_MAX: usize = 256;
/// Most substitutions at a time.
pub const SUBSTITUTIONS_MAX: usize = 1_000;
/// Longest chain of substitutes.
const CHAIN_MAX: usize = 4;

/// Who manages whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// Its name.
    pub name: String,
    /// Who manages it.
    pub manager: OperatorId,
    /// Who belongs to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<OperatorId>,
}

/// Somebody stands in for somebody who is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Substitution {
    /// Who is away.
    pub absent: OperatorId,
    /// Who stands in.
    pub substitute: OperatorId,
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// Only for these kinds of document; for all where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<DocumentKind>,
}

/// Who is there, and as what.
pub trait People {
    /// Whether somebody may act at all.
    fn is_active(&self, who: &OperatorId) -> bool;
    /// Everybody active who has a role, sorted.
    fn holders(&self, role: &str) -> Vec<OperatorId>;
    /// Who manages somebody's department; somebody's own manager is never himself.
    fn manager_of(&self, who: &OperatorId) -> Option<OperatorId>;
    /// Who manages a department.
    fn department_manager(&self, department: &str) -> Option<OperatorId>;
    /// Who stands in for somebody on a day.
    fn substitute(&self, who: &OperatorId, day: Day) -> Option<OperatorId>;

    /// Whether somebody is active and has a role.
    fn holds(&self, who: &OperatorId, role: &str) -> bool {
        self.holders(role).contains(who)
    }

    /// Whether `by` stands in for `who` on a day, directly or for his substitute.
    fn stands_in(&self, by: &OperatorId, who: &OperatorId, day: Day) -> bool {
        let mut at = who.clone();
        for _ in 0..CHAIN_MAX {
            let Some(next) = self.substitute(&at, day) else { return false };
            if next == *who {
                return false;
            }
            if next == *by {
                return true;
            }
            at = next;
        }
        false
    }
}

/// People from plain data.
#[derive(Debug, Clone)]
pub struct Directory<'a> {
    /// Who is active, with which roles.
    pub operators: BTreeMap<OperatorId, BTreeSet<String>>,
    /// The departments and substitutions.
    pub house: &'a Workflows,
    /// The kind of the document that it is about.
    pub kind: Option<DocumentKind>,
}

impl People for Directory<'_> {
    fn is_active(&self, who: &OperatorId) -> bool {
        self.operators.contains_key(who)
    }

    fn holders(&self, role: &str) -> Vec<OperatorId> {
        let has = |roles: &BTreeSet<String>| roles.contains(role);
        let all = self.operators.iter().filter(|(_, roles)| has(roles));
        all.map(|(who, _)| who.clone()).collect()
    }

    fn holds(&self, who: &OperatorId, role: &str) -> bool {
        self.operators.get(who).is_some_and(|roles| roles.contains(role))
    }

    fn manager_of(&self, who: &OperatorId) -> Option<OperatorId> {
        let departments = self.house.departments.iter();
        let member = |one: &&Department| one.members.contains(who) && one.manager != *who;
        departments.clone().find(member).map(|one| one.manager.clone())
    }

    fn department_manager(&self, department: &str) -> Option<OperatorId> {
        let found = self.house.departments.iter().find(|one| one.name == department)?;
        Some(found.manager.clone())
    }

    fn substitute(&self, who: &OperatorId, day: Day) -> Option<OperatorId> {
        let concerns = |one: &&Substitution| {
            one.absent == *who
                && (one.from..=one.to).contains(&day)
                && (one.kinds.is_empty() || self.kind.is_some_and(|kind| one.kinds.contains(&kind)))
        };
        self.house.substitutions.iter().find(concerns).map(|one| one.substitute.clone())
    }
}
