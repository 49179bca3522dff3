//! Quiet hours: when somebody is not to be told what can wait.
//!
//! Invariants: every moment is quiet or not, and a quiet time ends within `QUIET_DAYS_MAX` days, whatever the
//! table says, so that nothing waits for ever. Minutes of the house's clock (an offset from UTC that does
//! not follow summer time, as the business day).

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Day, OperatorId};
use serde::{Deserialize, Serialize};

const US_A_MIN: i64 = 60_000_000;
const MIN_A_DAY: i64 = 1_440;
/// The longest time that is quiet at a stretch, in days.
pub const QUIET_DAYS_MAX: i64 = 15;
/// Most holidays of one calendar.
pub const HOLIDAYS_MAX: usize = 1_000;

/// The hours in which somebody may be told anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The first minute of the day, 0 to 1439.
    pub from_min: u32,
    /// The minute after the last one, to 1440; where it is not later than `from_min`, they go over midnight.
    pub to_min: u32,
    /// The days of the week, 1 for Monday to 7 for Sunday, sorted.
    pub weekdays: Vec<u8>,
}

impl Default for Hours {
    fn default() -> Self {
        Self { from_min: 7 * 60 + 30, to_min: 20 * 60, weekdays: (1..=7).collect() }
    }
}

/// When it is quiet, for everybody or for one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// The hours that are not quiet; none where nothing ever waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Those of people who work at other times.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub of: BTreeMap<OperatorId, Hours>,
    /// Days that are quiet altogether.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub holidays: BTreeSet<Day>,
}

impl QuietHours {
    /// The first moment (microseconds of the wall clock) from `now` on at which this receiver may be told what
    /// can wait; `now` where it is not quiet.
    #[must_use]
    pub fn open_from(&self, whom: Option<&OperatorId>, now_us: i64, offset_min: i32) -> i64 {
        let Some(hours) = whom.and_then(|who| self.of.get(who)).or(self.hours.as_ref()) else {
            return now_us;
        };
        let offset_us = i64::from(offset_min) * US_A_MIN;
        let local = now_us.saturating_add(offset_us);
        let day = local.div_euclid(MIN_A_DAY * US_A_MIN);
        // Yesterday's hours may go on after midnight.
        for day in day - 1..=day + QUIET_DAYS_MAX {
            if let Some((from, to)) = self.span(hours, day)
                && local < to
            {
                return from.max(local) - offset_us;
            }
        }
        now_us.saturating_add(QUIET_DAYS_MAX * MIN_A_DAY * US_A_MIN)
    }

    /// The hours that begin on a day, in local microseconds; none where the whole day is quiet.
    fn span(&self, hours: &Hours, day: i64) -> Option<(i64, i64)> {
        // 1970-01-01 was a Thursday.
        let weekday = u8::try_from((day + 3).rem_euclid(7) + 1).ok()?;
        if !hours.weekdays.contains(&weekday) || self.holidays.contains(&Day::from_number(day)) {
            return None;
        }
        let (from, to) = (i64::from(hours.from_min), i64::from(hours.to_min));
        let to = if to <= from { to + MIN_A_DAY } else { to };
        let start = day * MIN_A_DAY;
        Some(((start + from) * US_A_MIN, (start + to) * US_A_MIN))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    fn at(day: &str, hour: i64, minute: i64) -> i64 {
        let day: Day = day.parse().unwrap();
        (i64::from(day.number()) * MIN_A_DAY + hour * 60 + minute) * US_A_MIN
    }

    #[test]
    fn what_can_wait_waits_until_somebody_works() {
        let hours = |from, to, weekdays: &[u8]| Hours {
            from_min: from,
            to_min: to,
            weekdays: weekdays.to_vec(),
        };
        let night: OperatorId = "zhao.liu".parse().unwrap();
        let table = QuietHours {
            hours: Some(hours(480, 1080, &[1, 2, 3, 4, 5])),
            of: [(night.clone(), hours(1320, 360, &[5, 6]))].into(),
            holidays: ["2026-12-01".parse().unwrap()].into(),
        };
        // 2026-11-27 is a Friday.
        for (now, then) in [
            (at("2026-11-27", 9, 0), at("2026-11-27", 9, 0)),
            (at("2026-11-27", 7, 59), at("2026-11-27", 8, 0)),
            (at("2026-11-27", 18, 0), at("2026-11-30", 8, 0)),
            (at("2026-11-30", 18, 30), at("2026-12-02", 8, 0)),
        ] {
            assert_eq!(table.open_from(None, now, 0), then);
            let east = 480;
            let shift = i64::from(east) * US_A_MIN;
            assert_eq!(table.open_from(None, now - shift, east), then - shift);
        }
        for (now, then) in [
            (at("2026-11-28", 2, 0), at("2026-11-28", 2, 0)),
            (at("2026-11-28", 6, 0), at("2026-11-28", 22, 0)),
            (at("2026-11-29", 12, 0), at("2026-12-04", 22, 0)),
        ] {
            assert_eq!(table.open_from(Some(&night), now, 0), then);
        }
        assert_eq!(QuietHours::default().open_from(None, 5, 0), 5);
        let never = QuietHours { hours: Some(hours(0, 1440, &[])), ..QuietHours::default() };
        assert_eq!(never.open_from(None, 0, 0), QUIET_DAYS_MAX * MIN_A_DAY * US_A_MIN);
    }
}
