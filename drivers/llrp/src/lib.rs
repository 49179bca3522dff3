//! LLRP readers over TCP or TLS (EPCglobal LLRP 1.0.1, on wish 1.1), by our connection or by theirs.
//!
//! `codec` turns bytes into messages and back, `session` leads one connection's conversation; both
//! are pure; `plan` holds the settings against what the reader can. `task` moves the bytes, reconnects, and
//! speaks the device contract of the model. `access` writes, locks and kills tags, and verifies it.

pub mod access;
pub mod bench;
pub mod codec;
pub mod identity;
mod lamps;
mod link;
mod listen;
mod plan;
pub mod probe;
pub mod session;
pub mod settings;
pub mod skew;
pub mod task;
mod trust;

pub use identity::Identity;
pub use plan::PlanError;
pub use probe::{ProbeError, ProbeReport, probe, probe_with};
pub use session::{Session, SessionEvent};
pub use settings::{
    Bank, Edge, Foreign, Lamps, Protocol, Region, SearchMode, Settings, Start, Stop, TagFilter,
    Trust,
};
pub use task::{Doors, run, run_with_doors, run_with_lamps};
