//! What a portal tells beyond the things: doubts, directions, and that nothing was read.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{House, at, erp, pass, pass_id, task, word};
use gatewarden_engine::{Command, Judge, PinCheck, Reply};
use gatewarden_model::{
    Action, Actor, Body, Direction, Hash, MovementKind, Pass, PassOpening, Signal,
    entry::Verdict,
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

/// A held pass of two bolts and a doubt about a third, which the task expects too.
fn held(why: Doubtful) -> (House, String) {
    let mut house = House::new();
    let session = house.sign_in(1, Some("dock-1"), "sam");
    house.now = at(10);
    let task = task(1, "dock-1", MovementKind::Receipt, &[&format!("10 BOLT-M8 3 {IN}")]);
    house.ok(Command::OpenTask { task, by: erp() });
    let seen = pass(1, "dock-1", Some(session), 10, "bolt#1 bolt#2");
    let mut doubted = doubting(seen, "bolt#3", why);
    doubted.doubts[0].sighting.direction = Direction::Out;
    let key = doubted.doubts[0].sighting.thing.key.clone();
    assert_eq!(word(&house.handle(Command::Pass(doubted))), "held 2+0-1?0!0");
    (house, key)
}

fn accept(house: &House, who: &str, doubts: &[&str]) -> Command {
    let (verdict, reason) = (Verdict::Accept, "stands in the hall".to_owned());
    let doubts = doubts.iter().map(|key| (*key).to_owned()).collect();
    Command::DecideHold { pass: pass_id(1), verdict, reason, doubts, by: house.by(who) }
}

#[test]
fn what_is_doubtful_is_posted_where_somebody_who_may_says_that_it_went_through() {
    for why in [Doubtful::Stray, Doubtful::Direction, Doubtful::NoBody, Doubtful::TurnedBack] {
        let (mut house, key) = held(why);
        house.sign_in(2, None, "max");
        let strange = accept(&house, "max", &[&key, "text:strange"]);
        assert_eq!(house.refused(strange), "unknown-doubt");
        let reject = match accept(&house, "max", &[&key]) {
            Command::DecideHold { pass, reason, doubts, by, .. } => {
                Command::DecideHold { pass, verdict: Verdict::Reject, reason, doubts, by }
            }
            other => other,
        };
        assert_eq!(house.refused(reject), "doubts-rejected");
        let own = accept(&house, "sam", &[&key]);
        assert_eq!(house.refused(own), "denied");
        let accepted = accept(&house, "max", &[&key, &key]);
        assert_eq!(word(&house.handle(accepted)), "posted", "{why:?}");
        assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 3, "whichever way the portal thought");
        let told = house.journal.iter().find_map(|entry| match &entry.body {
            Body::HoldDecided { doubts, second, reason, .. } => Some((doubts, second, reason)),
            _ => None,
        });
        assert_eq!(told, Some((&vec![key.clone()], &None, &"stands in the hall".to_owned())));
        assert_eq!(house.judged(), Vec::<String>::new());
    }
    // Without naming it only what is sure is posted.
    let (mut house, _) = held(Doubtful::Stray);
    house.sign_in(2, None, "max");
    let sure = accept(&house, "max", &[]);
    assert_eq!(word(&house.handle(sure)), "posted");
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 2);
}

#[test]
fn what_may_be_a_copy_is_posted_by_two_who_may_and_did_not_move_it() {
    let (mut house, key) = held(Doubtful::Suspect);
    house.sign_in(2, Some("counter-1"), "max");
    let alone = accept(&house, "max", &[&key]);
    assert_eq!(house.refused(alone.clone()), "second-person-needed");
    // Neither who moved it nor who may not decide stands for the second.
    for (who, roles) in
        [("sam", vec!["storekeeper", "warehouse-supervisor"]), ("bob", vec!["storekeeper"])]
    {
        house.enrol(who, &roles);
        let badge = Some(common::badge(who));
        house.ok(Command::Join { session: common::session_id(2), badge, pin: PinCheck::Right });
        assert_eq!(house.refused(alone.clone()), "second-person-needed", "{who}");
        house.ok(Command::Leave { session: common::session_id(2) });
    }
    house.enrol("sue", &["warehouse-supervisor"]);
    let badge = Some(common::badge("sue"));
    house.ok(Command::Join { session: common::session_id(2), badge, pin: PinCheck::Right });
    assert_eq!(word(&house.handle(alone)), "posted");
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 3);
    assert_eq!(house.judged(), Vec::<String>::new());
    // A journal in which one person did it is told.
    let changed = house.journal.iter_mut().find_map(|entry| match &mut entry.body {
        Body::HoldDecided { second, .. } => Some(second),
        _ => None,
    });
    *changed.unwrap() = None;
    let told = house.judged();
    assert!(told.iter().any(|t| t.ends_with("max posted alone what may be a copy")), "{told:?}");
}

/// The second person of a held pass, who may decide on others.
fn stood_beside() -> (House, String) {
    let mut house = House::new();
    let session = house.sign_in(1, Some("dock-1"), "sam");
    house.enrol("wes", &["storekeeper", "warehouse-supervisor"]);
    let badge = Some(common::badge("wes"));
    house.ok(Command::Join { session, badge, pin: PinCheck::Right });
    house.now = at(10);
    let task = task(1, "dock-1", MovementKind::Receipt, &[&format!("10 BOLT-M8 3 {IN}")]);
    house.ok(Command::OpenTask { task, by: erp() });
    let seen = pass(1, "dock-1", Some(session), 10, "bolt#1 bolt#2");
    let doubted = doubting(seen, "bolt#3", Doubtful::Suspect);
    let key = doubted.doubts[0].sighting.thing.key.clone();
    assert_eq!(word(&house.handle(Command::Pass(doubted))), "held 2+0-1?0!0");
    house.ok(Command::Leave { session });
    (house, key)
}

#[test]
fn who_stood_beside_a_pass_does_not_decide_on_it_either() {
    let (mut house, key) = stood_beside();
    house.sign_in(2, Some("counter-1"), "max");
    let badge = Some(common::badge("wes"));
    house.ok(Command::Join { session: common::session_id(2), badge, pin: PinCheck::Right });
    let two = accept(&house, "max", &[&key]);
    assert_eq!(house.refused(two), "second-person-needed");
    house.ok(Command::Leave { session: common::session_id(2) });
    house.sign_in(3, None, "wes");
    let own = accept(&house, "wes", &[]);
    assert_eq!(house.refused(own), "same-person");
    let sure = accept(&house, "max", &[]);
    assert_eq!(word(&house.handle(sure)), "posted");
    assert_eq!(house.judged(), Vec::<String>::new());
    let wes = house.by("wes");
    let mut decide_by_wes = |named: &[String]| {
        for entry in &mut house.journal {
            if let Body::HoldDecided { by, doubts, .. } = &mut entry.body {
                (*by, *doubts) = (wes.clone(), named.to_vec());
            }
        }
        house.judged()
    };
    // Of journals from before doubts could be named it was lawful.
    assert_eq!(decide_by_wes(&[]), Vec::<String>::new());
    let told = decide_by_wes(&[key]);
    assert!(told.iter().any(|t| t.ends_with("wes decided on the pass that he moved")), "{told:?}");
}

#[test]
fn only_a_person_says_that_what_is_doubtful_went_through() {
    let (mut house, key) = held(Doubtful::Stray);
    house.ok(Command::AddClient {
        client: "bot".parse().unwrap(),
        scopes: vec!["inbound:approve".to_owned()],
        token: Hash::of(b"bot"),
        by: Actor::Local { uid: 0 },
    });
    let bot = |doubts: Vec<String>| Command::DecideHold {
        pass: pass_id(1),
        verdict: Verdict::Accept,
        reason: "counted by a camera".to_owned(),
        doubts,
        by: Actor::Client { id: "bot".parse().unwrap() },
    };
    assert_eq!(house.refused(bot(vec![key.clone()])), "not-an-operator");
    assert_eq!(word(&house.handle(bot(vec![]))), "posted");
    assert_eq!(house.judged(), Vec::<String>::new());
    for entry in &mut house.journal {
        if let Body::HoldDecided { doubts, .. } = &mut entry.body {
            doubts.push(key.clone());
        }
    }
    let told = house.judged();
    let expected = "named what is doubtful without being a person";
    assert!(told.iter().any(|t| t.ends_with(expected)), "{told:?}");
}

/// A true answer to another question is no right to this one.
#[test]
fn a_second_decider_has_the_right_to_decide() {
    let (mut house, key) = held(Doubtful::Suspect);
    house.sign_in(2, Some("counter-1"), "max");
    house.enrol("sue", &["warehouse-supervisor"]);
    let badge = Some(common::badge("sue"));
    house.ok(Command::Join { session: common::session_id(2), badge, pin: PinCheck::Right });
    let both = accept(&house, "max", &[&key]);
    assert_eq!(word(&house.handle(both)), "posted");
    assert_eq!(house.judged(), Vec::<String>::new());
    for (action, allowed) in [(Action::View, true), (Action::Execute, false)] {
        let mut journal = house.journal.clone();
        for entry in &mut journal {
            if let Body::HoldDecided { second: Some(second), .. } = &mut entry.body {
                let said = &mut second.decision;
                (said.action, said.allowed) = (action, allowed);
                said.facts.clear();
                let role = "role:warehouse-supervisor:inbound:view".to_owned();
                said.policies = allowed.then_some(role).into_iter().collect();
            }
        }
        let mut judge = Judge::knowing(house.engine.access().clone());
        let told: Vec<_> = journal.iter().filter_map(|entry| judge.judge(entry)).collect();
        let expected = "sue was not allowed to do what he stood beside";
        assert!(told.iter().any(|t| t.ends_with(expected)), "{told:?}");
    }
}

#[test]
fn what_was_told_late_is_nobodys() {
    let (mut house, pass) = receipt();
    let seen = Pass { sightings: vec![], ..pass };
    let late = doubting(seen, "bolt#1 bolt#2", Doubtful::Late);
    let outcome = house.handle(Command::Pass(late));
    assert_eq!(word(&outcome), "quarantined");
    let Ok(Reply::Quarantined { reason }) = &outcome.answer else { panic!() };
    assert!(reason.starts_with("2 tags"), "{reason}");
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
