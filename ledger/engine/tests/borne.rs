//! Policies that would give somebody both sides of a conflict of duties: who and which is told, and they
//! are approved only where something recorded bears it, as a grant of roles is.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use common::{House, live, matrix, settings};
use gatewarden_engine::{Access, Command, Engine, Judge, Reply, Settings, gained_by};
use gatewarden_model::{
    Action, Body, ChangeId, Entry, MitigationOf, Module, RoleMatrix, SodSeverity, SodTable,
};

fn table() -> SodTable {
    toml::from_str(include_str!("../../../config/sod/default.toml")).unwrap()
}

/// Where two persons are needed, with this table.
fn two(sod: SodTable) -> Settings {
    Settings { one_person_enrols: false, sod, ..settings() }
}

/// What a restart with another configuration makes of the house.
fn restart(house: &mut House, settings: Settings, roles: &RoleMatrix) {
    restart_with(house, settings, roles, "");
}

fn restart_with(house: &mut House, settings: Settings, roles: &RoleMatrix, cedar: &str) {
    let next = house.journal.last().map_or(0, |entry| entry.seq + 1);
    let mut engine = Engine::new(settings, Access::new(roles, cedar).unwrap(), next);
    live(&house.journal).into_iter().for_each(|entry| engine.replay(entry));
    house.engine = engine;
}

/// The house with the default table, in which `both` holds a conflict that can be borne already.
fn house() -> House {
    let mut house = House::with(Settings { sod: table(), ..settings() });
    house.enrol("eva", &["administrator"]);
    house.enrol("both", &["department-manager", "sales-assistant"]);
    house.sign_in(990, None, "eva");
    house
}

/// The roles where one of them may do something more.
fn with(role: &str, module: Module, action: Action) -> RoleMatrix {
    let mut roles = matrix();
    roles.0.get_mut(role).unwrap().grants.entry(module).or_default().push(action);
    roles
}

fn asked(house: &mut House) -> ChangeId {
    let Reply::Requested(id) = house.ok(Command::DefinePolicies) else { panic!("not asked for") };
    id
}

fn reason(house: &House) -> String {
    match &house.journal.last().unwrap().body {
        Body::ChangeRequested { reason, .. } | Body::Denied { reason, .. } => reason.clone(),
        other => panic!("{other:?}"),
    }
}

fn said(who: &str, conflict: &str, until: &str) -> MitigationOf {
    MitigationOf {
        operator: who.parse().unwrap(),
        conflict: conflict.to_owned(),
        reason: "Wang looks at each".to_owned(),
        until: until.parse().unwrap(),
    }
}

fn yes(house: &House, id: ChangeId, by: &str, mitigations: Vec<MitigationOf>) -> Command {
    let by = house.by(by);
    let reason = String::new();
    Command::DecideChange { id, approve: true, reason, activation: None, mitigations, by }
}

fn judged(journal: &[Entry]) -> Vec<String> {
    let mut judge = Judge::new();
    journal.iter().filter_map(|entry| judge.judge(entry)).collect()
}

/// A day within the house's time, 2027-01-15.
const UNTIL: &str = "2027-03-01";

#[test]
fn a_conflict_that_policies_give_is_told_and_borne_by_name_or_they_are_refused() {
    let mut house = house();
    restart(&mut house, two(table()), &with("sales-assistant", Module::Outbound, Action::Approve));
    let id = asked(&mut house);
    let told = reason(&house);
    let who = "ann would hold asks-and-approves (outbound:request by sales-assistant with \
               outbound:approve by sales-assistant)";
    assert!(told.starts_with(&format!("conflicts of duties: {who}; the configuration")), "{told}");
    assert!(told.contains("changed roles sales-assistant"), "{told}");
    let new = gatewarden_engine::Policies::asked(&house.engine.state().change(id).unwrap().change);
    let gained = gained_by(house.engine.state(), &new.unwrap());
    assert_eq!(gained.len(), 1, "what `both` holds already is no news: {gained:?}");

    assert_eq!(house.refused(yes(&house, id, "adam", vec![])), "duties-conflict");
    let told = reason(&house);
    assert!(told.contains(who) && told.contains("say in a mitigation"), "{told}");
    for wrong in [
        said("sam", "asks-and-approves", UNTIL),
        said("ann", "moves-and-prices", UNTIL),
        said("ann", "asks-and-approves", "2029-01-01"),
        MitigationOf { reason: " ".to_owned(), ..said("ann", "asks-and-approves", UNTIL) },
    ] {
        let command = yes(&house, id, "adam", vec![wrong.clone()]);
        assert_eq!(house.refused(command), "duties-conflict", "{wrong:?}");
    }
    let mut twice = yes(&house, id, "adam", vec![said("ann", "asks-and-approves", UNTIL); 2]);
    assert_eq!(house.refused(twice.clone()), "duties-conflict");
    if let Command::DecideChange { approve, reason, mitigations, .. } = &mut twice {
        (*approve, *reason) = (false, "no".to_owned());
        mitigations.truncate(1);
    }
    assert_eq!(house.refused(twice), "duties-conflict", "nothing is said with a no");
    let borne = vec![said("ann", "asks-and-approves", UNTIL)];
    assert_eq!(house.ok(yes(&house, id, "adam", borne)), Reply::Endorsed { activation: false });
    restart(&mut house, two(table()), &with("sales-assistant", Module::Outbound, Action::Approve));
    // The second one sees what the first one said, and need not say it again.
    assert_eq!(house.engine.state().change(id).unwrap().mitigations.len(), 1);
    assert!(matches!(house.ok(yes(&house, id, "eva", vec![])), Reply::Approved { .. }));
    let ann = house.engine.state().operator(&"ann".parse().unwrap()).unwrap();
    assert_eq!(ann.mitigations, [said("ann", "asks-and-approves", UNTIL).mitigation()]);
    assert!(house.engine.state().sessions().any(|s| s.operator == ann.id), "she works on");
    assert_eq!(judged(&house.journal), [""; 0]);
    let before = house.engine.state().clone();
    restart(&mut house, two(table()), &with("sales-assistant", Module::Outbound, Action::Approve));
    assert_eq!(*house.engine.state(), before);
    found_out(&house.journal);
}

/// A program that left the mitigation out, or gave a role on the way, is told by the judge.
fn found_out(journal: &[Entry]) {
    let of_ann = |body: &Body| matches!(body, Body::Enrolled { operator, change: Some(_), .. } if operator.as_str() == "ann");
    let spoiled = |spoil: fn(&mut Body)| {
        let mut journal = journal.to_vec();
        let own = journal.iter_mut().filter(|entry| of_ann(&entry.body));
        own.for_each(|entry| spoil(&mut entry.body));
        judged(&journal)
    };
    let found = spoiled(|body| {
        let Body::Enrolled { roles, .. } = body else { return };
        roles.push("storekeeper".to_owned());
    });
    assert!(found[0].ends_with("it changes ann by an approval of policies"), "{found:?}");
    let mut without = journal.to_vec();
    without.retain(|entry| !of_ann(&entry.body));
    let found = judged(&without);
    assert!(found[0].contains("ann would hold asks-and-approves"), "{found:?}");
    assert!(found[0].ends_with("which nothing bears"), "{found:?}");
}

#[test]
fn what_nothing_makes_bearable_is_refused_until_the_roles_are_taken_away() {
    let mut house = house();
    restart(&mut house, two(table()), &with("storekeeper", Module::Price, Action::Modify));
    let id = asked(&mut house);
    let both = |who: &str| said(who, "moves-and-prices", UNTIL);
    for said in [vec![], vec![both("sam"), both("sue")]] {
        assert_eq!(house.refused(yes(&house, id, "adam", said)), "duties-conflict");
    }
    assert_eq!(house.refused(yes(&house, id, "adam", vec![])), "duties-conflict");
    let told = reason(&house);
    assert!(told.contains("nothing makes bearable: sam would hold moves-and-prices"), "{told}");
    assert!(told.contains("sue would hold") && told.ends_with("take roles from them first"));
    for who in ["sam", "sue"] {
        let by = house.by("adam");
        house.ok(Command::Remove { operator: who.parse().unwrap(), by });
    }
    assert_eq!(house.ok(yes(&house, id, "adam", vec![])), Reply::Endorsed { activation: false });
    assert!(matches!(house.ok(yes(&house, id, "eva", vec![])), Reply::Approved { .. }));
    assert_eq!(judged(&house.journal), [""; 0]);
}

#[test]
fn a_stricter_table_is_held_against_those_who_hold_both_sides() {
    let mut house = house();
    let mut stricter = table();
    let asks = stricter.conflicts.iter_mut().find(|one| one.id == "asks-and-approves").unwrap();
    asks.severity = SodSeverity::Refuse;
    restart(&mut house, two(stricter), &matrix());
    let id = asked(&mut house);
    assert!(reason(&house).contains("both would hold asks-and-approves"), "{}", reason(&house));
    assert_eq!(house.refused(yes(&house, id, "adam", vec![])), "duties-conflict");

    // A new pair that somebody holds already has to be borne too; what is looser asks nobody for words.
    let mut looser = table();
    looser.conflicts.retain(|one| one.id != "asks-and-takes");
    restart(&mut house, two(looser), &matrix());
    let id = asked(&mut house);
    house.ok(yes(&house, id, "adam", vec![]));
    house.ok(yes(&house, id, "eva", vec![]));
    let mut more = table();
    let asks = more.conflicts.iter_mut().find(|one| one.id == "asks-and-takes").unwrap();
    asks.severity = SodSeverity::Mitigate;
    asks.other.rights = asks.one.rights.clone();
    restart(&mut house, two(more), &matrix());
    let id = asked(&mut house);
    assert_eq!(house.refused(yes(&house, id, "adam", vec![])), "duties-conflict");
    let borne = || ["ann", "both"].map(|who| said(who, "asks-and-takes", UNTIL)).to_vec();
    house.ok(yes(&house, id, "adam", borne()));
    house.ok(yes(&house, id, "eva", vec![]));
    assert_eq!(judged(&house.journal), [""; 0]);
}

#[test]
fn mitigations_are_said_to_policies_alone() {
    let mut house = house();
    restart(&mut house, two(table()), &matrix());
    let change = gatewarden_model::Change::Client {
        client: "till".parse().unwrap(),
        scopes: vec!["inbound:view".to_owned()],
        token: gatewarden_model::Hash::of(b"t"),
        certificate: None,
        until_us: None,
    };
    let id = ChangeId(uuid::Uuid::from_u128(1));
    let by = house.by("adam");
    house.ok(Command::RequestChange { id, change, reason: String::new(), by });
    let odd = yes(&house, id, "eva", vec![said("ann", "asks-and-approves", UNTIL)]);
    assert_eq!(house.refused(odd), "duties-conflict");
    house.ok(yes(&house, id, "eva", vec![]));
}

#[test]
fn what_raw_cedar_permits_counts_like_a_roles_right() {
    let mut house = house();
    let cedar = "permit (principal in Role::\"sales-assistant\", action == Action::\"approve\", \
                 resource == Module::\"outbound\") when { context has station };";
    restart_with(&mut house, two(table()), &matrix(), cedar);
    let id = asked(&mut house);
    let told = reason(&house);
    assert!(told.contains("ann would hold asks-and-approves"), "{told}");
    assert!(told.contains("outbound:approve by raw:"), "{told}");
    assert_eq!(house.refused(yes(&house, id, "adam", vec![])), "duties-conflict");
    let borne = vec![said("ann", "asks-and-approves", UNTIL)];
    assert_eq!(house.ok(yes(&house, id, "adam", borne)), Reply::Endorsed { activation: false });
}
