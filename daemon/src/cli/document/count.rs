//! `gatewarden document count`: what is to be counted, and what somebody found in a bin.
//!
//! Invariant: it shows and sends what the daemon's own door shows and takes, as a person.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use gatewarden_model::DocumentKind;
use serde_json::{Value, json};

use super::path_of;
use crate::cli::{
    ConfigArg,
    person::{Person, as_person, told_person},
};

#[derive(Debug, Args)]
pub(crate) struct CountArgs {
    /// The number of the count order.
    number: String,
    /// The bin that is counted; without one its bins are listed.
    #[arg(long)]
    bin: Option<String>,
    /// What was found and no device saw, in base units; may be given several times.
    #[arg(long = "seen", value_name = "ITEM=QUANTITY", requires = "bin")]
    seen: Vec<String>,
    /// More is to come: the bin is not counted whole yet.
    #[arg(long, requires = "bin")]
    more: bool,
    #[command(flatten)]
    config: ConfigArg,
    /// Your badge; your PIN is asked for.
    #[arg(long)]
    badge: String,
}

/// Lists the bins, or hands one in.
pub(super) async fn count(args: CountArgs) -> anyhow::Result<ExitCode> {
    let body = args.bin.as_ref().map(|bin| found(bin, &args)).transpose()?;
    let path = format!("{}/count", path_of(DocumentKind::CountOrder, &args.number));
    let who = Person::of(args.config, args.badge);
    let answer = match body {
        Some(body) => as_person(who, &path, Some(body)).await?,
        None => told_person(who, &path).await?,
    };
    match &args.bin {
        Some(bin) if answer["done"] == true => println!("{bin} is counted"),
        Some(bin) => println!("{bin} is noted, and not counted whole yet"),
        None => listed(&answer),
    }
    Ok(ExitCode::SUCCESS)
}

fn found(bin: &str, args: &CountArgs) -> anyhow::Result<Value> {
    let seen = args.seen.iter().map(|text| {
        let split = text.split_once('=');
        let (item, quantity) =
            split.with_context(|| format!("--seen {text:?}: write item=quantity"))?;
        let quantity: i64 = quantity
            .parse()
            .with_context(|| format!("--seen {text:?}: the quantity is a whole number"))?;
        anyhow::Ok(json!({"item": item, "quantity": quantity}))
    });
    let seen = seen.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(json!({"bin": bin, "seen": seen, "done": !args.more}))
}

fn listed(answer: &Value) {
    println!("{}", answer["state"].as_str().unwrap_or_default());
    for one in answer["bins"].as_array().into_iter().flatten() {
        let items = one["items"].as_array().into_iter().flatten();
        let items: Vec<&str> = items.filter_map(|item| item["item"].as_str()).collect();
        let (bin, state) = (one["bin"].as_str(), one["state"].as_str());
        println!("{} {}: {}", bin.unwrap_or_default(), state.unwrap_or_default(), items.join(", "));
    }
}
