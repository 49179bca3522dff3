//! What the machine tells: raw flushes, CPU time, memory, sizes of files.

use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gatewarden_store::vfs::pad_flush;
use nix::time::{ClockId, clock_gettime};

/// What "MB" means in the goals.
const MB: f64 = 1e6;
/// Pages of the file that raw flushes go to, written beforehand so that none makes it grow.
const RAW_PAGES: u64 = 64;
const PAGE: [u8; 4096] = [0x47; 4096];

/// A file that is flushed after every page, padded as SQLite's flushes are.
pub(super) struct Raw {
    file: File,
    floor: Duration,
    time: Duration,
    flushes: u32,
    spent: Duration,
}

impl Raw {
    /// Flushes in `dir`, each for at least `floor`; every measurement takes `time`.
    pub(super) fn new(dir: &Path, floor: Duration, time: Duration) -> anyhow::Result<Self> {
        let file = File::create(dir.join("raw"))?;
        for page in 0..RAW_PAGES {
            file.write_all_at(&PAGE, page * PAGE.len() as u64)?;
        }
        file.sync_all()?;
        Ok(Self { file, floor, time, flushes: 0, spent: Duration::ZERO })
    }

    /// Flushes for the given time.
    pub(super) fn measure(&mut self) -> std::io::Result<()> {
        let began = Instant::now();
        while began.elapsed() < self.time {
            let started = Instant::now();
            let page = u64::from(self.flushes) % RAW_PAGES;
            self.file.write_all_at(&PAGE, page * PAGE.len() as u64)?;
            self.file.sync_data()?;
            pad_flush(started, self.floor);
            self.flushes += 1;
        }
        self.spent += began.elapsed();
        Ok(())
    }

    /// Flushes a second, over all measurements.
    pub(super) fn rate(&self) -> f64 {
        f64::from(self.flushes) / self.spent.as_secs_f64()
    }
}

/// CPU time so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cpu {
    /// Of this thread.
    pub(super) thread: Duration,
    /// Of all threads of this process.
    pub(super) process: Duration,
}

impl Cpu {
    pub(super) fn now() -> anyhow::Result<Self> {
        let read = |clock| clock_gettime(clock).map(Duration::from).context("no CPU clock");
        Ok(Self {
            thread: read(ClockId::CLOCK_THREAD_CPUTIME_ID)?,
            process: read(ClockId::CLOCK_PROCESS_CPUTIME_ID)?,
        })
    }

    /// What was spent since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self { thread: self.thread - earlier.thread, process: self.process - earlier.process }
    }
}

/// The most memory that this process ever had resident, in MB.
pub(super) fn peak_mb() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().next()).and_then(|n| n.parse().ok());
    let kb: f64 = kb.context("no VmHWM in /proc/self/status")?;
    Ok(kb * 1024.0 / MB)
}

/// Bytes of the database at `path` with its write-ahead log.
pub(super) fn bytes(path: &Path) -> f64 {
    let len = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
    let wal = path.with_extension("db-wal");
    float(len(path) + len(&wal))
}

/// A count as a figure; exact below 2^53.
#[allow(clippy::cast_precision_loss)] // a count of a bench is far below
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

/// Milliseconds.
pub(super) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn cpu_time_is_only_spent_by_working() {
        let before = Cpu::now().unwrap();
        let mut sum = 0u64;
        while Cpu::now().unwrap().since(before).thread < Duration::from_millis(2) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let spent = Cpu::now().unwrap().since(before);
        // The clocks are read one after the other, so the two differ by the moment between.
        assert!(spent.process >= Duration::from_millis(1), "{spent:?}");
        assert!(peak_mb().unwrap() > 1.0);
    }
}
