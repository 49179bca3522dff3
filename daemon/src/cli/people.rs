//! `gatewarden operator` and `gatewarden client`.

use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use gatewarden_config::Config;
use gatewarden_engine::Command;
use gatewarden_model::{Actor, ClientId, OperatorId};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ConfigArg,
    control::{Control, own_recorder},
};
use crate::{
    app::{self, NewOperator},
    recorder::{Answer, Recorder},
    run, secrets,
};

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorVerb {
    /// Enrol an operator, or change one: the whole new state. The PIN is asked for on the terminal,
    /// or read as one line from standard input.
    Add(AddOperator),
    /// List operators.
    List(ConfigArg),
    /// Remove an operator: sessions end at once, history stays.
    Remove {
        #[command(flatten)]
        config: ConfigArg,
        /// The operator's short name.
        operator: OperatorId,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddOperator {
    #[command(flatten)]
    config: ConfigArg,
    /// Short name, such as li.wei.
    operator: OperatorId,
    /// Full name; the short one if it is left out.
    #[arg(long)]
    name: Option<String>,
    /// A role of the matrix; may be given several times.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// A badge's number; may be given several times.
    #[arg(long = "badge", required = true)]
    badges: Vec<String>,
    /// Keep the PIN as it is (or none).
    #[arg(long)]
    keep_pin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientVerb {
    /// Give a machine a token; it is shown this once.
    Add {
        #[command(flatten)]
        config: ConfigArg,
        /// The machine's name.
        client: ClientId,
        /// What it may do, such as inbound:create; may be given several times.
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
    },
    /// List machines.
    List(ConfigArg),
    /// Revoke a machine's token.
    Revoke {
        #[command(flatten)]
        config: ConfigArg,
        /// The machine's name.
        client: ClientId,
    },
}

fn me() -> Actor {
    Actor::Local { uid: nix::unistd::getuid().as_raw() }
}

/// Runs `gatewarden operator`.
pub(crate) async fn operator(verb: OperatorVerb) -> anyhow::Result<ExitCode> {
    match verb {
        OperatorVerb::Add(add) => {
            let config = run::load_config_without_secrets(&add.config.config)?;
            let prefix = &config.operators.badge_prefix;
            for badge in add.badges.iter().filter(|badge| !secrets::is_badge(badge, prefix)) {
                eprintln!("{badge} does not begin with {prefix}: a scanner will take it for goods");
            }
            let pin = if add.keep_pin { None } else { Some(ask_pin()?) };
            let name = add.name.unwrap_or_else(|| add.operator.to_string());
            let (roles, badges) = (add.roles, add.badges);
            let new = NewOperator { operator: add.operator, name, roles, badges, pin };
            enrol(&config, new).await?;
        }
        OperatorVerb::List(ConfigArg { config }) => {
            let config = run::load_config_without_secrets(&config)?;
            list(&config, "/operators", |recorder| async move {
                Ok(recorder.query(|e| json!(e.state().operators().collect::<Vec<_>>())).await?)
            })
            .await?;
        }
        OperatorVerb::Remove { config, operator } => {
            let config = run::load_config_without_secrets(&config.config)?;
            let path = format!("/operators/{operator}");
            if let Some(control) = Control::find(&config).await? {
                control.send(Method::DELETE, &path, None).await?;
            } else {
                let recorder = own_recorder(&config)?;
                let command = Command::Remove { operator: operator.clone(), by: me() };
                let credential = Some((operator.clone(), None));
                finish(&recorder, recorder.command_with(command, credential).await?).await?;
            }
            println!("{operator} removed");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn enrol(config: &Config, new: NewOperator) -> anyhow::Result<()> {
    let (operator, roles) = (new.operator.clone(), new.roles.join(", "));
    if let Some(control) = Control::find(config).await? {
        let body = json!({"operator": new.operator, "name": new.name, "roles": new.roles,
            "badges": new.badges, "pin": new.pin});
        control.send(Method::POST, "/operators", Some(&body)).await?;
    } else {
        let recorder = own_recorder(config)?;
        finish(&recorder, app::enrol(&recorder, new, me()).await?).await?;
    }
    println!("{operator} enrolled as {roles}");
    Ok(())
}

async fn finish(recorder: &Recorder, answer: Answer) -> anyhow::Result<()> {
    recorder.shut().await;
    answer.map(|_| ()).map_err(|refusal| anyhow::anyhow!(refusal.message))
}

async fn list<F: Future<Output = anyhow::Result<Value>>>(
    config: &Config,
    path: &str,
    look: impl FnOnce(Recorder) -> F,
) -> anyhow::Result<()> {
    let list = match Control::find(config).await? {
        Some(control) => control.send(Method::GET, path, None).await?,
        None => look(own_recorder(config)?).await?,
    };
    for row in list.as_array().into_iter().flatten() {
        let id = row["id"].as_str().unwrap_or_default();
        let name = row["name"].as_str().unwrap_or_default();
        let rights = row.get("roles").or_else(|| row.get("scopes"));
        let rights: Vec<&str> = rights
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        println!("{id}\t{name}\t{}", rights.join(", "));
    }
    Ok(())
}

/// Runs `gatewarden client`.
pub(crate) async fn client(verb: ClientVerb) -> anyhow::Result<ExitCode> {
    match verb {
        ClientVerb::Add { config, client, scopes } => {
            let config = run::load_config_without_secrets(&config.config)?;
            println!("{}", add_client(&config, client, scopes).await?);
        }
        ClientVerb::List(ConfigArg { config }) => {
            let config = run::load_config_without_secrets(&config)?;
            list(&config, "/clients", |recorder| async move {
                Ok(recorder.query(|e| json!(e.state().clients().collect::<Vec<_>>())).await?)
            })
            .await?;
        }
        ClientVerb::Revoke { config, client } => {
            let config = run::load_config_without_secrets(&config.config)?;
            if let Some(control) = Control::find(&config).await? {
                control.send(Method::DELETE, &format!("/clients/{client}"), None).await?;
            } else {
                let recorder = own_recorder(&config)?;
                let command = Command::RevokeClient { client: client.clone(), by: me() };
                finish(&recorder, recorder.command(command).await?).await?;
            }
            println!("{client} revoked");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn add_client(
    config: &Config,
    client: ClientId,
    scopes: Vec<String>,
) -> anyhow::Result<String> {
    if let Some(control) = Control::find(config).await? {
        let body = json!({"client": client, "scopes": scopes});
        let answer = control.send(Method::POST, "/clients", Some(&body)).await?;
        return Ok(answer["token"].as_str().context("the daemon sent no token")?.to_owned());
    }
    let recorder = own_recorder(config)?;
    let token = secrets::new_token();
    let command =
        Command::AddClient { client, scopes, token: secrets::token_digest(&token), by: me() };
    finish(&recorder, recorder.command(command).await?).await?;
    Ok(token)
}

/// Reads a PIN.
fn ask_pin() -> anyhow::Result<String> {
    ask_secret("PIN")
}

/// Reads a secret: twice without echo on a terminal, else one line of standard input.
pub(super) fn ask_secret(what: &str) -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let mut line = String::new();
        stdin.lock().read_line(&mut line)?;
        return Ok(line.trim().to_owned());
    }
    let first = read_hidden(&format!("{what}: "))?;
    let second = read_hidden(&format!("{what} again: "))?;
    anyhow::ensure!(first == second, "the two {what}s differ");
    Ok(first)
}

pub(super) fn read_hidden(prompt: &str) -> anyhow::Result<String> {
    use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
    let stdin = std::io::stdin();
    eprint!("{prompt}");
    std::io::stderr().flush()?;
    let before = tcgetattr(&stdin)?;
    let mut hidden = before.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&stdin, SetArg::TCSAFLUSH, &hidden)?;
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    tcsetattr(&stdin, SetArg::TCSAFLUSH, &before)?;
    eprintln!();
    read?;
    Ok(line.trim().to_owned())
}
