//! The async shell of a reader: connects, reconnects, and tells the intake in the model's words.
//!
//! Invariants: no read is dropped, sending waits while the channel is full; who the reader is comes before anything
//! that was read; every outage after the first good moment becomes one gap; `Stopped` is the last state.

use std::{sync::Arc, time::Duration};

use gatewarden_model::{
    Backoff, Clock, DeviceEvent, DeviceId, DeviceState, Read, ReadValue, Stamp,
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    api::Api,
    session::{Session, SessionEvent},
    settings::Settings,
};

/// From `stop` to the return, in milliseconds.
pub const STOP_MS_MAX: u64 = 2_000;
/// How long a session must have been up for the next wait to be the first step again.
const HEALTHY_US_MIN: u64 = 5_000_000;
/// How long the last words may take.
const LAST_WORD_MS_MAX: u64 = 100;
/// How long the reader may take to stop when we go.
const GOODBYE_MS_MAX: u64 = 1_000;

/// The intake is gone: there is nobody to read for.
struct IntakeGone;

/// Runs one reader until `stop`, and returns within [`STOP_MS_MAX`] after it.
pub async fn run(
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    stop: CancellationToken,
) {
    let mut driver = Driver {
        device: device.clone(),
        settings,
        clock,
        events: events.clone(),
        stop: stop.clone(),
        backoff: Backoff::default(),
        good: None,
        outage: None,
        up_since_us: None,
    };
    tokio::select! {
        ended = driver.drive() => if ended.is_err() { stop.cancelled().await },
        () = async { stop.cancelled().await; sleep(Duration::from_millis(STOP_MS_MAX)).await } => {}
    }
    let last = DeviceEvent::State { device, state: DeviceState::Stopped };
    // An intake that takes nothing for this long is stopping itself.
    let _ = timeout(Duration::from_millis(LAST_WORD_MS_MAX), events.send(last)).await;
}

struct Driver {
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    stop: CancellationToken,
    backoff: Backoff,
    /// When the reader was last heard while it read for us.
    good: Option<Stamp>,
    /// Why it stopped reading for us, since `good`.
    outage: Option<String>,
    up_since_us: Option<u64>,
}

impl Driver {
    /// Until `stop` (`Ok`) or until nobody listens.
    async fn drive(&mut self) -> Result<(), IntakeGone> {
        while !self.stop.is_cancelled() {
            self.state(DeviceState::Connecting { attempt: self.backoff.attempt() }).await?;
            let Some(reason) = self.connection().await? else { return Ok(()) };
            let now_us = self.clock.now().mono_us;
            let up_us = self.up_since_us.take().map(|since| now_us.saturating_sub(since));
            if up_us.is_some_and(|us| us >= HEALTHY_US_MIN) {
                self.backoff.reset();
            }
            let retry_in_ms = self.backoff.fail(now_us);
            tracing::warn!(device = %self.device, retry_in_ms, "reader down: {reason}");
            self.outage.get_or_insert_with(|| reason.clone());
            self.state(DeviceState::Down { reason, retry_in_ms }).await?;
            tokio::select! {
                () = sleep(Duration::from_millis(retry_in_ms)) => {}
                () = self.stop.cancelled() => {}
            }
        }
        Ok(())
    }

    /// One connection; `Some` is why it ended, `None` that we ended it.
    async fn connection(&mut self) -> Result<Option<String>, IntakeGone> {
        let api = match Api::new(&self.settings) {
            Ok(api) => api,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let opened = self.clock.now();
        let stop = self.stop.clone();
        let opening = async {
            let identity = api.identity().await?;
            // What ran before ends before the stream, which would tell of that end; and the stream is there
            // before the start, so that nothing after it is missed.
            api.stop().await?;
            let stream = api.stream().await?;
            api.start().await?;
            Ok::<_, crate::api::ApiError>((identity, stream))
        };
        let (identity, mut stream) = tokio::select! {
            opened = opening => match opened {
                Ok(opened) => opened,
                Err(error) => return Ok(Some(error.to_string())),
            },
            () = stop.cancelled() => return Ok(None),
        };
        let (device, facts) = (self.device.clone(), identity.facts(&self.settings.url));
        self.send(DeviceEvent::Identity { device, facts, at: opened }).await?;
        self.up(identity.summary()).await?;
        let mut session = Session::new(self.settings.silence_ms, self.clock.now().mono_us);
        loop {
            let now_us = self.clock.now().mono_us;
            let silence = Duration::from_micros(session.deadline_us().saturating_sub(now_us));
            let ended = tokio::select! {
                chunk = stream.chunk() => match chunk {
                    Ok(Some(bytes)) => {
                        session.handle_bytes(self.clock.now().mono_us, &bytes);
                        None
                    }
                    Ok(None) => Some("the reader ended its stream".to_owned()),
                    Err(_) => Some("the reader's stream broke".to_owned()),
                },
                () = sleep(silence) => {
                    Some(format!("no keep-alive: nothing heard for {} ms", self.settings.silence_ms))
                }
                () = stop.cancelled() => {
                    let _ = timeout(Duration::from_millis(GOODBYE_MS_MAX), api.stop()).await;
                    return Ok(None);
                }
            };
            if ended.is_some() {
                session.handle_end();
            }
            let mut idle = self.tell(&mut session).await?;
            if idle.is_some() && ended.is_none() {
                // The stream may tell late what was before the start: the reader's word on now counts.
                idle = match api.status().await {
                    Ok(status) if Api::reads(&status) => None,
                    Ok(status) => Some(format!("the reader is {status}: somebody stopped it")),
                    Err(error) => Some(error.to_string()),
                };
            }
            if let Some(reason) = ended.or(idle) {
                return Ok(Some(reason));
            }
        }
    }

    /// Passes the session's events on; gives why the reader no longer reads, if so.
    async fn tell(&mut self, session: &mut Session) -> Result<Option<String>, IntakeGone> {
        let now = self.clock.now();
        let mut reads = Vec::new();
        let mut idle = None;
        while let Some(event) = session.poll_event() {
            if let SessionEvent::Read { tag, raw } = event {
                let (device, value) = (self.device.clone(), ReadValue::Tag(tag));
                reads.push(Read { device, at: now, value, raw });
                continue;
            }
            self.flush(&mut reads).await?;
            match event {
                SessionEvent::Input { port, on } => {
                    let device = self.device.clone();
                    self.send(DeviceEvent::Input { device, port, on, at: now }).await?;
                }
                SessionEvent::Gap { since_us, reason } => {
                    let from = since_us.map_or(self.good.unwrap_or(now), |us| earlier(now, us));
                    self.gap(from, now, reason).await?;
                }
                SessionEvent::Note(text) => tracing::info!(device = %self.device, "{text}"),
                SessionEvent::Idle { status } => {
                    idle = Some(format!("the reader's inventory is {status}"));
                }
                SessionEvent::Read { .. } => {}
            }
        }
        self.flush(&mut reads).await?;
        if idle.is_none() && session.heard_us() > self.good.map_or(0, |good| good.mono_us) {
            self.good = Some(now);
        }
        Ok(idle)
    }

    async fn up(&mut self, detail: String) -> Result<(), IntakeGone> {
        let now = self.clock.now();
        if let (Some(from), Some(reason)) = (self.good, self.outage.take()) {
            self.gap(from, now, reason).await?;
        }
        self.outage = None;
        self.good = Some(now);
        self.up_since_us = Some(now.mono_us);
        self.state(DeviceState::Up { detail }).await
    }

    async fn flush(&self, reads: &mut Vec<Read>) -> Result<(), IntakeGone> {
        match reads.is_empty() {
            true => Ok(()),
            false => self.send(DeviceEvent::Reads(std::mem::take(reads))).await,
        }
    }

    async fn gap(&self, from: Stamp, to: Stamp, reason: String) -> Result<(), IntakeGone> {
        tracing::warn!(device = %self.device, "gap: {reason}");
        self.send(DeviceEvent::Gap { device: self.device.clone(), from, to, reason }).await
    }

    async fn state(&self, state: DeviceState) -> Result<(), IntakeGone> {
        self.send(DeviceEvent::State { device: self.device.clone(), state }).await
    }

    async fn send(&self, event: DeviceEvent) -> Result<(), IntakeGone> {
        self.events.send(event).await.map_err(|_| IntakeGone)
    }
}

/// A stamp at an earlier monotonic time of the same boot.
fn earlier(now: Stamp, mono_us: u64) -> Stamp {
    let ago_us = now.mono_us.saturating_sub(mono_us);
    Stamp {
        mono_us: now.mono_us - ago_us,
        wall_us: now.wall_us.saturating_sub_unsigned(ago_us),
        ..now
    }
}
