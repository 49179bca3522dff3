//! The fields of what happens to documents: steps, signatures, firings of rules.

use super::{HIDDEN_HASH, Mask, document::shows_digests, words};
use crate::{ApprovalEvent, DocumentStep, Field, FieldRights, RuleFiring};

impl Mask for DocumentStep {
    fn mask(&mut self, rights: &FieldRights) {
        match self {
            // What branches are decided on tells amounts and owners by names of the house's choosing.
            Self::Submitted { workflow: _, procedures: _, facts, lines, extra: _ } => {
                let shows = shows_digests(rights) && rights.sees(&Field::Cost);
                facts.retain(|_, _| shows);
                lines.retain(|_| shows);
            }
            Self::Approval { event } => event.mask(rights),
            Self::Closed { reason } | Self::Cancelled { reason } => words::note(reason, rights),
            Self::Counted { sheet } => sheet.mask(rights),
            Self::Approved { signatures: _ }
            | Self::Returned
            | Self::Rejected
            | Self::Started { task: _ }
            | Self::Fulfilled { movement: _, by: _, lines: _ }
            | Self::Consumed { movement: _, by: _, items: _ }
            | Self::Inspected { movement: _, by: _, items: _ }
            | Self::CountBegun
            | Self::Own { name: _ }
            | Self::InForce
            | Self::Superseded => {}
        }
    }
}

impl Mask for ApprovalEvent {
    fn mask(&mut self, rights: &FieldRights) {
        // No `_` for a whole event here: a new one has to be thought about.
        let (comment, on) = match self {
            Self::Decided { comment, on, .. }
            | Self::Advised { comment, on, .. }
            | Self::Returned { comment, on, .. } => (Some(comment), Some(on)),
            Self::Transferred { comment, .. }
            | Self::Delegated { comment, .. }
            | Self::SignerAdded { comment, .. }
            | Self::Withdrawn { comment, .. } => (Some(comment), None),
            Self::Carried { on, .. } | Self::Revised { on, .. } | Self::Approved { on } => {
                (None, Some(on))
            }
            Self::Branched { .. }
            | Self::Opened { .. }
            | Self::Reseated { .. }
            | Self::Notified { .. }
            | Self::SignerRemoved { .. }
            | Self::TakenBack { .. }
            | Self::Voided { .. }
            | Self::Passed { .. }
            | Self::Reminded { .. }
            | Self::Escalated { .. }
            | Self::Rejected { .. } => (None, None),
        };
        if let Some(comment) = comment {
            words::note(comment, rights);
        }
        if let Some(on) = on.filter(|_| !shows_digests(rights)) {
            *on = HIDDEN_HASH;
        }
    }
}

impl Mask for RuleFiring {
    fn mask(&mut self, rights: &FieldRights) {
        if !(shows_digests(rights) && rights.sees(&Field::Cost)) {
            self.facts.clear();
        }
    }
}
