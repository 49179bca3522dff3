//! What a portal tells beyond the things: doubts, directions, and that nothing was read.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{House, at, erp, pass, task, word};
use gatewarden_engine::Command;
use gatewarden_model::{
    Body, Direction, MovementKind, Pass, PassOpening, Signal,
    pass::{Doubt, Doubtful},
};

const IN: &str = "@supplier/ACME wh1/dock";
const OUT: &str = "wh1/dock @customer/KUNDE";

/// A pass of two bolts through dock-1, for a receipt of two.
fn receipt() -> (House, Pass) {
    let mut house = House::new();
    let session = house.sign_in(1, Some("dock-1"), "sam");
    house.now = at(10);
    let line = format!("10 BOLT-M8 2 {IN}");
    let task = task(1, "dock-1", MovementKind::Receipt, &[&line]);
    house.ok(Command::OpenTask { task, by: erp() });
    (house, pass(1, "dock-1", Some(session), 10, "bolt#1 bolt#2"))
}

/// The pass with a doubt about one more thing.
fn doubting(pass: Pass, thing: &str, why: Doubtful) -> Pass {
    let other = common::pass(2, "dock-1", None, 10, thing);
    let doubts = other.sightings.into_iter().map(|sighting| Doubt { sighting, why }).collect();
    Pass { doubts, ..pass }
}

#[test]
fn doubts_about_goods_of_the_task_hold_it_and_others_do_not() {
    for (thing, why, expected) in [
        ("nut#1", Doubtful::Stray, "posted"),
        ("text:x", Doubtful::NoBody, "posted"),
        ("bolt#3", Doubtful::Stray, "held 2+0-0?0!0"),
        ("bolt#3", Doubtful::Direction, "held 2+0-0?0!0"),
        ("bolt#3", Doubtful::TurnedBack, "held 2+0-0?0!0"),
        ("bolt#3", Doubtful::NoBody, "held 2+0-0?0!0"),
        ("nut#1", Doubtful::Suspect, "held 2+0-0?0!0"),
    ] {
        let (mut house, pass) = receipt();
        let doubted = doubting(pass, thing, why);
        let outcome = house.handle(Command::Pass(doubted.clone()));
        assert_eq!(word(&outcome), expected, "{thing} {why:?}");
        let kept = match &house.journal.last().unwrap().body {
            Body::Held { pass, .. } => pass.clone(),
            _ => house
                .journal
                .iter()
                .find_map(|entry| match &entry.body {
                    Body::Moved { pass, .. } => pass.clone(),
                    _ => None,
                })
                .unwrap(),
        };
        assert_eq!(kept, doubted, "the journal has the doubt, whatever came of it");
    }
}

#[test]
fn what_goes_the_other_way_is_extra() {
    let kinds =
        [(MovementKind::Receipt, IN, Direction::Out), (MovementKind::Shipment, OUT, Direction::In)];
    for (kind, way, against) in kinds {
        for (direction, expected) in [(Direction::Unknown, "posted"), (against, "held 1+1-1?0!0")] {
            let mut house = House::new();
            let session = house.sign_in(1, Some("dock-1"), "sam");
            house.receive(9000, &format!("10 BOLT-M8 2 {IN}"), "bolt#1 bolt#2");
            house.now = at(20);
            let things =
                if kind == MovementKind::Receipt { "bolt#3 bolt#4" } else { "bolt#1 bolt#2" };
            let task = task(1, "dock-1", kind, &[&format!("10 BOLT-M8 2 {way}")]);
            house.ok(Command::OpenTask { task, by: erp() });
            let mut pass = pass(1, "dock-1", Some(session), 20, things);
            pass.sightings[0].direction = direction;
            let outcome = house.handle(Command::Pass(pass));
            assert_eq!(word(&outcome), expected, "{kind:?} {direction:?}");
        }
    }
}

#[test]
fn a_pass_of_nothing_is_recorded_where_something_opened_it() {
    for (opened_by, recorded) in [(PassOpening::Input, 1), (PassOpening::FirstRead, 0)] {
        let (mut house, pass) = receipt();
        let empty = Pass { sightings: vec![], strays: 2, opened_by, ..pass };
        let before = house.journal.len();
        for _ in 0..2 {
            let outcome = house.handle(Command::Pass(empty.clone()));
            assert_eq!(word(&outcome), "empty");
            assert!(!outcome.signals.iter().any(|(_, signal)| *signal == Signal::Go));
        }
        let told = house.journal[before..]
            .iter()
            .filter(|e| matches!(&e.body, Body::Unread { pass } if *pass == empty));
        assert_eq!(told.count(), recorded, "{opened_by:?}, and not twice");
    }
}

#[test]
fn only_doubts_are_no_empty_pass() {
    let (mut house, pass) = receipt();
    let sightings = vec![];
    let doubted = doubting(Pass { sightings, ..pass }, "bolt#1 bolt#2", Doubtful::Direction);
    let outcome = house.handle(Command::Pass(doubted));
    assert_eq!(word(&outcome), "held 0+0-1?0!0");
}
