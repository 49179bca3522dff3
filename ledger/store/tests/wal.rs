//! The write-ahead log stays within its bound under load that never pauses, and readers beside the
//! writer see whole groups.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::fs;

use common::{filled, folder, group, key, options, receipt, stamp};
use gatewarden_model::{Body, Entry};
use gatewarden_store::{Ledger, LedgerReader};

#[test]
fn the_log_starts_over_before_it_fills_the_disk() {
    let (_folder, path) = folder();
    let mut ledger = Ledger::open(&path, options()).unwrap();
    let reason = "x".repeat(4 << 20);
    for seq in 0..24 {
        let entry = Entry::new(seq, stamp(seq), Body::Stopped { reason: reason.clone() });
        ledger.append(&group(vec![entry])).unwrap();
    }
    let log = fs::metadata(path.with_extension("db-wal")).unwrap().len();
    assert!(log < 76 << 20, "{} MiB of log for 96 MiB of entries", log >> 20);
    assert!(fs::metadata(&path).unwrap().len() > 40 << 20, "the rest is in the database");
}

#[test]
fn a_reader_beside_the_writer_and_on_a_copy() {
    let (_folder, path) = folder();
    let mut ledger = filled(&path, 3);
    let reader = LedgerReader::open(&path).unwrap();
    ledger.append(&group((4..8).map(|seq| receipt(seq, 1)).collect())).unwrap();
    assert_eq!(reader.len().unwrap(), 8);
    assert_eq!(reader.checkpoint().unwrap().unwrap().checkpoint.size, 8);
    drop((ledger, reader));
    let copy = path.with_file_name("copy.db");
    fs::copy(&path, &copy).unwrap();
    let report = LedgerReader::open(&copy).unwrap().verify(&key().verifying_key()).unwrap();
    assert!(report.ok && report.entries == 8);
    assert!(LedgerReader::open(&path.with_file_name("none.db")).is_err());
}
