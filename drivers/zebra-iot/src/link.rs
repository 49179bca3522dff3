//! The broker's connection: MQTT 5 with a session that ends with it.
//!
//! The broker keeps nothing for us while we are away: a read is told as of now, and what comes late would be taken
//! for goods that move now. What was read meanwhile is in the gap of the outage. For the same reason a message that
//! the broker retained is not taken.
//!
//! TLS: rumqttc's own is not used; the client speaks over a Unix socket in a private folder to a task that carries
//! the bytes over rustls. Invariants: the socket takes one connection; messages above the limit are never sent to
//! us, and show as missing event numbers; a failure ends the connection as a whole. The broker must speak MQTT 5
//! with us; with the reader it may speak 3.1.1.

use std::{path::Path, sync::Arc, time::Duration};

use rumqttc::{
    Transport,
    v5::{
        AsyncClient, Event, EventLoop, MqttOptions,
        mqttbytes::{
            QoS,
            v5::{Filter, Packet, PublishProperties},
        },
    },
};
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use tokio::{
    net::{TcpStream, UnixListener},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    codec::{PAYLOAD_BYTES_MAX, shown},
    settings::{Channel, Settings},
};

/// Publications that wait for the event loop.
const ORDERS_MAX: usize = 16;
/// How often an idle connection is probed.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Largest packet that is taken: a payload with its topic and properties.
const PACKET_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 64 * 1024;

/// What comes from the broker.
pub(crate) enum Incoming {
    Subscribed,
    Message(Channel, Vec<u8>),
    Nothing,
}

/// A connection.
pub(crate) struct Link {
    client: AsyncClient,
    event_loop: EventLoop,
    settings: Settings,
    _tunnel: Option<(TempDir, AbortOnDropHandle<()>)>,
}

impl Link {
    pub(crate) async fn open(settings: &Settings) -> Result<Self, String> {
        let limit = Duration::from_millis(settings.time_out_ms);
        let (mut host, mut tunnel) = (settings.host.clone(), None);
        if settings.trust.is_some() {
            let made = timeout(limit, open_tunnel(settings)).await;
            let (folder, path, task) =
                made.map_err(|_| "the broker's TLS takes too long".to_owned())??;
            host = path;
            tunnel = Some((folder, task));
        }
        let mut options = MqttOptions::new(&settings.client_id, host, settings.port);
        if tunnel.is_some() {
            options.set_transport(Transport::Unix);
        }
        options
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_start(true)
            .set_session_expiry_interval(Some(0))
            .set_max_packet_size(u32::try_from(PACKET_BYTES_MAX).ok())
            .set_connection_timeout(settings.time_out_ms.div_ceil(1_000).max(1));
        if let Some((user, password)) = &settings.login {
            options.set_credentials(user, password.expose());
        }
        let (client, event_loop) = AsyncClient::new(options, ORDERS_MAX);
        Ok(Self { client, event_loop, settings: settings.clone(), _tunnel: tunnel })
    }

    /// The next packet. May be dropped half-way: the event loop keeps its place between calls.
    pub(crate) async fn next(&mut self) -> Result<Incoming, String> {
        let event = self.event_loop.poll().await;
        match event.map_err(|error| {
            format!("the broker's connection broke: {}", shown(&error.to_string()))
        })? {
            Event::Incoming(Packet::ConnAck(_)) => {
                let topics = self.settings.topics.incoming();
                let filter = |(topic, _): &(&str, Channel)| Filter::new(*topic, QoS::AtLeastOnce);
                let filters: Vec<Filter> = topics.iter().map(filter).collect();
                self.client.try_subscribe_many(filters).map_err(|e| e.to_string())?;
                Ok(Incoming::Nothing)
            }
            Event::Incoming(Packet::SubAck(ack)) => {
                use rumqttc::v5::mqttbytes::v5::SubscribeReasonCode as Code;
                match ack.return_codes.iter().all(|code| matches!(code, Code::Success(_))) {
                    true => Ok(Incoming::Subscribed),
                    false => Err(
                        "the broker refuses a subscription; check the topics and its access list"
                            .into(),
                    ),
                }
            }
            Event::Incoming(Packet::Publish(message)) if !message.retain => {
                let topics = self.settings.topics.incoming();
                let channel =
                    topics.iter().find(|(topic, _)| topic.as_bytes() == &message.topic[..]);
                Ok(match channel {
                    Some((_, channel)) => Incoming::Message(*channel, message.payload.to_vec()),
                    None => Incoming::Nothing,
                })
            }
            _ => Ok(Incoming::Nothing),
        }
    }

    /// Publishes a command. One that the reader does not fetch in time is not kept for it: it must not start or
    /// stop hours later.
    pub(crate) fn publish(&self, channel: Channel, payload: Vec<u8>) -> Result<(), String> {
        let topic = self.settings.topics.of(channel);
        let expiry_s = u32::try_from(self.settings.time_out_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
        let properties = PublishProperties {
            message_expiry_interval: Some(expiry_s.max(1)),
            ..PublishProperties::default()
        };
        let qos = QoS::AtLeastOnce;
        let sent = self.client.try_publish_with_properties(topic, qos, false, payload, properties);
        sent.map_err(|error| format!("failed to publish: {error}"))
    }
}

/// Connects to the broker over TLS and waits for the client at a socket.
async fn open_tunnel(
    settings: &Settings,
) -> Result<(TempDir, String, AbortOnDropHandle<()>), String> {
    let trust = settings.trust.as_ref().ok_or("no trust")?;
    let config = trust.client_config().map_err(|error| error.to_string())?;
    let name = ServerName::try_from(settings.host.clone()).map_err(|error| error.to_string())?;
    let address = (settings.host.as_str(), settings.port);
    let tcp = TcpStream::connect(address)
        .await
        .map_err(|e| format!("no connection to the broker: {e}"))?;
    let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
    let mut tls = tls.map_err(|error| format!("no TLS with the broker: {error}"))?;
    // The folder is ours alone (mode 0700), and the socket takes one connection.
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().join("mqtt");
    let listener = UnixListener::bind(&path).map_err(|error| error.to_string())?;
    let task = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Ok((mut local, _)) = listener.accept().await {
            drop(listener);
            let _ = tokio::io::copy_bidirectional(&mut local, &mut tls).await;
        }
    }));
    Ok((folder, text(&path), task))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
