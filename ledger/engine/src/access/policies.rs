//! The policies as text: the schema, one policy per granted cell of the role matrix, one per
//! client scope, those of the box's own shell, the duties that nobody is freed from, and the raw
//! Cedar of the house. Every policy has a stable id such as `role:storekeeper:inbound:execute`.

use std::collections::BTreeSet;

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use gatewarden_model::{Action, Module, RoleMatrix};

use super::AccessError;

const SCHEMA: &str = "\
entity Role;
entity Scope;
entity Module;
entity Operator in [Role] { id: String };
entity Client in [Scope] { id: String };
entity Local { id: String };
action view, create, modify, delete, request, approve, execute appliesTo {
  principal: [Operator, Client, Local],
  resource: [Module],
  context: {
    ordered_by?: String,
    requested_by?: String,
    moved_by?: String,
    station?: String,
    auth_level?: Long,
  },
};
";

/// What nobody is freed from, whatever the roles say: id, rule.
const DUTIES: [(&str, &str, Action); 4] = [
    (
        "duty:never-execute-own-order",
        "context has ordered_by && context.ordered_by == principal.id",
        Action::Execute,
    ),
    (
        "duty:never-approve-own-order",
        "context has ordered_by && context.ordered_by == principal.id",
        Action::Approve,
    ),
    (
        "duty:never-approve-own-request",
        "context has requested_by && context.requested_by == principal.id",
        Action::Approve,
    ),
    (
        "duty:never-approve-own-pass",
        "context has moved_by && context.moved_by == principal.id",
        Action::Approve,
    ),
];

/// What the box's own shell and the daemon may do: keep the system, see the journal, no stock.
const LOCAL: [(Module, &[Action]); 2] = [
    (Module::System, &[Action::View, Action::Create, Action::Modify, Action::Delete]),
    (Module::Ledger, &[Action::View]),
];

/// One policy and where it can apply.
pub(super) struct Written {
    pub(super) id: String,
    /// The only cell it can apply to; none for all.
    pub(super) cell: Option<(Module, Action)>,
    policy: Policy,
}

/// The schema, parsed.
pub(super) fn schema() -> Result<Schema, AccessError> {
    let parsed = Schema::from_cedarschema_str(SCHEMA);
    parsed.map(|(schema, _warnings)| schema).map_err(|e| parse_error("the schema", &e))
}

/// All scopes there can be.
pub(super) fn scopes() -> impl Iterator<Item = String> {
    cells().map(|(module, action)| format!("{}:{}", module.name(), action.name()))
}

/// All policies in the order of their ids, which are unique.
pub(super) fn all(matrix: &RoleMatrix, extra: &str) -> Result<Vec<Written>, AccessError> {
    let mut list = vec![];
    for (role, rights) in &matrix.0 {
        check_role_name(role)?;
        for (module, actions) in &rights.grants {
            let once: BTreeSet<Action> = actions.iter().copied().collect();
            for action in once {
                let id = format!("role:{role}:{}:{}", module.name(), action.name());
                list.push(permit(id, &format!("principal in Role::\"{role}\""), *module, action)?);
            }
        }
    }
    for (module, action) in cells() {
        let scope = format!("{}:{}", module.name(), action.name());
        let who = format!("principal in Scope::\"{scope}\"");
        list.push(permit(format!("scope:{scope}"), &who, module, action)?);
    }
    for (module, actions) in LOCAL {
        for action in actions {
            let id = format!("local:{}:{}", module.name(), action.name());
            list.push(permit(id, "principal is Local", module, *action)?);
        }
    }
    for (id, rule, action) in DUTIES {
        let action = action.name();
        let text = format!(
            "forbid (principal, action == Action::\"{action}\", resource)\nwhen {{ {rule} }};"
        );
        list.push(written(id.to_owned(), None, &text)?);
    }
    list.extend(raw(extra)?);
    list.sort_by(|a, b| a.id.cmp(&b.id));
    match list.windows(2).find(|pair| pair[0].id == pair[1].id) {
        Some(pair) => Err(AccessError::Duplicate(pair[0].id.clone())),
        None => Ok(list),
    }
}

/// A set of some of them.
pub(super) fn set<'a>(list: impl Iterator<Item = &'a Written>) -> Result<PolicySet, AccessError> {
    let mut set = PolicySet::new();
    for one in list {
        set.add(one.policy.clone()).map_err(|e| parse_error(&one.id, &e))?;
    }
    Ok(set)
}

/// Whether all policies fit the schema.
pub(super) fn validate(schema: &Schema, set: &PolicySet) -> Result<(), AccessError> {
    let result = Validator::new(schema.clone()).validate(set, ValidationMode::Strict);
    let errors: Vec<String> = result.validation_errors().map(ToString::to_string).collect();
    if errors.is_empty() { Ok(()) } else { Err(AccessError::Invalid(errors.join("; "))) }
}

/// Schema and policies as one text, for the version and for people.
pub(super) fn text(list: &[Written]) -> String {
    let mut text = SCHEMA.to_owned();
    for one in list {
        let body = one.policy.to_cedar().unwrap_or_default();
        text.push_str(&format!("\n// {}\n{body}\n", one.id));
    }
    text
}

fn cells() -> impl Iterator<Item = (Module, Action)> {
    Module::ALL.into_iter().flat_map(|m| Action::ALL.into_iter().map(move |a| (m, a)))
}

fn permit(id: String, who: &str, module: Module, action: Action) -> Result<Written, AccessError> {
    let text = format!(
        "permit ({who}, action == Action::\"{}\", resource == Module::\"{}\");",
        action.name(),
        module.name()
    );
    written(id, Some((module, action)), &text)
}

fn written(id: String, cell: Option<(Module, Action)>, text: &str) -> Result<Written, AccessError> {
    let policy = Policy::parse(Some(PolicyId::new(&id)), text).map_err(|e| parse_error(&id, &e))?;
    Ok(Written { id, cell, policy })
}

fn raw(extra: &str) -> Result<Vec<Written>, AccessError> {
    let set: PolicySet = extra.parse().map_err(|e| parse_error("the raw Cedar", &e))?;
    if set.num_of_templates() > 0 {
        return Err(AccessError::Template);
    }
    let told = |policy: &Policy| {
        let name = policy.annotation("id").map_or_else(|| policy.id().to_string(), str::to_owned);
        let id = format!("raw:{name}");
        Written { policy: policy.new_id(PolicyId::new(&id)), id, cell: None }
    };
    Ok(set.policies().map(told).collect())
}

fn check_role_name(role: &str) -> Result<(), AccessError> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    if (1..=64).contains(&role.len()) && role.bytes().all(fits) {
        return Ok(());
    }
    Err(AccessError::RoleName(role.chars().take(80).collect()))
}

fn parse_error(what: &str, error: &dyn std::fmt::Display) -> AccessError {
    AccessError::Parse { what: what.to_owned(), message: error.to_string() }
}
