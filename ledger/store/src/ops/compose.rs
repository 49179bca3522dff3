//! Builds a new ledger file out of a history that comes entry by entry, and believes none of it: bytes
//! must be canonical and in sequence, every checkpoint must be signed and lead to the tree's root, the
//! last must cover everything, PIN hashes must be named by the journal. The projections are made anew.
//!
//! The file counts only after `finish`. Absent: where the history comes from.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ed25519_dalek::VerifyingKey;
use gatewarden_model::{Entry, Hash, OperatorId};
use rusqlite::{Connection, OpenFlags, params};

use super::{
    error::{OpsError, io_error},
    files,
    trust::Keys,
};
use crate::{
    credential,
    ledger::{Committed, ENTRY_BYTES_MAX, GROUP_ENTRIES_MAX},
    merkle::{Frontier, leaf_hash},
    projection::{self, number},
    rebuild, schema,
};

/// A ledger in the making.
#[derive(Debug)]
pub(crate) struct Composer {
    path: PathBuf,
    connection: Connection,
    keys: Keys,
    frontier: Frontier,
    covered: u64,
    named: BTreeMap<OperatorId, Option<Hash>>,
    finished: bool,
}

impl Composer {
    /// Begins a file at `path`, which must be free. `first` is the first key of the history,
    /// `verifier` the one that the new ledger says it was signed with first.
    pub(crate) fn begin(
        path: &Path,
        origin: &str,
        first: VerifyingKey,
        trusted: VerifyingKey,
        verifier: &str,
    ) -> Result<Self, OpsError> {
        files::create_private(path)?;
        let mut connection = open(path)?;
        schema::migrate(&mut connection)?;
        connection.execute_batch("PRAGMA synchronous = OFF; BEGIN IMMEDIATE")?;
        connection.execute(
            "INSERT INTO meta (key, value) VALUES ('origin', ?1), ('verifier', ?2)",
            params![origin, verifier],
        )?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            keys: Keys::new(origin, first, trusted),
            frontier: Frontier::default(),
            covered: 0,
            named: BTreeMap::new(),
            finished: false,
        })
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> u64 {
        self.frontier.size()
    }

    /// How many of them checkpoints cover.
    pub(crate) fn covered(&self) -> u64 {
        self.covered
    }

    /// The root over the entries so far.
    pub(crate) fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The next entry. An inner error says what is wrong with the bytes.
    pub(crate) fn entry(&mut self, bytes: &str) -> Result<Result<(), String>, OpsError> {
        let entry = match self.read(bytes) {
            Ok(entry) => entry,
            Err(why) => return Ok(Err(why)),
        };
        if let Some((operator, pin)) = credential::named(&entry) {
            self.named.insert(operator.clone(), pin);
        }
        let (leaf, mut nodes) = (leaf_hash(bytes.as_bytes()), Vec::new());
        self.frontier.push(leaf, &mut nodes);
        self.connection
            .prepare_cached("INSERT INTO entry (seq, leaf, bytes) VALUES (?1, ?2, ?3)")?
            .execute(params![number(entry.seq), leaf.0, bytes])?;
        for node in nodes {
            self.connection
                .prepare_cached("INSERT INTO node (level, number, hash) VALUES (?1, ?2, ?3)")?
                .execute(params![node.level, number(node.number), node.hash.0])?;
        }
        Ok(Ok(()))
    }

    fn read(&mut self, bytes: &str) -> Result<Entry, String> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(format!("{} bytes are too long for an entry", bytes.len()));
        }
        let entry = Entry::decode(bytes.as_bytes()).map_err(|e| e.to_string())?;
        let seq = self.frontier.size();
        if entry.seq != seq {
            return Err(format!("entry {} stands where entry {seq} must come", entry.seq));
        }
        if seq + 1 - self.covered > GROUP_ENTRIES_MAX as u64 {
            let covered = self.covered;
            return Err(format!("the checkpoint that covers entry {covered} is missing"));
        }
        projection::check_entry(&entry)?;
        self.keys.entry(&entry)?;
        Ok(entry)
    }

    /// The checkpoint of all entries so far. An inner error says what is wrong with it.
    pub(crate) fn checkpoint(&mut self, note: &str) -> Result<Result<(), String>, OpsError> {
        let checkpoint = match self.keys.open(note) {
            Ok(checkpoint) => checkpoint,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let len = self.len();
        if checkpoint.size != len || len == self.covered {
            let size = checkpoint.size;
            return Ok(Err(format!("the checkpoint of {size} entries comes after {len}")));
        }
        if checkpoint.root != self.root() {
            let first = self.covered;
            return Ok(Err(format!(
                "{} can't be what was signed: the tree does not lead to the root that the \
                 checkpoint of {len} entries signed",
                span(first, len - 1)
            )));
        }
        self.connection
            .prepare_cached("INSERT INTO checkpoint (size, note) VALUES (?1, ?2)")?
            .execute(params![number(len), note])?;
        self.covered = len;
        Ok(Ok(()))
    }

    /// A witness's line under the note of the checkpoint of `size` entries, which must be there. Its
    /// signature is not checked: that takes the witness's key, and who believes it has that.
    pub(crate) fn cosignature(
        &mut self,
        size: u64,
        name: &str,
        line: &str,
    ) -> Result<bool, OpsError> {
        let sql = "INSERT OR IGNORE INTO cosignature (size, name, line) \
            SELECT size, ?2, ?3 FROM checkpoint WHERE size = ?1";
        let shaped = line.starts_with(&format!("\u{2014} {name} "));
        let mut insert = self.connection.prepare_cached(sql)?;
        Ok(shaped && insert.execute(params![number(size), name, line])? == 1)
    }

    /// A PIN hash. False where it is not the one that the journal names.
    pub(crate) fn credential(&mut self, operator: &str, phc: &str) -> Result<bool, OpsError> {
        let named = operator.parse::<OperatorId>().ok().and_then(|who| *self.named.get(&who)?);
        if named != Some(Hash::of(phc.as_bytes())) {
            return Ok(false);
        }
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO credential (operator, phc) VALUES (?1, ?2)")?
            .execute([operator, phc])?;
        Ok(true)
    }

    /// The operators whose PIN hash is named and not there.
    pub(crate) fn without_credential(&self) -> Result<Vec<OperatorId>, OpsError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM credential WHERE operator = ?1)";
        let mut select = self.connection.prepare_cached(sql)?;
        let mut missing = Vec::new();
        for operator in self.named.iter().filter(|(_, pin)| pin.is_some()).map(|(who, _)| who) {
            if !select.query_row([operator.as_str()], |row| row.get::<_, bool>(0))? {
                missing.push(operator.clone());
            }
        }
        Ok(missing)
    }

    /// Takes back the entries that no checkpoint covers; how many they were.
    pub(crate) fn drop_uncovered(&mut self) -> Result<u64, OpsError> {
        let dropped = self.len() - self.covered;
        if dropped > 0 {
            let covered = number(self.covered);
            self.connection.execute("DELETE FROM entry WHERE seq >= ?1", [covered])?;
            let sql = "DELETE FROM node WHERE (number + 1) << (8 * level) > ?1";
            self.connection.execute(sql, [covered])?;
            let nodes = crate::reader::Nodes(&self.connection);
            self.frontier = Frontier::load(&nodes, self.covered)?;
        }
        Ok(dropped)
    }

    /// Makes the file a ledger: one file, flushed. Refuses a history whose end no checkpoint covers,
    /// or that the trusted key does not vouch for.
    pub(crate) fn finish(mut self) -> Result<Committed, OpsError> {
        if self.covered < self.len() {
            let words = span(self.covered, self.len() - 1);
            return Err(OpsError::NotWhole(format!("{words}: not covered by any checkpoint")));
        }
        if self.len() > 0 && !self.keys.is_trusted() {
            let key = self.keys.trusted_text();
            return Err(OpsError::NotWhole(format!("no checkpoint is signed by the key {key}")));
        }
        rebuild::fill(&self.connection)?;
        self.connection.execute_batch("COMMIT; PRAGMA journal_mode = DELETE")?;
        let file = std::fs::File::open(&self.path).map_err(io_error("open", &self.path))?;
        file.sync_all().map_err(io_error("flush", &self.path))?;
        self.finished = true;
        Ok(Committed { size: self.len(), root: self.root() })
    }
}

impl Drop for Composer {
    fn drop(&mut self) {
        if !self.finished {
            files::discard(&self.path);
        }
    }
}

fn open(path: &Path) -> Result<Connection, OpsError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA temp_store = MEMORY;")?;
    Ok(connection)
}

/// `entry 5` or `entries 5 to 9`.
pub(crate) fn span(first: u64, last: u64) -> String {
    if first >= last { format!("entry {last}") } else { format!("entries {first} to {last}") }
}
