//! `[[items]]`: what may be moved, how it is counted, tracked and valued, and the GTINs by which
//! tags and barcodes name it. Each item is the model's, ready to be recorded in the ledger.

use gatewarden_model::{Item, ItemClass, Tracking, Unit, Valuation, ValuationMethod};

use crate::{
    fields::{Fields, Span},
    report::Walk,
    shape::{
        Choice, Key, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, optional, required, text_or,
    },
    valuation::ValuationSection,
    words::quote,
};

/// Most items.
pub const ITEMS_MAX: usize = 20_000;
/// Most GTINs of one item or unit (each packaging level has its own).
pub const GTINS_MAX: usize = 32;
/// Most units of measure of one item.
pub const UNITS_MAX: usize = 16;

/// The ABC classes.
pub(crate) const CLASS: Choice =
    Choice { code: "unknown-choice", noun: "class", of: &["A", "B", "C"] };
/// The ways to tell pieces apart.
const TRACKING: Choice =
    Choice { code: "unknown-choice", noun: "tracking", of: &["none", "lot", "serial"] };
/// The ways to value.
pub(crate) const METHOD: Choice =
    Choice { code: "unknown-choice", noun: "valuation", of: &["fifo", "moving-average", "none"] };

const GTINS: Shape = Shape::List { of: &Shape::Text(Text::Gtin), max: GTINS_MAX };

pub(crate) static ITEM: Section = Section {
    doc: "One item: its code in the ERP, how it is counted and valued, and the GTINs that tags and \
          barcodes carry.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("code", Shape::Text(Text::Code), "The item's code, as the ERP knows it."),
        required("name", Shape::Text(Text::Line), "The item's name for people."),
        choice_or("class", CLASS, "C", "How closely it is watched: A, B or C."),
        choice_or(
            "tracking",
            TRACKING,
            "none",
            "What every quantity must name: nothing, its lot, or the serial of each piece.",
        ),
        text_or(
            "unit",
            Text::Line,
            "pcs",
            "The base unit; every quantity is a whole number of it.",
        ),
        optional(
            "units",
            Shape::Sections { of: &UNIT, max: UNITS_MAX },
            "Other units of measure, such as { name = \"box\", of = \"12\" }.",
        ),
        optional("gtins", GTINS, "The item's GTINs: 8, 12, 13 or 14 digits, in quotes."),
        optional(
            "safety_stock",
            Shape::Integer { min: 0, max: 1_000_000_000_000 },
            "Base units that should always be there.",
        ),
        optional(
            "lead_time_days",
            Shape::Integer { min: 0, max: 3650 },
            "Days from order to receipt.",
        ),
        optional(
            "valuation",
            Shape::Choice(METHOD),
            "How it is valued. By default as [valuation] says.",
        ),
    ],
};

static UNIT: Section = Section {
    doc: "A unit of measure: one of it is so many base units, exactly.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("name", Shape::Text(Text::Line), "Its name, such as \"box\"."),
        required(
            "of",
            Shape::Text(Text::Ratio),
            "How many base units one of it is: \"12\", or \"1/3\" where three of it are one.",
        ),
        optional("gtins", GTINS, "The GTINs of one of it, such as a case's."),
    ],
};

const fn choice_or(
    name: &'static str,
    choice: Choice,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { name, doc, shape: Shape::Choice(choice), need: Need::Default(Plain::Text(default)) }
}

/// Builds an item; `ledger` is how the ledger values.
pub(crate) fn build(fields: &Fields, ledger: &ValuationSection) -> Option<Item> {
    Some(Item {
        code: fields.parsed("code")?,
        name: fields.owned("name")?,
        class: class(fields.text("class")?)?,
        tracking: match fields.text("tracking")? {
            "lot" => Tracking::Lot,
            "serial" => Tracking::Serial,
            _ => Tracking::None,
        },
        unit: fields.owned("unit")?,
        units: fields.tables("units").iter().map(unit).collect::<Option<_>>()?,
        gtins: normal_gtins(fields),
        safety_stock: fields.integer("safety_stock"),
        lead_time_days: fields.integer("lead_time_days"),
        valuation: valuation(fields.text("valuation"), ledger),
    })
}

/// A class by its letter.
pub(crate) fn class(text: &str) -> Option<ItemClass> {
    match text {
        "A" => Some(ItemClass::A),
        "B" => Some(ItemClass::B),
        "C" => Some(ItemClass::C),
        _ => None,
    }
}

/// A method by its name; none for `none`.
pub(crate) fn method(text: &str) -> Option<ValuationMethod> {
    match text {
        "fifo" => Some(ValuationMethod::Fifo),
        "moving-average" => Some(ValuationMethod::MovingAverage),
        _ => None,
    }
}

fn valuation(own: Option<&str>, ledger: &ValuationSection) -> Option<Valuation> {
    let method = own.map_or(ledger.method, method)?;
    Some(Valuation { method, currency: ledger.currency.clone()?, decimals: ledger.decimals })
}

fn unit(fields: &Fields) -> Option<Unit> {
    let (numerator, denominator) = ratio(fields.text("of")?)?;
    Some(Unit { name: fields.owned("name")?, numerator, denominator, gtins: normal_gtins(fields) })
}

fn normal_gtins(fields: &Fields) -> Vec<String> {
    fields.texts("gtins").map(|(gtin, _)| normal_gtin(gtin)).collect()
}

/// `12` or `1/3` without a common divisor; `None` for anything else, zero too.
pub(crate) fn ratio(text: &str) -> Option<(u32, u32)> {
    let (top, bottom) = text.split_once('/').unwrap_or((text, "1"));
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u32>().ok().filter(|n| digits && *n > 0)
    };
    let (top, bottom) = (number(top)?, number(bottom)?);
    let divisor = divisor(top, bottom);
    Some((top / divisor, bottom / divisor))
}

/// The greatest common divisor; ends because the second number falls.
fn divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// The rules within one item.
pub(crate) fn check(walk: &mut Walk<'_>, item: &Fields) {
    if let Some(code) = item.text("code") {
        plain_to_see(walk, "item code", code, item.place("code"));
    }
    let base = item.text("unit").unwrap_or_default();
    let mut names = vec![base];
    for unit in item.tables("units") {
        let Some(name) = unit.text("name") else { continue };
        if names.contains(&name) {
            let message = format!("duplicate unit {}", quote(name));
            let hint = (name == base).then(|| "it is the base unit already".to_owned());
            walk.error(unit.place("name"), "duplicate-unit", message, "each unit once", hint);
        }
        names.push(name);
    }
}

/// Refuses a code in which somebody would see other characters than stand there: letters of two
/// alphabets that look alike, wide forms, invisible marks.
pub(crate) fn plain_to_see(walk: &mut Walk<'_>, noun: &str, text: &str, at: Span) {
    if let Some(strange) = strange(text) {
        let message = format!(
            "{noun} {} has U+{:04X}, which looks like another",
            quote(text),
            strange as u32
        );
        let hint = Some("type it again in one alphabet, without invisible characters".to_owned());
        walk.error(at, "look-alike", message, "letters of one alphabet", hint);
    }
}

/// The first character that is not what it looks like.
fn strange(text: &str) -> Option<char> {
    let invisible = |c: char| {
        matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
    };
    // Wide ASCII, and digits of mathematics.
    let disguised = |c: char| matches!(c, '\u{ff01}'..='\u{ff5e}' | '\u{1d400}'..='\u{1d7ff}');
    let greek_or_cyrillic = |c: char| matches!(c, '\u{370}'..='\u{52f}');
    let latin = text.chars().any(|c| c.is_ascii_alphabetic());
    text.chars().find(|c| invisible(*c) || disguised(*c) || latin && greek_or_cyrillic(*c))
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

    #[test]
    fn ratios_are_exact_and_in_lowest_terms() {
        for (text, expect) in [("12", (12, 1)), ("1/3", (1, 3)), ("6/4", (3, 2)), ("8/4", (2, 1))] {
            assert_eq!(ratio(text), Some(expect), "{text}");
        }
        for bad in ["", "0", "1/0", "0/1", "1.5", "-1", "+1", "1/", "/1", "1/2/3", "4294967296"] {
            assert_eq!(ratio(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_looks_like_another_is_seen() {
        for good in ["BOLT-M8", "螺栓 M8", "БОЛТ", "é"] {
            assert_eq!(strange(good), None, "{good}");
        }
        for (bad, expect) in [
            ("В\u{4f}LT", 'В'),
            ("Ｂ1", 'Ｂ'),
            ("A\u{200b}", '\u{200b}'),
            ("A\u{202e}B", '\u{202e}'),
        ] {
            assert_eq!(strange(bad), Some(expect), "{bad:?}");
        }
    }
}
