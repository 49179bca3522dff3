//! What DingTalk answers to each request.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::Shared;
use crate::door::lock;
use crate::messenger::book::{Posted, Way, texts, words};
use crate::messenger::told;

/// Longest message of a robot, in bytes.
const ROBOT_BYTES_MAX: usize = 20_000;
/// Most tasks whose result is kept.
const TASKS_MAX: usize = 10_000;

impl Shared {
    pub(super) fn robot(&self, query: &HashMap<String, String>, body: &[u8]) -> Value {
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

    pub(super) fn send(&self, query: &HashMap<String, String>, body: &[u8]) -> Value {
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

    pub(super) fn result(&self, query: &HashMap<String, String>, body: &[u8]) -> Value {
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
