//! Bytes as base64url without padding (RFC 4648, section 5), as WebAuthn's JSON writes them.
//!
//! The text is bounded before it is decoded. Absent: other alphabets, padding.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longest text that is decoded, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 32 * 1024;

/// Bytes that are base64url in JSON.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Base64Url(pub Vec<u8>);

impl Base64Url {
    /// Decodes a text. Nothing where it is not base64url without padding, or over `TEXT_BYTES_MAX`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() <= TEXT_BYTES_MAX;
        fits.then(|| URL_SAFE_NO_PAD.decode(text).ok().map(Self)).flatten()
    }
}

impl fmt::Display for Base64Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl fmt::Debug for Base64Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Base64Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Base64Url;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "base64url without padding, at most {TEXT_BYTES_MAX} characters")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Base64Url, E> {
                Base64Url::parse(text).ok_or_else(|| E::custom("not base64url without padding"))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
