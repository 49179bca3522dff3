//! What a reader is told to do. Plain data; the daemon fills it from the configuration.

/// Least keepalive period, in milliseconds; smaller ones are raised to it.
pub const KEEPALIVE_MS_MIN: u32 = 100;

/// Settings of one reader.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `host:port`; 5084 is LLRP's port.
    pub address: String,
    /// Antenna ports, from 1; empty is all.
    pub antennas: Vec<u16>,
    /// Transmit power in dBm; the reader's next lower step is taken. `None` leaves it to the reader.
    pub tx_power_dbm: Option<f32>,
    /// Gen 2 session, 0 to 3.
    pub session: u8,
    /// Number of tags expected in the field at once.
    pub tag_population: u16,
    /// Period of the reader's KEEPALIVE, in milliseconds; after two missed ones it counts as dead.
    pub keepalive_ms: u32,
    /// Tags a report; 1 is soonest.
    pub report_every_tags: u16,
    /// How the ROSpec starts.
    pub start: Start,
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
            antennas: Vec::new(),
            tx_power_dbm: None,
            session: 1,
            tag_population: 32,
            keepalive_ms: 10_000,
            report_every_tags: 1,
            start: Start::default(),
            protocol: Protocol::default(),
            time_out_ms: 5_000,
        }
    }
}
