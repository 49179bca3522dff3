//! The change of the signing key: what signs what, and which key the next start needs.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{filled, folder, group, key, options, receipt, stamp, started};
use gatewarden_model::{Actor, Body, Entry};
use gatewarden_store::{
    Ledger, LedgerReader, OpenOptions, SigningKey, StoreError, verifier_key_text,
};

fn new_key() -> SigningKey {
    SigningKey::from_bytes(&[43; 32])
}

fn name(key: &SigningKey) -> String {
    verifier_key_text("gw-1", &key.verifying_key())
}

fn rotated(seq: u64, old: &SigningKey, new: &SigningKey) -> Entry {
    let (old, new) = (name(old), name(new));
    let by = Actor::Local { uid: 0 };
    Entry::new(seq, stamp(seq), Body::KeyRotated { old, new, reason: "yearly".into(), by })
}

#[test]
fn the_old_key_signs_its_own_end_and_the_new_one_what_follows() {
    let (_folder, path) = folder();
    let mut ledger = filled(&path, 2);
    let unknown = ledger.append(&group(vec![rotated(3, &key(), &new_key())])).unwrap_err();
    let words = format!("entry 3: the new key {} is not at hand: offer it first", name(&new_key()));
    assert_eq!(unknown.to_string(), words);
    ledger.offer_key(new_key());
    ledger.append(&group(vec![rotated(3, &key(), &new_key())])).unwrap();
    assert_eq!(ledger.verifier_key(), name(&new_key()));
    drop(ledger);
    // Died right here: the journal names the new key, the last checkpoint is the old one's.
    let both = || OpenOptions { more_keys: vec![new_key()], ..options() };
    let mut ledger = Ledger::open(&path, both()).unwrap();
    assert_eq!(ledger.verifier_key(), name(&new_key()));
    ledger.append(&group(vec![receipt(4, 1), receipt(5, 1)])).unwrap();
    let again = ledger.append(&group(vec![rotated(6, &key(), &new_key())])).unwrap_err();
    let (old, new) = (name(&key()), name(&new_key()));
    let words = format!("entry 6: it gives up the key {old}, but {new} is in force");
    assert_eq!(again.to_string(), words);
    drop(ledger);
    assert!(matches!(Ledger::open(&path, options()), Err(StoreError::WrongKey { .. })));
    let only_new = OpenOptions { key: new_key(), ..options() };
    assert_eq!(Ledger::open(&path, only_new).unwrap().next_seq(), 6);
    let reader = LedgerReader::open(&path).unwrap();
    let report = reader.verify(&key().verifying_key()).unwrap();
    assert_eq!((report.findings, report.size), (vec![], 6));
    assert_eq!(reader.verifier_key().unwrap(), name(&new_key()));
    assert_eq!(reader.first_verifier_key().unwrap(), name(&key()));
}

#[test]
fn a_stolen_old_key_signs_nothing_after_its_end() {
    let (_folder, path) = folder();
    let mut ledger = filled(&path, 1);
    ledger.offer_key(new_key());
    ledger.append(&group(vec![rotated(2, &key(), &new_key())])).unwrap();
    ledger.append(&group(vec![started(3)])).unwrap();
    let root = ledger.committed().root;
    drop(ledger);
    let checkpoint = gatewarden_store::Checkpoint { origin: "gw-1".into(), size: 4, root };
    let forged = checkpoint.sign(&key());
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute("UPDATE checkpoint SET note = ?1 WHERE size = 4", [forged])
        .unwrap();
    let report = LedgerReader::open(&path).unwrap().verify(&key().verifying_key()).unwrap();
    let words = format!(
        "the checkpoint of 4 entries can't be trusted: the checkpoint is not signed by the key {}",
        name(&new_key())
    );
    assert_eq!(report.findings[0].message, words);
}

#[test]
fn the_new_key_alone_proves_what_came_before_it() {
    let (_folder, path) = folder();
    let mut ledger = filled(&path, 2);
    ledger.offer_key(new_key());
    ledger.append(&group(vec![rotated(3, &key(), &new_key())])).unwrap();
    let verify = |key: SigningKey| {
        let report = LedgerReader::open(&path).unwrap().verify(&key.verifying_key()).unwrap();
        report.findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
    };
    // From its first moment on: it signs the checkpoint of its own rotation too.
    for seq in [4, 5] {
        for trusted in [key(), new_key()] {
            assert_eq!(verify(trusted), Vec::<String>::new());
        }
        ledger.append(&group(vec![started(seq)])).unwrap();
    }
    let stranger = verify(SigningKey::from_bytes(&[44; 32]));
    assert!(stranger.iter().any(|m| m.starts_with("meta says that the ledger is signed with")));
}

#[test]
fn a_history_that_only_names_the_trusted_key_is_not_its_history() {
    let (_folder, path) = folder();
    let mut ledger = filled(&path, 2);
    ledger.offer_key(new_key());
    ledger.append(&group(vec![rotated(3, &key(), &new_key())])).unwrap();
    drop(ledger);
    // What somebody can make who has no more than the public half of the new key.
    let database = rusqlite::Connection::open(&path).unwrap();
    let sql = "SELECT note FROM checkpoint WHERE size = 4";
    let note: String = database.query_row(sql, [], |row| row.get(0)).unwrap();
    let lines: Vec<&str> = note.lines().collect();
    assert_eq!(lines.len(), 6, "two signatures: {note}");
    let forged = lines[..5].join("\n") + "\n";
    database.execute("UPDATE checkpoint SET note = ?1 WHERE size = 4", [forged]).unwrap();
    drop(database);
    let reader = LedgerReader::open(&path).unwrap();
    let report = reader.verify(&new_key().verifying_key()).unwrap();
    let words = format!("no checkpoint is signed by the trusted key {}", name(&new_key()));
    assert_eq!(report.findings[0].message, words);
    assert!(reader.verify(&key().verifying_key()).unwrap().ok, "the old key led there");
}
