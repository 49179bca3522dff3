//! Mail over SMTP: STARTTLS or TLS; in the clear to this machine only.
//!
//! One connection a message, step by step, so that it is known how far it came: what is refused before
//! the text was sent has reached nobody, a lost answer after it is uncertain. A receiver that is refused
//! for good (5yz) does not keep the others from it; one that is refused for now (4yz) holds the message
//! back from all, so that nobody gets it twice. `Message-ID` is `<{notice id}@{sender's domain}>`: servers
//! and readers tell a repeat by it.
//!
//! Absent: attachments, HTML, reading answers, delivery reports, a pool of connections.

mod client;
pub mod map;
mod wire;

use std::sync::Arc;

use gatewarden_model::Clock;

pub use wire::HEARD_BYTES_MAX;

use super::Channel;
use crate::{Secret, SetupError, TimeOuts};

/// How the connection is kept from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// In the clear until STARTTLS (port 587); without it nothing is sent.
    StartTls,
    /// From the first byte (port 465).
    Wrapped,
    /// Never: to this machine only.
    None,
}

/// What the server's client needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server, `HOST:PORT`.
    pub address: String,
    /// How the connection is kept from being read.
    pub tls: Tls,
    /// The authorities that the server's certificate must come from, in PEM; the system's where absent.
    pub authorities: Option<Vec<u8>>,
    /// Who to log in as, and with which password.
    pub login: Option<(String, Secret)>,
    /// The sender, `warden@example.com`.
    pub from: String,
    /// The sender's name as readers see it.
    pub from_name: Option<String>,
    /// How long to wait.
    pub time_outs: TimeOuts,
}

/// Makes the channel; it connects with each message. Fails on addresses or certificates that can't be
/// used, and where a connection in the clear would leave this machine.
pub fn channel(settings: Settings, clock: Arc<dyn Clock>) -> Result<Box<dyn Channel>, SetupError> {
    Ok(Box::new(client::Mail::new(settings, clock)?))
}
