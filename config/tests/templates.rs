//! Every right of every role of the templates, exactly; that no role of any template has both sides of a
//! duty; and the default matrix, cell by cell.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use gatewarden_config::{default_roles, role_template, role_templates, shipped_kinds};
use gatewarden_model::{Action, Module, MovementKind, Role, RoleMatrix};

/// The roles that both templates have alike.
const BOTH: &[(&str, &str)] = &[
    (
        "buyer",
        "purchase view create modify; supplier view create modify; price view modify; inbound \
         view; quality view",
    ),
    ("receiving-clerk", "inbound view create modify execute; purchase view"),
    (
        "inspector",
        "quality view create modify execute; inbound view; transfer view create; bom view",
    ),
    (
        "storekeeper",
        "inbound view execute; outbound view execute; transfer view create modify execute; count \
         view create modify execute",
    ),
    (
        "production",
        "production view execute; outbound view request; inbound view request; bom view",
    ),
    (
        "cost-accountant",
        "finance view create modify execute; price view modify; customer view create modify; \
         supplier view; sales view; purchase view; production view; subcontract view; inbound \
         view create; outbound view; count view; transfer view; ledger view",
    ),
    (
        "finance-director",
        "finance view approve; price view approve; supplier view approve; customer view approve; \
         purchase view approve; subcontract view approve; inbound view approve; outbound view \
         approve; count view approve; ledger view",
    ),
    (
        "department-manager",
        "sales view approve; planning view approve; production view approve; purchase view \
         approve; bom view approve; item view approve; quality view approve; subcontract view \
         approve; inbound view approve; outbound view approve; transfer view approve; count view approve; price view; \
         ledger view",
    ),
    (
        "warehouse-supervisor",
        "inbound view approve; outbound view approve; count view approve; transfer view approve; \
         quality view approve; ledger view",
    ),
    ("engineering-manager", "bom view approve; item view approve; production view"),
    (
        "subcontracting-clerk",
        "subcontract view create modify; outbound view request; inbound view; bom view; supplier \
         view",
    ),
    (
        "auditor",
        "inbound view; outbound view; count view; transfer view; price view; ledger view; system \
         view; sales view; customer view; purchase view; supplier view; planning view; production \
         view; quality view; bom view; item view; subcontract view; finance view",
    ),
    ("administrator", "ledger view; system view create modify delete approve"),
];
const TO_ORDER: &[(&str, &str)] = &[
    (
        "sales",
        "sales view create modify; customer view; price view; planning view; production view; \
         outbound view request",
    ),
    (
        "planner",
        "planning view create modify; production view create modify; sales view; bom view; item \
         view; purchase view request; inbound view; outbound view",
    ),
    (
        "engineer",
        "bom view create modify request; item view create modify; production view; quality view; \
         sales view",
    ),
];
const TO_STOCK: &[(&str, &str)] = &[
    ("sales", "sales view create modify; customer view; price view; outbound view request"),
    (
        "planner",
        "planning view create modify; production view create modify; bom view; item view; \
         purchase view request; inbound view; outbound view; count view; transfer view; ledger \
         view",
    ),
    (
        "engineer",
        "bom view create modify request; item view create modify; production view; quality view",
    ),
];

/// Two rights that nobody has together, `*` for every module but that of the system.
const APART: &[(&str, &str)] = &[
    ("* create", "* approve"),
    ("* modify", "* approve"),
    ("* request", "* approve"),
    ("* execute", "* approve"),
    ("purchase create", "inbound execute"),
    ("purchase create", "inbound create"),
    ("purchase create", "purchase approve"),
    ("purchase request", "purchase approve"),
    ("count create", "count approve"),
    ("count execute", "count approve"),
    ("supplier create", "finance execute"),
    ("supplier create", "supplier approve"),
    ("supplier create", "inbound execute"),
    ("customer create", "sales create"),
    ("bom create", "bom approve"),
    ("item modify", "inbound execute"),
    ("item modify", "outbound execute"),
    ("item modify", "count execute"),
    ("price modify", "inbound execute"),
    ("price modify", "outbound execute"),
    ("price modify", "price approve"),
    ("finance create", "finance approve"),
    ("finance execute", "finance approve"),
    ("sales create", "outbound execute"),
    ("production execute", "outbound execute"),
    ("subcontract create", "inbound execute"),
    ("subcontract create", "outbound execute"),
    ("quality execute", "inbound execute"),
    ("planning create", "planning approve"),
    ("system create", "inbound execute"),
    ("system create", "outbound execute"),
    ("system modify", "* execute"),
    ("system modify", "* create"),
];

fn told(role: &Role) -> BTreeSet<String> {
    let words = |(module, actions): (&Module, &Vec<Action>)| {
        let module = module.name();
        actions.iter().map(move |action| format!("{module} {}", action.name())).collect::<Vec<_>>()
    };
    role.grants.iter().flat_map(words).collect()
}

fn written(text: &str) -> BTreeSet<String> {
    let cell = |cell: &str| {
        let (module, actions) = cell.split_once(' ').unwrap();
        let module = module.to_owned();
        actions.split(' ').map(move |action| format!("{module} {action}")).collect::<Vec<_>>()
    };
    text.split("; ").flat_map(cell).collect()
}

#[test]
fn every_role_of_a_template_has_exactly_these_rights() {
    for (template, own) in [("make-to-order", TO_ORDER), ("make-to-stock", TO_STOCK)] {
        let RoleMatrix(roles) = role_template(template).unwrap();
        assert_eq!(roles.len(), 16, "{template}");
        assert_eq!(BOTH.len() + own.len(), 16, "{template}");
        for (name, text) in BOTH.iter().chain(own) {
            assert_eq!(told(&roles[*name]), written(text), "{template}: {name}");
        }
    }
}

#[test]
fn limits_of_the_templates_narrow_what_is_granted() {
    let documents = shipped_kinds().kinds;
    for template in role_templates() {
        for (name, role) in role_template(template).unwrap().0 {
            for limit in &role.limits {
                for module in &limit.modules {
                    let granted = &role.grants[module];
                    let all = limit.actions.iter().all(|action| granted.contains(action));
                    assert!(all, "{template}: {name}: {limit:?}");
                }
                let kinds = limit.movement_kinds.iter().flatten();
                // Or documents of the module lead to such movements, as returns to a supplier do.
                let leads = |kind: &MovementKind| {
                    documents.iter().any(|one| {
                        limit.modules.contains(&one.rights.create.module)
                            && one.movements().any(|movement| movement == *kind)
                    })
                };
                for kind in kinds {
                    let own = limit.modules.contains(&kind.module());
                    assert!(own || leads(kind), "{template}: {name}: {kind:?}");
                }
            }
        }
    }
}

#[test]
fn no_role_of_any_template_has_both_sides_of_a_duty() {
    let has = |rights: &BTreeSet<String>, module: &str, side: &str| {
        let (of, action) = side.split_once(' ').unwrap();
        (of == "*" && module != "system" || of == module)
            && rights.contains(&format!("{module} {action}"))
    };
    for template in role_templates() {
        for (name, role) in role_template(template).unwrap().0 {
            let rights = told(&role);
            for (one, other) in APART {
                // Of two sides in every module, those of one module are meant.
                let both_any = one.starts_with('*') && other.starts_with('*');
                for a in Module::ALL.map(Module::name) {
                    for b in Module::ALL.map(Module::name) {
                        let meant = !both_any || a == b;
                        let conflict = meant && has(&rights, a, one) && has(&rights, b, other);
                        // The accountant of the default matrix is the whole finance department.
                        let known = template == "default" && name == "accountant" && a == "price";
                        assert!(!conflict || known, "{template}: {name}: {a} {one}, {b} {other}");
                    }
                }
            }
            assert!(role.title.ends_with('.'), "{template}: {name}");
        }
    }
}

/// The matrix of the requirement, and what it leaves open: everybody who works on something sees it, and
/// whoever moves stock executes.
#[test]
fn the_default_matrix_is_the_one_that_was_asked_for_cell_by_cell() {
    const MODULES: [&str; 5] = ["inbound", "outbound", "count", "transfer", "price"];
    const KEEP: &str = "view create modify execute";
    let matrix = [
        ("storekeeper", [KEEP, KEEP, KEEP, KEEP, "view"]),
        ("buyer", ["view", "view", "", "", "view modify"]),
        ("sales-assistant", ["view", "view request", "", "", "view"]),
        ("accountant", ["view", "view", "view", "view", "view modify approve"]),
        ("department-manager", ["view", "view approve", "view", "view approve", "view"]),
    ];
    let RoleMatrix(roles) = default_roles();
    for (name, cells) in matrix {
        for (module, cell) in MODULES.into_iter().zip(cells) {
            let all = told(&roles[name]);
            let of: BTreeSet<&str> =
                all.iter().filter_map(|r| r.strip_prefix(module)?.strip_prefix(' ')).collect();
            let expected: BTreeSet<&str> = cell.split_whitespace().collect();
            assert_eq!(of, expected, "{name}: {module}");
        }
    }
    let administrator = written("ledger view; system view create modify delete approve");
    assert_eq!(told(&roles["administrator"]), administrator);
}
