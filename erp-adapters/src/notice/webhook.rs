//! Notices as a signed webhook, as movements are: see [`crate::webhook`].
//!
//! The body is that of [`super::encode()`]; `Idempotency-Key` is the notice's id. `look_up` is not used:
//! a repeat has the same key and the same bytes.

use std::sync::Arc;

use gatewarden_model::Clock;

use super::{Answer, Channel, Message, check, encode};
use crate::{
    BoxFuture, Outcome, SetupError,
    webhook::{Settings, client::Client},
};

/// Makes the channel. Fails on a URL that can't be used or an empty secret.
pub fn channel(settings: Settings, clock: Arc<dyn Clock>) -> Result<Box<dyn Channel>, SetupError> {
    Ok(Box::new(Hook { client: Client::new(settings, clock)? }))
}

struct Hook {
    client: Client,
}

impl Hook {
    async fn post(&self, message: &Message) -> Result<Outcome, Outcome> {
        check(message)?;
        let body = encode(message)
            .map_err(|error| Outcome::rejected(format!("notice can't be encoded: {error}")))?;
        Ok(self.client.post(&message.id.to_string(), body).await)
    }
}

impl Channel for Hook {
    fn tell<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let told = self.post(message).await;
            told.unwrap_or_else(|outcome| outcome).into()
        })
    }
}
