//! Attacks on the file and on the history, one a row: what the attacker does, and the words in which
//! `verify` names it. Attacks on single rows and PIN hashes stand in `tamper.rs`, on backups and two
//! histories in `ops_files.rs`.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::path::Path;

use common::{filled, folder, key, receipt};
use gatewarden_store::{
    Checkpoint, LedgerReader,
    merkle::{Frontier, leaf_hash},
};
use rusqlite::{Connection, params};

/// What it is called, what it makes of an entry's bytes, and what is said of them.
type Forgery = (&'static str, fn(&str) -> String, &'static str);

/// Entries of the ledger that is attacked.
const LEN: u64 = 61;

/// Puts other bytes in the place of entry `seq` and makes its leaf anew.
fn replace(database: &Connection, seq: u64, bytes: &str) {
    let leaf = leaf_hash(bytes.as_bytes()).0;
    let sql = "UPDATE entry SET bytes = ?1, leaf = ?2 WHERE seq = ?3";
    database.execute(sql, params![bytes, leaf, i64::try_from(seq).unwrap()]).unwrap();
}

fn bytes_of(database: &Connection, seq: u64) -> String {
    let sql = "SELECT bytes FROM entry WHERE seq = ?1";
    database.query_row(sql, [i64::try_from(seq).unwrap()], |row| row.get(0)).unwrap()
}

/// What a thief of the key does after an edit: signs every checkpoint from entry `from` on anew.
fn sign_again(database: &Connection, from: u64) {
    let mut select = database.prepare("SELECT bytes FROM entry ORDER BY seq").unwrap();
    let all: Vec<String> =
        select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let mut frontier = Frontier::default();
    for bytes in all {
        frontier.push(leaf_hash(bytes.as_bytes()), &mut vec![]);
        if frontier.size() > from {
            let (size, root) = (frontier.size(), frontier.root());
            let note = Checkpoint { origin: "gw-1".into(), size, root }.sign(&key());
            let sql = "UPDATE checkpoint SET note = ?1 WHERE size = ?2";
            database.execute(sql, params![note, i64::try_from(size).unwrap()]).unwrap();
        }
    }
}

/// The first words of `verify` after an attack, and with a checkpoint kept elsewhere.
fn found(attack: impl Fn(&Connection)) -> (String, String) {
    let (_folder, path) = folder();
    let ledger = filled(&path, LEN - 1);
    let kept = ledger.reader().unwrap().checkpoint().unwrap().unwrap().note;
    drop(ledger);
    attack(&Connection::open(&path).unwrap());
    (first(&path, None), first(&path, Some(&kept)))
}

fn first(path: &Path, kept: Option<&str>) -> String {
    let reader = LedgerReader::open(path).unwrap();
    let report = reader.verify_against(&key().verifying_key(), kept).unwrap();
    report.findings.first().map_or_else(String::new, |finding| finding.message.clone())
}

#[test]
fn edits_of_the_rest_need_the_key_and_a_checkpoint_elsewhere_tells_also_of_them() {
    let forged = String::from_utf8(receipt(57, 42).encode().unwrap()).unwrap();
    let (alone, kept) = found(|database| replace(database, 57, &forged));
    let words = "entry 57: the tree does not lead to the root that the checkpoint of 58 entries \
        signed; what was recorded there was changed, and its hash made anew";
    assert_eq!((alone.as_str(), kept.as_str()), (words, words), "file access alone");

    let (_folder, path) = folder();
    let ledger = filled(&path, LEN - 1);
    let kept = ledger.reader().unwrap().checkpoint().unwrap().unwrap().note;
    drop(ledger);
    let database = Connection::open(&path).unwrap();
    replace(&database, 57, &forged);
    sign_again(&database, 57);
    drop(database);
    gatewarden_store::rebuild(&path, None).unwrap();
    assert_eq!(first(&path, None), "", "with the key the ledger itself can't tell");
    let told = first(&path, Some(&kept));
    assert!(
        told.contains("the root that the checkpoint kept elsewhere of 61 entries signed"),
        "{told}"
    );
}

#[test]
fn a_deleted_tail_is_told_as_far_as_a_checkpoint_says_that_it_was_there() {
    let (alone, kept) = found(|database| {
        let sql = "DELETE FROM entry WHERE seq >= 51; DELETE FROM checkpoint WHERE size > 51";
        database.execute_batch(sql).unwrap();
    });
    // Here the projections still tell; with them cut to fit only the checkpoint elsewhere does.
    assert!(alone.starts_with("entry 51: ") || alone.starts_with("stock of "), "{alone}");
    assert!(kept.starts_with("entry 51: it is missing in the journal"), "{kept}");
}

#[test]
fn bytes_that_parse_two_ways_are_refused_even_where_the_key_signed_them() {
    let cases: [Forgery; 9] = [
        ("a byte after the end", |b| format!("{b} "), "are not in canonical form"),
        ("a byte before it", |b| format!(" {b}"), "are not in canonical form"),
        ("a byte order mark", |b| format!("\u{feff}{b}"), "can't be read as an entry"),
        ("a key twice", |b| b.replacen('{', "{\"seq\":60,", 1), "can't be read as an entry"),
        (
            "keys in another order",
            |b| {
                let rest = b.strip_suffix(",\"v\":1}").unwrap().strip_prefix('{').unwrap();
                format!("{{\"v\":1,{rest}}}")
            },
            "are not in canonical form",
        ),
        (
            "a float",
            |b| b.replace("\"quantity\":24", "\"quantity\":24.0"),
            "can't be read as an entry",
        ),
        (
            "an exponent",
            |b| b.replace("\"quantity\":24", "\"quantity\":24e0"),
            "can't be read as an entry",
        ),
        (
            "an escape that need not be",
            |b| b.replace("buyer", "\\u0062uyer"),
            "are not in canonical form",
        ),
        (
            "an unknown key",
            |b| b.replace("\"quantity\":24", "\"quantity\":24,\"quantitx\":42"),
            "can't be read as an entry",
        ),
    ];
    for (name, edit, words) in cases {
        let (alone, _) = found(|database| {
            let before = bytes_of(database, 60);
            let after = edit(&before);
            assert_ne!(before, after, "{name} changes nothing");
            replace(database, 60, &after);
            sign_again(database, 60);
        });
        assert!(alone.starts_with(&format!("entry 60: its bytes {words}")), "{name}: {alone}");
    }
}
