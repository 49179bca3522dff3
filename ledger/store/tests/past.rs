//! A past day, as it was known then and as it is known now: walked back from today.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{folder, group, line, moved, options};
use gatewarden_model::{Body, Day, Entry, MovementKind};
use gatewarden_store::{Ledger, LedgerReader, View};

const DAY_US: i64 = 86_400_000_000;
const FIRST: i64 = 1_790_000_000_000_000;

fn day(n: i64) -> Day {
    Day::from_number(FIRST / DAY_US + n)
}

/// A movement of day `n`.
fn on(n: i64, mut entry: Entry, kind: MovementKind) -> Entry {
    entry.at.wall_us = FIRST + n * DAY_US;
    if let Body::Moved { movement, .. } = &mut entry.body {
        movement.kind = kind;
        movement.lines.iter_mut().for_each(|line| line.things.clear());
    }
    entry
}

fn receipt(seq: u64, n: i64, quantity: i64) -> Entry {
    let line = line("M-100", quantity, "@supplier/ACME", "wh1/dock");
    on(n, moved(seq, seq.into(), vec![line]), MovementKind::Receipt)
}

/// Base units at the dock.
fn dock(reader: &LedgerReader, n: i64, view: View) -> i64 {
    let past = reader.stock_on(day(n), view).unwrap();
    let at = |stock: &&gatewarden_store::PastStock| stock.location.as_str() == "wh1/dock";
    past.stock.iter().filter(at).map(|stock| stock.quantity).sum()
}

#[test]
fn what_was_back_dated_is_seen_as_corrected_and_not_as_known() {
    let (_folder, path) = folder();
    let mut ledger = Ledger::open(&path, options()).unwrap();
    let ship = line("M-100", 7, "wh1/dock", "@customer/C");
    let ship = on(2, moved(1, 1, vec![ship]), MovementKind::Shipment);
    ledger.append(&group(vec![receipt(0, 0, 10), ship, receipt(2, 3, 5)])).unwrap();
    let mut late = receipt(3, 4, 100);
    if let Body::Moved { movement, .. } = &mut late.body {
        movement.back_dated = true;
        movement.effective = Some(day(1));
    }
    ledger.append(&group(vec![late])).unwrap();
    let reader = ledger.reader().unwrap();
    let seen = |view| (-1..=5).map(|n| dock(&reader, n, view)).collect::<Vec<_>>();
    assert_eq!(seen(View::Known), [0, 10, 10, 3, 8, 108, 108]);
    assert_eq!(seen(View::Corrected), [0, 10, 110, 103, 108, 108, 108]);
    let report = reader.verify(&common::key().verifying_key()).unwrap();
    assert_eq!(report.findings, []);
}

#[test]
fn a_clock_that_was_not_set_ends_no_day() {
    let (_folder, path) = folder();
    let mut ledger = Ledger::open(&path, options()).unwrap();
    let mut unset = receipt(2, -20_000, 1);
    unset.at.synced = false;
    ledger.append(&group(vec![receipt(0, 0, 10), receipt(1, 2, 5), unset])).unwrap();
    let reader = ledger.reader().unwrap();
    assert_eq!(dock(&reader, 0, View::Known), 10);
}
