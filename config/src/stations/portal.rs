//! `[stations.portal]`: antennas either side of a door, photo-eyes, and when a pass begins and ends.

use std::collections::BTreeSet;

use gatewarden_model::{DeviceId, StationId};

use crate::{
    devices::ANTENNAS_MAX,
    fields::Fields,
    report::Walk,
    shape::{Choice, Section, Shape, Text, UNKNOWN_KEY, integer_or, optional, required},
    words::quote,
};

use super::{STATION_DEVICES_MAX, STATIONS_MAX};

/// A door whose two sides are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalSection {
    /// Antennas towards the yard.
    pub outer: Vec<(DeviceId, u16)>,
    /// Antennas towards the hall.
    pub inner: Vec<(DeviceId, u16)>,
    /// What inputs of devices mean.
    pub inputs: Vec<(DeviceId, u16, PortalInput)>,
    /// A first tag at least so strong opens a pass, in hundredths of a dBm; `None`: no tag does.
    pub near_cdbm: Option<i16>,
    /// See the configuration's description of each.
    pub stable_ms: u32,
    /// See the configuration's description of each.
    pub settle_ms: u32,
    /// See the configuration's description of each.
    pub preroll_ms: u32,
    /// See the configuration's description of each.
    pub sure_pct: u8,
    /// Milliseconds that goods take to other stations at least, the same back.
    pub ways: Vec<(StationId, u32)>,
}

/// What an input means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is told where the words stand")]
pub enum PortalInput {
    OuterBeam,
    InnerBeam,
    Gate,
    Button,
}

impl PortalSection {
    /// Whether it has both photo-eyes.
    #[must_use]
    pub fn has_beams(&self) -> bool {
        let has = |of| self.inputs.iter().any(|(.., input)| *input == of);
        has(PortalInput::OuterBeam) && has(PortalInput::InnerBeam)
    }
}

/// Inputs of one portal at most.
const INPUTS_MAX: usize = 16;
/// What is near where nothing is told, in dBm.
const NEAR_DBM: f32 = -58.0;

pub(super) static PORTAL: Section = Section {
    doc: "A door whose two sides are told apart: which way goods go, and what only lies near.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional("outer", SIDE, "The antennas towards the yard; needed."),
        optional("inner", SIDE, "The antennas towards the hall; needed."),
        optional(
            "inputs",
            Shape::Sections { of: &INPUT, max: INPUTS_MAX },
            "What inputs mean: photo-eyes, a gate, a button.",
        ),
        optional(
            "near_dbm",
            Shape::Number { min: -100.0, max: 0.0 },
            "A first tag at least so strong opens a pass. By default -58, and with photo-eyes none does.",
        ),
        integer_or(
            "stable_ms",
            50,
            60_000,
            1000,
            "A pass closes when no new tag came for so long.",
        ),
        integer_or(
            "settle_ms",
            0,
            60_000,
            1500,
            "And no beam was broken for so long, which is also how long late reports are waited for.",
        ),
        integer_or(
            "preroll_ms",
            0,
            60_000,
            5000,
            "Reads so long before a pass opens belong to it: they tell where it came from.",
        ),
        integer_or(
            "sure_pct",
            50,
            99,
            80,
            "What is less sure than this goes to a person instead of being posted.",
        ),
        optional(
            "ways",
            Shape::Sections { of: &WAY, max: STATIONS_MAX },
            "How long goods take to other stations at least: a tag that is faster may be a copy.",
        ),
    ],
};

const SIDE: Shape = Shape::Sections { of: &ANTENNAS, max: STATION_DEVICES_MAX };

static ANTENNAS: Section = Section {
    doc: "Antennas of one reader.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("reader", Shape::Text(Text::Slug), "The reader, one of the station's devices."),
        required(
            "antennas",
            Shape::List { of: &Shape::Integer { min: 1, max: 65_535 }, max: ANTENNAS_MAX },
            "Its antennas on this side, from 1.",
        ),
    ],
};

static INPUT: Section = Section {
    doc: "What one input of a device means.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("device", Shape::Text(Text::Slug), "One of the station's devices."),
        required(
            "port",
            Shape::Integer { min: 0, max: 65_535 },
            "The input as the device counts it.",
        ),
        required(
            "is",
            Shape::Choice(Choice {
                code: "unknown-choice",
                noun: "meaning of an input",
                of: &["outer-beam", "inner-beam", "gate", "button"],
            }),
            "A photo-eye (on is broken), a gate that keeps a pass open while on, or a button.",
        ),
    ],
};

static WAY: Section = Section {
    doc: "How long goods take to another station, the same in both directions.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("to", Shape::Text(Text::Slug), "The other station."),
        required("ms", Shape::Integer { min: 1, max: 3_600_000 }, "How long it takes at least."),
    ],
};

pub(super) fn build(fields: &Fields) -> Option<PortalSection> {
    let inputs: Vec<_> = fields.tables("inputs").iter().map(input).collect::<Option<_>>()?;
    let mut section = PortalSection {
        outer: side(fields, "outer")?,
        inner: side(fields, "inner")?,
        inputs,
        near_cdbm: None,
        stable_ms: fields.integer("stable_ms")?,
        settle_ms: fields.integer("settle_ms")?,
        preroll_ms: fields.integer("preroll_ms")?,
        sure_pct: fields.integer("sure_pct")?,
        ways: fields
            .tables("ways")
            .iter()
            .map(|way| Some((way.parsed("to")?, way.integer("ms")?)))
            .collect::<Option<_>>()?,
    };
    let usual = (!section.has_beams()).then_some(NEAR_DBM);
    #[allow(clippy::cast_possible_truncation, reason = "within -100 and 0, as its shape says")]
    let near = fields.number("near_dbm").or(usual).map(|dbm| (dbm * 100.0).round() as i16);
    section.near_cdbm = near;
    Some(section)
}

fn side(fields: &Fields, key: &str) -> Option<Vec<(DeviceId, u16)>> {
    let mut antennas = vec![];
    for of in fields.tables(key) {
        let reader: DeviceId = of.parsed("reader")?;
        for (antenna, _) in of.integers("antennas") {
            antennas.push((reader.clone(), antenna.try_into().ok()?));
        }
    }
    Some(antennas)
}

fn input(fields: &Fields) -> Option<(DeviceId, u16, PortalInput)> {
    let is = match fields.text("is")? {
        "outer-beam" => PortalInput::OuterBeam,
        "inner-beam" => PortalInput::InnerBeam,
        "gate" => PortalInput::Gate,
        "button" => PortalInput::Button,
        _ => return None,
    };
    Some((fields.parsed("device")?, fields.integer("port")?, is))
}

/// Whether the section stands there at all.
pub(super) fn is_stated(station: &Fields, portal: &Fields) -> bool {
    portal.at != station.at
}

/// Both sides have antennas, no antenna is on two sides, and all is the station's own.
pub(super) fn check(walk: &mut Walk<'_>, station: &Fields, portal: &Fields) {
    let devices: BTreeSet<&str> = station.texts("devices").map(|(device, _)| device).collect();
    let mut antennas = BTreeSet::new();
    for side in ["outer", "inner"] {
        let of_side = portal.tables(side);
        if of_side.is_empty() {
            let message = format!("a portal whose {side} side has no antenna");
            walk.error(portal.place(side), "no-antenna", message, "an antenna either side", None);
        }
        for of in of_side {
            own(walk, of, "reader", &devices);
            let Some(reader) = of.text("reader") else { continue };
            for (antenna, at) in of.integers("antennas") {
                if !antennas.insert((reader, antenna)) {
                    let message = format!("antenna {antenna} of {} is named twice", quote(reader));
                    walk.error(at, "duplicate-antenna", message, "each antenna on one side", None);
                }
            }
        }
    }
    let mut inputs = BTreeSet::new();
    for input in portal.tables("inputs") {
        own(walk, input, "device", &devices);
        let named = (input.text("device"), input.integer::<u16>("port"));
        if named.0.is_some() && named.1.is_some() && !inputs.insert(named) {
            let message = "this input has two meanings";
            walk.error(input.place("port"), "conflict", message, "each input once", None);
        }
    }
}

/// The device serves this station.
fn own(walk: &mut Walk<'_>, of: &Fields, key: &str, devices: &BTreeSet<&str>) {
    if let Some(device) = of.text(key).filter(|device| !devices.contains(device)) {
        walk.unknown(
            of.place(key),
            "unknown-device",
            "device of this station",
            device,
            devices.iter().copied(),
        );
    }
}
