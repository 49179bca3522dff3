//! `gatewarden notify`: one message by one channel, to try it, and what became of it.
//!
//! It asks nobody and records nothing: no gateway need run. Absent: notices themselves, their templates
//! and their queue.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::Args;
use gatewarden_adapters::{
    Outcome,
    notice::{Answer, Message},
};
use gatewarden_config::{ChannelSection, Config, ContactSection};
use gatewarden_model::Clock;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ConfigArg;
use crate::{channels, clock::SystemClock, run};

#[derive(Debug, Args)]
pub(crate) struct NotifyArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// The channel's name.
    #[arg(long)]
    channel: String,
    /// Whom: an operator of the contacts, or an address as the channel takes it. Again for more; nobody
    /// for a group, a topic or a URL.
    #[arg(long = "to")]
    to: Vec<String>,
    /// The subject.
    #[arg(long, default_value = "gatewarden")]
    subject: String,
    /// The text.
    #[arg(long)]
    text: String,
    /// A file with the same in Markdown.
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// A link to go with it.
    #[arg(long)]
    link: Option<String>,
    /// The message's id, to send one again; a new one without it.
    #[arg(long)]
    id: Option<Uuid>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs `gatewarden notify`.
pub(crate) async fn notify(args: NotifyArgs) -> anyhow::Result<ExitCode> {
    let config = run::load_config(&args.config.config)?;
    let section = find(&config, &args.channel)?;
    let message = message(&args, &config, section)?;
    let clock: Arc<dyn Clock> = SystemClock::shared();
    let channel = channels::channel(section, &clock)?;
    let answer = channel.tell(&message).await;
    match args.json {
        true => println!("{}", as_json(&message, &answer)),
        false => print(&message, &answer),
    }
    let told = matches!(answer.outcome, Outcome::Delivered { .. }) && answer.refused.is_empty();
    Ok(if told { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn find<'a>(config: &'a Config, name: &str) -> anyhow::Result<&'a ChannelSection> {
    let found = config.channels.iter().find(|channel| channel.name.as_str() == name);
    found.with_context(|| {
        let names: Vec<&str> = config.channels.iter().map(|one| one.name.as_str()).collect();
        match names.as_slice() {
            [] => "no [[channels]] stand in the configuration".to_owned(),
            names => format!("no channel {name:?}: there are {}", names.join(", ")),
        }
    })
}

fn message(
    args: &NotifyArgs,
    config: &Config,
    section: &ChannelSection,
) -> anyhow::Result<Message> {
    let markdown = args.markdown.as_ref().map(|path| {
        std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
    });
    let receivers = args.to.iter().map(|name| address(&config.contacts, section, name));
    Ok(Message {
        id: args.id.unwrap_or_else(Uuid::now_v7),
        receivers: receivers.collect::<anyhow::Result<_>>()?,
        subject: args.subject.clone(),
        text: args.text.clone(),
        markdown: markdown.transpose()?,
        link: args.link.clone(),
    })
}

/// What somebody is called there. Who is no contact is taken as an address.
fn address(
    contacts: &[ContactSection],
    section: &ChannelSection,
    name: &str,
) -> anyhow::Result<String> {
    let Some(contact) = contacts.iter().find(|contact| contact.operator.as_str() == name) else {
        return Ok(name.to_owned());
    };
    let address = section.kind.address_of(contact).with_context(|| {
        let kind = section.kind.name();
        format!("{name} has no address for {kind}: add it to his [[contacts]]")
    })?;
    Ok(address.to_owned())
}

fn print(message: &Message, answer: &Answer) {
    match &answer.outcome {
        Outcome::Delivered { remote_id } => println!("delivered: {remote_id}"),
        Outcome::Retry { reason, after, uncertain } => {
            let doubt = if *uncertain { ", it may have arrived" } else { "" };
            println!("not delivered for now{doubt}: {reason}");
            if let Some(after) = after {
                println!("  again in {} s", after.as_secs());
            }
        }
        Outcome::Rejected { reason } => println!("rejected: {reason}"),
    }
    for refused in &answer.refused {
        println!("  not to {}: {}", refused.receiver, refused.reason);
    }
    println!("  id {}", message.id);
}

fn as_json(message: &Message, answer: &Answer) -> Value {
    let refused: Vec<Value> = answer
        .refused
        .iter()
        .map(|one| json!({ "receiver": one.receiver, "reason": one.reason }))
        .collect();
    let mut told = match &answer.outcome {
        Outcome::Delivered { remote_id } => {
            json!({ "outcome": "delivered", "remote_id": remote_id })
        }
        Outcome::Retry { reason, after, uncertain } => json!({
            "outcome": "retry",
            "reason": reason,
            "after_s": after.map(|after| after.as_secs()),
            "uncertain": uncertain,
        }),
        Outcome::Rejected { reason } => json!({ "outcome": "rejected", "reason": reason }),
    };
    told["id"] = json!(message.id.to_string());
    told["refused"] = json!(refused);
    told
}
