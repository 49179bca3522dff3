//! Goods that move within the house: put away, packed and unpacked on documents; and what was open before
//! procedures governed it.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;
mod papers;

use common::{House, PALLET, erp, movement_id};
use gatewarden_engine::Command;
use gatewarden_model::{Body, Bucket, Entry, MovementKind, StockStatus};
use papers::{Papers, bolts, content, received, without_procedures};

/// A put-away of bolts from the dock.
fn put_away(quantity: u32, status: &str) -> gatewarden_model::DocumentContent {
    let rest = format!(
        "station = 'counter-1'\nlinks = [{{ document = {{ kind = 'receipt', number = 'GR-1' }} }}]\n\
         lines = [{{ line = 10, item = 'BOLT-M8', quantity = {quantity}, from = 'wh1/dock', \
         to = 'wh1/a-01', from_status = '{status}', to_status = '{status}' }}]"
    );
    content("put-away-order", "PA-1", &rest)
}

#[test]
fn goods_are_put_away_in_the_status_that_they_have() {
    let (mut house, _) = received(10, "quality-inspection");
    let one = put_away(10, "quality-inspection");
    house.signed(&one, &["max"]);
    house.sign_in(3, Some("counter-1"), "joe");
    assert_eq!(house.seen(2, "counter-1", 3, &bolts(1..=10)), "posted");
    assert_eq!(house.lies("wh1/a-01", StockStatus::QualityInspection), 10);
    assert_eq!(house.frame(&one), None);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_put_away_changes_no_status() {
    let (mut house, _) = received(10, "quality-inspection");
    let mut one = put_away(10, "quality-inspection");
    one.lines[0].to_status = StockStatus::Available;
    house.signed(&one, &["max"]);
    house.sign_in(3, Some("counter-1"), "joe");
    assert_eq!(house.seen(2, "counter-1", 3, &bolts(1..=10)), "status-differs");
    assert_eq!(house.lies("wh1/dock", StockStatus::QualityInspection), 10);
    assert_eq!(house.judged(), Vec::<String>::new());
}

fn packing(number: &str, way: &str) -> gatewarden_model::DocumentContent {
    let rest = format!(
        "partner = 'CUST'\nstation = 'counter-1'\nlines = [{{ line = 10, item = 'BOLT-M8', quantity = 3, \
         from = 'wh1/dock', to = 'wh1/dock'{way} }}]"
    );
    content("packing-list", number, &rest)
}

#[test]
fn goods_are_packed_and_unpacked_on_a_packing_list() {
    let (mut house, _) = received(5, "available");
    house.sign_in(3, Some("counter-1"), "joe");
    let packed = Bucket { unit: Some(PALLET.to_owned()), ..Bucket::default() };
    house.signed(&packing("PK-1", ""), &["mia"]);
    let pallet = format!("bolt#1 bolt#2 bolt#3 sscc:{PALLET}");
    assert_eq!(house.seen(2, "counter-1", 3, &pallet), "posted");
    assert_eq!(house.quantity("BOLT-M8", "wh1/dock", &packed), 3);
    house.signed(&packing("PK-2", ", custom = { way = 'unpack' }"), &["mia"]);
    assert_eq!(house.seen(3, "counter-1", 3, &format!("sscc:{PALLET}")), "posted");
    assert_eq!(house.quantity("BOLT-M8", "wh1/dock", &packed), 0);
    assert_eq!(house.lies("wh1/dock", StockStatus::Available), 5);
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// A house in which a receipt is open, and bolts are set aside, before procedures are in force.
fn before() -> House {
    let mut house = without_procedures();
    house.receive(1, "10 BOLT-M8 10 in", &bolts(1..=10));
    let line = "10 BOLT-M8 5 @supplier/ACME wh1/dock";
    let task = common::task(2, "dock-1", MovementKind::Receipt, &[line]);
    house.ok(Command::OpenTask { task, by: erp() });
    let posting = common::posting(3, MovementKind::Issue, &["10 BOLT-M8 4 wh1/dock @loss/tools"]);
    let reserve = house.reserve(posting, "sue");
    house.ok(reserve);
    house
}

#[test]
fn what_was_open_before_procedures_governed_it_is_not_done() {
    let mut house = before();
    house.ok(Command::DefineProcedures);
    assert_eq!(house.engine.state().tasks().count(), 0, "tasks are closed");
    assert_eq!(house.seen(2, "dock-1", 1, &bolts(11..=15)), "quarantined");
    let post = house.post(3, "max");
    assert_eq!(house.refused(post), "document-needed");
    let by = house.by("sue");
    let (reservation, reason) = (movement_id(3), "a requisition is written".to_owned());
    house.ok(Command::VoidReservation { reservation, reason, by });
    assert_eq!(house.lies("wh1/dock", StockStatus::Available), 10);
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// What a program that signs whatever it likes would do on them.
#[test]
fn the_judge_finds_what_is_done_on_them_nevertheless() {
    let mut house = before();
    let defined = {
        let mut other = before();
        other.ok(Command::DefineProcedures);
        other.journal.iter().find(|e| matches!(e.body, Body::ProceduresDefined { .. })).cloned()
    };
    let begin = house.journal.len();
    assert_eq!(house.seen(2, "dock-1", 1, &bolts(11..=15)), "posted");
    let post = house.post(3, "max");
    house.ok(post);
    assert_eq!(house.judged(), Vec::<String>::new());
    let mut journal: Vec<Entry> = house.journal.clone();
    journal.insert(begin, defined.unwrap());
    let told = house.judged_of(&journal);
    let moved = told.iter().filter(|line| line.contains("a procedure governs")).count();
    assert_eq!(moved, 2, "{told:?}");
}
