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
    link::{Incoming, Link},
    session::{SEEK_US, Session, SessionEvent},
    settings::{Channel, Settings},
};

/// From `stop` to the return, in milliseconds.
pub const STOP_MS_MAX: u64 = 2_000;
/// How long a session must have been up for the next wait to be the first step again.
const HEALTHY_US_MIN: u64 = 5_000_000;
/// How long the last words may take.
const LAST_WORD_MS_MAX: u64 = 100;
/// How long the reader may take to stop when we go.
const GOODBYE_MS_MAX: u64 = 1_000;

/// Reads that may wait until the reader has told who it is; more are a gap.
const EARLY_READS_MAX: usize = 10_000;

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
    let opened = clock.now();
    let first_id = opened.wall_us.unsigned_abs();
    let session = Session::new(settings.clone(), first_id);
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
        session,
        opened,
        identified: false,
        early: Vec::new(),
        beyond: 0,
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
    session: Session,
    /// When the connection was made.
    opened: Stamp,
    /// Whether the reader has told who it is on this connection.
    identified: bool,
    /// Reads before that.
    early: Vec<Read>,
    /// How many more there were.
    beyond: u64,
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
        let stop = self.stop.clone();
        let opened = tokio::select! {
            opened = Link::open(&self.settings) => opened,
            () = stop.cancelled() => return Ok(None),
        };
        let mut link = match opened {
            Ok(link) => link,
            Err(reason) => return Ok(Some(reason)),
        };
        self.opened = self.clock.now();
        let limit_us = self.opened.mono_us + self.settings.time_out_ms * 1_000;
        let mut subscribed = false;
        loop {
            let now_us = self.clock.now().mono_us;
            let until_us = if subscribed { self.session.deadline_us() } else { Some(limit_us) };
            let wait =
                Duration::from_micros(until_us.map_or(now_us, |us| us.saturating_sub(now_us)));
            let mut ended = None;
            tokio::select! {
                next = link.next() => match next {
                    Ok(Incoming::Nothing) => {}
                    Ok(Incoming::Subscribed) => {
                        subscribed = true;
                        self.session.handle_connected(self.clock.now().mono_us);
                    }
                    Ok(Incoming::Message(channel, payload)) => {
                        self.session.handle_payload(self.clock.now().mono_us, channel, &payload);
                    }
                    Err(reason) => ended = Some(reason),
                },
                () = sleep(wait) => match subscribed {
                    true => self.session.handle_time(self.clock.now().mono_us),
                    false => ended = Some("the broker does not answer in time".to_owned()),
                },
                () = stop.cancelled() => {
                    self.good_bye(link).await;
                    return Ok(None);
                }
            }
            while let Some((channel, payload)) = self.session.poll_output() {
                if let Err(reason) = link.publish(channel, payload) {
                    ended.get_or_insert(reason);
                }
            }
            let down = self.tell().await?;
            if let Some(reason) = ended.or(down) {
                self.session.handle_disconnect();
                self.unidentified().await?;
                return Ok(Some(reason));
            }
        }
    }

    async fn good_bye(&mut self, mut link: Link) {
        let (channel, payload) = self.session.stop_command();
        if self.up_since_us.is_none() || link.publish(channel, payload).is_err() {
            return;
        }
        let answered = async {
            while let Ok(next) = link.next().await {
                if matches!(next, Incoming::Message(Channel::ControlAnswer, _)) {
                    return;
                }
            }
        };
        let _ = timeout(Duration::from_millis(GOODBYE_MS_MAX), answered).await;
    }

    /// Passes the session's events on; gives why the reader no longer reads, if so.
    async fn tell(&mut self) -> Result<Option<String>, IntakeGone> {
        let now = self.clock.now();
        let mut reads = Vec::new();
        let mut down = None;
        while let Some(event) = self.session.poll_event() {
            if let SessionEvent::Read { tag, raw } = event {
                let (device, value) = (self.device.clone(), ReadValue::Tag(tag));
                reads.push(Read { device, at: now, value, raw });
                continue;
            }
            self.flush(&mut reads).await?;
            match event {
                SessionEvent::Identity(reader) => {
                    let address = format!("{}:{}", self.settings.host, self.settings.port);
                    let (device, facts) = (self.device.clone(), reader.facts(&address));
                    self.send(DeviceEvent::Identity { device, facts, at: self.opened }).await?;
                    self.identified = true;
                    let mut early = std::mem::take(&mut self.early);
                    self.flush(&mut early).await?;
                }
                SessionEvent::Up(reader) => self.up(reader.summary()).await?,
                SessionEvent::Input { port, on } => {
                    let device = self.device.clone();
                    self.send(DeviceEvent::Input { device, port, on, at: now }).await?;
                }
                SessionEvent::Gap { reason } => {
                    self.gap(self.good.unwrap_or(now), now, reason).await?
                }
                SessionEvent::Note(text) => tracing::info!(device = %self.device, "{text}"),
                SessionEvent::Down { reason } => down = Some(reason),
                SessionEvent::Lost { reason } => self.lost(reason).await?,
                SessionEvent::Read { .. } => {}
            }
        }
        self.flush(&mut reads).await?;
        let heard = self.session.heard_us() > self.good.map_or(0, |good| good.mono_us);
        if self.session.is_running() && heard {
            self.good = Some(now);
        }
        Ok(down)
    }

    /// The reader is silent or was stopped; the session seeks it on this connection.
    async fn lost(&mut self, reason: String) -> Result<(), IntakeGone> {
        let retry_in_ms = SEEK_US / 1_000;
        tracing::warn!(device = %self.device, retry_in_ms, "reader lost: {reason}");
        self.up_since_us = None;
        self.outage.get_or_insert_with(|| reason.clone());
        self.unidentified().await?;
        self.opened = self.clock.now();
        self.state(DeviceState::Down { reason, retry_in_ms }).await
    }

    /// The connection is over, or the reader is lost: what came from a reader that never told who it is counts for nothing.
    async fn unidentified(&mut self) -> Result<(), IntakeGone> {
        self.identified = false;
        let (early, beyond) = (std::mem::take(&mut self.early), std::mem::take(&mut self.beyond));
        let count = early.len() as u64 + beyond;
        let Some(first) = early.first() else { return Ok(()) };
        let reason = format!("{count} reads of a reader that did not tell who it is");
        self.gap(first.at, self.clock.now(), reason).await
    }

    async fn up(&mut self, detail: String) -> Result<(), IntakeGone> {
        let now = self.clock.now();
        if let (Some(from), Some(reason)) = (self.good, self.outage.take()) {
            self.gap(from, now, reason).await?;
        }
        self.outage = None;
        self.good = Some(now);
        self.up_since_us = Some(now.mono_us);
        self.state(DeviceState::Up { detail }).await?;
        match std::mem::take(&mut self.beyond) {
            0 => Ok(()),
            n => {
                self.gap(
                    self.opened,
                    now,
                    format!("{n} reads came before the reader told who it is"),
                )
                .await
            }
        }
    }

    async fn flush(&mut self, reads: &mut Vec<Read>) -> Result<(), IntakeGone> {
        if !self.identified {
            let room = EARLY_READS_MAX.saturating_sub(self.early.len()).min(reads.len());
            self.beyond += (reads.len() - room) as u64;
            self.early.extend(reads.drain(..room));
            reads.clear();
        }
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
