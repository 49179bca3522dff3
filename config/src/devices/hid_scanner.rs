//! `kind = "hid-scanner"`: a scanner that is a USB HID point-of-sale device.

use crate::{
    fields::Fields,
    shape::{Key, Kind, Shape, Text, optional, required},
};

use super::WORD;

/// A scanner that is a USB HID point-of-sale device.
#[derive(Debug, Clone, PartialEq)]
pub struct HidScanner {
    /// USB vendor id.
    pub vendor: u16,
    /// USB product id.
    pub product: u16,
    /// USB serial number; it or `port` is needed where two of one model are attached.
    pub serial: Option<String>,
    /// The physical path of its plug, such as `1-2.3`.
    pub port: Option<String>,
    /// Whether a Honeywell scanner is switched to HID POS mode, which changes the scanner.
    pub enter_pos_mode: bool,
}

pub(super) const KIND: Kind =
    Kind { name: "hid-scanner", doc: "A scanner in USB HID point-of-sale mode.", keys: KEYS };

const KEYS: &[Key] = &[
    required("vendor", WORD, "USB vendor id, such as 0x05e0."),
    required("product", WORD, "USB product id, such as 0x1300."),
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
        "enter_pos_mode",
        Shape::Bool,
        "Switch a Honeywell scanner to HID POS mode when it is opened (default false); this changes the scanner.",
    ),
];

pub(super) fn build(fields: &Fields) -> Option<HidScanner> {
    Some(HidScanner {
        vendor: fields.integer("vendor")?,
        product: fields.integer("product")?,
        serial: fields.owned("serial"),
        port: fields.owned("port"),
        enter_pos_mode: fields.bool("enter_pos_mode").unwrap_or(false),
    })
}
