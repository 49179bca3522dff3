//! For whoever checks a journal afterwards: whether the events recorded are what would have happened.
//!
//! The first event of a step says what was done; doing it again, with the people and facts of that time,
//! must give the very same events.

use std::sync::Arc;

use gatewarden_model::{ApprovalAct, ApprovalEvent, OperatorId};

use crate::{Around, Fault, Instance, Revision, Submission, Told, Workflow};

/// The act that an event is, and whose; none for what follows by itself.
#[must_use]
pub fn act_of(event: &ApprovalEvent) -> Option<(OperatorId, ApprovalAct)> {
    use {ApprovalAct as Act, ApprovalEvent as Event};
    let some = Some;
    Some(match event.clone() {
        Event::Decided { node, by, verdict, on, comment, .. } => {
            (by, Act::Decide { node: some(node), on, verdict, comment })
        }
        Event::Advised { node, by, verdict, on, comment, .. } => {
            (by, Act::Advise { node: some(node), on, verdict, comment })
        }
        Event::Transferred { node, by, to, comment, .. } => {
            (by, Act::Transfer { node: some(node), to, comment })
        }
        Event::Delegated { node, by, to, comment, .. } => {
            (by, Act::Delegate { node: some(node), to, comment })
        }
        Event::SignerAdded { node, by, who, place, comment, .. } => {
            (by, Act::AddSigner { node: some(node), who, place, comment })
        }
        Event::SignerRemoved { node, by, who, .. } => {
            (by, Act::RemoveSigner { node: some(node), who })
        }
        Event::Returned { node, by, to, on, comment, .. } => {
            (by, Act::Return { node: some(node), on, to, comment })
        }
        Event::TakenBack { node, by, .. } => (by, Act::TakeBack { node: some(node) }),
        Event::Withdrawn { by, comment } => (by, Act::Withdraw { comment }),
        _ => return None,
    })
}

impl Instance {
    /// Takes in the events of one recorded step, after it was seen that they are what follows. Fails with
    /// the reason why such an act is refused, or why the events are others.
    pub fn follow(
        &mut self,
        events: &[ApprovalEvent],
        told: Told,
        around: &Around<'_>,
    ) -> Result<(), Fault> {
        let first = events.first();
        let first = first.ok_or_else(|| Fault::NotWhatFollows("there are none".to_owned()))?;
        let expected = match (act_of(first), first) {
            (Some((by, act)), _) => self.act(&by, &act, around)?,
            (None, ApprovalEvent::Revised { by, version, on, changed }) => {
                let changed = changed.iter().cloned().collect();
                let (by, version, digest) = (by.clone(), *version, *on);
                self.revise(&Revision { by, version, digest, changed }, around)?
            }
            (None, _) => self.tick(around),
        };
        same(events, &expected)?;
        events.iter().for_each(|event| self.apply(event, told));
        Ok(())
    }

    /// The same for the events with which it began.
    pub fn follow_start(
        workflow: &Arc<Workflow>,
        submission: Submission,
        events: &[ApprovalEvent],
        told: Told,
        around: &Around<'_>,
    ) -> Result<Self, Fault> {
        let mut instance = Self::empty(workflow, submission.clone());
        let (_, expected) = Self::start(workflow, submission, around)?;
        same(events, &expected)?;
        events.iter().for_each(|event| instance.apply(event, told));
        Ok(instance)
    }
}

fn same(found: &[ApprovalEvent], expected: &[ApprovalEvent]) -> Result<(), Fault> {
    if found == expected {
        return Ok(());
    }
    let at = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
    let words = |event: Option<&ApprovalEvent>| match event {
        Some(event) => serde_json::to_string(event).unwrap_or_default(),
        None => "nothing".to_owned(),
    };
    let (found, expected) = (words(found.get(at)), words(expected.get(at)));
    Err(Fault::NotWhatFollows(format!("event {at} is {found}, and {expected} would follow")))
}
