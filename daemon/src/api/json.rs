//! What a body of JSON must be before anything is read out of it.
//!
//! RFC 8259 leaves open what a second value of one name means, and parsers differ; here whoever
//! checks and whoever acts must never read two different things, so a repeated name is refused, at
//! any depth and however it is written (`"a"` is `"\u0061"`). Also refused, each with the place: a
//! byte order mark, bytes that are not UTF-8, a lone surrogate, numbers beyond a double, `NaN`, more
//! nesting than [`DEPTH_MAX`], anything after the value. Absent: what the values must be (the types
//! say that).

use std::{collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// Deepest nesting of arrays and objects; documents need four.
const DEPTH_MAX: usize = 32;

/// Why a body is refused, in words that begin with the field where there is one.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err("the body begins with a byte order mark: send plain UTF-8".to_owned());
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("the body is not UTF-8 at byte {}", error.valid_up_to()))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let told = |error: serde_json::Error| error.to_string();
    Strict { depth: 0 }.deserialize(&mut reader).map_err(told)?;
    reader.end().map_err(told)
}

/// Any value, walked through for what is refused.
struct Strict {
    depth: usize,
}

impl Strict {
    /// For what lies inside this value.
    fn inner<E: serde::de::Error>(&self) -> Result<usize, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom(format!("the body is nested deeper than {DEPTH_MAX} levels")));
        }
        Ok(self.depth + 1)
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let depth = self.inner()?;
        while list.next_element_seed(Strict { depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let depth = self.inner()?;
        let mut seen: HashSet<String> = HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            if seen.contains(&name) {
                let shown: String = name.chars().take(64).collect();
                return Err(A::Error::custom(format!(
                    "the name {shown:?} stands twice in one object"
                )));
            }
            object.next_value_seed(Strict { depth })?;
            seen.insert(name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn what_a_document_needs_passes() {
        for good in [
            "{}",
            " [1, -2.5, true, null, \"\\u00e4\\ud83d\\ude00\", {\"a\": {\"a\": 1}}] \n",
            "\"text\"",
            "18446744073709551615",
        ] {
            assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
        }
        let deep = format!("{}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
        assert_eq!(check(deep.as_bytes()), Ok(()));
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        let deeper = format!("{}{}", "[".repeat(DEPTH_MAX + 1), "]".repeat(DEPTH_MAX + 1));
        let deepest = "[".repeat(1 << 20);
        for (bad, words) in [
            (&b"\xEF\xBB\xBF{}"[..], "byte order mark"),
            (b"{\"a\":1,\"a\":1}", "\"a\" stands twice"),
            (b"{\"a\":1,\"\\u0061\":2}", "\"a\" stands twice"),
            (b"[{\"b\":[{\"c\":1,\"d\":2,\"c\":3}]}]", "\"c\" stands twice"),
            (b"{\"a\":\"\xff\"}", "not UTF-8 at byte 6"),
            (b"{\"a\":\"\\ud800\"}", "hex escape"),
            (b"{\"a\":NaN}", "expected value"),
            (b"{\"a\":Infinity}", "expected value"),
            (b"{\"a\":1e400}", "number out of range"),
            (b"{\"a\":01}", "invalid number"),
            (b"{\"a\":1}x", "trailing characters"),
            (b"{\"a\":1}{}", "trailing characters"),
            (b"{\"a\":1,}", "trailing comma"),
            (b"{'a':1}", "key must be a string"),
            (b"{\"a\":\"\x01\"}", "control character"),
            (b"", "EOF"),
            (b"{\"a\":\"", "EOF"),
            (deeper.as_bytes(), "nested deeper than 32 levels"),
            (deepest.as_bytes(), "nested deeper than 32 levels"),
        ] {
            let shown = String::from_utf8_lossy(&bad[..bad.len().min(40)]).into_owned();
            let told = check(bad).unwrap_err();
            assert!(told.contains(words), "{shown}: {told}");
        }
    }
}
