//! What can go wrong with the ledger, in words that name the thing and the way out.

use std::path::PathBuf;

use gatewarden_model::{ItemId, MovementId, OperatorId, canonical::CanonicalError};
use gatewarden_stock::StockError;
use rusqlite::ErrorCode;

use crate::note::NoteError;

/// Why the ledger could not do what was asked. After an error of `append` nothing of the group was
/// recorded, and the ledger can be used again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk is full.
    #[error(
        "the disk with the ledger is full: free some space; nothing of this group was recorded"
    )]
    DiskFull,
    /// The disk failed.
    #[error("the disk with the ledger failed: {0}; nothing of this group was acknowledged")]
    DiskFailed(String),
    /// A page of the database is damaged.
    #[error("the ledger's database is damaged ({0}): stop, copy the files, restore a back-up")]
    Corrupt(String),
    /// Any other failure of the database.
    #[error("the ledger's database refused: {0}")]
    Database(rusqlite::Error),
    /// Another process writes this ledger.
    #[error("the ledger {path} is being written by {holder}: stop it first", path = path.display())]
    Locked {
        /// The ledger.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// The lock file can't be used.
    #[error("failed to lock the ledger with {path}", path = path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is some other database.
    #[error("this database is not a gatewarden ledger")]
    NotALedger,
    /// A newer program wrote it.
    #[error(
        "the ledger has version {found}, this program knows up to {known}: use a newer program"
    )]
    TooNew {
        /// Its version.
        found: i64,
        /// The newest known.
        known: usize,
    },
    /// The file system has no shared memory for the write-ahead log.
    #[error("the ledger needs a write-ahead log, but its file system only gives mode {mode:?}")]
    NoWal {
        /// What it gives.
        mode: String,
    },
    /// It belongs to another gateway.
    #[error("the ledger belongs to the gateway {found:?}, not to {given:?}")]
    WrongOrigin {
        /// The gateway that made it.
        found: String,
        /// The gateway that opened it.
        given: String,
    },
    /// It is signed with a key that is not at hand.
    #[error("the ledger is signed with the key {found}, but the key given is {given}")]
    WrongKey {
        /// The key that signed it, as verifier key text.
        found: String,
        /// The key given.
        given: String,
    },
    /// The gateway's name can't be an origin.
    #[error("{0:?} can't be a ledger's origin: no spaces, '+' or control characters")]
    Origin(String),
    /// The journal's end does not fit its last checkpoint.
    #[error("the ledger was changed behind its back: {0}; run `gatewarden ledger verify`")]
    Damaged(String),
    /// A checkpoint that can't be trusted.
    #[error(transparent)]
    Checkpoint(#[from] NoteError),
    /// The entry does not come next.
    #[error("entry {found} does not come next: the journal expects {expected}")]
    Sequence {
        /// The next sequence.
        expected: u64,
        /// What was given.
        found: u64,
    },
    /// The entry can't be encoded, or what is stored can't be read.
    #[error("entry {seq}: {source}")]
    Entry {
        /// Which.
        seq: u64,
        /// Why.
        source: CanonicalError,
    },
    /// The entry's bytes do not hash to its leaf of the tree.
    #[error("entry {seq}: its bytes do not match the tree; run `gatewarden ledger verify`")]
    Edited {
        /// Which.
        seq: u64,
    },
    /// The entry breaks a rule of the ledger.
    #[error("entry {seq}: {rule}")]
    Rule {
        /// Which.
        seq: u64,
        /// Which rule, in words.
        rule: String,
    },
    /// A PIN hash that no entry of its group names.
    #[error("the PIN hash of {operator} comes without an entry that names it: enrol him with it")]
    Unnamed {
        /// Whose.
        operator: OperatorId,
    },
    /// A movement of this id is already there.
    #[error("movement {id} is already recorded as entry {seq}")]
    Repeated {
        /// Which.
        id: MovementId,
        /// Where.
        seq: u64,
    },
    /// The entry does not fit the stock.
    #[error("entry {seq}: {source}")]
    Stock {
        /// Which entry.
        seq: u64,
        /// Why.
        source: StockError,
    },
    /// An item has moved too often to change its past.
    #[error(
        "{item} has moved more than {max} times: its past can't be changed any more; record it today"
    )]
    LongHistory {
        /// Which item.
        item: ItemId,
        /// The bound.
        max: usize,
    },
    /// A group beyond its bound.
    #[error("a group of {found} entries is beyond the bound of {max}")]
    GroupTooLarge {
        /// What was given.
        found: usize,
        /// The bound.
        max: usize,
    },
    /// The address of a ledger can't be used.
    #[error("the ledger's address can't be used: {why}")]
    Address {
        /// Why, and the way out. Never the password.
        why: String,
    },
    /// PostgreSQL can't be reached, or stopped. Nothing is lost: try again later.
    #[error("PostgreSQL is away: {0}")]
    Away(String),
    /// Somebody else held a lock for too long, or the transaction lost against another.
    #[error("PostgreSQL gave way to another gateway: {0}")]
    Contended(String),
    /// The entry no longer fits: another gateway's movement was faster. Decide again on what is there.
    #[error("entry {seq} does not fit the stock that all gateways left: {source}")]
    Conflict {
        /// Which entry.
        seq: u64,
        /// Why.
        source: StockError,
    },
    /// Another gateway has recorded a movement of this id.
    #[error("movement {id} is already recorded by the gateway {gateway} as its entry {seq}")]
    RepeatedElsewhere {
        /// Which.
        id: MovementId,
        /// The entry there.
        seq: u64,
        /// By whom.
        gateway: String,
    },
    /// PostgreSQL refused for another reason.
    #[error("PostgreSQL refused: {0}")]
    Postgres(String),
    /// No such entry.
    #[error("there is no entry {seq}: the journal has {len}")]
    NoEntry {
        /// What was asked for.
        seq: u64,
        /// How many there are.
        len: u64,
    },
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::SystemIoFailure) => Self::DiskFailed(error.to_string()),
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt(error.to_string()),
            Some(ErrorCode::NotADatabase) => Self::NotALedger,
            _ => Self::Database(error),
        }
    }
}
