//! `[operators]`: where operators come from, and how long and how patiently they are trusted.

use crate::{
    fields::Fields,
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
    /// A session ends after so many idle seconds.
    pub idle_timeout_s: u32,
    /// A session ends after so many seconds in any case.
    pub session_max_s: u32,
    /// A scan that begins with this is a badge.
    pub badge_prefix: String,
    /// What wrong PINs cost.
    pub lockout: Lockout,
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
        integer_or("idle_timeout_s", 10, 28_800, 300, "A session ends after so many idle seconds."),
        integer_or(
            "session_max_s",
            60,
            86_400,
            28_800,
            "A session ends after so many seconds in any case.",
        ),
        text_or("badge_prefix", Text::Line, "OP-", "A scan that begins with this is a badge."),
        optional("lockout", Shape::Section(&LOCKOUT), "What wrong PINs cost."),
    ],
};

static LOCKOUT: Section = Section {
    doc: "What wrong PINs cost: nothing for the first few, then a delay that doubles.",
    unknown: UNKNOWN_KEY,
    keys: &[
        integer_or("free_attempts", 0, 10, 3, "Wrong PINs in a row that cost no delay."),
        integer_or("first_delay_ms", 100, DAY_MS, 5000, "The first delay, in milliseconds."),
        integer_or("delay_ms_max", 1000, DAY_MS, 900_000, "The longest delay, in milliseconds."),
    ],
};

impl OperatorsSection {
    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        let lockout = fields.table("lockout")?;
        Some(Self {
            source: OperatorsSource::Ledger,
            idle_timeout_s: fields.integer("idle_timeout_s")?,
            session_max_s: fields.integer("session_max_s")?,
            badge_prefix: fields.owned("badge_prefix")?,
            lockout: Lockout {
                free_attempts: lockout.integer("free_attempts")?,
                first_delay_ms: lockout.integer("first_delay_ms")?,
                delay_ms_max: lockout.integer("delay_ms_max")?,
            },
        })
    }
}

/// The rules that join two keys.
pub(crate) fn check(walk: &mut Walk<'_>, fields: &Fields) {
    walk.at_most(fields, "idle_timeout_s", "session_max_s");
    if let Some(lockout) = fields.table("lockout") {
        walk.at_most(lockout, "first_delay_ms", "delay_ms_max");
    }
}
