//! Restoring a ledger whose key was rotated: from a backup of before and of after the rotation, with
//! and without the old key, and what a key file finds in its place afterwards.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::path::{Path, PathBuf};

use common::{group, options, receipt, stamp, started};
use gatewarden_model::{Actor, Body, Entry};
use gatewarden_store::{
    KeyFiles, Ledger, LedgerReader, OpenOptions, SigningKey, load_key,
    ops::{AcceptedLoss, ExportOptions, RestoreOptions, Restored, import, note_newest, restore},
    verifier_key_text,
};

fn name(key: &SigningKey) -> String {
    verifier_key_text("gw-1", &key.verifying_key())
}

/// A ledger that was rotated after its 3rd entry and has 6, with backups of 3 and of 5 entries, and
/// the keys in files.
struct Rotated {
    _folder: tempfile::TempDir,
    path: PathBuf,
    before: PathBuf,
    after: PathBuf,
    files: KeyFiles,
    old: SigningKey,
    new: SigningKey,
}

fn backup(from: &Path, to: &Path, key: &SigningKey) {
    let reader = gatewarden_store::file::LedgerReader::open(from).unwrap();
    assert!(reader.backup(to, &key.verifying_key()).unwrap().ok);
}

fn rotated(forget: bool) -> Rotated {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (path, before, after) = (at("ledger.db"), at("before.db"), at("after.db"));
    let files = KeyFiles::new(&at("ledger.key"));
    let old = files.load_or_create().unwrap().remove(0);
    let new = SigningKey::from_bytes(&[43; 32]);
    let mut ledger = Ledger::open(&path, OpenOptions { key: old.clone(), ..options() }).unwrap();
    ledger.append(&group(vec![started(0)])).unwrap();
    ledger.append(&group(vec![receipt(1, 1), receipt(2, 1)])).unwrap();
    backup(&path, &before, &old);
    files.prepare(&new).unwrap();
    ledger.offer_key(new.clone());
    let (old_name, new_name) = (name(&old), name(&new));
    let body = Body::KeyRotated {
        old: old_name,
        new: new_name,
        reason: "yearly".into(),
        by: Actor::Local { uid: 0 },
    };
    ledger.append(&group(vec![Entry::new(3, stamp(3), body)])).unwrap();
    files.settle("gw-1", &name(&new), forget).unwrap();
    ledger.append(&group(vec![receipt(4, 1)])).unwrap();
    backup(&path, &after, &new);
    ledger.append(&group(vec![receipt(5, 1)])).unwrap();
    drop(ledger);
    let reader = gatewarden_store::file::LedgerReader::open(&path).unwrap();
    note_newest(&path, &reader).unwrap();
    Rotated { _folder: folder, path, before, after, files, old, new }
}

impl Rotated {
    fn restore(&self, from: &Path, reason: Option<&str>) -> Result<Restored, String> {
        let mut at_hand = self.files.load().unwrap().into_iter();
        let options = RestoreOptions {
            key: at_hand.next().unwrap(),
            more_keys: at_hand.collect(),
            retired_keys: self.files.load_retired().unwrap(),
            key_files: Some(self.files.clone()),
            origin: "gw-1".into(),
            checkpoints: vec![],
            accept_loss: reason.map(|reason| AcceptedLoss {
                reason: reason.into(),
                by: Actor::Local { uid: 0 },
                at: stamp(100),
            }),
        };
        restore(from, &self.path, &options).map_err(|error| error.to_string())
    }

    /// Opens it as the next start does, records something, and verifies with the key file alone.
    fn goes_on(&self, expected: &SigningKey) {
        let key = load_key(self.files.path()).unwrap();
        assert_eq!(name(&key), name(expected));
        let mut ledger = Ledger::open(&self.path, OpenOptions { key, ..options() }).unwrap();
        let seq = ledger.next_seq();
        ledger.append(&group(vec![started(seq)])).unwrap();
        drop(ledger);
        let reader = LedgerReader::open(&self.path).unwrap();
        let report = reader.verify(&expected.verifying_key()).unwrap();
        assert_eq!(report.findings, vec![]);
    }
}

#[test]
fn a_backup_from_after_the_rotation_goes_on_with_the_new_key() {
    let at = rotated(true);
    let refused = at.restore(&at.after, None).unwrap_err();
    assert!(refused.ends_with("to go on without it, say --accept-loss REASON"), "{refused}");
    let done = at.restore(&at.after, Some("a drill")).unwrap();
    assert_eq!((done.size, done.lost, done.key.as_str()), (5, 1, name(&at.new).as_str()));
    at.goes_on(&at.new);
}

#[test]
fn a_backup_from_before_it_brings_the_kept_key_back() {
    let at = rotated(false);
    let refused = at.restore(&at.before, None).unwrap_err();
    assert!(refused.contains("the backup has 3 entries"), "{refused}");
    let done = at.restore(&at.before, Some("the disk died")).unwrap();
    assert_eq!((done.size, done.lost, done.key.as_str()), (3, 3, name(&at.old).as_str()));
    at.goes_on(&at.old);
    let retired = at.files.load_retired().unwrap();
    assert_eq!(retired.iter().map(name).collect::<Vec<_>>(), [name(&at.new)]);
}

#[test]
fn a_key_that_was_rotated_away_restores_nothing_quietly() {
    let at = rotated(false);
    // Nothing else is known of what was signed.
    for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.witnessed"] {
        // A ledger that was closed in order leaves no log.
        let _ = std::fs::remove_file(at.path.with_file_name(file));
    }
    let words = format!(
        "the backup is signed with {}, which was rotated away; to go on without it, say \
         --accept-loss REASON",
        name(&at.old)
    );
    assert_eq!(at.restore(&at.before, None).unwrap_err(), words);
    at.restore(&at.before, Some("the box burnt down")).unwrap();
    at.goes_on(&at.old);
}

#[test]
fn without_the_old_key_a_backup_from_before_is_refused_and_nothing_changes() {
    let at = rotated(true);
    let before = std::fs::read(&at.path).unwrap();
    let words = format!(
        "the ledger is signed with the key {}, but the key given is {}",
        name(&at.old),
        name(&at.new)
    );
    assert_eq!(at.restore(&at.before, Some("a thief's")).unwrap_err(), words);
    assert_eq!(std::fs::read(&at.path).unwrap(), before);
    at.goes_on(&at.new);
}

#[test]
fn an_export_of_a_rotated_ledger_comes_back_whole() {
    let Rotated { _folder, path, old, new, .. } = rotated(false);
    let mut export = Vec::new();
    let file = gatewarden_store::file::LedgerReader::open(&path).unwrap();
    file.export(&ExportOptions::default(), &mut export).unwrap();
    let copy = path.with_file_name("imported.db");
    import(export.as_slice(), &copy, &new.verifying_key()).unwrap();
    let reader = LedgerReader::open(&copy).unwrap();
    for key in [&old, &new] {
        assert_eq!(reader.verify(&key.verifying_key()).unwrap().findings, []);
    }
    assert_eq!(reader.verifier_key().unwrap(), name(&new));
    assert_eq!(reader.first_verifier_key().unwrap(), name(&old));
}
