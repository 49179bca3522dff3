//! Notices on MQTT 5: one QoS 1 message each, through the ERP adapter's own connection.
//!
//! The payload is that of [`super::encode()`]; the id also stands in the user property `notice`, by which
//! subscribers tell repeats. The topic is the channel's; who is meant stands in `receivers`.

use super::{Answer, Channel, Message, check, encode};
use crate::{
    BoxFuture, Outcome, SetupError,
    mqtt::{Settings, client::Client},
};

/// Makes the channel; it connects with the first message. Fails as [`crate::mqtt::adapter`] does.
pub fn channel(settings: Settings) -> Result<Box<dyn Channel>, SetupError> {
    Ok(Box::new(Topic { client: Client::new(settings)? }))
}

struct Topic {
    client: Client,
}

impl Topic {
    async fn publish(&self, message: &Message) -> Result<Outcome, Outcome> {
        check(message)?;
        let payload = encode(message)
            .map_err(|error| Outcome::rejected(format!("notice can't be encoded: {error}")))?;
        Ok(self.client.publish("notice", message.id.to_string(), payload).await)
    }
}

impl Channel for Topic {
    fn tell<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let told = self.publish(message).await;
            told.unwrap_or_else(|outcome| outcome).into()
        })
    }
}
