//! The chip behind the EPC: what a tag was commissioned with, how far what was read can be trusted, and that a
//! copy is never posted by itself.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{House, at, erp, matrix, pass, task, word};
use gatewarden_engine::{Access, Command, PinCheck};
use gatewarden_model::{
    Actor, Body, Entry, MovementKind, Pass, Tid, Trust,
    entry::Verdict,
    pass::{Doubt, Doubtful},
};

const TID: &str = "E2801160600002054C3AB1C7";
const OTHER: &str = "E2801160600002054C3AB1C8";

fn tid(text: &str) -> Option<Tid> {
    (!text.is_empty()).then(|| Tid::parse(text).unwrap())
}

/// Binds a tag to a piece of bolts; no text is no TID.
fn bind(house: &House, tag: &str, text: &str) -> Command {
    Command::Commission {
        tag: tag.to_owned(),
        item: "BOLT-M8".parse().unwrap(),
        lot: None,
        serial: None,
        tid: tid(text),
        by: house.by("sam"),
    }
}

/// A house in which `hex:a` was commissioned with its TID and a receipt of `bolts` waits at dock-1.
fn house(access: Option<Access>, bolts: u32) -> (House, Pass) {
    let mut house = access.map_or_else(House::new, House::with_policies);
    let session = house.sign_in(1, Some("dock-1"), "sam");
    house.now = at(10);
    let command = bind(&house, "hex:a", TID);
    house.ok(command);
    let line = format!("10 BOLT-M8 {bolts} @supplier/ACME wh1/dock");
    let task = task(1, "dock-1", MovementKind::Receipt, &[&line]);
    house.ok(Command::OpenTask { task, by: erp() });
    (house, pass(1, "dock-1", Some(session), 10, "hex:a"))
}

/// The pass with what the reader read of the chip of its first thing.
fn read(mut pass: Pass, text: &str) -> Pass {
    pass.sightings[0].tid = tid(text);
    pass
}

/// The pass as the journal has it.
fn recorded(journal: &[Entry]) -> &Pass {
    let mut passes = journal.iter().filter_map(|entry| match &entry.body {
        Body::Moved { pass, .. } | Body::Denied { pass, .. } => pass.as_ref(),
        Body::Held { pass, .. } | Body::Quarantined { pass, .. } => Some(pass),
        _ => None,
    });
    passes.next_back().unwrap()
}

#[test]
fn a_tag_is_bound_to_one_chip_until_it_is_released() {
    let mut house = House::new();
    house.sign_in(1, Some("dock-1"), "sam");
    let thing = |house: &House| house.store.thing("hex:a").unwrap().clone();
    let short = bind(&house, "hex:a", "E2801160");
    assert_eq!(house.refused(short), "tid-short");
    let plain = bind(&house, "hex:a", "");
    house.ok(plain.clone());
    assert_eq!(thing(&house).tid, None);
    // What was bound before its chip was read gets it, once.
    let with = bind(&house, "hex:a", TID);
    house.ok(with.clone());
    assert_eq!(thing(&house).tid, tid(TID));
    for again in [plain, with.clone()] {
        assert_eq!(house.handle(again).entries.len(), 0, "the same twice is recorded once");
    }
    house.engine = house.restarted();
    let other = bind(&house, "hex:a", OTHER);
    let outcome = house.handle(other.clone());
    let refusal = outcome.answer.unwrap_err();
    assert_eq!(refusal.code, "tid-differs");
    assert!(refusal.message.contains(TID) && refusal.message.contains("decommission it first"));
    assert_eq!(thing(&house).tid, tid(TID));
    let by = house.by("sam");
    let reason = "the label was torn off".to_owned();
    house.ok(Command::Decommission { tag: "hex:a".to_owned(), reason, by });
    assert_eq!(thing(&house).tid, None);
    house.ok(other);
    assert_eq!(thing(&house).tid, tid(OTHER));
}

#[test]
fn what_was_read_of_the_chip_grades_the_tag() {
    for (text, trust) in [
        (TID, Trust::TidMatches),
        ("E2801160600002054C3AB1C70000", Trust::TidMatches),
        ("E28011606000", Trust::EpcOnly),
        ("", Trust::EpcOnly),
    ] {
        let (mut house, pass) = house(None, 1);
        assert_eq!(word(&house.handle(Command::Pass(read(pass, text)))), "posted", "{text}");
        assert_eq!(recorded(&house.journal).sightings[0].trust, trust, "{text}");
        assert_eq!(house.judged(), Vec::<String>::new());
    }
}

#[test]
fn a_copy_is_held_with_its_reason_and_stays_out_of_what_is_posted() {
    let (mut house, one) = house(None, 2);
    let mut both = read(one, OTHER);
    both.sightings.extend(pass(1, "dock-1", None, 10, "bolt#1").sightings);
    let outcome = house.handle(Command::Pass(both.clone()));
    assert_eq!(word(&outcome), "held 1+0-1?0!0", "the copy is no piece");
    let kept = recorded(&house.journal);
    let doubt = &kept.doubts[0];
    assert_eq!((doubt.why, doubt.sighting.trust), (Doubtful::AnotherTid, Trust::EpcOnly));
    assert_eq!(doubt.why.words(), "is a copy: its TID is not the commissioned one");
    assert_eq!(kept.sightings.len(), 1);
    // Handed over again, as after a crash, it is the same.
    assert_eq!(word(&house.handle(Command::Pass(both))), "held 1+0-1?0!0");
    let accept = house.decide(1, Verdict::Accept, "max");
    house.ok(accept);
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 1);
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// Accepts the pass with what it doubts.
fn accept(by: Actor, doubts: &[&str]) -> Command {
    Command::DecideHold {
        pass: common::pass_id(1),
        verdict: Verdict::Accept,
        reason: "its chip was changed".to_owned(),
        doubts: doubts.iter().map(|key| (*key).to_owned()).collect(),
        by,
    }
}

#[test]
fn a_copy_is_posted_by_two_who_may_and_by_no_one_alone() {
    let (mut house, one) = house(None, 1);
    assert_eq!(word(&house.handle(Command::Pass(read(one, OTHER)))), "held 0+0-1?0!0");
    house.sign_in(2, Some("counter-1"), "max");
    let named = accept(house.by("max"), &["hex:a"]);
    assert_eq!(house.refused(named.clone()), "second-person-needed");
    house.enrol("sue", &["warehouse-supervisor"]);
    let badge = Some(common::badge("sue"));
    house.ok(Command::Join { session: common::session_id(2), badge, pin: PinCheck::Right });
    assert_eq!(word(&house.handle(named)), "posted");
    assert_eq!(house.judged(), Vec::<String>::new());
    for entry in &mut house.journal {
        if let Body::HoldDecided { second, .. } = &mut entry.body {
            *second = None;
        }
    }
    let told = house.judged();
    assert!(told.iter().any(|t| t.ends_with("max posted alone what may be a copy")), "{told:?}");
}

/// The grade of what is posted counts, of what is doubtful too once somebody names it.
#[test]
fn a_named_doubt_lowers_the_trust() {
    let rule = r#"forbid (principal, action == Action::"approve", resource)
unless { context has trust && context.trust == "tid-matches" };"#;
    let access = Access::new(&matrix(), rule).unwrap();
    let (mut house, one) = house(Some(access), 2);
    let mut seen = read(one, TID);
    let stray = pass(1, "dock-1", None, 10, "bolt#1").sightings.remove(0);
    seen.doubts.push(Doubt { sighting: stray, why: Doubtful::Stray });
    assert_eq!(word(&house.handle(Command::Pass(seen))), "held 1+0-1?0!0");
    let (named, sure) = (accept(house.by("max"), &["bolt#1"]), accept(house.by("max"), &[]));
    assert_eq!(house.refused(named), "denied");
    assert_eq!(word(&house.handle(sure)), "posted");
    assert_eq!(house.judged(), Vec::<String>::new());
    for entry in &mut house.journal {
        if let Body::HoldDecided { doubts, .. } = &mut entry.body {
            doubts.push("bolt#1".to_owned());
        }
    }
    let told = house.judged();
    assert!(told.iter().any(|t| t.contains("answer deny")), "{told:?}");
}

#[test]
fn a_copy_alone_or_without_a_task_is_never_posted() {
    let (mut house, pass) = house(None, 1);
    assert_eq!(word(&house.handle(Command::Pass(read(pass, OTHER)))), "held 0+0-1?0!0");
    let stranger = common::pass(2, "dock-9", None, 10, "hex:a");
    assert_eq!(word(&house.handle(Command::Pass(read(stranger, OTHER)))), "quarantined");
    assert_eq!(recorded(&house.journal).doubts[0].why, Doubtful::AnotherTid);
}

/// The house demands the chip for goods of class C, which all of its bolts are.
#[test]
fn a_rule_can_demand_the_chip_for_a_class() {
    let rule = r#"forbid (principal, action == Action::"execute", resource)
when { context has classes && context.classes.contains("C") }
unless { context has trust && ["tid-matches", "authenticated"].contains(context.trust) };"#;
    for (text, expected) in [(TID, "posted"), ("", "denied"), ("E28011606000", "denied")] {
        let access = Access::new(&matrix(), rule).unwrap();
        let (mut house, pass) = house(Some(access), 1);
        let outcome = house.handle(Command::Pass(read(pass, text)));
        assert_eq!(word(&outcome), expected, "{text}");
        let told = house.journal.iter().rev().find_map(|entry| match &entry.body {
            Body::Moved { movement, .. } => Some(movement.decision.facts.clone()),
            Body::Denied { decision, .. } => decision.as_ref().map(|said| said.facts.clone()),
            _ => None,
        });
        let trust = if text == TID { "tid-matches" } else { "epc-only" };
        assert_eq!(told.unwrap()["trust"], trust);
        assert_eq!(house.judged(), Vec::<String>::new());
    }
}

/// A grade that was written higher than it was is found, since the decision rests on it.
#[test]
fn a_false_grade_is_found() {
    let rule = r#"forbid (principal, action == Action::"execute", resource)
unless { context has trust && context.trust == "tid-matches" };"#;
    let access = Access::new(&matrix(), rule).unwrap();
    let (mut house, pass) = house(Some(access), 1);
    assert_eq!(word(&house.handle(Command::Pass(read(pass, TID)))), "posted");
    for entry in &mut house.journal {
        if let Body::Moved { pass: Some(pass), .. } = &mut entry.body {
            pass.sightings[0].trust = Trust::EpcOnly;
        }
    }
    assert_eq!(house.judged().len(), 1);
}
