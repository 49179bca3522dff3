//! The devices, keys and ERPs from the other side of the wire, for the demo and the tests.
//!
//! Each simulator speaks the real protocol on loopback, is seeded where chance plays a part, and
//! can be made to fail in the ways its real counterpart does. A handle owns its tasks: dropping it
//! closes the port and ends them. Everything kept is bounded by a named constant.
//! Absent: any knowledge of the drivers' sessions. Only their codecs are shared.

pub mod authenticator;
pub mod control;
mod door;
mod epc;
pub mod erp;
pub mod impinj_iot;
pub mod llrp;
pub mod messenger;
pub mod modbus;
pub mod portal;
pub mod printer;
pub mod proxy;
pub mod registry;
pub mod scanner;
pub mod scenario;
mod seed;
pub mod ssi;
mod tags;
pub mod totp;
pub mod uhf;
pub mod webhook;
pub mod zebra_iot;

pub use epc::{SgtinError, sgtin96, try_sgtin96};
pub use seed::Seed;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A free port on loopback.
pub const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
