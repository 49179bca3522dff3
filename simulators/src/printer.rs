//! A ZPL label printer on a raw TCP port: it answers `~HS` (host status) and `~HI` (identification)
//! and keeps the formats (`^XA` to `^XZ`) it was sent, printed or waiting.
//!
//! Invariants: nothing is printed while paper, pause or head stand against it; answers come in the
//! order of the requests. Absent: rendering, everything else of ZPL II (ignored, as printers do).

mod stream;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::door::{Door, lock};
use stream::{Input, Splitter};

/// How many formats are kept, waiting or printed; the oldest printed one goes first.
pub const FORMATS_MAX: usize = 1000;
/// How many clients it serves at once.
const CLIENTS_MAX: usize = 8;
const READ_BYTES_MAX: usize = 4096;

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
    printed: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Desk {
    obstacles: Obstacles,
    waiting: Vec<Vec<u8>>,
    printed: Vec<Vec<u8>>,
    total: usize,
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
        let shared = Arc::new(Shared {
            desk: Mutex::default(),
            mute: AtomicBool::new(false),
            printed: watch::Sender::new(0),
        });
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

    /// While mute, nothing is answered.
    pub fn mute(&self, mute: bool) {
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
        let mut desk = lock(&self.shared.desk);
        change(&mut desk.obstacles);
        desk.print();
        self.shared.printed.send_replace(desk.total);
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
async fn attend(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut splitter = Splitter::default();
    let mut bytes = vec![0; READ_BYTES_MAX];
    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
        for input in splitter.push(&bytes[..count]) {
            let answer = shared.take(input);
            if !shared.mute.load(Ordering::SeqCst) && stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    }
}

impl Shared {
    fn take(&self, input: Input) -> Vec<u8> {
        let mut desk = lock(&self.desk);
        match input {
            Input::Status => desk.status(),
            Input::Identify => b"\x02ZD421-203dpi,V93.21.26Z,8,8192KB\x03\r\n".to_vec(),
            Input::Format(format) => {
                // A full buffer takes no more, and says so in its status.
                if desk.waiting.len() < FORMATS_MAX {
                    desk.waiting.push(format);
                }
                desk.print();
                self.printed.send_replace(desk.total);
                Vec::new()
            }
        }
    }
}

impl Desk {
    fn print(&mut self) {
        if !self.obstacles.any() {
            self.total += self.waiting.len();
            self.printed.append(&mut self.waiting);
            let surplus = self.printed.len().saturating_sub(FORMATS_MAX);
            self.printed.drain(..surplus);
        }
    }

    /// The three strings of `~HS` as the ZPL II guide lays them out.
    fn status(&self) -> Vec<u8> {
        let Obstacles { paper_out, paused, head_open, ribbon_out } = self.obstacles;
        let flag = u8::from;
        let waiting = self.waiting.len().min(999);
        let full = flag(self.waiting.len() >= FORMATS_MAX);
        let (paper, pause) = (flag(paper_out), flag(paused));
        let (head, ribbon) = (flag(head_open), flag(ribbon_out));
        format!(
            "\x02030,{paper},{pause},0812,{waiting:03},{full},0,0,000,0,0,0\x03\r\n\
             \x02000,0,{head},{ribbon},1,2,4,0,{waiting:08},1,000\x03\r\n\
             \x021234,0\x03\r\n"
        )
        .into_bytes()
    }
}
