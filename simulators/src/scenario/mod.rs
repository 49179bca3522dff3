//! Scenarios: several simulated devices and timed steps, from a TOML file.
//!
//! `parse` turns text into a [`Scenario`] or all its mistakes with line and column; `play` starts
//! the devices and does the steps, telling each event as one JSON value. Absent: conditions and
//! loops; a test that needs them drives the handles itself.

mod parse;
mod play;

use std::path::PathBuf;

use std::net::SocketAddr;

use crate::llrp::{LlrpOptions, SimTag};
use crate::modbus::LightsOptions;
use crate::webhook::WebhookOptions;

pub use parse::Mistake;
pub use play::{PlayError, Tell, play};

/// The most devices of a scenario.
pub const DEVICES_MAX: usize = 64;
/// The most steps of a scenario.
pub const STEPS_MAX: usize = 10_000;

/// Devices and what happens to them.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The devices, each name once.
    pub devices: Vec<Device>,
    /// The steps in the order of their time; each device is there and can do what it is told.
    pub steps: Vec<Step>,
    /// How long it goes on after the last step; `None` is until it is told to stop.
    pub after_ms: Option<u64>,
}

/// One simulated device.
#[derive(Debug, Clone)]
pub struct Device {
    /// What steps call it.
    pub name: String,
    /// What it is.
    pub setup: Setup,
}

/// What a device is and how it is set up.
#[derive(Debug, Clone)]
pub enum Setup {
    /// An RFID reader.
    Llrp(LlrpOptions),
    /// A line scanner, at a path of its own or at this one.
    Scanner(Option<PathBuf>),
    /// A light stack.
    Lights(LightsOptions),
    /// A webhook receiver.
    Webhook(WebhookOptions),
    /// A label printer.
    Printer(SocketAddr),
}

/// What happens when.
#[derive(Debug, Clone)]
pub struct Step {
    /// Milliseconds since the start.
    pub at_ms: u64,
    /// The device's name.
    pub device: String,
    /// What it does.
    pub action: Action,
}

/// What a device can be made to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the method of the same name of the device's handle")]
pub enum Action {
    Field(Vec<SimTag>),
    Drop,
    Garbage,
    Truncate,
    Huge,
    Silence(bool),
    Refuse(bool),
    Rate(u32),
    Input { port: u16, on: bool },
    Antenna { port: u16, on: bool },
    PowerCycle,
    Scan(String),
    HalfScan(String),
    Unplug,
    Replug,
    Mute(bool),
    Cut,
    Hang(bool),
    Reject(Option<String>),
    Paper(bool),
    Pause(bool),
    Head(bool),
    GoAway,
    ComeBack,
}

impl Setup {
    /// The kind as a scenario spells it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Llrp(_) => "llrp",
            Self::Scanner(_) => "scanner",
            Self::Lights(_) => "lights",
            Self::Webhook(_) => "webhook",
            Self::Printer(_) => "printer",
        }
    }
}
