//! A simulated UHF module as scenarios and the control API steer it, with our driver on the other side.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use gatewarden_model::{Clock, DeviceEvent, DeviceId, Stamp};
use gatewarden_simulators::registry::{Kind, Simulated, Teller, check};
use gatewarden_simulators::scenario::Scenario;
use gatewarden_simulators::uhf::{PROFILE_NAMES, PROFILES, Protocol};
use gatewarden_uhf_serial::{Region, Settings};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(10);

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap();
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
    }
}

fn object(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().unwrap().clone()
}

async fn act(device: &Arc<dyn Simulated>, verb: &str, with: Value) {
    let takes = Kind::find("uhf-reader").unwrap().action(verb).unwrap().takes;
    let with = check(verb, takes, object(with), &[]).unwrap();
    device.act(verb, &with).await.unwrap();
}

/// The first event that has this; what comes before is dropped.
async fn told<T>(
    events: &mut mpsc::Receiver<DeviceEvent>,
    mut has: impl FnMut(DeviceEvent) -> Option<T>,
) -> T {
    let search = async {
        loop {
            if let Some(found) = has(events.recv().await.unwrap()) {
                return found;
            }
        }
    };
    timeout(PATIENCE, search).await.unwrap()
}

fn gap(event: DeviceEvent) -> Option<String> {
    match event {
        DeviceEvent::Gap { reason, .. } => Some(reason),
        _ => None,
    }
}

fn reads(event: DeviceEvent) -> Option<usize> {
    match event {
        DeviceEvent::Reads(reads) => Some(reads.len()),
        _ => None,
    }
}

#[test]
fn the_scenario_holds_what_it_is_checked_against_and_every_profile_has_its_name() {
    let text = include_str!("../scenarios/module.toml");
    assert!(Scenario::parse(text).is_ok());
    assert_eq!(PROFILES.map(|(name, _)| name), PROFILE_NAMES);
    let wrong = text.replace("profile = \"r200\"", "profile = \"r2000\"");
    assert!(format!("{:?}", Scenario::parse(&wrong).unwrap_err()).contains("chafon-low-first"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_profile_is_steered_through_all_its_faults() {
    let mut all = JoinSet::new();
    for (profile, protocol) in PROFILES {
        all.spawn(steer(profile, protocol));
    }
    while let Some(steered) = all.join_next().await {
        steered.unwrap();
    }
}

async fn steer(profile: &'static str, protocol: Protocol) {
    let kind = Kind::find("uhf-reader").unwrap();
    let options = object(json!({ "profile": profile, "seed": 3, "round_ms": 10 }));
    let options = check("uhf-reader", kind.options, options, &[]).unwrap();
    let teller = Teller::new("module", &(Arc::new(|_| ()) as _));
    let device = (kind.start)(&options, &[], teller).await.unwrap();
    let region = protocol.name() == "mercury";
    let settings = Settings {
        baud: Some(115_200),
        protocols: vec![protocol],
        region: region.then_some(Region::Europe),
        ..Settings::new(device.at())
    };
    let (sender, mut events) = mpsc::channel(64);
    let stop = CancellationToken::new();
    let clock = Arc::new(TestClock(Instant::now()));
    let name = DeviceId::parse("module").unwrap();
    let run = gatewarden_uhf_serial::run(name, settings, clock, sender, stop.clone());
    let run = tokio::spawn(run);

    let tags = json!([{ "gtin": "80614141123458", "serial": 1, "count": 3, "prefix_digits": 7,
            "antenna": 1, "rssi_dbm": -50 }]);
    act(&device, "field", json!({ "tags": tags })).await;
    told(&mut events, reads).await;
    act(&device, "garbage", json!({})).await;
    told(&mut events, gap).await;
    act(&device, "wrong-sums", json!({ "frames": 1 })).await;
    told(&mut events, gap).await;
    act(&device, "drip", json!({ "on": true })).await;
    act(&device, "drip", json!({ "on": false })).await;
    told(&mut events, reads).await;
    assert_eq!(device.observe()["plugged"], true, "{profile}");
    act(&device, "truncate", json!({})).await;
    told(&mut events, |event| match event {
        DeviceEvent::State { state: gatewarden_model::DeviceState::Down { .. }, .. } => Some(()),
        _ => None,
    })
    .await;
    assert_eq!(device.observe()["plugged"], false, "{profile}");
    act(&device, "replug", json!({})).await;
    let reason = told(&mut events, gap).await;
    assert!(reason.contains("did not read"), "{profile}: {reason}");
    told(&mut events, reads).await;
    act(&device, "clear", json!({})).await;
    stop.cancel();
    // Whoever waits for room is let go.
    while events.recv().await.is_some() {}
    timeout(PATIENCE, run).await.unwrap().unwrap();
}
