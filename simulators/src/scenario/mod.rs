//! Scenarios: several simulated devices, timed steps and what must be seen of them, from a TOML file.
//!
//! `parse` turns text into a [`Scenario`] or all its mistakes with line and column; `play` starts
//! the devices, does the steps and looks at what is expected, telling each event as one JSON value.
//! What a device is, is the registry's affair. Absent: loops; a test that needs them uses the control
//! API or drives the handles itself.

mod expect;
mod parse;
mod play;
mod spans;

use std::net::SocketAddr;

use crate::registry::{Arguments, Kind};

pub use crate::registry::Tell;
pub use expect::{Expect, Holds};
pub use parse::Mistake;
pub use play::{LOG_MAX, Log, PlayError, Stage, play};

/// The most devices of a scenario.
pub const DEVICES_MAX: usize = 64;
/// The most steps of a scenario.
pub const STEPS_MAX: usize = 10_000;
/// The most expectations of a scenario, and the most that make it ready.
pub const EXPECTS_MAX: usize = 1_000;

/// Devices and what happens to them.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The devices, each name once.
    pub devices: Vec<Device>,
    /// The steps in the order of their time; each device is there and can do what it is told.
    pub steps: Vec<Step>,
    /// What must be seen of the other side before the clock of steps and expectations begins.
    pub ready: Vec<Expect>,
    /// What must be seen, in the order of its time.
    pub expects: Vec<Expect>,
    /// How long it goes on after the last step; `None` is until it is told to stop, or until the
    /// last expectation is looked at where there are any.
    pub after_ms: Option<u64>,
    /// Where it may be steered over HTTP; on this machine only.
    pub control: Option<SocketAddr>,
}

/// One simulated device.
#[derive(Debug, Clone)]
pub struct Device {
    /// What steps call it.
    pub name: String,
    /// What it is.
    pub kind: &'static Kind,
    /// How it is set up.
    pub options: Arguments,
}

/// What happens when.
#[derive(Debug, Clone)]
pub struct Step {
    /// Milliseconds since the start.
    pub at_ms: u64,
    /// The device's name.
    pub device: String,
    /// What it does: an action of its kind.
    pub verb: String,
    /// With what.
    pub with: Arguments,
}
