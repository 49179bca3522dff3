//! One stream's conversation. Pure: time is an argument.
//!
//! Invariants: every line that can't be read, every loss the reader tells of, an antenna that is unplugged until it
//! is plugged in again (at most [`UNPLUGGED_MAX`]), and a line cut by the end is a gap;
//! the events are in the order of the lines. Absent: requests, which the task sends.

use std::collections::{BTreeMap, VecDeque};

use gatewarden_model::{Hash, TagRead};

use crate::codec::{Event, Line, Lines, decode};

/// Most antennas that are remembered as unplugged.
pub const UNPLUGGED_MAX: usize = 64;

/// What a stream told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEvent {
    /// A tag was seen, in the line with this digest.
    Read {
        /// The tag.
        tag: TagRead,
        /// The line's digest, without its end.
        raw: Hash,
    },
    /// An input changed.
    Input {
        /// Its number, from 1.
        port: u16,
        /// Its new level.
        on: bool,
    },
    /// Something was lost.
    Gap {
        /// Since when, in microseconds of the time that is handed in; else since the stream was last good.
        since_us: Option<u64>,
        /// What.
        reason: String,
    },
    /// The inventory is no longer running.
    Idle {
        /// What the reader calls it.
        status: String,
    },
    /// Worth the log.
    Note(String),
}

/// A stream.
#[derive(Debug)]
pub struct Session {
    lines: Lines,
    heard_us: u64,
    silence_us: u64,
    unplugged: BTreeMap<u16, u64>,
    events: VecDeque<SessionEvent>,
}

impl Session {
    /// A stream that began now and may be silent for `silence_ms`.
    #[must_use]
    pub fn new(silence_ms: u64, now_us: u64) -> Self {
        let (lines, events) = (Lines::default(), VecDeque::new());
        let silence_us = silence_ms.saturating_mul(1_000);
        Self { lines, heard_us: now_us, silence_us, unplugged: BTreeMap::new(), events }
    }

    /// Takes bytes of the stream.
    pub fn handle_bytes(&mut self, now_us: u64, bytes: &[u8]) {
        self.heard_us = now_us;
        for line in self.lines.push(bytes) {
            match line {
                Line::KeepAlive => {}
                Line::TooLong => self.gap("a line was too long".to_owned()),
                Line::Text(line) => self.handle_line(now_us, &line),
            }
        }
    }

    /// Says that the stream ended.
    pub fn handle_end(&mut self) {
        if self.lines.is_half() {
            self.gap("the connection ended in the middle of a line".to_owned());
        }
        self.lines = Lines::default();
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    /// When the stream was last heard.
    #[must_use]
    pub fn heard_us(&self) -> u64 {
        self.heard_us
    }

    /// When the stream counts as dead unless something comes.
    #[must_use]
    pub fn deadline_us(&self) -> u64 {
        self.heard_us.saturating_add(self.silence_us)
    }

    fn handle_line(&mut self, now_us: u64, line: &[u8]) {
        let raw = Hash::of(line);
        let decoded = match decode(line) {
            Ok(events) => events,
            Err(error) => return self.gap(format!("an event could not be read: {error}")),
        };
        for event in decoded {
            let told = match event {
                Event::Tag(tag) => SessionEvent::Read { tag, raw },
                Event::Input { port, on } => SessionEvent::Input { port, on },
                Event::Lost(what) => {
                    let reason = format!("the reader lost events: {what}");
                    SessionEvent::Gap { since_us: None, reason }
                }
                Event::Antenna { port, connected } => self.antenna(now_us, port, connected),
                Event::Status(status) if status == "running" || status == "armed" => {
                    SessionEvent::Note(format!("inventory {status}"))
                }
                Event::Status(status) => SessionEvent::Idle { status },
                Event::Other(name) => SessionEvent::Note(format!("the reader tells {name}")),
            };
            self.events.push_back(told);
        }
    }

    fn antenna(&mut self, now_us: u64, port: u16, connected: bool) -> SessionEvent {
        if connected {
            let Some(since_us) = self.unplugged.remove(&port) else {
                return SessionEvent::Note(format!("antenna {port} was plugged in"));
            };
            let reason = format!("antenna {port} was unplugged");
            return SessionEvent::Gap { since_us: Some(since_us), reason };
        }
        if self.unplugged.len() < UNPLUGGED_MAX {
            self.unplugged.entry(port).or_insert(now_us);
        }
        let reason = format!("antenna {port} was unplugged: nothing is read there");
        SessionEvent::Gap { since_us: None, reason }
    }

    fn gap(&mut self, reason: String) {
        self.events.push_back(SessionEvent::Gap { since_us: None, reason });
    }
}
