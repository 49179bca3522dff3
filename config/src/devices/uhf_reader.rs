//! `kind = "uhf-reader"`: a UHF module on a serial port.
//!
//! A module is told only what its protocol has a command for; with `protocol = "auto"` that is known once it is
//! found, and the driver then refuses the rest. Absent: antennas' own powers, tags' memories.

use std::path::PathBuf;

use crate::{
    fields::{Fields, Span},
    report::Walk,
    shape::{Choice, Key, Kind, Need, Plain, Shape, Text, optional, required},
    words::quote,
};

/// The protocols; `auto` finds out which one it is.
pub const UHF_PROTOCOLS: &[&str] = &["auto", "r200", "uhfreader18", "chafon", "mercury"];
/// The regions that some module can be set to.
pub const UHF_REGIONS: &[&str] = &["eu", "us", "cn", "kr", "jp", "in", "au", "nz"];

/// Most antennas of one module.
const MODULE_ANTENNAS_MAX: usize = 15;
const ANTENNA: Shape = Shape::Integer { min: 1, max: MODULE_ANTENNAS_MAX as i64 };

/// A UHF module on a serial port.
#[derive(Debug, Clone, PartialEq)]
pub struct UhfReader {
    /// The port, best by id: `/dev/serial/by-id/…`.
    pub path: PathBuf,
    /// Bits a second; the usual ones are tried where absent.
    pub baud: Option<u32>,
    /// One of [`UHF_PROTOCOLS`].
    pub protocol: String,
    /// Transmit power in whole dBm; the module's own setting where absent.
    pub power_dbm: Option<u8>,
    /// One of [`UHF_REGIONS`]; the module's own setting where absent.
    pub region: Option<String>,
    /// The Gen2 session; the module's own setting where absent.
    pub session: Option<u8>,
    /// The Gen2 Q that a round begins with; the module's own setting where absent.
    pub q: Option<u8>,
    /// The antennas to use, from 1; the first where none is named.
    pub antennas: Vec<u8>,
}

pub(super) const KIND: Kind = Kind {
    name: "uhf-reader",
    doc: "A UHF module on a serial port: R200/YRM100, UHFReader18, Chafon CF, ThingMagic M6e.",
    keys: KEYS,
};

const fn choice(noun: &'static str, of: &'static [&'static str]) -> Shape {
    Shape::Choice(Choice { code: "unknown-choice", noun, of })
}

const KEYS: &[Key] = &[
    required(
        "path",
        Shape::Text(Text::DevicePath),
        "The serial port, best by id: /dev/serial/by-id/… stays the same after unplugging.",
    ),
    optional(
        "baud",
        Shape::Integer { min: 300, max: 4_000_000 },
        "Bits a second. By default 115200, 57600, 9600 and 38400 are tried.",
    ),
    Key {
        name: "protocol",
        doc: "What the module speaks. auto asks for each in turn; naming it is quicker.",
        shape: choice("protocol", UHF_PROTOCOLS),
        need: Need::Default(Plain::Text("auto")),
    },
    optional(
        "power_dbm",
        Shape::Integer { min: 0, max: 33 },
        "Transmit power in whole dBm. By default as the module is set.",
    ),
    optional(
        "region",
        choice("region", UHF_REGIONS),
        "Where the gateway stands. Mercury modules read only where it is set.",
    ),
    optional(
        "session",
        Shape::Integer { min: 0, max: 3 },
        "The Gen2 session, of r200 and mercury. By default as the module is set.",
    ),
    optional(
        "q",
        Shape::Integer { min: 0, max: 15 },
        "The Gen2 Q of a round's start, of r200 and mercury. By default as the module is set.",
    ),
    optional(
        "antennas",
        Shape::List { of: &ANTENNA, max: MODULE_ANTENNAS_MAX },
        "The antennas to use, from 1; only mercury has several. By default the first.",
    ),
];

pub(super) fn build(fields: &Fields) -> Option<UhfReader> {
    Some(UhfReader {
        path: fields.text("path")?.into(),
        baud: fields.integer("baud"),
        protocol: fields.owned("protocol")?,
        power_dbm: fields.integer("power_dbm"),
        region: fields.owned("region"),
        session: fields.integer("session"),
        q: fields.integer("q"),
        antennas: fields.integers("antennas").filter_map(|(a, _)| a.try_into().ok()).collect(),
    })
}

/// What the modules of a protocol can be told.
struct Can {
    regions: &'static [&'static str],
    gen2: bool,
    antennas: bool,
    power_dbm_max: i64,
}

fn can(protocol: &str) -> Option<Can> {
    let (regions, gen2, antennas, power_dbm_max): (&[_], _, _, _) = match protocol {
        "r200" => (&["eu", "us", "cn", "kr"], true, false, 33),
        "uhfreader18" => (&["us", "cn", "kr"], false, false, 30),
        "chafon" => (&[], false, false, 30),
        "mercury" => (UHF_REGIONS, true, true, 33),
        _ => return None,
    };
    Some(Can { regions, gen2, antennas, power_dbm_max })
}

/// Nothing is set that the protocol has no command for, and a mercury module has its region.
pub(super) fn check(walk: &mut Walk<'_>, device: &Fields) {
    let Some(protocol) = device.text("protocol") else { return };
    let mut antennas: Vec<_> = device.integers("antennas").collect();
    antennas.sort_unstable_by_key(|(antenna, at)| (*antenna, *at));
    for twice in antennas.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let message = format!("antenna {} is named twice", twice[1].0);
        walk.error(twice[1].1, "duplicate-antenna", message, "each antenna once", None);
    }
    let Some(can) = can(protocol) else { return };
    let mut cannot = |at: Span, what: &str, expected: &str| {
        let message = format!("a {protocol} module can't be told {what}");
        let hint = Some("leave it out, and set it with the maker's tool".to_owned());
        walk.error(at, "not-of-protocol", message, expected, hint);
    };
    for key in ["session", "q"].into_iter().filter(|key| !can.gen2 && device.has(key)) {
        cannot(device.place(key), &format!("`{key}`"), "r200 or mercury");
    }
    for (antenna, at) in antennas.iter().filter(|(antenna, _)| !can.antennas && *antenna != 1) {
        cannot(*at, &format!("to use antenna {antenna}"), "mercury");
    }
    if let Some(region) = device.text("region").filter(|region| !can.regions.contains(region)) {
        let known = can.regions.join(", ");
        let expected = if known.is_empty() { "no `region`" } else { &known };
        cannot(device.place("region"), &format!("region {}", quote(region)), expected);
    }
    if device.integer::<i64>("power_dbm").is_some_and(|dbm| dbm > can.power_dbm_max) {
        let expected = format!("at most {} dBm", can.power_dbm_max);
        cannot(device.place("power_dbm"), "so much power", &expected);
    }
    if protocol == "mercury" && !device.stands("region") {
        let message = "a mercury module reads only where its region is set";
        let hint = Some("region = \"eu\", or where the gateway stands".to_owned());
        walk.error(device.place("protocol"), "no-region", message, "`region` too", hint);
    }
}
