//! The desk as the drivers see it: what to print, that it is being sent, how it ended.
//!
//! Invariant: `sending` says yes only when the entry is flushed.

use futures_util::future::BoxFuture;
use gatewarden_engine::Command;
use gatewarden_model::{DeviceId, LabelEvidence, LabelId, LabelState};
use gatewarden_zpl::{Desk, Evidence, Outcome, PrintJob};

use super::Labels;

fn evidence(told: Evidence) -> Box<LabelEvidence> {
    let Evidence { before, after, echo, tid, answers, .. } = told;
    Box::new(LabelEvidence {
        printer: before.serial,
        labels: before.labels.zip(after.labels).map(Into::into),
        encoded: before.rfid_valid.zip(after.rfid_valid).map(Into::into),
        voided: before.rfid_void.zip(after.rfid_void).map(Into::into),
        echo,
        tid,
        answers,
    })
}

/// The label of a token, whichever attempt it is of.
fn parse(token: &str) -> Option<LabelId> {
    gatewarden_zpl::first_token(token).parse().ok()
}

impl Desk for Labels {
    fn next<'a>(&'a self, device: &'a DeviceId) -> BoxFuture<'a, Option<PrintJob>> {
        Box::pin(async move {
            if self.recorder.is_refused(device) {
                return None;
            }
            self.oldest(device).await
        })
    }

    fn sending<'a>(&'a self, _: &'a DeviceId, token: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let Some(label) = parse(token) else { return false };
            let (state, reason) = (LabelState::Sending, String::new());
            let command = Command::LabelChanged { label, state, reason, evidence: None };
            // Somebody may have voided it since it was offered.
            let is_recorded = matches!(self.recorder.command(command).await, Ok(Ok(_)));
            if is_recorded {
                self.note(label, None);
            }
            is_recorded
        })
    }

    fn ended<'a>(&'a self, _: &'a DeviceId, token: &'a str, outcome: Outcome) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Some(id) = parse(token) else { return };
            let Ok(Some(open)) = self.find(id).await else { return };
            match outcome {
                Outcome::NotSent { reason } => self.note(id, Some(reason)),
                Outcome::Issued { evidence: told } => {
                    let told = Some(evidence(told));
                    self.record(&open, LabelState::Issued, String::new(), told).await;
                }
                Outcome::Unknown { reason, evidence: told } => {
                    let told = Some(evidence(told));
                    self.record(&open, LabelState::Unknown, reason, told).await;
                }
            }
        })
    }

    fn bell<'a>(&'a self, _: &'a DeviceId) -> BoxFuture<'a, ()> {
        Box::pin(self.bell.notified())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attempt_s_token_is_of_its_label() {
        let id = LabelId(uuid::Uuid::from_u128(7));
        let first = id.0.simple().to_string();
        let (again, _) = gatewarden_zpl::attempt(&first, "", 20);
        assert_eq!((parse(&first), parse(&again)), (Some(id), Some(id)));
        assert_ne!(first, again);
    }
}
