//! What a text looks like: a mask in which `9` is a digit, `A` a capital letter, `a` a small one, `X` a
//! capital letter or digit, `?` any one character and `*` any rest; after `\` a character is itself.
//!
//! A mask and not a regular expression: people read it, and it takes no longer than the text is long.
//! Letters are those of ASCII. Invariant: `*` stands last, if at all.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Longest mask, in bytes.
const MASK_BYTES_MAX: usize = 128;

/// A mask.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mask {
    text: String,
    places: Vec<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Digit,
    Capital,
    Small,
    CapitalOrDigit,
    Any,
    Rest,
    Is(char),
}

/// Why a text is no mask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    /// Nothing, or too much.
    #[error("a mask has 1 to {MASK_BYTES_MAX} printable bytes")]
    Length,
    /// Something after the rest.
    #[error("\"*\" stands for any rest: nothing follows it (write \"\\*\" for a star)")]
    Rest,
    /// A backslash at the end.
    #[error("after \"\\\" stands the character that is meant")]
    Escape,
}

impl Mask {
    /// Whether a text looks so.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        let mut chars = text.chars();
        for place in &self.places {
            if *place == Place::Rest {
                return true;
            }
            if !chars.next().is_some_and(|c| place.takes(c)) {
                return false;
            }
        }
        chars.next().is_none()
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Place {
    fn takes(self, c: char) -> bool {
        match self {
            Self::Digit => c.is_ascii_digit(),
            Self::Capital => c.is_ascii_uppercase(),
            Self::Small => c.is_ascii_lowercase(),
            Self::CapitalOrDigit => c.is_ascii_uppercase() || c.is_ascii_digit(),
            Self::Any | Self::Rest => true,
            Self::Is(own) => own == c,
        }
    }
}

impl FromStr for Mask {
    type Err = MaskError;

    fn from_str(text: &str) -> Result<Self, MaskError> {
        if !(1..=MASK_BYTES_MAX).contains(&text.len()) || text.contains(char::is_control) {
            return Err(MaskError::Length);
        }
        let (mut places, mut chars) = (Vec::new(), text.chars());
        while let Some(c) = chars.next() {
            if places.last() == Some(&Place::Rest) {
                return Err(MaskError::Rest);
            }
            places.push(match c {
                '9' => Place::Digit,
                'A' => Place::Capital,
                'a' => Place::Small,
                'X' => Place::CapitalOrDigit,
                '?' => Place::Any,
                '*' => Place::Rest,
                '\\' => Place::Is(chars.next().ok_or(MaskError::Escape)?),
                own => Place::Is(own),
            });
        }
        Ok(Self { text: text.to_owned(), places })
    }
}

impl Serialize for Mask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Mask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    #[test]
    fn a_mask_takes_what_looks_so_and_nothing_else() {
        let cases = [
            ("HS9999.99", "HS8517.62", true),
            ("HS9999.99", "HS8517.6", false),
            ("HS9999.99", "HS8517.621", false),
            ("AAX-*", "CN7-anything 螺", true),
            ("AAX-*", "CN7-", true),
            ("AAX-*", "cN7-x", false),
            ("\\A9", "A1", true),
            ("\\A9", "B1", false),
            ("??", "螺栓", true),
            ("a?", "B1", false),
        ];
        for (mask, text, fits) in cases {
            assert_eq!(mask.parse::<Mask>().unwrap().fits(text), fits, "{mask} {text}");
        }
        for (bad, why) in [
            ("", MaskError::Length),
            ("a\n", MaskError::Length),
            ("*9", MaskError::Rest),
            ("9\\", MaskError::Escape),
        ] {
            assert_eq!(bad.parse::<Mask>().unwrap_err(), why, "{bad:?}");
        }
    }
}
