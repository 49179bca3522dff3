//! `[[stations]]`: the places that devices serve, and how reads become a pass there.

use gatewarden_model::{DeviceId, StationId};

use crate::{
    fields::Fields,
    report::Walk,
    shape::{Section, Shape, Text, UNKNOWN_KEY, integer_or, optional, required},
};

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
        })
    }
}

/// The rules that join two keys.
pub(crate) fn check(walk: &mut Walk<'_>, fields: &Fields) {
    if let Some(pass) = fields.table("pass") {
        walk.at_most(pass, "quiet_ms", "duration_ms_max");
    }
}
