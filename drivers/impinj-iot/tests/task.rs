//! The driver against a simulated reader: who it is, what it reads, and every loss.

#![allow(clippy::unwrap_used)] // A failing test may say so by panicking.

mod common;

use std::time::{Duration, Instant};

use common::driver::Driver;
use gatewarden_impinj_iot::{Secret, Settings, probe};
use gatewarden_model::DeviceEvent;
use gatewarden_simulators::impinj_iot::{ImpinjIotOptions, ImpinjIotReader, start};

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
    assert_eq!(&*facts["firmware"], "8.1.0.79");
    driver.up().await;
    assert!(reader.status().borrow().running);
    reader.tag(&[7; 12], 2);
    assert_eq!(driver.epc().await, [7; 12]);
    reader.input(1, true);
    driver.until("input", |e| matches!(e, DeviceEvent::Input { port: 1, on: true, .. })).await;
    reader.overflow(9);
    let gap = driver.gap().await;
    assert!(gap.contains("lost events") && gap.contains("\"eventsPurged\":9"), "{gap}");
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
    assert_eq!(reader.status().borrow().starts, 2);
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

#[tokio::test]
async fn a_reader_that_was_away_tells_what_it_kept_and_is_read_on() {
    let reader = reader().await;
    let mut driver = Driver::start(settings(&reader));
    driver.up().await;
    reader.go_away().await;
    driver.down().await;
    reader.tag(&[3; 12], 1);
    reader.come_back().await.unwrap();
    let back = Instant::now();
    driver.gap().await;
    driver.up().await;
    assert!(back.elapsed() < Duration::from_secs(2), "{:?}", back.elapsed());
    assert_eq!(driver.epc().await, [3; 12]);
    reader.antenna(1, false);
    assert!(driver.gap().await.contains("antenna 1 was unplugged"));
    reader.stop_reading();
    assert!(driver.down().await.contains("idle"));
    driver.up().await;
    assert!(reader.status().borrow().running);
}
