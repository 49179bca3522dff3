//! The ledger's stock end to end: the real daemon, real doors, with values, vouchers and days checked
//! by numbers. One story from a receipt at the portal to the close of the period, in a file and on a
//! shared ledger, and every kind of bad input over HTTP with its exact code and field.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod bad;
mod books;
#[path = "../../ledger/store/tests/common/cluster.rs"]
mod cluster;
mod house;
mod story;
mod units;
