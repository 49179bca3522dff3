//! The ledger on PostgreSQL, shared by several gateways: a lane each with its own tree and key, and
//! one stock.
//!
//! Promises: a gateway's role can insert into its own lane's journal and never change or delete it; a
//! group is in one transaction; entries of all lanes have one order (`position`) in which they can be
//! replayed. Absent: making databases and clusters (the administrator's), anything asynchronous.

pub(crate) mod address;
mod cosignature;
pub(crate) mod error;
pub(crate) mod ledger;
pub(crate) mod link;
mod locks;
mod lookup;
pub(crate) mod reader;
mod rivals;
mod session;
pub(crate) mod setup;
mod stock_view;
mod verify;
mod write;

pub use address::PgAddress;
pub use rivals::Taken;
pub use setup::{Gateway, prepare, set_password};
