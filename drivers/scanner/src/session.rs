//! One open port's bytes and pauses turned into scans and gaps. Pure: the time is an argument.
//!
//! Invariants: a scan comes only from a terminated line; a line that pauses for the idle time is
//! half a scan and becomes a gap, and what still follows it within `RESYNC_US` up to the next
//! terminator is its rest, never a scan of its own; outputs keep the order of the bytes. Absent:
//! the port and its outages (`task`).

use std::collections::VecDeque;

use gatewarden_model::{Hash, ScanRead, Stamp};

use crate::{
    Settings,
    codec::{Frame, Framer, evidence, parse_line},
};

/// How long after a half scan its rest may still arrive, in microseconds.
pub const RESYNC_US: u64 = 500_000;

/// What a session makes of the bytes; that of lines makes scans and gaps only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A whole scan.
    Scan {
        /// When its terminator arrived.
        at: Stamp,
        /// What it says.
        scan: ScanRead,
        /// Digest of the line's bytes, prefix and AIM identifier included, terminator not; or of its packets.
        raw: Hash,
    },
    /// Bytes that are no scan.
    Gap {
        /// When their first byte arrived.
        from: Stamp,
        /// When it was clear that they are no scan.
        to: Stamp,
        /// Why, with the bytes in hex.
        reason: String,
    },
    /// Bytes for the scanner; told behind what they acknowledge.
    Send(Vec<u8>),
    /// The scanner has said who it is.
    Ready {
        /// When it did.
        at: Stamp,
        /// The release of its software.
        firmware: Option<String>,
        /// The engine's name.
        model: Option<String>,
    },
    /// Nobody answers at this port, or somebody else.
    Dead {
        /// Why, with the way out.
        reason: String,
    },
}

/// The state of one open port.
#[derive(Debug)]
pub struct Session {
    framer: Framer,
    prefix: Vec<u8>,
    idle_us: u64,
    /// Arrival of the unfinished line's first byte.
    line_from: Option<Stamp>,
    /// Arrival of the last byte.
    last: Option<Stamp>,
    /// Half a scan was dropped: its rest may come until this moment of the monotonic clock.
    rest_until_us: Option<u64>,
    outputs: VecDeque<Output>,
}

impl Session {
    /// The session of a port that was just opened.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            framer: Framer::new(&settings.suffix, settings.line_bytes_max),
            prefix: settings.prefix.as_bytes().to_vec(),
            idle_us: settings.idle_flush_ms.max(1).saturating_mul(1_000),
            line_from: None,
            last: None,
            rest_until_us: None,
            outputs: VecDeque::new(),
        }
    }

    /// The last session ended within a line: its rest may come first.
    pub fn expect_rest(&mut self, now: Stamp) {
        self.rest_until_us = Some(now.mono_us.saturating_add(RESYNC_US));
    }

    /// True while a line has begun and not ended.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.line_from.is_some()
    }

    /// Takes bytes as they came; drain `poll_output` afterwards.
    pub fn handle_bytes(&mut self, now: Stamp, bytes: &[u8]) {
        self.handle_timeout(now);
        if self.rest_until_us.is_some_and(|until| now.mono_us >= until) {
            self.rest_until_us = None;
        }
        for &byte in bytes {
            let from = *self.line_from.get_or_insert(now);
            let frame = self.framer.push(byte);
            if frame.is_some() || !self.framer.is_inside() {
                self.line_from = self.framer.is_inside().then_some(now);
            }
            if let Some(frame) = frame {
                self.take_frame(from, now, &frame);
            }
        }
        self.last = Some(now);
    }

    /// The moment of the monotonic clock, in microseconds, at which `handle_timeout` is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        self.line_from?;
        self.last.map(|last| last.mono_us.saturating_add(self.idle_us))
    }

    /// Drops an unfinished line whose idle time is over.
    pub fn handle_timeout(&mut self, now: Stamp) {
        if self.poll_timeout().is_some_and(|due| now.mono_us >= due) {
            self.drop_half(now, "half a scan: the line went quiet before its end");
            let last_us = self.last.map_or(now.mono_us, |last| last.mono_us);
            self.rest_until_us =
                Some(last_us.saturating_add(self.idle_us).saturating_add(RESYNC_US));
        }
    }

    /// The port is gone: an unfinished line is half a scan.
    pub fn handle_end(&mut self, now: Stamp) {
        self.drop_half(now, "half a scan: the port was closed before its end");
    }

    /// The next scan or gap, in the order of the bytes.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn take_frame(&mut self, from: Stamp, now: Stamp, frame: &Frame) {
        if self.rest_until_us.take().is_some() {
            return self.gap(from, now, "the rest of half a scan", frame);
        }
        let Frame::Line(line) = frame else {
            return self.gap(from, now, "a line beyond the longest allowed", frame);
        };
        match parse_line(line, &self.prefix) {
            Ok(scan) => {
                self.outputs.push_back(Output::Scan { at: now, scan, raw: Hash::of(line) });
            }
            Err(error) => self.gap(from, now, &error.to_string(), frame),
        }
    }

    fn drop_half(&mut self, now: Stamp, why: &str) {
        let from = self.line_from.take();
        if let (Some(frame), Some(from)) = (self.framer.abandon(), from) {
            self.gap(from, now, why, &frame);
        }
    }

    fn gap(&mut self, from: Stamp, to: Stamp, why: &str, frame: &Frame) {
        let (bytes, head) = match frame {
            Frame::Line(line) => (line.len(), line),
            Frame::TooLong { bytes, head } => (*bytes, head),
        };
        let reason = format!("{why}: {}", evidence(bytes, head));
        self.outputs.push_back(Output::Gap { from, to, reason });
    }
}

#[cfg(test)]
mod tests;
