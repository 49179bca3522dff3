//! Label printers that speak ZPL II on TCP port 9100, as a USB printer's file or on a serial port.
//!
//! `codec` reads what printers answer, `template` makes labels from data, `compose` makes the format of a job,
//! `job` says what is proven about it, `press` leads the conversation that prints one, `session` tells the printer's
//! state, `link` is the wire and `task` connects, asks and prints.
//!
//! Invariants: an answer counts only when it is complete and well formed. A label is *issued* only when the printer
//! confirmed it; otherwise it is *unknown* and never sent again but by a person's decision. One job at a time; the
//! connection is closed after it and after each question, because many printers serve one client at a time and others
//! may print. Absent: keeping jobs (the [`Desk`] does), other languages than ZPL II.

pub mod codec;
pub mod compose;
pub mod job;
mod link;
pub mod press;
pub mod session;
mod task;
pub mod template;

use std::path::PathBuf;

pub use codec::{HostStatus, StatusError, parse_host_status};
pub use compose::{ComposeError, Encode, Format, attempt, compose, first_token};
pub use job::{Evidence, Outcome, PrintJob, Reading};
pub use task::{Desk, NoDesk, run};

/// Where a printer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A raw TCP port.
    Tcp {
        /// `host:port`; the port is 9100 on most printers.
        address: String,
    },
    /// The file of a USB printer, such as `/dev/usb/lp0`.
    Usb {
        /// The file, best by id.
        path: PathBuf,
    },
    /// A serial port.
    Serial {
        /// The port, best by id: `/dev/serial/by-id/…`.
        path: PathBuf,
        /// Bits a second.
        baud: u32,
    },
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp { address } => f.write_str(address),
            Self::Usb { path } | Self::Serial { path, .. } => write!(f, "{}", path.display()),
        }
    }
}

/// What the task has to know about a printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where it is.
    pub place: Place,
    /// How often its state is asked for, in milliseconds.
    pub poll_ms: u64,
    /// The longest wait for connection and answer together, in milliseconds.
    pub time_out_ms: u64,
    /// The longest wait for a job's first label, in milliseconds.
    pub drain_ms: u64,
    /// Whether it is known by its serial number, where it tells one, instead of its address.
    pub by_serial: bool,
}

impl Settings {
    /// The usual settings: every two seconds, two seconds of patience.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self::at(Place::Tcp { address: address.into() })
    }

    /// The same for any place.
    #[must_use]
    pub fn at(place: Place) -> Self {
        Self {
            place,
            poll_ms: 2_000,
            time_out_ms: 2_000,
            drain_ms: press::DRAIN_MS,
            by_serial: true,
        }
    }
}
