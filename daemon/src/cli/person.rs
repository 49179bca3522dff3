//! A request of a person: badge by argument, PIN on the terminal or as one line of standard input, in a
//! session of its own over the control socket of the running daemon.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::Context as _;
use clap::Args;
use reqwest::Method;
use serde_json::Value;

use super::{ConfigArg, control::Control, people::read_hidden};
use crate::run;

#[derive(Debug, Args)]
pub(crate) struct Person {
    #[command(flatten)]
    config: ConfigArg,
    /// Your badge; your PIN is asked for.
    #[arg(long, required = true)]
    badge: Option<String>,
}

impl Person {
    /// Where the daemon is found.
    pub(super) fn config(&self) -> &ConfigArg {
        &self.config
    }

    /// Whoever has this badge.
    pub(super) fn of(config: ConfigArg, badge: String) -> Self {
        Self { config, badge: Some(badge) }
    }
}

pub(super) async fn running(config: &ConfigArg) -> anyhow::Result<Control> {
    let config = run::load_config_without_secrets(&config.config)?;
    let found = Control::find(&config).await?;
    found.context("the daemon does not run: start it, it alone decides")
}

/// A session of a person; whoever asks for it ends it.
pub(super) async fn signed_in(who: Person) -> anyhow::Result<Control> {
    let mut control = running(&who.config).await?;
    let badge = who.badge.context("name your badge with --badge")?;
    control.sign_in(&badge, &ask_pin()?).await?;
    Ok(control)
}

/// Posts one request as a person, in a session of its own.
pub(super) async fn as_person(
    who: Person,
    path: &str,
    body: Option<Value>,
) -> anyhow::Result<Value> {
    once(who, (Method::POST, path), body.as_ref()).await
}

/// What a person is told, in a session of its own.
pub(super) async fn told_person(who: Person, path: &str) -> anyhow::Result<Value> {
    once(who, (Method::GET, path), None).await
}

async fn once(
    who: Person,
    (method, path): (Method, &str),
    body: Option<&Value>,
) -> anyhow::Result<Value> {
    let control = signed_in(who).await?;
    let answer = control.send(method, path, body).await;
    let ended = control.sign_out().await;
    let answer = answer?;
    ended?;
    Ok(answer)
}

/// The PIN: without echo on a terminal, else one line of standard input.
pub(super) fn ask_pin() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return read_hidden("PIN: ");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
