//! Segregation of duties: who holds, or would come to hold, both sides of a conflict by his roles
//! (here), and who did both in the journal (`history`).
//!
//! Invariants: a right counts wherever it comes from, one role or several, or raw Cedar; a role that the matrix does
//! not have gives nothing (and is denied elsewhere); a mitigation helps only where the conflict allows
//! one, and only until its last day. Pure. Absent: giving roles (`people`), clients (a machine speaks
//! for many people, so its scopes are no one's duties).

mod history;
mod parts;

use std::collections::BTreeSet;

use gatewarden_model::{
    Day, Duty, Mitigation, Right, RoleMatrix, SodConflict, SodSeverity, SodTable,
    sod::{MITIGATION_BYTES_MAX, MITIGATION_DAYS_MAX},
};
use serde::Serialize;

use crate::access::RawRight;

pub use history::{Act, CASES_MAX, Case, FINDINGS_MAX, Finding, History, MOVEMENTS_MAX};

/// A right of one side, and what gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Via {
    /// The role, or the raw policy as `raw:NAME`.
    pub role: String,
    /// The right.
    pub right: Right,
}

/// Both sides of a conflict in the hands of one person, or in one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The conflict's id.
    pub id: String,
    /// What could happen, in a sentence.
    pub title: String,
    /// What it means.
    pub severity: SodSeverity,
    /// What gives the one side.
    pub one: Vec<Via>,
    /// What gives the other.
    pub other: Vec<Via>,
}

impl Conflict {
    /// The conflict in words, without who has it.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{}: {}", self.short(), self.title)
    }

    /// Its id and what gives it.
    #[must_use]
    pub fn short(&self) -> String {
        let side = |vias: &[Via]| match vias {
            [] => String::new(),
            [via, rest @ ..] => {
                let more = if rest.is_empty() { "" } else { " and more" };
                format!("{} by {}{more}", via.right, via.role)
            }
        };
        let (one, other) = (side(&self.one), side(&self.other));
        format!("{} ({one} with {other})", self.id)
    }

    /// The mitigation that makes it bearable on a day, if there is one.
    #[must_use]
    pub fn mitigation<'m>(&self, said: &'m [Mitigation], today: Day) -> Option<&'m Mitigation> {
        let bearable = self.severity == SodSeverity::Mitigate;
        said.iter().filter(|_| bearable).find(|m| m.conflict == self.id && m.until >= today)
    }
}

/// What somebody has: his roles, in the matrix in force, and what raw Cedar permits him beside them
/// (`Access::raw_rights`). A right that raw Cedar permits on some facts only is one that he has.
#[derive(Debug, Clone, Copy)]
pub struct Holding<'a> {
    /// The roles.
    pub roles: &'a [String],
    /// What they give.
    pub matrix: &'a RoleMatrix,
    /// What raw Cedar gives.
    pub raw: &'a [RawRight],
}

impl<'a> Holding<'a> {
    /// Of somebody with these roles, whom raw Cedar gives nothing.
    #[must_use]
    pub fn of_roles(roles: &'a [String], matrix: &'a RoleMatrix) -> Self {
        Self { roles, matrix, raw: &[] }
    }
}

/// The conflicts that somebody with these roles would have, in the table's order.
#[must_use]
pub fn conflicts(roles: &[String], matrix: &RoleMatrix, table: &SodTable) -> Vec<Conflict> {
    conflicts_of(Holding::of_roles(roles, matrix), table)
}

/// The conflicts of what somebody has, in the table's order.
#[must_use]
pub fn conflicts_of(holding: Holding<'_>, table: &SodTable) -> Vec<Conflict> {
    table.conflicts.iter().filter_map(|conflict| held(conflict, holding)).collect()
}

fn held(conflict: &SodConflict, holding: Holding<'_>) -> Option<Conflict> {
    let one = given(&conflict.one, holding);
    let other = given(&conflict.other, holding);
    let SodConflict { id, title, severity, .. } = conflict.clone();
    (!one.is_empty() && !other.is_empty()).then_some(Conflict { id, title, severity, one, other })
}

/// Which of a duty's rights somebody has, each role once.
fn given(duty: &Duty, Holding { roles, matrix, raw }: Holding<'_>) -> Vec<Via> {
    let once: BTreeSet<&String> = roles.iter().collect();
    let mut vias = vec![];
    for role in once {
        let Some(grants) = matrix.0.get(role).map(|role| &role.grants) else { continue };
        let has = |right: &&Right| {
            grants.get(&right.module).is_some_and(|actions| actions.contains(&right.action))
        };
        let of_role = duty.rights.iter().filter(has);
        vias.extend(of_role.map(|right| Via { role: role.clone(), right: *right }));
    }
    for RawRight { module, action, policies, .. } in raw {
        let right = Right { module: *module, action: *action };
        if duty.rights.contains(&right) {
            vias.extend(policies.iter().map(|id| Via { role: id.clone(), right }));
        }
    }
    vias
}

/// Single roles that hold both sides of a conflict: whoever has such a role has the conflict. `raw` tells
/// what raw Cedar permits whoever has a role.
#[must_use]
pub fn lint(
    matrix: &RoleMatrix,
    table: &SodTable,
    raw: impl Fn(&[String]) -> Vec<RawRight>,
) -> Vec<(String, Conflict)> {
    let of_role = |role: &String| {
        let roles = std::slice::from_ref(role);
        let found = conflicts_of(Holding { roles, matrix, raw: &raw(roles) }, table);
        found.into_iter().map(move |conflict| (role.clone(), conflict)).collect::<Vec<_>>()
    };
    matrix.0.keys().flat_map(of_role).collect()
}

/// Whether somebody may be given what he would have on a day, with what is said to make their conflicts
/// bearable. Answers the conflicts that are so mitigated, or fails with the first that is not, in words
/// with the way out.
pub fn judge_grant(
    holding: Holding<'_>,
    table: &SodTable,
    said: &[Mitigation],
    today: Day,
) -> Result<Vec<Conflict>, String> {
    let found = conflicts_of(holding, table);
    if said.len() > found.len() {
        return Err("mitigations: at most one for each conflict of these roles".to_owned());
    }
    for mitigation in said {
        check_mitigation(mitigation, &found, today)?;
    }
    let unborne = found.iter().find(|conflict| conflict.mitigation(said, today).is_none());
    match unborne.map(|conflict| (conflict, conflict.severity)) {
        None => Ok(found),
        Some((conflict, SodSeverity::Refuse)) => {
            Err(format!("conflict of duties {}: give the roles to two people", conflict.words()))
        }
        Some((conflict, SodSeverity::Mitigate)) => Err(format!(
            "conflict of duties {}: give the roles to two people, or say in a mitigation what makes \
             it bearable and until when",
            conflict.words()
        )),
    }
}

/// The conflicts that somebody would come to hold by other policies or another table (each what he has by
/// them, and theirs): those that he does not hold now, or holds by another pair of duties, or that would be
/// refused where they could be borne.
#[must_use]
pub fn gained(now: (Holding<'_>, &SodTable), then: (Holding<'_>, &SodTable)) -> Vec<Conflict> {
    let held = conflicts_of(now.0, now.1);
    let is_new = |conflict: &Conflict| {
        let (old, new) = (now.1.conflict(&conflict.id), then.1.conflict(&conflict.id));
        let as_before = old.zip(new).is_some_and(|(old, new)| {
            let pair = |one: &SodConflict| (one.one.rights.clone(), one.other.rights.clone());
            let looser = old.severity == new.severity || new.severity == SodSeverity::Mitigate;
            pair(old) == pair(new) && looser
        });
        !as_before || held.iter().all(|one| one.id != conflict.id)
    };
    conflicts_of(then.0, then.1).into_iter().filter(is_new).collect()
}

/// Whether a mitigation says something about one of the conflicts found.
pub(crate) fn check_mitigation(
    said: &Mitigation,
    found: &[Conflict],
    today: Day,
) -> Result<(), String> {
    let Mitigation { conflict: id, reason, until } = said;
    let Some(conflict) = found.iter().find(|conflict| conflict.id == *id) else {
        return Err(format!("mitigation {id:?}: these roles have no such conflict: leave it out"));
    };
    if conflict.severity == SodSeverity::Refuse {
        return Err(format!("mitigation {id}: nothing makes this conflict bearable: leave it out"));
    }
    if !(1..=MITIGATION_BYTES_MAX).contains(&reason.len()) || reason.trim().is_empty() {
        return Err(format!(
            "mitigation {id}: the reason must be 1 to {MITIGATION_BYTES_MAX} bytes"
        ));
    }
    let days = until.number() - today.number();
    if !(0..=MITIGATION_DAYS_MAX).contains(&days) {
        return Err(format!(
            "mitigation {id}: {until} must lie between today and {MITIGATION_DAYS_MAX} days from now"
        ));
    }
    Ok(())
}
