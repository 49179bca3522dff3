//! The one writer: appends groups of entries, each in one transaction and one flush.
//!
//! Invariants: a group is recorded whole or not at all; what `append` returned is flushed; the
//! state in memory (the tree's edge) changes only after the commit; every group ends in a signed
//! checkpoint. Absent: deciding whether something may be recorded (the engine), reading (`reader`).

use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use gatewarden_model::{Entry, Hash, OperatorId};
use gatewarden_stock::{Supply, Wants};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    StoreError, connection, credential, in_force,
    keys::Keys,
    lock::WriterLock,
    lookup,
    merkle::Frontier,
    note::{self, Checkpoint},
    plan::Plan,
    projection::unsigned,
    reader::{LedgerReader, Nodes},
    rebuild::{self, Projections},
    schema, sqlite,
    wal::{self, WalKeeper},
};

/// Most entries in a group: what waits, and documents that are written at once. It may only grow: `verify` relies on it
/// for ledgers of the past.
pub const GROUP_ENTRIES_MAX: usize = 16_384;

/// Longest canonical form of an entry.
pub const ENTRY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How to open a ledger.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Signs the checkpoints.
    pub key: SigningKey,
    /// Further keys at hand: what a rotation prepared, or left behind. The journal says which of all
    /// is in force.
    pub more_keys: Vec<SigningKey>,
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
    pub(crate) connection: Connection,
    frontier: Frontier,
    keys: Keys,
    /// None after an error, until the next use makes it anew from the tables.
    projections: Option<Projections>,
    vfs: Option<String>,
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
        let OpenOptions { key, more_keys, origin, vfs } = options;
        let mut connection = connection::open_writer(path, vfs.as_deref())?;
        schema::migrate(&mut connection)?;
        let mut keys = Keys::new(origin, key, more_keys);
        claim(&connection, &mut keys)?;
        let frontier = load(&connection, &keys)?;
        let projections = Some(rebuild::projections(&connection)?);
        let keeper = WalKeeper::start(&mut connection, path.to_owned(), vfs.as_deref())?;
        let path = path.to_owned();
        Ok(Self { keeper, connection, frontier, keys, projections, vfs, path, _lock: lock })
    }

    /// Records a group, flushed when it returns. After an error nothing of it is recorded, and the
    /// ledger can be used again; only where the disk itself failed may a later crash still bring the
    /// group back, whole (as with any commit whose outcome was not heard).
    pub fn append(&mut self, group: &Group) -> Result<Committed, StoreError> {
        let plan = Plan::new(group, &self.frontier, &self.keys)?;
        let next_key = self.keys.rotation(&group.entries)?;
        let mut projections = match self.projections.take() {
            Some(projections) => projections,
            None => rebuild::projections(&self.connection)?,
        };
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let done = write(&self.connection, group, &plan, &mut projections)
            .and_then(|()| Ok(self.connection.prepare_cached("COMMIT")?.execute([])?));
        if let Err(error) = done {
            if !self.connection.is_autocommit() {
                self.connection.execute_batch("ROLLBACK")?;
            }
            return Err(error);
        }
        self.frontier = plan.frontier;
        self.projections = Some(projections);
        if let Some(name) = next_key {
            self.keys.choose(name)?;
        }
        self.keeper.help(&self.connection);
        Ok(self.committed())
    }

    /// Compares what the ledger says of people, machines and locks with the signed journal, before
    /// anybody's rights rest on it.
    pub fn check_in_force(&self) -> Result<(), StoreError> {
        in_force::check(&self.connection, self.frontier.root())
    }

    /// Adds a key that a `KeyRotated` may name. Its file must be written and flushed before.
    pub fn offer_key(&mut self, key: SigningKey) {
        self.keys.offer(key);
    }

    /// The public key in force, as C2SP verifier key.
    #[must_use]
    pub fn verifier_key(&self) -> &str {
        self.keys.name()
    }

    /// Looks up what the engine must know before it can decide.
    pub fn look_up(&mut self, wants: &Wants) -> Result<Supply, StoreError> {
        lookup::look_up(&self.connection, wants.clone())
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
        LedgerReader::open_with(&self.path, self.vfs.as_deref())
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

/// Everything of a group but the commit.
fn write(
    connection: &Connection,
    group: &Group,
    plan: &Plan,
    projections: &mut Projections,
) -> Result<(), StoreError> {
    sqlite::write_journal(connection, &group.entries, plan)?;
    rebuild::project(connection, projections, &group.entries)?;
    credential::write(connection, group)
}

/// Writes the origin and the key into a new ledger; of an old one, compares the origin and chooses
/// the key that its journal says is in force.
fn claim(connection: &Connection, keys: &mut Keys) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO meta (key, value) SELECT 'origin', ?1 WHERE NOT EXISTS (SELECT 1 FROM meta)
         UNION ALL SELECT 'verifier', ?2 WHERE NOT EXISTS (SELECT 1 FROM meta)",
        params![keys.origin(), keys.name()],
    )?;
    let found = meta(connection, "origin")?;
    if found != keys.origin() {
        return Err(StoreError::WrongOrigin { found, given: keys.origin().to_owned() });
    }
    keys.choose(&lookup::key_in_force(connection)?)
}

/// A value of `meta`; empty where it is missing.
pub(crate) fn meta(connection: &Connection, name: &str) -> Result<String, StoreError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// The tree's edge as stored, after checking it against the last checkpoint.
fn load(connection: &Connection, keys: &Keys) -> Result<Frontier, StoreError> {
    let len: i64 =
        connection.query_row("SELECT ifnull(max(seq) + 1, 0) FROM entry", [], |row| row.get(0))?;
    let len = u64::try_from(len).map_err(|_| StoreError::Damaged("a negative sequence".into()))?;
    let mut select =
        connection.prepare("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 2")?;
    let notes = select
        .query_map([], |row| Ok((unsigned(row, 0)?, row.get(1)?)))?
        .collect::<Result<Vec<(u64, String)>, _>>()?;
    let Some((_, note)) = notes.first() else {
        return if len == 0 {
            Ok(Frontier::default())
        } else {
            Err(StoreError::Damaged(format!("there are {len} entries and no checkpoint")))
        };
    };
    let before = notes.get(1).map_or(0, |(size, _)| *size);
    let current = keys.current().verifying_key();
    let last = match lookup::last_rotation(connection)? {
        // The checkpoint that covers a rotation is the last of the old key. The journal itself names
        // that one, so it proves nothing: what counts is the signature of the new key beside it.
        Some((seq, old, _)) if seq >= before => {
            let (_, key) = note::parse_verifier_key(&old)?;
            Checkpoint::open(note, keys.origin(), &key)?;
            Checkpoint::open(note, keys.origin(), &current)?
        }
        Some(_) | None => Checkpoint::open(note, keys.origin(), &current)?,
    };
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
