//! Postings by hand: reserved by one, posted by another, voided, lapsed, counted, taken back, and
//! how tasks use what is reserved for them.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{House, PALLET, at, erp, movement_id, pass, posting, session_id, task, word};
use gatewarden_engine::{Command, Reply};
use gatewarden_model::{
    Actor, Body, Bucket, CountLine, Day, Hash, Movement, MovementKind, Posting, StockStatus, Task,
    canonical,
};

const ISSUE: &str = "10 BOLT-M8 5 wh1/dock @production/L1";

/// A house with twenty bolts at the dock, sam there, and sue and max at the console.
fn house() -> House {
    let mut house = House::new();
    house.sign_in(1, Some("dock-1"), "sam");
    house.sign_in(2, None, "sue");
    house.receive(9000, "10 BOLT-M8 20 in", "bolt*20");
    house.now = at(10);
    house
}

fn issue(n: u128) -> Posting {
    posting(n, MovementKind::Issue, &[ISSUE])
}

fn reserved(house: &House) -> i64 {
    let bucket = Bucket { status: StockStatus::Reserved, ..Bucket::default() };
    house.quantity("BOLT-M8", "wh1/dock", &bucket)
}

fn last_moved(house: &House) -> Movement {
    let moved = house.journal.iter().rev().find_map(|entry| match &entry.body {
        Body::Moved { movement, .. } => Some(movement.clone()),
        _ => None,
    });
    moved.unwrap()
}

#[test]
fn nothing_moves_by_hand_without_two_people() {
    let mut house = house();
    let reserve = house.reserve(issue(1), "sue");
    assert_eq!(house.ok(reserve), Reply::Reserved(movement_id(1)));
    assert_eq!((house.stock("BOLT-M8", "wh1/dock"), reserved(&house)), (15, 5));

    let nobody = Command::PostReservation {
        reservation: movement_id(1),
        by: Actor::Nobody,
        confirmation: None,
    };
    let machine =
        Command::PostReservation { reservation: movement_id(1), by: erp(), confirmation: None };
    let shell = Command::PostReservation {
        reservation: movement_id(1),
        by: Actor::Local { uid: 0 },
        confirmation: None,
    };
    assert_eq!(house.refused(nobody), "not-authenticated");
    assert_eq!([house.refused(machine), house.refused(shell)], ["denied", "denied"]);
    let storekeeper = house.post(1, "sam");
    assert_eq!(house.refused(storekeeper), "denied");
    house.enrol("sue", &["storekeeper", "warehouse-supervisor"]);
    house.sign_in(3, None, "sue");
    let own = house.post(1, "sue");
    assert_eq!(house.refused(own), "denied");
    let Some(Body::Denied { decision: Some(decision), .. }) =
        house.journal.last().map(|e| e.body.clone())
    else {
        panic!("{:?}", house.journal.last())
    };
    assert_eq!(decision.policies, ["duty:never-approve-own-request"]);

    house.engine = house.restarted();
    let post = house.post(1, "max");
    assert_eq!(word(&house.handle(post.clone())), "posted");
    assert_eq!((house.stock("BOLT-M8", "wh1/dock"), reserved(&house)), (15, 0));
    let movement = last_moved(&house);
    assert_eq!((movement.operator.as_str(), movement.approved_by.as_str()), ("max", "max"));
    assert_eq!(movement.evidence, Hash::of(&canonical::encode(&issue(1)).unwrap()));
    assert_eq!(movement.lines[0].from_status, StockStatus::Reserved);
    assert_eq!((movement.task, movement.pass, movement.station), (None, None, None));

    // A repeat is answered as the first time, also after a restart; other content is refused.
    for _ in 0..2 {
        let again = house.handle(post.clone());
        assert_eq!((word(&again).as_str(), again.entries.len()), ("posted", 0));
        let reserve = house.reserve(issue(1), "sue");
        let again = house.handle(reserve);
        assert_eq!((again.answer, again.entries.len()), (Ok(Reply::Reserved(movement_id(1))), 0));
        let mut other = issue(1);
        other.lines[0].quantity = "6".to_owned();
        let reserve = house.reserve(other, "sue");
        assert_eq!(house.refused(reserve), "posting-differs");
        house.engine = house.restarted();
    }
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn what_is_wrong_with_a_posting_is_refused_by_name_when_it_is_reserved() {
    use MovementKind::{Adjustment, Issue, Receipt, Scrap, StatusChange};
    let cases: &[(MovementKind, &[&str], &str)] = &[
        (Issue, &["1 BOLT-M8 21 wh1/dock @production/L1"], "stock-short"),
        (Issue, &["1 BOLT-M8 2 wh1/dock @production/L1 unit=case"], "stock-short"),
        (Issue, &["1 BOLT-M8 0 wh1/dock @production/L1"], "quantity-zero"),
        (Issue, &["1 BOLT-M8 -1 wh1/dock @production/L1"], "quantity-negative"),
        (Issue, &["1 BOLT-M8 1.5 wh1/dock @production/L1"], "quantity-fraction"),
        (Issue, &["1 BOLT-M8 1 wh1/dock @production/L1 unit=ton"], "unknown-unit"),
        (Issue, &["1 GHOST 1 wh1/dock @production/L1"], "unknown-item"),
        (Issue, &["1 BOLT-M8 1 wh1/dock @customer/C"], "kind-places"),
        (Issue, &["1 BOLT-M8 1 wh1/dock @production/L1 lot=L9"], "lot-foreign"),
        (Issue, &["1 BOLT-M8 1 wh1/dock @production/L1 owner=ACME"], "wrong-owner"),
        (Issue, &["1 BOLT-M8 1 wh1/dock @production/L1 was=reserved"], "status-reserved"),
        (
            Issue,
            &["1 BOLT-M8 1 wh1/dock @production/L1", "1 NUT-M8 1 wh1/dock @loss"],
            "line-twice",
        ),
        (Issue, &[], "lines-missing"),
        (Receipt, &["1 CHIP 2 @supplier/A wh1/dock things=(01)1(21)1"], "serial-count"),
        (Receipt, &["1 CHIP 2 @supplier/A wh1/dock things=a,a"], "thing-twice"),
        (Receipt, &["1 BOLT-M8 1 @supplier/A wh1/dock value=3"], "value-not-stated"),
        (StatusChange, &["1 BOLT-M8 1 wh1/dock wh1/dock status=reserved"], "status-reserved"),
        (Adjustment, &["1 BOLT-M8 1 @loss/found wh1/dock"], "reason-missing"),
        (Scrap, &["1 BOLT-M8 1 wh1/dock @loss/bin"], "reason-missing"),
    ];
    let mut house = house();
    for (n, (kind, lines, code)) in cases.iter().enumerate() {
        let reserve = house.reserve(posting(100 + n as u128, *kind, lines), "sue");
        assert_eq!(house.refused(reserve), *code, "{lines:?}");
    }
    let wrong = |change: fn(&mut Posting)| {
        let mut posting = issue(200);
        change(&mut posting);
        posting
    };
    for (posting, code) in [
        (wrong(|p| p.document.number.clear()), "document-invalid"),
        (wrong(|p| p.document.number = "B\u{41E}LT".to_owned()), "code-lookalike"),
        (wrong(|p| p.effective = Some("2099-01-01".parse().unwrap())), "day-ahead"),
        (wrong(|p| p.effective = Some("2000-01-01".parse().unwrap())), "reason-missing"),
        (wrong(|p| p.reason = Some(" ".to_owned())), "reason-missing"),
        (wrong(|p| p.expires_ms = Some(0)), "expiry-invalid"),
        (wrong(|p| p.kind = MovementKind::Count), "count-lines"),
        (wrong(|p| p.lines = vec![p.lines[0].clone(); 100_000]), "too-many-lines"),
    ] {
        let reserve = house.reserve(posting, "sue");
        assert_eq!(house.refused(reserve), code);
    }
    let reserve = house.reserve(issue(300), "bob");
    assert_eq!(house.refused(reserve), "denied");
    assert_eq!((house.stock("BOLT-M8", "wh1/dock"), reserved(&house)), (20, 0));
}

#[test]
fn lines_that_are_linked_all_move_or_none() {
    let mut house = house();
    let both = [ISSUE, "20 NUT-M8 1 wh1/dock @production/L1"];
    let reserve = house.reserve(posting(1, MovementKind::Issue, &both), "sue");
    assert_eq!(house.refused(reserve), "stock-short");
    assert_eq!((house.stock("BOLT-M8", "wh1/dock"), reserved(&house)), (20, 0));
}

#[test]
fn a_reservation_lapses_by_time_also_over_a_restart_and_is_voided_by_who_may() {
    let mut house = house();
    let short = Posting { expires_ms: Some(60_000), ..issue(1) };
    for posting in [short, issue(2), issue(3)] {
        let reserve = house.reserve(posting, "sue");
        house.ok(reserve);
    }
    assert_eq!(reserved(&house), 15);
    house.engine = house.restarted();
    house.now = at(69);
    house.ok(Command::Tick);
    assert_eq!(reserved(&house), 15);
    house.now = at(70);
    house.ok(Command::Tick);
    assert_eq!(reserved(&house), 10);
    let ended = |house: &House| match &house.journal.last().unwrap().body {
        Body::ReservationEnded { reason, by, .. } => (reason.clone(), by.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(ended(&house), ("time-out".to_owned(), Actor::Daemon));
    let late = house.post(1, "max");
    assert_eq!(house.refused(late), "unknown-reservation");

    let void = |house: &House, n, who: &str, reason: &str| Command::VoidReservation {
        reservation: movement_id(n),
        reason: reason.to_owned(),
        by: house.by(who),
    };
    let command = void(&house, 2, "sam", "not needed");
    assert_eq!(house.refused(command), "denied");
    let command = void(&house, 2, "sue", "");
    assert_eq!(house.refused(command), "reason-missing");
    let command = void(&house, 2, "sue", "not needed");
    house.ok(command);
    assert_eq!(ended(&house).0, "void: not needed");
    // Another boot, whose clock stands still in the past: the hour counts from the start.
    house.now = gatewarden_model::Stamp { boot: uuid::Uuid::from_u128(2), ..at(3_600) };
    house.now.wall_us = 0;
    house.sign_in(50, None, "max");
    let post = house.post(3, "max");
    assert_eq!(house.refused(post), "reservation-over");
    assert_eq!((house.stock("BOLT-M8", "wh1/dock"), reserved(&house)), (20, 0));
}

#[test]
fn a_count_moves_the_difference_to_the_book_of_its_posting() {
    let mut house = house();
    let count = |n, quantity: &str| {
        let counted = CountLine {
            line: 10,
            item: "BOLT-M8".parse().unwrap(),
            location: "wh1/dock".parse().unwrap(),
            bucket: Bucket::default(),
            quantity: quantity.to_owned(),
            unit: None,
        };
        Posting { lines: vec![], counts: vec![counted], ..posting(n, MovementKind::Count, &[]) }
    };
    house.posted(count(1, "18"));
    let movement = last_moved(&house);
    assert_eq!((movement.counts[0].book, movement.counts[0].counted), (20, 18));
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 18);
    // Between counting and posting something was issued: the book of the posting counts.
    let reserve = house.reserve(count(2, "13"), "sue");
    house.ok(reserve);
    house.posted(issue(3));
    let post = house.post(2, "max");
    house.ok(post);
    assert_eq!(last_moved(&house).lines, []);
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 13);
    let reserve = house.reserve(issue(4), "sue");
    house.ok(reserve);
    let reserve = house.reserve(count(5, "13"), "sue");
    assert_eq!(house.refused(reserve), "count-reserved");
}

#[test]
fn a_movement_is_taken_back_once_and_a_closed_period_stays() {
    let mut house = house();
    house.enrol("cfo", &["controller"]);
    house.sign_in(60, None, "cfo");
    house.posted(issue(1));
    let back = |n| {
        let reason = Some("wrong order".to_owned());
        let reverses = Some(movement_id(1));
        Posting { reason, reverses, ..posting(n, MovementKind::Issue, &[]) }
    };
    house.posted(back(2));
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 20);
    let movement = last_moved(&house);
    assert_eq!((movement.reverses, movement.back_dated), (Some(movement_id(1)), true));
    let reserve = house.reserve(back(3), "sue");
    assert_eq!(house.refused(reserve), "reversed-already");
    let unknown = Posting { reverses: Some(movement_id(99)), ..back(4) };
    let reserve = house.reserve(unknown, "sue");
    assert_eq!(house.refused(reserve), "movement-unknown");

    let today = Day::of(&house.now, 0);
    let before = |days: i64| Day::from_number(i64::from(today.number()) - days);
    let close = |house: &House, until, who: &str| Command::ClosePeriod { until, by: house.by(who) };
    let command = close(&house, before(3), "max");
    assert_eq!(house.refused(command), "denied");
    let command = close(&house, today, "cfo");
    assert_eq!(house.refused(command), "day-ahead");
    let command = close(&house, before(3), "cfo");
    house.ok(command.clone());
    assert_eq!(house.handle(command).entries.len(), 0);
    let command = close(&house, before(5), "cfo");
    assert_eq!(house.refused(command), "period-closed");
    house.engine = house.restarted();
    let past = |n, days| Posting {
        effective: Some(before(days)),
        reason: Some("found the paper".to_owned()),
        ..posting(n, MovementKind::Receipt, &["10 BOLT-M8 1 @supplier/A wh1/dock"])
    };
    let reserve = house.reserve(past(5, 3), "sue");
    assert_eq!(house.refused(reserve), "period-closed");
    house.posted(past(6, 2));
    assert_eq!(last_moved(&house).effective, Some(before(2)));
    // What was not there then can't have been issued then.
    let issued = Posting { effective: Some(before(1)), ..past(7, 1) };
    let issued = Posting { kind: MovementKind::Issue, lines: issue(7).lines, ..issued };
    let reserve = house.reserve(issued, "sue");
    assert_eq!(house.refused(reserve), "stock-short");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_task_uses_what_is_reserved_for_it_and_nobody_else_does() {
    let mut house = house();
    let session = Some(session_id(1));
    let whole = posting(1, MovementKind::Issue, &["10 BOLT-M8 16 wh1/dock @production/L1"]);
    let reserve = house.reserve(whole, "sue");
    house.ok(reserve);
    let free = task(1, "dock-1", MovementKind::Issue, &[ISSUE]);
    house.ok(Command::OpenTask { task: free.clone(), by: erp() });
    let seen = |n, things: &str| Command::Pass(pass(n, "dock-1", session, 10, things));
    assert_eq!(house.refused(seen(1, "bolt*5")), "stock-short");
    house.ok(Command::WithdrawTask { task: free.id, by: erp() });

    let line = "10 BOLT-M8 12 wh1/dock @production/L1";
    let own = |n, line| Task {
        reservation: Some(movement_id(1)),
        ..task(n, "dock-1", MovementKind::Issue, &[line])
    };
    let unknown = Task { reservation: Some(movement_id(7)), ..own(2, line) };
    assert_eq!(house.refused(Command::OpenTask { task: unknown, by: erp() }), "task-invalid");
    house.ok(Command::OpenTask { task: own(3, line), by: erp() });
    assert_eq!(word(&house.handle(seen(2, "case#1"))), "posted");
    assert_eq!(last_moved(&house).reservation, Some(movement_id(1)));
    assert_eq!((house.stock("BOLT-M8", "wh1/dock"), reserved(&house)), (4, 4));
    let post = house.post(1, "max");
    assert_eq!(house.refused(post), "reservation-used");
    house.engine = house.restarted();
    house.ok(Command::OpenTask { task: own(4, ISSUE), by: erp() });
    assert_eq!(house.refused(seen(3, "bolt*5")), "reservation-short");
    house.ok(Command::WithdrawTask { task: own(4, ISSUE).id, by: erp() });
    let rest = "10 BOLT-M8 4 wh1/dock @production/L1";
    house.ok(Command::OpenTask { task: own(5, rest), by: erp() });
    assert_eq!(word(&house.handle(seen(4, "bolt*4"))), "posted");
    assert_eq!(house.engine.state().reservations().count(), 0);
    assert_eq!(reserved(&house), 0);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn counts_adjustments_and_status_changes_are_no_tasks() {
    let mut house = house();
    for (kind, line) in [
        (MovementKind::Count, "1 BOLT-M8 1 @loss wh1/dock"),
        (MovementKind::Adjustment, "1 BOLT-M8 1 @loss wh1/dock"),
        (MovementKind::StatusChange, "1 BOLT-M8 1 wh1/dock wh1/dock"),
    ] {
        let task = Task { approved_by: None, ..task(1, "dock-1", kind, &[line]) };
        let outcome = house.handle(Command::OpenTask { task, by: house.by("sue") });
        let refusal = outcome.answer.unwrap_err();
        assert_eq!(refusal.code, "task-invalid");
        assert!(refusal.message.contains("reserve it as a posting"), "{refusal:?}");
    }
}

#[test]
fn a_handling_unit_moves_whole() {
    let mut house = house();
    let key = format!("(00){PALLET}");
    let pack = format!("10 BOLT-M8 12 wh1/dock wh1/dock to={PALLET}");
    house.posted(posting(1, MovementKind::Pack, &[&pack]));
    let inside = Bucket { unit: Some(PALLET.to_owned()), ..Bucket::default() };
    assert_eq!(house.quantity("BOLT-M8", "wh1/dock", &inside), 12);

    let session = Some(session_id(1));
    let mut seen = pass(1, "dock-1", session, 10, "sscc:x");
    seen.sightings[0].thing.key = key;
    seen.sightings[0].thing.sscc = Some(PALLET.to_owned());
    let open = |house: &mut House, n, line: &str| {
        let task = task(n, "dock-1", MovementKind::Transfer, &[line]);
        house.ok(Command::OpenTask { task, by: erp() });
    };
    open(&mut house, 1, "10 BOLT-M8 10 wh1/dock wh1/a");
    assert_eq!(word(&house.handle(Command::Pass(seen.clone()))), "held 0+1-1?0!0");
    open(&mut house, 2, "10 BOLT-M8 12 wh1/dock wh1/a");
    seen.id = common::pass_id(2);
    assert_eq!(word(&house.handle(Command::Pass(seen))), "posted");
    assert_eq!(house.quantity("BOLT-M8", "wh1/a", &inside), 12);
    let line = last_moved(&house).lines.remove(0);
    assert_eq!(
        (line.quantity, line.from_unit, line.to_unit),
        (12, inside.unit.clone(), inside.unit)
    );
}
