//! Ledgers of every released version come up to date, and projections can be made anew: what was
//! recorded stays provable, and the new tables say what the journal says.
//!
//! `released/vN.sql` is a dump of a ledger that the program of that version wrote.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::path::Path;

use common::{decision, filled, folder, group, key, options, receipt, stamp};
use gatewarden_model::{Actor, Body, Entry, Subject, SubjectKind, Tid};
use gatewarden_stock::Wants;
use gatewarden_store::{BalanceFilter, Ledger, LedgerReader, rebuild, schema_version};
use rusqlite::Connection;

fn restore(path: &Path, dump: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(dump).unwrap();
}

#[test]
fn a_ledger_of_version_1_comes_up_to_date_whole() {
    let (_folder, path) = folder();
    restore(&path, include_str!("released/v1.sql"));
    let mut ledger = Ledger::open(&path, options()).unwrap();
    assert_eq!(ledger.next_seq(), 9);
    let reader = ledger.reader().unwrap();
    let report = reader.verify(&key().verifying_key()).unwrap();
    assert_eq!((report.findings, report.movements), (vec![], 5));
    let stock = reader.stock(&BalanceFilter::default()).unwrap();
    let words: Vec<_> = stock
        .iter()
        .map(|b| (b.item.as_str(), b.bucket.lot.as_deref(), b.location.as_str(), b.quantity))
        .collect();
    let (a, b) = (("M-100", None, "wh1/dock", 43), ("M-200", Some("L1"), "wh1/dock", 5));
    assert_eq!(words, [a, b]);
    let hash = reader.credential(&"mueller".parse().unwrap()).unwrap();
    assert_eq!(hash.as_deref(), Some("$argon2id$a"));
    ledger.append(&group(vec![receipt(9, 1)])).unwrap();
    assert!(reader.verify(&key().verifying_key()).unwrap().ok);
    drop((ledger, reader));
    let version: usize = Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, schema_version());
}

#[test]
fn a_ledger_of_version_2_comes_up_to_date_whole() {
    let (_folder, path) = folder();
    restore(&path, include_str!("released/v2.sql"));
    let mut ledger = Ledger::open(&path, options()).unwrap();
    assert_eq!(ledger.next_seq(), 9);
    let reader = ledger.reader().unwrap();
    let report = reader.verify(&key().verifying_key()).unwrap();
    assert_eq!((report.findings, report.movements), (vec![], 6));
    let filter = BalanceFilter { item: Some("M-300".parse().unwrap()), ..Default::default() };
    let stock = reader.stock(&filter).unwrap();
    let words: Vec<_> =
        stock.iter().map(|b| (b.bucket.lot.as_deref(), b.location.as_str(), b.quantity)).collect();
    assert_eq!(words, [(Some("L1"), "wh1/a-01", 4), (Some("L1"), "wh1/dock", 8)]);
    let lot = Subject { kind: SubjectKind::Lot, key: "M-300/L1".into() };
    let seqs = |entries: Vec<Entry>| entries.iter().map(|entry| entry.seq).collect::<Vec<_>>();
    assert_eq!(seqs(reader.touching(&lot, 9).unwrap()), [5, 6, 7]);
    let hash = reader.credential(&"mueller".parse().unwrap()).unwrap();
    assert_eq!(hash.as_deref(), Some("$argon2id$a"));
    ledger.append(&group(vec![receipt(9, 1)])).unwrap();
    assert!(reader.verify(&key().verifying_key()).unwrap().ok);
    drop((ledger, reader));
    let witnessed = |connection: Connection| {
        let sql = "SELECT name || ' ' || size FROM cosignature";
        connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
    };
    assert_eq!(witnessed(Connection::open(&path).unwrap()), "hq.example/w1 9");
}

#[test]
fn a_ledger_of_version_3_comes_up_to_date_and_knows_the_chips_of_tags_from_then_on() {
    let (_folder, path) = folder();
    restore(&path, include_str!("released/v3.sql"));
    let mut ledger = Ledger::open(&path, options()).unwrap();
    let reader = ledger.reader().unwrap();
    let report = reader.verify(&key().verifying_key()).unwrap();
    assert_eq!((ledger.next_seq(), report.findings, report.movements), (9, vec![], 6));
    let tag = "urn:epc:id:sgtin:0614141.112345.M-3004".to_owned();
    let wants = Wants { things: [tag.clone()].into(), ..Wants::default() };
    let facts = |reader: &LedgerReader| reader.look_up(&wants).unwrap().things[&tag].clone();
    assert_eq!(facts(&reader).tid, None);
    let tid: Option<Tid> = Some("E2801160600002054C3AB1C7".parse().unwrap());
    let body = Body::Commissioned {
        tag: tag.clone(),
        item: "M-300".parse().unwrap(),
        lot: Some("L1".into()),
        serial: None,
        tid: tid.clone(),
        by: Actor::Daemon,
        decision: decision(),
    };
    ledger.append(&group(vec![Entry::new(9, stamp(9), body)])).unwrap();
    assert_eq!(facts(&reader).tid, tid);
    assert!(reader.verify(&key().verifying_key()).unwrap().ok);
}

#[test]
fn a_version_1_ledger_with_an_edited_entry_is_left_as_it_is() {
    let (_folder, path) = folder();
    restore(&path, &include_str!("released/v1.sql").replace("\"quantity\":30", "\"quantity\":10"));
    let error = Ledger::open(&path, options()).unwrap_err().to_string();
    assert!(error.starts_with("entry 6: its bytes do not match the tree"), "{error}");
    let old = Connection::open(&path).unwrap();
    let count: i64 = old.query_row("SELECT count(*) FROM movement_line", [], |r| r.get(0)).unwrap();
    assert_eq!(count, 6);
}

#[test]
fn auditors_still_read_movements_and_lines_with_sql() {
    let (_folder, path) = folder();
    drop(filled(&path, 2));
    let connection = Connection::open(&path).unwrap();
    let sql = "SELECT document, day, operator, item, movement_line.quantity, from_location, to_location, status \
        FROM movement JOIN movement_line USING (seq) JOIN stock USING (item) WHERE seq = 2";
    let row = connection
        .query_row(sql, [], |row| {
            (0..8).map(|i| row.get::<_, rusqlite::types::Value>(i)).collect::<Result<Vec<_>, _>>()
        })
        .unwrap();
    let text = |text: &str| rusqlite::types::Value::Text(text.to_owned());
    let expected = [
        text("4500001"),
        text("2026-09-21"),
        text("mueller"),
        text("M-100"),
        rusqlite::types::Value::Integer(24),
        text("@supplier/ACME"),
        text("wh1/dock"),
        text("available"),
    ];
    assert_eq!(row, expected);
}

#[test]
fn dropped_and_edited_projections_are_made_anew() {
    let (_folder, path) = folder();
    drop(filled(&path, 30));
    let connection = Connection::open(&path).unwrap();
    let sql =
        "DROP TABLE balance; DROP VIEW movement; DELETE FROM subject; UPDATE thing SET seq = 1;
        INSERT INTO live VALUES ('hold:x', 3)";
    connection.execute_batch(sql).unwrap();
    drop(connection);
    let verified =
        || LedgerReader::open(&path).unwrap().verify(&key().verifying_key()).unwrap().findings;
    assert!(!verified().is_empty());
    assert_eq!(rebuild(&path, None).unwrap(), 31);
    assert_eq!(verified(), []);
    let ledger = Ledger::open(&path, options()).unwrap();
    assert!(rebuild(&path, None).unwrap_err().to_string().contains("being written by process"));
    drop(ledger);
}
