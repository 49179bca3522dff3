//! A judge of the journal finds every decision that the policies of its time don't give, and
//! whatever one person did that needs two.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{House, access, at, erp, operator, pass, posting, settings, task};
use gatewarden_engine::{Command, Judge};
use gatewarden_model::{
    Body, Entry, Hash, Movement, MovementKind, Present, Second, SessionEvent, SessionId, Task,
    entry::Verdict,
};

/// A day: an order approved here, a pass held and accepted, a posting by two people, a denial.
fn day() -> Vec<Entry> {
    let mut house = House::new();
    let session = Some(house.sign_in(1, Some("dock-1"), "sam"));
    house.sign_in(2, None, "sue");
    house.now = at(10);
    let line = "10 BOLT-M8 3 @supplier/ACME wh1/dock";
    let order = task(1, "dock-1", MovementKind::Receipt, &[line]);
    let order = Task { approved_by: None, ordered_by: Some("bob".to_owned()), ..order };
    house.ok(Command::OpenTask { task: order.clone(), by: erp() });
    house.ok(Command::ApproveTask { task: order.id, by: operator("max") });
    house.ok(Command::Pass(pass(1, "dock-1", session, 10, "bolt*2")));
    let accept = house.decide(1, Verdict::Accept, "max");
    house.ok(accept);
    house.ok(Command::Pass(pass(2, "dock-1", session, 10, "bolt")));
    let issue = ["10 BOLT-M8 1 wh1/dock @production/L1"];
    house.posted(posting(3, MovementKind::Issue, &issue));
    let denied = house.post(3, "bob");
    assert_eq!(house.refused(denied), "denied");
    house.journal
}

fn judged(journal: &[Entry]) -> Vec<String> {
    let mut judge = Judge::knowing(access());
    journal.iter().filter_map(|entry| judge.judge(entry)).collect()
}

/// What is said where one entry of the day is another.
fn changed(change: impl Fn(&mut Body) -> bool) -> Vec<String> {
    let mut journal = day();
    let found = journal.iter_mut().any(|entry| change(&mut entry.body));
    assert!(found, "nothing was changed");
    judged(&journal)
}

#[test]
fn a_journal_that_the_engine_wrote_is_clean_with_policies_built_anew() {
    let journal = day();
    assert_eq!(judged(&journal), Vec::<String>::new());
    let mut judge = Judge::new();
    assert_eq!(journal.iter().find_map(|entry| judge.judge(entry)), None);
}

#[test]
fn a_decision_that_its_policies_do_not_give_is_told_with_both_answers() {
    let found = changed(|body| match body {
        Body::Moved { movement, pass: Some(_) } => {
            movement.decision.policies = vec!["role:boss:inbound:execute".to_owned()];
            true
        }
        _ => false,
    });
    let [told] = &found[..] else { panic!("{found:?}") };
    let version = access().with_guards(settings().guards()).version();
    assert!(
        told.contains(&format!(
            "the policies of version {version} answer allow by role:storekeeper:inbound:execute \
             (execute in inbound) on ordered_by bob, it says allow by role:boss:inbound:execute"
        )),
        "{told}"
    );
    let denied = changed(|body| match body {
        Body::Denied { decision: Some(decision), .. } => {
            decision.allowed = true;
            true
        }
        _ => false,
    });
    assert!(denied.len() == 1 && denied[0].contains("answer deny by no policy"), "{denied:?}");
    let foreign = changed(|body| match body {
        Body::Reserved { decision, .. } => {
            decision.version = Hash::of(b"of another time");
            true
        }
        _ => false,
    });
    assert!(foreign.len() == 1 && foreign[0].contains("in force were"), "{foreign:?}");
    let other = changed(|body| match body {
        Body::Moved { movement, pass: None } if movement.task.is_some() => {
            movement.decision.policies.clear();
            true
        }
        _ => false,
    });
    assert!(other.len() == 1 && other[0].contains("held it by another decision"), "{other:?}");
}

#[test]
fn rights_that_were_not_there_at_that_time_are_missed() {
    let found = changed(|body| match body {
        Body::Enrolled { operator, roles, .. } if operator.as_str() == "max" => {
            *roles = vec!["auditor".to_owned()];
            true
        }
        _ => false,
    });
    // The approval, the decision on the hold, the posting and the end of its reservation.
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found.iter().all(|told| told.contains("answer deny by no policy")), "{found:?}");
}

#[test]
fn what_one_person_did_that_needs_two_is_told_whatever_the_policies_say() {
    let own_order = changed(|body| match body {
        Body::TaskOpened { task, .. } => {
            task.ordered_by = Some("Max".to_owned());
            true
        }
        _ => false,
    });
    assert!(own_order[0].contains("duty:never-approve-own-order"), "{own_order:?}");
    // Journals from before policies were recorded are held against the duties alone.
    let old = |change: fn(&mut Body)| {
        let mut journal = day();
        journal.retain(|entry| !matches!(entry.body, Body::PoliciesDefined { .. }));
        journal.iter_mut().for_each(|entry| change(&mut entry.body));
        judged(&journal)
    };
    assert_eq!(old(|_| {}), Vec::<String>::new());
    type Change = fn(&mut Body);
    let cases: [(Change, &str); 3] = [
        (
            |body| {
                if let Body::TaskOpened { task, .. } = body {
                    task.ordered_by = Some("Max".to_owned());
                }
            },
            "max approved the document that he ordered",
        ),
        (
            |body| {
                if let Body::HoldDecided { by, .. } = body {
                    *by = operator("sam");
                }
            },
            "sam decided on the pass that he moved",
        ),
        (
            |body| {
                if let Body::Reserved { by, .. } = body {
                    *by = operator("max");
                }
            },
            "max posted what he reserved",
        ),
    ];
    for (change, expected) in cases {
        let found = old(change);
        assert!(found.iter().any(|told| told.ends_with(expected)), "{expected}: {found:?}");
    }
}

#[test]
fn policies_that_are_not_what_they_say_are_told() {
    let found = changed(|body| match body {
        Body::PoliciesDefined { version, .. } => {
            *version = Hash::of(b"others");
            true
        }
        _ => false,
    });
    assert!(found[0].contains("it says policies"), "{found:?}");
}

/// What is said where a movement is another: the one of a pass, of a hold, or by hand.
fn moved_so(which: fn(&Movement, bool) -> bool, change: fn(&mut Movement)) -> String {
    let found = changed(|body| match body {
        Body::Moved { movement, pass } if which(movement, pass.is_some()) => {
            change(movement);
            true
        }
        _ => false,
    });
    let [told] = &found[..] else { panic!("{found:?}") };
    told.clone()
}

/// sue stood beside, who may do it, but was in no session with sam.
fn with_sue(movement: &mut Movement) {
    let (operator, decision) = ("sue".parse().unwrap(), movement.decision.clone());
    movement.second = Some(Second { operator, auth_level: 2, decision });
}

#[test]
fn a_movement_that_its_sessions_entries_do_not_bear_is_told() {
    type Which = fn(&Movement, bool) -> bool;
    type Change = fn(&mut Movement);
    let seen: Which = |_, seen| seen;
    let held: Which = |movement, seen| !seen && movement.task.is_some();
    let by_hand: Which = |movement, _| movement.task.is_none();
    let nobodys = |movement: &mut Movement| movement.session = SessionId(uuid::Uuid::nil());
    let strong: Change = |movement| movement.auth_level = 4;
    let cases: [(Which, Change, &str); 9] = [
        (seen, nobodys, "its pass is not of its session 00000000-"),
        (seen, strong, "had level 2, it says 4"),
        (seen, with_sue, "sue was not with level 2 beside sam in session"),
        (
            seen,
            |movement| movement.operator = "sue".parse().unwrap(),
            "is sam's, it says sue moved it",
        ),
        (held, nobodys, "held it as moved by somebody else"),
        (held, strong, "held it as moved by somebody else"),
        (by_hand, nobodys, "max has no open session"),
        (by_hand, strong, "had level 2, it says 4"),
        (
            by_hand,
            |movement| movement.station = Some("dock-1".parse().unwrap()),
            "is at another station",
        ),
    ];
    for (which, change, expected) in cases {
        let told = moved_so(which, change);
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn a_session_that_rises_by_itself_or_is_a_strangers_is_told() {
    let opened = |change: fn(&mut Body)| {
        let mut journal = day();
        let at = journal.iter().position(|entry| {
            matches!(&entry.body, Body::SessionOpened { operator, .. } if operator.as_str() == "sam")
        });
        change(&mut journal[at.unwrap()].body);
        judged(&journal)
    };
    let strong = opened(|body| {
        if let Body::SessionOpened { auth_level, .. } = body {
            *auth_level = 4;
        }
    });
    assert!(strong[0].ends_with("a session opens with badge and PIN, not 4"), "{strong:?}");
    let stranger = opened(|body| {
        if let Body::SessionOpened { operator, .. } = body {
            *operator = "eve".parse().unwrap();
        }
    });
    assert!(stranger[0].ends_with("eve, who is not enrolled, signed in"), "{stranger:?}");
    assert!(
        stranger.iter().any(|told| told.contains("is eve's, it says sam moved it")),
        "{stranger:?}"
    );
    let late = opened(|body| {
        if let Body::SessionOpened { station, .. } = body {
            *station = Some("dock-2".parse().unwrap());
        }
    });
    assert!(late.iter().all(|told| told.contains("of sam is not one of dock-1")), "{late:?}");
}

#[test]
fn a_second_person_comes_in_by_joining_and_stays_a_while_after_the_end() {
    let mut house = House::new();
    let session = house.sign_in(1, Some("dock-1"), "sam");
    let order =
        |n| task(n, "dock-1", MovementKind::Receipt, &["10 BOLT-M8 1 @supplier/ACME wh1/dock"]);
    let badge = Some(common::badge("sue"));
    house.now = at(5);
    house.ok(Command::Join { session, badge, pin: gatewarden_engine::PinCheck::Right });
    for n in [1, 2] {
        house.ok(Command::OpenTask { task: order(n), by: erp() });
    }
    house.now = at(10);
    house.ok(Command::Pass(pass(1, "dock-1", Some(session), 10, "bolt")));
    house.now = at(12);
    house.ok(Command::SignOut { session, reason: "operator".to_owned() });
    // Its pass opened while both were there, and comes late.
    house.ok(Command::Pass(pass(2, "dock-1", Some(session), 11, "bolt*1")));
    assert_eq!(house.judged(), Vec::<String>::new());
    let seconds = house.journal.iter().filter(|entry| match &entry.body {
        Body::Moved { movement, .. } => movement.second.is_some(),
        Body::Held { second, .. } => second.is_some(),
        _ => false,
    });
    assert_eq!(seconds.count(), 2, "{:?}", house.last);

    let mut journal = house.journal.clone();
    for entry in &mut journal {
        if let Body::SessionChanged { event: event @ SessionEvent::Joined, second, .. } =
            &mut entry.body
        {
            *event = SessionEvent::SteppedUp;
            *second = Some(Present { operator: "sue".parse().unwrap(), auth_level: 2 });
        }
    }
    let told = judged(&journal);
    assert!(told[0].ends_with("sue did not join with badge and PIN"), "{told:?}");
}
