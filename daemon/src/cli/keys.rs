//! `gatewarden ledger rotate-key` and `new-key`.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::Args;
use gatewarden_model::Actor;
use gatewarden_store::{key_text, new_key};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ConfigArg,
    control::{Control, own_recorder},
};
use crate::{recorder::Rotation, run};

/// What `rotate-key` takes.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Why; it is recorded.
    #[arg(long)]
    reason: String,
    /// The systemd credential that holds the next key, where the configuration has key_credentials.
    #[arg(long, value_name = "NAME")]
    credential: Option<String>,
    /// Keep nothing of the old key: what it signed stays proven, but no backup from before can be
    /// continued.
    #[arg(long)]
    forget_old: bool,
}

/// Rotates the key: asks the running daemon, or opens the ledger where none runs.
pub(crate) async fn rotate(args: RotateArgs) -> anyhow::Result<ExitCode> {
    let RotateArgs { config, reason, credential, forget_old } = args;
    let config = run::load_config_without_secrets(&config.config)?;
    let told = if let Some(control) = Control::find(&config).await? {
        let body = json!({"reason": reason, "credential": credential, "forget_old": forget_old});
        control.send(Method::POST, "/api/v1/ledger/key", Some(&body)).await?
    } else {
        let recorder = own_recorder(&config)?;
        let by = Actor::Local { uid: nix::unistd::getuid().as_raw() };
        let rotation = Rotation { reason, by, credential, forget: forget_old };
        let answer = recorder.rotate(rotation).await;
        recorder.shut().await;
        let done = answer?.map_err(|refusal| anyhow::anyhow!(refusal.message))?;
        json!({"old": done.old, "new": done.new, "recorded": done.seq, "kept": done.kept})
    };
    print_told(&told, !config.ledger.key_credentials.is_empty());
    Ok(ExitCode::SUCCESS)
}

fn print_told(told: &Value, by_credential: bool) {
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    println!("entry {} gives the ledger to the key {}", told["recorded"], text("new"));
    let old = text("old");
    match told["kept"].as_str() {
        Some(kept) => println!(
            "the old key {old} signs nothing any more; it is kept in {kept}, which a backup from \
             before this needs to be continued: move it off this box, or delete it"
        ),
        None if by_credential => println!(
            "the old key {old} signs nothing any more: take its credential out of key_credentials \
             and of the unit when no backup from before this is needed"
        ),
        None => println!("the old key {old} signs nothing any more, and nothing is kept of it"),
    }
    println!("give `gatewarden ledger key` anew to the witnesses and to those who check proofs");
}

/// Prints a new key, to be kept as a systemd credential.
pub(crate) fn print_new_key() -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    anyhow::ensure!(
        !out.is_terminal(),
        "a key is no sight for a terminal: `gatewarden ledger new-key | systemd-creds encrypt \
         --name=NAME - FILE`"
    );
    out.write_all(key_text(&new_key()).as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
