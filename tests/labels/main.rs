//! Labels, from whoever asks for one to the printer's word that it is there: what is printed, what waits and why, what
//! nobody knows, who decides, and what the journal says after the power went.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod hall;
mod mishaps;
mod prints;
