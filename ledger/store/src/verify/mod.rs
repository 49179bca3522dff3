//! Replays the whole journal and compares everything that is stored with what it must be.
//!
//! In one snapshot and one pass in sequence, as a pipeline of three threads: reading with the tree
//! (nodes, every signed root, the change of keys), decoding (leaves, canonical bytes, rules of an
//! entry by itself, sums of the indexes), and the replay of stock, open things and decisions. A fourth
//! sees the same snapshot and meanwhile checks the database itself and sums up its tables. Tables that
//! grow with the journal are compared by such sums, and row by row only where they differ. What can't be seen from the inside — a checkpoint deleted between others (the bounds of
//! groups are recorded nowhere else, and the next one covers its entries), a tail deleted together
//! with its checkpoints, a whole ledger made anew by a thief of the key — needs a checkpoint kept
//! elsewhere: `verify_against`.

mod credentials;
mod decode;
mod digest;
mod extras;
mod house;
mod index;
mod line;
mod listing;
mod live;
mod replay;
pub(crate) mod source;
mod sqlite;
mod stock;
mod things;
mod tree;

use ed25519_dalek::VerifyingKey;
use gatewarden_model::{Entry, Hash};
use gatewarden_stock::{Supply, Wants};
use rusqlite::Connection;
use serde::Serialize;

use crate::{StoreError, merkle::leaf_hash, reader::LedgerReader};
use source::{Others, Source};

/// Judges an entry's decisions by the policies of their time: what is wrong, in words. It sees every
/// entry, in sequence.
pub type Judge<'a> = dyn FnMut(&Entry) -> Option<String> + Send + 'a;

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
    /// A row of `movement_index`.
    Movement,
    /// A rule that the journal itself breaks.
    Rule,
    /// A row of `balance`.
    Balance,
    /// A row of `live`.
    Live,
    /// A row of `subject`.
    Subject,
    /// A row of `day`.
    Day,
    /// A row of `pool`.
    Pool,
    /// A row of `thing`.
    Thing,
    /// A row of `lot`.
    Lot,
    /// A row of `credential`.
    Credential,
    /// A decision that the policies of its time would not have made.
    Decision,
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

    /// Where a table's sum differs and yet nothing was named, says so of the table.
    pub(crate) fn add_unnamed(&mut self, what: What, table: &str) {
        if self.list.is_empty() {
            let message = format!("{table}: its rows are not those of the journal: rebuild it");
            self.add(None, what, message);
        }
    }

    /// Counts findings that are not listed.
    pub(crate) fn skip(&mut self, count: u64) {
        self.more += count;
    }

    /// Adds words to the findings of a kind about an entry.
    pub(crate) fn extend(&mut self, seq: u64, what: What, words: &str) {
        let of = |finding: &&mut Finding| finding.seq == Some(seq) && finding.what == what;
        self.list.iter_mut().filter(of).for_each(|finding| finding.message.push_str(words));
    }

    /// Whether no more is listed.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= FINDINGS_MAX
    }

    /// Adds the findings of another part of the work.
    pub(crate) fn join(&mut self, other: Self) {
        for Finding { seq, what, message } in other.list {
            self.add(seq, what, message);
        }
        self.more += other.more;
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
    /// Replays and compares everything, trusting only `key`, the keys that it handed over to, and what
    /// keys before it signed as far as its own checkpoints cover that.
    pub fn verify(&self, key: &VerifyingKey) -> Result<Report, StoreError> {
        self.verify_with(key, None, None)
    }

    /// Like `verify`, and also compares with a signed checkpoint that was kept elsewhere.
    pub fn verify_against(
        &self,
        key: &VerifyingKey,
        kept: Option<&str>,
    ) -> Result<Report, StoreError> {
        self.verify_with(key, kept, None)
    }

    /// Like `verify_against`, and also lets `judge` replay the decisions.
    pub fn verify_with(
        &self,
        key: &VerifyingKey,
        kept: Option<&str>,
        judge: Option<&mut Judge<'_>>,
    ) -> Result<Report, StoreError> {
        let (snapshot, others) = sqlite::snapshots(&self.connection, self.vfs.as_deref())?;
        let source: sqlite::Sqlite<&Connection> = sqlite::Sqlite(&snapshot);
        verify(&source, others, key, kept, judge)
    }
}

/// Verifies a ledger, whichever database keeps it; with more views of it also on more cores.
pub(crate) fn verify(
    source: &dyn Source,
    others: Option<Others>,
    key: &VerifyingKey,
    kept: Option<&str>,
    judge: Option<&mut Judge<'_>>,
) -> Result<Report, StoreError> {
    let mut findings = Findings::default();
    let meta = source.meta()?;
    let origin = meta.into_iter().find(|(name, _)| name == "origin").unwrap_or_default().1;
    let first = extras::meta(source, &origin, key, &mut findings)?;
    let tree = tree::Tree::new(source, (*key, first), origin, kept);
    line::run(source, others, tree, judge, findings)
}

/// Asks the one view there is, where nothing goes on beside.
struct Alone<'a>(&'a dyn Source);

impl stock::Past for Alone<'_> {
    fn past(&mut self, wants: Wants) -> Result<Supply, StoreError> {
        self.0.past(&wants)
    }

    /// It is reading the entries just now.
    fn source(&self) -> Option<&dyn Source> {
        None
    }
}

/// Replays the stock that several lanes make together and compares it with its tables: adds what it
/// finds to a lane's report. `source` has the entries of all lanes by position; `name` says what to
/// call the entry of one.
pub(crate) fn stock_of_all(
    source: &dyn Source,
    name: &dyn Fn(u64) -> String,
    mut report: Report,
) -> Result<Report, StoreError> {
    let keys = digest::RowKeys::new();
    let (mut made, mut findings) = (stock::Made::new(&keys, false), Findings::default());
    source.entries(&mut |position, leaf, bytes| {
        let before = findings.list.len();
        let told = leaf_hash(bytes) != leaf;
        match Entry::decode(bytes) {
            Ok(entry) => {
                let entry = Entry { seq: position, ..entry };
                if told {
                    let message = format!("entry {position}: its bytes do not match the tree");
                    findings.add(Some(position), What::Bytes, message);
                }
                made.apply_stock(&entry, told, &mut Alone(source), &mut findings)?;
            }
            Err(error) => {
                let message = format!("entry {position}: its bytes can't be read ({error})");
                findings.add(Some(position), What::Bytes, message);
            }
        }
        for finding in findings.list.iter_mut().skip(before) {
            // Positions are nobody's own numbers.
            let words = finding.message.strip_prefix(&format!("entry {position}"));
            finding.message = format!("{}{}", name(position), words.unwrap_or_default());
            finding.seq = None;
        }
        Ok(())
    })?;
    let sums = stock::TableSums::of_tables(&keys, source, false, &mut || ())?;
    made.compare_stock(sums, source, &mut findings)?;
    let mut all = Findings { list: std::mem::take(&mut report.findings), more: report.more };
    all.join(findings);
    Ok(Report { ok: all.list.is_empty(), findings: all.list, more: all.more, ..report })
}
