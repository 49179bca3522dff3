//! WeCom: `/cgi-bin/webhook/send`, `/cgi-bin/gettoken` and `/cgi-bin/message/send`.
//!
//! A robot wants its key (93000) and takes so many messages a minute (45009). An app wants a token that
//! holds (40014, 42001); where a message asks for `enable_duplicate_check`, the same words reach the same
//! person once. Who does not exist is named in lower case, and where that is everybody it is 81013.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::book::{Book, Posted, Way, texts, words};
use super::{BODY_BYTES_MAX, ROBOT_PER_MINUTE, TOKEN_S, told};
use crate::door::Door;
use crate::erp::Faults;

/// Longest text in bytes.
const TEXT_BYTES_MAX: usize = 2_048;
/// Longest Markdown of a robot, in bytes.
const MARKDOWN_BYTES_MAX: usize = 4_096;

/// How a simulated WeCom is made.
#[derive(Clone)]
pub struct WeComOptions {
    /// Where to listen.
    pub bind: SocketAddr,
    /// The robot's key.
    pub key: String,
    /// The company's id and the app's secret.
    pub app: (String, String),
    /// The app's agent id.
    pub agent_id: i64,
    /// Who there is; `None` knows everybody.
    pub users: Option<Vec<String>>,
    /// Who has no licence.
    pub unlicensed: Vec<String>,
    /// Messages that the robot takes a minute.
    pub per_minute: usize,
    /// How long a token holds, in seconds.
    pub token_s: u64,
}

impl Default for WeComOptions {
    fn default() -> Self {
        Self {
            bind: crate::LOOPBACK,
            key: "robot-key".into(),
            app: ("corp-id".into(), "corp-secret".into()),
            agent_id: 1_000_002,
            users: None,
            unlicensed: vec![],
            per_minute: ROBOT_PER_MINUTE,
            token_s: TOKEN_S,
        }
    }
}

impl std::fmt::Debug for WeComOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WeComOptions").field("bind", &self.bind).finish_non_exhaustive()
    }
}

/// A simulated WeCom; dropping it closes its port.
#[derive(Debug)]
pub struct SimWeCom {
    door: Door,
    shared: Arc<Shared>,
    faults: Faults,
}

#[derive(Debug)]
struct Shared {
    options: WeComOptions,
    book: Book,
}

impl SimWeCom {
    /// Starts.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start(options: WeComOptions) -> io::Result<Self> {
        let (bind, faults) = (options.bind, Faults::default());
        let book = Book::new(options.per_minute, 0);
        let shared = Arc::new(Shared { options, book });
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
        .route("/cgi-bin/webhook/send", post(robot))
        .route("/cgi-bin/gettoken", get(token))
        .route("/cgi-bin/message/send", post(send))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shared)
}

async fn robot(State(shared): State<Arc<Shared>>, Query(query): Asked, body: Bytes) -> Json<Value> {
    Json(shared.robot(&query, &body))
}

async fn token(State(shared): State<Arc<Shared>>, Query(query): Asked) -> Json<Value> {
    let (corp, secret) = &shared.options.app;
    if query.get("corpid") != Some(corp) {
        return Json(shared.book.refuse(40_013, "invalid corpid"));
    }
    if query.get("corpsecret") != Some(secret) {
        return Json(shared.book.refuse(40_001, "invalid credential"));
    }
    Json(shared.book.issue(shared.options.token_s))
}

async fn send(State(shared): State<Arc<Shared>>, Query(query): Asked, body: Bytes) -> Json<Value> {
    Json(shared.send(&query, &body))
}

impl Shared {
    fn robot(&self, query: &HashMap<String, String>, body: &[u8]) -> Value {
        if query.get("key") != Some(&self.options.key) {
            return self.book.refuse(93_000, "invalid webhook url");
        }
        if let Some(ordered) = self.book.ordered() {
            return ordered;
        }
        if !self.book.takes() {
            return self.book.refuse(45_009, "api freq out of limit");
        }
        let Some((body, kind, text)) = message(body) else {
            return self.book.refuse(40_008, "invalid message type");
        };
        let most = if kind == "text" { TEXT_BYTES_MAX } else { MARKDOWN_BYTES_MAX };
        if text.len() > most {
            return self.book.refuse(40_058, "exceed max length");
        }
        let named = &body["text"];
        let to = [texts(&named["mentioned_list"]), texts(&named["mentioned_mobile_list"])].concat();
        match self.book.keep(Posted { way: Way::Robot, to, kind, text, body }) {
            true => told(0, "ok"),
            false => told(-1, "system busy"),
        }
    }

    fn send(&self, query: &HashMap<String, String>, body: &[u8]) -> Value {
        let token = query.get("access_token").map(String::as_str).unwrap_or_default();
        if let Some(code) = self.book.token_fault(token) {
            return self.book.refuse(code, "invalid access_token");
        }
        if let Some(ordered) = self.book.ordered() {
            return ordered;
        }
        let Some((body, kind, text)) = message(body) else {
            return self.book.refuse(40_008, "invalid message type");
        };
        if body["agentid"].as_i64() != Some(self.options.agent_id) {
            return self.book.refuse(40_056, "invalid agentid");
        }
        if text.len() > TEXT_BYTES_MAX {
            return self.book.refuse(45_002, "content size out of limit");
        }
        let users = body["touser"].as_str().unwrap_or_default();
        let users: Vec<String> = users.split('|').map(str::to_owned).collect();
        let same =
            |list: &[String], user: &str| list.iter().any(|one| one.eq_ignore_ascii_case(user));
        let known = |user: &String| {
            self.options.users.as_ref().is_none_or(|list| same(list, user)) && user != "@all"
        };
        let (known, invalid): (Vec<_>, Vec<_>) = users.into_iter().partition(known);
        let (unlicensed, to): (Vec<_>, Vec<_>) =
            known.into_iter().partition(|user| same(&self.options.unlicensed, user));
        if to.is_empty() {
            return self.book.refuse(81_013, "user & party & tag all invalid");
        }
        let once = body["enable_duplicate_check"] == 1;
        let posted = Posted { way: Way::App, to, kind, text, body };
        if once {
            self.book.keep_once(posted);
        } else {
            self.book.keep(posted);
        }
        let lower = |list: Vec<String>| list.join("|").to_lowercase();
        json!({
            "errcode": 0,
            "errmsg": "ok",
            "invaliduser": lower(invalid),
            "unlicenseduser": lower(unlicensed),
            "msgid": format!("m-{:06}", *self.book.count().borrow()),
        })
    }
}

/// A body, the kind of message in it and its words.
fn message(body: &[u8]) -> Option<(Value, String, String)> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let (kind, text) = words(&body)?;
    Some((body, kind, text))
}
