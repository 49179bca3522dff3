//! `gatewarden document diff`: what differs between two versions of a document.
//!
//! Invariant: what whoever asks may not see is not told. Absent: the comparison (the daemon does it).

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::{kind_of, path_of};
use crate::{
    cli::{
        ConfigArg,
        person::{Person, told_person},
    },
    plain::plain,
};

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// Of which kind, such as bom.
    kind: String,
    /// Which one.
    number: String,
    /// The older version's number; the one before the newer where it is left out.
    #[arg(long)]
    from: Option<u32>,
    /// The newer version's number; the newest where it is left out.
    #[arg(long)]
    to: Option<u32>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
    /// Your badge; your PIN is asked for.
    #[arg(long)]
    badge: String,
}

/// Prints what differs; ends with 0 whether or not anything does.
pub(super) async fn diff(args: DiffArgs) -> anyhow::Result<ExitCode> {
    let kind = kind_of(&args.kind)?;
    let between = [("from", args.from), ("to", args.to)];
    let keys: Vec<String> =
        between.iter().filter_map(|(key, n)| n.map(|n| format!("{key}={n}"))).collect();
    let path = format!("{}/diff?{}", path_of(kind, &args.number), keys.join("&"));
    let told = told_person(Person::of(args.config, args.badge), &path).await?;
    // No older one was asked for, and there is none.
    let only = args.from.is_none() && told["from"] == told["to"];
    match args.json {
        true => println!("{told}"),
        false if only => println!(
            "{} {}: there is no version before {} to compare it with",
            args.kind, args.number, told["to"]
        ),
        false => print!("{}", words(&told)),
    }
    Ok(ExitCode::SUCCESS)
}

/// A difference in words.
fn words(told: &Value) -> String {
    let text = |value: &Value| plain(value.as_str().unwrap_or("-"));
    let change = |change: &Value| {
        let side = |key: &str| text(&change[key]);
        format!("{}: {} → {}\n", text(&change["field"]), side("old"), side("new"))
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut out = format!(
        "{} {} version {} → {}\n",
        text(&told["document"]["kind"]),
        text(&told["document"]["number"]),
        told["from"],
        told["to"]
    );
    let (head, lines) = (list(&told["head"]), list(&told["lines"]));
    if head.is_empty() && lines.is_empty() {
        out.push_str("  nothing differs\n");
    }
    head.iter().for_each(|one| out.push_str(&format!("  {}", change(one))));
    for line in &lines {
        let what = text(&line["what"]);
        out.push_str(&format!("  line {} {} {what}\n", line["line"], text(&line["item"])));
        for one in list(&line["fields"]) {
            out.push_str(&format!("    {}", change(&one)));
        }
    }
    out
}
