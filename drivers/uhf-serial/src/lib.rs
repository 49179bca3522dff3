//! UHF RFID modules on a serial port: R200/YRM100, UHFReader18, Chafon CF600/M-200, ThingMagic M6e/M7e.
//!
//! `codec` cuts bytes into frames and understands them, `session` finds out which module stands at the port, sets it
//! up and keeps it reading; both are pure. `port` opens a port and moves its bytes, `task` speaks the device contract of
//! the model, `probe` looks at a port for the one who installs it, `identity` finds out what is plugged in there.
//!
//! Invariants: every byte that came in ends in a read, a sign of life, or a gap; every read carries the digest of its
//! frame; wire bytes never panic; everything kept is bounded. Absent: access to tags' memories (TID, user memory,
//! write, lock, kill), the boot loader of Mercury modules, readers that push of themselves.

pub mod codec;
pub mod identity;
mod port;
pub mod probe;
pub mod session;
pub mod settings;
mod task;

pub use codec::{ModuleInfo, Protocol};
pub use probe::{ProbeError, ProbeReport, probe};
pub use session::{Found, Output, Session};
pub use settings::{Region, Settings};
pub use task::run;
