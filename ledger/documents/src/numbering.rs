//! How documents of a kind are numbered: a pattern such as `MR-{year}{month}-{seq:4}`.
//!
//! Invariants: a pattern has exactly one counter, so no two numbers that it makes are the same as long as
//! the counter of a scope only rises; what `number` makes, `read` takes apart again. Absent: the counters
//! themselves (the engine counts per kind and scope), and today's day, which is an argument.

use std::{fmt, str::FromStr};

use gatewarden_model::Day;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Longest number of a document, in bytes.
pub const NUMBER_BYTES_MAX: usize = 64;
/// Most digits of a counter.
pub const SEQ_DIGITS_MAX: u8 = 9;

/// A pattern of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Numbering {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Literal(String),
    Year,
    Month,
    Day,
    Seq(u8),
}

/// Why a text is not such a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberingError {
    /// A brace without its other one.
    #[error("a brace is not closed: write {{year}}, {{month}}, {{day}} or {{seq:4}}")]
    Brace,
    /// Another word in braces.
    #[error("{{{0}}} is no part of a number: write {{year}}, {{month}}, {{day}} or {{seq:4}}")]
    Word(String),
    /// A counter that is too short or too long.
    #[error("a counter has 1 to {SEQ_DIGITS_MAX} digits, as {{seq:4}}")]
    Digits,
    /// None or several counters.
    #[error("a pattern needs exactly one counter, as {{seq:4}}, so that no number stands twice")]
    Counters,
    /// A counter with digits or other parts beside it can't be told from them, or the number is too long.
    #[error(
        "numbers have 1 to {NUMBER_BYTES_MAX} printable bytes: shorten what stands around the parts"
    )]
    Text,
    /// A day of a month alone repeats.
    #[error("a {0} without the {1} before it comes again: write the {1} too")]
    Repeats(&'static str, &'static str),
}

impl Numbering {
    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number of this count on this day. None where the count is 0 or has more digits than the
    /// counter: then the scope is used up and the pattern needs more digits.
    #[must_use]
    pub fn number(&self, day: Day, count: u64) -> Option<String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Seq(digits) => {
                    let text = format!("{count:0>width$}", width = usize::from(*digits));
                    if count == 0 || text.len() > usize::from(*digits) {
                        return None;
                    }
                    out.push_str(&text);
                }
                part => out.push_str(&plain(part, day)),
            }
        }
        Some(out)
    }

    /// Within what the counter of this day counts: the number with `#` for the count.
    #[must_use]
    pub fn scope(&self, day: Day) -> String {
        let part = |part| match part {
            &Part::Seq(_) => "#".to_owned(),
            part => plain(part, day),
        };
        self.parts.iter().map(part).collect()
    }

    /// The scope and count of a number of this pattern; none of any other text.
    #[must_use]
    pub fn read(&self, number: &str) -> Option<(String, u64)> {
        let (mut rest, mut scope, mut count) = (number, String::new(), 0);
        for part in &self.parts {
            let taken = match part {
                Part::Literal(text) => rest.strip_prefix(text.as_str()).map(|_| text.len())?,
                part => digits(part),
            };
            let (text, after) = rest.split_at_checked(taken)?;
            rest = after;
            if !matches!(part, Part::Literal(_)) && !text.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            if matches!(part, Part::Seq(_)) {
                count = text.parse().ok().filter(|count| *count > 0)?;
                scope.push('#');
            } else {
                scope.push_str(text);
            }
        }
        rest.is_empty().then_some((scope, count))
    }

    fn has(&self, part: &Part) -> bool {
        self.parts.contains(part)
    }

    /// How long every number of it is, in bytes.
    fn length(&self) -> usize {
        let length = |part: &Part| match part {
            Part::Literal(text) => text.len(),
            part => digits(part),
        };
        self.parts.iter().map(length).sum()
    }
}

fn digits(part: &Part) -> usize {
    match part {
        Part::Literal(_) => 0,
        Part::Year => 4,
        Part::Month | Part::Day => 2,
        Part::Seq(digits) => usize::from(*digits),
    }
}

/// A part of a number that is not its count. A day is written as `2026-11-29`.
fn plain(part: &Part, day: Day) -> String {
    let day = day.to_string();
    let cut = |from: usize, to: usize| day.get(from..to).unwrap_or_default().to_owned();
    match part {
        Part::Literal(text) => text.clone(),
        Part::Year => cut(0, 4),
        Part::Month => cut(5, 7),
        Part::Day => cut(8, 10),
        Part::Seq(_) => String::new(),
    }
}

fn part(word: &str) -> Result<Part, NumberingError> {
    match (word, word.strip_prefix("seq:")) {
        ("year", _) => Ok(Part::Year),
        ("month", _) => Ok(Part::Month),
        ("day", _) => Ok(Part::Day),
        (_, Some(digits)) => {
            let digits = digits.parse().map_err(|_| NumberingError::Digits)?;
            let fits = (1..=SEQ_DIGITS_MAX).contains(&digits);
            if fits { Ok(Part::Seq(digits)) } else { Err(NumberingError::Digits) }
        }
        _ => Err(NumberingError::Word(word.chars().take(20).collect())),
    }
}

impl FromStr for Numbering {
    type Err = NumberingError;

    fn from_str(text: &str) -> Result<Self, NumberingError> {
        let (mut rest, mut parts) = (text, Vec::new());
        while !rest.is_empty() {
            let until = rest.find(['{', '}']).unwrap_or(rest.len());
            let (literal, after) = rest.split_at(until);
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            rest = after;
            if let Some(open) = after.strip_prefix('{') {
                let (word, closed) = open.split_once('}').ok_or(NumberingError::Brace)?;
                parts.push(part(word)?);
                rest = closed;
            } else if !after.is_empty() {
                return Err(NumberingError::Brace);
            }
        }
        let numbering = Self { text: text.to_owned(), parts };
        let counters = numbering.parts.iter().filter(|part| matches!(part, Part::Seq(_))).count();
        if counters != 1 {
            return Err(NumberingError::Counters);
        }
        let is_text = !text.chars().any(char::is_control) && text.trim() == text;
        if !is_text || numbering.length() > NUMBER_BYTES_MAX || text.contains('#') {
            return Err(NumberingError::Text);
        }
        if numbering.has(&Part::Month) && !numbering.has(&Part::Year) {
            return Err(NumberingError::Repeats("month", "year"));
        }
        if numbering.has(&Part::Day) && !numbering.has(&Part::Month) {
            return Err(NumberingError::Repeats("day", "month"));
        }
        Ok(numbering)
    }
}

impl fmt::Display for Numbering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Numbering {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Numbering {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_pattern_makes_numbers_that_its_scope_tells_apart() {
        let pattern: Numbering = "MR-{year}{month}-{seq:4}".parse().unwrap();
        assert_eq!(pattern.number(day("2026-11-29"), 7).unwrap(), "MR-202611-0007");
        assert_eq!(pattern.scope(day("2026-11-29")), "MR-202611-#");
        assert_eq!(pattern.read("MR-202611-0007"), Some(("MR-202611-#".into(), 7)));
        assert_eq!(pattern.number(day("2026-11-29"), 10_000), None, "used up");
        for other in ["MR-202611-7", "MR-202611-00070", "mr-202611-0007", "MR-2026１１-0007", ""]
        {
            assert_eq!(pattern.read(other), None, "{other}");
        }
    }

    #[test]
    fn a_pattern_that_could_give_one_number_twice_is_refused() {
        use NumberingError::{Brace, Counters, Digits, Repeats, Text, Word};
        let cases = [
            ("PO-{year}", Counters),
            ("{seq:2}{seq:2}", Counters),
            ("PO-{month}-{seq:4}", Repeats("month", "year")),
            ("PO-{year}{day}-{seq:4}", Repeats("day", "month")),
            ("PO-{seq:4", Brace),
            ("PO}-{seq:4}", Brace),
            ("PO-{seq:0}", Digits),
            ("PO-{seq:x}", Digits),
            ("PO-{week}-{seq:4}", Word("week".into())),
            (" PO-{seq:4}", Text),
            ("P\n{seq:4}", Text),
        ];
        for (text, expect) in cases {
            assert_eq!(text.parse::<Numbering>(), Err(expect), "{text:?}");
        }
        let long = format!("{}{{seq:4}}", "x".repeat(61));
        assert_eq!(long.parse::<Numbering>(), Err(Text));
    }

    proptest! {
        #[test]
        fn what_is_made_is_read(number in 0_i64..30_000, count in 1_u64..200_000, at in 0_usize..4) {
            let patterns = ["{seq:5}", "A{year}-{seq:5}", "{seq:5}/{year}{month}{day}", "单-{seq:5}"];
            let pattern: Numbering = patterns[at].parse().unwrap();
            let day = Day::from_number(number);
            let made = pattern.number(day, count);
            prop_assert_eq!(made.is_some(), count < 100_000);
            if let Some(made) = made {
                prop_assert!(made.len() <= NUMBER_BYTES_MAX);
                prop_assert_eq!(pattern.read(&made), Some((pattern.scope(day), count)));
            }
        }

        #[test]
        fn any_text_is_a_pattern_or_refused(text in "\\PC{0,40}|[{}a-z:0-9#-]{0,30}") {
            if let Ok(pattern) = text.parse::<Numbering>() {
                prop_assert_eq!(pattern.to_string(), text);
                let made = pattern.number(Day::from_number(20_000), 1).unwrap();
                prop_assert!(pattern.read(&made).is_some());
            }
        }
    }
}
