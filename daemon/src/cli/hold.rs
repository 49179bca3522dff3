//! `gatewarden hold`: lists the passes that wait for a decision, held and quarantined, and decides on one.
//!
//! Invariants: it talks to the running daemon over the control socket; a decision is a person's, never the box's
//! own account's. Absent: who may decide, and on what (the engine).

use std::{
    collections::{BTreeMap, BTreeSet},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use gatewarden_model::{PassId, pass::Doubtful};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ConfigArg,
    control::Control,
    person::{Person, as_person, running},
};
use crate::plain::plain;

#[derive(Debug, Subcommand)]
pub(crate) enum HoldVerb {
    /// List the passes that are held, with what differs, then those in quarantine, which nobody may claim.
    List {
        #[command(flatten)]
        config: ConfigArg,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Post what fits of a held pass, and leave the rest of its task open.
    Accept {
        #[command(flatten)]
        said: Said,
        /// The key of a thing that the portal doubted and that counts as gone through; may be given several times.
        #[arg(long = "doubt", value_name = "KEY")]
        doubts: Vec<String>,
    },
    /// Post nothing of a held pass.
    Reject(Said),
    /// Take a quarantined pass off the list; it stays in the journal.
    Dismiss(Said),
}

/// Who decides on which pass, and why.
#[derive(Debug, Args)]
pub(crate) struct Said {
    #[command(flatten)]
    who: Person,
    /// The pass.
    pass: PassId,
    /// Why.
    #[arg(long)]
    reason: String,
}

/// Runs `gatewarden hold`.
pub(crate) async fn hold(verb: HoldVerb) -> anyhow::Result<ExitCode> {
    match verb {
        HoldVerb::List { config, json } => list(&config, json).await?,
        HoldVerb::Accept { said, doubts } => {
            let pass = said.pass;
            let answer = decide(said, json!({"verdict": "accept", "doubts": doubts})).await?;
            match answer["movement"].as_str() {
                Some(movement) => println!("{pass} accepted, movement {}", plain(movement)),
                None => println!("{pass} accepted"),
            }
        }
        HoldVerb::Reject(said) => {
            let pass = said.pass;
            decide(said, json!({"verdict": "reject"})).await?;
            println!("{pass} rejected");
        }
        HoldVerb::Dismiss(Said { who, pass, reason }) => {
            let body = json!({"reason": reason});
            as_person(who, &format!("/quarantine/{pass}/dismiss"), Some(body)).await?;
            println!("{pass} dismissed");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn decide(said: Said, mut decision: Value) -> anyhow::Result<Value> {
    decision["reason"] = json!(said.reason);
    as_person(said.who, &format!("/holds/{}/decision", said.pass), Some(decision)).await
}

async fn list(config: &ConfigArg, as_json: bool) -> anyhow::Result<()> {
    let control = running(config).await?;
    let holds = control.send(Method::GET, "/holds", None).await?;
    let quarantine = control.send(Method::GET, "/quarantine", None).await?;
    if as_json {
        println!("{}", json!({"holds": holds, "quarantine": quarantine}));
        return Ok(());
    }
    let documents = documents(&control, &holds).await?;
    told(&holds, &quarantine, &documents).iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// The numbers of the held tasks' documents, by task; none of a task that is over.
async fn documents(control: &Control, holds: &Value) -> anyhow::Result<BTreeMap<String, String>> {
    let tasks: BTreeSet<&str> = each(holds).filter_map(|hold| hold["task"].as_str()).collect();
    let mut documents = BTreeMap::new();
    for task in tasks {
        let (_, found) = control.ask(Method::GET, &format!("/tasks/{task}"), None).await?;
        if let Some(number) = found["task"]["document"]["number"].as_str() {
            documents.insert(task.to_owned(), number.to_owned());
        }
    }
    Ok(documents)
}

/// What waits, a line each; below a held pass each thing that the portal doubts, with its key.
fn told(holds: &Value, quarantine: &Value, documents: &BTreeMap<String, String>) -> Vec<String> {
    let mut lines = Vec::new();
    for hold in each(holds) {
        let task = &hold["task"];
        let number = task.as_str().and_then(|id| documents.get(id));
        let (pass, by) = (&hold["pass"], text(&hold["operator"]));
        let on = number.map_or_else(|| format!("task {}", text(task)), |number| plain(number));
        let differs = differs(&hold["comparison"], &pass["doubts"]);
        let (id, station) = (text(&pass["id"]), text(&pass["station"]));
        lines.push(format!("held\t{id}\t{station}\tby {by}\t{on}\t{differs}"));
        lines.extend(each(&pass["doubts"]).map(|doubt| {
            let key = text(&doubt["sighting"]["thing"]["key"]);
            format!("    doubt\t{key}\t{}", why(&doubt["why"]))
        }));
    }
    for one in each(quarantine) {
        let (id, station) = (text(&one["pass"]["id"]), text(&one["pass"]["station"]));
        lines.push(format!("quarantined\t{id}\t{station}\t{}", text(&one["reason"])));
    }
    if lines.is_empty() { vec!["no pass waits for a decision".to_owned()] } else { lines }
}

/// What differs in words: base units that fit and lack, things that should not be there, and things in doubt.
fn differs(comparison: &Value, doubts: &Value) -> String {
    let units = |key: &str| each(&comparison[key]).filter_map(|one| one["quantity"].as_u64()).sum();
    let things = |value: &Value| each(value).map(|_| 1).sum();
    let counts: [(u64, &str); 6] = [
        (units("expected"), "expected"),
        (units("missing"), "missing"),
        (things(&comparison["extra"]), "extra"),
        (things(&comparison["unknown"]), "unknown"),
        (things(&comparison["wrong_item"]), "of a wrong item"),
        (things(doubts), "doubted"),
    ];
    let said = counts.iter().filter(|(count, _)| *count > 0);
    said.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
}

fn why(doubt: &Value) -> String {
    match serde_json::from_value::<Doubtful>(doubt.clone()) {
        Ok(why) => why.words().to_owned(),
        Err(_) => text(doubt),
    }
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    plain(value.as_str().unwrap_or("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_told_a_line_each_with_what_differs() {
        let doubt = json!({"sighting": {"thing": {"key": "(01)1(21)9"}}, "why": "turned-back"});
        let holds = json!([
            {"pass": {"id": "p1", "station": "dock-1", "doubts": [doubt]}, "task": "t1", "operator": "li.wei",
                "comparison": {"expected": [{"quantity": 3}, {"quantity": 1}], "missing": [{"quantity": 2}],
                    "extra": [{}], "unknown": [{}, {}], "wrong_item": [{}]}},
            {"pass": {"id": "p2", "station": "dock-1"}, "task": "t2", "operator": "li.wei",
                "comparison": {"unknown": [{}]}},
        ]);
        let documents = BTreeMap::from([("t1".to_owned(), "PO\t1".to_owned())]);
        let quarantine =
            json!([{"pass": {"id": "p3", "station": "dock-1"}, "reason": "nobody\nhere"}]);
        assert_eq!(
            told(&holds, &quarantine, &documents),
            [
                "held\tp1\tdock-1\tby li.wei\tPO\\t1\t4 expected, 2 missing, 1 extra, 2 unknown, \
                    1 of a wrong item, 1 doubted",
                "    doubt\t(01)1(21)9\tturned back",
                "held\tp2\tdock-1\tby li.wei\ttask t2\t1 unknown",
                "quarantined\tp3\tdock-1\tnobody\\nhere",
            ]
        );
        assert_eq!(told(&json!([]), &json!([]), &documents), ["no pass waits for a decision"]);
    }
}
