//! A door whose two sides are told apart: a pallet through it becomes one pass with its direction, the
//! other way it stops, a person alone is told, and a copy of a tag is not posted.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::time::Duration;

use gatewarden_simulators::{
    llrp::SimTag,
    modbus::{LightsOptions, SimLights},
};
use gatewarden_tests::{BOLT, Gateway, Journal, People, Settings, epc, receipt, until};
use serde_json::Value;

/// Steps of a way through the door, and how long each takes.
const STEPS: i32 = 30;
const STEP: Duration = Duration::from_millis(100);
/// Inputs of the photo-eyes.
const OUTER: u16 = 0;
const INNER: u16 = 1;

struct Door {
    gateway: Gateway,
    people: People,
    eyes: SimLights,
}

impl Door {
    async fn new() -> Self {
        let eyes = SimLights::start(LightsOptions::default()).await.unwrap();
        let more = format!(
            "\n[[devices]]\nname = \"eyes-1\"\nkind = \"io-module\"\naddress = \"{}\"\ninputs = [0, 1]\n",
            eyes.address()
        );
        let mut gateway = Gateway::prepare(Settings { more, ..Settings::default() }).await;
        gateway.reconfigure(
            "\"lights-1\"]\n",
            "\"lights-1\", \"eyes-1\"]\n\
             portal = { settle_ms = 800, \
             outer = [{ reader = \"portal-1\", antennas = [1] }], \
             inner = [{ reader = \"portal-1\", antennas = [2] }], \
             inputs = [{ device = \"eyes-1\", port = 0, is = \"outer-beam\" }, \
             { device = \"eyes-1\", port = 1, is = \"inner-beam\" }] }\n",
        );
        gateway.run().await;
        let people = People::enrol(&gateway).await;
        people.sign_in("li.wei", Some("dock-1")).await;
        gateway.until_devices(&people.viewer, &[]).await;
        Self { gateway, people, eyes }
    }

    /// Moves tags through the door; they pass the outer eye and antenna first if `inwards`.
    async fn go(&self, tags: &[Vec<u8>], inwards: bool) {
        for step in 0..=STEPS {
            // Metres from the middle, from the yard to the hall.
            let along = f64::from(step * 2 - STEPS) / f64::from(STEPS) * 2.0;
            let at = if inwards { along } else { -along };
            self.eyes.set_input(OUTER, (-0.8..0.0).contains(&at));
            self.eyes.set_input(INNER, (-0.0..0.8).contains(&at) || at == 0.0);
            let near = |antenna: f64| -44.0 - 9.0 * (at - antenna).abs();
            let (antenna, rssi) = if at < 0.0 { (1, near(-0.5)) } else { (2, near(0.5)) };
            #[allow(clippy::cast_possible_truncation, reason = "some tens of dBm")]
            let tag = |epc: &Vec<u8>| SimTag { epc: epc.clone(), antenna, rssi_dbm: rssi as i8 };
            self.gateway.hardware.reader.set_field(tags.iter().map(tag).collect());
            tokio::time::sleep(STEP).await;
        }
        self.gateway.hardware.reader.clear_field();
    }

    async fn entry(&self, kind: &'static str) -> Value {
        let ledger = self.gateway.ledger();
        until(kind, || async { Journal::read(&ledger).of_kind(kind).last().cloned() }).await
    }
}

fn bolts(serials: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    serials.map(|serial| epc(BOLT, serial)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pallet_in_is_posted_and_out_is_stopped_and_a_person_is_told() {
    let door = Door::new().await;

    door.people.open(&receipt("PO-1", 6)).await;
    door.go(&bolts(1..7), true).await;
    door.people.moved("PO-1").await;
    let moved = door.entry("moved").await;
    let sightings = moved["pass"]["sightings"].as_array().unwrap();
    assert_eq!(sightings.len(), 6, "{moved}");
    for sighting in sightings {
        assert_eq!(sighting["direction"], "in", "{sighting}");
        assert!(sighting["confidence_pct"].as_u64().unwrap() >= 80, "{sighting}");
    }
    assert_eq!(moved["pass"]["opened_by"], "input");

    door.people.open(&receipt("PO-2", 6)).await;
    door.go(&bolts(11..17), false).await;
    let held = door.entry("held").await;
    assert_eq!(held["comparison"]["extra"].as_array().unwrap().len(), 6, "{held}");
    assert!(door.people.movement("PO-2").await.is_none(), "a receipt does not go out");

    door.go(&[], true).await;
    let unread = door.entry("unread").await;
    assert_eq!(unread["pass"]["sightings"].as_array().unwrap().len(), 0, "{unread}");
    door.gateway.cli_ok(&["ledger", "verify"], "");
}
