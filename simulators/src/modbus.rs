//! Modbus from the other side: [`SimModule`], an I/O module with the quirks of its maker, over TCP or RTU; and
//! [`SimLights`], the plain one described here.
//!
//! A Modbus TCP I/O module with a light stack on its coils and buttons or beams on its discrete
//! inputs. Functions 1, 2, 5 and 15 work; every other function is refused with exception 1, an
//! address outside with exception 2, as the Modbus application protocol 1.1b3 wants it.
//!
//! Faults: mute (it accepts and never answers), cut, going away and coming back at the same port.
//! Absent in `SimLights`: registers, Modbus RTU.

mod image;
mod module;
mod quirks;
mod wire;

pub use module::{ModuleOptions, Place, SimModule};
pub use quirks::{Identity, ModuleProfile};
pub use wire::Fault;

use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::Server;
use tokio_modbus::{ExceptionCode, Request, Response, SlaveRequest};
use tokio_util::sync::CancellationToken;

use crate::door::{Door, lock};

/// How many changes of coils are kept; the oldest go first.
pub const CHANGES_MAX: usize = 10_000;
/// The most coils or inputs one request may read (1.1b3, functions 1 and 2).
const READ_BITS_MAX: u16 = 2000;

/// How a simulated module is made.
#[derive(Debug, Clone)]
pub struct LightsOptions {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// The unit it answers to; `None` answers to every unit.
    pub unit: Option<u8>,
    /// How many coils it has.
    pub coils: u16,
    /// How many discrete inputs it has.
    pub inputs: u16,
}

impl Default for LightsOptions {
    fn default() -> Self {
        Self { bind: crate::LOOPBACK, unit: None, coils: 16, inputs: 16 }
    }
}

/// One coil as a client wrote it with another value than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoilChange {
    /// The coil's address, from 0.
    pub coil: u16,
    /// Its new value.
    pub on: bool,
}

/// A simulated module; dropping it closes its port.
#[derive(Debug)]
pub struct SimLights {
    door: Door,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    unit: Option<u8>,
    mute: AtomicBool,
    coils: watch::Sender<Vec<bool>>,
    inputs: Mutex<Vec<bool>>,
    history: Mutex<Vec<CoilChange>>,
}

impl SimLights {
    /// Starts with every coil and input off.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start(options: LightsOptions) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            unit: options.unit,
            mute: AtomicBool::new(false),
            coils: watch::Sender::new(vec![false; usize::from(options.coils)]),
            inputs: Mutex::new(vec![false; usize::from(options.inputs)]),
            history: Mutex::new(Vec::new()),
        });
        let served = Arc::clone(&shared);
        let door = Door::open(options.bind, move |listener, stop| {
            Box::pin(serve(listener, stop, Arc::clone(&served)))
        })
        .await?;
        Ok(Self { door, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// The coils now.
    #[must_use]
    pub fn coils(&self) -> Vec<bool> {
        self.shared.coils.borrow().clone()
    }

    /// The coils after each write; a slow watcher sees the latest only, see [`SimLights::history`].
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Vec<bool>> {
        self.shared.coils.subscribe()
    }

    /// Every change of a coil in order, the last [`CHANGES_MAX`].
    #[must_use]
    pub fn history(&self) -> Vec<CoilChange> {
        lock(&self.shared.history).clone()
    }

    /// Sets a discrete input (a button, a beam). False where there is no such input.
    #[must_use]
    pub fn set_input(&self, input: u16, on: bool) -> bool {
        match lock(&self.shared.inputs).get_mut(usize::from(input)) {
            Some(value) => {
                *value = on;
                true
            }
            None => false,
        }
    }

    /// While mute, requests are taken and neither carried out nor answered.
    pub fn mute(&self, mute: bool) {
        self.shared.mute.store(mute, Ordering::SeqCst);
    }

    /// Cuts every connection; new ones are accepted again on return.
    ///
    /// # Errors
    /// Where somebody else took the port in between.
    pub async fn cut(&self) -> io::Result<()> {
        self.door.close().await;
        self.door.reopen().await
    }

    /// Closes the port.
    pub async fn go_away(&self) {
        self.door.close().await;
    }

    /// Opens the same port again.
    ///
    /// # Errors
    /// Where somebody else took the port in between.
    pub async fn come_back(&self) -> io::Result<()> {
        self.door.reopen().await
    }
}

async fn serve(listener: TcpListener, stop: CancellationToken, shared: Arc<Shared>) {
    let server = Server::new(listener);
    let on_connected = |stream, _peer| {
        let module = Module { shared: Arc::clone(&shared) };
        ready(Ok(Some((module, stream))))
    };
    // A client that breaks its connection off is its own affair; dropping `serve` ends all others.
    let served = server.serve(&on_connected, |error| tracing::debug!(%error, "modbus client"));
    if let Some(Err(error)) = stop.run_until_cancelled(served).await {
        tracing::warn!(%error, "simulated lights stopped");
    }
}

struct Module {
    shared: Arc<Shared>,
}

impl Service for Module {
    type Request = SlaveRequest<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Option<Response>, ExceptionCode>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        let other_unit = self.shared.unit.is_some_and(|unit| unit != request.slave);
        if other_unit || self.shared.mute.load(Ordering::SeqCst) {
            return ready(Ok(None));
        }
        ready(self.shared.answer(request.request).map(Some))
    }
}

impl Shared {
    fn answer(&self, request: Request<'static>) -> Result<Response, ExceptionCode> {
        match request {
            Request::ReadCoils(address, count) => {
                bits(&self.coils.borrow(), address, count).map(Response::ReadCoils)
            }
            Request::ReadDiscreteInputs(address, count) => {
                bits(&lock(&self.inputs), address, count).map(Response::ReadDiscreteInputs)
            }
            Request::WriteSingleCoil(address, on) => {
                self.write(address, &[on])?;
                Ok(Response::WriteSingleCoil(address, on))
            }
            Request::WriteMultipleCoils(address, values) => {
                let count = self.write(address, &values)?;
                Ok(Response::WriteMultipleCoils(address, count))
            }
            _ => Err(ExceptionCode::IllegalFunction),
        }
    }

    fn write(&self, address: u16, values: &[bool]) -> Result<u16, ExceptionCode> {
        let count = u16::try_from(values.len()).map_err(|_| ExceptionCode::IllegalDataValue)?;
        bits(&self.coils.borrow(), address, count)?;
        let mut history = lock(&self.history);
        self.coils.send_modify(|coils| {
            for (coil, &on) in (address..).zip(values) {
                let slot = &mut coils[usize::from(coil)];
                if *slot != on {
                    *slot = on;
                    history.push(CoilChange { coil, on });
                }
            }
        });
        let surplus = history.len().saturating_sub(CHANGES_MAX);
        history.drain(..surplus);
        Ok(count)
    }
}

fn bits(all: &[bool], address: u16, count: u16) -> Result<Vec<bool>, ExceptionCode> {
    if count == 0 || count > READ_BITS_MAX {
        return Err(ExceptionCode::IllegalDataValue);
    }
    let from = usize::from(address);
    let found = all.get(from..from + usize::from(count));
    found.map(<[bool]>::to_vec).ok_or(ExceptionCode::IllegalDataAddress)
}
