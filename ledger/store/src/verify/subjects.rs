//! Compares the subject index with the journal.
//!
//! The index is far larger than memory should hold and has another order than the journal, so both
//! are summed under a secret random hash of each row (two keyed 64-bit hashes, added up: rows are
//! unique, and nobody who does not know the keys can make two different sets sum to the same). Only
//! when the sums differ are the rows looked at one by one.

use std::{
    collections::{BTreeSet, hash_map::RandomState},
    hash::BuildHasher,
};

use gatewarden_model::{Entry, SubjectKind};
use rusqlite::Connection;

use super::{Findings, What};
use crate::{StoreError, projection::unsigned};

/// The sum over the rows that the journal makes.
#[derive(Default)]
pub(super) struct Subjects {
    keys: (RandomState, RandomState),
    sum: u128,
}

impl Subjects {
    /// Adds the rows of an entry.
    pub(super) fn apply(&mut self, entry: &Entry) {
        for subject in entry.subjects() {
            let row = self.row(subject.kind.code().into(), &subject.key, entry.seq);
            self.sum = self.sum.wrapping_add(row);
        }
    }

    fn row(&self, kind: u64, key: &str, seq: u64) -> u128 {
        let row = (kind, key, seq);
        u128::from(self.keys.0.hash_one(row)) << 64 | u128::from(self.keys.1.hash_one(row))
    }

    /// Compares with the table.
    pub(super) fn compare(
        &self,
        connection: &Connection,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let mut sum = 0u128;
        let mut statement = connection.prepare("SELECT kind, key, seq FROM subject")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let key = String::from_utf8_lossy(row.get_ref(1)?.as_bytes().unwrap_or_default());
            sum = sum.wrapping_add(self.row(unsigned(row, 0)?, &key, unsigned(row, 2)?));
        }
        if sum == self.sum { Ok(()) } else { locate(connection, findings) }
    }
}

type Keys = BTreeSet<(u64, String)>;

/// Names the rows that differ, by the entry that they are about.
fn locate(connection: &Connection, findings: &mut Findings) -> Result<(), StoreError> {
    let sql = "SELECT seq, kind, key FROM subject ORDER BY seq";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut entries = connection.prepare("SELECT seq, bytes FROM entry ORDER BY seq")?;
    let mut entries = entries.query([])?;
    let mut row = read(rows.next()?)?;
    while let Some(entry) = entries.next()? {
        let seq = unsigned(entry, 0)?;
        let mut stored = Keys::new();
        while let Some((at, kind, key)) = row.take_if(|row| row.0 <= seq) {
            if at == seq {
                stored.insert((kind, key));
            } else {
                more(at, kind, &key, findings);
            }
            row = read(rows.next()?)?;
        }
        let bytes = entry.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
        let Ok(entry) = Entry::decode(bytes) else { continue };
        let journal: Keys =
            entry.subjects().into_iter().map(|s| (s.kind.code().into(), s.key)).collect();
        for (kind, key) in stored.difference(&journal) {
            more(seq, *kind, key, findings);
        }
        for (kind, key) in journal.difference(&stored) {
            let kind = kind_name(*kind);
            let message =
                format!("entry {seq}: it is about {kind} {key:?}, but subject does not say so");
            add(seq, message, findings);
        }
    }
    while let Some((at, kind, key)) = row {
        more(at, kind, &key, findings);
        row = read(rows.next()?)?;
    }
    Ok(())
}

fn read(row: Option<&rusqlite::Row<'_>>) -> Result<Option<(u64, u64, String)>, StoreError> {
    row.map(|row| Ok((unsigned(row, 0)?, unsigned(row, 1)?, row.get(2)?))).transpose()
}

fn more(seq: u64, kind: u64, key: &str, findings: &mut Findings) {
    let kind = kind_name(kind);
    add(
        seq,
        format!("entry {seq}: subject says it is about {kind} {key:?}, but it is not"),
        findings,
    );
}

fn add(seq: u64, message: String, findings: &mut Findings) {
    // What follows from changed bytes was told with the bytes.
    if !findings.has(seq, What::Bytes) {
        findings.add(Some(seq), What::Subject, message);
    }
}

fn kind_name(code: u64) -> &'static str {
    let found = SubjectKind::ALL.into_iter().find(|kind| u64::from(kind.code()) == code);
    found.map_or("an unknown kind", SubjectKind::name)
}
