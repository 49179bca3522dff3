//! Receipts in groups of several sizes, in one run, with a crash at every write and flush.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use gatewarden_store::{
    Group, Ledger, LedgerReader, OpenOptions, StoreError,
    vfs::{Fault, Shim},
};

use crate::{
    common::{folder, group, key, options, receipt, started},
    copy_files, shim, whole,
};

/// Entries in the ledger that every case begins with.
pub(crate) const PREPARED: u64 = 12;

/// A file of that ledger, to copy.
pub(crate) fn prepared() -> &'static Path {
    static FOLDER: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = FOLDER.get_or_init(|| {
        let (folder, path) = folder();
        let entries = std::iter::once(started(0)).chain((1..PREPARED).map(|seq| receipt(seq, 2)));
        let mut ledger = Ledger::open(&path, options()).unwrap();
        ledger.append(&group(entries.collect())).unwrap();
        (folder, path)
    });
    path
}

/// Groups of 1, 3, 4 and 2 entries.
fn groups() -> Vec<Group> {
    let mut next = PREPARED;
    let mut of = |count: u64| {
        let entries = (next..next + count).map(|seq| receipt(seq, 2)).collect();
        next += count;
        group(entries)
    };
    vec![of(1), of(3), of(4), of(2)]
}

fn open(path: &Path, shim: &Shim) -> Ledger {
    fs::copy(prepared(), path).unwrap();
    Ledger::open(path, OpenOptions { vfs: Some(shim.name()), ..options() }).unwrap()
}

/// Runs the workload; how many entries were acknowledged before the VFS froze.
fn run(ledger: &mut Ledger, shim: &Shim) -> u64 {
    let mut acknowledged = ledger.next_seq();
    for (i, group) in groups().iter().enumerate() {
        let Ok(committed) = ledger.append(group) else { break };
        if shim.frozen() {
            break;
        }
        acknowledged = committed.size;
        if i == 1 && ledger.copy_log().is_err() {
            break;
        }
    }
    acknowledged
}

fn operations_of_the_workload() -> u64 {
    let (_folder, path) = folder();
    let shim = shim();
    let mut ledger = open(&path, &shim);
    let before = shim.counts();
    assert_eq!(run(&mut ledger, &shim), PREPARED + 10);
    let after = shim.counts();
    let count = after.writes + after.syncs - before.writes - before.syncs;
    assert!(count > 50, "the workload writes: {count}");
    count
}

fn check(path: &Path, acknowledged: u64) -> u64 {
    let len = whole(path);
    fits(len, acknowledged);
    len
}

fn fits(len: u64, acknowledged: u64) {
    assert!(len >= acknowledged, "{acknowledged} acknowledged, {len} there");
    assert!([0, 1, 4, 8, 10].contains(&(len - PREPARED)), "half a group: {len}");
}

fn dies(fault: Fault) {
    for k in 1..=operations_of_the_workload() {
        let (_folder, path) = folder();
        let shim = shim();
        let mut ledger = open(&path, &shim);
        shim.arm(k, fault);
        let acknowledged = run(&mut ledger, &shim);
        assert!(shim.frozen(), "operation {k}");
        fits(posts_again(&path), acknowledged);
    }
}

/// Looks at what the dead process leaves on the disk, as another does, and posts a fresh movement; how
/// many entries there were.
pub(crate) fn posts_again(path: &Path) -> u64 {
    let (_other, copy) = folder();
    copy_files(path, &copy);
    let len = whole(&copy);
    let mut again = Ledger::open(&copy, options()).unwrap();
    again.append(&group(vec![receipt(len, 2)])).unwrap();
    len
}

#[test]
fn a_kill_at_any_operation_loses_nothing_acknowledged() {
    dies(Fault::Kill);
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_acknowledged() {
    dies(Fault::PowerCut);
}

#[test]
fn a_kill_in_the_middle_of_any_write_loses_nothing_acknowledged() {
    dies(Fault::Torn);
}

#[test]
fn a_disk_that_keeps_writes_out_of_order_loses_nothing_acknowledged() {
    dies(Fault::Scattered);
}

fn disk_fails(fault: Fault, expected: fn(&StoreError) -> bool) {
    for k in 1..=operations_of_the_workload() {
        let (_folder, path) = folder();
        let shim = shim();
        let mut ledger = open(&path, &shim);
        shim.arm(k, fault);
        let mut failed = 0;
        for (i, group) in groups().iter().enumerate() {
            if let Err(error) = ledger.append(group) {
                assert!(expected(&error), "operation {k}: {error:?}");
                failed += 1;
                assert!(ledger.append(group).is_err(), "and again");
                shim.disarm();
                ledger.append(group).unwrap();
            }
            if i == 1 && ledger.copy_log().is_err() {
                failed += 1;
                shim.disarm();
            }
        }
        assert!(failed == 1 || fault == Fault::Full, "operation {k}: {failed} failures");
        assert_eq!(ledger.next_seq(), PREPARED + 10);
        assert!(LedgerReader::open(&path).unwrap().verify(&key().verifying_key()).unwrap().ok);
        drop(ledger);
        assert_eq!(check(&path, PREPARED + 10), PREPARED + 10);
    }
}

#[test]
fn a_disk_that_fills_up_at_any_operation_stops_nothing_for_ever() {
    disk_fails(Fault::Full, |error| matches!(error, StoreError::DiskFull));
}

#[test]
fn a_disk_that_breaks_at_any_operation_stops_nothing_for_ever() {
    disk_fails(Fault::Broken, |error| matches!(error, StoreError::DiskFailed(_)));
}

#[test]
fn a_commit_costs_one_flush() {
    let (_folder, path) = folder();
    let shim = shim();
    let mut ledger = open(&path, &shim);
    // The first commit also flushes the header of a new write-ahead log.
    ledger.append(&groups()[0]).unwrap();
    let before = shim.counts().syncs;
    for seq in PREPARED + 1..=PREPARED + 50 {
        ledger.append(&group(vec![receipt(seq, 2)])).unwrap();
    }
    assert_eq!(shim.counts().syncs - before, 50);
}
