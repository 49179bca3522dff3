//! The ledger's bytes: a strict profile of JSON, so that an auditor can read them and any language
//! can check them, yet one value has exactly one encoding.
//!
//! The profile (version 1): UTF-8; no white space; object keys sorted by their bytes and unique;
//! numbers are integers within the signed 64-bit range, in shortest decimal form; strings escape
//! only `"`, `\` and the control characters below 0x20, the latter as `\u00xx` in lower-case hex;
//! no floats. It is RFC 8785 with wider integers and uniform control escapes.

pub(crate) mod cursor;
mod writer;

use serde::{Serialize, de::DeserializeOwned};

use writer::Writer;

/// Deepest nesting that is encoded or decoded.
pub const DEPTH_MAX: usize = 32;

/// What is set aside for a value's bytes at first; most entries fit.
const BYTES_EXPECTED: usize = 2048;

/// Why bytes are not canonical, or a value can't be made so.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// The value can't be told as JSON, or the bytes are not JSON of the type asked for.
    #[error("not a value of this kind: {0}")]
    Value(#[from] serde_json::Error),
    /// A float or an integer beyond 64 bits.
    #[error("{0} is not a 64-bit integer")]
    Number(String),
    /// Nested too deep.
    #[error("nested deeper than {DEPTH_MAX}")]
    Depth,
    /// The same value has other bytes.
    #[error("not the canonical form: it differs at byte {at}")]
    Form {
        /// The first byte that differs.
        at: usize,
    },
}

/// Encodes one value after the other, and keeps its room between them.
#[derive(Debug)]
pub struct Encoder(Writer);

impl Encoder {
    /// With room for an entry.
    #[must_use]
    pub fn new() -> Self {
        Self(Writer::with_capacity(BYTES_EXPECTED))
    }

    /// The canonical bytes of a value, until the next is encoded.
    pub fn encode<T: Serialize>(&mut self, value: &T) -> Result<&[u8], CanonicalError> {
        self.0.clear();
        value.serialize(&mut self.0)?;
        Ok(&self.0.out)
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

/// The canonical bytes of a value.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    let mut writer = Writer::with_capacity(BYTES_EXPECTED);
    value.serialize(&mut writer)?;
    Ok(writer.out)
}

/// Reads a value, and refuses bytes that are not exactly its canonical form.
pub fn decode<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, CanonicalError> {
    let value: T = serde_json::from_slice(bytes)?;
    let again = encode(&value)?;
    if again == bytes {
        return Ok(value);
    }
    let at = again.iter().zip(bytes).take_while(|(a, b)| a == b).count();
    Err(CanonicalError::Form { at })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    /// The profile told over a tree of values, the slow and plain way: what `Writer` must equal.
    fn told<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
        let mut out = Vec::new();
        write(&serde_json::to_value(value)?, &mut out, 0)?;
        Ok(out)
    }

    fn write(value: &Value, out: &mut Vec<u8>, depth: usize) -> Result<(), CanonicalError> {
        if depth > DEPTH_MAX {
            return Err(CanonicalError::Depth);
        }
        match value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Bool(true) => out.extend_from_slice(b"true"),
            Value::Bool(false) => out.extend_from_slice(b"false"),
            Value::Number(number) => match number.as_i64() {
                Some(n) => out.extend_from_slice(n.to_string().as_bytes()),
                None => return Err(CanonicalError::Number(number.to_string())),
            },
            Value::String(text) => write_string(text, out),
            Value::Array(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write(item, out, depth + 1)?;
                }
                out.push(b']');
            }
            Value::Object(map) => {
                // Sorted here, because serde_json's map keeps insertion order if any crate asks for it.
                let mut pairs: Vec<_> = map.iter().collect();
                pairs.sort_unstable_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
                out.push(b'{');
                for (i, (key, item)) in pairs.into_iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write_string(key, out);
                    out.push(b':');
                    write(item, out, depth + 1)?;
                }
                out.push(b'}');
            }
        }
        Ok(())
    }

    fn write_string(text: &str, out: &mut Vec<u8>) {
        out.push(b'"');
        for byte in text.bytes() {
            match byte {
                b'"' => out.extend_from_slice(b"\\\""),
                b'\\' => out.extend_from_slice(b"\\\\"),
                0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                _ => out.push(byte),
            }
        }
        out.push(b'"');
    }

    #[derive(Serialize)]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    enum Tagged {
        One { z: u8, a: Option<i64> },
        Two(Inner),
    }

    #[derive(Serialize)]
    struct Inner {
        zz: char,
        b: (bool, &'static str),
        #[serde(skip_serializing_if = "Option::is_none")]
        gone: Option<u8>,
        c: Plain,
    }

    #[derive(Serialize)]
    enum Plain {
        Unit,
        Newtype(i8),
        Tuple(u8, u16),
        Struct { y: u32, x: () },
    }

    fn check<T: Serialize>(value: &T) {
        let text =
            |bytes: Result<Vec<u8>, _>| bytes.map(|b| String::from_utf8_lossy(&b).into_owned());
        match (text(encode(value)), text(told(value))) {
            (Ok(ours), Ok(told)) => assert_eq!(ours, told),
            (Err(ours), Err(told)) => assert_eq!(ours.to_string(), told.to_string()),
            (ours, told) => panic!("{ours:?} is not {told:?}"),
        }
    }

    #[test]
    fn the_writer_equals_the_profile_told_over_a_tree() {
        let inner = |c| Inner { zz: 'ß', b: (true, "\n\"\\"), gone: None, c };
        check(&Tagged::One { z: 3, a: None });
        for c in
            [Plain::Unit, Plain::Newtype(-7), Plain::Tuple(1, 2), Plain::Struct { y: 1, x: () }]
        {
            check(&Tagged::Two(inner(c)));
        }
        check(&BTreeMap::from([(10, "ten"), (9, "nine"), (-1, "")]));
        check(&BTreeMap::from([("\u{1}", vec![1, 2]), ("\"", vec![]), ("!", vec![3])]));
        check(&BTreeMap::from([(true, i64::MIN), (false, i64::MAX)]));
        check(&json!({"é": [{}, [], [[1]]], "e": null, "z": {"b": 1, "a": {"d": 2, "c": 3}}}));
        check(&u64::MAX);
        check(&1.5);
        for depth in [DEPTH_MAX - 1, DEPTH_MAX, DEPTH_MAX + 1] {
            check(&(0..depth).fold(json!(1), |deep, _| json!([deep])));
            check(&(0..depth).fold(json!({}), |deep, _| json!({"b": 0, "a": deep})));
        }
    }

    #[test]
    fn an_encoder_forgets_what_it_wrote_before() {
        let mut encoder = Encoder::new();
        assert!(encoder.encode(&json!({"a": [1, 1.5]})).is_err());
        for n in [0, -1, 10, 1_234_567_890, i64::MIN, i64::MAX] {
            let value = json!({"b": n, "a": "x"});
            let bytes = encoder.encode(&value).expect("encodes");
            let text = format!("{{\"a\":\"x\",\"b\":{n}}}");
            assert_eq!(String::from_utf8_lossy(bytes), text);
            assert_eq!(encode(&value).expect("encodes"), text.as_bytes());
        }
    }

    #[test]
    fn one_value_has_one_encoding() {
        let value = json!({"b": [1, -2, null, true], "a": "q\"\\\u{1d}é\u{7f}", "aa": {}});
        let bytes = encode(&value).expect("encodes");
        let text = "{\"a\":\"q\\\"\\\\\\u001dé\u{7f}\",\"aa\":{},\"b\":[1,-2,null,true]}";
        assert_eq!(String::from_utf8_lossy(&bytes), text);
        assert_eq!(decode::<Value>(&bytes).expect("decodes"), value);
    }

    #[test]
    fn other_spellings_are_refused() {
        for bad in [
            r#"{"a":1 }"#,
            r#"{"b":1,"a":2}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":"\u00e9"}"#,
            r#"{"a":01}"#,
            r#"{"a":1.0}"#,
            r#"{"a":1e2}"#,
            r#"{"a":"\n"}"#,
            r#"{"a":1}x"#,
            r#"{"a":18446744073709551615}"#,
            "",
            "\u{feff}{}",
        ] {
            assert!(decode::<Value>(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
