//! Bytes to lines, lines to scans. Pure: no time, no I/O.
//!
//! Invariants: the framer holds at most `line_bytes_max` bytes and a terminator; every byte pushed
//! is part of a terminator or of exactly one frame; GS (0x1D) and every other control byte inside a
//! line is kept; empty lines are nothing. Absent: the pause that makes half a scan (`session`).

use gatewarden_model::{Hash, ScanRead};

/// How many bytes of what is not kept whole go into its digest.
pub const EVIDENCE_BYTES_MAX: usize = 64;

/// What ends a line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Terminator {
    /// CR, LF or CRLF.
    Newline,
    /// Exactly these bytes, at least one.
    Exact(Vec<u8>),
}

/// What the framer cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A line without its terminator, at least one byte.
    Line(Vec<u8>),
    /// A part of a line beyond the bound: told each time as many bytes as the bound have come, and
    /// at the line's end, so that endless noise neither fills the memory nor stays silent.
    TooLong {
        /// How many bytes this part has, without the terminator.
        bytes: usize,
        /// Its first bytes, at most `EVIDENCE_BYTES_MAX`.
        head: Vec<u8>,
    },
}

/// Cuts a stream of bytes into lines.
#[derive(Debug, Clone)]
pub struct Framer {
    terminator: Terminator,
    line_bytes_max: usize,
    line: Vec<u8>,
    /// A part of the running line was already told as `TooLong`.
    overlong: bool,
    /// The last byte was a CR that ended a line: an LF now belongs to it.
    after_cr: bool,
}

impl Framer {
    /// A framer for this suffix (see `Settings::suffix`) and this bound (at least 1).
    #[must_use]
    pub fn new(suffix: &str, line_bytes_max: usize) -> Self {
        let terminator = match suffix {
            "" | "\r\n" => Terminator::Newline,
            exact => Terminator::Exact(exact.as_bytes().to_vec()),
        };
        Self {
            terminator,
            line_bytes_max: line_bytes_max.max(1),
            line: Vec::new(),
            overlong: false,
            after_cr: false,
        }
    }

    /// Takes one byte; a frame comes out where it ends a line or crosses the bound.
    pub fn push(&mut self, byte: u8) -> Option<Frame> {
        let suffix_len = match &self.terminator {
            Terminator::Newline => {
                let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
                match byte {
                    b'\n' if after_cr => return None,
                    b'\r' | b'\n' => return self.cut(),
                    _ => self.line.push(byte),
                }
                0
            }
            Terminator::Exact(suffix) => {
                self.line.push(byte);
                if self.line.ends_with(suffix) {
                    self.line.truncate(self.line.len() - suffix.len());
                    return self.cut();
                }
                suffix.len()
            }
        };
        self.shed(suffix_len)
    }

    /// Lets go of what is beyond the bound, all but the bytes that may begin the terminator.
    fn shed(&mut self, suffix_len: usize) -> Option<Frame> {
        if self.line.len() <= self.line_bytes_max + suffix_len {
            return None;
        }
        let tail = self.line.split_off(self.line_bytes_max);
        let part = std::mem::replace(&mut self.line, tail);
        self.overlong = true;
        Some(Frame::too_long(&part))
    }

    fn cut(&mut self) -> Option<Frame> {
        let line = std::mem::take(&mut self.line);
        let overlong = std::mem::take(&mut self.overlong) || line.len() > self.line_bytes_max;
        match (line.is_empty(), overlong) {
            (true, _) => None,
            (false, true) => Some(Frame::too_long(&line)),
            (false, false) => Some(Frame::Line(line)),
        }
    }

    /// True while a line has begun and not ended.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        !self.line.is_empty()
    }

    /// Lets go of an unfinished line and returns what it was.
    pub fn abandon(&mut self) -> Option<Frame> {
        self.after_cr = false;
        self.cut()
    }
}

impl Frame {
    fn too_long(part: &[u8]) -> Self {
        let head = part[..part.len().min(EVIDENCE_BYTES_MAX)].to_vec();
        Self::TooLong { bytes: part.len(), head }
    }
}

/// Why a line is not a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The configured prefix is missing.
    #[error(
        "a line without the configured prefix; set the scanner's prefix or the device's `prefix`"
    )]
    Prefix,
    /// Not UTF-8.
    #[error(
        "a line that is not UTF-8 (first bad byte at {at}); check baud rate and the scanner's encoding"
    )]
    Utf8 {
        /// Where, counted from the line's first byte.
        at: usize,
    },
    /// Nothing stands behind prefix and AIM identifier.
    #[error("a line with nothing behind its prefix and AIM identifier")]
    Empty,
}

/// Reads a line without its terminator as a scan.
///
/// An AIM identifier (ISO/IEC 15424: `]`, a letter, a modifier) is split off.
pub fn parse_line(line: &[u8], prefix: &[u8]) -> Result<ScanRead, LineError> {
    let rest = line.strip_prefix(prefix).ok_or(LineError::Prefix)?;
    let text = std::str::from_utf8(rest)
        .map_err(|e| LineError::Utf8 { at: prefix.len() + e.valid_up_to() })?;
    let (aim, text) = split_aim(text);
    if text.is_empty() {
        return Err(LineError::Empty);
    }
    Ok(ScanRead { text: text.to_owned(), aim: aim.map(str::to_owned) })
}

fn split_aim(text: &str) -> (Option<&str>, &str) {
    match text.as_bytes() {
        [b']', letter, modifier, ..]
            if letter.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric() =>
        {
            let (aim, rest) = text.split_at(3);
            (Some(aim), rest)
        }
        _ => (None, text),
    }
}

/// Length and digest of so many bytes, of which these are the first or all. Never the bytes: they may be a badge.
#[must_use]
pub fn evidence(bytes: usize, head: &[u8]) -> String {
    let of =
        if head.len() < bytes { format!(" of the first {}", head.len()) } else { String::new() };
    format!("{bytes} bytes, digest{of} {}", Hash::of(head))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(suffix: &str, max: usize, bytes: &[u8]) -> Vec<String> {
        let mut framer = Framer::new(suffix, max);
        let mut out: Vec<_> = bytes.iter().filter_map(|b| framer.push(*b)).collect();
        out.extend(framer.abandon());
        let show = |frame| match frame {
            Frame::Line(line) => String::from_utf8_lossy(&line).into_owned(),
            Frame::TooLong { bytes, .. } => format!("too long {bytes}"),
        };
        out.into_iter().map(show).collect()
    }

    #[test]
    fn terminators_cut_lines() {
        let check = |suffix: &str, bytes: &str, expected: &[&str]| {
            assert_eq!(frames(suffix, 6, bytes.as_bytes()), expected, "{suffix:?} {bytes:?}");
        };
        check("\r\n", "a\rb\nc\r\nd\n\re", &["a", "b", "c", "d", "e"]);
        check("\r\n", "\r\n\r\n\n\n\r", &[]);
        check("", "a\u{1d}b\r", &["a\u{1d}b"]);
        check("\t", "a\rb\tc\n\t", &["a\rb", "c\n"]);
        check("##", "a#b##c###d##", &["a#b", "c", "#d"]);
        check("\r", "123456\r", &["123456"]);
        check("\r\n", "1234567\rok\r", &["too long 6", "too long 1", "ok"]);
        check("\r\n", "12345678901234\rok\r", &["too long 6", "too long 6", "too long 2", "ok"]);
        check("##", "1234567##ok##", &["too long 7", "ok"]);
        check("##", "123456789##ok##", &["too long 6", "too long 3", "ok"]);
    }

    #[test]
    fn lines_become_scans() {
        let scan = |aim: Option<&str>, text: &str| {
            Ok(ScanRead { text: text.to_owned(), aim: aim.map(str::to_owned) })
        };
        for (prefix, line, expected) in [
            ("", &b"]C1010463000000001\x1d21A"[..], scan(Some("]C1"), "010463000000001\u{1d}21A")),
            ("", b"4012345678901", scan(None, "4012345678901")),
            ("", b"]X", scan(None, "]X")),
            ("", b"]1Cx", scan(None, "]1Cx")),
            ("", "]Q3é".as_bytes(), scan(Some("]Q3"), "é")),
            ("S:", b"S:]E0401", scan(Some("]E0"), "401")),
            ("S:", b"]E0401", Err(LineError::Prefix)),
            ("S:", b"S:ab\xff", Err(LineError::Utf8 { at: 4 })),
            ("", b"]C1", Err(LineError::Empty)),
            ("S", b"S", Err(LineError::Empty)),
        ] {
            assert_eq!(parse_line(line, prefix.as_bytes()), expected, "{prefix} {line:?}");
        }
    }

    #[test]
    fn evidence_tells_length_and_digest_and_no_bytes() {
        let (badge, digest) = (b"4711", Hash::of(b"4711"));
        assert_eq!(evidence(4, badge), format!("4 bytes, digest {digest}"));
        assert_eq!(evidence(9, badge), format!("9 bytes, digest of the first 4 {digest}"));
    }

    proptest! {
        #[test]
        fn every_byte_is_in_one_frame_or_a_terminator(
            bytes in prop::collection::vec(prop::sample::select(&b"ab#\r\n\xff"[..]), 0..200),
            suffix in prop::sample::select(vec!["\r\n", "#", "##", "#\r"]),
            max in 1usize..12,
        ) {
            let mut framer = Framer::new(suffix, max);
            let mut framed = 0;
            let mut ends = 0;
            for byte in &bytes {
                let frame = framer.push(*byte);
                ends += usize::from(!framer.is_inside());
                prop_assert!(framer.line.len() <= max + suffix.len());
                framed += frame.map_or(0, |f| length(&f));
            }
            framed += framer.abandon().map_or(0, |f| length(&f));
            let terminators = if suffix == "\r\n" {
                bytes.iter().filter(|b| matches!(b, b'\r' | b'\n')).count()
            } else {
                ends * suffix.len()
            };
            prop_assert_eq!(framed + terminators, bytes.len());
        }
    }

    fn length(frame: &Frame) -> usize {
        match frame {
            Frame::Line(line) => line.len(),
            Frame::TooLong { bytes, .. } => *bytes,
        }
    }
}
