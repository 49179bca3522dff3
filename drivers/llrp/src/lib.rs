//! LLRP readers over TCP (EPCglobal LLRP 1.0.1, on wish 1.1).
//!
//! `codec` turns bytes into messages and back, `session` leads one connection's conversation; both
//! are pure. `task` moves the bytes, reconnects, and speaks the device contract of the model.
//! `access` writes, locks and kills tags, and verifies it. Absent so far: TLS, reader-initiated connections, vendors' settings.

pub mod access;
pub mod bench;
pub mod codec;
pub mod identity;
mod link;
mod plan;
pub mod probe;
pub mod session;
pub mod settings;
pub mod task;

pub use identity::Identity;
pub use plan::PlanError;
pub use probe::{ProbeError, ProbeReport, probe};
pub use session::{Session, SessionEvent};
pub use settings::{Protocol, Settings, Start};
pub use task::run;
