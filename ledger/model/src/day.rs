//! A calendar day of the business, without time and zone.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Stamp;

const US_A_DAY: i64 = 86_400_000_000;

/// A day, as `2026-11-22`; from 1900-01-01 to 9999-12-31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(i32);

/// Why a text is not a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a day: write it as 2026-11-22")]
pub struct DayError(pub String);

impl Day {
    const MIN: i32 = -25_567;
    const MAX: i32 = 2_932_896;

    /// The UTC day of a stamp's wall clock, moved by `offset_min` minutes east.
    #[must_use]
    pub fn of(at: &Stamp, offset_min: i32) -> Self {
        let local = at.wall_us.saturating_add(i64::from(offset_min) * 60_000_000);
        Self::from_number(local.div_euclid(US_A_DAY))
    }

    /// Days since 1970-01-01, kept within the range.
    #[must_use]
    pub fn from_number(days: i64) -> Self {
        let days = days.clamp(i64::from(Self::MIN), i64::from(Self::MAX));
        Self(i32::try_from(days).unwrap_or(Self::MIN))
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }

    fn date(self) -> Date {
        let epoch = jiff::civil::date(1970, 1, 1);
        epoch.saturating_add(jiff::Span::new().days(self.0))
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let wrong = || DayError(text.chars().take(40).collect());
        let date: Date = text.parse().map_err(|_| wrong())?;
        let span = jiff::civil::date(1970, 1, 1).until(date).map_err(|_| wrong())?;
        let day = Self(span.get_days());
        // One day has one spelling.
        let in_range = (Self::MIN..=Self::MAX).contains(&day.0);
        if in_range && day.to_string() == text { Ok(day) } else { Err(wrong()) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    #[test]
    fn days_have_one_spelling_and_follow_the_offset() {
        for (number, text) in [(0, "1970-01-01"), (20_779, "2026-11-22"), (-1, "1969-12-31")] {
            assert_eq!(Day::from_number(number).to_string(), text);
            assert_eq!(i64::from(text.parse::<Day>().unwrap().number()), number);
        }
        for bad in ["", "2026-2-3", "20261122", "2026-02-30", "1899-12-31", "2026-11-22T00:00"] {
            assert!(bad.parse::<Day>().is_err(), "{bad:?}");
        }
        let at = Stamp {
            boot: uuid::Uuid::nil(),
            mono_us: 0,
            wall_us: 20 * 3_600_000_000,
            synced: true,
        };
        assert_eq!(Day::of(&at, 0).number(), 0);
        assert_eq!(Day::of(&at, 480).number(), 1);
        assert_eq!(Day::from_number(i64::MAX).to_string(), "9999-12-31");
        assert_eq!(Day::from_number(i64::MIN).to_string(), "1900-01-01");
    }
}
