//! `kind = "light-stack"`: lamps and a buzzer on Modbus TCP coils.

use std::collections::BTreeMap;

use crate::{
    cross::Seen,
    fields::Fields,
    report::Walk,
    shape::{Key, Kind, integer_or, optional, required},
};

use super::{WORD, address};

/// Lamps and a buzzer on Modbus TCP coils, counted from 0.
#[derive(Debug, Clone, PartialEq)]
pub struct LightStack {
    /// `host:port`.
    pub address: String,
    /// The Modbus unit.
    pub unit: u8,
    /// The green lamp's coil.
    pub green: u16,
    /// The amber lamp's coil.
    pub amber: u16,
    /// The red lamp's coil.
    pub red: u16,
    /// The buzzer's coil, if there is one.
    pub buzzer: Option<u16>,
}

pub(super) const KIND: Kind =
    Kind { name: "light-stack", doc: "Lamps and a buzzer on Modbus TCP coils.", keys: KEYS };

const KEYS: &[Key] = &[
    required("address", address(502), "The I/O module's host:port; Modbus TCP's port is 502."),
    integer_or("unit", 0, 255, 1, "The Modbus unit identifier."),
    required("green", WORD, "The green lamp's coil, counted from 0."),
    required("amber", WORD, "The amber lamp's coil, counted from 0."),
    required("red", WORD, "The red lamp's coil, counted from 0."),
    optional("buzzer", WORD, "The buzzer's coil, counted from 0, if there is one."),
];

pub(super) fn build(fields: &Fields) -> Option<LightStack> {
    Some(LightStack {
        address: fields.owned("address")?,
        unit: fields.integer("unit")?,
        green: fields.integer("green")?,
        amber: fields.integer("amber")?,
        red: fields.integer("red")?,
        buzzer: fields.integer("buzzer"),
    })
}

/// Each lamp has a coil of its own.
pub(super) fn check(walk: &mut Walk<'_>, device: &Fields) {
    let mut seen = Seen(BTreeMap::new());
    for lamp in ["green", "amber", "red", "buzzer"] {
        let Some(coil) = device.integer::<u16>(lamp) else { continue };
        let at = device.place(lamp);
        if let Some(line) = seen.earlier(walk, coil.to_string(), at) {
            let message = format!("coil {coil} is in use twice");
            let hint = Some(format!("line {line} has it too"));
            walk.error(at, "coil-in-use", message, "a coil of its own for each lamp", hint);
        }
    }
}
