//! The pipeline: read and hash, decode, replay. Batches go through bounded channels, so that the memory
//! does not grow with the journal.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use gatewarden_model::{Body, Entry, Hash, canonical, canonical::CanonicalError};
use gatewarden_stock::{Supply, Wants};

use super::{
    FINDINGS_MAX, Finding, Findings, Judge, Report, What, credentials::Credentials,
    digest::RowKeys, index::Indexes, source::Source, stock::Made, tree::Tree,
};
use crate::{
    StoreError,
    merkle::leaf_hash,
    projection::{check_entry, movement},
};

/// Entries that go through the pipeline together.
const BATCH_ENTRIES_MAX: usize = 256;

/// Bytes of entries beyond which fewer do.
const BATCH_BYTES_MAX: usize = 1 << 20;

/// Batches that wait before each stage.
const WAITING_MAX: usize = 4;

/// Entries as they were read.
#[derive(Default)]
struct Raw {
    bytes: Vec<u8>,
    /// Of each: its sequence, where its bytes end, and whether they fit their leaf.
    entries: Vec<(u64, usize, bool)>,
}

/// Entries as they were decoded.
#[derive(Default)]
struct Decoded {
    /// Each with whether it has a finding already.
    entries: Vec<(Entry, bool)>,
    findings: Findings,
}

/// What the other threads tell the reading one.
enum Event {
    /// A batch was taken: there is room for another.
    Room,
    /// The replay must know of the past.
    Question(Wants),
}

/// The reading thread's side of the pipeline. It alone may use the source.
struct Desk<'a> {
    source: &'a dyn Source,
    events: Receiver<Event>,
    answers: Sender<Result<Supply, StoreError>>,
    room: usize,
}

impl Desk<'_> {
    fn handle(&mut self, event: Event) {
        match event {
            Event::Room => self.room += 1,
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
}

/// Runs the pipeline over the journal, then compares the tables.
pub(super) fn run(
    source: &dyn Source,
    tree: Tree<'_>,
    judge: Option<&mut Judge<'_>>,
    findings: Findings,
) -> Report {
    let mut reading = Reading { source, tree, findings, entries: 0 };
    let (keys, is_lane) = (RowKeys::default(), source.is_lane());
    let (event, events) = channel();
    let (answers, answered) = channel();
    let (raw, raws) = sync_channel(WAITING_MAX);
    let (decoded, decodeds) = sync_channel(WAITING_MAX);
    let mut desk = Desk { source, events, answers, room: WAITING_MAX };
    let (read, sums, replayed) = std::thread::scope(|scope| {
        let (of_decoder, decoder_keys) = (event.clone(), keys.clone());
        let decoder = scope.spawn(move || decode_all(&raws, &decoded, &of_decoder, &decoder_keys));
        let replay = scope.spawn(move || replay_all(&decodeds, &event, &answered, judge, is_lane));
        let read = reading.journal(&mut desk, &raw).and_then(|()| {
            drop(raw);
            Indexes::of_tables(&keys, source, &mut || desk.serve())
        });
        desk.serve_all();
        (read, joined(decoder.join()), joined(replay.join()))
    });
    reading.finish(read, sums, replayed)
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
}

impl Reading<'_> {
    fn journal(&mut self, desk: &mut Desk<'_>, to: &SyncSender<Raw>) -> Result<(), StoreError> {
        let (mut expected, mut batch) = (0, Raw::default());
        let source = self.source;
        source.entries(&mut |seq, leaf, bytes| {
            if seq > expected {
                self.missing(expected..seq)?;
                self.tree.hole();
            }
            expected = seq + 1;
            self.entries += 1;
            batch.bytes.extend_from_slice(bytes);
            batch.entries.push((seq, batch.bytes.len(), leaf_hash(bytes) == leaf));
            let rotation = rotation(bytes);
            self.tree.push(seq, leaf, rotation.as_ref(), &mut self.findings)?;
            if batch.entries.len() >= BATCH_ENTRIES_MAX || batch.bytes.len() >= BATCH_BYTES_MAX {
                desk.hand_on(std::mem::take(&mut batch), to);
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
        read: Result<Indexes, StoreError>,
        sums: Sums,
        replayed: Replayed,
    ) -> Report {
        let Replayed { made, credentials, decoded, replay, result } = replayed;
        let mut findings = decoded;
        findings.join(std::mem::take(&mut self.findings));
        findings.join(replay);
        let compared = result.and(read).and_then(|tables| {
            for seq in &sums.unread {
                findings.extend(*seq, What::Bytes, &index_words(self.source, *seq)?);
            }
            made.compare(self.source, &mut findings)?;
            credentials.compare(self.source, &mut findings)?;
            sums.indexes.compare(tables, self.source, &mut findings)
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

/// The entry, where it changes the key: the tree must know before the next checkpoint.
fn rotation(bytes: &[u8]) -> Option<Entry> {
    // Inside a text the quotes would be escaped.
    memchr::memmem::find(bytes, b"\"kind\":\"key-rotated\"")?;
    Entry::decode(bytes).ok().filter(|entry| matches!(entry.body, Body::KeyRotated { .. }))
}

/// What decoding came to.
#[derive(Default)]
struct Sums {
    indexes: Indexes,
    movements: u64,
    /// Entries whose bytes can't be read.
    unread: Vec<u64>,
}

/// The decoding stage.
fn decode_all(
    raws: &Receiver<Raw>,
    to: &SyncSender<Decoded>,
    events: &Sender<Event>,
    keys: &RowKeys,
) -> Sums {
    let mut sums = Sums::default();
    for raw in raws {
        // The reader may be gone after an error; the batch still counts.
        drop(events.send(Event::Room));
        let mut batch = Decoded::default();
        let mut start = 0;
        for (seq, end, intact) in raw.entries {
            decode_one(seq, &raw.bytes[start..end], intact, keys, &mut sums, &mut batch);
            start = end;
        }
        if to.send(batch).is_err() {
            break;
        }
    }
    sums
}

fn decode_one(
    seq: u64,
    bytes: &[u8],
    intact: bool,
    keys: &RowKeys,
    sums: &mut Sums,
    batch: &mut Decoded,
) {
    let entry = match decode(seq, bytes) {
        Ok(entry) => entry,
        Err(words) => {
            let tree = if intact { "" } else { "do not match the tree and " };
            let message = format!("entry {seq}: its bytes {tree}{words}");
            batch.findings.add(Some(seq), What::Bytes, message);
            if sums.unread.len() < FINDINGS_MAX {
                sums.unread.push(seq);
            }
            return;
        }
    };
    let before = batch.findings.list.len();
    if !intact {
        let message = format!("{}: its bytes do not match the tree", entry_name(&entry));
        batch.findings.add(Some(seq), What::Bytes, message);
    }
    if let Err(rule) = check_entry(&entry) {
        batch.findings.add(Some(seq), What::Rule, format!("entry {seq}: {rule}"));
    }
    if let Some(message) = other_evidence(&entry) {
        batch.findings.add(Some(seq), What::Rule, message);
    }
    sums.movements += u64::from(movement(&entry).is_some());
    sums.indexes.apply(keys, &entry);
    let told = batch.findings.list.len() > before;
    batch.entries.push((entry, told));
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

/// How a person would call an entry: `entry 57 (movement …, PO 4500001)`.
fn entry_name(entry: &Entry) -> String {
    let Some(movement) = movement(entry) else { return format!("entry {}", entry.seq) };
    let document = movement.document.kind.words();
    let number = &movement.document.number;
    format!("entry {} (movement {}, {document} {number})", entry.seq, movement.id)
}

/// What the replay came to.
struct Replayed {
    made: Made,
    credentials: Credentials,
    /// The findings of the decoding stage, which came with the batches.
    decoded: Findings,
    /// Those of the replay.
    replay: Findings,
    /// Why it ended early, if it did.
    result: Result<(), StoreError>,
}

/// The replaying stage.
fn replay_all(
    batches: &Receiver<Decoded>,
    events: &Sender<Event>,
    answers: &Receiver<Result<Supply, StoreError>>,
    mut judge: Option<&mut Judge<'_>>,
    is_lane: bool,
) -> Replayed {
    let mut past = |wants: Wants| {
        let gone = || StoreError::Damaged("the journal could not be read to its end".into());
        events.send(Event::Question(wants)).map_err(|_| gone())?;
        answers.recv().map_err(|_| gone())?
    };
    let (mut made, mut credentials) = (Made::new(is_lane), Credentials::default());
    let (mut decoded, mut replay, mut result) = (Findings::default(), Findings::default(), Ok(()));
    for batch in batches {
        decoded.join(batch.findings);
        for (entry, told) in &batch.entries {
            if let Err(error) = made.apply(entry, *told, &mut past, &mut replay) {
                result = result.and(Err(error));
            }
            credentials.apply(entry);
            if let Some(words) = judge.as_mut().and_then(|judge| judge(entry)) {
                let message = format!("entry {}: {words}", entry.seq);
                replay.add(Some(entry.seq), What::Decision, message);
            }
        }
    }
    Replayed { made, credentials, decoded, replay, result }
}
