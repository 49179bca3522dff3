//! `gatewarden operator first`: enrols the first administrator with the code that the first start printed.

use std::io::{BufRead as _, IsTerminal as _};

use clap::Args;
use gatewarden_model::OperatorId;
use reqwest::Method;
use serde_json::json;

use super::{
    ConfigArg,
    people::{ask_secret, read_hidden},
    person::running,
};

#[derive(Debug, Args)]
pub(crate) struct FirstArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Short name, such as ada.
    operator: OperatorId,
    /// Full name; the short one if it is left out.
    #[arg(long)]
    name: Option<String>,
    /// The badge's number, such as OP-1000.
    #[arg(long)]
    badge: String,
}

/// Asks for the code and the PIN, and enrols.
pub(super) async fn first(args: FirstArgs) -> anyhow::Result<()> {
    let stdin = std::io::stdin();
    let code = if stdin.is_terminal() {
        read_hidden("one-time code of the first start: ")?
    } else {
        let mut line = String::new();
        stdin.lock().read_line(&mut line)?;
        line.trim().to_owned()
    };
    let pin = ask_secret("PIN")?;
    let FirstArgs { config, operator, name, badge } = args;
    let name = name.unwrap_or_else(|| operator.to_string());
    let body =
        json!({"code": code, "operator": operator, "name": name, "badge": badge, "pin": pin});
    running(&config).await?.send(Method::POST, "/enrol", Some(&body)).await?;
    println!("{operator} is the first administrator; enrol a second one before anything else");
    Ok(())
}
