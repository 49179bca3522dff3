//! `gatewarden document impact` and `settle`: what an engineering change meets, and the settlement of a subcontract
//! order, drafted from what the journal gives.
//!
//! Invariants: a settlement is written by the door of any document, as a draft of whoever asks; nothing is handed
//! in. Absent: computing either (the daemon).

use std::process::ExitCode;

use clap::Args;
use gatewarden_model::DocumentKind;
use reqwest::Method;
use serde_json::Value;

use super::path_of;
use crate::{
    cli::{
        ConfigArg,
        person::{Person, signed_in, told_person},
    },
    plain::plain,
};

#[derive(Debug, Args)]
pub(crate) struct ImpactArgs {
    /// The number of the engineering change.
    number: String,
    /// Print it as one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
    /// Your badge; your PIN is asked for.
    #[arg(long)]
    badge: String,
}

#[derive(Debug, Args)]
pub(crate) struct SettleArgs {
    /// The number of the subcontract order.
    number: String,
    /// The day whose prices count; today where it is left out.
    #[arg(long, value_name = "DAY")]
    on: Option<String>,
    /// What the subcontractor still has, such as "BOLT-M8 x 5, CLOTH x 2".
    #[arg(long, value_name = "ITEM x QUANTITY, …")]
    left: Option<String>,
    /// Tell what it comes to; write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print the settlement as one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
    /// Your badge; your PIN is asked for.
    #[arg(long)]
    badge: String,
}

/// Prints what a change meets.
pub(super) async fn impact(args: ImpactArgs) -> anyhow::Result<ExitCode> {
    let path = format!("{}/impact", path_of(DocumentKind::EngineeringChange, &args.number));
    let found = told_person(Person::of(args.config, args.badge), &path).await?;
    match args.json {
        true => println!("{found}"),
        false => lines_of(&found).iter().for_each(|line| println!("{line}")),
    }
    Ok(ExitCode::SUCCESS)
}

fn lines_of(found: &Value) -> Vec<String> {
    let mut lines = vec![];
    for product in list(&found["changes"]) {
        for change in list(&product["changes"]) {
            let at = change["position"].as_u64().map_or(String::new(), |at| format!(" line {at}"));
            lines.push(format!(
                "changes\t{}{at}\t{}\t{} -> {}",
                text(&product["product"]),
                text(&change["field"]),
                text(&change["old"]),
                text(&change["new"])
            ));
        }
    }
    for met in list(&found["works"]) {
        let names = met["names"].as_u64();
        let names = names.map_or(String::new(), |of| format!("\tnames version {of}"));
        let work = &met["work"];
        lines.push(format!(
            "order\t{}\t{} of {}\tby {}{names}",
            text(&work["number"]),
            text(&work["open"]),
            text(&work["product"]),
            text(&work["day"])
        ));
    }
    for one in list(&found["stock"]) {
        let held = &one["held"];
        let (item, place) = (text(&held["item"]), text(&held["location"]));
        lines.push(format!(
            "stock\t{} of {item}\t{place}\t{}",
            text(&held["quantity"]),
            text(&one["how"])
        ));
    }
    for one in list(&found["purchases"]) {
        let (number, item) = (text(&one["number"]), text(&one["item"]));
        lines.push(format!(
            "coming\t{} of {item}\t{number} line {}",
            text(&one["open"]),
            text(&one["line"])
        ));
    }
    lines
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A value on a terminal; `-` where there is none.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

/// Drafts the settlement of an order.
pub(super) async fn settle(args: SettleArgs) -> anyhow::Result<ExitCode> {
    let path = settlement_path(&args)?;
    let control = signed_in(Person::of(args.config, args.badge)).await?;
    let drafted = async {
        let draft = control.send(Method::GET, &path, None).await?;
        let written = match args.dry_run {
            true => None,
            false => Some(control.send(Method::POST, "/api/v1/documents", Some(&draft)).await?),
        };
        anyhow::Ok((draft, written))
    }
    .await;
    control.sign_out().await?;
    let (mut draft, written) = drafted?;
    if let Some(written) = &written {
        draft["document"] = written["document"].clone();
    }
    match args.json {
        true => println!("{draft}"),
        false => told(&draft).iter().for_each(|line| println!("{line}")),
    }
    if let Some(written) = written {
        eprintln!(
            "{} is a draft of yours: hand it in with digest {}",
            text(&written["document"]["number"]),
            text(&written["digest"])
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn settlement_path(args: &SettleArgs) -> anyhow::Result<String> {
    let path = path_of(DocumentKind::SubcontractOrder, &args.number);
    let mut url = reqwest::Url::parse("http://gatewarden")?.join(&format!("{path}/settlement"))?;
    for (key, value) in [("on", &args.on), ("left", &args.left)] {
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(key, value);
        }
    }
    Ok(match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    })
}

fn told(draft: &Value) -> Vec<String> {
    let custom = &draft["custom"];
    let mut lines = vec![format!("made\t{}", text(&custom["made"]))];
    for line in list(&draft["lines"]) {
        let own = &line["custom"];
        lines.push(format!(
            "used\t{} of {}\tby standard {}, by allowance {}, lost {}\tcharged {}",
            text(&line["quantity"]),
            text(&line["item"]),
            text(&own["by-standard"]),
            text(&own["by-allowance"]),
            text(&own["loss"]),
            text(&line["amount"])
        ));
    }
    for name in ["left", "fee", "charges", "balance"] {
        if !custom[name].is_null() {
            lines.push(format!("{name}\t{}", text(&custom[name])));
        }
    }
    lines
}
