//! Who may let a reader work on a tag: persons with the right, and for what can't be taken back two of them, or one
//! who proved himself by more than a PIN.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{House, badge, erp, matrix, session_id, settings};
use gatewarden_engine::{
    Access, Command, Factor, FactorCheck, Judge, Outcome, PinCheck, Reply, Settings,
};
use gatewarden_model::{
    Action, Actor, Body, Decision, Entry, Label, LabelTag, Module, Role, TagBank, TagField,
    TagLock, TagOp, TagOutcome,
};

fn read(bank: TagBank, words: u16) -> TagOp {
    TagOp::Read { bank, pointer: 0, words }
}

fn write() -> TagOp {
    TagOp::Write { bank: TagBank::User, pointer: 0, words: 1, data: Some("BEEF".into()) }
}

fn lock() -> TagOp {
    TagOp::Lock { field: TagField::User, lock: TagLock::Lock }
}

/// `sam` and `sue` are taggers, and `bob` may only read.
fn house() -> House {
    let mut roles = matrix();
    let role = |actions: &[Action]| Role {
        grants: [(Module::Tag, actions.to_vec())].into(),
        ..Role::default()
    };
    roles.0.insert("reader".to_owned(), role(&[Action::View]));
    let all = [Action::View, Action::Modify, Action::Execute, Action::Delete];
    roles.0.insert("tagger".to_owned(), role(&all));
    let mut house = House::with_both(
        Settings { step_up_ms: 300_000, ..settings() },
        Access::new(&roles, "").unwrap(),
    );
    house.enrol("tim", &["tagger"]);
    house.enrol("tom", &["tagger"]);
    house.enrol("ron", &["reader"]);
    house.sign_in(1, None, "tim");
    house.sign_in(2, None, "ron");
    house
}

fn ask(by: Actor, access: TagOp, reason: &str) -> Command {
    Command::AskTagAccess {
        tag: "hex:a".to_owned(),
        station: "dock-1".parse().unwrap(),
        device: "portal-1".parse().unwrap(),
        access,
        reason: reason.to_owned(),
        by,
    }
}

fn asked(outcome: &Outcome) -> u64 {
    match outcome.answer {
        Ok(Reply::TagAccess { asked }) => asked,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn each_operation_needs_its_right_and_a_person() {
    let mut house = house();
    for (who, access, code) in [
        ("ron", write(), "denied"),
        ("ron", lock(), "denied"),
        ("ron", TagOp::Kill {}, "denied"),
        ("sam", read(TagBank::Tid, 6), "denied"),
        ("tim", read(TagBank::Reserved, 4), "tag-secret"),
        ("tim", read(TagBank::Tid, 0), "tag-words"),
        ("tim", read(TagBank::Tid, 65), "tag-words"),
    ] {
        if who == "sam" {
            house.sign_in(3, None, "sam");
        }
        let command = ask(house.by(who), access.clone(), "so it is");
        assert_eq!(house.refused(command), code, "{who} {access:?}");
    }
    let unsaid = ask(house.by("tim"), write(), " ");
    assert_eq!(house.refused(unsaid), "reason-missing");
    assert_eq!(house.refused(ask(erp(), read(TagBank::Tid, 6), "")), "denied");
    let on_the_box = ask(Actor::Local { uid: 0 }, TagOp::Kill {}, "so it is");
    assert_eq!(house.refused(on_the_box), "denied");
    for (who, access) in [("ron", read(TagBank::Tid, 6)), ("tim", write())] {
        let command = ask(house.by(who), access, "so it is");
        let seq = asked(&house.handle(command));
        let entry = house.journal.last().unwrap();
        assert_eq!(entry.seq, seq);
        assert!(matches!(&entry.body, Body::TagAccessAsked { second: None, .. }));
    }
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn what_can_not_be_taken_back_needs_two_or_more_than_a_pin() {
    for access in [lock(), TagOp::Kill {}] {
        let mut house = house();
        let alone = ask(house.by("tim"), access.clone(), "it is sold");
        assert_eq!(house.refused(alone.clone()), "second-person-needed");
        // Somebody who may not do it himself is no second person.
        let join = |who: &str| Command::Join {
            session: session_id(1),
            badge: Some(badge(who)),
            pin: PinCheck::Right,
        };
        house.ok(join("ron"));
        assert_eq!(house.refused(alone.clone()), "second-person-needed");
        house.ok(Command::Leave { session: session_id(1) });
        house.ok(join("tom"));
        let seq = asked(&house.handle(alone));
        let Body::TagAccessAsked { second: Some(second), .. } = &house.journal.last().unwrap().body
        else {
            panic!("{:?}", house.journal.last());
        };
        assert_eq!(second.operator.as_str(), "tom");
        assert_eq!(second.decision.action, access.action());
        let outcome = TagOutcome::Unknown { reason: "no result in time".to_owned() };
        let (tag, device) = ("hex:a".to_owned(), "portal-1".parse().unwrap());
        house.ok(Command::EndTagAccess { asked: seq, tag, device, outcome });
        assert_eq!(house.judged(), Vec::<String>::new());
        // A judge finds the entry of one who did it alone.
        for entry in &mut house.journal {
            if let Body::TagAccessAsked { second, .. } = &mut entry.body {
                *second = None;
            }
        }
        assert_eq!(house.judged().len(), 1, "{:?}", house.judged());
    }
}

const EPC: &str = "FFFF257BF7194E4000001A85";

/// A write to the EPC bank.
fn encode(pointer: u16, data: &str) -> TagOp {
    let words = u16::try_from(data.len() / 4).unwrap();
    TagOp::Write { bank: TagBank::Epc, pointer, words, data: Some(data.to_owned()) }
}

#[test]
fn no_tag_gets_the_epc_of_another_that_stands_for_a_piece() {
    let mut house = house();
    let session = house.sign_in(3, Some("dock-1"), "sam");
    let key = format!("hex:{EPC}");
    let sam = house.by("sam");
    let (tim, reason) = (house.by("tim"), "relabelled");
    let whole = ask(tim.clone(), encode(2, EPC), reason);
    house.ok(Command::Commission {
        tag: key.clone(),
        item: "BOLT-M8".parse().unwrap(),
        lot: None,
        serial: None,
        tid: None,
        by: sam.clone(),
    });
    for access in [encode(2, EPC), encode(1, &format!("3000{EPC}0000"))] {
        assert_eq!(house.refused(ask(tim.clone(), access, reason)), "tag-bound");
    }
    let own = match ask(tim.clone(), encode(2, EPC), reason) {
        Command::AskTagAccess { station, device, access, reason, by, .. } => {
            let tag = key.clone();
            Command::AskTagAccess { tag, station, device, access, reason, by }
        }
        other => other,
    };
    for fine in [own, ask(tim, encode(2, &EPC.replace("85", "86")), reason)] {
        asked(&house.handle(fine));
    }
    // What is in stock without a tag that is bound to it gets one by two.
    house.now = common::at(10);
    house.receive(9, "10 BOLT-M8 1 in", &key);
    let torn = "the label was torn off".to_owned();
    house.ok(Command::Decommission { tag: key.clone(), reason: torn, by: sam.clone() });
    assert_eq!(house.refused(whole.clone()), "second-person-needed");
    let (badge, pin) = (Some(badge("tom")), PinCheck::Right);
    house.ok(Command::Join { session: session_id(1), badge, pin });
    asked(&house.handle(whole.clone()));
    // Nor that of a label that waits.
    let tag = LabelTag { epc: EPC.to_owned(), key };
    let label = Label { tag: Some(tag), ..common::label(1) };
    house.ok(Command::QueueLabel { label, by: sam });
    assert_eq!(house.refused(whole), "tag-bound");
    assert_eq!(session, session_id(3));
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn what_came_of_it_was_asked_for_by_that_right_and_is_told_once() {
    let mut house = house();
    house.ok(Command::Join {
        session: session_id(1),
        badge: Some(badge("tom")),
        pin: PinCheck::Right,
    });
    let kill = ask(house.by("tim"), TagOp::Kill {}, "it is sold");
    let seq = asked(&house.handle(kill));
    let outcome = TagOutcome::Unknown { reason: "no result in time".to_owned() };
    let (tag, device) = ("hex:a".to_owned(), "portal-1".parse().unwrap());
    house.ok(Command::EndTagAccess { asked: seq, tag, device, outcome });
    assert_eq!(house.judged(), Vec::<String>::new());
    type Change = fn(&mut Vec<Entry>);
    let told = |change: Change| {
        let mut journal = house.journal.clone();
        change(&mut journal);
        let mut judge = Judge::knowing(house.engine.access().clone());
        journal.iter().filter_map(|entry| judge.judge(entry)).collect::<Vec<_>>()
    };
    // The right to look is none to kill, neither the first's nor the second's.
    fn viewed(said: &mut Decision) {
        (said.action, said.policies) = (Action::View, vec!["role:tagger:tag:view".to_owned()]);
    }
    fn first(journal: &mut Vec<Entry>) {
        for entry in journal {
            if let Body::TagAccessAsked { decision, .. } = &mut entry.body {
                viewed(decision);
            }
        }
    }
    fn second(journal: &mut Vec<Entry>) {
        for entry in journal {
            if let Body::TagAccessAsked { second: Some(second), .. } = &mut entry.body {
                viewed(&mut second.decision);
            }
        }
    }
    fn twice(journal: &mut Vec<Entry>) {
        let mut again = journal.last().unwrap().clone();
        again.seq += 1;
        journal.push(again);
    }
    let other: Change = |journal| {
        if let Body::TagAccessEnded { tag, .. } = &mut journal.last_mut().unwrap().body {
            *tag = "hex:b".to_owned();
        }
    };
    let cases: [(Change, &str); 4] = [
        (first, "it needs delete in tag, decided was view in tag"),
        (second, "tom was not allowed to do what he stood beside"),
        (twice, "asked for no work on a tag that is still open"),
        (other, "asked for work on hex:a by portal-1"),
    ];
    for (change, expected) in cases {
        let found = told(change);
        assert!(found.len() == 1 && found[0].ends_with(expected), "{expected}: {found:?}");
    }
}

#[test]
fn a_step_up_stands_for_the_second_person() {
    let mut house = house();
    let proof = FactorCheck { factor: Factor::Totp, check: PinCheck::Right };
    house.ok(Command::StepUp { session: session_id(1), proof, used: None });
    let command = ask(house.by("tim"), TagOp::Kill {}, "it is sold");
    asked(&house.handle(command));
    assert_eq!(house.judged(), Vec::<String>::new());
}
