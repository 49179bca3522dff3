//! MQTT against a real Mosquitto, where there is one on the PATH; else it says so and passes.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use common::receipt;
use gatewarden_adapters::{
    Adapter, Outcome, TimeOuts, message, mqtt,
    notice::{self, Message},
};
use rumqttc::v5::{
    AsyncClient, Event, EventLoop, MqttOptions,
    mqttbytes::{
        QoS,
        v5::{Packet, Publish},
    },
};
use tokio::time::timeout;

const TOPIC: &str = "plant/movements";
const PATIENCE: Duration = Duration::from_secs(20);

struct Broker {
    child: Child,
    port: u16,
    // Removed with its files when the broker is gone.
    _folder: tempfile::TempDir,
}

impl Broker {
    /// Starts a broker that lets only `warden` publish; None where there is no Mosquitto.
    async fn start(port: u16) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let acl = format!("topic read #\nuser warden\ntopic write {TOPIC}\n");
        std::fs::write(path("acl"), acl).unwrap();
        let conf = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nuser root\nacl_file {}\n",
            path("acl").display()
        );
        std::fs::write(path("conf"), conf).unwrap();
        let child = Command::new("mosquitto")
            .arg("-c")
            .arg(path("conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = match child {
            Ok(child) => child,
            Err(error) => {
                println!("skipped: no mosquitto on the PATH ({error})");
                return None;
            }
        };
        let broker = Self { child, port, _folder: folder };
        let up = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, up).await.unwrap();
        Some(broker)
    }

    fn stop(mut self) -> u16 {
        self.end();
        self.port
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.end();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn adapter(port: u16, username: &str) -> Box<dyn Adapter> {
    mqtt::adapter(settings(port, username)).unwrap()
}

fn settings(port: u16, username: &str) -> mqtt::Settings {
    mqtt::Settings {
        address: format!("127.0.0.1:{port}"),
        topic: TOPIC.into(),
        client_id: format!("gatewarden-{username}"),
        username: Some(username.into()),
        password: Some("any".into()),
        time_outs: TimeOuts { connect_ms: 2_000, total_ms: 5_000 },
    }
}

/// A subscriber that is known to be subscribed.
async fn subscribe(port: u16) -> EventLoop {
    let options = MqttOptions::new("reader", "127.0.0.1", port);
    let (client, mut events) = AsyncClient::new(options, 2);
    client.subscribe(TOPIC, QoS::AtLeastOnce).await.unwrap();
    let subscribed = async {
        while !matches!(events.poll().await.unwrap(), Event::Incoming(Packet::SubAck(_))) {}
    };
    timeout(PATIENCE, subscribed).await.unwrap();
    events
}

async fn next(events: &mut EventLoop) -> Publish {
    let message = async {
        loop {
            if let Event::Incoming(Packet::Publish(publish)) = events.poll().await.unwrap() {
                return publish;
            }
        }
    };
    timeout(PATIENCE, message).await.unwrap()
}

fn reason(outcome: Outcome) -> (String, bool) {
    match outcome {
        Outcome::Retry { reason, uncertain, .. } => (reason, uncertain),
        other => panic!("not a retry: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_broker_takes_one_message_after_the_other() {
    let Some(broker) = Broker::start(free_port()).await else { return };
    let adapter = adapter(broker.port, "warden");
    let first = receipt(1, "4500001", &[("bolt", 24)]);
    let (why, uncertain) = reason(adapter.deliver(&first).await);
    assert!(why.contains("nobody subscribes") && !uncertain, "{why}");

    let mut reader = subscribe(broker.port).await;
    for id in 1..=3 {
        let delivery = receipt(id, "4500001", &[("bolt", 24)]);
        let remote_id = delivery.movement.id.to_string();
        let outcome = adapter.deliver(&delivery).await;
        assert_eq!(outcome, Outcome::Delivered { remote_id: remote_id.clone() });
        let publish = next(&mut reader).await;
        assert_eq!(publish.payload, message::encode(&delivery).unwrap());
        let properties = publish.properties.unwrap().user_properties;
        assert_eq!(properties, [("movement".to_owned(), remote_id)]);
        assert_eq!(adapter.look_up(&delivery).await, Ok(None));
    }

    let port = broker.stop();
    let down = loop {
        // The first attempt may find the old connection just broken: then it is uncertain.
        if let (why, false) = reason(adapter.deliver(&first).await) {
            break why;
        }
    };
    assert!(down.contains("no connection to broker"), "{down}");
    let broker = Broker::start(port).await.unwrap();
    let mut reader = subscribe(broker.port).await;
    let outcome = adapter.deliver(&first).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    next(&mut reader).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_published_with_its_id() {
    let Some(broker) = Broker::start(free_port()).await else { return };
    let channel = notice::mqtt::channel(settings(broker.port, "warden")).unwrap();
    let mut reader = subscribe(broker.port).await;
    let told = Message {
        id: uuid::Uuid::from_u128(7),
        receivers: vec!["li.wei".into()],
        subject: "审批".into(),
        text: "领料单 M-1".into(),
        markdown: None,
        link: None,
    };
    let remote_id = told.id.to_string();
    assert_eq!(channel.send(&told).await, Outcome::Delivered { remote_id: remote_id.clone() });
    let publish = next(&mut reader).await;
    assert_eq!(publish.payload, notice::encode(&told).unwrap());
    let properties = publish.properties.unwrap().user_properties;
    assert_eq!(properties, [("notice".to_owned(), remote_id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_does_not_let_us_publish_is_no_delivery() {
    let Some(broker) = Broker::start(free_port()).await else { return };
    let _reader = subscribe(broker.port).await;
    let outcome = adapter(broker.port, "stranger").deliver(&receipt(1, "1", &[("bolt", 1)])).await;
    let (why, uncertain) = reason(outcome);
    assert!(why.contains("does not let this client publish") && !uncertain, "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_never_acknowledges_is_uncertain_and_none_is_not() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 4_096];
        assert!(stream.read(&mut bytes).await.unwrap() > 0);
        // CONNACK: no session, success, no properties.
        stream.write_all(&[0x20, 3, 0, 0, 0]).await.unwrap();
        // The publish is read, and the connection closed instead of a PUBACK.
        assert!(stream.read(&mut bytes).await.unwrap() > 0);
    });
    let adapter = adapter(port, "warden");
    let delivery = receipt(1, "1", &[("bolt", 1)]);
    assert!(reason(adapter.deliver(&delivery).await).1, "it may have been kept");
    silent.await.unwrap();
    let (why, uncertain) = reason(adapter.deliver(&delivery).await);
    assert!(!uncertain, "{why}");
}
