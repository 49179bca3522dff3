//! What a value of JSON must be, and what is told where it is not.

use gatewarden_model::Hash;
use serde_json::Value;

use crate::exchange::mistake::{Wrong, shown, wrong};

pub(super) fn hash(text: &str) -> Result<Hash, Wrong> {
    Hash::parse_hex(text).ok_or_else(|| {
        let message = format!("{} is no digest of a version", shown(text));
        wrong("link-malformed", message, "write 64 hex digits, or leave it out")
    })
}

/// A text, or nothing where it may be null.
pub(super) fn text(value: &Value, optional: bool) -> Result<Option<String>, Wrong> {
    match value {
        Value::String(text) => Ok(Some(text.clone())),
        Value::Null if optional => Ok(None),
        other => Err(type_wrong("a text in quotes", other)),
    }
}

/// A number as its digits; whether it is whole is asked by whoever reads it.
pub(super) fn integer(value: &Value) -> Result<Option<String>, Wrong> {
    match value {
        Value::Number(number) => Ok(Some(number.to_string())),
        other => Err(type_wrong("a whole number", other)),
    }
}

pub(super) fn type_wrong(expected: &str, found: &Value) -> Wrong {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    wrong("type-wrong", format!("{found} stands here"), format!("write {expected}"))
}

pub(super) fn missing(name: &str, what: &str) -> Wrong {
    wrong("key-missing", format!("{name} is missing"), format!("say {what}"))
}

pub(super) fn unknown(key: &str) -> Wrong {
    let message = format!("there is no key {}", shown(key));
    wrong("key-unknown", message, "take it out; fields of the house stand in custom")
}
