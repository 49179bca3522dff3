//! Light stacks, beams and buttons behind a Modbus TCP I/O module.
//!
//! `probe` finds out what stands somewhere, `bench` how fast a signal is shown.
//!
//! `codec` says which coils a signal means, `session` decides what to ask next and judges the
//! answers, `task` holds the connection.
//!
//! Invariants: a signal counts as shown only after every coil was read back; lamps that must be
//! off are switched off before others go on, so a green never lingers beside a red; after any
//! time-out or contradiction the connection is dropped, `Down` is reported, and the latest signal
//! is written anew; a lost connection means unknown, never "off". Where the profile knows counters, a
//! pulse between two reads is told all the same. Absent: writing safe values (they are set on the
//! module's own page or by its utility; the watchdog falls back to them when the gateway is dead).

pub mod bench;
pub mod codec;
mod link;
pub mod pattern;
pub mod probe;
pub mod profile;
pub mod session;
mod task;

pub use pattern::Patterns;
pub use profile::Profile;
pub use task::run;

use serde::Deserialize;

/// The most keys that stop a watchdog.
pub const STOP_KEYS_MAX: usize = 8;

/// Where a module counts the pulses of its inputs; the counter of input N is the Nth.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counters {
    /// 3 (holding registers) or 4 (input registers).
    pub function: u8,
    /// The register of the first counter.
    pub base: u16,
    /// Registers a counter: 1 or 2; it wraps at 16 or 32 bits.
    pub words: u16,
    /// With two registers: the high word comes first.
    pub high_first: bool,
}

/// How a module's watchdog is reached. Every request feeds it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Watchdog {
    /// A coil that reads 1 after it tripped and is cleared by writing 1.
    pub flag: Option<u16>,
    /// A holding register that stops it when the keys are written one after the other.
    pub stop_register: Option<u16>,
    /// The keys.
    #[serde(default)]
    pub stop_keys: Vec<u16>,
    /// A holding register that takes its time.
    pub time_register: Option<u16>,
    /// The unit of that time, in milliseconds.
    #[serde(default)]
    pub time_unit_ms: u64,
    /// A holding register that starts it.
    pub start_register: Option<u16>,
    /// What starts it.
    #[serde(default)]
    pub start_value: u16,
}

/// A serial line of Modbus RTU: 8 data bits, no parity, 1 stop bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The port, best by id.
    pub path: std::path::PathBuf,
    /// Bits a second.
    pub baud: u32,
}

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
    /// How long an input must keep a new level before it counts, in milliseconds (two reads at least).
    pub debounce_ms: u64,
    /// The address of input 0, for the counters' order.
    pub input_base: u16,
    /// Counters, where there are any.
    pub counters: Option<Counters>,
    /// The watchdog, where it can be reached.
    pub watchdog: Option<Watchdog>,
    /// After how long without a request the module is to fall back, in milliseconds.
    pub watchdog_ms: u64,
    /// Ask who it is by function 43 (object 0 to 2); a refusal is taken.
    pub identify: bool,
    /// Registers that tell the model.
    pub model: Option<profile::Model>,
    /// How the signals look.
    pub patterns: Patterns,
    /// Modbus RTU on this line instead of TCP; `address` then is only told.
    pub line: Option<Line>,
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
            debounce_ms: 0,
            input_base: 0,
            counters: None,
            watchdog: None,
            watchdog_ms: 3_000,
            identify: false,
            model: None,
            patterns: Patterns::default(),
            line: None,
        }
    }
}
