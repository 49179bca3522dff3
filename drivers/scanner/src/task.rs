//! The async shell: opens the port, moves bytes into the session and its outputs to the intake.
//!
//! Invariants: one bad port is retried for ever with back-off and never ends the task; sending
//! waits for room; after `stop` the task ends within `GOODBYE`. The kernel tells an unplugged port
//! at once (end of file, EIO, ENODEV), so an outage's gap begins when it was told.

use std::{io, path::Path, sync::Arc, time::Duration};

use gatewarden_model::{
    Backoff, Clock, DeviceEvent, DeviceFacts, DeviceId, DeviceState, Read, ReadValue, Signal, Stamp,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{mpsc, watch},
    time::{sleep, timeout},
};
use tokio_serial::{SerialPortBuilderExt, SerialStream};
use tokio_util::sync::CancellationToken;

use crate::{Protocol, Settings, identity, session::Output, ssi::session::Taken};
use wire::Wire;

mod wire;

/// How long a full channel may hold up the end of the task after `stop`.
const GOODBYE: Duration = Duration::from_millis(1_000);

/// Bytes taken from the port at once.
const READ_BYTES_MAX: usize = 1_024;

/// How long the port may take to take an answer.
const WRITE_WAIT: Duration = Duration::from_millis(2_000);

/// A port that stayed open this long, in microseconds, was healthy: the back-off starts anew.
const HEALTHY_US: u64 = 2_000_000;

/// Why a port can't be used.
#[derive(Debug, thiserror::Error)]
enum PortError {
    #[error("failed to open {path}: {reason}; check the cable, the path and the permissions")]
    Open { path: String, reason: String },
    #[error("{path} was unplugged; it is used again as soon as it is back")]
    Unplugged { path: String },
    #[error("failed to read {path}: {source}; it is opened again")]
    Read { path: String, source: io::Error },
    #[error("failed to write to {path}: {reason}; it is opened again")]
    Write { path: String, reason: String },
    #[error("{0}")]
    Dead(String),
}

/// The task was told to stop, or nobody listens any more.
struct Stop;

/// Serves one scanner until `stop`: opens the port, reports scans, gaps and states, reconnects.
///
/// `signals` is what its station shows; a scanner that shall beep does at each change.
pub async fn run(
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    signals: watch::Receiver<Signal>,
    stop: CancellationToken,
) {
    let task = Task { device, settings, clock, events, signals, stop };
    let whole = async {
        let Stop = task.serve().await;
        task.state(DeviceState::Stopped).await.ok();
    };
    tokio::select! {
        biased;
        () = whole => {}
        () = async { task.stop.cancelled().await; sleep(GOODBYE).await } => {
            tracing::error!(device = %task.device, "the channel stayed full: the last events were not handed over");
        }
    }
}

struct Task {
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    signals: watch::Receiver<Signal>,
    stop: CancellationToken,
}

/// What outlives a connection.
#[derive(Default)]
struct Kept {
    /// Since when the scanner is not there.
    blind_since: Option<Stamp>,
    /// What it was told to be taken.
    taken: Option<Taken>,
    /// The port was lost within a line.
    half: bool,
}

/// An open port and what was made of it.
struct Line {
    port: SerialStream,
    wire: Wire,
    facts: DeviceFacts,
}

impl Task {
    async fn serve(&self) -> Stop {
        let mut backoff = Backoff::default();
        let mut kept = Kept::default();
        loop {
            let begun = self.clock.now();
            let error = match self.connection(backoff.attempt(), &mut kept).await {
                Ok(Stop) | Err(Ended::Stop) => return Stop,
                Err(Ended::Port(error)) => error,
            };
            let now = self.clock.now();
            kept.blind_since.get_or_insert(now);
            if now.us_since(&begun) >= HEALTHY_US {
                backoff.reset();
            }
            let retry_in_ms = backoff.fail(now.mono_us);
            let reason = error.to_string();
            tracing::warn!(device = %self.device, %reason, retry_in_ms, "scanner down");
            if self.state(DeviceState::Down { reason, retry_in_ms }).await.is_err() {
                return Stop;
            }
            tokio::select! {
                () = self.stop.cancelled() => return Stop,
                () = sleep(Duration::from_millis(retry_in_ms)) => {}
            }
        }
    }

    /// One life of the port, from opening it to its end.
    async fn connection(&self, attempt: u32, kept: &mut Kept) -> Result<Stop, Ended> {
        self.state(DeviceState::Connecting { attempt }).await?;
        let port = self.open()?;
        let facts = identity::facts(&self.settings.path, Path::new(identity::SYSFS));
        let mut wire = Wire::new(&self.settings, kept.taken, self.clock.now());
        if std::mem::take(&mut kept.half) {
            wire.expect_rest(self.clock.now());
        }
        let mut line = Line { port, wire, facts };
        if self.settings.protocol == Protocol::Lines {
            self.up(&line, kept, self.clock.now(), None).await?;
        }
        let ended = self.pump(&mut line, kept).await;
        kept.half = line.wire.is_inside();
        line.wire.handle_end(self.clock.now());
        kept.taken = line.wire.taken();
        // What is still to be said finds nobody.
        while let Some(output) = line.wire.poll_output() {
            self.hand_over(output).await?;
        }
        ended
    }

    /// The scanner is there: since when it was not, who it is, and that it can be relied on.
    async fn up(
        &self,
        line: &Line,
        kept: &mut Kept,
        at: Stamp,
        release: Option<&str>,
    ) -> Result<(), Stop> {
        if let Some(from) = kept.blind_since.take() {
            self.gap(from, at, "the scanner was not connected".to_owned()).await?;
        }
        let (device, facts) = (self.device.clone(), line.facts.clone());
        self.send(DeviceEvent::Identity { device, facts, at }).await?;
        let release = release.map_or(String::new(), |release| format!(", release {release}"));
        let model = line.facts.get("model").map_or(String::new(), |model| format!(", {model}"));
        let detail = format!("serial port {}{model}{release}", self.settings.path.display());
        self.state(DeviceState::Up { detail }).await
    }

    fn open(&self) -> Result<SerialStream, PortError> {
        let path = self.settings.path.to_string_lossy().into_owned();
        tokio_serial::new(path.clone(), self.settings.baud)
            .open_native_async()
            .map_err(|error| PortError::Open { path, reason: error.to_string() })
    }

    async fn pump(&self, line: &mut Line, kept: &mut Kept) -> Result<Stop, Ended> {
        let mut buffer = [0u8; READ_BYTES_MAX];
        let mut signals = self.signals.clone();
        signals.mark_unchanged();
        loop {
            self.drain(line, kept).await?;
            let due = line.wire.poll_timeout();
            let path = || self.settings.path.display().to_string();
            tokio::select! {
                () = self.stop.cancelled() => return Ok(Stop),
                read = line.port.read(&mut buffer) => match read {
                    Ok(0) => return Err(PortError::Unplugged { path: path() }.into()),
                    Ok(n) => line.wire.handle_bytes(self.clock.now(), &buffer[..n]),
                    Err(e) if is_unplugged(&e) => {
                        return Err(PortError::Unplugged { path: path() }.into());
                    }
                    Err(source) => return Err(PortError::Read { path: path(), source }.into()),
                },
                Ok(()) = signals.changed() => {
                    let signal = *signals.borrow_and_update();
                    line.wire.handle_signal(self.clock.now(), signal);
                }
                () = self.sleep_until(due) => line.wire.handle_timeout(self.clock.now()),
            }
        }
    }

    /// Waits until a moment of the monotonic clock; for ever without one.
    async fn sleep_until(&self, due_us: Option<u64>) {
        let Some(due_us) = due_us else { return std::future::pending().await };
        let wait_us = due_us.saturating_sub(self.clock.now().mono_us);
        sleep(Duration::from_micros(wait_us.max(1_000))).await;
    }

    /// Hands over what was read and sends what is to be said, in order.
    async fn drain(&self, line: &mut Line, kept: &mut Kept) -> Result<(), Ended> {
        while let Some(output) = line.wire.poll_output() {
            match output {
                Output::Send(bytes) => self.write(&mut line.port, &bytes).await?,
                Output::Ready { at, firmware, model } => {
                    let told = [("firmware", firmware.clone()), ("model", model)];
                    let told = told.into_iter().filter_map(|(name, fact)| Some((name, fact?)));
                    line.facts.extend(told.map(|(name, fact)| (name.to_owned(), fact)));
                    self.up(line, kept, at, firmware.as_deref()).await?;
                }
                Output::Dead { reason } => return Err(PortError::Dead(reason).into()),
                other => self.hand_over(other).await?,
            }
        }
        Ok(())
    }

    async fn hand_over(&self, output: Output) -> Result<(), Stop> {
        match output {
            Output::Scan { at, scan, raw } => {
                let value = ReadValue::Scan(scan);
                let read = Read { device: self.device.clone(), at, value, raw };
                self.send(DeviceEvent::Reads(vec![read])).await
            }
            Output::Gap { from, to, reason } => self.gap(from, to, reason).await,
            Output::Send(_) | Output::Ready { .. } | Output::Dead { .. } => Ok(()),
        }
    }

    /// A port that takes nothing for long is as good as gone.
    async fn write(&self, port: &mut SerialStream, bytes: &[u8]) -> Result<(), PortError> {
        let failed = |reason: String| {
            let path = self.settings.path.display().to_string();
            PortError::Write { path, reason }
        };
        match timeout(WRITE_WAIT, port.write_all(bytes)).await {
            Ok(written) => written.map_err(|error| failed(error.to_string())),
            Err(_) => Err(failed(format!("not taken within {} ms", WRITE_WAIT.as_millis()))),
        }
    }

    async fn gap(&self, from: Stamp, to: Stamp, reason: String) -> Result<(), Stop> {
        tracing::warn!(device = %self.device, %reason, "gap");
        self.send(DeviceEvent::Gap { device: self.device.clone(), from, to, reason }).await
    }

    async fn state(&self, state: DeviceState) -> Result<(), Stop> {
        self.send(DeviceEvent::State { device: self.device.clone(), state }).await
    }

    /// Waits for room in the channel.
    async fn send(&self, event: DeviceEvent) -> Result<(), Stop> {
        self.events.send(event).await.map_err(|_| Stop)
    }
}

/// Why a port's life ended.
enum Ended {
    Stop,
    Port(PortError),
}

impl From<Stop> for Ended {
    fn from(_: Stop) -> Self {
        Self::Stop
    }
}

impl From<PortError> for Ended {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

/// EIO and ENODEV (Linux) are how a hung-up terminal or a pulled USB plug is told.
fn is_unplugged(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(5 | 19))
}
