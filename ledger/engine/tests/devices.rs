//! Devices are known by what they tell of themselves: unknown or changed ones are refused, asked about
//! and believed in nothing until somebody has approved them.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use common::{House, access, at, live, pass, settings, task, word};
use gatewarden_engine::{CHANGE_MS_MAX, Command, Engine, Judge, Reply, Settings};
use gatewarden_model::{
    Body, Change, ChangeId, ChangeVerdict, DeviceFacts, Entry, MovementKind, Signal,
};

fn facts(text: &str) -> DeviceFacts {
    let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn strict(pin: &str) -> Settings {
    let pin = facts(pin);
    let pins = (!pin.is_empty()).then(|| ("dock-1-reader".parse().unwrap(), pin));
    Settings { any_device: false, pins: pins.into_iter().collect(), ..settings() }
}

fn restarted(journal: &[Entry], pin: &str) -> Engine {
    let next = journal.last().map_or(0, |entry| entry.seq + 1);
    let mut engine = Engine::new(strict(pin), access(), next);
    live(journal).into_iter().for_each(|entry| engine.replay(entry));
    engine
}

/// Everybody at work, `sam` at dock-1, and an order of ten bolts there.
fn house(pin: &str) -> House {
    let mut house =
        House::with(Settings { any_device: true, one_person_enrols: true, ..strict(pin) });
    house.sign_in(1, Some("dock-1"), "sam");
    let order =
        task(9, "dock-1", MovementKind::Receipt, &["10 BOLT-M8 10 @supplier/ACME wh1/dock"]);
    house.ok(Command::OpenTask { task: order, by: common::erp() });
    house.engine = restarted(&house.journal, pin);
    house
}

/// Says who the reader of dock-1 is; why it is refused.
fn told(house: &mut House, told: &str) -> Option<String> {
    let command = Command::Identify {
        station: "dock-1".parse().unwrap(),
        device: "dock-1-reader".parse().unwrap(),
        facts: facts(told),
        since: house.now,
    };
    let outcome = house.handle(command);
    let Ok(Reply::Identified { refused }) = outcome.answer else { panic!("{outcome:?}") };
    let alarm = [("dock-1".parse().unwrap(), Signal::Alarm)];
    let expected = if refused.is_some() { &alarm[..] } else { &[] };
    assert_eq!(outcome.signals, expected);
    refused
}

fn seen(house: &mut House, n: u128, from_s: u64) -> String {
    let session = house.engine.state().session_at(&"dock-1".parse().unwrap()).map(|s| s.id);
    let seen = pass(n, "dock-1", session, from_s, "bolt");
    let outcome = house.handle(Command::Pass(seen));
    match outcome.answer {
        Ok(Reply::Quarantined { reason }) => {
            assert_eq!(outcome.signals, [("dock-1".parse().unwrap(), Signal::Alarm)]);
            reason
        }
        _ => word(&outcome),
    }
}

fn requests(house: &House) -> Vec<(ChangeId, DeviceFacts)> {
    let open = house.engine.state().changes();
    open.map(|open| match &open.change {
        Change::Device { identity, .. } => (open.id, identity.clone()),
        other => panic!("{other:?}"),
    })
    .collect()
}

fn decide(house: &mut House, id: ChangeId, approve: bool) {
    let (by, reason) = (house.by("adam"), "stood before it".to_owned());
    house.ok(Command::DecideChange {
        id,
        approve,
        reason,
        activation: None,
        mitigations: vec![],
        by,
    });
}

fn approve(house: &mut House) {
    let [(id, _)] = requests(house)[..] else { panic!("not one request") };
    decide(house, id, true);
}

fn judged(journal: &[Entry]) -> Vec<String> {
    let mut judge = Judge::knowing(access());
    journal.iter().filter_map(|entry| judge.judge(entry)).collect()
}

fn count(house: &House, kind: fn(&Body) -> bool) -> usize {
    house.journal.iter().filter(|entry| kind(&entry.body)).count()
}

fn refusals(house: &House) -> usize {
    count(house, |body| matches!(body, Body::DeviceRefused { .. }))
}

const HELD: &str = "held 1+0-1?0!0";

#[test]
fn an_unknown_device_is_refused_until_somebody_approves_it() {
    let mut house = house("");
    assert_eq!(seen(&mut house, 1, 10), "device dock-1-reader was never approved");
    house.now = at(20);
    let why = "device dock-1-reader was never approved; it tells mac A";
    assert_eq!(told(&mut house, "mac=A").as_deref(), Some(why));
    assert_eq!(seen(&mut house, 2, 21), why);
    let entries = house.journal.len();
    for _ in 0..3 {
        assert!(told(&mut house, "mac=A").is_some());
    }
    assert_eq!(house.journal.len(), entries, "told once, not once a connection");
    assert_eq!(requests(&house)[0].1, facts("mac=A"));
    house.now = at(40);
    approve(&mut house);
    assert_eq!(requests(&house), []);
    let early = "device dock-1-reader was not the approved one yet when it saw this";
    assert_eq!(seen(&mut house, 3, 39), early);
    assert_eq!(seen(&mut house, 4, 41), HELD);
    assert_eq!(told(&mut house, "mac=A firmware=2"), None);
    assert_eq!(seen(&mut house, 5, 42), HELD);
    house.engine = restarted(&house.journal, "");
    assert_eq!(told(&mut house, "mac=A"), None);
    assert_eq!(seen(&mut house, 6, 43), HELD);
    assert_eq!(judged(&house.journal), [""; 0]);
}

#[test]
fn another_in_its_place_is_refused_and_the_old_one_comes_back_by_itself() {
    let mut house = house("");
    told(&mut house, "mac=A");
    approve(&mut house);
    house.now = at(20);
    let why = "device dock-1-reader is not the one that was approved: mac B instead of A";
    assert_eq!(told(&mut house, "mac=B").as_deref(), Some(why));
    assert_eq!(seen(&mut house, 1, 21), why);
    assert_eq!(requests(&house)[0].1, facts("mac=B"));
    // Killed: what was refused stays so, and is not told again.
    let before = house.journal.len();
    house.engine = restarted(&house.journal, "");
    assert_eq!(seen(&mut house, 2, 22), why);
    assert_eq!(told(&mut house, "mac=B").as_deref(), Some(why));
    assert_eq!(house.journal.len(), before + 1);
    // A third: the request for the second is over.
    assert!(told(&mut house, "mac=C").is_some());
    assert_eq!(requests(&house).len(), 1);
    assert_eq!(requests(&house)[0].1, facts("mac=C"));
    assert_eq!(refusals(&house), 3);
    house.now = at(60);
    assert_eq!(told(&mut house, "mac=A"), None);
    assert_eq!(requests(&house), []);
    assert_eq!(seen(&mut house, 3, 61), HELD);
    let early = "device dock-1-reader was not the approved one yet when it saw this";
    assert_eq!(seen(&mut house, 4, 59), early);
    let state = house.engine.state().clone();
    assert_eq!(*restarted(&house.journal, "").state(), state, "a restart ends in the same");
    assert_eq!(judged(&house.journal), [""; 0]);
}

#[test]
fn a_no_leaves_it_refused_and_asks_again_at_the_next_connection() {
    let mut house = house("");
    told(&mut house, "mac=A");
    let id = requests(&house)[0].0;
    decide(&mut house, id, false);
    assert!(seen(&mut house, 1, 10).starts_with("device dock-1-reader was never approved"));
    assert_eq!(requests(&house), []);
    told(&mut house, "mac=A");
    assert_ne!(requests(&house)[0].0, id);
    // It waits as long as the device does.
    house.now = at(CHANGE_MS_MAX / 1000 * 3);
    house.ok(Command::Tick);
    assert_eq!(requests(&house).len(), 1);
    assert_eq!(refusals(&house), 1);
}

#[test]
fn a_device_that_tells_nothing_is_nobody() {
    let mut house = house("");
    for nothing in ["", "firmware=1"] {
        assert!(told(&mut house, nothing).is_some(), "{nothing:?}");
        assert_eq!(requests(&house), []);
    }
    let many: String = (0..40).map(|n| format!("n{n:02}=x ")).collect();
    assert!(told(&mut house, &many).is_some());
    assert_eq!(requests(&house)[0].1.len(), 16);
}

#[test]
fn who_the_configuration_says_it_is_needs_nobody_and_nobody_else_gets_in() {
    let mut house = house("mac=A");
    let why = "device dock-1-reader is not the one that was approved: mac B instead of A";
    assert_eq!(told(&mut house, "mac=B").as_deref(), Some(why));
    assert_eq!(requests(&house), [], "who can't be approved is not asked about");
    let (by, identity) = (house.by("adam"), facts("mac=B"));
    let change = Change::Device { device: "dock-1-reader".parse().unwrap(), identity };
    let id = ChangeId(uuid::Uuid::from_u128(7));
    let ask = Command::RequestChange { id, change, reason: "mine".to_owned(), by };
    assert_eq!(house.refused(ask), "device-pinned");
    house.now = at(20);
    assert_eq!(told(&mut house, "mac=A model=1"), None);
    house.now = at(21);
    assert_eq!(seen(&mut house, 1, 22), HELD);
    let approved = count(&house, |body| matches!(body, Body::DeviceApproved { change: None, .. }));
    assert_eq!(approved, 1);
    assert_eq!(told(&mut house, "mac=A model=1"), None);
    assert_eq!(judged(&house.journal), [""; 0]);
    // A pin that is taken out counts until somebody approved that, and leaves the approval.
    house.engine = restarted(&house.journal, "");
    let Reply::Requested(id) = house.ok(Command::DefinePolicies) else { panic!("not asked for") };
    assert_eq!(told(&mut house, "mac=B").as_deref(), Some(why));
    assert_eq!(told(&mut house, "mac=A model=1"), None);
    decide(&mut house, id, true);
    assert_eq!(told(&mut house, "mac=A model=1"), None);
    assert!(told(&mut house, "mac=A model=2").is_some());
}

/// A program that let another device's reads count is told by the judge.
#[test]
fn the_judge_names_what_an_unapproved_device_saw() {
    let mut house = house("");
    told(&mut house, "mac=A");
    approve(&mut house);
    house.now = at(20);
    told(&mut house, "mac=B");
    house.engine = {
        let mut engine = Engine::new(settings(), access(), house.engine.next_seq());
        live(&house.journal).into_iter().for_each(|entry| engine.replay(entry));
        engine
    };
    assert_eq!(seen(&mut house, 1, 21), HELD);
    let last = house.journal.last().unwrap().seq;
    let why = "device dock-1-reader is not the one that was approved: mac B instead of A";
    assert_eq!(judged(&house.journal), [format!("entry {last}: {why}")]);

    // An approval that nobody gave.
    let mut journal = house.journal.clone();
    let verdict = journal.iter_mut().find_map(|entry| match &mut entry.body {
        Body::ChangeDecided { verdict, .. } => Some(verdict),
        _ => None,
    });
    *verdict.unwrap() = ChangeVerdict::Rejected;
    assert!(judged(&journal)[0].contains("asked for and somebody approved"));
}
