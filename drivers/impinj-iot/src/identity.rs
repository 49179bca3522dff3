//! What a reader says it is, read from GET `/system` and `/system/image`.

use gatewarden_model::DeviceFacts;
use serde::{Deserialize, Serialize};

/// A reader's identity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "camelCase"), default)]
pub struct Identity {
    /// The maker's name.
    pub manufacturer: String,
    /// The model's name, such as `R700`.
    pub product_model: String,
    /// The serial number.
    pub serial_number: String,
    /// The firmware's version, where it tells that.
    pub firmware_version: String,
}

impl Identity {
    /// Who it is; `address` where it tells no serial number.
    #[must_use]
    pub fn facts(&self, address: &str) -> DeviceFacts {
        let id = match self.serial_number.as_str() {
            "" => ("address", address),
            serial => ("serial", serial),
        };
        let (maker, model) = (("maker", &*self.manufacturer), ("model", &*self.product_model));
        let facts = [id, maker, model, ("firmware", &*self.firmware_version)];
        let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        gatewarden_model::facts::bounded_facts(facts.collect())
    }

    /// One line: maker, model, firmware.
    #[must_use]
    pub fn summary(&self) -> String {
        let firmware = match self.firmware_version.as_str() {
            "" => "unknown",
            known => known,
        };
        let line = format!("{} {}, firmware {firmware}", self.manufacturer, self.product_model);
        line.chars().filter(|c| !c.is_control()).take(200).collect()
    }
}
