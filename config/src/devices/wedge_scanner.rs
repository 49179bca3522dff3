//! `kind = "wedge-scanner"`: a scanner that pretends to be a keyboard.

use std::path::PathBuf;

use crate::{
    fields::Fields,
    report::Walk,
    shape::{Choice, Key, Kind, Shape, Text, integer_or, optional},
};

use super::WORD;

/// A scanner that pretends to be a keyboard.
#[derive(Debug, Clone, PartialEq)]
pub struct WedgeScanner {
    /// Which keyboard it is.
    pub which: WedgeWhich,
    /// The layout that it types in.
    pub layout: WedgeLayout,
    /// What ends a scan.
    pub terminator: WedgeTerminator,
    /// After this pause inside a scan, in milliseconds, what came is half a scan.
    pub pause_ms: u64,
}

/// Which keyboard a scanner is.
#[derive(Debug, Clone, PartialEq)]
pub enum WedgeWhich {
    /// Its event node.
    Path(PathBuf),
    /// The USB device.
    Usb {
        /// USB vendor id.
        vendor: u16,
        /// USB product id.
        product: u16,
        /// USB serial number.
        serial: Option<String>,
        /// The physical path of its plug, such as `1-2.3`.
        port: Option<String>,
    },
}

/// The layout that a scanner types in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum WedgeLayout {
    Us,
    De,
    Fr,
}

/// What ends a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum WedgeTerminator {
    Enter,
    Tab,
    Both,
}

pub(super) const KIND: Kind = Kind {
    name: "wedge-scanner",
    doc: "A scanner that pretends to be a keyboard; of low trust, no badge is taken from it without AIM identifier.",
    keys: KEYS,
};

const PAUSE_MS: i64 = 500;

const KEYS: &[Key] = &[
    optional(
        "path",
        Shape::Text(Text::DevicePath),
        "Its event node, best by id: /dev/input/by-id/…-event-kbd; or vendor and product.",
    ),
    optional("vendor", WORD, "USB vendor id, such as 0x05e0."),
    optional("product", WORD, "USB product id, such as 0x1200."),
    optional(
        "serial",
        Shape::Text(Text::Line),
        "USB serial number; it or port is needed where two of one model are attached.",
    ),
    optional(
        "port",
        Shape::Text(Text::Line),
        "The USB plug it hangs on, such as 1-2.3; tells two of one model apart that have no serial number.",
    ),
    optional(
        "layout",
        Shape::Choice(Choice { code: "unknown-choice", noun: "layout", of: &["us", "de", "fr"] }),
        "The keyboard layout that the scanner is set to (default us); the system's does not matter.",
    ),
    optional(
        "terminator",
        Shape::Choice(Choice {
            code: "unknown-choice",
            noun: "terminator",
            of: &["enter", "tab", "both"],
        }),
        "The key that ends a scan (default enter).",
    ),
    integer_or(
        "pause_ms",
        20,
        10_000,
        PAUSE_MS,
        "A scan that pauses so long, in milliseconds, is half a scan.",
    ),
];

pub(super) fn build(fields: &Fields) -> Option<WedgeScanner> {
    let which = match fields.text("path") {
        Some(path) => WedgeWhich::Path(path.into()),
        None => WedgeWhich::Usb {
            vendor: fields.integer("vendor")?,
            product: fields.integer("product")?,
            serial: fields.owned("serial"),
            port: fields.owned("port"),
        },
    };
    let layout = match fields.text("layout") {
        Some("de") => WedgeLayout::De,
        Some("fr") => WedgeLayout::Fr,
        _ => WedgeLayout::Us,
    };
    let terminator = match fields.text("terminator") {
        Some("tab") => WedgeTerminator::Tab,
        Some("both") => WedgeTerminator::Both,
        _ => WedgeTerminator::Enter,
    };
    Some(WedgeScanner { which, layout, terminator, pause_ms: fields.integer("pause_ms")? })
}

/// Either the node or the USB device.
pub(super) fn check(walk: &mut Walk<'_>, device: &Fields) {
    if device.stands("path") {
        let expected = "either path, or vendor and product";
        for key in ["vendor", "product", "serial", "port"].iter().filter(|key| device.has(key)) {
            let message = format!("{key} beside a path");
            walk.error(device.place(key), "two-ways", message, expected, None);
        }
        return;
    }
    if let Some(key) = ["vendor", "product"].iter().find(|key| !device.stands(key)) {
        let message = format!("neither a path nor {key}");
        let expected = "path = \"/dev/input/by-id/…\", or vendor and product";
        walk.error(device.at, "missing-key", message, expected, None);
    }
}
