//! A ledger taken along as text, backed up, restored: what comes back is what was there, and signed
//! history is never lost without a reason.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::{fs, path::Path};

use common::{
    enrolled, filled, folder, group, key, options, receipt, removed, stamp, started, with_pins,
};
use gatewarden_model::{Actor, Body};
use gatewarden_store::{
    file::{Ledger, LedgerReader},
    ops::{
        AcceptedLoss, ExportOptions, OpsError, RestoreOptions, Restored, check_start,
        check_witnessed, import, note_newest, restore,
    },
};

/// A ledger with movements, people and PIN hashes.
fn made(path: &Path) {
    let mut ledger = filled(path, 20);
    let (l, m) = (Some("$l\u{e9}"), Some("$m"));
    ledger.append(&with_pins(vec![enrolled(21, "li.wei", l)], &[("li.wei", l)])).unwrap();
    let two = vec![enrolled(22, "mueller", m), receipt(23, 5)];
    ledger.append(&with_pins(two, &[("mueller", m)])).unwrap();
    ledger.append(&with_pins(vec![removed(24, "mueller")], &[("mueller", None)])).unwrap();
}

fn exported(path: &Path, options: &ExportOptions) -> String {
    let mut out = Vec::new();
    LedgerReader::open(path).unwrap().export(options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn an_export_of_an_import_is_the_same_bit_for_bit() {
    let (folder, path) = folder();
    made(&path);
    for with_credentials in [true, false] {
        let options = ExportOptions { with_credentials, ..ExportOptions::default() };
        let first = exported(&path, &options);
        let new = folder.path().join(format!("new-{with_credentials}.db"));
        let (carried, committed) = import(first.as_bytes(), &new, &key().verifying_key()).unwrap();
        assert_eq!((carried.entries, carried.checkpoints, committed.size), (25, 24, 25));
        assert_eq!(carried.credentials, u64::from(with_credentials));
        assert_eq!(exported(&new, &options), first);
        let report = LedgerReader::open(&new)
            .unwrap()
            .verify_with(&key().verifying_key(), None, None)
            .unwrap();
        assert_eq!(report.ok, with_credentials, "{:?}", report.findings);
        let again = import(first.as_bytes(), &new, &key().verifying_key()).unwrap_err();
        assert!(matches!(again, OpsError::Exists { .. }), "{again}");
    }
    let whole = folder.path().join("new-true.db");
    let mut goes_on = Ledger::open(&whole, common::options()).unwrap();
    goes_on.append(&group(vec![receipt(25, 1)])).unwrap();
}

#[test]
fn a_changed_export_is_refused_with_its_line_and_leaves_nothing() {
    let (folder, path) = folder();
    made(&path);
    let good = exported(&path, &ExportOptions { with_credentials: true, ..Default::default() });
    let lines: Vec<&str> = good.lines().collect();
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let swapped = |a: usize, b: usize| {
        let mut changed = lines.clone();
        changed.swap(a, b);
        joined(&changed)
    };
    let last = lines.len() - 1;
    let partial = exported(&path, &ExportOptions { from: 3, ..Default::default() });
    let uncovered = exported(&path, &ExportOptions { to: Some(23), ..Default::default() });
    let cases = [
        ("empty", String::new(), "line 1: the file is empty: an export begins with its header".into()),
        ("no header", joined(&lines[1..]), "line 1: an export begins with its header".into()),
        (
            "cut at a line",
            joined(&lines[..last]),
            format!("line {}: the file is cut off: it has no line \"end\"", last + 1),
        ),
        (
            "cut in a line",
            good[..good.len() - 9].to_owned(),
            format!("line {}: the line is cut off or too long", last + 1),
        ),
        (
            "two entries in each other's place",
            swapped(1, 3),
            "line 2: entry 0: entry 1 stands where entry 0 must come".into(),
        ),
        (
            "an entry left out",
            joined(&[&lines[..3], &lines[5..]].concat()),
            "line 4: entry 1: entry 2 stands where entry 1 must come".into(),
        ),
        (
            "a quantity",
            good.replacen("\\\"quantity\\\":24", "\\\"quantity\\\":42", 1),
            "line 5: entry 1 can't be what was signed: the tree does not lead to the root that the \
             checkpoint of 2 entries signed"
                .into(),
        ),
        (
            "another spelling of the line",
            good.replacen("{\"entry\":\"", "{\"entry\": \"", 1),
            "line 2: it is spelt otherwise than an export is, at byte 9".into(),
        ),
        (
            "another spelling of the bytes",
            good.replacen("\\\"quantity\\\":24", "\\\"quantity\\\":24.0", 1),
            "line 4: entry 1: not a value of this kind: invalid type: floating point `24.0`, expected \
             i64 at line 1 column 930"
                .into(),
        ),
        (
            "a key twice",
            good.replacen("{\\\"at\\\"", "{\\\"seq\\\":1,\\\"at\\\"", 1),
            "line 2: entry 0: not a value of this kind: duplicate field `seq` at line 1 column 335"
                .into(),
        ),
        (
            "a PIN hash",
            good.replacen("$l", "$x", 1),
            "line 51: the PIN hash of \"li.wei\" is not the one the journal names".into(),
        ),
        (
            "something after the end",
            format!("{good}\n"),
            format!("line {}: something follows the line \"end\"", last + 2),
        ),
        (
            "another format",
            good.replacen("-export-1", "-export-2", 1),
            "line 1: the format is \"gatewarden-ledger-export-2\", this program reads \
             \"gatewarden-ledger-export-1\""
                .into(),
        ),
        ("a part", partial, "line 1: it begins with entry 3: import needs all from entry 0".into()),
        (
            "up to the middle of a group",
            uncovered,
            "line 47: entries from 22 on are not covered by any checkpoint".into(),
        ),
    ];
    let mut others = vec![];
    for (name, text, words) in cases {
        let new = folder.path().join("refused.db");
        let error = import(text.as_bytes(), &new, &key().verifying_key()).unwrap_err().to_string();
        if error != words {
            others.push(format!("{name}\n  {error}\n  {words}"));
        }
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
        let left = left.iter().filter(|f| f.file_name().to_string_lossy().starts_with("refused"));
        assert_eq!(left.count(), 0, "{name} leaves something behind");
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

fn restoring(reason: Option<&str>, checkpoints: Vec<(String, String)>) -> RestoreOptions {
    let accept_loss = reason.map(|reason| AcceptedLoss {
        reason: reason.into(),
        by: Actor::Local { uid: 0 },
        at: stamp(100),
    });
    let (key, origin) = (key(), "gw-1".into());
    let (more_keys, retired_keys, key_files) = (vec![], vec![], None);
    RestoreOptions { key, more_keys, retired_keys, key_files, origin, checkpoints, accept_loss }
}

/// A ledger of 31 entries, noted as such, and a backup of its first 21.
fn with_old_backup() -> (tempfile::TempDir, std::path::PathBuf, std::path::PathBuf) {
    let (folder, path) = folder();
    let mut ledger = filled(&path, 20);
    let backup = folder.path().join("backup.db");
    let report =
        LedgerReader::open(&path).unwrap().backup(&backup, &key().verifying_key()).unwrap();
    assert_eq!((report.ok, report.entries), (true, 21));
    for seq in 21..31 {
        ledger.append(&group(vec![receipt(seq, 1)])).unwrap();
    }
    note_newest(&path, &LedgerReader::open(&path).unwrap()).unwrap();
    (folder, path, backup)
}

#[test]
fn a_backup_beside_the_writer_is_of_one_moment_and_whole() {
    let (_folder, path, backup) = with_old_backup();
    let reader = LedgerReader::open(&path).unwrap();
    // The older one there may be replaced, by a newer one of the same ledger only.
    assert_eq!(reader.backup(&backup, &key().verifying_key()).unwrap().entries, 31);
    assert!(!backup.with_extension("db-wal").exists(), "a backup is one file");
    let (other_folder, _other) = folder();
    let strange = other_folder.path().join("strange.db");
    fs::write(&strange, "precious").unwrap();
    let refused = reader.backup(&strange, &key().verifying_key()).unwrap_err();
    assert!(matches!(refused, OpsError::Exists { .. }), "{refused}");
    assert_eq!(fs::read(&strange).unwrap(), b"precious");
}

#[test]
fn a_restore_refuses_to_lose_signed_history_and_records_what_is_accepted() {
    let (_folder, path, backup) = with_old_backup();
    let refused = restore(&backup, &path, &restoring(None, vec![])).unwrap_err().to_string();
    assert_eq!(
        refused,
        "the backup has 21 entries, the last signed checkpoint covers 31; to go on without it, say \
         --accept-loss REASON"
    );
    assert_eq!(LedgerReader::open(&path).unwrap().len().unwrap(), 31, "nothing was changed");
    let done = restore(&backup, &path, &restoring(Some("the disk died"), vec![])).unwrap();
    assert_eq!((done.size, done.lost), (21, 10));
    assert_eq!(LedgerReader::open(&done.set_aside.unwrap()).unwrap().len().unwrap(), 31);
    let reader = LedgerReader::open(&path).unwrap();
    check_witnessed(&path, &reader).unwrap();
    let Body::Restored { size, lost, reason, .. } = reader.entry(21).unwrap().unwrap().body else {
        panic!("the first new entry tells of it")
    };
    assert_eq!((size, lost, reason.as_str()), (21, 10, "the disk died"));
    assert!(reader.verify_with(&key().verifying_key(), None, None).unwrap().ok);
}

#[test]
fn a_restore_that_loses_nothing_needs_no_reason() {
    let (_folder, path, backup) = with_old_backup();
    LedgerReader::open(&path).unwrap().backup(&backup, &key().verifying_key()).unwrap();
    fs::write(&path, "not a database at all").unwrap();
    let done = restore(&backup, &path, &restoring(None, vec![])).unwrap();
    assert!(matches!(done, Restored { size: 31, lost: 0, set_aside: Some(_), .. }), "{done:?}");
    assert_eq!(fs::read(done.set_aside.unwrap()).unwrap(), b"not a database at all");
    assert_eq!(Ledger::open(&path, options()).unwrap().next_seq(), 31);
}

#[test]
fn a_checkpoint_kept_elsewhere_is_asked_too() {
    let (_folder, path, backup) = with_old_backup();
    let note = LedgerReader::open(&path).unwrap().checkpoint().unwrap().unwrap().note;
    let (_elsewhere, elsewhere) = folder();
    let asked = restoring(None, vec![("head-office.note".into(), note)]);
    let refused = restore(&backup, &elsewhere, &asked).unwrap_err().to_string();
    let words = "the backup has 21 entries, the checkpoint head-office.note covers 31; to go on without \
        it, say --accept-loss REASON";
    assert_eq!(refused, words);
    assert!(!elsewhere.exists());
}

#[test]
fn an_older_file_in_its_place_is_told_at_the_start() {
    let (_folder, path, backup) = with_old_backup();
    fs::copy(&backup, &path).unwrap();
    check_start(&path).unwrap();
    let told = check_witnessed(&path, &LedgerReader::open(&path).unwrap()).unwrap_err().to_string();
    let words = format!(
        "the ledger has 21 entries, but the last signed checkpoint ({}) covers 31: an older file lies in \
         its place; bring the newer file, or restore this one with `gatewarden ledger restore {} \
         --accept-loss REASON`",
        path.with_extension("witnessed").display(),
        path.display()
    );
    assert_eq!(told, words);
    fs::remove_file(&path).unwrap();
    let told = check_start(&path).unwrap_err().to_string();
    let words = format!(
        "the ledger {} is missing, but {} says that it was there: bring it back, or restore a backup with \
         `gatewarden ledger restore BACKUP`",
        path.display(),
        path.with_extension("witnessed").display()
    );
    assert_eq!(told, words);
}

#[test]
fn an_old_backup_that_was_continued_is_told_as_two_histories() {
    let (_folder, path, backup) = with_old_backup();
    let signed = LedgerReader::open(&path).unwrap().checkpoint().unwrap().unwrap().checkpoint.root;
    fs::copy(&backup, &path).unwrap();
    let mut ledger = Ledger::open(&path, options()).unwrap();
    for seq in 21..31 {
        ledger.append(&group(vec![receipt(seq, 2)])).unwrap();
    }
    let told = check_witnessed(&path, &ledger.reader().unwrap()).unwrap_err().to_string();
    let words = format!(
        "two histories: the last signed checkpoint of 31 entries has the root {signed}, the ledger's 31 \
         entries have {}",
        ledger.committed().root
    );
    assert_eq!(told, words);
    let whole = ledger.reader().unwrap().verify_with(&key().verifying_key(), None, None).unwrap();
    assert!(whole.ok, "from the inside nothing can be seen");
}

#[test]
fn two_ledgers_shown_to_two_parties_are_told_by_their_first_different_entry() {
    let (_folder, path, backup) = with_old_backup();
    let mut forked = Ledger::open(&backup, options()).unwrap();
    forked.append(&group(vec![receipt(21, 7), started(22)])).unwrap();
    let (a, b) = (LedgerReader::open(&path).unwrap(), forked.reader().unwrap());
    let difference = gatewarden_store::ops::compare(&a, &b).unwrap();
    let words = difference.words("a.db", "b.db");
    assert!(difference.is_fork());
    let text = |seq, quantity| String::from_utf8(receipt(seq, quantity).encode().unwrap()).unwrap();
    let expected = format!(
        "TWO HISTORIES: entry 21 is the first that differs\n  a.db: {}\n  b.db: {}",
        text(21, 1),
        text(21, 7)
    );
    assert_eq!(words, expected);
    let shorter = gatewarden_store::ops::compare(&a, &a).unwrap().words("a.db", "a.db");
    assert_eq!(shorter, "a.db and a.db have the same 31 entries");
}

#[test]
fn a_backup_never_takes_the_place_of_a_ledger() {
    let (folder, path) = folder();
    made(&path);
    let open = |path: &Path| gatewarden_store::file::LedgerReader::open(path).unwrap();
    let words = |at: &Path| {
        let words =
            "is a ledger in use, not a backup: name a file of its own, best on another disk";
        format!("{} {words}", at.display())
    };
    // Itself, also by another name, and a copy that somebody else writes.
    let link = folder.path().join("link.db");
    std::fs::hard_link(&path, &link).unwrap();
    for at in [&path, &link] {
        let refused = open(&path).backup(at, &key().verifying_key()).unwrap_err();
        assert_eq!(refused.to_string(), words(at));
    }
    std::fs::remove_file(&link).unwrap();
    let copy = folder.path().join("copy.db");
    open(&path).backup(&copy, &key().verifying_key()).unwrap();
    let writer = Ledger::open(&copy, common::options()).unwrap();
    let refused = open(&path).backup(&copy, &key().verifying_key()).unwrap_err();
    assert_eq!(refused.to_string(), words(&copy));
    drop(writer);
    open(&path).backup(&copy, &key().verifying_key()).unwrap();
}
