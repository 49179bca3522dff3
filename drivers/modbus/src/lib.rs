//! Light stacks, beams and buttons behind a Modbus TCP I/O module.
//!
//! `codec` says which coils a signal means, `session` decides what to ask next and judges the
//! answers, `task` holds the connection.
//!
//! Invariants: a signal counts as shown only after every coil was read back; lamps that must be
//! off are switched off before others go on, so a green never lingers beside a red; after any
//! time-out or contradiction the connection is dropped, `Down` is reported, and the latest signal
//! is written anew; a lost connection means unknown, never "off". Absent: Modbus RTU, counters, the
//! module's own watchdog and safe values (set them on the module: a dead gateway can't switch off).

pub mod codec;
pub mod session;
mod task;

pub use task::run;

/// The coils of a light stack, as the module numbers them from 0; `None`: not fitted.
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

/// What the task has to know about a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `host:port`; the port of Modbus TCP is 502.
    pub address: String,
    /// The unit identifier, 1 or 255 for most modules.
    pub unit: u8,
    /// The light stack's coils (function codes 5 and 1).
    pub coils: Lamps,
    /// Added to a coil's number to read it back: 0 for most modules, 0x0200 for a WAGO 750-841.
    pub read_back_offset: u16,
    /// Discrete inputs to watch (function code 2), as the module numbers them from 0.
    pub inputs: Vec<u16>,
    /// How often the lamps are read back as a health check, in milliseconds.
    pub poll_ms: u64,
    /// How often the inputs are read, in milliseconds; a change counts when two reads agree.
    pub input_poll_ms: u64,
    /// The longest wait for a connection or an answer, in milliseconds.
    pub time_out_ms: u64,
}

impl Settings {
    /// The usual settings: unit 1, no inputs, lamps checked each second, half a second of patience.
    #[must_use]
    pub fn new(address: impl Into<String>, coils: Lamps) -> Self {
        Self {
            address: address.into(),
            unit: 1,
            coils,
            read_back_offset: 0,
            inputs: Vec::new(),
            poll_ms: 1_000,
            input_poll_ms: 50,
            time_out_ms: 500,
        }
    }
}
