//! `gatewarden access review`: open a campaign, list and show the open ones; and `gatewarden access
//! unused`. A campaign lives in the daemon, so these ask it; deciding is a person's, who signs in at the
//! API or the console.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use gatewarden_engine::usage::{self, Holder, Unused};
use gatewarden_model::OperatorId;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ConfigArg, control::Control, sod::people, which::Which};
use crate::{clock::SystemClock, run, views::uses};

#[derive(Debug, Subcommand)]
pub(crate) enum ReviewVerb {
    /// List the open campaigns.
    List(ConfigArg),
    /// Show one: each item with its reviewers, last use, peers, conflicts and what was decided.
    Show {
        #[command(flatten)]
        config: ConfigArg,
        /// The campaign's id.
        review: String,
        /// Uses of the last so many days.
        #[arg(long, default_value_t = uses::USE_DAYS)]
        days: u32,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Open one about all that is held now: what is not confirmed by the due time is taken away.
    Open(OpenArgs),
}

#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// What it is called.
    title: String,
    /// Who confirms; may be given several times.
    #[arg(long = "reviewer", required = true)]
    reviewers: Vec<OperatorId>,
    /// Who confirms what a reviewer holds himself.
    #[arg(long)]
    fallback: OperatorId,
    /// When what is not confirmed expires, such as 2026-12-31T17:00:00Z.
    #[arg(long)]
    due: String,
    /// Ask about these roles only; may be given several times.
    #[arg(long = "role")]
    roles: Vec<String>,
    /// Ask about the machines' scopes too.
    #[arg(long)]
    clients: bool,
}

/// Runs `gatewarden access review`.
pub(crate) async fn run(verb: ReviewVerb) -> anyhow::Result<ExitCode> {
    match verb {
        ReviewVerb::List(ConfigArg { config }) => {
            let list = ask(&config, Method::GET, "/reviews", None).await?;
            for one in list.as_array().into_iter().flatten() {
                println!("{}", line(one));
            }
        }
        ReviewVerb::Show { config, review, days, json } => {
            let id: gatewarden_model::ReviewId =
                review.parse().context("a review's id is a UUID")?;
            let path = format!("/reviews/{id}?days={days}");
            let told = ask(&config.config, Method::GET, &path, None).await?;
            if json {
                println!("{told}");
            } else {
                print!("{}", as_text(&told));
            }
        }
        ReviewVerb::Open(args) => {
            let OpenArgs { config, title, reviewers, fallback, due, roles, clients } = args;
            let body = json!({"title": title, "reviewers": reviewers, "fallback": fallback,
                "due": due, "roles": roles, "clients": clients});
            println!(
                "{}",
                line(&ask(&config.config, Method::POST, "/reviews", Some(&body)).await?)
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(
    config: &std::path::Path,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<Value> {
    let config = run::load_config_without_secrets(config)?;
    let control = Control::find(&config).await?;
    let control = control.context("no daemon runs here: start it, a review lives in it")?;
    control.send(method, path, body).await
}

fn text_of<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn names(value: &Value) -> String {
    let names = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    names.collect::<Vec<_>>().join(", ")
}

fn line(one: &Value) -> String {
    let (id, title, due) = (text_of(one, "id"), text_of(one, "title"), text_of(one, "due"));
    let reviewers = names(&one["reviewers"]);
    let fallback = text_of(one, "fallback");
    format!(
        "{id}\t{title}\tdue {due}\t{} undecided\tby {reviewers}, else {fallback}",
        one["undecided"]
    )
}

fn as_text(told: &Value) -> String {
    let mut text = format!("{}\n", line(told));
    for item in told["items"].as_array().into_iter().flatten() {
        let whose = item["operator"].as_str().or(item["client"].as_str()).unwrap_or_default();
        let what = item["role"].as_str().or(item["scope"].as_str()).unwrap_or_default();
        let state = match item["decided"]["verdict"].as_str() {
            Some(verdict) => format!("{verdict}: {}", text_of(&item["decided"], "justification")),
            None => format!("for {}", names(&item["reviewers"])),
        };
        text.push_str(&format!("{whose}\t{what}\t{state}\n"));
        for right in item["rights"].as_array().into_iter().flatten() {
            let used = match (&right["used"], right["recorded"].as_bool()) {
                (_, Some(false)) => "not recorded".to_owned(),
                (Value::Null, _) => "not used".to_owned(),
                (used, _) => format!("{} times, last {}", used["count"], text_of(used, "at")),
            };
            let peers = match right["peers_pct"].as_u64() {
                Some(pct) => format!("; {pct} % of {} peers use it", right["peers"]),
                None => String::new(),
            };
            text.push_str(&format!("    {}: {used}{peers}\n", text_of(right, "right")));
        }
        for conflict in item["conflicts"].as_array().into_iter().flatten() {
            let (id, title) = (text_of(conflict, "id"), text_of(conflict, "title"));
            text.push_str(&format!("    conflict {id}: {title}\n"));
        }
    }
    text
}

/// Rights that nobody used.
#[derive(Debug, Args)]
pub(crate) struct UnusedArgs {
    #[command(flatten)]
    which: Which,
    /// Not used in the last so many days.
    #[arg(long, default_value_t = uses::USE_DAYS,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(uses::USE_DAYS_MAX)))]
    days: u32,
    /// Print one JSON array.
    #[arg(long)]
    json: bool,
}

/// Runs `gatewarden access unused`.
pub(crate) fn run_unused(args: &UnusedArgs) -> anyhow::Result<ExitCode> {
    let ledger = args.which.open()?;
    let (state, matrix) = people(&ledger)?;
    let used = uses::recent(&ledger, args.days, &SystemClock::shared().now())?;
    let idle = usage::unused(&state, &matrix, &used);
    if args.json {
        println!("{}", serde_json::to_string(&idle)?);
        return Ok(ExitCode::SUCCESS);
    }
    for Unused { holder, right, roles } in &idle {
        match holder {
            Holder::Operator(id) => println!("{id}\t{right}\tby {}", roles.join(", ")),
            Holder::Client(id) => println!("client {id}\t{right}"),
        }
    }
    println!("{} rights not used in {} days; looking leaves no entry", idle.len(), args.days);
    Ok(ExitCode::SUCCESS)
}
