//! A judge of the journal finds every decision that the policies of its time don't give, and
//! whatever one person did that needs two.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{House, access, at, erp, operator, pass, posting, settings, task};
use gatewarden_engine::{Command, Judge};
use gatewarden_model::{Body, Entry, Hash, MovementKind, Task, entry::Verdict};

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
