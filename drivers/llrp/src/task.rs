//! The async shell of a reader: connects, reconnects, and tells the intake in the model's words.
//!
//! Invariants: no read is dropped, sending waits while the channel is full; nothing that was read on a
//! connection is told before who the reader is, and what is never followed by that is a gap; every outage after the
//! first good moment becomes one gap, told when reads come again; `Stopped` is the last state.

use std::{sync::Arc, time::Duration};

use gatewarden_model::{
    Backoff, Clock, DeviceEvent, DeviceId, DeviceState, Hash, Read, ReadValue, Signal, Stamp,
    TagRead,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    access::{AccessError, AccessRequest, Outcome},
    identity::Identity,
    link::{Link, LinkError},
    listen::Doorway,
    session::{Session, SessionEvent, rospec_id},
    settings::{Settings, Trust},
    skew::{JUMP_US_MIN, in_words},
};

/// From `stop` to the return, in milliseconds.
pub const STOP_MS_MAX: u64 = 2_000;
/// How long a session must have been up for the next wait to be the first step again.
const HEALTHY_US_MIN: u64 = 5_000_000;
/// How long the last state may wait for room in the channel.
const LAST_WORD_MS_MAX: u64 = 100;

/// Reads that may wait until the reader has told who it is; more are a gap.
const EARLY_READS_MAX: usize = 10_000;

/// Reads in one event, so that the channel's bound on events is one on memory too.
const EVENT_READS_MAX: usize = 32;

/// The intake is gone: there is nobody to read for.
struct IntakeGone;

/// Where nobody answers it is tried again so soon, in milliseconds, less a quarter by chance: that costs a reader
/// nothing, and one that returns is found within two seconds.
const ABSENT_RETRY_MS: u64 = 1_000;

/// Runs one reader until `stop`, and returns within [`STOP_MS_MAX`] after it.
pub async fn run(
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    stop: CancellationToken,
) {
    let (_, signals) = watch::channel(Signal::Off);
    run_with_lamps(device, settings, clock, events, signals, stop).await;
}

/// What goes to a reader beside what it is asked for by its settings.
pub struct Doors {
    /// The station's signal, shown on the reader's outputs.
    pub signals: watch::Receiver<Signal>,
    /// Work on tags.
    pub access: mpsc::Receiver<AccessRequest>,
}

/// As [`run`], with the station's signal shown on the reader's outputs.
pub async fn run_with_lamps(
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    signals: watch::Receiver<Signal>,
    stop: CancellationToken,
) {
    let (_, access) = mpsc::channel(1);
    run_with_doors(device, settings, clock, events, Doors { signals, access }, stop).await;
}

/// As [`run_with_lamps`], with work on tags: one job at a time, beside the inventory.
pub async fn run_with_doors(
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    Doors { signals, access }: Doors,
    stop: CancellationToken,
) {
    // Begun at the time in milliseconds, so that a reader's late word about the ROSpec of a daemon
    // that was killed is not taken for one about ours.
    let rospec = u16::try_from(clock.now().mono_us / 1000 % (1 << 16)).unwrap_or(0);
    let mut driver = Driver {
        device: device.clone(),
        settings,
        clock,
        events: events.clone(),
        stop: stop.clone(),
        backoff: Backoff::default(),
        rospec,
        good: None,
        outage: None,
        up_since_us: None,
        opened: None,
        early: Early::default(),
        signals,
        signals_open: true,
        access,
        access_open: true,
        answer: None,
        doorway: None,
        key: None,
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
    /// The number of the last ROSpec, another one each session.
    rospec: u16,
    /// When the reader was last heard while it read for us.
    good: Option<Stamp>,
    /// Why it stopped reading for us, since `good`.
    outage: Option<String>,
    up_since_us: Option<u64>,
    /// When the connection was made.
    opened: Option<Stamp>,
    early: Early,
    signals: watch::Receiver<Signal>,
    signals_open: bool,
    access: mpsc::Receiver<AccessRequest>,
    access_open: bool,
    /// Where the outcome of the job under way goes.
    answer: Option<oneshot::Sender<Result<Outcome, AccessError>>>,
    /// The open port, where the reader connects to us.
    doorway: Option<Doorway>,
    /// The digest of the reader's public key, with TLS.
    key: Option<Hash>,
}

/// How a connection ended.
enum Ended {
    /// By us.
    Ours,
    /// Nobody was there.
    Absent(String),
    /// By the reader, or because it is not to be used.
    Lost(String),
}

/// Reads of a reader that has not told yet who it is.
#[derive(Default)]
struct Early {
    reads: Vec<Read>,
    /// How many more there were.
    beyond: u64,
}

impl Driver {
    /// Until `stop` (`Ok`) or until nobody listens.
    async fn drive(&mut self) -> Result<(), IntakeGone> {
        while !self.stop.is_cancelled() {
            self.state(DeviceState::Connecting { attempt: self.backoff.attempt() }).await?;
            let (reason, absent) = match self.connection().await? {
                Ended::Ours => return Ok(()),
                Ended::Absent(reason) => (reason, true),
                Ended::Lost(reason) => (reason, false),
            };
            let now_us = self.now_us();
            let up_us = self.up_since_us.take().map(|since| now_us.saturating_sub(since));
            if up_us.is_some_and(|us| us >= HEALTHY_US_MIN) {
                self.backoff.reset();
            }
            let mut retry_in_ms = self.backoff.fail(now_us);
            if absent && retry_in_ms > ABSENT_RETRY_MS {
                retry_in_ms = ABSENT_RETRY_MS - now_us % (ABSENT_RETRY_MS / 4);
            }
            tracing::warn!(device = %self.device, retry_in_ms, "reader down: {reason}");
            // What waited for this connection is not done on the next one, of which nobody knows when it comes.
            while let Ok(request) = self.access.try_recv() {
                let _ = request.answer.send(Err(AccessError::NotReady));
            }
            self.outage.get_or_insert_with(|| reason.clone());
            self.state(DeviceState::Down { reason, retry_in_ms }).await?;
            tokio::select! {
                () = sleep(Duration::from_millis(retry_in_ms)) => {}
                () = self.stop.cancelled() => {}
            }
        }
        Ok(())
    }

    /// One connection.
    async fn connection(&mut self) -> Result<Ended, IntakeGone> {
        let stop = self.stop.clone();
        let opened = tokio::select! {
            opened = self.link() => opened,
            () = stop.cancelled() => return Ok(Ended::Ours),
        };
        let mut link = match opened {
            Ok(link) => link,
            Err(LinkError::Absent(reason)) => return Ok(Ended::Absent(reason)),
            Err(LinkError::Refused(reason)) => return Ok(Ended::Lost(reason)),
        };
        self.key = link.key;
        self.rospec = self.rospec.wrapping_add(1);
        let now = self.clock.now();
        self.opened = Some(now);
        let wall_us = now.wall_us.saturating_sub_unsigned(now.mono_us);
        let mut session = Session::new(self.settings.clone(), rospec_id(self.rospec), now.mono_us)
            .with_wall(wall_us)
            .forgetting_jobs();
        let clock = Arc::clone(&self.clock);
        let mut closing = false;
        loop {
            session.handle_signal(*self.signals.borrow_and_update());
            tokio::select! {
                biased;
                () = stop.cancelled(), if !closing => {
                    closing = true;
                    session.close(self.now_us());
                }
                changed = self.signals.changed(), if self.signals_open => {
                    self.signals_open = changed.is_ok();
                }
                request = self.access.recv(), if self.access_open && !closing && session.is_running()
                    && !session.is_accessing() => match request {
                        Some(request) => self.begin(&mut session, request),
                        None => self.access_open = false,
                    },
                () = guard(&mut self.doorway) => {}
                () = link.turn(&mut session, || clock.now().mono_us) => {}
            }
            let ended = self.tell(&mut session).await?;
            if ended.is_some() {
                self.unidentified().await?;
            }
            match ended {
                Some(SessionEvent::Down { reason }) if !closing => return Ok(Ended::Lost(reason)),
                Some(_) => return Ok(Ended::Ours),
                None => {}
            }
        }
    }

    /// Begins a job that somebody still waits for.
    fn begin(&mut self, session: &mut Session, AccessRequest { job, answer }: AccessRequest) {
        if answer.is_closed() {
            return;
        }
        match session.access(job, self.now_us()) {
            Ok(()) => self.answer = Some(answer),
            Err(error) => drop(answer.send(Err(error))),
        }
    }

    /// Connects, or awaits the reader's connection.
    async fn link(&mut self) -> Result<Link, LinkError> {
        let Some(listen) = &self.settings.listen else { return Link::open(&self.settings).await };
        if self.doorway.is_none() {
            let opened = Doorway::open(listen, self.settings.from).await;
            self.doorway = Some(opened.map_err(LinkError::Absent)?);
        }
        match &mut self.doorway {
            Some(doorway) => Link::over(doorway.next().await, &self.settings).await,
            None => Err(LinkError::Absent("the port is closed".to_owned())),
        }
    }

    /// Passes the session's events on; gives the one that ended it.
    async fn tell(&mut self, session: &mut Session) -> Result<Option<SessionEvent>, IntakeGone> {
        let now = self.clock.now();
        let mut reads = Vec::new();
        let mut end = None;
        while let Some(event) = session.poll_event() {
            if let SessionEvent::Reads { tags, raw } = event {
                reads.extend(tags.into_iter().map(|tag| self.read(now, tag, raw)));
                continue;
            }
            self.flush(&mut reads).await?;
            match event {
                SessionEvent::Up(reader) => self.up(now, &reader).await?,
                SessionEvent::Input { port, on } => {
                    let device = self.device.clone();
                    self.send(DeviceEvent::Input { device, port, on, at: now }).await?;
                }
                SessionEvent::Gap { since_us, reason } => {
                    let since = since_us.map(|since_us| earlier(now, since_us));
                    let from = since.or(self.good).unwrap_or(now);
                    self.gap(from, now, reason).await?;
                }
                SessionEvent::Accessed(outcome) => {
                    if let Some(answer) = self.answer.take() {
                        let _ = answer.send(outcome);
                    }
                }
                SessionEvent::Clock { skew_us } => self.skew(skew_us),
                SessionEvent::Note(text) => tracing::info!(device = %self.device, "{text}"),
                SessionEvent::Reads { .. } => {}
                SessionEvent::Down { .. } | SessionEvent::Closed => end = Some(event),
            }
        }
        self.flush(&mut reads).await?;
        if session.is_running() && session.heard_us() > self.good.map_or(0, |good| good.mono_us) {
            self.good = Some(now);
        }
        Ok(end)
    }

    async fn up(&mut self, now: Stamp, reader: &Identity) -> Result<(), IntakeGone> {
        let mut detail = reader.summary();
        if let Some(us) = reader.clock_us.filter(|us| us.saturating_abs() >= JUMP_US_MIN) {
            detail = format!("{detail}; its clock is {}", in_words(us));
        }
        tracing::info!(device = %self.device, "reader up: {detail}");
        let (device, mut facts) = (self.device.clone(), reader.facts(&self.settings.address));
        // A pinned key is who it is; one that authorities vouch for may be made anew.
        if let (Some(key), Some(Trust::Pin(_))) = (self.key, &self.settings.tls) {
            facts.insert("key".to_owned(), key.to_string());
        }
        let at = self.opened.unwrap_or(now);
        self.send(DeviceEvent::Identity { device, facts, at }).await?;
        if let (Some(from), Some(reason)) = (self.good, self.outage.take()) {
            self.gap(from, now, reason).await?;
        }
        self.outage = None;
        self.good = Some(now);
        self.up_since_us = Some(now.mono_us);
        self.state(DeviceState::Up { detail }).await?;
        let Early { mut reads, beyond } = std::mem::take(&mut self.early);
        self.flush(&mut reads).await?;
        match beyond {
            0 => Ok(()),
            n => {
                self.gap(at, now, format!("{n} reads came before the reader told who it is")).await
            }
        }
    }

    /// The reader's times stay its own: how far they are off is told beside them.
    fn skew(&self, skew_us: i64) {
        let (device, off) = (&self.device, in_words(skew_us));
        if skew_us.saturating_abs() >= JUMP_US_MIN {
            tracing::warn!(%device, skew_us, "reader clock is {off} of ours; set up NTP at the reader");
        } else {
            tracing::info!(%device, skew_us, "reader clock is {off} of ours");
        }
    }

    /// The connection is over: what a reader reported that never told who it is counts for nothing.
    async fn unidentified(&mut self) -> Result<(), IntakeGone> {
        let Early { reads, beyond } = std::mem::take(&mut self.early);
        let count = reads.len() as u64 + beyond;
        let Some(first) = reads.first() else { return Ok(()) };
        let reason = format!("{count} reads of a reader that did not tell who it is");
        self.gap(first.at, self.clock.now(), reason).await
    }

    fn read(&self, at: Stamp, tag: TagRead, raw: Hash) -> Read {
        Read { device: self.device.clone(), at, value: ReadValue::Tag(tag), raw }
    }

    async fn flush(&mut self, reads: &mut Vec<Read>) -> Result<(), IntakeGone> {
        if reads.is_empty() {
            return Ok(());
        }
        if self.up_since_us.is_none() {
            let room = EARLY_READS_MAX.saturating_sub(self.early.reads.len()).min(reads.len());
            self.early.beyond += (reads.len() - room) as u64;
            self.early.reads.extend(reads.drain(..room));
            reads.clear();
            return Ok(());
        }
        while !reads.is_empty() {
            // A list of its own, as long as it is: what the whole took is given back.
            let some = reads.drain(..reads.len().min(EVENT_READS_MAX)).collect();
            self.send(DeviceEvent::Reads(some)).await?;
        }
        Ok(())
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

    fn now_us(&self) -> u64 {
        self.clock.now().mono_us
    }
}

/// Hangs up on whoever connects beside the reader; waits for ever where no port is open.
async fn guard(doorway: &mut Option<Doorway>) {
    match doorway {
        Some(doorway) => doorway.guard().await,
        None => std::future::pending().await,
    }
}

/// The stamp of an earlier moment of this boot, on the monotonic clock.
fn earlier(now: Stamp, mono_us: u64) -> Stamp {
    let ago_us = i64::try_from(now.mono_us.saturating_sub(mono_us)).unwrap_or(i64::MAX);
    Stamp { mono_us, wall_us: now.wall_us.saturating_sub(ago_us), ..now }
}
