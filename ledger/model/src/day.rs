//! A calendar day of the business, without time and zone (proleptic Gregorian, ISO 8601).
//!
//! Counted here and not by a library of dates: those that are well kept can read the clock, and pure
//! code may not. The tests hold it against one.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Stamp, text};

const US_A_DAY: i64 = 86_400_000_000;
/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_EPOCH: i32 = 719_468;
const DAYS_400_YEARS: i32 = 146_097;

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

    /// Year, month and day of the month. Years are counted from March here, so that the day which
    /// some have and others don't is the last.
    fn civil(self) -> (i32, i32, i32) {
        let days = self.0 + DAYS_TO_EPOCH;
        let (era, day) = (days.div_euclid(DAYS_400_YEARS), days.rem_euclid(DAYS_400_YEARS));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let of_year = day - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let of_month = of_year - (153 * month + 2) / 5 + 1;
        let next = i32::from(month >= 10);
        (400 * era + year + next, if next == 1 { month - 9 } else { month + 3 }, of_month)
    }

    /// The day of a date; of one that does not exist, such as 30 February, some other day.
    fn of_civil(year: i32, month: i32, of_month: i32) -> Self {
        let year = year - i32::from(month <= 2);
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + of_month - 1;
        let day = 365 * year + year / 4 - year / 100 + of_year;
        Self(era * DAYS_400_YEARS + day - DAYS_TO_EPOCH)
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let wrong = || DayError(text.chars().take(40).collect());
        let mut parts = text.splitn(3, '-').map(|part| part.parse::<u16>().map(i32::from));
        let (Some(Ok(year)), Some(Ok(month)), Some(Ok(of_month))) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        if year > 9999 || !(1..=12).contains(&month) {
            return Err(wrong());
        }
        let day = Self::of_civil(year, month, of_month);
        // One day has one spelling, and a date that does not exist has none.
        let in_range = (Self::MIN..=Self::MAX).contains(&day.0);
        if in_range && day.to_string() == text { Ok(day) } else { Err(wrong()) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, of_month) = self.civil();
        write!(f, "{year:04}-{month:02}-{of_month:02}")
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parse(deserializer, str::parse)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    #[test]
    fn every_day_is_that_of_a_library_of_dates() {
        let epoch = jiff::civil::date(1970, 1, 1);
        for number in (Day::MIN..=60_000).chain((60_000..=Day::MAX).step_by(97)) {
            let date = epoch.checked_add(jiff::Span::new().days(number)).unwrap();
            assert_eq!(Day(number).to_string(), date.to_string());
            assert_eq!(date.to_string().parse::<Day>().unwrap(), Day(number));
        }
        assert_eq!(Day(Day::MIN).to_string(), "1900-01-01");
        assert_eq!(Day(Day::MAX).to_string(), "9999-12-31");
    }

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
