//! The attacks that a ledger must show, each by name with the exact words in which it is told: edited
//! rows with and without the rest made anew (`edits`), a tail cut off, an old backup put back, two
//! histories, a sequence used twice, a stolen key (`history`), bytes that parse two ways (`bytes`).
//! Edits of single rows, table by table, and of PIN hashes stand in `tamper.rs`. README.md has the
//! table of what is told and what is not.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod bytes;
#[path = "../common/mod.rs"]
mod common;
mod edits;
mod history;

use std::path::{Path, PathBuf};

use common::{filled, folder, key};
use gatewarden_store::{
    Checkpoint, LedgerReader, SigningKey,
    merkle::{Frontier, leaf_hash},
    verifier_key_text,
};
use rusqlite::{Connection, params};
use tempfile::TempDir;

/// Entries of the ledger that is attacked: one that the daemon started, then receipts of 24.
const LEN: u64 = 61;

/// What a checkpoint of all entries, kept elsewhere, says of as many others.
const TWO_HISTORIES: &str = "two histories: the checkpoint kept elsewhere of 61 entries signed another root than \
        the first 61 entries here have; `gatewarden ledger compare` with a copy of the other names \
        the first that differs";

/// Which movement the entry of a sequence records, as messages name it.
fn named(seq: u64) -> String {
    format!("entry {seq} (movement 01970000-0000-7000-8000-{seq:012x}, PO 4500001)")
}

/// A ledger of 61 entries, with its newest checkpoint as somebody kept it.
fn victim() -> (TempDir, PathBuf, String) {
    let (folder, path) = folder();
    let ledger = filled(&path, LEN - 1);
    let kept = ledger.reader().unwrap().checkpoint().unwrap().unwrap().note;
    (folder, path, kept)
}

/// All words of `verify`, with the checkpoint that was kept elsewhere where one is given.
fn told(path: &Path, kept: Option<&str>) -> Vec<String> {
    let reader = LedgerReader::open(path).unwrap();
    let report = reader.verify_against(&key().verifying_key(), kept).unwrap();
    assert_eq!((report.ok, report.more), (report.findings.is_empty(), 0));
    report.findings.into_iter().map(|finding| finding.message).collect()
}

fn key_name(key: &SigningKey) -> String {
    verifier_key_text("gw-1", &key.verifying_key())
}

fn bytes_of(database: &Connection, seq: u64) -> String {
    let sql = "SELECT bytes FROM entry WHERE seq = ?1";
    database.query_row(sql, [i64::try_from(seq).unwrap()], |row| row.get(0)).unwrap()
}

/// Puts other bytes in the place of entry `seq` and makes its leaf anew.
fn replace(database: &Connection, seq: u64, bytes: &str) {
    let leaf = leaf_hash(bytes.as_bytes()).0;
    let sql = "UPDATE entry SET bytes = ?1, leaf = ?2 WHERE seq = ?3";
    database.execute(sql, params![bytes, leaf, i64::try_from(seq).unwrap()]).unwrap();
}

/// Makes all nodes of the tree anew from the entries, and the checkpoints beyond `from` with a key,
/// where one is given.
fn make_tree(database: &Connection, from: u64, signer: Option<&SigningKey>) {
    let mut select = database.prepare("SELECT bytes FROM entry ORDER BY seq").unwrap();
    let all: Vec<String> =
        select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    database.execute("DELETE FROM node", []).unwrap();
    let (mut frontier, mut nodes) = (Frontier::default(), vec![]);
    for bytes in all {
        frontier.push(leaf_hash(bytes.as_bytes()), &mut nodes);
        let (size, root) = (frontier.size(), frontier.root());
        if let Some(signer) = signer.filter(|_| size > from) {
            let note = Checkpoint { origin: "gw-1".into(), size, root }.sign(signer);
            let sql = "UPDATE checkpoint SET note = ?1 WHERE size = ?2";
            database.execute(sql, params![note, i64::try_from(size).unwrap()]).unwrap();
        }
    }
    for node in nodes {
        let number = i64::try_from(node.number).unwrap();
        let sql = "INSERT INTO node VALUES (?1, ?2, ?3)";
        database.execute(sql, params![node.level, number, node.hash.0]).unwrap();
    }
}
