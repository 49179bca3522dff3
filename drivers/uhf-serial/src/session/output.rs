//! What a session wants done or told.

use gatewarden_model::{Hash, Stamp, TagRead};

use crate::codec::{ModuleInfo, Protocol};

/// What was found at the port; tried first on the next connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// Bits a second.
    pub baud: u32,
}

/// What the session wants done or told, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Set the port to so many bits a second.
    Baud(u32),
    /// Send these bytes.
    Write(Vec<u8>),
    /// The module reads.
    Up {
        /// What it tells of itself.
        module: ModuleInfo,
        /// How it is spoken to.
        found: Found,
    },
    /// Tags of one frame.
    Tags {
        /// When the frame was whole.
        at: Stamp,
        /// What was read.
        tags: Vec<TagRead>,
        /// The digest of the frame.
        raw: Hash,
    },
    /// Evidence is missing.
    Gap {
        /// When its first sign came.
        from: Stamp,
        /// When it was over.
        to: Stamp,
        /// What happened.
        reason: String,
    },
    /// The module is of no use like this; the session is over.
    Down {
        /// Why, with the way out.
        reason: String,
    },
    /// The module was told to stop; the session is over.
    Closed,
}
