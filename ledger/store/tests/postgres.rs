//! Several gateways on one PostgreSQL: they never take the same stock twice, nothing is recorded
//! twice whatever breaks, and every lane is proven by itself.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::{
    collections::BTreeMap,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use common::{
    cluster::{self, ADMIN, Cluster},
    group,
    home::lane,
    line, moved, options,
    proxy::{Cut, Proxy},
    receipt, started,
};
use gatewarden_model::Entry;
use gatewarden_store::{
    BalanceFilter, Ledger, LedgerAddress, LedgerReader, OpenOptions, SigningKey, StoreError,
};

/// A gateway's own key and name.
fn of_gateway(n: u32) -> OpenOptions {
    let key = SigningKey::from_bytes(&[u8::try_from(n).unwrap(); 32]);
    OpenOptions { key, origin: format!("gw-{n}"), ..options() }
}

fn open(address: &LedgerAddress, n: u32) -> Ledger {
    let ledger = Ledger::open(address, of_gateway(n)).unwrap();
    assert!(!ledger.is_away());
    ledger
}

/// What a gateway's verification finds; nothing must be.
fn verify(address: &LedgerAddress, n: u32) {
    let key = of_gateway(n).key.verifying_key();
    let report = LedgerReader::open(address).unwrap().verify(&key).unwrap();
    assert_eq!(report.findings, [], "lane {n}");
}

fn stock(address: &LedgerAddress) -> BTreeMap<String, i64> {
    let found = LedgerReader::open(address).unwrap().balances(&BalanceFilter::default()).unwrap();
    found.into_iter().map(|b| (format!("{} {}", b.item, b.location), b.quantity)).collect()
}

/// Ids of movements are never the same in two lanes.
fn id(n: u32, seq: u64) -> u128 {
    u128::from(n) << 64 | u128::from(seq)
}

fn take(n: u32, seq: u64, quantity: i64, from: &str, to: &str) -> Entry {
    let mut line = line("M-100", quantity, from, to);
    line.things.clear();
    moved(seq, id(n, seq), vec![line])
}

#[test]
fn what_another_gateway_took_is_refused_with_the_exact_shortage() {
    let Some(cluster) = cluster::shared() else { return };
    let database = cluster.database();
    let (one, two) = (lane(cluster, &database, 1), lane(cluster, &database, 2));
    let (mut first, mut second) = (open(&one, 1), open(&two, 2));
    first.append(&group(vec![take(1, 0, 10, "@supplier/A", "wh1/dock")])).unwrap();
    second.append(&group(vec![take(2, 0, 7, "wh1/dock", "@loss/x")])).unwrap();
    let error = first.append(&group(vec![take(1, 1, 4, "wh1/dock", "@loss/x")])).unwrap_err();
    assert!(matches!(error, StoreError::Conflict { seq: 1, .. }), "{error}");
    let words = "stock of M-100 at wh1/dock is 3, 4 needed: 1 short";
    assert!(error.to_string().contains(words), "{error}");
    first.append(&group(vec![take(1, 1, 3, "wh1/dock", "@loss/x")])).unwrap();
    assert_eq!(
        stock(&one),
        [("M-100 @loss/x".into(), 10), ("M-100 @supplier/A".into(), -10)].into()
    );
    assert_eq!(stock(&one), stock(&two));
    verify(&one, 1);
    verify(&two, 2);
}

/// Somebody holds the whole ledger: a group waits a while, is refused, and can be tried again.
#[test]
fn a_lock_is_waited_for_a_bounded_time() {
    let Some(cluster) = cluster::shared() else { return };
    let database = cluster.database();
    let one = lane(cluster, &database, 1);
    let mut ledger = open(&one, 1);
    let name: String = b"gatewarden\0ledger".iter().map(|byte| format!("{byte:02x}")).collect();
    let hold = format!(
        "DO $$ BEGIN PERFORM pg_advisory_lock(('x' || \
         encode(substr(sha256('\\x{name}'), 1, 8), 'hex'))::bit(64)::bigint); FOR i IN 1..3000 LOOP \
         EXIT WHEN EXISTS (SELECT 1 FROM public.go); PERFORM pg_sleep(0.02); END LOOP; END $$"
    );
    let held = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database \
        WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND datname = current_database()";
    let entry = || group(vec![take(1, 0, 1, "@supplier/A", "wh1/dock")]);
    cluster.sql(ADMIN, &database, "CREATE TABLE public.go (a int)").unwrap();
    thread::scope(|scope| {
        let holder = scope.spawn(|| cluster.sql(ADMIN, &database, &hold));
        while cluster.sql(ADMIN, &database, held).unwrap() == "0" {
            assert!(!holder.is_finished(), "the lock is not held");
        }
        let done = ledger.append(&entry());
        cluster.sql(ADMIN, &database, "INSERT INTO public.go VALUES (1)").unwrap();
        holder.join().unwrap().unwrap();
        let error = done.unwrap_err();
        assert!(matches!(error, StoreError::Contended(_)), "{error}");
        assert!(error.to_string().contains("lock timeout"), "{error}");
    });
    ledger.append(&entry()).unwrap();
    assert_eq!(stock(&one)["M-100 wh1/dock"], 1);
}

#[test]
fn a_movement_is_recorded_by_one_gateway_only() {
    let Some(cluster) = cluster::shared() else { return };
    let database = cluster.database();
    let (one, two) = (lane(cluster, &database, 1), lane(cluster, &database, 2));
    let (mut first, mut second) = (open(&one, 1), open(&two, 2));
    first.append(&group(vec![receipt(0, 5)])).unwrap();
    let error = second.append(&group(vec![receipt(0, 5)])).unwrap_err();
    assert!(
        matches!(&error, StoreError::RepeatedElsewhere { gateway, seq: 0, .. } if gateway == "gw-1"),
        "{error}"
    );
    second.append(&group(vec![started(0)])).unwrap();
    let error = first.append(&group(vec![Entry { seq: 1, ..receipt(0, 5) }])).unwrap_err();
    assert!(matches!(error, StoreError::Repeated { seq: 0, .. }), "{error}");
}

#[test]
fn a_lane_has_one_writer_one_name_and_one_key() {
    let Some(cluster) = cluster::shared() else { return };
    let database = cluster.database();
    let one = lane(cluster, &database, 1);
    let ledger = open(&one, 1);
    let error = Ledger::open(&one, of_gateway(1)).unwrap_err().to_string();
    assert!(error.contains("is being written by \"gatewarden gw-1 "), "{error}");
    drop(ledger);
    let error = Ledger::open(&one, of_gateway(2)).unwrap_err();
    assert!(matches!(error, StoreError::WrongOrigin { .. }), "{error}");
    let thief = OpenOptions { key: SigningKey::from_bytes(&[9; 32]), ..of_gateway(1) };
    let error = Ledger::open(&one, thief).unwrap_err();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");
    drop(open(&one, 1));
    let admin = LedgerAddress::parse(&cluster.url(ADMIN, &database)).unwrap();
    let error = Ledger::open(&admin, of_gateway(1)).unwrap_err().to_string();
    assert!(error.contains("the role admin has no lane"), "{error}");
    let error = LedgerReader::open(&admin).unwrap_err().to_string();
    assert!(error.contains("add gateway=NAME, one of gw-1"), "{error}");
    let empty = LedgerAddress::parse(&cluster.url(ADMIN, &cluster.database())).unwrap();
    assert!(matches!(LedgerReader::open(&empty), Err(StoreError::NotALedger)));
    let error = Ledger::open(&empty, of_gateway(1)).unwrap_err().to_string();
    assert!(error.contains("run `gatewarden ledger init-postgres`"), "{error}");
}

/// A COMMIT that the client hears nothing of: once the server never got it, once it did it.
#[test]
fn a_commit_that_was_not_heard_is_looked_up_and_never_done_twice() {
    let Some(cluster) = cluster::shared() else { return };
    let database = cluster.database();
    lane(cluster, &database, 1);
    let proxy = Proxy::start(cluster.folder());
    let url = format!("postgres://gatewarden_gw_1@/{database}?host={}", proxy.folder().display());
    let one = LedgerAddress::parse(&url).unwrap();
    let mut ledger = open(&one, 1);
    ledger.append(&group(vec![started(0)])).unwrap();
    for (round, cut) in [Cut::Before, Cut::After, Cut::After, Cut::Before].into_iter().enumerate() {
        let before = ledger.committed();
        let seq = before.size;
        let entry = take(1, seq, 1, "@supplier/A", "wh1/dock");
        proxy.cut_next(cut);
        let done = ledger.append(&group(vec![entry.clone()]));
        assert!(proxy.has_cut(), "round {round}");
        if cut == Cut::After {
            assert_eq!(done.unwrap().size, seq + 1, "it is there, so it is told so");
        } else {
            let error = done.unwrap_err();
            assert!(error.to_string().contains("nothing of the group was recorded"), "{error}");
            assert_eq!(ledger.committed(), before, "and the ledger can be used again");
            ledger.append(&group(vec![entry])).unwrap();
        }
        assert_eq!(stock(&one)["M-100 wh1/dock"], i64::try_from(round).unwrap() + 1);
    }
    verify(&one, 1);
}

fn random(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

const BINS: [&str; 3] = ["wh1/a", "wh1/b", "wh1/c"];
const GATEWAYS: u32 = 4;

/// Random movements of one gateway, until told to stop; how many entries were acknowledged.
fn work(mut ledger: Ledger, n: u32, until: impl Fn(u64) -> bool) -> u64 {
    let mut seed = 0x9e37_79b9_7f4a_7c15 ^ u64::from(n) << 32 | 1;
    let (mut tries, mut acknowledged) = (0, 0);
    while !until(tries) {
        tries += 1;
        let quantity = i64::try_from(random(&mut seed) % 9).unwrap() + 1;
        let places = [&BINS[..], &["@supplier/A", "@loss/x"]].concat();
        let from = places[(random(&mut seed) % 4) as usize];
        let to = BINS.iter().chain(&["@loss/x"]).nth((random(&mut seed) % 4) as usize).unwrap();
        if from == *to || (from.starts_with('@') && to.starts_with('@')) {
            continue;
        }
        match ledger.append(&group(vec![take(n, ledger.next_seq(), quantity, from, to)])) {
            Ok(committed) => acknowledged = committed.size,
            Err(StoreError::Conflict { .. } | StoreError::Contended(_)) => {}
            Err(StoreError::Away(_)) => {
                while ledger.recover().is_err() {}
                assert!(ledger.next_seq() >= acknowledged, "gateway {n} lost what it was told");
            }
            Err(error) => panic!("gateway {n}: {error}"),
        }
    }
    acknowledged
}

/// Nothing is lost or made, nothing is negative, each lane is whole, and the stock is what the lanes
/// make of it.
fn check_all(cluster: &Cluster, database: &str, lanes: &[LedgerAddress], acknowledged: &[u64]) {
    for (address, n) in lanes.iter().zip(1..) {
        verify(address, n);
        let len = LedgerReader::open(address).unwrap().len().unwrap();
        assert!(len >= acknowledged[n as usize - 1], "gateway {n} was told more than there is");
    }
    let stock = stock(&lanes[0]);
    assert_eq!(stock.values().sum::<i64>(), 0, "{stock:?}");
    assert!(stock.iter().all(|(place, n)| *n > 0 || place.contains('@')), "{stock:?}");
    let twice = "SELECT count(*) FROM (SELECT id FROM gatewarden.movement_index GROUP BY id \
        HAVING count(*) > 1) AS twice";
    assert_eq!(cluster.sql(ADMIN, database, twice).unwrap(), "0");
}

#[test]
fn four_gateways_on_the_same_items_lose_and_make_nothing() {
    let Some(cluster) = cluster::shared() else { return };
    let database = cluster.database();
    let lanes: Vec<_> = (1..=GATEWAYS).map(|n| lane(cluster, &database, n)).collect();
    let together = Barrier::new(GATEWAYS as usize);
    let done: Vec<u64> = thread::scope(|scope| {
        let run = |(address, n): (&LedgerAddress, u32)| {
            let (ledger, together) = (open(address, n), &together);
            scope.spawn(move || {
                together.wait();
                work(ledger, n, |tries| tries >= 150)
            })
        };
        let threads: Vec<_> = lanes.iter().zip(1..).map(run).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(done.iter().all(|entries| *entries > 10), "{done:?}");
    check_all(cluster, &database, &lanes, &done);
}

#[test]
fn a_server_killed_under_load_loses_nothing_that_was_acknowledged() {
    let Some(cluster) = Cluster::start_new() else { return };
    let database = cluster.database();
    let lanes: Vec<_> = (1..=GATEWAYS).map(|n| lane(&cluster, &database, n)).collect();
    let (stop, entries) = (AtomicBool::new(false), "SELECT count(*) FROM gatewarden.entry");
    let done: Vec<u64> = thread::scope(|scope| {
        let run = |(address, n): (&LedgerAddress, u32)| {
            let (ledger, stop) = (open(address, n), &stop);
            scope.spawn(move || work(ledger, n, |_| stop.load(Ordering::SeqCst)))
        };
        let threads: Vec<_> = lanes.iter().zip(1..).map(run).collect();
        let count = || cluster.sql(ADMIN, &database, entries).unwrap().parse::<u64>().unwrap();
        for _ in 0..3 {
            let before = count();
            while count() < before + 60 {}
            cluster.kill();
            cluster.start();
        }
        stop.store(true, Ordering::SeqCst);
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    check_all(&cluster, &database, &lanes, &done);
}

#[test]
fn a_ledger_that_is_away_opens_and_is_usable_once_it_is_there() {
    let Some(cluster) = Cluster::start_new() else { return };
    let database = cluster.database();
    let one = lane(&cluster, &database, 1);
    cluster.kill();
    let mut ledger = Ledger::open(&one, of_gateway(1)).unwrap();
    assert!(ledger.is_away());
    assert!(matches!(ledger.recover(), Err(StoreError::Away(_))));
    assert!(matches!(ledger.append(&group(vec![started(0)])), Err(StoreError::Away(_))));
    assert!(matches!(ledger.reader(), Err(StoreError::Away(_))));
    cluster.start();
    ledger.recover().unwrap();
    ledger.append(&group(vec![started(0)])).unwrap();
    assert_eq!(ledger.next_seq(), 1);
}
