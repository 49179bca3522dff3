//! gatewarden-sim: simulated devices on this machine. Every event is one JSON line on the standard
//! output. `run` plays a scenario and ends with 1 where something expected was not seen; `check` tells
//! what is wrong with one; `list` tells what there is; the other commands start one device.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use gatewarden_simulators::LOOPBACK;
use gatewarden_simulators::control::Control;
use gatewarden_simulators::registry::{Arguments as With, Field, KINDS, Kind};
use gatewarden_simulators::scenario::{Device, Scenario, Stage, Step};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// An item whose tags fill a reader's field where none are named (GS1's example prefix).
const GTIN: &str = "80614141123458";
const GTIN_PREFIX_DIGITS: usize = 7;
/// The antennas of a reader that is told nothing else.
const PORTS: u16 = 4;

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
        /// Where to be steered over HTTP, instead of where the file says; port 0 takes a free one, which is
        /// told on the output.
        #[arg(long)]
        control: Option<SocketAddr>,
        /// Lets anybody who reaches that address steer it.
        #[arg(long)]
        control_beyond_loopback: bool,
    },
    /// Tells every mistake of scenarios.
    Check {
        /// Their files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Tells every kind of device with its options and actions.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colours).init();
    let done = match Arguments::parse().command {
        Command::Check { files } => check(&files),
        Command::List { json } => list(json),
        command => run(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gatewarden-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn check(files: &[PathBuf]) -> anyhow::Result<()> {
    let wrong: Vec<String> = files
        .iter()
        .filter_map(|file| read(file).err())
        .map(|error| format!("{error:#}"))
        .collect();
    anyhow::ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn list(as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        let kinds: Value =
            KINDS.iter().map(|kind| gatewarden_simulators::control::told(kind)).collect();
        writeln!(out, "{kinds:#}")?;
        return Ok(());
    }
    for kind in KINDS {
        writeln!(out, "{}: {}", kind.name, kind.about)?;
        fields(&mut out, "  ", kind.options)?;
        for verb in kind.actions {
            writeln!(out, "  do = \"{}\": {}", verb.name, verb.about)?;
            fields(&mut out, "      ", verb.takes)?;
        }
        if !kind.quirks.is_empty() {
            writeln!(out, "  behaves like: {}", kind.quirks.join(", "))?;
        }
    }
    Ok(())
}

fn fields(out: &mut impl Write, indent: &str, fields: &[Field]) -> std::io::Result<()> {
    for Field { name, shape, needed, about } in fields {
        let may = if *needed { "" } else { " (may be left out)" };
        writeln!(out, "{indent}{name} = {}{may}: {about}", shape.told())?;
    }
    Ok(())
}

#[tokio::main]
async fn run(command: Command) -> anyhow::Result<()> {
    let control = match &command {
        Command::Run { control: Some(at), control_beyond_loopback, .. } => {
            anyhow::ensure!(
                at.ip().is_loopback() || *control_beyond_loopback,
                "--control {at} is beyond this machine: whoever reaches it may do everything \
                 (--control-beyond-loopback allows it)"
            );
            Some(*at)
        }
        _ => None,
    };
    let scenario = scenario(command)?;
    let control = control.or(scenario.control);
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
    let tell = Arc::new(move |event: Value| {
        let mut out = std::io::stdout().lock();
        // Whoever reads the events is gone: so are we.
        if writeln!(out, "{event}").and_then(|()| out.flush()).is_err() {
            closed.cancel();
        }
    });
    let stage = Arc::new(Stage::start(scenario, tell, stop).await?);
    let _control = match control {
        Some(bind) => {
            let control = Control::start(bind, Arc::clone(&stage)).await;
            let control = control.with_context(|| format!("failed to listen at {bind}"))?;
            let at = format!("http://{}", control.address());
            stage.tell(json!({ "event": "control", "at": at }));
            Some(control)
        }
        None => None,
    };
    Ok(stage.run().await?)
}

fn read(file: &std::path::Path) -> anyhow::Result<Scenario> {
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("failed to read {name}"))?;
    Scenario::parse(&text).map_err(|mistakes| {
        let lines: Vec<_> = mistakes.iter().map(|mistake| format!("{name}:{mistake}")).collect();
        anyhow::anyhow!("the scenario is wrong\n{}", lines.join("\n"))
    })
}

fn scenario(command: Command) -> anyhow::Result<Scenario> {
    match command {
        Command::Llrp { bind, tags, rate, seed } => {
            let options = json!({ "bind": bind.to_string(), "rate": rate, "seed": seed });
            single("reader", "llrp", options, vec![("field", tags_of(tags))])
        }
        Command::Scanner { path, scans } => {
            let options = path.map_or(json!({}), |path| json!({ "path": path }));
            let scans = scans.into_iter().map(|text| ("scan", json!({ "text": text })));
            single("scanner", "scanner", options, scans.collect())
        }
        Command::Lights { bind } => {
            single("lights", "lights", json!({ "bind": bind.to_string() }), Vec::new())
        }
        Command::Webhook { bind, secret } => {
            let options = json!({ "bind": bind.to_string(), "secret": secret, "skew_s_max": 300 });
            single("webhook", "webhook", options, Vec::new())
        }
        Command::Printer { bind } => {
            single("printer", "printer", json!({ "bind": bind.to_string() }), Vec::new())
        }
        Command::Run { file, .. } => read(&file),
        Command::Check { .. } | Command::List { .. } => anyhow::bail!("nothing to run"),
    }
}

/// One device that does `actions` a second apart, until interrupted.
fn single(
    name: &str,
    kind: &str,
    options: Value,
    actions: Vec<(&str, Value)>,
) -> anyhow::Result<Scenario> {
    let kind = Kind::find(kind).context("no such kind")?;
    let step = |(at_s, (verb, with)): (u64, (&str, Value))| Step {
        at_ms: at_s * 1000,
        device: name.to_owned(),
        verb: verb.to_owned(),
        with: With::of(with),
    };
    let steps = (0u64..).zip(actions).map(step).collect();
    let devices = vec![Device { name: name.to_owned(), kind, options: With::of(options) }];
    let (ready, expects) = (Vec::new(), Vec::new());
    Ok(Scenario { devices, ready, steps, expects, after_ms: None, control: None })
}

/// Serials 1 to `count`, spread over four antennas.
fn tags_of(count: u16) -> Value {
    let tag = |n: u16| {
        json!({
            "gtin": GTIN, "serial": n + 1, "prefix_digits": GTIN_PREFIX_DIGITS,
            "antenna": n % PORTS + 1, "rssi_dbm": -55,
        })
    };
    json!({ "tags": (0..count).map(tag).collect::<Vec<_>>() })
}
