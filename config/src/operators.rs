//! `[operators]`: where operators come from, and how long and how patiently they are trusted.

use std::collections::BTreeSet;

use gatewarden_model::{Levels, MovementKind, TwoPersons};

use crate::{
    fields::Fields,
    levels::{self, KINDS, LEVEL, LEVELS_MAX, TWO_PERSONS, chosen},
    report::Walk,
    shape::{
        Choice, Key, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, integer_or, optional, text_or,
    },
};

/// How operators are known and for how long a session holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorsSection {
    /// Where they come from.
    pub source: OperatorsSource,
    /// A session is idle after so many seconds without an act.
    pub idle_timeout_s: u32,
    /// An idle session ends after so many seconds more; 0 ends it at once.
    pub idle_end_s: u32,
    /// A session ends after so many seconds in any case.
    pub session_max_s: u32,
    /// A scan that begins with this is a badge.
    pub badge_prefix: String,
    /// A raised auth level falls back after so many seconds.
    pub step_up_s: u32,
    /// Seconds that the way between two stations takes at least, where none is stated; 0 asks nothing.
    pub walking_s_min: u32,
    /// What wrong PINs cost.
    pub lockout: Lockout,
    /// Which auth level a kind of movement or a right (`module:action`) needs.
    pub levels: Levels,
    /// What two people must be present for.
    pub two_persons: TwoPersons,
    /// Postings of these kinds are confirmed by the key of whoever posts them.
    pub confirm_kinds: BTreeSet<MovementKind>,
}

/// Where operators come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorsSource {
    /// From the ledger's own enrolments.
    Ledger,
}

/// What wrong PINs cost: nothing for the first few, then a delay that doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    /// Wrong attempts without a delay.
    pub free_attempts: u32,
    /// The first delay, in milliseconds.
    pub first_delay_ms: u64,
    /// The longest delay, in milliseconds.
    pub delay_ms_max: u64,
    /// After so many failures in a row only somebody else unlocks; 0 for never.
    pub failures_max: u32,
}

const SOURCE: Choice = Choice { code: "unknown-choice", noun: "source", of: &["ledger"] };
const DAY_MS: i64 = 86_400_000;

pub(crate) static OPERATORS: Section = Section {
    doc: "Where operators come from and how long they are trusted.",
    unknown: UNKNOWN_KEY,
    keys: &[
        Key {
            name: "source",
            doc: "Where operators come from: \"ledger\", as enrolled by `gatewarden operator add`.",
            shape: Shape::Choice(SOURCE),
            need: Need::Default(Plain::Text("ledger")),
        },
        integer_or(
            "idle_timeout_s",
            10,
            28_800,
            300,
            "After so many seconds without an act a session is idle: nothing counts in it until its \
             operator gives the PIN again.",
        ),
        integer_or(
            "idle_end_s",
            0,
            86_400,
            600,
            "An idle session ends after so many seconds more; 0 ends it at once.",
        ),
        integer_or(
            "session_max_s",
            60,
            86_400,
            28_800,
            "A session ends after so many seconds in any case.",
        ),
        text_or("badge_prefix", Text::Line, "OP-", "A scan that begins with this is a badge."),
        integer_or(
            "step_up_s",
            30,
            3600,
            300,
            "A raised auth level falls back after so many seconds.",
        ),
        integer_or(
            "walking_s_min",
            0,
            3600,
            0,
            "Seconds that the way between two stations takes at least, where a station states none: \
             a badge that is faster is refused and alarmed. 0 asks nothing.",
        ),
        optional("lockout", Shape::Section(&LOCKOUT), "What wrong PINs cost."),
        optional(
            "levels",
            Shape::Sections { of: &LEVEL, max: LEVELS_MAX },
            "Which auth level an operation needs.",
        ),
        optional(
            "two_persons",
            Shape::Section(&TWO_PERSONS),
            "What a second person must be present for, with badge and PIN and the right to it.",
        ),
        optional(
            "confirm_kinds",
            Shape::List { of: &Shape::Choice(KINDS), max: 18 },
            "Whoever posts a posting of these kinds confirms it with a security key or phone, whose \
             signature over the posting stays in the ledger.",
        ),
    ],
};

static LOCKOUT: Section = Section {
    doc: "What wrong PINs cost: nothing for the first few, then a delay that doubles.",
    unknown: UNKNOWN_KEY,
    keys: &[
        integer_or("free_attempts", 0, 10, 3, "Wrong PINs in a row that cost no delay."),
        integer_or("first_delay_ms", 100, DAY_MS, 5000, "The first delay, in milliseconds."),
        integer_or("delay_ms_max", 1000, DAY_MS, 900_000, "The longest delay, in milliseconds."),
        integer_or(
            "failures_max",
            0,
            1000,
            10,
            "After so many failures in a row only somebody else unlocks; 0 for never.",
        ),
    ],
};

impl OperatorsSection {
    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        let lockout = fields.table("lockout")?;
        Some(Self {
            source: OperatorsSource::Ledger,
            idle_timeout_s: fields.integer("idle_timeout_s")?,
            session_max_s: fields.integer("session_max_s")?,
            idle_end_s: fields.integer("idle_end_s")?,
            step_up_s: fields.integer("step_up_s")?,
            walking_s_min: fields.integer("walking_s_min")?,
            badge_prefix: fields.owned("badge_prefix")?,
            lockout: Lockout {
                free_attempts: lockout.integer("free_attempts")?,
                first_delay_ms: lockout.integer("first_delay_ms")?,
                delay_ms_max: lockout.integer("delay_ms_max")?,
                failures_max: lockout.integer("failures_max")?,
            },
            levels: levels::build(fields.tables("levels"))?,
            two_persons: levels::build_two(fields.table("two_persons")),
            confirm_kinds: chosen(Some(fields), "confirm_kinds"),
        })
    }
}

/// The rules that join two keys.
pub(crate) fn check(walk: &mut Walk<'_>, fields: &Fields) {
    walk.at_most(fields, "idle_timeout_s", "session_max_s");
    levels::check(walk, fields);
    if let Some(lockout) = fields.table("lockout") {
        if lockout.integer::<u32>("failures_max") != Some(0) {
            walk.at_most(lockout, "free_attempts", "failures_max");
        }
        walk.at_most(lockout, "first_delay_ms", "delay_ms_max");
    }
}
