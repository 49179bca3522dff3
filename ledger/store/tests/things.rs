//! Things that leave the house, come back and leave again: `verify` keeps little of what has left,
//! and yet finds each row of `thing` that is not as the journal says, and each movement of a thing
//! from where it is not. Also beside the writer.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use common::{decision, folder, group, key, line, moved, options, stamp};
use gatewarden_model::{Actor, Body, Entry, Item, MovementLine};
use gatewarden_store::{Finding, Ledger, LedgerReader};
use proptest::prelude::*;
use rusqlite::Connection;

const CUSTOMER: &str = "@customer/C-1";

fn item(seq: u64) -> Entry {
    let item = Item {
        code: "M-1".parse().unwrap(),
        name: "Pump".into(),
        class: Default::default(),
        tracking: Default::default(),
        unit: "pcs".into(),
        units: vec![],
        gtins: vec![],
        safety_stock: None,
        lead_time_days: None,
        valuation: None,
    };
    Entry::new(seq, stamp(seq), Body::ItemDefined { item, by: Actor::Daemon })
}

fn thing(n: usize) -> String {
    format!("(01)00614141000005(21){n}")
}

fn of(keys: &[String], from: &str, to: &str) -> MovementLine {
    let quantity = i64::try_from(keys.len()).unwrap();
    MovementLine { things: keys.to_vec(), ..line("M-1", quantity, from, to) }
}

fn go(seq: u64, lines: Vec<MovementLine>) -> Entry {
    moved(seq, seq.into(), lines)
}

fn commissioned(seq: u64, tag: String) -> Entry {
    let body = Body::Commissioned {
        tag,
        item: "M-1".parse().unwrap(),
        lot: Some("L-1".into()),
        serial: Some("S".into()),
        tid: Some("E28011606000020500000001".parse().unwrap()),
        by: Actor::Daemon,
        decision: decision(),
    };
    Entry::new(seq, stamp(seq), body)
}

fn released(seq: u64, tag: String) -> Entry {
    let reason = "torn".into();
    let body = Body::Decommissioned { tag, reason, by: Actor::Daemon, decision: decision() };
    Entry::new(seq, stamp(seq), body)
}

fn verified(path: &std::path::Path) -> Vec<Finding> {
    LedgerReader::open(path).unwrap().verify(&key().verifying_key()).unwrap().findings
}

fn messages(path: &std::path::Path) -> Vec<String> {
    verified(path).into_iter().map(|finding| finding.message).collect()
}

/// 0 leaves and stays away, 1 comes back, 2 leaves in two lines of one movement, 3 was commissioned
/// before it left, 4 stays.
fn lived(path: &std::path::Path) {
    let mut ledger = Ledger::open(path, options()).unwrap();
    let (supplier, dock) = ("@supplier/ACME", "wh1/dock");
    let all: Vec<String> = (0..5).map(thing).collect();
    let twice = [of(&all[2..3], dock, "wh1/out"), of(&all[2..3], dock, CUSTOMER)];
    let entries = vec![
        item(0),
        commissioned(1, thing(3)),
        go(2, vec![of(&all, supplier, dock)]),
        go(3, vec![of(&all[..2], dock, CUSTOMER)]),
        go(4, vec![of(&all[1..2], CUSTOMER, dock)]),
        go(5, twice.to_vec()),
        go(6, vec![of(&all[3..4], dock, CUSTOMER)]),
        go(7, vec![of(&all[1..2], dock, "wh1/out")]),
    ];
    ledger.append(&group(entries)).unwrap();
}

#[test]
fn rows_of_things_that_left_are_named_as_those_of_things_that_stayed() {
    let says = |n, place: &str, seq| {
        let (lot, serial, tid, known) = match n {
            3 => ("L-1", "S", "E28011606000020500000001", 1),
            _ => ("none", "none", "none", 0),
        };
        format!(
            "item M-1, lot {lot}, serial {serial}, tid {tid}, place {place}, unit none, commissioned {known}, \
             entry {seq}"
        )
    };
    let places = [(CUSTOMER, 3), ("wh1/out", 7), (CUSTOMER, 5), (CUSTOMER, 6), ("wh1/dock", 2)];
    for (n, (place, seq)) in places.into_iter().enumerate() {
        let key = thing(n);
        let journal = says(n, place, seq);
        let cases = [
            (
                format!("UPDATE thing SET place = 'wh1/home' WHERE key = '{key}'"),
                format!(
                    "thing {key}: thing says {}; the journal says {journal}",
                    says(n, "wh1/home", seq)
                ),
            ),
            (
                format!("UPDATE thing SET seq = 1000 WHERE key = '{key}'"),
                format!(
                    "thing {key}: thing says {}; the journal says {journal}",
                    says(n, place, 1000)
                ),
            ),
            (
                format!("DELETE FROM thing WHERE key = '{key}'"),
                format!("thing {key}: it is missing in thing, the journal says {journal}"),
            ),
            (
                format!(
                    "INSERT INTO thing SELECT 'x', item, lot, serial, tid, place, unit, commissioned, \
                     seq FROM thing WHERE key = '{key}'"
                ),
                format!("thing x: thing says {journal}; the journal knows of none"),
            ),
        ];
        for (sql, words) in cases {
            let (_folder, path) = folder();
            lived(&path);
            assert_eq!(verified(&path), []);
            Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
            assert_eq!(messages(&path), [words], "{sql}");
        }
    }
}

#[test]
fn a_whole_table_that_is_gone_is_told_with_each_thing() {
    let (_folder, path) = folder();
    lived(&path);
    Connection::open(&path).unwrap().execute_batch("DELETE FROM thing").unwrap();
    let found = messages(&path);
    assert_eq!(found.len(), 5, "{found:?}");
    for n in 0..5 {
        let words = format!("thing {}: it is missing in thing", thing(n));
        assert!(found.iter().any(|message| message.starts_with(&words)), "{words}: {found:?}");
    }
}

/// An edited entry says that something else came back; the next movement of what then never did is
/// told, though only its last entry was kept of it.
#[test]
fn a_thing_that_left_can_not_move_from_elsewhere() {
    let (_folder, path) = folder();
    lived(&path);
    let sql = "UPDATE entry SET bytes = replace(bytes, '(21)1\"', '(21)9\"') WHERE seq = 4";
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let found = messages(&path);
    let words = format!(
        "entry 7: {} is at @customer/C-1 since entry 3, not at wh1/dock: move it from there, or \
         reverse what brought it there",
        thing(1)
    );
    assert!(found.iter().any(|message| message.contains(&words[9..])), "{found:?}");
}

#[test]
fn a_ledger_that_is_written_is_whole_at_every_moment() {
    let (_folder, path) = folder();
    let mut ledger = Ledger::open(&path, options()).unwrap();
    ledger.append(&group(vec![item(0)])).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut seq = 1;
            while !stop.load(Relaxed) {
                let keys = [thing(usize::try_from(seq).unwrap())];
                let into = go(seq, vec![of(&keys, "@supplier/ACME", "wh1/dock")]);
                let out = go(seq + 1, vec![of(&keys, "wh1/dock", CUSTOMER)]);
                ledger.append(&group(vec![into, out])).unwrap();
                seq += 2;
            }
        });
        let reader = LedgerReader::open(&path).unwrap();
        let (mut seen, mut sizes) = (vec![], std::collections::BTreeSet::new());
        for _ in 0..1000 {
            let report = reader.verify(&key().verifying_key()).unwrap();
            sizes.insert(report.entries);
            seen.extend(report.findings);
            if sizes.len() == 20 || !seen.is_empty() {
                break;
            }
        }
        stop.store(true, Relaxed);
        assert_eq!((seen, sizes.len()), (vec![], 20));
    });
}

/// What happens next to a thing: where it goes, whether its lot is told.
#[derive(Debug, Clone)]
enum Step {
    Go(usize, usize, bool),
    Commission(usize),
    Release(usize),
}

const PLACES: [&str; 5] = ["@supplier/ACME", "wh1/dock", CUSTOMER, "@loss/count", "wh1/out"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..6usize, 0..PLACES.len(), any::<bool>()).prop_map(|(n, to, lot)| Step::Go(n, to, lot)),
        1 => (0..6usize).prop_map(Step::Commission),
        1 => (0..6usize).prop_map(Step::Release),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the writer keeps of things that come and go as they like is what `verify` makes of it,
    /// and what it says of an edited one is where the thing is.
    #[test]
    fn things_come_and_go(steps in steps()) {
        let (_folder, path) = folder();
        let mut ledger = Ledger::open(&path, options()).unwrap();
        let mut at: [Option<usize>; 6] = Default::default();
        let mut entries = vec![item(0)];
        for step in steps {
            let seq = entries.len() as u64;
            entries.push(match step {
                Step::Go(n, to, lot) => {
                    let from = at[n].unwrap_or(0);
                    if from == to {
                        continue;
                    }
                    // Of what stands there without a lot only such can be taken.
                    let lot = (lot && !of(&[], PLACES[from], PLACES[to]).from.holds_stock()
                        && !PLACES[to].starts_with("wh1")).then(|| "L-2".to_owned());
                    at[n] = Some(to);
                    go(seq, vec![MovementLine { lot, ..of(&[thing(n)], PLACES[from], PLACES[to]) }])
                }
                Step::Commission(n) => commissioned(seq, thing(n)),
                Step::Release(n) => released(seq, thing(n)),
            });
        }
        for part in entries.chunks(7) {
            ledger.append(&group(part.to_vec())).unwrap();
        }
        prop_assert_eq!(verified(&path), []);
        let database = Connection::open(&path).unwrap();
        database.execute_batch("UPDATE thing SET place = 'wh9'").unwrap();
        let rows: i64 = database.query_row("SELECT count(*) FROM thing", [], |r| r.get(0)).unwrap();
        let found = messages(&path);
        prop_assert_eq!(i64::try_from(found.len()).unwrap(), rows);
        for (n, place) in at.iter().enumerate() {
            let Some(place) = place else { continue };
            let told = found.iter().find(|message| message.starts_with(&format!("thing {}:", thing(n))));
            let place = format!("place {}, unit none", PLACES[*place]);
            prop_assert!(told.is_some_and(|told| told.contains(&place)), "{:?} {}", told, place);
        }
    }
}
