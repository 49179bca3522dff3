//! A row is edited; then also its hash, the tree, the signatures.

use std::path::PathBuf;

use gatewarden_store::{Ledger, SigningKey, rebuild};
use rusqlite::Connection;

use crate::{
    LEN, TWO_HISTORIES,
    common::{folder, group, key, options, receipt},
    key_name, make_tree, named, replace, told, victim,
};

/// The bytes of a receipt of 42 in the place of one of 24.
fn forged() -> String {
    String::from_utf8(receipt(57, 42).encode().unwrap()).unwrap()
}

#[test]
fn an_edited_row() {
    let (_folder, path, kept) = victim();
    let sql = "UPDATE entry SET bytes = replace(bytes, '\"quantity\":24', '\"quantity\":42') \
        WHERE seq = 57";
    Connection::open(&path).unwrap().execute(sql, []).unwrap();
    let words = format!("{}: its bytes do not match the tree", named(57));
    assert_eq!(told(&path, None)[0], words);
    assert_eq!(told(&path, Some(&kept))[0], words);
}

#[test]
fn an_edited_row_with_its_hash_made_anew() {
    let (_folder, path, kept) = victim();
    replace(&Connection::open(&path).unwrap(), 57, &forged());
    rebuild(&path, None).unwrap();
    let words =
        ["entry 57: the tree does not lead to the root that the checkpoint of 58 entries signed; \
        what was recorded there was changed, and its hash made anew"];
    assert_eq!(told(&path, None), words);
    assert_eq!(told(&path, Some(&kept)), words);
}

/// 600 entries, so that the tree has nodes of its own, in groups of 100.
fn larger() -> (tempfile::TempDir, PathBuf, String) {
    let (folder, path) = folder();
    let mut ledger = Ledger::open(&path, options()).unwrap();
    for first in [0, 100, 200, 300, 400, 500] {
        let entries = (first..first + 100).map(|seq| receipt(seq, 24));
        ledger.append(&group(entries.collect())).unwrap();
    }
    let kept = ledger.reader().unwrap().checkpoint().unwrap().unwrap().note;
    (folder, path, kept)
}

#[test]
fn an_edited_row_with_the_whole_tree_made_anew() {
    let (_folder, path, kept) = larger();
    let database = Connection::open(&path).unwrap();
    replace(&database, 557, &String::from_utf8(receipt(557, 42).encode().unwrap()).unwrap());
    make_tree(&database, 600, None);
    drop(database);
    rebuild(&path, None).unwrap();
    let words =
        ["entries 500 to 599: the tree does not lead to the root that the checkpoint of 600 \
        entries signed; what was recorded there was changed, and its hash made anew"];
    assert_eq!(told(&path, None), words);
    assert_eq!(told(&path, Some(&kept)), words);
    assert_eq!(
        Ledger::open(&path, options()).unwrap_err().to_string(),
        "the ledger was changed behind its back: the tree does not lead to the signed root; run \
         `gatewarden ledger verify`"
    );
}

#[test]
fn an_edited_node_of_the_tree() {
    let (_folder, path, _kept) = larger();
    let sql = "UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND number = 0";
    assert_eq!(Connection::open(&path).unwrap().execute(sql, []).unwrap(), 1);
    let words = ["the stored tree (level 1, number 0) does not fit the entries below it"];
    assert_eq!(told(&path, None), words);
}

#[test]
fn an_edited_row_with_the_rest_signed_by_another_key() {
    let (_folder, path, _kept) = victim();
    let thief = SigningKey::from_bytes(&[9; 32]);
    let database = Connection::open(&path).unwrap();
    replace(&database, 57, &forged());
    make_tree(&database, 57, Some(&thief));
    drop(database);
    rebuild(&path, None).unwrap();
    let untrusted = |size: u64| {
        format!(
            "the checkpoint of {size} entries can't be trusted: the checkpoint is not signed by the \
             key {}",
            key_name(&key())
        )
    };
    assert_eq!(told(&path, None), (58..=LEN).map(untrusted).collect::<Vec<_>>());
    // Where the thief puts his key into the file as well, it is not the one that is trusted.
    let sql = format!("UPDATE meta SET value = '{}' WHERE key = 'verifier'", key_name(&thief));
    Connection::open(&path).unwrap().execute(&sql, []).unwrap();
    let mut words: Vec<String> = (58..=LEN).map(untrusted).collect();
    words.push(format!(
        "meta says that the ledger is signed with {}, not with {}",
        key_name(&thief),
        key_name(&key())
    ));
    assert_eq!(told(&path, None), words);
    assert_eq!(
        Ledger::open(&path, options()).unwrap_err().to_string(),
        format!(
            "the ledger is signed with the key {}, but the key given is {}",
            key_name(&thief),
            key_name(&key())
        )
    );
}

#[test]
fn an_edited_row_with_the_rest_signed_by_the_own_key() {
    let (_folder, path, kept) = victim();
    let database = Connection::open(&path).unwrap();
    replace(&database, 57, &forged());
    make_tree(&database, 57, Some(&key()));
    drop(database);
    rebuild(&path, None).unwrap();
    assert_eq!(told(&path, None), [""; 0], "the ledger itself can't tell");
    assert_eq!(told(&path, Some(&kept)), [TWO_HISTORIES]);
}
