//! The proof of one entry: a C2SP tlog-proof (v1) that needs no database and no network.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra BASE64 of the entry's canonical bytes
//! index SEQUENCE
//! BASE64 of each sibling hash, from the leaf up (RFC 6962, 2.1.1)
//!
//! the checkpoint, a signed note (C2SP tlog-checkpoint)
//! ```
//!
//! The `extra` line is opaque to the specification and not authenticated by it; here it is the
//! entry, and `check` hashes it to the leaf, so a changed line fails. Anyone can write another
//! checker: SHA-256, base64 and one Ed25519 verification.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::VerifyingKey;
use gatewarden_model::{
    Entry, Hash,
    canonical::{self, CanonicalError},
    entry::ENTRY_VERSION,
};

use serde_json::Value;

use crate::{
    merkle,
    note::{Checkpoint, NoteError, decode_hash},
    trust::{Sealed, Trust},
};

/// The first line.
pub const PROOF_HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Longest proof that is read.
pub const PROOF_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Most hashes in a proof: the height of the tallest tree.
const PATH_MAX: usize = 64;

/// Why a proof proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// It is not a proof.
    #[error("not a proof: {0}")]
    Shape(&'static str),
    /// The checkpoint can't be trusted.
    #[error(transparent)]
    Checkpoint(#[from] NoteError),
    /// The entry is not in the tree.
    #[error("entry {index} is not in the tree of {size} entries that was signed")]
    NotIncluded {
        /// The entry's place.
        index: u64,
        /// The signed size.
        size: u64,
    },
    /// The bytes are in the tree but are no entry.
    #[error("entry {index} is in the tree but can't be read: {source}")]
    Entry {
        /// The entry's place.
        index: u64,
        /// Why.
        source: CanonicalError,
    },
    /// The bytes are in the tree but are of a version that this program does not know.
    #[error(
        "entry {index} is in the tree but is not of version {ENTRY_VERSION}: use a newer program"
    )]
    Version {
        /// The entry's place.
        index: u64,
    },
    /// The bytes are in the tree at another place than they claim.
    #[error("the entry calls itself {claimed} but stands at {index}")]
    Place {
        /// The sequence in the bytes.
        claimed: u64,
        /// The place that was proven.
        index: u64,
    },
}

/// The proof of one entry, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The entry's canonical bytes.
    pub entry: Vec<u8>,
    /// Its place in the journal.
    pub index: u64,
    /// The siblings from the leaf up.
    pub path: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// What a proof proves to a reader who trusts some keys: the entry as it was recorded, without
/// knowing what its fields mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The entry, read from bytes that have one reading only.
    pub entry: Value,
    /// Its place in the journal.
    pub index: u64,
    /// The checkpoint that covers it, and who signed it.
    pub sealed: Sealed,
}

/// What a checked proof proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The entry.
    pub entry: Entry,
    /// The checkpoint that covers it.
    pub checkpoint: Checkpoint,
}

impl Proof {
    /// The proof as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{PROOF_HEADER}\nextra {}\nindex {}\n",
            STANDARD.encode(&self.entry),
            self.index
        );
        for hash in &self.path {
            text.push_str(&STANDARD.encode(hash.0));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads a proof. Nothing is trusted yet: `check` it.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        if text.len() > PROOF_BYTES_MAX {
            return Err(ProofError::Shape("too long"));
        }
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or(ProofError::Shape("no blank line before the checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(PROOF_HEADER) {
            return Err(ProofError::Shape("the first line is not c2sp.org/tlog-proof@v1"));
        }
        let entry = lines
            .next()
            .and_then(|line| STANDARD.decode(line.strip_prefix("extra ")?).ok())
            .ok_or(ProofError::Shape("no line \"extra BASE64\" with the entry"))?;
        let index = lines
            .next()
            .and_then(|line| {
                let digits = line.strip_prefix("index ")?;
                digits.parse::<u64>().ok().filter(|n| n.to_string() == digits)
            })
            .ok_or(ProofError::Shape("no line \"index NUMBER\""))?;
        let path: Option<Vec<Hash>> = lines.take(PATH_MAX + 1).map(decode_hash).collect();
        let path = path
            .filter(|path| path.len() <= PATH_MAX)
            .ok_or(ProofError::Shape("a hash is not 32 bytes, or there are more than 64"))?;
        Ok(Self { entry, index, path, checkpoint: checkpoint.to_owned() })
    }

    /// Checks the whole proof against the keys and the quorum that the reader trusts.
    pub fn check_with(&self, trust: &Trust) -> Result<Checked, ProofError> {
        let sealed = trust.open(&self.checkpoint)?;
        self.check_place(&sealed.checkpoint)?;
        let index = self.index;
        let entry: Value =
            canonical::decode(&self.entry).map_err(|source| ProofError::Entry { index, source })?;
        if entry.get("v").and_then(Value::as_u64) != Some(u64::from(ENTRY_VERSION)) {
            return Err(ProofError::Version { index });
        }
        match entry.get("seq").and_then(Value::as_u64) {
            Some(seq) if seq == index => Ok(Checked { entry, index, sealed }),
            claimed => Err(ProofError::Place { claimed: claimed.unwrap_or_default(), index }),
        }
    }

    /// Checks the whole proof against the key and the origin (the gateway's name) that the reader
    /// trusts, and gives the entry that it proves.
    pub fn check(&self, key: &VerifyingKey, origin: &str) -> Result<Proven, ProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, origin, key)?;
        self.check_place(&checkpoint)?;
        let index = self.index;
        let entry =
            Entry::decode(&self.entry).map_err(|source| ProofError::Entry { index, source })?;
        if entry.seq != index {
            return Err(ProofError::Place { claimed: entry.seq, index });
        }
        Ok(Proven { entry, checkpoint })
    }

    fn check_place(&self, checkpoint: &Checkpoint) -> Result<(), ProofError> {
        let (index, size) = (self.index, checkpoint.size);
        let leaf = merkle::leaf_hash(&self.entry);
        if merkle::root_of_inclusion(leaf, index, size, &self.path) == Some(checkpoint.root) {
            return Ok(());
        }
        Err(ProofError::NotIncluded { index, size })
    }
}
