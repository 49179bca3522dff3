//! `kind = "label-printer"`: a label printer that speaks ZPL over TCP, as a USB printer's file or on a serial port.

use std::path::{Path, PathBuf};

use crate::{
    fields::Fields,
    report::Walk,
    shape::{Key, Kind, Shape, Text, optional},
};

use super::address;

/// Most fonts of one printer.
const FONTS_MAX: usize = 8;

/// A label printer that speaks ZPL.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelPrinter {
    /// How it is reached.
    pub wire: PrinterWire,
    /// The folder of its templates (`NAME.zpl`), if it prints labels for the gateway.
    pub templates: Option<PathBuf>,
    /// Fonts for text as a picture; a character comes from the first that has it.
    pub fonts: Vec<PathBuf>,
    /// How many bytes of a tag's TID are read when it is encoded; 0 for none.
    pub tid_bytes: u8,
}

impl LabelPrinter {
    pub(super) fn base(&mut self, base: &Path) {
        self.templates.iter_mut().chain(&mut self.fonts).for_each(|path| *path = base.join(&*path));
    }
}

/// How a printer is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum PrinterWire {
    /// `host:port`.
    Tcp(String),
    /// The file of a USB printer.
    Usb(PathBuf),
    /// A serial port and its bits a second.
    Serial(PathBuf, u32),
}

pub(super) const KIND: Kind = Kind {
    name: "label-printer",
    doc: "A label printer that speaks ZPL over TCP, as a USB printer's file or on a serial port.",
    keys: KEYS,
};

const KEYS: &[Key] = &[
    optional("address", address(9100), "The printer's host:port; ZPL's port is 9100."),
    optional(
        "path",
        Shape::Text(Text::DevicePath),
        "Instead of the address: the file of a USB printer such as /dev/usb/lp0, or a serial port.",
    ),
    optional(
        "baud",
        Shape::Integer { min: 300, max: 4_000_000 },
        "Bits a second: the path is a serial port.",
    ),
    optional(
        "templates",
        Shape::Text(Text::Path),
        "The folder of its label templates, NAME.zpl each. Without it nothing is printed.",
    ),
    optional(
        "fonts",
        Shape::List { of: &Shape::Text(Text::Path), max: FONTS_MAX },
        "TrueType fonts for text as a picture; a character comes from the first that has it.",
    ),
    optional(
        "tid_bytes",
        Shape::Integer { min: 4, max: 24 },
        "Bytes of the tag's TID, in whole words, that are read when it is encoded. A tag with fewer is voided.",
    ),
];

pub(super) fn build(fields: &Fields) -> Option<LabelPrinter> {
    let wire = match (fields.text("address"), fields.text("path"), fields.integer("baud")) {
        (Some(address), None, None) => PrinterWire::Tcp(address.to_owned()),
        (None, Some(path), None) => PrinterWire::Usb(path.into()),
        (None, Some(path), Some(baud)) => PrinterWire::Serial(path.into(), baud),
        _ => return None,
    };
    let fonts = fields.texts("fonts").map(|(path, _)| path.into()).collect();
    let templates = fields.text("templates").map(Into::into);
    let tid_bytes = fields.integer("tid_bytes").unwrap_or(0);
    Some(LabelPrinter { wire, templates, fonts, tid_bytes })
}

/// Address or path, bits a second only for a path, whole words of TID, and fonts only for templates.
pub(super) fn check(walk: &mut Walk<'_>, device: &Fields) {
    check_labels(walk, device);
    let has = |key: &str| device.stands(key);
    match (has("address"), has("path")) {
        (true, true) => {
            let message = "a printer has an address or a path, not both".to_owned();
            walk.error(device.place("path"), "two-ways", message, "one of them", None);
        }
        (false, false) => {
            let message = "this printer has neither an address nor a path".to_owned();
            let hint = "address = \"host:9100\", or path = \"/dev/usb/lp0\"".to_owned();
            walk.error(device.place("kind"), "no-address", message, "one of them", Some(hint));
        }
        (true, false) if device.integer::<u32>("baud").is_some() => {
            let message = "`baud` is of a serial port, and this printer has an address".to_owned();
            walk.error(
                device.place("baud"),
                "two-ways",
                message,
                "`path` instead of `address`",
                None,
            );
        }
        _ => {}
    }
}

fn check_labels(walk: &mut Walk<'_>, device: &Fields) {
    if device.integer::<u8>("tid_bytes").is_some_and(|bytes| !bytes.is_multiple_of(2)) {
        let message = "a TID is read in whole words of 2 bytes".to_owned();
        walk.error(device.place("tid_bytes"), "half-word", message, "an even number", None);
    }
    if device.stands("templates") {
        return;
    }
    let useless = |key: &str, is: bool| is.then(|| key.to_owned());
    let keys = [
        useless("fonts", device.texts("fonts").next().is_some()),
        useless("tid_bytes", device.integer::<u8>("tid_bytes").is_some()),
    ];
    for key in keys.into_iter().flatten() {
        let message = format!("`{key}` is for labels, and this printer prints none");
        let hint = "templates = \"labels\", the folder of its NAME.zpl".to_owned();
        walk.error(
            device.place(&key),
            "no-templates",
            message,
            "`templates` beside it",
            Some(hint),
        );
    }
}
