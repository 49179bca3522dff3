//! Labels: who may print and decide, what follows what, and when a tag comes to stand for its item.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{House, at, erp, label};
use gatewarden_engine::{Command, Reply};
use gatewarden_model::{
    Actor, Body, Entry, Label, LabelEvidence, LabelState, LabelTag, LabelVerdict, SessionId,
};

const EPC: &str = "3034257BF7194E4000001A85";

fn tagged(n: u128) -> Label {
    let tag = LabelTag { epc: EPC.to_owned(), key: "bolt#7".to_owned() };
    Label { tag: Some(tag), serial: Some("7".to_owned()), ..label(n) }
}

/// A house with sam, a storekeeper, at dock-1.
fn house() -> (House, SessionId, Actor) {
    let mut house = House::new();
    let session = house.sign_in(1, Some("dock-1"), "sam");
    house.now = at(10);
    (house, session, Actor::Operator { id: "sam".parse().unwrap(), session: Some(session) })
}

fn queue(label: Label, by: &Actor) -> Command {
    Command::QueueLabel { label, by: by.clone() }
}

fn becomes(label: &Label, state: LabelState, echo: Option<&str>) -> Command {
    let echo = echo.map(str::to_owned);
    let evidence = Some(Box::new(LabelEvidence { echo, ..LabelEvidence::default() }));
    Command::LabelChanged { label: label.id, state, reason: String::new(), evidence }
}

fn decide(label: &Label, verdict: LabelVerdict, by: &Actor) -> Command {
    let reason = "looked at the printer".to_owned();
    Command::DecideLabel { label: label.id, verdict, reason, by: by.clone() }
}

fn state(house: &House, label: &Label) -> Option<LabelState> {
    house.engine.state().label(label.id).map(|open| open.state)
}

fn bindings(house: &House) -> usize {
    house.journal.iter().filter(|e| matches!(e.body, Body::Commissioned { .. })).count()
}

/// The journal holds, and a restart finds the very same.
fn holds(house: &House) {
    assert_eq!(house.judged(), Vec::<String>::new());
    assert_eq!(house.restarted().state(), house.engine.state());
}

#[test]
fn a_tag_stands_for_its_item_when_its_label_is_issued_though_the_session_is_over() {
    let (mut house, session, sam) = house();
    let label = tagged(1);
    house.ok(queue(label.clone(), &sam));
    assert!(house.handle(queue(label.clone(), &sam)).entries.is_empty(), "the same twice is one");
    house.ok(becomes(&label, LabelState::Sending, None));
    holds(&house);
    house.ok(Command::SignOut { session, reason: "operator".to_owned() });
    assert_eq!(bindings(&house), 0);
    // Without the right read-back it is not issued, whoever says so.
    let wrong = house.handle(becomes(&label, LabelState::Issued, Some("E200")));
    assert_eq!(wrong.answer.unwrap_err().code, "label-state");
    let reply = house.ok(becomes(&label, LabelState::Issued, Some(&EPC.to_lowercase())));
    assert_eq!(reply, Reply::Label { bound: Some(Ok(())) });
    let bound = house.journal.last().unwrap();
    let Body::Commissioned { tag, item, serial, by, .. } = &bound.body else {
        panic!("{bound:?}");
    };
    assert_eq!((tag.as_str(), item.as_str(), serial.as_deref()), ("bolt#7", "BOLT-M8", Some("7")));
    assert_eq!(*by, sam);
    assert_eq!(state(&house, &label), None, "it is over");
    holds(&house);
    // No second tag of the same number.
    let mut again = tagged(2);
    house.sign_in(2, Some("dock-1"), "sam");
    let sam = Actor::Operator { id: "sam".parse().unwrap(), session: Some(common::session_id(2)) };
    assert_eq!(house.refused(queue(again.clone(), &sam)), "tag-bound");
    again.tag = None;
    house.ok(queue(again, &sam));
    holds(&house);
}

#[test]
fn what_was_being_sent_is_unknown_after_a_restart_and_waits_for_a_person() {
    let (mut house, _, sam) = house();
    let (sent, waits) = (label(1), label(2));
    for one in [&sent, &waits] {
        house.ok(queue(one.clone(), &sam));
    }
    house.ok(becomes(&sent, LabelState::Sending, None));
    house.ok(Command::EndLeftoverLabels);
    assert_eq!(state(&house, &sent), Some(LabelState::Unknown));
    assert_eq!(state(&house, &waits), Some(LabelState::Queued));
    holds(&house);
    for refused in [LabelState::Queued, LabelState::Sending, LabelState::Issued] {
        let outcome = house.handle(becomes(&sent, refused, None));
        assert_eq!(outcome.answer.unwrap_err().code, "label-state", "{refused:?}");
        assert!(outcome.entries.is_empty());
    }
    house.ok(decide(&sent, LabelVerdict::Reprint, &sam));
    assert_eq!(state(&house, &sent), Some(LabelState::Queued));
    house.ok(becomes(&sent, LabelState::Sending, None));
    house.ok(becomes(&sent, LabelState::Unknown, None));
    house.ok(decide(&sent, LabelVerdict::Printed, &sam));
    house.ok(decide(&waits, LabelVerdict::Void, &sam));
    assert_eq!(house.engine.state().labels().count(), 0);
    assert_eq!(house.refused(decide(&sent, LabelVerdict::Void, &sam)), "unknown-label");
    holds(&house);
}

#[test]
fn a_tag_that_nobody_read_back_is_not_called_printed() {
    let (mut house, _, sam) = house();
    let label = tagged(1);
    house.ok(queue(label.clone(), &sam));
    house.ok(becomes(&label, LabelState::Sending, None));
    house.ok(becomes(&label, LabelState::Unknown, Some("E200")));
    assert_eq!(house.refused(decide(&label, LabelVerdict::Printed, &sam)), "label-state");
    house.ok(decide(&label, LabelVerdict::Reprint, &sam));
    house.ok(becomes(&label, LabelState::Sending, None));
    house.ok(becomes(&label, LabelState::Unknown, Some(EPC)));
    // Read back, and then the connection broke: a person who sees it may say so, and it is bound.
    house.ok(decide(&label, LabelVerdict::Printed, &sam));
    assert_eq!(bindings(&house), 1);
    holds(&house);
}

#[test]
fn only_who_has_the_right_prints_and_only_a_person_decides() {
    let (mut house, _, sam) = house();
    // A sales assistant, signed in at the console.
    let ann = Actor::Operator { id: "ann".parse().unwrap(), session: None };
    let one = label(1);
    assert_eq!(house.refused(queue(one.clone(), &ann)), "denied");
    assert_eq!(house.refused(queue(one.clone(), &Actor::Nobody)), "not-authenticated");
    house.ok(queue(one.clone(), &sam));
    house.ok(becomes(&one, LabelState::Sending, None));
    house.ok(becomes(&one, LabelState::Unknown, None));
    assert_eq!(house.refused(decide(&one, LabelVerdict::Void, &ann)), "denied");
    let machine = house.handle(decide(&one, LabelVerdict::Void, &erp())).answer.unwrap_err().code;
    assert!(["not-an-operator", "denied"].contains(&machine), "{machine}");
    let silent = Command::DecideLabel {
        label: one.id,
        verdict: LabelVerdict::Void,
        reason: " ".to_owned(),
        by: sam.clone(),
    };
    assert_eq!(house.refused(silent), "reason-missing");
    let unknown = Label { item: Some("X".parse().unwrap()), ..label(3) };
    assert_eq!(house.refused(queue(unknown, &sam)), "unknown-item");
    let many = Label { copies: 2, ..tagged(4) };
    assert_eq!(house.refused(queue(many, &sam)), "copies-invalid");
    holds(&house);
}

#[test]
fn a_tag_is_written_for_an_item_and_once() {
    let (mut house, _, sam) = house();
    let nothing = Label { item: None, ..tagged(1) };
    assert_eq!(house.refused(queue(nothing, &sam)), "item-missing");
    house.ok(queue(Label { item: None, serial: None, ..label(2) }, &sam));
    let first = tagged(3);
    house.ok(queue(first.clone(), &sam));
    assert_eq!(house.refused(queue(tagged(4), &sam)), "tag-bound");
    house.ok(decide(&first, LabelVerdict::Void, &sam));
    house.ok(queue(tagged(4), &sam));
    holds(&house);
    // Journals in which it is otherwise are found.
    let queued = |n: usize| {
        let of = |entry: &&Entry| matches!(entry.body, Body::LabelQueued { .. });
        house.journal.iter().filter(of).nth(n).unwrap().clone()
    };
    type Change = fn(&mut Label);
    let cases: [(usize, Change, &str); 5] = [
        (1, |_| {}, "was queued before"),
        (2, |_| {}, "was queued before"),
        (2, |label| label.id = common::label(5).id, "already"),
        (
            2,
            |label| (label.id, label.item) = (common::label(5).id, None),
            "has a tag and no item that it would stand for",
        ),
        (2, |label| (label.id, label.copies) = (common::label(5).id, 2), "has a tag and 2 copies"),
    ];
    for (n, change, expected) in cases {
        let mut again = queued(n);
        if let Body::LabelQueued { label, .. } = &mut again.body {
            change(label);
        }
        again.seq = house.engine.next_seq();
        let mut judge = gatewarden_engine::Judge::knowing(house.engine.access().clone());
        let journal = house.journal.iter().chain([&again]);
        let found: Vec<_> = journal.filter_map(|entry| judge.judge(entry)).collect();
        assert!(found.len() == 1 && found[0].ends_with(expected), "{expected}: {found:?}");
    }
}

#[test]
fn a_journal_that_tells_otherwise_is_found() {
    let (mut house, _, sam) = house();
    let label = tagged(1);
    house.ok(queue(label.clone(), &sam));
    house.ok(becomes(&label, LabelState::Sending, None));
    house.ok(becomes(&label, LabelState::Issued, Some(EPC)));
    type Change = fn(&mut Body);
    let cases: [(Change, &str); 3] = [
        (
            |body| {
                if let Body::Commissioned { item, .. } = body {
                    *item = "NUT-M8".parse().unwrap();
                }
            },
            "queued its label otherwise",
        ),
        (
            |body| {
                if let Body::LabelChanged { evidence, .. } = body {
                    *evidence = None;
                }
            },
            "its tag was not read back",
        ),
        (
            |body| {
                if let Body::LabelChanged { state, .. } = body
                    && *state == LabelState::Sending
                {
                    *state = LabelState::Unknown;
                }
            },
            "does not follow",
        ),
    ];
    for (change, expected) in cases {
        let mut judge = gatewarden_engine::Judge::knowing(house.engine.access().clone());
        let mut journal = house.journal.clone();
        journal.iter_mut().for_each(|entry| change(&mut entry.body));
        let found: Vec<_> = journal.iter().filter_map(|entry| judge.judge(entry)).collect();
        assert!(found.iter().any(|told| told.contains(expected)), "{expected}: {found:?}");
    }
}
