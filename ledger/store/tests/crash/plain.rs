//! Enumerated crashes: a workload is run once to count its writes and flushes; then, for each of
//! them, the process dies (also in the middle of the write), the power goes (also where the disk has
//! kept some of what was not flushed), the disk fills up or breaks exactly there. Afterwards every
//! acknowledged entry is there, no half group, the whole verifies, and a fresh group posts. The same
//! for `rebuild` and for the migration of an older ledger, which may lose nothing at all.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use common::{folder, group, key, options, receipt, started};
use gatewarden_store::{
    Group, Ledger, LedgerReader, OpenOptions, StoreError, rebuild,
    vfs::{Fault, Shim},
};

fn shim() -> Shim {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("crash-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    Shim::register(&name, Duration::ZERO).unwrap()
}

/// Entries in the ledger that every case begins with.
const PREPARED: u64 = 12;

/// A file of that ledger, to copy.
fn prepared() -> &'static Path {
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

/// Opens and verifies; how many entries there are.
fn whole(path: &Path) -> u64 {
    let ledger = Ledger::open(path, options()).unwrap();
    let len = ledger.next_seq();
    let report = ledger.reader().unwrap().verify(&key().verifying_key()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.entries, report.size), (len, len));
    len
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
fn posts_again(path: &Path) -> u64 {
    let (_other, copy) = folder();
    for extension in ["db", "db-wal", "db-journal"] {
        let from = path.with_extension(extension);
        if from.exists() {
            fs::copy(from, copy.with_extension(extension)).unwrap();
        }
    }
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

/// What makes a ledger's tables anew, of a file with so many entries.
struct Work {
    entries: u64,
    prepare: fn(&Path),
    run: fn(&Path, Option<String>) -> Result<u64, StoreError>,
}

const REBUILD: Work = Work {
    entries: PREPARED,
    prepare: |path| {
        fs::copy(prepared(), path).unwrap();
    },
    run: |path, vfs| rebuild(path, vfs.as_deref()),
};

const MIGRATION: Work = Work {
    entries: 9,
    prepare: |path| {
        let old = rusqlite::Connection::open(path).unwrap();
        old.execute_batch(include_str!("released/v1.sql")).unwrap();
    },
    run: |path, vfs| Ok(Ledger::open(path, OpenOptions { vfs, ..options() })?.next_seq()),
};

impl Work {
    /// Does it with a fault at the `k`-th operation; false where it was over before.
    fn cut_off(&self, k: u64, fault: Fault) -> bool {
        let (_folder, path) = folder();
        (self.prepare)(&path);
        let shim = shim();
        shim.arm(k, fault);
        let done = (self.run)(&path, Some(shim.name()));
        let reached = shim.counts().writes + shim.counts().syncs >= k;
        let fails = matches!(fault, Fault::Full | Fault::Broken);
        assert_eq!(shim.frozen(), reached && !fails);
        match done {
            Ok(entries) => assert_eq!(entries, self.entries),
            Err(error) => assert!(reached, "{fault:?} at {k}: {error:?}"),
        }
        assert_eq!(posts_again(&path), self.entries);
        shim.disarm();
        assert_eq!((self.run)(&path, None).unwrap(), self.entries);
        assert_eq!(whole(&path), self.entries);
        reached
    }

    fn cut_off_anywhere(&self) {
        let died = [Fault::Kill, Fault::PowerCut, Fault::Torn, Fault::Scattered];
        for fault in died.into_iter().chain([Fault::Full, Fault::Broken]) {
            let operations = (1..).take_while(|k| self.cut_off(*k, fault)).count();
            assert!(operations > 10, "{fault:?}: {operations} operations");
        }
    }
}

#[test]
fn a_rebuild_that_is_cut_off_at_any_operation_harms_nothing() {
    REBUILD.cut_off_anywhere();
}

#[test]
fn a_migration_that_is_cut_off_at_any_operation_harms_nothing() {
    MIGRATION.cut_off_anywhere();
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
