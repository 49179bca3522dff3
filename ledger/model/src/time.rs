//! The three times of a record: boot id + monotonic time, wall clock, and whether it was synchronised.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// When something happened, told so that a wrong wall clock can be seen and corrected later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// The boot that `mono_us` counts from (Linux `boot_id`).
    pub boot: Uuid,
    /// Microseconds of the monotonic clock since that boot.
    pub mono_us: u64,
    /// Microseconds of the wall clock since 1970-01-01T00:00:00Z; negative before.
    pub wall_us: i64,
    /// Whether the wall clock was synchronised then.
    pub synced: bool,
}

impl Stamp {
    /// Microseconds from `earlier` to `self`: by the monotonic clock within one boot, else by the
    /// wall clock. Never negative.
    #[must_use]
    pub fn us_since(&self, earlier: &Stamp) -> u64 {
        if self.boot == earlier.boot {
            self.mono_us.saturating_sub(earlier.mono_us)
        } else {
            u64::try_from(self.wall_us.saturating_sub(earlier.wall_us)).unwrap_or(0)
        }
    }
}

/// Where a task gets its time from. Pure code takes a `Stamp` instead.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Stamp;
}
