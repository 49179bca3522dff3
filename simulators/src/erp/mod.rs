//! An ERP behind plain HTTP, for adapters that anybody writes: `POST /ANY/PATH` with a JSON body and
//! an `Idempotency-Key` is applied once and answered 201 `{"id": …}`; the same key again is answered
//! 200 with the same id. `GET /applied` lists what was applied, `GET /applied/{key}` looks up.
//!
//! Answers: 400 without a key or with a body that is no JSON, 409 where a key comes with another body,
//! 401 where a bearer token is wanted and not there, 507 when full. Its failures are those of [`Faults`].
//! Absent: TLS, the entities of any real ERP.

mod fault;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use fault::{Cut, CuttableListener, apply};
pub use fault::{Fault, Faults, MODES, Mode};

use crate::door::{Door, lock};

/// How many requests are kept; beyond them it answers 507.
pub const APPLIED_MAX: usize = 100_000;
/// The longest body in bytes.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// One request that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its `Idempotency-Key`.
    pub key: String,
    /// Where it was posted.
    pub path: String,
    /// What it held.
    pub body: Value,
}

/// A simulated ERP; dropping it closes its port.
#[derive(Debug)]
pub struct SimErp {
    door: Door,
    shared: Arc<Shared>,
    faults: Faults,
}

#[derive(Debug)]
struct Shared {
    token: Option<String>,
    store: Mutex<Store>,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Store {
    applied: Vec<Applied>,
    by_key: HashMap<String, usize>,
    repeats: u64,
    conflicts: u64,
}

impl SimErp {
    /// Starts; with a token, every request needs `Authorization: Bearer TOKEN`.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start(bind: SocketAddr, token: Option<&str>) -> io::Result<Self> {
        let token = token.map(str::to_owned);
        let shared = Shared { token, store: Mutex::default(), count: watch::Sender::new(0) };
        let (shared, faults) = (Arc::new(shared), Faults::default());
        let served = (Arc::clone(&shared), faults.clone());
        let door = Door::open(bind, move |listener, stop| {
            Box::pin(serve(listener, stop, Arc::clone(&served.0), served.1.clone()))
        })
        .await?;
        Ok(Self { door, shared, faults })
    }

    /// Its root: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.door.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Everything applied, in its order.
    #[must_use]
    pub fn applied(&self) -> Vec<Applied> {
        lock(&self.shared.store).applied.clone()
    }

    /// How many are applied, to await.
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

    /// Makes it fail.
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
}

async fn serve(
    listener: TcpListener,
    stop: CancellationToken,
    shared: Arc<Shared>,
    faults: Faults,
) {
    let router = Router::new()
        .route("/applied", get(list))
        .route("/applied/{key}", get(look_up))
        .fallback(take)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shared);
    run(listener, stop, router, faults).await;
}

/// Serves a router behind `faults` until told to stop, and cuts every connection then.
pub(crate) async fn run(
    listener: TcpListener,
    stop: CancellationToken,
    router: Router,
    faults: Faults,
) {
    let router = router.layer(axum::middleware::from_fn_with_state(faults, apply));
    let listener = CuttableListener { listener, stop: stop.clone() };
    let service = router.into_make_service_with_connect_info::<Cut>();
    let served = std::future::IntoFuture::into_future(axum::serve(listener, service));
    // Dropping the server closes the port; the token cuts the connections it spawned.
    let _ = stop.run_until_cancelled(served).await;
}

async fn take(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(token) = &shared.token
        && header("Authorization") != Some(&format!("Bearer {token}"))
    {
        return problem(StatusCode::UNAUTHORIZED, "Authorization: Bearer … is missing or wrong");
    }
    let Some(key) = header("Idempotency-Key") else {
        return problem(StatusCode::BAD_REQUEST, "header Idempotency-Key is missing");
    };
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return problem(StatusCode::BAD_REQUEST, "the body is no JSON");
    };
    let mut store = lock(&shared.store);
    let answer = store.take(key, uri.path(), body);
    shared.count.send_replace(store.applied.len());
    answer
}

async fn list(State(shared): State<Arc<Shared>>) -> Response {
    let store = lock(&shared.store);
    let one = |entry: &Applied| json!({ "key": entry.key, "path": entry.path, "body": entry.body });
    Json(store.applied.iter().map(one).collect::<Value>()).into_response()
}

async fn look_up(State(shared): State<Arc<Shared>>, Path(key): Path<String>) -> Response {
    match lock(&shared.store).by_key.get(&key) {
        Some(index) => Json(json!({ "id": id(*index) })).into_response(),
        None => problem(StatusCode::NOT_FOUND, &format!("nothing with key {key} was applied")),
    }
}

fn id(index: usize) -> String {
    format!("D-{:06}", index + 1)
}

fn problem(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}

impl Store {
    fn take(&mut self, key: &str, path: &str, body: Value) -> Response {
        if let Some(&index) = self.by_key.get(key) {
            self.repeats += 1;
            if self.applied.get(index).is_some_and(|first| first.body != body) {
                self.conflicts += 1;
                let reason = format!("key {key} came with another body before");
                return problem(StatusCode::CONFLICT, &reason);
            }
            return (StatusCode::OK, Json(json!({ "id": id(index) }))).into_response();
        }
        let index = self.applied.len();
        if index >= APPLIED_MAX {
            let reason = format!("full: {APPLIED_MAX} requests are kept");
            return problem(StatusCode::INSUFFICIENT_STORAGE, &reason);
        }
        self.by_key.insert(key.to_owned(), index);
        self.applied.push(Applied { key: key.to_owned(), path: path.to_owned(), body });
        (StatusCode::CREATED, Json(json!({ "id": id(index) }))).into_response()
    }
}
