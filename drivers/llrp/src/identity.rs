//! What a reader says it is, read from its capabilities and configuration.

use gatewarden_model::{DeviceFacts, hash::hex_upper};
use serde::Serialize;

use crate::{
    codec::{
        AntennaProperties, CodecError, GeneralDeviceCapabilities, GpiPortCurrentState,
        Identification, LlrpCapabilities, Message, Param, RegulatoryCapabilities,
        UhfBandCapabilities, report::VENDOR_IMPINJ,
    },
    settings::Region,
};

/// Zebra's (Motorola's) private enterprise number.
const VENDOR_ZEBRA: u32 = 161;

/// IDType of Identification (LLRP 1.0.1, 13.2.2): 0 is a MAC address (EUI-64), 1 an EPC.
const ID_IS_EPC: u8 = 1;
/// UHFC1G2RFModeTable and its entries, each beginning with the mode's identifier.
const MODE_TABLE: u16 = 328;
const MODE_ENTRY: u16 = 329;
/// Flag of GeneralDeviceCapabilities: the reader has a clock that tells UTC.
const HAS_UTC: u16 = 1 << 14;
/// RF modes and ROSpecs that are kept, at most.
const KEPT_MAX: usize = 256;

/// A reader's identity and outfit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Identity {
    /// IANA private enterprise number of the maker.
    pub manufacturer: u32,
    /// The maker's model number.
    pub model: u32,
    /// The firmware's version.
    pub firmware: String,
    /// MAC address or EPC of the reader, upper-case hex, if it tells.
    pub reader_id: Option<String>,
    /// Whether `reader_id` is an EPC; else it is a MAC address (EUI-64).
    pub is_epc: bool,
    /// Number of antenna ports.
    pub antennas_max: u16,
    /// Number of inputs.
    pub inputs: u16,
    /// Number of outputs.
    pub outputs: u16,
    /// Whether it holds reports while no client is connected.
    pub holds_reports: bool,
    /// ISO 3166 numeric country code of its regulation.
    pub country: u16,
    /// Least and greatest transmit power, hundredths of a dBm.
    pub power_cdbm: Option<(i16, i16)>,
    /// The communications standard that it is set to (LLRP 1.0.1, RegulatoryCapabilities).
    pub standard: u16,
    /// That standard's word, where it is known.
    pub region: Option<&'static str>,
    /// Its RF modes' identifiers.
    pub modes: Vec<u32>,
    /// Whether its clock tells UTC; else only the time since it started.
    pub has_utc: bool,
    /// The LLRP version that is spoken, such as `1.0.1`.
    pub version: &'static str,
    /// Its clock less ours in microseconds, once it told one.
    pub clock_us: Option<i64>,
    /// The ROSpecs that were on it.
    pub rospecs: Vec<Found>,
    /// Whose extensions it has that are known here.
    pub extensions: Option<&'static str>,
    /// The antenna ports, as far as it tells.
    pub antennas: Vec<Antenna>,
    /// The inputs' states, as far as it tells.
    pub input_states: Vec<Input>,
    #[serde(skip)]
    pub(crate) uhf: UhfBandCapabilities,
}

/// A ROSpec that was on the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its id.
    pub id: u32,
    /// `disabled`, `inactive`, `active`.
    pub state: &'static str,
    /// Whether it is of this gateway, now or of an earlier start.
    pub ours: bool,
}

/// An antenna port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Antenna {
    /// The port, from 1.
    pub port: u16,
    /// Whether something is plugged in.
    pub connected: bool,
    /// Gain in hundredths of a dBi.
    pub gain_cdbi: i16,
}

/// An input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    /// The port, from 1.
    pub port: u16,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its level, if known.
    pub on: Option<bool>,
}

impl Identity {
    /// Reads GET_READER_CAPABILITIES_RESPONSE.
    pub(crate) fn from_capabilities(message: &Message) -> Result<Self, CodecError> {
        let general: GeneralDeviceCapabilities = message.get()?.unwrap_or_default();
        let llrp: LlrpCapabilities = message.get()?.unwrap_or_default();
        let regulatory: RegulatoryCapabilities = message.get()?.unwrap_or_default();
        let gpio = general.gpio.unwrap_or_default();
        let uhf = regulatory.uhf.unwrap_or_default();
        let tables = uhf.others.iter().filter(|param| param.kind == MODE_TABLE);
        let entries = tables.flat_map(|t| &t.params).filter(|param| param.kind == MODE_ENTRY);
        let mode = |entry: &Param| entry.fields.first_chunk().map(|id| u32::from_be_bytes(*id));
        let modes = entries.filter_map(mode).take(KEPT_MAX).collect();
        let powers = || uhf.powers.iter().map(|p| p.power_cdbm);
        Ok(Self {
            manufacturer: general.manufacturer,
            model: general.model,
            firmware: general.firmware,
            antennas_max: general.antennas_max,
            inputs: gpio.inputs,
            outputs: gpio.outputs,
            holds_reports: llrp.holds_reports(),
            country: regulatory.country,
            standard: regulatory.standard,
            region: Region::word_of(regulatory.standard),
            modes,
            has_utc: general.flags & HAS_UTC != 0,
            extensions: match general.manufacturer {
                VENDOR_IMPINJ => Some("Impinj"),
                VENDOR_ZEBRA => Some("Zebra"),
                _ => None,
            },
            power_cdbm: powers().min().zip(powers().max()),
            uhf,
            ..Self::default()
        })
    }

    /// Adds a ROSpec that is on the reader.
    pub(crate) fn add_rospec(&mut self, id: u32, state: u8, ours: bool) {
        let words = ["disabled", "inactive", "active"];
        let state = words.get(usize::from(state)).copied().unwrap_or("in an unknown state");
        if self.rospecs.len() < KEPT_MAX {
            self.rospecs.push(Found { id, state, ours });
        }
    }

    /// Adds what GET_READER_CONFIG_RESPONSE tells.
    pub(crate) fn add_config(&mut self, message: &Message) -> Result<(), CodecError> {
        let id: Option<Identification> = message.get()?;
        self.is_epc = id.as_ref().is_some_and(|id| id.kind == ID_IS_EPC);
        self.reader_id = id.map(|id| hex_upper(&id.id));
        let antenna = |a: AntennaProperties| Antenna {
            port: a.antenna,
            connected: a.connected,
            gain_cdbi: a.gain_cdbi,
        };
        self.antennas = message.all()?.into_iter().map(antenna).collect();
        let input = |i: GpiPortCurrentState| Input {
            port: i.port,
            enabled: i.enabled,
            on: [Some(false), Some(true)].get(usize::from(i.state)).copied().flatten(),
        };
        self.input_states = message.all()?.into_iter().map(input).collect();
        Ok(())
    }

    /// Who it is: its own id, maker and model; `address` where it tells no id. The firmware is told for
    /// information.
    #[must_use]
    pub fn facts(&self, address: &str) -> DeviceFacts {
        let id = match &self.reader_id {
            Some(id) if !id.is_empty() && self.is_epc => ("epc", id.clone()),
            Some(id) if !id.is_empty() => ("mac", with_colons(id)),
            _ => ("address", address.to_owned()),
        };
        let maker = ("maker", self.manufacturer.to_string());
        let model = ("model", self.model.to_string());
        let facts = [id, maker, model, ("firmware", self.firmware.clone())];
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The maker's name, or its enterprise number.
    #[must_use]
    pub fn manufacturer_name(&self) -> String {
        match self.manufacturer {
            VENDOR_IMPINJ => "Impinj".into(),
            VENDOR_ZEBRA => "Zebra (Motorola)".into(),
            other => format!("manufacturer {other}"),
        }
    }

    /// One line: maker, model, firmware.
    #[must_use]
    pub fn summary(&self) -> String {
        format!("{} model {}, firmware {}", self.manufacturer_name(), self.model, self.firmware)
    }
}

/// A MAC address as people write it: `00:16:25:FF:FE:01:02:03`.
fn with_colons(hex: &str) -> String {
    let pairs: Vec<&str> =
        hex.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok()).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(identity: &Identity) -> String {
        gatewarden_model::facts_words(&identity.facts("10.0.0.5:5084"))
    }

    #[test]
    fn a_reader_is_known_by_its_own_id_or_else_by_its_address() {
        let plain = Identity {
            manufacturer: 25_882,
            model: 700,
            firmware: "7.1".to_owned(),
            ..Identity::default()
        };
        assert_eq!(told(&plain), "address 10.0.0.5:5084, firmware 7.1, maker 25882, model 700");
        let mac = Identity { reader_id: Some("001625FFFE010203".to_owned()), ..plain.clone() };
        assert_eq!(told(&mac), "firmware 7.1, mac 00:16:25:FF:FE:01:02:03, maker 25882, model 700");
        let epc = Identity { is_epc: true, ..mac };
        assert_eq!(told(&epc), "epc 001625FFFE010203, firmware 7.1, maker 25882, model 700");
        let empty = Identity { reader_id: Some(String::new()), ..plain };
        assert!(told(&empty).starts_with("address 10.0.0.5:5084"));
    }
}
