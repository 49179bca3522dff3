//! The conversation with one reader. Pure: time is an argument.
//!
//! On a connection: `get_version`, `get_status`; where it does not read or a mode is set: `stop`, `set_mode`,
//! `start`, then `get_status` until the radio is active, because `set_mode` alone succeeds and does nothing.
//! Invariants: one command at a time, each answered in time or the session is down; every number missing between
//! data events, and every step back, is a gap; an event that comes again with the same number and content within
//! [`REPEATS_MAX`] is dropped and counted. Numbers outlive a connection, so that redelivered events are known.

use std::collections::VecDeque;

use gatewarden_model::{Hash, TagRead};
use serde_json::{Value, json};

use crate::{
    codec::{self, Answer, Management, Tag},
    identity::Identity,
    settings::{Channel, Settings},
};

/// How many of the last events are remembered to know repeats.
pub const REPEATS_MAX: usize = 1_024;
/// How often the status is read after the start before it counts as failed.
pub const LOOKS_MAX: u32 = 5;
/// Between two such looks, in microseconds.
const LOOK_US: u64 = 200_000;

/// What the session tells.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionEvent {
    /// Who the reader is.
    Identity(Identity),
    /// It reads for us.
    Up(Identity),
    /// A tag was seen, in the payload with this digest.
    Read {
        /// The tag.
        tag: TagRead,
        /// The payload's digest.
        raw: Hash,
    },
    /// An input changed.
    Input {
        /// Its number.
        port: u16,
        /// Its new level.
        on: bool,
    },
    /// Something was lost.
    Gap {
        /// What.
        reason: String,
    },
    /// The reader does not work; connect anew.
    Down {
        /// Why.
        reason: String,
    },
    /// Worth the log.
    Note(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
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
enum State {
    Over,
    Waiting { step: Step, id: String, until_us: u64 },
    Pause { step: Step, until_us: u64 },
}

/// A conversation.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    state: State,
    running: bool,
    identity: Identity,
    commands: u64,
    last_event: Option<u64>,
    recent: VecDeque<(u64, Hash)>,
    repeats: u64,
    heard_us: u64,
    output: VecDeque<(Channel, Vec<u8>)>,
    events: VecDeque<SessionEvent>,
}

impl Session {
    /// A session that is not connected. `first_id` begins the ids of commands, another one each time the daemon
    /// starts, so that a late answer to an earlier one's command is not taken for one to ours.
    #[must_use]
    pub fn new(settings: Settings, first_id: u64) -> Self {
        Self {
            settings,
            state: State::Over,
            running: false,
            identity: Identity::default(),
            commands: first_id,
            last_event: None,
            recent: VecDeque::new(),
            repeats: 0,
            heard_us: 0,
            output: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Says that the topics are subscribed.
    pub fn handle_connected(&mut self, now_us: u64) {
        self.output.clear();
        self.running = false;
        self.ask(Step::Version, now_us);
    }

    /// Says that the broker's connection is gone.
    pub fn handle_disconnect(&mut self) {
        self.state = State::Over;
        self.running = false;
    }

    /// Takes a payload.
    pub fn handle_payload(&mut self, now_us: u64, channel: Channel, payload: &[u8]) {
        let objects = match codec::split(payload) {
            Ok(objects) => objects,
            Err(error) => return self.gap(format!("a message could not be read: {error}")),
        };
        self.heard_us = now_us;
        let raw = Hash::of(payload);
        for object in &objects {
            match channel {
                Channel::Data => self.handle_data(object, raw),
                Channel::Events => self.handle_management(object),
                Channel::ManagementAnswer | Channel::ControlAnswer => match codec::answer(object) {
                    Ok(answer) => self.handle_answer(now_us, &answer),
                    Err(error) => self.note(format!("an answer could not be read: {error}")),
                },
                Channel::ManagementCommand | Channel::ControlCommand => {}
            }
        }
    }

    /// Says that time has passed.
    pub fn handle_time(&mut self, now_us: u64) {
        match self.state.clone() {
            State::Waiting { step, until_us, .. } if now_us >= until_us => {
                let (name, ms) = (name(step), self.settings.time_out_ms);
                self.down(format!(
                    "no answer to {name} within {ms} ms; check the reader's topics and that its IoT Connector is connected"
                ));
            }
            State::Pause { step, until_us } if now_us >= until_us => self.ask(step, now_us),
            _ => {}
        }
    }

    /// When `handle_time` wants to be called.
    #[must_use]
    pub fn deadline_us(&self) -> Option<u64> {
        match self.state {
            State::Over => None,
            State::Waiting { until_us, .. } | State::Pause { until_us, .. } => Some(until_us),
        }
    }

    /// The command that ends reading.
    pub fn stop_command(&mut self) -> (Channel, Vec<u8>) {
        self.commands += 1;
        (Channel::ControlCommand, codec::command("stop", &self.commands.to_string(), &json!({})))
    }

    /// What is to be published next.
    pub fn poll_output(&mut self) -> Option<(Channel, Vec<u8>)> {
        self.output.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    /// Whether the reader reads for us.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// When the reader was last heard.
    #[must_use]
    pub fn heard_us(&self) -> u64 {
        self.heard_us
    }

    /// How many events came again and were dropped.
    #[must_use]
    pub fn repeats(&self) -> u64 {
        self.repeats
    }

    fn handle_data(&mut self, object: &Value, raw: Hash) {
        let tags = match codec::tags(object) {
            Ok(tags) => tags,
            Err(error) => return self.gap(format!("a data event could not be read: {error}")),
        };
        let content = Hash::of(object.to_string().as_bytes());
        for Tag { read, event } in tags {
            if event.is_none_or(|number| self.is_new(number, content)) {
                self.events.push_back(SessionEvent::Read { tag: read, raw });
            }
        }
    }

    /// Whether an event is not a repeat; tells of what is missing before it.
    fn is_new(&mut self, number: u64, content: Hash) -> bool {
        if self.recent.contains(&(number, content)) {
            self.repeats += 1;
            return false;
        }
        self.recent.push_back((number, content));
        if self.recent.len() > REPEATS_MAX {
            self.recent.pop_front();
        }
        match self.last_event.replace(number) {
            Some(last) if number <= last => self.gap(format!(
                "event number {number} came after {last}: the reader began anew, or two publish on one topic"
            )),
            Some(last) if number - last > 1 => {
                self.gap(format!("events {} to {} are missing", last + 1, number - 1));
            }
            _ => {}
        }
        true
    }

    fn handle_management(&mut self, object: &Value) {
        match codec::management(object) {
            Ok(Management::Input { port, on }) => {
                self.events.push_back(SessionEvent::Input { port, on });
            }
            Ok(Management::Heartbeat { reading: Some(false) }) if self.running => {
                self.down("the reader's heartbeat says that its radio is inactive".to_owned());
            }
            Ok(Management::Heartbeat { .. }) => {}
            Ok(Management::Note(text)) => self.note(format!("the reader remarks {text}")),
            Err(error) => self.gap(format!("a management event could not be read: {error}")),
        }
    }

    fn handle_answer(&mut self, now_us: u64, answer: &Answer) {
        let State::Waiting { step, id, .. } = &self.state else { return };
        if *id != answer.id {
            return;
        }
        let step = *step;
        // A reader that does not read refuses to stop.
        if !answer.ok && step != Step::Stop {
            let (name, why) = (name(step), codec::shown(&answer.payload.to_string()));
            return self.down(format!("the reader refuses {name}: {why}"));
        }
        let reading = codec::reading(&answer.payload);
        match step {
            Step::Version => {
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
                self.down("the reader's radio is no longer active: somebody stopped it".to_owned())
            }
        }
    }

    fn up(&mut self, now_us: u64) {
        self.running = true;
        self.events.push_back(SessionEvent::Up(self.identity.clone()));
        self.pause(Step::Watch, now_us, self.settings.status_ms * 1_000);
    }

    fn ask(&mut self, step: Step, now_us: u64) {
        self.commands += 1;
        let id = self.commands.to_string();
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
        let until_us = now_us.saturating_add(self.settings.time_out_ms.saturating_mul(1_000));
        self.state = State::Waiting { step, id, until_us };
    }

    fn pause(&mut self, step: Step, now_us: u64, pause_us: u64) {
        self.state = State::Pause { step, until_us: now_us.saturating_add(pause_us) };
    }

    fn note(&mut self, text: String) {
        self.events.push_back(SessionEvent::Note(text));
    }

    fn gap(&mut self, reason: String) {
        self.events.push_back(SessionEvent::Gap { reason });
    }

    fn down(&mut self, reason: String) {
        self.state = State::Over;
        self.running = false;
        self.events.push_back(SessionEvent::Down { reason });
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
