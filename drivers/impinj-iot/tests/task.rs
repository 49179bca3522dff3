//! The driver against a simulated reader: who it is, what it reads, and every loss.

#![allow(clippy::unwrap_used)] // A failing test may say so by panicking.

mod common;

use std::{sync::Arc, time::Duration};

use gatewarden_impinj_iot::{Secret, Settings, probe, run};
use gatewarden_model::{DeviceEvent, DeviceId, DeviceState, ReadValue};
use gatewarden_simulators::impinj_iot::{ImpinjIotOptions, ImpinjIotReader, start};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

const PATIENCE: Duration = Duration::from_secs(20);

struct Driver {
    events: mpsc::Receiver<DeviceEvent>,
    _guard: DropGuard,
}

impl Driver {
    fn start(settings: Settings) -> Self {
        let (send, events) = mpsc::channel(64);
        let (stop, clock) = (CancellationToken::new(), Arc::new(common::TestClock::default()));
        let device = DeviceId::parse("door").unwrap();
        tokio::spawn(run(device, settings, clock, send, stop.clone()));
        Self { events, _guard: stop.drop_guard() }
    }

    async fn until(&mut self, what: &str, wanted: impl Fn(&DeviceEvent) -> bool) -> DeviceEvent {
        let found = async {
            loop {
                let event = self.events.recv().await.expect("the driver ended");
                if wanted(&event) {
                    return event;
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("no {what} in time"))
    }

    async fn up(&mut self) {
        let up =
            |e: &DeviceEvent| matches!(e, DeviceEvent::State { state: DeviceState::Up { .. }, .. });
        self.until("up", up).await;
    }

    async fn gap(&mut self) -> String {
        match self.until("gap", |e| matches!(e, DeviceEvent::Gap { .. })).await {
            DeviceEvent::Gap { reason, .. } => reason,
            _ => unreachable!(),
        }
    }

    async fn down(&mut self) -> String {
        let is = |e: &DeviceEvent| {
            matches!(e, DeviceEvent::State { state: DeviceState::Down { .. }, .. })
        };
        match self.until("down", is).await {
            DeviceEvent::State { state: DeviceState::Down { reason, .. }, .. } => reason,
            _ => unreachable!(),
        }
    }

    async fn epc(&mut self) -> Vec<u8> {
        match self.until("read", |e| matches!(e, DeviceEvent::Reads(_))).await {
            DeviceEvent::Reads(reads) => match &reads[0].value {
                ReadValue::Tag(tag) => tag.epc.clone(),
                ReadValue::Scan(_) => panic!("a scan"),
            },
            _ => unreachable!(),
        }
    }
}

async fn reader() -> ImpinjIotReader {
    start(ImpinjIotOptions::default()).await.unwrap()
}

fn settings(reader: &ImpinjIotReader) -> Settings {
    Settings::new(reader.url(), "root".into(), Secret::new("impinj"))
}

#[tokio::test]
async fn a_reader_tells_who_it_is_then_its_tags_inputs_and_losses() {
    let reader = reader().await;
    let mut driver = Driver::start(settings(&reader));
    let told = driver.until("identity", |e| matches!(e, DeviceEvent::Identity { .. })).await;
    let DeviceEvent::Identity { facts, .. } = told else { unreachable!() };
    assert_eq!((&*facts["serial"], &*facts["model"]), ("37021050001", "R700"));
    driver.up().await;
    assert!(reader.is_running());
    reader.tag(&[7; 12], 2);
    assert_eq!(driver.epc().await, [7; 12]);
    reader.input(1, true);
    driver.until("input", |e| matches!(e, DeviceEvent::Input { port: 1, on: true, .. })).await;
    reader.overflow();
    assert!(driver.gap().await.contains("lost events"));
}

#[tokio::test]
async fn a_line_cut_by_the_end_and_the_outage_are_gaps_and_reading_goes_on() {
    let reader = reader().await;
    let mut driver =
        Driver::start(Settings { preset: Some("default".into()), ..settings(&reader) });
    driver.up().await;
    reader.drop_in_a_line();
    assert!(driver.gap().await.contains("middle of a line"));
    driver.down().await;
    assert!(driver.gap().await.contains("stream"));
    driver.up().await;
    reader.tag(&[9; 12], 1);
    assert_eq!(driver.epc().await, [9; 12]);
    assert_eq!(reader.starts(), 2);
}

#[tokio::test]
async fn silence_beyond_two_keep_alives_is_an_outage() {
    let reader = start(ImpinjIotOptions { keep_alive_ms: 50, ..Default::default() }).await.unwrap();
    let mut driver = Driver::start(Settings { silence_ms: 400, ..settings(&reader) });
    driver.up().await;
    reader.silence(true);
    assert!(driver.down().await.contains("no keep-alive"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_preset_are_named() {
    let reader = reader().await;
    let wrong = Settings { password: Secret::new("guess"), ..settings(&reader) };
    assert!(Driver::start(wrong.clone()).down().await.contains("password"));
    assert!(probe(&wrong).await.is_err());
    assert_eq!(probe(&settings(&reader)).await.unwrap().reader.product_model, "R700");
    let unknown = Settings { preset: Some("nightly".into()), ..settings(&reader) };
    let reason = Driver::start(unknown).down().await;
    assert!(reason.contains("nightly") && reason.contains("404"), "{reason}");
    let https = Settings { url: reader.url().replace("http:", "https:"), ..settings(&reader) };
    assert!(Driver::start(https).down().await.contains("whom to trust"));
}
