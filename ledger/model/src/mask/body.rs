//! The fields of entries: every kind, and every field of it.

use super::{HIDDEN_HASH, Mask, document::shows_digests, words};
use crate::{Body, Entry, Field, FieldRights, NoticeOutcome};

/// What the reason of an ended reservation begins with where somebody gave one.
const VOID: &str = "void: ";

impl Mask for Entry {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { v: _, seq: _, at: _, body } = self;
        body.mask(rights);
    }
}

impl Mask for Body {
    #[rustfmt::skip]
    fn mask(&mut self, rights: &FieldRights) {
        self.decision_mut().into_iter().for_each(|decision| decision.mask(rights));
        // No `_` and no `..` here: a new kind, or a new field of an old one, has to be thought about.
        match self {
            // Nothing of these is ever hidden; their reasons are the daemon's own words.
            Self::Started { gateway: _, version: _, config: _, policies: _ }
            | Self::Stopped { reason: _ }
            | Self::Enrolled {
                operator: _, name: _, roles: _, badges: _, pin: _, kinds: _, tails: _, activation: _, mitigations: _, change: _, by: _,
            }
            | Self::PinSet { operator: _, pin: _, activated: _ }
            | Self::FactorAdded { operator: _, factor: _, change: _, by: _ }
            | Self::FactorUsed { operator: _, factor: _, counter: _ }
            | Self::Unlocked { operator: _, by: _, decision: _ }
            | Self::DeviceApproved { device: _, identity: _, change: _, by: _ }
            | Self::DeviceRefused { device: _, seen: _, known: _ }
            | Self::DeviceBack { device: _, since: _ }
            | Self::ClientUsed { client: _ }
            | Self::ReviewOpened { review: _, by: _, decision: _ }
            | Self::ReviewClosed { review: _, reason: _, expired: _, spared: _ }
            | Self::Removed { operator: _, by: _ }
            | Self::ClientAdded { client: _, scopes: _, token: _, certificate: _, until_us: _, change: _, by: _ }
            | Self::ClientRevoked { client: _, by: _ }
            | Self::SessionOpened { session: _, operator: _, station: _, auth_level: _ }
            | Self::SessionEnded { session: _, operator: _, station: _, reason: _ }
            | Self::SignInRefused { operator: _, station: _, reason: _, failures: _, locked_ms: _, until_unlocked: _ }
            | Self::TaskClosed { task: _, reason: _, by: _ }
            | Self::Quarantined { pass: _, reason: _ }
            | Self::Unread { pass: _ }
            | Self::SessionChanged {
                station: _, session: _, operator: _, from: _, event: _, to: _, auth_level_before: _, auth_level: _, second: _, note: _,
            }
            | Self::Delivered { movement: _, lane: _, remote_id: _, found: _ }
            | Self::ItemDefined { item: _, by: _ }
            | Self::ProceduresDefined { version: _, parts: _, change: _ }
            | Self::ReceiverSeen { station: _, operator: _, badge: _ }
            | Self::PoliciesDefined { version: _, roles: _, cedar: _, sod: _, guards: _, change: _ }
            | Self::Commissioned {
                tag: _, item: _, lot: _, serial: _, tid: _, by: _, decision: _
            }
            | Self::LabelQueued { label: _, by: _, decision: _ }
            | Self::LabelChanged { label: _, state: _, reason: _, evidence: _ }
            | Self::TagAccessEnded { asked: _, tag: _, device: _, outcome: _ }
            | Self::PeriodClosed { until: _, by: _, decision: _ }
            | Self::Gap { device: _, from: _, to: _, reason: _ } => {}
            Self::QuarantineResolved { pass: _, verdict: _, reason, by: _, decision: _ }
            | Self::FactorRemoved { operator: _, factor: _, reason, by: _, decision: _ }
            | Self::LabelDecided { label: _, verdict: _, reason, by: _, decision: _ }
            | Self::Decommissioned { tag: _, reason, by: _, decision: _ }
            | Self::ChangeRequested { id: _, change: _, reason, by: _, decision: _ }
            | Self::ChangeDecided { id: _, verdict: _, reason, by: _, decision: _, mitigations: _ }
            | Self::ReviewDecided {
                review: _, item: _, verdict: _, justification: reason, by: _, decision: _,
            }
            | Self::KeyRotated { old: _, new: _, reason, by: _ }
            | Self::Restored { size: _, lost: _, reason, by: _ } => words::note(reason, rights),
            Self::HoldDecided {
                pass: _, task: _, verdict: _, reason, doubts: _, by: _, second, decision: _,
            } => {
                words::note(reason, rights);
                second.iter_mut().for_each(|second| second.decision.mask(rights));
            }
            Self::Held {
                pass: _, task: _, operator: _, auth_level: _, second, comparison: _, decision: _,
            } => second.iter_mut().for_each(|second| second.decision.mask(rights)),
            Self::TagAccessAsked {
                tag: _, station: _, device: _, access: _, reason, by: _, second, decision: _,
            } => {
                words::note(reason, rights);
                second.iter_mut().for_each(|second| second.decision.mask(rights));
            }
            Self::DocumentWritten { content, by: _, decision: _ } => content.mask(rights),
            Self::DocumentStepped { document: _, version: _, digest, step, by: _, decision: _ } => {
                if !shows_digests(rights) {
                    *digest = HIDDEN_HASH;
                }
                step.mask(rights);
            }
            Self::RuleFired { firing, document: _ } => firing.mask(rights),
            Self::TodoDone { fired: _, reason, by: _ } => words::note(reason, rights),
            Self::TaskOpened { task, by: _, decision: _ } => task.mask(rights),
            Self::TaskApproved { task: _, content, by: _, decision: _ } => {
                if !shows_digests(rights) {
                    *content = HIDDEN_HASH;
                }
            }
            Self::Denied {
                by: _, action: _, module: _, reason, decision, station: _, task: _, document: _, pass: _, further: _,
            } => words::told(reason, decision.as_ref(), rights),
            Self::Moved { movement, pass: _ } => movement.mask(rights),
            Self::Rejected { movement: _, lane: _, reason } => words::foreign(reason, rights),
            // What a channel answers may quote what it was sent.
            Self::NoticeSettled { settled } => {
                if let NoticeOutcome::Rejected { reason } = &mut settled.outcome {
                    words::foreign(reason, rights);
                }
            }
            Self::Reserved { posting, lines, by: _, decision: _ } => {
                posting.mask(rights);
                lines.mask(rights);
            }
            Self::ReservationEnded { movement: _, reason, lines, by: _, decision: _ } => {
                if reason.starts_with(VOID) && !rights.sees(&Field::Notes) {
                    reason.truncate(VOID.len());
                    reason.push_str(super::HIDDEN);
                }
                lines.mask(rights);
            }
            Self::CostLanded { movement: _, document: _, amounts, revalues, voucher, by: _, decision: _ } => {
                if !rights.sees(&Field::Cost) {
                    amounts.clear();
                    revalues.clear();
                    voucher.clear();
                }
            }
        }
    }
}
