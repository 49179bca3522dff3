//! What follows by itself: branches, steps that begin, signatures that count again, steps that pass.
//!
//! It goes on until nothing follows any more; each round does at least one thing that is never done twice,
//! so it ends after as many rounds as there are steps.

use std::sync::Arc;

use gatewarden_model::{ApprovalEvent, NodeId};

use crate::{
    Approve, Around, Fault, Instance, Node, Phase, Submission, Told, Workflow,
    resolve::people_of,
    seating::{Signature, Standing},
};

/// An instance that is changed, and the events that did it.
pub(crate) struct Course<'a> {
    pub(crate) instance: Instance,
    pub(crate) around: &'a Around<'a>,
    pub(crate) events: Vec<ApprovalEvent>,
}

impl<'a> Course<'a> {
    pub(crate) fn new(instance: Instance, around: &'a Around<'a>) -> Self {
        Self { instance, around, events: vec![] }
    }

    pub(crate) fn emit(&mut self, event: ApprovalEvent) {
        // The entry is not known yet; nothing that decides looks at it.
        self.instance.apply(&event, Told { at_us: self.around.now.us, entry: 0 });
        self.events.push(event);
    }

    /// Decides every branch of the way; nothing is submitted of which one can't be told.
    pub(crate) fn branch(&mut self) -> Result<(), Fault> {
        let workflow = Arc::clone(&self.instance.workflow);
        self.branch_in(&workflow.steps)?;
        match self.instance.way().is_empty() {
            true => Err(Fault::Unsigned),
            false => Ok(()),
        }
    }

    fn branch_in(&mut self, steps: &[Node]) -> Result<(), Fault> {
        for node in steps {
            match node {
                Node::Approve(_) | Node::Notify(_) => {}
                Node::Parallel(all) => {
                    for lane in &all.lanes {
                        self.branch_in(&lane.steps)?;
                    }
                }
                Node::Branch(branch) => {
                    let case = decided(branch, self.around)?;
                    let node = branch.name.clone();
                    self.emit(ApprovalEvent::Branched { node, case });
                    let steps = self.instance.taken(branch);
                    self.branch_in(steps)?;
                }
            }
        }
        Ok(())
    }

    /// Goes on as far as it goes by itself.
    pub(crate) fn advance(&mut self) {
        while self.instance.phase == Phase::Running && self.advance_once() {}
    }

    fn advance_once(&mut self) -> bool {
        let reached = self.instance.reached();
        if let Some(notify) = reached.tell.first() {
            let whom = notify
                .whom
                .iter()
                .flat_map(|who| people_of(who, &self.instance, None, self.around));
            let mut whom: Vec<_> = whom.collect();
            whom.sort();
            whom.dedup();
            let event = ApprovalEvent::Notified { node: notify.name.clone(), whom };
            self.emit(event);
            return true;
        }
        let open: Vec<Approve> = reached.open.into_iter().cloned().collect();
        if open.is_empty() {
            // Nobody is asked any more; whether that is enough is for the gate to say.
            let on = self.instance.digest;
            if self.instance.unsigned().is_empty() {
                self.emit(ApprovalEvent::Approved { on });
            }
            return false;
        }
        open.iter().any(|node| self.step(node))
    }

    /// Does what follows at one step; false where nothing does.
    fn step(&mut self, node: &Approve) -> bool {
        let Some(seating) = self.instance.seatings.get(&node.name) else {
            let seats = self.instance.seats_for(node, self.around);
            self.emit(ApprovalEvent::Opened { node: node.name.clone(), seats });
            return true;
        };
        let counts = |signature: &Signature| self.instance.counts(node, signature);
        match seating.standing(node, &counts) {
            Standing::Passed => {
                let cancelled = seating.cancelled();
                self.emit(ApprovalEvent::Passed { node: node.name.clone(), cancelled });
                true
            }
            Standing::Failed => {
                let cancelled = seating.cancelled();
                self.emit(ApprovalEvent::Rejected { node: node.name.clone(), cancelled });
                true
            }
            Standing::Open => match self.carried(node) {
                Some(event) => {
                    self.emit(event);
                    true
                }
                None => false,
            },
        }
    }

    /// A signature over this very version at another step that counts here too.
    fn carried(&self, node: &Approve) -> Option<ApprovalEvent> {
        let instance = &self.instance;
        let seating = instance.seatings.get(&node.name).filter(|_| instance.workflow.once)?;
        let barred = instance.barred(node);
        let open = seating.live().filter(|(index, seat)| {
            seat.decision.is_none()
                && seating.waits_for(*index, node.mode, true).is_none()
                && !barred.contains(&seat.who)
        });
        open.into_iter().find_map(|(_, seat)| {
            let from = self.signed_before(node, seat)?;
            Some(ApprovalEvent::Carried {
                node: node.name.clone(),
                of: seat.who.clone(),
                from,
                on: instance.digest,
            })
        })
    }

    fn signed_before(&self, node: &Approve, seat: &crate::Seat) -> Option<NodeId> {
        let instance = &self.instance;
        if !instance.is_still(node, seat, self.around) {
            return None;
        }
        let earlier = instance.way().into_iter().filter(|other| {
            other.name != node.name
                && !other.distinct_from.contains(&node.name)
                && instance.following(&other.name).iter().any(|after| after.name == node.name)
        });
        let mut signed = earlier.filter(|other| {
            let there = instance.seatings.get(&other.name);
            there.into_iter().flat_map(crate::Seating::live).any(|(_, theirs)| {
                theirs.decision.as_ref().is_some_and(|d| {
                    d.by == seat.who
                        && d.carried.is_none()
                        && d.on == instance.digest
                        && d.verdict == gatewarden_model::Verdict::Approve
                })
            })
        });
        signed.next().map(|other| other.name.clone())
    }
}

/// The case of a branch that holds; the first does.
pub(crate) fn decided(branch: &crate::Branch, around: &Around<'_>) -> Result<Option<u32>, Fault> {
    for (index, case) in branch.cases.iter().enumerate() {
        let fault = |error| Fault::Condition { node: branch.name.clone(), case: index + 1, error };
        if around.decide.holds(&case.when).map_err(fault)? {
            return Ok(u32::try_from(index).ok());
        }
    }
    Ok(None)
}

impl Instance {
    /// Begins: the state after, and the events that lead there from nothing. Refused where a condition
    /// can't be told, or nobody would have to sign.
    pub fn start(
        workflow: &Arc<Workflow>,
        submission: Submission,
        around: &Around<'_>,
    ) -> Result<(Self, Vec<ApprovalEvent>), Fault> {
        let mut course = Course::new(Self::new(workflow, submission), around);
        course.branch()?;
        course.advance();
        Ok((course.instance, course.events))
    }

    /// The same from the events that a journal keeps: the state before the first of them.
    #[must_use]
    pub fn empty(workflow: &Arc<Workflow>, submission: Submission) -> Self {
        Self::new(workflow, submission)
    }
}
