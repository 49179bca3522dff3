//! What needs a second person: asked for by one, in force when another approved, and judged so.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use std::collections::BTreeMap;

use common::{House, access, badge, matrix, settings};
use gatewarden_engine::{
    Access, ActivationCodes, Command, Engine, Holder, Judge, PinCheck, Reply, Settings, sod,
};
use gatewarden_model::{
    Action, Actor, Body, Change, ChangeId, ChangeVerdict, Entry, Hash, Module, RoleMatrix, Stamp,
    sod::SodTable,
};
use uuid::Uuid;

const LOCAL: Actor = Actor::Local { uid: 0 };

/// A house in which one person enrols nobody from now on, with `eva`, a second administrator.
fn house() -> House {
    let mut house = House::new();
    house.enrol("eva", &["administrator"]);
    house.sign_in(990, None, "eva");
    let engine = std::mem::replace(&mut house.engine, Engine::new(settings(), access(), 0));
    drop(engine);
    house.engine = replayed(&house.journal);
    house
}

/// An engine that read the journal again, in which two persons are needed.
fn replayed(journal: &[Entry]) -> Engine {
    let settings = Settings { one_person_enrols: false, ..settings() };
    let mut engine = Engine::new(settings, access(), 0);
    journal.iter().for_each(|entry| engine.replay(entry));
    engine
}

fn id(n: u128) -> ChangeId {
    ChangeId(Uuid::from_u128(n))
}

fn operator(who: &str, roles: &[&str], reset_pin: bool) -> Change {
    Change::Operator {
        operator: who.parse().unwrap(),
        name: who.to_owned(),
        roles: roles.iter().map(|r| (*r).to_owned()).collect(),
        badges: vec![badge(who)],
        kinds: BTreeMap::from([(badge(who), "printed".to_owned())]),
        tails: BTreeMap::new(),
        reset_pin,
        mitigations: vec![],
    }
}

fn client(name: &str, until_us: Option<i64>) -> Change {
    Change::Client {
        client: name.parse().unwrap(),
        scopes: vec!["inbound:view".to_owned()],
        token: Hash::of(name.as_bytes()),
        certificate: None,
        until_us,
    }
}

fn ask(n: u128, change: Change, by: Actor) -> Command {
    Command::RequestChange { id: id(n), change, reason: "new here".to_owned(), by }
}

fn decide(n: u128, approve: bool, by: Actor) -> Command {
    let (with_asker, with_first_approver) = (Hash::of(b"code"), Hash::of(b"code of two"));
    let activation = Some(ActivationCodes { with_asker, with_first_approver });
    Command::DecideChange {
        id: id(n),
        approve,
        reason: "known to me".to_owned(),
        activation,
        mitigations: vec![],
        by,
    }
}

fn judged(house: &House) -> Vec<String> {
    let mut judge = Judge::new();
    house.journal.iter().filter_map(|entry| judge.judge(entry)).collect()
}

#[test]
fn nobody_is_enrolled_and_no_machine_let_in_by_one_person() {
    let mut house = house();
    let enrol = Command::Enrol {
        operator: "zoe".parse().unwrap(),
        name: "Zoe".to_owned(),
        roles: vec!["buyer".to_owned()],
        badges: vec![],
        pin: None,
        kinds: BTreeMap::new(),
        by: LOCAL,
    };
    assert_eq!(house.refused(enrol), "second-person");
    let (token, by) = (Hash::of(b"t"), house.by("adam"));
    let scopes = vec!["inbound:view".to_owned()];
    let client = "till".parse().unwrap();
    assert_eq!(house.refused(Command::AddClient { client, scopes, token, by }), "second-person");
    assert_eq!(judged(&house), [""; 0]);
}

#[test]
fn an_operator_is_enrolled_by_two_and_sets_the_pin_alone() {
    let mut house = house();
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    let change = operator("zoe", &["buyer"], false);
    assert_eq!(house.ok(ask(1, change.clone(), adam.clone())), Reply::Requested(id(1)));
    // The same request again is the same request; another of that id is not.
    assert_eq!(house.ok(ask(1, change, adam.clone())), Reply::Requested(id(1)));
    let other = operator("zoe", &["auditor"], false);
    assert_eq!(house.refused(ask(1, other, adam.clone())), "change-differs");
    assert!(house.engine.state().operator(&"zoe".parse().unwrap()).is_none());

    assert_eq!(house.refused(decide(1, true, adam.clone())), "denied", "his own request");
    assert_eq!(house.refused(decide(1, true, LOCAL)), "denied", "the box's account is nobody");
    assert_eq!(
        house.ok(decide(1, true, eva.clone())),
        Reply::Approved { activation: Some(Holder::Asker) }
    );
    assert_eq!(house.handle(decide(1, true, eva)).answer.unwrap_err().code, "unknown-change");
    let Body::Enrolled { by, change, activation, .. } = &house.journal.last().unwrap().body else {
        panic!("{:?}", house.journal.last());
    };
    assert_eq!((by, change, activation), (&adam, &Some(id(1)), &Some(Hash::of(b"code"))));

    let set = |code: &[u8], pin: &[u8]| Command::Activate {
        operator: "zoe".parse().unwrap(),
        code: Hash::of(code),
        pin: Hash::of(pin),
    };
    assert_eq!(house.refused(set(b"guess", b"x")), "activation-refused");
    house.ok(set(b"code", b"hers"));
    assert_eq!(
        house.engine.state().operator(&"zoe".parse().unwrap()).unwrap().pin,
        Some(Hash::of(b"hers"))
    );
    assert_eq!(house.refused(set(b"code", b"again")), "activation-refused", "it counts once");
    house.sign_in(1, None, "zoe");
    assert_eq!(judged(&house), [""; 0]);
    assert_eq!(replayed(&house.journal).state(), house.engine.state());
}

#[test]
fn an_activation_code_counts_for_a_week() {
    let mut house = house();
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    house.ok(ask(1, operator("zoe", &["buyer"], false), adam));
    house.ok(decide(1, true, eva));
    house.now = Stamp { mono_us: house.now.mono_us + 7 * 86_400_000_000, ..house.now };
    let late = Command::Activate {
        operator: "zoe".parse().unwrap(),
        code: Hash::of(b"code"),
        pin: Hash::of(b"hers"),
    };
    assert_eq!(house.refused(late), "activation-refused");
}

#[test]
fn nobody_decides_on_what_is_about_himself() {
    let mut house = house();
    let eva = house.by("eva");
    house.ok(ask(1, operator("eva", &["administrator", "buyer"], false), LOCAL));
    assert_eq!(house.refused(decide(1, true, eva.clone())), "same-person");
    let own = operator("eva", &["administrator", "buyer"], false);
    assert_eq!(house.refused(ask(2, own, eva)), "enrolment-invalid", "nor asks for it");
    let adam = house.by("adam");
    house.ok(decide(1, true, adam));
    let roles = &house.engine.state().operator(&"eva".parse().unwrap()).unwrap().roles;
    assert_eq!(*roles, ["administrator", "buyer"]);
    assert!(house.engine.state().sessions().all(|s| s.operator.as_str() != "eva"), "she is out");
}

#[test]
fn a_forgotten_pin_is_reset_by_two_and_a_no_changes_nothing() {
    let mut house = house();
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    for (n, who) in [(1, "sam"), (2, "sue")] {
        house.ok(ask(n, operator(who, &["storekeeper"], true), adam.clone()));
    }
    let silent = Command::DecideChange {
        id: id(2),
        approve: false,
        reason: String::new(),
        activation: None,
        mitigations: vec![],
        by: eva.clone(),
    };
    assert_eq!(house.refused(silent), "reason-missing");
    house.ok(decide(2, false, eva.clone()));
    assert!(matches!(
        house.journal.last().unwrap().body,
        Body::ChangeDecided { verdict: ChangeVerdict::Rejected, .. }
    ));
    assert_eq!(house.ok(decide(1, true, eva)), Reply::Approved { activation: Some(Holder::Asker) });
    let code = |who: &str| {
        house.engine.state().operator(&who.parse().unwrap()).unwrap().activation.is_some()
    };
    assert!(code("sam") && !code("sue"));
    assert_eq!(judged(&house), [""; 0]);
}

#[test]
fn what_fits_no_more_is_not_approved_and_what_waits_too_long_is_over() {
    let mut house = house();
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    house.ok(ask(1, client("till", None), adam.clone()));
    house.ok(ask(2, client("till", None), adam.clone()));
    house.ok(ask(3, operator("zoe", &["buyer"], false), adam.clone()));
    house.ok(decide(1, true, eva.clone()));
    assert_eq!(house.refused(decide(2, true, eva.clone())), "client-invalid");
    assert_eq!(
        house
            .handle(Command::WithdrawChange { id: id(2), reason: "twice".into(), by: eva })
            .answer
            .unwrap_err()
            .code,
        "not-yours"
    );
    house.ok(Command::WithdrawChange { id: id(2), reason: "twice".into(), by: adam });
    house.now = Stamp { mono_us: house.now.mono_us + 7 * 86_400_000_000, ..house.now };
    house.ok(Command::Tick);
    assert_eq!(house.engine.state().changes().count(), 0);
    let over = house.journal.iter().filter_map(|e| match &e.body {
        Body::ChangeDecided { verdict, .. } => Some(*verdict),
        _ => None,
    });
    use ChangeVerdict::{Approved, Expired, Withdrawn};
    assert_eq!(over.collect::<Vec<_>>(), [Approved, Withdrawn, Expired]);
    assert_eq!(judged(&house), [""; 0]);
}

#[test]
fn a_token_ends_at_its_time_and_no_clock_brings_it_back() {
    let mut house = house();
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    let until = house.now.wall_us + 60_000_000;
    let past = client("till", Some(house.now.wall_us));
    assert_eq!(house.refused(ask(1, past, adam.clone())), "client-invalid");
    house.ok(ask(2, client("till", Some(until)), adam));
    house.ok(decide(2, true, eva));
    let token = Hash::of(b"till");
    let later = |us| Stamp { wall_us: house.now.wall_us + us, ..house.now };
    let found = |house: &House, at: &Stamp| house.engine.client_by_token(&token, None, at);
    assert_eq!(found(&house, &later(59_000_000)), Some(("till".parse().unwrap(), false)));
    assert_eq!(found(&house, &later(60_000_000)), None);
    let before = house.now;
    house.now = later(60_000_000);
    house.ok(Command::Tick);
    house.now = before;
    assert_eq!(found(&house, &before), None, "a clock set back revives nothing");
    assert_eq!(replayed(&house.journal).client_by_token(&token, None, &before), None);
}

#[test]
fn a_token_bound_to_a_certificate_is_good_with_that_one_only() {
    let mut house = house();
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    let Change::Client { client, scopes, token, until_us, .. } = client("till", None) else {
        panic!()
    };
    let (own, other) = (Hash::of(b"own"), Hash::of(b"other"));
    let bound = Change::Client { client, scopes, token, certificate: Some(own), until_us };
    house.ok(ask(1, bound, adam));
    house.ok(decide(1, true, eva));
    let found = |with| house.engine.client_by_token(&token, with, &house.now).is_some();
    assert_eq!([Some(&own), Some(&other), None].map(found), [true, false, false]);
}

#[test]
fn the_use_of_a_token_is_told_once_a_day() {
    let mut house = house();
    let client: gatewarden_model::ClientId = "erp".parse().unwrap();
    let used = |house: &House| {
        house.journal.iter().filter(|e| matches!(e.body, Body::ClientUsed { .. })).count()
    };
    for _ in 0..3 {
        house.ok(Command::ClientUsed { client: client.clone() });
    }
    assert_eq!(used(&house), 1);
    let token = Hash::of(b"token");
    assert_eq!(
        house.engine.client_by_token(&token, None, &house.now),
        Some((client.clone(), true))
    );
    house.now.wall_us += 86_400_000_000;
    assert_eq!(
        house.engine.client_by_token(&token, None, &house.now),
        Some((client.clone(), false))
    );
    house.ok(Command::ClientUsed { client });
    assert_eq!(used(&house), 2);
}

#[test]
fn a_pin_is_changed_by_whoever_knows_it_and_a_guess_ends_the_session() {
    let mut house = house();
    let session = house.sign_in(1, Some("dock-1"), "sam");
    house.sign_in(2, None, "sam");
    let change = |check| Command::ChangePin { session, check, pin: Hash::of(b"new") };
    house.ok(change(PinCheck::Right));
    let own: Vec<_> =
        house.engine.state().sessions().filter(|s| s.operator.as_str() == "sam").collect();
    assert_eq!(own.iter().map(|s| s.id).collect::<Vec<_>>(), [session], "the others are over");
    assert_eq!(house.refused(change(PinCheck::Wrong)), "pin-wrong");
    assert!(house.engine.state().session(session).is_none());
}

/// The configuration's policies are asked for; those recorded stay in force until somebody approves.
#[test]
fn other_policies_wait_for_a_second_person() {
    let mut house = house();
    let mut roles = matrix();
    roles
        .0
        .get_mut("buyer")
        .unwrap()
        .grants
        .insert(Module::Inbound, vec![Action::View, Action::Create]);
    let configured = Access::new(&roles, "").unwrap().with_guards(settings().guards());
    let (old, new) = (house.engine.access().version(), configured.version());
    let restart = |journal: &[Entry], configured: &Access| {
        let settings = Settings { one_person_enrols: false, ..settings() };
        let mut engine = Engine::new(settings, configured.clone(), 0);
        journal.iter().for_each(|entry| engine.replay(entry));
        engine
    };
    house.engine = restart(&house.journal, &configured);
    assert_eq!(house.engine.access().version(), old);
    let Reply::Requested(id) = house.ok(Command::DefinePolicies) else { panic!("not asked for") };
    house.engine = restart(&house.journal, &configured);
    assert_eq!(house.ok(Command::DefinePolicies), Reply::Done, "it waits already");
    assert_eq!(house.engine.state().changes().count(), 1);
    assert_eq!(house.engine.access().version(), old);

    let yes = |by| {
        let reason = String::new();
        Command::DecideChange {
            id,
            approve: true,
            reason,
            activation: None,
            mitigations: vec![],
            by,
        }
    };
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    assert_eq!(
        house.ok(yes(adam.clone())),
        Reply::Endorsed { activation: false },
        "no person asked for it"
    );
    assert_eq!(house.refused(yes(adam)), "same-person");
    assert_eq!(house.engine.access().version(), old);
    house.engine = restart(&house.journal, &configured);
    house.ok(yes(eva));
    assert_eq!(house.engine.access().version(), new);
    assert_eq!(house.engine.state().policies(), Some(new));
    let Body::PoliciesDefined { change, .. } = &house.journal.last().unwrap().body else {
        panic!()
    };
    assert_eq!(*change, Some(id));

    // The old configuration again: it waits, and is taken back with the configuration.
    house.engine = restart(&house.journal, &access());
    assert!(matches!(house.ok(Command::DefinePolicies), Reply::Requested(_)));
    assert_eq!(house.engine.access().version(), new);
    house.engine = restart(&house.journal, &configured);
    house.ok(Command::DefinePolicies);
    assert_eq!(house.engine.state().changes().count(), 0);
    assert_eq!(judged(&house), [""; 0]);
}

/// A program that put in force what nobody approved is told by the judge.
#[test]
fn the_judge_names_what_nobody_approved() {
    let mut house = house();
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    house.ok(ask(1, operator("zoe", &["buyer"], false), adam.clone()));
    house.ok(decide(1, true, eva.clone()));
    let whole = house.journal.clone();
    let Body::Enrolled { .. } = &whole.last().unwrap().body else { panic!() };
    let spoiled = |spoil: &dyn Fn(&mut Body, usize)| {
        let mut journal = whole.clone();
        let at = journal.len();
        journal.iter_mut().enumerate().for_each(|(n, entry)| spoil(&mut entry.body, at - n));
        let mut judge = Judge::new();
        journal.iter().filter_map(|entry| judge.judge(entry)).collect::<Vec<_>>()
    };
    let last = whole.last().unwrap().seq;
    let found = spoiled(&|body, from_end| {
        if let (Body::Enrolled { roles, .. }, 1) = (body, from_end) {
            *roles = vec!["administrator".to_owned()];
        }
    });
    let not = format!("it is not what request {} asked for and somebody approved", id(1));
    assert_eq!(found, [format!("entry {last}: {not}")]);
    let found = spoiled(&|body, from_end| {
        if let (Body::Enrolled { change, .. }, 1) = (body, from_end) {
            *change = None;
        }
    });
    assert_eq!(found, [format!("entry {last}: nobody approved it: it names no request")]);
    let found = spoiled(&|body, from_end| {
        if let (Body::ChangeDecided { by, .. }, 2) = (body, from_end) {
            *by = adam.clone();
        }
    });
    assert!(
        found.iter().any(|f| f.contains("deny by duty:never-approve-own-request")),
        "{found:?}"
    );
    let twice = {
        let mut judge = Judge::new();
        let again = Entry { seq: last + 1, ..whole.last().unwrap().clone() };
        let journal = whole.iter().chain([&again]);
        journal.filter_map(|entry| judge.judge(entry)).collect::<Vec<_>>()
    };
    assert_eq!(twice, [format!("entry {}: {not}", last + 1)]);
}

/// The same of the table of conflicts: it is asked when roles are granted, and changed by two.
#[test]
fn other_duties_wait_for_a_second_person_and_grants_are_held_against_those_in_force() {
    let table: SodTable = toml::from_str(include_str!("../../../config/sod/default.toml")).unwrap();
    let mut house = house();
    let restart = |journal: &[Entry], sod: &SodTable| {
        let settings = Settings { one_person_enrols: false, sod: sod.clone(), ..settings() };
        let mut engine = Engine::new(settings, access(), 0);
        journal.iter().for_each(|entry| engine.replay(entry));
        engine
    };
    // A journal that tells no table takes over the configured one.
    house.engine = restart(&house.journal, &table);
    assert_eq!(house.ok(Command::DefinePolicies), Reply::Done);
    assert_eq!(house.engine.state().policies_in_force().unwrap().sod, table);

    let adam = house.by("adam");
    let both = operator("zoe", &["administrator", "storekeeper"], false);
    assert_eq!(house.refused(ask(1, both.clone(), LOCAL)), "duties-conflict");
    let Body::Denied { reason, .. } = &house.journal.last().unwrap().body else { panic!() };
    assert!(reason.contains("keeps-system-and-stock"), "{reason}");

    // Without it in the configuration it still counts, until somebody approves.
    house.engine = restart(&house.journal, &SodTable::default());
    let Reply::Requested(id) = house.ok(Command::DefinePolicies) else { panic!("not asked for") };
    assert_eq!(house.ok(Command::DefinePolicies), Reply::Done, "it waits already");
    assert_eq!(house.refused(ask(2, both, LOCAL)), "duties-conflict");
    for by in [adam, house.by("eva")] {
        let reason = String::new();
        house.ok(Command::DecideChange {
            id,
            approve: true,
            reason,
            activation: None,
            mitigations: vec![],
            by,
        });
    }
    assert_eq!(house.engine.state().policies_in_force().unwrap().sod, SodTable::default());
    assert_eq!(judged(&house), [""; 0]);
}

/// Who approved an enrolment played a part in it.
#[test]
fn whoever_approves_an_enrolment_is_known_for_it() {
    let mut house = house();
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    house.ok(ask(1, operator("zoe", &["buyer"], false), adam));
    house.ok(decide(1, true, eva));
    let table = "[[conflicts]]\nid = \"both\"\ntitle = \"Both.\"\nseverity = \"refuse\"\n\
        one.parts = [\"enrolled\"]\nother.parts = [\"approved-enrolment\"]\n";
    let told = |journal: &[Entry]| {
        let mut history = sod::History::new(toml::from_str(table).unwrap());
        journal.iter().for_each(|entry| history.feed(entry));
        history.findings().count()
    };
    assert_eq!(told(&house.journal), 0);
    // A program that let the same person do both would be found out.
    let mut forged = house.journal.clone();
    for entry in &mut forged {
        if let Body::ChangeDecided { by, .. } = &mut entry.body {
            *by = Actor::Operator { id: "adam".parse().unwrap(), session: None };
        }
    }
    assert_eq!(told(&forged), 1);
}

/// Whoever has the box's account and a right to approve would do alone what needs two.
#[test]
fn what_no_person_asked_for_needs_two_where_there_are_two() {
    let mut house = house();
    house.ok(ask(1, operator("zoe", &["buyer"], false), LOCAL));
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    let endorsed = Reply::Endorsed { activation: true };
    assert_eq!(house.ok(decide(1, true, adam.clone())), endorsed);
    assert!(house.engine.state().operator(&"zoe".parse().unwrap()).is_none());
    assert_eq!(replayed(&house.journal).state(), house.engine.state());
    assert_eq!(house.refused(decide(1, true, adam.clone())), "same-person");
    // The box's account may be one of the two: its half does not count beside his yes.
    let approved = Reply::Approved { activation: Some(Holder::FirstApprover) };
    assert_eq!(house.ok(decide(1, true, eva.clone())), approved);
    let code = house.engine.state().operator(&"zoe".parse().unwrap()).unwrap().activation.clone();
    assert_eq!(code.unwrap().code, Hash::of(b"code of two"));
    // About one of the two, the other is all there is.
    house.ok(ask(2, operator("eva", &["administrator", "buyer"], false), LOCAL));
    house.ok(decide(2, true, adam.clone()));
    assert_eq!(judged(&house), [""; 0]);

    // A program that let one do it would be found out.
    let mut judge = Judge::new();
    let at = house.journal.iter().position(|entry| {
        matches!(entry.body, Body::ChangeDecided { verdict: ChangeVerdict::Approved, .. })
    });
    let mut forged: Vec<Entry> = house.journal[..=at.unwrap()].to_vec();
    let endorsed = ChangeVerdict::Endorsed;
    forged
        .retain(|e| !matches!(e.body, Body::ChangeDecided { verdict, .. } if verdict == endorsed));
    let told: Vec<String> = forged.iter().filter_map(|entry| judge.judge(entry)).collect();
    assert!(told.iter().any(|t| t.contains("approved alone what no person asked for")), "{told:?}");
}

/// Removing whoever else could say yes does not make two of one, nor does the yes of who left count.
#[test]
fn one_yes_stays_one_whoever_leaves() {
    let mut house = house();
    house.ok(ask(1, operator("zoe", &["buyer"], false), LOCAL));
    let adam = house.by("adam");
    assert_eq!(house.ok(decide(1, true, adam.clone())), Reply::Endorsed { activation: true });
    house.ok(Command::Remove { operator: "eva".parse().unwrap(), by: LOCAL });
    assert_eq!(house.refused(decide(1, true, adam)), "same-person");

    let mut house = House::new();
    for (n, who) in [(990, "eva"), (77, "ida")] {
        house.enrol(who, &["administrator"]);
        house.sign_in(n, None, who);
    }
    house.engine = replayed(&house.journal);
    house.ok(ask(1, operator("zoe", &["buyer"], false), LOCAL));
    let (adam, eva, ida) = (house.by("adam"), house.by("eva"), house.by("ida"));
    let endorsed = Reply::Endorsed { activation: true };
    assert_eq!(house.ok(decide(1, true, eva)), endorsed);
    house.ok(Command::Remove { operator: "eva".parse().unwrap(), by: LOCAL });
    assert_eq!(house.ok(decide(1, true, adam)), endorsed, "the yes of who left is none");
    let approved = Reply::Approved { activation: Some(Holder::FirstApprover) };
    assert_eq!(house.ok(decide(1, true, ida)), approved);
    assert_eq!(judged(&house), [""; 0]);
    assert_eq!(replayed(&house.journal).state(), house.engine.state());
}

#[test]
fn somebody_who_can_decide_always_stays() {
    let mut house = house();
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    let leave = |who: &str| Command::Remove { operator: who.parse().unwrap(), by: LOCAL };
    // Not by leaving, nor by other roles, nor by policies that let nobody.
    house.ok(ask(1, operator("adam", &["auditor"], false), eva.clone()));
    house.ok(leave("adam"));
    assert_eq!(house.engine.state().changes().count(), 0, "what was about him is over");
    assert_eq!(house.refused(leave("eva")), "last-approver");
    assert_eq!(house.refused(ask(2, operator("eva", &["auditor"], false), LOCAL)), "last-approver");
    let mut roles = matrix();
    let administrator = roles.0.get_mut("administrator").unwrap();
    administrator.grants.insert(Module::System, vec![Action::View]);
    roles.0.remove("access-owner");
    let none = Access::new(&roles, "").unwrap();
    let policies = |roles: &RoleMatrix, version| {
        let (roles, cedar, sod) = (roles.clone(), String::new(), SodTable::default());
        Change::Policies { version, roles, cedar, sod, guards: Some(Box::default()) }
    };
    assert_eq!(house.refused(ask(3, policies(&roles, none.version()), LOCAL)), "last-approver");
    let mut roles = matrix();
    roles.0.remove("buyer");
    let fewer = Access::new(&roles, "").unwrap();
    assert_eq!(house.refused(ask(4, policies(&roles, fewer.version()), LOCAL)), "role-in-use");
    assert_eq!(judged(&house), [""; 0]);
    drop(adam);
}

#[test]
fn what_somebody_asked_for_who_left_is_over() {
    let mut house = house();
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    house.ok(ask(1, client("till", None), eva));
    house.ok(Command::Remove { operator: "eva".parse().unwrap(), by: LOCAL });
    assert_eq!(house.handle(decide(1, true, adam)).answer.unwrap_err().code, "unknown-change");
    assert!(house.engine.client_by_token(&Hash::of(b"till"), None, &house.now).is_none());
}

#[test]
fn one_person_does_not_shut_out_the_others_by_asking() {
    let mut house = house();
    let adam = house.by("adam");
    for n in 0..100 {
        house.ok(ask(1000 + n, client(&format!("c{n}"), None), adam.clone()));
    }
    assert_eq!(house.refused(ask(2000, client("more", None), adam)), "changes-full");
    let eva = house.by("eva");
    house.ok(ask(2001, client("other", None), eva));
}

/// What an approver compares with the badge in his hand is bounded, is what is in force, and stays.
#[test]
fn the_ends_of_badges_numbers_are_held_to_the_request() {
    let with = |badge_of: &str, tail: &str| {
        let mut change = operator("zoe", &["buyer", "auditor"], false);
        if let Change::Operator { tails, .. } = &mut change {
            *tails = BTreeMap::from([(badge(badge_of), tail.to_owned())]);
        }
        change
    };
    let mut house = house();
    let (adam, eva) = (house.by("adam"), house.by("eva"));
    for bad in
        [with("zoe", ""), with("zoe", &"1".repeat(25)), with("zoe", "a\nb"), with("sam", "1")]
    {
        assert_eq!(house.refused(ask(1, bad, adam.clone())), "enrolment-invalid");
    }
    house.ok(ask(1, with("zoe", "0815"), adam));
    house.ok(decide(1, true, eva));
    let zoe = house.engine.state().operator(&"zoe".parse().unwrap()).unwrap();
    assert_eq!((&*zoe.tails[&badge("zoe")], zoe.since), ("0815", house.now));
    let activation = zoe.activation.as_ref().unwrap();
    assert_eq!(activation.remaining_ms(&house.now), gatewarden_engine::ACTIVATION_MS_MAX);
    assert_eq!(replayed(&house.journal).state(), house.engine.state());
    assert_eq!(judged(&house), [""; 0]);
    let mut journal = house.journal.clone();
    if let Body::Enrolled { tails, .. } = &mut journal.last_mut().unwrap().body {
        tails.insert(badge("zoe"), "4711".to_owned());
    }
    let mut judge = Judge::new();
    let found: Vec<String> = journal.iter().filter_map(|entry| judge.judge(entry)).collect();
    assert!(found.len() == 1 && found[0].contains("is not what request"), "{found:?}");
}
