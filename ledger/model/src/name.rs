//! Names and identifiers. Each comes only from its parser, so a value that exists is well formed.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::text;

/// Longest name or code, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}: {rule}")]
pub struct NameError {
    /// The kind of name asked for.
    pub what: &'static str,
    /// What was given, cut to a readable length.
    pub text: String,
    /// The rule it breaks.
    pub rule: &'static str,
}

const SLUG_RULE: &str =
    "use 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit";
const CODE_RULE: &str = "use 1 to 64 bytes of printable text without leading or trailing space";

fn is_slug(text: &str) -> bool {
    let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && ok(text.as_bytes()[0])
        && text.bytes().all(|b| ok(b) || matches!(b, b'.' | b'_' | b'-'))
}

fn is_code(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:ident, $rule:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses a name. Fails with the rule that the text breaks.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                if $check(text) {
                    return Ok(Self(text.into()));
                }
                let text = text.chars().take(80).collect();
                Err(NameError { what: $what, text, rule: $rule })
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text::parse(deserializer, Self::parse)
            }
        }
    };
}

text_name!(/// A reader, scanner, printer or I/O module.
    DeviceId, "device name", is_slug, SLUG_RULE);
text_name!(/// The place that devices serve.
    StationId, "station name", is_slug, SLUG_RULE);
text_name!(/// A person who may be authenticated.
    OperatorId, "operator name", is_slug, SLUG_RULE);
text_name!(/// A machine that calls the API with a token.
    ClientId, "client name", is_slug, SLUG_RULE);
text_name!(/// The queue of deliveries to one ERP.
    LaneId, "lane name", is_slug, SLUG_RULE);
text_name!(/// A definition of what is told to whom.
    NoticeId, "notice's name", is_slug, SLUG_RULE);
text_name!(/// A custom field of a document.
    CustomName, "custom field's name", is_slug, SLUG_RULE);
text_name!(/// A step of a workflow.
    NodeId, "step name", is_slug, SLUG_RULE);
text_name!(/// A workflow: who must sign a kind of document.
    WorkflowId, "workflow name", is_slug, SLUG_RULE);
text_name!(/// An item's code in the item master.
    ItemId, "item code", is_code, CODE_RULE);

macro_rules! uuid_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    };
}

uuid_name!(/// One window of reads at a station (UUIDv7, minted when it opens).
    PassId);
uuid_name!(/// One authenticated stay of an operator at a station.
    SessionId);
uuid_name!(/// One movement. It is the id of the pass that caused it, so every hop is idempotent.
    MovementId);
uuid_name!(/// What a document line expects to happen at a station.
    TaskId);
uuid_name!(/// One request for a change that needs a second person.
    ChangeId);
uuid_name!(/// One campaign of access review.
    ReviewId);
uuid_name!(/// One label to be printed (UUIDv7).
    LabelId);

impl From<PassId> for MovementId {
    fn from(pass: PassId) -> Self {
        Self(pass.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_strict_and_codes_are_human() {
        for good in ["dock-1", "0", "a.b_c-9"] {
            assert!(DeviceId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "Dock", "-a", "a b", "é", &"x".repeat(65)] {
            assert!(DeviceId::parse(bad).is_err(), "{bad}");
        }
        for good in ["M-100/4", "螺栓 M8", "A"] {
            assert!(ItemId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", " x", "x\n", "a\u{1d}b"] {
            assert!(ItemId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
