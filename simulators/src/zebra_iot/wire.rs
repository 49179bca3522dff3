//! What the reader answers and tells, in the forms of its maker's documentation and of captures.

use std::sync::atomic::Ordering::SeqCst;

use serde_json::{Value, json};

use super::{Shape, Shared};
use crate::llrp::SimTag;
use crate::tags::{hex, now};

impl Shared {
    pub(super) fn serve(&self, topic: &[u8], payload: &[u8]) {
        let Ok(command) = serde_json::from_slice::<Value>(payload) else { return };
        if self.silent.load(SeqCst) {
            return;
        }
        let name = command["command"].as_str().unwrap_or_default();
        let is_management = topic.ends_with(b"mgmt/cmd");
        let done = match self.refuse.load(SeqCst) {
            true => Err("operation failed"),
            false if is_management => self.management(name),
            false => self.control(name, &command["payload"]),
        };
        let (response, told) = match done {
            Ok(told) => ("success", told),
            Err(why) => ("failure", json!({ "message": why })),
        };
        let answer = json!({
            "command": name, "command_id": command["command_id"], "payload": told,
            "response": response,
        });
        let plane = if is_management { "mgmt/res" } else { "ctrl/res" };
        self.publish(plane, answer.to_string());
    }

    fn management(&self, name: &str) -> Result<Value, &'static str> {
        match name {
            "get_version" => {
                let mut told = json!({
                    "readerApplication": "3.21.21.0", "radioFirmware": "2.2.17.0",
                    "radioControlApplication": "1.0.0", "cloudAgentApplication": "1.0.0",
                });
                if !self.options.old {
                    told["model"] = json!("FX9600");
                    told["serialNumber"] =
                        json!(format!("FX9600{:06X}", self.options.seed % 0x0100_0000));
                }
                Ok(told)
            }
            "get_status" => {
                let activity = if self.options.old { "radioActivitiy" } else { "radioActivity" };
                Ok(json!({
                    "uptime": "26 days 01:11:17", "systemTime": format!("{}+00:00", now()),
                    "radioConnection": "connected", "temperature": 31,
                    "antennas": { "1": "connected", "2": "connected" }, activity: self.activity(),
                }))
            }
            _ => Err("unknown command"),
        }
    }

    fn control(&self, name: &str, payload: &Value) -> Result<Value, &'static str> {
        let reading = self.status.borrow().reading;
        match name {
            "set_mode" if payload["type"].is_string() => {}
            "set_mode" => return Err("'type' is a required property"),
            "start" if reading => return Err("start currently ongoing"),
            "start" => self.status.send_modify(|now| {
                now.reading = !self.lazy.load(SeqCst);
                now.starts += 1;
            }),
            "stop" if reading => self.status.send_modify(|now| now.reading = false),
            "stop" => return Err("no operation is ongoing"),
            _ => return Err("unknown command"),
        }
        Ok(json!({}))
    }

    fn activity(&self) -> &'static str {
        if self.status.borrow().reading { "active" } else { "inactive" }
    }

    pub(super) fn tell_tags(&self, tags: &[SimTag]) {
        if tags.is_empty() {
            return;
        }
        let payload: String = tags.iter().map(|tag| self.event(tag).to_string()).collect();
        self.publish("data", payload);
    }

    pub(super) fn tell_input(&self, pin: u16, high: bool) {
        let state = if high { "HIGH" } else { "LOW" };
        self.tell("gpi", &json!({ "pin": pin, "state": state }));
    }

    pub(super) fn tell_heartbeat(&self) {
        let dropped = self.dropped.load(SeqCst);
        let data = json!({
            "radio_control": { "radioActivity": self.activity(), "radioConnection": "connected",
                "numTagReads": self.number.load(SeqCst) },
            "reader_gateway": { "dataPathStatistics": [{ "numDataMessagesDropped": dropped,
                "numDataMessagesRetained": 0 }] },
            "system": { "GPI": { "1": "HIGH", "2": "HIGH" } }, "userapps": [],
        });
        self.tell("heartbeat", &data);
    }

    /// A management event.
    fn tell(&self, kind: &str, data: &Value) {
        let number = self.told.fetch_add(1, SeqCst) + 1;
        let event = json!({
            "component": "RG", "type": kind, "eventNum": number, "timestamp": stamp(), "data": data,
        });
        self.publish("events", event.to_string());
    }

    fn event(&self, tag: &SimTag) -> Value {
        let (hex, rssi, antenna) = (hex(&tag.epc), tag.rssi_dbm, tag.antenna);
        let number = || self.number.fetch_add(1, SeqCst) + 1;
        match self.options.shape {
            Shape::Simple => json!({
                "type": "SIMPLE", "timestamp": stamp(),
                "data": {
                    "MAC": "C4:7D:CC:FF:FF:FF", "antenna": antenna, "eventNum": number(),
                    "format": "epc", "idHex": hex, "peakRssi": rssi, "reads": 1,
                },
            }),
            Shape::Custom => json!({
                "type": "CUSTOM", "timestamp": stamp(),
                "data": { "idHex": hex, "peakRssi": rssi, "antenna": antenna, "eventNum": number(),
                    "format": "epc" },
            }),
            Shape::Handheld => json!({
                "type": "INVENTORY", "timestamp": stamp(),
                "data": { "tagData": [{ "EPCid": hex, "RSSI": rssi, "TID": "E280116020001234" }] },
            }),
        }
    }
}

/// `2021-06-09T19:41:26.512+0000`.
fn stamp() -> String {
    format!("{}+0000", now())
}
