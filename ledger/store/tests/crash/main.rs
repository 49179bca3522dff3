//! Enumerated crashes: a workload is run once to count its writes and flushes; then, for each of
//! them, the process dies (also in the middle of the write), the power goes (also where the disk has
//! kept some of what was not flushed), the disk fills up or breaks exactly there. Afterwards every
//! acknowledged entry is there, no half group, the whole verifies, and a fresh group posts. The same
//! for `rebuild` and for the migration of an older ledger, which may lose nothing at all.
//!
//! `plain` is a few receipts without a pause, `rich` a day with all that a ledger can record.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../desk/mod.rs"]
mod desk;
mod plain;
mod rich;
mod story;
mod tables;

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use common::{key, options};
use gatewarden_store::{Ledger, vfs::Shim};

fn shim() -> Shim {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("crash-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    Shim::register(&name, Duration::ZERO).unwrap()
}

/// Copies a ledger's files as they are, as another process finds them; the place keeps its lock.
fn copy_files(from: &Path, to: &Path) {
    for extension in ["db", "db-wal", "db-journal"] {
        let file = from.with_extension(extension);
        if file.exists() {
            fs::copy(file, to.with_extension(extension)).unwrap();
        }
    }
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
