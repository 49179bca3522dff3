//! Checks a ledger's file down to its pages, names what is damaged, and repairs it out of itself.
//!
//! Three looks: the pages by their own structure (`walk`), SQLite's own check, and the replay of the
//! journal (`verify`). Where one of them finds something, a new ledger is made of everything that can be
//! proven (`salvage`); held against it, each damaged page is named. A repair puts the new ledger in
//! place only if it has every entry that is known of, and sets the damaged one aside.

use std::path::{Path, PathBuf};

use ed25519_dalek::VerifyingKey;
use rusqlite::Connection;
use serde::Serialize;

use super::{
    backup::verified,
    compose::span,
    error::{OpsError, io_error},
    files, order,
    pages::Pages,
    rows,
    salvage::{Salvaged, Stage},
    walk::Walk,
    witnessed::Witnessed,
};
use crate::{Finding, StoreError, What, lock::WriterLock, reader::LedgerReader};

/// Most entries that a message lists one by one.
const LISTED_MAX: usize = 10;

/// How to check.
#[derive(Debug, Clone)]
pub struct FsckOptions {
    /// The trusted key.
    pub key: VerifyingKey,
    /// The gateway's name; none to take it from the file.
    pub origin: Option<String>,
    /// Put what could be made whole in the place of what is damaged.
    pub repair: bool,
    /// Other ledgers (backups, copies) that may have what this one lost.
    pub with: Vec<PathBuf>,
}

/// A damaged page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DamagedPage {
    /// Its number, from 1.
    pub page: u32,
    /// What it is: `the table entry`, `the index … of …`, `a free page`.
    pub what: String,
    /// What is wrong with it.
    pub why: String,
    /// The entries on it that can't be believed.
    pub entries: Vec<u64>,
}

/// What a repair came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repair {
    /// Nothing was to be done, or nothing was asked for.
    None,
    /// The ledger is whole again; the damaged one has this name now.
    Done {
        /// Where the damaged one is.
        set_aside: PathBuf,
    },
    /// Entries are lost: the ledger was left as it is, and beside it lies what could be saved.
    Incomplete {
        /// A whole ledger of the entries before the first lost one.
        salvaged: PathBuf,
        /// The readable entries after it, one a line.
        rest: PathBuf,
    },
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FsckReport {
    /// True when nothing was found.
    pub ok: bool,
    /// Pages looked at.
    pub pages: u32,
    /// The damaged ones.
    pub damaged: Vec<DamagedPage>,
    /// What the replay found, the first bad entry first.
    pub findings: Vec<Finding>,
    /// Entries that could be proven.
    pub size: u64,
    /// Entries that are known to have been there.
    pub known: u64,
    /// Lost entries, as ranges with both ends.
    pub lost: Vec<(u64, u64)>,
    /// Operators whose PIN hash is lost: they need a new PIN.
    pub pins: Vec<String>,
    /// What was done.
    pub repair: Repair,
}

impl FsckReport {
    /// The lost entries in words: `entry 57, entries 60 to 64`; empty for none.
    #[must_use]
    pub fn lost_words(&self) -> String {
        let words: Vec<_> =
            self.lost.iter().take(LISTED_MAX).map(|(first, last)| span(*first, *last)).collect();
        let more = self.lost.len().saturating_sub(LISTED_MAX);
        let more = if more > 0 { format!(" and {more} more stretches") } else { String::new() };
        words.join(", ") + &more
    }
}

/// Checks the ledger at `path`, beside its writer or without; a repair needs it to be nobody's.
pub fn fsck(path: &Path, options: &FsckOptions) -> Result<FsckReport, OpsError> {
    let _lock = match options.repair {
        true => Some(WriterLock::take(path)?),
        false => None,
    };
    // Opened first: the snapshot keeps the writer from copying newer pages into the file below us.
    let reader = LedgerReader::open(path);
    let snapshot = reader.as_ref().ok().and_then(|r| r.connection.unchecked_transaction().ok());
    let pages = Pages::open(path).map_err(io_error("read", path))?;
    let walk = Walk::new(&pages).map_err(io_error("read", path))?;
    drop(snapshot);
    let findings = match &reader {
        Ok(reader) => reader.verify_with(&options.key, None, None).map(|report| report.findings),
        Err(error) => Ok(vec![finding(error)]),
    };
    let findings = findings.unwrap_or_else(|error| vec![finding(&error)]);
    drop(reader);
    if findings.is_empty() && walk.faults.is_empty() && walk.loose.is_empty() {
        let size = LedgerReader::open(path)?.len()?;
        return Ok(FsckReport {
            ok: true,
            pages: pages.count,
            damaged: vec![],
            findings,
            size,
            known: size,
            lost: vec![],
            pins: vec![],
            repair: Repair::None,
        });
    }
    Check { path, options, pages, walk, findings }.go_on()
}

fn finding(error: &StoreError) -> Finding {
    Finding { seq: None, what: What::Database, message: error.to_string() }
}

struct Check<'a> {
    path: &'a Path,
    options: &'a FsckOptions,
    pages: Pages,
    walk: Walk,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn go_on(self) -> Result<FsckReport, OpsError> {
        let stage = self.stage()?;
        let origin = match &self.options.origin {
            Some(origin) => origin.clone(),
            None => stage.origin()?.ok_or_else(|| {
                OpsError::Refused("nothing in the file says whose ledger it is: name it".into())
            })?,
        };
        let salvaged_path = files::beside(self.path, ".salvaged");
        if salvaged_path.exists() {
            return Err(OpsError::Exists { path: salvaged_path });
        }
        let salvaged = stage.compose(&salvaged_path, &origin, &self.options.key)?;
        let named = self.damaged(&stage, &salvaged, &salvaged_path);
        let repair = match (&named, self.options.repair) {
            (Ok(_), true) => self.repair(&stage, &salvaged, &salvaged_path)?,
            _ => {
                files::discard(&salvaged_path);
                Repair::None
            }
        };
        Ok(FsckReport {
            ok: false,
            pages: self.pages.count,
            damaged: named?,
            findings: self.findings,
            size: salvaged.size,
            known: salvaged.known,
            lost: salvaged.lost,
            pins: salvaged.pins,
            repair,
        })
    }

    fn stage(&self) -> Result<Stage, OpsError> {
        let mut stage = Stage::begin(&files::beside(self.path, ".fsck"))?;
        stage.read(self.path, &self.pages, &self.walk)?;
        let bad = std::mem::take(&mut stage.bad);
        for other in &self.options.with {
            let pages = Pages::open(other).map_err(io_error("read", other))?;
            let walk = Walk::new(&pages).map_err(io_error("read", other))?;
            stage.read(other, &pages, &walk)?;
        }
        stage.bad = bad;
        // One that can't be read says nothing; the start-up check tells of it.
        for (_, note) in Witnessed::load(self.path).unwrap_or_default().notes() {
            stage.note(note)?;
        }
        Ok(stage)
    }

    /// All damaged pages, each once.
    fn damaged(
        &self,
        stage: &Stage,
        salvaged: &Salvaged,
        reference: &Path,
    ) -> Result<Vec<DamagedPage>, OpsError> {
        let mut found: Vec<DamagedPage> = Vec::new();
        let mut add = |page: u32, why: &str, entry: Option<u64>| {
            let place = match found.iter_mut().find(|known| known.page == page) {
                Some(known) => known,
                None => {
                    let what = self.walk.words(page);
                    let why = why.to_owned();
                    found.push(DamagedPage { page, what, why, entries: vec![] });
                    match found.last_mut() {
                        Some(last) => last,
                        None => return,
                    }
                }
            };
            place.entries.extend(entry);
        };
        for fault in &self.walk.faults {
            add(fault.page, &fault.why, None);
        }
        for (page, words) in self.findings.iter().filter_map(|f| page_in(&f.message)) {
            add(page, words, None);
        }
        for bad in &stage.bad {
            for page in &bad.pages {
                let why = "the bytes of an entry on it do not match their leaf of the tree";
                add(*page, why, Some(bad.seq));
            }
        }
        if salvaged.lost.is_empty() {
            let connection = Connection::open(reference)?;
            for page in rows::strange_rows(&self.pages, &self.walk, &connection)? {
                add(page, "a row on it is not what the journal makes", None);
            }
        }
        let disorder = order::disorder(&self.pages, &self.walk);
        for page in disorder.map_err(io_error("read", self.path))? {
            add(page, "a row on it is out of order", None);
        }
        for page in &self.walk.loose {
            add(*page, "nothing leads to it any more", None);
        }
        found.sort_by_key(|damaged| damaged.page);
        Ok(found)
    }

    fn repair(&self, stage: &Stage, salvaged: &Salvaged, new: &Path) -> Result<Repair, OpsError> {
        if !salvaged.lost.is_empty() {
            let rest = files::beside(new, ".jsonl");
            stage.rest(salvaged.size, &rest)?;
            return Ok(Repair::Incomplete { salvaged: new.to_owned(), rest });
        }
        // Lost PIN hashes are told; all else must be as it was.
        if salvaged.pins.is_empty() {
            verified(new, &self.options.key)?;
        }
        files::discard_companions(new);
        let set_aside = files::set_aside(self.path, "damaged")?;
        files::place(new, self.path)?;
        Ok(Repair::Done { set_aside })
    }
}

/// The page that a message of SQLite's check names, and its words.
fn page_in(message: &str) -> Option<(u32, &str)> {
    let words = message.strip_prefix("the database file is damaged: ")?;
    let at = words.to_ascii_lowercase().find("page ")? + 5;
    let digits: String = words.get(at..)?.chars().take_while(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, words))
}
