//! The task against real connections: tokio-modbus's server, the simulated modules of several makers, and pymodbus where it is installed.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

mod bench;
mod pymodbus;
mod rtu;
mod server;
mod sim;
