//! What the end-to-end tests share: the real `gatewarden` binary as a child, simulated hardware and
//! ERP around it, and the people and machines that talk to it through its doors.
//!
//! Nothing here knows the daemon from inside: it is asked over HTTP, its control socket, its
//! command line and the SQL of its ledger, as anybody could. Steps that fail panic with what was
//! expected; a gateway that is dropped by a panic prints the end of its log.

mod binary;
mod caller;
mod fake_clock;
mod gateway;
mod hardware;
mod journal;
mod wait;
mod work;

pub use binary::{gatewarden, root, verifier, verify_proof};
pub use caller::{Answer, Caller};
pub use fake_clock::FakeClock;
pub use gateway::{Gateway, Settings};
pub use hardware::{Hardware, free_port};
pub use journal::{Journal, read_rows};
pub use wait::{PATIENCE, until};
pub use work::{BOLT, GLOVE, Order, People, STRANGER, day, epc, key, receipt};
