//! What gateways on one PostgreSQL know of each other: the past that they share, and who took what.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{cluster, group, home::lane, line, moved};
use gatewarden_model::{
    Actor, Amount, Body, Day, Entry, Item, Location, MovementKind, Valuation, ValuationMethod,
};
use gatewarden_stock::{Site, Stock, Wants};
use gatewarden_store::{
    Evening, Ledger, LedgerAddress, LedgerReader, OpenOptions, SigningKey, View,
};

/// What the engine adds to its sequence on a shared ledger: it decides after all that is written.
const AFTER_ALL: u64 = 1 << 62;
const DAY_US: i64 = 86_400_000_000;
const FIRST: i64 = 1_790_000_000_000_000;

fn of_gateway(n: u8) -> OpenOptions {
    let key = SigningKey::from_bytes(&[n; 32]);
    OpenOptions { key, origin: format!("gw-{n}"), ..common::options() }
}

fn day(n: i64) -> Day {
    Day::from_number(FIRST / DAY_US + n)
}

fn pump() -> Item {
    let valuation =
        Valuation { method: ValuationMethod::Fifo, currency: "EUR".to_owned(), decimals: 2 };
    Item {
        code: "PUMP".parse().unwrap(),
        name: "Pump".to_owned(),
        class: Default::default(),
        tracking: Default::default(),
        unit: "pcs".to_owned(),
        units: vec![],
        gtins: vec![],
        safety_stock: None,
        lead_time_days: None,
        valuation: Some(valuation),
    }
}

/// Pumps that move on day `stamped`, for day `counts` where that is another.
fn pumps(
    (seq, id): (u64, u128),
    (stamped, counts): (i64, i64),
    (from, to): (&str, &str),
    value: Option<&str>,
) -> Entry {
    let mut line = line("PUMP", 5, from, to);
    line.things.clear();
    line.value = value.map(|value| value.parse::<Amount>().unwrap());
    let mut entry = moved(seq, id, vec![line]);
    entry.at.wall_us = FIRST + stamped * DAY_US;
    if let Body::Moved { movement, .. } = &mut entry.body {
        movement.kind = if value.is_some() { MovementKind::Receipt } else { MovementKind::Issue };
        movement.back_dated = counts < stamped;
        movement.effective = movement.back_dated.then(|| day(counts));
    }
    entry
}

/// Prices a movement as the engine does, as if it were applied as `seq`.
fn priced(ledger: &mut Ledger, mut entry: Entry, seq: u64) -> Entry {
    let mut stock: Stock = ledger.basis().unwrap().unwrap();
    loop {
        let missing = stock.missing(&Stock::wants_of(&entry));
        if missing == Wants::default() {
            break;
        }
        stock.supply(ledger.look_up(&missing).unwrap());
    }
    if let Body::Moved { movement, .. } = &mut entry.body {
        let day = movement.day(&entry.at);
        stock.price(seq, day, movement).unwrap();
    }
    entry
}

fn value(entry: &Entry) -> Option<Amount> {
    let Body::Moved { movement, .. } = &entry.body else { return None };
    movement.lines[0].value
}

fn whole(address: &LedgerAddress, n: u8) {
    let key = of_gateway(n).key.verifying_key();
    let report = LedgerReader::open(address).unwrap().verify(&key).unwrap();
    assert_eq!(report.findings, [], "lane {n}");
}

/// Quantity and value at the dock at the end of a day.
fn dock(reader: &LedgerReader, n: i64, view: View) -> String {
    let past = reader.stock_on(Evening { day: day(n), offset_min: 0, view }, None).unwrap();
    let at = |place: &Location| place.as_str() == "wh1/dock";
    let quantity: i64 =
        past.stock.iter().filter(|row| at(&row.location)).map(|row| row.quantity).sum();
    let values = past.values.iter().filter(|((site, _), _)| at(&site.location));
    format!("{quantity} {}", values.map(|(_, value)| *value).sum::<Amount>())
}

#[test]
fn the_past_of_an_item_has_one_order_among_all_gateways() {
    let Some(cluster) = cluster::shared() else { return };
    let database = cluster.database();
    let (one, two) = (lane(cluster, &database, 1), lane(cluster, &database, 2));
    let mut first = Ledger::open(&one, of_gateway(1)).unwrap();
    let mut second = Ledger::open(&two, of_gateway(2)).unwrap();
    let defined = Body::ItemDefined { item: pump(), by: Actor::Daemon };
    first.append(&group(vec![Entry::new(0, common::stamp(0), defined)])).unwrap();
    let into = ("@supplier/A", "wh1/dock");
    for (seq, cost) in [(1, "5"), (2, "10")] {
        let receipt = pumps((seq, seq.into()), (0, 0), into, Some(cost));
        let receipt = priced(&mut first, receipt, AFTER_ALL + seq);
        first.append(&group(vec![receipt])).unwrap();
    }
    let out = ("wh1/dock", "@production/L1");
    let early = priced(&mut first, pumps((3, 3), (4, 1), out, None), AFTER_ALL + 3);
    assert_eq!(value(&early), Some("5".parse().unwrap()), "the oldest");
    first.append(&group(vec![early])).unwrap();

    // The other gateway's first entry, of the same day of the past: it comes after that of the first.
    let late = priced(&mut second, pumps((0, 100), (4, 1), out, None), AFTER_ALL);
    assert_eq!(value(&late), Some("10".parse().unwrap()), "what the first left");
    second.append(&group(vec![late])).unwrap();
    let pool = second.reader().unwrap().balances(&Default::default()).unwrap();
    assert!(pool.iter().all(|balance| balance.location.as_str() != "wh1/dock"), "{pool:?}");
    // A receipt of the day before all that: the issues of both lanes cost what they took of it.
    let older = priced(&mut second, pumps((1, 101), (5, -1), into, Some("1")), AFTER_ALL + 1);
    let Body::Moved { movement, .. } = &older.body else { panic!("{older:?}") };
    assert_eq!(movement.revalues.len(), 2, "{:?}", movement.revalues);
    second.append(&group(vec![older])).unwrap();

    let known = [(-1, "0 0"), (0, "10 15"), (3, "10 15"), (4, "0 0"), (5, "5 10")];
    let corrected = [(-2, "0 0"), (-1, "5 1"), (0, "15 16"), (1, "5 10"), (5, "5 10")];
    for reader in [first.reader().unwrap(), second.reader().unwrap()] {
        for (view, evenings) in [(View::Known, known), (View::Corrected, corrected)] {
            for (n, expect) in evenings {
                assert_eq!(dock(&reader, n, view), expect, "day {n}, {view:?}");
            }
        }
        let pools = reader.pools(&Default::default()).unwrap();
        assert_eq!((pools.len(), pools[0].quantity), (1, 5));
        assert_eq!(reader.last_day().unwrap(), Some(day(0)));
    }
    whole(&one, 1);
    whole(&two, 2);
}

#[test]
fn who_took_the_last_is_known_to_the_other_gateway() {
    let Some(cluster) = cluster::shared() else { return };
    let database = cluster.database();
    let (one, two) = (lane(cluster, &database, 1), lane(cluster, &database, 2));
    let mut first = Ledger::open(&one, of_gateway(1)).unwrap();
    let mut second = Ledger::open(&two, of_gateway(2)).unwrap();
    let site =
        |place: &str| Site { item: "PUMP".parse().unwrap(), location: place.parse().unwrap() };
    let into = ("@supplier/A", "wh1/dock");
    first.append(&group(vec![pumps((0, 1), (0, 0), into, None)])).unwrap();
    assert_eq!(second.last_taken(&site("wh1/dock")).unwrap(), None, "it only came in");
    let out = pumps((1, 2), (0, 0), ("wh1/dock", "@loss/x"), None);
    first.append(&group(vec![out.clone()])).unwrap();
    let taken = second.last_taken(&site("wh1/dock")).unwrap().unwrap();
    assert_eq!((taken.gateway.as_str(), &taken.entry), ("gw-1", &out));
    assert_eq!(first.last_taken(&site("wh1/dock")).unwrap(), None, "its own is no rival's");
    assert_eq!(second.last_taken(&site("wh1/rack")).unwrap(), None);
}
