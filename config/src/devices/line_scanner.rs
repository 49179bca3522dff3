//! `kind = "line-scanner"`: a scanner on a serial port that sends lines, or SSI packets.

use std::path::PathBuf;

use crate::{
    fields::Fields,
    report::Walk,
    shape::{Choice, Key, Kind, Shape, Text, integer_or, optional, required, text_or},
};

const BAUD: i64 = 9600;

/// How a scanner on a serial port talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineProtocol {
    /// Lines of text.
    Lines,
    /// Acknowledged packets.
    Ssi,
}

/// A scanner on a serial port.
#[derive(Debug, Clone, PartialEq)]
pub struct LineScanner {
    /// The port, best by id: `/dev/serial/by-id/…`.
    pub path: PathBuf,
    /// Bits a second.
    pub baud: u32,
    /// How it talks.
    pub protocol: LineProtocol,
    /// SSI: it is told at each connection to send packets that want an acknowledgement.
    pub configure: bool,
    /// SSI: it beeps with its station's signal.
    pub beep: bool,
    /// What the scanner sends before each scan.
    pub prefix: String,
    /// What ends each scan; for `"\r\n"` CR, LF or both do.
    pub suffix: String,
}

pub(super) const KIND: Kind = Kind {
    name: "line-scanner",
    doc: "A scanner on a serial port that sends lines, or SSI packets.",
    keys: KEYS,
};

const KEYS: &[Key] = &[
    required(
        "path",
        Shape::Text(Text::DevicePath),
        "The serial port, best by id: /dev/serial/by-id/… stays the same after unplugging.",
    ),
    integer_or("baud", 300, 4_000_000, BAUD, "Bits a second. USB-CDC scanners ignore it."),
    optional(
        "protocol",
        Shape::Choice(Choice { code: "unknown-choice", noun: "protocol", of: &["lines", "ssi"] }),
        "How it talks: lines (default), or ssi, the acknowledged packets of Zebra's scanners.",
    ),
    optional(
        "configure",
        Shape::Bool,
        "SSI: tell it at each connection to send packets that want an acknowledgement (default true).",
    ),
    optional("beep", Shape::Bool, "SSI: it beeps when its station posts or holds (default false)."),
    text_or("prefix", Text::Affix, "", "What the scanner sends before each scan."),
    text_or("suffix", Text::Affix, "\r\n", "What ends a scan. For \"\\r\\n\" CR, LF or both do."),
];

pub(super) fn build(fields: &Fields) -> Option<LineScanner> {
    Some(LineScanner {
        path: fields.text("path")?.into(),
        baud: fields.integer("baud")?,
        protocol: if is_ssi(fields) { LineProtocol::Ssi } else { LineProtocol::Lines },
        configure: fields.bool("configure").unwrap_or(true),
        beep: fields.bool("beep").unwrap_or(false),
        prefix: fields.owned("prefix")?,
        suffix: fields.owned("suffix")?,
    })
}

fn is_ssi(fields: &Fields) -> bool {
    fields.text("protocol") == Some("ssi")
}

/// Packets have no prefix and suffix; lines can't be told anything.
pub(super) fn check(walk: &mut Walk<'_>, device: &Fields) {
    let (needless, of, expected): (&[&str], _, _) = if is_ssi(device) {
        (&["prefix", "suffix"], "lines", "a scanner with protocol = \"lines\"")
    } else {
        (&["configure", "beep"], "SSI", "protocol = \"ssi\"")
    };
    // What was filled in stands at the table's place.
    let stands = |key: &&&str| device.has(key) && device.place(key) != device.at;
    for key in needless.iter().filter(stands) {
        let message = format!("{key} is of {of} only");
        walk.error(device.place(key), "needless-key", message, expected, None);
    }
}
