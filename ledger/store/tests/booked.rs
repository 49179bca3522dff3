//! What was booked for a run of days is found by the days, wherever in the journal it stands.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{decision, group, line, moved, options, started};
use gatewarden_model::{
    Actor, Body, Day, Document, DocumentKind, Entry, Item, MovementId, Valuation, ValuationMethod,
};
use gatewarden_store::{BookedDays, LedgerReader};

const DAY_US: i64 = 86_400_000_000;
const FIRST: i64 = 1_790_000_000_000_000 / DAY_US * DAY_US + DAY_US / 2;

fn day(n: i64) -> Day {
    Day::from_number(FIRST / DAY_US + n)
}

fn on(n: i64, seq: u64, mut entry: Entry) -> Entry {
    entry.seq = seq;
    entry.at.wall_us = FIRST + n * DAY_US + i64::try_from(seq).unwrap();
    entry
}

fn defined() -> Entry {
    let valuation = Some(Valuation {
        method: ValuationMethod::MovingAverage,
        currency: "EUR".into(),
        decimals: 2,
    });
    let item = Item {
        code: "M-100".parse().unwrap(),
        name: "Part".into(),
        class: Default::default(),
        tracking: Default::default(),
        unit: "pcs".into(),
        units: vec![],
        gtins: vec![],
        safety_stock: None,
        lead_time_days: None,
        valuation,
    };
    Entry::new(0, common::stamp(0), Body::ItemDefined { item, by: Actor::Daemon })
}

/// A receipt on day `n`.
fn receipt(n: i64, seq: u64) -> Entry {
    let mut line = line("M-100", 1, "@supplier/A", "wh1/dock");
    line.value = Some("10".parse().unwrap());
    line.things.clear();
    on(n, seq, moved(seq, seq.into(), vec![line]))
}

fn movement(entry: &Entry) -> MovementId {
    let Body::Moved { movement, .. } = &entry.body else { panic!("{entry:?}") };
    movement.id
}

/// Freight for a receipt, on day `n`.
fn freight(n: i64, seq: u64, of: &Entry) -> Entry {
    let body = Body::CostLanded {
        movement: movement(of),
        document: Document { kind: DocumentKind::PurchaseOrder, number: "F-1".into() },
        amounts: vec!["1".parse().unwrap()],
        revalues: vec![],
        voucher: vec![],
        by: Actor::Daemon,
        decision: decision(),
    };
    on(n, seq, Entry::new(seq, common::stamp(seq), body))
}

/// `seq@day` of what is booked for days.
fn booked(
    reader: &LedgerReader,
    from: Option<i64>,
    to: Option<i64>,
    offset_min: i32,
) -> Vec<String> {
    let mut found = Vec::new();
    let days = BookedDays { from: from.map(day), to: to.map(day), offset_min };
    let see = |at: Day, entry: Entry| {
        found.push(format!("{}@{}", entry.seq, at.number() - day(0).number()));
        true
    };
    reader.booked(days, see).unwrap();
    found
}

on_both! {
fn the_days_asked_for_are_told_and_no_others(home) {
    let mut ledger = home.open(options());
    let first = receipt(0, 1);
    let mut late = receipt(3, 6);
    if let Body::Moved { movement, .. } = &mut late.body {
        movement.effective = Some(day(1));
        movement.back_dated = true;
    }
    // The clock forgot the time when this was recorded: it counts for the day that had begun.
    let mut unset = freight(-20_000, 5, &first);
    unset.at.synced = false;
    let entries = vec![
        on(0, 0, defined()), first.clone(), on(1, 2, started(2)), freight(1, 3, &first),
        receipt(2, 4), unset, late, freight(4, 7, &first),
    ];
    for entry in entries {
        ledger.append(&group(vec![entry])).unwrap();
    }
    let reader = home.reader();
    let all = ["1@0", "3@1", "4@2", "5@2", "6@1", "7@4"];
    assert_eq!(booked(&reader, None, None, 0), all);
    assert_eq!(booked(&reader, Some(0), Some(0), 0), ["1@0"]);
    assert_eq!(booked(&reader, Some(1), Some(1), 0), ["3@1", "6@1"]);
    assert_eq!(booked(&reader, Some(1), None, 0), all[1..]);
    assert_eq!(booked(&reader, None, Some(1), 0), ["1@0", "3@1", "6@1"]);
    assert_eq!(booked(&reader, Some(2), Some(3), 0), ["4@2", "5@2"]);
    assert_eq!(booked(&reader, Some(4), Some(9), 0), ["7@4"]);
    assert_eq!(booked(&reader, Some(-9), Some(-1), 0), [""; 0]);
    // Noon in UTC is the next day in the far east of it.
    assert_eq!(booked(&reader, Some(5), None, 13 * 60), ["7@5"]);
}


fn more_than_a_page_is_told_in_sequence_until_enough(home) {
    let mut ledger = home.open(options());
    let first = receipt(0, 1);
    let mut entries = vec![on(0, 0, defined()), first.clone()];
    for seq in 2..4100 {
        let other = seq % 1000 == 0;
        entries.push(if other { freight(1, seq, &first) } else { receipt(1, seq) });
    }
    for some in entries.chunks(2000) {
        ledger.append(&group(some.to_vec())).unwrap();
    }
    let found = booked(&home.reader(), Some(1), Some(1), 0);
    let expect: Vec<String> = (2..4100).map(|seq| format!("{seq}@1")).collect();
    assert_eq!(found, expect);
    let mut seen = 0;
    let days = BookedDays { from: None, to: None, offset_min: 0 };
    home.reader().booked(days, |_, _| { seen += 1; seen < 3 }).unwrap();
    assert_eq!(seen, 3);
}
}
