//! What people prove who they are with, checked: badge numbers, one-time codes, passkeys, names and
//! the form of PINs.
//!
//! Everything is a function of its arguments: the time, random bytes and what was stored come in, a
//! verdict goes out. What is absent on purpose: keeping (the ledger and the daemon's secrets do),
//! hashing PINs (it is slow by design and so has its own thread in the daemon), deciding who may do
//! what (the engine), counting failed attempts (the engine), any I/O.

pub mod activation;
pub mod badge;
pub mod base32;
pub mod name;
pub mod pin;
pub mod totp;
pub mod webauthn;

pub use badge::{Badge, BadgeError, BadgeKind, Format};
pub use name::NameError;
pub use pin::PinError;
pub use totp::{Totp, TotpError};
pub use webauthn::{Challenge, Passkey, Purpose, RelyingParty, WebauthnError};
