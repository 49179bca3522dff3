//! Payloads to JSON objects, objects to what they say, commands to payloads. Pure.
//!
//! Source: Zebra's IoT Connector interface (`zebradevs.github.io/rfid-ziotc-docs`): tag data events, management
//! events, `get_version`, `get_status`; seen on FX9600 and FXR60/90. A tag's fields beyond `idHex` and `eventNum`
//! come only where the mode's `tagMetaData` asks for them; a memory that could not be read is told as `Error: …` in
//! its place; the status is spelled `radioActivitiy` by older firmware; management events are numbered apart.
//! A payload may hold several objects with nothing between them. Invariants: at most [`OBJECTS_MAX`] objects of a
//! payload and [`TAGS_MAX`] tags of an object are read, more is an error and never silence; a time that can't be
//! read is no time. Absent: payloads that are not UTF-8 JSON.

use gatewarden_model::TagRead;
use serde_json::{Map, Value, json};

/// Longest payload, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
/// Most objects of one payload.
pub const OBJECTS_MAX: usize = 4_096;
/// Most tags of one object.
pub const TAGS_MAX: usize = 4_096;
/// Longest EPC, in bytes: 31 words (Gen2, PC bits 10h to 14h).
pub const EPC_BYTES_MAX: usize = 62;
/// Longest TID that is kept, in bytes.
pub const TID_BYTES_MAX: usize = 64;

/// Why something can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Not JSON, or cut off.
    #[error("a payload of {bytes} bytes is no JSON, or is cut off")]
    NotJson {
        /// Its length.
        bytes: usize,
    },
    /// More than is read.
    #[error("a payload holds more than {max} objects or tags")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// A field is missing or makes no sense.
    #[error("{0} is missing or makes no sense")]
    Field(&'static str),
}

/// One tag with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// What was read.
    pub read: TagRead,
    /// The reader's number of the event, where it tells one.
    pub event: Option<u64>,
}

/// An answer to a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The id of the command.
    pub id: String,
    /// Whether it was done.
    pub ok: bool,
    /// What comes with it.
    pub payload: Value,
}

/// What the management event topic tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Management {
    /// An input changed.
    Input {
        /// Its number, from 1.
        port: u16,
        /// Its new level.
        on: bool,
    },
    /// The reader is alive; whether its radio reads, where it says so.
    Heartbeat {
        /// Whether the radio reads.
        reading: Option<bool>,
        /// How many messages of data the reader has dropped since its start.
        dropped: Option<u64>,
    },
    /// An error, a warning or something else, in words.
    Note(String),
}

/// Cuts a payload into its objects. Blanks, commas and nothing at all may stand between them; the objects of an
/// array are taken one by one.
pub fn split(payload: &[u8]) -> Result<Vec<Value>, CodecError> {
    let bytes = payload.len();
    if bytes > PAYLOAD_BYTES_MAX {
        return Err(CodecError::NotJson { bytes });
    }
    let mut objects = Vec::new();
    for value in serde_json::Deserializer::from_slice(payload).into_iter::<Value>() {
        match value.map_err(|_| CodecError::NotJson { bytes })? {
            Value::Array(list) => objects.extend(list),
            other => objects.push(other),
        }
        if objects.len() > OBJECTS_MAX {
            return Err(CodecError::TooMany { max: OBJECTS_MAX });
        }
    }
    match objects.iter().all(Value::is_object) {
        true => Ok(objects),
        false => Err(CodecError::NotJson { bytes }),
    }
}

/// Reads the tags of a data event. One without tags has none.
pub fn tags(object: &Value) -> Result<Vec<Tag>, CodecError> {
    let time = object.get("timestamp").and_then(Value::as_str).and_then(time_us);
    let data = object.get("data").unwrap_or(object);
    let list = data.get("tagData").unwrap_or(data);
    let one = std::slice::from_ref(list);
    let list = list.as_array().map_or(one, Vec::as_slice);
    if list.len() > TAGS_MAX {
        return Err(CodecError::TooMany { max: TAGS_MAX });
    }
    let is_barcode = data.get("barcodeData").is_some() && data.get("tagData").is_none();
    if is_barcode {
        return Ok(Vec::new());
    }
    list.iter()
        .map(|tag| tag.as_object().ok_or(CodecError::Field("data")))
        .map(|tag| self::tag(tag?, time))
        .collect()
}

fn tag(fields: &Map<String, Value>, time: Option<u64>) -> Result<Tag, CodecError> {
    let of = |names: &[&str]| names.iter().find_map(|n| fields.get(*n)).filter(|v| !v.is_null());
    let text = |names: &[&str]| of(names).and_then(Value::as_str).filter(|t| !t.is_empty());
    let number = |names: &[&str]| of(names).map(|v| number(v).filter(|n| n.is_finite()));
    let bad = CodecError::Field;
    let epc = text(&["idHex", "EPCid", "epcId", "EPC"]).and_then(hex).ok_or(bad("idHex"))?;
    let tid = text(&["TID", "tid"]).filter(|t| !t.starts_with("Error"));
    let tid = tid.map(|t| hex(t).ok_or(bad("TID"))).transpose()?;
    if epc.len() > EPC_BYTES_MAX || tid.as_ref().is_some_and(|tid| tid.len() > TID_BYTES_MAX) {
        return Err(bad("idHex"));
    }
    let rssi = match number(&["peakRssi", "RSSI", "rssi"]) {
        None => None,
        Some(Some(dbm)) if (-300.0..=300.0).contains(&dbm) =>
        {
            #[allow(clippy::cast_possible_truncation)]
            Some((dbm * 100.0).round() as i16)
        }
        Some(_) => return Err(bad("peakRssi")),
    };
    let whole = |names: &[&str], name: &'static str| match of(names) {
        None => Ok(None),
        Some(value) => {
            value.as_u64().or_else(|| value.as_str()?.parse().ok()).map(Some).ok_or(bad(name))
        }
    };
    let antenna = whole(&["antenna"], "antenna")?.unwrap_or(0);
    let count = whole(&["reads", "seenCount", "tagSeenCount"], "reads")?.unwrap_or(1).max(1);
    let pc = text(&["PC", "pc"]).map(|t| u16::from_str_radix(t.trim_start_matches("0x"), 16));
    Ok(Tag {
        read: TagRead {
            epc,
            antenna: u16::try_from(antenna).map_err(|_| bad("antenna"))?,
            peak_rssi_cdbm: rssi,
            count: u32::try_from(count).map_err(|_| bad("reads"))?,
            pc: pc.transpose().map_err(|_| bad("PC"))?,
            tid,
            first_seen_us: None,
            last_seen_us: time,
            ago_us: None,
            phase: number(&["phase"]).flatten().map(turn),
            doppler_hz16: None,
        },
        event: whole(&["eventNum"], "eventNum")?,
    })
}

/// Reads an answer.
pub fn answer(object: &Value) -> Result<Answer, CodecError> {
    let id = match object.get("command_id") {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => return Err(CodecError::Field("command_id")),
    };
    let ok = match object.get("response").and_then(Value::as_str) {
        Some("success") => true,
        Some("failure" | "failed" | "error") => false,
        _ => return Err(CodecError::Field("response")),
    };
    Ok(Answer { id, ok, payload: object.get("payload").cloned().unwrap_or(Value::Null) })
}

/// Reads a management event.
pub fn management(object: &Value) -> Result<Management, CodecError> {
    let kind = object.get("eventType").or_else(|| object.get("type")).and_then(Value::as_str);
    let kind = kind.ok_or(CodecError::Field("eventType"))?;
    let data = object.get("data").unwrap_or(object);
    match kind.to_ascii_lowercase().as_str() {
        "gpi" => {
            let data = data.get("gpi").filter(|gpi| gpi.is_object()).unwrap_or(data);
            let pin = data.get("pin").or_else(|| data.get("port")).and_then(Value::as_u64);
            let port =
                pin.and_then(|pin| u16::try_from(pin).ok()).ok_or(CodecError::Field("pin"))?;
            let state = data.get("state").and_then(Value::as_str).map(str::to_ascii_lowercase);
            let on = match state.as_deref() {
                Some("high") => true,
                Some("low") => false,
                _ => return Err(CodecError::Field("state")),
            };
            Ok(Management::Input { port, on })
        }
        "heartbeat" => {
            let radio = data.get("radio_control").unwrap_or(data);
            Ok(Management::Heartbeat { reading: reading(radio), dropped: dropped(data) })
        }
        other => Ok(Management::Note(shown(&format!("{other}: {data}")))),
    }
}

/// Whether a status or a heartbeat says that the radio reads.
#[must_use]
pub fn reading(status: &Value) -> Option<bool> {
    let spelled = ["radioActivity", "radioActivitiy", "radio_activity"];
    let activity = spelled.iter().find_map(|name| status.get(*name));
    match activity.and_then(Value::as_str)?.to_ascii_lowercase().as_str() {
        "active" => Some(true),
        "inactive" => Some(false),
        _ => None,
    }
}

/// What a heartbeat says of dropped data: one number, or one a path.
fn dropped(data: &Value) -> Option<u64> {
    let gateway = data.get("reader_gateway")?;
    let of = |value: &Value| value.get("numDataMessagesDropped").and_then(Value::as_u64);
    of(gateway).or_else(|| {
        let paths = gateway.get("dataPathStatistics")?.as_array()?;
        paths.iter().filter_map(of).reduce(u64::saturating_add)
    })
}

/// The reader's number of a management event, where it tells one.
#[must_use]
pub fn management_number(object: &Value) -> Option<u64> {
    object.get("eventNum").and_then(Value::as_u64)
}

/// A command's payload.
#[must_use]
pub fn command(name: &str, id: &str, payload: &Value) -> Vec<u8> {
    json!({ "command": name, "command_id": id, "payload": payload }).to_string().into_bytes()
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// Degrees to 65,536 a turn.
fn turn(degrees: f64) -> i16 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]
    let part = (degrees.rem_euclid(360.0) / 360.0 * 65_536.0) as u32 as u16 as i16;
    part
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(nibble(pair[0])? << 4 | nibble(pair[1])?).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(byte).collect())?
}

/// ISO 8601 with its offset (`Z`, `+0000`, `+00:00`) to microseconds since 1970.
fn time_us(text: &str) -> Option<u64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_microsecond()).ok()
}

/// Words of a device as they may be shown.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
