//! `kind = "io-module"`: beams, buttons and a light stack on a Modbus module, over TCP or a serial line.
//!
//! Inputs and outputs are channels, counted from 0; the profile says where they stand. Absent: a profile's own
//! contents (the driver reads them), names for inputs.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    cross::Seen,
    fields::Fields,
    report::Walk,
    shape::{Choice, Key, Kind, Shape, Text, bool_or, integer_or, optional, text_or},
};

use super::{WORD, address};

/// The most inputs of one module.
const INPUTS_MAX: usize = 64;
/// The profiles that come along, with how many inputs and outputs they have.
const PROFILES: [(&str, u16, u16); 4] =
    [("generic", 64, 64), ("moxa-e1200", 16, 16), ("adam-6050", 12, 6), ("wago-750", 256, 256)];
/// The patterns' keys, and what they are by default.
const PATTERNS: [&str; 6] = ["off", "waiting", "good", "held", "denied", "offline"];

/// A Modbus module.
#[derive(Debug, Clone, PartialEq)]
pub struct IoModule {
    /// `host:port` of Modbus TCP, if it is reached so.
    pub address: Option<String>,
    /// The serial line of Modbus RTU, if it is reached so.
    pub path: Option<PathBuf>,
    /// Bits a second on the line.
    pub baud: u32,
    /// The Modbus unit.
    pub unit: u8,
    /// The name of its profile.
    pub profile: String,
    /// The integrator's own profile, instead.
    pub profile_file: Option<PathBuf>,
    /// The inputs to watch.
    pub inputs: Vec<u16>,
    /// Green, amber, red and buzzer outputs, where fitted.
    pub lamps: [Option<u16>; 4],
    /// How often inputs are read, in milliseconds.
    pub poll_ms: u64,
    /// How long a level must stand, in milliseconds.
    pub debounce_ms: u64,
    /// The longest wait for an answer, in milliseconds.
    pub time_out_ms: u64,
    /// Use the profile's counters.
    pub counters: bool,
    /// Use the profile's watchdog.
    pub watchdog: bool,
    /// When the watchdog trips, in milliseconds.
    pub watchdog_ms: u64,
    /// Ask who it is by function 43.
    pub identify: bool,
    /// How signals look, by their names.
    pub patterns: BTreeMap<&'static str, String>,
}

pub(super) const KIND: Kind =
    Kind { name: "io-module", doc: "Beams, buttons and lamps on a Modbus module.", keys: KEYS };

const KEYS: &[Key] = &[
    optional("address", address(502), "The module's host:port, for Modbus TCP."),
    optional("path", Shape::Text(Text::DevicePath), "The serial line, for Modbus RTU."),
    integer_or("baud", 300, 4_000_000, 9_600, "Bits a second on the serial line (8N1)."),
    integer_or("unit", 0, 255, 1, "The Modbus unit identifier."),
    optional(
        "profile",
        Shape::Choice(Choice {
            code: "unknown-profile",
            noun: "profile",
            of: &["generic", "moxa-e1200", "adam-6050", "wago-750"],
        }),
        "Where things stand in the module. By default generic.",
    ),
    optional("profile_file", Shape::Text(Text::Path), "A profile of your own, instead."),
    optional(
        "inputs",
        Shape::List { of: &WORD, max: INPUTS_MAX },
        "The inputs to watch (beams, buttons), counted from 0.",
    ),
    optional("green", WORD, "The green lamp's output, counted from 0."),
    optional("amber", WORD, "The amber lamp's output, counted from 0."),
    optional("red", WORD, "The red lamp's output, counted from 0."),
    optional("buzzer", WORD, "The buzzer's output, counted from 0."),
    integer_or("poll_ms", 5, 10_000, 20, "How often the inputs are read, in milliseconds."),
    integer_or("debounce_ms", 0, 1_000, 30, "How long a level must stand, in milliseconds."),
    integer_or("time_out_ms", 20, 10_000, 500, "The longest wait for an answer, in milliseconds."),
    bool_or("counters", true, "Use the module's counters, if its profile has any."),
    bool_or("watchdog", true, "Use the module's watchdog, if its profile has one."),
    integer_or("watchdog_ms", 1_500, 600_000, 3_000, "When the watchdog trips, in milliseconds."),
    bool_or("identify", false, "Ask who it is by function 43; some modules take that badly."),
    text_or("off", Text::Line, "off", "How nothing to show looks."),
    text_or("waiting", Text::Line, "amber", "How work in progress looks."),
    text_or("good", Text::Line, "green", "How recorded looks."),
    text_or("held", Text::Line, "red", "How held looks, such as \"red blink 500\"."),
    text_or("denied", Text::Line, "red + buzzer", "How denied looks: \"red + buzzer 1000\"."),
    text_or("offline", Text::Line, "off", "What is shown when the gateway stops."),
];

pub(super) fn build(fields: &Fields) -> Option<IoModule> {
    Some(IoModule {
        address: fields.owned("address"),
        path: fields.owned("path").map(PathBuf::from),
        baud: fields.integer("baud")?,
        unit: fields.integer("unit")?,
        profile: fields.owned("profile").unwrap_or_else(|| "generic".to_owned()),
        profile_file: fields.owned("profile_file").map(PathBuf::from),
        inputs: fields.integers("inputs").filter_map(|(i, _)| i.try_into().ok()).collect(),
        lamps: ["green", "amber", "red", "buzzer"].map(|lamp| fields.integer(lamp)),
        poll_ms: fields.integer("poll_ms")?,
        debounce_ms: fields.integer("debounce_ms")?,
        time_out_ms: fields.integer("time_out_ms")?,
        counters: fields.bool("counters")?,
        watchdog: fields.bool("watchdog")?,
        watchdog_ms: fields.integer("watchdog_ms")?,
        identify: fields.bool("identify")?,
        patterns: PATTERNS.iter().filter_map(|key| Some((*key, fields.owned(key)?))).collect(),
    })
}

/// One way to it; channels that it has, each used once; patterns that can be read.
pub(super) fn check(walk: &mut Walk<'_>, device: &Fields) {
    if device.has("address") == device.has("path") {
        let at = if device.has("path") { device.place("path") } else { device.place("name") };
        let message = "an io-module needs one way to it".to_owned();
        walk.error(at, "one-way", message, "either address (TCP) or path (RTU)", None);
    }
    let mut seen = Seen(BTreeMap::new());
    let named = device.text("profile").unwrap_or("generic");
    let counts = PROFILES.iter().find(|(name, ..)| *name == named && !device.has("profile_file"));
    for lamp in ["green", "amber", "red", "buzzer"] {
        let Some(output) = device.integer::<u16>(lamp) else { continue };
        let at = device.place(lamp);
        if let Some((_, _, outputs)) = counts.filter(|(_, _, outputs)| output >= *outputs) {
            let message = format!("output {output} is beyond the {outputs} of {named}");
            walk.error(at, "no-such-channel", message, "an output counted from 0", None);
        }
        if let Some(line) = seen.earlier(walk, output.to_string(), at) {
            let hint = Some(format!("line {line} has it too"));
            let message = format!("output {output} is in use twice");
            walk.error(at, "coil-in-use", message, "an output of its own for each lamp", hint);
        }
    }
    for (input, at) in device.integers("inputs") {
        if let Some((_, inputs, _)) = counts.filter(|(_, inputs, _)| input >= i64::from(*inputs)) {
            let message = format!("input {input} is beyond the {inputs} of {named}");
            walk.error(at, "no-such-channel", message, "an input counted from 0", None);
        }
    }
    for key in PATTERNS {
        let Some(part) = device.text(key).and_then(odd_part) else { continue };
        let message = format!("{part:?} can't be shown");
        let wanted =
            "lamps joined by +, each alone, with \"blink MS\" or with \"MS\" (50 to 60000)";
        let hint = Some("write such as \"red blink 500 + buzzer 1000\", or \"off\"".to_owned());
        walk.error(device.place(key), "bad-pattern", message, wanted, hint);
    }
}

/// The first part of a pattern that is none.
fn odd_part(text: &str) -> Option<&str> {
    let timed = |ms: &str| ms.parse().is_ok_and(|ms: u64| (50..=60_000).contains(&ms));
    let mut lamps = Vec::new();
    let mut good = |part: &str| {
        let words: Vec<&str> = part.split_whitespace().collect();
        let (Some(lamp), rest) = (words.first(), words.get(1..).unwrap_or_default()) else {
            return false;
        };
        let fresh = !lamps.contains(&(*lamp).to_owned());
        lamps.push((*lamp).to_owned());
        let timing = match rest {
            [] => true,
            ["blink", ms] | [ms] => timed(ms),
            _ => false,
        };
        fresh && timing && ["green", "amber", "red", "buzzer"].contains(lamp)
    };
    if text.trim() == "off" { None } else { text.split('+').find(|part| !good(part)) }
}

#[cfg(test)]
mod tests {
    use super::odd_part;

    #[test]
    fn a_pattern_that_cannot_be_shown_is_found() {
        for good in ["off", "red", "red blink 500 + buzzer 1000", "green+amber"] {
            assert_eq!(odd_part(good), None, "{good}");
        }
        for (bad, part) in [
            ("red + blue", " blue"),
            ("red + red", " red"),
            ("red blink", "red blink"),
            ("red 1", "red 1"),
        ] {
            assert_eq!(odd_part(bad), Some(part), "{bad}");
        }
    }
}
