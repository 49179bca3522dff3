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
    /// USB serial number; needed where two of one model are attached.
    pub serial: Option<String>,
}

pub(super) const KIND: Kind =
    Kind { name: "hid-scanner", doc: "A scanner in USB HID point-of-sale mode.", keys: KEYS };

const KEYS: &[Key] = &[
    required("vendor", WORD, "USB vendor id, such as 0x05e0."),
    required("product", WORD, "USB product id, such as 0x1300."),
    optional(
        "serial",
        Shape::Text(Text::Line),
        "USB serial number; needed where two of one model are attached.",
    ),
];

pub(super) fn build(fields: &Fields) -> Option<HidScanner> {
    Some(HidScanner {
        vendor: fields.integer("vendor")?,
        product: fields.integer("product")?,
        serial: fields.owned("serial"),
    })
}
