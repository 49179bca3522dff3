//! The signed webhook: one POST a movement, for any system that can take JSON.
//!
//! The request is `POST {url}` with the body of [`crate::message::encode`] and three headers:
//! `Idempotency-Key` (the movement's id), `X-Gatewarden-Timestamp` (seconds since 1970) and
//! `X-Gatewarden-Signature: v1=` + hex HMAC-SHA256(secret, `"{timestamp}.{body}"`). A repeat has the
//! same key and the same body, but a new timestamp and signature. The receiver answers 2xx, empty or
//! as JSON, optionally with `{"remote_id": "…"}`; [`Proof`] says what else there must be. What proves
//! nothing (a page of a proxy, an error in a 200) may have taken effect and is looked up or repeated.
//! With `look_up` it also answers `GET {url}/{movement id}` (signed alike, over an empty body) with 200
//! and `remote_id`, or 404.
//!
//! Absent: batches, and trust in the receiver's idempotency when `look_up` is on.

pub(crate) mod client;
pub mod map;
mod proof;

use std::sync::Arc;

use gatewarden_model::Clock;

pub use proof::{Proof, Success};

use crate::{Adapter, BoxFuture, Delivery, Outcome, Secret, SetupError, TimeOuts};

/// What the webhook needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to post, `http://` or `https://`.
    pub url: String,
    /// The key of the signature.
    pub secret: Secret,
    /// Whether the receiver answers `GET {url}/{movement id}`. If not, it must tell repeats by the
    /// idempotency key.
    pub look_up: bool,
    /// What proves that a movement was taken.
    pub proof: Proof,
    /// How long to wait.
    pub time_outs: TimeOuts,
}

/// Makes the adapter. Fails on a URL that can't be used or an empty secret.
pub fn adapter(settings: Settings, clock: Arc<dyn Clock>) -> Result<Box<dyn Adapter>, SetupError> {
    Ok(Box::new(Webhook { client: client::Client::new(settings, clock)? }))
}

struct Webhook {
    client: client::Client,
}

impl Adapter for Webhook {
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.client.deliver(delivery))
    }

    fn look_up<'a>(
        &'a self,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<Option<String>, String>> {
        Box::pin(self.client.look_up(delivery))
    }
}
