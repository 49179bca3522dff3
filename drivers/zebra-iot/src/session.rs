//! The conversation with one reader. Pure: time is an argument.
//!
//! On a connection: `get_version`, `get_status`; where it does not read or a mode is set: `stop`, `set_mode`,
//! `start`, then `get_status` until the radio is active, because `set_mode` alone succeeds and does nothing. A reader
//! that falls silent or stops is sought on the same connection, every [`SEEK_US`], until it answers again.
//! Invariants: one command at a time; every number missing between data events or between management events, every
//! step back, and every message that the reader says it dropped, is a gap; an event that comes again with the same
//! number and content within [`REPEATS_MAX`] is dropped and counted. Numbers outlive a connection, so that
//! redelivered events are known.

mod talk;

use std::collections::VecDeque;

use gatewarden_model::{Hash, TagRead};
use serde_json::{Value, json};

use crate::{
    codec::{self, Management, Tag},
    identity::Identity,
    settings::{Channel, Settings},
};
use talk::{State, Step};

pub use talk::{LOOKS_MAX, SEEK_US};

/// How many of the last events are remembered to know repeats.
pub const REPEATS_MAX: usize = 1_024;

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
    /// The reader is silent or was stopped; this session seeks it. Told once until it is up again.
    Lost {
        /// Why.
        reason: String,
    },
    /// Worth the log.
    Note(String),
}

/// A conversation.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    state: State,
    running: bool,
    /// Whether it is lost and sought.
    seeking: bool,
    identity: Identity,
    commands: u64,
    last_event: Option<u64>,
    last_told: Option<u64>,
    dropped: Option<u64>,
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
            seeking: false,
            identity: Identity::default(),
            commands: first_id,
            last_event: None,
            last_told: None,
            dropped: None,
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
        self.seeking = false;
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
                Channel::Events => self.handle_management(now_us, object),
                Channel::ManagementAnswer | Channel::ControlAnswer => match codec::answer(object) {
                    Ok(answer) => self.handle_answer(now_us, &answer),
                    Err(error) => self.note(format!("an answer could not be read: {error}")),
                },
                Channel::ManagementCommand | Channel::ControlCommand => {}
            }
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

    fn handle_management(&mut self, now_us: u64, object: &Value) {
        if let Some(number) = codec::management_number(object) {
            match self.last_told.replace(number) {
                Some(last) if number > last.saturating_add(1) => self.gap(format!(
                    "management events {} to {} are missing",
                    last + 1,
                    number - 1
                )),
                _ => {}
            }
        }
        match codec::management(object) {
            Ok(Management::Input { port, on }) => {
                self.events.push_back(SessionEvent::Input { port, on });
            }
            Ok(Management::Heartbeat { reading, dropped }) => {
                self.handle_dropped(dropped);
                if reading == Some(false) && self.running {
                    let reason = "the reader's heartbeat says that its radio is inactive";
                    self.lost(now_us, reason.to_owned());
                }
            }
            Ok(Management::Note(text)) => self.note(format!("the reader remarks {text}")),
            Err(error) => self.gap(format!("a management event could not be read: {error}")),
        }
    }

    /// The reader counts what it dropped; how much it was before we listened concerns nobody.
    fn handle_dropped(&mut self, dropped: Option<u64>) {
        let Some(now) = dropped else { return };
        let before = self.dropped.replace(now);
        if let Some(more) = before.and_then(|before| now.checked_sub(before)).filter(|n| *n > 0) {
            self.gap(format!("the reader dropped {more} messages of data"));
        }
    }

    fn note(&mut self, text: String) {
        self.events.push_back(SessionEvent::Note(text));
    }

    fn gap(&mut self, reason: String) {
        self.events.push_back(SessionEvent::Gap { reason });
    }
}
