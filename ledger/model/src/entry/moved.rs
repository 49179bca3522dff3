//! A short way to read the entries that moved stock, which most are.

use serde::Deserialize;

use crate::{Body, Entry, Movement, Pass, Stamp, canonical};

/// An entry that moved stock, which most are. `Body` is tagged from the inside, so that reading one
/// of any kind holds all of it in a tree first; this shape is read straight.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MovedEntry {
    v: u8,
    seq: u64,
    at: Stamp,
    body: MovedBody,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MovedBody {
    #[serde(rename = "kind")]
    _kind: MovedKind,
    movement: Movement,
    #[serde(default)]
    pass: Option<Pass>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum MovedKind {
    Moved,
}

impl MovedEntry {
    /// The entry, where the bytes are the canonical ones of one that moved stock; whatever else they
    /// are, `None` leaves to the reader of all kinds.
    pub(super) fn decode(bytes: &[u8]) -> Option<Entry> {
        const MARK: &[u8] = b",\"body\":{\"kind\":\"moved\",";
        // Where the entry's own stamp ends. A look at the wrong place costs time, never a verdict.
        let head = bytes.get(..bytes.len().min(200))?;
        head.windows(MARK.len()).find(|window| *window == MARK)?;
        let Self { v, seq, at, body } = serde_json::from_slice(bytes).ok()?;
        let body = Body::Moved { movement: body.movement, pass: body.pass };
        let entry = Entry { v, seq, at, body };
        canonical::is_of(&entry, bytes).then_some(entry)
    }
}
