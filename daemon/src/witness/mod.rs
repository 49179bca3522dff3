//! The witness's server: C2SP tlog-witness over HTTP, for logs whose keys it was given.
//!
//! `POST /add-checkpoint` and, for monitors, `GET /ORIGIN-HASH/checkpoint`. No authentication but
//! the log's signature, as the protocol says; bodies, time and connections are bounded. Absent: TLS
//! (a proxy's work, as before the gateway) and everything else that the gateway does.

mod keep;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use gatewarden_model::Clock;
use gatewarden_proof::witness::{Answer, REQUEST_BYTES_MAX, Request};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

pub(crate) use keep::{Keep, KeepError};

use crate::api::Bounded;

/// A request that takes longer is given up.
const REQUEST_TIME: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Server {
    keep: Arc<Mutex<Keep>>,
    clock: Arc<dyn Clock>,
}

/// Serves until `stop`.
pub(crate) async fn serve(
    listener: TcpListener,
    keep: Keep,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let server = Server { keep: Arc::new(Mutex::new(keep)), clock };
    let router = Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(checkpoint))
        .with_state(server)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIME))
        .layer(CatchPanicLayer::new());
    axum::serve(Bounded::new(listener), router).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn add_checkpoint(State(server): State<Server>, body: String) -> Response {
    let request = match Request::parse(&body) {
        Ok(request) => request,
        Err(why) => return told(&Answer::Malformed(why)),
    };
    let origin = request.origin().to_owned();
    match server.work(move |keep, now| keep.answer(&request, now)).await {
        Ok(answer) => {
            log(&origin, &answer);
            told(&answer)
        }
        Err(problem) => problem,
    }
}

async fn checkpoint(State(server): State<Server>, Path(origin): Path<String>) -> Response {
    match server.work(move |keep, _| keep.checkpoint(&origin)).await {
        Ok(Some(note)) => {
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response()
        }
        Ok(None) => (StatusCode::NOT_FOUND, "nothing was cosigned of this log\n").into_response(),
        Err(problem) => problem,
    }
}

impl Server {
    /// Runs `work` on the memory, alone, off the async threads. The clock is read under the lock,
    /// so that cosignatures carry times in the order of their sizes.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Keep, u64) -> Result<T, KeepError> + Send + 'static,
    ) -> Result<T, Response> {
        let Self { keep, clock } = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            // What is in memory is never half changed: the state is on disk.
            let mut keep = keep.lock().unwrap_or_else(PoisonError::into_inner);
            let now = u64::try_from(clock.now().wall_us / 1_000_000).unwrap_or(0);
            work(&mut keep, now)
        });
        match done.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                tracing::error!(error = %Chain(&error), "the witness's memory can't be used");
                Err((StatusCode::INTERNAL_SERVER_ERROR, "the witness can't remember\n")
                    .into_response())
            }
            Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        }
    }
}

/// An error with its sources.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}

fn told(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, answer.content_type())], answer.body()).into_response()
}

/// What an operator of a witness must see: a refusal of a signed checkpoint may be the proof that a
/// log shows two histories.
fn log(origin: &str, answer: &Answer) {
    let status = answer.status();
    match answer {
        Answer::Cosigned(_) | Answer::Conflict(_) => tracing::debug!(%origin, status, "checkpoint"),
        Answer::Inconsistent(why) => {
            tracing::error!(%origin, status, %why, "A LOG SHOWED ANOTHER HISTORY, or a wrong proof");
        }
        refused => tracing::warn!(%origin, status, why = %refused.body().trim(), "refused"),
    }
}
