//! The subject index and the index of movements: summed while the journal is read, compared with
//! the tables, and gone through row by row where they differ.

use std::collections::BTreeSet;

use gatewarden_model::{Entry, SubjectKind};

use super::{
    Findings, What,
    digest::{RowKeys, Sum},
    source::{Cell, Source, Table},
};
use crate::{
    StoreError,
    projection::{movement, number},
    rows::indexed,
};

/// The sums of both indexes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Indexes {
    subjects: Sum,
    movements: Sum,
}

impl Indexes {
    /// Adds the rows of an entry.
    pub(super) fn apply(&mut self, keys: &RowKeys, entry: &Entry) {
        for subject in indexed(entry) {
            let kind = i64::from(subject.kind.code());
            self.subjects.add(keys.hash((kind, subject.key.as_str(), number(entry.seq))));
        }
        if let Some(row) = movement_row(entry) {
            self.movements.add(keys.hash(row));
        }
    }

    /// The sums of the tables; calls `pause` with each row.
    pub(super) fn of_tables(
        keys: &RowKeys,
        source: &dyn Source,
        pause: &mut dyn FnMut(),
    ) -> Result<Self, StoreError> {
        let mut sums = Self::default();
        source.rows(Table::Subject, false, &mut |row| {
            pause();
            sums.subjects.add(keys.hash((row[0].int(), row[1].text(), row[2].int())));
            Ok(())
        })?;
        source.rows(Table::MovementIndex, false, &mut |row| {
            pause();
            sums.movements.add(match *row {
                [Cell::Int(seq), Cell::Bytes(id), Cell::Int(day)] => keys.hash((seq, id, day)),
                _ => 0,
            });
            Ok(())
        })?;
        Ok(sums)
    }

    /// Names the rows that differ, where the sums do.
    pub(super) fn compare(
        self,
        tables: Self,
        source: &dyn Source,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        if self.movements != tables.movements {
            located(source, Table::MovementIndex, findings)?;
        }
        if self.subjects != tables.subjects {
            located(source, Table::Subject, findings)?;
        }
        Ok(())
    }
}

fn movement_row(entry: &Entry) -> Option<(i64, &[u8], i64)> {
    let movement = movement(entry)?;
    let day = movement.day(&entry.at).number();
    Some((number(entry.seq), movement.id.0.as_bytes(), day.into()))
}

/// `locate`; what it can't name, such as a row that is there twice, is told as a whole.
fn located(source: &dyn Source, table: Table, findings: &mut Findings) -> Result<(), StoreError> {
    locate(source, table, findings)?;
    let (what, name) = named(table);
    findings.add_unnamed(what, name);
    Ok(())
}

/// A row but its sequence, in words.
type Words = BTreeSet<String>;

/// Reads journal and table side by side and names each row that only one of them has.
fn locate(source: &dyn Source, table: Table, findings: &mut Findings) -> Result<(), StoreError> {
    let mut at = -1;
    let mut stored = Words::new();
    source.rows(table, true, &mut |row| {
        let (seq, words) = row_words(table, row);
        if seq != at {
            compare_at(source, table, at, &std::mem::take(&mut stored), findings)?;
            let mut missed = at.saturating_add(1);
            while missed < seq
                && !findings.is_full()
                && compare_at(source, table, missed, &Words::new(), findings)?
            {
                missed += 1;
            }
            at = seq;
        }
        if let Some(again) = stored.replace(words)
            && let Ok(place) = u64::try_from(seq)
        {
            let (what, name) = named(table);
            let message = format!("entry {seq}: {name} says twice that it is {again}");
            findings.add(Some(place), what, message);
        }
        Ok(())
    })?;
    compare_at(source, table, at, &stored, findings)?;
    let mut seq = at.saturating_add(1);
    while !findings.is_full() && compare_at(source, table, seq, &Words::new(), findings)? {
        seq += 1;
    }
    Ok(())
}

/// Compares the rows of one entry; false where the journal has no such entry.
fn compare_at(
    source: &dyn Source,
    table: Table,
    seq: i64,
    stored: &Words,
    findings: &mut Findings,
) -> Result<bool, StoreError> {
    let Ok(place) = u64::try_from(seq) else { return Ok(true) };
    let bytes = source.bytes(place)?;
    let is_there = bytes.is_some();
    let entry = bytes.and_then(|bytes| Entry::decode(&bytes).ok());
    if findings.has(place, What::Bytes) || (is_there && entry.is_none()) {
        // What follows from changed bytes was told with the bytes.
        return Ok(is_there);
    }
    let journal = entry.as_ref().map(|entry| journal_words(table, entry)).unwrap_or_default();
    let (what, name) = named(table);
    for words in stored.difference(&journal) {
        let message = format!("entry {seq}: {name} says it is {words}, but it is not");
        findings.add(Some(place), what, message);
    }
    for words in journal.difference(stored) {
        let message = format!("entry {seq}: it is {words}, but {name} does not say so");
        findings.add(Some(place), what, message);
    }
    Ok(is_there)
}

fn named(table: Table) -> (What, &'static str) {
    match table {
        Table::MovementIndex => (What::Movement, "movement_index"),
        _ => (What::Subject, "subject"),
    }
}

fn journal_words(table: Table, entry: &Entry) -> Words {
    match table {
        Table::MovementIndex => {
            movement_row(entry).map(|(_, id, day)| movement_words(id, day)).into_iter().collect()
        }
        _ => indexed(entry)
            .map(|subject| format!("about {} {:?}", subject.kind.name(), subject.key))
            .collect(),
    }
}

fn row_words(table: Table, row: &[Cell<'_>]) -> (i64, String) {
    match (table, row) {
        (Table::MovementIndex, [Cell::Int(seq), Cell::Bytes(id), Cell::Int(day)]) => {
            (*seq, movement_words(id, *day))
        }
        (Table::Subject, [kind, key, seq]) => {
            let known = SubjectKind::ALL.iter().find(|k| i64::from(k.code()) == kind.int());
            let kind = known.map_or("an unknown kind", |kind| kind.name());
            (seq.int(), format!("about {kind} {:?}", key.text()))
        }
        _ => (0, "unreadable".to_owned()),
    }
}

fn movement_words(id: &[u8], day: i64) -> String {
    let id = uuid::Uuid::from_slice(id).map_or_else(|_| "?".to_owned(), |id| id.to_string());
    format!("movement {id} of day {}", gatewarden_model::Day::from_number(day))
}
