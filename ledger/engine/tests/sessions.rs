//! Sessions as scenarios: sign-in, sign-out, hand-over, time-outs, lock-out, restart.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{House, at, badge, session_id, stamp_ms};
use gatewarden_engine::{Command, PinCheck, Reply};
use gatewarden_model::{Actor, Body, Hash};

/// Session entries since `from`, as `+who@station` and `-who@station reason`.
fn told(house: &House, from: usize) -> Vec<String> {
    let place = |s: &Option<gatewarden_model::StationId>| {
        s.as_ref().map_or_else(|| "console".to_owned(), ToString::to_string)
    };
    let one = |body: &Body| match body {
        Body::SessionOpened { operator, station, .. } => {
            Some(format!("+{operator}@{}", place(station)))
        }
        Body::SessionEnded { operator, station, reason, .. } => {
            Some(format!("-{operator}@{} {reason}", place(station)))
        }
        _ => None,
    };
    house.journal[from..].iter().filter_map(|e| one(&e.body)).collect()
}

#[test]
fn one_session_a_station_and_one_station_an_operator() {
    let mut house = House::new();
    let from = house.journal.len();
    house.sign_in(1, Some("dock-1"), "sam");
    house.sign_in(2, Some("dock-2"), "sam");
    house.sign_in(3, Some("dock-2"), "sue");
    house.sign_in(4, Some("dock-2"), "sue");
    house.sign_in(5, None, "sue");
    let expected = [
        "+sam@dock-1",
        "-sam@dock-1 moved",
        "+sam@dock-2",
        "-sam@dock-2 hand-over",
        "+sue@dock-2",
        "-sue@dock-2 renewed",
        "+sue@dock-2",
        "+sue@console",
    ];
    assert_eq!(told(&house, from), expected);
    let station = "dock-2".parse().unwrap();
    assert_eq!(house.engine.state().session_at(&station).map(|s| s.id), Some(session_id(4)));
}

#[test]
fn a_badge_signs_its_own_operator_out_and_is_else_remembered_for_a_minute() {
    let mut house = House::new();
    let station = || "dock-1".parse().unwrap();
    let scan = |who: &str| Command::Badge { station: station(), badge: badge(who) };
    let seen = house.ok(scan("sam"));
    assert_eq!(seen, Reply::BadgeSeen { operator: Some("sam".parse().unwrap()) });
    house.now = at(59);
    let pin = |n| Command::SignIn {
        station: Some(station()),
        badge: None,
        pin: PinCheck::Right,
        session: session_id(n),
    };
    house.ok(pin(1));
    assert!(matches!(house.ok(scan("sue")), Reply::BadgeSeen { .. }));
    assert_eq!(house.ok(scan("sam")), Reply::SignedOut);
    house.now = at(119);
    assert_eq!(house.refused(pin(2)), "no-badge");
}

#[test]
fn sessions_end_when_idle_and_after_the_longest_time() {
    let mut house = House::new();
    let from = house.journal.len();
    house.sign_in(1, Some("dock-1"), "sam");
    house.now = stamp_ms(299_999);
    house.ok(Command::Activity { session: session_id(1), what: String::new() });
    house.now = stamp_ms(599_998);
    assert_eq!(house.handle(Command::Tick).entries.iter().filter(|e| is_of(e, "sam")).count(), 0);
    house.now = stamp_ms(599_999);
    house.ok(Command::Tick);
    assert!(told(&house, from).contains(&"-sam@dock-1 idle".to_owned()));

    house.sign_in(2, Some("dock-1"), "sam");
    let start = 599_999;
    let mut ms = start;
    while house.engine.state().session(session_id(2)).is_some() {
        ms += 200_000;
        house.now = stamp_ms(ms);
        let _ = house.handle(Command::Activity { session: session_id(2), what: String::new() });
    }
    assert_eq!(ms - start, 28_800_000);
    assert_eq!(told(&house, from).last().unwrap(), "-sam@dock-1 expired");
}

fn is_of(entry: &gatewarden_model::Entry, who: &str) -> bool {
    matches!(&entry.body, Body::SessionEnded { operator, .. } if operator.as_str() == who)
}

/// Seconds from the start, PIN, and what comes of it: code, failures, wait in milliseconds.
const GUESSES: &[(u64, PinCheck, &str, u32, u64)] = &[
    (0, PinCheck::Wrong, "sign-in-refused", 1, 0),
    (1, PinCheck::Wrong, "sign-in-refused", 2, 0),
    (2, PinCheck::Wrong, "sign-in-refused", 3, 0),
    (3, PinCheck::Wrong, "sign-in-refused", 4, 5000),
    (4, PinCheck::Right, "locked", 4, 4000),
    (7, PinCheck::Absent, "locked", 4, 1000),
    (8, PinCheck::Wrong, "sign-in-refused", 5, 10_000),
    (18, PinCheck::Absent, "pin-missing", 5, 0),
    (18, PinCheck::Wrong, "sign-in-refused", 6, 20_000),
];

#[test]
fn guessing_is_slowed_and_an_unknown_badge_can_not_be_told_from_a_wrong_pin() {
    for who in ["sam", "a-stranger"] {
        let mut house = House::new();
        let from = house.journal.len();
        for (n, (seconds, pin, ..)) in GUESSES.iter().enumerate() {
            house.now = at(*seconds);
            let command = house.sign_in_command(n as u128, Some("dock-1"), who, *pin);
            let outcome = house.handle(command);
            let refusal = outcome.answer.unwrap_err();
            let (_, _, code, failures, wait_ms) = GUESSES[n];
            assert_eq!(refusal.code, code, "{who} {n}");
            let body = &house.journal[from + n].body;
            let Body::SignInRefused { failures: f, locked_ms, reason, operator, .. } = body else {
                panic!("{body:?}")
            };
            assert_eq!((*f, *locked_ms), (failures, wait_ms), "{who} {n}");
            assert_eq!(operator.is_some(), who == "sam");
            assert_eq!(*reason, refusal.message);
            if code == "sign-in-refused" {
                assert_eq!(reason, "badge or PIN is wrong");
            }
        }
    }
}

#[test]
fn a_lock_survives_the_restart_and_a_success_clears_it() {
    let mut house = House::new();
    for n in 0..4 {
        house.refused(house.sign_in_command(n, Some("dock-1"), "sam", PinCheck::Wrong));
    }
    let sam = "sam".parse().unwrap();
    assert_eq!(house.engine.state().lock_remaining_ms(&sam, &at(0)), 5000);
    house.engine = house.restarted();
    assert_eq!(house.engine.state().lock_remaining_ms(&sam, &at(0)), 5000);
    house.now = at(2);
    let right = |house: &House| house.sign_in_command(9, Some("dock-1"), "sam", PinCheck::Right);
    assert_eq!(house.refused(right(&house)), "locked");
    house.now = at(5);
    house.ok(right(&house));
    assert_eq!(house.engine.state().lockout(&sam), None);
}

#[test]
fn who_is_removed_is_out_at_once_and_a_restart_ends_everything() {
    let mut house = House::new();
    house.sign_in(1, Some("dock-1"), "sam");
    let from = house.journal.len();
    let by = Actor::Local { uid: 0 };
    house.ok(Command::Remove { operator: "sam".parse().unwrap(), by });
    assert_eq!(told(&house, from), ["-sam@dock-1 revoked"]);
    let command = house.sign_in_command(2, Some("dock-1"), "sam", PinCheck::Right);
    assert_eq!(house.refused(command), "sign-in-refused");

    house.engine = house.restarted();
    house.ok(Command::EndLeftoverSessions);
    assert_eq!(house.engine.state().sessions().count(), 0);
    assert!(told(&house, from).iter().skip(1).all(|t| t.ends_with(" restart")));
}

/// What changes of sam's enrolment (name, roles, badge, PIN), whether his sessions end, and the PIN
/// in force from then on.
type Change = (&'static str, &'static str, &'static str, Option<&'static [u8]>);
const CHANGES: &[(Change, bool, Option<&[u8]>)] = &[
    (("Sam", "storekeeper", "sam", None), false, None),
    (("Sam", "buyer", "sam", None), true, None),
    (("Sam", "buyer", "sam-2", None), true, None),
    (("Sam", "buyer", "sam-2", Some(b"$a")), true, Some(b"$a")),
    (("Sam Smith", "buyer", "sam-2", None), false, Some(b"$a")),
    (("Sam Smith", "buyer", "sam-2", Some(b"$b")), true, Some(b"$b")),
    (("Sam Smith", "auditor", "sam-2", None), true, Some(b"$b")),
];

#[test]
fn a_change_of_rights_badges_or_pin_ends_the_sessions_and_keeps_the_lock_and_the_pin() {
    let mut house = House::new();
    let sam: gatewarden_model::OperatorId = "sam".parse().unwrap();
    let mut owner = "sam";
    for (n, ((name, role, badge_of, pin), ends, in_force)) in (0..).zip(CHANGES) {
        house.sign_in(10 + n, Some("dock-1"), owner);
        house.sign_in(20 + n, None, owner);
        for guess in 0..4 {
            house.now = stamp_ms(house.now.mono_us / 1000 + 10_000);
            house.refused(house.sign_in_command(guess, None, owner, PinCheck::Wrong));
        }
        let from = house.journal.len();
        house.ok(Command::Enrol {
            operator: sam.clone(),
            name: (*name).to_owned(),
            roles: vec![(*role).to_owned()],
            badges: vec![badge(badge_of)],
            pin: pin.map(Hash::of),
            kinds: Default::default(),
            by: Actor::Local { uid: 0 },
        });
        owner = badge_of;
        if !ends {
            for session in [10 + n, 20 + n].map(session_id) {
                house.ok(Command::SignOut { session, reason: "kept".to_owned() });
            }
        }
        let ended = ["-sam@dock-1 changed", "-sam@console changed"];
        let kept = ["-sam@dock-1 kept", "-sam@console kept"];
        assert_eq!(told(&house, from), if *ends { &ended } else { &kept }, "{n}");
        let recorded = &house.journal[from].body;
        let Body::Enrolled { pin, .. } = recorded else { panic!("{recorded:?}") };
        assert_eq!(*pin, in_force.map(Hash::of), "{n}");
        for engine in [&house.engine, &house.restarted()] {
            let state = engine.state();
            assert_eq!(state.operator(&sam).unwrap().pin, in_force.map(Hash::of), "{n}");
            assert!(state.lock_remaining_ms(&sam, &house.now) > 0, "{n}");
        }
        house.now = stamp_ms(house.now.mono_us / 1000 + 10_000);
    }
    let shown = serde_json::to_string(house.engine.state().operator(&sam).unwrap()).unwrap();
    assert!(!shown.contains("pin") && !shown.contains("badges"), "{shown}");
    let by = || Actor::Local { uid: 0 };
    house.ok(Command::Remove { operator: sam.clone(), by: by() });
    house.enrol("sam", &["buyer"]);
    assert_eq!(
        house.engine.state().operator(&sam).unwrap().pin,
        None,
        "removed, and with it the PIN"
    );
}

#[test]
fn enrolment_is_checked() {
    let mut house = House::new();
    let adam = || common::operator("adam");
    let enrol = |operator: &str, roles: &[&str], owner: &str, by: Actor| Command::Enrol {
        operator: operator.parse().unwrap(),
        name: operator.to_owned(),
        roles: roles.iter().map(|r| (*r).to_owned()).collect(),
        badges: vec![badge(owner)],
        pin: None,
        kinds: Default::default(),
        by,
    };
    house.ok(enrol("new", &["buyer"], "new", adam()));
    house.ok(enrol("new", &["auditor"], "newer", adam()));
    assert!(house.engine.state().operator_by_badge(&badge("new")).is_none());
    for (command, code) in [
        (enrol("adam", &["buyer"], "adam", adam()), "enrolment-invalid"),
        (enrol("x", &["ghost"], "x", adam()), "enrolment-invalid"),
        (enrol("x", &[], "x", adam()), "enrolment-invalid"),
        (enrol("x", &["buyer"], "sam", adam()), "enrolment-invalid"),
        (enrol("x", &["buyer"], "x", common::operator("max")), "denied"),
        (enrol("x", &["buyer"], "x", common::operator("sam")), "not-authenticated"),
        (enrol("x", &["buyer"], "x", Actor::Nobody), "not-authenticated"),
        (enrol("x", &["buyer"], "x", common::erp()), "denied"),
        (Command::Remove { operator: "x".parse().unwrap(), by: adam() }, "unknown-operator"),
    ] {
        assert_eq!(house.refused(command.clone()), code, "{command:?}");
    }
    let client = |name: &str, scope: &str, token: &[u8]| Command::AddClient {
        client: name.parse().unwrap(),
        scopes: vec![scope.to_owned()],
        token: Hash::of(token),
        by: adam(),
    };
    house.ok(client("tryton", "inbound:create", b"t2"));
    for command in [
        client("erp", "inbound:create", b"t3"),
        client("other", "inbound:fly", b"t3"),
        client("other", "inbound:create", b"token"),
    ] {
        assert_eq!(house.refused(command), "client-invalid");
    }
    house.ok(Command::RevokeClient { client: "tryton".parse().unwrap(), by: adam() });
    assert!(house.engine.state().client_by_token(&Hash::of(b"t2")).is_none());
}

#[test]
fn a_badge_scanned_during_the_check_of_a_pin_is_not_signed_in_by_it() {
    let mut house = House::new();
    let station: gatewarden_model::StationId = "dock-1".parse().unwrap();
    let scan = |who: &str| Command::Badge { station: station.clone(), badge: badge(who) };
    house.ok(scan("sam"));
    // Sam's PIN is being checked for the badge that was seen; meanwhile Sue's is scanned.
    let checked = house.engine.badge_seen(&station, &house.now);
    assert_eq!(checked, Some(badge("sam")));
    house.ok(scan("sue"));
    let (pin, session) = (PinCheck::Right, session_id(1));
    let signed =
        house.ok(Command::SignIn { station: Some(station.clone()), badge: checked, pin, session });
    assert!(matches!(signed, Reply::SignedIn(s) if s.operator.as_str() == "sam"));
}
