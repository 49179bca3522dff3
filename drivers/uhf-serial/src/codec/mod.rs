//! Bytes to frames, frames to what a module says. Pure: no time, no I/O.
//!
//! `frame` cuts a stream and finds its way back after garbage; `r200`, `reader18`, `chafon` and `mercury` know one
//! protocol each: its frame, its commands, its answers. Invariants: no input panics; a frame with a wrong check sum
//! is never an answer; a tag's EPC has the length that its PC word says, where the module tells a PC word.
//! Absent: what is asked when (`session`).

pub mod chafon;
pub mod crc;
pub mod frame;
pub mod mercury;
pub mod r200;
pub mod reader18;

pub use frame::{Cut, FRAME_BYTES_MAX, Framer};

use gatewarden_model::TagRead;

/// The protocol that a module speaks, with what differs between its firmwares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// R200, YRM100, M100: `BB … 7E`; some firmwares frame with `AA … DD`.
    R200 {
        /// Framed with `AA … DD`.
        alternate: bool,
    },
    /// UHFReader18 and its kin: a length, an address, a CRC.
    Reader18 {
        /// The reader's address; 255 reaches any.
        address: u8,
    },
    /// Chafon CF600, M-200: `CF …`.
    Chafon {
        /// The CRC's low byte comes first; sources and firmwares disagree.
        low_first: bool,
    },
    /// ThingMagic M6e, M7e: `FF …`.
    Mercury,
}

impl Protocol {
    /// The name in words and in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::R200 { .. } => "r200",
            Self::Reader18 { .. } => "uhfreader18",
            Self::Chafon { .. } => "chafon",
            Self::Mercury => "mercury",
        }
    }

    /// Understands a frame that the framer of this protocol cut off.
    #[must_use]
    pub fn said(self, frame: &[u8]) -> Said {
        match self {
            Self::R200 { .. } => r200::said(frame),
            Self::Reader18 { .. } => reader18::said(frame),
            Self::Chafon { .. } => chafon::said(frame),
            Self::Mercury => mercury::said(frame),
        }
    }
}

/// What a module says with one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The answer to a command that was carried out.
    Answer {
        /// The command.
        command: u16,
        /// What follows the status.
        data: Vec<u8>,
    },
    /// The answer to a command that was not.
    Refused {
        /// The command; `None` where the module does not tell.
        command: Option<u16>,
        /// Its code and what that means.
        why: String,
    },
    /// Tags.
    Tags {
        /// What was read.
        tags: Vec<TagRead>,
        /// The inventory round is over: it wants to be started again.
        over: bool,
    },
    /// Nothing new: an empty round, a sign of life.
    Alive,
    /// A whole frame that is no read: evidence is missing.
    Bad(String),
}

/// What a module tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct ModuleInfo {
    /// Who made it.
    pub maker: String,
    /// What it is.
    pub model: String,
    /// Its firmware.
    pub firmware: String,
    /// Its own serial number, where it tells one.
    pub serial: String,
    /// Transmit power in hundredths of a dBm, where it tells that.
    pub power_cdbm: Option<u16>,
    /// The antennas that are connected, from 1, where it tells that.
    pub antennas: Option<Vec<u8>>,
}

impl ModuleInfo {
    /// Maker, model and firmware in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let parts = [&self.maker, &self.model, &self.firmware, &self.serial];
        let told: Vec<&str> = parts.iter().map(|p| p.as_str()).filter(|p| !p.is_empty()).collect();
        if told.is_empty() {
            "a module that tells nothing of itself".into()
        } else {
            told.join(", ")
        }
    }
}

/// Text of a device: printable ASCII up to the first NUL, at most 64 characters.
pub(crate) fn text(bytes: &[u8]) -> String {
    let shown = bytes.iter().take_while(|b| **b != 0).take(64);
    let kept: String = shown.filter(|b| matches!(b, 0x20..=0x7e)).map(|b| char::from(*b)).collect();
    kept.trim().to_owned()
}

/// Takes the EPC out of what follows a PC word: its length is what PC bits 10h–14h say, and XPC words (PC bit 16h,
/// EPC Gen2 v2 6.3.2.1.2.2) stand before it.
pub(crate) fn epc_of(pc: u16, rest: &[u8]) -> Option<&[u8]> {
    let want = usize::from(pc >> 11) * 2;
    let xpc = match (pc & 0x0200 != 0, rest.first()) {
        (true, Some(first)) if first & 0x80 != 0 => 4,
        (true, Some(_)) => 2,
        _ => 0,
    };
    if rest.len() == want + xpc {
        return rest.get(xpc..);
    }
    (rest.len() == want).then_some(rest)
}

/// A signed byte of dBm in hundredths.
pub(crate) fn cdbm(byte: u8) -> i16 {
    i16::from(byte.cast_signed()) * 100
}

pub(crate) fn word(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.first()?, *bytes.get(1)?]))
}
