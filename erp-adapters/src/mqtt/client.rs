//! Moves MQTT's bytes: one task owns the connection, one order at a time goes to it.
//!
//! Invariants: the event loop's future is never dropped half-way while its connection lives; after
//! any failure the whole connection is thrown away and a new one made with the next order, so no
//! state of the library outlives a doubt. The task ends with the adapter.

use std::time::Duration;

use rumqttc::v5::{
    AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, StateError,
    mqttbytes::{
        QoS,
        v5::{Packet, PubAckReason, PublishProperties},
    },
};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};
use tracing::{info, warn};

use super::{Settings, map};
use crate::{Delivery, Outcome, SetupError, excerpt, message};

/// Orders waiting for the connection's task.
const ORDERS_MAX: usize = 1;
/// Notices waiting between the event loop and its task.
const NOTICES_MAX: usize = 4;
/// How often an idle connection is probed.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long the broker remembers the session of a lost connection, in seconds.
const SESSION_EXPIRY_S: u32 = 3_600;

pub(crate) struct Client {
    settings: Settings,
    address: (String, u16),
    /// The connection's task, once there is one.
    orders: Mutex<Option<mpsc::Sender<Order>>>,
}

struct Order {
    /// The user property that holds the id.
    property: &'static str,
    id: String,
    payload: Vec<u8>,
    answer: oneshot::Sender<Outcome>,
}

/// What the event loop has to tell.
enum Notice {
    Connected,
    Acknowledged(PubAckReason),
}

impl Client {
    pub(crate) fn new(settings: Settings) -> Result<Self, SetupError> {
        let address = map::address(&settings.address)?;
        map::check_topic(&settings.topic)?;
        if settings.client_id.is_empty() {
            return Err(SetupError::Empty { what: "the mqtt client's name" });
        }
        Ok(Self { settings, address, orders: Mutex::new(None) })
    }

    pub(super) async fn deliver(&self, delivery: &Delivery) -> Outcome {
        match message::encode(delivery) {
            Ok(payload) => {
                self.publish("movement", delivery.movement.id.to_string(), payload).await
            }
            Err(error) => Outcome::rejected(format!("movement can't be encoded: {error}")),
        }
    }

    /// Publishes JSON; its id stands in the user property of that name.
    pub(crate) async fn publish(
        &self,
        property: &'static str,
        id: String,
        payload: Vec<u8>,
    ) -> Outcome {
        if payload.len() > map::PAYLOAD_BYTES_MAX {
            let reason = format!("{} bytes are too long for a message", payload.len());
            return Outcome::rejected(reason);
        }
        let (answer, outcome) = oneshot::channel();
        let order = Order { property, id, payload, answer };
        if self.orders().await.send(order).await.is_err() {
            return Outcome::retry("the broker's connection is stopping");
        }
        outcome.await.unwrap_or_else(|_| Outcome::uncertain("the broker's connection stopped"))
    }

    /// The way to the connection's task, which is started with the first order.
    async fn orders(&self) -> mpsc::Sender<Order> {
        let mut held = self.orders.lock().await;
        match &*held {
            Some(orders) if !orders.is_closed() => orders.clone(),
            _ => {
                let (orders, inbox) = mpsc::channel(ORDERS_MAX);
                tokio::spawn(keep(self.settings.clone(), self.address.clone(), inbox));
                held.insert(orders).clone()
            }
        }
    }
}

/// Serves orders, one connection after the other, until the adapter is dropped.
async fn keep(settings: Settings, address: (String, u16), mut orders: mpsc::Receiver<Order>) {
    while let Some(order) = orders.recv().await {
        let (client, event_loop) = AsyncClient::new(options(&settings, &address), ORDERS_MAX);
        let mut line = Line { settings: &settings, client, connected: false };
        line.serve(event_loop, order, &mut orders).await;
    }
}

/// One connection.
struct Line<'a> {
    settings: &'a Settings,
    client: AsyncClient,
    connected: bool,
}

impl Line<'_> {
    /// Serves orders until the connection breaks or the adapter is dropped.
    async fn serve(
        &mut self,
        mut event_loop: EventLoop,
        mut order: Order,
        orders: &mut mpsc::Receiver<Order>,
    ) {
        let (notify, mut notices) = mpsc::channel(NOTICES_MAX);
        let polling = poll(&mut event_loop, notify);
        tokio::pin!(polling);
        loop {
            if !self.fill(order, &mut polling, &mut notices).await {
                return;
            }
            order = tokio::select! {
                error = &mut polling => {
                    info!(%error, "the idle connection to the broker ended");
                    return;
                }
                next = orders.recv() => match next {
                    Some(order) => order,
                    None => return self.good_bye(polling).await,
                },
            };
        }
    }

    /// Fills one order; false when the connection can't be used again.
    async fn fill(
        &mut self,
        order: Order,
        polling: impl Future<Output = ConnectionError>,
        notices: &mut mpsc::Receiver<Notice>,
    ) -> bool {
        let Order { property, id, payload, answer } = order;
        let total = Duration::from_millis(self.settings.time_outs.total_ms);
        let ended = tokio::select! {
            error = polling => Err(error),
            outcome = timeout(total, self.exchange((property, id), payload, notices)) => Ok(outcome),
        };
        let (outcome, healthy) = match ended {
            Ok(Ok(outcome)) => (outcome, true),
            Ok(Err(_)) => (self.broken("no acknowledgement in time".into()), false),
            Err(error) => (self.failed(&error), false),
        };
        // Nobody may be waiting any more; the delivery is then repeated.
        let _ = answer.send(outcome);
        healthy
    }

    /// Publishes and waits for the acknowledgement.
    async fn exchange(
        &mut self,
        (property, id): (&str, String),
        payload: Vec<u8>,
        notices: &mut mpsc::Receiver<Notice>,
    ) -> Outcome {
        while !self.connected {
            match notices.recv().await {
                Some(Notice::Connected) => self.connected = true,
                Some(Notice::Acknowledged(_)) => {}
                None => return Outcome::retry("the broker's connection stopped"),
            }
        }
        let properties = PublishProperties {
            user_properties: vec![(property.to_owned(), id.clone())],
            content_type: Some("application/json".to_owned()),
            ..PublishProperties::default()
        };
        let topic = &self.settings.topic;
        let sent = self.client.publish_with_properties(
            topic,
            QoS::AtLeastOnce,
            false,
            payload,
            properties,
        );
        if let Err(error) = sent.await {
            return Outcome::retry(format!("failed to publish: {error}"));
        }
        loop {
            match notices.recv().await {
                Some(Notice::Acknowledged(reason)) => return map::outcome(reason, topic, id),
                Some(Notice::Connected) => {}
                None => return Outcome::uncertain("the broker's connection stopped"),
            }
        }
    }

    fn failed(&self, error: &ConnectionError) -> Outcome {
        match error {
            ConnectionError::MqttState(StateError::OutgoingPacketTooLarge { pkt_size, max }) => {
                Outcome::rejected(format!("{pkt_size} bytes: the broker takes at most {max}"))
            }
            other => self.broken(excerpt(&other.to_string())),
        }
    }

    /// What was published before a connection is made can't have gone anywhere.
    fn broken(&self, reason: String) -> Outcome {
        let Settings { address, .. } = self.settings;
        warn!(address, reason, "the broker's connection broke");
        match self.connected {
            true => Outcome::uncertain(format!("broker {address}: {reason}")),
            false => Outcome::retry(format!("no connection to broker {address}: {reason}")),
        }
    }

    async fn good_bye(&self, polling: impl Future<Output = ConnectionError>) {
        let leave = async {
            // A connection that is gone already needs no good-bye.
            let _ = self.client.disconnect().await;
            polling.await
        };
        let _ = timeout(Duration::from_millis(self.settings.time_outs.connect_ms), leave).await;
    }
}

/// Turns the event loop until it fails.
async fn poll(event_loop: &mut EventLoop, notify: mpsc::Sender<Notice>) -> ConnectionError {
    loop {
        let notice = match event_loop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => Notice::Connected,
            Ok(Event::Incoming(Packet::PubAck(ack))) => Notice::Acknowledged(ack.reason),
            Ok(_) => continue,
            Err(error) => return error,
        };
        if notify.send(notice).await.is_err() {
            return ConnectionError::RequestsDone;
        }
    }
}

fn options(settings: &Settings, address: &(String, u16)) -> MqttOptions {
    let mut options = MqttOptions::new(&settings.client_id, &address.0, address.1);
    options
        .set_keep_alive(KEEP_ALIVE)
        .set_clean_start(false)
        .set_session_expiry_interval(Some(SESSION_EXPIRY_S))
        .set_outgoing_inflight_upper_limit(1)
        .set_connection_timeout(settings.time_outs.connect_ms.div_ceil(1_000).max(1));
    if let Some(username) = &settings.username {
        let password = settings.password.as_ref().map_or("", |p| p.expose());
        options.set_credentials(username, password);
    }
    options
}
