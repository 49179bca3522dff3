//! The one writer: appends groups of entries, each in one transaction and one flush.
//!
//! Invariants: a group is recorded whole or not at all; what `append` returned is flushed; the
//! state in memory (the tree's edge) changes only after the commit; every group ends in a signed
//! checkpoint. Absent: deciding whether something may be recorded (the engine), reading (`reader`).

use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use gatewarden_model::{Entry, Hash, OperatorId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    StoreError, connection,
    group::Plan,
    lock::WriterLock,
    merkle::Frontier,
    note::{self, Checkpoint},
    reader::{LedgerReader, Nodes},
    schema,
    wal::{self, WalKeeper},
};

/// Most entries in a group. It may only grow: `verify` relies on it for ledgers of the past.
pub const GROUP_ENTRIES_MAX: usize = 4096;

/// Longest canonical form of an entry.
pub const ENTRY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How to open a ledger.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Signs the checkpoints.
    pub key: SigningKey,
    /// The gateway's name: the origin of the checkpoints. Fixed when the ledger is made.
    pub origin: String,
    /// The registered SQLite VFS to use (see `vfs`); none for the system's own.
    pub vfs: Option<String>,
}

/// What is recorded together.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// The entries, in sequence, beginning with `next_seq`.
    pub entries: Vec<Entry>,
    /// PIN hashes (PHC strings) to set, or to remove with `None`. They are not part of the journal,
    /// but an entry of this group must name the digest of each: `Enrolled`, or `Removed` for none.
    pub credentials: Vec<(OperatorId, Option<String>)>,
}

/// What is flushed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Entries in the journal.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
}

/// The one writer of a ledger.
#[derive(Debug)]
pub struct Ledger {
    // Fields drop in this order: the keeper's connection, the writer's, and only then the lock.
    keeper: WalKeeper,
    connection: Connection,
    frontier: Frontier,
    options: OpenOptions,
    path: PathBuf,
    _lock: WriterLock,
}

impl Ledger {
    /// Opens the ledger at `path`, makes it where it is missing, and checks that the journal's end
    /// fits its last checkpoint. Fails where another process writes it, where it belongs to another
    /// gateway or key, and where it was changed.
    pub fn open(path: &Path, options: OpenOptions) -> Result<Self, StoreError> {
        if !note::is_key_name(&options.origin) {
            return Err(StoreError::Origin(options.origin));
        }
        let lock = WriterLock::take(path)?;
        let vfs = options.vfs.as_deref();
        let mut connection = connection::open_writer(path, vfs)?;
        schema::migrate(&mut connection)?;
        claim(&connection, &options)?;
        let frontier = load(&connection, &options)?;
        let keeper = WalKeeper::start(&mut connection, path.to_owned(), vfs)?;
        Ok(Self { keeper, connection, frontier, options, path: path.to_owned(), _lock: lock })
    }

    /// Records a group, flushed when it returns. After an error nothing of it is recorded, and the
    /// ledger can be used again; only where the disk itself failed may a later crash still bring the
    /// group back, whole (as with any commit whose outcome was not heard).
    pub fn append(&mut self, group: &Group) -> Result<Committed, StoreError> {
        let plan = Plan::new(group, &self.frontier, &self.options)?;
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let done = plan
            .write(&self.connection)
            .and_then(|()| Ok(self.connection.prepare_cached("COMMIT")?.execute([])?));
        if let Err(error) = done {
            if !self.connection.is_autocommit() {
                self.connection.execute_batch("ROLLBACK")?;
            }
            return Err(error);
        }
        self.frontier = plan.into_frontier();
        self.keeper.help(&self.connection);
        Ok(self.committed())
    }

    /// What is flushed now.
    #[must_use]
    pub fn committed(&self) -> Committed {
        Committed { size: self.frontier.size(), root: self.frontier.root() }
    }

    /// The sequence of the next entry.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.frontier.size()
    }

    /// A reader of the same database.
    pub fn reader(&self) -> Result<LedgerReader, StoreError> {
        LedgerReader::open_with(&self.path, self.options.vfs.as_deref())
    }

    /// Copies the write-ahead log into the database now, as far as no reader is in the way.
    pub fn copy_log(&self) -> Result<(), StoreError> {
        wal::checkpoint(&self.connection).map(|_| ())
    }
}

impl Drop for Ledger {
    /// Leaves the database file whole by itself, also where a reader (which can't do it) closes
    /// last. Nothing depends on it: the log is read at the next start.
    fn drop(&mut self) {
        if let Err(error) = self.copy_log() {
            tracing::debug!(%error, "the ledger's write-ahead log was left for the next start");
        }
    }
}

/// Writes the origin and the key into a new ledger, or compares them with an old one's.
fn claim(connection: &Connection, options: &OpenOptions) -> Result<(), StoreError> {
    let key = note::verifier_key_text(&options.origin, &options.key.verifying_key());
    connection.execute(
        "INSERT INTO meta (key, value) SELECT 'origin', ?1 WHERE NOT EXISTS (SELECT 1 FROM meta)
         UNION ALL SELECT 'verifier', ?2 WHERE NOT EXISTS (SELECT 1 FROM meta)",
        params![options.origin, key],
    )?;
    let meta = |name: &str| meta(connection, name);
    let found = meta("origin")?;
    if found != options.origin {
        return Err(StoreError::WrongOrigin { found, given: options.origin.clone() });
    }
    let found = meta("verifier")?;
    if found != key {
        return Err(StoreError::WrongKey { found, given: key });
    }
    Ok(())
}

/// A value of `meta`; empty where it is missing.
pub(crate) fn meta(connection: &Connection, name: &str) -> Result<String, StoreError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// The tree's edge as stored, after checking it against the last checkpoint.
fn load(connection: &Connection, options: &OpenOptions) -> Result<Frontier, StoreError> {
    let len: i64 =
        connection.query_row("SELECT ifnull(max(seq) + 1, 0) FROM entry", [], |row| row.get(0))?;
    let len = u64::try_from(len).map_err(|_| StoreError::Damaged("a negative sequence".into()))?;
    let note: Option<String> = connection
        .query_row("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1", [], |row| row.get(0))
        .optional()?;
    let Some(note) = note else {
        return if len == 0 {
            Ok(Frontier::default())
        } else {
            Err(StoreError::Damaged(format!("there are {len} entries and no checkpoint")))
        };
    };
    let last = Checkpoint::open(&note, &options.origin, &options.key.verifying_key())?;
    if last.size != len {
        let size = last.size;
        return Err(StoreError::Damaged(format!(
            "the last checkpoint covers {size} entries, the journal has {len}"
        )));
    }
    let frontier = Frontier::load(&Nodes(connection), len)?;
    if frontier.root() != last.root {
        return Err(StoreError::Damaged("the tree does not lead to the signed root".into()));
    }
    Ok(frontier)
}
