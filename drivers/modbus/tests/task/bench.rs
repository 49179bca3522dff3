//! The task under test with its events in words; shared by the tests.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gatewarden_modbus::{Lamps, Settings};
use gatewarden_model::{Clock, DeviceEvent, DeviceFacts, DeviceId, DeviceState, Signal, Stamp};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Green 0, amber 1, red 2, buzzer 3.
pub(crate) const STACK: Lamps =
    Lamps { green: Some(0), amber: Some(1), red: Some(2), buzzer: Some(3) };

/// What the tests know a reason for being down by.
const REASONS: [&str; 7] = [
    "broke",
    "failed to connect",
    "no answer",
    "coil 0 is off",
    "coil 2 is on",
    "refused writing coil 77",
    "does not fit",
];

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap();
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
    }
}

pub(crate) struct Bench {
    pub events: mpsc::Receiver<DeviceEvent>,
    pub signals: watch::Sender<Signal>,
    pub stop: CancellationToken,
    /// Who the module was when it was last told.
    pub facts: DeviceFacts,
    task: tokio::task::JoinHandle<()>,
}

impl Bench {
    pub(crate) fn start(settings: Settings, signal: Signal) -> Self {
        let (sender, events) = mpsc::channel(64);
        let (signals, signals_seen) = watch::channel(signal);
        let stop = CancellationToken::new();
        let task = tokio::spawn(gatewarden_modbus::run(
            DeviceId::parse("lights-1").unwrap(),
            settings,
            Arc::new(TestClock(Instant::now())),
            sender,
            signals_seen,
            stop.clone(),
        ));
        Self { events, signals, stop, facts: DeviceFacts::new(), task }
    }

    /// The next event in words.
    pub(crate) async fn next(&mut self) -> String {
        let event = loop {
            let event = timeout(Duration::from_secs(8), self.events.recv()).await.unwrap();
            match event.unwrap() {
                DeviceEvent::Identity { facts, .. } => {
                    assert!(facts["address"].starts_with("127.0.0.1:"), "{facts:?}");
                    self.facts = facts;
                }
                other => break other,
            }
        };
        match event {
            DeviceEvent::Identity { .. } => "identity".to_owned(),
            DeviceEvent::State { state, .. } => match state {
                DeviceState::Connecting { attempt } => format!("connecting {attempt}"),
                DeviceState::Up { .. } => "up".to_owned(),
                DeviceState::Down { reason, .. } => {
                    let found = REASONS.into_iter().find(|k| reason.contains(k));
                    format!("down {}", found.unwrap_or(&reason))
                }
                DeviceState::Stopped => "stopped".to_owned(),
            },
            DeviceEvent::Input { port, on, .. } => {
                format!("input {port} {}", if on { "on" } else { "off" })
            }
            DeviceEvent::Gap { reason, .. } => format!("gap {reason}"),
            DeviceEvent::Reads(_) => "reads".to_owned(),
        }
    }

    pub(crate) async fn expect(&mut self, expected: &[&str]) {
        for e in expected {
            assert_eq!(self.next().await, *e);
        }
    }

    /// The gateway dies: no goodbye.
    pub(crate) async fn die(self) {
        self.task.abort();
        self.task.await.unwrap_err();
    }

    pub(crate) async fn finish(self) {
        self.stop.cancel();
        timeout(Duration::from_secs(2), self.task).await.unwrap().unwrap();
    }
}
