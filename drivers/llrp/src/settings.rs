//! What a reader is told to do. Plain data; the daemon fills it from the configuration.
//!
//! Whether the reader can do it is known once it has told its capabilities: `plan` refuses then.

use std::{net::IpAddr, path::PathBuf};

use gatewarden_model::Hash;

/// Least keepalive period, in milliseconds; smaller ones are raised to it.
pub const KEEPALIVE_MS_MIN: u32 = 100;

/// Settings of one reader.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `host:port`; 5084 is LLRP's port, 5085 with TLS. With `listen` only a name for the reader.
    pub address: String,
    /// `ip:port` on which the reader's own connection is awaited, instead of connecting to `address`.
    pub listen: Option<String>,
    /// With `listen`: the only address that may connect; any where absent.
    pub from: Option<IpAddr>,
    /// Whether and whom to trust by TLS; plain TCP where absent.
    pub tls: Option<Trust>,
    /// Antenna ports, from 1; empty is all.
    pub antennas: Vec<u16>,
    /// Transmit power in dBm; the reader's next lower step is taken. `None` leaves it to the reader.
    pub tx_power_dbm: Option<f32>,
    /// Gen 2 session, 0 to 3.
    pub session: u8,
    /// Number of tags expected in the field at once.
    pub tag_population: u16,
    /// Which tags answer; all where empty.
    pub filters: Vec<TagFilter>,
    /// How the inventory treats tags that have answered (Impinj only).
    pub search_mode: Option<SearchMode>,
    /// The reader mode: the identifier in the reader's own table of RF modes.
    pub reader_mode: Option<u16>,
    /// The regulation that the reader must be set to.
    pub region: Option<Region>,
    /// The hop table, of those that the reader tells.
    pub hop_table: Option<u8>,
    /// The frequency, for a reader that does not hop.
    pub frequency_khz: Option<u32>,
    /// Whether each report shall hold the TID.
    pub tid: bool,
    /// Period of the reader's KEEPALIVE, in milliseconds; after two missed ones it counts as dead.
    pub keepalive_ms: u32,
    /// Tags a report; 1 is soonest.
    pub report_every_tags: u16,
    /// How the ROSpec starts.
    pub start: Start,
    /// How it ends, where an input starts it.
    pub stop: Stop,
    /// What becomes of ROSpecs that are not ours.
    pub foreign: Foreign,
    /// Whether the reader goes on reading, and keeps its reports, when we leave.
    pub leave_running: bool,
    /// The light stack on the reader's outputs.
    pub gpo: Lamps,
    /// The version that is spoken.
    pub protocol: Protocol,
    /// How long a connection attempt or a request may take, in milliseconds.
    pub time_out_ms: u32,
}

/// How the ROSpec starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// By itself when it is enabled.
    #[default]
    Immediate,
    /// By START_ROSPEC, for readers that ignore the immediate trigger.
    ByClient,
    /// Each time an input changes to a level.
    Input(Edge),
}

/// An input that changes to a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The input, from 1.
    pub port: u16,
    /// The level that it changes to.
    pub on: bool,
}

/// How a ROSpec that an input started ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stop {
    /// When this input changes.
    pub input: Option<Edge>,
    /// After so many milliseconds at the latest; 0 is never.
    pub timeout_ms: u32,
}

/// What becomes of ROSpecs on the reader that are not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Foreign {
    /// They are deleted, and the log tells which.
    #[default]
    Delete,
    /// They stay, and the log tells which; a reader may be unable to run ours beside them.
    Keep,
}

/// How the inventory treats tags that have answered (Impinj's InventorySearchMode).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum SearchMode {
    /// A tag answers once while its session flag lasts.
    Single = 1,
    /// Tags answer again and again.
    Dual = 2,
    /// As `Single`, and answered tags keep quiet while they are powered.
    TagFocus = 3,
}

/// A part of a tag's memory that must be as given for the tag to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFilter {
    /// Which memory.
    pub bank: Bank,
    /// Where in it, in bits; the EPC itself begins at bit 32 of its bank.
    pub bit: u16,
    /// What must stand there.
    pub mask: Vec<u8>,
}

/// A memory that can be filtered by (Gen 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Bank {
    /// CRC, PC word and EPC.
    Epc = 1,
    /// The chip's identifier.
    Tid = 2,
    /// The user's memory.
    User = 3,
}

/// The communications standard that a reader is set to (LLRP 1.0.1, RegulatoryCapabilities).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Region {
    /// US FCC part 15.
    Fcc = 1,
    /// ETSI EN 302 208.
    Etsi302208 = 2,
    /// ETSI EN 300 220.
    Etsi300220 = 3,
    /// Australia, 1 W.
    Australia1W = 4,
    /// Australia, 4 W.
    Australia4W = 5,
    /// Japan, ARIB STD-T89.
    Japan = 6,
    /// Hong Kong, OFTA 1049.
    HongKong = 7,
    /// Taiwan, DGT LP0002.
    Taiwan = 8,
    /// Korea, MIC article 5-2.
    Korea = 9,
}

/// The regions by the words of the configuration.
pub const REGIONS: [(&str, Region); 9] = [
    ("fcc", Region::Fcc),
    ("etsi-302-208", Region::Etsi302208),
    ("etsi-300-220", Region::Etsi300220),
    ("australia-1w", Region::Australia1W),
    ("australia-4w", Region::Australia4W),
    ("japan", Region::Japan),
    ("hong-kong", Region::HongKong),
    ("taiwan", Region::Taiwan),
    ("korea", Region::Korea),
];

impl Region {
    /// The region's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        REGIONS.iter().find(|(_, region)| *region == self).map_or("", |(word, _)| word)
    }

    /// The word of the standard that a reader tells.
    #[must_use]
    pub fn word_of(standard: u16) -> Option<&'static str> {
        REGIONS.iter().find(|(_, region)| *region as u16 == standard).map(|(word, _)| *word)
    }

    /// The region of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        REGIONS.iter().find(|(known, _)| *known == word).map(|(_, region)| *region)
    }
}

/// Whom to trust by TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Whoever shows the certificate, or the public key, with this SHA-256 digest.
    Pin(Hash),
    /// Whoever shows a certificate of these authorities (a file in PEM) for its address.
    Authorities(PathBuf),
    /// Whoever is there: only to look at a reader, and to learn the digest that can be pinned.
    Anybody,
}

/// The outputs of a light stack, from 1; `None`: not fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lamps {
    /// The green lamp.
    pub green: Option<u16>,
    /// The amber lamp.
    pub amber: Option<u16>,
    /// The red lamp.
    pub red: Option<u16>,
    /// The buzzer.
    pub buzzer: Option<u16>,
}

/// The version that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// LLRP 1.0.1, which every reader speaks.
    #[default]
    V1_0_1,
    /// LLRP 1.1, and 1.0.1 if the reader refuses it.
    V1_1,
}

impl Settings {
    /// The defaults, for the reader at `address` (`host:port`).
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            listen: None,
            from: None,
            tls: None,
            antennas: Vec::new(),
            tx_power_dbm: None,
            session: 1,
            tag_population: 32,
            filters: Vec::new(),
            search_mode: None,
            reader_mode: None,
            region: None,
            hop_table: None,
            frequency_khz: None,
            tid: false,
            keepalive_ms: 10_000,
            report_every_tags: 1,
            start: Start::default(),
            stop: Stop::default(),
            foreign: Foreign::default(),
            leave_running: false,
            gpo: Lamps::default(),
            protocol: Protocol::default(),
            time_out_ms: 5_000,
        }
    }
}
