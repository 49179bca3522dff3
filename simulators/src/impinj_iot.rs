//! An Impinj reader's IoT device interface: HTTP/1.1 with Basic auth and a stream of JSON lines.
//!
//! Serves GET `/system`, GET `/status`, GET `/data/stream`, POST `/profiles/inventory/start`, `…/presets/{id}/start`
//! and `/profiles/stop` below `/api/v1`. While its inventory runs it tells tags of its seed and an empty line every
//! `keep_alive_ms`. The handle makes it fail; dropping it closes the port. Absent: TLS, profiles' effects.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::broadcast,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{LOOPBACK, Seed};

/// Pieces that wait for a slow listener; beyond them it is cut off.
pub const PIECES_MAX: usize = 4_096;
/// The longest request body, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// The longest head of a request, in bytes.
const HEAD_BYTES_MAX: u64 = 16 * 1024;

/// How a simulated reader is made.
#[derive(Debug, Clone)]
pub struct ImpinjIotOptions {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// User name and password.
    pub login: (String, String),
    /// What the tags are made of.
    pub seed: u64,
    /// Between two tags, in milliseconds; 0 tells none by itself.
    pub tag_ms: u64,
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
            keep_alive_ms: 30_000,
            preset: "default".to_owned(),
        }
    }
}

struct Shared {
    options: ImpinjIotOptions,
    running: AtomicBool,
    deaf: AtomicBool,
    starts: AtomicU64,
    pieces: broadcast::Sender<Option<Vec<u8>>>,
}

/// A running reader.
pub struct ImpinjIotReader {
    address: SocketAddr,
    shared: Arc<Shared>,
    _guard: DropGuard,
}

/// Starts a reader.
pub async fn start(options: ImpinjIotOptions) -> io::Result<ImpinjIotReader> {
    let listener = TcpListener::bind(options.bind).await?;
    let address = listener.local_addr()?;
    let (pieces, _) = broadcast::channel(PIECES_MAX);
    let shared = Arc::new(Shared {
        options,
        running: AtomicBool::new(false),
        deaf: AtomicBool::new(false),
        starts: AtomicU64::new(0),
        pieces,
    });
    let stop = CancellationToken::new();
    tokio::spawn(stop.clone().run_until_cancelled_owned(accept(
        listener,
        Arc::clone(&shared),
        stop.clone(),
    )));
    tokio::spawn(stop.clone().run_until_cancelled_owned(beat(Arc::clone(&shared))));
    Ok(ImpinjIotReader { address, shared, _guard: stop.drop_guard() })
}

impl ImpinjIotReader {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often its inventory was started.
    #[must_use]
    pub fn starts(&self) -> u64 {
        self.shared.starts.load(SeqCst)
    }

    /// Whether its inventory runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.shared.running.load(SeqCst)
    }

    /// Tells a tag.
    pub fn tag(&self, epc: &[u8], antenna: u16) {
        self.raw(tag_line(epc, antenna).as_bytes());
    }

    /// Tells that an input changed.
    pub fn input(&self, gpi: u16, on: bool) {
        let transition = if on { "low-to-high" } else { "high-to-low" };
        let event = json!({
            "timestamp": TIME, "eventType": "gpiTransition",
            "gpiTransitionEvent": { "gpi": gpi, "transition": transition },
        });
        self.raw(format!("{event}\r\n").as_bytes());
    }

    /// Tells that events were lost.
    pub fn overflow(&self) {
        let event = json!({ "timestamp": TIME, "eventType": "overflow", "overflowEvent": {} });
        self.raw(format!("{event}\r\n").as_bytes());
    }

    /// Puts any bytes on the stream.
    pub fn raw(&self, bytes: &[u8]) {
        // Nobody listening is as with a real reader.
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
}

const TIME: &str = "2021-02-02T22:18:35.658476625Z";

fn tag_line(epc: &[u8], antenna: u16) -> String {
    let hex: String = epc.iter().map(|byte| format!("{byte:02X}")).collect();
    let event = json!({
        "timestamp": TIME,
        "eventType": "tagInventory",
        "tagInventoryEvent": {
            "epc": URL_SAFE.encode(epc), "epcHex": hex, "antennaPort": antenna,
            "peakRssiCdbm": -5_450, "pc": "3000", "lastSeenTime": "2021-02-02T22:18:35.499734Z",
        },
    });
    format!("{event}\r\n")
}

/// Tells tags and that it is alive.
async fn beat(shared: Arc<Shared>) {
    let mut seed = Seed::new(shared.options.seed);
    let period = |ms: u64| Duration::from_millis(if ms == 0 { 86_400_000 } else { ms });
    let mut tags = tokio::time::interval(period(shared.options.tag_ms));
    let mut alive = tokio::time::interval(period(shared.options.keep_alive_ms));
    tags.tick().await;
    loop {
        let piece = tokio::select! {
            _ = tags.tick() => {
                let mut epc = [0u8; 12];
                epc[4..].copy_from_slice(&seed.next_u64().to_be_bytes());
                tag_line(&epc, 1)
            }
            _ = alive.tick() => "\r\n".to_owned(),
        };
        if !shared.deaf.load(SeqCst) && (piece.len() == 2 || shared.running.load(SeqCst)) {
            let _ = shared.pieces.send(Some(piece.into_bytes()));
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            // A broken connection concerns its peer alone.
            let _ = serve(stream, &shared).await;
        }));
    }
}

/// One request of a connection, which is closed after it.
async fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading).take(HEAD_BYTES_MAX);
    let mut first = String::new();
    reading.read_line(&mut first).await?;
    let (mut length, mut login) = (0usize, String::new());
    loop {
        let mut line = String::new();
        if reading.read_line(&mut line).await? == 0 || line.trim().is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => login = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length.min(BODY_BYTES_MAX)];
    reading.into_inner().read_exact(&mut body).await?;
    let (user, password) = &shared.options.login;
    if login != format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))) {
        return answer(&mut writing, "401 Unauthorized", "").await;
    }
    let what: Vec<&str> = first.split_whitespace().take(2).collect();
    let preset = format!("/api/v1/profiles/inventory/presets/{}/start", shared.options.preset);
    match what.as_slice() {
        ["GET", "/api/v1/system"] => {
            let told = json!({
                "manufacturer": "Impinj", "productModel": "R700", "productSku": "IPJ-R700-241",
                "serialNumber": format!("37021050{:03}", shared.options.seed % 1_000),
                "firmwareVersion": "8.1.0.79",
            });
            answer(&mut writing, "200 OK", &told.to_string()).await
        }
        ["GET", "/api/v1/status"] => {
            let status = if shared.running.load(SeqCst) { "running" } else { "idle" };
            answer(&mut writing, "200 OK", &json!({ "status": status }).to_string()).await
        }
        ["POST", "/api/v1/profiles/stop"] => {
            shared.running.store(false, SeqCst);
            answer(&mut writing, "204 No Content", "").await
        }
        ["POST", path] if *path == "/api/v1/profiles/inventory/start" || *path == preset => {
            let is_inline = *path != preset;
            let profile: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            if is_inline && profile["antennaConfigs"].as_array().is_none_or(Vec::is_empty) {
                return answer(&mut writing, "400 Bad Request", r#"{"message":"antennaConfigs"}"#)
                    .await;
            }
            shared.running.store(true, SeqCst);
            shared.starts.fetch_add(1, SeqCst);
            answer(&mut writing, "204 No Content", "").await
        }
        ["GET", "/api/v1/data/stream"] => stream_to(&mut writing, shared).await,
        _ => answer(&mut writing, "404 Not Found", r#"{"message":"no such resource"}"#).await,
    }
}

async fn answer(to: &mut (impl AsyncWriteExt + Unpin), status: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    to.write_all(format!("{head}{body}").as_bytes()).await?;
    to.shutdown().await
}

async fn stream_to(to: &mut (impl AsyncWriteExt + Unpin), shared: &Shared) -> io::Result<()> {
    let mut pieces = shared.pieces.subscribe();
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    to.write_all(head.as_bytes()).await?;
    while let Ok(Some(piece)) = pieces.recv().await {
        to.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        to.write_all(&piece).await?;
        to.write_all(b"\r\n").await?;
    }
    // Cut off, without the last chunk.
    to.shutdown().await
}
