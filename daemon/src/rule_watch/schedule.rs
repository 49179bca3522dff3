//! When rules with a schedule are due, over restarts.
//!
//! Invariants: the last time that a rule ran is on disk, by the rule and its cron text; times that passed while the
//! gateway was off are made up for once, and the findings bear the last of them. A rule that is new, or has another
//! schedule, begins with its next time. What could not be kept runs again rather than never.

use std::collections::BTreeMap;

use croner::Cron;
use gatewarden_engine::ScheduledRule;
use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};

use crate::spool::{self, Spool};

/// The schedules of the rules in force.
#[derive(Debug, Default)]
pub(super) struct Schedules {
    /// When each is due next, in microseconds of the wall clock, by rule and cron text.
    next: BTreeMap<String, i64>,
}

/// The name of a schedule among the spool's cursors.
fn lane(rule: &ScheduledRule) -> String {
    format!("@rules {} {}", rule.id, rule.cron)
}

impl Schedules {
    /// Forgets schedules that are not in force.
    pub(super) fn retain(&mut self, rules: &[ScheduledRule]) {
        self.next.retain(|lane_of, _| rules.iter().any(|rule| lane(rule) == *lane_of));
    }

    /// The time at which a rule was due, where it did not run since.
    pub(super) async fn due(
        &mut self,
        spool: &Spool,
        rule: &ScheduledRule,
        (now_us, offset_min): (i64, i32),
    ) -> anyhow::Result<Option<i64>> {
        let lane = lane(rule);
        let next_us = match self.next.get(&lane) {
            Some(next_us) => *next_us,
            None => {
                let last = last_run(spool, &lane).await?.filter(|last| *last <= now_us);
                if last.is_none() {
                    keep(spool, &lane, now_us).await?;
                }
                let last_us = last.unwrap_or(now_us);
                let next_us = next_time(&rule.cron, last_us, offset_min).unwrap_or(i64::MAX);
                self.next.insert(lane, next_us);
                next_us
            }
        };
        if next_us > now_us {
            return Ok(None);
        }
        Ok(Some(last_time(&rule.cron, now_us, offset_min).unwrap_or(next_us)))
    }

    /// Keeps that a rule ran for a time at which it was due.
    pub(super) async fn ran(
        &mut self,
        spool: &Spool,
        rule: &ScheduledRule,
        (due_us, offset_min): (i64, i32),
    ) -> anyhow::Result<()> {
        let next_us = next_time(&rule.cron, due_us, offset_min).unwrap_or(i64::MAX);
        self.next.insert(lane(rule), next_us);
        keep(spool, &lane(rule), due_us).await
    }
}

async fn last_run(spool: &Spool, lane: &str) -> anyhow::Result<Option<i64>> {
    let lane = lane.to_owned();
    let kept = spool.run(move |t| spool::cursor(t, &lane)).await?;
    Ok(kept.map(|kept| i64::try_from(kept).unwrap_or(i64::MAX)))
}

async fn keep(spool: &Spool, lane: &str, at_us: i64) -> anyhow::Result<()> {
    let (lane, at_us) = (lane.to_owned(), u64::try_from(at_us).unwrap_or(0));
    Ok(spool.run(move |t| spool::keep_cursor(t, &lane, at_us)).await?)
}

fn zoned(us: i64, offset_min: i32) -> Option<jiff::Zoned> {
    let offset = Offset::from_seconds(offset_min.checked_mul(60)?).ok()?;
    Some(Timestamp::from_microsecond(us).ok()?.to_zoned(TimeZone::fixed(offset)))
}

/// The next time after `now_us` that a cron text names, by the clock of a zone; none where there is none.
fn next_time(cron: &str, now_us: i64, offset_min: i32) -> Option<i64> {
    let cron: Cron = cron.parse().ok()?;
    let next = cron.find_next_occurrence(&zoned(now_us, offset_min)?, false).ok()?;
    Some(next.timestamp().as_microsecond())
}

/// The last time at or before `now_us`.
fn last_time(cron: &str, now_us: i64, offset_min: i32) -> Option<i64> {
    let cron: Cron = cron.parse().ok()?;
    let last = cron.find_previous_occurrence(&zoned(now_us, offset_min)?, true).ok()?;
    Some(last.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn a_schedule_is_told_by_the_clock_of_the_gateways_zone() {
        // 1970-01-01T00:00Z is 08:00 in China; six in the morning is 22 hours later.
        assert_eq!(next_time("0 6 * * *", 0, 480), Some(22 * HOUR));
        assert_eq!(next_time("0 6 * * *", 0, 0), Some(6 * HOUR));
        assert_eq!(next_time("0 6 * * *", 6 * HOUR, 0), Some(30 * HOUR), "not twice");
        assert_eq!(next_time("0 0 30 2 *", 0, 0), None, "there is no such day");
        assert_eq!(last_time("0 6 * * *", 30 * HOUR, 0), Some(30 * HOUR));
        assert_eq!(last_time("0 6 * * *", 30 * HOUR - 1, 0), Some(6 * HOUR));
    }

    #[tokio::test]
    async fn what_was_missed_is_made_up_for_once_with_the_time_it_was_due() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = crate::spool::Spool::open(&dir.path().join("spool.db"), 10).unwrap();
        let rule = |cron: &str| ScheduledRule {
            id: "dead-stock".to_owned(),
            cron: cron.to_owned(),
            of_stock: true,
        };
        let daily = rule("0 6 * * *");
        let mut first = Schedules::default();
        assert_eq!(first.due(&spool, &daily, (HOUR, 0)).await.unwrap(), None, "it is new");
        assert_eq!(first.due(&spool, &daily, (6 * HOUR, 0)).await.unwrap(), Some(6 * HOUR));
        assert_eq!(first.due(&spool, &daily, (7 * HOUR, 0)).await.unwrap(), Some(6 * HOUR));
        first.ran(&spool, &daily, (6 * HOUR, 0)).await.unwrap();
        assert_eq!(first.due(&spool, &daily, (29 * HOUR, 0)).await.unwrap(), None);
        // The gateway was off for three days.
        let mut again = Schedules::default();
        let due = again.due(&spool, &daily, (80 * HOUR, 0)).await.unwrap();
        assert_eq!(due, Some(78 * HOUR), "the last of them");
        again.ran(&spool, &daily, (78 * HOUR, 0)).await.unwrap();
        assert_eq!(again.due(&spool, &daily, (81 * HOUR, 0)).await.unwrap(), None, "once");
        let other = rule("0 5 * * *");
        assert_eq!(again.due(&spool, &other, (81 * HOUR, 0)).await.unwrap(), None, "it is new");
        // A clock that was ahead holds nothing up.
        let mut back = Schedules::default();
        assert_eq!(back.due(&spool, &other, (10 * HOUR, 0)).await.unwrap(), None);
        assert_eq!(back.due(&spool, &other, (30 * HOUR, 0)).await.unwrap(), Some(29 * HOUR));
    }
}
