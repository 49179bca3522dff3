//! The shipped procedures end to end: the real daemon, simulated hardware, people who write, sign and execute
//! documents, and each wrong turn. Every story ends with a whole journal and the trace of its document.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod adjust;
mod change;
mod count;
mod doors;
mod house;
mod issue;
mod line;
mod moves;
mod plant;
mod production;
mod purchase;
mod receipt;
mod returns;
mod shell;
mod subcontract;
mod traced;
mod watched;
