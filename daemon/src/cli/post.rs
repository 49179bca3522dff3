//! `gatewarden post`: asks for a posting, lists those that wait, posts or voids one. It talks to the
//! running daemon over the control socket, and always as a person: badge by argument, PIN on the
//! terminal or as one line of standard input. The box's own account posts nothing.

use std::{
    io::{BufRead as _, IsTerminal as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use gatewarden_model::MovementId;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ConfigArg, control::Control, people::read_hidden};
use crate::run;

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

#[derive(Debug, Args)]
struct Person {
    #[command(flatten)]
    config: ConfigArg,
    /// Your badge; your PIN is asked for.
    #[arg(long, required = true)]
    badge: Option<String>,
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
            ask(who, &format!("/api/v1/postings/{id}/post"), None).await?;
            println!("{id} posted");
        }
        Some(PostVerb::Void { who, id, reason }) => {
            let body = json!({"reason": reason});
            ask(who, &format!("/api/v1/postings/{id}/void"), Some(body)).await?;
            println!("{id} voided");
        }
        None => {
            let file = args.file.context("name the file of the posting")?;
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("failed to read {}", file.display()))?;
            let posting: Value = serde_json::from_str(&text)
                .with_context(|| format!("{} is no JSON", file.display()))?;
            let answer = ask(args.who, "/api/v1/postings", Some(posting)).await?;
            let id = answer["id"].as_str().unwrap_or_default();
            println!("{id} {}", answer["state"].as_str().unwrap_or_default());
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn running(config: &ConfigArg) -> anyhow::Result<Control> {
    let config = run::load_config_without_secrets(&config.config)?;
    let found = Control::find(&config).await?;
    found.context("the daemon does not run: start it, postings are decided by it alone")
}

/// Posts one request as a person, in a session of its own.
async fn ask(who: Person, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
    let mut control = running(&who.config).await?;
    let badge = who.badge.context("name your badge with --badge")?;
    control.sign_in(&badge, &ask_pin()?).await?;
    let answer = control.send(Method::POST, path, body.as_ref()).await;
    let ended = control.sign_out().await;
    let answer = answer?;
    ended?;
    Ok(answer)
}

/// The PIN: without echo on a terminal, else one line of standard input.
fn ask_pin() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return read_hidden("PIN: ");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
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
