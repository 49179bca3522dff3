//! What raw Cedar permits beside the roles: told though facts are missing, never too little, and a
//! conflict of duties like any other.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::matrix;
use gatewarden_engine::{
    Access, Facts, Principal, Request,
    access::RawRight,
    sod::{Holding, conflicts_of, judge_grant, lint},
};
use gatewarden_model::{
    Action, Day, Duty, Module, OperatorId, SodConflict, SodSeverity, SodTable,
    sod::{SOD_DAYS, Within},
};
use proptest::prelude::*;

fn reach(cedar: &str, id: &str, roles: &[&str]) -> Vec<RawRight> {
    let access = Access::new(&matrix(), cedar).unwrap();
    of(&access, id, roles)
}

fn of(access: &Access, id: &str, roles: &[&str]) -> Vec<RawRight> {
    let id: OperatorId = id.parse().unwrap();
    let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
    access.raw_rights(&Principal::Operator { id: &id, roles: &roles })
}

/// In words: `module:action`, with `?` where it depends on facts.
fn told(cedar: &str, id: &str, roles: &[&str]) -> String {
    let words = reach(cedar, id, roles).into_iter().map(|right| {
        let mark = if right.conditional { "?" } else { "" };
        format!("{}:{}{mark}", right.module.name(), right.action.name())
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_raw_permit_reaches_whom_its_scope_and_conditions_can_hold_for() {
    let on = "action == Action::\"approve\", resource == Module::\"count\"";
    let cases = [
        (format!("permit (principal, {on});"), "count:approve"),
        (format!("permit (principal in Role::\"buyer\", {on});"), "count:approve"),
        (format!("permit (principal in Role::\"auditor\", {on});"), ""),
        (format!("permit (principal == Operator::\"li\", {on});"), "count:approve"),
        (format!("permit (principal == Operator::\"bob\", {on});"), ""),
        (format!("permit (principal is Operator, {on});"), "count:approve"),
        (format!("permit (principal is Client, {on});"), ""),
        (format!("permit (principal is Operator in Role::\"auditor\", {on});"), ""),
        (format!("permit (principal, {on}) when {{ principal in Role::\"buyer\" }};"), "count:approve"),
        (format!("permit (principal, {on}) when {{ principal in Role::\"auditor\" }};"), ""),
        (format!("permit (principal, {on}) unless {{ principal in Role::\"buyer\" }};"), ""),
        (
            format!("permit (principal, {on}) when {{ principal in [Role::\"auditor\", Role::\"buyer\"] }};"),
            "count:approve",
        ),
        (
            format!("permit (principal is Operator, {on}) when {{ principal.id == \"li\" }};"),
            "count:approve",
        ),
        (format!("permit (principal is Operator, {on}) when {{ principal.id == \"bob\" }};"), ""),
        (
            format!("permit (principal, {on}) when {{ context has station && context.station == \"d\" }};"),
            "count:approve?",
        ),
        (
            format!(
                "permit (principal, {on}) when {{ context has amount && principal in Role::\"auditor\" }};"
            ),
            "",
        ),
        (
            format!(
                "permit (principal, {on}) when {{ principal in Role::\"buyer\" || context has amount }};"
            ),
            "count:approve",
        ),
        (
            format!("permit (principal, {on}) when {{ if context has amount then false else true }};"),
            "count:approve?",
        ),
        // One that always permits makes the right unconditional, one that always forbids takes it away.
        (
            format!("permit (principal, {on}) when {{ context has amount }}; permit (principal, {on});"),
            "count:approve",
        ),
        (format!("permit (principal, {on}); forbid (principal, {on});"), ""),
        (
            format!("permit (principal, {on}); forbid (principal, {on}) when {{ context has amount }};"),
            "count:approve",
        ),
        (
            format!("permit (principal, {on}); forbid (principal in Role::\"auditor\", {on});"),
            "count:approve",
        ),
        (
            "permit (principal, action in [Action::\"view\", Action::\"modify\"], resource == \
             Module::\"bom\");"
                .to_owned(),
            "bom:view bom:modify",
        ),
        (
            "permit (principal, action, resource) when { action == Action::\"create\" && resource == \
             Module::\"item\" };"
                .to_owned(),
            "item:create",
        ),
    ];
    for (cedar, expect) in cases {
        assert_eq!(told(&cedar, "li", &["buyer"]), expect, "{cedar}");
    }
    assert_eq!(told("permit (principal, action, resource);", "li", &["no-such-role"]), "");
    let all = reach("permit (principal, action, resource);", "li", &[]);
    assert_eq!(all.len(), Module::ALL.len() * Action::ALL.len());
    let named = reach(&format!("@id(\"helpers\") permit (principal, {on});"), "li", &[]);
    assert_eq!(named[0].policies, ["raw:helpers"]);
}

#[test]
fn a_forbid_is_told_and_found_in_its_text() {
    let cedar = "// First.\n@id(\"a\")\npermit (principal, action, resource);\n\n@id(\"no\")\nforbid \
                 (principal, action, resource) when { context has amount };\n";
    let access = Access::new(&matrix(), cedar).unwrap();
    assert_eq!(access.raw_forbids().into_iter().collect::<Vec<_>>(), ["raw:no"]);
    let at = access.raw_place("raw:no").unwrap();
    assert!(cedar[at..].starts_with("@id(\"no\")"), "{}", &cedar[at..]);
    assert_eq!(access.raw_place("duty:never-approve-own-pass"), None);
    assert_eq!(access.raw_place("raw:none"), None);
}

fn table() -> SodTable {
    let duty = |right: &str| Duty { rights: vec![right.parse().unwrap()], ..Duty::default() };
    let conflict = SodConflict {
        id: "moves-and-approves".to_owned(),
        title: "Who moves approves.".to_owned(),
        severity: SodSeverity::Mitigate,
        one: duty("inbound:execute"),
        other: duty("inbound:approve"),
        within: Within::default(),
        days: SOD_DAYS,
    };
    SodTable { conflicts: vec![conflict] }
}

#[test]
fn a_pair_reached_by_raw_cedar_is_a_conflict_of_duties() {
    let cedar = "@id(\"helpers\") permit (principal in Role::\"storekeeper\", action == \
                 Action::\"approve\", resource == Module::\"inbound\") when { context has amount };";
    let (roles, table) = (matrix(), table());
    let access = Access::new(&roles, cedar).unwrap();
    let held = ["storekeeper".to_owned()];
    let raw = of(&access, "li", &["storekeeper"]);
    let plain = Holding::of_roles(&held, &roles);
    assert!(conflicts_of(plain, &table).is_empty());
    let holding = Holding { raw: &raw, ..plain };
    let found = conflicts_of(holding, &table);
    assert_eq!(found.len(), 1);
    assert_eq!((&*found[0].one[0].role, &*found[0].other[0].role), ("storekeeper", "raw:helpers"));
    let today: Day = "2026-11-28".parse().unwrap();
    let refused = judge_grant(holding, &table, &[], today).unwrap_err();
    assert!(refused.contains("inbound:approve by raw:helpers"), "{refused}");
    let id: OperatorId = "anybody".parse().unwrap();
    let of_role = |roles: &[String]| access.raw_rights(&Principal::Operator { id: &id, roles });
    let alone: Vec<String> = lint(&roles, &table, of_role).into_iter().map(|(r, _)| r).collect();
    assert_eq!(alone, ["storekeeper"]);
}

/// Conditions that hold for some people and facts.
fn condition() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(vec![
        "true",
        "false",
        "principal in Role::\"buyer\"",
        "principal in Role::\"auditor\"",
        "principal is Operator",
        "principal == Operator::\"li\"",
        "resource == Module::\"count\"",
        "action == Action::\"view\"",
        "context has amount",
        "(context has auth_level && context.auth_level >= 2)",
        "(context has station && context.station == \"dock-1\")",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, |inner| {
        let (a, b, c) = (inner.clone(), inner.clone(), inner);
        prop_oneof![
            (a.clone(), b.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (a.clone(), b.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            a.clone().prop_map(|a| format!("!({a})")),
            (a, b, c).prop_map(|(a, b, c)| format!("(if {a} then {b} else {c})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_raw_cedar_permits_on_some_facts_is_always_told(
        when in condition(), unless in condition(), forbid in condition(),
        level in proptest::option::of(1..4u8), dock in any::<bool>(), amount in any::<bool>(),
    ) {
        let cedar = format!(
            "permit (principal, action, resource) when {{ {when} }} unless {{ {unless} }};\n\
             forbid (principal, action, resource) when {{ {forbid} }};"
        );
        let access = Access::new(&matrix(), &cedar).unwrap();
        let (id, roles) = ("li".parse().unwrap(), ["buyer".to_owned()]);
        let principal = Principal::Operator { id: &id, roles: &roles };
        let told = access.raw_rights(&principal);
        let station = "dock-1".parse().unwrap();
        let facts = Facts {
            auth_level: level,
            station: dock.then_some(&station),
            amount: amount.then_some(gatewarden_model::Amount::ZERO),
            ..Facts::default()
        };
        for module in [Module::Count, Module::Bom] {
            for action in [Action::View, Action::Delete] {
                let decision = access.decide(&Request { principal, action, module, facts });
                prop_assert!(decision.errors.is_empty());
                let by_raw = decision.allowed && decision.policies.iter().any(|id| id.starts_with("raw:"));
                let right = told.iter().find(|r| (r.module, r.action) == (module, action));
                prop_assert!(!by_raw || right.is_some(), "{cedar} {decision:?}");
                // An unconditional one permits whatever the facts, unless something forbids it.
                let always = right.is_some_and(|right| !right.conditional);
                let forbidden = !decision.allowed && !decision.policies.is_empty();
                prop_assert!(!always || decision.allowed || forbidden, "{cedar} {decision:?}");
            }
        }
    }
}
