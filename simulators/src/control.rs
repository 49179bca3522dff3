//! Steers a running scenario over HTTP, for a test in any language. Loopback unless told otherwise;
//! there is no sign-in, so anywhere else belongs behind one.
//!
//! `GET /kinds`: every kind with options, actions and argument shapes. `GET /devices`: the devices with
//! address and actions. `GET /devices/NAME`: what can be seen of it. `POST /devices/NAME/ACTION` with a
//! JSON object of arguments (or nothing): 200, 404 with the names there are, 422 with what was expected.
//! `GET /events?from=SEQ`: one event a line from that number on, and on and on. `POST /stop`: the end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::door::Door;
use crate::registry::{KINDS, Kind, Verb, fields};
use crate::scenario::Stage;

/// The longest body in bytes.
const BODY_BYTES_MAX: usize = 4 << 20;
/// How long the answer to `/stop` may take to be sent.
const ANSWER_TIME: Duration = Duration::from_millis(100);

/// The control API of a stage; dropping it closes its port.
#[derive(Debug)]
pub struct Control {
    door: Door,
}

impl Control {
    /// Serves it.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start(bind: SocketAddr, stage: Arc<Stage>) -> io::Result<Self> {
        let router = Router::new()
            .route("/kinds", get(kinds))
            .route("/devices", get(devices))
            .route("/devices/{name}", get(device))
            .route("/devices/{name}/{action}", post(act))
            .route("/events", get(events))
            .route("/stop", post(stop))
            .fallback(nothing)
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(stage);
        let door = Door::open(bind, move |listener, stop| {
            let router = router.clone();
            Box::pin(crate::erp::run(listener, stop, router, crate::erp::Faults::default()))
        })
        .await?;
        Ok(Self { door })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }
}

/// A kind as JSON.
#[must_use]
pub fn told(kind: &Kind) -> Value {
    json!({
        "kind": kind.name,
        "about": kind.about,
        "options": fields(kind.options),
        "actions": kind.actions.iter().map(Verb::told).collect::<Value>(),
        "quirks": kind.quirks,
    })
}

async fn kinds() -> Json<Value> {
    Json(KINDS.iter().map(|kind| told(kind)).collect())
}

async fn devices(State(stage): State<Arc<Stage>>) -> Json<Value> {
    let one = |actor: &crate::registry::Actor| {
        json!({
            "name": actor.name,
            "kind": actor.kind.name,
            "at": actor.device.at(),
            "seed": actor.device.seed(),
            "actions": actor.kind.actions.iter().map(Verb::told).collect::<Value>(),
        })
    };
    Json(stage.actors().iter().map(one).collect())
}

async fn device(State(stage): State<Arc<Stage>>, Path(name): Path<String>) -> Response {
    match stage.actor(&name) {
        Some(actor) => Json(actor.device.observe()).into_response(),
        None => unknown(&stage, &name),
    }
}

async fn act(
    State(stage): State<Arc<Stage>>,
    Path((name, action)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    if stage.actor(&name).is_none() {
        return unknown(&stage, &name);
    }
    let given = if body.is_empty() { Ok(Map::new()) } else { serde_json::from_slice(&body) };
    let Ok(given) = given else {
        return problem(
            StatusCode::BAD_REQUEST,
            "the body is one JSON object of arguments, or nothing",
        );
    };
    match stage.act(&name, &action, given).await {
        Ok(()) => Json(json!({ "done": action })).into_response(),
        Err(reason) => problem(StatusCode::UNPROCESSABLE_ENTITY, &reason),
    }
}

#[derive(Deserialize)]
struct From {
    #[serde(default)]
    from: u64,
}

async fn events(State(stage): State<Arc<Stage>>, Query(From { from }): Query<From>) -> Response {
    let log = stage.log();
    let next = log.next();
    let lines =
        futures_util::stream::unfold((log, next, from), |(log, mut next, from)| async move {
            next.wait_for(|next| *next > from).await.ok()?;
            let (events, after) = log.from(from);
            let text: String = events.iter().map(|event| format!("{event}\n")).collect();
            Some((Ok::<_, Infallible>(Bytes::from(text)), (log, next, after)))
        });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

async fn stop(State(stage): State<Arc<Stage>>) -> Json<Value> {
    let end = stage.stop().clone();
    // The end cuts this connection too: first the answer.
    tokio::spawn(async move {
        tokio::time::sleep(ANSWER_TIME).await;
        end.cancel();
    });
    Json(json!({ "done": "stop" }))
}

async fn nothing() -> Response {
    let what = "there is GET /kinds, /devices, /devices/NAME and /events?from=SEQ, \
                POST /devices/NAME/ACTION and /stop";
    problem(StatusCode::NOT_FOUND, what)
}

fn unknown(stage: &Stage, name: &str) -> Response {
    let names: Vec<_> = stage.actors().iter().map(|actor| actor.name.as_str()).collect();
    let what = format!("there is no device {name} (there is {})", names.join(", "));
    problem(StatusCode::NOT_FOUND, &what)
}

fn problem(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}
