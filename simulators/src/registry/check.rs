//! What options and arguments look like, and everything that is wrong with given ones.
//!
//! One check for TOML and JSON: both come as JSON values; a [`Wrong`] has the path to what is wrong,
//! from which the parser of scenarios finds the line. Pure.

use std::net::SocketAddr;

use serde_json::{Map, Value, json};

use crate::llrp::{FIELD_TAGS_MAX, SimTag};

/// One option or argument.
#[derive(Debug)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// Whether it must be there.
    pub needed: bool,
    /// What it means, in one line.
    pub about: &'static str,
}

impl Field {
    /// One that must be there.
    #[must_use]
    pub const fn must(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, shape, needed: true, about }
    }

    /// One that may be there.
    #[must_use]
    pub const fn may(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, shape, needed: false, about }
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Any text.
    Text,
    /// True or false.
    Flag,
    /// A whole number between two, both included.
    Number {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// `IP:PORT`.
    Address,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Tags: `{ epc = "hex", … }` or a run of serials of an item `{ gtin = …, serial = …, … }`.
    Tags,
    /// The name of a device further up that can do all these actions.
    Device(&'static [&'static str]),
}

impl Shape {
    /// A whole number.
    #[must_use]
    pub const fn number(least: i64, most: i64) -> Self {
        Self::Number { least, most }
    }

    /// What a person is told to write.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Text => "\"…\"".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Number { least, most: i64::MAX } => format!("a whole number from {least} on"),
            Self::Number { least, most } => format!("a whole number from {least} to {most}"),
            Self::Address => "\"IP:PORT\"".to_owned(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::Tags => {
                "[{ gtin = …, serial = …, prefix_digits = …, antenna = …, rssi_dbm = … }] or \
                           [{ epc = \"hex\", antenna = …, rssi_dbm = … }]"
                    .to_owned()
            }
            Self::Device(can) => {
                format!("\"a device above that can {}\"", can.join(" and "))
            }
        }
    }
}

/// One thing that a device can be made to do.
#[derive(Debug)]
pub struct Verb {
    /// As a step's `do` spells it.
    pub name: &'static str,
    /// What happens, in one line.
    pub about: &'static str,
    /// What it takes.
    pub takes: &'static [Field],
}

impl Verb {
    /// An action.
    #[must_use]
    pub const fn new(name: &'static str, about: &'static str, takes: &'static [Field]) -> Self {
        Self { name, about, takes }
    }

    /// As JSON, for the control API.
    #[must_use]
    pub fn told(&self) -> Value {
        json!({ "do": self.name, "about": self.about, "takes": fields(self.takes) })
    }
}

/// Fields as JSON, for the control API.
#[must_use]
pub fn fields(fields: &[Field]) -> Value {
    let told = |field: &Field| {
        let Field { name, shape, needed, about } = field;
        json!({ "name": name, "shape": shape.told(), "needed": needed, "about": about })
    };
    fields.iter().map(told).collect()
}

/// What is wrong, and the keys and indexes that lead there; none is the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The way to it.
    pub path: Vec<String>,
    /// What is wrong and what was expected.
    pub message: String,
}

/// A device that others may name.
#[derive(Debug, Clone, Copy)]
pub struct Peer<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub kind: &'static super::Kind,
}

/// Options or arguments that have been checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arguments(Map<String, Value>);

/// Holds what was given against what `owner` takes.
///
/// # Errors
/// Everything that is wrong.
pub fn check(
    owner: &str,
    takes: &[Field],
    given: Map<String, Value>,
    peers: &[Peer<'_>],
) -> Result<Arguments, Vec<Wrong>> {
    let mut wrong = Vec::new();
    for key in given.keys().filter(|key| takes.iter().all(|field| field.name != **key)) {
        let names: Vec<_> = takes.iter().map(|field| field.name).collect();
        let can = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        let message = format!("{owner} takes no {key} (expected {can})");
        wrong.push(Wrong { path: vec![key.clone()], message });
    }
    for field in takes {
        let Field { name, shape, needed, .. } = field;
        match given.get(*name) {
            Some(value) => {
                let found =
                    one(name, shape, value, peers).into_iter().map(|(mut path, message)| {
                        path.insert(0, (*name).to_owned());
                        Wrong { path, message }
                    });
                wrong.extend(found);
            }
            None if *needed => {
                let message = format!("{owner} needs {name} = {}", shape.told());
                wrong.push(Wrong { path: Vec::new(), message });
            }
            None => {}
        }
    }
    if wrong.is_empty() { Ok(Arguments(given)) } else { Err(wrong) }
}

type Found = Vec<(Vec<String>, String)>;

fn one(name: &str, shape: &Shape, value: &Value, peers: &[Peer<'_>]) -> Found {
    let fits = match shape {
        Shape::Text => value.is_string(),
        Shape::Flag => value.is_boolean(),
        Shape::Number { least, most } => {
            value.as_i64().is_some_and(|number| (*least..=*most).contains(&number))
        }
        Shape::Address => value.as_str().is_some_and(|text| text.parse::<SocketAddr>().is_ok()),
        Shape::OneOf(words) => value.as_str().is_some_and(|text| words.contains(&text)),
        Shape::Tags => {
            return tags(value).err().into_iter().collect();
        }
        Shape::Device(can) => {
            let found = peers.iter().find(|peer| Some(peer.name) == value.as_str());
            found.is_some_and(|peer| can.iter().all(|verb| peer.kind.action(verb).is_some()))
        }
    };
    if fits {
        Vec::new()
    } else {
        vec![(Vec::new(), format!("{name} is {value}, expected {}", shape.told()))]
    }
}

fn tags(value: &Value) -> Result<Vec<SimTag>, (Vec<String>, String)> {
    let here = |what: &str| (Vec::new(), what.to_owned());
    let list = value.as_array().ok_or_else(|| here("expected a list of tags"))?;
    let mut tags = Vec::new();
    for (index, entry) in list.iter().enumerate() {
        let added = run(entry).map_err(|(key, what)| {
            let mut path = vec![index.to_string()];
            path.extend(key.map(str::to_owned));
            (path, what)
        })?;
        tags.extend(added);
        if tags.len() > FIELD_TAGS_MAX {
            return Err((vec![index.to_string()], format!("at most {FIELD_TAGS_MAX} tags")));
        }
    }
    Ok(tags)
}

type Pointed = (Option<&'static str>, String);

/// The tags of one entry: one, or `count` serials from `serial` on.
fn run(entry: &Value) -> Result<Vec<SimTag>, Pointed> {
    const KEYS: [&str; 7] =
        ["epc", "gtin", "serial", "count", "prefix_digits", "antenna", "rssi_dbm"];
    let table = entry.as_object().ok_or((None, "a tag is a table".to_owned()))?;
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err((None, format!("a tag has no {key} (expected {})", KEYS.join(", "))));
    }
    let number = |key: &'static str| {
        let needs =
            || (table.contains_key(key).then_some(key), format!("a tag needs {key} = a number"));
        table.get(key).and_then(Value::as_i64).ok_or_else(needs)
    };
    let narrow = |key: &'static str| move |_| (Some(key), format!("{key} is out of its range"));
    let antenna = u16::try_from(number("antenna")?).map_err(narrow("antenna"))?;
    let rssi_dbm = i8::try_from(number("rssi_dbm")?).map_err(narrow("rssi_dbm"))?;
    let tag = |epc: Vec<u8>| SimTag { epc, antenna, rssi_dbm };
    if let Some(epc) = table.get("epc") {
        let bytes = epc
            .as_str()
            .and_then(from_hex)
            .filter(|bytes| bytes.len().is_multiple_of(2) && (2..=62).contains(&bytes.len()));
        let what = || (Some("epc"), "epc is 1 to 31 words in hexadecimal".to_owned());
        return Ok(vec![tag(bytes.ok_or_else(what)?)]);
    }
    let gtin = table.get("gtin").and_then(Value::as_str);
    let gtin = gtin.ok_or((None, "a tag needs gtin = \"…\" or epc = \"hex\"".to_owned()))?;
    let serial = u64::try_from(number("serial")?).map_err(narrow("serial"))?;
    let digits = usize::try_from(number("prefix_digits")?).map_err(narrow("prefix_digits"))?;
    let count = if table.contains_key("count") { number("count")? } else { 1 };
    let count = u64::try_from(count).map_err(narrow("count"))?;
    if count > FIELD_TAGS_MAX as u64 {
        return Err((Some("count"), format!("at most {FIELD_TAGS_MAX} tags")));
    }
    (serial..serial.saturating_add(count))
        .map(|serial| {
            let epc = crate::try_sgtin96(gtin, serial, digits);
            epc.map(|epc| tag(epc.to_vec())).map_err(|error| (Some("gtin"), error.to_string()))
        })
        .collect()
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

impl Arguments {
    /// Those of a JSON object that needs no check, because the program wrote it.
    #[must_use]
    pub fn of(value: Value) -> Self {
        match value {
            Value::Object(map) => Self(map),
            _ => Self::default(),
        }
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A flag; false where it is not there.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whether it is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A number.
    #[must_use]
    pub fn number<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        self.0.get(name).and_then(Value::as_i64).and_then(|number| T::try_from(number).ok())
    }

    /// Where to listen.
    #[must_use]
    pub fn bind(&self) -> SocketAddr {
        self.address("bind").unwrap_or(crate::LOOPBACK)
    }

    /// An address.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<SocketAddr> {
        self.text(name).and_then(|text| text.parse().ok())
    }

    /// Tags; none where they are not there.
    #[must_use]
    pub fn tags(&self, name: &str) -> Vec<SimTag> {
        self.0.get(name).and_then(|value| tags(value).ok()).unwrap_or_default()
    }

    /// In a few words, for an event: lists only with their length.
    #[must_use]
    pub fn told(&self) -> Value {
        let short = |(key, value): (&String, &Value)| match value {
            Value::Array(list) => (key.clone(), json!(list.len())),
            other => (key.clone(), other.clone()),
        };
        Value::Object(self.0.iter().map(short).collect())
    }
}
