//! A past day, as it was known then and as it is known now: walked back from today.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{group, line, moved, options};
use gatewarden_model::{Body, Day, Entry, ItemId, MovementKind};
use gatewarden_store::{Balance, Evening, LedgerReader, PastStock, View};

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
    let evening = Evening { day: day(n), offset_min: 0, view };
    let past = reader.stock_on(evening, None).unwrap();
    let at = |stock: &&gatewarden_store::PastStock| stock.location.as_str() == "wh1/dock";
    past.stock.iter().filter(at).map(|stock| stock.quantity).sum()
}

on_both! {
fn what_was_back_dated_is_seen_as_corrected_and_not_as_known(home) {
    let mut ledger = home.open(options());
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


fn a_clock_that_was_not_set_ends_no_day(home) {
    let mut ledger = home.open(options());
    let mut unset = receipt(2, -20_000, 1);
    unset.at.synced = false;
    ledger.append(&group(vec![receipt(0, 0, 10), receipt(1, 2, 5), unset])).unwrap();
    let reader = ledger.reader().unwrap();
    assert_eq!(dock(&reader, 0, View::Known), 10);
    assert_eq!(dock(&reader, 1, View::Known), 10);
    assert_eq!(dock(&reader, 2, View::Known), 16);
}

fn of_a_clock_that_is_never_set_its_own_stamps_count(home) {
    let mut ledger = home.open(options());
    for (seq, n) in [(0, 0), (1, 1), (2, 1), (3, 4)] {
        let mut entry = receipt(seq, n, 10);
        entry.at.synced = false;
        ledger.append(&group(vec![entry])).unwrap();
    }
    let reader = ledger.reader().unwrap();
    for view in [View::Known, View::Corrected] {
        let seen: Vec<_> = (-1..=5).map(|n| dock(&reader, n, view)).collect();
        assert_eq!(seen, [0, 10, 30, 30, 30, 40, 40], "{view:?}");
    }
}


fn every_evening_is_what_the_ledger_said_then(home) {
    let mut ledger = home.open(options());
    let (mut seed, mut evenings, mut seq) = (0x9e37_79b9_7f4a_7c15_u64, Vec::new(), 0);
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let places = ["wh1/a", "wh1/b", "@supplier/A", "@loss/x"];
    for n in 0..30 {
        let mut tries = 0;
        while tries < 12 {
            tries += 1;
            let item = ["M-100", "M-200"][random(2) as usize];
            let (from, to) = (places[random(3) as usize], places[random(4) as usize]);
            if from == to || (from.starts_with('@') && to.starts_with('@')) {
                continue;
            }
            let line = line(item, random(9) as i64 + 1, from, to);
            let entry = on(n, moved(seq, seq.into(), vec![line]), MovementKind::Transfer);
            // What is not there can't be moved, and is no part of the evening.
            seq += u64::from(ledger.append(&group(vec![entry])).is_ok());
        }
        evenings.push(home.reader().balances(&Default::default()).unwrap());
    }
    assert!(seq > 100, "{seq} movements: many of them were possible");
    let reader = home.reader();
    for (n, evening) in (0..).zip(evenings) {
        for (view, only) in [(View::Known, None), (View::Corrected, Some("M-200"))] {
            let item = only.map(|item| item.parse::<ItemId>().unwrap());
            let past = reader.stock_on(Evening { day: day(n), offset_min: 0, view }, item.as_ref());
            let past: Vec<_> = past.unwrap().stock.into_iter().map(|at| {
                let PastStock { item, location, bucket, quantity } = at;
                Balance { item, location, bucket, quantity }
            }).collect();
            let expect: Vec<_> = evening.iter().filter(|at| only.is_none_or(|item| at.item.as_str() == item)).cloned().collect();
            assert_eq!(past, expect, "day {n}, {view:?}");
        }
    }
}
}
