//! One read as a portal takes it, and what became of it.

use gatewarden_model::{DeviceId, Hash, Stamp, Thing, Tid, Trust};

/// One read of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagSeen {
    /// When the report came.
    pub at: Stamp,
    /// When the reader saw the tag, on the monotonic clock, where the skew of its clock is known;
    /// never later than `at`.
    pub seen_us: Option<u64>,
    /// What it says.
    pub thing: Thing,
    /// Which reader.
    pub device: DeviceId,
    /// Which antenna, from 1; 0 where it is not told.
    pub antenna: u16,
    /// Hundredths of a dBm.
    pub rssi_cdbm: Option<i16>,
    /// Singulations that it stands for, at least 1.
    pub reads: u32,
    /// What its chip says of itself, if that was read.
    pub tid: Option<Tid>,
    /// How far its identity can be trusted.
    pub trust: Trust,
    /// Whether a [`crate::Guard`] found something wrong: then it is never posted by itself.
    pub suspect: bool,
    /// Digest of the frame.
    pub evidence: Hash,
}

/// What became of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The first of its tag for now: keep it before anything else.
    First,
    /// Another of a tag.
    Again,
    /// It was seen in a pass that is closed, or so long ago that none can be opened for it: it belongs
    /// to nothing. Counted; keep it as what it is.
    Late,
    /// So late too, of a tag that is known here anyhow. Counted.
    Known,
    /// There are too many tags, or too long ones: report a gap.
    Overflow,
}
