//! What is known of a reader's clock: how far it is off, and whether it jumped. Pure.
//!
//! A reader tells moments, and they arrive later: the greatest of `told - arrived` is nearest to the truth.
//! Ahead, a jump is seen at once; behind, it can't be told from late delivery by one moment, so it takes
//! [`BEHIND_SAMPLES`] live ones that agree. Absent: what our own clock is (`task` gives it).

/// Least change that is a jump, in microseconds.
pub const JUMP_US_MIN: i64 = 1_000_000;
/// Moments in a row that must agree before a clock counts as put back.
pub const BEHIND_SAMPLES: u32 = 3;
/// Moments that arrive closer together count once: they may have waited together.
const APART_US_MIN: u64 = 100_000;

/// Which clock a reader tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockKind {
    /// Microseconds since 1970.
    Utc,
    /// Microseconds since the reader started: it has no wall clock.
    Uptime,
}

/// What is known of a reader's clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReaderClock {
    kind: Option<ClockKind>,
    /// The reader's time less ours, in microseconds.
    offset_us: Option<i64>,
    behind: Behind,
}

/// Moments in a row that are further behind than the offset allows.
#[derive(Debug, Clone, Default)]
struct Behind {
    count: u32,
    /// The greatest of their offsets.
    offset_us: i64,
    last_us: u64,
}

impl ReaderClock {
    /// The reader's time less ours, in microseconds.
    pub(crate) fn offset_us(&self) -> Option<i64> {
        self.offset_us
    }

    /// Which clock it is.
    pub(crate) fn kind(&self) -> Option<ClockKind> {
        self.kind
    }

    /// Takes a moment the reader told; gives by how much its clock jumped, if it did.
    pub(crate) fn observe(&mut self, kind: ClockKind, told_us: u64, now_us: u64) -> Option<i64> {
        let sample = i64::try_from(i128::from(told_us) - i128::from(now_us)).ok()?;
        let known = self.offset_us.filter(|_| self.kind == Some(kind));
        self.kind = Some(kind);
        let Some(offset) = known else {
            self.offset_us = Some(sample);
            return None;
        };
        let change = sample.saturating_sub(offset);
        if change > -JUMP_US_MIN {
            self.behind = Behind::default();
            self.offset_us = Some(offset.max(sample));
            return (change >= JUMP_US_MIN).then_some(change);
        }
        self.fall_behind(sample, now_us)?;
        let change = self.behind.offset_us.saturating_sub(offset);
        self.offset_us = Some(self.behind.offset_us);
        self.behind = Behind::default();
        Some(change)
    }

    /// `Some` once enough moments agree that the clock was put back.
    fn fall_behind(&mut self, sample: i64, now_us: u64) -> Option<()> {
        let behind = &mut self.behind;
        let agrees = sample.saturating_sub(behind.offset_us).saturating_abs() < JUMP_US_MIN / 2;
        if behind.count == 0 || !agrees {
            *behind = Behind { count: 1, offset_us: sample, last_us: now_us };
            return None;
        }
        behind.offset_us = behind.offset_us.max(sample);
        if now_us.saturating_sub(behind.last_us) >= APART_US_MIN {
            behind.count += 1;
            behind.last_us = now_us;
        }
        (behind.count >= BEHIND_SAMPLES).then_some(())
    }
}

/// Microseconds as people read a difference of clocks: `3.2 s ahead`.
pub(crate) fn in_words(us: i64) -> String {
    let tenths = us.unsigned_abs() / 100_000;
    let way = if us < 0 { "behind" } else { "ahead" };
    format!("{}.{} s {way}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UTC: ClockKind = ClockKind::Utc;

    #[test]
    fn the_offset_is_that_of_the_quickest_delivery() {
        let mut clock = ReaderClock::default();
        assert_eq!(clock.observe(UTC, 5_000_000, 1_000_000), None);
        assert_eq!(clock.observe(UTC, 5_800_000, 2_000_000), None);
        assert_eq!(clock.observe(UTC, 7_100_000, 3_000_000), None);
        assert_eq!(clock.offset_us(), Some(4_100_000));
        assert_eq!(in_words(4_100_000), "4.1 s ahead");
        assert_eq!(in_words(-61_250_000), "61.2 s behind");
    }

    #[test]
    fn ahead_is_a_jump_at_once_and_behind_when_several_agree() {
        let mut clock = ReaderClock::default();
        clock.observe(UTC, 1_000_000, 1_000_000);
        assert_eq!(clock.observe(UTC, 5_000_000, 2_000_000), Some(3_000_000));
        assert_eq!(clock.observe(UTC, 1_000_000, 3_000_000), None);
        assert_eq!(clock.observe(UTC, 1_200_000, 3_200_000), None);
        assert_eq!(clock.observe(UTC, 1_400_000, 3_400_000), Some(-5_000_000));
        assert_eq!(clock.offset_us(), Some(-2_000_000));
    }

    #[test]
    fn what_was_held_and_comes_in_one_go_is_no_jump() {
        let mut clock = ReaderClock::default();
        clock.observe(UTC, 100_000_000, 100_000_000);
        for held in 0..1_000 {
            assert_eq!(clock.observe(UTC, 40_000_000 + held * 10_000, 101_000_000), None);
        }
        assert_eq!(clock.observe(UTC, 102_000_000, 102_000_000), None);
        assert_eq!(clock.offset_us(), Some(0));
    }

    #[test]
    fn another_kind_of_clock_begins_anew_and_no_number_is_too_great() {
        let mut clock = ReaderClock::default();
        clock.observe(UTC, u64::MAX, 0);
        clock.observe(UTC, 7, 3);
        assert_eq!(clock.observe(ClockKind::Uptime, u64::MAX, 9), None);
        assert_eq!(clock.observe(ClockKind::Uptime, 19, 9), None);
        assert_eq!((clock.kind(), clock.offset_us()), (Some(ClockKind::Uptime), Some(10)));
    }
}
