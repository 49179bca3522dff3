//! `gatewarden witness`: cosigns the checkpoints of other gateways, on another box.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args;
use gatewarden_proof::{Trust, witness::Witness};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::SystemClock,
    logging,
    run::wait_for_signal,
    witness::{self, Keep},
};

/// The name of the key among a unit's systemd credentials.
const CREDENTIAL: &str = "witness.key";

#[derive(Debug, Args)]
pub(crate) struct WitnessArgs {
    /// The witness's name, such as hq.example/w1; it stands in every cosignature.
    #[arg(long)]
    name: String,
    /// The witness's key; made where it is missing. By default the systemd credential witness.key,
    /// else witness.key in the state folder.
    #[arg(long)]
    key: Option<PathBuf>,
    /// The keys of the logs that it watches, as `gatewarden ledger key` prints them.
    #[arg(long, required_unless_present = "print_key")]
    logs: Option<PathBuf>,
    /// The witness's memory. Never put an older copy back.
    #[arg(long)]
    state: PathBuf,
    /// Where it listens. Put a TLS proxy before it if it is not this machine.
    #[arg(long, default_value = "127.0.0.1:8421")]
    listen: SocketAddr,
    /// Allow an empty state folder with a key that is there already.
    #[arg(long)]
    begin: bool,
    /// Print the public key, for the gateways' configuration and for trust files, and end.
    #[arg(long)]
    print_key: bool,
}

/// Runs the witness until SIGTERM or SIGINT.
pub(crate) async fn witness(args: WitnessArgs) -> anyhow::Result<ExitCode> {
    let (path, is_credential) = args.key_path();
    let made = !path.exists();
    let key = match is_credential {
        true => gatewarden_store::load_credential_key(&path),
        false => gatewarden_store::load_or_create_key(&path),
    };
    let key =
        key.with_context(|| format!("failed to read the witness's key {}", path.display()))?;
    let logs = args.logs.as_ref().map(read_logs).transpose()?.unwrap_or_default();
    let witness =
        Witness::new(&args.name, key, logs).context("--name can't be a witness's name")?;
    let public = witness.public().text();
    if args.print_key {
        if made {
            Keep::open(&args.state, witness, true)?;
        }
        println!("{public}");
        return Ok(ExitCode::SUCCESS);
    }
    logging::init("info");
    let keep = Keep::open(&args.state, witness, args.begin || made)?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("failed to listen on {}", args.listen))?;
    println!("witness {public} listens on {}", listener.local_addr()?);
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    let stop = CancellationToken::new();
    let server = tokio::spawn(witness::serve(listener, keep, SystemClock::shared(), stop.clone()));
    let reason = wait_for_signal().await?;
    tracing::info!(%reason, "stopping");
    stop.cancel();
    server.await??;
    Ok(ExitCode::SUCCESS)
}

impl WitnessArgs {
    /// Where the key is, and whether that is a systemd credential.
    fn key_path(&self) -> (PathBuf, bool) {
        let credential = std::env::var_os("CREDENTIALS_DIRECTORY")
            .map(|folder| PathBuf::from(folder).join(CREDENTIAL))
            .filter(|path| path.exists());
        match (&self.key, credential) {
            (Some(key), _) => (key.clone(), false),
            (None, Some(credential)) => (credential, true),
            (None, None) => (self.state.join(CREDENTIAL), false),
        }
    }
}

fn read_logs(path: &PathBuf) -> anyhow::Result<Trust> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read the logs' keys {}", path.display()))?;
    let logs = Trust::parse(&text).with_context(|| format!("{}", path.display()))?;
    anyhow::ensure!(!logs.logs().is_empty(), "{} names no log", path.display());
    Ok(logs)
}
