//! `[roles.NAME]`: the role matrix. The ones to build on are data (`roles/*.toml`, embedded); a role
//! of the configuration replaces the one of that name or stands beside them.

use std::collections::BTreeSet;

use gatewarden_model::{Action, Limit, Module, Role, RoleFields, RoleMatrix};
use serde::{Deserialize, de::IntoDeserializer, de::value::Error};

use crate::{
    fields::{At, Fields},
    items::CLASS,
    procedures::documents::{DOCUMENT, MOVEMENT},
    report::Walk,
    shape::{Choice, Section, Shape, Text, UNKNOWN_KEY, Unknown, bool_or, optional, required},
};

/// Most roles beside the default ones.
pub const ROLES_MAX: usize = 64;
/// Most limits of one role.
pub const LIMITS_MAX: usize = 32;
/// Most members of one list of a limit.
pub const LISTED_MAX: usize = 64;

const TEMPLATES: [(&str, &str); 3] = [
    ("default", include_str!("../roles/default.toml")),
    ("make-to-order", include_str!("../roles/make-to-order.toml")),
    ("make-to-stock", include_str!("../roles/make-to-stock.toml")),
];

const ACTION: Shape = Shape::Choice(Choice {
    code: "unknown-action",
    noun: "action",
    of: &["view", "create", "modify", "delete", "request", "approve", "execute"],
});
const ACTIONS: Shape = Shape::List { max: 7, of: &ACTION };
const MODULE: Shape = Shape::Choice(Choice {
    code: "unknown-module",
    noun: "module",
    of: &[
        "inbound",
        "outbound",
        "count",
        "transfer",
        "price",
        "ledger",
        "system",
        "sales",
        "customer",
        "purchase",
        "supplier",
        "planning",
        "production",
        "quality",
        "bom",
        "item",
        "subcontract",
        "finance",
        "tag",
    ],
});
const STATUS: Choice = Choice {
    code: "unknown-choice",
    noun: "status",
    of: &["available", "quality-inspection", "blocked", "reserved"],
};

const fn listed(of: &'static Shape) -> Shape {
    Shape::List { of, max: LISTED_MAX }
}

pub(crate) static ROLE: Section = Section {
    doc: "One role: what it is for and what it may do. What is not granted is denied.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("title", Shape::Text(Text::Line), "What the role is for, in a sentence."),
        optional("grants", Shape::Section(&GRANTS), "The actions allowed in each module."),
        optional(
            "fields",
            Shape::Section(&FIELDS),
            "The fields it may see and set. By default they follow from the grants.",
        ),
        optional(
            "limits",
            Shape::Sections { of: &LIMIT, max: LIMITS_MAX },
            "What narrows them. Of several that concern the same right all must hold.",
        ),
    ],
};

/// Most fields of one list.
pub const FIELDS_MAX: usize = 256;

const FIELD_LIST: Shape = Shape::List { max: FIELDS_MAX, of: &Shape::Text(Text::Field) };

static FIELDS: Section = Section {
    doc: "The fields that a role may see and set: price, cost, supplier, customer, owner, notes, \
          custom:NAME, custom:*. A list that stands is all there is.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional("view", FIELD_LIST, "The fields it may see; what is not named is hidden."),
        optional("modify", FIELD_LIST, "The fields it may state in documents."),
    ],
};

static LIMIT: Section = Section {
    doc: "What narrows some rights of the role. Every list must hold all that a movement touches; \
          what is not known is denied.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("modules", Shape::List { of: &MODULE, max: 18 }, "In which modules."),
        required("actions", ACTIONS, "On which actions."),
        optional(
            "warehouses",
            listed(&Shape::Text(Text::Warehouse)),
            "Only these warehouses: first parts of locations.",
        ),
        optional("classes", listed(&Shape::Choice(CLASS)), "Only items of these classes."),
        optional("classes_except", listed(&Shape::Choice(CLASS)), "No item of these classes."),
        optional(
            "amount_max",
            Shape::Text(Text::Amount),
            "At most this value, all lines together, in quotes: \"5000\".",
        ),
        optional(
            "document_kinds",
            listed(&Shape::Choice(DOCUMENT)),
            "Only on documents of these kinds.",
        ),
        optional(
            "movement_kinds",
            listed(&Shape::Choice(MOVEMENT)),
            "Only movements of these kinds.",
        ),
        optional(
            "owners",
            listed(&Shape::Text(Text::Line)),
            "Only stock of these owners; \"@house\" is the house's own.",
        ),
        optional(
            "statuses",
            listed(&Shape::Choice(STATUS)),
            "Only stock that has, and gets, one of these statuses.",
        ),
        optional("stations", listed(&Shape::Text(Text::Slug)), "Only at these stations."),
        optional(
            "auth_level_min",
            Shape::Integer { min: 1, max: 4 },
            "Only in a session of at least this level: 1 badge, 2 badge and PIN, above: stronger.",
        ),
        bool_or("two_persons", false, "Only with a second person present."),
    ],
};

static GRANTS: Section = Section {
    doc: "The actions allowed in each module; what is not named is denied.",
    unknown: Unknown { code: "unknown-module", noun: "module" },
    keys: &[
        optional("inbound", ACTIONS, "Receipts and returns from customers."),
        optional("outbound", ACTIONS, "Issues, shipments, returns to suppliers."),
        optional("count", ACTIONS, "Counts and adjustments."),
        optional("transfer", ACTIONS, "Transfers and put-away."),
        optional("price", ACTIONS, "Prices and costs."),
        optional("ledger", ACTIONS, "The journal, traces and proofs."),
        optional("system", ACTIONS, "Operators, clients, devices, policies."),
        optional("sales", ACTIONS, "Sales orders and contracts."),
        optional("customer", ACTIONS, "The customers and their terms."),
        optional("purchase", ACTIONS, "Purchase requests and purchase orders."),
        optional("supplier", ACTIONS, "The suppliers and their terms."),
        optional("planning", ACTIONS, "What is to be made or bought, and when."),
        optional("production", ACTIONS, "Work orders."),
        optional("quality", ACTIONS, "Inspections and their results."),
        optional("bom", ACTIONS, "Bills of material and engineering changes."),
        optional("item", ACTIONS, "The item master."),
        optional("subcontract", ACTIONS, "Subcontract orders and their settlement."),
        optional("finance", ACTIONS, "Vouchers, settlements and payments."),
        optional(
            "tag",
            ACTIONS,
            "The memory of tags: view is to read it, modify to write, execute to lock, delete to kill.",
        ),
    ],
};

/// The default role matrix.
#[must_use]
pub fn default_roles() -> RoleMatrix {
    role_template("default").unwrap_or_default()
}

/// The role matrix of a template: `default`, `make-to-order` or `make-to-stock`.
#[must_use]
pub fn role_template(name: &str) -> Option<RoleMatrix> {
    #[derive(Deserialize)]
    struct File {
        roles: RoleMatrix,
    }
    let (_, text) = TEMPLATES.iter().find(|(known, _)| *known == name)?;
    // The texts are embedded and a test parses them, so this can't fail in a build that passed.
    Some(toml::from_str::<File>(text).expect("an embedded template is a role matrix").roles)
}

/// The names of all templates.
pub fn role_templates() -> impl Iterator<Item = &'static str> {
    TEMPLATES.iter().map(|(name, _)| *name)
}

/// A template's matrix with the configuration's roles on top.
pub(crate) fn build(template: &str, named: &[(At<String>, Fields)]) -> Option<RoleMatrix> {
    let mut matrix = role_template(template)?;
    for (name, fields) in named {
        matrix.0.insert(name.value.clone(), role(fields)?);
    }
    Some(matrix)
}

fn role(fields: &Fields) -> Option<Role> {
    let grants = fields.table("grants")?;
    let limits = fields.tables("limits").iter().map(limit).collect::<Option<_>>()?;
    let mut role = Role {
        title: fields.owned("title")?,
        grants: Default::default(),
        fields: fields.has("fields").then(|| role_fields(fields)),
        limits,
    };
    for key in GRANTS.keys {
        let actions: Vec<Action> = words(grants, key.name)?;
        if !actions.is_empty() {
            role.grants.insert(word::<Module>(key.name)?, actions);
        }
    }
    Some(role)
}

fn role_fields(role: &Fields) -> RoleFields {
    let list = |key: &str| {
        let fields = role.table("fields").filter(|fields| fields.has(key))?;
        Some(fields.texts(key).filter_map(|(field, _)| field.parse().ok()).collect())
    };
    RoleFields { view: list("view"), modify: list("modify") }
}

fn limit(fields: &Fields) -> Option<Limit> {
    let owned = |key: &str| fields.texts(key).map(|(text, _)| text.to_owned()).collect::<Vec<_>>();
    let texts = |key: &str| fields.has(key).then(|| owned(key));
    Some(Limit {
        modules: words(fields, "modules")?,
        actions: words(fields, "actions")?,
        warehouses: texts("warehouses"),
        classes: words_if(fields, "classes")?,
        classes_except: words_if(fields, "classes_except")?,
        amount_max: fields.parsed("amount_max"),
        document_kinds: words_if(fields, "document_kinds")?,
        movement_kinds: words_if(fields, "movement_kinds")?,
        owners: texts("owners"),
        statuses: words_if(fields, "statuses")?,
        stations: words_if(fields, "stations")?,
        auth_level_min: fields.integer("auth_level_min"),
        two_persons: fields.bool("two_persons")?,
    })
}

fn words<T: for<'de> Deserialize<'de>>(fields: &Fields, key: &str) -> Option<Vec<T>> {
    fields.texts(key).map(|(text, _)| word(text)).collect()
}

/// A list where there is one. The outer none is for a word that is none.
#[allow(clippy::option_option, reason = "a list that is absent is not one that is wrong")]
fn words_if<T: for<'de> Deserialize<'de>>(fields: &Fields, key: &str) -> Option<Option<Vec<T>>> {
    match fields.has(key) {
        true => words(fields, key).map(Some),
        false => Some(None),
    }
}

/// As `check_limits`; and limits name warehouses and stations that there are.
pub(crate) fn check(walk: &mut Walk<'_>, root: &Fields) {
    let first = |path: &'_ str| path.split('/').next().unwrap_or_default().to_owned();
    let places = root.tables("locations").iter().filter_map(|place| place.text("path"));
    let warehouses: BTreeSet<String> = places.map(first).collect();
    let stations: BTreeSet<String> =
        root.tables("stations").iter().filter_map(|one| one.owned("name")).collect();
    for (_, role) in root.named("roles") {
        for limit in role.tables("limits") {
            if !warehouses.is_empty() {
                known(walk, limit, "warehouses", "unknown-warehouse", "warehouse", &warehouses);
            }
            known(walk, limit, "stations", "unknown-station", "station", &stations);
        }
    }
    check_limits(walk, root);
}

/// Limits say something and narrow what is granted.
pub(crate) fn check_limits(walk: &mut Walk<'_>, root: &Fields) {
    for (_, role) in root.named("roles") {
        for limit in role.tables("limits") {
            says_something(walk, limit);
            is_granted(walk, role, limit);
        }
    }
}

fn known(
    walk: &mut Walk<'_>,
    limit: &Fields,
    key: &str,
    code: &'static str,
    noun: &str,
    all: &BTreeSet<String>,
) {
    for (name, at) in limit.texts(key) {
        if !all.contains(name) {
            walk.unknown(at, code, noun, name, all.iter().map(String::as_str));
        }
    }
}

fn says_something(walk: &mut Walk<'_>, limit: &Fields) {
    let keys = || LIMIT.keys.iter().map(|key| key.name);
    for key in keys().filter(|key| limit.has(key) && limit.place(key) != limit.at) {
        let is_list =
            LIMIT.keys.iter().any(|k| k.name == key && matches!(k.shape, Shape::List { .. }));
        // A list that lost what was wrong with it is told of once.
        if is_list && limit.list(key).is_empty() && !walk.has_errors_in(limit.place(key)) {
            let message = format!("{key:?} is empty, so nothing is ever allowed");
            let hint = Some("leave it out, or take away the grant".to_owned());
            walk.error(limit.place(key), "empty-limit", message, "at least one", hint);
        }
    }
    let narrows = |key: &&str| !matches!(*key, "modules" | "actions" | "two_persons");
    let two = limit.bool("two_persons") == Some(true);
    if !two && !walk.has_errors() && !keys().filter(narrows).any(|key| limit.has(key)) {
        let message = "a limit that limits nothing";
        walk.error(limit.at, "empty-limit", message, "what it limits, such as amount_max", None);
    }
}

fn is_granted(walk: &mut Walk<'_>, role: &Fields, limit: &Fields) {
    let Some(grants) = role.table("grants") else { return };
    let has = |module: &str, action: &str| grants.texts(module).any(|(one, _)| one == action);
    for (action, at) in limit.texts("actions") {
        let modules = || limit.texts("modules").map(|(module, _)| module);
        if modules().next().is_some() && !modules().any(|module| has(module, action)) {
            let message = format!("the role is not granted {action:?} where this limits it");
            walk.warn(at, "unused-limit", message, "an action that the role has", None);
        }
    }
}

/// A word of the model's enums, by the name it has everywhere.
fn word<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    let deserializer: serde::de::value::StrDeserializer<'de, Error> = text.into_deserializer();
    T::deserialize(deserializer).ok()
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_module_and_action_is_a_word_of_the_model() {
        for key in GRANTS.keys {
            assert!(word::<Module>(key.name).is_some(), "{}", key.name);
            let Shape::List { of: Shape::Choice(choice), .. } = key.shape else { panic!() };
            assert!(choice.of.iter().all(|a| word::<Action>(a).is_some()));
        }
    }

    #[test]
    fn every_word_of_a_limit_is_a_word_of_the_model() {
        use gatewarden_model::{DocumentKind, MovementKind, StockStatus};
        assert!(DOCUMENT.of.iter().all(|one| word::<DocumentKind>(one).is_some()));
        assert!(STATUS.of.iter().all(|one| word::<StockStatus>(one).is_some()));
        let kinds: Vec<&str> = MovementKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(MOVEMENT.of, kinds);
        let Shape::Choice(modules) = MODULE else { panic!() };
        assert_eq!(modules.of, GRANTS.keys.iter().map(|key| key.name).collect::<Vec<_>>());
        assert_eq!(modules.of, Module::ALL.map(Module::name));
    }

    #[test]
    fn the_default_matrix_keeps_duties_apart() {
        let RoleMatrix(roles) = default_roles();
        let may = |role: &str, module, action| {
            roles[role].grants.get(&module).is_some_and(|a| a.contains(&action))
        };
        assert_eq!(roles.len(), 8);
        assert!(may("storekeeper", Module::Inbound, Action::Execute));
        assert!(!may("storekeeper", Module::Price, Action::Modify), "never changes a price");
        assert!(may("sales-assistant", Module::Outbound, Action::Request));
        assert!(!may("sales-assistant", Module::Outbound, Action::Execute), "never takes stock");
        assert!(!may("buyer", Module::Inbound, Action::Create), "never receives the order");
        assert!(may("department-manager", Module::Outbound, Action::Approve));
        for module in [Module::Inbound, Module::Outbound, Module::Count, Module::Transfer] {
            assert!(!roles["administrator"].grants.contains_key(&module), "nothing on stock");
            assert_eq!(roles["auditor"].grants[&module], [Action::View]);
            assert!(may("warehouse-supervisor", module, Action::Approve));
        }
        for role in roles.values() {
            assert!(role.title.ends_with('.'));
            let executes = role.grants.values().flatten().any(|a| *a == Action::Execute);
            let approves = role.grants.values().flatten().any(|a| *a == Action::Approve);
            assert!(!(executes && approves), "nobody approves what they execute");
        }
    }
}
