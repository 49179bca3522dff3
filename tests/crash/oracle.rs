//! What must be true after any campaign, counted from the outside: what the API and the light
//! acknowledged, what the journal holds, what the ERP has.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_tests::Journal;
use serde_json::Value;

use super::play::{Shared, Shown};

/// Checks all of it.
pub(crate) async fn check(shared: Shared) {
    let gateway = shared.gateway.into_inner();
    println!("{}", gateway.cli_ok(&["ledger", "verify"], "").trim());
    let journal = gateway.journal();
    let posted: Vec<&str> = journal.movements().map(|m| m["id"].as_str().unwrap()).collect();
    let ledger: BTreeSet<&str> = posted.iter().copied().collect();
    assert_eq!(posted.len(), ledger.len(), "a movement stands in the journal twice");
    assert!(ledger.len() >= 3, "the campaign moved too little to prove anything");

    nothing_acknowledged_is_lost(&journal, &shared.told.into_inner().unwrap());
    light_never_lies(&journal, &shared.greens.into_inner().unwrap());
    at_the_erp_once(&gateway.hardware.erp, &ledger, &journal);
    each_box_once(&journal);
    let orders = shared.orders.into_inner().unwrap();
    for order in &orders {
        let posted = posted_of(&journal, &order.number);
        assert!(posted <= order.quantity, "{}: {posted} of {}", order.number, order.quantity);
    }
    let shown = shared.shown.into_inner().unwrap();
    every_box_is_accounted_for(&journal, &shown);
    println!("{} orders, {} movements, {} pallets", orders.len(), ledger.len(), shown.len());
}

/// Whatever the API has answered with 2xx stands in the journal.
fn nothing_acknowledged_is_lost(journal: &Journal, told: &[(&str, String)]) {
    let known = |(kind, id): &(&str, String)| {
        let id_of = |body: &Value| match *kind {
            "moved" => body["movement"]["id"] == *id,
            "task-opened" => body["task"]["id"] == *id,
            "session-opened" => body["session"] == *id,
            "hold-decided" => body["pass"] == *id,
            other => panic!("nobody tells of {other}"),
        };
        journal.of_kind(kind).any(id_of)
    };
    let lost: Vec<_> = told.iter().filter(|told| !known(told)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    println!("{} acknowledgements", told.len());
}

/// As often as the light has turned green until a moment, so many movements stood in the journal.
fn light_never_lies(journal: &Journal, greens: &[i64]) {
    let moved = journal.0.iter().filter(|e| e["body"]["kind"] == "moved");
    let moved: Vec<i64> = moved.map(|e| e["at"]["wall_us"].as_i64().unwrap()).collect();
    for (nth, green) in greens.iter().enumerate() {
        let before = moved.iter().filter(|at| *at <= green).count();
        assert!(before > nth, "green number {} came after {before} movements only", nth + 1);
    }
}

fn at_the_erp_once(
    erp: &gatewarden_simulators::webhook::SimReceiver,
    ledger: &BTreeSet<&str>,
    journal: &Journal,
) {
    let received = erp.received();
    let ids: BTreeSet<&str> = received.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(received.len(), ids.len(), "the ERP booked something twice");
    assert_eq!(&ids, ledger, "the ERP's movements are not the ledger's");
    assert_eq!((erp.conflicts(), erp.refused()), (0, 0), "conflicts, refused");
    assert_eq!(erp.repeats(), 0, "something was sent again without looking it up");
    let mut answers: BTreeMap<&str, u32> = BTreeMap::new();
    for delivered in journal.of_kind("delivered") {
        *answers.entry(delivered["movement"].as_str().unwrap()).or_default() += 1;
    }
    assert!(answers.values().all(|n| *n == 1), "an answer was recorded twice: {answers:?}");
    assert!(answers.keys().eq(ledger.iter()), "answers are missing: {answers:?}");
}

fn things(movement: &Value) -> impl Iterator<Item = &str> {
    let lines = movement["lines"].as_array().unwrap().iter();
    lines.flat_map(|l| l["things"].as_array().unwrap().iter().map(|t| t.as_str().unwrap()))
}

fn each_box_once(journal: &Journal) {
    let mut seen = BTreeSet::new();
    for thing in journal.movements().flat_map(things) {
        assert!(seen.insert(thing), "{thing} was posted twice");
    }
}

fn posted_of(journal: &Journal, number: &str) -> u64 {
    let of = journal.movements().filter(|m| m["document"]["number"] == number);
    let quantities = of.flat_map(|m| m["lines"].as_array().unwrap().iter());
    quantities.map(|line| line["quantity"].as_u64().unwrap()).sum()
}

/// Moved, held, quarantined or denied; or there is a gap at that time.
fn every_box_is_accounted_for(journal: &Journal, shown: &[Shown]) {
    let mut seen: BTreeSet<&str> = journal.movements().flat_map(things).collect();
    for entry in &journal.0 {
        let sightings = entry["body"]["pass"]["sightings"].as_array().into_iter().flatten();
        seen.extend(sightings.filter_map(|s| s["thing"]["key"].as_str()));
    }
    let gaps: Vec<(i64, i64)> = journal
        .of_kind("gap")
        .map(|g| (g["from"]["wall_us"].as_i64().unwrap(), g["to"]["wall_us"].as_i64().unwrap()))
        .collect();
    for pallet in shown {
        let excused = gaps.iter().any(|(from, to)| *from <= pallet.to_us && pallet.from_us <= *to);
        for key in pallet.keys.iter().filter(|key| !seen.contains(key.as_str())) {
            assert!(excused, "{key} was shown and is neither recorded nor in a gap: {pallet:?}");
        }
    }
}
