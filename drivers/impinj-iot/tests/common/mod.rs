//! What the tests of the task share: a clock.

#![allow(dead_code, reason = "no test uses all of it")]

pub(crate) mod driver;

use std::time::Instant;

use gatewarden_model::{Clock, Stamp};

/// Real monotonic time, counted from a second before the test began.
pub(crate) struct TestClock(Instant);

impl Default for TestClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = 1_000_000 + u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX);
        let wall_us = 1_700_000_000_000_000i64.saturating_add_unsigned(mono_us);
        Stamp { boot: uuid::Uuid::from_u128(7), mono_us, wall_us, synced: true }
    }
}
