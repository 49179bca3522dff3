//! What the lint says of policies that can't be meant so, and that it is silent about good ones.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use std::collections::BTreeSet;

use gatewarden_engine::access::{Finding, Weight, lint};
use gatewarden_model::{Action, Amount, ItemClass, Limit, Module, MovementKind, Role, RoleMatrix};

fn roles() -> RoleMatrix {
    let grants = [(Module::Outbound, vec![Action::View, Action::Execute])].into();
    RoleMatrix([("keeper".to_owned(), Role { grants, ..Role::default() })].into())
}

fn found(roles: &RoleMatrix, raw: &str) -> Vec<Finding> {
    lint(roles, raw, None).unwrap()
}

/// `weight code policy`, in the lint's order.
fn told(found: &[Finding]) -> Vec<String> {
    found.iter().map(|f| format!("{} {} {}", f.weight.name(), f.code, f.policy)).collect()
}

#[test]
fn good_policies_are_not_told_of() {
    let raw = "@id(\"dock\") forbid (principal, action == Action::\"execute\", \
               resource == Module::\"outbound\") \
               unless { context has station && context.station == \"dock-1\" };\n\
               @id(\"plus\") permit (principal in Role::\"keeper\", action == Action::\"create\", \
               resource == Module::\"outbound\") when { context has amount && context.amount < 5 };";
    assert_eq!(told(&found(&roles(), raw)), Vec::<String>::new());
    assert_eq!(told(&found(&common::matrix(), "")), Vec::<String>::new());
}

#[test]
fn raw_policies_that_can_not_be_meant_so_are_told_with_their_place() {
    let cases: &[(&str, &[&str])] = &[
        ("permit (principal, action, resource);", &["error always-applies raw:x"]),
        (
            "permit (principal, action, resource) when { context has amount || !(context has amount) };",
            &[],
        ),
        (
            "permit (principal, action, resource) when { true } unless { false };",
            &["error always-applies raw:x"],
        ),
        (
            "permit (principal, action == Action::\"view\", resource == Module::\"price\");",
            &["warning always-applies raw:x"],
        ),
        ("permit (principal in Role::\"keeper\", action == Action::\"view\", resource);", &[]),
        ("permit (principal, action, resource) when { false };", &["error never-applies raw:x"]),
        (
            "forbid (principal, action, resource) when { context has amuont };",
            &["error never-applies raw:x"],
        ),
        (
            "permit (principal in Role::\"keper\", action == Action::\"view\", \
             resource == Module::\"price\");",
            &["error unknown-role raw:x"],
        ),
        (
            "permit (principal in Role::\"keeper\", action == Action::\"view\", \
             resource == Module::\"outbond\");",
            &["error unknown-module raw:x"],
        ),
        (
            "permit (principal in Scope::\"outbound:steal\", action == Action::\"view\", resource);",
            &["error unknown-scope raw:x"],
        ),
        (
            "forbid (principal, action == Action::\"execute\", resource);",
            &["error shadowed role:keeper:outbound:execute", "hint shadows raw:x"],
        ),
        (
            "forbid (principal in Role::\"keeper\", action == Action::\"view\", resource);",
            &["error shadowed role:keeper:outbound:view", "hint shadows raw:x"],
        ),
        (
            "forbid (principal in Role::\"other\", action == Action::\"view\", resource);",
            &["error unknown-role raw:x"],
        ),
        (
            "forbid (principal, action == Action::\"execute\", resource) \
             when { context has amount && context.amount > 50000000 };",
            &["warning fails-open raw:x"],
        ),
        (
            "permit (principal in Role::\"keeper\", action == Action::\"create\", \
             resource == Module::\"outbound\") \
             unless { context has amount && context.amount > 50000000 };",
            &["warning fails-open raw:x"],
        ),
        (
            "permit (principal in Role::\"keeper\", action == Action::\"create\", \
             resource == Module::\"outbound\") \
             when { context has amount } unless { context.amount > 50000000 };",
            &[],
        ),
        (
            "permit (principal in Role::\"keeper\", action == Action::\"execute\", \
             resource == Module::\"outbound\");",
            &["warning duplicate raw:x"],
        ),
    ];
    for (policy, expected) in cases {
        let raw = format!("// ours\n@id(\"x\") {policy}");
        let found = found(&roles(), &raw);
        assert_eq!(told(&found), *expected, "{policy}");
        for finding in found.iter().filter(|finding| finding.policy == "raw:x") {
            assert_eq!(finding.at, Some(8), "{finding:?}");
        }
    }
    let both = "@id(\"a\") forbid (principal, action, resource) when { context has second };\n\
                @id(\"b\") forbid (principal, action, resource) when { context has second };";
    let found = found(&roles(), both);
    assert!(told(&found).contains(&"warning duplicate raw:b".to_owned()), "{found:?}");
}

#[test]
fn limits_that_leave_nothing_and_roles_without_use_are_told() {
    let right = Limit {
        modules: vec![Module::Outbound],
        actions: vec![Action::Execute],
        ..Limit::default()
    };
    let warehouses =
        |name: &str| Limit { warehouses: Some(vec![name.to_owned()]), ..right.clone() };
    let never = ["error never-applies role:keeper:outbound:execute"];
    let cases: Vec<(Vec<Limit>, &[&str])> = vec![
        (vec![Limit { classes_except: Some(ItemClass::ALL.to_vec()), ..right.clone() }], &never),
        (vec![warehouses("wh1"), warehouses("wh2")], &never),
        (vec![warehouses("wh1"), warehouses("wh1")], &[]),
        (
            vec![Limit { movement_kinds: Some(vec![MovementKind::Receipt]), ..right.clone() }],
            &never,
        ),
        (vec![Limit { amount_max: Some(Amount::ZERO), ..right.clone() }], &[]),
        (
            vec![Limit {
                amount_max: Some(Amount::ZERO),
                actions: vec![Action::View],
                ..right.clone()
            }],
            &["warning no-facts role:keeper:outbound:view"],
        ),
    ];
    for (limits, expected) in cases {
        let mut roles = roles();
        roles.0.get_mut("keeper").unwrap().limits = limits.clone();
        assert_eq!(told(&found(&roles, "")), *expected, "{limits:?}");
    }
    let mut roles = roles();
    roles.0.insert("idle".to_owned(), Role::default());
    let granted = BTreeSet::from(["idle".to_owned()]);
    let all = lint(&roles, "", Some(&granted)).unwrap();
    assert_eq!(told(&all), ["warning no-rights role:idle", "hint nobody role:keeper"]);
    assert_eq!(all.iter().map(|f| f.weight).min(), Some(Weight::Warning));
}
