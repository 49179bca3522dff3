//! Replays the whole journal and compares everything that is stored with what it must be.
//!
//! In one snapshot and one pass in sequence: bytes (canonical, no hole), tree (leaf, nodes, every
//! signed root), movement tables row by row; then balances, open things, PIN hashes and the subject
//! index. The memory grows with what is open and in stock and with the operators that ever were, not
//! with the journal. What can't be seen from the inside — a checkpoint deleted between others (the
//! bounds of groups are recorded nowhere else, and the next one covers its entries), a tail deleted together with its checkpoints, a whole ledger made anew by a thief of the
//! key — needs a checkpoint kept elsewhere: `verify_against`.

mod credentials;
mod extras;
mod rows;
mod subjects;
mod sums;
mod tree;

use ed25519_dalek::VerifyingKey;
use gatewarden_model::{Body, Entry, Hash, canonical, canonical::CanonicalError};
use rusqlite::Connection;
use serde::Serialize;

use crate::{
    StoreError,
    ledger::meta,
    merkle::leaf_hash,
    projection::{check_entry, unsigned},
    reader::LedgerReader,
    schema,
};
use credentials::Credentials;
use rows::MovementTables;
use subjects::Subjects;
use sums::Sums;
use tree::Tree;

/// Most findings that a report lists; the rest is only counted.
pub const FINDINGS_MAX: usize = 100;

/// What `verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// True when nothing was found.
    pub ok: bool,
    /// Entries read.
    pub entries: u64,
    /// Movements among them.
    pub movements: u64,
    /// Checkpoints whose signature and root were checked.
    pub checkpoints: u64,
    /// Entries that the newest good checkpoint covers.
    pub size: u64,
    /// The root of the tree as replayed.
    pub root: Hash,
    /// What differs, the first bad entry first; at most `FINDINGS_MAX`.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: u64,
}

/// One thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The entry it is about; none where it is about the whole.
    pub seq: Option<u64>,
    /// The kind of thing.
    pub what: What,
    /// In words.
    pub message: String,
}

/// The kinds of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The database file or its schema.
    Database,
    /// An entry is missing.
    Missing,
    /// An entry's bytes.
    Bytes,
    /// The Merkle tree.
    Tree,
    /// A checkpoint's signature or root.
    Checkpoint,
    /// A row of `movement` or `movement_line`.
    Movement,
    /// A rule that the journal itself breaks.
    Rule,
    /// A row of `balance`.
    Balance,
    /// A row of `live`.
    Live,
    /// A row of `subject`.
    Subject,
    /// A row of `credential`.
    Credential,
}

/// The findings so far, bounded.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    more: u64,
}

impl Findings {
    pub(crate) fn add(&mut self, seq: Option<u64>, what: What, message: String) {
        if self.list.len() < FINDINGS_MAX {
            self.list.push(Finding { seq, what, message });
        } else {
            self.more += 1;
        }
    }

    /// Whether an entry has a finding of a kind.
    pub(crate) fn has(&self, seq: u64, what: What) -> bool {
        self.list.iter().any(|finding| finding.seq == Some(seq) && finding.what == what)
    }

    /// Whether an entry has a finding already, so that its consequences need not be told again.
    pub(crate) fn about(&self, seq: u64) -> bool {
        self.list.iter().any(|finding| finding.seq == Some(seq))
    }
}

impl LedgerReader {
    /// Replays and compares everything, trusting only `key`.
    pub fn verify(&self, key: &VerifyingKey) -> Result<Report, StoreError> {
        self.verify_against(key, None)
    }

    /// Like `verify`, and also compares with a signed checkpoint that was kept elsewhere.
    pub fn verify_against(
        &self,
        key: &VerifyingKey,
        kept: Option<&str>,
    ) -> Result<Report, StoreError> {
        let _snapshot = self.connection.unchecked_transaction()?;
        let mut findings = Findings::default();
        let origin = meta(&self.connection, "origin")?;
        extras::meta(&self.connection, &origin, key, &mut findings)?;
        let tree = Tree::new(&self.connection, *key, origin, kept);
        let mut run =
            Run { connection: &self.connection, findings, tree, entries: 0, movements: 0 };
        if let Err(error) = run.all() {
            let message = format!("the check could not go on: {error}");
            run.findings.add(None, What::Database, message);
        }
        Ok(run.report())
    }
}

/// What the journal makes of the tables that are compared at its end.
#[derive(Default)]
struct Made {
    sums: Sums,
    subjects: Subjects,
    credentials: Credentials,
}

struct Run<'a> {
    connection: &'a Connection,
    findings: Findings,
    tree: Tree<'a>,
    entries: u64,
    movements: u64,
}

impl Run<'_> {
    fn all(&mut self) -> Result<(), StoreError> {
        self.database()?;
        let mut made = Made::default();
        self.replay(&mut made)?;
        let Made { sums, subjects, credentials } = made;
        self.tree.finish(&mut self.findings)?;
        sums.compare(self.connection, &mut self.findings)?;
        credentials.compare(self.connection, &mut self.findings)?;
        subjects.compare(self.connection, &mut self.findings)
    }

    /// The file's own structure, and no table, trigger or view that no version of the program made.
    fn database(&mut self) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare("PRAGMA integrity_check(20)")?;
        let words = statement.query_map([], |row| row.get::<_, String>(0))?;
        for words in words.collect::<Result<Vec<_>, _>>()?.iter().filter(|w| *w != "ok") {
            let message = format!("the database file is damaged: {words}");
            self.findings.add(None, What::Database, message);
        }
        for message in schema::differences(self.connection)? {
            self.findings.add(None, What::Database, message);
        }
        Ok(())
    }

    fn replay(&mut self, made: &mut Made) -> Result<(), StoreError> {
        let mut tables = MovementTables::new(self.connection);
        let mut select =
            self.connection.prepare("SELECT seq, leaf, bytes FROM entry ORDER BY seq")?;
        let mut rows = select.query([])?;
        let mut expected = 0;
        while let Some(row) = rows.next()? {
            let seq = unsigned(row, 0)?;
            if seq > expected {
                self.missing(expected..seq, &mut tables)?;
                self.tree.hole();
            }
            expected = seq + 1;
            self.entries += 1;
            let leaf = Hash(row.get(1)?);
            let bytes = row.get_ref(2)?.as_bytes().map_err(rusqlite::Error::from)?;
            self.entry(seq, leaf, bytes, &mut tables, made)?;
            self.tree.push(seq, leaf, &mut self.findings)?;
        }
        let claimed = self.tree.claimed_size(expected)?.max(expected);
        self.missing(expected..claimed, &mut tables)?;
        tables.strays(&mut self.findings)
    }

    /// Names missing entries one by one, with what the tables still say of them.
    fn missing(
        &mut self,
        seqs: std::ops::Range<u64>,
        tables: &mut MovementTables<'_>,
    ) -> Result<(), StoreError> {
        for seq in seqs.clone().take(FINDINGS_MAX) {
            let table = tables.words(seq)?;
            let message = format!("entry {seq}: it is missing in the journal{table}");
            self.findings.add(Some(seq), What::Missing, message);
        }
        self.findings.more += (seqs.end - seqs.start).saturating_sub(FINDINGS_MAX as u64);
        Ok(())
    }

    fn entry(
        &mut self,
        seq: u64,
        leaf: Hash,
        bytes: &[u8],
        tables: &mut MovementTables<'_>,
        made: &mut Made,
    ) -> Result<(), StoreError> {
        let intact = leaf_hash(bytes) == leaf;
        match decode(seq, bytes) {
            Ok(entry) => {
                self.movements += u64::from(crate::projection::movement(&entry).is_some());
                tables.compare(&entry, intact, &mut self.findings)?;
                if let Err(rule) = check_entry(&entry) {
                    self.findings.add(Some(seq), What::Rule, format!("entry {seq}: {rule}"));
                }
                if let Some(message) = other_evidence(&entry) {
                    self.findings.add(Some(seq), What::Rule, message);
                }
                made.sums.apply(&entry, &mut self.findings);
                made.subjects.apply(&entry);
                made.credentials.apply(&entry);
            }
            Err(words) => {
                let tree = if intact { "" } else { "do not match the tree and " };
                let table = tables.words(seq)?;
                let message = format!("entry {seq}: its bytes {tree}{words}{table}");
                self.findings.add(Some(seq), What::Bytes, message);
            }
        }
        Ok(())
    }

    fn report(mut self) -> Report {
        // Stable: what belongs to one entry stays in the order in which it was found.
        self.findings.list.sort_by_key(|finding| finding.seq.unwrap_or(u64::MAX));
        Report {
            ok: self.findings.list.is_empty(),
            entries: self.entries,
            movements: self.movements,
            checkpoints: self.tree.checked(),
            size: self.tree.proven_size(),
            root: self.tree.root(),
            findings: self.findings.list,
            more: self.findings.more,
        }
    }
}

/// What to say of a movement whose evidence is not the digest of the pass beside it.
fn other_evidence(entry: &Entry) -> Option<String> {
    let Body::Moved { movement, pass: Some(pass) } = &entry.body else { return None };
    let digest = Hash::of(&canonical::encode(pass).ok()?);
    let seq = entry.seq;
    (digest != movement.evidence)
        .then(|| format!("entry {seq}: its evidence is not the digest of the pass it shows"))
}

/// The entry, or what is wrong with the bytes, to follow the words "its bytes".
fn decode(seq: u64, bytes: &[u8]) -> Result<Entry, String> {
    let entry = Entry::decode(bytes).map_err(|error| match error {
        CanonicalError::Form { at } => {
            format!("are not in canonical form: they differ from it at byte {at}")
        }
        other => format!("can't be read as an entry ({other})"),
    })?;
    if entry.seq == seq {
        return Ok(entry);
    }
    Err(format!("call themselves entry {}", entry.seq))
}
