//! Passes, sightings, and how a pass compares with a task.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, Hash, ItemId, PassId, SessionId, Stamp, StationId, Tid};

/// What an identifier on a tag or a barcode says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thing {
    /// What makes two reads the same thing, by tag or by barcode: the bracketed element string of
    /// the identity, the pure identity URI of an EPC that is no GS1 key, `hex:…` for an EPC that
    /// can't be decoded, `text:…` for a plain barcode.
    pub key: String,
    /// The scheme, such as `sgtin-96`, `sscc-96`, `gs1`, `plain`, `invalid`.
    pub scheme: String,
    /// GTIN-14.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Batch or lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// SSCC, 18 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sscc: Option<String>,
}

/// How far the identity of a sighted thing can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// A printed code.
    Barcode,
    /// A tag's EPC alone.
    EpcOnly,
    /// The tag's TID equals the commissioned one.
    TidMatches,
    /// The tag answered a cryptographic challenge (Gen2v2).
    Authenticated,
}

impl Trust {
    /// All grades, the lowest first.
    pub const ALL: [Self; 4] =
        [Self::Barcode, Self::EpcOnly, Self::TidMatches, Self::Authenticated];

    /// The name, as in entries and policies.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Barcode => "barcode",
            Self::EpcOnly => "epc-only",
            Self::TidMatches => "tid-matches",
            Self::Authenticated => "authenticated",
        }
    }
}

/// Which way a thing went through a portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Into the building.
    In,
    /// Out of the building.
    Out,
    /// Not known.
    Unknown,
}

/// One identified thing at one station in one pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    /// What was seen.
    pub thing: Thing,
    /// By which device.
    pub device: DeviceId,
    /// At which antenna it was strongest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub antenna: Option<u16>,
    /// First read.
    pub first: Stamp,
    /// Last read.
    pub last: Stamp,
    /// How many reads.
    pub reads: u32,
    /// Strongest RSSI in hundredths of a dBm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_rssi_cdbm: Option<i16>,
    /// What the chip of the tag says of itself, where the reader read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<Tid>,
    /// How far the identity can be trusted.
    pub trust: Trust,
    /// Which way it went.
    pub direction: Direction,
    /// How sure the direction is, in percent.
    pub confidence_pct: u8,
    /// Digest of the frame of the first read.
    pub evidence: Hash,
}

/// A tag that a portal heard and can't be sure of. It is never posted by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doubt {
    /// What was seen, with the direction that is likeliest.
    pub sighting: Sighting,
    /// Why.
    pub why: Doubtful,
}

/// Why a tag is not posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubtful {
    /// It may have been here or elsewhere.
    Stray,
    /// It went through or back; which is not sure.
    Direction,
    /// It came in and went back.
    TurnedBack,
    /// It was read although nothing broke a beam.
    NoBody,
    /// A clone or a replay is possible.
    Suspect,
    /// Its TID is not the commissioned one: another tag tells the same EPC.
    AnotherTid,
    /// The reader told it so late that its pass was over, or none was open.
    Late,
}

impl Doubtful {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Stray => "may have been elsewhere",
            Self::Direction => "went through or back",
            Self::TurnedBack => "turned back",
            Self::NoBody => "was read although nothing broke a beam",
            Self::Suspect => "may be a copy or a replay",
            Self::AnotherTid => "is a copy: its TID is not the commissioned one",
            Self::Late => "was told too late to belong to a pass",
        }
    }
}

/// What opened a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassOpening {
    /// The first tag or scan.
    FirstRead,
    /// A photo-eye or GPI.
    Input,
}

/// What closed a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassClosing {
    /// No new thing for the quiet time.
    Quiet,
    /// The longest duration was reached.
    Duration,
    /// The photo-eye or GPI fell.
    Input,
    /// The operator said so.
    Operator,
    /// The daemon stopped or died meanwhile: the pass may be incomplete.
    Interrupted,
}

/// A window in which a station's reads belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {
    /// Its id, and that of the movement it may cause.
    pub id: PassId,
    /// Where.
    pub station: StationId,
    /// When it opened.
    pub opened: Stamp,
    /// When it closed.
    pub closed: Stamp,
    /// What opened it.
    pub opened_by: PassOpening,
    /// What closed it.
    pub closed_by: PassClosing,
    /// The session that was open at the station during the whole pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// What was seen, in the order of the first reads.
    pub sightings: Vec<Sighting>,
    /// What a portal is not sure of, in the order of the first reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// How many further tags a portal heard that did not go through.
    #[serde(default, skip_serializing_if = "is_none_heard")]
    pub strays: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none_heard(strays: &u32) -> bool {
    *strays == 0
}

impl Pass {
    /// All that was seen, the doubtful too.
    pub fn seen(&self) -> impl Iterator<Item = &Sighting> {
        self.sightings.iter().chain(self.doubts.iter().map(|doubt| &doubt.sighting))
    }

    /// True where nothing was heard that may have gone through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sightings.is_empty() && self.doubts.is_empty()
    }
}

/// A pass held against a task, in the words shown to the operator.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Things that fit a line, with the line.
    pub expected: Vec<Matched>,
    /// What lines still lack.
    pub missing: Vec<Missing>,
    /// Things of an item on the task, beyond its quantity or outside its list of serials.
    pub extra: Vec<Stray>,
    /// Things that no item master knows, or whose identifier can't be read.
    pub unknown: Vec<Stray>,
    /// Things of a known item that is not on the task.
    pub wrong_item: Vec<Stray>,
}

/// A thing that fits a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matched {
    /// The task's line.
    pub line: u32,
    /// The thing's key.
    pub key: String,
    /// Base units it stands for.
    pub quantity: i64,
    /// Its lot, where it says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
}

/// What a line lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// The task's line.
    pub line: u32,
    /// Its item.
    pub item: ItemId,
    /// Base units not seen.
    pub quantity: i64,
}

/// A thing that should not be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stray {
    /// The thing's key.
    pub key: String,
    /// Its item, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
}

impl Comparison {
    /// True when everything expected was seen and nothing else.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
            && self.extra.is_empty()
            && self.unknown.is_empty()
            && self.wrong_item.is_empty()
    }
}
