//! Moves the webhook's bytes.

use std::sync::Arc;

use gatewarden_model::Clock;
use reqwest::{RequestBuilder, header::CONTENT_TYPE};

use super::{Settings, map};
use crate::{
    Delivery, Outcome, SetupError,
    http::{Http, check_url},
    message,
};

pub(crate) struct Client {
    settings: Settings,
    url: String,
    http: Http,
    clock: Arc<dyn Clock>,
}

impl Client {
    pub(crate) fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let url = check_url(&settings.url)?;
        if settings.secret.expose().is_empty() {
            return Err(SetupError::Empty { what: "the webhook's secret" });
        }
        let http = Http::new(settings.time_outs)?;
        Ok(Self { settings, url, http, clock })
    }

    pub(super) async fn deliver(&self, delivery: &Delivery) -> Outcome {
        match message::encode(delivery) {
            Ok(body) => self.post(&delivery.movement.id.to_string(), body).await,
            Err(error) => Outcome::rejected(format!("movement can't be encoded: {error}")),
        }
    }

    /// Posts a JSON body under its idempotency key, which names it where the receiver does not.
    pub(crate) async fn post(&self, key: &str, body: Vec<u8>) -> Outcome {
        let now_s = self.now_s();
        let request = self
            .signed(self.http.post(&self.settings.url), key, now_s, &body)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        match self.http.send(request, now_s).await {
            Ok(answer) => map::outcome(&answer, key, &self.settings.proof),
            Err(failure) => failure.into(),
        }
    }

    pub(super) async fn look_up(&self, delivery: &Delivery) -> Result<Option<String>, String> {
        if !self.settings.look_up {
            return Ok(None);
        }
        let now_s = self.now_s();
        let url = format!("{}/{}", self.url, delivery.movement.id);
        let key = delivery.movement.id.to_string();
        let request = self.signed(self.http.get(&url), &key, now_s, b"");
        let answer = self.http.send(request, now_s).await.map_err(|e| e.to_string())?;
        map::found(&answer, &self.settings.proof)
    }

    fn signed(
        &self,
        request: RequestBuilder,
        key: &str,
        now_s: i64,
        body: &[u8],
    ) -> RequestBuilder {
        let signature = map::signature(self.settings.secret.expose(), now_s, body);
        request
            .header("Idempotency-Key", key)
            .header("X-Gatewarden-Timestamp", now_s)
            .header("X-Gatewarden-Signature", signature)
    }

    fn now_s(&self) -> i64 {
        self.clock.now().wall_us.div_euclid(1_000_000)
    }
}
