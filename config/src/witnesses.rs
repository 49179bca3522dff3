//! `[witnesses]`: who cosigns this gateway's checkpoints, how many must, and what is done when they
//! don't. Absent: reading the witnesses' keys (the daemon does, when it starts).

use crate::{
    fields::Fields,
    shape::{
        Choice, Key, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, integer_or, optional, required,
    },
};

/// Most witnesses of one gateway.
pub const WITNESSES_MAX: usize = 32;

/// Who cosigns, and how many must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessesSection {
    /// So many of them must cosign one checkpoint; 0 for none.
    pub quorum: usize,
    /// Shortest time between two rounds, in milliseconds.
    pub interval_ms: u64,
    /// Most entries that may wait for the quorum.
    pub unwitnessed_rows_max: u64,
    /// Longest time that an entry may wait for it, in seconds.
    pub unwitnessed_seconds_max: u64,
    /// Whether movements stop beyond these limits; else it is only told.
    pub stop_beyond: bool,
    /// The witnesses, in the file's order.
    pub list: Vec<WitnessSection>,
}

/// One witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessSection {
    /// What it is called here and in trust files.
    pub name: String,
    /// Its submission prefix: `/add-checkpoint` comes after it.
    pub url: String,
    /// Its public key, a C2SP verifier key of type 0x04.
    pub key: String,
}

const BEYOND: Choice = Choice { code: "unknown-choice", noun: "choice", of: &["tell", "stop"] };

pub(crate) static WITNESSES: Section = Section {
    doc: "Who cosigns this gateway's checkpoints.",
    unknown: UNKNOWN_KEY,
    keys: &[
        integer_or("quorum", 0, WITNESSES_MAX as i64, 0, "How many must cosign a checkpoint."),
        integer_or(
            "interval_ms",
            100,
            3_600_000,
            1000,
            "Shortest time between two rounds, in milliseconds.",
        ),
        integer_or(
            "unwitnessed_rows_max",
            1,
            1_000_000_000,
            10_000,
            "Most entries that may wait for the quorum before it is told.",
        ),
        integer_or(
            "unwitnessed_seconds_max",
            1,
            31_536_000,
            3600,
            "Longest time that an entry may wait for the quorum before it is told.",
        ),
        Key {
            name: "beyond",
            doc: "Beyond these limits: tell, or stop all movements until witnesses are back.",
            shape: Shape::Choice(BEYOND),
            need: Need::Default(Plain::Text("tell")),
        },
        optional("list", Shape::Sections { of: &WITNESS, max: WITNESSES_MAX }, "The witnesses."),
    ],
};

static WITNESS: Section = Section {
    doc: "One witness.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("name", Shape::Text(Text::Slug), "What it is called here and in trust files."),
        required("url", Shape::Text(Text::Url), "Its address, before /add-checkpoint."),
        required(
            "key",
            Shape::Text(Text::Line),
            "Its public key, as `gatewarden witness --print-key` prints it.",
        ),
    ],
};

impl WitnessesSection {
    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        Some(Self {
            quorum: fields.integer("quorum")?,
            interval_ms: fields.integer("interval_ms")?,
            unwitnessed_rows_max: fields.integer("unwitnessed_rows_max")?,
            unwitnessed_seconds_max: fields.integer("unwitnessed_seconds_max")?,
            stop_beyond: fields.text("beyond")? == "stop",
            list: fields.tables("list").iter().map(WitnessSection::build).collect::<Option<_>>()?,
        })
    }
}

impl WitnessSection {
    fn build(fields: &Fields) -> Option<Self> {
        Some(Self {
            name: fields.owned("name")?,
            url: fields.owned("url")?,
            key: fields.owned("key")?,
        })
    }
}
