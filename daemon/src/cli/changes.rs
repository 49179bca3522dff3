//! `gatewarden change`: what waits for a second person, and the second person's yes or no. The box's
//! own account may look; a decision is always a person's, by badge and PIN.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use gatewarden_model::{ChangeId, Mitigation, MitigationOf};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ConfigArg,
    people::mitigation,
    person::{Person, as_person, running, signed_in},
    rows,
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
    /// Show a request with all that is to be looked at before a yes: what the roles give within which
    /// limits, conflicts of duties, and of each badge the kind, whether a copy can be made, and how its
    /// number ends; of policies and procedures each definition that differs, line by line.
    Show {
        #[command(flatten)]
        config: ConfigArg,
        /// The request.
        change: ChangeId,
    },
    /// Approve what somebody else asked for. Where it leaves an operator without a PIN, half of the one-time
    /// code with which he sets one is printed: hand it to him alone. Somebody else has the other half.
    Approve {
        #[command(flatten)]
        who: Person,
        /// The request.
        #[arg(required_unless_present = "devices")]
        change: Option<ChangeId>,
        /// Instead of one request: every device that waits, each printed with what it tells of itself.
        #[arg(long, conflicts_with_all = ["change", "mitigations"])]
        devices: bool,
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
                    print!("{}", rows::request_with_policies(one));
                }),
            }
        }
        ChangeVerb::Show { config, change } => {
            let open = running(&config).await?.send(Method::GET, "/changes", None).await?;
            let id = json!(change.to_string());
            let found = open.as_array().into_iter().flatten().find(|one| one["id"] == id);
            let found = found.with_context(|| format!("no request {change} waits"))?;
            print!("{}", rows::request_whole(found));
        }
        ChangeVerb::Approve { who, change: None, .. } => approve_devices(who).await?,
        ChangeVerb::Approve { who, change: Some(change), mitigations, .. } => {
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
            if let Some(half) = answer["activation_half"].as_str() {
                println!("half of the one-time code for the new PIN: {half}");
                eprintln!("hand it to whoever it is about; {}", other_half(&answer["other_half"]));
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

/// Approves every device that waits, in one session.
async fn approve_devices(who: Person) -> anyhow::Result<()> {
    let open = running(who.config()).await?.send(Method::GET, "/changes", None).await?;
    let is_device = |one: &&Value| one["change"]["what"] == "device";
    let devices: Vec<Value> =
        open.as_array().into_iter().flatten().filter(is_device).cloned().collect();
    anyhow::ensure!(!devices.is_empty(), "no device waits: each asks when it is reached first");
    devices.iter().for_each(|one| println!("{}", rows::request(one)));
    let person = signed_in(who).await?;
    let mut refused = None;
    for one in &devices {
        let path = format!("/changes/{}/decision", one["id"].as_str().unwrap_or_default());
        let said = person.send(Method::POST, &path, Some(&json!({"approve": true}))).await;
        if let Err(error) = said {
            refused = Some(error);
            break;
        }
    }
    person.sign_out().await?;
    match refused {
        Some(error) => Err(error),
        None => {
            println!("{} devices approved", devices.len());
            Ok(())
        }
    }
}

/// Who has the other half of a one-time code.
fn other_half(holder: &Value) -> &'static str {
    match holder.as_str() {
        Some("first-approver") => "whoever approved it first has the other half",
        Some("next-approver") => "whoever approves it next is given the other half",
        _ => "whoever asked for it has the other half",
    }
}

/// `OPERATOR:CONFLICT=DAY:REASON`.
fn mitigation_of(text: &str) -> Result<MitigationOf, String> {
    let way = "write OPERATOR:CONFLICT=DAY:REASON";
    let (operator, rest) = text.split_once(':').ok_or(way)?;
    let operator = operator.parse().map_err(|error| format!("{error}: {way}"))?;
    let Mitigation { conflict, reason, until } = mitigation(rest)?;
    Ok(MitigationOf { operator, conflict, reason, until })
}
