//! What a signer does beside signing: hand over, ask for advice and give it, add a signer, send back, take back.
//!
//! Invariants: the version is printed before the PIN is asked for, and what speaks of a version names its digest; the
//! workflow says what is allowed. Absent: signing (`paper`).

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::paper::{Named, seen_first};
use crate::cli::person::{Person, as_person};

/// Which document, and where it waits.
#[derive(Debug, Args)]
pub(crate) struct Waiting {
    #[command(flatten)]
    who: Person,
    #[command(flatten)]
    named: Named,
    /// At which step of its workflow, where several wait for you.
    #[arg(long, value_name = "STEP")]
    at: Option<String>,
}

/// Who else, and why.
#[derive(Debug, Args)]
pub(crate) struct Other {
    #[command(flatten)]
    waiting: Waiting,
    /// To whom.
    #[arg(long)]
    to: String,
    /// Why, or what you want to know.
    #[arg(long, default_value = "")]
    comment: String,
}

/// What a signer does.
#[derive(Debug, Subcommand)]
pub(crate) enum ActVerb {
    /// Hand your decision on a document over: the other decides in your place.
    HandOver(Other),
    /// Ask somebody for advice on a document; you decide yourself.
    Delegate(Other),
    /// Advise whoever asked you about a document; he decides.
    Advise {
        #[command(flatten)]
        waiting: Waiting,
        /// approve or reject.
        #[arg(value_parser = ["approve", "reject"])]
        verdict: String,
        /// Why.
        #[arg(long, default_value = "")]
        comment: String,
    },
    /// Have one more sign a document, before you or after you.
    AddSigner {
        #[command(flatten)]
        waiting: Waiting,
        /// Who.
        #[arg(long)]
        signer: String,
        /// before or after.
        #[arg(long, value_parser = ["before", "after"])]
        place: String,
        /// Why.
        #[arg(long, default_value = "")]
        comment: String,
    },
    /// Take a signer away whom you added and who did not sign yet.
    RemoveSigner {
        #[command(flatten)]
        waiting: Waiting,
        /// Who.
        #[arg(long)]
        signer: String,
    },
    /// Send a document back to whoever handed it in, or to an earlier step.
    SendBack {
        #[command(flatten)]
        waiting: Waiting,
        /// initiator, or the name of a step.
        #[arg(long, default_value = "initiator")]
        to: String,
        /// Why.
        #[arg(long)]
        comment: String,
    },
    /// Take your own signature, or your request for advice, back before the next signer acts.
    TakeBack {
        #[command(flatten)]
        waiting: Waiting,
    },
    /// Take a document back that you handed in, before its last signature.
    Withdraw {
        #[command(flatten)]
        who: Person,
        #[command(flatten)]
        named: Named,
        /// Why.
        #[arg(long, default_value = "")]
        comment: String,
    },
}

/// Runs it.
pub(super) async fn act(verb: ActVerb) -> anyhow::Result<ExitCode> {
    let (who, named, mut said, done) = verb.said();
    let (path, digest) = seen_first(who.config(), &named).await?;
    // What speaks of a version names it; what only says who decides does not.
    if ["advise", "return"].contains(&said["act"].as_str().unwrap_or_default()) {
        said["on"] = digest;
    }
    as_person(who, &format!("{path}/act"), Some(said)).await?;
    println!("{done}");
    Ok(ExitCode::SUCCESS)
}

impl ActVerb {
    /// Who does what on which document, and how that is told when it is done.
    fn said(self) -> (Person, Named, Value, String) {
        let (waiting, mut said, done) = match self {
            Self::HandOver(Other { waiting, to, comment }) => {
                let done = format!("handed over to {to}");
                (waiting, json!({"act": "transfer", "to": to, "comment": comment}), done)
            }
            Self::Delegate(Other { waiting, to, comment }) => {
                let done = format!("{to} is asked for advice");
                (waiting, json!({"act": "delegate", "to": to, "comment": comment}), done)
            }
            Self::Advise { waiting, verdict, comment } => {
                let done = format!("advised to {verdict}");
                (waiting, json!({"act": "advise", "verdict": verdict, "comment": comment}), done)
            }
            Self::AddSigner { waiting, signer, place, comment } => {
                let done = format!("{signer} signs {place} you");
                let said =
                    json!({"act": "add-signer", "who": signer, "place": place, "comment": comment});
                (waiting, said, done)
            }
            Self::RemoveSigner { waiting, signer } => {
                let done = format!("{signer} does not sign");
                (waiting, json!({"act": "remove-signer", "who": signer}), done)
            }
            Self::SendBack { waiting, to, comment } => {
                let done = format!("sent back to {to}");
                let to = if to == "initiator" { json!(to) } else { json!({ "node": to }) };
                (waiting, json!({"act": "return", "to": to, "comment": comment}), done)
            }
            Self::TakeBack { waiting } => {
                (waiting, json!({"act": "take-back"}), "taken back".to_owned())
            }
            Self::Withdraw { who, named, comment } => {
                let said = json!({"act": "withdraw", "comment": comment});
                return (who, named, said, "withdrawn".to_owned());
            }
        };
        let Waiting { who, named, at } = waiting;
        if let Some(at) = at {
            said["node"] = json!(at);
        }
        (who, named, said, done)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use clap::Parser;
    use gatewarden_model::{ApprovalAct, Hash};

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        verb: ActVerb,
    }

    #[test]
    fn each_is_an_act_that_the_daemon_knows() {
        for (line, act) in [
            ("hand-over requisition R-1 --to anna", "transfer"),
            ("delegate requisition R-1 --to anna --comment why?", "delegate"),
            ("advise requisition R-1 approve --at manager", "advise"),
            ("add-signer requisition R-1 --signer anna --place before", "add-signer"),
            ("remove-signer requisition R-1 --signer anna", "remove-signer"),
            ("send-back requisition R-1 --comment again", "return"),
            ("send-back requisition R-1 --to manager --comment again", "return"),
            ("take-back requisition R-1 --at manager", "take-back"),
            ("withdraw requisition R-1", "withdraw"),
        ] {
            let typed = format!("x {line} --badge OP-1");
            let (.., mut said, _) = Line::try_parse_from(typed.split(' ')).unwrap().verb.said();
            if ["advise", "return"].contains(&act) {
                said["on"] = json!(Hash::of(b"a version"));
            }
            let read: ApprovalAct = serde_json::from_value(said).unwrap();
            assert_eq!(read.name(), act);
            assert_eq!(read.node().is_some(), line.contains("--at"), "{line}");
        }
    }
}
