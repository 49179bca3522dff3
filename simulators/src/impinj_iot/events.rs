//! The lines of the stream, with the properties that the running profile asks for.

use base64::{Engine, engine::general_purpose::URL_SAFE};
use serde_json::{Value, json};

use crate::llrp::SimTag;
use crate::tags::{hex, now};

/// Which properties a tag's event has. The defaults of the API: `epc`, not `epcHex`; no PC word, no time; the TID where
/// there is one, as base64.
#[derive(Debug, Clone)]
pub(super) struct Report {
    wanted: Value,
    fast_id: Vec<u64>,
}

impl Default for Report {
    fn default() -> Self {
        Self { wanted: json!({}), fast_id: Vec::new() }
    }
}

impl Report {
    /// What a profile asks for.
    pub(super) fn of(profile: &Value) -> Self {
        let wanted = profile["eventConfig"]["tagInventory"].clone();
        let antennas = profile["antennaConfigs"].as_array().map_or(&[][..], Vec::as_slice);
        let fast = antennas.iter().filter(|antenna| antenna["fastId"] == "enabled");
        Self {
            wanted,
            fast_id: fast.filter_map(|antenna| antenna["antennaPort"].as_u64()).collect(),
        }
    }

    fn wants(&self, name: &str, by_default: bool) -> bool {
        self.wanted[name].as_str().map_or(by_default, |told| told == "enabled")
    }

    pub(super) fn tag(&self, tag: &SimTag) -> Vec<u8> {
        let mut told = json!({});
        let mut tell = |name: &str, by_default: bool, value: Value| {
            if self.wants(name, by_default) {
                told[name] = value;
            }
        };
        tell("epc", true, json!(URL_SAFE.encode(&tag.epc)));
        tell("epcHex", false, json!(hex(&tag.epc)));
        tell("antennaPort", true, json!(tag.antenna));
        tell("transmitPowerCdbm", true, json!(3_000));
        tell("peakRssiCdbm", true, json!(i32::from(tag.rssi_dbm) * 100));
        tell("frequency", true, json!(866_900));
        let words = u16::try_from(tag.epc.len() / 2).unwrap_or(0);
        tell("pc", false, json!(format!("{:04X}", words << 11)));
        tell("lastSeenTime", false, json!(stamp()));
        if self.fast_id.contains(&u64::from(tag.antenna)) {
            let tid = tid(&tag.epc);
            tell("tid", true, json!(URL_SAFE.encode(&tid)));
            tell("tidHex", false, json!(hex(&tid)));
        }
        line("tagInventory", "tagInventoryEvent", &told)
    }
}

/// A tag's TID: that of an Impinj Monza R6, with a serial number made of its EPC.
fn tid(epc: &[u8]) -> Vec<u8> {
    let mut tid = vec![0xE2, 0x80, 0x11, 0x60, 0x20, 0, 0, 0, 0, 0, 0, 0];
    for (at, byte) in epc.iter().rev().enumerate() {
        tid[5 + at % 7] ^= byte;
    }
    tid
}

pub(super) fn input(gpi: u16, on: bool) -> Vec<u8> {
    let transition = if on { "low-to-high" } else { "high-to-low" };
    line("gpiTransition", "gpiTransitionEvent", &json!({ "gpi": gpi, "transition": transition }))
}

pub(super) fn antenna(port: u16, connected: bool) -> Vec<u8> {
    let port = json!({ "antennaPort": port });
    match connected {
        true => line("antennaConnected", "antennaConnectedEvent", &port),
        false => line("antennaDisconnected", "antennaDisconnectedEvent", &port),
    }
}

pub(super) fn status(status: &str) -> Vec<u8> {
    line("inventoryStatus", "inventoryStatusEvent", &json!({ "inventoryStatus": status }))
}

pub(super) fn overflow(purged: u64, remaining: usize) -> Vec<u8> {
    let told = json!({
        "firstEventTimestamp": stamp(), "lastEventTimestamp": stamp(), "eventsPurged": purged,
        "eventsRemaining": remaining,
    });
    line("overflow", "overflowEvent", &told)
}

fn line(kind: &str, name: &str, told: &Value) -> Vec<u8> {
    let event = json!({ "timestamp": stamp(), "eventType": kind, name: told });
    format!("{event}\r\n").into_bytes()
}

/// `2021-02-02T22:18:35.658000000Z`.
fn stamp() -> String {
    format!("{}000000Z", now())
}
