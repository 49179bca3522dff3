//! The decision that an entry rests on.

use crate::{Body, Decision};

/// Finds the decision in whichever kind of body has one; the same for reading and changing.
macro_rules! decision {
    ($body:expr, $as:ident, $some:ident, $movement:ident => $of:expr) => {
        match $body {
            Body::TaskOpened { decision, .. }
            | Body::DocumentWritten { decision, .. }
            | Body::DocumentStepped { decision, .. }
            | Body::ChangeRequested { decision, .. }
            | Body::ChangeDecided { decision, .. }
            | Body::ReservationEnded { decision, .. }
            | Body::FactorRemoved { decision, .. }
            | Body::Denied { decision, .. } => decision.$as(),
            Body::TaskApproved { decision, .. }
            | Body::Unlocked { decision, .. }
            | Body::ReviewOpened { decision, .. }
            | Body::ReviewDecided { decision, .. }
            | Body::QuarantineResolved { decision, .. }
            | Body::Held { decision, .. }
            | Body::HoldDecided { decision, .. }
            | Body::Commissioned { decision, .. }
            | Body::LabelQueued { decision, .. }
            | Body::LabelDecided { decision, .. }
            | Body::Decommissioned { decision, .. }
            | Body::TagAccessAsked { decision, .. }
            | Body::Reserved { decision, .. }
            | Body::CostLanded { decision, .. }
            | Body::PeriodClosed { decision, .. } => $some(decision),
            Body::Moved { movement: $movement, .. } => $some($of),
            _ => None,
        }
    };
}

impl Body {
    /// What the policies answered, where they were asked.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        decision!(self, as_ref, Some, movement => &movement.decision)
    }

    /// The same, to be shown in part.
    pub fn decision_mut(&mut self) -> Option<&mut Decision> {
        decision!(self, as_mut, Some, movement => &mut movement.decision)
    }
}
