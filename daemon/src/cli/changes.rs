//! `gatewarden change`: what waits for a second person, and the second person's yes or no. The box's
//! own account may look; a decision is always a person's, by badge and PIN.

use std::process::ExitCode;

use clap::Subcommand;
use gatewarden_model::{ChangeId, Mitigation, MitigationOf};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ConfigArg,
    people::mitigation,
    person::{Person, as_person, running},
};

#[derive(Debug, Subcommand)]
pub(crate) enum ChangeVerb {
    /// List the requests that wait for a second person.
    List {
        #[command(flatten)]
        config: ConfigArg,
        /// Print them whole, as JSON, each with what is in force now.
        #[arg(long)]
        json: bool,
    },
    /// Approve what somebody else asked for. Where it leaves an operator without a PIN, the one-time
    /// code with which he sets one is printed: hand it to him alone.
    Approve {
        #[command(flatten)]
        who: Person,
        /// The request.
        change: ChangeId,
        /// With policies that give a conflict of duties to somebody: what makes it bearable and until when, as
        /// li.wei:issues-and-approves=2027-01-01:weekly count by Wang; may be given several times.
        #[arg(long = "mitigation", value_parser = mitigation_of)]
        mitigations: Vec<MitigationOf>,
    },
    /// Reject what somebody else asked for.
    Reject {
        #[command(flatten)]
        who: Person,
        /// The request.
        change: ChangeId,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Take back what the box's own account asked for.
    Withdraw {
        #[command(flatten)]
        config: ConfigArg,
        /// The request.
        change: ChangeId,
    },
}

/// Runs `gatewarden change`.
pub(crate) async fn change(verb: ChangeVerb) -> anyhow::Result<ExitCode> {
    match verb {
        ChangeVerb::List { config, json } => {
            let open = running(&config).await?.send(Method::GET, "/changes", None).await?;
            match json {
                true => println!("{}", serde_json::to_string_pretty(&open)?),
                false => open.as_array().into_iter().flatten().for_each(|one| {
                    println!("{}", line(one));
                    for told in one["differs"].as_array().into_iter().flatten() {
                        println!("    {}", told.as_str().unwrap_or_default());
                    }
                    one["conflicts"].as_array().into_iter().flatten().for_each(|conflict| {
                        println!("    {}", gained(conflict));
                    });
                }),
            }
        }
        ChangeVerb::Approve { who, change, mitigations } => {
            let mut body = json!({"approve": true});
            if !mitigations.is_empty() {
                body["mitigations"] = json!(mitigations);
            }
            let body = Some(body);
            let answer = as_person(who, &format!("/changes/{change}/decision"), body).await?;
            match answer["state"].as_str() {
                Some("needs-another") => {
                    println!("{change} needs another one who approves it: no person asked for it");
                }
                _ => println!("{change} approved"),
            }
            if let Some(code) = answer["activation_code"].as_str() {
                println!("one-time code for the new PIN: {code}");
            }
        }
        ChangeVerb::Reject { who, change, reason } => {
            let body = Some(json!({"approve": false, "reason": reason}));
            as_person(who, &format!("/changes/{change}/decision"), body).await?;
            println!("{change} rejected");
        }
        ChangeVerb::Withdraw { config, change } => {
            let path = format!("/changes/{change}");
            running(&config).await?.send(Method::DELETE, &path, None).await?;
            println!("{change} taken back");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `OPERATOR:CONFLICT=DAY:REASON`.
fn mitigation_of(text: &str) -> Result<MitigationOf, String> {
    let way = "write OPERATOR:CONFLICT=DAY:REASON";
    let (operator, rest) = text.split_once(':').ok_or(way)?;
    let operator = operator.parse().map_err(|error| format!("{error}: {way}"))?;
    let Mitigation { conflict, reason, until } = mitigation(rest)?;
    Ok(MitigationOf { operator, conflict, reason, until })
}

/// A conflict of duties that policies would give to somebody, with what it is and whether it can be borne.
fn gained(conflict: &Value) -> String {
    let word = |key: &str| conflict[key].as_str().unwrap_or_default();
    let side = |key: &str| {
        let via = &conflict[key][0];
        ["right", "role"].map(|part| via[part].as_str().unwrap_or_default()).join(" by ")
    };
    let (one, other) = (side("one"), side("other"));
    let (who, id, severity, title) =
        (word("operator"), word("id"), word("severity"), word("title"));
    format!("{who} would hold {id} ({severity}): {one} with {other}: {title}")
}

/// A request in a line: id, what, whom, as what, by whom, why.
fn line(open: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let change = &open["change"];
    let about = ["operator", "client", "device", "version"].map(|key| text(&change[key])).concat();
    let rights = [&change["roles"], &change["scopes"]];
    let rights = rights.iter().filter_map(|list| list.as_array()).flatten().map(text);
    let rights = rights.collect::<Vec<_>>().join(", ");
    let told = change["identity"].as_object().into_iter().flatten();
    let told: Vec<String> = told.map(|(name, value)| format!("{name} {}", text(value))).collect();
    let rights = if told.is_empty() { rights } else { told.join(", ") };
    let by = ["kind", "id"].map(|key| text(&open["by"][key])).join(" ");
    let parts =
        [text(&open["id"]), text(&change["what"]), about, rights, by, text(&open["reason"])];
    parts.map(|part| part.trim().to_owned()).join("\t")
}
