//! The async shell: opens the keyboard, moves its events into the session and the outputs to the intake.
//!
//! Invariants: a missing keyboard is looked for with back-off for ever; sending waits for room; after `stop` the
//! task ends within [`GOODBYE`]. Events that the kernel could not keep are told by itself (SYN_DROPPED).

use std::{io, sync::Arc, time::Duration};

use gatewarden_model::{
    Backoff, Clock, DeviceEvent, DeviceId, DeviceState, Read, ReadValue, Stamp,
};
use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver, sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    Settings,
    codec::{EVENT_BYTES, Reading},
    device::{Bus, Machine, Opened},
    session::{Output, Session},
};

/// How long a full channel may hold up the end of the task after `stop`.
const GOODBYE: Duration = Duration::from_millis(1_000);

/// Events taken at once.
const EVENTS_MAX: usize = 64;

/// A keyboard that stayed this long, in microseconds, was healthy: the back-off starts anew.
const HEALTHY_US: u64 = 2_000_000;

/// Serves one scanner until `stop`: finds it, reports scans, gaps and states, finds it again.
pub async fn run(
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    stop: CancellationToken,
) {
    run_on(Machine(settings.which.clone()), device, settings, clock, events, stop).await;
}

/// The same on another bus than the machine's own.
pub async fn run_on(
    bus: impl Bus,
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    stop: CancellationToken,
) {
    let mut task = Task { bus: Some(bus), device, settings, clock, events, stop: stop.clone() };
    let device = task.device.clone();
    let whole = async {
        let Stop = task.serve().await;
        task.state(DeviceState::Stopped).await.ok();
    };
    tokio::select! {
        biased;
        () = whole => {}
        () = async { stop.cancelled().await; sleep(GOODBYE).await } => {
            tracing::error!(%device, "the channel stayed full: the last events were not handed over");
        }
    }
}

/// The task was told to stop, or nobody listens any more.
struct Stop;

/// Why a life of the keyboard ended.
enum Ended {
    Stop,
    Down(String),
}

impl From<Stop> for Ended {
    fn from(_: Stop) -> Self {
        Self::Stop
    }
}

struct Task<B> {
    /// Absent only while it is opening.
    bus: Option<B>,
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    stop: CancellationToken,
}

impl<B: Bus> Task<B> {
    async fn serve(&mut self) -> Stop {
        let mut backoff = Backoff::default();
        let mut blind_since: Option<Stamp> = None;
        loop {
            let begun = self.clock.now();
            let reason = match self.life(backoff.attempt(), &mut blind_since).await {
                Ended::Stop => return Stop,
                Ended::Down(reason) => reason,
            };
            let now = self.clock.now();
            blind_since.get_or_insert(now);
            if now.us_since(&begun) >= HEALTHY_US {
                backoff.reset();
            }
            let retry_in_ms = backoff.fail(now.mono_us);
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

    /// One life of the keyboard, from looking for it to its end.
    async fn life(&mut self, attempt: u32, blind_since: &mut Option<Stamp>) -> Ended {
        match self.connection(attempt, blind_since).await {
            Ok(ended) | Err(ended) => ended,
        }
    }

    async fn connection(
        &mut self,
        attempt: u32,
        blind_since: &mut Option<Stamp>,
    ) -> Result<Ended, Ended> {
        self.state(DeviceState::Connecting { attempt }).await?;
        let Opened { name, facts, events } = self.open().await?;
        // What is asked of it is only that it can be read and waited for, as a pipe.
        let events = Receiver::from_file_unchecked(events);
        let mut events = events.map_err(|error| Ended::Down(gone(&error)))?;
        if let Some(from) = blind_since.take() {
            let reason = "the scanner was not connected".to_owned();
            self.gap(from, self.clock.now(), reason).await?;
        }
        let (device, at) = (self.device.clone(), self.clock.now());
        self.send(DeviceEvent::Identity { device, facts, at }).await?;
        self.state(DeviceState::Up { detail: format!("keyboard {name}") }).await?;
        let mut session = Session::new(&self.settings);
        let ended = self.pump(&mut events, &mut session).await;
        session.handle_end(self.clock.now());
        self.drain(&mut session).await?;
        ended
    }

    /// Looking through all nodes takes its time, so a thread for such things does it.
    async fn open(&mut self) -> Result<Opened, Ended> {
        let Some(mut bus) = self.bus.take() else { return Err(Ended::Stop) };
        let opened = tokio::task::spawn_blocking(move || {
            let opened = bus.open();
            (bus, opened)
        });
        match opened.await {
            Ok((bus, opened)) => {
                self.bus = Some(bus);
                opened.map_err(|error| Ended::Down(error.to_string()))
            }
            // It panicked, or the runtime ends: without a bus nothing is left to do.
            Err(_) => Err(Ended::Stop),
        }
    }

    async fn pump(&self, events: &mut Receiver, session: &mut Session) -> Result<Ended, Ended> {
        let mut reading = Reading::default();
        let mut buffer = [0u8; EVENT_BYTES * EVENTS_MAX];
        loop {
            let due = session.poll_timeout();
            tokio::select! {
                () = self.stop.cancelled() => return Ok(Ended::Stop),
                read = events.read(&mut buffer) => match read {
                    Ok(0) => {
                        return Ok(Ended::Down(gone(&io::ErrorKind::UnexpectedEof.into())));
                    }
                    Ok(count) => {
                        let now = self.clock.now();
                        reading.push(&buffer[..count], |event| session.handle_event(now, event));
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Ok(Ended::Down(gone(&error))),
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

fn gone(error: &io::Error) -> String {
    format!("the scanner was unplugged ({error}); it is used again as soon as it is back")
}
