//! gatewarden-sim: simulated devices on this machine. Every event is one JSON line on the standard
//! output. `run` plays a scenario; the other commands start one device until interrupted.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use gatewarden_simulators::llrp::{LlrpOptions, SimTag};
use gatewarden_simulators::modbus::LightsOptions;
use gatewarden_simulators::scenario::{Action, Device, Scenario, Setup, Step, play};
use gatewarden_simulators::webhook::WebhookOptions;
use gatewarden_simulators::{LOOPBACK, sgtin96};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// An item whose tags fill a reader's field where none are named (GS1's example prefix).
const GTIN: &str = "80614141123458";
const GTIN_PREFIX_DIGITS: usize = 7;

/// The devices of a dock door, simulated.
#[derive(Parser)]
#[command(name = "gatewarden-sim", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// An RFID reader that speaks LLRP.
    Llrp {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:5084")]
        bind: SocketAddr,
        /// How many tags stand in its field, spread over its antennas.
        #[arg(long, default_value_t = 12)]
        tags: u16,
        /// Tries to read a tag, a second.
        #[arg(long, default_value_t = 200)]
        rate: u32,
        /// Decides which tries fail.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// A line scanner on a pseudo-terminal.
    Scanner {
        /// Where the symbolic link to it is made; without it, in a directory of its own.
        #[arg(long)]
        path: Option<PathBuf>,
        /// What it scans, one after the other, a second apart.
        scans: Vec<String>,
    },
    /// A light stack that speaks Modbus TCP.
    Lights {
        /// Where to listen.
        #[arg(long, default_value_t = LOOPBACK)]
        bind: SocketAddr,
    },
    /// A receiver of signed webhooks.
    Webhook {
        /// Where to listen.
        #[arg(long, default_value_t = LOOPBACK)]
        bind: SocketAddr,
        /// The key of the signature.
        #[arg(long, env = "GATEWARDEN_SIM_SECRET", hide_env_values = true)]
        secret: String,
    },
    /// A label printer that speaks ZPL.
    Printer {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:9100")]
        bind: SocketAddr,
    },
    /// Plays a scenario.
    Run {
        /// Its file.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colours).init();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gatewarden-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run() -> anyhow::Result<()> {
    let scenario = scenario(Arguments::parse().command)?;
    let stop = CancellationToken::new();
    let interrupted = stop.clone();
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        interrupted.cancel();
    });
    let closed = stop.clone();
    let tell = Arc::new(move |event: serde_json::Value| {
        let mut out = std::io::stdout().lock();
        // Whoever reads the events is gone: so are we.
        if writeln!(out, "{event}").and_then(|()| out.flush()).is_err() {
            closed.cancel();
        }
    });
    Ok(play(scenario, tell, stop).await?)
}

fn scenario(command: Command) -> anyhow::Result<Scenario> {
    Ok(match command {
        Command::Llrp { bind, tags, rate, seed } => {
            let options = LlrpOptions { bind, rate, seed, ..LlrpOptions::default() };
            let field = Action::Field(tags_of(tags, options.ports));
            single("reader", Setup::Llrp(options), vec![field])
        }
        Command::Scanner { path, scans } => {
            let scans = scans.into_iter().map(Action::Scan).collect();
            single("scanner", Setup::Scanner(path), scans)
        }
        Command::Lights { bind } => {
            let options = LightsOptions { bind, ..LightsOptions::default() };
            single("lights", Setup::Lights(options), Vec::new())
        }
        Command::Webhook { bind, secret } => {
            let secret = secret.into_bytes();
            let options = WebhookOptions { bind, secret, skew_s_max: Some(300) };
            single("webhook", Setup::Webhook(options), Vec::new())
        }
        Command::Printer { bind } => single("printer", Setup::Printer(bind), Vec::new()),
        Command::Run { file } => {
            let name = file.display();
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("failed to read {name}"))?;
            Scenario::parse(&text).map_err(|mistakes| {
                let lines: Vec<_> =
                    mistakes.iter().map(|mistake| format!("{name}:{mistake}")).collect();
                anyhow::anyhow!("the scenario is wrong\n{}", lines.join("\n"))
            })?
        }
    })
}

/// One device that does `actions` a second apart, until interrupted.
fn single(name: &str, setup: Setup, actions: Vec<Action>) -> Scenario {
    let step = |(at_s, action): (u64, Action)| Step {
        at_ms: at_s * 1000,
        device: name.to_owned(),
        action,
    };
    let steps = (0u64..).zip(actions).map(step).collect();
    let devices = vec![Device { name: name.to_owned(), setup }];
    Scenario { devices, steps, after_ms: None }
}

fn tags_of(count: u16, ports: u16) -> Vec<SimTag> {
    let tag = |n: u16| SimTag {
        epc: sgtin96(GTIN, u64::from(n) + 1, GTIN_PREFIX_DIGITS).to_vec(),
        antenna: n % ports.max(1) + 1,
        rssi_dbm: -55,
    };
    (0..count).map(tag).collect()
}
