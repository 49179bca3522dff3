//! `gatewarden print` and `gatewarden labels`: have a label printed, look what became of it, and decide about one of
//! which nobody knows. Looking is the box's own account's; printing and deciding is always a person's, by badge and PIN.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use gatewarden_model::LabelId;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    ConfigArg,
    control::Control,
    person::{Person, as_person, running, signed_in},
};
use crate::plain::plain;

/// Between two looks at a label that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(crate) struct PrintArgs {
    #[command(flatten)]
    who: Person,
    /// The template: the name of its file in the printer's `templates` folder, without `.zpl`.
    template: String,
    /// The printer, as the configuration names it.
    #[arg(long)]
    printer: String,
    /// The item's code.
    #[arg(long)]
    item: Option<String>,
    /// The item's name, in any script.
    #[arg(long)]
    name: Option<String>,
    /// The lot.
    #[arg(long)]
    lot: Option<String>,
    /// The serial number.
    #[arg(long)]
    serial: Option<String>,
    /// The SSCC, 18 digits.
    #[arg(long)]
    sscc: Option<String>,
    /// The expiry date as it is to be read.
    #[arg(long)]
    expiry: Option<String>,
    /// How many.
    #[arg(long)]
    quantity: Option<String>,
    /// Of what.
    #[arg(long)]
    unit: Option<String>,
    /// GS1 elements in brackets, such as (01)06291041500213(10)L7.
    #[arg(long)]
    gs1: Option<String>,
    /// The EPC for the label's tag: hexadecimal, urn:epc:tag:… or urn:epc:id:…; it is encoded, read back and bound to
    /// the item.
    #[arg(long)]
    epc: Option<String>,
    /// The number of the document that it is for.
    #[arg(long)]
    document: Option<String>,
    /// How many labels; 1 for a tag.
    #[arg(long, default_value_t = 1)]
    copies: u32,
    /// Wait so many seconds for what becomes of it; exit code 1 unless it is issued by then.
    #[arg(long)]
    wait: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LabelsVerb {
    /// List the labels that wait, are being sent or are unknown, and then the newest of the others.
    List {
        #[command(flatten)]
        config: ConfigArg,
        /// Print them whole, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one label whole, as JSON.
    Show {
        #[command(flatten)]
        config: ConfigArg,
        /// Which.
        label: LabelId,
    },
    /// Say what you saw at the printer of a label that is unknown, or void one that waits.
    Decide {
        #[command(flatten)]
        who: Person,
        /// Which.
        label: LabelId,
        /// What.
        decision: Said,
        /// Why, for the journal.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Said {
    /// The label is there and good. Not of a tag that nobody read back.
    Printed,
    /// There is no good label: print it again.
    Reprint,
    /// No label is wanted any more.
    Void,
}

/// Runs `gatewarden print`.
pub(crate) async fn print(args: PrintArgs) -> anyhow::Result<ExitCode> {
    let (body, wait) = (body(&args), args.wait);
    let control = signed_in(args.who).await?;
    let printed = queue_and_wait(&control, &body, wait).await;
    let ended = control.sign_out().await;
    let label = printed?;
    ended?;
    println!("{}", line(&label));
    let is_issued = label["state"] == "issued" || wait.is_none();
    Ok(if is_issued { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn body(args: &PrintArgs) -> Value {
    let values = [
        ("item", &args.item),
        ("name", &args.name),
        ("lot", &args.lot),
        ("serial", &args.serial),
        ("sscc", &args.sscc),
        ("expiry", &args.expiry),
        ("quantity", &args.quantity),
        ("unit", &args.unit),
        ("gs1", &args.gs1),
        ("epc", &args.epc),
    ];
    let values = values.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
    let data: Map<String, Value> =
        values.map(|(key, value)| (key.to_owned(), json!(value))).collect();
    json!({"printer": args.printer, "template": args.template, "data": data,
        "document": args.document, "copies": args.copies})
}

async fn queue_and_wait(
    control: &Control,
    body: &Value,
    wait_s: Option<u64>,
) -> anyhow::Result<Value> {
    let mut label = control.send(Method::POST, "/api/v1/labels", Some(body)).await?;
    let id = label["id"].as_str().context("the daemon named no label")?.to_owned();
    let until = wait_s.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let waits = |label: &Value| matches!(label["state"].as_str(), Some("queued" | "sending"));
    while waits(&label) && until.is_some_and(|until| Instant::now() < until) {
        tokio::time::sleep(LOOK_EVERY).await;
        label = control.send(Method::GET, &format!("/api/v1/labels/{id}"), None).await?;
    }
    Ok(label)
}

/// Runs `gatewarden labels`.
pub(crate) async fn labels(verb: LabelsVerb) -> anyhow::Result<ExitCode> {
    match verb {
        LabelsVerb::List { config, json } => {
            let all = running(&config).await?.send(Method::GET, "/api/v1/labels", None).await?;
            match json {
                true => println!("{}", serde_json::to_string_pretty(&all)?),
                false => all.as_array().into_iter().flatten().for_each(|one| {
                    println!("{}", line(one));
                }),
            }
        }
        LabelsVerb::Show { config, label } => {
            let path = format!("/api/v1/labels/{label}");
            let one = running(&config).await?.send(Method::GET, &path, None).await?;
            println!("{}", serde_json::to_string_pretty(&one)?);
        }
        LabelsVerb::Decide { who, label, decision, reason } => {
            let decision = match decision {
                Said::Printed => "printed",
                Said::Reprint => "reprint",
                Said::Void => "void",
            };
            let body = Some(json!({"decision": decision, "reason": reason}));
            let one = as_person(who, &format!("/api/v1/labels/{label}/decide"), body).await?;
            println!("{}", line(&one));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A label in one line: id, state, printer, template, for what, and what stands in its way.
fn line(label: &Value) -> String {
    let text = |key: &str| plain(label[key].as_str().unwrap_or_default());
    let of: Vec<String> = ["item", "lot", "serial", "sscc", "tag", "document"]
        .iter()
        .filter_map(|key| Some(format!("{key} {}", plain(label[*key].as_str()?))))
        .collect();
    let mut line =
        [text("id"), text("state"), text("printer"), text("template"), of.join(", ")].join("\t");
    for key in ["reason", "bound"] {
        if let Some(told) = label[key].as_str() {
            line += &format!("\t{}", plain(told));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_line_whatever_its_texts_hold() {
        let label = json!({"id": "i", "state": "unknown", "printer": "p", "template": "carton",
            "lot": "L\n1", "reason": "no answer"});
        assert_eq!(line(&label), "i\tunknown\tp\tcarton\tlot L\\n1\tno answer");
    }
}
