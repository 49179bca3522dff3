//! The end is cut off, an old file put back, a second history made, a sequence used twice, an old key.

use std::{
    fs,
    path::{Path, PathBuf},
};

use gatewarden_model::{Actor, Body, Entry};
use gatewarden_proof::{
    KnownWitness, LogKey, Trust,
    witness::{Answer, Request, Seen, Witness},
};
use gatewarden_store::{
    Ledger, LedgerReader, OpenOptions, SigningKey, file,
    ops::{RestoreOptions, check_witnessed, compare, note_newest, restore},
    rebuild,
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    TWO_HISTORIES,
    common::{filled, folder, group, key, options, receipt, stamp, started},
    key_name, make_tree, told, victim,
};

/// What a checkpoint of 61 entries says of a journal of 51.
fn deleted() -> Vec<String> {
    let missing = |seq| format!("entry {seq}: it is missing in the journal");
    let all = "entries 51 to 60 were deleted: the checkpoint kept elsewhere covers 61 entries, the \
        journal has 51";
    let rest = (52..=60).map(missing);
    [missing(51), all.to_owned()].into_iter().chain(rest).collect()
}

#[test]
fn a_deleted_tail() {
    let (_folder, path, kept) = victim();
    let cut = "DELETE FROM entry WHERE seq >= 51; DELETE FROM checkpoint WHERE size > 51";
    Connection::open(&path).unwrap().execute_batch(cut).unwrap();
    // The projections still know of it; where they are made anew only a checkpoint elsewhere does.
    let words = "entry 51: live says it keeps task:00000000-0000-0000-0000-000000007a5c open, but it \
        does not";
    assert_eq!(told(&path, None)[0], words);
    let database = Connection::open(&path).unwrap();
    make_tree(&database, 0, None);
    drop(database);
    rebuild(&path, None).unwrap();
    assert_eq!(told(&path, None), [""; 0], "from the inside nothing can be seen");
    assert_eq!(told(&path, Some(&kept)), deleted());
    Ledger::open(&path, options()).unwrap();
}

/// A ledger of 61 entries whose newest checkpoint is noted beside it, and a copy of its first 51.
fn with_backup() -> (TempDir, PathBuf, PathBuf) {
    let (folder, path) = folder();
    let mut ledger = filled(&path, 50);
    let backup = folder.path().join("backup.db");
    let reader = file::LedgerReader::open(&path).unwrap();
    reader.backup(&backup, &key().verifying_key()).unwrap();
    for seq in 51..=60 {
        ledger.append(&group(vec![receipt(seq, 24)])).unwrap();
    }
    note_newest(&path, &file::LedgerReader::open(&path).unwrap()).unwrap();
    (folder, path, backup)
}

fn restoring(path: &Path, backup: &Path, checkpoints: Vec<(String, String)>) -> String {
    let options = RestoreOptions {
        key: key(),
        more_keys: vec![],
        retired_keys: vec![],
        key_files: None,
        origin: "gw-1".into(),
        checkpoints,
        accept_loss: None,
    };
    restore(backup, path, &options).unwrap_err().to_string()
}

#[test]
fn an_old_backup_put_in_place() {
    let (_folder, path, backup) = with_backup();
    let kept = LedgerReader::open(&path).unwrap().checkpoint().unwrap().unwrap().note;
    fs::copy(&backup, &path).unwrap();
    assert_eq!(told(&path, None), [""; 0], "it is a whole ledger");
    let at_start = check_witnessed(&path, &file::LedgerReader::open(&path).unwrap());
    let words = format!(
        "the ledger has 51 entries, but the last signed checkpoint ({}) covers 61: an older file lies in \
         its place; bring the newer file, or restore this one with `gatewarden ledger restore {} \
         --accept-loss REASON`",
        path.with_extension("witnessed").display(),
        path.display()
    );
    assert_eq!(at_start.unwrap_err().to_string(), words);
    assert_eq!(told(&path, Some(&kept)), deleted());
}

#[test]
fn an_old_backup_restored() {
    let (_folder, path, backup) = with_backup();
    let kept = LedgerReader::open(&path).unwrap().checkpoint().unwrap().unwrap().note;
    assert_eq!(
        restoring(&path, &backup, vec![]),
        "the backup has 51 entries, the last signed checkpoint covers 61; to go on without it, say \
         --accept-loss REASON"
    );
    let (_other, elsewhere) = folder();
    assert_eq!(
        restoring(&elsewhere, &backup, vec![("hq.note".into(), kept)]),
        "the backup has 51 entries, the checkpoint hq.note covers 61; to go on without it, say \
         --accept-loss REASON"
    );
}

#[test]
fn two_histories_shown_to_two_parties() {
    let (_folder, path, backup) = with_backup();
    let kept = LedgerReader::open(&path).unwrap().checkpoint().unwrap().unwrap().note;
    let mut forked = Ledger::open(&backup, options()).unwrap();
    forked.append(&group(vec![receipt(51, 7)])).unwrap();
    forked.append(&group((52..=62).map(started).collect())).unwrap();
    drop(forked);
    assert_eq!([told(&path, None), told(&backup, None)].concat(), [""; 0], "both are whole");
    // The parties compare their copies, or one has the other's checkpoint.
    let [a, b] = [&path, &backup].map(|path| file::LedgerReader::open(path).unwrap());
    let text = |entry: Entry| String::from_utf8(entry.encode().unwrap()).unwrap();
    assert_eq!(
        compare(&a, &b).unwrap().words("a.db", "b.db"),
        format!(
            "TWO HISTORIES: entry 51 is the first that differs\n  a.db: {}\n  b.db: {}",
            text(receipt(51, 24)),
            text(receipt(51, 7))
        )
    );
    assert_eq!(told(&backup, Some(&kept)), [TWO_HISTORIES]);
    // A witness that has signed one follows no proof to the other.
    let trust = Trust::of_logs(vec![LogKey::always("gw-1", key().verifying_key())]);
    let witness = Witness::new("hq.example/w1", SigningKey::from_bytes(&[7; 32]), trust).unwrap();
    let seen = a.checkpoint().unwrap().unwrap();
    let seen = Seen { size: 61, root: seen.checkpoint.root };
    let note = b.checkpoint().unwrap().unwrap().note;
    let path = b.consistency(61, 63).unwrap().unwrap();
    let (answer, record) =
        witness.decide(Some(seen), &Request { old: 61, path, note }, 1_700_000_000);
    assert!(record.is_none() && !matches!(answer, Answer::Cosigned(_)));
    let words = "the checkpoint does not continue the tree that was seen\n";
    assert_eq!((answer.status(), answer.body()), (422, words.to_owned()));
}

#[test]
fn a_sequence_used_twice() {
    let (_folder, path, kept) = victim();
    let mut ledger = Ledger::open(&path, options()).unwrap();
    let again = ledger.append(&group(vec![receipt(60, 1)])).unwrap_err();
    assert_eq!(again.to_string(), "entry 60 does not come next: the journal expects 61");
    let twice = ledger.append(&group(vec![receipt(61, 1), receipt(61, 2)])).unwrap_err();
    assert_eq!(twice.to_string(), "entry 61 does not come next: the journal expects 62");
    let hole = ledger.append(&group(vec![receipt(62, 1)])).unwrap_err();
    assert_eq!(hole.to_string(), "entry 62 does not come next: the journal expects 61");
    drop(ledger);
    let database = Connection::open(&path).unwrap();
    let copy = "INSERT INTO entry SELECT 57, leaf, bytes FROM entry WHERE seq = 58";
    assert_eq!(
        database.execute(copy, []).unwrap_err().to_string(),
        "UNIQUE constraint failed: entry.seq"
    );
    let sql = "UPDATE entry SET (leaf, bytes) = (SELECT leaf, bytes FROM entry WHERE seq = 58) \
        WHERE seq = 57";
    database.execute(sql, []).unwrap();
    drop(database);
    let words = [
        "entry 57: its bytes call themselves entry 58; movement_index still says: movement \
         01970000-0000-7000-8000-000000000039",
        "entry 57: the tree does not lead to the root that the checkpoint of 58 entries signed; what was \
         recorded there was changed, and its hash made anew",
    ];
    assert_eq!(told(&path, None)[..2], words);
    assert_eq!(told(&path, Some(&kept))[..2], words);
}

#[test]
fn a_cosignature_made_up() {
    let (_folder, path, kept) = victim();
    let line = format!("\u{2014} hq.example/w1 {}", "A".repeat(100));
    let sql = "INSERT INTO cosignature VALUES (61, 'hq.example/w1', ?1)";
    Connection::open(&path).unwrap().execute(sql, [line]).unwrap();
    assert_eq!(told(&path, Some(&kept)), [""; 0], "it is no history of the ledger's");
    let trust = Trust::of_logs(vec![LogKey::always("gw-1", key().verifying_key())]);
    let witness = Witness::new("hq.example/w1", SigningKey::from_bytes(&[7; 32]), trust).unwrap();
    let known = KnownWitness { name: "hq".into(), key: witness.public() };
    let log = LogKey::always("gw-1", key().verifying_key());
    let trust = Trust::with_quorum(vec![log], vec![known], 1);
    let reader = LedgerReader::open(&path).unwrap();
    assert_eq!(reader.quorum_beyond(0, &trust).unwrap(), None, "it counts nowhere");
    let (proof, has_quorum) = reader.witnessed_proof(60, &trust).unwrap();
    assert!(!has_quorum);
    let words = "too few witnesses cosigned the checkpoint: the rule is witnesses (1 of 1), it was \
        cosigned by nobody";
    assert_eq!(proof.check_with(&trust).unwrap_err().to_string(), words);
}

#[test]
fn a_movement_s_id_used_twice() {
    let (_folder, path, _kept) = victim();
    let mut ledger = Ledger::open(&path, options()).unwrap();
    let Body::Moved { movement, pass } = receipt(57, 24).body else { return };
    let again = Entry::new(61, stamp(61), Body::Moved { movement, pass });
    assert_eq!(
        ledger.append(&group(vec![again])).unwrap_err().to_string(),
        "movement 01970000-0000-7000-8000-000000000039 is already recorded as entry 57"
    );
}

fn new_key() -> SigningKey {
    SigningKey::from_bytes(&[43; 32])
}

/// A ledger of 61 entries whose key changes with entry 61, and goes on to 63.
fn rotated() -> (TempDir, PathBuf) {
    let (folder, path, _kept) = victim();
    let options = OpenOptions { more_keys: vec![new_key()], ..options() };
    let mut ledger = Ledger::open(&path, options).unwrap();
    let (old, new) = (key_name(&key()), key_name(&new_key()));
    let by = Actor::Local { uid: 0 };
    let body = Body::KeyRotated { old, new, reason: "yearly".into(), by };
    ledger.append(&group(vec![Entry::new(61, stamp(61), body)])).unwrap();
    ledger.append(&group(vec![receipt(62, 24)])).unwrap();
    (folder, path)
}

#[test]
fn a_stolen_key_used_after_its_rotation() {
    let (_folder, path) = rotated();
    let kept = LedgerReader::open(&path).unwrap().checkpoint().unwrap().unwrap().note;
    assert_eq!(told(&path, None), [""; 0]);
    // It opens nothing.
    let refused = Ledger::open(&path, options()).unwrap_err().to_string();
    let (old, new) = (key_name(&key()), key_name(&new_key()));
    assert_eq!(
        refused,
        format!("the ledger is signed with the key {new}, but the key given is {old}")
    );
    // What it signs beyond the rotation counts nowhere: in the file, nor in a proof.
    make_tree(&Connection::open(&path).unwrap(), 62, Some(&key()));
    let words = format!(
        "the checkpoint of 63 entries can't be trusted: the checkpoint is not signed by the key {new}"
    );
    assert_eq!(told(&path, None), [words]);
    let [mut first, mut second] =
        [key(), new_key()].map(|key| LogKey::always("gw-1", key.verifying_key()));
    (first.until, second.from) = (Some(62), 63);
    let trust = Trust::of_logs(vec![first, second]);
    let proof = LedgerReader::open(&path).unwrap().proof(62).unwrap();
    let counts_no_more = |size: u64| {
        format!(
            "the checkpoint of {size} entries is signed by the key {old}, which was rotated away after \
             62 entries: whoever signed it has a key that counts no more"
        )
    };
    assert_eq!(proof.check_with(&trust).unwrap_err().to_string(), counts_no_more(63));
    // With the rotation itself taken back, what stood before it can be continued by the thief; only
    // a checkpoint kept elsewhere tells, as of any second history.
    let (_other, elsewhere) = folder();
    drop(filled(&elsewhere, 60));
    let mut ledger = Ledger::open(&elsewhere, options()).unwrap();
    ledger.append(&group((61..=63).map(|seq| receipt(seq, 1)).collect())).unwrap();
    drop(ledger);
    assert_eq!(told(&elsewhere, None), [""; 0]);
    let words = format!(
        "the checkpoint kept elsewhere can't be used: the checkpoint is not signed by the key {old}"
    );
    assert_eq!(told(&elsewhere, Some(&kept)), [words]);
    let proof = LedgerReader::open(&elsewhere).unwrap().proof(62).unwrap();
    assert_eq!(proof.check_with(&trust).unwrap_err().to_string(), counts_no_more(64));
}

#[test]
fn a_history_of_a_stranger_handed_over_to_the_gateway_s_key() {
    // The stranger has the file and the public key. (The real key is at hand here only to make the
    // entries; its signature is taken off again.)
    let (_folder, path) = folder();
    let stranger = SigningKey::from_bytes(&[66; 32]);
    let open = OpenOptions { key: stranger.clone(), more_keys: vec![key()], ..options() };
    let mut ledger = Ledger::open(&path, open).unwrap();
    ledger.append(&group(vec![started(0), receipt(1, 1_000_000)])).unwrap();
    let (old, new, by) = (key_name(&stranger), key_name(&key()), Actor::Local { uid: 0 });
    let body = Body::KeyRotated { old, new: new.clone(), reason: "yearly".into(), by };
    ledger.append(&group(vec![Entry::new(2, stamp(2), body)])).unwrap();
    drop(ledger);
    let connection = Connection::open(&path).unwrap();
    let sql = "SELECT note FROM checkpoint WHERE size = 3";
    let note: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    let (of_stranger, of_gateway) = note.trim_end().rsplit_once('\n').unwrap();
    assert!(of_gateway.starts_with("— gw-1 "), "{of_gateway}");
    let sql = "UPDATE checkpoint SET note = ?1 WHERE size = 3";
    connection.execute(sql, [format!("{of_stranger}\n")]).unwrap();
    drop(connection);
    assert_eq!(told(&path, None), [format!("no checkpoint is signed by the trusted key {new}")]);
    // The gateway must not go on with it: its next checkpoint would cover the forgery.
    let refused = Ledger::open(&path, options()).unwrap_err().to_string();
    assert_eq!(refused, format!("the checkpoint is not signed by the key {new}"));
}
