//! DingTalk: `/robot/send`, `/gettoken`, `…/asyncsend_v2` and `…/getsendresult`.
//!
//! A robot wants its access token and a signature of the hour, takes so many messages a minute and after
//! one more none for ten minutes (130101). An app wants a token that holds (40014, 42001); the same words
//! reach the same person once.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::watch;

use super::book::{Book, Posted, Way, texts, words};
use super::{BODY_BYTES_MAX, ROBOT_PER_MINUTE, TOKEN_S, told};
use crate::door::{Door, lock};
use crate::erp::Faults;

/// Longest message of a robot, in bytes.
const ROBOT_BYTES_MAX: usize = 20_000;
/// Most tasks whose result is kept.
const TASKS_MAX: usize = 10_000;

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

impl Shared {
    fn robot(&self, query: &HashMap<String, String>, body: &[u8]) -> Value {
        let asked = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
        if asked("access_token") != self.options.access_token {
            return self.book.refuse(300_005, "token is not exist");
        }
        if !self.is_signed(asked("timestamp"), asked("sign")) {
            return self.book.refuse(310_000, "sign not match");
        }
        if let Some(ordered) = self.book.ordered() {
            return ordered;
        }
        if !self.book.takes() {
            return self.book.refuse(130_101, "send too fast, exceed 20 times per minute");
        }
        if body.len() > ROBOT_BYTES_MAX {
            return self.book.refuse(460_101, "message too long, exceed 20000 bytes");
        }
        let Some((body, (kind, text))) = message(body, |body| body) else {
            return self.book.refuse(40_035, "缺少参数 json");
        };
        let at = &body["at"];
        let to = [texts(&at["atUserIds"]), texts(&at["atMobiles"])].concat();
        match self.book.keep(Posted { way: Way::Robot, to, kind, text, body }) {
            true => told(0, "ok"),
            false => told(-1, "系统繁忙"),
        }
    }

    fn is_signed(&self, timestamp: &str, sign: &str) -> bool {
        let Ok(at_ms) = timestamp.parse::<u64>() else { return false };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if self.options.skew_s_max.is_some_and(|most| now.abs_diff(at_ms / 1_000) > most) {
            return false;
        }
        let secret = &self.options.secret;
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
        mac.update(format!("{timestamp}\n{secret}").as_bytes());
        STANDARD.decode(sign).is_ok_and(|sign| mac.verify_slice(&sign).is_ok())
    }

    /// What is wrong with a request of the app.
    fn app_fault(&self, query: &HashMap<String, String>) -> Option<Value> {
        let token = query.get("access_token").map(String::as_str).unwrap_or_default();
        let code = self.book.token_fault(token)?;
        Some(self.book.refuse(code, "不合法的access_token"))
    }

    fn send(&self, query: &HashMap<String, String>, body: &[u8]) -> Value {
        if let Some(refused) = self.app_fault(query).or_else(|| self.book.ordered()) {
            return refused;
        }
        let Some((body, (kind, text))) = message(body, |body| &body["msg"]) else {
            return self.book.refuse(40_035, "不合法的参数");
        };
        if body["agent_id"].as_i64() != Some(self.options.agent_id) {
            return self.book.refuse(40_056, "不合法的agentid");
        }
        let users = body["userid_list"].as_str().unwrap_or_default();
        if users.is_empty() {
            return self.book.refuse(40_035, "userid_list");
        }
        let users = users.split(',').map(str::to_owned);
        let known =
            |user: &String| self.options.users.as_ref().is_none_or(|users| users.contains(user));
        let (to, invalid): (Vec<_>, Vec<_>) = users.partition(known);
        let all = to.clone();
        let fresh = self.book.keep_once(Posted { way: Way::App, to, kind, text, body });
        let forbidden = all.into_iter().filter(|user| !fresh.contains(user)).collect();
        let mut tasks = lock(&self.tasks);
        if tasks.len() < TASKS_MAX {
            tasks.push((invalid, forbidden));
        }
        json!({ "errcode": 0, "errmsg": "ok", "task_id": tasks.len(), "request_id": "sim" })
    }

    fn result(&self, query: &HashMap<String, String>, body: &[u8]) -> Value {
        if let Some(refused) = self.app_fault(query) {
            return refused;
        }
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let task = asked["task_id"].as_u64().and_then(|id| usize::try_from(id).ok()).unwrap_or(0);
        let tasks = lock(&self.tasks);
        match task.checked_sub(1).and_then(|index| tasks.get(index)) {
            Some((invalid, forbidden)) => {
                // 143106: the same words to the same person on one day.
                let why = |user: &String| json!({ "code": "143106", "count": 1, "userid": user });
                let result = json!({
                    "invalid_user_id_list": invalid,
                    "forbidden_user_id_list": forbidden,
                    "forbidden_list": forbidden.iter().map(why).collect::<Value>(),
                    "failed_user_id_list": [],
                });
                json!({ "errcode": 0, "errmsg": "ok", "send_result": result })
            }
            None => told(41_011, "no such task"),
        }
    }
}

/// A body and the words of the message in it.
fn message(body: &[u8], part: fn(&Value) -> &Value) -> Option<(Value, (String, String))> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let words = words(part(&body))?;
    Some((body, words))
}
