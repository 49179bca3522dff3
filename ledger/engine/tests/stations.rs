//! What happens to sessions beyond opening and ending: idle and resumed, stepped up, joined, locked,
//! seen where their operator can't be.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{
    House, access, at, badge, operator, pass, posting, session_id, settings, stamp_ms, task, word,
};
use gatewarden_engine::{
    Command, Engine, Factor, FactorCheck, Judge, Levels, OFTEN_WINDOW_US, PINS_OFTEN_MAX, PinCheck,
    Reply, SCAN_EVERY_US, SCANS_AT_ONCE_MAX, SESSIONS_OFTEN_MAX, STEP_UPS_OFTEN_MAX, Settings,
    TwoPersons, Walking,
};
use gatewarden_model::{
    Action, Actor, Body, Item, ItemClass, Module, MovementKind, Pass, SessionEvent, SessionId,
    SessionPhase, Signal, Stamp, StationId,
};

/// A house with other settings; everybody is enrolled and signed in as ever.
fn house(change: impl FnOnce(&mut Settings)) -> House {
    let mut settings =
        Settings { idle_end_ms: 600_000, step_up_ms: 120_000, failures_max: 6, ..settings() };
    change(&mut settings);
    House::with(settings)
}

fn station(name: &str) -> StationId {
    name.parse().unwrap()
}

fn phase(house: &House, n: u128) -> Option<SessionPhase> {
    house.engine.state().session(session_id(n)).map(|s| s.phase)
}

/// Transitions at stations since `from`, as `from>to event`.
fn changes(house: &House, from: usize) -> Vec<String> {
    let one = |body: &Body| match body {
        Body::SessionChanged { station: Some(_), from, event, to, .. } => {
            let event = serde_json::to_value(event).unwrap();
            Some(format!("{}>{} {}", from.name(), to.name(), event.as_str().unwrap()))
        }
        Body::SessionEnded { station: Some(_), reason, .. } => Some(format!("ended {reason}")),
        _ => None,
    };
    house.journal[from..].iter().filter_map(|entry| one(&entry.body)).collect()
}

fn resume(house: &mut House, n: u128, pin: PinCheck) -> Result<Reply, &'static str> {
    let command = Command::Resume { session: session_id(n), pin };
    house.handle(command).answer.map_err(|refusal| refusal.code)
}

fn step_up(
    house: &mut House,
    n: u128,
    factor: Factor,
    check: PinCheck,
) -> Result<u8, &'static str> {
    let proof = FactorCheck { factor, check };
    let outcome = house.handle(Command::StepUp { session: session_id(n), proof, used: None });
    match outcome.answer {
        Ok(Reply::Session(session)) => Ok(session.auth_level),
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => Err(refusal.code),
    }
}

fn join(house: &mut House, n: u128, who: &str, pin: PinCheck) -> Result<Reply, &'static str> {
    let command = Command::Join { session: session_id(n), badge: Some(badge(who)), pin };
    house.handle(command).answer.map_err(|refusal| refusal.code)
}

fn scan(house: &mut House, place: &str, who: &str) -> Result<Reply, &'static str> {
    let command = Command::Badge { station: station(place), badge: badge(who) };
    house.handle(command).answer.map_err(|refusal| refusal.code)
}

/// Opens a task at dock-1 for two bolts and shows them at `from_s`, in session `n`.
fn receive(house: &mut House, id: u128, n: u128, from_s: u64) -> String {
    expect_two_bolts(house, id);
    let shown = two_bolts(id, n, from_s);
    house.now = at(from_s + 2).max_by_time(house.now);
    word(&house.handle(Command::Pass(shown)))
}

fn expect_two_bolts(house: &mut House, id: u128) {
    let lines = ["10 BOLT-M8 2 @supplier/ACME wh1/dock"];
    let task = task(id, "dock-1", MovementKind::Receipt, &lines);
    house.ok(Command::OpenTask { task, by: common::erp() });
}

fn two_bolts(id: u128, n: u128, from_s: u64) -> Pass {
    let things = format!("bolt#{id}1 bolt#{id}2");
    pass(id, "dock-1", Some(session_id(n)), from_s, &things)
}

trait Later {
    fn max_by_time(self, other: Stamp) -> Stamp;
}

impl Later for Stamp {
    fn max_by_time(self, other: Stamp) -> Stamp {
        if other.mono_us > self.mono_us { other } else { self }
    }
}

#[test]
fn an_idle_session_authorises_nothing_until_its_pin_is_given_again() {
    let mut house = house(|_| {});
    house.sign_in(1, Some("dock-1"), "sam");
    let from = house.journal.len();
    house.now = stamp_ms(299_999);
    house.ok(Command::Tick);
    assert_eq!(phase(&house, 1), Some(SessionPhase::Authenticated));
    house.now = at(300);
    house.ok(Command::Tick);
    assert_eq!(phase(&house, 1), Some(SessionPhase::Idle));

    assert_eq!(receive(&mut house, 1, 1, 301), "quarantined");
    let by = Actor::Operator { id: "sam".parse().unwrap(), session: Some(session_id(1)) };
    let what = "stock".to_owned();
    let ask = Command::Ask { by: by.clone(), action: Action::View, module: Module::Inbound, what };
    assert_eq!(house.refused(ask), "session-idle");
    assert!(!house.engine.may(&by, Action::View, Module::Inbound));
    let activity = house.handle(Command::Activity { session: session_id(1), what: String::new() });
    assert_eq!(activity.answer.unwrap_err().code, "session-idle", "an act does not revive it");

    house.now = at(310);
    assert!(matches!(resume(&mut house, 1, PinCheck::Right), Ok(Reply::SignedIn(_))));
    assert_eq!(receive(&mut house, 2, 1, 309), "quarantined", "it opened before the resumption");
    assert_eq!(receive(&mut house, 3, 1, 320), "posted");
    let told = ["authenticated>idle quiet", "idle>authenticated resumed"];
    assert_eq!(changes(&house, from), told);
    assert_eq!(house.restarted().state(), house.engine.state());
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_pass_seen_before_the_session_was_idle_counts_though_it_comes_later() {
    let mut house = house(|_| {});
    house.sign_in(1, Some("dock-1"), "sam");
    expect_two_bolts(&mut house, 1);
    house.now = at(305);
    house.ok(Command::Tick);
    assert_eq!(phase(&house, 1), Some(SessionPhase::Idle));
    assert_eq!(word(&house.handle(Command::Pass(two_bolts(1, 1, 299)))), "posted");
}

#[test]
fn an_idle_session_is_resumed_by_badge_and_pin_and_abandoned_else() {
    let mut house = house(|_| {});
    house.sign_in(1, Some("dock-1"), "sam");
    let from = house.journal.len();
    house.now = at(300);
    // The own badge signs nobody out of an idle session: it is how to resume.
    assert!(matches!(scan(&mut house, "dock-1", "sam"), Ok(Reply::BadgeSeen { .. })));
    let sign_in = Command::SignIn {
        station: Some(station("dock-1")),
        badge: None,
        pin: PinCheck::Right,
        session: session_id(2),
    };
    let Reply::SignedIn(session) = house.ok(sign_in) else { panic!() };
    assert_eq!(session.id, session_id(1), "the same session goes on");

    house.now = stamp_ms(300_000 + 899_999);
    house.ok(Command::Tick);
    assert_eq!(phase(&house, 1), Some(SessionPhase::Idle));
    house.now = stamp_ms(300_000 + 900_000);
    house.ok(Command::Tick);
    assert_eq!(phase(&house, 1), None);
    assert_eq!(resume(&mut house, 1, PinCheck::Right), Err("unknown-session"));
    let told = [
        "authenticated>idle quiet",
        "idle>authenticated resumed",
        "authenticated>idle quiet",
        "ended idle",
    ];
    assert_eq!(changes(&house, from), told);
}

#[test]
fn a_wall_clock_set_back_revives_nothing() {
    let back = |ms: u64| Stamp { wall_us: 0, ..stamp_ms(ms) };
    let mut house = house(|settings| settings.idle_end_ms = 0);
    house.sign_in(1, Some("dock-1"), "sam");
    house.now = back(300_000);
    house.ok(Command::Tick);
    assert_eq!(phase(&house, 1), None, "idle by the monotonic clock");
    house.sign_in(2, None, "sam");
    step_up(&mut house, 2, Factor::Totp, PinCheck::Right).unwrap();
    house.now = back(420_000);
    house.ok(Command::Activity { session: session_id(2), what: String::new() });
    assert_eq!(house.engine.state().session(session_id(2)).unwrap().auth_level, 2);
}

#[test]
fn wrong_pins_lock_the_session_and_too_many_lock_the_operator_until_somebody_unlocks() {
    let mut house = house(|_| {});
    house.sign_in(1, Some("dock-1"), "sam");
    let from = house.journal.len();
    house.now = at(300);
    for _ in 0..3 {
        assert_eq!(resume(&mut house, 1, PinCheck::Wrong), Err("sign-in-refused"));
        assert_eq!(phase(&house, 1), Some(SessionPhase::Idle));
    }
    assert_eq!(resume(&mut house, 1, PinCheck::Wrong), Err("sign-in-refused"));
    assert_eq!(phase(&house, 1), Some(SessionPhase::Locked));
    assert_eq!(resume(&mut house, 1, PinCheck::Right), Err("locked"));
    house.now = at(305);
    assert_eq!(resume(&mut house, 1, PinCheck::Wrong), Err("sign-in-refused"));
    house.now = at(315);
    assert_eq!(resume(&mut house, 1, PinCheck::Wrong), Err("sign-in-refused"));
    // Six failures: no waiting helps any more.
    house.now = at(800);
    assert_eq!(resume(&mut house, 1, PinCheck::Right), Err("locked"));
    house.engine = {
        let again = house.restarted();
        assert_eq!(again.state(), house.engine.state());
        again
    };
    let sam = "sam".parse().unwrap();
    assert_eq!(house.engine.state().lock_remaining_ms(&sam, &house.now), u64::MAX);

    house.sign_in(50, None, "adam");
    house.sign_in(51, None, "max");
    let unlock = |who: &str, by: Actor| Command::Unlock { operator: who.parse().unwrap(), by };
    assert_eq!(house.refused(unlock("sam", operator("max"))), "denied");
    assert_eq!(house.refused(unlock("nobody", operator("adam"))), "unknown-operator");
    assert_eq!(house.refused(unlock("adam", operator("adam"))), "same-person");
    assert_eq!(house.refused(unlock("sue", operator("adam"))), "not-locked");
    house.ok(unlock("sam", operator("adam")));
    assert_eq!(house.engine.state().lockout(&sam), None);
    assert!(resume(&mut house, 1, PinCheck::Right).is_ok());
    assert_eq!(phase(&house, 1), Some(SessionPhase::Authenticated));
    let told =
        ["authenticated>idle quiet", "idle>locked wrong-pins", "locked>authenticated resumed"];
    assert_eq!(changes(&house, from), told);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_level_is_asked_for_raised_for_a_while_and_falls_back() {
    let mut house = house(|settings| {
        settings.levels = Levels {
            kinds: [(MovementKind::Receipt, 3), (MovementKind::Scrap, 4)].into(),
            rights: [((Module::System, Action::Modify), 3)].into(),
        };
    });
    house.sign_in(1, Some("dock-1"), "sam");
    let from = house.journal.len();
    assert_eq!(receive(&mut house, 1, 1, 1), "step-up-needed");
    let Some(Body::Denied { decision: Some(decision), reason, .. }) =
        house.journal.last().map(|entry| &entry.body)
    else {
        panic!()
    };
    assert!(decision.allowed && reason.contains("level 3"), "{reason}");

    house.now = at(10);
    assert_eq!(step_up(&mut house, 1, Factor::Totp, PinCheck::Wrong), Err("sign-in-refused"));
    assert_eq!(step_up(&mut house, 1, Factor::Totp, PinCheck::Right), Ok(3));
    expect_two_bolts(&mut house, 2);
    house.now = at(12);
    let early = word(&house.handle(Command::Pass(two_bolts(2, 1, 9))));
    assert_eq!(early, "step-up-needed", "seen before the level was raised");
    assert_eq!(receive(&mut house, 3, 1, 11), "posted");
    let moved = house.journal.iter().rev().find_map(|entry| match &entry.body {
        Body::Moved { movement, .. } => Some(movement.clone()),
        _ => None,
    });
    let moved = moved.unwrap();
    assert_eq!((moved.auth_level, moved.session), (3, session_id(1)));
    assert_eq!(moved.station, Some(station("dock-1")));
    assert_eq!(moved.devices, ["dock-1-reader".parse().unwrap()]);

    assert_eq!(step_up(&mut house, 1, Factor::SecurityKey, PinCheck::Right), Ok(4));
    assert_eq!(step_up(&mut house, 1, Factor::Totp, PinCheck::Right), Ok(4), "a lesser one");
    let raised = house.now;
    house.now = Stamp { mono_us: raised.mono_us + 119_999_999, ..raised };
    house.ok(Command::Tick);
    assert_eq!(house.engine.state().session(session_id(1)).unwrap().auth_level, 4);
    house.now = Stamp { mono_us: raised.mono_us + 120_000_000, ..raised };
    house.ok(Command::Tick);
    assert_eq!(house.engine.state().session(session_id(1)).unwrap().auth_level, 2);
    let told = [
        "authenticated>authenticated stepped-up",
        "authenticated>authenticated stepped-up",
        "authenticated>authenticated stepped-down",
    ];
    assert_eq!(changes(&house, from), told);

    // A right, at the console; who may not do it at all is not told to step up.
    let unlock = |by: Actor| Command::Unlock { operator: "sam".parse().unwrap(), by };
    house.sign_in(60, None, "adam");
    assert_eq!(house.refused(unlock(operator("adam"))), "step-up-needed");
    house.sign_in(61, None, "max");
    assert_eq!(house.refused(unlock(operator("max"))), "denied");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_raised_level_does_not_outlast_the_idle_time() {
    let mut house = house(|settings| settings.step_up_ms = 3_600_000);
    house.sign_in(1, Some("dock-1"), "sam");
    step_up(&mut house, 1, Factor::SecurityKey, PinCheck::Right).unwrap();
    house.now = at(300);
    assert_eq!(step_up(&mut house, 1, Factor::Totp, PinCheck::Right), Err("session-idle"));
    resume(&mut house, 1, PinCheck::Right).unwrap();
    let session = house.engine.state().session(session_id(1)).unwrap();
    assert_eq!((session.auth_level, session.raised), (2, None));
}

fn two_for_receipts(settings: &mut Settings) {
    settings.two_persons = TwoPersons { kinds: [MovementKind::Receipt].into(), classes: [].into() };
}

#[test]
fn what_needs_two_people_moves_only_with_another_one_who_may_move_it() {
    let mut house = house(two_for_receipts);
    house.sign_in(1, Some("dock-1"), "sam");
    assert_eq!(receive(&mut house, 1, 1, 1), "second-person-needed");
    assert_eq!(join(&mut house, 1, "sam", PinCheck::Right), Err("same-person"));
    assert_eq!(join(&mut house, 1, "sue", PinCheck::Wrong), Err("sign-in-refused"));
    // A buyer may be present, and that is not enough.
    assert!(join(&mut house, 1, "bob", PinCheck::Right).is_ok());
    assert_eq!(receive(&mut house, 2, 1, 10), "second-person-needed");
    assert_eq!(join(&mut house, 1, "sue", PinCheck::Right), Err("second-present"));
    assert_eq!(scan(&mut house, "dock-1", "bob"), Ok(Reply::SignedOut), "he leaves by badge");
    house.now = at(20);
    assert!(join(&mut house, 1, "sue", PinCheck::Right).is_ok());
    expect_two_bolts(&mut house, 3);
    house.now = at(22);
    let early = word(&house.handle(Command::Pass(two_bolts(3, 1, 19))));
    assert_eq!(early, "second-person-needed", "seen before she came");
    assert_eq!(receive(&mut house, 4, 1, 21), "posted");
    let Some(Body::Moved { movement, .. }) =
        house.journal.iter().rev().map(|e| &e.body).find(|b| matches!(b, Body::Moved { .. }))
    else {
        panic!()
    };
    let second = movement.second.clone().unwrap();
    assert_eq!((movement.operator.as_str(), second.operator.as_str()), ("sam", "sue"));
    assert!(second.auth_level == 2 && second.decision.allowed);

    house.ok(Command::Leave { session: session_id(1) });
    assert_eq!(receive(&mut house, 5, 1, 30), "second-person-needed");
    assert_eq!(house.restarted().state(), house.engine.state());
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_second_person_leaves_by_idleness_by_moving_and_by_being_removed() {
    let second = |house: &House| {
        let session = house.engine.state().session(session_id(1)).unwrap();
        session.second.as_ref().map(|second| second.operator.to_string())
    };
    let mut house = house(two_for_receipts);
    house.sign_in(1, Some("dock-1"), "sam");
    join(&mut house, 1, "sue", PinCheck::Right).unwrap();
    house.now = at(300);
    resume(&mut house, 1, PinCheck::Right).unwrap();
    assert_eq!(second(&house), None, "idle");

    join(&mut house, 1, "sue", PinCheck::Right).unwrap();
    assert_eq!(second(&house), Some("sue".to_owned()));
    house.sign_in(2, Some("dock-2"), "sue");
    assert_eq!(second(&house), None, "moved");

    join(&mut house, 1, "sue", PinCheck::Right).unwrap();
    assert_eq!(phase(&house, 2), None, "one station an operator");
    house.ok(Command::Remove { operator: "sue".parse().unwrap(), by: Actor::Local { uid: 0 } });
    assert_eq!(second(&house), None, "removed");
}

/// Why second persons left, in order.
fn left(house: &House) -> Vec<String> {
    let one = |body: &Body| match body {
        Body::SessionChanged { event: SessionEvent::Left, note, second: None, .. } => {
            Some(note.clone())
        }
        _ => None,
    };
    house.journal.iter().filter_map(|entry| one(&entry.body)).collect()
}

#[test]
fn a_second_person_does_not_stay_by_what_the_first_one_does() {
    let mut house = house(two_for_receipts);
    house.sign_in(1, Some("dock-1"), "sam");
    join(&mut house, 1, "sue", PinCheck::Right).unwrap();
    let act = |house: &mut House, seconds: u64| {
        house.now = at(seconds);
        house.ok(Command::Activity { session: session_id(1), what: String::new() });
        let session = house.engine.state().session(session_id(1)).unwrap();
        session.second.is_some()
    };
    assert!(act(&mut house, 200));
    assert!(act(&mut house, 299));
    assert!(!act(&mut house, 300), "she joined 300 s ago and was not seen since");
    assert_eq!(receive(&mut house, 1, 1, 301), "second-person-needed");
    // Whoever proves again that she is there stays, but not longer than the session.
    let over = settings().session_max_ms / 1000;
    for seconds in (301..over).step_by(250) {
        house.now = at(seconds);
        join(&mut house, 1, "sue", PinCheck::Right).unwrap();
        assert!(act(&mut house, seconds));
    }
    assert_eq!(left(&house), ["idle"]);
    house.now = at(over);
    house.ok(Command::Tick);
    assert_eq!(phase(&house, 1), None);
    assert_eq!(left(&house), ["idle", "expired"]);
    assert_eq!(house.restarted().state(), house.engine.state());
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn every_leaving_of_a_second_person_tells_why() {
    let mut house = house(two_for_receipts);
    house.sign_in(1, Some("dock-1"), "sam");
    let mut seconds = 0;
    let mut then = |house: &mut House, command: Command| {
        seconds += 5;
        house.now = at(seconds);
        join(house, 1, "sue", PinCheck::Right).unwrap();
        house.ok(command);
    };
    then(&mut house, Command::Leave { session: session_id(1) });
    let scan = Command::Badge { station: station("dock-1"), badge: badge("sue") };
    then(&mut house, scan);
    let console = house.sign_in_command(2, None, "sue", PinCheck::Right);
    then(&mut house, console);
    let dock = house.sign_in_command(3, Some("dock-2"), "sue", PinCheck::Right);
    then(&mut house, dock);
    let over = house.sign_in_command(4, Some("dock-1"), "sue", PinCheck::Right);
    then(&mut house, over);
    assert_eq!(left(&house), ["operator", "badge", "moved", "moved", "moved"]);
    assert_eq!(phase(&house, 1), None, "handed over");

    house.sign_in(1_000, Some("dock-1"), "sam");
    let id = session_id(1_000);
    join(&mut house, 1_000, "sue", PinCheck::Right).unwrap();
    house.ok(Command::SignOut { session: id, reason: "operator".to_owned() });
    house.sign_in(1_001, Some("dock-1"), "sam");
    join(&mut house, 1_001, "sue", PinCheck::Right).unwrap();
    house.now = at(seconds + 299);
    join(&mut house, 1_001, "sue", PinCheck::Right).unwrap();
    house.now = at(seconds + 300);
    house.ok(Command::Tick);
    assert_eq!(left(&house)[5..], ["operator", "idle"], "with the session, and with its idleness");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn class_a_by_hand_needs_a_second_person_who_did_not_ask_for_it() {
    let mut house = house(|settings| {
        let items = settings.items.iter().cloned();
        let class = |item: Item| match item.code.as_str() {
            "BOLT-M8" => Item { class: ItemClass::A, ..item },
            _ => item,
        };
        settings.items = gatewarden_engine::ItemMaster::new(items.map(class).collect::<Vec<_>>());
        settings.two_persons.classes = [ItemClass::A].into();
    });
    house.enrol("moe", &["warehouse-supervisor"]);
    house.sign_in(70, None, "sue");
    let lines = ["10 BOLT-M8 3 @supplier/ACME wh1/dock"];
    let reserve = house.reserve(posting(1, MovementKind::Receipt, &lines), "sue");
    house.ok(reserve);
    let post = house.post(1, "max");
    assert_eq!(house.refused(post.clone()), "second-person-needed");
    let Actor::Operator { session: Some(console), .. } = house.by("max") else { panic!() };
    let join = |who: &str| Command::Join {
        session: console,
        badge: Some(badge(who)),
        pin: PinCheck::Right,
    };
    house.ok(join("sue"));
    assert_eq!(house.refused(post.clone()), "second-person-needed", "she asked for it herself");
    house.ok(Command::Leave { session: console });
    house.ok(join("moe"));
    house.ok(post);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_posting_tells_its_session_its_level_and_the_station_it_was_made_at() {
    let mut house = house(|_| {});
    let lines = ["10 BOLT-M8 3 @supplier/ACME wh1/dock"];
    let moved = |house: &House| {
        let last = house.journal.iter().rev().find_map(|entry| match &entry.body {
            Body::Moved { movement, .. } => Some(movement.clone()),
            _ => None,
        });
        last.unwrap()
    };
    house.sign_in(70, None, "sue");
    house.posted(posting(1, MovementKind::Receipt, &lines));
    assert_eq!(moved(&house).station, None, "at the console");
    house.now = at(1);
    let session = house.sign_in(71, Some("dock-2"), "max");
    house.posted(posting(2, MovementKind::Receipt, &lines));
    let movement = moved(&house);
    assert_eq!((movement.session, movement.auth_level), (session, 2));
    assert_eq!(movement.station, Some(station("dock-2")));
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// What a judge says of a journal in which `forge` changed entries.
fn judged_of(house: &House, forge: impl Fn(&mut Body)) -> Vec<String> {
    let mut journal = house.journal.clone();
    journal.iter_mut().for_each(|entry| forge(&mut entry.body));
    let mut judge = Judge::knowing(access());
    journal.iter().filter_map(|entry| judge.judge(entry)).collect()
}

#[test]
fn a_judge_tells_what_a_session_could_not_have_become() {
    let mut house = house(two_for_receipts);
    house.sign_in(1, Some("dock-1"), "sam");
    join(&mut house, 1, "sue", PinCheck::Right).unwrap();
    assert_eq!(receive(&mut house, 1, 1, 1), "posted");
    house.now = at(400);
    house.ok(Command::Tick);
    resume(&mut house, 1, PinCheck::Right).unwrap();
    assert_eq!(judged_of(&house, |_| {}), Vec::<String>::new());

    let revived = judged_of(&house, |body| {
        if let Body::SessionChanged { event, .. } = body
            && *event == SessionEvent::Resumed
        {
            *event = SessionEvent::Joined;
        }
    });
    assert!(revived.len() == 1 && revived[0].contains("does not lead"), "{revived:?}");
    let unheard = judged_of(&house, |body| {
        if let Body::SessionChanged { from, event, .. } = body
            && *event == SessionEvent::Resumed
        {
            *from = SessionPhase::Locked;
        }
    });
    assert!(unheard.len() == 1 && unheard[0].contains("was idle"), "{unheard:?}");
    let alone = judged_of(&house, |body| {
        if let Body::Moved { movement, .. } = body
            && let Some(second) = &mut movement.second
        {
            second.operator = movement.operator.clone();
        }
    });
    assert!(alone.iter().any(|told| told.contains("beside himself")), "{alone:?}");
    let bought = judged_of(&house, |body| {
        if let Body::Moved { movement, .. } = body
            && let Some(second) = &mut movement.second
        {
            second.operator = "bob".parse().unwrap();
        }
    });
    assert!(bought.iter().any(|told| told.contains("answer deny")), "{bought:?}");
}

fn a_minute(settings: &mut Settings) {
    let pair = (station("dock-1"), station("dock-2"));
    settings.walking = Walking { least_ms: 0, between: [(pair, 60_000)].into() };
}

#[test]
fn a_badge_faster_than_its_owner_walks_is_refused_alarmed_and_locks_his_session() {
    let mut house = house(a_minute);
    house.sign_in(1, Some("dock-1"), "sam");
    let from = house.journal.len();
    house.now = stamp_ms(59_999);
    assert_eq!(scan(&mut house, "dock-2", "sam"), Err("too-fast"));
    let alarmed = house.last.as_ref().unwrap().signals.clone();
    let both = [(station("dock-1"), Signal::Alarm), (station("dock-2"), Signal::Alarm)];
    assert_eq!(alarmed, both);
    assert_eq!(changes(&house, from), ["authenticated>locked too-fast"]);
    // A jammed scanner says it once.
    let entries = house.journal.len();
    for _ in 0..100 {
        assert_eq!(scan(&mut house, "dock-2", "sam"), Err("too-fast"));
    }
    assert_eq!(house.journal.len(), entries);
    // The right PIN there is refused each time on record.
    for _ in 0..2 {
        let sign_in = house.sign_in_command(9, Some("dock-2"), "sam", PinCheck::Right);
        assert_eq!(house.refused(sign_in), "too-fast");
    }

    assert_eq!(receive(&mut house, 1, 1, 59), "posted", "seen while it was good");
    assert_eq!(receive(&mut house, 2, 1, 60), "quarantined");
    assert!(resume(&mut house, 1, PinCheck::Right).is_ok());
    assert_eq!(receive(&mut house, 3, 1, 70), "posted");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn at_exactly_the_walking_time_somebody_may_be_there() {
    for (ms, who) in [(59_999, "too-fast"), (60_000, "")] {
        let mut house = house(a_minute);
        house.sign_in(1, Some("dock-1"), "sam");
        house.now = stamp_ms(ms);
        let sign_in = house.sign_in_command(2, Some("dock-2"), "sam", PinCheck::Right);
        let code = house.handle(sign_in).answer.err().map_or("", |refusal| refusal.code);
        assert_eq!(code, who, "{ms}");
        let is_open = phase(&house, 2).is_some();
        assert_eq!(is_open, who.is_empty());
        let first = phase(&house, 1);
        assert_eq!(first, (!is_open).then_some(SessionPhase::Locked), "{ms}");
    }
}

#[test]
fn whoever_types_a_badge_number_without_its_pin_locks_nobody_and_leaving_is_no_way_round() {
    let mut house = house(a_minute);
    house.sign_in(1, Some("dock-1"), "sam");
    house.now = at(5);
    let wrong = house.sign_in_command(2, Some("dock-2"), "sam", PinCheck::Wrong);
    assert_eq!(house.refused(wrong), "sign-in-refused");
    assert_eq!(phase(&house, 1), Some(SessionPhase::Authenticated));
    // His last act counts, not his sign-in; and the way takes its time after the session too.
    house.now = at(50);
    house.ok(Command::Activity { session: session_id(1), what: String::new() });
    house.now = at(55);
    assert_eq!(scan(&mut house, "dock-1", "sam"), Ok(Reply::SignedOut));
    house.now = stamp_ms(114_999);
    let right = |house: &House| house.sign_in_command(3, Some("dock-2"), "sam", PinCheck::Right);
    assert_eq!(house.refused(right(&house)), "too-fast");
    house.now = at(115);
    house.ok(right(&house));
}

#[test]
fn a_suspected_badge_keeps_its_delay() {
    let mut house = house(a_minute);
    house.sign_in(1, Some("dock-1"), "sam");
    for n in 0..4 {
        house.refused(house.sign_in_command(10 + n, None, "sam", PinCheck::Wrong));
    }
    house.now = at(1);
    assert_eq!(scan(&mut house, "dock-2", "sam"), Err("too-fast"));
    let sam = "sam".parse().unwrap();
    assert_eq!(house.engine.state().lock_remaining_ms(&sam, &house.now), 4000);
}

#[test]
fn a_scan_is_an_entry_once_and_a_jammed_scanner_fills_nothing() {
    let mut house = house(|_| {});
    let from = house.journal.len();
    for _ in 0..1000 {
        scan(&mut house, "dock-1", "sam").unwrap();
    }
    assert_eq!(changes(&house, from), ["free>badge-seen scanned"]);
    house.now = stamp_ms(60_000);
    house.ok(Command::Tick);
    assert_eq!(changes(&house, from).last().unwrap(), "badge-seen>free lapsed");

    // Strangers with a stack of badges: so many at once, and then one a minute that tells of the rest.
    let from = house.journal.len();
    for n in 0..1000 {
        scan(&mut house, "dock-2", &format!("stranger-{n}")).unwrap();
    }
    assert_eq!(changes(&house, from).len(), SCANS_AT_ONCE_MAX as usize);
    house.now = Stamp { mono_us: house.now.mono_us + SCAN_EVERY_US, ..house.now };
    house.ok(Command::Tick);
    let Some(Body::SessionChanged { note, event: SessionEvent::Lapsed, operator: None, .. }) =
        house.journal.last().map(|entry| &entry.body)
    else {
        panic!("{:?}", house.journal.last())
    };
    assert!(note.starts_with("980 scans"), "{note}");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn scans_that_lead_to_a_sign_in_are_all_entries() {
    let mut house = house(|_| {});
    let from = house.journal.len();
    for n in 0..u128::from(3 * SCANS_AT_ONCE_MAX) {
        let who = if n % 2 == 0 { "sam" } else { "sue" };
        scan(&mut house, "dock-1", who).unwrap();
        let sign_in = Command::SignIn {
            station: Some(station("dock-1")),
            badge: None,
            pin: PinCheck::Right,
            session: session_id(1000 + n),
        };
        house.ok(sign_in);
        assert_eq!(scan(&mut house, "dock-1", who), Ok(Reply::SignedOut));
    }
    let scans = changes(&house, from).iter().filter(|told| told.ends_with("scanned")).count();
    assert_eq!(scans, 3 * SCANS_AT_ONCE_MAX as usize);
}

/// Keeps the test's helpers honest: an engine of its own with the same policies.
#[test]
fn a_station_tells_its_state() {
    let engine = Engine::new(settings(), access(), 0);
    assert_eq!(engine.phase_at(&station("dock-1"), &at(0)), SessionPhase::Free);
    let mut house = house(|_| {});
    scan(&mut house, "dock-1", "sam").unwrap();
    let here = |house: &House| house.engine.phase_at(&station("dock-1"), &house.now);
    assert_eq!(here(&house), SessionPhase::BadgeSeen);
    let session: SessionId = house.sign_in(1, Some("dock-1"), "sam");
    assert_eq!(here(&house), SessionPhase::Authenticated);
    house.now = at(300);
    house.ok(Command::Tick);
    assert_eq!(here(&house), SessionPhase::Idle);
    house.ok(Command::SignOut { session, reason: "operator".to_owned() });
    assert_eq!(here(&house), SessionPhase::Free);
}

/// Signing in and out for ever costs a bounded number of entries, and the refusals one each window.
#[test]
fn who_signs_in_and_out_for_ever_is_refused_and_told_once() {
    let mut house = house(|_| {});
    house.now = at(1);
    let before = house.journal.len();
    let (mut opened, mut refused) = (0, 0);
    for n in 0..1000 {
        let command = house.sign_in_command(10_000 + n, Some("dock-1"), "sam", PinCheck::Right);
        match house.handle(command).answer {
            Ok(_) => {
                opened += 1;
                let reason = "operator".to_owned();
                house.ok(Command::SignOut { session: session_id(10_000 + n), reason });
            }
            Err(refusal) => {
                refused += 1;
                assert_eq!((refusal.code, refusal.recorded.is_some()), ("busy", refused == 1));
                assert!(refusal.message.contains("try again in"), "{refusal}");
            }
        }
    }
    assert_eq!((opened, refused), (SESSIONS_OFTEN_MAX, 1000 - SESSIONS_OFTEN_MAX));
    assert_eq!(house.journal.len() - before, 2 * SESSIONS_OFTEN_MAX as usize + 1);
    // Others are not kept out, nor is his wrong PIN hidden.
    house.sign_in(20_000, Some("dock-2"), "sue");
    let wrong = house.sign_in_command(20_001, Some("dock-1"), "sam", PinCheck::Wrong);
    assert_eq!(house.refused(wrong), "sign-in-refused");
    // The window is over: how many there were is told, and he signs in again.
    house.now = stamp_ms(1000 + OFTEN_WINDOW_US / 1000);
    house.ok(Command::Tick);
    let told = house.journal.iter().find_map(|entry| match &entry.body {
        Body::Denied { further: Some(further), reason, .. } => Some((*further, reason.clone())),
        _ => None,
    });
    let (further, reason) = told.unwrap();
    assert_eq!(further, u64::from(refused) - 1);
    assert!(reason.contains("sam did too often within 10 minutes"), "{reason}");
    house.sign_in(30_000, Some("dock-1"), "sam");
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// What does not open a session of one's own is bounded too.
#[test]
fn joining_stepping_up_and_changing_the_pin_are_bounded() {
    let mut house = house(|_| {});
    house.sign_in(1, Some("dock-1"), "sam");
    let until_busy = |house: &mut House, act: &dyn Fn(&mut House) -> Result<(), &'static str>| {
        let mut done = 0;
        loop {
            match act(house) {
                Ok(()) => done += 1,
                Err(code) => {
                    assert_eq!(code, "busy");
                    return done;
                }
            }
        }
    };
    let joined = until_busy(&mut house, &|house| {
        join(house, 1, "sue", PinCheck::Right)?;
        house.ok(Command::Leave { session: session_id(1) });
        Ok(())
    });
    assert_eq!(joined, SESSIONS_OFTEN_MAX);
    let raised = until_busy(&mut house, &|house| {
        step_up(house, 1, Factor::SecurityKey, PinCheck::Right).map(drop)
    });
    assert_eq!(raised, STEP_UPS_OFTEN_MAX);
    let pins = until_busy(&mut house, &|house| {
        let pin = gatewarden_model::Hash::of(&house.journal.len().to_be_bytes());
        let command = Command::ChangePin { session: session_id(1), check: PinCheck::Right, pin };
        house.handle(command).answer.map(drop).map_err(|refusal| refusal.code)
    });
    assert_eq!(pins, PINS_OFTEN_MAX);
    assert_eq!(house.judged(), Vec::<String>::new());
}
