//! Impinj readers over their IoT device interface (`/api/v1`, REST and newline-delimited JSON).
//!
//! `codec` turns lines into events, `session` leads one stream; both are pure. `api` speaks REST, `task` moves the
//! bytes, reconnects, and speaks the device contract of the model.
//! Absent: the reader's own MQTT and webhook outputs (they can't tell a loss), tag writes, and its settings
//! beyond the inventory profile.

pub mod api;
pub mod codec;
pub mod identity;
pub mod probe;
pub mod session;
pub mod settings;
pub mod task;

pub use gatewarden_tls::{Secret, Trust};
pub use identity::Identity;
pub use probe::{ProbeError, ProbeReport, probe};
pub use session::{Session, SessionEvent};
pub use settings::Settings;
pub use task::run;
