//! Commands and their answers, one at a time: from `get_version` to a radio that is active, and what then goes wrong.

use serde_json::json;

use super::{Session, SessionEvent};
use crate::{
    codec::{self, Answer},
    identity::Identity,
    settings::Channel,
};

/// How often the status is read after the start before it counts as failed.
pub const LOOKS_MAX: u32 = 5;
/// Between two questions to a reader that is lost, in microseconds.
pub const SEEK_US: u64 = 1_000_000;
/// Between two looks, in microseconds.
const LOOK_US: u64 = 200_000;
/// What a reader says to a start while it reads.
const ONGOING: &str = "ongoing";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Version,
    Status,
    Stop,
    SetMode,
    Start,
    /// Reads back whether the start took effect, for the n-th time.
    Look(u32),
    /// Asks from time to time while it reads.
    Watch,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Over,
    Waiting { step: Step, id: String, until_us: u64 },
    Pause { step: Step, until_us: u64 },
}

impl Session {
    /// Says that time has passed.
    pub fn handle_time(&mut self, now_us: u64) {
        match self.state.clone() {
            State::Waiting { step: Step::Version, id, until_us }
                if self.seeking && now_us >= until_us =>
            {
                // The same id again, so that a late answer to an earlier one is an answer.
                self.send(Step::Version, id, now_us);
            }
            State::Waiting { step, until_us, .. } if now_us >= until_us => {
                let (name, ms) = (name(step), self.settings.time_out_ms);
                let reason = format!(
                    "no answer to {name} within {ms} ms; check the reader's topics and that its IoT Connector is connected"
                );
                self.lost(now_us, reason);
            }
            State::Pause { step, until_us } if now_us >= until_us => self.ask(step, now_us),
            _ => {}
        }
    }

    pub(super) fn handle_answer(&mut self, now_us: u64, answer: &Answer) {
        let State::Waiting { step, id, .. } = &self.state else { return };
        if *id != answer.id {
            return;
        }
        let step = *step;
        let told = codec::shown(&answer.payload.to_string());
        // A reader that does not read refuses to stop, and one that reads refuses to start.
        let is_so_already = step == Step::Stop || (step == Step::Start && told.contains(ONGOING));
        if !answer.ok && !is_so_already {
            let name = name(step);
            return self.down(format!("the reader refuses {name}: {told}"));
        }
        let reading = codec::reading(&answer.payload);
        match step {
            Step::Version => {
                self.seeking = false;
                self.identity = Identity::from_payload(&answer.payload);
                self.events.push_back(SessionEvent::Identity(self.identity.clone()));
                self.ask(Step::Status, now_us);
            }
            Step::Status => match (reading, self.settings.mode.is_some()) {
                (Some(true), false) => self.up(now_us),
                (Some(true), true) => self.ask(Step::Stop, now_us),
                (_, true) => self.ask(Step::SetMode, now_us),
                (_, false) => self.ask(Step::Start, now_us),
            },
            Step::Stop => self.ask(Step::SetMode, now_us),
            Step::SetMode => self.ask(Step::Start, now_us),
            Step::Start => {
                // Its numbers may begin anew with a start.
                self.last_event = None;
                self.ask(Step::Look(1), now_us);
            }
            Step::Look(_) | Step::Watch if reading == Some(true) => match step {
                Step::Watch => self.pause(Step::Watch, now_us, self.settings.status_ms * 1_000),
                _ => self.up(now_us),
            },
            Step::Look(n) if n < LOOKS_MAX => self.pause(Step::Look(n + 1), now_us, LOOK_US),
            Step::Look(_) => {
                self.down("the reader took the start and its radio stays inactive".to_owned());
            }
            Step::Watch => {
                let reason = "the reader's radio is no longer active: somebody stopped it";
                self.lost(now_us, reason.to_owned());
            }
        }
    }

    fn up(&mut self, now_us: u64) {
        self.running = true;
        self.events.push_back(SessionEvent::Up(self.identity.clone()));
        self.pause(Step::Watch, now_us, self.settings.status_ms * 1_000);
    }

    pub(super) fn ask(&mut self, step: Step, now_us: u64) {
        self.commands += 1;
        self.send(step, self.commands.to_string(), now_us);
    }

    fn send(&mut self, step: Step, id: String, now_us: u64) {
        let payload = match (step, &self.settings.mode) {
            (Step::SetMode, Some(mode)) => mode.clone(),
            (Step::Start, _) => json!({ "doNotPersistState": true }),
            _ => json!({}),
        };
        let channel = match step {
            Step::Version | Step::Status | Step::Look(_) | Step::Watch => {
                Channel::ManagementCommand
            }
            Step::Stop | Step::SetMode | Step::Start => Channel::ControlCommand,
        };
        self.output.push_back((channel, codec::command(name(step), &id, &payload)));
        let wait_us = match self.seeking {
            true => SEEK_US,
            false => self.settings.time_out_ms.saturating_mul(1_000),
        };
        self.state = State::Waiting { step, id, until_us: now_us.saturating_add(wait_us) };
    }

    fn pause(&mut self, step: Step, now_us: u64, pause_us: u64) {
        self.state = State::Pause { step, until_us: now_us.saturating_add(pause_us) };
    }

    fn down(&mut self, reason: String) {
        self.state = State::Over;
        self.running = false;
        self.events.push_back(SessionEvent::Down { reason });
    }

    /// Begins to seek the reader.
    pub(super) fn lost(&mut self, now_us: u64, reason: String) {
        self.running = false;
        self.seeking = true;
        self.events.push_back(SessionEvent::Lost { reason });
        self.ask(Step::Version, now_us);
    }
}

fn name(step: Step) -> &'static str {
    match step {
        Step::Version => "get_version",
        Step::Status | Step::Look(_) | Step::Watch => "get_status",
        Step::Stop => "stop",
        Step::SetMode => "set_mode",
        Step::Start => "start",
    }
}
