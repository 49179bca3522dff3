//! Which facts a policy looks at, and in which cells it can apply: read off its syntax.
//!
//! Sound: a fact that is not named can't change the answer, and a scope that names another action or
//! module never holds. Where the syntax says less than that (the context as a whole, an unknown
//! constraint) everything is taken to be looked at, everywhere.

use cedar_policy::{ActionConstraint, EntityUid, Policy, ResourceConstraint};
use gatewarden_model::{Action, Module};
use serde_json::Value;

use super::facts::{Fact, Looks};

/// The facts that its conditions name.
pub(super) fn looks(policy: &Policy) -> Looks {
    // Most policies have no condition, and their syntax would be parsed once more to say so.
    let has_none = |text: String| !text.contains("when") && !text.contains("unless");
    if policy.to_cedar().is_some_and(has_none) {
        return Looks::default();
    }
    let Ok(json) = policy.to_json() else { return Looks::ALL };
    let mut found = Looks::default();
    match json.get("conditions") {
        Some(conditions) => walk(conditions, &mut found),
        None => found = Looks::ALL,
    }
    found
}

fn walk(part: &Value, found: &mut Looks) {
    match part {
        Value::Array(list) => list.iter().for_each(|one| walk(one, found)),
        Value::Object(fields) => {
            for (operator, of) in fields {
                match (operator.as_str(), named(of)) {
                    ("." | "has", Some(fact)) => found.add(fact),
                    ("Var", _) if of == "context" => *found = Looks::ALL,
                    // Names of a record's fields are no operators, a literal is no syntax.
                    ("Record", _) => {
                        of.as_object().into_iter().flatten().for_each(|(_, one)| walk(one, found));
                    }
                    ("Value", _) => {}
                    _ => walk(of, found),
                }
            }
        }
        _ => {}
    }
}

/// The fact that an access to the context names.
fn named(access: &Value) -> Option<Fact> {
    let left = access.get("left")?.get("Var")?;
    if left != "context" {
        return None;
    }
    Fact::named(access.get("attr")?.as_str()?)
}

/// Whether its scope can hold for this action and module.
pub(super) fn can_apply(policy: &Policy, action: &EntityUid, resource: &EntityUid) -> bool {
    let actions = match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::In(list) => list.contains(action),
        ActionConstraint::Eq(one) => one == *action,
    };
    // Neither actions nor modules have parents, so `in` is `==`.
    actions
        && match policy.resource_constraint() {
            ResourceConstraint::Any => true,
            ResourceConstraint::In(one) | ResourceConstraint::Eq(one) => one == *resource,
            ResourceConstraint::Is(kind) => kind == *resource.type_name(),
            ResourceConstraint::IsIn(kind, one) => {
                kind == *resource.type_name() && one == *resource
            }
        }
}

/// All rights that there are.
pub(super) fn cells() -> impl Iterator<Item = (Module, Action)> {
    Module::ALL.into_iter().flat_map(|m| Action::ALL.into_iter().map(move |a| (m, a)))
}
