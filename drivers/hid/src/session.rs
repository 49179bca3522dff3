//! Reports joined into scans. Pure: the time is an argument.
//!
//! Invariants: a scan is told only after the report that ends it; parts that name another symbology
//! than the first, that make no sense or that don't come within `PART_WAIT_US`, make the scan a gap; what still
//! comes of it within `REST_WAIT_US` is its rest, never a scan of its own; a joined scan is bounded by
//! `SCAN_BYTES_MAX`. Absent: the device (`task`).

use std::collections::VecDeque;

use gatewarden_model::{Hash, ScanRead, Stamp, hash::hex_upper};

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

/// How many bytes of what is dropped are quoted.
const EVIDENCE_BYTES_MAX: usize = 64;

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
        /// Why, with the bytes in hex.
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
        let head = hex_upper(&bytes[..bytes.len().min(EVIDENCE_BYTES_MAX)]);
        let reason = format!("{why}: {} bytes, hex {head}", bytes.len());
        self.outputs.push_back(Output::Gap { from, to, reason });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::codec::tests::report;

    fn at(ms: u64) -> Stamp {
        Stamp { boot: Uuid::nil(), mono_us: ms * 1_000, wall_us: 0, synced: true }
    }

    fn check(reports: &[(u64, Vec<u8>)], expected: &[&str]) {
        let mut session = Session::default();
        for (ms, report) in reports {
            session.handle_report(at(*ms), report);
        }
        session.handle_end(at(1_000_000));
        let mut seen = Vec::new();
        while let Some(output) = session.poll_output() {
            seen.push(match output {
                Output::Scan { scan, .. } => {
                    format!("{} {}", scan.aim.as_deref().unwrap_or("-"), scan.text)
                }
                Output::Gap { reason, .. } => reason.split(": ").next().unwrap_or("").to_owned(),
            });
        }
        assert_eq!(seen, expected);
    }

    #[test]
    fn reports_are_joined() {
        // The boarding pass of 60 bytes from Access-IS's manual, in two reports.
        let first = b"M1GATHERGOOD/MICHAEL YABCDEF LHRDURAK 3542 052Y003D23   ";
        check(
            &[
                (0, report("]Q0", first, true)),
                (5, report("]Q0", b" 100", false)),
                (9, report("]C1", b"0104012345678901\x1d21A\r\n", false)),
                (9, report("", b"4012", false)),
            ],
            &[
                "]Q0 M1GATHERGOOD/MICHAEL YABCDEF LHRDURAK 3542 052Y003D23    100",
                "]C1 0104012345678901\u{1d}21A",
                "- 4012",
            ],
        );
    }

    #[test]
    fn what_is_not_whole_is_a_gap() {
        check(
            &[
                (0, report("]Q0", b"half", true)),
                (600, report("]Q0", b"late", false)),
                (601, report("]C0", b"whole", false)),
                (700, report("]Q0", b"a", true)),
                (701, report("]C1", b"b", true)),
                (702, report("]C1", b"c", false)),
                (703, report("]C0", b"\xff", false)),
                (704, report("]C0", b"\r", false)),
                (705, vec![2, 3]),
                (706, vec![0xfd; 64]),
                (707, report("]C0", b"rest", true)),
                (708, report("]C0", b"of it", false)),
                (709, report("]C0", b"new", false)),
                (710, vec![2, 3]),
                (1_210, report("]C0", b"end", true)),
            ],
            &[
                "half a scan",
                "the rest of a scan that was given up",
                "]C0 whole",
                "a scan whose reports name different symbologies",
                "the rest of a scan that was given up",
                "a scan that is not UTF-8",
                "a scan without text",
                "a report of 2 bytes instead of 64; is the scanner in HID POS mode?",
                "the rest of a scan that was given up",
                "the rest of a scan that was given up",
                "]C0 new",
                "a report of 2 bytes instead of 64; is the scanner in HID POS mode?",
                "half a scan",
            ],
        );
    }

    #[test]
    fn endless_scans_are_bounded() {
        let mut session = Session::default();
        for _ in 0..1_000 {
            session.handle_report(at(0), &report("]Q0", &[b'x'; 56], true));
            let held = session.begun.as_ref().map_or(0, |b| b.data.len());
            assert!(held <= SCAN_BYTES_MAX);
        }
        assert!(matches!(session.poll_output(), Some(Output::Gap { .. })));
    }

    proptest! {
        /// The cable is pulled behind any report of a scan, or one of them is broken; another scan follows on the
        /// next connection, or after a while.
        #[test]
        fn cut_anywhere_a_scan_is_whole_or_a_gap(
            text in "[a-z]{57,400}", cut in 0usize..8, keep in 0usize..64, replug: bool,
        ) {
            let parts: Vec<&[u8]> = text.as_bytes().chunks(56).collect();
            let cut = cut % parts.len();
            let mut session = Session::default();
            for (i, part) in parts.iter().enumerate() {
                let whole = report("]d2", part, i + 1 < parts.len());
                if i < cut {
                    session.handle_report(at(i as u64), &whole);
                } else if i == cut && keep > 0 {
                    session.handle_report(at(i as u64), &whole[..keep]);
                } else if i > cut && !replug {
                    session.handle_report(at(i as u64), &whole);
                }
            }
            if replug {
                session.handle_end(at(10));
                session = Session { outputs: session.outputs, ..Session::default() };
            }
            session.handle_report(at(2_000), &report("]d2", b"NEXT", false));
            let (mut scans, mut gaps) = (Vec::new(), 0);
            while let Some(output) = session.poll_output() {
                match output {
                    Output::Scan { scan, .. } => scans.push(scan.text),
                    Output::Gap { .. } => gaps += 1,
                }
            }
            // A report of which nothing arrived is not noticed where others go on; it makes the rest shorter.
            prop_assume!(replug || keep > 0);
            prop_assert_eq!(scans, ["NEXT"]);
            prop_assert!(gaps > 0 || cut == 0 && keep == 0);
        }

        #[test]
        fn any_scan_survives_being_cut_into_reports(text in "[ -~\u{1d}]{1,400}") {
            let mut session = Session::default();
            let parts: Vec<&[u8]> = text.as_bytes().chunks(56).collect();
            for (i, part) in parts.iter().enumerate() {
                session.handle_report(at(0), &report("]d2", part, i + 1 < parts.len()));
            }
            let scan = ScanRead { text, aim: Some("]d2".to_owned()) };
            let Some(Output::Scan { scan: told, .. }) = session.poll_output() else {
                return Err(TestCaseError::fail("no scan"));
            };
            prop_assert_eq!(told, scan);
        }
    }
}
