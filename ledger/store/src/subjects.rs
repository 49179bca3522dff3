//! The index of subjects in SQLite: which entries are about an item, a tag, a document.
//!
//! What a new entry is about is set down as it comes, one row an entry (`subject_new`). A few hundred
//! of these are folded at once into `subject`, where one row has all entries of the fold about a
//! subject. So a movement touches few pages. `subject` is divided by era, a range of sequences, so the
//! part that is written stays small however old the ledger is; a question asks every era.
//!
//! Invariant: each subject of each entry stands once, in one of the two tables. Absent: what an entry
//! is about (`rows::indexed`); PostgreSQL, which has a plain table.

use std::ops::Range;

use gatewarden_model::{Subject, SubjectKind};
use rusqlite::{CachedStatement, Connection, params};

use crate::{
    StoreError,
    projection::{number, unsigned},
    verify::source::{Cell, SeeRow},
};

/// Entries whose subjects are folded together, or more.
const FOLD_ENTRIES: usize = 256;

/// An era has 2^16 entries; `subject` checks it too.
const ERA_BITS: u32 = 16;

const INSERT_NEW: &str = "INSERT INTO subject_new (seq, subjects) VALUES (?1, ?2)";
const INSERT_FOLDED: &str =
    "INSERT INTO subject (era, kind, key, seq, more) VALUES (?1, ?2, ?3, ?4, ?5)";

/// What stands in `subject_new`, as the writer remembers it.
#[derive(Debug, Default)]
pub(crate) struct Unfolded {
    rows: Vec<(Subject, u64)>,
    entries: usize,
}

impl Unfolded {
    /// Reads what a writer left.
    pub(crate) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let mut found = Self::default();
        each_new(connection, |seq, subjects| {
            found.entries += 1;
            let subjects = subjects.ok_or_else(|| damaged(seq))?;
            found.rows.extend(subjects.into_iter().map(|subject| (subject, seq)));
            Ok(())
        })?;
        Ok(found)
    }

    /// Writes what the entries that come next are about: `rows` by sequence. After an error it must
    /// be loaded again.
    pub(crate) fn write(
        &mut self,
        connection: &Connection,
        rows: &[(Subject, u64)],
    ) -> Result<(), StoreError> {
        let entries: Vec<_> = rows.chunk_by(|(_, a), (_, b)| a == b).collect();
        self.rows.extend_from_slice(rows);
        if self.entries + entries.len() >= FOLD_ENTRIES {
            return self.fold(connection);
        }
        let mut insert = connection.prepare_cached(INSERT_NEW)?;
        for subjects in entries {
            insert.execute(params![number(subjects[0].1), new_text(subjects)])?;
            self.entries += 1;
        }
        Ok(())
    }

    fn fold(&mut self, connection: &Connection) -> Result<(), StoreError> {
        if self.entries > 0 {
            connection.prepare_cached("DELETE FROM subject_new")?.execute([])?;
        }
        let mut rows = std::mem::take(self).rows;
        rows.sort_unstable_by(|(a, x), (b, y)| (era(*x), a, x).cmp(&(era(*y), b, y)));
        let mut insert = connection.prepare_cached(INSERT_FOLDED)?;
        for run in rows.chunk_by(|(a, x), (b, y)| a == b && era(*x) == era(*y)) {
            let (subject, seq) = &run[0];
            let more = steps_of(run.iter().map(|(_, seq)| *seq));
            let (kind, key) = (subject.kind.code(), &subject.key);
            insert.execute(params![number(era(*seq)), kind, key, number(*seq), more])?;
        }
        Ok(())
    }
}

/// The newest entries about a subject, from entry `since` on and at most `count`, the newest first.
pub(crate) fn newest(
    connection: &Connection,
    subject: &Subject,
    since: u64,
    count: usize,
) -> Result<Vec<u64>, StoreError> {
    let mut found = new_about(connection, subject)?;
    found.reverse();
    let sql = "SELECT seq, more FROM subject WHERE era = ?1 AND kind = ?2 AND key = ?3";
    let mut select = connection.prepare_cached(sql)?;
    for era in (era(since)..eras(connection)?.end).rev() {
        if found.len() >= count {
            break;
        }
        let mut there = in_era(&mut select, era, subject)?;
        there.sort_unstable_by(|a, b| b.cmp(a));
        found.append(&mut there);
    }
    found.retain(|seq| *seq >= since);
    found.truncate(count);
    Ok(found)
}

fn in_era(
    select: &mut CachedStatement<'_>,
    era: u64,
    subject: &Subject,
) -> Result<Vec<u64>, StoreError> {
    let mut found = Vec::new();
    let mut rows = select.query(params![number(era), subject.kind.code(), subject.key])?;
    while let Some(row) = rows.next()? {
        let seq = unsigned(row, 0)?;
        let more = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        found.extend(unfold(seq, more).ok_or_else(|| damaged(seq))?);
    }
    Ok(found)
}

/// The entries in `subject_new` about a subject, in sequence.
fn new_about(connection: &Connection, subject: &Subject) -> Result<Vec<u64>, StoreError> {
    let mut written = String::new();
    write_new(&mut written, subject);
    // The text may also stand within a key, so what is found is read.
    let sql = "SELECT seq, subjects FROM subject_new WHERE instr(subjects, ?1) > 0 ORDER BY seq";
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query([&written])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let seq = unsigned(row, 0)?;
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        if read_new(text).ok_or_else(|| damaged(seq))?.contains(subject) {
            found.push(seq);
        }
    }
    Ok(found)
}

/// Calls `see` with each row of `subject_new`, in sequence; with `None` for what can't be read.
fn each_new(
    connection: &Connection,
    mut see: impl FnMut(u64, Option<Vec<Subject>>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare("SELECT seq, subjects FROM subject_new ORDER BY seq")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        see(unsigned(row, 0)?, read_new(text))?;
    }
    Ok(())
}

/// Every subject of every entry as a row `kind`, `key`, `seq`; by `seq` where `by_seq`. What can't be
/// read comes as a row of no known kind.
pub(crate) fn rows(
    connection: &Connection,
    by_seq: bool,
    see: &mut SeeRow<'_>,
) -> Result<(), StoreError> {
    if !by_seq {
        let sql = "SELECT kind, key, seq, more, era FROM subject";
        each_folded(connection, sql, None, &mut |kind, key, seq| row(kind, key, seq, see))?;
        return each_new(connection, |seq, subjects| new_rows(seq, subjects, see));
    }
    let sql = "SELECT kind, key, seq, more, era FROM subject WHERE era = ?1";
    let mut met = Vec::new();
    let mut news = Vec::new();
    each_new(connection, |seq, subjects| {
        news.push((seq, subjects));
        Ok(())
    })?;
    for one in eras(connection)? {
        met.clear();
        each_folded(connection, sql, Some(one), &mut |kind, key, seq| {
            met.push((seq, kind, key.to_owned()));
            Ok(())
        })?;
        for (seq, subjects) in news.extract_if(.., |(seq, _)| era(*seq) == one) {
            new_rows(seq, subjects, &mut |cells| {
                met.push((seq, cells[0].int(), cells[1].text().to_owned()));
                Ok(())
            })?;
        }
        met.sort_unstable();
        met.iter().try_for_each(|(seq, kind, key)| row(*kind, key, *seq, see))?;
    }
    news.into_iter().try_for_each(|(seq, subjects)| new_rows(seq, subjects, see))
}

fn row(kind: i64, key: &str, seq: u64, see: &mut SeeRow<'_>) -> Result<(), StoreError> {
    see(&[Cell::Int(kind), Cell::Text(key), Cell::Int(number(seq))])
}

fn new_rows(
    seq: u64,
    subjects: Option<Vec<Subject>>,
    see: &mut SeeRow<'_>,
) -> Result<(), StoreError> {
    match subjects {
        Some(subjects) => {
            subjects.iter().try_for_each(|s| row(s.kind.code().into(), &s.key, seq, see))
        }
        None => row(NO_KIND, "", seq, see),
    }
}

/// No kind of subject has this number.
const NO_KIND: i64 = -1;

fn each_folded(
    connection: &Connection,
    sql: &str,
    one: Option<u64>,
    see: &mut dyn FnMut(i64, &str, u64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare(sql)?;
    let mut rows = match one {
        Some(one) => select.query([number(one)])?,
        None => select.query([])?,
    };
    while let Some(row) = rows.next()? {
        let (kind, seq) = (row.get(0)?, unsigned(row, 2)?);
        let key = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let more = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
        // A check of the table counts for nothing where it is read-only.
        let fits = unsigned(row, 4)? == era(seq);
        match unfold(seq, more).filter(|_| fits) {
            Some(all) => all.into_iter().try_for_each(|seq| see(kind, key, seq))?,
            None => see(NO_KIND, key, seq)?,
        }
    }
    Ok(())
}

fn era(seq: u64) -> u64 {
    seq >> ERA_BITS
}

/// The eras that the journal has reached.
fn eras(connection: &Connection) -> Result<Range<u64>, StoreError> {
    let mut select = connection.prepare_cached("SELECT ifnull(max(seq), 0) FROM entry")?;
    Ok(0..era(select.query_row([], |row| unsigned(row, 0))?) + 1)
}

fn damaged(seq: u64) -> StoreError {
    StoreError::Damaged(format!("subject: what it says from entry {seq} on can't be read"))
}

/// The steps from each sequence to the next, as LEB128.
fn steps_of(seqs: impl Iterator<Item = u64> + Clone) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (before, seq) in seqs.clone().zip(seqs.skip(1)) {
        let mut step = seq - before;
        while step >= 0x80 {
            bytes.push(step.to_le_bytes()[0] | 0x80);
            step >>= 7;
        }
        bytes.push(step.to_le_bytes()[0]);
    }
    bytes
}

/// The sequences of a row: the first, and those that `more` leads to. `None` where the steps are not
/// as `steps_of` writes them, or lead out of the era.
fn unfold(first: u64, more: &[u8]) -> Option<Vec<u64>> {
    let (mut all, mut at) = (vec![first], first);
    let (mut step, mut shift) = (0u64, 0);
    for byte in more {
        step |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if shift > ERA_BITS + 7 {
            return None;
        }
        if byte & 0x80 == 0 {
            at = at.checked_add(step).filter(|next| step > 0 && era(*next) == era(first))?;
            all.push(at);
            (step, shift) = (0, 0);
        }
    }
    (shift == 0).then_some(all)
}

/// The subjects of one entry as text: `KIND:LENGTH:KEY,` each, the length in bytes.
fn new_text(subjects: &[(Subject, u64)]) -> String {
    let mut text = String::new();
    subjects.iter().for_each(|(subject, _)| write_new(&mut text, subject));
    text
}

fn write_new(text: &mut String, Subject { kind, key }: &Subject) {
    use std::fmt::Write as _;
    // Writing to a text can't fail.
    let _ = write!(text, "{}:{}:{key},", kind.code(), key.len());
}

/// Reads `new_text`; `None` for anything else.
fn read_new(whole: &str) -> Option<Vec<Subject>> {
    let mut text = whole;
    let mut found = Vec::new();
    while !text.is_empty() {
        let (kind, rest) = text.split_once(':')?;
        let (len, rest) = rest.split_once(':')?;
        let (key, rest) = rest.split_at_checked(len.parse().ok()?)?;
        let code: u8 = kind.parse().ok()?;
        let kind = *SubjectKind::ALL.iter().find(|kind| kind.code() == code)?;
        found.push(Subject { kind, key: key.to_owned() });
        text = rest.strip_prefix(',')?;
    }
    // One list has one spelling: a look-up compares bytes.
    let mut again = String::with_capacity(whole.len());
    found.iter().for_each(|subject| write_new(&mut again, subject));
    (again == whole).then_some(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use std::collections::BTreeSet;

    use super::*;
    use crate::schema;

    /// Subjects of sparse entries over three eras: hot ones, and one that comes twice an era.
    fn about(seq: u64) -> Vec<(Subject, u64)> {
        let mut keys = BTreeSet::from([(SubjectKind::Item, format!("M-{}", seq % 7))]);
        keys.insert((SubjectKind::Operator, "mueller".to_owned()));
        if seq % (1 << 15) < 50 {
            keys.insert((SubjectKind::Tag, "(01)00614141123458(21)7".to_owned()));
        }
        keys.into_iter().map(|(kind, key)| (Subject { kind, key }, seq)).collect()
    }

    #[test]
    fn what_was_written_in_groups_is_found_by_subject_and_by_sequence() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let seqs: Vec<u64> = (0..150_000).step_by(50).collect();
        let mut all = Vec::new();
        let mut unfolded = Unfolded::load(&connection).unwrap();
        // Groups of 1 to 300 entries; now and then the writer begins anew.
        let (mut rest, mut size) = (&seqs[..], 1);
        while !rest.is_empty() {
            let (group, more) = rest.split_at(size.min(rest.len()));
            let rows: Vec<_> = group.iter().flat_map(|seq| about(*seq)).collect();
            unfolded.write(&connection, &rows).unwrap();
            all.extend(rows);
            (rest, size) = (more, size * 7 % 301);
            if size % 3 == 0 {
                unfolded = Unfolded::load(&connection).unwrap();
            }
        }
        let sql = "INSERT INTO entry VALUES (149950, zeroblob(32), '')";
        connection.execute(sql, []).unwrap();
        let subjects: BTreeSet<_> = all.iter().map(|(subject, _)| subject).collect();
        assert_eq!(subjects.len(), 9);
        for subject in subjects {
            let expected: Vec<u64> =
                all.iter().filter(|row| row.0 == *subject).map(|row| row.1).rev().collect();
            for (since, count) in [(0, usize::MAX), (0, 3), (70_000, usize::MAX), (149_950, 9)] {
                let expected: Vec<_> =
                    expected.iter().copied().filter(|seq| *seq >= since).take(count).collect();
                let found = newest(&connection, subject, since, count).unwrap();
                assert_eq!(found, expected, "{subject:?} since {since}, {count}");
            }
        }
        for by_seq in [false, true] {
            let mut found = Vec::new();
            rows(&connection, by_seq, &mut |row| {
                found.push((row[2].int(), row[0].int(), row[1].text().to_owned()));
                Ok(())
            })
            .unwrap();
            assert!(!by_seq || found.is_sorted());
            found.sort_unstable();
            let row = |(subject, seq): &(Subject, u64)| {
                (number(*seq), i64::from(subject.kind.code()), subject.key.clone())
            };
            let mut expected: Vec<_> = all.iter().map(row).collect();
            expected.sort_unstable();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn steps_lead_back_to_the_sequences() {
        for seqs in [vec![7], vec![0, 1, 2, 130, 131, 65_535], vec![65_536, 131_071]] {
            let more = steps_of(seqs.iter().copied());
            assert_eq!(unfold(seqs[0], &more), Some(seqs));
        }
        let wrong: [&[u8]; 5] = [&[0], &[0x80], &[0xff, 0xff, 0x7f], &[0xff; 40], &[1, 0]];
        for more in wrong {
            assert_eq!(unfold(65_000, more), None, "{more:?}");
        }
    }

    #[test]
    fn keys_with_any_characters_come_back() {
        let subject = |kind, key: &str| (Subject { kind, key: key.to_owned() }, 3);
        let list = [
            subject(SubjectKind::Document, "1:7:BOLT-M8,"),
            subject(SubjectKind::Item, "Größe\n,"),
            subject(SubjectKind::Tag, ""),
        ];
        let text = new_text(&list);
        let expected: Vec<_> = list.into_iter().map(|(subject, _)| subject).collect();
        assert_eq!(read_new(&text), Some(expected));
        for wrong in ["1:7:BOLT-M8", "1:8:BOLT-M8,", "99:1:x,", "x", "1::,", "1:1:ß,"] {
            assert_eq!(read_new(wrong), None, "{wrong}");
        }
    }
}
