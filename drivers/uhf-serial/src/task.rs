//! The async shell: opens the port, moves bytes into the session and its outputs to the intake.
//!
//! Invariants: one bad port or module is tried again for ever with back-off and never ends the task; sending waits
//! for room; identity is told on every connection before its reads; an outage after the first good moment is one gap,
//! told when the module reads again; after `stop` the task ends within `GOODBYE`. Absent: what the bytes mean.

use std::{path::Path, sync::Arc, time::Duration};

use gatewarden_model::{
    Backoff, Clock, DeviceEvent, DeviceId, DeviceState, Read, ReadValue, Stamp,
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_serial::SerialStream;
use tokio_util::sync::CancellationToken;

use crate::{
    Settings, identity,
    port::{Step, named, obey, open, step},
    session::{Found, Output, Session},
};

/// How long a full channel may hold up the end of the task after `stop`.
const GOODBYE: Duration = Duration::from_millis(1_500);
/// Bytes taken from the port at once.
const READ_BYTES_MAX: usize = 1_024;
/// A module that read this long, in microseconds, was healthy: the back-off starts anew.
const HEALTHY_US: u64 = 2_000_000;
/// Longest wait before the next try, in milliseconds: the port is ours alone, and a module that is back is to be
/// used within two seconds.
const RETRY_MS_MAX: u64 = 1_000;
/// How often a port that is gone is looked for.
const LOOK: Duration = Duration::from_millis(200);
/// How long a port that just came is left to those who set its rights (udev).
const SETTLE: Duration = Duration::from_millis(100);

/// The task was told to stop, or nobody listens any more.
struct Stop;

/// Serves one module until `stop`: opens the port, finds and sets up the module, reports reads, gaps and states.
pub async fn run(
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    stop: CancellationToken,
) {
    let mut task = Task {
        device: device.clone(),
        settings,
        clock,
        events: events.clone(),
        stop: stop.clone(),
        found: None,
        good: None,
        outage: None,
        up_since: None,
    };
    tokio::select! {
        biased;
        _ = task.serve() => {}
        () = async { stop.cancelled().await; sleep(GOODBYE).await } => {
            tracing::error!(%device, "the channel stayed full: the last events were not handed over");
        }
    }
    let last = DeviceEvent::State { device, state: DeviceState::Stopped };
    // An intake that takes nothing for this long is stopping itself.
    let _ = timeout(Duration::from_millis(100), events.send(last)).await;
}

struct Task {
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    stop: CancellationToken,
    found: Option<Found>,
    /// When the module was last heard while it read for us.
    good: Option<Stamp>,
    /// Why it stopped reading, since `good`.
    outage: Option<String>,
    up_since: Option<Stamp>,
}

impl Task {
    async fn serve(&mut self) -> Stop {
        let mut backoff = Backoff::default();
        loop {
            if self.state(DeviceState::Connecting { attempt: backoff.attempt() }).await.is_err() {
                return Stop;
            }
            let reason = match self.connection().await {
                Ok(Some(reason)) => reason,
                Ok(None) | Err(Stop) => return Stop,
            };
            let now = self.clock.now();
            if self.up_since.take().is_some_and(|since| now.us_since(&since) >= HEALTHY_US) {
                backoff.reset();
            }
            self.outage.get_or_insert_with(|| reason.clone());
            let retry_in_ms = backoff.fail(now.mono_us).min(RETRY_MS_MAX);
            tracing::warn!(device = %self.device, %reason, retry_in_ms, "module down");
            if self.state(DeviceState::Down { reason, retry_in_ms }).await.is_err() {
                return Stop;
            }
            tokio::select! {
                () = self.stop.cancelled() => return Stop,
                () = self.pause(Duration::from_millis(retry_in_ms)) => {}
            }
        }
    }

    /// Waits as long, less where a port that is gone comes back meanwhile.
    async fn pause(&self, longest: Duration) {
        let path = &self.settings.path;
        let back = async {
            if path.exists() {
                return std::future::pending().await;
            }
            while !path.exists() {
                sleep(LOOK).await;
            }
            sleep(SETTLE).await;
        };
        // Either way it is time for the next try.
        let _ = timeout(longest, back).await;
    }

    /// One life of the port; `Some` is why it ended, `None` that we ended it.
    async fn connection(&mut self) -> Result<Option<String>, Stop> {
        let mut port = match open(&self.settings) {
            Ok(port) => port,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let opened = self.clock.now();
        let mut session = Session::new(self.settings.clone(), self.found, opened);
        let mut buffer = [0u8; READ_BYTES_MAX];
        let mut closing = false;
        loop {
            match self.drain(&mut port, &mut session, opened).await? {
                Some(Ended::Closed) => return Ok(None),
                Some(Ended::Down(reason)) => return Ok((!closing).then_some(reason)),
                None => {}
            }
            let clock = Arc::clone(&self.clock);
            let stepped =
                step(&mut port, &mut session, &mut buffer, &clock, &self.stop, closing).await;
            match stepped {
                Ok(Step::Stop) => {
                    closing = true;
                    session.close(self.clock.now());
                }
                Ok(Step::Moved) => {}
                Err(error) => {
                    session.handle_end(self.clock.now());
                    self.drain(&mut port, &mut session, opened).await?;
                    let error = named(&self.settings, error);
                    return Ok((!closing).then(|| error.to_string()));
                }
            }
        }
    }

    /// Does and tells what the session wants; gives how it ended.
    async fn drain(
        &mut self,
        port: &mut SerialStream,
        session: &mut Session,
        opened: Stamp,
    ) -> Result<Option<Ended>, Stop> {
        let mut reads = Vec::new();
        while let Some(output) = session.poll_output() {
            if let Output::Tags { at, tags, raw } = output {
                self.good = Some(at);
                let device = &self.device;
                reads.extend(tags.into_iter().map(|tag| Read {
                    device: device.clone(),
                    at,
                    value: ReadValue::Tag(tag),
                    raw,
                }));
                continue;
            }
            self.flush(&mut reads).await?;
            match output {
                Output::Up { module, found } => self.up(module, found, opened).await?,
                Output::Gap { from, to, reason } => self.gap(from, to, reason).await?,
                Output::Down { reason } => return Ok(Some(Ended::Down(reason))),
                Output::Closed => return Ok(Some(Ended::Closed)),
                order => {
                    if let Err(error) = obey(port, order).await {
                        let error = named(&self.settings, error);
                        return Ok(Some(Ended::Down(error.to_string())));
                    }
                }
            }
        }
        self.flush(&mut reads).await?;
        if session.is_reading() {
            self.good = Some(session.last_good());
        }
        Ok(None)
    }

    async fn up(
        &mut self,
        module: crate::ModuleInfo,
        found: Found,
        opened: Stamp,
    ) -> Result<(), Stop> {
        self.found = Some(found);
        let now = self.clock.now();
        let facts = identity::facts(&self.settings.path, Path::new(identity::SYSFS));
        let facts = identity::with_module(facts, &module);
        let device = self.device.clone();
        self.send(DeviceEvent::Identity { device, facts, at: opened }).await?;
        if let (Some(from), Some(reason)) = (self.good, self.outage.take()) {
            self.gap(from, now, format!("the module did not read: {reason}")).await?;
        }
        self.outage = None;
        self.good = Some(now);
        self.up_since = Some(now);
        let name = found.protocol.name();
        let detail = format!("{}, {name} at {} baud", module.summary(), found.baud);
        self.state(DeviceState::Up { detail }).await
    }

    async fn flush(&self, reads: &mut Vec<Read>) -> Result<(), Stop> {
        if reads.is_empty() {
            Ok(())
        } else {
            self.send(DeviceEvent::Reads(std::mem::take(reads))).await
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

/// How a session ended.
enum Ended {
    Closed,
    Down(String),
}
