//! Reports joined into scans. Pure: the time is an argument.
//!
//! Invariants: a scan is told only after the report that ends it; parts that name another symbology
//! than the first, that make no sense or that don't come within `PART_WAIT_US`, make the scan a gap; what still
//! comes of it within `REST_WAIT_US` is its rest, never a scan of its own; a joined scan is bounded by
//! `SCAN_BYTES_MAX`. Absent: the device (`task`).

use std::collections::VecDeque;

use gatewarden_model::{Hash, ScanRead, Stamp};

use crate::{
    codec::{Part, ReportError, parse_report},
    descriptor::Layout,
};

/// The longest scan that is joined, in bytes: more than the largest QR code (7,089 digits).
pub const SCAN_BYTES_MAX: usize = 8_192;

/// How long the next report of a scan may take, in microseconds.
pub const PART_WAIT_US: u64 = 500_000;

/// How long after a scan was given up its rest may still come, in microseconds.
pub const REST_WAIT_US: u64 = 500_000;

/// What the session makes of the reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A whole scan.
    Scan {
        /// When its last report arrived.
        at: Stamp,
        /// What it says; a CR or LF that the scanner appended is cut off.
        scan: ScanRead,
        /// Digest of its reports as they came.
        raw: Hash,
    },
    /// Reports that are no scan.
    Gap {
        /// When the first of them arrived.
        from: Stamp,
        /// When it was clear that they are no scan.
        to: Stamp,
        /// Why, with length and digest of the bytes, which may be a badge.
        reason: String,
    },
}

/// A scan of which more reports are to come.
#[derive(Debug)]
struct Begun {
    from: Stamp,
    last: Stamp,
    aim: Option<String>,
    data: Vec<u8>,
    raw: Vec<u8>,
}

/// The state of one opened scanner.
#[derive(Debug, Default)]
pub struct Session {
    /// Where the fields lie; none: the makers' common layouts.
    layouts: Vec<Layout>,
    begun: Option<Begun>,
    /// Reports up to the next last one, until this moment of the monotonic clock, belong to a scan that was
    /// given up.
    rest_until_us: Option<u64>,
    outputs: VecDeque<Output>,
}

impl Session {
    /// The session of a scanner with these layouts; none means the makers' common ones.
    #[must_use]
    pub fn new(layouts: Vec<Layout>) -> Self {
        Self { layouts, ..Self::default() }
    }

    fn part(&self, report: &[u8]) -> Result<Option<Part>, ReportError> {
        if self.layouts.is_empty() {
            return parse_report(report);
        }
        let mut read = self.layouts.iter().map(|layout| layout.read(report));
        read.find(|read| *read != Ok(None)).unwrap_or(Ok(None))
    }

    /// Takes one report as it came; drain `poll_output` afterwards.
    pub fn handle_report(&mut self, now: Stamp, report: &[u8]) {
        self.handle_timeout(now);
        let part = match self.part(report) {
            Ok(None) => return,
            Ok(Some(part)) => part,
            Err(error) => {
                self.abandon(now, "a scan with a broken report");
                self.expect_rest(now);
                return self.gap(now, now, &error.to_string(), report);
            }
        };
        if self.rest_until_us.take().is_some_and(|until| now.mono_us < until) {
            if part.more {
                self.expect_rest(now);
            }
            return self.gap(now, now, "the rest of a scan that was given up", &part.data);
        }
        self.join(now, part, report);
    }

    /// Gives up a scan whose next report does not come.
    pub fn handle_timeout(&mut self, now: Stamp) {
        if self.poll_timeout().is_some_and(|due| now.mono_us >= due) {
            self.abandon(now, "half a scan: its next report did not come");
            self.expect_rest(now);
        }
    }

    /// The moment of the monotonic clock, in microseconds, at which `handle_timeout` is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        self.begun.as_ref().map(|begun| begun.last.mono_us.saturating_add(PART_WAIT_US))
    }

    /// The scanner is gone.
    pub fn handle_end(&mut self, now: Stamp) {
        self.abandon(now, "half a scan: the scanner was unplugged before its end");
        self.rest_until_us = None;
    }

    /// The next scan or gap, in the order of the reports.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn join(&mut self, now: Stamp, part: Part, report: &[u8]) {
        let Part { aim, data, more } = part;
        let mut begun = self.begun.take().unwrap_or_else(|| Begun {
            from: now,
            last: now,
            aim: aim.clone(),
            data: Vec::new(),
            raw: Vec::new(),
        });
        // A later report may leave its identifier empty.
        let why = if aim.is_some() && begun.aim != aim {
            Some("a scan whose reports name different symbologies")
        } else if begun.data.len() + data.len() > SCAN_BYTES_MAX {
            Some("a scan beyond the longest allowed")
        } else {
            None
        };
        begun.last = now;
        begun.data.extend_from_slice(&data);
        begun.raw.extend_from_slice(report);
        match why {
            Some(why) => {
                if more {
                    self.expect_rest(now);
                }
                self.gap(begun.from, now, why, &begun.data);
            }
            None if more => self.begun = Some(begun),
            None => self.finish(now, begun),
        }
    }

    fn finish(&mut self, now: Stamp, begun: Begun) {
        let Begun { from, aim, data, raw, .. } = begun;
        match std::str::from_utf8(&data).map(|text| text.trim_end_matches(['\r', '\n'])) {
            Ok("") => self.gap(from, now, "a scan without text", &raw),
            Ok(text) => {
                let scan = ScanRead { text: text.to_owned(), aim };
                self.outputs.push_back(Output::Scan { at: now, scan, raw: Hash::of(&raw) });
            }
            Err(_) => self.gap(from, now, "a scan that is not UTF-8", &data),
        }
    }

    fn expect_rest(&mut self, now: Stamp) {
        self.rest_until_us = Some(now.mono_us.saturating_add(REST_WAIT_US));
    }

    fn abandon(&mut self, now: Stamp, why: &str) {
        if let Some(begun) = self.begun.take() {
            self.gap(begun.from, now, why, &begun.data);
        }
    }

    fn gap(&mut self, from: Stamp, to: Stamp, why: &str, bytes: &[u8]) {
        let reason = format!("{why}: {} bytes, digest {}", bytes.len(), Hash::of(bytes));
        self.outputs.push_back(Output::Gap { from, to, reason });
    }
}

#[cfg(test)]
mod tests;
