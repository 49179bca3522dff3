//! The async shell: holds the connection, asks what the session wants asked, tells what came of it.
//!
//! Invariants: one request at a time; any time-out, refusal or contradiction drops the connection
//! (a late answer must never be taken for the next one); a signal that could not be confirmed is
//! visible as `Down`; after `stop` the lamps are put out if the module answers, within `GOODBYE`.
//! The decoder's `Client::call` is used directly, because its readers assert on short answers.

use std::{io, sync::Arc, time::Duration};

use gatewarden_model::{Backoff, Clock, DeviceEvent, DeviceId, DeviceState, Signal, Stamp};
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};
use tokio_modbus::{ExceptionCode, Request as Wire, Response, prelude::ReadCode};
use tokio_util::sync::CancellationToken;

use crate::{
    Settings,
    codec::{self, Level},
    link::Link,
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
    #[error("the module refused {request}: {exception}; {}", request.way_out())]
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
        told: Vec::new(),
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
    /// What the module said of itself on this connection.
    told: Vec<(String, String)>,
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
        self.identify(&mut link).await?;
        let wanted = *self.signals.borrow_and_update();
        let known = std::mem::take(&mut self.known);
        let mut session = Session::new(self.settings.clone(), wanted, known);
        let ended = self.pump(&mut link, &mut session).await;
        self.known = session.into_known();
        ended
    }

    async fn connect(&self) -> Result<Link, ModuleError> {
        let address = &self.settings.address;
        let failed =
            |e: io::Error| ModuleError::Connect { address: address.clone(), reason: e.to_string() };
        Link::open(&self.settings, self.time_out()).await.map_err(failed)
    }

    /// Who the module says that it is; a refusal is no fault, silence is (its late answer would confuse).
    async fn identify(&mut self, link: &mut Link) -> Result<(), ModuleError> {
        self.told.clear();
        let address = self.settings.address.clone();
        let silent = || ModuleError::Connect {
            address: address.clone(),
            reason: "it does not answer to who it is; set identify = false".to_owned(),
        };
        if self.settings.identify {
            let wire = Wire::ReadDeviceIdentification(ReadCode::Basic, 0);
            if let Ok(Ok(Response::ReadDeviceIdentification(who))) =
                link.ask(wire, self.time_out()).await.ok_or_else(silent)?
            {
                let objects = who.device_id_objects.iter().map(|o| (o.id, &*o.value));
                self.told.extend(codec::who(objects));
            }
        }
        if let Some(model) = self.settings.model.clone() {
            let wire = match model.function {
                3 => Wire::ReadHoldingRegisters(model.base, model.count),
                _ => Wire::ReadInputRegisters(model.base, model.count),
            };
            if let Ok(Ok(
                Response::ReadHoldingRegisters(words) | Response::ReadInputRegisters(words),
            )) = link.ask(wire, self.time_out()).await.ok_or_else(silent)?
            {
                self.told.extend(codec::model_fact(&model, &words));
            }
        }
        Ok(())
    }

    async fn pump(&mut self, link: &mut Link, session: &mut Session) -> Result<(), Ended> {
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
        session.handle_stop();
        while !session.is_shown() && self.step(link, session).await? {}
        Ok(())
    }

    /// Asks and judges one request; false when none is due.
    async fn step(&mut self, link: &mut Link, session: &mut Session) -> Result<bool, Ended> {
        let Some(request) = session.poll_request(self.clock.now().mono_us) else {
            return Ok(false);
        };
        match self.ask(link, request).await? {
            Response::WriteSingleCoil(coil, on) => session.handle_written(Level { coil, on })?,
            Response::ReadCoils(bits) | Response::ReadDiscreteInputs(bits) => {
                session.handle_bits(self.clock.now(), &bits)?;
            }
            Response::WriteSingleRegister(register, value) => {
                session.handle_register(register, value)?
            }
            Response::ReadHoldingRegisters(words) | Response::ReadInputRegisters(words) => {
                session.handle_registers(self.clock.now(), &words)?;
            }
            _ => return Err(Fault::Answer { request: request.to_string() }.into()),
        }
        while let Some(output) = session.poll_output() {
            self.tell(output).await?;
        }
        Ok(true)
    }

    async fn ask(&self, link: &mut Link, request: Request) -> Result<Response, ModuleError> {
        let wire = match request {
            Request::Write(level) => Wire::WriteSingleCoil(level.coil, level.on),
            Request::ReadCoils(run) => Wire::ReadCoils(run.start, run.count),
            Request::ReadInputs(run) => Wire::ReadDiscreteInputs(run.start, run.count),
            Request::ReadCounter { function: 3, run, .. } => {
                Wire::ReadHoldingRegisters(run.start, run.count)
            }
            Request::ReadCounter { run, .. } => Wire::ReadInputRegisters(run.start, run.count),
            Request::WriteRegister { register, value } => {
                Wire::WriteSingleRegister(register, value)
            }
            Request::ReadFlag(coil) => Wire::ReadCoils(coil, 1),
            Request::ClearFlag(coil) => Wire::WriteSingleCoil(coil, true),
        };
        let time_out_ms = self.settings.time_out_ms;
        match link.ask(wire, self.time_out()).await {
            None => Err(ModuleError::TimeOut { request, time_out_ms }),
            Some(Err(error)) => Err(ModuleError::Broken { request, reason: describe(error) }),
            Some(Ok(Err(exception))) => Err(ModuleError::Refused { request, exception }),
            Some(Ok(Ok(response))) => Ok(response),
        }
    }

    async fn tell(&mut self, output: Output) -> Result<(), Stop> {
        match output {
            Output::Shown(_) => self.confirm().await,
            Output::InputsRead(at) => {
                let from = std::mem::replace(&mut self.inputs_read, at);
                if std::mem::take(&mut self.blind) {
                    self.gap(from, at, "the inputs could not be read".to_owned()).await?;
                }
                self.confirm().await
            }
            Output::Lost { port, before, now, at } => {
                let reason = format!(
                    "the counter of input {port} went from {before} to {now}: restarted, or too fast"
                );
                self.gap(self.inputs_read, at, reason).await
            }
            Output::Tripped(at) => {
                let reason =
                    "the module's watchdog had tripped; its outputs were at their safe values";
                self.gap(self.inputs_read, at, reason.to_owned()).await
            }
            Output::Input { port, on, at } => {
                let device = self.device.clone();
                self.send(DeviceEvent::Input { device, port, on, at }).await
            }
        }
    }

    async fn gap(&self, from: Stamp, to: Stamp, reason: String) -> Result<(), Stop> {
        self.send(DeviceEvent::Gap { device: self.device.clone(), from, to, reason }).await
    }

    /// Reports `Up` at the first confirmation of a connection.
    async fn confirm(&mut self) -> Result<(), Stop> {
        if self.up_since.is_some() {
            return Ok(());
        }
        let at = self.clock.now();
        self.up_since = Some(at);
        let (device, facts) = (self.device.clone(), codec::facts(&self.settings, &self.told));
        self.send(DeviceEvent::Identity { device, facts, at }).await?;
        let detail = format!(
            "Modbus {} {} unit {}",
            self.medium(),
            self.settings.address,
            self.settings.unit
        );
        self.state(DeviceState::Up { detail }).await
    }

    fn medium(&self) -> &'static str {
        if self.settings.line.is_some() { "RTU" } else { "TCP" }
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
