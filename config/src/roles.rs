//! `[roles.NAME]`: the role matrix. The default one is data (`roles/default.toml`, embedded); a
//! role of the configuration replaces the default one of that name or stands beside them.

use gatewarden_model::{Action, Module, Role, RoleFields, RoleMatrix};
use serde::{Deserialize, de::IntoDeserializer, de::value::Error};

use crate::{
    fields::{At, Fields},
    shape::{Choice, Section, Shape, Text, UNKNOWN_KEY, Unknown, optional, required},
};

/// Most roles beside the default ones.
pub const ROLES_MAX: usize = 64;

const DEFAULT: &str = include_str!("../roles/default.toml");

const ACTIONS: Shape = Shape::List {
    max: 7,
    of: &Shape::Choice(Choice {
        code: "unknown-action",
        noun: "action",
        of: &["view", "create", "modify", "delete", "request", "approve", "execute"],
    }),
};

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
    ],
};

/// The default role matrix.
#[must_use]
pub fn default_roles() -> RoleMatrix {
    #[derive(Deserialize)]
    struct File {
        roles: RoleMatrix,
    }
    // The text is embedded and a test parses it, so this can't fail in a build that passed.
    toml::from_str::<File>(DEFAULT).expect("roles/default.toml is a role matrix").roles
}

/// The default matrix with the configuration's roles on top.
pub(crate) fn build(named: &[(At<String>, Fields)]) -> Option<RoleMatrix> {
    let mut matrix = default_roles();
    for (name, fields) in named {
        matrix.0.insert(name.value.clone(), role(fields)?);
    }
    Some(matrix)
}

fn role(fields: &Fields) -> Option<Role> {
    let grants = fields.table("grants")?;
    let mut role = Role {
        title: fields.owned("title")?,
        grants: Default::default(),
        fields: fields.has("fields").then(|| role_fields(fields)),
    };
    for key in GRANTS.keys {
        let actions: Vec<Action> =
            grants.texts(key.name).map(|(a, _)| word(a)).collect::<Option<_>>()?;
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
