//! `[[stations]]`: the places that devices serve, and how reads become a pass there.

use std::collections::BTreeSet;

use gatewarden_model::{DeviceId, StationId};

use crate::{
    fields::Fields,
    report::Walk,
    shape::{Section, Shape, Text, UNKNOWN_KEY, integer_or, optional, required},
    words::quote,
};

mod portal;

pub use portal::{PortalInput, PortalSection};

/// Most stations of one gateway.
pub const STATIONS_MAX: usize = 256;
/// Most devices of one station.
pub const STATION_DEVICES_MAX: usize = 64;

/// A place that devices serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Station {
    /// Its name.
    pub name: StationId,
    /// What people call it; its name where none is given.
    pub title: String,
    /// The devices that serve it; no device serves two.
    pub devices: Vec<DeviceId>,
    /// How reads become a pass.
    pub pass: PassSection,
    /// How a door's two sides are told apart, if they are.
    pub portal: Option<PortalSection>,
    /// Seconds that the way to other stations takes, the same back.
    pub walking: Vec<(StationId, u32)>,
}

/// How a portal's reads become one pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassSection {
    /// A pass closes after so many milliseconds without a read.
    pub quiet_ms: u32,
    /// A pass closes after so many milliseconds in any case.
    pub duration_ms_max: u32,
    /// A thing seen again within so many milliseconds after its pass is still lingering there.
    pub linger_ms: u32,
}

pub(crate) static STATION: Section = Section {
    doc: "A place that devices serve: a dock door, a counter.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("name", Shape::Text(Text::Slug), "The station's name."),
        optional("title", Shape::Text(Text::Line), "What people call it. By default its name."),
        required(
            "devices",
            Shape::List { of: &Shape::Text(Text::Slug), max: STATION_DEVICES_MAX },
            "The names of the devices that serve it. A device serves one station.",
        ),
        optional("pass", Shape::Section(&PASS), "How the reads here become one pass."),
        optional(
            "portal",
            Shape::Section(&portal::PORTAL),
            "Which antennas and photo-eyes are on which side of the door. Without it no direction is told.",
        ),
        optional(
            "walking",
            Shape::Sections { of: &WALKING, max: STATIONS_MAX },
            "How long the way to other stations takes: an operator whose badge is faster is refused.",
        ),
    ],
};

static WALKING: Section = Section {
    doc: "How long the way to another station takes, the same in both directions.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("to", Shape::Text(Text::Slug), "The other station."),
        required("seconds", Shape::Integer { min: 1, max: 3600 }, "How long it takes at least."),
    ],
};

static PASS: Section = Section {
    doc: "How reads become one pass.",
    unknown: UNKNOWN_KEY,
    keys: &[
        integer_or(
            "quiet_ms",
            50,
            60_000,
            1500,
            "A pass closes after so many milliseconds without a read.",
        ),
        integer_or(
            "duration_ms_max",
            1000,
            600_000,
            30_000,
            "A pass closes after so many milliseconds in any case.",
        ),
        integer_or(
            "linger_ms",
            0,
            3_600_000,
            30_000,
            "A thing seen again so soon after its pass is lingering, not moving.",
        ),
    ],
};

impl Station {
    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        let pass = fields.table("pass")?;
        let name = fields.text("name")?;
        Some(Self {
            name: name.parse().ok()?,
            title: fields.text("title").unwrap_or(name).to_owned(),
            devices: fields.texts("devices").filter_map(|(d, _)| d.parse().ok()).collect(),
            pass: PassSection {
                quiet_ms: pass.integer("quiet_ms")?,
                duration_ms_max: pass.integer("duration_ms_max")?,
                linger_ms: pass.integer("linger_ms")?,
            },
            portal: match stated(fields) {
                Some(section) => Some(portal::build(section)?),
                None => None,
            },
            walking: fields
                .tables("walking")
                .iter()
                .map(|way| Some((way.parsed("to")?, way.integer("seconds")?)))
                .collect::<Option<_>>()?,
        })
    }
}

/// The portal's section, where one stands.
fn stated(fields: &Fields) -> Option<&Fields> {
    fields.table("portal").filter(|portal| portal::is_stated(fields, portal))
}

/// Each way leads to another station, and is stated once.
pub(crate) fn check_ways(walk: &mut Walk<'_>, stations: &[Fields]) {
    let names = || stations.iter().filter_map(|station| station.text("name"));
    let mut stated = BTreeSet::new();
    for station in stations {
        let Some(here) = station.text("name") else { continue };
        for way in station.tables("walking") {
            let Some(there) = way.text("to") else { continue };
            let at = way.place("to");
            if there == here {
                let message = format!("the way from {} to itself", quote(here));
                walk.error(at, "conflict", message, "another station", None);
            } else if !names().any(|name| name == there) {
                walk.unknown(at, "unknown-station", "station", there, names());
            } else if !stated.insert((here.min(there), here.max(there))) {
                let message = format!("the way between {} and {} twice", quote(here), quote(there));
                let hint = Some("it holds in both directions: state it once".to_owned());
                walk.error(at, "conflict", message, "each way once", hint);
            }
        }
    }
}

/// The rules that join two keys.
pub(crate) fn check(walk: &mut Walk<'_>, fields: &Fields) {
    if let Some(pass) = fields.table("pass") {
        walk.at_most(pass, "quiet_ms", "duration_ms_max");
    }
    if let Some(portal) = stated(fields) {
        portal::check(walk, fields, portal);
    }
}
