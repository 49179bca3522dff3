//! What the driver is told about a reader, and the inventory profile made of it.

use gatewarden_tls::{Secret, Trust};
use serde_json::{Value, json};

/// How to reach a reader and what to have it do.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `https://host[:port]` or `http://host[:port]`.
    pub url: String,
    /// Who to log in as.
    pub username: String,
    /// With which password.
    pub password: Secret,
    /// Whom to trust over `https`.
    pub trust: Option<Trust>,
    /// The reader's own preset to start; without one the profile of the fields below.
    pub preset: Option<String>,
    /// The antennas to use, from 1.
    pub antennas: Vec<u16>,
    /// Transmit power in hundredths of a dBm.
    pub tx_power_cdbm: u32,
    /// The reader's RF mode.
    pub rf_mode: u32,
    /// The Gen2 session, 0 to 3.
    pub session: u8,
    /// How many tags are expected in the field at once.
    pub tag_population: u16,
    /// How long a request may take, in milliseconds.
    pub time_out_ms: u64,
    /// How long the stream may be silent, in milliseconds: three of its 30 s keep-alives, as the maker asks.
    pub silence_ms: u64,
}

impl Settings {
    /// Settings that suit a portal.
    #[must_use]
    pub fn new(url: String, username: String, password: Secret) -> Self {
        Self {
            url,
            username,
            password,
            trust: None,
            preset: None,
            antennas: vec![1],
            tx_power_cdbm: 3_000,
            rf_mode: 1_002,
            session: 1,
            tag_population: 32,
            time_out_ms: 5_000,
            silence_ms: 90_000,
        }
    }

    /// The body of POST `/profiles/inventory/start`.
    #[must_use]
    pub fn profile(&self) -> Value {
        let antenna = |port: &u16| {
            json!({
                "antennaPort": port,
                "transmitPowerCdbm": self.tx_power_cdbm,
                "rfMode": self.rf_mode,
                "inventorySession": self.session,
                "inventorySearchMode": "dual-target",
                // Without it a reader tells no TID, whatever the event's configuration asks for.
                "fastId": "enabled",
                "estimatedTagPopulation": self.tag_population,
            })
        };
        let fields = json!({
            "epc": "enabled", "epcHex": "enabled", "tidHex": "enabled", "pc": "enabled",
            "antennaPort": "enabled", "peakRssiCdbm": "enabled", "lastSeenTime": "enabled",
        });
        json!({
            "antennaConfigs": self.antennas.iter().map(antenna).collect::<Vec<_>>(),
            "eventConfig": { "common": { "hostname": "disabled" }, "tagInventory": fields },
        })
    }
}
