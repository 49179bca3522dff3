//! Inspections: a sample decides over a whole lot, and nothing is accepted that it does not accept.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;
mod papers;

use gatewarden_documents::Frame;
use gatewarden_model::{Body, DocumentContent, DocumentStep, Scalar, StockStatus};
use papers::{Papers, content, receipt, received};

/// An inspection of bolts at the dock: outcome, quantity and status of each line, the finding of those conceded.
fn inspection(number: &str, head: &str, lines: &[(&str, i64)]) -> DocumentContent {
    let line = |(at, (outcome, quantity)): (usize, &(&str, i64))| {
        let status = match *outcome {
            "accept" | "concession" | "worn" => "available",
            _ => "blocked",
        };
        let finding = match *outcome {
            "worn" => ", finding = 'worn, but it holds'",
            _ => "",
        };
        let outcome = outcome.replace("worn", "concession");
        format!(
            "{{ line = {}, item = 'BOLT-M8', quantity = {quantity}, from = 'wh1/dock', to = 'wh1/dock', \
             from_status = 'quality-inspection', to_status = '{status}', \
             custom = {{ outcome = '{outcome}'{finding} }} }}",
            10 * (at + 1)
        )
    };
    let lines: Vec<String> = lines.iter().enumerate().map(line).collect();
    let links = "links = [{ document = { kind = 'receipt', number = 'GR-1' } }]";
    let rest = format!("{links}\nlines = [{}]\n{head}", lines.join(", "));
    content("inspection", number, &rest)
}

/// What a finding of a lot of 100 says.
fn found(lot: i64, defects: i64) -> String {
    format!("custom = {{ lot-size = '{lot}', defects = '{defects}' }}")
}

const INSPECTED: StockStatus = StockStatus::QualityInspection;

#[test]
fn a_lot_that_its_sample_accepts_is_free_when_it_is_signed() {
    let (mut house, came) = received(100, "quality-inspection");
    assert_eq!(house.frame(&came), Some(Frame::InExecution), "it waits to be inspected");
    let one = inspection("QI-1", &found(100, 0), &[("accept", 100)]);
    let submit = house.submit(&one, "sue");
    house.ok(submit);
    assert_eq!(house.lies("wh1/dock", StockStatus::Available), 0);
    let sign = house.sign(&one, "mia");
    house.ok(sign);
    assert_eq!(house.lies("wh1/dock", StockStatus::Available), 100);
    assert_eq!(house.frame(&one), None, "closed");
    assert_eq!(house.frame(&came), None, "closed with it");
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// The plan of 100 at level II and AQL 1.0 takes 13 and accepts none bad.
#[test]
fn a_lot_that_its_sample_does_not_accept_is_only_conceded() {
    let (mut house, came) = received(100, "quality-inspection");
    let accept = inspection("QI-1", &found(100, 1), &[("accept", 99), ("reject", 1)]);
    let submit = house.submit(&accept, "sue");
    assert_eq!(house.refused(submit), "lot-not-accepted");
    let silent = inspection("QI-2", &found(100, 1), &[("concession", 99), ("reject", 1)]);
    let submit = house.submit(&silent, "sue");
    assert_eq!(house.refused(submit), "concession-without-reason");
    let one = inspection("QI-3", &found(100, 1), &[("worn", 99), ("reject", 1)]);
    house.signed(&one, &["mia"]);
    assert_eq!(house.frame(&one), Some(Frame::InApproval), "a concession has its own approver");
    let again = house.sign(&one, "mia");
    assert_ne!(common::word(&house.handle(again)), "ok");
    assert_eq!(house.lies("wh1/dock", StockStatus::Available), 0);
    let sign = house.sign(&one, "max");
    house.ok(sign);
    assert_eq!(house.lies("wh1/dock", StockStatus::Available), 99);
    assert_eq!(house.lies("wh1/dock", StockStatus::Blocked), 1);
    assert_eq!(house.frame(&came), None);
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// Sorting looks at every piece: what is good is accepted then, whatever the sample would say.
#[test]
fn a_lot_that_was_sorted_is_accepted_but_for_what_is_bad() {
    let (mut house, _) = received(100, "quality-inspection");
    let sorted = "custom = { lot-size = '100', inspected = '100', defects = '7' }";
    let wrong = inspection("QI-1", sorted, &[("accept", 94), ("rework", 6)]);
    let submit = house.submit(&wrong, "sue");
    assert_eq!(house.refused(submit), "bad-accepted");
    let one = inspection("QI-2", sorted, &[("accept", 93), ("rework", 7)]);
    house.signed(&one, &["mia"]);
    assert_eq!(house.lies("wh1/dock", StockStatus::Available), 93);
    assert_eq!(house.lies("wh1/dock", StockStatus::Blocked), 7);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn outcomes_are_of_one_whole_lot_and_each_gives_its_status() {
    let (mut house, _) = received(100, "quality-inspection");
    let mut turn = 0;
    let mut refused = |change: &dyn Fn(&mut DocumentContent)| {
        turn += 1;
        let mut one =
            inspection(&format!("QI-{turn}"), &found(100, 0), &[("accept", 90), ("reject", 10)]);
        change(&mut one);
        let submit = house.submit(&one, "sue");
        house.refused(submit)
    };
    assert_eq!(refused(&|one| one.lines[0].quantity = 80), "quantities-not-the-lot");
    // Nothing is left out of the lot, so that a sample can't be of its good part alone.
    let part = |one: &mut DocumentContent| {
        one.lines.truncate(1);
        one.custom.insert("lot-size".parse().unwrap(), "90".to_owned());
    };
    assert_eq!(refused(&part), "inspection-not-the-lot");
    let alone = |one: &mut DocumentContent| {
        part(one);
        one.links.clear();
    };
    assert_eq!(refused(&alone), "inspection-not-the-lot");
    assert_eq!(refused(&|one| one.lines[1].to_status = StockStatus::Available), "outcome-status");
    assert_eq!(refused(&|one| one.lines[1].lot = Some("L-2".to_owned())), "inspection-mixed");
    assert_eq!(refused(&|one| one.lines[1].item = "NUT-M8".parse().unwrap()), "inspection-mixed");
    let bad = |one: &mut DocumentContent| {
        one.custom.insert("defects".parse().unwrap(), "101".to_owned());
    };
    assert_eq!(refused(&bad), "quantity-impossible");
    let few = |one: &mut DocumentContent| {
        one.custom.insert("inspected".parse().unwrap(), "3".to_owned());
    };
    assert_eq!(refused(&few), "sample-short");
    assert_eq!(house.lies("wh1/dock", INSPECTED), 100);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn nothing_is_decided_twice() {
    let (mut house, came) = received(50, "quality-inspection");
    let one = inspection("QI-1", &found(50, 0), &[("accept", 50)]);
    let submit = house.submit(&one, "sue");
    house.ok(submit);
    let two = inspection("QI-2", &found(50, 0), &[("accept", 50)]);
    let submit = house.submit(&two, "sue");
    assert_eq!(house.refused(submit.clone()), "inspection-not-the-lot");
    // More of it on another receipt is another lot.
    let more = receipt("GR-2", 20, "quality-inspection");
    house.signed(&more, &["mia"]);
    assert_eq!(house.seen(2, "dock-1", 1, &papers::bolts(51..=70)), "posted");
    assert_eq!(house.refused(submit), "inspection-not-the-lot");
    let sign = house.sign(&one, "mia");
    house.ok(sign);
    assert_eq!(house.frame(&came), None);
    assert!(house.frame(&more).is_some(), "twenty wait");
    assert_eq!(house.lies("wh1/dock", INSPECTED), 20);
    assert_eq!(house.restarted().state(), house.engine.state());
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn the_judge_finds_another_finding_than_was_signed() {
    let (mut house, _) = received(100, "quality-inspection");
    let one = inspection("QI-1", &found(100, 1), &[("worn", 99), ("reject", 1)]);
    house.signed(&one, &["mia", "max"]);
    assert_eq!(house.judged(), Vec::<String>::new());
    type Forge = fn(&mut Body) -> bool;
    let forged: [(&str, Forge); 4] = [
        ("a lot that was accepted", |body| match body {
            Body::DocumentStepped { step: DocumentStep::Submitted { facts, .. }, .. } => {
                facts.contains_key("document.lot_accepted")
                    && facts.insert("document.lot_accepted".to_owned(), true.into()).is_some()
            }
            _ => false,
        }),
        ("nothing that was conceded", |body| match body {
            Body::DocumentStepped { step: DocumentStep::Submitted { facts, .. }, .. } => {
                facts.remove("document.concession") == Some(Scalar::Integer(99))
            }
            _ => false,
        }),
        ("fewer that were decided on", |body| match body {
            Body::DocumentStepped { step: DocumentStep::Inspected { items, .. }, .. } => {
                items.values_mut().for_each(|sum| *sum = 1);
                true
            }
            _ => false,
        }),
        ("fewer that came", |body| match body {
            Body::Moved { movement, .. } if movement.document.number == "GR-1" => {
                movement.lines[0].quantity = 60;
                true
            }
            _ => false,
        }),
    ];
    for (what, forge) in forged {
        let mut journal = house.journal.clone();
        let touched: usize =
            journal.iter_mut().map(|entry| usize::from(forge(&mut entry.body))).sum();
        assert_eq!(touched, 1, "{what}");
        assert!(!house.judged_of(&journal).is_empty(), "{what} is not found");
    }
    let told = |entry: &gatewarden_model::Entry| {
        let body = &entry.body;
        matches!(body, Body::DocumentStepped { step: DocumentStep::Inspected { .. }, .. })
    };
    let journal: Vec<_> = house.journal.iter().filter(|entry| !told(entry)).cloned().collect();
    assert!(!house.judged_of(&journal).is_empty(), "a decision that counts nowhere is not found");
}
