//! Tasks: what a document expects to happen at a station.

use serde::{Deserialize, Serialize};

use crate::{
    Amount, Custom, Document, Hash, ItemId, Location, MovementId, MovementKind, OperatorId,
    StationId, StockStatus, TaskId, item::is_default,
};

/// What a document expects to happen at a station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its id; minted by the caller, so that a repeated request is harmless.
    pub id: TaskId,
    /// Where.
    pub station: StationId,
    /// What kind of movement.
    pub kind: MovementKind,
    /// On which document.
    pub document: Document,
    /// The digest of the document's version that was signed, where the document is approved here: the engine opens
    /// such a task itself when the last signature is there, nobody else does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_digest: Option<Hash>,
    /// Whose badge is asked for at the station before it moves: who receives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<OperatorId>,
    /// Who ordered it, as the ERP says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_by: Option<String>,
    /// Who approved the document, as the ERP says. Without it the task waits for an approval here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// The reservation whose stock it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<MovementId>,
    /// What is expected, at least one line, at most 1,000.
    pub lines: Vec<TaskLine>,
    /// Fields of the house's own, at most 32 of at most 256 bytes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub custom: Custom,
}

/// One expected item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskLine {
    /// The document's line number.
    pub line: u32,
    /// The item.
    pub item: ItemId,
    /// Base units, more than zero.
    pub quantity: i64,
    /// From where.
    pub from: Location,
    /// To where.
    pub to: Location,
    /// The lot asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Who owns it, where that is not the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The status it has where it comes from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from_status: StockStatus,
    /// The status it gets.
    #[serde(default, skip_serializing_if = "is_default")]
    pub to_status: StockStatus,
    /// The value of the whole line, where stock comes in from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
    /// The keys of exactly those things that are expected, where the document names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub things: Vec<String>,
}
