//! The part that the apps of DingTalk and WeCom have in common: an access token that is asked for, kept
//! and renewed, and calls with it.
//!
//! Invariants: one token is asked for at a time; it is renewed before it ends, and once more where the
//! vendor says that it is stale; no message ever shows it.

use std::sync::Arc;

use gatewarden_model::{Clock, Stamp};
use serde_json::Value;
use tokio::sync::Mutex;

use super::reply::{self, Reply};
use crate::{
    Outcome, Secret, SetupError, TimeOuts,
    http::{Http, check_url},
};

/// A token is renewed so long before it ends, in seconds.
const RENEW_BEFORE_S: u64 = 300;
/// Longest that a token is believed to hold, in seconds.
const TOKEN_S_MAX: u64 = 7_200;
/// Longest token, in bytes.
const TOKEN_BYTES_MAX: usize = 1_024;

/// Who asks for a token, and what replies mean at this vendor.
pub(crate) struct Vendor {
    /// Below the base URL.
    pub(crate) token_path: &'static str,
    /// The query's names for the app's name and its secret.
    pub(crate) names: (&'static str, &'static str),
    /// Whether a reply says that the token holds no longer.
    pub(crate) is_stale: fn(&Reply) -> bool,
    /// What a reply that is no success means.
    pub(crate) refusal: fn(&Reply) -> Outcome,
}

/// One app.
pub(crate) struct App {
    vendor: &'static Vendor,
    http: Http,
    base: String,
    /// Its name and its secret.
    key: (String, Secret),
    clock: Arc<dyn Clock>,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: Secret,
    since: Stamp,
    for_s: u64,
}

impl App {
    /// Fails on a URL that can't be used.
    pub(crate) fn new(
        vendor: &'static Vendor,
        url: &str,
        key: (String, Secret),
        time_outs: TimeOuts,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SetupError> {
        let (base, http) = (check_url(url)?, Http::new(time_outs)?);
        Ok(Self { vendor, http, base, key, clock, held: Mutex::new(None) })
    }

    /// Posts `body` with a token; with a new one where the vendor takes the first for stale.
    pub(crate) async fn call(&self, path: &str, body: &Value) -> Result<Reply, Outcome> {
        let first = self.token(None).await?;
        let reply = self.post(path, &first, body).await?;
        if !(self.vendor.is_stale)(&reply) {
            return Ok(reply);
        }
        let second = self.token(Some(&first)).await?;
        self.post(path, &second, body).await
    }

    async fn post(&self, path: &str, token: &Secret, body: &Value) -> Result<Reply, Outcome> {
        let request = self
            .http
            .post(&format!("{}{path}", self.base))
            .query(&[("access_token", token.expose())])
            .json(body);
        reply::read(&self.http.send(request, self.now_s()).await?)
    }

    /// The token that is held, or a new one: at its end, or where it is the stale one.
    async fn token(&self, stale: Option<&Secret>) -> Result<Secret, Outcome> {
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        let holds = |held: &&Held| {
            now.us_since(&held.since) < held.for_s * 1_000_000 && Some(&held.token) != stale
        };
        if let Some(held) = held.as_ref().filter(holds) {
            return Ok(held.token.clone());
        }
        *held = None;
        let fresh = self.ask(now).await.map_err(reply::harmless)?;
        Ok(held.insert(fresh).token.clone())
    }

    async fn ask(&self, now: Stamp) -> Result<Held, Outcome> {
        let (name, secret) = self.vendor.names;
        let query = [(name, self.key.0.as_str()), (secret, self.key.1.expose())];
        let request =
            self.http.get(&format!("{}{}", self.base, self.vendor.token_path)).query(&query);
        let answer = self.http.send(request, self.now_s()).await?;
        let reply = reply::read(&answer).map_err(|outcome| match answer.status {
            // Its text may hold a token.
            200..=299 => Outcome::retry("what answers the request for a token is not the vendor"),
            _ => outcome,
        })?;
        if !reply.is_good() {
            return Err((self.vendor.refusal)(&reply));
        }
        let told = reply.body["access_token"].as_str().unwrap_or_default();
        if told.is_empty() || told.len() > TOKEN_BYTES_MAX {
            return Err(Outcome::retry("the answer to the request for a token has none in it"));
        }
        let for_s = reply.body["expires_in"].as_u64().unwrap_or(TOKEN_S_MAX).min(TOKEN_S_MAX);
        // One that ends at once is used at least for this message.
        let for_s = for_s.saturating_sub(RENEW_BEFORE_S);
        Ok(Held { token: Secret::from(told), since: now, for_s })
    }

    fn now_s(&self) -> i64 {
        self.clock.now().wall_us.div_euclid(1_000_000)
    }
}
