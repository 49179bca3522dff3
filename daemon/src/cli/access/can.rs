//! `gatewarden access can`: a question to the policies in force, or to those that the configuration has;
//! where the answer is no, with what stands in the way.

use std::process::ExitCode;

use anyhow::Context as _;
use gatewarden_engine::{Access, Fact, Known, Who, access::Miss};
use gatewarden_model::{Action, Decision, Guards, Module};
use serde_json::{Value, json};

use super::{super::which::Which, CanArgs, facts, force::Force, replay};

pub(super) fn can(args: &CanArgs) -> anyhow::Result<ExitCode> {
    let force = Force::find(&args.which, args.proposed)?;
    let access = &force.access;
    let action = named(Action::ALL, Action::name, "action", &args.action)?;
    let module = named(Module::ALL, Module::name, "module", &args.module)?;
    let who = who(&args.who, &args.which, access)?;
    let known = facts(&args.facts)?;
    let decision = access.decide_known(&who.principal(), action, module, &known);
    let looks = access.looks(module, action);
    let unknown: Vec<&str> = Fact::ALL
        .into_iter()
        .filter(|fact| looks.has(*fact) && !known.has(*fact))
        .map(Fact::name)
        .collect();
    let way = Way::of(access, &decision, &who, &known);
    if args.json {
        let mut told = told(access, &decision, &unknown, &way);
        told["policies_from"] = force.told();
        println!("{told}");
    } else {
        let verdict = verdict(&decision);
        println!("{verdict}: {} {} {}", args.who, action.name(), module.name());
        show(&force, access, &decision);
        way.show();
        let levels = access.guards().map(|guards| &guards.levels.rights);
        if let Some(level) = levels.and_then(|rights| rights.get(&(module, action))) {
            println!("needs auth level {level}, by the settings beside the policies");
        }
        if !unknown.is_empty() {
            println!("not known, though policies look at it: {}", unknown.join(", "));
        }
    }
    force.tell();
    Ok(if decision.allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) fn verdict(decision: &Decision) -> &'static str {
    if decision.allowed { "allowed" } else { "denied" }
}

/// What stands in the way of what no policy permits: the permits that come nearest.
pub(super) struct Way {
    /// Roles that grant it, within limits that do not hold.
    missed: Vec<Miss>,
    /// Raw policies that permit it on other facts.
    raw: Vec<String>,
    /// In which roles he is, where none of them grants it.
    no_role: Option<String>,
}

impl Way {
    pub(super) fn of(access: &Access, decision: &Decision, who: &Who, known: &Known) -> Self {
        let none = Self { missed: vec![], raw: vec![], no_role: None };
        if decision.allowed || !decision.policies.is_empty() || !decision.errors.is_empty() {
            return none;
        }
        let (principal, action, module) = (who.principal(), decision.action, decision.module);
        let of_right = access.raw_rights(&principal);
        let here = of_right.into_iter().find(|r| (r.module, r.action) == (module, action));
        let roles = match who {
            Who::Operator(_, roles) if !access.grants(&principal, action, module) => {
                Some(roles.join(", "))
            }
            _ => None,
        };
        Self {
            missed: access.misses(&principal, action, module, known),
            raw: here.map(|right| right.policies).unwrap_or_default(),
            no_role: roles,
        }
    }

    pub(super) fn show(&self) {
        for miss in &self.missed {
            println!("but {}", miss.words(|_| true));
        }
        for id in &self.raw {
            println!("but {id} permits it on other facts");
        }
        if let Some(roles) = &self.no_role {
            println!("no role of his grants it at all: he has {roles}");
        }
    }

    pub(super) fn told(&self) -> Value {
        let missed: Vec<Value> = self.missed.iter().map(miss_told).collect();
        json!({"roles": missed, "raw": self.raw, "no_role_grants_it": self.no_role.is_some()})
    }
}

fn miss_told(miss: &Miss) -> Value {
    let limits: Vec<Value> = miss
        .limits
        .iter()
        .map(|one| {
            json!({"limit": one.limit, "fact": one.fact.name(), "asks": one.asks, "is": one.is,
                "words": one.words(true)})
        })
        .collect();
    json!({"role": miss.role, "limits": limits, "words": miss.words(|_| true)})
}

/// Prints policies with their texts and places, errors and facts.
pub(super) fn show(force: &Force, access: &Access, decision: &Decision) {
    if decision.policies.is_empty() && decision.errors.is_empty() {
        println!("by no policy: what none permits is denied");
    }
    for id in &decision.policies {
        let place = force.place(access, id);
        println!("by {id}{}", place.map_or_else(String::new, |place| format!(" at {place}")));
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
pub(super) fn told(access: &Access, decision: &Decision, unknown: &[&str], way: &Way) -> Value {
    let policies: Vec<_> = decision
        .policies
        .iter()
        .map(|id| json!({"id": id, "text": access.policy_text(id)}))
        .collect();
    json!({"allowed": decision.allowed, "action": decision.action.name(),
        "module": decision.module.name(), "policies": policies, "errors": decision.errors,
        "facts": decision.facts, "unknown": unknown, "version": decision.version,
        "missed": way.told(), "settings": access.guards().map(Guards::told)})
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
