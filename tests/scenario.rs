//! The example that integrators begin with, as it is shipped: its configuration passes `check`, and its
//! scenario's expectations hold against the running daemon. And a scenario says what was not seen.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{ffi::OsString, fs, path::Path, sync::Arc, time::Duration};

use gatewarden_simulators::scenario::{Scenario, play};
use gatewarden_tests::{Gateway, Order, People, Settings, receipt};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Cartons of the pallet, as the scenario says.
const CARTONS: u64 = 6;
const PATIENCE: Duration = Duration::from_secs(150);
const SECRET: &str = "only for the simulator";

fn shipped(path: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../simulators/scenarios/portal-door");
    fs::read_to_string(Path::new(folder).join(path)).unwrap()
}

/// A gateway with the example's configuration; only where it keeps its state and listens is its own.
async fn gateway() -> Gateway {
    let env = vec![("PORTAL_DOOR_SECRET".to_owned(), OsString::from(SECRET))];
    let gateway = Gateway::prepare(Settings { env, ..Settings::default() }).await;
    let text = shipped("gateway.toml");
    fs::write(gateway.config(), text).unwrap();
    fs::create_dir(gateway.dir().join("labels")).unwrap();
    let label = shipped("labels/pallet.zpl");
    fs::write(gateway.dir().join("labels/pallet.zpl"), label).unwrap();
    gateway.reconfigure("/var/lib/gatewarden", &gateway.state().display().to_string());
    gateway.reconfigure("127.0.0.1:8420", &gateway.address().to_string());
    gateway.cli_ok(&["check"], "");
    gateway
}

async fn played() -> (Vec<Value>, Result<(), String>) {
    let scenario = Scenario::parse(&shipped("scenario.toml")).unwrap();
    let events = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&events);
    let tell = Arc::new(move |event| kept.lock().unwrap().push(event));
    let playing = timeout(PATIENCE, play(scenario, tell, CancellationToken::new()));
    let played = playing.await.unwrap().map_err(|error| error.to_string());
    (events.lock().unwrap().clone(), played)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_scenario_holds_against_the_shipped_configuration() {
    let mut gateway = gateway().await;
    gateway.run().await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.open(&Order { item: "CARTON", ..receipt("PO-1", CARTONS) }).await;
    let clerk = people.machine("clerk", &["inbound:modify"]).await;
    let label = json!({"printer": "printer-1", "template": "pallet",
        "data": {"name": "Filters", "gs1": "(01)04012345000009"}});
    clerk.post_ok("/api/v1/labels", &label).await;

    let (events, played) = played().await;
    println!("{}", events.iter().map(|event| format!("{event}\n")).collect::<String>());
    assert_eq!(played, Ok(()));
    let pass = &events.iter().find(|event| event["event"] == "pass").unwrap()["value"];
    assert_eq!(pass["in"].as_array().unwrap().len() as u64, CARTONS, "{pass}");
    let moved = people.movement("PO-1").await.expect("it was posted");
    assert_eq!(moved["lines"][0]["quantity"], json!(CARTONS), "{moved}");
}
