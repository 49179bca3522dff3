//! `kind = "llrp"`: an RFID reader that speaks LLRP over TCP or TLS.
//!
//! What the reader itself can do is only known once it is connected; here is what no reader can.

use std::{net::IpAddr, path::PathBuf};

use crate::{
    fields::Fields,
    shape::{
        Choice, Key, Kind, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, bool_or, integer_or,
        optional, required,
    },
};

use super::address;

mod check;

pub(super) use check::check;

/// Most antennas of one reader.
pub const ANTENNAS_MAX: usize = 64;
/// Most filters of one reader; many readers have only two.
pub const FILTERS_MAX: usize = 8;
/// Most bytes of a filter's mask: the longest EPC.
pub const MASK_BYTES_MAX: usize = 62;

/// An RFID reader that speaks LLRP.
#[derive(Debug, Clone, PartialEq)]
pub struct Llrp {
    /// `host:port`; with `listen` what that is.
    pub address: String,
    /// `ip:port` on which the reader's own connection is awaited.
    pub listen: Option<String>,
    /// With `listen`: the only address that may connect.
    pub from: Option<IpAddr>,
    /// Whom to trust by TLS.
    pub tls: Option<LlrpTrust>,
    /// The antennas to use, from 1; empty means all.
    pub antennas: Vec<u16>,
    /// Transmit power in dBm; the reader's own setting where absent.
    pub tx_power_dbm: Option<f32>,
    /// The Gen2 session, 0 to 3.
    pub session: u8,
    /// How many tags are expected in the field at once.
    pub tag_population: u16,
    /// `single`, `dual` or `tagfocus`.
    pub search_mode: Option<String>,
    /// Which tags answer; all where empty.
    pub filters: Vec<LlrpFilter>,
    /// The reader mode's number.
    pub reader_mode: Option<u16>,
    /// The region that the reader must be set to, one of [`LLRP_REGIONS`].
    pub region: Option<String>,
    /// The hop table.
    pub hop_table: Option<u8>,
    /// The fixed frequency.
    pub frequency_khz: Option<u32>,
    /// Whether each report shall hold the TID.
    pub tid: bool,
    /// The input that starts reading; at once where absent.
    pub start: Option<LlrpEdge>,
    /// The input that ends it.
    pub stop: Option<LlrpEdge>,
    /// After how many milliseconds it ends at the latest; 0 is never.
    pub timeout_ms: u32,
    /// Whether ROSpecs of others stay on the reader.
    pub keep_foreign: bool,
    /// Whether the reader reads on when the gateway stops.
    pub leave_running: bool,
    /// Whether LLRP 1.1 is tried first.
    pub try_1_1: bool,
    /// The outputs of green, amber, red and the buzzer, from 1.
    pub gpo: [Option<u16>; 4],
    /// How often the reader shows that it is alive, in milliseconds.
    pub keepalive_ms: u32,
}

/// Whom to trust by TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LlrpTrust {
    /// The SHA-256 digest of the reader's certificate or public key, 64 hex digits.
    Sha256(String),
    /// A file of authorities in PEM.
    Ca(PathBuf),
}

/// A part of a tag's memory that must be as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LlrpFilter {
    /// `epc`, `tid` or `user`.
    pub bank: String,
    /// Where in it, in bits.
    pub bit: u16,
    /// What must stand there.
    pub mask: Vec<u8>,
}

/// An input that changes to a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LlrpEdge {
    /// The input, from 1.
    pub gpi: u16,
    /// The level.
    pub on: bool,
}

/// The regions by which a reader can be held to its regulation.
pub const LLRP_REGIONS: &[&str] = &[
    "fcc",
    "etsi-302-208",
    "etsi-300-220",
    "australia-1w",
    "australia-4w",
    "japan",
    "hong-kong",
    "taiwan",
    "korea",
];

const fn choice(noun: &'static str, of: &'static [&'static str]) -> Shape {
    Shape::Choice(Choice { code: "unknown-choice", noun, of })
}

const PORT: Shape = Shape::Integer { min: 1, max: 65_535 };
const HOUR_MS: i64 = 3_600_000;

pub(super) const KIND: Kind =
    Kind { name: "llrp", doc: "An RFID reader that speaks LLRP.", keys: KEYS };

const KEYS: &[Key] = &[
    optional(
        "address",
        address(5084),
        "The reader's host:port; LLRP's port is 5084, with TLS 5085.",
    ),
    optional(
        "listen",
        Shape::Text(Text::Socket),
        "Instead of address: the ip:port of this gateway to which the reader itself connects.",
    ),
    optional("from", Shape::Text(Text::Line), "With listen: the only IP address that may connect."),
    optional("tls", Shape::Section(&TLS), "TLS, and whom to trust."),
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
    optional(
        "search_mode",
        choice("search mode", &["single", "dual", "tagfocus"]),
        "Impinj readers: how tags that have answered are treated.",
    ),
    optional(
        "filters",
        Shape::Sections { of: &FILTER, max: FILTERS_MAX },
        "Only tags whose memory is so answer.",
    ),
    optional("reader_mode", super::WORD, "The RF mode's number in the reader's own table."),
    optional(
        "region",
        choice("region", LLRP_REGIONS),
        "The regulation that the reader must be set to; it is refused where it is set to another.",
    ),
    optional(
        "hop_table",
        Shape::Integer { min: 0, max: 255 },
        "The hop table, where the reader has several.",
    ),
    optional(
        "frequency_khz",
        Shape::Integer { min: 100_000, max: 6_000_000 },
        "The frequency, where the reader does not hop.",
    ),
    bool_or("tid", false, "Whether the TID of each tag is read too. It takes time in the air."),
    optional(
        "start",
        Shape::Section(&START),
        "The input that starts reading. By default it reads all the time.",
    ),
    optional("stop", Shape::Section(&STOP), "The input that ends what an input started."),
    Key {
        name: "foreign",
        doc: "What becomes of ROSpecs of others: delete, or keep where the reader can run ours beside them.",
        shape: choice("fate", &["delete", "keep"]),
        need: Need::Default(Plain::Text("delete")),
    },
    bool_or(
        "leave_running",
        false,
        "Whether the reader reads on while the gateway restarts, and tells what it read afterwards.",
    ),
    Key {
        name: "llrp",
        doc: "The version of LLRP: auto tries 1.1 and falls back to 1.0.1.",
        shape: choice("version", &["auto", "1.0.1"]),
        need: Need::Default(Plain::Text("1.0.1")),
    },
    optional("gpo", Shape::Section(&GPO), "The station's light stack on the reader's outputs."),
    integer_or(
        "keepalive_ms",
        1000,
        600_000,
        10_000,
        "How often the reader shows that it is alive, in milliseconds.",
    ),
];

static TLS: Section = Section {
    doc: "TLS, and whom to trust: a digest or authorities.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional(
            "sha256",
            Shape::Text(Text::Line),
            "The SHA-256 digest of the reader's certificate or of its public key, in hex.",
        ),
        optional(
            "ca",
            Shape::Text(Text::DevicePath),
            "The authorities that vouch for the reader, a file in PEM.",
        ),
    ],
};

static FILTER: Section = Section {
    doc: "A part of a tag's memory that must be as given for the tag to answer.",
    unknown: UNKNOWN_KEY,
    keys: &[
        Key {
            name: "bank",
            doc: "The memory.",
            shape: choice("memory bank", &["epc", "tid", "user"]),
            need: Need::Default(Plain::Text("epc")),
        },
        integer_or("bit", 0, 65_535, 32, "Where in it, in bits; the EPC itself begins at bit 32."),
        required("mask", Shape::Text(Text::Line), "What must stand there, in hex."),
    ],
};

static START: Section = Section {
    doc: "The input that starts reading.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional("gpi", PORT, "The input, from 1."),
        bool_or("on", true, "The level that it changes to."),
        integer_or(
            "timeout_ms",
            0,
            HOUR_MS,
            0,
            "After how long reading ends at the latest; 0 is never.",
        ),
    ],
};

static STOP: Section = Section {
    doc: "The input that ends reading.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional("gpi", PORT, "The input, from 1."),
        bool_or("on", true, "The level that it changes to."),
    ],
};

static GPO: Section = Section {
    doc: "The outputs of a light stack, from 1.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional("green", PORT, "The green lamp's output."),
        optional("amber", PORT, "The amber lamp's output."),
        optional("red", PORT, "The red lamp's output."),
        optional("buzzer", PORT, "The buzzer's output."),
    ],
};

const LAMPS: [&str; 4] = ["green", "amber", "red", "buzzer"];

pub(super) fn build(fields: &Fields) -> Option<Llrp> {
    let listen = fields.owned("listen");
    let gpo = fields.table("gpo");
    Some(Llrp {
        address: fields.owned("address").or_else(|| listen.clone())?,
        listen,
        from: fields.parsed("from"),
        tls: fields.table("tls").and_then(trust),
        antennas: fields.integers("antennas").filter_map(|(a, _)| a.try_into().ok()).collect(),
        tx_power_dbm: fields.number("tx_power_dbm"),
        session: fields.integer("session")?,
        tag_population: fields.integer("tag_population")?,
        search_mode: fields.owned("search_mode"),
        filters: fields.tables("filters").iter().filter_map(filter).collect(),
        reader_mode: fields.integer("reader_mode"),
        region: fields.owned("region"),
        hop_table: fields.integer("hop_table"),
        frequency_khz: fields.integer("frequency_khz"),
        tid: fields.bool("tid")?,
        start: fields.table("start").and_then(edge),
        stop: fields.table("stop").and_then(edge),
        timeout_ms: fields.table("start").and_then(|s| s.integer("timeout_ms")).unwrap_or(0),
        keep_foreign: fields.text("foreign")? == "keep",
        leave_running: fields.bool("leave_running")?,
        try_1_1: fields.text("llrp")? == "auto",
        gpo: LAMPS.map(|lamp| gpo?.integer(lamp)),
        keepalive_ms: fields.integer("keepalive_ms")?,
    })
}

fn trust(tls: &Fields) -> Option<LlrpTrust> {
    let ca = || tls.text("ca").map(|path| LlrpTrust::Ca(path.into()));
    tls.text("sha256").and_then(digest).map(LlrpTrust::Sha256).or_else(ca)
}

/// 64 hex digits, with or without colons.
fn digest(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    let good = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    good.then(|| digits.to_ascii_lowercase())
}

fn edge(fields: &Fields) -> Option<LlrpEdge> {
    Some(LlrpEdge { gpi: fields.integer("gpi")?, on: fields.bool("on")? })
}

fn filter(fields: &Fields) -> Option<LlrpFilter> {
    let mask = hex(fields.text("mask")?)?;
    Some(LlrpFilter { bank: fields.owned("bank")?, bit: fields.integer("bit")?, mask })
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let good = text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
    good.then(|| text.as_bytes().chunks(2).filter_map(pair).collect())
}
