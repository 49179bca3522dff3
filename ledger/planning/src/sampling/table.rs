//! The tables of ISO 2859-1: code letters (table 1) and single plans for normal inspection (table 2-A).
//!
//! Each is written out, not computed, so that it can be read beside the standard. `tests/sampling.rs` holds
//! it to figures from elsewhere and to the rule by which its diagonals are made.

use super::Level;

/// The code letters; I and O are not used.
pub const LETTERS: [char; 16] =
    ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R'];

/// The sample of each letter.
pub const SAMPLES: [i64; 16] =
    [2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1_250, 2_000];

/// The acceptance quality limits, in percent nonconforming.
pub const AQLS: [&str; 16] = [
    "0.010", "0.015", "0.025", "0.040", "0.065", "0.10", "0.15", "0.25", "0.40", "0.65", "1.0",
    "1.5", "2.5", "4.0", "6.5", "10",
];

/// Lots up to so many, and their letters at S-1, S-2, S-3, S-4, I, II and III.
const CODES: [(i64, &str); 15] = [
    (8, "AAAAAAB"),
    (15, "AAAAABC"),
    (25, "AABBBCD"),
    (50, "ABBCCDE"),
    (90, "BBCCCEF"),
    (150, "BBCDDFG"),
    (280, "BCDEEGH"),
    (500, "BCDEFHJ"),
    (1_200, "CCEFGJK"),
    (3_200, "CDEGHKL"),
    (10_000, "CDFGJLM"),
    (35_000, "CDFHKMN"),
    (150_000, "DEGJLNP"),
    (500_000, "DEGJMPQ"),
    (i64::MAX, "DEHKNQR"),
];

/// A cell of table 2-A.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// The acceptance number; one more rejects.
    Plan(u32),
    /// Use the first plan above.
    Up,
    /// Use the first plan below.
    Down,
}

/// Arrows, in the table.
const U: i8 = -1;
const D: i8 = -2;

/// Acceptance numbers, a row a letter, a column an AQL.
#[rustfmt::skip]
const PLANS: [[i8; 16]; 16] = [
    // .010 .015 .025 .040 .065 .10 .15 .25 .40 .65 1.0 1.5 2.5 4.0 6.5 10
    [D, D, D, D, D, D, D, D, D, D, D, D, D, D, 0, D],
    [D, D, D, D, D, D, D, D, D, D, D, D, D, 0, U, D],
    [D, D, D, D, D, D, D, D, D, D, D, D, 0, U, D, 1],
    [D, D, D, D, D, D, D, D, D, D, D, 0, U, D, 1, 2],
    [D, D, D, D, D, D, D, D, D, D, 0, U, D, 1, 2, 3],
    [D, D, D, D, D, D, D, D, D, 0, U, D, 1, 2, 3, 5],
    [D, D, D, D, D, D, D, D, 0, U, D, 1, 2, 3, 5, 7],
    [D, D, D, D, D, D, D, 0, U, D, 1, 2, 3, 5, 7, 10],
    [D, D, D, D, D, D, 0, U, D, 1, 2, 3, 5, 7, 10, 14],
    [D, D, D, D, D, 0, U, D, 1, 2, 3, 5, 7, 10, 14, 21],
    [D, D, D, D, 0, U, D, 1, 2, 3, 5, 7, 10, 14, 21, U],
    [D, D, D, 0, U, D, 1, 2, 3, 5, 7, 10, 14, 21, U, U],
    [D, D, 0, U, D, 1, 2, 3, 5, 7, 10, 14, 21, U, U, U],
    [D, 0, U, D, 1, 2, 3, 5, 7, 10, 14, 21, U, U, U, U],
    [0, U, D, 1, 2, 3, 5, 7, 10, 14, 21, U, U, U, U, U],
    [U, U, 1, 2, 3, 5, 7, 10, 14, 21, U, U, U, U, U, U],
];

/// The letter of a lot, as a row.
pub(super) fn letter_of(lot: i64, level: Level) -> usize {
    let letters = CODES.iter().find(|(most, _)| lot <= *most).map_or("", |(_, letters)| letters);
    let column = Level::ALL.iter().position(|known| *known == level).unwrap_or(0);
    let letter = letters.chars().nth(column).unwrap_or('R');
    LETTERS.iter().position(|known| *known == letter).unwrap_or(LETTERS.len() - 1)
}

pub(super) fn cell(letter: usize, aql: usize) -> Cell {
    match PLANS[letter][aql] {
        U => Cell::Up,
        D => Cell::Down,
        accept => Cell::Plan(u32::try_from(accept).unwrap_or(0)),
    }
}
