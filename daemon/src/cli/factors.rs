//! `gatewarden factor`: second factors at the shell. An app for one-time codes is set up by its owner,
//! with badge and PIN; anybody's factor is taken away by the box's own account. Security keys are
//! registered where a browser is.

use std::{
    io::{BufRead as _, IsTerminal as _},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Subcommand;
use gatewarden_model::{Hash, OperatorId};
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ConfigArg,
    control::Control,
    person::{Person, running, signed_in},
};
use crate::plain::{cell, plain};

#[derive(Debug, Subcommand)]
pub(crate) enum FactorVerb {
    /// Set an app on your phone up for one-time codes: shows its QR code, asks for a code, and asks for a
    /// second person's yes (`gatewarden change approve`).
    App {
        #[command(flatten)]
        who: Person,
    },
    /// List everybody's second factors: operator, kind, id, name.
    List(ConfigArg),
    /// Take a second factor away, such as of a lost phone: its operator's sessions end.
    Remove {
        #[command(flatten)]
        config: ConfigArg,
        /// Whose.
        operator: OperatorId,
        /// Its id, as listed.
        factor: String,
    },
}

/// Runs `gatewarden factor`.
pub(crate) async fn factor(verb: FactorVerb) -> anyhow::Result<ExitCode> {
    match verb {
        FactorVerb::App { who } => {
            let control = signed_in(who).await?;
            let asked = set_up(&control).await;
            let ended = control.sign_out().await;
            let id = asked?;
            ended?;
            println!("{id}");
            eprintln!("the app counts after: gatewarden change approve {id}");
        }
        FactorVerb::List(config) => {
            let all = running(&config).await?.send(Method::GET, "/operators", None).await?;
            all.as_array().into_iter().flatten().for_each(show);
        }
        FactorVerb::Remove { config, operator, factor } => {
            let factor = Hash::parse_hex(&factor);
            let factor = factor.context("a factor's id is 64 hex digits: see `factor list`")?;
            let path = format!("/operators/{operator}/factors/{factor}");
            running(&config).await?.send(Method::DELETE, &path, None).await?;
            println!("{factor} of {operator} removed");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows the QR code, takes a code of the app and asks; gives the request's id.
async fn set_up(control: &Control) -> anyhow::Result<String> {
    let offer = control.send(Method::POST, "/session/factors/totp", None).await?;
    let text = |key: &str| offer[key].as_str().context("the daemon offered nothing");
    let code = QrCode::with_error_correction_level(text("uri")?, EcLevel::M)?;
    println!("{}", code.render::<Dense1x2>().build());
    println!("secret: {}", text("secret")?);
    let body = json!({"kind": "totp", "factor": text("factor")?, "code": read_code()?});
    let asked = control.send(Method::POST, "/session/factors", Some(&body)).await?;
    Ok(asked["change"].as_str().context("the daemon names no request")?.to_owned())
}

/// A code of the app: it is good for a minute, so it may be seen.
fn read_code() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprint!("code that the app shows: ");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn show(operator: &Value) {
    let who = operator["id"].as_str().unwrap_or_default();
    for factor in operator["factors"].as_array().into_iter().flatten() {
        let text = |key: &str| factor[key].as_str().unwrap_or_default();
        println!("{who}\t{}\t{}\t{}", text("kind"), text("id"), plain(&cell(text("name"))));
    }
}
