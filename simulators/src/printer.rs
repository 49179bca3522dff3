//! A ZPL label printer on a raw TCP port or a pseudo-terminal (as a USB printer's file or a serial port): it answers
//! `~HS`, `~HQES`, `~HI`, `^HV` and SGD odometers, encodes tags from a roll with bad ones, and keeps the formats
//! (`^XA` to `^XZ`) it was sent, printed or waiting.
//!
//! Invariants: nothing is printed while paper, pause or head stand against it; answers come in the
//! order of the requests. Absent: rendering, everything else of ZPL II (ignored, as printers do).

mod desk;
mod label;
mod pty;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::door::{Door, lock};
use desk::{Desk, Effect};
use stream::{Input, Splitter};

pub use desk::Mishap;
pub use pty::SimPrinterPty;

/// How many formats are kept, waiting or printed; the oldest printed one goes first.
pub const FORMATS_MAX: usize = 1000;
/// How many clients it serves at once.
const CLIENTS_MAX: usize = 8;
const READ_BYTES_MAX: usize = 4096;
/// What a printer says whose line is disturbed.
const NOISE: &[u8] = b"\xff\x00\x02@@\x03\r\n\x7f";

/// What stands in a printer's way; all false is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Obstacles {
    /// The media has run out.
    pub paper_out: bool,
    /// Somebody pressed pause.
    pub paused: bool,
    /// The head is open.
    pub head_open: bool,
    /// The ribbon has run out.
    pub ribbon_out: bool,
}

impl Obstacles {
    fn any(self) -> bool {
        self.paper_out || self.paused || self.head_open || self.ribbon_out
    }
}

/// A simulated printer; dropping it closes its port.
#[derive(Debug)]
pub struct SimPrinter {
    door: Door,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    desk: Mutex<Desk>,
    mute: AtomicBool,
    garbage: AtomicBool,
    printed: watch::Sender<usize>,
}

impl SimPrinter {
    /// Starts a ready printer on a free port of loopback.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::start_at(crate::LOOPBACK).await
    }

    /// Starts a ready printer at `bind`.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start_at(bind: SocketAddr) -> io::Result<Self> {
        let shared = Shared::new();
        let served = Arc::clone(&shared);
        let door = Door::open(bind, move |listener, stop| {
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

    /// Puts paper in (true) or lets it run out (false).
    pub fn paper(&self, present: bool) {
        self.change(|obstacles| obstacles.paper_out = !present);
    }

    /// Presses pause, or releases it.
    pub fn pause(&self, paused: bool) {
        self.change(|obstacles| obstacles.paused = paused);
    }

    /// Opens the head, or closes it.
    pub fn head(&self, open: bool) {
        self.change(|obstacles| obstacles.head_open = open);
    }

    /// Puts a ribbon in (true) or lets it run out (false).
    pub fn ribbon(&self, present: bool) {
        self.change(|obstacles| obstacles.ribbon_out = !present);
    }

    /// Puts in a roll of so many labels; after them the paper is out.
    pub fn paper_for(&self, labels: u32) {
        self.shared.desk(|desk| desk.paper_left = Some(labels));
    }

    /// The next so many tags on the roll can't be encoded: their labels are voided.
    pub fn bad_tags(&self, tags: u32) {
        self.shared.desk(|desk| desk.bad_tags = tags);
    }

    /// Something goes wrong with the next format.
    pub fn on_next(&self, mishap: Mishap) {
        self.shared.desk(|desk| desk.mishap = Some(mishap));
    }

    /// Puts another printer in its place, by its serial number.
    pub fn swap(&self, serial: &str) {
        self.shared.desk(|desk| desk.serial = serial.to_owned());
    }

    /// Labels in its life, encoded tags, voided tags.
    #[must_use]
    pub fn odometers(&self) -> (u64, u64, u64) {
        let desk = lock(&self.shared.desk);
        (desk.labels, desk.valid, desk.void)
    }

    /// While mute, nothing is answered. Noise ends.
    pub fn mute(&self, mute: bool) {
        self.shared.garbage.store(false, Ordering::SeqCst);
        self.shared.mute.store(mute, Ordering::SeqCst);
    }

    /// The formats printed, the last [`FORMATS_MAX`].
    #[must_use]
    pub fn printed(&self) -> Vec<Vec<u8>> {
        lock(&self.shared.desk).printed.clone()
    }

    /// How many formats have been printed in all, to await.
    #[must_use]
    pub fn count(&self) -> watch::Receiver<usize> {
        self.shared.printed.subscribe()
    }

    /// Cuts every connection and closes the port.
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

    fn change(&self, change: impl FnOnce(&mut Obstacles)) {
        self.shared.desk(|desk| {
            change(&mut desk.obstacles);
            // A new roll has enough.
            if !desk.obstacles.paper_out && desk.paper_left == Some(0) {
                desk.paper_left = None;
            }
            desk.print(false);
        });
    }
}

async fn serve(listener: TcpListener, stop: CancellationToken, shared: Arc<Shared>) {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = clients.join_next() => {}
            accepted = listener.accept(), if clients.len() < CLIENTS_MAX => match accepted {
                Ok((stream, _)) => {
                    clients.spawn(attend(stream, Arc::clone(&shared)));
                }
                Err(error) => {
                    tracing::warn!(%error, "simulated printer stopped");
                    break;
                }
            },
        }
    }
    clients.shutdown().await;
}

/// Serves one client; a broken connection is its own affair.
async fn attend<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, shared: Arc<Shared>) {
    let mut splitter = Splitter::default();
    let mut bytes = vec![0; READ_BYTES_MAX];
    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
        for input in splitter.push(&bytes[..count]) {
            let Some(mut answer) = shared.take(input) else { return };
            if shared.garbage.load(Ordering::SeqCst) {
                answer = NOISE.to_vec();
            }
            if !shared.mute.load(Ordering::SeqCst) && stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    }
}

impl Shared {
    fn new() -> Arc<Self> {
        let (mute, garbage) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { desk: Mutex::default(), mute, garbage, printed: watch::Sender::new(0) })
    }

    fn desk(&self, change: impl FnOnce(&mut Desk)) {
        let mut desk = lock(&self.desk);
        change(&mut desk);
        self.printed.send_replace(desk.total);
    }

    /// What is answered; nothing where the connection breaks.
    fn take(&self, input: Input) -> Option<Vec<u8>> {
        let mut desk = lock(&self.desk);
        match input {
            Input::Status => Some(desk.status()),
            Input::Extended => Some(desk.extended()),
            Input::Identify => Some(b"\x02ZD421-203dpi,V93.21.26Z,8,8192KB\x03\r\n".to_vec()),
            Input::Getvar(name) => Some(desk.variable(&name)),
            Input::Format(format) => {
                let Effect { told, cut, mute, garbage } = desk.take(format);
                if garbage {
                    self.garbage.store(true, Ordering::SeqCst);
                }
                self.printed.send_replace(desk.total);
                if mute {
                    self.mute.store(true, Ordering::SeqCst);
                }
                (!cut).then_some(told)
            }
        }
    }
}
