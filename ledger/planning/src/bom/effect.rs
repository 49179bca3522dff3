//! When a version is used: from a day on, or for a range of serials of the product.
//!
//! Invariants: a version without a last day ends the day before the next one begins; a range without a last
//! serial ends before the next one; a stated end that reaches into another version is an overlap and refused.
//! A serial is told by its letters and the number at its end, so `SN-0100` lies between `SN-0001` and
//! `SN-0199`, and `XX-0100` does not. A serial goes before a day.

use gatewarden_model::Day;
use serde::{Deserialize, Serialize};

use crate::PlanError;

/// Longest serial, in bytes (GS1 application identifier 21).
pub const SERIAL_BYTES_MAX: usize = 20;

/// When a version is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Effect {
    /// From a day on.
    Days {
        /// The first day.
        from: Day,
        /// The last day; until the next version where none is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Day>,
    },
    /// For products of these serials.
    Serials(Serials),
}

/// A range of serials with the same letters before the number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serials {
    /// The first serial.
    pub from: String,
    /// The last serial; up to the next version where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Splits a serial into what stands before the number at its end, and the number.
pub(super) fn serial_parts(serial: &str) -> Option<(&str, u128)> {
    if serial.len() > SERIAL_BYTES_MAX {
        return None;
    }
    let letters = serial.trim_end_matches(|c: char| c.is_ascii_digit());
    Some((letters, serial[letters.len()..].parse().ok()?))
}

impl Serials {
    /// Letters, first number and last number; none where it is not well formed.
    pub(super) fn range(&self) -> Option<(&str, u128, Option<u128>)> {
        let (letters, first) = serial_parts(&self.from)?;
        let Some(until) = &self.until else { return Some((letters, first, None)) };
        let (same, last) = serial_parts(until)?;
        (same == letters && last >= first).then_some((letters, first, Some(last)))
    }
}

impl Effect {
    pub(super) fn mistake(&self) -> Option<PlanError> {
        match self {
            Self::Days { from, until: Some(until) } if until < from => {
                let message = format!("ends on {until}, before it begins on {from}: exchange them");
                Some(PlanError::rule("dates-reversed", "custom.effective-until", message))
            }
            Self::Serials(serials) if serials.range().is_none() => {
                let until = serials.until.as_deref().unwrap_or("");
                let message = format!(
                    "{:?} to {until:?} is no range: write serials of at most {SERIAL_BYTES_MAX} bytes \
                     with the same letters and a number at the end, the lower first",
                    serials.from
                );
                Some(PlanError::rule("serials-malformed", "custom.serial-from", message))
            }
            _ => None,
        }
    }

    /// Whether both state a time in common. What has no stated end gives way to what begins later.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Days { from, until }, Self::Days { from: from_2, until: until_2 }) => {
                meets((from, until.as_ref()), (from_2, until_2.as_ref()))
            }
            (Self::Serials(one), Self::Serials(two)) => match (one.range(), two.range()) {
                (Some((letters, a, b)), Some((letters_2, c, d))) => {
                    letters == letters_2 && meets((&a, b.as_ref()), (&c, d.as_ref()))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Where it begins, in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Days { from, until: None } => format!("from {from}"),
            Self::Days { from, until: Some(until) } => format!("{from} to {until}"),
            Self::Serials(Serials { from, until: None }) => format!("serials from {from}"),
            Self::Serials(Serials { from, until: Some(until) }) => {
                format!("serials {from} to {until}")
            }
        }
    }
}

fn meets<T: Ord>(one: (&T, Option<&T>), two: (&T, Option<&T>)) -> bool {
    let (first, second) = if one.0 <= two.0 { (one, two) } else { (two, one) };
    first.0 == second.0 || first.1.is_some_and(|until| until >= second.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    fn days(from: &str, until: Option<&str>) -> Effect {
        Effect::Days { from: from.parse().unwrap(), until: until.map(|day| day.parse().unwrap()) }
    }

    fn serials(from: &str, until: Option<&str>) -> Effect {
        Effect::Serials(Serials { from: from.into(), until: until.map(Into::into) })
    }

    #[test]
    fn stated_ends_overlap_and_open_ends_give_way() {
        let cases = [
            (days("2026-01-01", None), days("2026-06-01", None), false),
            (days("2026-01-01", None), days("2026-01-01", None), true),
            (days("2026-01-01", Some("2026-06-01")), days("2026-06-01", None), true),
            (days("2026-01-01", Some("2026-05-31")), days("2026-06-01", None), false),
            (serials("SN-0001", Some("SN-0100")), serials("SN-0100", None), true),
            (serials("SN-0001", None), serials("SN-0100", None), false),
            (serials("SN-0001", Some("SN-0100")), serials("XX-0050", None), false),
            (serials("1", None), days("2026-01-01", None), false),
        ];
        for (one, two, expected) in cases {
            assert_eq!(one.overlaps(&two), expected, "{} and {}", one.words(), two.words());
            assert_eq!(two.overlaps(&one), expected, "{} and {}", two.words(), one.words());
        }
    }

    #[test]
    fn what_is_no_range_is_told() {
        let code = |effect: Effect| effect.mistake().map(|e| e.code().to_owned());
        assert_eq!(code(days("2026-06-01", Some("2026-01-01"))).unwrap(), "dates-reversed");
        let long = "9".repeat(21);
        for (from, until) in
            [("SN", None), ("SN-2", Some("SN-1")), ("A1", Some("B2")), (&long, None)]
        {
            assert_eq!(code(serials(from, until)).unwrap(), "serials-malformed", "{from}");
        }
        assert_eq!(code(serials("99999999999999999999", None)), None);
    }
}
