//! The async shell: connects, asks `~HS`, tells what changed, prints what waits, closes, waits.
//!
//! Invariants: one conversation at a time; connection, answers and what is kept of them are bounded in time and
//! bytes; a job is sent only after the desk kept that it is; after `stop` the task ends within `GOODBYE`.

mod print;

use std::{io, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use gatewarden_model::{Clock, DeviceEvent, DeviceId, DeviceState, Hash};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    HostStatus, Outcome, PrintJob, Settings,
    codec::{Answer, Ask, Inbox, InboxError, UNKNOWN, Variable},
    link::{Wire, open},
    press::{ANSWER_MS, Press, Step},
    session::{Session, Verdict},
};
use print::{Line, Other};

/// How long a full channel may hold up the end of the task after `stop`.
const GOODBYE: Duration = Duration::from_millis(1_000);
/// How long a printer may take to accept a format.
const SEND_TIME: Duration = Duration::from_secs(30);
/// Bytes read at once.
const READ_BYTES_MAX: usize = 1_024;
/// Most bytes of one conversation; a job of a thousand labels needs less.
const SAID_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Where jobs come from and where their outcomes go. The caller keeps them.
pub trait Desk: Send + Sync {
    /// The next job that was never sent, if one waits. Asked only while the printer is ready.
    fn next<'a>(&'a self, device: &'a DeviceId) -> BoxFuture<'a, Option<PrintJob>>;
    /// Keeps, flushed, that a job is being sent. The job is not sent where this gives `false`.
    fn sending<'a>(&'a self, device: &'a DeviceId, token: &'a str) -> BoxFuture<'a, bool>;
    /// Keeps how a job ended.
    fn ended<'a>(
        &'a self,
        device: &'a DeviceId,
        token: &'a str,
        outcome: Outcome,
    ) -> BoxFuture<'a, ()>;
    /// Returns when a job may have come.
    fn bell<'a>(&'a self, device: &'a DeviceId) -> BoxFuture<'a, ()>;
}

/// A desk without jobs.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDesk;

impl Desk for NoDesk {
    fn next<'a>(&'a self, _: &'a DeviceId) -> BoxFuture<'a, Option<PrintJob>> {
        Box::pin(std::future::ready(None))
    }

    fn sending<'a>(&'a self, _: &'a DeviceId, _: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(std::future::ready(false))
    }

    fn ended<'a>(&'a self, _: &'a DeviceId, _: &'a str, _: Outcome) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn bell<'a>(&'a self, _: &'a DeviceId) -> BoxFuture<'a, ()> {
        Box::pin(std::future::pending())
    }
}

/// Why a printer could not be asked.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("failed to connect to {place}: {source}; check power, cable and address")]
    Connect { place: String, source: io::Error },
    #[error("no status from {place} within {time_out_ms} ms; is it a ZPL II printer, and free?")]
    TimeOut { place: String, time_out_ms: u64 },
    #[error("the connection to {place} broke: {source}")]
    Broken { place: String, source: io::Error },
    #[error("{place} closed the connection without a whole answer")]
    Closed { place: String },
    #[error("{place} says more than {SAID_BYTES_MAX} bytes in one conversation")]
    TooLong { place: String },
    #[error("{place}: {source}")]
    Answer { place: String, source: InboxError },
    #[error("{place} answered {ask} with something else")]
    Other { place: String, ask: &'static str },
}

/// Watches one printer and prints what the desk has, until `stop`.
pub async fn run(
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    desk: Arc<dyn Desk>,
    stop: CancellationToken,
) {
    let task = Task { device, settings, clock, events, desk, stop };
    let whole = async {
        task.serve().await;
        task.state(DeviceState::Stopped).await.ok();
    };
    tokio::select! {
        biased;
        () = whole => {}
        () = async { task.stop.cancelled().await; sleep(GOODBYE).await } => {
            tracing::error!(device = %task.device, "the channel stayed full: the last states were not handed over");
        }
    }
}

/// Nobody listens any more.
struct Stop;

struct Task {
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    desk: Arc<dyn Desk>,
    stop: CancellationToken,
}

impl Task {
    async fn serve(&self) {
        let mut session = Session::new(&self.settings);
        // The serial number as it was told; `None` while nothing is told of this connection's printer.
        let mut told: Option<Option<String>> = None;
        loop {
            if self.tell(session.poll_state()).await.is_err() {
                return;
            }
            let answer = tokio::select! {
                () = self.stop.cancelled() => return,
                answer = self.ask(told.is_none()) => answer,
            };
            let Verdict { state, wait_ms } = match answer {
                Ok((status, serial)) => {
                    if told.is_none() {
                        if self.identity(serial.as_deref()).await.is_err() {
                            return;
                        }
                        told = Some(serial);
                    }
                    let is_ready = crate::session::faults(&status).is_empty();
                    let verdict = session.handle_status(&status);
                    if self.tell(verdict.state).await.is_err() {
                        return;
                    }
                    // Another printer than the told one is told as what it is before anything is printed on it.
                    if is_ready && self.print_all(told.clone().flatten()).await == Other::Yes {
                        told = None;
                    }
                    Verdict { state: None, wait_ms: verdict.wait_ms }
                }
                Err(e) => {
                    told = None;
                    session.handle_failure(e.to_string(), self.clock.now().mono_us)
                }
            };
            if self.tell(state).await.is_err() {
                return;
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.desk.bell(&self.device), if told.is_some() => {}
                () = sleep(Duration::from_millis(wait_ms)) => {}
            }
        }
    }

    /// The status, and with `who` the serial number, as far as the printer tells one.
    async fn ask(&self, who: bool) -> Result<(HostStatus, Option<String>), AskError> {
        let place = self.settings.place.to_string();
        let time_out_ms = self.settings.time_out_ms.max(1);
        let patience = Duration::from_millis(time_out_ms);
        let asking = async {
            let mut line = Line::open(&self.settings).await?;
            let answer = line.ask(Ask::Status).await?;
            let Answer::Status(status) = answer else { return Err(line.other(Ask::Status)) };
            Ok((line, status))
        };
        let late = |_| Err(AskError::TimeOut { place, time_out_ms });
        let (mut line, status) = timeout(patience, asking).await.unwrap_or_else(late)?;
        if !who {
            return Ok((status, None));
        }
        // Not every printer knows SGD: one that does not answer is known by its address alone.
        let answer = timeout(patience, line.ask(Ask::Variable(Variable::UniqueId))).await;
        let serial = match answer {
            Ok(Ok(Answer::Value(text))) => Some(text).filter(|t| t != UNKNOWN && !t.is_empty()),
            _ => None,
        };
        Ok((status, serial))
    }

    /// Who the printer is: its serial number, or where it tells none, its address or path.
    async fn identity(&self, serial: Option<&str>) -> Result<(), Stop> {
        let (device, at) = (self.device.clone(), self.clock.now());
        let place = self.settings.place.to_string();
        let serial = serial.filter(|_| self.settings.by_serial);
        let name = match (&self.settings.place, serial) {
            (_, Some(_)) => "serial",
            (crate::Place::Tcp { .. }, None) => "address",
            _ => "path",
        };
        let facts = [(name.to_owned(), serial.map_or(place, str::to_owned))].into();
        let event = DeviceEvent::Identity { device, facts, at };
        self.events.send(event).await.map_err(|_| Stop)
    }

    async fn tell(&self, state: Option<DeviceState>) -> Result<(), Stop> {
        let Some(state) = state else { return Ok(()) };
        if let DeviceState::Down { reason, .. } = &state {
            tracing::warn!(device = %self.device, %reason, "printer down");
        }
        self.state(state).await
    }

    /// Waits for room in the channel.
    async fn state(&self, state: DeviceState) -> Result<(), Stop> {
        let event = DeviceEvent::State { device: self.device.clone(), state };
        self.events.send(event).await.map_err(|_| Stop)
    }
}
