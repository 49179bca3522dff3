//! `kind = "impinj-iot"`: an Impinj reader over its IoT device interface (REST and a stream of lines).
//!
//! Either the reader's own preset is started, or the profile of the other keys. Absent: what a preset holds.

use super::{ANTENNAS_MAX, LlrpTrust, trust};
use crate::{
    Secret,
    fields::Fields,
    report::Walk,
    shape::{Key, Kind, Shape, Text, integer_or, optional, required, text_or},
    words::quote,
};

/// Most bytes of a preset's name.
const PRESET_BYTES_MAX: usize = 128;
/// An antenna's number.
const ANTENNA: Shape = Shape::Integer { min: 1, max: 64 };
/// The keys of the profile, which a preset replaces.
const PROFILE: [&str; 5] = ["antennas", "tx_power_cdbm", "rf_mode", "session", "tag_population"];

/// An Impinj reader.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpinjIot {
    /// `https://host[:port]` or `http://host[:port]`.
    pub url: String,
    /// Who to log in as.
    pub username: String,
    /// With which password.
    pub password: Secret,
    /// Whom to trust over `https`.
    pub trust: Option<LlrpTrust>,
    /// The reader's own preset, instead of the profile below.
    pub preset: Option<String>,
    /// The antennas to use, from 1; the first where none is named.
    pub antennas: Vec<u16>,
    /// Transmit power in hundredths of a dBm.
    pub tx_power_cdbm: u32,
    /// The reader's RF mode.
    pub rf_mode: u32,
    /// The Gen2 session.
    pub session: u8,
    /// How many tags are expected in the field at once.
    pub tag_population: u16,
}

pub(super) const KIND: Kind =
    Kind { name: "impinj-iot", doc: "An Impinj reader over its IoT interface.", keys: KEYS };

const KEYS: &[Key] = &[
    required("url", Shape::Text(Text::Url), "The reader: https://HOST, or http://HOST:PORT."),
    text_or("username", Text::Line, "root", "Who to log in as."),
    required("password", Shape::Secret, "The user's password."),
    trust::CA,
    trust::PIN,
    optional("preset", Shape::Text(Text::Line), "The reader's own preset to start."),
    optional(
        "antennas",
        Shape::List { of: &ANTENNA, max: ANTENNAS_MAX },
        "The antennas to use, from 1. By default the first.",
    ),
    integer_or("tx_power_cdbm", 0, 3_300, 3_000, "Transmit power in hundredths of a dBm."),
    integer_or("rf_mode", 0, 65_535, 1_002, "The RF mode's number in the reader's own table."),
    integer_or("session", 0, 3, 1, "The Gen2 session."),
    integer_or("tag_population", 1, 65_535, 32, "How many tags are in the field at once."),
];

pub(super) fn build(fields: &Fields) -> Option<ImpinjIot> {
    Some(ImpinjIot {
        url: fields.owned("url")?,
        username: fields.owned("username")?,
        password: fields.secret("password")?,
        trust: trust::trust(fields),
        preset: fields.owned("preset"),
        antennas: fields.integers("antennas").filter_map(|(a, _)| a.try_into().ok()).collect(),
        tx_power_cdbm: fields.integer("tx_power_cdbm")?,
        rf_mode: fields.integer("rf_mode")?,
        session: fields.integer("session")?,
        tag_population: fields.integer("tag_population")?,
    })
}

/// A URL of a host and nothing behind it, somebody to trust over `https`, a preset that is a name.
pub(super) fn check(walk: &mut Walk<'_>, device: &Fields) {
    trust::check(walk, device);
    if let Some(text) = device.text("url") {
        let url = url::Url::parse(text).ok();
        let plain =
            |url: &url::Url| url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !url.as_ref().is_some_and(plain) {
            let message = format!("{} says more than where the reader is", quote(text));
            let hint = Some("leave out what follows the host and its port".to_owned());
            let expected = "https://HOST or http://HOST:PORT";
            walk.error(device.place("url"), "bad-url", message, expected, hint);
        }
        let trusts = device.stands("ca") || device.stands("pin");
        let is_https = url.as_ref().is_some_and(|url| url.scheme() == "https");
        if url.is_some() && !is_https && trusts {
            let key = if device.stands("pin") { "pin" } else { "ca" };
            let message = "there is nobody to trust over http: anybody there is answered";
            walk.error(device.place(key), "no-tls", message, "a url that begins with https", None);
        }
        if is_https && !trusts {
            let message = "https without anybody to trust would trust everybody";
            let hint = Some("compare the digest at the reader's own web interface".to_owned());
            walk.error(device.place("url"), "no-trust", message, "pin, or ca", hint);
        }
    }
    let Some(preset) = device.text("preset") else { return };
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if preset.len() > PRESET_BYTES_MAX || !preset.bytes().all(good) {
        let message = format!("{} can't be a preset's name", quote(preset));
        let expected = "1 to 128 of A-Z, a-z, 0-9, '_' and '-'";
        walk.error(device.place("preset"), "bad-preset", message, expected, None);
    }
    for key in PROFILE.into_iter().filter(|key| device.has(key)) {
        let message = format!("{key:?} has no say where the reader's own preset is started");
        walk.error(
            device.place(key),
            "preset-rules",
            message,
            "either the preset or keys of a profile",
            None,
        );
    }
}
