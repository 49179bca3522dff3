//! The rules of a kind: for its lines, their ways and links, how far they may differ, counts and samples.
//!
//! Absent: what contradicts itself in them (`faults`), what comes of them for a document (`check`,
//! `quantities`).

use gatewarden_model::{DocumentKind, MovementKind, StockStatus};
use serde::{Deserialize, Serialize};

use super::{InspectionLevel, LineField, Outcome, OverAct, PlaceClass, QuantityRule, is_default};

/// The field of a line that says which of several ways between the same places it takes.
pub const WAY: &str = "way";
/// Most kinds of source of one leg.
pub const SOURCES_MAX: usize = 4;

/// What lines are like.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineRules {
    /// Fewest; 0 where a document may have none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min: u32,
    /// Most, at most `DOCUMENT_LINES_MAX`.
    pub max: u32,
    /// What their quantity says.
    #[serde(default, skip_serializing_if = "is_default")]
    pub quantity: QuantityRule,
    /// What each must state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<LineField>,
    /// Whether no two may say the same item, lot, owner, status and places.
    #[serde(default, skip_serializing_if = "is_default")]
    pub apart: bool,
}

/// One way of a line: from where to where, and which movement that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// The movement that executes it.
    pub movement: MovementKind,
    /// From places of these classes.
    pub from: Vec<PlaceClass>,
    /// To places of these classes.
    pub to: Vec<PlaceClass>,
    /// What a line must say in its field [`WAY`] to take it. Where one leg of a kind asks for that, a line that
    /// says nothing takes a leg that asks for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<String>,
    /// The kinds of which a document must be named, because its lines bring back what those moved, and no more than
    /// that. The first of them that is named counts. None: nothing is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<DocumentKind>,
}

/// What a document may, or must, follow from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkRule {
    /// To documents of this kind.
    pub to: DocumentKind,
    /// How many at least: 0 where it may stand alone.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min: u32,
    /// How many at most.
    pub max: u32,
    /// Whether the lines name them, rather than the head.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by_line: bool,
    /// Whether it must name the very version, by digest.
    #[serde(default, skip_serializing_if = "is_default")]
    pub digest: bool,
    /// Whether that document must be approved and not yet closed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub open: bool,
    /// Whether what this document executes counts as executed there too: a receipt fulfils its order.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fulfils: bool,
}

/// By how much lines may be exceeded, and fall short, in per mille of what was approved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// More than approved, without being asked.
    #[serde(default, skip_serializing_if = "is_default")]
    pub over_permille: u32,
    /// Less than approved, and still done.
    #[serde(default, skip_serializing_if = "is_default")]
    pub under_permille: u32,
    /// What becomes of more than that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub over: OverAct,
}

/// How a count is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountRules {
    /// Whether who counts does not see what should be there.
    pub blind: bool,
    /// How often a line beyond the tolerance is counted again, by somebody else.
    pub recounts_max: u8,
    /// The difference that needs no recount, in per mille of what should be there.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tolerance_permille: u32,
    /// The difference that needs no recount, in base units; the larger of both holds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tolerance_pieces: i64,
    /// Whether nothing else moves in the counted places meanwhile.
    pub freeze: bool,
    /// The workflow that approves the difference before it is posted.
    pub workflow: String,
}

/// How an inspection samples (ISO 2859-1, single, normal).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplingRules {
    /// The inspection level.
    pub level: InspectionLevel,
    /// The acceptance quality limit, in thousandths of a per cent: 1.0 % is 1000.
    pub aql_thousandths: u32,
    /// What may be decided.
    pub outcomes: Vec<Outcome>,
}

impl Outcome {
    /// The status that stock gets by it.
    #[must_use]
    pub fn status(self) -> StockStatus {
        match self {
            Self::Accept | Self::Concession => StockStatus::Available,
            Self::Reject | Self::Rework => StockStatus::Blocked,
        }
    }
}
