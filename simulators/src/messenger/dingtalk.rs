//! DingTalk: `/robot/send`, `/gettoken`, `…/asyncsend_v2` and `…/getsendresult`.
//!
//! A robot wants its access token and a signature of the hour, takes so many messages a minute and after
//! one more none for ten minutes (130101). An app wants a token that holds (40014, 42001); the same words
//! reach the same person once.

mod answers;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use tokio::sync::watch;

use super::book::{Book, Posted};
use super::{BODY_BYTES_MAX, ROBOT_PER_MINUTE, TOKEN_S};
use crate::door::Door;
use crate::erp::Faults;

/// How a simulated DingTalk is made.
#[derive(Clone)]
pub struct DingTalkOptions {
    /// Where to listen.
    pub bind: SocketAddr,
    /// The robot's access token.
    pub access_token: String,
    /// The key of the robot's signature.
    pub secret: String,
    /// How far a signature's time may be from this machine's clock, in seconds; `None` takes any.
    pub skew_s_max: Option<u64>,
    /// The app's key and secret.
    pub app: (String, String),
    /// The app's agent id.
    pub agent_id: i64,
    /// Who there is; `None` knows everybody.
    pub users: Option<Vec<String>>,
    /// Messages that the robot takes a minute.
    pub per_minute: usize,
    /// How long a token holds, in seconds.
    pub token_s: u64,
}

impl Default for DingTalkOptions {
    fn default() -> Self {
        Self {
            bind: crate::LOOPBACK,
            access_token: "robot-token".into(),
            secret: "SECtest".into(),
            skew_s_max: Some(3_600),
            app: ("app-key".into(), "app-secret".into()),
            agent_id: 1_001,
            users: None,
            per_minute: ROBOT_PER_MINUTE,
            token_s: TOKEN_S,
        }
    }
}

impl std::fmt::Debug for DingTalkOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DingTalkOptions").field("bind", &self.bind).finish_non_exhaustive()
    }
}

/// A simulated DingTalk; dropping it closes its port.
#[derive(Debug)]
pub struct SimDingTalk {
    door: Door,
    shared: Arc<Shared>,
    faults: Faults,
}

#[derive(Debug)]
struct Shared {
    options: DingTalkOptions,
    book: Book,
    /// By task: who does not exist, and who had the same words already.
    tasks: Mutex<Vec<(Vec<String>, Vec<String>)>>,
}

impl SimDingTalk {
    /// Starts.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start(options: DingTalkOptions) -> io::Result<Self> {
        let (bind, faults) = (options.bind, Faults::default());
        let book = Book::new(options.per_minute, 600_000);
        let shared = Arc::new(Shared { options, book, tasks: Mutex::default() });
        let served = (Arc::clone(&shared), faults.clone());
        let door = Door::open(bind, move |listener, stop| {
            let router = router(Arc::clone(&served.0));
            Box::pin(crate::erp::run(listener, stop, router, served.1.clone()))
        })
        .await?;
        Ok(Self { door, shared, faults })
    }

    /// Where it answers: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.door.address())
    }

    /// What reached somebody, in its order.
    #[must_use]
    pub fn posted(&self) -> Vec<Posted> {
        self.shared.book.posted()
    }

    /// How many messages reached somebody, to await.
    #[must_use]
    pub fn count(&self) -> watch::Receiver<usize> {
        self.shared.book.count()
    }

    /// How often somebody was to be told the same words again by the app.
    #[must_use]
    pub fn repeats(&self) -> u64 {
        self.shared.book.repeats()
    }

    /// How many requests were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.shared.book.refused()
    }

    /// How many tokens were handed out.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.shared.book.issued()
    }

    /// What a scenario sees of it.
    #[must_use]
    pub fn shown(&self) -> Value {
        self.shared.book.shown()
    }

    /// The next messages are answered with this `errcode` and reach nobody; for ever without a number.
    pub fn answer(&self, code: i64, times: Option<u32>) {
        self.shared.book.answer(code, times);
    }

    /// No token that was handed out holds any longer.
    pub fn end_tokens(&self) {
        self.shared.book.end_tokens();
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
}

type Asked = Query<HashMap<String, String>>;

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/robot/send", post(robot))
        .route("/gettoken", get(token))
        .route("/topapi/message/corpconversation/asyncsend_v2", post(send))
        .route("/topapi/message/corpconversation/getsendresult", post(result))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shared)
}

async fn robot(State(shared): State<Arc<Shared>>, Query(query): Asked, body: Bytes) -> Json<Value> {
    Json(shared.robot(&query, &body))
}

async fn token(State(shared): State<Arc<Shared>>, Query(query): Asked) -> Json<Value> {
    let (key, secret) = &shared.options.app;
    if query.get("appkey") != Some(key) || query.get("appsecret") != Some(secret) {
        return Json(shared.book.refuse(40_089, "不合法的corpid或corpsecret"));
    }
    Json(shared.book.issue(shared.options.token_s))
}

async fn send(State(shared): State<Arc<Shared>>, Query(query): Asked, body: Bytes) -> Json<Value> {
    Json(shared.send(&query, &body))
}

async fn result(
    State(shared): State<Arc<Shared>>,
    Query(query): Asked,
    body: Bytes,
) -> Json<Value> {
    Json(shared.result(&query, &body))
}
