//! Conflicts of duties in roles: which roles may stand together, what a mitigation helps, and that the
//! default roles are at peace with the default table.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

use gatewarden_engine::sod::{Holding, conflicts, judge_grant, lint};
use gatewarden_model::{Day, Mitigation, RoleMatrix, SodTable};
use serde::Deserialize;

/// The matrix and the table as they are delivered.
fn default_roles() -> RoleMatrix {
    #[derive(Deserialize)]
    struct File {
        roles: RoleMatrix,
    }
    toml::from_str::<File>(include_str!("../../../config/roles/default.toml")).unwrap().roles
}

fn default_sod() -> SodTable {
    toml::from_str(include_str!("../../../config/sod/default.toml")).unwrap()
}

fn roles(names: &str) -> Vec<String> {
    names.split_whitespace().map(str::to_owned).collect()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn mitigation(conflict: &str, reason: &str, until: &str) -> Mitigation {
    Mitigation { conflict: conflict.into(), reason: reason.into(), until: day(until) }
}

#[test]
fn no_default_role_holds_both_sides_of_anything() {
    assert_eq!(lint(&default_roles(), &default_sod(), |_| vec![]), []);
}

/// Roles together, and the conflicts that a person with them has.
const TOGETHER: &[(&str, &[&str])] = &[
    ("", &[]),
    ("storekeeper", &[]),
    ("storekeeper storekeeper", &[]),
    ("storekeeper auditor", &[]),
    ("storekeeper no-such-role", &[]),
    ("buyer sales-assistant", &[]),
    ("accountant buyer", &[]),
    ("department-manager warehouse-supervisor", &[]),
    ("storekeeper buyer", &["moves-and-prices"]),
    ("storekeeper accountant", &["moves-and-prices", "moves-and-closes-periods"]),
    ("storekeeper sales-assistant", &["asks-and-takes"]),
    ("storekeeper department-manager", &["issues-and-approves", "transfers-and-approves"]),
    (
        "storekeeper warehouse-supervisor",
        &[
            "moves-and-clears-differences",
            "receives-and-approves",
            "issues-and-approves",
            "transfers-and-approves",
            "counts-and-approves",
        ],
    ),
    ("sales-assistant department-manager", &["asks-and-approves"]),
    ("administrator storekeeper", &["keeps-system-and-stock"]),
    ("administrator department-manager", &["keeps-system-and-stock"]),
    ("administrator buyer", &["keeps-system-and-prices"]),
    ("administrator auditor", &[]),
];

#[test]
fn roles_that_must_not_stand_together_are_told() {
    let (matrix, table) = (default_roles(), default_sod());
    for (together, expect) in TOGETHER {
        let found = conflicts(&roles(together), &matrix, &table);
        let ids: Vec<&str> = found.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids, *expect, "{together}");
        for conflict in found {
            let known = roles(together);
            let vias = conflict.one.iter().chain(&conflict.other);
            assert!(vias.clone().all(|via| known.contains(&via.role)), "{conflict:?}");
            assert!(vias.count() >= 2);
        }
    }
}

#[test]
fn a_conflict_is_refused_or_needs_a_mitigation_that_holds() {
    let (matrix, table, today) = (default_roles(), default_sod(), day("2026-11-28"));
    let asks = "asks-and-approves";
    let both = "sales-assistant department-manager";
    let cases: &[(&str, Vec<Mitigation>, Result<usize, &str>)] = &[
        ("storekeeper", vec![], Ok(0)),
        ("storekeeper buyer", vec![], Err("give the roles to two people")),
        (
            "storekeeper buyer",
            vec![mitigation("moves-and-prices", "I watch", "2027-01-01")],
            Err("nothing makes this conflict bearable"),
        ),
        (both, vec![], Err("say in a mitigation")),
        (both, vec![mitigation(asks, "Wang looks at each", "2026-11-28")], Ok(1)),
        (both, vec![mitigation(asks, "Wang looks at each", "2027-11-29")], Ok(1)),
        (both, vec![mitigation(asks, "for ever", "2027-11-30")], Err("366 days")),
        (both, vec![mitigation(asks, "too late", "2026-11-27")], Err("between today")),
        (both, vec![mitigation(asks, "  ", "2027-01-01")], Err("the reason")),
        (both, vec![mitigation(asks, &"x".repeat(501), "2027-01-01")], Err("the reason")),
        (both, vec![mitigation("asks-and-takes", "?", "2027-01-01")], Err("no such conflict")),
        (both, vec![mitigation("no-such", "?", "2027-01-01")], Err("no such conflict")),
    ];
    for (together, said, expect) in cases {
        let roles = roles(together);
        let found = judge_grant(Holding::of_roles(&roles, &matrix), &table, said, today);
        match (found, expect) {
            (Ok(found), Ok(count)) => assert_eq!(found.len(), *count, "{together}"),
            (Err(words), Err(part)) => assert!(words.contains(part), "{together}: {words}"),
            (found, expect) => panic!("{together} {said:?}: {found:?}, not {expect:?}"),
        }
    }
}

#[test]
fn a_mitigation_helps_no_longer_than_it_says() {
    let (matrix, table) = (default_roles(), default_sod());
    let said = [mitigation("asks-and-approves", "Wang looks at each", "2026-12-31")];
    let found = conflicts(&roles("sales-assistant department-manager"), &matrix, &table);
    assert_eq!(found[0].mitigation(&said, day("2026-12-31")), Some(&said[0]));
    assert_eq!(found[0].mitigation(&said, day("2027-01-01")), None);
    assert_eq!(found[0].mitigation(&[], day("2026-12-31")), None);
}
