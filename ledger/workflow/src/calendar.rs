//! The working calendar: hours of a day, days of a week, holidays, and the days that are worked instead.
//!
//! Time-outs count working time only. All in whole minutes of the house's own time; a search for the end
//! of a span ends after [`CALENDAR_DAYS_MAX`] days.

use std::{fmt, str::FromStr};

use gatewarden_model::Day;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// How far ahead the end of a span is looked for, in days; and most holidays or extra workdays.
pub const CALENDAR_DAYS_MAX: u32 = 3_660;

const MINUTE_US: i64 = 60_000_000;
const DAY_MIN: i64 = 24 * 60;

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "they are what they are called")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    const ALL: [Self; 7] =
        [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// That of a day.
    #[must_use]
    pub fn of(day: Day) -> Self {
        // 1970-01-01 was a Thursday.
        let index = (day.number() + 3).rem_euclid(7);
        Self::ALL[usize::try_from(index).unwrap_or(0)]
    }
}

/// A span of working hours within a day, as `08:30-12:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hours {
    /// Minutes since midnight.
    pub from_min: u16,
    /// Minutes since midnight, at most 24:00.
    pub to_min: u16,
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let two = |text: &str| (text.len() == 2).then(|| text.parse::<u16>().ok()).flatten();
            let (hour, minute) = (two(hour)?, two(minute)?);
            (minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
        };
        let parts = text.split_once('-').and_then(|(a, b)| Some((time(a)?, time(b)?)));
        match parts {
            Some((from_min, to_min)) if from_min < to_min => Ok(Self { from_min, to_min }),
            _ => Err(format!("{text:?} are no hours: write them as 08:30-12:00")),
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from_min, to_min } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from_min / 60, from_min % 60, to_min / 60, to_min % 60)
    }
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// When people work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calendar {
    /// Minutes east of UTC.
    pub utc_offset_min: i32,
    /// The working hours of a day, in their order.
    pub hours: Vec<Hours>,
    /// The days of the week that are worked.
    pub weekdays: Vec<Weekday>,
    /// Days that are not worked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Day>,
    /// Days that are worked although they are weekend or holiday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workdays: Vec<Day>,
}

impl Default for Calendar {
    /// Monday to Friday, 08:00 to 17:00 UTC.
    fn default() -> Self {
        Self {
            utc_offset_min: 0,
            hours: vec![Hours { from_min: 8 * 60, to_min: 17 * 60 }],
            weekdays: Weekday::ALL[..5].to_vec(),
            holidays: vec![],
            workdays: vec![],
        }
    }
}

impl Calendar {
    /// Whether a day is worked.
    #[must_use]
    pub fn is_workday(&self, day: Day) -> bool {
        self.workdays.contains(&day)
            || self.weekdays.contains(&Weekday::of(day)) && !self.holidays.contains(&day)
    }

    /// The business's day of a microsecond.
    #[must_use]
    pub fn day(&self, us: i64) -> Day {
        Day::from_number(self.minute(us).div_euclid(DAY_MIN))
    }

    fn minute(&self, us: i64) -> i64 {
        us.div_euclid(MINUTE_US) + i64::from(self.utc_offset_min)
    }

    /// Whether somebody works at a microsecond.
    #[must_use]
    pub fn is_open(&self, us: i64) -> bool {
        let minute = self.minute(us).rem_euclid(DAY_MIN);
        let within = |h: &Hours| (i64::from(h.from_min)..i64::from(h.to_min)).contains(&minute);
        self.is_workday(self.day(us)) && self.hours.iter().any(within)
    }

    /// The microsecond at which `minutes` of working time are over since `from_us`; none where that is
    /// beyond [`CALENDAR_DAYS_MAX`].
    #[must_use]
    pub fn after(&self, from_us: i64, minutes: u32) -> Option<i64> {
        let start = self.minute(from_us);
        let mut left = i64::from(minutes);
        let first = start.div_euclid(DAY_MIN);
        for number in first..first + i64::from(CALENDAR_DAYS_MAX) {
            if !self.is_workday(Day::from_number(number)) {
                continue;
            }
            for hours in &self.hours {
                let midnight = number * DAY_MIN;
                let from = (midnight + i64::from(hours.from_min)).max(start);
                let span = midnight + i64::from(hours.to_min) - from;
                if span >= left {
                    let minute = from + left - i64::from(self.utc_offset_min);
                    return Some(minute.saturating_mul(MINUTE_US));
                }
                left -= span.max(0);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> i64 {
        let (day, time) = text.split_once(' ').unwrap();
        let (hour, minute) = time.split_once(':').unwrap();
        let days = i64::from(day.parse::<Day>().unwrap().number());
        let minutes = hour.parse::<i64>().unwrap() * 60 + minute.parse::<i64>().unwrap();
        (days * DAY_MIN + minutes - 480) * MINUTE_US
    }

    #[test]
    fn working_time_leaves_out_nights_weekends_and_holidays() {
        let days = |list: &[&str]| list.iter().map(|day| day.parse().unwrap()).collect();
        let calendar = Calendar {
            utc_offset_min: 480,
            hours: vec!["08:30-12:00".parse().unwrap(), "13:00-17:30".parse().unwrap()],
            holidays: days(&["2026-10-01", "2026-10-02"]),
            workdays: days(&["2026-10-10"]),
            ..Calendar::default()
        };
        for (from, minutes, expect) in [
            ("2026-09-28 09:00", 60, "2026-09-28 10:00"),
            ("2026-09-28 11:30", 60, "2026-09-28 13:30"),
            ("2026-09-28 06:00", 30, "2026-09-28 09:00"),
            ("2026-09-28 17:30", 1, "2026-09-29 08:31"),
            // Holidays on Thursday and Friday, then the weekend.
            ("2026-09-30 17:00", 60, "2026-10-05 09:00"),
            // A Saturday that is worked.
            ("2026-10-09 17:00", 60, "2026-10-10 09:00"),
            ("2026-10-10 17:00", 60, "2026-10-12 09:00"),
            ("2026-09-28 08:30", 480, "2026-09-28 17:30"),
        ] {
            assert_eq!(calendar.after(at(from), minutes), Some(at(expect)), "{from} + {minutes}");
        }
        assert!(calendar.is_open(at("2026-10-10 10:00")));
        assert!(!calendar.is_open(at("2026-10-01 10:00")));
        assert!(!calendar.is_open(at("2026-09-28 12:30")));
        let never = Calendar { weekdays: vec![], ..Calendar::default() };
        assert_eq!(never.after(0, 1), None);
    }

    #[test]
    fn hours_are_strict() {
        assert_eq!("08:30-12:00".parse::<Hours>().unwrap().to_string(), "08:30-12:00");
        for bad in ["", "8:30-12:00", "12:00-08:00", "08:00-25:00", "08:60-09:00", "08:00"] {
            assert!(bad.parse::<Hours>().is_err(), "{bad}");
        }
        assert_eq!(Weekday::of("2026-11-29".parse().unwrap()), Weekday::Sun);
    }
}
