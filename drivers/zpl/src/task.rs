//! The async shell: connects, asks `~HS`, closes, tells what changed, waits.
//!
//! Invariants: one question in flight; connection and answer together are bounded in time, the
//! answer in bytes; after `stop` the task ends within `GOODBYE`.

use std::{io, sync::Arc, time::Duration};

use gatewarden_model::{Clock, DeviceEvent, DeviceId, DeviceState};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    HostStatus, Settings, StatusError,
    codec::{HOST_STATUS, STATUS_BYTES_MAX, parse_host_status, status_len},
    session::{Session, Verdict},
};

/// How long a full channel may hold up the end of the task after `stop`.
const GOODBYE: Duration = Duration::from_millis(1_000);

/// Why a printer could not be asked.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("failed to connect to {address}: {source}; check power, cable and address")]
    Connect { address: String, source: io::Error },
    #[error("no status from {address} within {time_out_ms} ms; is it a ZPL II printer, and free?")]
    TimeOut { address: String, time_out_ms: u64 },
    #[error("the connection to {address} broke: {source}")]
    Broken { address: String, source: io::Error },
    #[error("{address} closed the connection without a whole status")]
    Closed { address: String },
    #[error("{address} answered {STATUS_BYTES_MAX} bytes that are no status")]
    TooLong { address: String },
    #[error("{address}: {source}")]
    Status { address: String, source: StatusError },
}

/// Watches one printer until `stop`.
pub async fn run(
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    stop: CancellationToken,
) {
    let task = Task { device, settings, clock, events, stop };
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
    stop: CancellationToken,
}

impl Task {
    async fn serve(&self) {
        let mut session = Session::new(&self.settings);
        let mut is_told = false;
        loop {
            if self.tell(session.poll_state()).await.is_err() {
                return;
            }
            let answer = tokio::select! {
                () = self.stop.cancelled() => return,
                answer = self.ask() => answer,
            };
            if answer.is_ok() && !is_told && self.identity().await.is_err() {
                return;
            }
            is_told = answer.is_ok();
            let Verdict { state, wait_ms } = match answer {
                Ok(status) => session.handle_status(&status),
                Err(e) => session.handle_failure(e.to_string(), self.clock.now().mono_us),
            };
            if self.tell(state).await.is_err() {
                return;
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = sleep(Duration::from_millis(wait_ms)) => {}
            }
        }
    }

    async fn ask(&self) -> Result<HostStatus, AskError> {
        let address = self.settings.address.clone();
        let time_out_ms = self.settings.time_out_ms.max(1);
        timeout(Duration::from_millis(time_out_ms), exchange(&address))
            .await
            .unwrap_or(Err(AskError::TimeOut { address, time_out_ms }))
    }

    /// Who the printer is, as far as `~HS` says: nothing, so that its address stands for it.
    async fn identity(&self) -> Result<(), Stop> {
        let (device, at) = (self.device.clone(), self.clock.now());
        let facts = [("address".to_owned(), self.settings.address.clone())].into();
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

async fn exchange(address: &str) -> Result<HostStatus, AskError> {
    let named = || address.to_owned();
    let mut stream = TcpStream::connect(address)
        .await
        .map_err(|source| AskError::Connect { address: named(), source })?;
    let broken = |source| AskError::Broken { address: named(), source };
    stream.write_all(HOST_STATUS).await.map_err(broken)?;
    let mut answer = Vec::with_capacity(STATUS_BYTES_MAX);
    loop {
        if let Some(len) = status_len(&answer) {
            let status = parse_host_status(&answer[..len]);
            return status.map_err(|source| AskError::Status { address: named(), source });
        }
        let room = STATUS_BYTES_MAX.saturating_sub(answer.len());
        if room == 0 {
            return Err(AskError::TooLong { address: named() });
        }
        let read = (&mut stream).take(room as u64).read_buf(&mut answer).await.map_err(broken)?;
        if read == 0 {
            return Err(AskError::Closed { address: named() });
        }
    }
}
