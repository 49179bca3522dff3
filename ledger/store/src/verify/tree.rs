//! Replays the Merkle tree and holds it against the stored nodes, every signed checkpoint, and a
//! checkpoint that was kept elsewhere.

use ed25519_dalek::VerifyingKey;
use gatewarden_model::Hash;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Findings, What, extras};
use crate::{
    GROUP_ENTRIES_MAX, StoreError,
    merkle::Frontier,
    note::{Checkpoint, NoteError},
    projection::{number, unsigned},
};

/// The tree as it grows again.
pub(super) struct Tree<'a> {
    connection: &'a Connection,
    key: VerifyingKey,
    origin: String,
    kept: Option<Result<Checkpoint, NoteError>>,
    frontier: Frontier,
    /// An entry is missing or a root did not fit: later roots can't fit either.
    broken: bool,
    nodes: u64,
    /// Entries under the last stored checkpoint that was met.
    covered: u64,
    checked: u64,
    proven: u64,
}

impl<'a> Tree<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        key: VerifyingKey,
        origin: String,
        kept: Option<&str>,
    ) -> Self {
        let kept = kept.map(|note| Checkpoint::open(note, &origin, &key));
        let frontier = Frontier::default();
        let (broken, nodes, covered, checked, proven) = (false, 0, 0, 0, 0);
        Self { connection, key, origin, kept, frontier, broken, nodes, covered, checked, proven }
    }

    /// Checkpoints checked.
    pub(super) fn checked(&self) -> u64 {
        self.checked
    }

    /// Entries that the newest good checkpoint covers.
    pub(super) fn proven_size(&self) -> u64 {
        self.proven
    }

    /// The root as replayed.
    pub(super) fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Entries before `seq` are missing.
    pub(super) fn hole(&mut self) {
        self.broken = true;
    }

    /// How many entries the signed checkpoints, or the kept one, say there are; 0 where they say of
    /// no more than `len`.
    pub(super) fn claimed_size(&self, len: u64) -> Result<u64, StoreError> {
        let stored = self.signed_beyond(len, |_, _| {})?;
        let kept =
            self.kept.as_ref().and_then(|kept| kept.as_ref().ok()).map_or(0, |kept| kept.size);
        Ok(stored.max(kept))
    }

    /// The newest checkpoint beyond `len` entries that is signed, 0 for none; `other` gets those
    /// after it, which are not.
    fn signed_beyond(&self, len: u64, mut other: impl FnMut(u64, &str)) -> Result<u64, StoreError> {
        let sql = "SELECT size, note FROM checkpoint WHERE size > ?1 ORDER BY size DESC";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([number(len)])?;
        while let Some(row) = rows.next()? {
            let (size, note): (u64, String) = (unsigned(row, 0)?, row.get(1)?);
            match Checkpoint::open(&note, &self.origin, &self.key) {
                Ok(checkpoint) if checkpoint.size == size => return Ok(size),
                Ok(checkpoint) => other(size, &format!("it is one of {}", checkpoint.size)),
                Err(error) => other(size, &error.to_string()),
            }
        }
        Ok(0)
    }

    /// Adds the leaf of entry `seq`, and checks what its place completes.
    pub(super) fn push(
        &mut self,
        seq: u64,
        leaf: Hash,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let mut completed = Vec::new();
        self.frontier.push(leaf, &mut completed);
        if !self.broken {
            for node in completed {
                self.nodes += 1;
                let sql = "SELECT hash FROM node WHERE level = ?1 AND number = ?2";
                let stored: Option<[u8; 32]> = self
                    .connection
                    .prepare_cached(sql)?
                    .query_row(params![node.level, number(node.number)], |row| row.get(0))
                    .optional()?;
                if stored != Some(node.hash.0) {
                    let message = format!(
                        "the stored tree (level {}, number {}) does not fit the entries below it",
                        node.level, node.number
                    );
                    findings.add(Some(seq), What::Tree, message);
                }
            }
        }
        let sql = "SELECT note FROM checkpoint WHERE size = ?1";
        let size = seq + 1;
        let note: Option<String> = self
            .connection
            .prepare_cached(sql)?
            .query_row([number(size)], |row| row.get(0))
            .optional()?;
        if let Some(note) = note {
            self.gap(size, findings);
            let opened = Checkpoint::open(&note, &self.origin, &self.key);
            self.checkpoint(size, opened, "the checkpoint", findings);
        }
        if self.kept.as_ref().is_some_and(|kept| kept.as_ref().is_ok_and(|k| k.size == size))
            && let Some(kept) = self.kept.clone()
        {
            self.checkpoint(size, kept, "the checkpoint kept elsewhere", findings);
        }
        Ok(())
    }

    /// Reports more entries since the last checkpoint than one group can have.
    fn gap(&mut self, size: u64, findings: &mut Findings) {
        let first = std::mem::replace(&mut self.covered, size);
        if !self.broken && size - first > GROUP_ENTRIES_MAX as u64 {
            let message = format!(
                "{}: checkpoints between them are missing, for each group of at most \
                 {GROUP_ENTRIES_MAX} entries has one",
                span(first, size - 1)
            );
            findings.add(Some(first), What::Checkpoint, message);
        }
    }

    fn checkpoint(
        &mut self,
        size: u64,
        opened: Result<Checkpoint, NoteError>,
        name: &str,
        findings: &mut Findings,
    ) {
        self.checked += 1;
        let last = size.saturating_sub(1);
        let checkpoint = match opened {
            Ok(checkpoint) if checkpoint.size == size => checkpoint,
            Ok(checkpoint) => {
                let message =
                    format!("{name} stored for {size} entries is one of {}", checkpoint.size);
                findings.add(Some(last), What::Checkpoint, message);
                return;
            }
            Err(error) => {
                let message = format!("{name} of {size} entries can't be trusted: {error}");
                findings.add(Some(last), What::Checkpoint, message);
                return;
            }
        };
        if self.broken {
            return;
        }
        if checkpoint.root == self.frontier.root() {
            self.proven = size;
            return;
        }
        self.broken = true;
        let first = self.proven;
        let message = format!(
            "{}: the tree does not lead to the root that {name} of {size} entries signed; \
             what was recorded there was changed, and its hash made anew",
            span(first, last)
        );
        findings.add(Some(first), What::Checkpoint, message);
    }

    /// After the last entry: nothing uncovered, nothing deleted, no node too many.
    pub(super) fn finish(&mut self, findings: &mut Findings) -> Result<(), StoreError> {
        let len = self.entries_end()?;
        let signed = self.signed_beyond(len, |size, why| {
            let message = format!(
                "the checkpoint of {size} entries can't be trusted, nor are there as many: {why}"
            );
            findings.add(None, What::Checkpoint, message);
        })?;
        extras::checkpoints(self.connection, findings)?;
        if signed > len {
            let message = format!(
                "{} deleted: a signed checkpoint covers {signed} entries, the journal has {len}",
                were(len, signed - 1)
            );
            findings.add(Some(len), What::Missing, message);
        } else if self.covered < len {
            let first = self.covered;
            let message = format!("{}: not covered by any checkpoint", span(first, len - 1));
            findings.add(Some(first), What::Checkpoint, message);
        }
        self.finish_kept(len, signed, findings);
        let count =
            self.connection.query_row("SELECT count(*) FROM node", [], |r| unsigned(r, 0))?;
        if !self.broken && count != self.nodes {
            let nodes = self.nodes;
            let message = format!("the stored tree has {count} nodes, the journal makes {nodes}");
            findings.add(None, What::Tree, message);
        }
        Ok(())
    }

    fn finish_kept(&self, len: u64, signed: u64, findings: &mut Findings) {
        match &self.kept {
            Some(Err(error)) => {
                let message = format!("the checkpoint kept elsewhere can't be used: {error}");
                findings.add(None, What::Checkpoint, message);
            }
            Some(Ok(kept)) if kept.size > len && kept.size > signed => {
                let message = format!(
                    "{} deleted: the checkpoint kept elsewhere covers {} entries, the journal has \
                     {len}",
                    were(len, kept.size - 1),
                    kept.size
                );
                findings.add(Some(len), What::Missing, message);
            }
            Some(Ok(_)) | None => {}
        }
    }

    fn entries_end(&self) -> Result<u64, StoreError> {
        let sql = "SELECT ifnull(max(seq) + 1, 0) FROM entry";
        Ok(self.connection.query_row(sql, [], |row| unsigned(row, 0))?)
    }
}

/// `entry 5` or `entries 5 to 9`.
pub(super) fn span(first: u64, last: u64) -> String {
    if first >= last { format!("entry {last}") } else { format!("entries {first} to {last}") }
}

fn were(first: u64, last: u64) -> String {
    let verb = if first >= last { "was" } else { "were" };
    format!("{} {verb}", span(first, last))
}
