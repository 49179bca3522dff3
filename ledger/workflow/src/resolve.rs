//! From the names of a definition to the people who are asked.
//!
//! Whoever wrote the document is never asked: one level up is, except where others can decide alone.
//! Approvers that come out empty are replaced by the fall-back; where that is empty too the step has no
//! seats, and stands still rather than pass.

use std::collections::BTreeSet;

use gatewarden_model::{ApprovalSeat, OperatorId};

use crate::{Approve, Around, Instance, Mode, Who, seating::SEATS_MAX};

/// How many levels up a manager is looked for.
const LEVELS_MAX: usize = 16;

/// Somebody who is asked, and whether he stands above somebody who may not sign.
struct Asked {
    who: OperatorId,
    up: bool,
}

/// The people of a name; `approver` is whoever has not answered, for `manager-of:approver`.
pub(crate) fn people_of(
    who: &Who,
    instance: &Instance,
    approver: Option<&OperatorId>,
    around: &Around<'_>,
) -> Vec<OperatorId> {
    let people = around.people;
    let one = |found: Option<OperatorId>| found.into_iter().collect::<Vec<_>>();
    let found = match who {
        Who::Role(role) => people.holders(role),
        Who::Operator(id) => vec![id.clone()],
        Who::Field(field) => one(around.decide.person(field)),
        Who::ManagerOfInitiator => one(people.manager_of(&instance.initiator)),
        Who::ManagerOfApprover => one(approver.and_then(|who| people.manager_of(who))),
        Who::ManagerOfField(field) => {
            one(around.decide.person(field).and_then(|who| people.manager_of(&who)))
        }
        Who::Department(name) => one(people.department_manager(name)),
    };
    found.into_iter().filter(|who| people.is_active(who)).collect()
}

impl Instance {
    /// Those who may not sign at a step whatever they are: its authors, and who signed where its signers
    /// must differ.
    pub(crate) fn barred(&self, node: &Approve) -> BTreeSet<OperatorId> {
        let elsewhere = node.distinct_from.iter().filter_map(|name| self.seatings.get(name));
        let signers = elsewhere.flat_map(|seating| seating.signers().into_iter().cloned());
        signers.chain(self.authors.iter().cloned()).collect()
    }

    /// Whom a name asks at a step. Authors are replaced by one level up, or left out where `may_drop` and
    /// others are there.
    fn asked_by(&self, node: &Approve, who: &Who, around: &Around<'_>) -> Vec<Asked> {
        let barred = self.barred(node);
        let found = people_of(who, self, None, around);
        let free = found.iter().filter(|one| !barred.contains(*one));
        let mut out: Vec<Asked> = free.map(|who| Asked { who: who.clone(), up: false }).collect();
        if node.mode == Mode::AnyOne && !out.is_empty() {
            return out;
        }
        for author in found.iter().filter(|one| self.authors.contains(*one)) {
            if let Some(who) = above(author, &barred, around)
                && out.iter().all(|asked| asked.who != who)
            {
                out.push(Asked { who, up: true });
            }
        }
        out
    }

    /// The seats that a step begins with; none where nobody may be asked for some of its approvers. Beside
    /// any-one, each name brings a person of its own: who sits for one name does not sign for another too.
    pub(crate) fn seats_for(&self, node: &Approve, around: &Around<'_>) -> Vec<ApprovalSeat> {
        let mut seats: Vec<ApprovalSeat> = vec![];
        let mut empty = vec![];
        for who in &node.approvers {
            let asked = self.asked_by(node, who, around);
            let weight = node.weights.get(who).copied().unwrap_or(1);
            if !push(&mut seats, asked, who, weight, None) {
                empty.push(who);
            }
        }
        let needed = node.mode != Mode::AnyOne || seats.is_empty();
        for who in empty.into_iter().filter(|_| needed) {
            let before = seats.len();
            let weight = node.weights.get(who).copied().unwrap_or(1);
            for one in &self.workflow.fallback {
                let asked = self.asked_by(node, one, around);
                push(&mut seats, asked, one, weight, Some(who.to_string()));
            }
            if seats.len() == before {
                return vec![];
            }
        }
        seats
    }

    /// Whether a seat's person is still what he was asked as; one to whom it was handed over, what he had to be
    /// for that.
    pub(crate) fn is_still(&self, node: &Approve, seat: &crate::Seat, around: &Around<'_>) -> bool {
        if !around.people.is_active(&seat.who) {
            return false;
        }
        if seat.handed && !node.transfer_to.is_empty() {
            let mut named = node.transfer_to.iter();
            return named.any(|who| people_of(who, self, None, around).contains(&seat.who));
        }
        let Ok(source) = seat.source.parse::<Who>() else { return seat.given };
        seat.given
            || match &source {
                Who::Role(role) => around.people.holds(&seat.who, role),
                other => people_of(other, self, None, around).contains(&seat.who),
            }
    }
}

/// Adds seats for those who have none; false where that is nobody.
fn push(
    seats: &mut Vec<ApprovalSeat>,
    asked: Vec<Asked>,
    source: &Who,
    weight: u32,
    instead_of: Option<String>,
) -> bool {
    let before = seats.len();
    for Asked { who, up } in asked {
        if seats.len() < SEATS_MAX && seats.iter().all(|seat| seat.who != who) {
            let source = source.to_string();
            seats.push(ApprovalSeat { who, source, weight, up, instead_of: instead_of.clone() });
        }
    }
    seats.len() > before
}

/// The first above somebody who may sign.
fn above(
    who: &OperatorId,
    barred: &BTreeSet<OperatorId>,
    around: &Around<'_>,
) -> Option<OperatorId> {
    let mut at = who.clone();
    for _ in 0..LEVELS_MAX {
        at = around.people.manager_of(&at)?;
        if !barred.contains(&at) && around.people.is_active(&at) {
            return Some(at);
        }
    }
    None
}
