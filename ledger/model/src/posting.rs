//! Postings: movements asked for in words rather than seen by a device. One waits as a reservation
//! until a second person posts it.

use serde::{Deserialize, Serialize};

use crate::{
    Amount, Custom, Day, Document, Hash, ItemId, Location, MovementId, MovementKind,
    item::is_default,
};

/// What stock may be used for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum StockStatus {
    /// Anything.
    #[default]
    Available,
    /// Nothing until it is inspected.
    QualityInspection,
    /// Nothing.
    Blocked,
    /// The posting or task that reserved it.
    Reserved,
}

impl StockStatus {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Available, Self::QualityInspection, Self::Blocked, Self::Reserved];

    /// The name, as in entries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::QualityInspection => "quality-inspection",
            Self::Blocked => "blocked",
            Self::Reserved => "reserved",
        }
    }
}

/// What tells the quantities of one item at one place apart. `None` for the owner is the house
/// itself, for the unit loose stock.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Its lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Who owns consigned stock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What it may be used for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub status: StockStatus,
    /// The handling unit it is packed in: an SSCC of 18 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A movement that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// The movement's id, minted by the caller, so that a repeat is harmless.
    pub id: MovementId,
    /// Its kind.
    pub kind: MovementKind,
    /// On which document.
    pub document: Document,
    /// The digest of the document's version, where the document is approved here: the engine reserves and posts such
    /// a posting itself, nobody else does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_digest: Option<Hash>,
    /// Why, where the document does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is to move; all of it or nothing. Empty only for a count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<PostingLine>,
    /// What was counted; the difference moves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<CountLine>,
    /// The day it counts for, where that is not the day of its posting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Day>,
    /// The movement that it takes back, whole. It has no lines of its own then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<MovementId>,
    /// After how many milliseconds it lapses unless it was posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<u64>,
    /// Fields of the house's own, at most 32 of at most 256 bytes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub custom: Custom,
}

/// One line of a posting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostingLine {
    /// The document's line number.
    pub line: u32,
    /// The item.
    pub item: ItemId,
    /// How much, as a decimal such as `1.5`, in `unit`.
    pub quantity: String,
    /// The unit of `quantity`; the item's base unit where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// The lot's last day; fixed by the first movement that tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Day>,
    /// Who owns it, where that is not the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// From where.
    pub from: Location,
    /// To where.
    pub to: Location,
    /// The status it has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from_status: StockStatus,
    /// The status it gets.
    #[serde(default, skip_serializing_if = "is_default")]
    pub to_status: StockStatus,
    /// The handling unit (SSCC) it is taken out of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_unit: Option<String>,
    /// The handling unit (SSCC) it is put into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_unit: Option<String>,
    /// The keys of the things meant; as many as base units where the item is tracked by serial.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub things: Vec<String>,
    /// The value of the whole line, where stock comes in from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
}

/// What was counted in one bucket at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountLine {
    /// The document's line number.
    pub line: u32,
    /// The item.
    pub item: ItemId,
    /// Where; a physical place.
    pub location: Location,
    /// In which bucket.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bucket: Bucket,
    /// How much was counted, as a decimal in `unit`.
    pub quantity: String,
    /// The unit of `quantity`; the item's base unit where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// What a count found, in base units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// The document's line number.
    pub line: u32,
    /// The item.
    pub item: ItemId,
    /// Where.
    pub location: Location,
    /// In which bucket.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bucket: Bucket,
    /// What the ledger said when the count was posted.
    pub book: i64,
    /// What was counted.
    pub counted: i64,
}

/// One side of a finance voucher. Debits and credits of a voucher are equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoucherLine {
    /// The account, as the mapping names it.
    pub account: String,
    /// Debit where positive, credit where negative; never zero.
    pub amount: Amount,
}

/// What a back-dated entry changes in the value of a line posted earlier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revaluation {
    /// The entry of the movement.
    pub seq: u64,
    /// The line's position in it, from 0.
    pub position: u32,
    /// What is added to its value.
    pub delta: Amount,
}
