//! What a reader says it is, read from the answer to `get_version`.

use gatewarden_model::{DeviceFacts, facts::bounded_facts};
use serde::Serialize;
use serde_json::Value;

/// A reader's identity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Identity {
    /// The serial number.
    pub serial: String,
    /// The model, such as `FX9600-8`.
    pub model: String,
    /// The reader application's version.
    pub firmware: String,
}

impl Identity {
    /// Reads the payload of the answer. What is not told is empty.
    #[must_use]
    pub fn from_payload(payload: &Value) -> Self {
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| payload.get(*name).and_then(Value::as_str));
            found.unwrap_or_default().to_owned()
        };
        Self {
            serial: text(&["serialNumber", "serial_number"]),
            model: text(&["model", "modelNumber"]),
            firmware: text(&["readerApplication", "firmwareVersion", "radioFirmware"]),
        }
    }

    /// Who it is; `address` where it tells no serial number.
    #[must_use]
    pub fn facts(&self, address: &str) -> DeviceFacts {
        let id = match self.serial.as_str() {
            "" => ("address", address),
            serial => ("serial", serial),
        };
        let facts = [id, ("maker", "Zebra"), ("model", &self.model), ("firmware", &self.firmware)];
        let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        bounded_facts(facts.collect())
    }

    /// One line: maker, model, firmware.
    #[must_use]
    pub fn summary(&self) -> String {
        crate::codec::shown(&format!("Zebra {}, firmware {}", self.model, self.firmware))
    }
}
