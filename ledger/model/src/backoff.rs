//! How long a driver waits before it tries a lost device again. Pure: the jitter is an argument.
//!
//! Invariants: every wait lies within three quarters of the step and the step itself; the step
//! doubles from `BACKOFF_FIRST_MS` to `BACKOFF_MS_MAX` and never beyond; `reset` starts anew.
//! Absent: clocks, timers, a limit of attempts (a device may come back after a month).

/// The first step, in milliseconds.
pub const BACKOFF_FIRST_MS: u64 = 500;

/// The longest step, in milliseconds.
pub const BACKOFF_MS_MAX: u64 = 5_000;

/// Waits that double with each failure in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    step_ms: u64,
    failures: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { step_ms: BACKOFF_FIRST_MS, failures: 0 }
    }
}

impl Backoff {
    /// The attempt that is running or comes next, counted from 1 since the last healthy session.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.failures.saturating_add(1)
    }

    /// Notes a failure and says how many milliseconds to wait before the next attempt.
    ///
    /// `jitter` is any number that differs between devices and attempts, such as the monotonic
    /// clock's microseconds; it takes up to a quarter off the step, so that devices that went away
    /// together don't all come back in the same instant.
    pub fn fail(&mut self, jitter: u64) -> u64 {
        let step = self.step_ms;
        self.step_ms = (step * 2).min(BACKOFF_MS_MAX);
        self.failures = self.failures.saturating_add(1);
        step - mix(jitter) % (step / 4 + 1)
    }

    /// Notes a healthy session: the next failure waits the first step again.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// The finalizer of SplitMix64, so that neighbouring numbers give unrelated jitter.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_the_longest_and_start_anew_after_a_healthy_session() {
        for jitter in [0, 1, 12_345, u64::MAX] {
            let mut backoff = Backoff::default();
            for step in [500, 1_000, 2_000, 4_000, 5_000, 5_000] {
                let wait = backoff.fail(jitter);
                assert!((step - step / 4..=step).contains(&wait), "{wait} of {step}");
            }
            assert_eq!(backoff.attempt(), 7);
            backoff.reset();
            assert_eq!(backoff.attempt(), 1);
            assert!(backoff.fail(jitter) <= BACKOFF_FIRST_MS);
        }
    }

    #[test]
    fn neighbouring_jitter_spreads() {
        let waits: std::collections::BTreeSet<u64> =
            (0..64).map(|us| Backoff::default().fail(us)).collect();
        assert!(waits.len() > 32, "{waits:?}");
    }
}
