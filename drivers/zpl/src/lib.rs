//! Label printers that speak ZPL II on TCP port 9100. For now their state only.
//!
//! `codec` reads the answer to `~HS`, `session` decides what state that is and when to ask again,
//! `task` connects and asks.
//!
//! Invariants: an answer counts only when all three lines are complete and well formed; anything
//! else is `Down` with its reason. The connection is closed after each answer, because many
//! printers serve one at a time and others may print. Absent: printing, confirmation of labels,
//! RFID encoding, USB and serial printers.

pub mod codec;
pub mod session;
mod task;

pub use codec::{HostStatus, StatusError, parse_host_status};
pub use task::run;

/// What the task has to know about a printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `host:port`; the port is 9100 on most printers.
    pub address: String,
    /// How often its state is asked for, in milliseconds.
    pub poll_ms: u64,
    /// The longest wait for connection and answer together, in milliseconds.
    pub time_out_ms: u64,
}

impl Settings {
    /// The usual settings: every two seconds, two seconds of patience.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), poll_ms: 2_000, time_out_ms: 2_000 }
    }
}
