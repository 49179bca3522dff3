//! What a printer's answers say about its state, and when to ask again. Pure.
//!
//! Invariants: `Up` only for a status without a fault; a fault that stays is told once; a printer
//! that can't be asked is told at every attempt. Absent: the connection (`task`).

use gatewarden_model::{Backoff, DeviceState};

use crate::{HostStatus, Settings};

/// What stands between the printer and a label, in the words shown to people.
#[must_use]
pub fn faults(status: &HostStatus) -> Vec<&'static str> {
    [
        (status.paper_out, "paper out"),
        (status.head_open, "head open"),
        (status.ribbon_out, "ribbon out"),
        (status.paused, "paused"),
        (status.buffer_full, "buffer full"),
        (status.over_temperature, "over temperature"),
        (status.under_temperature, "under temperature"),
        (status.corrupt_ram, "configuration lost"),
        (status.diagnostic, "diagnostic mode"),
    ]
    .into_iter()
    .filter_map(|(is, name)| is.then_some(name))
    .collect()
}

/// What is to be told and when to ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The new state, if it changed.
    pub state: Option<DeviceState>,
    /// How long to wait before the next question, in milliseconds.
    pub wait_ms: u64,
}

/// One printer's state as it was told.
#[derive(Debug)]
pub struct Session {
    poll_ms: u64,
    backoff: Backoff,
    /// The last state told after an answer; `None` while the printer is not reached.
    told: Option<DeviceState>,
}

impl Session {
    /// A printer of which nothing is known.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self { poll_ms: settings.poll_ms.max(1), backoff: Backoff::default(), told: None }
    }

    /// What to tell before asking: `Connecting` while the printer is not reached.
    #[must_use]
    pub fn poll_state(&self) -> Option<DeviceState> {
        let attempt = self.backoff.attempt();
        self.told.is_none().then_some(DeviceState::Connecting { attempt })
    }

    /// The printer answered.
    pub fn handle_status(&mut self, status: &HostStatus) -> Verdict {
        self.backoff.reset();
        let faults = faults(status);
        let state = if faults.is_empty() {
            DeviceState::Up { detail: "ready".to_owned() }
        } else {
            let reason = format!("the printer needs a hand: {}", faults.join(", "));
            DeviceState::Down { reason, retry_in_ms: self.poll_ms }
        };
        let changed = self.told.replace(state.clone()) != Some(state.clone());
        Verdict { state: changed.then_some(state), wait_ms: self.poll_ms }
    }

    /// The printer could not be asked, or its answer makes no sense.
    pub fn handle_failure(&mut self, reason: String, jitter: u64) -> Verdict {
        self.told = None;
        let retry_in_ms = self.backoff.fail(jitter);
        let state = Some(DeviceState::Down { reason, retry_in_ms });
        Verdict { state, wait_ms: retry_in_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(verdict: &Verdict) -> String {
        match &verdict.state {
            None => format!("- {}", verdict.wait_ms),
            Some(DeviceState::Up { detail }) => format!("up {detail} {}", verdict.wait_ms),
            Some(DeviceState::Down { reason, .. }) => format!("down {reason} {}", verdict.wait_ms),
            Some(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn changes_are_told_once_and_failures_always() {
        let mut session = Session::new(&Settings::new("printer:9100"));
        let ready = HostStatus::default();
        let empty = HostStatus { paper_out: true, paused: true, ..HostStatus::default() };
        assert_eq!(session.poll_state(), Some(DeviceState::Connecting { attempt: 1 }));
        for (status, expected) in [
            (&ready, "up ready 2000"),
            (&ready, "- 2000"),
            (&empty, "down the printer needs a hand: paper out, paused 2000"),
            (&empty, "- 2000"),
            (&ready, "up ready 2000"),
        ] {
            assert_eq!(words(&session.handle_status(status)), expected);
            assert_eq!(session.poll_state(), None);
        }
        for attempt in 2..5 {
            let verdict = session.handle_failure("gone".to_owned(), 7);
            assert!(words(&verdict).starts_with("down gone"));
            assert_eq!(session.poll_state(), Some(DeviceState::Connecting { attempt }));
        }
        assert_eq!(words(&session.handle_status(&ready)), "up ready 2000");
    }

    #[test]
    fn every_fault_has_a_name() {
        for (status, name) in [
            (HostStatus { head_open: true, ..HostStatus::default() }, "head open"),
            (HostStatus { ribbon_out: true, ..HostStatus::default() }, "ribbon out"),
            (HostStatus { buffer_full: true, ..HostStatus::default() }, "buffer full"),
            (HostStatus { over_temperature: true, ..HostStatus::default() }, "over temperature"),
            (HostStatus { under_temperature: true, ..HostStatus::default() }, "under temperature"),
            (HostStatus { corrupt_ram: true, ..HostStatus::default() }, "configuration lost"),
            (HostStatus { diagnostic: true, ..HostStatus::default() }, "diagnostic mode"),
        ] {
            assert_eq!(faults(&status), [name]);
        }
        let busy = HostStatus {
            labels_remaining: 3,
            formats_in_buffer: 2,
            label_waiting: true,
            partial_format: true,
            ..HostStatus::default()
        };
        assert!(faults(&busy).is_empty());
    }
}
