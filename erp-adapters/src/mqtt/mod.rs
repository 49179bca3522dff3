//! MQTT 5 over plain TCP: one QoS 1 message a movement.
//!
//! The payload is that of [`crate::message::encode`]; the movement's id also stands in the user
//! property `movement`. One message is in flight at a time and counts as delivered with the broker's
//! PUBACK. A broken connection may repeat a message: subscribers tell repeats by the id. A broker
//! that says nobody subscribes has thrown the message away, so the delivery waits.
//!
//! Absent: TLS (rumqttc's own pins a vulnerable webpki; a local broker bridges), subscribing, and
//! any knowledge of what a subscriber did with the message.

pub(crate) mod client;
pub mod map;

use crate::{Adapter, BoxFuture, Delivery, Outcome, Secret, SetupError, TimeOuts};

/// What the broker's client needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The broker, `HOST:PORT`.
    pub address: String,
    /// Where to publish; no wildcards.
    pub topic: String,
    /// The client's name, unique at the broker.
    pub client_id: String,
    /// Who to log in as.
    pub username: Option<String>,
    /// With which password.
    pub password: Option<Secret>,
    /// How long to wait. The connection's counts in whole seconds, at least one.
    pub time_outs: TimeOuts,
}

/// Makes the adapter. It connects with the first delivery. Fails on an address or a topic that
/// can't be used, or an empty client name.
pub fn adapter(settings: Settings) -> Result<Box<dyn Adapter>, SetupError> {
    Ok(Box::new(Mqtt { client: client::Client::new(settings)? }))
}

struct Mqtt {
    client: client::Client,
}

impl Adapter for Mqtt {
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.client.deliver(delivery))
    }

    fn look_up<'a>(&'a self, _: &'a Delivery) -> BoxFuture<'a, Result<Option<String>, String>> {
        // A broker keeps no record of what it passed on; sending again is harmless.
        Box::pin(async { Ok(None) })
    }
}
