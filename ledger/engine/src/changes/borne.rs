//! Conflicts of duties that other policies would give to people who hold their roles already.
//!
//! Invariants: policies that give somebody a conflict are approved only where every one of these conflicts
//! can be borne and something recorded bears it, as a grant of roles is; what is said stands in the approval
//! and with whom it is about; what somebody holds already by the policies in force is no reason to refuse
//! others. The people are those of the moment of approval. What raw Cedar permits counts like a role's right.
//! Absent: clients.

use std::collections::BTreeSet;

use gatewarden_model::{
    Change, Day, Mitigation, MitigationOf, OperatorId, RoleMatrix, SodSeverity, SodTable,
};
use serde::Serialize;

use crate::{
    access::{Access, Principal, RawRight},
    people::Enrolment,
    sod::{Conflict, Holding, check_mitigation, gained},
    state::{OpenChange, Operator, Policies, State},
    turn::{Fault, Turn},
};

/// Most conflicts that a message tells one by one.
const TOLD_MAX: usize = 4;

/// A conflict that somebody would come to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gained {
    /// Who.
    pub operator: OperatorId,
    /// Which.
    #[serde(flatten)]
    pub conflict: Conflict,
}

impl Gained {
    /// In words, without what could happen.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} would hold {}", self.operator, self.conflict.short())
    }
}

/// The conflicts that everybody who is enrolled would come to hold by other policies, by operator.
#[must_use]
pub fn gained_by(state: &State, new: &Policies) -> Vec<Gained> {
    let none = (RoleMatrix::default(), SodTable::default());
    let known = state.policies_in_force();
    let (matrix, table) = known.map_or((&none.0, &none.1), |known| (&known.roles, &known.sod));
    let (raw_now, raw_then) = (known.map(Raw::of).unwrap_or_default(), Raw::of(new));
    let of = |one: &Operator| {
        let (operator, roles) = (one.id.clone(), one.roles.as_slice());
        let (has, will_have) = (raw_now.rights(one), raw_then.rights(one));
        let holds = Holding { roles, matrix, raw: &has };
        let will_hold = Holding { roles, matrix: &new.roles, raw: &will_have };
        let found = gained((holds, table), (will_hold, &new.sod)).into_iter();
        found.map(move |conflict| Gained { operator: operator.clone(), conflict })
    };
    let mut all: Vec<Gained> = state.operators().flat_map(of).collect();
    all.sort_by(|a, b| a.operator.cmp(&b.operator));
    all
}

/// What the raw Cedar of policies permits; nothing where they can't be read, which is refused elsewhere.
#[derive(Default)]
struct Raw(Option<Access>);

impl Raw {
    fn of(policies: &Policies) -> Self {
        let has_any = !policies.cedar.trim().is_empty();
        Self(has_any.then(|| Access::new(&policies.roles, &policies.cedar).ok()).flatten())
    }

    fn rights(&self, Operator { id, roles, .. }: &Operator) -> Vec<RawRight> {
        let of_his = |access: &Access| access.raw_rights(&Principal::Operator { id, roles });
        self.0.as_ref().map(of_his).unwrap_or_default()
    }
}

/// Several in words, the first few one by one.
pub(super) fn words(all: &[&Gained]) -> String {
    let mut told: Vec<String> = all.iter().take(TOLD_MAX).map(|one| one.words()).collect();
    if let Some(more) = all.len().checked_sub(TOLD_MAX).filter(|more| *more > 0) {
        told.push(format!("and {more} more"));
    }
    told.join("; ")
}

impl Turn<'_> {
    /// Whether what was said bears every conflict that these policies would give to somebody: all of it stands
    /// with the request, `said` is what this approval brings.
    pub(super) fn check_borne(
        &self,
        open: &OpenChange,
        said: &[MitigationOf],
        approve: bool,
    ) -> Result<(), Fault> {
        let conflict = |message: String| Err(("duties-conflict", message));
        let Some(new) = Policies::asked(&open.change).filter(|_| approve) else {
            return match said.is_empty() {
                true => Ok(()),
                false => conflict(
                    "mitigations are said in an approval of policies: leave them out".to_owned(),
                ),
            };
        };
        let today = Day::of(&self.now, self.settings.utc_offset_min);
        let all = gained_by(self.state, &new);
        if said.len() > all.len() {
            return conflict(
                "mitigations: at most one for each conflict that these policies give".to_owned(),
            );
        }
        // What was said before and fits no more is no reason to refuse.
        for said in said {
            let own = all.iter().filter(|one| one.operator == said.operator);
            let own: Vec<Conflict> = own.map(|one| one.conflict.clone()).collect();
            if let Err(why) = check_mitigation(&said.mitigation(), &own, today) {
                return conflict(format!("{}: {why}", said.operator));
            }
        }
        let unborne = |one: &&Gained| {
            one.conflict.mitigation(&self.said_of(&one.operator, open), today).is_none()
        };
        let left: Vec<&Gained> = all.iter().filter(unborne).collect();
        let refused = |one: &&&Gained| one.conflict.severity == SodSeverity::Refuse;
        let never: Vec<&Gained> = left.iter().filter(refused).copied().collect();
        if !never.is_empty() {
            let told = words(&never);
            return conflict(format!(
                "conflicts of duties, which nothing makes bearable: {told}: \
                reject it, or take roles from them first"
            ));
        }
        match left.is_empty() {
            true => Ok(()),
            false => conflict(format!(
                "conflicts of duties: {}: say in a mitigation for each what makes it bearable and until when",
                words(&left)
            )),
        }
    }

    /// What is recorded of somebody and what was said for him.
    fn said_of(&self, operator: &OperatorId, open: &OpenChange) -> Vec<Mitigation> {
        let known = self.state.operator(operator).map(|one| one.mitigations.as_slice());
        with_said(known.unwrap_or_default(), operator, &open.mitigations)
    }

    /// Records with each operator what was said for him.
    pub(super) fn record_borne(&mut self, open: &OpenChange) {
        if !matches!(open.change, Change::Policies { .. }) {
            return;
        }
        let whom: BTreeSet<&OperatorId> = open.mitigations.iter().map(|s| &s.operator).collect();
        for operator in whom {
            let mitigations = self.said_of(operator, open);
            let Some(known) = self.state.operator(operator) else { continue };
            let (now, code) = Enrolment::of(known);
            self.enrolled(Enrolment { mitigations, ..now }, code, Some(open.id), open.by.clone());
        }
    }
}

/// What is recorded of somebody with what is said for him in an approval, in the place of what was said of
/// the same conflicts before.
pub(crate) fn with_said(
    known: &[Mitigation],
    operator: &OperatorId,
    said: &[MitigationOf],
) -> Vec<Mitigation> {
    let own = said.iter().filter(|one| one.operator == *operator).map(MitigationOf::mitigation);
    let own: Vec<Mitigation> = own.collect();
    let stays = |old: &&Mitigation| own.iter().all(|new| new.conflict != old.conflict);
    let mut all: Vec<Mitigation> = known.iter().filter(stays).cloned().collect();
    all.extend(own);
    all.sort();
    all
}
