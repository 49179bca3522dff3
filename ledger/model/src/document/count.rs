//! What somebody found in a bin that is counted, as its count order keeps it.
//!
//! Invariants: one sheet is one person's work at one bin; what devices saw names its pass, all else is marked as
//! typed; what the book says is told with the sheet that ends a bin, and nowhere before. Absent: which figures
//! stand (`gatewarden-planning`), who may count (`gatewarden-engine`).

use serde::{Deserialize, Serialize};

use crate::{Amount, Bucket, ItemId, Location, OperatorId, Pass, item::is_default};

/// Most things and figures of one sheet.
pub const COUNT_SEEN_MAX: usize = 10_000;

/// What somebody found in a bin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountSheet {
    /// The bin, a physical place.
    pub bin: Location,
    /// Who counted, and who stood beside; sorted.
    pub by: Vec<OperatorId>,
    /// How strongly whoever counted was authenticated, where devices saw it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub auth_level: u8,
    /// What was found, at most [`COUNT_SEEN_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<CountSeen>,
    /// Things of which nothing tells what they are.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unknown: u32,
    /// What devices saw; none where it was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<Pass>,
    /// Whether the bin is counted whole with it: what was not found in it is not there.
    #[serde(default, skip_serializing_if = "is_default")]
    pub done: bool,
    /// What the book says of the bin, once it is counted whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub book: Vec<CountBook>,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountSeen {
    /// The key of the thing, where it tells itself from others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<String>,
    /// What it is.
    pub item: ItemId,
    /// In which bucket.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bucket: Bucket,
    /// Base units, 0 or more.
    pub quantity: i64,
    /// Where the book has the thing, if that is elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Location>,
}

/// What the book says of one item in one bucket of the bin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountBook {
    /// Which item.
    pub item: ItemId,
    /// In which bucket.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bucket: Bucket,
    /// Base units.
    pub quantity: i64,
    /// What they are worth together, where the item has a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
}
