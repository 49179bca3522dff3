//! People, machines and requests for them as lists show them: how each stands, with what he proves
//! himself, what it would give him.
//!
//! Invariants: of a badge's number only its last characters, of PINs, tokens and codes only that they are
//! there; of limits every one. What an approver has to compare is told as it will be in force.

use gatewarden_engine::{
    Engine, Operator, Principal, State,
    sod::{self, Holding},
    state::{Client, Lockout},
};
use gatewarden_model::{Change, Day, Mitigation, OperatorId, Role, Stamp};
use serde_json::{Value, json};

use super::{limits::limit_words, reviews::moment};
use crate::{badges, factors};

/// All operators, by name.
pub(crate) fn operators(state: &State, now: &Stamp) -> Value {
    Value::Array(state.operators().map(|one| operator(state, one, now)).collect())
}

/// One operator: roles, badges, second factors, and whether he can sign in.
pub(crate) fn operator(state: &State, operator: &Operator, now: &Stamp) -> Value {
    let mut told = json!(operator);
    told["badges"] = badges::told(&operator.badges, &operator.kinds, &operator.tails).into();
    told["factors"] = factors::told(state, &operator.id);
    told["since"] = json!(moment(operator.since.wall_us));
    told["pin"] = json!(operator.pin.is_some());
    told["activation"] = json!(operator.activation.as_ref().map(|open| {
        json!({"since": moment(open.since.wall_us), "remaining_ms": open.remaining_ms(now)})
    }));
    told["lock"] = json!(state.lockout(&operator.id).map(|lock| lockout(lock, now)));
    told
}

/// `remaining_ms` is none where somebody else has to unlock; 0 where only failures are counted.
fn lockout(lock: &Lockout, now: &Stamp) -> Value {
    let remaining_ms = lock.remaining_ms(now);
    json!({"failures": lock.failures, "since": moment(lock.since.wall_us),
        "remaining_ms": (!lock.until_unlocked).then_some(remaining_ms),
        "until_unlocked": lock.until_unlocked})
}

/// All machines, by name: scopes, since when, until when, last use.
pub(crate) fn clients(state: &State, now: &Stamp) -> Value {
    let told = |client: &Client| {
        let mut told = json!(client);
        told["since"] = json!(moment(client.since.wall_us));
        told["until"] = json!(client.until_us.map(moment));
        told["expired"] = json!(client.until_us.is_some_and(|until| until <= now.wall_us));
        told["last_used"] = json!(client.used.map(|used| moment(used.wall_us)));
        told
    };
    Value::Array(state.clients().map(told).collect())
}

/// Adds to a request for an operator what whoever decides has to see: the badges, with those that he has
/// already marked, what the roles give within which limits, and the conflicts of duties they make.
pub(crate) fn asked_operator(told: &mut Value, change: &Change, engine: &Engine, today: Day) {
    if let Change::Client { until_us, .. } = change {
        told["until"] = json!(until_us.map(moment));
    }
    let Change::Operator { operator, roles, badges, kinds, tails, mitigations, .. } = change else {
        return;
    };
    let known = engine.state().operator(operator).map_or(&[][..], |known| &known.badges);
    let mut shown = badges::told(badges, kinds, tails);
    for (one, badge) in shown.iter_mut().zip(badges) {
        one["new"] = json!(!known.contains(badge));
    }
    told["badges"] = shown.into();
    let (matrix, _) = engine.access().source();
    let given = roles.iter().filter_map(|name| Some((name.clone(), rights(matrix.0.get(name)?))));
    told["gives"] = Value::Object(given.collect());
    told["conflicts"] = conflicts(engine, operator, roles, mitigations, today);
}

/// What a role gives: each module with its actions, and each limit in words.
fn rights(role: &Role) -> Value {
    let grants = role.grants.iter().map(|(module, actions)| {
        let actions: Vec<&str> = actions.iter().map(|action| action.name()).collect();
        (module.name().to_owned(), json!(actions))
    });
    let limits = role.limits.iter().map(|limit| {
        let names = |names: Vec<&str>| names.join("/");
        let modules = names(limit.modules.iter().map(|one| one.name()).collect());
        let actions = names(limit.actions.iter().map(|one| one.name()).collect());
        format!("{actions} {modules}: {}", limit_words(limit))
    });
    json!({"title": role.title, "grants": Value::Object(grants.collect()),
        "limits": limits.collect::<Vec<_>>()})
}

fn conflicts(
    engine: &Engine,
    id: &OperatorId,
    roles: &[String],
    said: &[Mitigation],
    today: Day,
) -> Value {
    let access = engine.access();
    let raw = access.raw_rights(&Principal::Operator { id, roles });
    let (matrix, _) = access.source();
    let Some(known) = engine.state().policies_in_force() else { return json!([]) };
    let found = sod::conflicts_of(Holding { roles, matrix, raw: &raw }, &known.sod);
    let told = found.iter().map(|conflict| {
        json!({"id": conflict.id, "words": conflict.words(),
            "mitigation": conflict.mitigation(said, today)})
    });
    Value::Array(told.collect())
}
