//! GS1 data: element strings as scanners send them, the bracketed form that people write, and
//! Digital Links (GS1 General Specifications; Barcode Syntax Dictionary 2026-01-27; Digital Link
//! URI Syntax 1.5, uncompressed).
//!
//! Values that come out of a parser passed every rule on their length, characters, check digit
//! and date, and no two of them exclude each other. What is absent: compressed Digital Links, which
//! are told from other text, and joining the barcodes of one label.

mod ai;
mod aim;
mod bracketed;
mod check;
mod compressed;
mod coupon;
mod error;
mod link;
mod lists;
mod rules;
mod scan;
mod table;
#[cfg(test)]
mod table_test;

use serde::{Serialize, Serializer, ser::SerializeStruct};

pub(crate) use ai::assigned_code;
pub use ai::{AiCode, ai_title};
pub use aim::{respell, split_aim, symbology_name};
pub use bracketed::{bracketed, parse_bracketed, unescaped};
pub(crate) use check::{check_digit, check_element, has_check_digit};
pub use error::{Gs1Error, Warning};
pub use link::{RESOLVER, build_link, parse_link, relink};
pub(crate) use rules::check_together;
pub use scan::{Scanned, parse_elements, parse_scan, scan_data};

/// Longest input that is looked at, in bytes. The largest 2D symbols hold 7089 characters.
pub const INPUT_BYTES_MAX: usize = 8192;
/// Most elements in one input.
pub const ELEMENTS_MAX: usize = 64;
/// FNC1 as scanners send it (the ASCII group separator).
pub const FNC1: char = '\u{1d}';

/// One application identifier with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The identifier.
    pub ai: AiCode,
    /// Its value, without escapes.
    pub value: String,
}

impl Serialize for Element {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Element", 2)?;
        out.serialize_field("ai", self.ai.as_str())?;
        out.serialize_field("value", &self.value)?;
        out.end()
    }
}

/// Valid elements in the order in which they were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gs1Data {
    /// At least one element.
    pub elements: Vec<Element>,
    /// What is odd about them.
    pub warnings: Vec<Warning>,
}

impl Gs1Data {
    /// The elements, if they are valid one by one and together.
    fn check(elements: Vec<Element>) -> Result<Self, Gs1Error> {
        match elements.len() {
            0 => return Err(Gs1Error::Empty),
            n if n > ELEMENTS_MAX => return Err(Gs1Error::TooMuch("64 elements")),
            _ => {}
        }
        for element in &elements {
            let Some(row) = ai::row(element.ai) else {
                return Err(Gs1Error::UnknownAi(element.ai.to_string()));
            };
            check::check_value(element.ai, row, &element.value)?;
        }
        let warnings = rules::check_together(&elements)?;
        Ok(Self { elements, warnings })
    }

    /// The value of an identifier.
    #[must_use]
    pub fn value(&self, ai: &str) -> Option<&str> {
        value_of(&self.elements, ai)
    }
}

/// The value of an identifier among elements.
#[must_use]
pub fn value_of<'a>(elements: &'a [Element], ai: &str) -> Option<&'a str> {
    elements.iter().find(|e| e.ai.is(ai)).map(|e| e.value.as_str())
}

/// Refuses what is too long to be a barcode.
fn bounded(text: &str) -> Result<&str, Gs1Error> {
    match text.len() {
        0 => Err(Gs1Error::Empty),
        n if n > INPUT_BYTES_MAX => Err(Gs1Error::TooMuch("8192 bytes")),
        _ => Ok(text),
    }
}
