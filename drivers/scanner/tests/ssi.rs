//! The task against a simulated SSI scanner on a pseudo terminal: acknowledged, sent again, lost, pulled.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gatewarden_model::{Clock, DeviceEvent, DeviceId, DeviceState, ReadValue, Signal, Stamp};
use gatewarden_scanner::{Protocol, Settings};
use gatewarden_simulators::ssi::{SimSsi, SsiFaults, SsiOptions};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

const DATA_MATRIX: u8 = 0x1b;

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap();
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
    }
}

struct Bench {
    scanner: SimSsi,
    events: mpsc::Receiver<DeviceEvent>,
    signals: watch::Sender<Signal>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Bench {
    fn start(options: SsiOptions) -> Self {
        let scanner = SimSsi::start(options).unwrap();
        let usual = Settings::new(scanner.path());
        let settings = Settings { protocol: Protocol::Ssi, beep: true, ..usual };
        let (sender, events) = mpsc::channel(64);
        let (signals, shown) = watch::channel(Signal::Off);
        let stop = CancellationToken::new();
        let task = tokio::spawn(gatewarden_scanner::run(
            DeviceId::parse("scanner-1").unwrap(),
            settings,
            Arc::new(TestClock(Instant::now())),
            sender,
            shown,
            stop.clone(),
        ));
        Self { scanner, events, signals, stop, task }
    }

    async fn next(&mut self) -> String {
        let event = timeout(Duration::from_secs(9), self.events.recv()).await.unwrap();
        match event.unwrap() {
            DeviceEvent::Identity { facts, .. } => {
                format!("{} {}", facts["model"], facts["firmware"])
            }
            DeviceEvent::State { state, .. } => match state {
                DeviceState::Connecting { attempt } => format!("connecting {attempt}"),
                DeviceState::Up { .. } => "up".to_owned(),
                DeviceState::Down { .. } => "down".to_owned(),
                DeviceState::Stopped => "stopped".to_owned(),
            },
            DeviceEvent::Reads(reads) => match &reads[0].value {
                ReadValue::Scan(scan) => {
                    format!("{} {}", scan.aim.as_deref().unwrap_or("-"), scan.text)
                }
                ReadValue::Tag(_) => "tag".to_owned(),
            },
            DeviceEvent::Gap { reason, .. } => format!("gap {}", reason.split(':').next().unwrap()),
            DeviceEvent::Input { .. } => "input".to_owned(),
        }
    }

    async fn expect(&mut self, expected: &[&str]) {
        for e in expected {
            assert_eq!(self.next().await, *e);
        }
    }

    async fn up(options: SsiOptions) -> Self {
        let mut bench = Self::start(options);
        bench.expect(&["connecting 1", "SIM-SSI SIMV1.0", "up"]).await;
        bench
    }

    fn scan(&self, text: &str) {
        self.scanner.scan(DATA_MATRIX, text).unwrap();
    }

    async fn finish(self) {
        self.stop.cancel();
        timeout(Duration::from_secs(2), self.task).await.unwrap().unwrap();
    }
}

fn quick() -> SsiOptions {
    SsiOptions { answer_ms: 300, ..SsiOptions::default() }
}

#[tokio::test]
async fn scans_come_in_order_long_ones_whole() {
    // It sends bare lines until it is told otherwise.
    let mut bench = Bench::up(SsiOptions { packeted: false, ..quick() }).await;
    while bench.scanner.counts().commands < 3 {
        sleep(Duration::from_millis(5)).await;
    }
    let long = "0123456789".repeat(80);
    bench.scan("]d2010401234567890121A");
    bench.scan(&long);
    bench.scanner.scan(0x0f, "0104012345678901").unwrap();
    bench.expect(&["]d2 010401234567890121A"]).await;
    assert_eq!(bench.next().await, format!("]X0 {long}"));
    bench.expect(&["]C1 0104012345678901"]).await;
    bench.signals.send(Signal::Go).unwrap();
    while bench.scanner.counts().beeps == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    bench.finish().await;
}

#[tokio::test]
async fn a_lost_acknowledgement_gives_one_scan() {
    let mut bench = Bench::up(quick()).await;
    bench.scanner.faults(SsiFaults { deaf: 1, ..SsiFaults::default() });
    bench.scan("A");
    bench.scan("B");
    let once = "gap a packet sent again with the bytes of the last one";
    bench.expect(&["]X0 A", once, "]X0 B"]).await;
    assert_eq!(bench.scanner.counts().transmissions, 3);
    bench.finish().await;
}

#[tokio::test]
async fn what_is_not_whole_comes_again_and_three_losses_are_a_gap() {
    let mut bench = Bench::up(quick()).await;
    bench.scanner.faults(SsiFaults { wrong_sums: 2, ..SsiFaults::default() });
    bench.scan("A");
    bench.expect(&["]X0 A"]).await;
    assert_eq!(bench.scanner.counts().transmissions, 3, "two were not whole");
    bench.scanner.faults(SsiFaults { wrong_sums: 3, ..SsiFaults::default() });
    bench.scan("B");
    bench.scan("C");
    bench.expect(&["gap a packet that was not whole, nor when it was sent again", "]X0 C"]).await;
    assert_eq!(bench.scanner.counts().given_up, 1);
    bench.finish().await;
}

#[tokio::test]
async fn pulled_in_a_packet_it_comes_back_without_half_a_scan() {
    let mut bench = Bench::up(quick()).await;
    bench.scanner.faults(SsiFaults { cut_after: Some(7), ..SsiFaults::default() });
    bench.scan("half");
    // A slow machine may see the hang-up before the bytes, which are gone then.
    match bench.next().await.as_str() {
        "gap a packet that was not whole when the port was closed" => bench.expect(&["down"]).await,
        word => assert_eq!(word, "down"),
    }
    bench.scanner.replug().unwrap();
    loop {
        match bench.next().await.as_str() {
            "gap the scanner was not connected" => break,
            word => assert!(word.starts_with("connecting") || word == "down", "{word}"),
        }
    }
    bench.expect(&["SIM-SSI SIMV1.0", "up"]).await;
    bench.scan("next");
    bench.expect(&["]X0 next"]).await;
    bench.finish().await;
}

#[tokio::test]
async fn a_port_without_an_ssi_scanner_is_down() {
    let mut bench = Bench::start(quick());
    bench.scanner.faults(SsiFaults { mute: true, ..SsiFaults::default() });
    bench.expect(&["connecting 1", "down"]).await;
    bench.finish().await;
}
