//! Every cell of the default matrix, the duties above it, and that whatever goes wrong denies.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{MATRIX, action, matrix, module};
use gatewarden_engine::{Access, AccessError, Facts, Principal, Request};
use gatewarden_model::{Action, ClientId, Decision, Module, OperatorId, Role, RoleMatrix};

fn access(extra: &str) -> Access {
    Access::new(&matrix(), extra).unwrap()
}

fn ask(access: &Access, roles: &str, action: Action, module: Module, facts: Facts<'_>) -> Decision {
    let id: OperatorId = "li".parse().unwrap();
    let roles: Vec<String> = roles.split_whitespace().map(str::to_owned).collect();
    let principal = Principal::Operator { id: &id, roles: &roles };
    access.decide(&Request { principal, action, module, facts })
}

#[test]
fn every_cell_is_allowed_if_and_only_if_the_matrix_says_so() {
    let access = access("");
    let granted = |role: &str, m: Module, a: Action| {
        MATRIX.iter().any(|(r, modules, actions)| {
            *r == role
                && modules.split(' ').any(|name| module(name) == m)
                && actions.split(' ').any(|name| action(name) == a)
        })
    };
    let mut cells = 0;
    for role in matrix().0.keys() {
        for m in Module::ALL {
            for a in Action::ALL {
                let decision = ask(&access, role, a, m, Facts::default());
                let expected = granted(role, m, a);
                assert_eq!(decision.allowed, expected, "{role} {} {}", m.name(), a.name());
                assert_eq!(decision.errors, Vec::<String>::new());
                let id = format!("role:{role}:{}:{}", m.name(), a.name());
                let policies = if expected { vec![id] } else { vec![] };
                assert_eq!(decision.policies, policies);
                assert_eq!(decision.version, access.version());
                cells += 1;
            }
        }
    }
    assert_eq!(cells, 11 * 19 * 7);
}

#[test]
fn clients_have_their_scopes_and_the_shell_keeps_the_system() {
    let access = access("");
    let id: ClientId = "erp".parse().unwrap();
    let scopes = vec!["inbound:create".to_owned(), "ledger:view".to_owned()];
    let principals = [
        (Principal::Client { id: &id, scopes: &scopes }, "inbound:create ledger:view"),
        (Principal::Client { id: &id, scopes: &[] }, ""),
        (
            Principal::Local { uid: Some(0) },
            "ledger:view system:create system:delete system:modify system:view",
        ),
        (
            Principal::Local { uid: None },
            "ledger:view system:create system:delete system:modify system:view",
        ),
    ];
    for (principal, expected) in principals {
        let mut allowed = vec![];
        for module in Module::ALL {
            for action in Action::ALL {
                let facts = Facts::default();
                if access.decide(&Request { principal, action, module, facts }).allowed {
                    allowed.push(format!("{}:{}", module.name(), action.name()));
                }
            }
        }
        allowed.sort();
        assert_eq!(allowed.join(" "), expected, "{principal:?}");
    }
}

#[test]
fn duties_stand_above_every_role() {
    let access = access("");
    let all = "storekeeper warehouse-supervisor";
    let by = |name: &'static str| Some(name);
    let cases = [
        (Action::Execute, Facts { ordered_by: by("li"), ..Facts::default() }, false),
        (Action::Execute, Facts { ordered_by: by(" LI "), ..Facts::default() }, false),
        (Action::Execute, Facts { ordered_by: by("bob"), ..Facts::default() }, true),
        (Action::Execute, Facts { requested_by: by("li"), ..Facts::default() }, true),
        (Action::Approve, Facts { ordered_by: by("li"), ..Facts::default() }, false),
        (Action::Approve, Facts { requested_by: by("li"), ..Facts::default() }, false),
        (Action::Approve, Facts { moved_by: by("li"), ..Facts::default() }, false),
        (Action::Approve, Facts { moved_by: by("sue"), ..Facts::default() }, true),
        (Action::View, Facts { ordered_by: by("li"), ..Facts::default() }, true),
    ];
    for (action, facts, allowed) in cases {
        let decision = ask(&access, all, action, Module::Inbound, facts);
        assert_eq!(decision.allowed, allowed, "{action:?} {facts:?} {decision:?}");
        if !allowed {
            assert!(decision.policies.iter().all(|p| p.starts_with("duty:")), "{decision:?}");
        }
    }
}

#[test]
fn whatever_goes_wrong_denies_and_is_told() {
    let broken = access(
        "@id(\"broken\") permit (principal is Operator, action == Action::\"view\", resource) \
         when { context has auth_level && 9223372036854775807 + context.auth_level > 0 };",
    );
    let facts = Facts { auth_level: Some(2), ..Facts::default() };
    let decision = ask(&broken, "storekeeper", Action::View, Module::Inbound, facts);
    assert!(!decision.allowed && decision.errors.len() == 1, "{decision:?}");
    assert!(ask(&broken, "storekeeper", Action::View, Module::Inbound, Facts::default()).allowed);

    let unknown =
        ask(&broken, "storekeeper ghost", Action::View, Module::Inbound, Facts::default());
    assert!(!unknown.allowed);
    assert_eq!(unknown.errors, ["unknown role \"ghost\""]);
    assert!(!ask(&broken, "", Action::View, Module::Inbound, Facts::default()).allowed);
}

#[test]
fn raw_cedar_adds_and_forbids_and_changes_the_version() {
    let plain = access("");
    let strict = access(
        "@id(\"dock-only\") forbid (principal, action == Action::\"execute\", resource) \
         unless { context has station && context.station == \"dock-1\" };",
    );
    assert_ne!(plain.version(), strict.version());
    assert_eq!(plain.version(), access("").version());
    assert!(strict.text().contains("// raw:dock-only"));
    let (dock, other) = ("dock-1".parse().unwrap(), "dock-2".parse().unwrap());
    let at = |station| Facts { station: Some(station), ..Facts::default() };
    let go = |access: &Access, facts| {
        ask(access, "storekeeper", Action::Execute, Module::Inbound, facts)
    };
    assert!(go(&strict, at(&dock)).allowed);
    let denied = go(&strict, at(&other));
    assert!(!denied.allowed && denied.policies == ["raw:dock-only"]);
    assert!(go(&plain, at(&other)).allowed);
}

#[test]
fn a_bad_policy_set_is_refused_with_its_reason() {
    let told = |extra: &str| Access::new(&matrix(), extra).map(|_| ()).unwrap_err();
    let at = |extra: &str| match told(extra) {
        AccessError::Raw(mistakes) => {
            mistakes.iter().map(|m| extra[m.start..m.end].to_owned()).collect::<Vec<_>>()
        }
        other => panic!("{other}"),
    };
    assert_eq!(at("permit (principal, action"), [""]);
    let typo = "permit (principal, action == Action::\"exceute\", resource);";
    assert_eq!(at(typo), ["Action::\"exceute\""]);
    let fact = "permit (principal, action, resource);\n@id(\"b\")\n\
                permit (principal, action, resource) when { context.amount > 5 };";
    assert_eq!(at(fact), ["context.amount"], "it may not be there: ask for it with has");
    let template = "permit (principal == ?principal, action, resource);";
    assert_eq!(told(template), AccessError::Template);
    let twice = "@id(\"a\") permit (principal, action, resource); \
                 @id(\"a\") forbid (principal, action, resource);";
    assert_eq!(told(twice), AccessError::Duplicate("raw:a".to_owned()));
    let mut roles = matrix();
    roles.0.insert("x\"]; permit(".to_owned(), gatewarden_model::Role::default());
    assert!(matches!(Access::new(&roles, ""), Err(AccessError::RoleName(_))));
}

#[test]
fn policies_of_early_journals_come_out_to_the_byte() {
    let mut roles = RoleMatrix::default();
    let grants = [(Module::Inbound, vec![Action::View, Action::Execute])].into();
    roles
        .0
        .insert("keeper".into(), Role { title: "t".into(), grants, limits: vec![], fields: None });
    let raw = "@id(\"a\") permit (principal, action, resource);";
    let told = "6b653fbfa2cd73c68827762986067dfd5e9294ba6e48b6e5f2441b18a4b5f26f";
    let version = gatewarden_model::Hash::parse_hex(told).unwrap();
    let first = Access::recorded(&roles, raw, None, version).unwrap();
    assert_eq!((first.version(), first.tells_facts()), (version, false));
    let facts = Facts { ordered_by: Some("bob"), ..Facts::default() };
    let decision = ask(&first, "keeper", Action::Execute, Module::Inbound, facts);
    assert!(decision.allowed && decision.facts.is_empty(), "{decision:?}");
    let today = Access::new(&roles, raw).unwrap();
    assert_eq!(
        Access::recorded(&roles, raw, None, today.version()).unwrap().version(),
        today.version()
    );
    let none = Access::recorded(&roles, raw, None, gatewarden_model::Hash::of(b"none"));
    assert!(matches!(none, Err(AccessError::Version { .. })));
}
