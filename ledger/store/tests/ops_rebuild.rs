//! What was done to the projections is undone from the journal.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{filled, folder, key};
use gatewarden_store::{LedgerReader, rebuild};

#[test]
fn edited_and_missing_projections_are_made_anew() {
    let (_folder, path) = folder();
    drop(filled(&path, 30));
    let verify = || {
        LedgerReader::open(&path).unwrap().verify_with(&key().verifying_key(), None, None).unwrap()
    };
    let sql = "UPDATE balance SET quantity = quantity + 1; DELETE FROM subject WHERE seq > 7;
        DELETE FROM movement_index WHERE seq = 3";
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    assert!(!verify().ok);
    assert_eq!(rebuild(&path, None).unwrap(), 31);
    assert_eq!(verify().findings, []);
}
