//! What is known of a reader's clock: how far it is off, whether it jumped, and how long ago a moment was
//! that it tells. Pure.
//!
//! A reader tells moments, and they arrive later: the greatest of `told - arrived` is nearest to the truth.
//! Crystals drift, so only moments of the last one or two `SPAN_US` count; after silence the last one counts
//! on, less what may have drifted since (`DRIFT_PPM`). Ahead, a jump is seen at once; behind, it can't be told
//! from late delivery by one moment, so it takes [`BEHIND_SAMPLES`] live ones that agree. Absent: what our own
//! clock is (`task` gives it).

/// Least change that is a jump, in microseconds.
pub const JUMP_US_MIN: i64 = 1_000_000;
/// Moments in a row that must agree before a clock counts as put back.
pub const BEHIND_SAMPLES: u32 = 3;
/// Moments that arrive closer together count once: they may have waited together.
const APART_US_MIN: u64 = 100_000;

/// Moments of so long, or of twice as long, tell the offset, in microseconds.
const SPAN_US: u64 = 10_000_000;
/// How far two clocks drift apart at most, in microseconds a second.
const DRIFT_PPM: u64 = 200;

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
    /// The reader's time less ours: the greatest of this span, and of that before.
    span: Option<Span>,
    before: Option<Span>,
    behind: Behind,
}

/// The greatest offset of a time.
#[derive(Debug, Clone, Copy)]
struct Span {
    offset_us: i64,
    from_us: u64,
    last_us: u64,
}

impl Span {
    fn of(offset_us: i64, now_us: u64) -> Self {
        Self { offset_us, from_us: now_us, last_us: now_us }
    }

    /// How far the clocks may have drifted apart since.
    fn drift(&self, now_us: u64) -> i64 {
        let drifted = now_us.saturating_sub(self.last_us) / 1_000_000 * DRIFT_PPM;
        i64::try_from(drifted).unwrap_or(i64::MAX)
    }

    /// What it says now, at the least.
    fn now(&self, now_us: u64) -> i64 {
        self.offset_us.saturating_sub(self.drift(now_us))
    }
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
        let (span, before) = (self.span?, self.before);
        Some(before.map_or(span.offset_us, |b| b.now(span.last_us).max(span.offset_us)))
    }

    /// Which clock it is.
    pub(crate) fn kind(&self) -> Option<ClockKind> {
        self.kind
    }

    /// How long ago a moment was that it told, in microseconds.
    pub(crate) fn ago_us(&self, kind: ClockKind, told_us: u64, now_us: u64) -> Option<u64> {
        let offset = self.newest(kind, now_us)?.now(now_us);
        let ago = i128::from(now_us) + i128::from(offset) - i128::from(told_us);
        u64::try_from(ago.max(0)).ok()
    }

    /// Of the two spans the one that says more now.
    fn newest(&self, kind: ClockKind, now_us: u64) -> Option<Span> {
        let spans = [self.before, self.span].into_iter().flatten();
        spans.max_by_key(|span| span.now(now_us)).filter(|_| self.kind == Some(kind))
    }

    /// Takes a moment the reader told; gives by how much its clock jumped, if it did.
    pub(crate) fn observe(&mut self, kind: ClockKind, told_us: u64, now_us: u64) -> Option<i64> {
        let sample = i64::try_from(i128::from(told_us) - i128::from(now_us)).ok()?;
        let known = self.newest(kind, now_us);
        self.kind = Some(kind);
        let Some(known) = known else {
            self.begin(sample, now_us);
            return None;
        };
        let change = sample.saturating_sub(known.offset_us);
        let jump = JUMP_US_MIN.saturating_add(known.drift(now_us));
        if change >= jump {
            self.begin(sample, now_us);
            return Some(change);
        }
        if change > -jump {
            self.behind = Behind::default();
            self.take(sample, now_us);
            return None;
        }
        self.fall_behind(sample, now_us)?;
        let offset_us = self.behind.offset_us;
        self.begin(offset_us, now_us);
        Some(offset_us.saturating_sub(known.offset_us))
    }

    fn begin(&mut self, sample: i64, now_us: u64) {
        (self.span, self.before) = (Some(Span::of(sample, now_us)), None);
        self.behind = Behind::default();
    }

    fn take(&mut self, sample: i64, now_us: u64) {
        match &mut self.span {
            Some(span) if now_us.saturating_sub(span.from_us) < SPAN_US => {
                if sample >= span.now(now_us) {
                    span.offset_us = sample;
                    span.last_us = now_us;
                }
            }
            span => {
                self.before = *span;
                *span = Some(Span::of(sample, now_us));
            }
        }
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
    fn a_moment_that_was_held_is_as_long_ago_as_it_was() {
        let mut clock = ReaderClock::default();
        assert_eq!(clock.ago_us(UTC, 5, 5), None, "its clock is not known");
        clock.observe(UTC, 77_000_000, 7_000_000);
        let mut ago = |told_us, now_us| {
            clock.observe(UTC, told_us, now_us);
            clock.ago_us(UTC, told_us, now_us)
        };
        assert_eq!(ago(77_010_000, 7_060_000), Some(50_000));
        // Nothing for a minute, and then what was held meanwhile; it drifted 10 ms at most.
        assert_eq!(ago(87_000_000, 67_000_000), Some(50_000_000 - 60 * 200));
        assert_eq!(ago(137_000_000, 67_100_000), Some(100_000 - 60 * 200));
        assert_eq!(clock.ago_us(ClockKind::Uptime, 5, 5), None);
        assert_eq!(clock.ago_us(UTC, u64::MAX, 67_200_000), Some(0), "nothing is in the future");
    }

    #[test]
    fn a_clock_that_drifts_makes_no_read_old_and_is_no_jump() {
        let (mut slow, mut ago) = (ReaderClock::default(), 0);
        for at_s in 0..100_000u64 {
            let now_us = at_s * 1_000_000 + at_s % 7 * 3_000;
            let told_us = at_s * 999_950;
            assert_eq!(slow.observe(UTC, told_us, now_us), None, "after {at_s} s");
            ago = ago.max(slow.ago_us(UTC, told_us, now_us).unwrap_or(u64::MAX));
        }
        assert!(ago <= 20_000, "{ago} us");
        // A night without a tag: it drifted by more than a jump, and that is none.
        let now_us = 200_000_000_000;
        let told_us = 200_000 * 999_950;
        assert_eq!(slow.observe(UTC, told_us, now_us), None);
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
