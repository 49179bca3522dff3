//! Inspection by samples (ISO 2859-1): how many to take, and what the finding allows.
//!
//! Single sampling, normal inspection, nonconforming items. Invariants: the plan is a function of lot size,
//! level and AQL; what an inspection decides adds up to the lot; a lot that the sample does not accept is
//! not accepted by words, only by sorting every piece, or by a concession with a reason, which needs approval
//! of its own. Absent: switching to tightened and reduced inspection, double sampling, nonconformities per
//! hundred items (AQL above 10).

mod outcome;
mod table;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::PlanError;

pub use outcome::{Finding, Outcome, judge, read};
pub use table::{AQLS, LETTERS, SAMPLES};
use table::{Cell, cell, letter_of};

/// The largest lot.
pub const LOT_MAX: i64 = 1_000_000_000;

/// How much is inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Level {
    /// Special level 1, for small samples.
    #[serde(rename = "S-1")]
    S1,
    /// Special level 2.
    #[serde(rename = "S-2")]
    S2,
    /// Special level 3.
    #[serde(rename = "S-3")]
    S3,
    /// Special level 4.
    #[serde(rename = "S-4")]
    S4,
    /// Less than usual.
    I,
    /// The usual.
    #[default]
    II,
    /// More than usual.
    III,
}

impl Level {
    /// All of them, in the order of the table's columns.
    pub const ALL: [Self; 7] =
        [Self::S1, Self::S2, Self::S3, Self::S4, Self::I, Self::II, Self::III];

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::S1 => "S-1",
            Self::S2 => "S-2",
            Self::S3 => "S-3",
            Self::S4 => "S-4",
            Self::I => "I",
            Self::II => "II",
            Self::III => "III",
        }
    }
}

impl FromStr for Level {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        Self::ALL.into_iter().find(|level| level.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            let shown: String = text.chars().take(40).collect();
            let message = format!("{shown:?} is no inspection level: use one of {names}");
            PlanError::rule("inspection-level", "level", message)
        })
    }
}

/// An acceptance quality limit: the worst process average that is borne, of the usual ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Aql(usize);

impl Aql {
    /// All of them, the strictest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..AQLS.len()).map(Self)
    }

    /// The limit of so many thousandths of a per cent, as definitions keep it: 1.0 is 1000.
    pub fn of_thousandths(thousandths: u32) -> Result<Self, PlanError> {
        AQLS.iter().position(|name| thousandths_of(name) == Some(thousandths)).map(Self).ok_or_else(
            || {
                let message = format!(
                    "{thousandths} thousandths are no AQL of the table: use one of {}",
                    AQLS.join(", ")
                );
                PlanError::rule("aql-unknown", "aql", message)
            },
        )
    }
}

/// The thousandths that a name of the table says: `0.65` is 650.
fn thousandths_of(name: &str) -> Option<u32> {
    let (whole, rest) = name.split_once('.').unwrap_or((name, ""));
    let rest: u32 = format!("{rest:0<3}").parse().ok()?;
    whole.parse::<u32>().ok()?.checked_mul(1_000)?.checked_add(rest)
}

impl fmt::Display for Aql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(AQLS[self.0])
    }
}

impl FromStr for Aql {
    type Err = PlanError;

    /// In percent, as in the table: `0.65`, `1.0`, `10`.
    fn from_str(text: &str) -> Result<Self, PlanError> {
        AQLS.iter().position(|known| *known == text).map(Self).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            let message =
                format!("{shown:?} is no AQL of the table: use one of {}", AQLS.join(", "));
            PlanError::rule("aql-unknown", "aql", message)
        })
    }
}

/// What to take, and how many of it may be bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The code letter of the plan that counts, arrows followed.
    pub letter: char,
    /// Pieces to inspect; the whole lot where the plan wants as many or more.
    pub sample: i64,
    /// Up to so many bad ones accept the lot (Ac).
    pub accept: u32,
    /// From so many on it is not accepted (Re).
    pub reject: u32,
}

/// The plan for a lot.
pub fn plan(lot: i64, level: Level, aql: Aql) -> Result<Plan, PlanError> {
    if !(1..=LOT_MAX).contains(&lot) {
        let message = format!("a lot of {lot}: inspect 1 to {LOT_MAX}");
        return Err(PlanError::rule("quantity-impossible", "lot", message));
    }
    let (letter, accept) = follow(letter_of(lot, level), aql.0);
    let sample = SAMPLES[letter].min(lot);
    Ok(Plan { letter: LETTERS[letter], sample, accept, reject: accept + 1 })
}

/// Follows the arrows of a column to the plan that they lead to: row and acceptance number.
fn follow(mut letter: usize, aql: usize) -> (usize, u32) {
    // Arrows never turn, so a walk is over before it leaves the table.
    for _ in 0..LETTERS.len() {
        match cell(letter, aql) {
            Cell::Plan(accept) => return (letter, accept),
            Cell::Up => letter = letter.saturating_sub(1),
            Cell::Down => letter = (letter + 1).min(LETTERS.len() - 1),
        }
    }
    (letter, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not one cell leads in a circle: every walk ends at a plan, in at most a column's length.
    #[test]
    fn every_walk_ends_at_a_plan() {
        for (letter, name) in LETTERS.iter().enumerate() {
            for (aql, limit) in AQLS.iter().enumerate() {
                let (end, accept) = follow(letter, aql);
                assert_eq!(cell(end, aql), Cell::Plan(accept), "{name} {limit}");
            }
        }
    }
}
