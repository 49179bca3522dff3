//! Keyboard-wedge scanners: scanners that pretend to be a keyboard, read through evdev.
//!
//! `codec` reads the kernel's events, `keymap` knows the layouts that scanners type in, `session` makes scans of keys
//! pressed and released, `device` finds, opens and grabs the keyboard, `task` moves the events.
//!
//! Invariants: the keyboard is grabbed, so that no scan is typed into whatever has the focus; the layout is our own
//! and never the system's; a scan is told only with its terminator, and never where a key of it is not known or an
//! event may be missing: that is a gap. A wedge is a source of low trust: anything may type. Absent: lights,
//! composed characters (a dead key stands for itself before a space), Alt codes beyond ASCII and Latin 1.
//! Only `device` touches hardware; it was not tested on any.

pub mod codec;
mod device;
pub mod keymap;
pub mod session;
mod task;

use std::path::PathBuf;

pub use device::{Bus, Found, Opened, WedgeError, list};
pub use keymap::Layout;
pub use task::{run, run_on};

/// How long a scan may pause before it counts as half a scan unless set otherwise, in milliseconds.
pub const PAUSE_MS_DEFAULT: u64 = 500;

/// Which key ends a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Terminator {
    /// Enter, on either side; a tab is a character.
    #[default]
    Enter,
    /// Tab; a line feed is a character.
    Tab,
    /// Either.
    Both,
}

/// Which keyboard it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The node, best a stable name such as `/dev/input/by-id/…-event-kbd`.
    Path(PathBuf),
    /// The USB device.
    Usb {
        /// USB vendor id.
        vendor: u16,
        /// USB product id.
        product: u16,
        /// USB serial number; it or `port` is needed where two of one model are plugged in.
        serial: Option<String>,
        /// The plug's physical path such as `1-2.3`.
        port: Option<String>,
    },
}

/// What the task has to know about a scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Which keyboard it is.
    pub which: Which,
    /// The layout that it types in.
    pub layout: Layout,
    /// What ends a scan.
    pub terminator: Terminator,
    /// After this pause inside a scan, in milliseconds, what came is half a scan: a gap.
    pub pause_ms: u64,
}

impl Settings {
    /// A scanner that types in the American layout and ends each scan with Enter.
    #[must_use]
    pub fn new(which: Which) -> Self {
        Self {
            which,
            layout: Layout::Us,
            terminator: Terminator::Enter,
            pause_ms: PAUSE_MS_DEFAULT,
        }
    }
}
