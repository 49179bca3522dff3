//! The pipeline: read and hash, decode, replay, and beside it the tables. Batches go through bounded
//! channels, so that the memory does not grow with the journal.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use gatewarden_model::{Body, Entry, Hash};
use gatewarden_stock::{Supply, Wants};
use memchr::memmem::Finder;

use super::{
    FINDINGS_MAX, Finding, Findings, Judge, Report, What,
    decode::{Sums, decode_all},
    digest::RowKeys,
    index::Indexes,
    replay::{Asking, Replayed, replay_all},
    source::{Others, Source},
    stock::TableSums,
    tree::Tree,
};
use crate::StoreError;

/// Entries that go through the pipeline together.
const BATCH_ENTRIES_MAX: usize = 96;

/// Bytes of entries beyond which fewer do.
const BATCH_BYTES_MAX: usize = 1 << 18;

/// Batches that wait before each stage.
const WAITING_MAX: usize = 4;

/// What stands in an entry that changes the key.
const ROTATED: &[u8] = b"\"kind\":\"key-rotated\"";

/// Entries as they were read.
#[derive(Default)]
pub(super) struct Raw {
    pub(super) bytes: Vec<u8>,
    /// Of each: its sequence, where its bytes end, and the leaf beside them.
    pub(super) entries: Vec<(u64, usize, Hash)>,
}

/// What the other threads tell the reading one.
pub(super) enum Event {
    /// A batch was taken: there is room for another.
    Room,
    /// A batch is done with: its memory can be filled again.
    Free(Raw),
    /// The replay must know of the past.
    Question(Wants),
}

/// The sums of all tables.
type Tables = (Indexes, TableSums);

/// What the database itself and its tables came to.
struct Beside {
    faults: Result<Vec<String>, StoreError>,
    tables: Result<Tables, StoreError>,
}

/// The reading thread's side of the pipeline. It alone may use the source.
struct Desk<'a> {
    source: &'a dyn Source,
    events: Receiver<Event>,
    answers: Sender<Result<Supply, StoreError>>,
    room: usize,
    free: Vec<Raw>,
}

impl Desk<'_> {
    fn handle(&mut self, event: Event) {
        match event {
            Event::Room => self.room += 1,
            Event::Free(raw) => self.free.push(raw),
            // Nobody waits any more for an answer that can't be sent.
            Event::Question(wants) => drop(self.answers.send(self.source.past(&wants))),
        }
    }

    /// Answers what was asked so far.
    fn serve(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.handle(event);
        }
    }

    /// Answers until nobody can ask any more.
    fn serve_all(&mut self) {
        while let Ok(event) = self.events.recv() {
            self.handle(event);
        }
    }

    /// Hands a batch on as soon as there is room for it.
    fn hand_on(&mut self, batch: Raw, to: &SyncSender<Raw>) {
        self.serve();
        while self.room == 0 {
            match self.events.recv() {
                Ok(event) => self.handle(event),
                Err(_) => return,
            }
        }
        self.room -= 1;
        // Whoever does not take it any more has died, which its join tells.
        drop(to.send(batch));
    }

    /// An empty batch.
    fn batch(&mut self) -> Raw {
        let mut raw = self.free.pop().unwrap_or_default();
        raw.bytes.clear();
        raw.entries.clear();
        raw
    }
}

/// Runs the pipeline over the journal, then compares the tables.
pub(super) fn run(
    source: &dyn Source,
    others: Option<Others>,
    tree: Tree<'_>,
    judge: Option<&mut Judge<'_>>,
    mut findings: Findings,
) -> Result<Report, StoreError> {
    let mut reading =
        Reading { source, tree, findings: Findings::default(), entries: 0, rotations: rotations() };
    let (keys, is_lane) = (RowKeys::new(), source.is_lane());
    let (tables, own) = others.map_or((None, None), |o| (Some(o.tables), Some(o.past)));
    let mut faults = if tables.is_none() { source.faults()? } else { vec![] };
    let (event, events) = channel();
    let (answers, answered) = channel();
    let (raw, raws) = sync_channel(WAITING_MAX);
    let (decoded, decodeds) = sync_channel(WAITING_MAX);
    let (use_again, used) = channel();
    let mut desk = Desk { source, events, answers, room: WAITING_MAX, free: vec![] };
    let asking = Asking { events: event.clone(), answers: answered, own };
    let (read, found, sums, replayed) = std::thread::scope(|scope| {
        let keys = &keys;
        let decoder = scope.spawn(move || decode_all(&raws, &decoded, &used, &event, keys));
        let replay =
            scope.spawn(move || replay_all(&decodeds, &use_again, asking, judge, keys, is_lane));
        let beside = tables.map(|tables| scope.spawn(move || look_beside(keys, &*tables)));
        let read = reading.journal(&mut desk, &raw);
        drop(raw);
        let (read, found) = match beside {
            Some(beside) => {
                let Beside { faults, tables } = joined(beside.join());
                (read.and(tables), faults)
            }
            None => {
                let mut serve = || desk.serve();
                (read.and_then(|()| sum_up(keys, source, is_lane, &mut serve)), Ok(vec![]))
            }
        };
        desk.serve_all();
        (read, found, joined(decoder.join()), joined(replay.join()))
    });
    faults.extend(found?);
    for message in faults {
        findings.add(None, What::Database, message);
    }
    findings.join(std::mem::take(&mut reading.findings));
    reading.findings = findings;
    Ok(reading.finish(read, sums, replayed))
}

/// The work of the thread beside the pipeline, on a view of its own.
fn look_beside(keys: &RowKeys, source: &dyn Source) -> Beside {
    let faults = source.faults();
    Beside { faults, tables: sum_up(keys, source, source.is_lane(), &mut || ()) }
}

fn sum_up(
    keys: &RowKeys,
    source: &dyn Source,
    is_lane: bool,
    pause: &mut dyn FnMut(),
) -> Result<Tables, StoreError> {
    let mut met = 0u32;
    let mut pause = || {
        met = met.wrapping_add(1);
        if met.is_multiple_of(1024) {
            pause();
        }
    };
    let indexes = Indexes::of_tables(keys, source, &mut pause)?;
    Ok((indexes, TableSums::of_tables(keys, source, is_lane, &mut pause)?))
}

fn joined<T>(ended: std::thread::Result<T>) -> T {
    ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The reading stage: the journal's order, the tree, and the report.
struct Reading<'a> {
    source: &'a dyn Source,
    tree: Tree<'a>,
    findings: Findings,
    entries: u64,
    /// Finds what only an entry that changes the key has; inside a text the quotes would be escaped.
    rotations: Finder<'static>,
}

impl Reading<'_> {
    fn journal(&mut self, desk: &mut Desk<'_>, to: &SyncSender<Raw>) -> Result<(), StoreError> {
        let (mut expected, mut batch) = (0, desk.batch());
        let source = self.source;
        source.entries(&mut |seq, leaf, bytes| {
            if seq > expected {
                self.missing(expected..seq)?;
                self.tree.hole();
            }
            expected = seq + 1;
            self.entries += 1;
            batch.bytes.extend_from_slice(bytes);
            batch.entries.push((seq, batch.bytes.len(), leaf));
            let rotation = rotation(&self.rotations, bytes);
            self.tree.push(seq, leaf, rotation.as_ref(), &mut self.findings)?;
            if batch.entries.len() >= BATCH_ENTRIES_MAX || batch.bytes.len() >= BATCH_BYTES_MAX {
                let empty = desk.batch();
                desk.hand_on(std::mem::replace(&mut batch, empty), to);
            }
            Ok(())
        })?;
        desk.hand_on(batch, to);
        let claimed = self.tree.claimed_size(expected)?.max(expected);
        self.missing(expected..claimed)?;
        self.tree.finish(expected, &mut self.findings)
    }

    /// Names missing entries one by one, with what the index still says of them.
    fn missing(&mut self, seqs: std::ops::Range<u64>) -> Result<(), StoreError> {
        for seq in seqs.clone().take(FINDINGS_MAX) {
            let index = index_words(self.source, seq)?;
            let message = format!("entry {seq}: it is missing in the journal{index}");
            self.findings.add(Some(seq), What::Missing, message);
        }
        self.findings.skip((seqs.end - seqs.start).saturating_sub(FINDINGS_MAX as u64));
        Ok(())
    }

    fn finish(
        mut self,
        read: Result<Tables, StoreError>,
        sums: Sums,
        replayed: Replayed,
    ) -> Report {
        let Replayed { made, credentials, decoded, replay, result } = replayed;
        let mut findings = decoded;
        findings.join(std::mem::take(&mut self.findings));
        findings.join(replay);
        let compared = result.and(read).and_then(|(indexes, tables)| {
            for seq in &sums.unread {
                findings.extend(*seq, What::Bytes, &index_words(self.source, *seq)?);
            }
            made.compare(tables, self.source, &mut findings)?;
            credentials.compare(self.source, &mut findings)?;
            sums.indexes.compare(indexes, self.source, &mut findings)
        });
        if let Err(error) = compared {
            let message = format!("the check could not go on: {error}");
            findings.add(None, What::Database, message);
        }
        // Stable: what belongs to one entry stays in the order in which it was found.
        let Findings { mut list, more } = findings;
        list.sort_by_key(|finding: &Finding| finding.seq.unwrap_or(u64::MAX));
        Report {
            ok: list.is_empty(),
            entries: self.entries,
            movements: sums.movements,
            checkpoints: self.tree.checked(),
            size: self.tree.proven_size(),
            root: self.tree.root(),
            findings: list,
            more,
        }
    }
}

/// What `movement_index` says of an entry that can't be read, to end a sentence; empty for nothing.
fn index_words(source: &dyn Source, seq: u64) -> Result<String, StoreError> {
    let words = |id| format!("; movement_index still says: movement {id}");
    Ok(source.movement_at(seq)?.map(words).unwrap_or_default())
}

/// Finds what may be a change of the key.
pub(super) fn rotations() -> Finder<'static> {
    Finder::new(ROTATED)
}

/// The entry, where it changes the key: the tree must know before the next checkpoint.
pub(super) fn rotation(finder: &Finder<'_>, bytes: &[u8]) -> Option<Entry> {
    finder.find(bytes)?;
    Entry::decode(bytes).ok().filter(|entry| matches!(entry.body, Body::KeyRotated { .. }))
}
