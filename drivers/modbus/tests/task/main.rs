//! The task against real connections: tokio-modbus's server, and pymodbus where it is installed.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

mod bench;
mod pymodbus;
mod rtu;
mod server;
