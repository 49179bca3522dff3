//! A Zebra reader's IoT Connector: a client of a real broker that answers commands and tells tags.
//!
//! Topics are `{base}/data`, `/events`, `/mgmt/cmd`, `/mgmt/res`, `/ctrl/cmd`, `/ctrl/res`. As the real one, it takes
//! `set_mode` and does nothing until `start`, keeps what it reads while the broker is away ([`KEPT_MAX`], the oldest
//! are dropped and counted in its heartbeat), and numbers tags and management events apart. The handle puts tags
//! before its antennas and makes it fail; dropping it ends it.
//! Absent: TLS, the effects of modes beyond their fields, its REST interface.

mod wire;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use rumqttc::v5::{
    AsyncClient, Event, MqttOptions,
    mqttbytes::{QoS, v5::Packet},
};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::door::lock;
use crate::llrp::SimTag;
use crate::tags::Tags;

/// Publications that wait for the broker; more are kept back.
pub const ORDERS_MAX: usize = 1_024;
/// Messages that are kept while the broker is away.
pub const KEPT_MAX: usize = 1_024;
/// Between two attempts to reach the broker.
const RETRY: Duration = Duration::from_millis(100);

/// The shape of its data events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    /// `SIMPLE`, with everything.
    #[default]
    Simple,
    /// `CUSTOM`, with EPC, RSSI, antenna and number only.
    Custom,
    /// A sled's `tagData` list, without numbers.
    Handheld,
}

impl Shape {
    /// As scenarios spell them.
    pub const NAMES: &'static [&'static str] = &["simple", "custom", "handheld"];

    /// The shape of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Simple, Self::Custom, Self::Handheld]
            .into_iter()
            .zip(Self::NAMES)
            .find_map(|(shape, of)| (*of == name).then_some(shape))
    }
}

/// How a simulated reader is made.
#[derive(Debug, Clone)]
pub struct ZebraIotOptions {
    /// The broker.
    pub broker: (String, u16),
    /// The base of its topics.
    pub base: String,
    /// Decides its serial number and which tags a round misses.
    pub seed: u64,
    /// The shape of its data.
    pub shape: Shape,
    /// Between two rounds that tell what stands before it, in milliseconds; 0 tells none by itself.
    pub round_ms: u64,
    /// How many of 100 tags a round misses.
    pub miss_percent: u8,
    /// Spells the status as firmware before 2022 does, and tells no serial number.
    pub old: bool,
}

impl Default for ZebraIotOptions {
    fn default() -> Self {
        Self {
            broker: ("127.0.0.1".to_owned(), 1883),
            base: "zebra/reader".to_owned(),
            seed: 1,
            shape: Shape::Simple,
            round_ms: 0,
            miss_percent: 0,
            old: false,
        }
    }
}

/// What can be seen of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ZebraStatus {
    /// Whether it listens to commands.
    pub ready: bool,
    /// Whether its radio is active.
    pub reading: bool,
    /// How often it was started.
    pub starts: u64,
}

struct Shared {
    options: ZebraIotOptions,
    refuse: AtomicBool,
    silent: AtomicBool,
    lazy: AtomicBool,
    number: AtomicU64,
    told: AtomicU64,
    dropped: AtomicU64,
    tags: Tags,
    status: watch::Sender<ZebraStatus>,
    kept: Mutex<VecDeque<(String, String)>>,
    link: Mutex<Option<Link>>,
}

/// A connection to the broker; dropping it cuts it without a goodbye.
struct Link {
    client: AsyncClient,
    _guard: DropGuard,
}

/// A running reader.
pub struct ZebraIotReader {
    shared: Arc<Shared>,
    _guard: DropGuard,
}

impl std::fmt::Debug for ZebraIotReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ZebraIotReader").field("base", &self.shared.options.base).finish()
    }
}

/// Starts a reader; it connects by itself, again and again.
#[must_use]
pub fn start(options: ZebraIotOptions) -> ZebraIotReader {
    let stop = CancellationToken::new();
    let shared = Arc::new(Shared {
        refuse: AtomicBool::new(false),
        silent: AtomicBool::new(false),
        lazy: AtomicBool::new(false),
        number: AtomicU64::new(0),
        told: AtomicU64::new(0),
        dropped: AtomicU64::new(0),
        tags: Tags::new(options.seed, options.miss_percent),
        status: watch::Sender::default(),
        kept: Mutex::default(),
        link: Mutex::new(None),
        options,
    });
    shared.connect();
    tokio::spawn(stop.clone().run_until_cancelled_owned(rounds(Arc::clone(&shared))));
    ZebraIotReader { shared, _guard: stop.drop_guard() }
}

/// Tells what stands before the antennas while it reads.
async fn rounds(shared: Arc<Shared>) {
    if shared.options.round_ms == 0 {
        return std::future::pending().await;
    }
    let mut turns = tokio::time::interval(Duration::from_millis(shared.options.round_ms));
    loop {
        turns.tick().await;
        if shared.status.borrow().reading && !shared.silent.load(SeqCst) {
            let seen = shared.tags.round();
            shared.tell_tags(&seen);
        }
    }
}

impl Shared {
    fn connect(self: &Arc<Self>) {
        let (host, port) = self.options.broker.clone();
        let name = format!("sim-{}", self.options.base.replace('/', "-"));
        let mut mqtt = MqttOptions::new(name, host, port);
        mqtt.set_keep_alive(Duration::from_secs(5)).set_clean_start(true);
        let (client, mut event_loop) = AsyncClient::new(mqtt, ORDERS_MAX);
        let (stop, shared) = (CancellationToken::new(), Arc::downgrade(self));
        let speaks = client.clone();
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            loop {
                let event = event_loop.poll().await;
                let Some(shared) = shared.upgrade() else { return };
                match event {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        for tail in ["mgmt/cmd", "ctrl/cmd"] {
                            let topic = format!("{}/{tail}", shared.options.base);
                            let _ = speaks.try_subscribe(topic, QoS::AtLeastOnce);
                        }
                    }
                    Ok(Event::Incoming(Packet::SubAck(_))) => {
                        shared.status.send_modify(|now| now.ready = true);
                        shared.tell_kept();
                    }
                    Ok(Event::Incoming(Packet::Publish(message))) => {
                        shared.serve(&message.topic, &message.payload);
                    }
                    Ok(_) => {}
                    Err(_) => {
                        drop(shared);
                        tokio::time::sleep(RETRY).await;
                    }
                }
            }
        }));
        *lock(&self.link) = Some(Link { client, _guard: stop.drop_guard() });
    }

    /// Publishes below its base, or keeps it for later.
    fn publish(&self, tail: &str, payload: String) {
        let topic = format!("{}/{tail}", self.options.base);
        let sent = lock(&self.link).as_ref().is_some_and(|link| {
            link.client.try_publish(&topic, QoS::AtLeastOnce, false, payload.clone()).is_ok()
        });
        if !sent {
            let mut kept = lock(&self.kept);
            if kept.len() >= KEPT_MAX && kept.pop_front().is_some() {
                self.dropped.fetch_add(1, SeqCst);
            }
            kept.push_back((topic, payload));
        }
    }

    fn tell_kept(&self) {
        let kept = std::mem::take(&mut *lock(&self.kept));
        let link = lock(&self.link);
        for (topic, payload) in kept {
            if let Some(link) = &*link {
                let _ = link.client.try_publish(topic, QoS::AtLeastOnce, false, payload);
            }
        }
    }
}

impl ZebraIotReader {
    /// What can be seen of it.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<ZebraStatus> {
        self.shared.status.subscribe()
    }

    /// How it was made.
    #[must_use]
    pub fn options(&self) -> &ZebraIotOptions {
        &self.shared.options
    }

    /// How many tags stand before it.
    #[must_use]
    pub fn field(&self) -> usize {
        self.shared.tags.len()
    }

    /// How many tags it has told, by its own number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.shared.number.load(SeqCst)
    }

    /// Puts tags before its antennas; those before are gone.
    pub fn set_field(&self, tags: Vec<SimTag>) {
        self.shared.tags.set(tags);
    }

    /// Tells tags once, all in one payload with nothing between them.
    pub fn tags(&self, epcs: &[&[u8]]) {
        let tag = |epc: &&[u8]| SimTag { epc: epc.to_vec(), antenna: 1, rssi_dbm: -50 };
        self.shared.tell_tags(&epcs.iter().map(tag).collect::<Vec<_>>());
    }

    /// Tells that an input changed.
    pub fn input(&self, pin: u16, high: bool) {
        self.shared.tell_input(pin, high);
    }

    /// Tells that it is alive.
    pub fn heartbeat(&self) {
        self.shared.tell_heartbeat();
    }

    /// Publishes anything below its base.
    pub fn raw(&self, tail: &str, payload: &str) {
        self.shared.publish(tail, payload.to_owned());
    }

    /// Leaves numbers of tags out.
    pub fn skip_events(&self, count: u64) {
        self.shared.number.fetch_add(count, SeqCst);
    }

    /// Says in the next heartbeat that it dropped so many messages more.
    pub fn lose(&self, count: u64) {
        self.shared.dropped.fetch_add(count, SeqCst);
    }

    /// Refuses every command, or no longer.
    pub fn refuse(&self, refuse: bool) {
        self.shared.refuse.store(refuse, SeqCst);
    }

    /// Answers and tells nothing, or again.
    pub fn silence(&self, silent: bool) {
        self.shared.silent.store(silent, SeqCst);
    }

    /// Takes `start` and does not read.
    pub fn be_lazy(&self, lazy: bool) {
        self.shared.lazy.store(lazy, SeqCst);
    }

    /// Stops reading, as somebody at its own web interface does.
    pub fn stop_reading(&self) {
        self.shared.status.send_modify(|now| now.reading = false);
    }

    /// Cuts its connection and makes no other; it reads on.
    pub fn go_away(&self) {
        *lock(&self.shared.link) = None;
        self.shared.status.send_modify(|now| now.ready = false);
    }

    /// Connects again.
    pub fn come_back(&self) {
        if lock(&self.shared.link).is_none() {
            self.shared.connect();
        }
    }

    /// Power off and on: it reads no longer, what it kept is lost, its numbers begin anew.
    pub fn power_cycle(&self) {
        self.go_away();
        self.stop_reading();
        lock(&self.shared.kept).clear();
        for counter in [&self.shared.number, &self.shared.told, &self.shared.dropped] {
            counter.store(0, SeqCst);
        }
        self.come_back();
    }
}
