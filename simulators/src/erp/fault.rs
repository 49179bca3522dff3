//! The ways in which an ERP's HTTP fails, as a layer before any of this crate's ERPs.
//!
//! A fault holds for the next so many requests that would change something (POST, PUT, PATCH), or until
//! it is cleared. What is told "after the commit" has been carried out: only the answer is lost.
//! Look-ups (GET) are never touched, so that a client can always find out.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State, connect_info::Connected};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::door::{Cuttable, lock};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Carried out, never answered.
    TimeoutAfterCommit,
    /// Neither carried out nor answered.
    TimeoutBeforeCommit,
    /// Carried out, and the connection ends without an answer.
    ResetAfterCommit,
    /// Not carried out, and the connection ends without an answer.
    Reset,
    /// Not carried out; this status (5xx).
    Status(u16),
    /// Carried out, yet answered 503.
    StatusAfterCommit,
    /// Not carried out; 429 with `Retry-After`, in seconds.
    Throttle(u32),
    /// Carried out; the answer is half a JSON object.
    BadJson,
    /// Not carried out; 200 with an error in it.
    OkWithError,
    /// Carried out; the answer is a page for people.
    WrongType,
    /// Carried out, so many milliseconds late.
    Slow(u32),
}

/// The modes as a scenario spells them.
pub const MODES: &[&str] = &[
    "timeout-after-commit",
    "timeout-before-commit",
    "reset-after-commit",
    "reset",
    "status",
    "status-after-commit",
    "throttle",
    "bad-json",
    "ok-with-error",
    "wrong-type",
    "slow",
];

/// A fault and how often it happens; `None` is until cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub mode: Mode,
    /// How often.
    pub times: Option<u32>,
}

/// The fault of one ERP.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Now>>);

#[derive(Debug, Default)]
struct Now {
    fault: Option<Fault>,
    done: u64,
}

impl Faults {
    /// From now on.
    pub fn set(&self, fault: Fault) {
        lock(&self.0).fault = Some(fault);
    }

    /// All is well again.
    pub fn clear(&self) {
        lock(&self.0).fault = None;
    }

    /// How many requests met a fault.
    #[must_use]
    pub fn done(&self) -> u64 {
        lock(&self.0).done
    }

    /// For an observation.
    #[must_use]
    pub fn shown(&self) -> Value {
        let state = lock(&self.0);
        let left = state.fault.map(|fault| fault.times);
        json!({ "done": state.done, "on": state.fault.is_some(), "left": left })
    }

    fn draw(&self) -> Option<Mode> {
        let mut state = lock(&self.0);
        let fault = state.fault.as_mut()?;
        let mode = fault.mode;
        if let Some(times) = &mut fault.times {
            if *times == 0 {
                state.fault = None;
                return None;
            }
            *times -= 1;
        }
        state.done += 1;
        Some(mode)
    }
}

/// The connection of a request, to be cut.
#[derive(Debug, Clone)]
pub(crate) struct Cut(CancellationToken);

impl Connected<IncomingStream<'_, CuttableListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        Self(stream.io().token())
    }
}

/// Takes connections, each of which can be cut by itself.
pub(crate) struct CuttableListener {
    pub(crate) listener: TcpListener,
    pub(crate) stop: CancellationToken,
}

impl Listener for CuttableListener {
    type Io = Cuttable<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        (Cuttable::new(stream, self.stop.child_token()), peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// Lets a request through as the fault of the hour wants it.
pub(crate) async fn apply(
    State(faults): State<Faults>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    let changes = [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
    let Some(mode) = changes.then(|| faults.draw()).flatten() else {
        return next.run(request).await;
    };
    match mode {
        Mode::TimeoutBeforeCommit => std::future::pending().await,
        Mode::Reset => gone(&cut).await,
        Mode::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            answer(status, "application/json", r#"{"error":"simulated"}"#)
        }
        Mode::Throttle(after_s) => {
            let mut response = answer(
                StatusCode::TOO_MANY_REQUESTS,
                "application/json",
                r#"{"error":"slow down"}"#,
            );
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after_s));
            response
        }
        Mode::OkWithError => answer(
            StatusCode::OK,
            "application/json",
            r#"{"error":{"code":"E100","message":"not booked"}}"#,
        ),
        after => {
            let response = next.run(request).await;
            committed(after, response, &cut).await
        }
    }
}

async fn committed(mode: Mode, response: Response, cut: &Cut) -> Response {
    match mode {
        Mode::TimeoutAfterCommit => std::future::pending().await,
        Mode::ResetAfterCommit => gone(cut).await,
        Mode::StatusAfterCommit => {
            answer(StatusCode::SERVICE_UNAVAILABLE, "application/json", r#"{"error":"simulated"}"#)
        }
        Mode::BadJson => answer(StatusCode::OK, "application/json", r#"{"remote_id": "R-0"#),
        Mode::WrongType => {
            answer(StatusCode::OK, "text/html", "<html><body>Please sign in</body></html>")
        }
        Mode::Slow(ms) => {
            tokio::time::sleep(Duration::from_millis(u64::from(ms))).await;
            response
        }
        _ => response,
    }
}

async fn gone(cut: &Cut) -> Response {
    cut.0.cancel();
    // The connection ends before anything comes of this.
    std::future::pending().await
}

fn answer(status: StatusCode, kind: &'static str, body: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, kind)], Body::from(body)).into_response()
}
