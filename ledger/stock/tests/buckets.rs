//! Random lines between lots, owners, statuses and handling units: what must hold whatever moves.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use std::collections::BTreeMap;

use common::*;
use gatewarden_model::{
    Actor, Body, Bucket, Entry, MovementKind as Kind, MovementLine, StockStatus as Status,
};
use gatewarden_stock::{PoolKey, Site, SiteStock, Stock, StockError, free_lines, hold_lines};
use proptest::{collection::vec, option, prelude::*, sample::select};

const PLACES: [&str; 4] = ["wh1/a", "wh1/b", "@supplier/S", "@loss"];
const UNIT: &str = "106141412345678908";

fn any_line() -> impl Strategy<Value = MovementLine> {
    let statuses = [Status::Available, Status::Blocked, Status::QualityInspection];
    let unit = || option::weighted(0.2, Just(UNIT.to_owned()));
    let ends = prop_oneof![3 => Just((2, 0)), 4 => (0..4_usize, 0..4_usize)];
    (
        (ends, 1..6_i64, select(vec!["FIFO", "MEAN"])),
        option::of(select(vec!["L1", "L2"])),
        option::weighted(0.2, Just("ACME")),
        (select(statuses.to_vec()), select(statuses.to_vec())),
        (unit(), unit()),
    )
        .prop_map(|(((from, to), n, item), lot, owner, (from_status, to_status), units)| {
            let line = line(item, n, PLACES[from], PLACES[to]);
            let comes_in = from >= 2 && to < 2 && owner.is_none();
            MovementLine {
                lot: lot.map(str::to_owned),
                owner: owner.map(str::to_owned),
                from_status,
                to_status,
                from_unit: units.0,
                to_unit: units.1,
                value: comes_in.then(|| amount("7.5")),
                ..line
            }
        })
}

/// What to do: lines that move, or lines that are held and freed again.
fn any_step() -> impl Strategy<Value = (Vec<MovementLine>, bool)> {
    (vec(any_line(), 1..4), prop::bool::weighted(0.2))
}

fn sites(stock: &Stock) -> BTreeMap<Site, SiteStock> {
    let held = stock.sites().filter(|(_, s)| **s != SiteStock::default());
    held.map(|(site, s)| (site.clone(), s.clone())).collect()
}

fn check(stock: &Stock) {
    let mut sums: BTreeMap<(String, Option<String>), i64> = BTreeMap::new();
    for (site, held) in stock.sites() {
        let mut pools: BTreeMap<PoolKey, i64> = BTreeMap::new();
        for (Bucket { lot, owner, .. }, n) in &held.buckets {
            assert!(*n != 0 && (*n > 0 || !site.location.holds_stock()), "{site:?}");
            *sums.entry((site.item.to_string(), lot.clone())).or_default() += n;
            let key = PoolKey { lot: lot.clone(), owner: owner.clone() };
            *pools.entry(key).or_default() += n;
        }
        if !site.location.holds_stock() {
            assert!(held.pools.is_empty());
            continue;
        }
        let found: BTreeMap<_, _> =
            held.pools.iter().map(|(key, pool)| (key.clone(), pool.quantity())).collect();
        assert_eq!(found, pools, "pools are their buckets: {site:?}");
        for (key, pool) in &held.pools {
            assert!(key.owner.is_none() || pool.value.is_zero(), "consigned stock has no value");
            assert!(pool.layers.is_sorted_by_key(|layer| layer.day));
        }
        let packed = held.buckets.keys().any(|bucket| bucket.unit.is_some());
        let told = stock.unit(UNIT).is_some_and(|at| at.contains(site));
        assert_eq!(packed, told, "a unit is found where it is");
    }
    assert!(sums.values().all(|sum| *sum == 0), "the sum over all places: {sums:?}");
}

fn ended(seq: u64, lines: Vec<MovementLine>) -> Entry {
    let (movement, by, decision) = (id(1), Actor::Daemon, None);
    let reason = "void".to_owned();
    entry(seq, 3, Body::ReservationEnded { movement, reason, lines, by, decision })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_moves_the_books_stay_balanced(steps in vec(any_step(), 1..40)) {
        let mut stock = Stock::complete();
        stock.apply(&defined(0, fifo("FIFO"))).unwrap();
        stock.apply(&defined(1, average("MEAN"))).unwrap();
        for (n, (lines, reserves)) in steps.into_iter().enumerate() {
            let seq = n as u64 + 2;
            let before = sites(&stock);
            if reserves {
                // Held stock that is freed again is as it was, value and age too.
                if stock.apply(&ended(seq, hold_lines(&lines))).is_ok() {
                    check(&stock);
                    stock.apply(&ended(seq, free_lines(&lines))).unwrap();
                }
                prop_assert_eq!(sites(&stock), before);
                continue;
            }
            let mut movement = movement(u128::from(seq), Kind::Adjustment, lines);
            let priced = stock.price(seq, day(3), &mut movement);
            let applied = stock.apply(&moved(seq, 3, movement));
            match priced {
                Ok(()) => prop_assert!(applied.is_ok(), "priced, then {applied:?}"),
                Err(StockError::Short { there, needed, .. }) => {
                    prop_assert!(there < needed && applied.is_err());
                    prop_assert_eq!(sites(&stock), before);
                }
                Err(other) => prop_assert!(false, "{other}"),
            }
            check(&stock);
        }
    }
}
