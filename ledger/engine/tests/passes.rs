//! From passes to movements, as tables: what a station's tasks, a session and the things seen lead
//! to; approvals, holds, quarantine, stock.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{House, at, erp, operator, pass, pass_id, session_id, task, task_id, thing, word};
use gatewarden_engine::{Command, Reply};
use gatewarden_model::{
    Actor, Body, MovementKind, PassClosing, SessionId, Signal, Task, entry::Verdict,
};

const RECEIPT: &str = "@supplier/ACME wh1/dock";

fn receipt(n: u128, lines: &[&str]) -> Task {
    let lines: Vec<String> = lines.iter().map(|l| l.replacen("in", RECEIPT, 1)).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    task(n, "dock-1", MovementKind::Receipt, &lines)
}

fn open(house: &mut House, task: Task) {
    house.ok(Command::OpenTask { task, by: erp() });
}

/// A house with sam at dock-1 and bolts on stock there.
fn house(bolts: i64) -> (House, Option<SessionId>) {
    let mut house = House::new();
    let session = house.sign_in(1, Some("dock-1"), "sam");
    if bolts > 0 {
        house.receive(9000, &format!("10 BOLT-M8 {bolts} in"), &format!("bolt*{bolts}"));
    }
    house.now = at(10);
    (house, Some(session))
}

/// Lines of one receipt, what is seen, what comes of it.
const COMPARED: &[(&[&str], &str, &str)] = &[
    (&["10 BOLT-M8 2 in"], "bolt#1 bolt#2", "posted"),
    (&["10 BOLT-M8 2 in"], "bolt*2", "posted"),
    (&["10 BOLT-M8 2 in"], "bolt#1*9 bolt#2", "posted"),
    (&["10 BOLT-M8 2 in"], "bolt#1", "held 1+0-1?0!0"),
    (&["10 BOLT-M8 2 in"], "bolt#1 bolt#2 bolt#3", "held 2+1-0?0!0"),
    (&["10 BOLT-M8 2 in"], "bolt*3", "held 1+1-0?0!0"),
    (&["10 BOLT-M8 2 in"], "bolt#1 bolt#2 nut#1", "held 2+0-0?0!1"),
    (&["10 BOLT-M8 2 in"], "bolt#1 bolt#2 sscc:1 text:x", "held 2+0-0?2!0"),
    (&["10 BOLT-M8 1 in", "20 NUT-M8 1 in"], "nut#1 bolt#1", "posted"),
    (&["10 BOLT-M8 1 in", "20 BOLT-M8 1 in"], "bolt#1 bolt#2", "posted"),
    (&["10 BOLT-M8 1 in lot=L1"], "bolt#1@L1", "posted"),
    (&["10 BOLT-M8 1 in lot=L1"], "bolt#1@L2", "held 0+1-1?0!0"),
    (&["10 BOLT-M8 1 in lot=L1"], "bolt#1", "held 0+1-1?0!0"),
    (&["10 BOLT-M8 1 in", "20 BOLT-M8 1 in lot=L1"], "bolt#1@L1 bolt#2@L2", "posted"),
    (&["10 BOLT-M8 2 in things=bolt#1,bolt#2"], "bolt#2 bolt#1", "posted"),
    (&["10 BOLT-M8 2 in things=bolt#1,bolt#2"], "bolt#1 bolt#3", "held 1+1-1?0!0"),
    (&["10 BOLT-M8 100 in things=sscc:1"], "sscc:1", "posted"),
    (&["10 BOLT-M8 100 in things=sscc:1,sscc:2"], "sscc:2", "held 1+0-1?0!0"),
    (&["10 BOLT-M8 1 in"], "", "empty"),
];

#[test]
fn things_are_compared_with_the_lines() {
    for (lines, seen, expected) in COMPARED {
        let (mut house, session) = house(0);
        open(&mut house, receipt(1, lines));
        let outcome = house.handle(Command::Pass(pass(1, "dock-1", session, 10, seen)));
        assert_eq!(word(&outcome), *expected, "{lines:?} {seen}");
        let signal = match *expected {
            "posted" => Some(Signal::Go),
            "empty" => None,
            _ => Some(Signal::Stop),
        };
        assert_eq!(outcome.signals.first().map(|s| s.1), signal);
        assert_eq!(house.engine.state().tasks().count(), usize::from(*expected != "posted"));
    }
}

#[test]
fn a_movement_tells_everything_that_made_it_count() {
    let (mut house, session) = house(0);
    open(&mut house, receipt(1, &["10 BOLT-M8 3 in"]));
    let seen = pass(7, "dock-1", session, 10, "bolt#1@L1 bolt#2@L2 bolt#3@L1");
    let outcome = house.handle(Command::Pass(seen.clone()));
    let [moved, closed] = &outcome.entries[..] else { panic!("{:?}", outcome.entries) };
    let Body::Moved { movement, .. } = &moved.body else { panic!("{moved:?}") };
    assert_eq!(movement.id.0, seen.id.0);
    assert_eq!((movement.operator.as_str(), movement.auth_level), ("sam", 2));
    assert_eq!((movement.approved_by.as_str(), movement.approval_seq), ("chief", None));
    assert_eq!(movement.decision.policies, ["role:storekeeper:inbound:execute"]);
    let lines: Vec<_> = movement
        .lines
        .iter()
        .map(|l| (l.lot.as_deref(), l.quantity, l.unit.as_str(), l.things.join(" ")))
        .collect();
    let (one, two) = ("bolt#1@L1 bolt#3@L1".to_owned(), "bolt#2@L2".to_owned());
    assert_eq!(lines, [(Some("L1"), 2, "pcs", one), (Some("L2"), 1, "pcs", two)]);
    assert!(matches!(&closed.body, Body::TaskClosed { reason, .. } if reason == "complete"));
}

#[test]
fn a_pass_that_nobody_may_claim_is_quarantined() {
    let (mut house, session) = house(0);
    house.sign_in(2, Some("dock-2"), "sue");
    open(&mut house, receipt(1, &["10 BOLT-M8 1 in"]));
    let mut judge = |n, session, from_s| {
        let outcome = house.handle(Command::Pass(pass(n, "dock-1", session, from_s, "bolt#1")));
        (word(&outcome), outcome.signals.first().map(|s| s.1))
    };
    let alarm = ("quarantined".to_owned(), Some(Signal::Alarm));
    assert_eq!(judge(1, None, 10), alarm, "nobody signed in");
    assert_eq!(judge(2, Some(session_id(99)), 10), alarm, "unknown session");
    assert_eq!(judge(3, Some(session_id(2)), 10), alarm, "another station's");
    house.ok(Command::SignOut { session: session.unwrap(), reason: "badge".to_owned() });
    let mut judge = |n, from_s| {
        word(&house.handle(Command::Pass(pass(n, "dock-1", session, from_s, "bolt#1"))))
    };
    assert_eq!(judge(4, 11), "quarantined", "ended before");
    assert_eq!(judge(5, 9), "posted", "everything was seen before the end");

    let dismiss = |who: &str, reason: &str| Command::ResolveQuarantine {
        pass: pass_id(1),
        reason: reason.to_owned(),
        by: operator(who),
    };
    assert_eq!(house.refused(dismiss("bob", "why not")), "denied");
    assert_eq!(house.refused(dismiss("max", " ")), "reason-missing");
    house.ok(dismiss("max", "a test pallet"));
    assert_eq!(house.refused(dismiss("max", "again")), "unknown-quarantine");
    assert_eq!(house.engine.state().quarantine().count(), 3);
}

#[test]
fn a_session_that_was_idle_too_long_binds_nothing_even_before_the_tick() {
    let (mut house, session) = house(0);
    open(&mut house, receipt(1, &["10 BOLT-M8 1 in"]));
    house.now = at(500);
    let outcome = house.handle(Command::Pass(pass(1, "dock-1", session, 400, "bolt#1")));
    assert_eq!(word(&outcome), "quarantined");
}

#[test]
fn a_pass_seen_before_a_crash_is_bound_after_it() {
    let (mut house, session) = house(0);
    open(&mut house, receipt(1, &["10 BOLT-M8 1 in"]));
    house.engine = house.restarted();
    house.now = at(1000);
    house.ok(Command::EndLeftoverSessions);
    let late = pass(1, "dock-1", session, 1001, "bolt#1");
    assert_eq!(word(&house.handle(Command::Pass(late))), "quarantined");
    let seen = pass(2, "dock-1", session, 900, "bolt#1");
    assert_eq!(word(&house.handle(Command::Pass(seen))), "posted");
}

#[test]
fn no_task_no_approval_no_right_no_stock_is_no_movement() {
    let (mut house, session) = house(3);
    let seen = |n, s| Command::Pass(pass(n, "dock-1", s, 10, "bolt*5"));
    assert_eq!(word(&house.handle(seen(1, session))), "quarantined");

    let mut issue =
        task(1, "dock-1", MovementKind::Issue, &["10 BOLT-M8 5 wh1/dock @production/L1"]);
    issue.approved_by = None;
    open(&mut house, issue.clone());
    assert_eq!(house.refused(seen(2, session)), "not-approved");
    house.ok(Command::ApproveTask { task: issue.id, by: operator("mia") });
    assert_eq!(house.refused(seen(3, session)), "stock-short");
    let Some(Body::Denied { reason, pass: Some(_), task: Some(_), decision: Some(_), .. }) =
        house.journal.last().map(|e| e.body.clone())
    else {
        panic!("{:?}", house.journal.last())
    };
    assert_eq!(reason, "stock of BOLT-M8 at wh1/dock is 3, 5 needed: 2 short");

    let ann = Some(house.sign_in(7, Some("dock-1"), "ann"));
    let outcome = house.handle(seen(4, ann));
    assert_eq!((word(&outcome).as_str(), outcome.signals[0].1), ("denied", Signal::Stop));
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 3);
}

#[test]
fn whoever_ordered_never_executes() {
    let (mut house, session) = house(0);
    let mut ordered = receipt(1, &["10 BOLT-M8 1 in"]);
    ordered.ordered_by = Some("Sam".to_owned());
    open(&mut house, ordered);
    let command = Command::Pass(pass(1, "dock-1", session, 10, "bolt#1"));
    assert_eq!(house.refused(command), "denied");
    let Some(Body::Denied { decision: Some(decision), .. }) =
        house.journal.last().map(|e| e.body.clone())
    else {
        panic!("{:?}", house.journal.last())
    };
    assert_eq!(decision.policies, ["duty:never-execute-own-order"]);
}

#[test]
fn a_hold_is_decided_by_somebody_else_who_may() {
    let (mut house, session) = house(0);
    open(&mut house, receipt(1, &["10 BOLT-M8 3 in"]));
    house.ok(Command::Pass(pass(1, "dock-1", session, 10, "bolt#1 bolt#2 text:x")));
    house.enrol("sam", &["storekeeper", "warehouse-supervisor"]);
    let session = Some(house.sign_in(90, Some("dock-1"), "sam"));
    let own = Command::DecideHold {
        pass: pass_id(1),
        verdict: Verdict::Accept,
        reason: "mine".to_owned(),
        doubts: vec![],
        by: Actor::Operator { id: "sam".parse().unwrap(), session },
    };
    assert_eq!(house.refused(own), "denied");
    for who in ["bob", "mia"] {
        let command = house.decide(1, Verdict::Accept, who);
        assert_eq!(house.refused(command), "denied", "{who}");
    }
    house.engine = house.restarted();
    let command = house.decide(1, Verdict::Accept, "max");
    let outcome = house.handle(command.clone());
    assert_eq!((word(&outcome).as_str(), outcome.signals[0].1), ("posted", Signal::Go));
    let [decided, moved] = &outcome.entries[..] else { panic!("{:?}", outcome.entries) };
    let Body::Moved { movement, .. } = &moved.body else { panic!("{moved:?}") };
    assert_eq!(movement.resolution_seq, Some(decided.seq));
    assert_eq!((movement.operator.as_str(), movement.auth_level), ("sam", 2));
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 2);
    assert_eq!(house.refused(command), "unknown-hold");
    let told = house.last.as_ref().unwrap().answer.as_ref().unwrap_err();
    assert!(told.message.ends_with("take one from the list of held passes"), "{told:?}");

    // Only what is missing is still expected, and nothing counts twice.
    let again = house.handle(Command::Pass(pass(2, "dock-1", session, 11, "bolt#1")));
    assert_eq!(word(&again), "held 0+1-1?0!0");
    let accept = house.decide(2, Verdict::Accept, "max");
    assert_eq!(house.refused(accept), "nothing-expected");
    let reject = house.decide(2, Verdict::Reject, "max");
    assert_eq!(house.ok(reject), Reply::Done);
    let rest = house.handle(Command::Pass(pass(3, "dock-1", session, 12, "bolt#3")));
    assert_eq!(word(&rest), "posted");
    assert_eq!(house.engine.state().tasks().count(), 0);
}

#[test]
fn a_hold_outlives_its_task_only_to_be_rejected() {
    let (mut house, session) = house(0);
    open(&mut house, receipt(1, &["10 BOLT-M8 2 in"]));
    house.ok(Command::Pass(pass(1, "dock-1", session, 10, "bolt#1")));
    house.ok(Command::Pass(pass(2, "dock-1", session, 11, "bolt#2 bolt#3")));
    let accept = house.decide(1, Verdict::Accept, "max");
    assert_eq!(house.refused(accept), "task-closed");
    let reject = house.decide(1, Verdict::Reject, "max");
    house.ok(reject);
}

#[test]
fn an_interrupted_pass_never_posts_by_itself() {
    let (mut house, session) = house(0);
    open(&mut house, receipt(1, &["10 BOLT-M8 1 in"]));
    let mut seen = pass(1, "dock-1", session, 10, "bolt#1");
    seen.closed_by = PassClosing::Interrupted;
    assert_eq!(word(&house.handle(Command::Pass(seen))), "held 1+0-0?0!0");
    let accept = house.decide(1, Verdict::Accept, "max");
    house.ok(accept);
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 1);
}

#[test]
fn the_same_pass_twice_is_answered_alike_and_posts_once() {
    let (mut house, session) = house(0);
    open(&mut house, receipt(1, &["10 BOLT-M8 1 in"]));
    open(&mut house, receipt(2, &["10 BOLT-M8 1 in"]));
    let passes = [(1, "bolt#1"), (2, "nut#1"), (3, "bolt#5 bolt#6 bolt#7")];
    for (n, things) in passes {
        let seen = pass(n, "dock-1", session, 10, things);
        let first = house.handle(Command::Pass(seen.clone()));
        let again = house.handle(Command::Pass(seen));
        assert_eq!(again.answer, first.answer);
        assert!(again.entries.is_empty() && again.signals.is_empty());
    }
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 1);
}

#[test]
fn the_task_is_the_first_that_the_pass_completes_else_the_best_fit() {
    // Lines of three tasks in opening order, what is seen, the task it is counted for.
    let cases: [([&str; 3], &str, u128); 4] = [
        (["10 BOLT-M8 2 in", "10 BOLT-M8 1 in", "10 BOLT-M8 1 in"], "bolt#1", 2),
        (["10 NUT-M8 9 in", "10 BOLT-M8 9 in", "10 BOLT-M8 8 in"], "bolt#1", 2),
        (["10 BOLT-M8 1 in", "10 BOLT-M8 9 in", "10 BOLT-M8 8 in"], "bolt#1 bolt#2", 2),
        (["10 NUT-M8 9 in", "10 NUT-M8 9 in", "10 NUT-M8 8 in"], "text:x", 1),
    ];
    for (tasks, seen, expected) in cases {
        let (mut house, session) = house(0);
        for (n, lines) in tasks.iter().enumerate() {
            open(&mut house, receipt(n as u128 + 1, &[lines]));
        }
        let outcome = house.handle(Command::Pass(pass(1, "dock-1", session, 10, seen)));
        let chosen = outcome.entries.iter().find_map(|e| match &e.body {
            Body::Moved { movement, .. } => Some(movement.task),
            Body::Held { task, .. } => Some(Some(*task)),
            _ => None,
        });
        assert_eq!(chosen, Some(Some(task_id(expected))), "{tasks:?} {seen}");
    }
}

#[test]
fn tasks_are_validated_and_one_id_means_one_content() {
    let mut house = House::new();
    use MovementKind::{Issue, Receipt, Shipment, Transfer};
    for (kind, line, answer) in [
        (Receipt, "1 BOLT-M8 1 @supplier/A wh1/a", "ok"),
        (Receipt, "1 BOLT-M8 1 wh1/a wh1/b", "kind-places"),
        (Receipt, "1 BOLT-M8 0 @supplier/A wh1/a", "quantity-zero"),
        (Receipt, "1 BOLT-M8 -1 @supplier/A wh1/a", "quantity-negative"),
        (Receipt, "1 GHOST 1 @supplier/A wh1/a", "unknown-item"),
        (Receipt, "1 BOLT-M8 5 @supplier/A wh1/a things=a,b", "things-uneven"),
        (Receipt, "1 BOLT-M8 2 @supplier/A wh1/a things=a,a", "thing-twice"),
        (Issue, "1 BOLT-M8 1 wh1/a @production/L1", "ok"),
        (Issue, "1 BOLT-M8 1 wh1/a @loss", "ok"),
        (Issue, "1 BOLT-M8 1 wh1/a @customer/C", "kind-places"),
        (Transfer, "1 BOLT-M8 1 wh1/a wh1/b", "ok"),
        (Transfer, "1 BOLT-M8 1 wh1/a wh1/a", "kind-places"),
        (Transfer, "1 BOLT-M8 1 @transit wh1/a", "ok"),
        (Transfer, "1 BOLT-M8 1 @supplier/A wh1/a", "kind-places"),
        (Shipment, "1 BOLT-M8 1 wh1/a @customer/C", "ok"),
        (Shipment, "1 BOLT-M8 1 wh1/a @production/L1", "kind-places"),
        (Shipment, "1 BOLT-M8 1 @loss @customer/C", "kind-places"),
    ] {
        let n = house.engine.next_seq().into();
        let task = task(n, "dock-1", kind, &[line]);
        let outcome = house.handle(Command::OpenTask { task, by: erp() });
        assert_eq!(word(&outcome), answer, "{line}");
    }
    let mut one = receipt(5000, &["1 BOLT-M8 1 in"]);
    open(&mut house, one.clone());
    let again = house.handle(Command::OpenTask { task: one.clone(), by: erp() });
    assert_eq!((again.answer, again.entries.len()), (Ok(Reply::Task(one.id)), 0));
    one.lines[0].quantity = 2;
    assert_eq!(house.refused(Command::OpenTask { task: one.clone(), by: erp() }), "task-differs");
    one.lines.clear();
    one.id = task_id(5001);
    assert_eq!(house.refused(Command::OpenTask { task: one, by: erp() }), "lines-missing");
}

#[test]
fn approvals_come_from_somebody_else() {
    let mut house = House::new();
    let issue = |n| {
        let line = "10 BOLT-M8 5 wh1/dock @production/L1";
        Task { approved_by: None, ..task(n, "dock-1", MovementKind::Issue, &[line]) }
    };
    let ask = |task, who: &str| Command::OpenTask { task, by: operator(who) };
    let approve = |n, who: &str| Command::ApproveTask { task: task_id(n), by: operator(who) };
    house.ok(ask(issue(1), "ann"));
    assert_eq!(house.refused(ask(issue(2), "bob")), "denied");
    let claimed = Task { approved_by: Some("boss".to_owned()), ..issue(3) };
    assert_eq!(house.refused(ask(claimed, "ann")), "task-invalid");
    let foreign = Task { ordered_by: Some("boss".to_owned()), ..issue(3) };
    assert_eq!(house.refused(ask(foreign, "ann")), "task-invalid");
    assert_eq!(house.refused(approve(1, "ann")), "denied");
    assert_eq!(house.refused(approve(9, "mia")), "unknown-task");
    house.ok(approve(1, "mia"));
    assert_eq!(house.refused(approve(1, "max")), "already-approved");

    house.enrol("ann", &["sales-assistant", "department-manager"]);
    house.sign_in(91, None, "ann");
    house.ok(ask(issue(4), "ann"));
    assert_eq!(house.refused(approve(4, "ann")), "denied");

    // An ERP in which one person orders and approves has not had it approved.
    let alone = Task {
        ordered_by: Some("Boss".to_owned()),
        approved_by: Some("boss".to_owned()),
        ..issue(5)
    };
    open(&mut house, alone);
    assert_eq!(house.engine.state().task(task_id(5)).unwrap().approval, None);

    // Nor has one that a machine states which may only ask.
    let (client, scopes) = ("shop".parse().unwrap(), vec!["outbound:request".to_owned()]);
    let token = gatewarden_model::Hash::of(b"shop");
    house.ok(Command::AddClient { client, scopes, token, by: Actor::Daemon });
    let shop = || Actor::Client { id: "shop".parse().unwrap() };
    let stated = Task { approved_by: Some("boss".to_owned()), ..issue(6) };
    assert_eq!(house.refused(Command::OpenTask { task: stated, by: shop() }), "task-invalid");
    house.ok(Command::OpenTask { task: issue(6), by: shop() });

    let withdraw = |n, who: &str| Command::WithdrawTask { task: task_id(n), by: operator(who) };
    assert_eq!(house.refused(withdraw(4, "bob")), "denied");
    house.ok(withdraw(4, "ann"));
    assert_eq!(house.refused(withdraw(4, "ann")), "unknown-task");
    house.ok(ask(issue(4), "ann"));
    assert!(house.engine.state().task(task_id(4)).is_none(), "a closed task stays closed");
    assert_eq!(thing("bolt#1").serial.as_deref(), Some("1"));
}

#[test]
fn a_serial_that_was_received_is_never_received_again() {
    let (mut house, session) = house(0);
    open(&mut house, receipt(1, &["10 BOLT-M8 1 in"]));
    let first = pass(1, "dock-1", session, 10, "bolt#1");
    assert_eq!(word(&house.handle(Command::Pass(first))), "posted");
    // On a second order: held, whatever the first order's task knew, and after a restart too.
    open(&mut house, receipt(2, &["10 BOLT-M8 1 in"]));
    let again = pass(2, "dock-1", session, 10, "bolt#1");
    assert_eq!(word(&house.handle(Command::Pass(again))), "held 0+1-1?0!0");
    let accept = house.decide(2, Verdict::Accept, "max");
    assert_eq!(house.refused(accept), "nothing-expected");
    house.engine = house.restarted();
    let again = pass(3, "dock-1", session, 10, "bolt#1");
    assert_eq!(word(&house.handle(Command::Pass(again))), "held 0+1-1?0!0");
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 1);
    // From where it is it moves on, and comes back from where it went.
    let lines = ["10 BOLT-M8 1 wh1/dock wh1/a"];
    open(&mut house, task(3, "dock-1", MovementKind::Transfer, &lines));
    let moved = pass(4, "dock-1", session, 10, "bolt#1");
    assert_eq!(word(&house.handle(Command::Pass(moved))), "posted");
    open(&mut house, task(4, "dock-1", MovementKind::Transfer, &lines));
    let gone = pass(5, "dock-1", session, 10, "bolt#1");
    assert_eq!(word(&house.handle(Command::Pass(gone))), "held 0+1-1?0!0");
}

#[test]
fn a_case_counts_its_pieces_and_a_tag_what_it_was_commissioned_as() {
    let (mut house, session) = house(0);
    open(&mut house, receipt(1, &["10 BOLT-M8 24 in"]));
    let cases = pass(1, "dock-1", session, 10, "case#1 case#2");
    assert_eq!(word(&house.handle(Command::Pass(cases))), "posted");
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 24);
    open(&mut house, receipt(2, &["10 BOLT-M8 30 in"]));
    let cases = pass(2, "dock-1", session, 10, "case*3");
    assert_eq!(word(&house.handle(Command::Pass(cases))), "held 1+1-1?0!0");

    let bind = |house: &House, item: &str, serial: Option<&str>| Command::Commission {
        tag: "hex:e2".to_owned(),
        item: item.parse().unwrap(),
        lot: None,
        serial: serial.map(str::to_owned),
        tid: None,
        by: house.by("sam"),
    };
    for (item, serial, code) in [("GHOST", None, "unknown-item"), ("CHIP", None, "serial-missing")]
    {
        let command = bind(&house, item, serial);
        assert_eq!(house.refused(command), code);
    }
    let by = house.by("bob");
    let denied = Command::Decommission { tag: "hex:e2".to_owned(), reason: "x".to_owned(), by };
    assert_eq!(house.refused(denied), "denied");
    let command = bind(&house, "CHIP", Some("7"));
    house.ok(command.clone());
    assert_eq!(house.handle(command).entries.len(), 0);
    let command = bind(&house, "NUT-M8", None);
    assert_eq!(house.refused(command), "tag-bound");
    house.engine = house.restarted();
    open(&mut house, receipt(3, &["10 CHIP 1 in"]));
    let seen = pass(3, "dock-1", session, 10, "hex:e2");
    assert_eq!(word(&house.handle(Command::Pass(seen))), "posted");
    assert_eq!(house.stock("CHIP", "wh1/dock"), 1);
    let release = |house: &House| Command::Decommission {
        tag: "hex:e2".to_owned(),
        reason: "torn off".to_owned(),
        by: house.by("sam"),
    };
    let command = release(&house);
    house.ok(command);
    let command = release(&house);
    assert_eq!(house.refused(command), "unknown-tag");
    let command = bind(&house, "BOLT-M8", None);
    house.ok(command);
}

#[test]
fn a_line_is_worth_what_its_document_says_in_shares_that_add_up() {
    let (mut house, session) = house(0);
    let mut order = receipt(1, &["10 PUMP 3 in"]);
    order.lines[0].value = Some("100".parse().unwrap());
    open(&mut house, order);
    let mut values = vec![];
    for n in 1..=3 {
        let seen = pass(n, "dock-1", session, 10, &format!("pump#{n} text:{n}"));
        assert!(word(&house.handle(Command::Pass(seen))).starts_with("held 1"));
        let accept = house.decide(n, Verdict::Accept, "max");
        let outcome = house.handle(accept);
        values.extend(outcome.entries.iter().filter_map(|entry| match &entry.body {
            Body::Moved { movement, .. } => movement.lines[0].value.map(|v| v.to_string()),
            _ => None,
        }));
    }
    assert_eq!(values, ["33.33", "33.34", "33.33"]);
}
