//! Zebra readers over their IoT Connector (MQTT): fixed readers, and RFD40/90 sleds in their data events.
//!
//! `codec` cuts payloads into JSON objects and reads them, `session` leads the conversation; both are pure. `link`
//! holds the broker's connection, `task` moves the payloads, reconnects, and speaks the device contract.
//! Absent: configuring the reader's end points, tag writes (a write without a filter hits every tag in the field),
//! the sleds' own command set.

pub mod codec;
pub mod identity;
mod link;
pub mod probe;
pub mod session;
pub mod settings;
pub mod task;

pub use gatewarden_tls::{Secret, Trust};
pub use identity::Identity;
pub use probe::{ProbeError, ProbeReport, probe};
pub use session::{Session, SessionEvent};
pub use settings::{Channel, Settings, Topics};
pub use task::run;
