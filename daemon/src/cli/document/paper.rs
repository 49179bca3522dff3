//! `gatewarden document show`, `submit`, `sign`, `cancel` and `close`: one document, by the same doors as everybody's.
//!
//! Invariants: the version that is handed in, signed or ended is the one that was printed before the PIN was asked
//! for. Absent: the other acts of a signer (`acts`).

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::{kind_of, path_of};
use crate::{
    cli::{
        ConfigArg,
        person::{Person, as_person, running},
    },
    plain::plain,
};

/// Lines of a document that are printed at most.
const LINES_SHOWN_MAX: usize = 40;

/// Which document.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Its kind, such as purchase-order.
    kind: String,
    /// Its number.
    number: String,
}

/// Which document ends, and why.
#[derive(Debug, Args)]
pub(crate) struct Ending {
    #[command(flatten)]
    who: Person,
    #[command(flatten)]
    named: Named,
    /// Why.
    #[arg(long)]
    reason: String,
}

/// What is done with it.
#[derive(Debug, Subcommand)]
pub(crate) enum PaperVerb {
    /// Show an open document or one that is over: its newest version, where it stands, who signed, who is
    /// asked, and what was executed of each line.
    Show {
        #[command(flatten)]
        config: ConfigArg,
        #[command(flatten)]
        named: Named,
        /// Print it whole, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Hand in the newest version of a document that you wrote: from here on others sign.
    Submit {
        #[command(flatten)]
        who: Person,
        #[command(flatten)]
        named: Named,
    },
    /// Sign the newest version of a document that waits for you, or say no. The signature covers exactly
    /// what is printed.
    Sign {
        #[command(flatten)]
        who: Person,
        #[command(flatten)]
        named: Named,
        /// approve or reject.
        #[arg(value_parser = ["approve", "reject"])]
        verdict: String,
        /// Why; a no needs a reason.
        #[arg(long, default_value = "", required_if_eq("verdict", "reject"))]
        comment: String,
    },
    /// Cancel a document: it is not to be done, and what is open of it ends.
    Cancel(Ending),
    /// Close a document in execution short: it is done, with less than it asked for. What is complete closes of itself.
    Close(Ending),
}

/// Runs it.
pub(super) async fn paper(verb: PaperVerb) -> anyhow::Result<ExitCode> {
    match verb {
        PaperVerb::Show { config, named, json: true } => {
            let view = look(&config, &named).await?;
            println!("{}", serde_json::to_string_pretty(&view)?);
        }
        PaperVerb::Show { config, named, json: false } => {
            print!("{}", told(&look(&config, &named).await?));
        }
        PaperVerb::Submit { who, named } => {
            let (path, digest) = seen_first(who.config(), &named).await?;
            as_person(who, &format!("{path}/submit"), Some(json!({"digest": digest}))).await?;
            println!("handed in");
        }
        PaperVerb::Sign { who, named, verdict, comment } => {
            let (path, digest) = seen_first(who.config(), &named).await?;
            let body =
                json!({"act": "decide", "on": digest, "verdict": verdict, "comment": comment});
            as_person(who, &format!("{path}/act"), Some(body)).await?;
            println!("{}", if verdict == "approve" { "signed" } else { "rejected" });
        }
        PaperVerb::Cancel(ending) => {
            end(ending, "cancel").await?;
            println!("cancelled");
        }
        PaperVerb::Close(ending) => {
            end(ending, "close").await?;
            println!("closed");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends a document in the version that is printed.
async fn end(Ending { who, named, reason }: Ending, step: &str) -> anyhow::Result<()> {
    let (path, digest) = seen_first(who.config(), &named).await?;
    let body = json!({"step": step, "reason": reason, "digest": digest});
    as_person(who, &format!("{path}/step"), Some(body)).await.map(drop)
}

/// Prints a document before somebody does something about it; gives its path and the digest of what was printed.
pub(super) async fn seen_first(
    config: &ConfigArg,
    named: &Named,
) -> anyhow::Result<(String, Value)> {
    let mut view = look(config, named).await?;
    print!("{}", told(&view));
    Ok((path(named)?, view["digest"].take()))
}

fn path(named: &Named) -> anyhow::Result<String> {
    Ok(path_of(kind_of(&named.kind)?, &named.number))
}

/// The document as the box's account sees it: whole, since the files are its own.
async fn look(config: &ConfigArg, named: &Named) -> anyhow::Result<Value> {
    let (path, daemon) = (path(named)?, running(config).await?);
    let view = daemon.send(Method::GET, &path, None).await;
    view.with_context(|| format!("{} {}", named.kind, named.number))
}

/// What a head or a line says beside its own words: the house's fields, and what it follows from.
fn beside(said: &Value) -> impl Iterator<Item = String> + '_ {
    let custom = said["custom"].as_object().into_iter().flatten();
    let custom = custom.map(|(name, value)| match value {
        Value::String(text) => format!("{name} {text}"),
        other => format!("{name} {other}"),
    });
    let links = said["links"].as_array().into_iter().flatten();
    let links = links.map(|link| {
        let part = |key: &str| link["document"][key].as_str().unwrap_or("-").to_owned();
        let line = link["line"].as_u64().map_or_else(String::new, |line| format!(" line {line}"));
        let digest = link["digest"].as_str().map_or_else(String::new, |one| format!(" {one}"));
        format!("follows from {} {}{line}{digest}", part("kind"), part("number"))
    });
    custom.chain(links)
}

/// A document for people.
fn told(view: &Value) -> String {
    let content = &view["content"];
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let mut lines = vec![format!(
        "{} {} version {}, {}, by {}",
        word(&content["document"]["kind"]),
        word(&content["document"]["number"]),
        content["version"],
        word(&view["state"]),
        word(&view["author"]),
    )];
    for key in ["title", "partner", "date", "due", "requester", "station", "note"] {
        if let Some(text) = content[key].as_str() {
            lines.push(format!("  {key} {text}"));
        }
    }
    lines.extend(beside(content).map(|told| format!("  {told}")));
    let all = content["lines"].as_array().map_or(&[][..], Vec::as_slice);
    for line in all.iter().take(LINES_SHOWN_MAX) {
        let way = [&line["from"], &line["to"]].map(word).join(" → ");
        let open = view["quantities"][line["line"].to_string()]["open"].as_i64();
        let open = open.map_or_else(String::new, |open| format!(", {open} open"));
        let (quantity, item) = (word(&line["quantity"]), word(&line["item"]));
        let amount = line["amount"].as_str().map_or_else(String::new, |n| format!(", for {n}"));
        lines.push(format!("  {} {quantity} of {item} {way}{amount}{open}", line["line"]));
        for key in ["lot", "owner", "from_status", "to_status", "due"] {
            if let Some(text) = line[key].as_str() {
                lines.push(format!("    {key} {text}"));
            }
        }
        lines.extend(beside(line).map(|told| format!("    {told}")));
    }
    if all.len() > LINES_SHOWN_MAX {
        lines.push(format!("  and {} lines more", all.len() - LINES_SHOWN_MAX));
    }
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for one in list(&view["approval"]["signed"]) {
        let step = word(&one["node"]);
        lines.push(format!("  {step}: {} by {}", word(&one["verdict"]), word(&one["by"])));
    }
    for one in list(&view["approval"]["waiting"]) {
        let asked: Vec<String> = list(&one["asked"]).iter().map(word).collect();
        lines.push(format!("  waits at {} for {}", word(&one["node"]), asked.join(", ")));
    }
    lines.push(format!("  digest {}", word(&view["digest"])));
    lines.iter().map(|line| format!("{}\n", plain(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_told_in_lines_that_nothing_breaks() {
        let view = json!({
            "content": {"document": {"kind": "requisition", "number": "R-1"}, "version": 2, "note": "a\nb",
                "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 3, "to": "@production/x"}]},
            "digest": "ab", "state": "in-approval", "author": "li.wei",
            "quantities": {"10": {"open": 1}},
            "approval": {"signed": [], "waiting": [{"node": "manager", "asked": ["wu.manager"]}]},
        });
        assert_eq!(
            told(&view).lines().collect::<Vec<_>>(),
            [
                "requisition R-1 version 2, in-approval, by li.wei",
                "  note a\\nb",
                "  10 3 of BOLT-M8 - → @production/x, 1 open",
                "  waits at manager for wu.manager",
                "  digest ab",
            ]
        );
    }
}
