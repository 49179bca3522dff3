//! `gatewarden post`: asks for a posting, lists those that wait, posts or voids one. It talks to the
//! running daemon over the control socket, and always as a person: badge by argument, PIN on the
//! terminal or as one line of standard input. The box's own account posts nothing.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use gatewarden_model::MovementId;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ConfigArg,
    person::{Person, as_person, running},
};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct PostArgs {
    #[command(subcommand)]
    verb: Option<PostVerb>,
    /// A JSON file with the posting, as POST /api/v1/postings takes it.
    #[arg(required = true)]
    file: Option<PathBuf>,
    #[command(flatten)]
    who: Person,
}

#[derive(Debug, Subcommand)]
enum PostVerb {
    /// List the postings that wait for their second person.
    List(ConfigArg),
    /// Post what somebody else asked for.
    Approve {
        #[command(flatten)]
        who: Person,
        /// The posting.
        id: MovementId,
    },
    /// Void what waits; it is free again.
    Void {
        #[command(flatten)]
        who: Person,
        /// The posting.
        id: MovementId,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// Runs `gatewarden post`.
pub(crate) async fn post(args: PostArgs) -> anyhow::Result<ExitCode> {
    match args.verb {
        Some(PostVerb::List(config)) => list(&config).await?,
        Some(PostVerb::Approve { who, id }) => {
            as_person(who, &format!("/api/v1/postings/{id}/post"), None).await?;
            println!("{id} posted");
        }
        Some(PostVerb::Void { who, id, reason }) => {
            let body = json!({"reason": reason});
            as_person(who, &format!("/api/v1/postings/{id}/void"), Some(body)).await?;
            println!("{id} voided");
        }
        None => {
            let file = args.file.context("name the file of the posting")?;
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("failed to read {}", file.display()))?;
            let posting: Value = serde_json::from_str(&text)
                .with_context(|| format!("{} is no JSON", file.display()))?;
            let answer = as_person(args.who, "/api/v1/postings", Some(posting)).await?;
            let id = answer["id"].as_str().unwrap_or_default();
            println!("{id} {}", answer["state"].as_str().unwrap_or_default());
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(config: &ConfigArg) -> anyhow::Result<()> {
    let open = running(config).await?.send(Method::GET, "/api/v1/postings", None).await?;
    for one in open.as_array().into_iter().flatten() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let posting = &one["posting"];
        let by = ["id", "kind"].into_iter().map(|key| text(&one["by"][key]));
        let by = by.collect::<Vec<_>>().join(" ");
        println!(
            "{}\t{}\t{}\t{}",
            text(&one["id"]),
            text(&posting["kind"]),
            text(&posting["document"]["number"]),
            by.trim()
        );
    }
    Ok(())
}
