//! The one place that reads clocks: boot id, boot-time clock, wall clock and whether it is
//! synchronised (as systemd-timesyncd says; without it a clock is not called synchronised). Everything else gets a [`Stamp`].

use std::{fs, sync::Arc};

use gatewarden_model::{Clock, Stamp};
use nix::time::{ClockId, clock_gettime};
use uuid::Uuid;

/// The clocks of this machine.
#[derive(Debug, Clone)]
pub(crate) struct SystemClock {
    boot: Uuid,
}

impl SystemClock {
    /// Reads the boot id once. Where the kernel gives none, a random one stands for this process.
    pub(crate) fn shared() -> Arc<dyn Clock> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or_else(Uuid::new_v4);
        Arc::new(Self { boot })
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Stamp {
        Stamp {
            boot: self.boot,
            mono_us: u64::try_from(micros(ClockId::CLOCK_BOOTTIME)).unwrap_or(0),
            wall_us: micros(ClockId::CLOCK_REALTIME),
            synced: is_synced(),
        }
    }
}

fn micros(clock: ClockId) -> i64 {
    clock_gettime(clock).map_or(0, |t| t.tv_sec() * 1_000_000 + t.tv_nsec() / 1_000)
}

/// systemd-timesyncd leaves this file behind once the clock has been set.
fn is_synced() -> bool {
    use std::sync::atomic::{AtomicU64, Ordering};
    // The file is looked up at most every second: a stamp is taken for every frame.
    static CACHE: AtomicU64 = AtomicU64::new(0);
    let second = u64::try_from(micros(ClockId::CLOCK_BOOTTIME)).unwrap_or(0) / 1_000_000 + 1;
    let cached = CACHE.load(Ordering::Relaxed);
    if cached >> 1 == second {
        return cached & 1 == 1;
    }
    let synced = fs::exists("/run/systemd/timesync/synchronized").unwrap_or(false);
    CACHE.store(second << 1 | u64::from(synced), Ordering::Relaxed);
    synced
}
