//! A Zebra reader's IoT Connector: a client of a real broker that answers commands and tells tags.
//!
//! Topics are `{base}/data`, `/events`, `/mgmt/cmd`, `/mgmt/res`, `/ctrl/cmd`, `/ctrl/res`. As the real one, it takes
//! `set_mode` and does nothing until `start`. The handle tells tags and makes it fail; dropping it ends it.
//! Absent: TLS, the effects of modes, its REST interface.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use rumqttc::v5::{
    AsyncClient, ClientError, Event, MqttOptions,
    mqttbytes::{QoS, v5::Packet},
};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::Seed;

/// Publications that wait for the broker; beyond them telling waits.
pub const ORDERS_MAX: usize = 1_024;
/// Between two attempts to reach the broker.
const RETRY: Duration = Duration::from_millis(100);

/// The shape of its data events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `SIMPLE`, with everything.
    Simple,
    /// `CUSTOM`, with EPC, RSSI, antenna and number only.
    Custom,
    /// A sled's `tagData` list, without numbers.
    Handheld,
}

/// How a simulated reader is made.
#[derive(Debug, Clone)]
pub struct ZebraIotOptions {
    /// The broker.
    pub broker: (String, u16),
    /// The base of its topics.
    pub base: String,
    /// What its tags are made of.
    pub seed: u64,
    /// The shape of its data.
    pub shape: Shape,
}

#[derive(Debug, Default)]
struct Shared {
    reading: AtomicBool,
    refuse: AtomicBool,
    silent: AtomicBool,
    lazy: AtomicBool,
    number: AtomicU64,
    ready: AtomicBool,
}

/// A running reader.
#[derive(Debug)]
pub struct ZebraIotReader {
    client: AsyncClient,
    options: ZebraIotOptions,
    shared: Arc<Shared>,
    _guard: DropGuard,
}

/// Starts a reader; it connects by itself, again and again.
#[must_use]
pub fn start(options: ZebraIotOptions) -> ZebraIotReader {
    let (host, port) = options.broker.clone();
    let name = format!("sim-{}", options.base.replace('/', "-"));
    let mut mqtt = MqttOptions::new(name, host, port);
    mqtt.set_keep_alive(Duration::from_secs(5)).set_clean_start(true);
    let (client, mut event_loop) = AsyncClient::new(mqtt, ORDERS_MAX);
    let (shared, stop) = (Arc::new(Shared::default()), CancellationToken::new());
    let reader =
        Reader { client: client.clone(), options: options.clone(), shared: Arc::clone(&shared) };
    tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
        loop {
            match event_loop.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    for tail in ["mgmt/cmd", "ctrl/cmd"] {
                        let topic = format!("{}/{tail}", reader.options.base);
                        let _ = reader.client.try_subscribe(topic, QoS::AtLeastOnce);
                    }
                }
                Ok(Event::Incoming(Packet::SubAck(_))) => reader.shared.ready.store(true, SeqCst),
                Ok(Event::Incoming(Packet::Publish(message))) => {
                    reader.serve(&message.topic, &message.payload);
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }));
    ZebraIotReader { client, options, shared, _guard: stop.drop_guard() }
}

struct Reader {
    client: AsyncClient,
    options: ZebraIotOptions,
    shared: Arc<Shared>,
}

impl Reader {
    fn serve(&self, topic: &[u8], payload: &[u8]) {
        let Ok(command) = serde_json::from_slice::<Value>(payload) else { return };
        if self.shared.silent.load(SeqCst) {
            return;
        }
        let name = command["command"].as_str().unwrap_or_default();
        let (mut ok, mut told) = (!self.shared.refuse.load(SeqCst), json!({}));
        match name {
            "get_version" => {
                told = json!({
                    "readerApplication": "3.21.21.0", "radioFirmware": "2.2.17.0", "model": "FX9600-4",
                    "serialNumber": format!("FX9600{:06X}", self.options.seed % 0x0100_0000),
                });
            }
            "get_status" => {
                let reading = self.shared.reading.load(SeqCst);
                let activity = if reading { "active" } else { "inactive" };
                told = json!({ "radioActivity": activity, "radioConnection": "connected" });
            }
            "set_mode" => {}
            "start" if ok => self.shared.reading.store(!self.shared.lazy.load(SeqCst), SeqCst),
            "stop" if ok => ok = self.shared.reading.swap(false, SeqCst),
            _ => ok = false,
        }
        if !ok {
            told = json!({ "message": "operation failed" });
        }
        let answer = json!({
            "command": name, "command_id": command["command_id"], "payload": told,
            "response": if ok { "success" } else { "failure" },
        });
        let plane = if topic.ends_with(b"mgmt/cmd") { "mgmt/res" } else { "ctrl/res" };
        let topic = format!("{}/{plane}", self.options.base);
        let _ = self.client.try_publish(topic, QoS::AtLeastOnce, false, answer.to_string());
    }
}

impl ZebraIotReader {
    /// Whether it listens to commands.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.shared.ready.load(SeqCst)
    }

    /// Whether it reads.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.shared.reading.load(SeqCst)
    }

    /// Tells tags, all in one payload with nothing between them.
    pub async fn tags(&self, epcs: &[&[u8]]) -> Result<(), ClientError> {
        let payload: String = epcs.iter().map(|epc| self.event(epc).to_string()).collect();
        self.raw("data", payload).await
    }

    /// Tells as many tags of its seed.
    pub async fn seeded_tags(&self, count: u64) -> Result<(), ClientError> {
        let mut seed = Seed::new(self.options.seed);
        for _ in 0..count {
            let mut epc = [0u8; 12];
            epc[4..].copy_from_slice(&seed.next_u64().to_be_bytes());
            self.tags(&[&epc]).await?;
        }
        Ok(())
    }

    /// Tells that an input changed.
    pub async fn input(&self, pin: u16, high: bool) -> Result<(), ClientError> {
        let state = if high { "HIGH" } else { "LOW" };
        let event = json!({
            "component": "RG", "eventType": "gpi", "timestamp": TIME,
            "data": { "pin": pin, "state": state },
        });
        self.raw("events", event.to_string()).await
    }

    /// Publishes anything below its base.
    pub async fn raw(&self, tail: &str, payload: String) -> Result<(), ClientError> {
        let topic = format!("{}/{tail}", self.options.base);
        self.client.publish(topic, QoS::AtLeastOnce, false, payload).await
    }

    /// Leaves numbers out.
    pub fn skip_events(&self, count: u64) {
        self.shared.number.fetch_add(count, SeqCst);
    }

    /// Refuses every command, or no longer.
    pub fn refuse(&self, refuse: bool) {
        self.shared.refuse.store(refuse, SeqCst);
    }

    /// Answers nothing, or again.
    pub fn silence(&self, silent: bool) {
        self.shared.silent.store(silent, SeqCst);
    }

    /// Takes `start` and does not read.
    pub fn be_lazy(&self, lazy: bool) {
        self.shared.lazy.store(lazy, SeqCst);
    }

    fn event(&self, epc: &[u8]) -> Value {
        let hex: String = epc.iter().map(|byte| format!("{byte:02X}")).collect();
        let number = || self.shared.number.fetch_add(1, SeqCst) + 1;
        match self.options.shape {
            Shape::Simple => json!({
                "type": "SIMPLE", "timestamp": TIME,
                "data": {
                    "MAC": "C4:7D:CC:FF:FF:FF", "antenna": 1, "eventNum": number(), "format": "epc",
                    "idHex": hex, "peakRssi": -50, "reads": 1,
                },
            }),
            Shape::Custom => json!({
                "type": "CUSTOM", "timestamp": TIME,
                "data": { "idHex": hex, "peakRssi": -50, "antenna": 1, "eventNum": number() },
            }),
            Shape::Handheld => json!({
                "type": "INVENTORY", "timestamp": TIME,
                "data": { "tagData": [{ "EPCid": hex, "RSSI": -50, "TID": "E280116020001234" }] },
            }),
        }
    }
}

const TIME: &str = "2021-06-09T19:41:26.512+0000";
