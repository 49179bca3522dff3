//! One OS thread reads the scanner (hidapi has no pollable handle); the async side judges and sends.
//!
//! Invariants: between them stands a channel of `REPORTS_MAX`, and a full one makes the thread
//! wait, so nothing is dropped here; a missing scanner is looked for every `SEARCH_MS`; a state is
//! told when it changes; after `stop` the task ends within `GOODBYE`.

use std::{sync::Arc, thread, time::Duration};

use gatewarden_model::{
    Clock, DeviceEvent, DeviceFacts, DeviceId, DeviceState, Read, ReadValue, Stamp,
};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    Settings,
    descriptor::{Layout, parse_descriptor},
    device::{Bus, Opened, UsbBus},
    session::{Output, Session},
};

/// How often a missing scanner is looked for, in milliseconds.
const SEARCH_MS: u64 = 2_000;

/// Reports that may wait between the thread and the async side.
const REPORTS_MAX: usize = 64;

/// How long a full channel may hold up the end of the task after `stop`.
const GOODBYE: Duration = Duration::from_millis(1_000);

/// Serves one scanner until `stop`: finds it, reports scans, gaps and states, finds it again.
pub async fn run(
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    stop: CancellationToken,
) {
    run_on(UsbBus(settings), SEARCH_MS, device, clock, events, stop).await;
}

/// What the thread tells.
enum Incoming {
    Opened(String, DeviceFacts, Vec<Layout>, Stamp),
    Report(Stamp, Vec<u8>),
    Failed(String),
}

/// The same on another bus than USB; a missing scanner is looked for every `search_ms`.
pub async fn run_on(
    bus: impl Bus,
    search_ms: u64,
    device: DeviceId,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    stop: CancellationToken,
) {
    let (sender, incoming) = mpsc::channel(REPORTS_MAX);
    let reader = Reader { bus, search_ms, clock: clock.clone(), sender, stop: stop.clone() };
    let began = clock.now();
    let mut task = Task {
        device: device.clone(),
        search_ms,
        clock,
        events,
        session: Session::default(),
        told: None,
        blind_since: None,
        began,
    };
    let spawned = thread::Builder::new().name(format!("hid-{device}")).spawn(|| reader.serve());
    let whole = async {
        match spawned {
            Ok(_) => task.serve(incoming).await.ok(),
            Err(e) => task.hopeless(format!("failed to start a thread: {e}"), &stop).await.ok(),
        };
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

/// The thread.
struct Reader<B> {
    bus: B,
    search_ms: u64,
    clock: Arc<dyn Clock>,
    sender: mpsc::Sender<Incoming>,
    stop: CancellationToken,
}

/// The task was told to stop, or nobody listens any more.
struct Stop;

impl<B: Bus> Reader<B> {
    fn serve(mut self) {
        while !self.stop.is_cancelled() {
            let Ok(()) = self.life() else { return };
            self.pause();
        }
    }

    /// One life of the device, from looking for it to its end.
    fn life(&mut self) -> Result<(), Stop> {
        let Opened { name, facts, descriptor, mut port } = match self.bus.open() {
            Ok(opened) => opened,
            Err(error) => return self.tell(Incoming::Failed(error.to_string())),
        };
        let layouts = parse_descriptor(&descriptor).unwrap_or_else(|error| {
            tracing::warn!(%name, %error, "no use of the report descriptor: the makers' common layout is assumed");
            Vec::new()
        });
        self.tell(Incoming::Opened(name, facts, layouts, self.clock.now()))?;
        while !self.stop.is_cancelled() {
            match port.read() {
                Ok(report) if report.is_empty() => {}
                Ok(report) => self.tell(Incoming::Report(self.clock.now(), report))?,
                Err(error) => return self.tell(Incoming::Failed(error.to_string())),
            }
        }
        Err(Stop)
    }

    fn tell(&self, incoming: Incoming) -> Result<(), Stop> {
        self.sender.blocking_send(incoming).map_err(|_| Stop)
    }

    /// Waits until the scanner is looked for again, in steps that notice a stop.
    fn pause(&self) {
        const STEP: Duration = Duration::from_millis(50);
        let mut left = Duration::from_millis(self.search_ms);
        while !left.is_zero() && !self.stop.is_cancelled() {
            thread::sleep(left.min(STEP));
            left = left.saturating_sub(STEP);
        }
    }
}

/// The async side.
struct Task {
    device: DeviceId,
    search_ms: u64,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    session: Session,
    /// The last state told.
    told: Option<DeviceState>,
    /// Since when the scanner is not there.
    blind_since: Option<Stamp>,
    began: Stamp,
}

impl Task {
    /// Ends when the thread has ended and everything it told is handed over.
    async fn serve(&mut self, mut incoming: mpsc::Receiver<Incoming>) -> Result<(), Stop> {
        self.state(DeviceState::Connecting { attempt: 1 }).await?;
        loop {
            let due = self.session.poll_timeout();
            tokio::select! {
                next = incoming.recv() => match next {
                    None => break,
                    Some(next) => self.handle(next).await?,
                },
                () = sleep_until(&*self.clock, due) => self.session.handle_timeout(self.clock.now()),
            }
            self.drain().await?;
        }
        self.session.handle_end(self.clock.now());
        self.drain().await
    }

    async fn handle(&mut self, incoming: Incoming) -> Result<(), Stop> {
        match incoming {
            Incoming::Report(at, report) => {
                self.session.handle_report(at, &report);
                Ok(())
            }
            Incoming::Opened(detail, facts, layouts, at) => {
                self.session = Session::new(layouts);
                let device = self.device.clone();
                self.send(DeviceEvent::Identity { device, facts, at }).await?;
                if let Some(from) = self.blind_since.take() {
                    let reason = "the scanner was not connected".to_owned();
                    self.gap(from, self.clock.now(), reason).await?;
                }
                self.state(DeviceState::Up { detail }).await
            }
            Incoming::Failed(reason) => {
                let now = self.clock.now();
                self.session.handle_end(now);
                self.drain().await?;
                let was_up = matches!(self.told, Some(DeviceState::Up { .. }));
                self.blind_since.get_or_insert(if was_up { now } else { self.began });
                self.state(DeviceState::Down { reason, retry_in_ms: self.search_ms }).await
            }
        }
    }

    async fn drain(&mut self) -> Result<(), Stop> {
        while let Some(output) = self.session.poll_output() {
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

    /// Without a thread nothing can be done: says so and waits for the stop.
    async fn hopeless(&mut self, reason: String, stop: &CancellationToken) -> Result<(), Stop> {
        self.state(DeviceState::Down { reason, retry_in_ms: u64::MAX }).await?;
        stop.cancelled().await;
        Ok(())
    }

    async fn gap(&self, from: Stamp, to: Stamp, reason: String) -> Result<(), Stop> {
        tracing::warn!(device = %self.device, %reason, "gap");
        self.send(DeviceEvent::Gap { device: self.device.clone(), from, to, reason }).await
    }

    /// Tells a state if it is another than the last.
    async fn state(&mut self, state: DeviceState) -> Result<(), Stop> {
        if self.told.as_ref() == Some(&state) {
            return Ok(());
        }
        if let DeviceState::Down { reason, .. } = &state {
            tracing::warn!(device = %self.device, %reason, "scanner down");
        }
        self.told = Some(state.clone());
        self.send(DeviceEvent::State { device: self.device.clone(), state }).await
    }

    /// Waits for room in the channel.
    async fn send(&self, event: DeviceEvent) -> Result<(), Stop> {
        self.events.send(event).await.map_err(|_| Stop)
    }
}

/// Waits until a moment of the monotonic clock; for ever without one.
async fn sleep_until(clock: &dyn Clock, due_us: Option<u64>) {
    let Some(due_us) = due_us else { return std::future::pending().await };
    let wait_us = due_us.saturating_sub(clock.now().mono_us);
    sleep(Duration::from_micros(wait_us.max(1_000))).await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test may fail loudly.
mod tests;
