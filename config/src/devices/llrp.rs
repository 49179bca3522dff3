//! `kind = "llrp"`: an RFID reader that speaks LLRP over TCP.

use std::collections::BTreeSet;

use crate::{
    fields::Fields,
    report::Walk,
    shape::{Key, Kind, Shape, integer_or, optional, required},
};

use super::address;

/// Most antennas of one reader.
pub const ANTENNAS_MAX: usize = 64;

/// An RFID reader that speaks LLRP over TCP.
#[derive(Debug, Clone, PartialEq)]
pub struct Llrp {
    /// `host:port`.
    pub address: String,
    /// The antennas to use, from 1; empty means all.
    pub antennas: Vec<u16>,
    /// Transmit power in dBm; the reader's own setting where absent.
    pub tx_power_dbm: Option<f32>,
    /// The Gen2 session, 0 to 3.
    pub session: u8,
    /// How many tags are expected in the field at once.
    pub tag_population: u16,
    /// How often the reader shows that it is alive, in milliseconds.
    pub keepalive_ms: u32,
}

pub(super) const KIND: Kind =
    Kind { name: "llrp", doc: "An RFID reader that speaks LLRP over TCP.", keys: KEYS };

const KEYS: &[Key] = &[
    required("address", address(5084), "The reader's host:port; LLRP's port is 5084."),
    optional(
        "antennas",
        Shape::List { of: &Shape::Integer { min: 1, max: 65_535 }, max: ANTENNAS_MAX },
        "The antennas to use, from 1. By default all.",
    ),
    optional(
        "tx_power_dbm",
        Shape::Number { min: -10.0, max: 36.0 },
        "Transmit power in dBm. By default as the reader is set.",
    ),
    integer_or("session", 0, 3, 1, "The Gen2 session. 1 suits a portal."),
    integer_or("tag_population", 1, 65_535, 32, "Tags expected in the field at once."),
    integer_or(
        "keepalive_ms",
        1000,
        600_000,
        10_000,
        "How often the reader shows that it is alive, in milliseconds.",
    ),
];

pub(super) fn build(fields: &Fields) -> Option<Llrp> {
    Some(Llrp {
        address: fields.owned("address")?,
        antennas: fields.integers("antennas").filter_map(|(a, _)| a.try_into().ok()).collect(),
        tx_power_dbm: fields.number("tx_power_dbm"),
        session: fields.integer("session")?,
        tag_population: fields.integer("tag_population")?,
        keepalive_ms: fields.integer("keepalive_ms")?,
    })
}

pub(super) fn check(walk: &mut Walk<'_>, device: &Fields) {
    let mut seen = BTreeSet::new();
    for (antenna, at) in device.integers("antennas") {
        if !seen.insert(antenna) {
            let message = format!("antenna {antenna} is named twice");
            walk.error(at, "duplicate-antenna", message, "each antenna once", None);
        }
    }
}
