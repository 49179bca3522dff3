//! `kind = "line-scanner"`: a scanner that sends lines over a serial port.

use std::path::PathBuf;

use crate::{
    fields::Fields,
    shape::{Key, Kind, Shape, Text, integer_or, required, text_or},
};

const BAUD: i64 = 9600;

/// A scanner that sends lines over a serial port.
#[derive(Debug, Clone, PartialEq)]
pub struct LineScanner {
    /// The port, best by id: `/dev/serial/by-id/…`.
    pub path: PathBuf,
    /// Bits a second.
    pub baud: u32,
    /// What the scanner sends before each scan.
    pub prefix: String,
    /// What ends each scan; for `"\r\n"` CR, LF or both do.
    pub suffix: String,
}

pub(super) const KIND: Kind = Kind {
    name: "line-scanner",
    doc: "A scanner that sends lines over a serial port.",
    keys: KEYS,
};

const KEYS: &[Key] = &[
    required(
        "path",
        Shape::Text(Text::DevicePath),
        "The serial port, best by id: /dev/serial/by-id/… stays the same after unplugging.",
    ),
    integer_or("baud", 300, 4_000_000, BAUD, "Bits a second. USB-CDC scanners ignore it."),
    text_or("prefix", Text::Affix, "", "What the scanner sends before each scan."),
    text_or("suffix", Text::Affix, "\r\n", "What ends a scan. For \"\\r\\n\" CR, LF or both do."),
];

pub(super) fn build(fields: &Fields) -> Option<LineScanner> {
    Some(LineScanner {
        path: fields.text("path")?.into(),
        baud: fields.integer("baud")?,
        prefix: fields.owned("prefix")?,
        suffix: fields.owned("suffix")?,
    })
}
