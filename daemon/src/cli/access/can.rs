//! `gatewarden access can`: a question to the policies of the configuration, asked of nobody else.

use std::process::ExitCode;

use anyhow::Context as _;
use gatewarden_engine::{Access, Fact, Who};
use gatewarden_model::{Action, Decision, Guards, Module};
use serde_json::json;

use super::{super::which::Which, CanArgs, facts, replay};
use crate::policies;

pub(super) fn can(args: &CanArgs) -> anyhow::Result<ExitCode> {
    let access = policies::build(&args.which.config()?)?;
    let action = named(Action::ALL, Action::name, "action", &args.action)?;
    let module = named(Module::ALL, Module::name, "module", &args.module)?;
    let who = who(&args.who, &args.which, &access)?;
    let known = facts(&args.facts)?;
    let decision = access.decide_known(&who.principal(), action, module, &known);
    let looks = access.looks(module, action);
    let unknown: Vec<&str> = Fact::ALL
        .into_iter()
        .filter(|fact| looks.has(*fact) && !known.has(*fact))
        .map(Fact::name)
        .collect();
    if args.json {
        println!("{}", told(&access, &decision, &unknown));
    } else {
        print(&access, &decision, &args.who, &unknown);
    }
    Ok(if decision.allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(access: &Access, decision: &Decision, who: &str, unknown: &[&str]) {
    let verdict = if decision.allowed { "allowed" } else { "denied" };
    let (action, module) = (decision.action.name(), decision.module.name());
    println!("{verdict}: {who} {action} {module}");
    show(access, decision);
    let right = (decision.module, decision.action);
    if let Some(level) = access.guards().and_then(|guards| guards.levels.rights.get(&right)) {
        println!("needs auth level {level}, by the settings beside the policies");
    }
    if !unknown.is_empty() {
        println!("not known, though policies look at it: {}", unknown.join(", "));
    }
}

/// Prints policies with their texts, errors and facts.
pub(super) fn show(access: &Access, decision: &Decision) {
    if decision.policies.is_empty() && decision.errors.is_empty() {
        println!("by no policy: what none permits is denied");
    }
    for id in &decision.policies {
        println!("by {id}");
        for line in access.policy_text(id).unwrap_or("(its text is not known)").lines() {
            println!("    {line}");
        }
    }
    for error in &decision.errors {
        println!("error, which denies: {error}");
    }
    for (name, value) in &decision.facts {
        println!("on {name} = {value}");
    }
}

/// A decision as JSON, with the policies' texts.
pub(super) fn told(access: &Access, decision: &Decision, unknown: &[&str]) -> serde_json::Value {
    let policies: Vec<_> = decision
        .policies
        .iter()
        .map(|id| json!({"id": id, "text": access.policy_text(id)}))
        .collect();
    json!({"allowed": decision.allowed, "action": decision.action.name(),
        "module": decision.module.name(), "policies": policies, "errors": decision.errors,
        "facts": decision.facts, "unknown": unknown, "version": decision.version,
        "settings": access.guards().map(Guards::told)})
}

fn who(text: &str, which: &Which, access: &Access) -> anyhow::Result<Who> {
    let (kind, name) = text.split_once(':').unwrap_or(("operator", text));
    Ok(match kind {
        _ if text == "local" => Who::Local(None),
        "role" => {
            let roles: Vec<String> = name.split(',').map(str::to_owned).collect();
            if let Some(role) = roles.iter().find(|role| !access.has_role(role)) {
                anyhow::bail!("there is no role {role:?}: there are {}", access.roles());
            }
            // Nobody's id is this: a duty about himself never applies.
            Who::Operator("somebody-in-this-role".parse()?, roles)
        }
        "operator" => {
            let id = name.parse().context("WHO is no operator's id")?;
            let state = replay::state(&which.open()?)?;
            let operator = state.operator(&id).with_context(|| {
                format!("{id} is not enrolled: name an operator, role:NAME, client:ID or local")
            })?;
            Who::Operator(operator.id.clone(), operator.roles.clone())
        }
        "client" => {
            let state = replay::state(&which.open()?)?;
            let client = state.clients().find(|client| client.id.as_str() == name);
            let client = client.with_context(|| format!("client {name} has no token"))?;
            Who::Client(client.id.clone(), client.scopes.clone())
        }
        "device" => Who::Device(name.parse().context("WHO is no device's name")?),
        _ => anyhow::bail!(
            "{text:?} is nobody: write an operator's id, role:NAME, client:ID or local"
        ),
    })
}

fn named<T: Copy>(
    all: impl IntoIterator<Item = T> + Copy,
    name: impl Fn(T) -> &'static str,
    noun: &str,
    text: &str,
) -> anyhow::Result<T> {
    let names = || all.into_iter().map(&name).collect::<Vec<_>>().join(", ");
    let found = all.into_iter().find(|one| name(*one) == text);
    found.with_context(|| format!("there is no {noun} {text:?}: there are {}", names()))
}
