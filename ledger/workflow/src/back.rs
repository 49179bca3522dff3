//! Back again: returns, signatures taken back, signers taken away, and other versions of the document, which
//! end what covers what changed.

use std::collections::BTreeSet;

use gatewarden_model::{
    ApprovalEvent, Day, Hash, NodeId, OperatorId, ReturnTo, SignerPlace, Verdict,
};

use crate::{
    Advice, Allowed, Approve, Around, Fault, Instance, Mode, Phase, Revision, Seating,
    acts::allows, advance::Course, covered, instance::REVISIONS_MAX,
};

impl Instance {
    pub(crate) fn may_return(&self, node: &Approve, to: &ReturnTo) -> Result<(), Fault> {
        let is_before = match to {
            ReturnTo::Initiator => true,
            ReturnTo::Node(target) => {
                self.following(target).iter().any(|after| after.name == node.name)
            }
        };
        if is_before && node.return_to.contains(to) {
            return Ok(());
        }
        let allowed: Vec<String> = node.return_to.iter().map(ToString::to_string).collect();
        let allowed = if allowed.is_empty() { "nobody".to_owned() } else { allowed.join(", ") };
        Err(Fault::BadReturn { node: node.name.clone(), to: to.clone(), allowed })
    }

    /// Tells which signatures a return to a step ends; they are gone already.
    pub(crate) fn void_from(&self, target: &NodeId, course: &mut Course<'_>) {
        let mut names = vec![target.clone()];
        names.extend(self.following(target).into_iter().map(|node| node.name.clone()));
        for node in names {
            let of = self.signers_at(&node);
            if !of.is_empty() {
                course.emit(ApprovalEvent::Voided { node, of, fields: vec![] });
            }
        }
    }

    fn signers_at(&self, node: &NodeId) -> Vec<OperatorId> {
        let live = self.seatings.get(node).into_iter().flat_map(Seating::live);
        let signed = live.filter_map(|(_, seat)| seat.decision.as_ref());
        let signed = signed.filter(|d| d.verdict == Verdict::Approve);
        signed.map(|d| d.by.clone()).collect()
    }

    pub(crate) fn remove(
        &self,
        by: &OperatorId,
        node: Option<&NodeId>,
        who: &OperatorId,
        day: Day,
        around: &Around<'_>,
    ) -> Result<ApprovalEvent, Fault> {
        if self.authors.contains(by) {
            return Err(Fault::OwnDocument(by.clone()));
        }
        for open in self.open(node)? {
            let Some(seating) = self.seatings.get(&open.name).filter(|s| !s.passed) else {
                continue;
            };
            let Some(index) = seating.seat_of(who) else { continue };
            let seat = &seating.seats[index];
            let Some(added) = &seat.added else { continue };
            let acted = seat.decision.is_some()
                || seat.advice.is_some()
                || seating.children(index).next().is_some();
            let parent = seating.seats[added.to].who.clone();
            let mine = added.by == *by || around.people.stands_in(by, &added.by, day);
            if mine && !acted {
                allows(open, Allowed::AddSigner)?;
                let (node, who, by) = (open.name.clone(), who.clone(), by.clone());
                return Ok(ApprovalEvent::SignerRemoved { node, by, of: parent, who });
            }
        }
        Err(Fault::NotRemovable(who.clone()))
    }

    pub(crate) fn take_back(
        &self,
        by: &OperatorId,
        node: Option<&NodeId>,
    ) -> Result<ApprovalEvent, Fault> {
        let mine = |step: &&Approve| {
            let live = self.seatings.get(&step.name).into_iter().flat_map(Seating::live);
            live.into_iter().any(|(_, seat)| {
                let decided =
                    seat.decision.as_ref().is_some_and(|d| d.by == *by && d.carried.is_none());
                let advice = |a: &Advice| a.given.is_none();
                let asks = seat.who == *by && seat.decision.is_none();
                decided || asks && seat.advice.as_ref().is_some_and(advice)
            })
        };
        let way = self.way().into_iter().filter(|step| node.is_none_or(|n| *n == step.name));
        let nothing = || Fault::NothingToTakeBack(by.clone());
        let step = way.rev().find(mine).ok_or_else(nothing)?;
        allows(step, Allowed::TakeBack)?;
        let seating = self.seatings.get(&step.name).ok_or_else(nothing)?;
        let acted = |after: &&Approve| {
            self.seatings.get(&after.name).is_some_and(|seating| seating.acts > 0)
        };
        if self.following(&step.name).iter().any(acted) {
            return Err(Fault::TooLate(step.name.clone()));
        }
        let (index, seat) = seating
            .live()
            .find(|(_, seat)| {
                seat.decision.as_ref().is_some_and(|d| d.by == *by)
                    || seat.who == *by && seat.advice.is_some() && seat.decision.is_none()
            })
            .ok_or_else(nothing)?;
        if seat.decision.is_some() && acted_after(seating, index, step.mode) {
            return Err(Fault::TooLate(step.name.clone()));
        }
        let (node, of) = (step.name.clone(), seat.who.clone());
        Ok(ApprovalEvent::TakenBack { node, by: by.clone(), of })
    }

    /// What follows from another version, or from submitting the same one again after it was sent back.
    /// Signatures that cover what changed end, and so do those of whoever wrote it.
    pub fn revise(
        &self,
        revision: &Revision,
        around: &Around<'_>,
    ) -> Result<Vec<ApprovalEvent>, Fault> {
        let Revision { by, version, digest, changed } = revision;
        if !matches!(self.phase, Phase::Running | Phase::SentBack) {
            return Err(Fault::Ended(self.phase));
        }
        let same = *digest == self.digest;
        if same && self.phase == Phase::Running {
            return Err(Fault::NothingChanged);
        }
        if same != (*version == self.version) || *version < self.version {
            return Err(Fault::BadVersion { found: *version, current: self.version });
        }
        if self.changes.len() >= REVISIONS_MAX {
            return Err(Fault::TooManyVersions);
        }
        let mut course = Course::new(self.clone(), around);
        course.emit(revised(by, *version, *digest, changed.iter().cloned().collect()));
        course.branch()?;
        self.void_changed(by, changed, &mut course);
        course.advance();
        Ok(course.events)
    }

    fn void_changed(&self, by: &OperatorId, changed: &BTreeSet<String>, course: &mut Course<'_>) {
        for node in self.seatings.keys() {
            let Some(step) = self.workflow.approve(node) else { continue };
            let fields = covered(&step.signs, changed);
            let of = self.signers_at(node);
            // A step that only waits begins anew as well: others may be asked by the new content, and an
            // author is asked no more.
            let asked = self.seatings[node].takes_part(by);
            if !fields.is_empty() || asked {
                course.emit(ApprovalEvent::Voided { node: node.clone(), of, fields });
            }
        }
    }
}

fn revised(by: &OperatorId, version: u32, on: Hash, changed: Vec<String>) -> ApprovalEvent {
    ApprovalEvent::Revised { by: by.clone(), version, on, changed }
}

/// Whether somebody for whom a seat's decision was the sign to act has acted.
fn acted_after(seating: &Seating, index: usize, mode: Mode) -> bool {
    let after = |place| place == SignerPlace::After;
    let child = seating.children(index).any(|(_, seat)| {
        seat.decision.is_some() && seat.added.as_ref().is_some_and(|a| after(a.place))
    });
    let seat = &seating.seats[index];
    let parent = seat
        .added
        .as_ref()
        .is_some_and(|a| a.place == SignerPlace::Before && seating.seats[a.to].decision.is_some());
    let next = mode == Mode::AllInOrder
        && seating.base().any(|(other, seat)| other > index && seat.decision.is_some());
    child || parent || next
}
