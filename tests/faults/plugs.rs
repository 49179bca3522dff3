//! Cables that are pulled and put back: the device's state is visible, the others work on, and it
//! is used again within seconds.

use std::time::{Duration, Instant};

use gatewarden_tests::{GLOVE, Settings, until};

use super::{all_is_well, at_work, gaps, things};

/// "Within seconds", with room for a busy machine.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_that_is_unplugged_stops_nobody_else() {
    let (gateway, people) = at_work(Settings::default()).await;
    gateway.hardware.scanner.unplug();
    gateway.until_devices(&people.viewer, &[("scanner-1", "down")]).await;
    let devices = people.viewer.list("/devices").await;
    let scanner = devices.iter().find(|d| d["name"] == "scanner-1").unwrap();
    assert!(scanner["reason"].as_str().is_some_and(|r| !r.is_empty()), "{scanner}");
    assert_eq!(gateway.anybody().get("/health").await["status"], "degraded");
    people.receive(&gateway, "3001", 1..4).await;

    gateway.hardware.scanner.replug().unwrap();
    let since = Instant::now();
    gateway.until_devices(&people.viewer, &[]).await;
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    assert!(gaps(&gateway.journal(), "scanner-1").count() > 0, "the outage is not recorded");
    // The badge of whoever is signed in signs out.
    gateway.hardware.scanner.scan("OP-2001").unwrap();
    until("the badge signs out", || async {
        let station = people.viewer.get("/stations/dock-1").await;
        station["session"].is_null().then_some(())
    })
    .await;
    all_is_well(&gateway, &people).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_without_network_stops_nobody_else() {
    let (gateway, people) = at_work(Settings::default()).await;
    gateway.hardware.reader.go_away().await;
    gateway.until_devices(&people.viewer, &[("portal-1", "down")]).await;
    gateway.hardware.counter_scanner.scan(&format!("]d201{GLOVE}\u{1d}2142")).unwrap();
    until("the counter's scanner works on", || async {
        things(&gateway.journal(), "quarantined").first().cloned()
    })
    .await;
    gateway.hardware.reader.come_back().await.unwrap();
    let since = Instant::now();
    gateway.until_devices(&people.viewer, &[]).await;
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    assert!(gaps(&gateway.journal(), "portal-1").count() > 0, "the outage is not recorded");

    gateway.hardware.reader.power_cycle().await.unwrap();
    people.receive(&gateway, "3101", 1..4).await;
    all_is_well(&gateway, &people).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_light_stack_that_is_gone_stops_no_goods() {
    let (gateway, people) = at_work(Settings::default()).await;
    gateway.hardware.lights.go_away().await;
    gateway.until_devices(&people.viewer, &[("lights-1", "down")]).await;
    people.open(&gatewarden_tests::receipt("3201", 1)).await;
    gateway.hardware.show(&[gatewarden_tests::epc(gatewarden_tests::BOLT, 1)]);
    people.moved("3201").await;
    gateway.hardware.reader.clear_field();
    gateway.hardware.lights.come_back().await.unwrap();
    gateway.until_devices(&people.viewer, &[]).await;
    until("the light shows what it missed", || async { gateway.is_green().then_some(()) }).await;
    all_is_well(&gateway, &people).await;
}
