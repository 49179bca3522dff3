//! An I/O module with the quirks of its maker, over Modbus TCP or RTU on a pseudo-terminal.
//!
//! Invariants: dropping the handle closes the port or the line and ends its tasks; an input's rising edge counts, even
//! where no read could see it; the watchdog trips by itself, not only when somebody asks. See [`Fault`] for what can go
//! wrong on the wire. Absent: several units behind one address.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::image::Image;
use super::quirks::{Identity, ModuleProfile};
use super::wire::{self, Fault};
use super::{CHANGES_MAX, CoilChange};
use crate::door::{Door, lock};

/// How often the watchdog is looked at.
const TICK: Duration = Duration::from_millis(10);

/// How a module is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Modbus TCP at this address; port 0 takes a free one.
    Tcp(SocketAddr),
    /// Modbus RTU on a pseudo-terminal, see [`SimModule::path`].
    Rtu,
}

/// How a simulated module is made.
#[derive(Debug, Clone)]
pub struct ModuleOptions {
    /// Whose it is.
    pub profile: ModuleProfile,
    /// How it is reached.
    pub place: Place,
    /// The unit it answers to; `None` answers to every unit.
    pub unit: Option<u8>,
    /// What function 43 says; without it that function is refused.
    pub identity: Option<Identity>,
    /// After how many milliseconds without a request a watchdog trips that is set by hand (Moxa, ADAM); 0: never.
    pub watchdog_ms: u64,
    /// The outputs, counted from 0, that are on in the safe state.
    pub safe: Vec<u16>,
}

impl Default for ModuleOptions {
    fn default() -> Self {
        Self {
            profile: ModuleProfile::Generic,
            place: Place::Tcp(crate::LOOPBACK),
            unit: Some(1),
            identity: None,
            watchdog_ms: 0,
            safe: Vec::new(),
        }
    }
}

/// A simulated module; dropping it closes its port or line.
#[derive(Debug)]
pub struct SimModule {
    door: Option<Door>,
    line: Option<Line>,
    shared: Arc<Shared>,
    stop: CancellationToken,
}

/// The driver's end is held open so that its raw mode lasts.
#[derive(Debug)]
struct Line {
    path: PathBuf,
    _slave: std::os::fd::OwnedFd,
}

#[derive(Debug)]
pub(super) struct Shared {
    began: Instant,
    pub(super) unit: Option<u8>,
    image: Mutex<Image>,
    fault: Mutex<Option<(Fault, Option<u32>)>>,
    coils: watch::Sender<Vec<bool>>,
    history: Mutex<Vec<CoilChange>>,
    answered: AtomicU64,
}

impl SimModule {
    /// Starts with every output and input off and every counter at 0.
    ///
    /// # Errors
    /// Where the address cannot be bound or the system gives no pseudo-terminal.
    pub async fn start(options: ModuleOptions) -> io::Result<Self> {
        let quirks = options.profile.quirks();
        let watchdog_us = options.watchdog_ms.saturating_mul(1_000);
        let image = Image::new(quirks, options.identity, &options.safe, watchdog_us);
        let shared = Arc::new(Shared {
            began: Instant::now(),
            unit: options.unit,
            coils: watch::Sender::new(image.coils.clone()),
            image: Mutex::new(image),
            fault: Mutex::new(None),
            history: Mutex::new(Vec::new()),
            answered: AtomicU64::new(0),
        });
        let stop = CancellationToken::new();
        let (mut door, mut line) = (None, None);
        match options.place {
            Place::Tcp(bind) => {
                let served = Arc::clone(&shared);
                let serve = move |listener, stop| {
                    let serving: futures_util::future::BoxFuture<'static, ()> =
                        Box::pin(wire::serve_tcp(listener, stop, Arc::clone(&served)));
                    serving
                };
                door = Some(Door::open(bind, serve).await?);
            }
            Place::Rtu => {
                let (master, slave, path) = wire::open_line()?;
                let serving = wire::serve_rtu(master, Arc::clone(&shared));
                tokio::spawn(stop.clone().run_until_cancelled_owned(serving));
                line = Some(Line { path, _slave: slave });
            }
        }
        tokio::spawn(stop.clone().run_until_cancelled_owned(watch_over(Arc::clone(&shared))));
        Ok(Self { door, line, shared, stop })
    }

    /// Where it listens; `None` for RTU.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.door.as_ref().map(Door::address)
    }

    /// The serial port that the driver opens; `None` for TCP.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.line.as_ref().map(|line| line.path.as_path())
    }

    /// The outputs now, counted from 0 whatever their addresses.
    #[must_use]
    pub fn coils(&self) -> Vec<bool> {
        lock(&self.shared.image).coils.clone()
    }

    /// The outputs after each change; a slow watcher sees the latest only, see [`SimModule::history`].
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Vec<bool>> {
        self.shared.coils.subscribe()
    }

    /// Every change of an output in order, the last [`CHANGES_MAX`].
    #[must_use]
    pub fn history(&self) -> Vec<CoilChange> {
        lock(&self.shared.history).clone()
    }

    /// How many requests of its unit it has carried out, refusals included.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Sets an input (a button, a beam). False where there is no such input.
    #[must_use]
    pub fn set_input(&self, input: u16, on: bool) -> bool {
        lock(&self.shared.image).set_input(input, on)
    }

    /// So many pulses of an input that is off, each shorter than any read sees. False where there is no such input.
    #[must_use]
    pub fn pulse(&self, input: u16, times: u32) -> bool {
        match lock(&self.shared.image).count(input) {
            Some(count) => {
                *count = count.wrapping_add(times);
                true
            }
            None => false,
        }
    }

    /// Sets what an input's counter counted. False where there is no such input.
    #[must_use]
    pub fn set_counter(&self, input: u16, value: u32) -> bool {
        match lock(&self.shared.image).count(input) {
            Some(count) => {
                *count = value;
                true
            }
            None => false,
        }
    }

    /// Whether the watchdog tripped, and its flag was not cleared since.
    #[must_use]
    pub fn tripped(&self) -> bool {
        lock(&self.shared.image).tripped()
    }

    /// Answers the next `times` requests in this way; for ever, until [`SimModule::heal`], where `None`.
    pub fn fail(&self, fault: Fault, times: Option<u32>) {
        *lock(&self.shared.fault) = Some((fault, times));
    }

    /// Answers as it should again.
    pub fn heal(&self) {
        *lock(&self.shared.fault) = None;
    }

    /// The power goes and comes: connections are cut, counters are 0, outputs at their safe values.
    ///
    /// # Errors
    /// Where somebody else took the port in between.
    pub async fn restart(&self) -> io::Result<()> {
        self.go_away().await;
        lock(&self.shared.image).restart();
        self.shared.publish();
        self.come_back().await
    }

    /// Cuts every connection; new ones are accepted again on return.
    ///
    /// # Errors
    /// Where somebody else took the port in between.
    pub async fn cut(&self) -> io::Result<()> {
        self.go_away().await;
        self.come_back().await
    }

    /// Closes the port; a module on a line falls silent.
    pub async fn go_away(&self) {
        match &self.door {
            Some(door) => door.close().await,
            None => self.fail(Fault::Mute, None),
        }
    }

    /// Opens the same port again; a module on a line speaks again.
    ///
    /// # Errors
    /// Where somebody else took the port in between.
    pub async fn come_back(&self) -> io::Result<()> {
        match &self.door {
            Some(door) => door.reopen().await,
            None => {
                self.heal();
                Ok(())
            }
        }
    }
}

impl Drop for SimModule {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Shared {
    fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The answer of the module to a request for its unit, before any fault of the wire.
    pub(super) fn answer(&self, pdu: &[u8]) -> Vec<u8> {
        let answer = lock(&self.image).answer(pdu, self.now_us());
        self.answered.fetch_add(1, Ordering::Relaxed);
        self.publish();
        answer
    }

    /// The fault of this answer.
    pub(super) fn take_fault(&self) -> Option<Fault> {
        let mut held = lock(&self.fault);
        let (fault, times) = held.as_mut()?;
        let fault = *fault;
        match times {
            Some(0) => {
                *held = None;
                return None;
            }
            Some(times) => *times -= 1,
            None => {}
        }
        Some(fault)
    }

    fn publish(&self) {
        // The history's lock is held first, so that an older state never overwrites a newer one.
        let mut history = lock(&self.history);
        let now = lock(&self.image).coils.clone();
        self.coils.send_if_modified(|before| {
            for (coil, (was, is)) in (0..).zip(before.iter().zip(&now)) {
                if was != is {
                    history.push(CoilChange { coil, on: *is });
                }
            }
            let changed = *before != now;
            *before = now;
            changed
        });
        let surplus = history.len().saturating_sub(CHANGES_MAX);
        history.drain(..surplus);
    }
}

/// Lets the watchdog trip without anybody asking.
async fn watch_over(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(TICK).await;
        lock(&shared.image).tick(shared.now_us());
        shared.publish();
    }
}
