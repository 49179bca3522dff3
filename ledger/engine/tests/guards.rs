//! The settings that decide beside roles and Cedar are part of the policies: those in force are the
//! journal's, a configuration that says otherwise asks, and the version covers them.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use common::{House, access, live, matrix, pass, settings, task};
use gatewarden_engine::{Access, Command, Engine, Judge, Levels, Reply, Settings, TwoPersons};
use gatewarden_model::{
    Action, Body, Change, ChangeId, Entry, Module, MovementKind, RoleMatrix, Stamp,
};

/// Two people for receipts, level 3 for approving in the system, and little patience.
fn strict() -> Settings {
    Settings {
        two_persons: TwoPersons { kinds: [MovementKind::Receipt].into(), classes: [].into() },
        levels: Levels {
            kinds: [(MovementKind::Scrap, 3)].into(),
            rights: [((Module::Price, Action::Modify), 3)].into(),
        },
        confirm_kinds: [MovementKind::Scrap].into(),
        failures_max: 5,
        review_ms_min: 3_600_000,
        ..settings()
    }
}

/// The same house with all of that gone.
fn lax() -> Settings {
    let one = Settings { session_max_ms: 57_600_000, free_attempts: 9, ..settings() };
    Settings { one_person_enrols: false, ..one }
}

/// What a restart with another configuration makes of the journal.
fn restarted(journal: &[Entry], settings: Settings, access: Access) -> Engine {
    let next = journal.last().map_or(0, |entry| entry.seq + 1);
    let mut engine = Engine::new(settings, access, next);
    live(journal).into_iter().for_each(|entry| engine.replay(entry));
    engine
}

fn judged(journal: &[Entry]) -> Vec<String> {
    let mut judge = Judge::new();
    journal.iter().filter_map(|entry| judge.judge(entry)).collect()
}

fn house() -> House {
    let mut house = House::with(strict());
    house.enrol("eva", &["administrator"]);
    house.sign_in(990, None, "eva");
    house
}

fn yes(house: &House, id: ChangeId, by: &str) -> Command {
    let (by, reason) = (house.by(by), String::new());
    Command::DecideChange { id, approve: true, reason, activation: None, mitigations: vec![], by }
}

/// What comes of a receipt that one person moves.
fn received(house: &mut House, n: u128) -> String {
    let line = "10 BOLT-M8 1 @supplier/ACME wh1/dock";
    let order = task(n, "dock-1", MovementKind::Receipt, &[line]);
    house.ok(Command::OpenTask { task: order, by: common::erp() });
    house.sign_in(n, Some("dock-1"), "sam");
    let session = house.engine.state().session_at(&"dock-1".parse().unwrap()).map(|s| s.id);
    let seen = pass(n, "dock-1", session, house.now.mono_us / 1_000_000, "bolt");
    let outcome = house.handle(Command::Pass(seen));
    let word = common::word(&outcome);
    let undo = Command::WithdrawTask { task: common::task_id(n), by: common::erp() };
    let _ = house.handle(undo);
    word
}

#[test]
fn a_looser_configuration_counts_for_nothing_until_two_approved_it() {
    let mut house = house();
    let old = house.engine.access().version();
    let told = house.engine.state().policies_in_force().unwrap().clone();
    assert_eq!(told.guards.as_deref(), Some(&strict().guards()));
    assert_eq!((told.version, Some(old)), (old, house.engine.state().policies()));
    assert_eq!(received(&mut house, 1), "second-person-needed");

    house.engine = restarted(&house.journal, lax(), access());
    let Reply::Requested(id) = house.ok(Command::DefinePolicies) else { panic!("not asked for") };
    assert_eq!(house.engine.settings().guards(), strict().guards(), "the old ones hold");
    assert_eq!(house.engine.access().version(), old);
    let Body::ChangeRequested { change: Change::Policies { guards, .. }, reason, .. } =
        &house.journal.last().unwrap().body
    else {
        panic!("{:?}", house.journal.last())
    };
    assert_eq!(guards.as_deref(), Some(&lax().guards()));
    for words in ["operators.two_persons.kinds: receipt → none", "operators.levels.scrap: 3 → none"]
    {
        assert!(reason.contains(words), "{reason}");
    }
    assert_eq!(received(&mut house, 2), "second-person-needed");
    assert_eq!(house.ok(yes(&house, id, "adam")), Reply::Endorsed { activation: false });
    assert_eq!(received(&mut house, 3), "second-person-needed");
    assert_eq!(judged(&house.journal), [""; 0], "before");

    assert!(matches!(house.ok(yes(&house, id, "eva")), Reply::Approved { .. }));
    assert_eq!(house.engine.settings().guards(), lax().guards());
    assert_ne!(house.engine.access().version(), old, "the version covers them");
    assert_ne!(received(&mut house, 4), "second-person-needed");
    let decided = house.journal.iter().rev().find_map(|entry| entry.body.decision());
    assert_eq!(decided.unwrap().version, house.engine.access().version());
    assert_eq!(judged(&house.journal), [""; 0], "after");
    // Whatever the file says by then.
    let again = restarted(&house.journal, strict(), access());
    assert_eq!(again.settings().guards(), lax().guards());
    assert_eq!(again.access().version(), house.engine.access().version());
}

/// A stricter one waits too: one rule for all. The old configuration again takes the request back.
#[test]
fn a_stricter_configuration_waits_too_and_is_taken_back_with_the_file() {
    let mut house = house();
    let stricter = Settings { failures_max: 3, one_person_enrols: false, ..strict() };
    house.engine = restarted(&house.journal, stricter, access());
    assert!(matches!(house.ok(Command::DefinePolicies), Reply::Requested(_)));
    assert_eq!(house.ok(Command::DefinePolicies), Reply::Done, "it waits already");
    assert_eq!(house.engine.settings().failures_max, 5);
    house.engine = restarted(&house.journal, strict(), access());
    assert_eq!(house.ok(Command::DefinePolicies), Reply::Done);
    assert_eq!(house.engine.state().changes().count(), 0);
    assert_eq!(judged(&house.journal), [""; 0]);
}

/// As a version of the program wrote it that did not record the settings.
fn of_old(journal: &[Entry]) -> Vec<Entry> {
    let plain = access().version();
    let mut journal = journal.to_vec();
    for entry in &mut journal {
        match &mut entry.body {
            Body::PoliciesDefined { version, guards, .. } => (*version, *guards) = (plain, None),
            Body::Started { policies, .. } => *policies = plain,
            _ => {}
        }
    }
    let bytes = |entry: &Entry| entry.encode().unwrap();
    assert!(journal.iter().all(|e| !String::from_utf8_lossy(&bytes(e)).contains("guards")));
    journal.retain(|entry| entry.body.decision().is_none());
    journal
}

#[test]
fn an_old_journal_takes_over_the_configured_settings_and_other_roles_ask_all_the_same() {
    let old = of_old(&house().journal);
    assert_eq!(judged(&old), [""; 0]);
    // The same roles: taken over without asking, as the conflicts of duties were.
    let mut house = House { journal: old.clone(), ..house() };
    house.engine = restarted(&old, lax(), access());
    assert_eq!(house.ok(Command::DefinePolicies), Reply::Done);
    let known = house.engine.state().policies_in_force().unwrap();
    assert_eq!(known.guards.as_deref(), Some(&lax().guards()));
    assert_eq!(house.engine.access().version(), known.version);
    assert_eq!(judged(&house.journal), [""; 0]);

    // Other roles: the settings are taken over, the roles asked for.
    let mut roles: RoleMatrix = matrix();
    roles.0.get_mut("buyer").unwrap().grants.insert(Module::Count, vec![Action::View]);
    let other = Access::new(&roles, "").unwrap();
    let mut house = House { journal: old.clone(), ..house };
    house.engine = restarted(&old, strict(), other);
    assert!(matches!(house.ok(Command::DefinePolicies), Reply::Requested(_)));
    let known = house.engine.state().policies_in_force().unwrap();
    assert_eq!((known.guards.as_deref(), &known.roles), (Some(&strict().guards()), &matrix()));
    assert_eq!(house.engine.access().version(), known.version);
    assert_eq!(house.engine.settings().guards(), strict().guards());
    assert_eq!(judged(&house.journal), [""; 0]);
}

/// A program that put other settings in force without asking is told by the judge, and so is one that says
/// another version of them.
#[test]
fn the_judge_names_settings_that_nobody_approved() {
    let mut house = house();
    let at = house.journal.last().unwrap();
    let known = house.engine.state().policies_in_force().unwrap().clone();
    let defined = |settings: &Settings, version| {
        let body = Body::PoliciesDefined {
            version,
            roles: known.roles.clone(),
            cedar: known.cedar.clone(),
            sod: known.sod.clone(),
            guards: Some(Box::new(settings.guards())),
            change: None,
        };
        Entry::new(at.seq + 2, Stamp { mono_us: at.at.mono_us + 1, ..at.at }, body)
    };
    let version = access().with_guards(lax().guards()).version();
    let ask = |by| Command::RequestChange {
        id: ChangeId(uuid::Uuid::from_u128(1)),
        change: Change::Client {
            client: "till".parse().unwrap(),
            scopes: vec!["inbound:view".to_owned()],
            token: gatewarden_model::Hash::of(b"t"),
            certificate: None,
            until_us: None,
        },
        reason: String::new(),
        by,
    };
    let forged = defined(&lax(), version);
    let wrong = defined(&strict(), version);
    let by = house.by("adam");
    house.ok(ask(by));
    let with = |entry: &Entry| {
        let journal: Vec<Entry> = house.journal.iter().chain([entry]).cloned().collect();
        judged(&journal)
    };
    assert!(with(&forged)[0].ends_with("nobody approved it: it names no request"));
    assert!(with(&wrong)[0].contains("it says policies"), "{:?}", with(&wrong));
}

/// A movement that lacks what the settings of its time asked for is told, whatever roles say.
#[test]
fn the_judge_holds_movements_to_the_settings_of_their_time() {
    let mut settings = strict();
    settings.levels.kinds.insert(MovementKind::Receipt, 2);
    let mut house = House::with(settings);
    let line = "10 BOLT-M8 1 @supplier/ACME wh1/dock";
    let order = task(1, "dock-1", MovementKind::Receipt, &[line]);
    house.ok(Command::OpenTask { task: order, by: common::erp() });
    let session = house.sign_in(1, Some("dock-1"), "sam");
    let badge = Some(common::badge("sue"));
    house.ok(Command::Join { session, badge, pin: gatewarden_engine::PinCheck::Right });
    let seen = pass(1, "dock-1", Some(session), house.now.mono_us / 1_000_000, "bolt");
    let outcome = house.handle(Command::Pass(seen));
    assert_eq!(common::word(&outcome), "posted", "{:?}", outcome.answer);
    assert_eq!(judged(&house.journal), [""; 0]);
    let spoiled = |spoil: fn(&mut gatewarden_model::Movement)| {
        let mut journal = house.journal.clone();
        for entry in &mut journal {
            if let Body::Moved { movement, .. } = &mut entry.body {
                spoil(movement);
            }
        }
        judged(&journal)
    };
    let found = spoiled(|movement| movement.second = None);
    assert!(found[0].ends_with("it needs two people, sam moved it alone"), "{found:?}");
    let found = spoiled(|movement| movement.auth_level = 1);
    assert!(found[0].ends_with("receipt needs level 2, sam moved it with level 1"), "{found:?}");
}

/// A forbid, or a level that nobody reaches, could be taken back by nobody.
#[test]
fn policies_under_which_nobody_could_decide_do_not_come_in_force() {
    let forbid =
        "forbid (principal, action == Action::\"approve\", resource == Module::\"system\");";
    let out_of_reach = Settings {
        levels: Levels {
            rights: [((Module::System, Action::Approve), 4)].into(),
            ..Levels::default()
        },
        ..lax()
    };
    let raw = Access::new(&matrix(), forbid).unwrap();
    for (settings, access) in [(lax(), raw), (out_of_reach, access())] {
        let mut house = house();
        house.engine = restarted(&house.journal, settings, access);
        let Reply::Requested(id) = house.ok(Command::DefinePolicies) else { panic!() };
        let outcome = house.handle(yes(&house, id, "adam"));
        let refusal = outcome.answer.unwrap_err();
        assert!(refusal.message.contains("nobody could decide on requests"), "{refusal}");
    }
}
