//! One stream's conversation. Pure: time is an argument.
//!
//! Invariants: every line that can't be read, every loss the reader tells of, and a line cut by the end is a gap;
//! the events are in the order of the lines. Absent: requests, which the task sends.

use std::collections::VecDeque;

use gatewarden_model::{Hash, TagRead};

use crate::codec::{Event, Line, Lines, decode};

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
    events: VecDeque<SessionEvent>,
}

impl Session {
    /// A stream that began now and may be silent for `silence_ms`.
    #[must_use]
    pub fn new(silence_ms: u64, now_us: u64) -> Self {
        let (lines, events) = (Lines::default(), VecDeque::new());
        Self { lines, heard_us: now_us, silence_us: silence_ms.saturating_mul(1_000), events }
    }

    /// Takes bytes of the stream.
    pub fn handle_bytes(&mut self, now_us: u64, bytes: &[u8]) {
        self.heard_us = now_us;
        for line in self.lines.push(bytes) {
            match line {
                Line::KeepAlive => {}
                Line::TooLong => self.gap("a line was too long".to_owned()),
                Line::Text(line) => self.handle_line(&line),
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

    fn handle_line(&mut self, line: &[u8]) {
        let raw = Hash::of(line);
        let decoded = match decode(line) {
            Ok(events) => events,
            Err(error) => return self.gap(format!("an event could not be read: {error}")),
        };
        for event in decoded {
            self.events.push_back(match event {
                Event::Tag(tag) => SessionEvent::Read { tag, raw },
                Event::Input { port, on } => SessionEvent::Input { port, on },
                Event::Lost(what) => {
                    SessionEvent::Gap { reason: format!("the reader lost events: {what}") }
                }
                Event::Status(status) if status == "running" || status == "armed" => {
                    SessionEvent::Note(format!("inventory {status}"))
                }
                Event::Status(status) => SessionEvent::Idle { status },
                Event::Other(name) => SessionEvent::Note(format!("the reader tells {name}")),
            });
        }
    }

    fn gap(&mut self, reason: String) {
        self.events.push_back(SessionEvent::Gap { reason });
    }
}
