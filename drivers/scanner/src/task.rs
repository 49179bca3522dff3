//! The async shell: opens the port, moves bytes into the session and its outputs to the intake.
//!
//! Invariants: one bad port is retried for ever with back-off and never ends the task; sending
//! waits for room; after `stop` the task ends within `GOODBYE`. The kernel tells an unplugged port
//! at once (end of file, EIO, ENODEV), so an outage's gap begins when it was told.

use std::{io, path::Path, sync::Arc, time::Duration};

use gatewarden_model::{
    Backoff, Clock, DeviceEvent, DeviceId, DeviceState, Read, ReadValue, Stamp,
};
use tokio::{io::AsyncReadExt, sync::mpsc, time::sleep};
use tokio_serial::{SerialPortBuilderExt, SerialStream};
use tokio_util::sync::CancellationToken;

use crate::{
    Settings, identity,
    session::{Output, Session},
};

/// How long a full channel may hold up the end of the task after `stop`.
const GOODBYE: Duration = Duration::from_millis(1_000);

/// Bytes taken from the port at once.
const READ_BYTES_MAX: usize = 1_024;

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
}

/// The task was told to stop, or nobody listens any more.
struct Stop;

/// Serves one scanner until `stop`: opens the port, reports scans, gaps and states, reconnects.
pub async fn run(
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    stop: CancellationToken,
) {
    let task = Task { device, settings, clock, events, stop };
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
    stop: CancellationToken,
}

impl Task {
    async fn serve(&self) -> Stop {
        let mut backoff = Backoff::default();
        let mut blind_since: Option<Stamp> = None;
        loop {
            let begun = self.clock.now();
            let error = match self.connection(backoff.attempt(), &mut blind_since).await {
                Ok(Stop) | Err(Ended::Stop) => return Stop,
                Err(Ended::Port(error)) => error,
            };
            let now = self.clock.now();
            blind_since.get_or_insert(now);
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
    async fn connection(
        &self,
        attempt: u32,
        blind_since: &mut Option<Stamp>,
    ) -> Result<Stop, Ended> {
        self.state(DeviceState::Connecting { attempt }).await?;
        let mut port = self.open()?;
        if let Some(from) = blind_since.take() {
            let reason = "the scanner was not connected".to_owned();
            self.gap(from, self.clock.now(), reason).await?;
        }
        let facts = identity::facts(&self.settings.path, Path::new(identity::SYSFS));
        let (device, at) = (self.device.clone(), self.clock.now());
        self.send(DeviceEvent::Identity { device, facts, at }).await?;
        let detail = format!("serial port {}", self.settings.path.display());
        self.state(DeviceState::Up { detail }).await?;
        let mut session = Session::new(&self.settings);
        let ended = self.pump(&mut port, &mut session).await;
        session.handle_end(self.clock.now());
        self.drain(&mut session).await?;
        ended
    }

    fn open(&self) -> Result<SerialStream, PortError> {
        let path = self.settings.path.to_string_lossy().into_owned();
        tokio_serial::new(path.clone(), self.settings.baud)
            .open_native_async()
            .map_err(|error| PortError::Open { path, reason: error.to_string() })
    }

    async fn pump(&self, port: &mut SerialStream, session: &mut Session) -> Result<Stop, Ended> {
        let mut buffer = [0u8; READ_BYTES_MAX];
        loop {
            let due = session.poll_timeout();
            let path = || self.settings.path.display().to_string();
            tokio::select! {
                () = self.stop.cancelled() => return Ok(Stop),
                read = port.read(&mut buffer) => match read {
                    Ok(0) => return Err(PortError::Unplugged { path: path() }.into()),
                    Ok(n) => session.handle_bytes(self.clock.now(), &buffer[..n]),
                    Err(e) if is_unplugged(&e) => {
                        return Err(PortError::Unplugged { path: path() }.into());
                    }
                    Err(source) => return Err(PortError::Read { path: path(), source }.into()),
                },
                () = self.sleep_until(due) => session.handle_timeout(self.clock.now()),
            }
            self.drain(session).await?;
        }
    }

    /// Waits until a moment of the monotonic clock; for ever without one.
    async fn sleep_until(&self, due_us: Option<u64>) {
        let Some(due_us) = due_us else { return std::future::pending().await };
        let wait_us = due_us.saturating_sub(self.clock.now().mono_us);
        sleep(Duration::from_micros(wait_us.max(1_000))).await;
    }

    async fn drain(&self, session: &mut Session) -> Result<(), Stop> {
        while let Some(output) = session.poll_output() {
            match output {
                Output::Scan { at, scan, raw } => {
                    let value = ReadValue::Scan(scan);
                    let read = Read { device: self.device.clone(), at, value, raw };
                    self.send(DeviceEvent::Reads(vec![read])).await?;
                }
                Output::Gap { from, to, reason } => self.gap(from, to, reason).await?,
            }
        }
        Ok(())
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
