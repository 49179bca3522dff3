//! USB scanners in HID POS mode (usage page 0x8C), through hidraw.
//!
//! `descriptor` finds the fields by usage in the report descriptor, `codec` reads reports of devices whose
//! descriptor is of no use by the makers' common layouts, `session` joins reports into scans, `device` finds and opens
//! scanners, `task` runs one OS thread a device and hands its reports to the intake.
//!
//! Invariants: a scan is told only when its last report has come; every report that makes no sense
//! becomes a gap that quotes it; two scanners that both fit the settings are an error, never a
//! guess, since a scan must be attributed to its device. Absent: keyboard wedges (`drivers/wedge`),
//! commands to the scanner except Honeywell's switch into this mode, which is sent only when asked for. Not tested on hardware: only `device` touches it.

pub mod codec;
pub mod descriptor;
mod device;
pub mod session;
mod task;

pub use device::{Bus, Found, HidError, Opened, Port, list};
pub use task::{run, run_on};

/// Which scanner the task serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// USB vendor id.
    pub vendor: u16,
    /// USB product id.
    pub product: u16,
    /// USB serial number; it or `port` is needed where two of the same model are plugged in.
    pub serial: Option<String>,
    /// The plug's physical path such as `1-2.3`.
    pub port: Option<String>,
    /// Whether a Honeywell scanner is switched to HID POS mode on opening; this changes the scanner.
    pub enter_pos_mode: bool,
}

impl Settings {
    /// Any scanner of this kind, left as it is.
    #[must_use]
    pub fn new(vendor: u16, product: u16) -> Self {
        Self { vendor, product, serial: None, port: None, enter_pos_mode: false }
    }
}
