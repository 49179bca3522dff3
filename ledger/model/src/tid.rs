//! The TID of a tag: what its chip says of itself (GS1 EPC Gen2 clause 6.3.2.1.3), as bytes.
//!
//! Written by the chip's maker and locked for ever, but a programmable chip can tell any: a TID that fits is
//! evidence, no proof. Invariants: 1 to [`TID_BYTES_MAX`] bytes; one spelling, upper-case hex. Absent: what the bytes
//! mean (`epc::memory`), reading them (the drivers).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{hash::hex_upper, text};

/// Longest TID that is kept, in bytes: 4 of class, maker and model, 2 of header, and the longest serial number that
/// the Tag Data Standard knows (144 bits, clause 16.2.2), with room. More words are left out.
pub const TID_BYTES_MAX: usize = 32;
/// Least bytes that can tell one chip from another: shorter ones say the maker and model only.
pub const TID_BYTES_OWN: usize = 8;

/// A TID as a reader told it, or as a tag was commissioned with.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tid(Box<[u8]>);

/// How a TID that was read stands to the commissioned one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TidFit {
    /// All of the commissioned bytes were read and are the same.
    Same,
    /// What was read is the same as far as it goes, but there is less of it.
    Short,
    /// Another chip.
    Other,
}

impl Tid {
    /// The TID of bytes as they were read: what is beyond [`TID_BYTES_MAX`] is left out, none is none.
    #[must_use]
    pub fn of_read(bytes: &[u8]) -> Option<Self> {
        let cut = &bytes[..bytes.len().min(TID_BYTES_MAX)];
        (!cut.is_empty()).then(|| Self(cut.into()))
    }

    /// Reads it as people write it: hex of either case, with spaces or dashes between.
    pub fn parse(text: &str) -> Result<Self, TidError> {
        let digits = text.chars().filter(|c| !matches!(c, ' ' | '-'));
        let bare: String =
            digits.map(|c| c.to_ascii_uppercase()).take(2 * TID_BYTES_MAX + 1).collect();
        bare.parse()
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is long enough to tell one chip from another of the same kind.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.0.len() >= TID_BYTES_OWN
    }

    /// How what was `read` stands to this, the commissioned one. Readers differ in how many words they read.
    #[must_use]
    pub fn fit(&self, read: &Self) -> TidFit {
        if read.0.starts_with(&self.0) {
            TidFit::Same
        } else if self.0.starts_with(&read.0) {
            TidFit::Short
        } else {
            TidFit::Other
        }
    }
}

/// Why a text is no TID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a TID is 1 to {TID_BYTES_MAX} bytes in hex, such as E2801160600002054C3AB1C7")]
pub struct TidError;

impl FromStr for Tid {
    type Err = TidError;

    /// The one spelling: upper-case hex.
    fn from_str(text: &str) -> Result<Self, TidError> {
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'A'..=b'F' => Ok(digit - b'A' + 10),
            _ => Err(TidError),
        };
        let digits = text.as_bytes();
        if digits.is_empty() || digits.len() > 2 * TID_BYTES_MAX || !digits.len().is_multiple_of(2)
        {
            return Err(TidError);
        }
        let byte = |pair: &[u8]| Ok(digit(pair[0])? << 4 | digit(pair[1])?);
        Ok(Self(digits.chunks_exact(2).map(byte).collect::<Result<_, TidError>>()?))
    }
}

impl fmt::Display for Tid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex_upper(&self.0))
    }
}

impl fmt::Debug for Tid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Tid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Tid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parse(deserializer, |text| text.parse::<Self>().map_err(|e| e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    #[test]
    fn it_has_one_spelling_and_people_may_write_it_freely() {
        let tid = Tid::parse("e280-1160 6000 0205").unwrap();
        assert_eq!(tid.to_string(), "E280116060000205");
        assert_eq!(serde_json::to_string(&tid).unwrap(), "\"E280116060000205\"");
        assert_eq!(serde_json::from_str::<Tid>("\"E280116060000205\"").unwrap(), tid);
        for wrong in ["", "e2", "E2 8", "E", "GG", "E2-"] {
            assert!(wrong.parse::<Tid>().is_err(), "{wrong}");
        }
        assert!(Tid::parse(&"AB".repeat(TID_BYTES_MAX + 1)).is_err());
        assert_eq!(Tid::of_read(&[7; 99]).unwrap().as_bytes(), [7; TID_BYTES_MAX]);
        assert_eq!(Tid::of_read(&[]), None);
    }

    #[test]
    fn a_reader_that_reads_less_proves_nothing_and_accuses_nobody() {
        let [known, longer, shorter, other] = [
            "E2801160600002054C3AB1C7",
            "E2801160600002054C3AB1C70000",
            "E28011606000",
            "E2801160600002054C3AB1C8",
        ]
        .map(|text| Tid::parse(text).unwrap());
        assert_eq!(known.fit(&known), TidFit::Same);
        assert_eq!(known.fit(&longer), TidFit::Same);
        assert_eq!(known.fit(&shorter), TidFit::Short);
        assert_eq!(known.fit(&other), TidFit::Other);
        assert!(known.is_own() && !shorter.is_own());
    }
}
