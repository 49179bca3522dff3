//! What one entry costs: single-line movements at known sites, and a change of the past.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench may fail loudly")]

#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use divan::Bencher;
use gatewarden_model::{Entry, Movement, MovementKind as Kind};
use gatewarden_stock::{Stock, Supply};

fn main() {
    divan::main();
}

const ITEMS: u64 = 200;

fn code(n: u64) -> String {
    format!("ITEM-{:04}", n % ITEMS)
}

/// A partial stock that knows what the entries touch, as the writer's does.
fn known(entries: &[Entry]) -> Stock {
    let mut stock = Stock::partial();
    stock.resume((0..ITEMS).map(|n| fifo(&code(n))), None, None);
    for entry in entries {
        stock.supply(Supply { wants: stock.needs(entry), ..Supply::default() });
    }
    stock
}

fn receipts(count: u64) -> Vec<Entry> {
    let line = |n| worth("12.5", line(&code(n), 5, "@supplier/ACME", "wh1/dock"));
    let entry = |n| moved(n, 1, movement(u128::from(n), Kind::Receipt, vec![line(n)]));
    (0..count).map(entry).collect()
}

fn transfers(from: u64, count: u64) -> Vec<Entry> {
    let line = |n| worth("2.5", line(&code(n), 1, "wh1/dock", "wh1/a-03"));
    let entry =
        |n| moved(from + n, 2, movement(u128::from(from + n), Kind::Transfer, vec![line(n)]));
    (0..count).map(entry).collect()
}

#[divan::bench(sample_size = 500)]
fn receipt(bencher: Bencher) {
    let entries = receipts(10_000);
    let mut stock = known(&entries);
    let mut next = entries.iter().cycle();
    bencher.bench_local(|| stock.apply(next.next().unwrap()).unwrap());
}

#[divan::bench(sample_size = 500)]
fn transfer(bencher: Bencher) {
    let (into, across) = (receipts(100_000), transfers(100_000, 10_000));
    let mut stock = known(&[&into[..1_000], &across[..]].concat());
    for entry in &into {
        stock.apply(entry).unwrap();
    }
    let mut next = across.iter().cycle();
    bencher.bench_local(|| stock.apply(next.next().unwrap()).unwrap());
}

#[divan::bench(args = [100, 10_000])]
fn back_dated_into(bencher: Bencher, entries: u64) {
    let mut stock = Stock::complete();
    stock.apply(&defined(0, fifo("BOLT"))).unwrap();
    for n in 0..entries {
        let line = worth("12.5", line("BOLT", 5, "@supplier/ACME", "wh1/dock"));
        let day = i64::try_from(10 + n / 100).unwrap();
        stock.apply(&moved(n, day, movement(u128::from(n), Kind::Receipt, vec![line]))).unwrap();
    }
    let line = worth("1", line("BOLT", 1, "@supplier/ACME", "wh1/dock"));
    let late = movement(1_000_000, Kind::Receipt, vec![line]);
    let late = Movement { effective: Some(day(5)), back_dated: true, ..late };
    bencher.bench_local(|| stock.price(entries, day(5), &mut late.clone()).unwrap());
}
