//! Conflicts of duties in the journal: who played both parts in one document, whatever roles he had.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use std::collections::BTreeSet;

use common::{House, at, movement_id, operator, pass, posting, task, task_id};
use gatewarden_engine::{
    Command,
    sod::{Case, Finding, History},
};
use gatewarden_model::{
    Actor, Body, Change, ChangeId, ChangeVerdict, Entry, Mitigation, MovementKind, Part, Posting,
    SodSeverity, SodTable, Stamp, Task,
};
use uuid::Uuid;

fn table() -> SodTable {
    toml::from_str(include_str!("../../../config/sod/default.toml")).unwrap()
}

fn found(journal: &[Entry]) -> Vec<Finding> {
    let mut history = History::new(table());
    journal.iter().for_each(|entry| history.feed(entry));
    assert_eq!((history.more(), history.forgotten()), (0, 0));
    history.findings().cloned().collect()
}

/// Each finding as `conflict person document one+other`.
fn told(journal: &[Entry]) -> Vec<String> {
    let words = |f: Finding| {
        let case = match &f.case {
            Case::Document(document) => document.number.clone(),
            Case::Operator(id) => id.to_string(),
            Case::House => "house".to_owned(),
        };
        let (one, other) = (f.one.part.name(), f.other.part.name());
        assert!(f.one.seq != f.other.seq);
        format!("{} {} {case} {one}+{other}", f.conflict, f.person)
    };
    found(journal).into_iter().map(words).collect()
}

fn client() -> Actor {
    Actor::Client { id: "erp".parse().unwrap() }
}

/// Where sue is at the console, to ask for postings, and sam at dock-1.
fn house() -> House {
    let mut house = House::new();
    house.sign_in(50, None, "sue");
    house.sign_in(1, Some("dock-1"), "sam");
    house
}

/// Opens a task as the ERP does, and has it done by whoever is signed in at dock-1.
fn done(house: &mut House, task: Task, things: &str) {
    let n = task.id.0.as_u128();
    house.ok(Command::OpenTask { task, by: client() });
    let session = house.engine.state().session_at(&"dock-1".parse().unwrap()).map(|s| s.id);
    let seen = pass(n, "dock-1", session, house.now.mono_us / 1_000_000, things);
    house.ok(Command::Pass(seen));
}

fn receipt(n: u128, ordered_by: Option<&str>, approved_by: Option<&str>) -> Task {
    let task = task(n, "dock-1", MovementKind::Receipt, &["10 BOLT-M8 2 @supplier/ACME wh1/dock"]);
    let own = |name: &str| name.to_owned();
    Task { ordered_by: ordered_by.map(own), approved_by: approved_by.map(own), ..task }
}

#[test]
fn a_house_at_work_has_no_finding() {
    let mut house = house();
    done(&mut house, receipt(1, Some("Bob"), Some("chief")), "bolt#1 bolt#2");
    let put = posting(2, MovementKind::PutAway, &["10 BOLT-M8 2 wh1/dock wh1/a"]);
    house.posted(put);
    let reason = Some("found one".to_owned());
    let more = posting(3, MovementKind::Adjustment, &["10 BOLT-M8 1 @loss/found wh1/a"]);
    house.posted(Posting { reason, ..more });
    assert_eq!(told(&house.journal), [""; 0]);
}

#[test]
fn who_approved_and_took_back_is_found_over_the_movement() {
    let mut house = house();
    let number = receipt(1, None, None).document.number;
    house.ok(Command::OpenTask { task: receipt(1, None, None), by: client() });
    house.ok(Command::ApproveTask { task: task_id(1), by: operator("max") });
    let session = house.engine.state().session_at(&"dock-1".parse().unwrap()).map(|s| s.id);
    let seen = pass(1, "dock-1", session, house.now.mono_us / 1_000_000, "bolt#1 bolt#2");
    house.ok(Command::Pass(seen));
    assert_eq!(told(&house.journal), [""; 0]);

    // sue asks for the reversal, on a document of its own; max posts it.
    let back = posting(9, MovementKind::Receipt, &[]);
    let reason = Some("wrong goods".to_owned());
    house.posted(Posting { reverses: Some(movement_id(1)), reason, ..back });
    let expect = format!("approves-and-reverses max {number} approved+reversed");
    assert_eq!(told(&house.journal), [expect]);
    let finding = &found(&house.journal)[0];
    assert_eq!((finding.severity, finding.mitigated), (SodSeverity::Refuse, None));
    let bodies = [finding.one.seq, finding.other.seq].map(|seq| &house.journal[seq as usize].body);
    assert!(matches!(bodies, [Body::TaskApproved { .. }, Body::Moved { .. }]), "{bodies:?}");
}

/// The same receipt with another orderer: the engine refuses it, an older journal may hold it.
fn ordered(journal: &[Entry], name: &str) -> Vec<Entry> {
    let mut journal = journal.to_vec();
    for entry in &mut journal {
        if let Body::TaskOpened { task, .. } = &mut entry.body {
            task.ordered_by = Some(name.to_owned());
        }
    }
    journal
}

#[test]
fn who_ordered_and_received_is_found_in_any_spelling() {
    let mut house = house();
    let number = receipt(1, None, None).document.number;
    done(&mut house, receipt(1, Some("bob"), Some("chief")), "bolt#1 bolt#2");
    for (name, is_sam) in
        [("sam", true), (" SAM ", true), ("Sam\t", true), ("samuel", false), ("", false)]
    {
        let found = told(&ordered(&house.journal, name));
        let expect = format!("orders-and-receives sam {number} ordered+received");
        assert_eq!(found, if is_sam { vec![expect] } else { vec![] }, "{name:?}");
    }
}

#[test]
fn roles_that_changed_in_between_hide_nothing() {
    let mut house = house();
    done(&mut house, receipt(1, None, Some("chief")), "bolt#1 bolt#2");
    let number = receipt(1, None, None).document.number;
    // The storekeeper becomes supervisor, never both at once, and takes his own movement back.
    house.enrol("sam", &["warehouse-supervisor"]);
    house.sign_in(2, None, "sam");
    let reason = Some("wrong goods".to_owned());
    let back = posting(9, MovementKind::Receipt, &[]);
    let back = house.reserve(Posting { reverses: Some(movement_id(1)), reason, ..back }, "sue");
    house.ok(back);
    let post = house.post(9, "sam");
    house.ok(post);
    assert_eq!(told(&house.journal), [format!("moves-and-reverses sam {number} moved+reversed")]);
}

#[test]
fn a_reservation_is_part_of_the_task_that_uses_it() {
    let mut house = house();
    house.posted(posting(2, MovementKind::Receipt, &["10 BOLT-M8 2 @supplier/ACME wh1/dock"]));
    let issue = "10 BOLT-M8 1 wh1/dock @production/L1";
    let reserve = house.reserve(posting(3, MovementKind::Issue, &[issue]), "sue");
    house.ok(reserve);
    let using = task(4, "dock-1", MovementKind::Issue, &[issue]);
    let number = using.document.number.clone();
    let using =
        Task { reservation: Some(movement_id(3)), approved_by: Some(" Sue".into()), ..using };
    house.ok(Command::OpenTask { task: using, by: client() });
    assert_eq!(
        told(&house.journal),
        [format!("asks-and-approves sue {number} requested+approved")]
    );
}

#[test]
fn two_who_post_for_each_other_in_one_document_are_found_both() {
    let mut house = house();
    let lines = ["10 BOLT-M8 1 @loss/found wh1/a"];
    let reason = Some("found one".to_owned());
    let one = Posting { reason, ..posting(3, MovementKind::Adjustment, &lines) };
    let other = Posting { id: movement_id(4), ..one.clone() };
    house.posted(one);
    assert_eq!(told(&house.journal), [""; 0]);
    for (n, who, role) in [(60, "max", "storekeeper"), (61, "sue", "warehouse-supervisor")] {
        house.enrol(who, &[role]);
        house.sign_in(n, None, who);
    }
    let number = other.document.number.clone();
    let ask = house.reserve(other, "max");
    house.ok(ask);
    let post = house.post(4, "sue");
    house.ok(post);
    let mut found = told(&house.journal);
    found.retain(|line| line.starts_with("asks-and-posts"));
    let expect =
        ["sue", "max"].map(|who| format!("asks-and-posts {who} {number} requested+posted"));
    assert_eq!(BTreeSet::from_iter(found), BTreeSet::from(expect));
}

fn later(entry: &Entry, days: i64) -> Stamp {
    Stamp { wall_us: entry.at.wall_us + days * 86_400_000_000, ..entry.at }
}

#[test]
fn parts_anywhere_in_the_house_conflict_while_they_are_near() {
    let mut house = house();
    done(&mut house, receipt(1, None, Some("chief")), "bolt#1 bolt#2");
    let last = house.journal.last().unwrap().clone();
    for (days, near) in [(0, true), (90, true), (91, false)] {
        let mut journal = house.journal.clone();
        let by = operator("sam");
        let body = Body::ClientRevoked { client: "erp".parse().unwrap(), by };
        journal.push(Entry::new(last.seq + 1, later(&last, days), body));
        let found = told(&journal);
        let expect = "keeps-system-and-stock sam house kept-system+moved";
        assert_eq!(found, if near { vec![expect] } else { vec![] }, "{days}");
    }
}

#[test]
fn a_mitigation_counts_if_it_was_in_force() {
    let today = "2027-01-15";
    for (until, said, helps) in
        [(today, "asks-and-approves", true), ("2027-01-14", "asks-and-approves", false)]
            .into_iter()
            .chain([(today, "asks-and-takes", false)])
    {
        let mitigation = Mitigation {
            conflict: said.into(),
            reason: "Wang looks at each".into(),
            until: until.parse().unwrap(),
        };
        let enrolled = Body::Enrolled {
            operator: "mia".parse().unwrap(),
            name: "Mia".into(),
            roles: vec!["department-manager".into()],
            badges: vec![],
            pin: None,
            kinds: Default::default(),
            tails: Default::default(),
            activation: None,
            change: None,
            mitigations: vec![mitigation],
            by: client(),
        };
        let opened =
            Body::TaskOpened { task: receipt(1, Some("Mia"), None), by: client(), decision: None };
        let mut history = History::new(table());
        for (seq, body) in [(0, enrolled), (1, opened)] {
            history.feed(&Entry::new(seq, at(0), body));
        }
        let approved = Entry::new(2, at(0), Body::Stopped { reason: String::new() });
        let case = Case::Document(receipt(1, None, None).document);
        history.note(Some(case), Part::Approved, &operator("mia"), &approved);
        let found: Vec<&Finding> = history.findings().collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].conflict, "asks-and-approves");
        assert_eq!(found[0].mitigated.is_some(), helps, "{until} {said}");
    }
}

/// Whoever takes roles away in a review lets nobody in by that: he may approve a later enrolment.
#[test]
fn taking_away_is_no_enrolling() {
    let enrolled = |roles: &[&str], change: Option<u128>, by: Actor| Body::Enrolled {
        operator: "mia".parse().unwrap(),
        name: "Mia".into(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        badges: vec![],
        pin: None,
        kinds: Default::default(),
        tails: Default::default(),
        activation: None,
        change: change.map(|n| ChangeId(Uuid::from_u128(n))),
        mitigations: vec![],
        by,
    };
    let id = ChangeId(Uuid::from_u128(2));
    let change = Change::Operator {
        operator: "mia".parse().unwrap(),
        name: "Mia".into(),
        roles: vec!["buyer".into()],
        badges: vec![],
        kinds: Default::default(),
        tails: Default::default(),
        reset_pin: false,
        mitigations: vec![],
    };
    let asked =
        Body::ChangeRequested { id, change, reason: "r".into(), by: client(), decision: None };
    let (verdict, reason, by) = (ChangeVerdict::Approved, String::new(), operator("otto"));
    let decided =
        Body::ChangeDecided { id, verdict, reason, by, decision: None, mitigations: vec![] };
    let bodies = |taken: Body| {
        [enrolled(&["buyer"], Some(1), client()), taken, asked.clone(), decided.clone()]
    };
    let found = |bodies: [Body; 4]| {
        let mut history = History::new(table());
        for (seq, body) in (0..).zip(bodies) {
            history.feed(&Entry::new(seq, at(0), body));
        }
        history.findings().filter(|found| found.conflict == "enrols-and-approves").count()
    };
    assert_eq!(found(bodies(enrolled(&[], None, operator("otto")))), 0);
    assert_eq!(
        found(bodies(enrolled(&["auditor"], None, operator("otto")))),
        1,
        "given, not taken"
    );
}
