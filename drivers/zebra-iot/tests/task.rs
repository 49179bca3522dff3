//! The driver and a simulated reader at a real Mosquitto, plain and with TLS; the broker restarts in between, the
//! reader goes and comes back.

#![allow(clippy::unwrap_used)] // A failing test may say so by panicking.

mod common;

use std::time::{Duration, Instant};

use common::broker::{Broker, Driver, PATIENCE};
use gatewarden_model::{DeviceEvent, DeviceState};
use gatewarden_simulators::zebra_iot::Shape;
use gatewarden_zebra_iot::{Settings, Trust};
use tokio::time::timeout;

#[tokio::test]
async fn a_reader_tells_who_it_is_its_tags_and_every_loss_over_a_restart_of_the_broker() {
    let Some(mut broker) = Broker::start().await else { return };
    let reader = broker.reader(Shape::Simple).await;
    let mut driver = Driver::start(broker.settings());
    let facts = |e| if let DeviceEvent::Identity { facts, .. } = e { Some(facts) } else { None };
    assert_eq!(driver.until("identity", facts).await["serial"], "FX9600000001");
    driver.up().await;
    assert!(reader.status().borrow().reading);
    reader.tags(&[&[1; 12], &[2; 12]]);
    assert_eq!(driver.epcs().await, [[1; 12], [2; 12]]);
    reader.input(2, true);
    let input = |e| matches!(e, DeviceEvent::Input { port: 2, on: true, .. }).then_some(());
    driver.until("input", input).await;
    reader.skip_events(3);
    reader.tags(&[&[3; 12]]);
    assert!(driver.gap().await.contains("events 3 to 5 are missing"));
    broker.restart().await;
    driver.down().await;
    driver.gap().await;
    driver.up().await;
    reader.tags(&[&[4; 12]]);
    assert_eq!(driver.epcs().await, [[4; 12]]);
}

/// Whoever signs in after an outage must not be given what went through before.
#[tokio::test]
async fn what_is_read_while_nobody_listens_is_never_told_as_read_now() {
    let Some(broker) = Broker::start().await else { return };
    let reader = broker.reader(Shape::Simple).await;
    let mut driver = Driver::start(broker.settings());
    driver.up().await;
    reader.tags(&[&[1; 12]]);
    assert_eq!(driver.epcs().await, [[1; 12]]);
    driver.end().await;
    reader.tags(&[&[2; 12]]);
    let mut driver = Driver::start(broker.settings());
    let up = |event| {
        assert!(!matches!(event, DeviceEvent::Reads(_)), "{event:?}");
        matches!(event, DeviceEvent::State { state: DeviceState::Up { .. }, .. }).then_some(())
    };
    driver.until("up", up).await;
    reader.tags(&[&[3; 12]]);
    assert_eq!(driver.epcs().await, [[3; 12]]);
}

#[tokio::test]
async fn refusal_silence_and_a_start_without_effect_are_named() {
    let Some(broker) = Broker::start().await else { return };
    let reader = broker.reader(Shape::Custom).await;
    reader.be_lazy(true);
    let mut driver = Driver::start(broker.settings());
    assert!(driver.down().await.contains("stays inactive"));
    reader.be_lazy(false);
    driver.up().await;
    reader.silence(true);
    assert!(driver.down().await.contains("no answer to get_status"));
    reader.silence(false);
    reader.refuse(true);
    let refused = async { while !driver.down().await.contains("refuses get_version") {} };
    timeout(PATIENCE, refused).await.unwrap();
}

#[tokio::test]
async fn tls_trusts_whom_it_is_told_and_nobody_else() {
    let Some(broker) = Broker::start().await else { return };
    let reader = broker.reader(Shape::Handheld).await;
    let pem = std::fs::read(broker.folder.path().join("cert")).unwrap();
    let plain = broker.settings();
    let with = |trust| Settings { port: broker.tls, trust: Some(trust), ..plain.clone() };
    assert!(Driver::start(with(Trust::Pin([1; 32]))).down().await.contains("not the pinned one"));
    let mut driver = Driver::start(with(Trust::Authorities(pem)));
    driver.up().await;
    reader.tags(&[&[5; 12]]);
    assert_eq!(driver.epcs().await, [[5; 12]]);
}

#[tokio::test]
async fn a_reader_is_read_again_within_two_seconds_of_its_return() {
    let Some(broker) = Broker::start().await else { return };
    let reader = broker.reader(Shape::Simple).await;
    let mut driver = Driver::start(Settings { time_out_ms: 500, ..broker.settings() });
    driver.up().await;
    reader.go_away();
    assert!(driver.down().await.contains("no answer to get_status"));
    reader.come_back();
    let back = Instant::now();
    assert!(driver.gap().await.contains("no answer to get_status"));
    driver.up().await;
    assert!(back.elapsed() < Duration::from_secs(2), "{:?}", back.elapsed());
    reader.power_cycle();
    assert!(driver.down().await.contains("no longer active"));
    driver.up().await;
    assert!(reader.status().borrow().reading);
    reader.tags(&[&[6; 12]]);
    assert_eq!(driver.epcs().await, [[6; 12]]);
}
