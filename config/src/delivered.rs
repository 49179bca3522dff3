//! What proves to a webhook's lane that a movement was taken: `success`, `receipt`, `accept_any`.
//!
//! Absent: what these mean for an answer (`gatewarden-adapters`).

use crate::{
    fields::{Fields, Value},
    report::Walk,
    shape::{Key, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, optional},
};

/// What proves that a receiver has a movement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// A JSON pointer, and what must stand there.
    pub success: Option<(String, Scalar)>,
    /// A JSON pointer to the receiver's name for the movement, which must be there.
    pub receipt: Option<String>,
    /// Answers of any content type count, but never HTML.
    pub accept_any: bool,
}

/// A simple value of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
}

const POINTER: Shape = Shape::Text(Text::Pointer);

pub(crate) static SUCCESS: Section = Section {
    doc: "What must stand in the answer to a movement.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional("pointer", POINTER, "Where in the answer, as a JSON pointer such as \"/ok\"."),
        Key {
            name: "equals",
            doc: "What must stand there.",
            shape: Shape::Scalar,
            need: Need::Default(Plain::Bool(true)),
        },
    ],
};

pub(crate) const RECEIPT: Key = optional(
    "receipt",
    POINTER,
    "Where the receiver's name for the movement must stand in the answer, such as \"/id\".",
);

impl Delivered {
    pub(crate) fn build(adapter: &Fields) -> Option<Self> {
        let success = adapter.table("success");
        Some(Self {
            success: success.and_then(|of| Some((of.owned("pointer")?, of.scalar("equals")?))),
            receipt: adapter.owned("receipt"),
            accept_any: adapter.bool("accept_any")?,
        })
    }
}

/// `success` says where to look.
pub(crate) fn check(walk: &mut Walk<'_>, adapter: &Fields) {
    let Some(success) = adapter.table("success").filter(|of| of.at != adapter.at) else { return };
    if !success.stands("pointer") {
        let hint = Some("such as success = { pointer = \"/ok\", equals = true }".to_owned());
        let message = "missing key \"pointer\"";
        walk.error(success.at, "missing-key", message, "a JSON pointer such as \"/ok\"", hint);
    }
}

impl Fields {
    fn scalar(&self, key: &str) -> Option<Scalar> {
        match self.value(key)? {
            Value::Bool(bool) => Some(Scalar::Bool(*bool)),
            Value::Integer(integer) => Some(Scalar::Integer(*integer)),
            Value::Text(text) => Some(Scalar::Text(text.clone())),
            _ => None,
        }
    }
}
