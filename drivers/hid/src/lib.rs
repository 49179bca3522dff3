//! USB scanners in HID POS mode (usage page 0x8C), through hidraw.
//!
//! `codec` reads one input report, `session` joins reports into scans, `device` finds and opens
//! scanners, `task` runs one OS thread a device and hands its reports to the intake.
//!
//! Invariants: a scan is told only when its last report has come; every report that makes no sense
//! becomes a gap that quotes it; two scanners that both fit the settings are an error, never a
//! guess, since a scan must be attributed to its device. Absent: keyboard wedges (evdev), HID
//! report descriptors (the common layout of 64 bytes is assumed), commands to the scanner except
//! Honeywell's switch into this mode. Not tested on hardware: only `device` touches it.

pub mod codec;
mod device;
pub mod session;
mod task;

pub use device::{Found, HidError, list};
pub use task::run;

/// Which scanner the task serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// USB vendor id.
    pub vendor: u16,
    /// USB product id.
    pub product: u16,
    /// USB serial number; needed where two of the same model are plugged in.
    pub serial: Option<String>,
}
