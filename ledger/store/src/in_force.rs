//! Before anybody's rights rest on a ledger: that what it says of people, machines and locked badges is
//! what the signed journal says.
//!
//! The engine's state is replayed from the entries that the projection `live` names. Whoever can write
//! into the file could make another entry of an enrolment, with its digest, or let `live` forget that
//! somebody was removed. So at a start every entry is hashed, up to the root that the newest checkpoint
//! signs, and the rows of `live` about people, machines and locks are compared with the journal's. One
//! pass over the journal, without decoding what can't matter; `verify` looks at all the rest. Absent:
//! a shared ledger, whose server keeps each gateway out of the others' rows.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Entry, Hash};
use memchr::memmem::Finder;
use rusqlite::Connection;

use crate::{
    StoreError,
    merkle::{Frontier, leaf_hash},
    projection::unsigned,
};

/// What stands before a kind in an entry's bytes: no text can hold it, since its quotes are escaped.
const KIND: &[u8] = b"\"kind\":\"";
/// The kinds of entries that open or close what is compared. A new kind about rights or locks belongs
/// here.
const KINDS: [&str; 23] = [
    "enrolled",
    "removed",
    "pin-set",
    "unlocked",
    "client-added",
    "client-revoked",
    "client-used",
    "sign-in-refused",
    "session-opened",
    "session-changed",
    "session-ended",
    "factor-added",
    "factor-used",
    "factor-removed",
    "change-requested",
    "change-decided",
    "policies-defined",
    "device-approved",
    "device-refused",
    "device-back",
    "review-opened",
    "review-decided",
    "review-closed",
];
/// What begins the keys of `live` that are compared.
const PREFIXES: [&str; 10] = [
    "operator:",
    "client:",
    "client-used:",
    "lockout:",
    "factor:",
    "factor-used:",
    "change:",
    "policies",
    "device",
    "review:",
];

type Live = BTreeMap<String, BTreeSet<u64>>;

/// Compares the journal with the signed root, and `live` with the journal.
pub(crate) fn check(connection: &Connection, root: Hash) -> Result<(), StoreError> {
    let journal = of_journal(connection, root)?;
    let table = of_table(connection)?;
    let differs = |key: &&String| journal.get(*key) != table.get(*key);
    match journal.keys().chain(table.keys()).find(differs) {
        None => Ok(()),
        Some(key) => Err(StoreError::Damaged(format!(
            "{key}: the entries that count in live are not those of the journal; run `gatewarden ledger \
             verify`, then `gatewarden ledger rebuild`"
        ))),
    }
}

fn of_journal(connection: &Connection, root: Hash) -> Result<Live, StoreError> {
    let kind = Finder::new(KIND);
    let (mut tree, mut stored, mut live) = (Frontier::default(), Vec::new(), Live::new());
    let mut select = connection.prepare("SELECT seq, bytes, leaf FROM entry ORDER BY seq")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let seq = unsigned(row, 0)?;
        let bytes = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
        let leaf = leaf_hash(bytes);
        if leaf != Hash(row.get(2)?) {
            return Err(StoreError::Edited { seq });
        }
        tree.push(leaf, &mut stored);
        stored.clear();
        if is_compared(&kind, bytes) {
            let entry = Entry::decode(bytes).map_err(|source| StoreError::Entry { seq, source })?;
            apply(&mut live, &entry, seq);
        }
    }
    if tree.root() != root {
        return Err(StoreError::Damaged(
            "the entries do not lead to the signed root: one was changed with its digest; run \
             `gatewarden ledger verify`, which names it"
                .to_owned(),
        ));
    }
    Ok(live)
}

/// Whether an entry may be of one of the [`KINDS`]; some others are too, which say their kind deeper inside.
fn is_compared(kind: &Finder<'_>, bytes: &[u8]) -> bool {
    kind.find_iter(bytes).any(|at| {
        let name = bytes.get(at + KIND.len()..).unwrap_or_default();
        KINDS.iter().any(|kind| {
            name.strip_prefix(kind.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'"'))
        })
    })
}

fn apply(live: &mut Live, entry: &Entry, seq: u64) {
    let done = entry.live();
    for key in &done.closes {
        live.remove(key);
    }
    let compared = |key: &String| PREFIXES.iter().any(|prefix| key.starts_with(prefix));
    for key in done.touches.into_iter().filter(compared) {
        live.entry(key).or_default().insert(seq);
    }
}

fn of_table(connection: &Connection) -> Result<Live, StoreError> {
    let mut live = Live::new();
    // Up to the last text that begins with the prefix: no key has that character.
    let mut select =
        connection.prepare("SELECT key, seq FROM live WHERE key >= ?1 AND key < ?2")?;
    for prefix in PREFIXES {
        let end = format!("{prefix}{}", char::MAX);
        let mut rows = select.query([prefix, &end])?;
        while let Some(row) = rows.next()? {
            live.entry(row.get(0)?).or_default().insert(unsigned(row, 1)?);
        }
    }
    Ok(live)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    /// One entry of every kind is kept as a file.
    #[test]
    fn every_kind_that_is_compared_is_looked_for() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
        let mut compared = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let live = Entry::decode(&bytes).unwrap().live();
            let keys = live.touches.iter().chain(&live.closes);
            let counts = keys.clone().any(|key| PREFIXES.iter().any(|p| key.starts_with(p)));
            let found = is_compared(&Finder::new(KIND), &bytes);
            assert!(!counts || found, "{}", String::from_utf8_lossy(&bytes));
            compared += u32::from(counts);
        }
        assert!(compared >= 18, "{compared}");
    }
}
