//! Bytes of the stream to lines, lines to events. Pure.
//!
//! Source: Impinj's IoT device interface, API 1.7.0, GET `/data/stream` and `ReaderEvent` in the OpenAPI document that
//! a reader serves itself (`/api/v1/openapi.json`). What it calls `status` in an `inventoryStatusEvent`, readers
//! tell as `inventoryStatus`; `gpiTransitionEvent` has the form that the triggers of a preset give it.
//! Invariants: no line is kept beyond [`LINE_BYTES_MAX`]; an empty line is a keep-alive; a time that is not RFC 3339
//! is no time; an EPC that is told twice and differs is an error. Unknown fields and events are passed over by name.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use gatewarden_model::TagRead;
use serde_json::{Map, Value};

/// Longest line of the stream, in bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// Longest EPC, in bytes: 31 words (Gen2, PC bits 10h to 14h).
pub const EPC_BYTES_MAX: usize = 62;
/// Longest TID that is kept, in bytes.
pub const TID_BYTES_MAX: usize = 64;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A tag was seen.
    Tag(TagRead),
    /// An input changed.
    Input {
        /// Its number, from 1.
        port: u16,
        /// Its new level.
        on: bool,
    },
    /// The reader lost events: what it says about that.
    Lost(String),
    /// The inventory's new state, such as `running` or `idle`.
    Status(String),
    /// An antenna was unplugged or plugged in.
    Antenna {
        /// Its number, from 1.
        port: u16,
        /// Whether it is there.
        connected: bool,
    },
    /// Something else, by its name.
    Other(String),
}

/// Why a line says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// It is no JSON object.
    #[error("a line of {bytes} bytes is no JSON object")]
    NotJson {
        /// Its length.
        bytes: usize,
    },
    /// A field is missing or makes no sense.
    #[error("{field} is missing or makes no sense in a line of {bytes} bytes")]
    Field {
        /// Its name.
        field: &'static str,
        /// The line's length.
        bytes: usize,
    },
}

/// A line of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// An empty one: the reader shows that it is alive.
    KeepAlive,
    /// One with something in it, without its end.
    Text(Vec<u8>),
    /// One longer than [`LINE_BYTES_MAX`], thrown away.
    TooLong,
}

/// Cuts a stream into lines.
#[derive(Debug, Default)]
pub struct Lines {
    half: Vec<u8>,
    too_long: bool,
}

impl Lines {
    /// Takes bytes and gives the lines that end in them.
    pub fn push(&mut self, mut bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.add(&bytes[..end]);
            bytes = &bytes[end + 1..];
            lines.push(self.end());
        }
        self.add(bytes);
        lines
    }

    /// Whether the stream stands in the middle of a line.
    #[must_use]
    pub fn is_half(&self) -> bool {
        self.too_long || self.half.iter().any(|byte| !byte.is_ascii_whitespace())
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.too_long || self.half.len() + bytes.len() > LINE_BYTES_MAX {
            self.too_long = true;
            self.half.clear();
        } else {
            self.half.extend_from_slice(bytes);
        }
    }

    fn end(&mut self) -> Line {
        let mut line = std::mem::take(&mut self.half);
        if std::mem::take(&mut self.too_long) {
            return Line::TooLong;
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        match line.iter().all(u8::is_ascii_whitespace) {
            true => Line::KeepAlive,
            false => Line::Text(line),
        }
    }
}

/// Reads a line.
pub fn decode(line: &[u8]) -> Result<Vec<Event>, CodecError> {
    let bytes = line.len();
    let value: Value = serde_json::from_slice(line).map_err(|_| CodecError::NotJson { bytes })?;
    let Value::Object(object) = value else { return Err(CodecError::NotJson { bytes }) };
    let mut events = Vec::new();
    for (name, value) in &object {
        let fields = value.as_object();
        let field = |field| CodecError::Field { field, bytes };
        match (name.as_str(), fields) {
            ("tagInventoryEvent", Some(fields)) => {
                events.push(Event::Tag(tag(fields).map_err(field)?));
            }
            ("gpiTransitionEvent", Some(fields)) => {
                events.push(input(fields).ok_or_else(|| field("gpiTransitionEvent"))?);
            }
            ("inventoryStatusEvent", Some(fields)) => {
                let status = fields.get("inventoryStatus").or_else(|| fields.get("status"));
                let status = status.and_then(Value::as_str);
                events.push(Event::Status(shown(status.unwrap_or("unknown"))));
            }
            ("inventoryTerminatedEvent", _) => {
                events.push(Event::Status("terminated".to_owned()));
            }
            ("antennaDisconnectedEvent" | "antennaConnectedEvent", Some(fields)) => {
                let port = fields.get("antennaPort").and_then(Value::as_u64);
                let port = port.and_then(|n| u16::try_from(n).ok());
                let port = port.ok_or_else(|| field("antennaPort"))?;
                let connected = name == "antennaConnectedEvent";
                events.push(Event::Antenna { port, connected });
            }
            ("overflowEvent" | "OverflowEvent" | "connectionsLost" | "connectionsLostEvent", _) => {
                events.push(Event::Lost(shown(&format!("{name} {value}"))));
            }
            ("tagInventoryEvent" | "gpiTransitionEvent", None) => return Err(field("event")),
            (name, Some(_)) if name.ends_with("Event") => events.push(Event::Other(shown(name))),
            _ => {}
        }
    }
    let kind = object.get("eventType").and_then(Value::as_str);
    if events.is_empty() {
        events.push(match kind {
            Some("overflow" | "Overflow" | "overflowEvent" | "OverflowEvent") => {
                Event::Lost("overflow".to_owned())
            }
            Some(kind @ ("tagInventory" | "gpiTransition")) => {
                let field =
                    if kind == "tagInventory" { "tagInventoryEvent" } else { "gpiTransitionEvent" };
                return Err(CodecError::Field { field, bytes });
            }
            other => Event::Other(shown(other.unwrap_or("a line without an event"))),
        });
    }
    Ok(events)
}

fn tag(fields: &Map<String, Value>) -> Result<TagRead, &'static str> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let hex_epc = text("epcHex").map(|t| hex(t).ok_or("epcHex")).transpose()?;
    let plain_epc = text("epc").map(|t| BASE64.decode(t).map_err(|_| "epc")).transpose()?;
    let epc = match (hex_epc, plain_epc) {
        (Some(one), Some(other)) if one != other => return Err("epc (differs from epcHex)"),
        (Some(epc), _) | (None, Some(epc)) => epc,
        (None, None) => return Err("epc"),
    };
    if epc.len() > EPC_BYTES_MAX {
        return Err("epc");
    }
    let hex_tid = text("tidHex").filter(|t| !t.is_empty());
    let tid = match (hex_tid, text("tid").filter(|t| !t.is_empty())) {
        (Some(text), _) => Some(hex(text).ok_or("tidHex")?),
        (None, Some(text)) => Some(BASE64.decode(text).map_err(|_| "tid")?),
        (None, None) => None,
    };
    if tid.as_ref().is_some_and(|tid| tid.len() > TID_BYTES_MAX) {
        return Err("tid");
    }
    let rssi = fields.get("peakRssiCdbm").map(|v| v.as_i64().and_then(|n| i16::try_from(n).ok()));
    let port = fields.get("antennaPort").map(|v| v.as_u64().and_then(|n| u16::try_from(n).ok()));
    Ok(TagRead {
        epc,
        antenna: port.map_or(Some(0), |port| port).ok_or("antennaPort")?,
        peak_rssi_cdbm: rssi.map(|rssi| rssi.ok_or("peakRssiCdbm")).transpose()?,
        count: 1,
        pc: fields.get("pc").map(|pc| word(pc).ok_or("pc")).transpose()?,
        tid,
        first_seen_us: text("firstSeenTime").and_then(time_us),
        last_seen_us: text("lastSeenTime").and_then(time_us),
        ago_us: None,
        phase: fields.get("phaseAngle").and_then(Value::as_f64).map(turn),
        doppler_hz16: None,
    })
}

/// Degrees to 65,536 a turn.
fn turn(degrees: f64) -> i16 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]
    let part = (degrees.rem_euclid(360.0) / 360.0 * 65_536.0) as u32 as u16 as i16;
    part
}

fn input(fields: &Map<String, Value>) -> Option<Event> {
    let port = fields.get("gpi").and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok())?;
    let on = match fields.get("transition").and_then(Value::as_str)? {
        "low-to-high" => true,
        "high-to-low" => false,
        _ => return None,
    };
    Some(Event::Input { port, on })
}

/// A Gen2 word as a number, four hex digits, or base64url of two bytes.
fn word(value: &Value) -> Option<u16> {
    if let Some(number) = value.as_u64() {
        return u16::try_from(number).ok();
    }
    let text = value.as_str()?;
    let bytes = match text.len() {
        4 if !text.ends_with('=') => hex(text)?,
        _ => BASE64.decode(text).ok()?,
    };
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(nibble(pair[0])? << 4 | nibble(pair[1])?).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(byte).collect())?
}

/// RFC 3339 to microseconds since 1970.
fn time_us(text: &str) -> Option<u64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_microsecond()).ok()
}

/// Words of a device as they may be shown.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
