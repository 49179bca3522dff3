//! Line scanners on a serial port (RS-232, USB-CDC, Bluetooth SPP, a pty in tests).
//!
//! `codec` cuts bytes into lines and lines into scans, `session` adds time (half a scan is not a
//! scan), `ssi` is the same for acknowledged packets, `task` opens the port and moves the bytes,
//! `identity` finds out what is plugged in there.
//!
//! Invariants: every byte that came in ends in a scan or in a gap that quotes it; what is kept of
//! an unfinished scan is bounded by `Settings::line_bytes_max`; wire bytes never panic. Absent:
//! settings that outlive the scanner's power, hardware flow control.

pub mod codec;
pub mod identity;
pub mod session;
pub mod ssi;
mod task;

use std::path::PathBuf;

pub use task::run;

/// The longest line that is a scan unless set otherwise, in bytes: more than the largest QR code
/// (7,089 digits).
pub const LINE_BYTES_MAX_DEFAULT: usize = 8_192;

/// How long a line may pause before it counts as half a scan unless set otherwise.
pub const IDLE_FLUSH_MS_DEFAULT: u64 = 200;

/// How a scanner talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// Lines of text; nothing is acknowledged.
    #[default]
    Lines,
    /// SSI packets with acknowledgement and retransmission.
    Ssi,
}

/// What the task has to know about a scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The port, best a stable name such as `/dev/serial/by-id/…`; it may vanish and come back.
    pub path: PathBuf,
    /// Bits per second, 8N1; without meaning on USB-CDC and on a pty.
    pub baud: u32,
    /// How it talks; prefix and suffix are of lines only.
    pub protocol: Protocol,
    /// SSI: at each connection the scanner is told to send packets and to want acknowledgements, which it
    /// forgets with its power, and scanning is permitted.
    pub configure: bool,
    /// SSI: it beeps when the station's signal turns to go, stop or alarm.
    pub beep: bool,
    /// Text that every line must begin with, before the AIM identifier; empty: none.
    pub prefix: String,
    /// Text that ends a line. `"\r\n"` and empty mean: CR, LF or CRLF. Anything else is meant exactly.
    pub suffix: String,
    /// The longest line in bytes, its prefix included, or the longest scan in packets; longer ones are a gap.
    pub line_bytes_max: usize,
    /// After this pause inside a line, in milliseconds, what came is half a scan: a gap. Inside a packet:
    /// it is asked for again.
    pub idle_flush_ms: u64,
}

impl Settings {
    /// The usual settings: 9600 baud, no prefix, any newline.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            baud: 9_600,
            protocol: Protocol::Lines,
            configure: true,
            beep: false,
            prefix: String::new(),
            suffix: "\r\n".to_owned(),
            line_bytes_max: LINE_BYTES_MAX_DEFAULT,
            idle_flush_ms: IDLE_FLUSH_MS_DEFAULT,
        }
    }
}
