//! The async shell: holds the connection, asks what the session wants asked, tells what came of it.
//!
//! Invariants: one request at a time; any time-out, refusal or contradiction drops the connection
//! (a late answer must never be taken for the next one); a signal that could not be confirmed is
//! visible as `Down`; after `stop` the lamps are put out if the module answers, within `GOODBYE`.
//! The decoder's `Client::call` is used directly, because its readers assert on short answers.

use std::{io, sync::Arc, time::Duration};

use gatewarden_model::{Backoff, Clock, DeviceEvent, DeviceId, DeviceState, Signal, Stamp};
use tokio::{
    net::TcpStream,
    sync::{mpsc, watch},
    time::{sleep, timeout},
};
use tokio_modbus::{
    ExceptionCode, Request as Wire, Response, Slave,
    client::{Client, Context, tcp},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Settings,
    codec::{self, Level},
    session::{Fault, KnownInputs, Output, Request, Session},
};

/// How long the task may take to end after `stop`.
const GOODBYE: Duration = Duration::from_millis(1_800);

/// A connection that was confirmed for this long, in microseconds, was healthy.
const HEALTHY_US: u64 = 2_000_000;

/// Why a module can't be used.
#[derive(Debug, thiserror::Error)]
enum ModuleError {
    #[error("neither coils nor inputs are configured; name at least one")]
    Nothing,
    #[error("failed to connect to {address}: {reason}; check power, cable and address")]
    Connect { address: String, reason: String },
    #[error("no answer to {request} within {time_out_ms} ms; what the lamps show is unknown")]
    TimeOut { request: Request, time_out_ms: u64 },
    #[error("the connection broke while {request}: {reason}; what the lamps show is unknown")]
    Broken { request: Request, reason: String },
    #[error("the module refused {request}: {exception}; check the numbers of coils and inputs")]
    Refused { request: Request, exception: ExceptionCode },
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Serves one module until `stop`: shows the latest signal, watches the inputs, reconnects.
pub async fn run(
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    signals: watch::Receiver<Signal>,
    stop: CancellationToken,
) {
    let began = clock.now();
    let mut task = Task {
        device,
        settings,
        clock,
        events,
        signals,
        stop: stop.clone(),
        known: KnownInputs::new(),
        inputs_read: began,
        blind: false,
        up_since: None,
    };
    let device = task.device.clone();
    let whole = async {
        task.serve().await;
        task.state(DeviceState::Stopped).await.ok();
    };
    tokio::select! {
        biased;
        () = whole => {}
        () = async { stop.cancelled().await; sleep(GOODBYE).await } => {
            tracing::error!(%device, "stopped before the lamps were confirmed off or all events handed over");
        }
    }
}

/// The task was told to stop, or nobody listens any more.
struct Stop;

/// Why a connection's life ended.
enum Ended {
    Stop,
    Module(ModuleError),
}

impl From<Stop> for Ended {
    fn from(_: Stop) -> Self {
        Self::Stop
    }
}

impl<E: Into<ModuleError>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Module(error.into())
    }
}

struct Task {
    device: DeviceId,
    settings: Settings,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<DeviceEvent>,
    signals: watch::Receiver<Signal>,
    stop: CancellationToken,
    /// The inputs' levels as last told.
    known: KnownInputs,
    /// When all inputs were last read.
    inputs_read: Stamp,
    /// Input changes may have been missed since `inputs_read`.
    blind: bool,
    /// Since when this connection is confirmed.
    up_since: Option<Stamp>,
}

impl Task {
    async fn serve(&mut self) {
        let mut backoff = Backoff::default();
        loop {
            let error = match self.connection(backoff.attempt()).await {
                Ok(()) | Err(Ended::Stop) => return,
                Err(Ended::Module(error)) => error,
            };
            let now = self.clock.now();
            self.blind = true;
            if self.up_since.take().is_some_and(|since| now.us_since(&since) >= HEALTHY_US) {
                backoff.reset();
            }
            let retry_in_ms = backoff.fail(now.mono_us);
            let reason = error.to_string();
            tracing::warn!(device = %self.device, %reason, retry_in_ms, "Modbus module down");
            if self.state(DeviceState::Down { reason, retry_in_ms }).await.is_err() {
                return;
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = sleep(Duration::from_millis(retry_in_ms)) => {}
            }
        }
    }

    /// One life of the connection; `Ok` after a goodbye.
    async fn connection(&mut self, attempt: u32) -> Result<(), Ended> {
        self.state(DeviceState::Connecting { attempt }).await?;
        if self.settings.inputs.is_empty() && self.settings.coils == crate::Lamps::default() {
            return Err(ModuleError::Nothing.into());
        }
        let mut link = tokio::select! {
            () = self.stop.cancelled() => return Ok(()),
            link = self.connect() => link?,
        };
        let wanted = *self.signals.borrow_and_update();
        let known = std::mem::take(&mut self.known);
        let mut session = Session::new(self.settings.clone(), wanted, known);
        let ended = self.pump(&mut link, &mut session).await;
        self.known = session.into_known();
        ended
    }

    async fn connect(&self) -> Result<Context, ModuleError> {
        let address = &self.settings.address;
        let failed = |reason: String| ModuleError::Connect { address: address.clone(), reason };
        let stream = match timeout(self.time_out(), TcpStream::connect(address)).await {
            Ok(stream) => stream.map_err(|e| failed(e.to_string()))?,
            Err(_) => return Err(failed(format!("no answer in {:?}", self.time_out()))),
        };
        stream.set_nodelay(true).map_err(|e| failed(e.to_string()))?;
        Ok(tcp::attach_slave(stream, Slave(self.settings.unit)))
    }

    async fn pump(&mut self, link: &mut Context, session: &mut Session) -> Result<(), Ended> {
        let mut signals_open = true;
        while !self.stop.is_cancelled() {
            session.handle_signal(*self.signals.borrow_and_update());
            if self.step(link, session).await? {
                continue;
            }
            let due = session.poll_timeout();
            tokio::select! {
                () = self.stop.cancelled() => {}
                changed = self.signals.changed(), if signals_open => signals_open = changed.is_ok(),
                () = sleep_until(&*self.clock, due) => {}
            }
        }
        session.handle_signal(Signal::Off);
        while !session.is_shown() && self.step(link, session).await? {}
        Ok(())
    }

    /// Asks and judges one request; false when none is due.
    async fn step(&mut self, link: &mut Context, session: &mut Session) -> Result<bool, Ended> {
        let Some(request) = session.poll_request(self.clock.now().mono_us) else {
            return Ok(false);
        };
        match self.ask(link, request).await? {
            Response::WriteSingleCoil(coil, on) => session.handle_written(Level { coil, on })?,
            Response::ReadCoils(bits) | Response::ReadDiscreteInputs(bits) => {
                session.handle_bits(self.clock.now(), &bits)?;
            }
            _ => return Err(Fault::Answer { request: request.to_string() }.into()),
        }
        while let Some(output) = session.poll_output() {
            self.tell(output).await?;
        }
        Ok(true)
    }

    async fn ask(&self, link: &mut Context, request: Request) -> Result<Response, ModuleError> {
        let wire = match request {
            Request::Write(level) => Wire::WriteSingleCoil(level.coil, level.on),
            Request::ReadCoils(run) => Wire::ReadCoils(run.start, run.count),
            Request::ReadInputs(run) => Wire::ReadDiscreteInputs(run.start, run.count),
        };
        let time_out_ms = self.settings.time_out_ms;
        match timeout(self.time_out(), link.call(wire)).await {
            Err(_) => Err(ModuleError::TimeOut { request, time_out_ms }),
            Ok(Err(error)) => Err(ModuleError::Broken { request, reason: describe(error) }),
            Ok(Ok(Err(exception))) => Err(ModuleError::Refused { request, exception }),
            Ok(Ok(Ok(response))) => Ok(response),
        }
    }

    async fn tell(&mut self, output: Output) -> Result<(), Stop> {
        match output {
            Output::Shown(_) => self.confirm().await,
            Output::InputsRead(at) => {
                let from = std::mem::replace(&mut self.inputs_read, at);
                if std::mem::take(&mut self.blind) {
                    let reason = "the inputs could not be read".to_owned();
                    let device = self.device.clone();
                    self.send(DeviceEvent::Gap { device, from, to: at, reason }).await?;
                }
                self.confirm().await
            }
            Output::Input { port, on, at } => {
                let device = self.device.clone();
                self.send(DeviceEvent::Input { device, port, on, at }).await
            }
        }
    }

    /// Reports `Up` at the first confirmation of a connection.
    async fn confirm(&mut self) -> Result<(), Stop> {
        if self.up_since.is_some() {
            return Ok(());
        }
        let at = self.clock.now();
        self.up_since = Some(at);
        let (device, facts) = (self.device.clone(), codec::facts(&self.settings));
        self.send(DeviceEvent::Identity { device, facts, at }).await?;
        let detail = format!("Modbus TCP {} unit {}", self.settings.address, self.settings.unit);
        self.state(DeviceState::Up { detail }).await
    }

    fn time_out(&self) -> Duration {
        Duration::from_millis(self.settings.time_out_ms.max(1))
    }

    async fn state(&self, state: DeviceState) -> Result<(), Stop> {
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

/// tokio-modbus tells an orderly close as the operating system's error 0.
fn describe(error: tokio_modbus::Error) -> String {
    match error {
        tokio_modbus::Error::Transport(e) if e.raw_os_error() == Some(0) => closed(),
        tokio_modbus::Error::Transport(e) if e.kind() == io::ErrorKind::UnexpectedEof => closed(),
        other => other.to_string(),
    }
}

fn closed() -> String {
    "the module closed it".to_owned()
}
