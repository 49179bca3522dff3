//! An ERP that takes movements as signed webhooks.
//!
//! `POST /hook` verifies `X-Gatewarden-Signature: v1=<hex HMAC-SHA256(secret, "{timestamp}.{body}")>`
//! and stores the body under its `Idempotency-Key`; a repeat is answered like the first time and
//! counted. `GET /hook/{key}` looks up. Answers: 200 `{"remote_id": …}`, 401 wrong signature, 422
//! while rejecting, 404 unknown key, 507 when full. Nothing unverified is stored.
//! Absent: TLS, and a check of the timestamp's age unless `skew_s_max` asks for it.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::door::{Door, lock};
use crate::erp::Faults;

/// How many movements are kept; beyond them it answers 507.
pub const RECEIVED_MAX: usize = 100_000;
/// The longest body in bytes.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// How a simulated receiver is made.
#[derive(Clone)]
pub struct WebhookOptions {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// The key of the signature.
    pub secret: Vec<u8>,
    /// How far the timestamp may be from this machine's clock, in seconds; `None` takes any.
    pub skew_s_max: Option<u64>,
}

impl std::fmt::Debug for WebhookOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookOptions")
            .field("bind", &self.bind)
            .field("secret", &"***")
            .field("skew_s_max", &self.skew_s_max)
            .finish()
    }
}

/// One movement as it came first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its `Idempotency-Key`.
    pub id: String,
    /// Its bytes.
    pub body: Vec<u8>,
    /// Its `X-Gatewarden-Timestamp`, seconds since 1970.
    pub timestamp: u64,
    /// What it was given in return.
    pub remote_id: String,
}

/// A simulated receiver; dropping it closes its port.
#[derive(Debug)]
pub struct SimReceiver {
    door: Door,
    shared: Arc<Shared>,
    faults: Faults,
}

#[derive(Debug)]
struct Shared {
    options: WebhookOptions,
    store: Mutex<Store>,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Store {
    received: Vec<Received>,
    by_id: HashMap<String, usize>,
    repeats: u64,
    conflicts: u64,
    refused: u64,
    rejecting: Option<String>,
    hanging: bool,
}

impl SimReceiver {
    /// Starts on a free port of loopback.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start(secret: impl Into<Vec<u8>>) -> io::Result<Self> {
        let secret = secret.into();
        Self::start_with(WebhookOptions { bind: crate::LOOPBACK, secret, skew_s_max: None }).await
    }

    /// Starts as told.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start_with(options: WebhookOptions) -> io::Result<Self> {
        let bind = options.bind;
        let shared =
            Arc::new(Shared { options, store: Mutex::default(), count: watch::Sender::new(0) });
        let faults = Faults::default();
        let served = (Arc::clone(&shared), faults.clone());
        let door = Door::open(bind, move |listener, stop| {
            Box::pin(serve(listener, stop, Arc::clone(&served.0), served.1.clone()))
        })
        .await?;
        Ok(Self { door, shared, faults })
    }

    /// Where movements are posted: `http://127.0.0.1:PORT/hook`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.door.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Everything stored, in the order in which it came.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.store).received.clone()
    }

    /// How many are stored, to await.
    #[must_use]
    pub fn count(&self) -> watch::Receiver<usize> {
        self.shared.count.subscribe()
    }

    /// How often a key came again.
    #[must_use]
    pub fn repeats(&self) -> u64 {
        lock(&self.shared.store).repeats
    }

    /// How many of the repeats had another body than the first time.
    #[must_use]
    pub fn conflicts(&self) -> u64 {
        lock(&self.shared.store).conflicts
    }

    /// How many posts were refused for a missing or wrong signature or key.
    #[must_use]
    pub fn refused(&self) -> u64 {
        lock(&self.shared.store).refused
    }

    /// Makes its HTTP fail.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
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

    /// While set, posts are stored and then never answered.
    pub fn hang_after_commit(&self, hang: bool) {
        lock(&self.shared.store).hanging = hang;
    }

    /// While set, posts are refused with 422 and this reason, and not stored.
    pub fn reject(&self, reason: Option<&str>) {
        lock(&self.shared.store).rejecting = reason.map(str::to_owned);
    }
}

async fn serve(
    listener: TcpListener,
    stop: CancellationToken,
    shared: Arc<Shared>,
    faults: Faults,
) {
    let router = Router::new()
        .route("/hook", post(take))
        .route("/hook/{id}", get(look_up))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shared);
    crate::erp::run(listener, stop, router, faults).await;
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let signed = match verify(&shared.options, &headers, &body) {
        Ok(signed) => signed,
        Err(reason) => {
            lock(&shared.store).refused += 1;
            return problem(StatusCode::UNAUTHORIZED, &reason);
        }
    };
    let (answer, hang) = {
        let mut store = lock(&shared.store);
        let answer = store.take(signed, &body);
        shared.count.send_replace(store.received.len());
        (answer, store.hanging)
    };
    if hang {
        std::future::pending::<()>().await;
    }
    match answer {
        Ok(remote_id) => Json(json!({ "remote_id": remote_id })).into_response(),
        Err((status, reason)) => problem(status, &reason),
    }
}

async fn look_up(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let store = lock(&shared.store);
    match store.by_id.get(&id).and_then(|&index| store.received.get(index)) {
        Some(found) => Json(json!({ "remote_id": found.remote_id })).into_response(),
        None => problem(StatusCode::NOT_FOUND, &format!("no movement {id}")),
    }
}

fn problem(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}

struct Signed {
    id: String,
    timestamp: u64,
}

fn verify(options: &WebhookOptions, headers: &HeaderMap, body: &[u8]) -> Result<Signed, String> {
    let header = |name: &str| {
        let value = headers.get(name).ok_or_else(|| format!("header {name} is missing"))?;
        value.to_str().map_err(|_| format!("header {name} is not text"))
    };
    let id = header("Idempotency-Key")?.to_owned();
    let stamp = header("X-Gatewarden-Timestamp")?;
    let timestamp: u64 = stamp.parse().map_err(|_| format!("timestamp {stamp} is no number"))?;
    let signature = header("X-Gatewarden-Signature")?;
    let digits = signature.strip_prefix("v1=").ok_or("signature has no v1= in front")?;
    let digest = from_hex(digits).ok_or("signature is not hexadecimal")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&options.secret).map_err(|e| e.to_string())?;
    mac.update(stamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.verify_slice(&digest).map_err(|_| "signature does not match the body".to_owned())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    match options.skew_s_max {
        Some(most) if now.abs_diff(timestamp) > most => {
            Err(format!("timestamp is {} s off, at most {most} s", now.abs_diff(timestamp)))
        }
        _ => Ok(Signed { id, timestamp }),
    }
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

impl Store {
    fn take(&mut self, signed: Signed, body: &[u8]) -> Result<String, (StatusCode, String)> {
        if let Some(reason) = &self.rejecting {
            return Err((StatusCode::UNPROCESSABLE_ENTITY, reason.clone()));
        }
        if let Some(first) = self.by_id.get(&signed.id).and_then(|&index| self.received.get(index))
        {
            self.repeats += 1;
            self.conflicts += u64::from(first.body != body);
            return Ok(first.remote_id.clone());
        }
        if self.received.len() >= RECEIVED_MAX {
            let reason = format!("full: {RECEIVED_MAX} movements are stored");
            return Err((StatusCode::INSUFFICIENT_STORAGE, reason));
        }
        let remote_id = format!("R-{:06}", self.received.len() + 1);
        self.by_id.insert(signed.id.clone(), self.received.len());
        let Signed { id, timestamp } = signed;
        let body = body.to_vec();
        self.received.push(Received { id, body, timestamp, remote_id: remote_id.clone() });
        Ok(remote_id)
    }
}
