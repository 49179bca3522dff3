//! The decoding stage: leaves, canonical bytes, the rules of an entry by itself, sums of the indexes.

use std::sync::mpsc::{Receiver, Sender, SyncSender};

use gatewarden_model::{Body, Entry, Hash, canonical, canonical::CanonicalError};
use memchr::memmem;

use super::{
    FINDINGS_MAX, Findings, What,
    digest::RowKeys,
    index::Indexes,
    line::{Event, Raw},
};
use crate::{
    merkle::leaf_hash,
    projection::{check_entry, movement},
};

/// Entries as they were decoded.
#[derive(Default)]
pub(super) struct Decoded {
    /// Each with whether it has a finding already.
    pub(super) entries: Vec<(Entry, bool)>,
    pub(super) findings: Findings,
}

/// What decoding came to.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) indexes: Indexes,
    pub(super) movements: u64,
    /// Entries whose bytes can't be read.
    pub(super) unread: Vec<u64>,
}

/// The decoding stage. Entries that come back through `used` are dropped here: memory is soonest had
/// again where it was taken.
pub(super) fn decode_all(
    raws: &Receiver<Raw>,
    to: &SyncSender<Decoded>,
    used: &Receiver<Vec<(Entry, bool)>>,
    events: &Sender<Event>,
    keys: &RowKeys,
) -> Sums {
    let (mut sums, mut spare) = (Sums::default(), vec![]);
    for raw in raws {
        // The reader may be gone after an error; the batch still counts.
        drop(events.send(Event::Room));
        let mut old = used.try_recv().unwrap_or_default();
        let entries = std::mem::take(&mut spare);
        let mut batch = Decoded { entries, findings: Findings::default() };
        let mut start = 0;
        for (seq, end, leaf) in &raw.entries {
            let bytes = &raw.bytes[start..*end];
            let intact = leaf_hash(bytes) == *leaf;
            // One goes, one comes: what the one gave back the other takes.
            drop(old.pop());
            decode_one(*seq, bytes, intact, keys, &mut sums, &mut batch);
            start = *end;
        }
        old.clear();
        spare = old;
        drop(events.send(Event::Free(raw)));
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
    let entry = match entry(seq, bytes) {
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
    if let Some(message) = other_evidence(&entry, bytes) {
        batch.findings.add(Some(seq), What::Rule, message);
    }
    sums.movements += u64::from(movement(&entry).is_some());
    sums.indexes.apply(keys, &entry);
    let told = batch.findings.list.len() > before;
    batch.entries.push((entry, told));
}

/// What to say of a movement whose evidence is not the digest of the pass beside it. `bytes` are
/// those of the entry.
fn other_evidence(entry: &Entry, bytes: &[u8]) -> Option<String> {
    let Body::Moved { movement, pass: Some(pass) } = &entry.body else { return None };
    let stated = movement.evidence;
    if pass_bytes(bytes).is_some_and(|bytes| Hash::of(bytes) == stated)
        || Hash::of(&canonical::encode(pass).ok()?) == stated
    {
        return None;
    }
    let seq = entry.seq;
    Some(format!("entry {seq}: its evidence is not the digest of the pass it shows"))
}

/// The bytes of the pass in those of the entry, which are canonical: it is the last of the body, and
/// in texts the quotes would be escaped. The movement's own `pass` is a text.
fn pass_bytes(bytes: &[u8]) -> Option<&[u8]> {
    const BEFORE: &[u8] = b",\"pass\":{";
    let start = memmem::find(bytes, BEFORE)? + BEFORE.len() - 1;
    let end = memmem::rfind(bytes, b"},\"seq\":")?;
    bytes.get(start..end)
}

/// The entry, or what is wrong with the bytes, to follow the words "its bytes".
pub(super) fn entry(seq: u64, bytes: &[u8]) -> Result<Entry, String> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    #[test]
    fn the_pass_of_an_entry_is_found_in_its_bytes() {
        let bytes = include_bytes!("../../tests/golden/v1-moved.json").trim_ascii_end();
        let entry = Entry::decode(bytes).unwrap();
        let Body::Moved { pass: Some(pass), .. } = &entry.body else { panic!("no pass") };
        assert_eq!(pass_bytes(bytes), Some(canonical::encode(pass).unwrap().as_slice()));
    }
}
