//! Entries: the lines of the journal.
//!
//! An entry is immutable. Its canonical bytes (`canonical`, version `ENTRY_VERSION`) are the leaf of
//! the Merkle tree. What an entry is about and what it opens or closes is derived from it
//! (`subject`), never stored beside it as a second truth.

mod body;
mod decided;

use serde::{Deserialize, Serialize};

pub use body::Body;

use crate::{ClientId, OperatorId, SessionId, Stamp, canonical, straight};

/// The version of the encoding, the first thing a reader must check.
pub const ENTRY_VERSION: u8 = 1;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// `ENTRY_VERSION`.
    pub v: u8,
    /// Its place in the journal, from 0 without a hole.
    pub seq: u64,
    /// When it was decided.
    pub at: Stamp,
    /// What it says.
    pub body: Body,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Actor {
    /// An authenticated person.
    Operator {
        /// Who.
        id: OperatorId,
        /// In which session; none for a session of the console.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionId>,
    },
    /// A machine with a token.
    Client {
        /// Which.
        id: ClientId,
    },
    /// A user of the box's own shell.
    Local {
        /// The user's number on the box.
        uid: u32,
    },
    /// The daemon itself.
    Daemon,
    /// Nobody who could be authenticated.
    Nobody,
}

/// What was decided on a held pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Post what fits the task; what is missing stays open, what is too much stays recorded only.
    Accept,
    /// Post nothing.
    Reject,
}

impl Entry {
    /// An entry of the current version.
    #[must_use]
    pub fn new(seq: u64, at: Stamp, body: Body) -> Self {
        Self { v: ENTRY_VERSION, seq, at, body }
    }

    /// The canonical bytes: the leaf of the tree.
    pub fn encode(&self) -> Result<Vec<u8>, canonical::CanonicalError> {
        canonical::encode(self)
    }

    /// Reads canonical bytes; anything else is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, canonical::CanonicalError> {
        // What can't be read straight gets its verdict, and its words, the careful way.
        straight::entry(bytes).map_or_else(|| canonical::decode(bytes), Ok)
    }
}
