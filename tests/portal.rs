//! A door whose two sides are told apart: a pallet through it becomes one pass with its direction, the
//! other way it stops, a person alone is told, and a copy of a tag is not posted.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{fs, process::Command, time::Duration};

use gatewarden_simulators::{
    llrp::SimTag,
    modbus::{LightsOptions, SimLights},
};
use gatewarden_tests::{BOLT, Gateway, Journal, People, Settings, epc, gatewarden, receipt, until};
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
             portal = { settle_ms = 800, preroll_ms = 2000, \
             outer = [{ reader = \"portal-1\", antennas = [1] }], \
             inner = [{ reader = \"portal-1\", antennas = [2] }], \
             inputs = [{ device = \"eyes-1\", port = 0, is = \"outer-beam\" }, \
             { device = \"eyes-1\", port = 1, is = \"inner-beam\" }] }\n",
        );
        let trace = format!("trace = \"{}\"\nportal = {{", gateway.dir().join("trace").display());
        gateway.reconfigure("portal = {", &trace);
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
            assert!(self.eyes.set_input(OUTER, (-0.8..0.2).contains(&at)));
            assert!(self.eyes.set_input(INNER, (-0.2..0.8).contains(&at)));
            let near = |antenna: f64| -44.0 - 9.0 * (at - antenna).abs();
            let (antenna, rssi) = if at < 0.0 { (1, near(-0.5)) } else { (2, near(0.5)) };
            #[allow(clippy::cast_possible_truncation, reason = "some tens of dBm")]
            let tag = |epc: &Vec<u8>| SimTag { epc: epc.clone(), antenna, rssi_dbm: rssi as i8 };
            self.gateway.hardware.reader.set_field(tags.iter().map(tag).collect());
            tokio::time::sleep(STEP).await;
        }
        self.gateway.hardware.reader.clear_field();
    }

    /// What was recorded gives the same passes, byte for byte; and a trace that was touched does not.
    fn replays(&self) {
        let trace = self.gateway.dir().join("trace");
        let replay = || Command::new(gatewarden()).args(["replay"]).arg(&trace).output().unwrap();
        let first = replay();
        assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
        let recorded = fs::read_to_string(&trace).unwrap();
        let passes = recorded.lines().filter_map(|line| line.strip_prefix("{\"pass\":"));
        let passes: Vec<Value> = passes
            .map(|rest| serde_json::from_str(rest.strip_suffix('}').unwrap()).unwrap())
            .collect();
        assert!(passes.len() >= 3, "{recorded}");
        let printed = String::from_utf8(first.stdout.clone()).unwrap();
        for (line, pass) in printed.lines().zip(&passes) {
            assert_eq!(serde_json::from_str::<Value>(line).unwrap(), pass["pass"]);
        }
        assert_eq!(replay().stdout, first.stdout, "twice the same bytes");

        fs::write(&trace, recorded.replacen("\"direction\":\"in\"", "\"direction\":\"out\"", 1))
            .unwrap();
        let touched = replay();
        assert_eq!(touched.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&touched.stderr).contains("another pass was recorded"));
        fs::write(&trace, "no trace").unwrap();
        assert!(
            String::from_utf8_lossy(&replay().stderr).contains("trace:1: not a line of a trace")
        );
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
    door.replays();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reader_held_over_an_outage_is_kept_with_its_time_and_is_no_pass() {
    let door = Door::new().await;
    let reader = &door.gateway.hardware.reader;
    // Its clock is wrong, which changes nothing.
    reader.set_clock_skew_us(-86_400_000_000);
    door.people.open(&receipt("PO-3", 6)).await;

    reader.go_away().await;
    door.gateway.until_devices(&door.people.viewer, &[("portal-1", "down")]).await;
    door.gateway.hardware.show(&bolts(31..37));
    tokio::time::sleep(Duration::from_millis(500)).await;
    // What it read of them until now is held.
    reader.clear_field();
    let gone_us = wall_us();
    // Longer than what leads to a pass.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    reader.come_back().await.unwrap();
    door.gateway.until_devices(&door.people.viewer, &[]).await;

    let kept = door.entry("quarantined").await;
    assert!(kept["reason"].as_str().unwrap().contains("6 tags"), "{kept}");
    let doubts = kept["pass"]["doubts"].as_array().unwrap();
    assert_eq!(doubts.len(), 6, "{kept}");
    for doubt in doubts {
        assert_eq!(doubt["why"], "late", "{doubt}");
        let last_us = doubt["sighting"]["last"]["wall_us"].as_i64().unwrap();
        assert!((gone_us - 5_000_000..gone_us + 200_000).contains(&last_us), "{doubt} {gone_us}");
    }
    assert!(door.people.movement("PO-3").await.is_none(), "who stood there is not known");
    let journal = Journal::read(&door.gateway.ledger());
    assert_eq!(journal.of_kind("held").count() + journal.of_kind("moved").count(), 0);
    assert!(journal.of_kind("gap").any(|gap| gap["device"] == "portal-1"));

    // They are brought again, and are received.
    door.go(&bolts(31..37), true).await;
    door.people.moved("PO-3").await;
    door.gateway.cli_ok(&["ledger", "verify"], "");
    let trace = door.gateway.dir().join("trace");
    let replay = Command::new(gatewarden()).args(["replay"]).arg(&trace).output().unwrap();
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
    assert!(fs::read_to_string(&trace).unwrap().contains("\"ago_us\":"));
}

fn wall_us() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}
