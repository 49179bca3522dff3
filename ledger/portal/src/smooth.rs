//! How long a tag may be silent and still be there: an adaptive window over lost reads.
//!
//! After SMURF (Jeffery, Garofalakis, Franklin, UCB/EECS-2006-29): the window is as long as it takes to
//! see the tag at least once with 95 % (w = ceil(ln(1/0.05) / p), p the share of epochs with a read),
//! and is halved where fewer reads came in it than chance allows (|S - w p| > 2 sqrt(w p (1 - p))): then
//! the tag is leaving. In integers: both sides are squared.

/// Length of an epoch: one round of four antennas.
pub(crate) const EPOCH_US: u64 = 100_000;
/// Epochs that are remembered.
const EPOCHS_MAX: u64 = 64;
/// Bounds of the window, in epochs.
const WINDOW: (u64, u64) = (3, 30);
/// ln(1/0.05), in thousandths.
const LN_MILLI: u64 = 2996;

/// The last epochs of one tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Smoother {
    /// Bit 0 is the newest epoch.
    seen: u64,
    epoch: u64,
    /// Epochs since the first, at most `EPOCHS_MAX`.
    known: u64,
}

impl Smoother {
    /// A read came.
    pub(crate) fn read(&mut self, at_us: u64) {
        let epoch = at_us / EPOCH_US;
        if self.known == 0 {
            (self.seen, self.epoch, self.known) = (1, epoch, 1);
        } else if let Some(on) = epoch.checked_sub(self.epoch) {
            self.seen = if on < EPOCHS_MAX { self.seen << on } else { 0 } | 1;
            self.known = self.known.saturating_add(on).min(EPOCHS_MAX);
            self.epoch = epoch;
        } else if self.epoch - epoch < EPOCHS_MAX {
            self.seen |= 1 << (self.epoch - epoch);
        }
    }

    /// How long it may be silent now, in microseconds.
    pub(crate) fn window_us(&self) -> u64 {
        let (n, r) = (self.known.max(1), u64::from(self.seen.count_ones()).max(1));
        let mut window = (LN_MILLI * n).div_ceil(1000 * r).clamp(WINDOW.0, WINDOW.1);
        let newest = self.seen & u64::MAX >> (64 - window);
        let s = u64::from(newest.count_ones());
        // |s - w r/n| > 2 sqrt(w r/n (1 - r/n)), times n, squared.
        let off = (s * n).abs_diff(window * r);
        if s * n < window * r && off * off > 4 * window * r * n.saturating_sub(r) {
            window = (window / 2).max(WINDOW.0);
        }
        window * EPOCH_US
    }
}

#[cfg(test)]
mod tests {
    use super::{EPOCH_US, Smoother};

    #[test]
    fn a_rarely_read_tag_may_be_silent_longer_and_a_leaving_one_shorter() {
        let often = (0..40).fold(Smoother::default(), |mut s, epoch| {
            s.read(epoch * EPOCH_US);
            s
        });
        assert_eq!(often.window_us(), 3 * EPOCH_US);
        let rare = |gap: u64| {
            (0..40u64).fold(Smoother::default(), |mut s, at| {
                s.read(at * gap * EPOCH_US);
                s
            })
        };
        assert_eq!(rare(3).window_us(), 9 * EPOCH_US);
        assert_eq!(rare(6).window_us(), 18 * EPOCH_US);
        assert_eq!(rare(500).window_us(), 30 * EPOCH_US, "bounded");
        // Dense for two seconds, then one read after a long pause.
        let mut leaving = often;
        leaving.read(58 * EPOCH_US);
        assert!(leaving.window_us() <= 3 * EPOCH_US);
    }

    #[test]
    fn reads_that_come_late_fill_their_epoch() {
        let (mut ordered, mut late) = (Smoother::default(), Smoother::default());
        [0, 1, 2].iter().for_each(|epoch| ordered.read(epoch * EPOCH_US));
        [0, 2, 1].iter().for_each(|epoch| late.read(epoch * EPOCH_US));
        assert_eq!(ordered, late);
    }
}
