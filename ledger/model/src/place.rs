//! Locations: physical places, and the virtual ones that make every movement a double entry.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// The kinds of virtual location. All but transit and subcontractor may hold a negative quantity.
pub const VIRTUAL_KINDS: [&str; 6] =
    ["supplier", "customer", "production", "subcontractor", "loss", "transit"];

/// Where stock is: `wh1/dock/a-03` for a physical place, `@supplier/ACME` for a virtual one.
///
/// One to eight segments of printable text, at most 128 bytes in all.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location(Arc<str>);

/// Why a text is not a location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a location: write a path such as \"wh1/dock\", or \"@supplier/NAME\" \
     with one of supplier, customer, production, subcontractor, loss, transit"
)]
pub struct LocationError(pub String);

impl Location {
    /// Parses a location.
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        let wrong = || LocationError(text.chars().take(130).collect());
        let segments: Vec<&str> = text.strip_prefix('@').unwrap_or(text).split('/').collect();
        let well_formed = |s: &&str| {
            !s.is_empty()
                && s.trim() == *s
                && !s.starts_with('@')
                && !s.chars().any(char::is_control)
        };
        let kind_known = !text.starts_with('@') || VIRTUAL_KINDS.contains(&segments[0]);
        if text.len() > 128
            || segments.len() > 8
            || !segments.iter().all(well_formed)
            || !kind_known
        {
            return Err(wrong());
        }
        Ok(Self(text.into()))
    }

    /// True for places that exist in the building: their stock never goes negative.
    #[must_use]
    pub fn is_physical(&self) -> bool {
        !self.0.starts_with('@')
    }

    /// The kind of a virtual location (`supplier` of `@supplier/ACME`); none for a physical place.
    #[must_use]
    pub fn virtual_kind(&self) -> Option<&str> {
        self.0.strip_prefix('@').map(|rest| rest.split('/').next().unwrap_or(rest))
    }

    /// Whether what is here is the house's stock, with a value and an age: physical places, goods in
    /// transit and material at a subcontractor. No such quantity ever goes below zero.
    #[must_use]
    pub fn holds_stock(&self) -> bool {
        matches!(self.virtual_kind(), None | Some("transit" | "subcontractor"))
    }

    /// The location as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Location {
    type Err = LocationError;
    fn from_str(text: &str) -> Result<Self, LocationError> {
        Self::parse(text)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parse(deserializer, Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_kinds_are_closed_and_paths_are_clean() {
        for good in ["wh1", "wh1/dock/a-03", "@supplier/ACME", "@loss", "@production/line 2"] {
            assert!(Location::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "/", "wh1/", "a//b", "@nowhere/x", "@", "a/@supplier", "a\nb", " a"] {
            assert!(Location::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Location::parse("wh1/dock").is_ok_and(|l| l.is_physical()));
        assert!(Location::parse("@supplier/ACME").is_ok_and(|l| !l.is_physical()));
    }
}
