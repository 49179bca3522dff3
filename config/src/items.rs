//! `[[items]]`: what may be moved, and the GTINs by which tags and barcodes name it.

use gatewarden_model::ItemId;

use crate::{
    fields::Fields,
    shape::{Section, Shape, Text, UNKNOWN_KEY, optional, required, text_or},
};

/// Most items.
pub const ITEMS_MAX: usize = 20_000;
/// Most GTINs of one item (each packaging level has its own).
pub const GTINS_MAX: usize = 32;

/// One item of the item master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its code, as the ERP knows it.
    pub code: ItemId,
    /// Its name for people.
    pub name: String,
    /// Its base unit's name.
    pub unit: String,
    /// Its GTINs, 14 digits each, check digits verified.
    pub gtins: Vec<String>,
}

pub(crate) static ITEM: Section = Section {
    doc: "One item: its code in the ERP and the GTINs that tags and barcodes carry.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("code", Shape::Text(Text::Code), "The item's code, as the ERP knows it."),
        required("name", Shape::Text(Text::Line), "The item's name for people."),
        text_or("unit", Text::Line, "pcs", "The base unit in which it is counted."),
        optional(
            "gtins",
            Shape::List { of: &Shape::Text(Text::Gtin), max: GTINS_MAX },
            "The item's GTINs: 8, 12, 13 or 14 digits, in quotes.",
        ),
    ],
};

impl Item {
    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        Some(Self {
            code: fields.parsed("code")?,
            name: fields.owned("name")?,
            unit: fields.owned("unit")?,
            gtins: fields.texts("gtins").map(|(gtin, _)| normal_gtin(gtin)).collect(),
        })
    }
}

/// A GTIN of any length as 14 digits.
pub(crate) fn normal_gtin(gtin: &str) -> String {
    format!("{gtin:0>14}")
}

/// The check digit for the digits before it (GS1 General Specifications, 7.9): weights 3 and 1 from
/// the right, filled up to a multiple of ten. `None` where something is not a digit.
pub(crate) fn check_digit(digits: &str) -> Option<u32> {
    let mut sum = 0;
    for (place, digit) in digits.chars().rev().enumerate() {
        sum += digit.to_digit(10)? * if place % 2 == 0 { 3 } else { 1 };
    }
    Some((10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_the_specification() {
        for (digits, expect) in [("629104150021", 3), ("0061414112345", 2), ("9638507", 4)] {
            assert_eq!(check_digit(digits), Some(expect), "{digits}");
        }
        assert_eq!(check_digit("12a"), None);
        assert_eq!(normal_gtin("96385074"), "00000096385074");
    }
}
