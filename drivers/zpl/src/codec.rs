//! What a ZPL printer answers: `~HS`, `~HQES`, `~HI`, `^HV` and SGD `getvar`. Pure.
//!
//! Invariants: every answer is bounded before it is kept; a byte that fits no answer is an error, and nothing is
//! guessed. Answers of one connection come in the order of the questions, only the lines of `^HV` come when the
//! printer feels like it; [`Inbox`] tells them apart. Absent: composing formats (`compose`, `template`).

mod extended;
mod identity;
mod inbox;
mod sgd;
mod status;

pub use extended::{ExtendedError, ExtendedStatus, HOST_EXTENDED, parse_extended};
pub use identity::{HOST_IDENTITY, HostIdentity, IdentityError, parse_identity};
pub use inbox::{Answer, Ask, INBOX_BYTES_MAX, Inbox, InboxError};
pub use sgd::{SGD_BYTES_MAX, UNKNOWN, Variable, getvar};
pub use status::{
    HOST_STATUS, HostStatus, STATUS_BYTES_MAX, StatusError, parse_host_status, status_len,
};

/// What begins a framed answer.
pub(crate) const STX: u8 = 0x02;
/// What ends a framed answer; CR LF follow.
pub(crate) const ETX: u8 = 0x03;
