//! What a messenger keeps: who was told what, the tokens that hold, and what it was ordered to answer.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::throttle::Throttle;
use super::told;
use crate::door::lock;

/// Most messages that are kept; the next is answered -1.
pub const POSTED_MAX: usize = 100_000;
/// Most tokens that are remembered.
const TOKENS_MAX: usize = 1_000;

/// By which way a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The robot of a group.
    Robot,
    /// An app, to single people.
    App,
}

/// A message that reached somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// By which way.
    pub way: Way,
    /// Who got it; for a robot who was mentioned.
    pub to: Vec<String>,
    /// The kind of message: `text` or `markdown`.
    pub kind: String,
    /// What was to read.
    pub text: String,
    /// The request's body.
    pub body: Value,
}

/// The book of one messenger.
#[derive(Debug)]
pub(super) struct Book {
    state: Mutex<State>,
    count: watch::Sender<usize>,
}

#[derive(Debug)]
struct State {
    posted: Vec<Posted>,
    /// Who was told which words by the app.
    told: HashSet<(String, String)>,
    repeats: u64,
    refused: u64,
    tokens: BTreeMap<String, Instant>,
    ended: HashSet<String>,
    issued: u64,
    order: Option<(i64, Option<u32>)>,
    throttle: Throttle,
    since: Instant,
}

impl Book {
    pub(super) fn new(per_minute: usize, penalty_ms: u64) -> Self {
        let state = State {
            posted: vec![],
            told: HashSet::new(),
            repeats: 0,
            refused: 0,
            tokens: BTreeMap::new(),
            ended: HashSet::new(),
            issued: 0,
            order: None,
            throttle: Throttle::new(per_minute, penalty_ms),
            since: Instant::now(),
        };
        Self { state: Mutex::new(state), count: watch::Sender::new(0) }
    }

    pub(super) fn posted(&self) -> Vec<Posted> {
        lock(&self.state).posted.clone()
    }

    pub(super) fn count(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    pub(super) fn repeats(&self) -> u64 {
        lock(&self.state).repeats
    }

    pub(super) fn refused(&self) -> u64 {
        lock(&self.state).refused
    }

    pub(super) fn issued(&self) -> u64 {
        lock(&self.state).issued
    }

    /// The next messages are answered with this code and reach nobody.
    pub(super) fn answer(&self, code: i64, times: Option<u32>) {
        lock(&self.state).order = Some((code, times));
    }

    /// The ordered code, if one is due.
    pub(super) fn ordered(&self) -> Option<Value> {
        let mut state = lock(&self.state);
        let (code, times) = state.order.as_mut()?;
        let code = *code;
        if let Some(left) = times {
            *left = left.saturating_sub(1);
            if *left == 0 {
                state.order = None;
            }
        }
        state.refused += 1;
        Some(told(code, "as ordered"))
    }

    /// Refuses, and counts it.
    pub(super) fn refuse(&self, code: i64, message: &str) -> Value {
        lock(&self.state).refused += 1;
        told(code, message)
    }

    /// Whether the robot takes one more.
    pub(super) fn takes(&self) -> bool {
        let mut state = lock(&self.state);
        let now_ms = u64::try_from(state.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        state.throttle.takes(now_ms)
    }

    /// Hands out a token.
    pub(super) fn issue(&self, holds_s: u64) -> Value {
        let mut state = lock(&self.state);
        state.issued += 1;
        let token = format!("token-{:06}", state.issued);
        if state.tokens.len() >= TOKENS_MAX {
            state.tokens.pop_first();
        }
        state.tokens.insert(token.clone(), Instant::now() + Duration::from_secs(holds_s));
        json!({ "errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": holds_s })
    }

    /// The tokens that were handed out hold no longer.
    pub(super) fn end_tokens(&self) {
        let mut state = lock(&self.state);
        let tokens = std::mem::take(&mut state.tokens);
        state.ended = tokens.into_keys().collect();
    }

    /// What is wrong with a token, as a code: 40014 unknown, 42001 ended.
    pub(super) fn token_fault(&self, token: &str) -> Option<i64> {
        let state = lock(&self.state);
        match state.tokens.get(token) {
            Some(until) if Instant::now() < *until => None,
            Some(_) => Some(42_001),
            None if state.ended.contains(token) => Some(42_001),
            None => Some(40_014),
        }
    }

    /// Keeps a robot's message; false where it is full.
    pub(super) fn keep(&self, posted: Posted) -> bool {
        let mut state = lock(&self.state);
        if state.posted.len() >= POSTED_MAX {
            return false;
        }
        state.posted.push(posted);
        self.count.send_replace(state.posted.len());
        true
    }

    /// Keeps an app's message for those who were not told these words yet; they are answered.
    pub(super) fn keep_once(&self, mut posted: Posted) -> Vec<String> {
        let text = posted.text.clone();
        {
            let mut state = lock(&self.state);
            let known = posted.to.len();
            posted.to.retain(|user| state.told.insert((user.clone(), text.clone())));
            state.repeats += (known - posted.to.len()) as u64;
        }
        let fresh = posted.to.clone();
        if !fresh.is_empty() {
            self.keep(posted);
        }
        fresh
    }

    /// For an observation.
    pub(super) fn shown(&self) -> Value {
        let state = lock(&self.state);
        json!({
            "posted": state.posted.len(),
            "repeats": state.repeats,
            "refused": state.refused,
            "tokens": state.issued,
        })
    }
}

/// The kind of a message and what is to read in it.
pub(super) fn words(message: &Value) -> Option<(String, String)> {
    let kind = message["msgtype"].as_str()?;
    let text = match kind {
        "text" => message["text"]["content"].as_str()?,
        // DingTalk calls it `text`, WeCom `content`.
        "markdown" => {
            message["markdown"]["text"].as_str().or(message["markdown"]["content"].as_str())?
        }
        _ => return None,
    };
    (!text.trim().is_empty()).then(|| (kind.to_owned(), text.to_owned()))
}

/// The texts of a list.
pub(super) fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}
