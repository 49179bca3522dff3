//! `gatewarden access why`: the policies that decided on an entry, as they were then, on which facts,
//! which limits stood in the way of a denial, and what those in force answer to the same question.

use std::process::ExitCode;

use anyhow::Context as _;
use gatewarden_engine::{Access, Replayed, Who};
use gatewarden_model::{Decision, Entry, Guards, MovementId};
use gatewarden_store::LedgerReader;
use serde_json::json;

use super::{
    super::which::Which,
    can::{self, Way},
    force::Force,
    replay,
};
use crate::trace;

pub(super) fn why(which: &Which, entry: &str, json: bool) -> anyhow::Result<ExitCode> {
    let ledger = which.open()?;
    let entry = find(&ledger, entry)?;
    let Some(said) = entry.body.decision().cloned() else {
        let line = trace::whole(&entry);
        anyhow::bail!("nothing was decided in entry {}: {}", entry.seq, line.what)
    };
    let judge = replay::go_through(&ledger, entry.seq, |_, _| Ok(()))?;
    let then = judge.policies(&said.version);
    let replayed = judge.replayed(&entry);
    let force = Force::find(which, false)?;
    let now = replayed.as_ref().map(|question| question.under(&force.access));
    let replayed = replayed.as_ref();
    let told = Told { entry: &entry, said: &said, then, replayed, now, force };
    if json {
        println!("{}", told.json())
    } else {
        told.print()
    }
    told.force.tell();
    Ok(ExitCode::SUCCESS)
}

fn find(ledger: &LedgerReader, text: &str) -> anyhow::Result<Entry> {
    if let Ok(seq) = text.parse::<u64>() {
        return ledger.entry(seq)?.with_context(|| format!("there is no entry {seq}"));
    }
    let id: MovementId = text
        .parse()
        .with_context(|| format!("{text:?} is neither a number nor a movement's id"))?;
    ledger.movement(id)?.with_context(|| format!("there is no movement {id}"))
}

struct Told<'a> {
    entry: &'a Entry,
    said: &'a Decision,
    /// The policies of that time, where the journal tells them.
    then: Option<&'a Access>,
    replayed: Option<&'a Replayed>,
    /// What the policies in force answer.
    now: Option<Decision>,
    force: Force,
}

impl Told<'_> {
    fn print(&self) {
        let line = trace::whole(self.entry);
        println!("#{} {}", line.seq, line.when);
        println!("what  {}", line.what);
        println!("who   {}", line.who);
        if let Some(roles) = self.replayed.and_then(|question| groups(&question.who)) {
            println!("as    {roles}");
        }
        let verdict = can::verdict(self.said);
        let (action, module) = (self.said.action.name(), self.said.module.name());
        println!("then  {verdict}: {action} {module}, by the policies {}", self.said.version);
        match self.then {
            Some(access) => {
                can::show(&self.force, access, self.said);
                for (key, value) in access.guards().map(Guards::told).unwrap_or_default() {
                    println!("beside them: {key} = {value}");
                }
                if let Some(way) = self.way(access, self.said) {
                    way.show();
                }
            }
            None => {
                println!("their texts are not in the journal: {}", self.said.policies.join(", "))
            }
        }
        for (name, value) in self.facts().iter().filter(|(n, _)| !self.said.facts.contains_key(*n))
        {
            println!("beside it was known: {name} = {value}");
        }
        match &self.now {
            None => println!("now   nobody can ask it again: who asked is not in the journal"),
            Some(now) => {
                let same =
                    if now.allowed == self.said.allowed { "" } else { ", OTHERWISE THAN THEN" };
                println!("now   {}{same}, by the policies {}", can::verdict(now), now.version);
                can::show(&self.force, &self.force.access, now);
                if let Some(way) = self.way(&self.force.access, now) {
                    way.show();
                }
            }
        }
    }

    /// What stood in the way under these policies.
    fn way(&self, access: &Access, decision: &Decision) -> Option<Way> {
        let question = self.replayed?;
        Some(Way::of(access, decision, &question.who, &question.known))
    }

    /// All facts that can be told.
    fn facts(&self) -> std::collections::BTreeMap<String, String> {
        let mut facts = self.replayed.map(|question| question.known.told()).unwrap_or_default();
        facts.extend(self.said.facts.clone());
        facts
    }

    fn json(&self) -> serde_json::Value {
        let line = trace::whole(self.entry);
        let texts: Vec<_> = self
            .said
            .policies
            .iter()
            .map(|id| {
                let place = self.then.and_then(|access| self.force.place(access, id));
                json!({"id": id, "text": self.then.and_then(|a| a.policy_text(id)), "at": place})
            })
            .collect();
        let access = &self.force.access;
        let now = |now: &Decision| Some(can::told(access, now, &[], &self.way(access, now)?));
        json!({"entry": line.seq, "when": line.when, "what": line.what, "who": line.who,
            "as": self.replayed.and_then(|question| groups(&question.who)),
            "action": self.said.action.name(), "module": self.said.module.name(),
            "allowed": self.said.allowed, "version": self.said.version, "policies": texts,
            "settings": self.then.and_then(Access::guards).map(Guards::told),
            "errors": self.said.errors, "facts": self.facts(), "decided_on": self.said.facts,
            "missed": self.then.and_then(|access| Some(self.way(access, self.said)?.told())),
            "now": self.now.as_ref().and_then(now), "policies_from": self.force.told()})
    }
}

/// In which roles, or with which scopes.
fn groups(who: &Who) -> Option<String> {
    match who {
        Who::Operator(_, names) | Who::Client(_, names) => Some(names.join(", ")),
        Who::Device(_) | Who::Local(_) => None,
    }
}
