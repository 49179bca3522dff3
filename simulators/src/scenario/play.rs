//! Starts a scenario's devices, does its steps in time, and tells what happens: one JSON value an
//! event, with `at_ms` since the start. Returns when the scenario is over or told to stop.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Action, Device, Scenario, Setup};
use crate::llrp::SimReader;
use crate::modbus::SimLights;
use crate::printer::SimPrinter;
use crate::scanner::SimScanner;
use crate::webhook::SimReceiver;

/// How many bytes of noise a garbled scan has.
const GARBAGE_BYTES: usize = 64;

/// Why a scenario broke off.
#[derive(Debug, Error)]
pub enum PlayError {
    /// A device did not start.
    #[error("failed to start {device}")]
    Start {
        /// Its name.
        device: String,
        /// Why.
        source: io::Error,
    },
    /// A step did not work.
    #[error("step of {device} at {at_ms} ms failed")]
    Step {
        /// The device's name.
        device: String,
        /// When the step was due.
        at_ms: u64,
        /// Why.
        source: io::Error,
    },
}

/// Takes the events; must not block for long.
pub type Tell = Arc<dyn Fn(Value) + Send + Sync>;

enum Handle {
    Llrp(SimReader),
    Scanner(SimScanner),
    Lights(SimLights),
    Webhook(SimReceiver),
    Printer(SimPrinter),
}

/// Plays `scenario` until it is over or `stop` is cancelled.
///
/// # Errors
/// Where a device does not start or a step does not work.
pub async fn play(
    scenario: Scenario,
    tell: Tell,
    stop: CancellationToken,
) -> Result<(), PlayError> {
    let start = Instant::now();
    let tell: Tell = Arc::new(move |mut event: Value| {
        event["at_ms"] = json!(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
        tell(event);
    });
    let mut watchers = JoinSet::new();
    let mut handles = Vec::new();
    for device in &scenario.devices {
        let handle = Handle::start(&device.setup).await.map_err(|source| {
            let device = device.name.clone();
            PlayError::Start { device, source }
        })?;
        tell(started(device, &handle));
        handle.watch(&device.name, &tell, &mut watchers);
        handles.push((device.name.as_str(), handle));
    }
    let playing = async {
        for step in &scenario.steps {
            sleep_until(start + Duration::from_millis(step.at_ms)).await;
            let found = handles.iter().find(|(name, _)| *name == step.device);
            // The parser has seen to it that there is one.
            let Some((_, handle)) = found else { continue };
            handle.act(&step.action).await.map_err(|source| {
                let device = step.device.clone();
                PlayError::Step { device, at_ms: step.at_ms, source }
            })?;
            let did = told(&step.action);
            tell(json!({ "event": "step", "device": step.device, "did": did }));
        }
        match scenario.after_ms {
            Some(after_ms) => tokio::time::sleep(Duration::from_millis(after_ms)).await,
            None => std::future::pending().await,
        }
        Ok(())
    };
    let result = stop.run_until_cancelled(playing).await.unwrap_or(Ok(()));
    tell(json!({ "event": "end" }));
    result
}

fn started(device: &Device, handle: &Handle) -> Value {
    let at = match handle {
        Handle::Llrp(reader) => reader.address().to_string(),
        Handle::Scanner(scanner) => scanner.path().display().to_string(),
        Handle::Lights(lights) => lights.address().to_string(),
        Handle::Webhook(receiver) => receiver.url(),
        Handle::Printer(printer) => printer.address().to_string(),
    };
    let seed = match handle {
        Handle::Llrp(reader) => Some(reader.seed()),
        _ => None,
    };
    let kind = device.setup.kind();
    json!({ "event": "started", "device": device.name, "kind": kind, "at": at, "seed": seed })
}

impl Handle {
    async fn start(setup: &Setup) -> io::Result<Self> {
        match setup.clone() {
            Setup::Llrp(options) => SimReader::start(options).await.map(Self::Llrp),
            Setup::Scanner(None) => SimScanner::start().map(Self::Scanner),
            Setup::Scanner(Some(path)) => SimScanner::start_at(&path).map(Self::Scanner),
            Setup::Lights(options) => SimLights::start(options).await.map(Self::Lights),
            Setup::Webhook(options) => SimReceiver::start_with(options).await.map(Self::Webhook),
            Setup::Printer(bind) => SimPrinter::start_at(bind).await.map(Self::Printer),
        }
    }

    /// Tells what the other side does.
    fn watch(&self, name: &str, tell: &Tell, watchers: &mut JoinSet<()>) {
        let (name, tell) = (name.to_owned(), Arc::clone(tell));
        match self {
            Self::Llrp(reader) => {
                let seen = |status: &crate::llrp::ReaderStatus| json!({ "connected": status.connected, "active": status.active });
                watchers.spawn(follow(reader.status(), name, "reader", seen, tell));
            }
            Self::Lights(lights) => {
                let seen = |coils: &Vec<bool>| json!(coils);
                watchers.spawn(follow(lights.changes(), name, "coils", seen, tell));
            }
            Self::Webhook(receiver) => {
                let seen = |count: &usize| json!(count);
                watchers.spawn(follow(receiver.count(), name, "received", seen, tell));
            }
            Self::Printer(printer) => {
                let seen = |count: &usize| json!(count);
                watchers.spawn(follow(printer.count(), name, "printed", seen, tell));
            }
            Self::Scanner(_) => {}
        }
    }

    async fn act(&self, action: &Action) -> io::Result<()> {
        match self {
            Self::Llrp(reader) => act_reader(reader, action).await,
            Self::Scanner(scanner) => act_scanner(scanner, action),
            Self::Lights(lights) => act_lights(lights, action).await,
            Self::Webhook(receiver) => act_receiver(receiver, action).await,
            Self::Printer(printer) => act_printer(printer, action).await,
        }
    }
}

/// Tells each new value, but not one that looks like the last.
async fn follow<T: Send + Sync + 'static>(
    mut values: watch::Receiver<T>,
    device: String,
    event: &'static str,
    seen: fn(&T) -> Value,
    tell: Tell,
) {
    let mut last = seen(&values.borrow_and_update());
    while values.changed().await.is_ok() {
        let value = seen(&values.borrow_and_update());
        if value != last {
            tell(json!({ "event": event, "device": device, "value": value }));
            last = value;
        }
    }
}

fn told(action: &Action) -> String {
    match action {
        Action::Field(tags) => format!("Field of {} tags", tags.len()),
        other => format!("{other:?}"),
    }
}

fn missing(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.to_owned())
}

/// For a pair that the parser does not let through.
fn cannot(action: &Action) -> io::Error {
    missing(&format!("this device can't do {action:?}"))
}

async fn act_reader(reader: &SimReader, action: &Action) -> io::Result<()> {
    match action {
        Action::Field(tags) => reader.set_field(tags.clone()),
        Action::Drop => reader.drop_connection(),
        Action::Garbage => reader.garbage(),
        Action::Truncate => reader.truncated_frame(),
        Action::Huge => reader.huge_frame(),
        Action::Silence(on) => reader.silence(*on),
        Action::Refuse(on) => reader.refuse(*on),
        Action::Rate(rate) => reader.set_rate(*rate),
        Action::Antenna { port, on } => reader.set_antenna(*port, *on),
        Action::Input { port, on } if reader.set_input(*port, *on) => {}
        Action::Input { port, .. } => return Err(missing(&format!("no input {port}"))),
        Action::PowerCycle => reader.power_cycle().await?,
        Action::GoAway => reader.go_away().await,
        Action::ComeBack => reader.come_back().await?,
        other => return Err(cannot(other)),
    }
    Ok(())
}

fn act_scanner(scanner: &SimScanner, action: &Action) -> io::Result<()> {
    match action {
        Action::Scan(text) => scanner.scan(text),
        Action::HalfScan(text) => scanner.half_scan(text),
        Action::Garbage => scanner.garbage(1, GARBAGE_BYTES),
        Action::Unplug => {
            scanner.unplug();
            Ok(())
        }
        Action::Replug => scanner.replug(),
        other => Err(cannot(other)),
    }
}

async fn act_lights(lights: &SimLights, action: &Action) -> io::Result<()> {
    match action {
        Action::Mute(on) => lights.mute(*on),
        Action::Input { port, on } if lights.set_input(*port, *on) => {}
        Action::Input { port, .. } => return Err(missing(&format!("no input {port}"))),
        Action::Cut => lights.cut().await?,
        Action::GoAway => lights.go_away().await,
        Action::ComeBack => lights.come_back().await?,
        other => return Err(cannot(other)),
    }
    Ok(())
}

async fn act_receiver(receiver: &SimReceiver, action: &Action) -> io::Result<()> {
    match action {
        Action::Hang(on) => receiver.hang_after_commit(*on),
        Action::Reject(reason) => receiver.reject(reason.as_deref()),
        Action::GoAway => receiver.go_away().await,
        Action::ComeBack => receiver.come_back().await?,
        other => return Err(cannot(other)),
    }
    Ok(())
}

async fn act_printer(printer: &SimPrinter, action: &Action) -> io::Result<()> {
    match action {
        Action::Paper(on) => printer.paper(*on),
        Action::Pause(on) => printer.pause(*on),
        Action::Head(on) => printer.head(*on),
        Action::Mute(on) => printer.mute(*on),
        Action::GoAway => printer.go_away().await,
        Action::ComeBack => printer.come_back().await?,
        other => return Err(cannot(other)),
    }
    Ok(())
}
