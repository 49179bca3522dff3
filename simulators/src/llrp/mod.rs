//! A UHF reader that speaks LLRP 1.0.1, or 1.1 on wish, over TCP.
//!
//! What it does as the standard has it: connection events and the refusal of a second client,
//! capabilities, configuration, ROSpecs with all start and stop triggers, reports every N tags or
//! at the ends of AISpec and ROSpec with the fields that were selected, keepalives, events, reports
//! held while no client is there (bounded, the oldest lost with an overflow event), goodbye.
//! What it does to be unkind: see [`SimReader`]'s faults.
//!
//! `reader` is the pure state machine over `rounds` (ROSpecs), `plan` (their parsed form), `config`
//! and `outbox`; `server` moves the bytes. `access` executes AccessSpecs on
//! the tags' memories. Absent: filters, TLS, LLRP 1.1.

mod access;
mod capabilities;
mod config;
mod field;
mod filter;
mod flood;
mod outbox;
mod plan;
mod profile;
mod reader;
mod report;
mod rounds;
mod server;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

pub use access::TagMemory;
pub use field::{FIELD_TAGS_MAX, SimTag};
pub use outbox::HELD_MESSAGES_MAX;
pub use profile::Profile;
pub use tls::SimCertificate;

use crate::door::{Door, lock};
use flood::Flood;
use reader::Reader;
use server::{Fault, Shared};

/// The most antennas, inputs and outputs.
pub const PORTS_MAX: u16 = 32;
/// The fastest read loop, in tries a second.
pub const RATE_MAX: u32 = 1_000_000;
/// The most tags in one report of a flood.
pub const FLOOD_REPORT_TAGS_MAX: usize = 4096;

/// The id of a reader that was given none: locally administered, nobody's.
const MAC_DEFAULT: [u8; 8] = [0x02, 0, 0, 0xFF, 0xFE, 0, 0, 0x01];

/// How a simulated reader is made.
#[derive(Debug, Clone)]
pub struct LlrpOptions {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Decides all misses and jitter.
    pub seed: u64,
    /// Tries to read a tag, a second, over all antennas; at most [`RATE_MAX`].
    pub rate: u32,
    /// How many of 100 tries fail.
    pub miss_percent: u8,
    /// How far the RSSI strays, in dB.
    pub jitter_db: u8,
    /// Antenna ports, at most [`PORTS_MAX`].
    pub ports: u16,
    /// Inputs, and as many outputs, at most [`PORTS_MAX`].
    pub inputs: u16,
    /// The reader's own id, a MAC address (EUI-64).
    pub mac: [u8; 8],
    /// Which reader it is like.
    pub profile: Profile,
    /// Speaks TLS with this certificate; plain TCP where absent.
    pub tls: Option<SimCertificate>,
    /// Connects to this client by itself whenever it has none (reader-initiated connections).
    pub dial: Option<SocketAddr>,
}

impl Default for LlrpOptions {
    fn default() -> Self {
        Self {
            bind: crate::LOOPBACK,
            seed: 1,
            rate: 200,
            miss_percent: 30,
            jitter_db: 2,
            ports: 4,
            inputs: 4,
            mac: MAC_DEFAULT,
            profile: Profile::default(),
            tls: None,
            dial: None,
        }
    }
}

/// What can be seen of a reader from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReaderStatus {
    /// Whether a client is connected.
    pub connected: bool,
    /// The ROSpec that is active.
    pub active: Option<u32>,
    /// How many ROSpecs there are.
    pub rospecs: usize,
    /// Clients that were taken since the start.
    pub sessions: u64,
    /// Clients that were turned away.
    pub refused: u64,
    /// Sessions that ended with CLOSE_CONNECTION.
    pub goodbyes: u64,
    /// Tries to read a tag.
    pub tries: u64,
    /// Tries that succeeded.
    pub reads: u64,
    /// Messages that wait for the client.
    pub waiting: usize,
    /// Reports and events lost because too many waited.
    pub lost: u64,
    /// KEEPALIVE_ACKs that came.
    pub keepalive_acks: u64,
}

/// A simulated reader; dropping it closes its port. Methods may be called at any time.
#[derive(Debug)]
pub struct SimReader {
    door: Door,
    shared: Arc<Shared>,
    options: LlrpOptions,
}

impl SimReader {
    /// Starts with an empty field and factory settings.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start(mut options: LlrpOptions) -> io::Result<Self> {
        options.rate = options.rate.min(RATE_MAX);
        options.ports = options.ports.clamp(1, PORTS_MAX);
        options.inputs = options.inputs.min(PORTS_MAX);
        let shared = Arc::new(Shared::new(Reader::new(&options)));
        let tls = options.tls.map(SimCertificate::acceptor).transpose()?;
        shared.set(|core| (core.tls, core.dial) = (tls, options.dial));
        let served = Arc::clone(&shared);
        let door = Door::open(options.bind, move |listener, stop| {
            Box::pin(server::serve(listener, stop, Arc::clone(&served)))
        })
        .await?;
        tracing::info!(address = %door.address(), seed = options.seed, "simulated reader");
        Ok(Self { door, shared, options })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// What decides its misses and jitter; print it where a test fails.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.options.seed
    }

    /// Its state, to look at and to await.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<ReaderStatus> {
        self.shared.status.subscribe()
    }

    /// Replaces the tags before the antennas; reads up to now are of the old ones.
    pub fn set_field(&self, tags: Vec<SimTag>) {
        if tags.len() > FIELD_TAGS_MAX {
            tracing::warn!(tags = tags.len(), FIELD_TAGS_MAX, "tags beyond the bound are left out");
        }
        self.shared.change(|reader, now_us| {
            reader.tick(now_us);
            reader.rounds.field.set(tags);
        });
    }

    /// Takes all tags away.
    pub fn clear_field(&self) {
        self.set_field(Vec::new());
    }

    /// Gives the tags of that EPC other passwords, TID or user memory than a fresh tag's.
    pub fn set_memory(&self, epc: &[u8], memory: TagMemory) {
        self.shared.change(|reader, _| reader.access.set_memory(epc, memory));
    }

    /// What is in the memory of the tags of that EPC now.
    #[must_use]
    pub fn memory(&self, epc: &[u8]) -> TagMemory {
        self.shared.change(|reader, _| reader.access.memory(epc))
    }

    /// Changes the rate of the read loop, in tries a second.
    pub fn set_rate(&self, rate: u32) {
        self.shared.change(|reader, now_us| {
            reader.tick(now_us);
            reader.rounds.set_rate(rate.min(RATE_MAX), now_us);
        });
    }

    /// Changes how many of 100 tries fail.
    pub fn set_miss_percent(&self, percent: u8) {
        self.shared.change(|reader, now_us| {
            reader.tick(now_us);
            reader.rounds.field.miss_percent = percent;
        });
    }

    /// Changes the level of an input (a beam, a button). False where there is no such input.
    pub fn set_input(&self, port: u16, on: bool) -> bool {
        self.shared.change(|reader, now_us| reader.set_input(port, on, now_us))
    }

    /// Plugs an antenna in or out.
    pub fn set_antenna(&self, antenna: u16, connected: bool) {
        self.shared.change(|reader, now_us| reader.plug(antenna, connected, now_us));
    }

    /// Makes the reader's clock wrong by so many microseconds, in what it tells from now on.
    pub fn set_clock_skew_us(&self, skew_us: i64) {
        self.shared.change(|reader, _| reader.skew_us = skew_us);
    }

    /// Swaps the certificate: from the next connection on another one is shown.
    ///
    /// # Errors
    /// None with the certificates that are built in.
    pub fn set_certificate(&self, certificate: SimCertificate) -> io::Result<()> {
        let tls = certificate.acceptor()?;
        self.shared.set(|core| core.tls = Some(tls));
        Ok(())
    }

    /// The levels of the outputs, the first one first.
    #[must_use]
    pub fn outputs(&self) -> Vec<bool> {
        self.shared.change(|reader, _| reader.outputs().to_vec())
    }

    /// Fault: the connection breaks without a goodbye. ROSpecs go on, reports are held.
    pub fn drop_connection(&self) {
        self.shared.fault(Fault::Drop);
    }

    /// Fault: bytes that are no LLRP.
    pub fn garbage(&self) {
        self.shared.fault(Fault::Bytes(b"\xFFHTTP/1.1 400 Bad Request\r\n\r\n".to_vec()));
    }

    /// Fault: the given bytes in the middle of the stream.
    pub fn raw(&self, bytes: &[u8]) {
        self.shared.fault(Fault::Bytes(bytes.to_vec()));
    }

    /// Fault: a report that ends in its middle, and then the connection does too.
    pub fn truncated_frame(&self) {
        // RO_ACCESS_REPORT of 64 bytes, of which 14 come.
        let bytes = b"\x04\x3D\x00\x00\x00\x40\x00\x00\x00\x09\x00\xF0\x00\x36".to_vec();
        self.shared.fault(Fault::BytesThenDrop(bytes));
    }

    /// Fault: the header of a report that claims almost 4 GiB.
    pub fn huge_frame(&self) {
        let bytes = b"\x04\x3D\xFF\xFF\xFF\xF0\x00\x00\x00\x09\x00\xF0\x00\x36".to_vec();
        self.shared.fault(Fault::Bytes(bytes));
    }

    /// Fault: while silent, the connection stands but nothing is sent, nothing is answered and
    /// nothing is read from the field, as when the firmware hangs.
    pub fn silence(&self, silent: bool) {
        self.shared.set(|core| core.silent = silent);
    }

    /// Fault: everything is sent in pieces of so many bytes with a pause after each, as over a bad line, so that
    /// frames come in halves; 0 bytes ends it.
    pub fn drip(&self, bytes: usize, pause: Duration) {
        *lock(&self.shared.drip) = (bytes > 0).then_some((bytes, pause));
    }

    /// Fault: while refusing, clients are turned away for "another reason".
    pub fn refuse(&self, refuse: bool) {
        self.shared.set(|core| core.refusing = refuse);
    }

    /// The network is gone: connections are cut and the port is closed; the reader reads on.
    pub async fn go_away(&self) {
        self.door.close().await;
    }

    /// The network is back, at the same port.
    ///
    /// # Errors
    /// Where somebody else took the port in between.
    pub async fn come_back(&self) -> io::Result<()> {
        self.door.reopen().await
    }

    /// Power off and on: ROSpecs, settings and held reports are lost, the tags stay in the field.
    ///
    /// # Errors
    /// Where somebody else took the port in between.
    pub async fn power_cycle(&self) -> io::Result<()> {
        self.door.close().await;
        self.shared.set(|core| {
            let mut fresh = Reader::new(&self.options);
            std::mem::swap(&mut fresh.rounds.field, &mut core.reader.rounds.field);
            core.reader = fresh;
        });
        self.door.reopen().await
    }

    /// Another reader is put in this one's place, at the same port: it has another id, and none of the
    /// settings. The tags stay in the field.
    ///
    /// # Errors
    /// Where somebody else took the port in between.
    pub async fn replace(&self, mac: [u8; 8]) -> io::Result<()> {
        self.door.close().await;
        self.shared.set(|core| {
            let mut fresh = Reader::new(&LlrpOptions { mac, ..self.options.clone() });
            std::mem::swap(&mut fresh.rounds.field, &mut core.reader.rounds.field);
            core.reader = fresh;
        });
        self.door.reopen().await
    }

    /// For benchmarks: sends `reads` reads of the tags in the field, `tags_per_report` a report,
    /// encoded once, as fast as the client takes them. Gives the time until the last one was
    /// handed to the socket.
    ///
    /// # Errors
    /// `NotConnected` without a client; `ConnectionAborted` where it leaves before the end;
    /// `InvalidInput` with an empty field or more than [`FLOOD_REPORT_TAGS_MAX`] tags a report.
    pub async fn flood(&self, reads: u64, tags_per_report: usize) -> io::Result<Duration> {
        let (done, wait) = oneshot::channel();
        {
            let mut core = lock(&self.shared.core);
            if !core.connected {
                return Err(io::Error::new(io::ErrorKind::NotConnected, "no client to flood"));
            }
            let seen = core.reader.rounds.field.all(self.shared.now_us());
            core.flood = Some(Flood::new(&seen, reads, tags_per_report, done)?);
        }
        self.shared.wake.notify_one();
        wait.await.map_err(|_| {
            io::Error::new(io::ErrorKind::ConnectionAborted, "the client left during the flood")
        })
    }
}
