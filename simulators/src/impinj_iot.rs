//! An Impinj reader's IoT device interface: HTTP/1.1 with Basic auth and a stream of JSON lines.
//!
//! Serves below `/api/v1`: GET `/system`, `/system/image`, `/status`, `/data/stream`, POST `/profiles/inventory/start`,
//! `…/presets/{id}/start` and `/profiles/stop`. Spec-strict (API 1.7.0): a profile without a required property is
//! refused by its name, an event has the properties that the profile asks for (`epcHex` only on demand, a TID only
//! with `fastId`), and what nobody listens to is kept, [`KEPT_MAX`] events, with an `overflowEvent` for the rest.
//! The handle puts tags before its antennas and makes it fail; dropping it closes the port.
//! Absent: TLS, filters, triggers, what an RF mode does.

mod events;
mod http;

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::sync::{broadcast, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::door::{Door, lock};
use crate::llrp::SimTag;
use crate::tags::Tags;
use crate::{LOOPBACK, Seed};
use events::Report;

/// Pieces that wait for a slow listener; beyond them it is cut off.
pub const PIECES_MAX: usize = 4_096;
/// Events that are kept while nobody listens.
pub const KEPT_MAX: usize = 1_000;
/// The longest request body, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// How a simulated reader is made.
#[derive(Debug, Clone)]
pub struct ImpinjIotOptions {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// User name and password.
    pub login: (String, String),
    /// Decides its serial number, the tags it makes up, and which tags a round misses.
    pub seed: u64,
    /// Between two tags that it makes up, in milliseconds; 0 makes none up.
    pub tag_ms: u64,
    /// Between two rounds that tell what stands before it, in milliseconds; 0 tells none by itself.
    pub round_ms: u64,
    /// How many of 100 tags a round misses.
    pub miss_percent: u8,
    /// Between two empty lines, in milliseconds.
    pub keep_alive_ms: u64,
    /// The preset it knows.
    pub preset: String,
}

impl Default for ImpinjIotOptions {
    fn default() -> Self {
        Self {
            bind: LOOPBACK,
            login: ("root".to_owned(), "impinj".to_owned()),
            seed: 1,
            tag_ms: 0,
            round_ms: 0,
            miss_percent: 0,
            keep_alive_ms: 30_000,
            preset: "default".to_owned(),
        }
    }
}

/// What can be seen of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImpinjStatus {
    /// Whether its inventory runs.
    pub running: bool,
    /// How often its inventory was started.
    pub starts: u64,
    /// How many streams are open.
    pub streams: usize,
    /// How many tags it has told.
    pub told: u64,
}

struct Shared {
    options: ImpinjIotOptions,
    deaf: AtomicBool,
    tags: Tags,
    report: Mutex<Report>,
    status: watch::Sender<ImpinjStatus>,
    pieces: broadcast::Sender<Option<Vec<u8>>>,
    kept: Mutex<Kept>,
}

/// What nobody listened to.
#[derive(Default)]
struct Kept {
    events: VecDeque<Vec<u8>>,
    purged: u64,
}

/// A running reader.
pub struct ImpinjIotReader {
    door: Door,
    shared: Arc<Shared>,
    _guard: DropGuard,
}

impl std::fmt::Debug for ImpinjIotReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImpinjIotReader").field("address", &self.address()).finish()
    }
}

/// Starts a reader.
///
/// # Errors
/// Where the address cannot be bound.
pub async fn start(options: ImpinjIotOptions) -> io::Result<ImpinjIotReader> {
    let shared = Arc::new(Shared {
        deaf: AtomicBool::new(false),
        tags: Tags::new(options.seed, options.miss_percent),
        report: Mutex::default(),
        status: watch::Sender::default(),
        pieces: broadcast::Sender::new(PIECES_MAX),
        kept: Mutex::default(),
        options,
    });
    let serves = Arc::clone(&shared);
    let door = Door::open(shared.options.bind, move |listener, stop| {
        Box::pin(http::accept(listener, Arc::clone(&serves), stop))
    })
    .await?;
    let stop = CancellationToken::new();
    tokio::spawn(stop.clone().run_until_cancelled_owned(beat(Arc::clone(&shared))));
    Ok(ImpinjIotReader { door, shared, _guard: stop.drop_guard() })
}

/// Tells tags and that it is alive.
async fn beat(shared: Arc<Shared>) {
    let mut seed = Seed::new(shared.options.seed);
    let period = |ms: u64| Duration::from_millis(if ms == 0 { 86_400_000 } else { ms });
    let mut made_up = tokio::time::interval(period(shared.options.tag_ms));
    let mut rounds = tokio::time::interval(period(shared.options.round_ms));
    let mut alive = tokio::time::interval(period(shared.options.keep_alive_ms));
    made_up.tick().await;
    rounds.tick().await;
    loop {
        let seen = tokio::select! {
            _ = made_up.tick() => {
                let mut epc = vec![0u8; 12];
                epc[4..].copy_from_slice(&seed.next_u64().to_be_bytes());
                vec![SimTag { epc, antenna: 1, rssi_dbm: -54 }]
            }
            _ = rounds.tick() => shared.tags.round(),
            _ = alive.tick() => {
                if !shared.deaf.load(SeqCst) {
                    // Nobody listening is as with a real reader.
                    let _ = shared.pieces.send(Some(b"\r\n".to_vec()));
                }
                continue;
            }
        };
        if shared.status.borrow().running && !shared.deaf.load(SeqCst) {
            shared.tell_tags(&seen);
        }
    }
}

impl Shared {
    fn tell_tags(&self, seen: &[SimTag]) {
        for tag in seen {
            let line = lock(&self.report).tag(tag);
            self.tell(line);
        }
        self.status.send_modify(|now| now.told += seen.len() as u64);
    }

    /// Puts an event on the stream, or keeps it for the next listener.
    fn tell(&self, line: Vec<u8>) {
        let mut kept = lock(&self.kept);
        let Err(unheard) = self.pieces.send(Some(line)) else { return };
        if kept.events.len() >= KEPT_MAX && kept.events.pop_front().is_some() {
            kept.purged += 1;
        }
        kept.events.extend(unheard.0);
    }

    /// A listener, and what was kept for it.
    fn listen(&self) -> (broadcast::Receiver<Option<Vec<u8>>>, Vec<u8>) {
        let mut kept = lock(&self.kept);
        let pieces = self.pieces.subscribe();
        let mut first = Vec::new();
        let purged = std::mem::take(&mut kept.purged);
        if purged > 0 {
            first.extend(events::overflow(purged, kept.events.len()));
        }
        kept.events.drain(..).for_each(|event| first.extend(event));
        (pieces, first)
    }
}

impl ImpinjIotReader {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// What can be seen of it.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<ImpinjStatus> {
        self.shared.status.subscribe()
    }

    /// How it was made.
    #[must_use]
    pub fn options(&self) -> &ImpinjIotOptions {
        &self.shared.options
    }

    /// How many tags stand before it.
    #[must_use]
    pub fn field(&self) -> usize {
        self.shared.tags.len()
    }

    /// Puts tags before its antennas; those before are gone.
    pub fn set_field(&self, tags: Vec<SimTag>) {
        self.shared.tags.set(tags);
    }

    /// Tells a tag once.
    pub fn tag(&self, epc: &[u8], antenna: u16) {
        self.shared.tell_tags(&[SimTag { epc: epc.to_vec(), antenna, rssi_dbm: -54 }]);
    }

    /// Tells that an input changed.
    pub fn input(&self, gpi: u16, on: bool) {
        self.shared.tell(events::input(gpi, on));
    }

    /// Tells that an antenna was plugged in or out.
    pub fn antenna(&self, port: u16, connected: bool) {
        self.shared.tell(events::antenna(port, connected));
    }

    /// Tells that events were lost.
    pub fn overflow(&self, purged: u64) {
        self.shared.tell(events::overflow(purged, 0));
    }

    /// Puts any bytes on the stream.
    pub fn raw(&self, bytes: &[u8]) {
        let _ = self.shared.pieces.send(Some(bytes.to_vec()));
    }

    /// Closes every stream in the middle of a line.
    pub fn drop_in_a_line(&self) {
        self.raw(br#"{"timestamp":"2021-02-02T22:1"#);
        self.drop_streams();
    }

    /// Closes every stream.
    pub fn drop_streams(&self) {
        let _ = self.shared.pieces.send(None);
    }

    /// Says nothing any more, not even that it is alive; or again.
    pub fn silence(&self, silent: bool) {
        self.shared.deaf.store(silent, SeqCst);
    }

    /// Ends its inventory, as somebody at its own web interface does.
    pub fn stop_reading(&self) {
        self.shared.set_running(false);
    }

    /// Cuts every connection and closes the port; it reads on.
    pub async fn go_away(&self) {
        self.door.close().await;
    }

    /// Opens the port again.
    ///
    /// # Errors
    /// Where somebody else has taken it.
    pub async fn come_back(&self) -> io::Result<()> {
        self.door.reopen().await
    }

    /// Power off and on: it reads no longer, and what it kept is lost.
    ///
    /// # Errors
    /// As [`Self::come_back`].
    pub async fn power_cycle(&self) -> io::Result<()> {
        self.go_away().await;
        self.shared.status.send_modify(|now| now.running = false);
        *lock(&self.shared.kept) = Kept::default();
        self.come_back().await
    }
}
