//! What must be seen of a device: a value of its observations held against a bound. Pure.

use serde_json::{Map, Value, json};

use crate::registry::{Field, Shape, Wrong};

/// How long an expectation may wait where it says nothing, in milliseconds.
const WITHIN_MS: u64 = 5_000;
/// As much for what makes a scenario ready: programs start and connect.
const READY_MS: u64 = 60_000;

/// One `[[expect]]` of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// When it is looked at first, in milliseconds since the start.
    pub at_ms: u64,
    /// How long it may take from then on.
    pub within_ms: u64,
    /// The device's name.
    pub device: String,
    /// The way through its observations, the keys and indexes joined by dots.
    pub see: String,
    /// What it must be.
    pub holds: Holds,
    /// Its line in the file.
    pub line: usize,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Holds {
    /// This one.
    Is(Value),
    /// A number from this on.
    AtLeast(i64),
    /// A number up to this.
    AtMost(i64),
    /// A list with this in it, or a text or a list of texts with this text in it.
    Contains(Value),
}

/// What stands beside `device` and `see`.
pub(super) const FIELDS: &[Field] = &[
    Field::may("at_ms", Shape::number(0, i64::MAX), "when; after the last step without it"),
    Field::may("within_ms", Shape::number(0, 3_600_000), "how long it may take; 5000 without it"),
    Field::must("device", Shape::Text, "whose observations"),
    Field::must("see", Shape::Text, "the way through them, such as coils.3"),
];
/// What stands beside them in `[[ready]]`.
pub(super) const READY_FIELDS: &[Field] = &[
    Field::may("within_ms", Shape::number(0, 3_600_000), "how long it may take; 60000 without it"),
    Field::must("device", Shape::Text, "whose observations"),
    Field::must("see", Shape::Text, "the way through them, such as connected"),
];
/// Exactly one of these.
pub(super) const BOUNDS: [&str; 4] = ["is", "at_least", "at_most", "contains"];

impl Holds {
    /// Takes the one bound out of a table.
    pub(super) fn take(table: &mut Map<String, Value>) -> Result<Self, Wrong> {
        let mut found: Vec<_> =
            BOUNDS.iter().filter_map(|key| table.remove(*key).map(|value| (*key, value))).collect();
        let (Some((key, value)), true) = (found.pop(), found.is_empty()) else {
            let message = format!("an expectation needs exactly one of {}", BOUNDS.join(", "));
            return Err(Wrong { path: Vec::new(), message });
        };
        let number = value.as_i64().ok_or_else(|| Wrong {
            path: vec![key.to_owned()],
            message: format!("{key} is {value}, expected a whole number"),
        });
        match key {
            "is" => Ok(Self::Is(value)),
            "at_least" => number.map(Self::AtLeast),
            "at_most" => number.map(Self::AtMost),
            _ => Ok(Self::Contains(value)),
        }
    }

    /// Whether a value is so.
    #[must_use]
    pub fn of(&self, value: &Value) -> bool {
        match self {
            Self::Is(wanted) => value == wanted,
            Self::AtLeast(least) => value.as_i64().is_some_and(|number| number >= *least),
            Self::AtMost(most) => value.as_i64().is_some_and(|number| number <= *most),
            Self::Contains(wanted) => contains(value, wanted),
        }
    }

    /// In words.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Is(wanted) => format!("{wanted}"),
            Self::AtLeast(least) => format!("at least {least}"),
            Self::AtMost(most) => format!("at most {most}"),
            Self::Contains(wanted) => format!("something with {wanted} in it"),
        }
    }
}

fn contains(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
        (Value::Array(list), wanted) => {
            list.iter().any(|entry| entry == wanted || contains(entry, wanted))
        }
        _ => false,
    }
}

impl Expect {
    /// Of a checked table.
    pub(super) fn new(table: &Map<String, Value>, holds: Holds, last_ms: u64, line: usize) -> Self {
        let number = |key: &str| table.get(key).and_then(Value::as_u64);
        let text =
            |key: &str| table.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (device, see) = (text("device"), text("see"));
        let within_ms = number("within_ms").unwrap_or(WITHIN_MS);
        Self { at_ms: number("at_ms").unwrap_or(last_ms), within_ms, device, see, holds, line }
    }

    /// Of a checked table of `[[ready]]`.
    pub(super) fn ready(table: &Map<String, Value>, holds: Holds, line: usize) -> Self {
        let within_ms = table.get("within_ms").and_then(Value::as_u64).unwrap_or(READY_MS);
        Self { within_ms, ..Self::new(table, holds, 0, line) }
    }

    /// What it looks at, in a device's observations.
    #[must_use]
    pub fn seen(&self, observed: &Value) -> Option<Value> {
        let mut at = observed;
        for key in self.see.split('.') {
            at = match at {
                Value::Array(list) => list.get(key.parse::<usize>().ok()?)?,
                other => other.get(key)?,
            };
        }
        Some(at.clone())
    }

    /// In words, for who reads that it failed.
    #[must_use]
    pub fn failed(&self, observed: &Value) -> String {
        let Self { device, see, within_ms, at_ms, line, .. } = self;
        let wanted = self.holds.told();
        let was = match self.seen(observed) {
            Some(was) => format!("was {was}"),
            None => {
                let keys = observed.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>());
                format!("is not there (there is {})", keys.unwrap_or_default().join(", "))
            }
        };
        format!(
            "line {line}: {device}: {see} {was}, expected {wanted} within {within_ms} ms of {at_ms} ms"
        )
    }

    /// As an event.
    #[must_use]
    pub fn told(&self, observed: &Value, ok: bool) -> Value {
        json!({
            "event": "expect", "device": self.device, "see": self.see, "ok": ok,
            "value": self.seen(observed), "expected": self.holds.told(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use serde_json::{Value, json};

    use super::{Expect, Holds};

    fn expect(see: &str, holds: Holds) -> Expect {
        let table = json!({ "device": "erp", "see": see });
        Expect::new(table.as_object().unwrap(), holds, 30, 7)
    }

    #[test]
    fn bounds_hold_what_they_say_and_a_failure_says_what_was_seen() {
        let seen = json!({ "coils": [false, true], "count": 3, "last": ["^XA one ^XZ"] });
        let cases = [
            ("coils.1", Holds::Is(json!(true)), true),
            ("coils.0", Holds::Is(json!(true)), false),
            ("count", Holds::AtLeast(3), true),
            ("count", Holds::AtLeast(4), false),
            ("count", Holds::AtMost(2), false),
            ("last", Holds::Contains(json!("one")), true),
            ("last", Holds::Contains(json!("two")), false),
        ];
        for (see, holds, ok) in cases {
            let expect = expect(see, holds);
            let value = expect.seen(&seen).unwrap();
            assert_eq!(expect.holds.of(&value), ok, "{expect:?}");
        }
        let failed = expect("count", Holds::AtLeast(4)).failed(&seen);
        assert_eq!(failed, "line 7: erp: count was 3, expected at least 4 within 5000 ms of 30 ms");
        let absent = expect("moved", Holds::Is(Value::Null)).failed(&seen);
        assert!(absent.contains("moved is not there (there is coils, count, last)"), "{absent}");
    }
}
