//! `gatewarden demo devices` and `demo act`: the simulated devices of a scenario, for looking around with a
//! gateway of one's own, and what they are to do.
//!
//! Invariants: they stay until somebody ends them; what drives through a simulated door has numbers of its
//! own each time, over restarts too, because how many passes were drawn lies beside the scenario. Absent:
//! expectations and a first start with a gateway of its own (`demo`).

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex},
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use gatewarden_simulators::{
    control::Control,
    registry::{Arguments, Tell},
    scenario::{Scenario, Stage},
};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::run::signalled;

/// Longest file of a scenario, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, Subcommand)]
pub(crate) enum DemoVerb {
    /// Start the simulated devices of a file, such as the simulators.toml of `gatewarden init`. They stay
    /// until Ctrl-C or SIGTERM, and tell each event as one line of JSON.
    Devices {
        /// The file.
        file: PathBuf,
    },
    /// Make one of them do something, such as `yard pass plot=straight way=in`. Their events tell what came
    /// of it.
    Act(ActArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ActArgs {
    /// The file with which `demo devices` runs.
    file: PathBuf,
    /// The device's name in it.
    device: String,
    /// What it is to do: pass, scan, field, input … (`go-away` and `come-back` for an outage).
    action: String,
    /// With what, as name=value; numbers, true and false are taken as such.
    #[arg(value_name = "NAME=VALUE")]
    with: Vec<String>,
}

/// Runs it.
pub(super) async fn run(verb: DemoVerb) -> anyhow::Result<ExitCode> {
    match verb {
        DemoVerb::Devices { file } => devices(&file).await?,
        DemoVerb::Act(args) => act(&args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Scenario> {
    let name = file.display();
    let length = fs::metadata(file).with_context(|| format!("failed to read {name}"))?.len();
    anyhow::ensure!(length <= FILE_BYTES_MAX, "{name}: at most {FILE_BYTES_MAX} bytes");
    let text = fs::read_to_string(file).with_context(|| format!("failed to read {name}"))?;
    Scenario::parse(&text).map_err(|mistakes| {
        let lines: Vec<_> = mistakes.iter().map(|mistake| format!("{name}:{mistake}")).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })
}

async fn devices(file: &Path) -> anyhow::Result<()> {
    let ended = signalled()?;
    let mut scenario = read(file)?;
    let passes = Passes::beside(file, &mut scenario);
    let tell: Tell = Arc::new(move |event: Value| {
        passes.note(&event);
        println!("{event}");
    });
    let (stop, control) = (CancellationToken::new(), scenario.control);
    let stage = Arc::new(Stage::start(scenario, tell, stop.clone()).await?);
    let _control = match control {
        Some(at) => {
            let control = Control::start(at, Arc::clone(&stage)).await;
            Some(control.with_context(|| format!("failed to listen at {at}"))?)
        }
        None => None,
    };
    eprintln!("{} simulated devices; Ctrl-C ends them", stage.actors().len());
    tokio::select! {
        played = stage.run() => played?,
        _ = ended => {}
    }
    Ok(())
}

/// Which pass a door draws next, on disk beside the scenario. Best effort: without it passes repeat.
struct Passes {
    file: PathBuf,
    next: Mutex<BTreeMap<String, u64>>,
}

impl Passes {
    /// What was drawn before; the doors go on after it.
    fn beside(file: &Path, scenario: &mut Scenario) -> Self {
        let mut name = file.as_os_str().to_owned();
        name.push(".passes");
        let file = PathBuf::from(name);
        let known = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let next: BTreeMap<String, u64> = known.unwrap_or_default();
        for device in scenario.devices.iter_mut().filter(|device| device.kind.name == "door") {
            let Some(seed) = next.get(&device.name) else { continue };
            let mut options = device.options.told();
            options["seed"] = json!(seed);
            device.options = Arguments::of(options);
        }
        Self { file, next: Mutex::new(next) }
    }

    fn note(&self, event: &Value) {
        if event["event"] != "pass" {
            return;
        }
        let (Some(device), Some(seed)) =
            (event["device"].as_str(), event["value"]["seed"].as_u64())
        else {
            return;
        };
        let Ok(mut next) = self.next.lock() else { return };
        next.insert(device.to_owned(), seed.saturating_add(1));
        if let Err(error) = fs::write(&self.file, json!(*next).to_string()) {
            eprintln!("{}: {error}", self.file.display());
        }
    }
}

async fn act(args: &ActArgs) -> anyhow::Result<()> {
    let scenario = read(&args.file)?;
    let name = args.file.display();
    let at = scenario.control.with_context(|| format!("{name}: it says no `control` address"))?;
    let url = format!("http://{at}/devices/{}/{}", args.device, args.action);
    let http = reqwest::Client::builder().no_proxy().build()?;
    let answer = http.post(&url).json(&given(&args.with)?).send().await.with_context(|| {
        format!("nobody answers at {at}: start `gatewarden demo devices {name}` first")
    })?;
    let (status, body) = (answer.status(), answer.text().await?);
    let body: Value = serde_json::from_str(&body).unwrap_or(Value::String(body));
    let error = body["error"].as_str();
    anyhow::ensure!(status.is_success(), "{}", error.unwrap_or("it did not work"));
    println!("{}: {}", args.device, args.action);
    Ok(())
}

/// What an action is given.
fn given(with: &[String]) -> anyhow::Result<Map<String, Value>> {
    let one = |text: &String| {
        let (name, value) =
            text.split_once('=').with_context(|| format!("{text:?}: write NAME=VALUE"))?;
        let value = match (value.parse::<i64>(), value.parse::<bool>()) {
            (Ok(number), _) => json!(number),
            (_, Ok(flag)) => json!(flag),
            _ => json!(value),
        };
        Ok((name.to_owned(), value))
    };
    with.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn a_door_goes_on_where_it_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("s.toml");
        let text = "[[devices]]\nname = \"r\"\nkind = \"llrp\"\n\n[[devices]]\nname = \"yard\"\nkind = \"door\"\n\
                    reader = \"r\"\nseed = 42\n";
        fs::write(&file, text).unwrap();
        let seed = |scenario: &Scenario| scenario.devices[1].options.told()["seed"].clone();
        let mut scenario = read(&file).unwrap();
        let passes = Passes::beside(&file, &mut scenario);
        assert_eq!(seed(&scenario), 42);
        passes.note(&json!({"event": "pass", "device": "yard", "value": {"seed": 57}}));
        let mut again = read(&file).unwrap();
        drop(Passes::beside(&file, &mut again));
        assert_eq!(
            (seed(&again), again.devices[1].options.told()["reader"].clone()),
            (json!(58), json!("r"))
        );
    }

    #[test]
    fn what_is_given_is_what_it_looks_like() {
        let texts = ["a=1", "b=true", "c=in"].map(str::to_owned);
        assert_eq!(json!(given(&texts).unwrap()), json!({"a": 1, "b": true, "c": "in"}));
        assert!(given(&["x".to_owned()]).is_err());
    }
}
