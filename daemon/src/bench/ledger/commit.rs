//! From decided to committed: movements that were decided beforehand, appended to the real ledger
//! with all its projections and indexes, at several numbers of movements a commit.

use std::{path::Path, time::Duration};

use gatewarden_store::vfs::Shim;

use super::{
    Names,
    journal::{Journal, Spent},
    machine::{Raw, float},
    warehouse::Extent,
};
use crate::bench::report::{Goal, Report};

/// The most CPU that a movement may take, in microseconds.
const CPU_US_MAX: f64 = 40.0;

/// Movements a commit, and which part of the movements of 100 a commit is posted so.
struct Size {
    group: usize,
    /// Of the plan's movements, in hundredths.
    percent: u64,
    names: SizeNames,
    /// Least multiples of raw flushes at 5 ms and at 1 ms a flush.
    goals: [f64; 2],
}

/// The figures' keys and words.
struct SizeNames {
    rate: Names,
    ratio: Names,
    cpu: Names,
    thread: Names,
    flushes: Names,
}

macro_rules! names {
    ($n:literal) => {
        SizeNames {
            rate: (concat!("committed_per_s_at_", $n), concat!("committed, ", $n, " a commit")),
            ratio: (concat!("commit_ratio_at_", $n), "  x raw flushes"),
            cpu: (concat!("commit_cpu_us_at_", $n), "  CPU a movement"),
            thread: (concat!("commit_thread_us_at_", $n), "    of it the appending thread's"),
            flushes: (concat!("commit_flushes_at_", $n), "  flushes"),
        }
    };
}

const SIZES: [Size; 4] = [
    Size { group: 1, percent: 5, names: names!("1"), goals: [0.97, 0.93] },
    Size { group: 10, percent: 25, names: names!("10"), goals: [9.0, 6.5] },
    Size { group: 100, percent: 100, names: names!("100"), goals: [50.0, 18.0] },
    Size { group: 1000, percent: 200, names: names!("1000"), goals: [100.0, 22.0] },
];

/// Posts at every size, and flushes raw before each and after the last.
pub(super) fn measure(
    dir: &Path,
    shim: &Shim,
    raw: &mut Raw,
    movements: u64,
    extent: Extent,
) -> anyhow::Result<[Spent; 4]> {
    let mut journal = Journal::open(dir, Some(shim), extent)?;
    let mut all = [Spent::default(); 4];
    for (size, spent) in SIZES.iter().zip(&mut all) {
        raw.measure()?;
        let count = (movements * size.percent / 100).max(1);
        *spent = journal.post(count, size.group, shim)?;
    }
    raw.measure()?;
    Ok(all)
}

/// Tells the figures; the goals are those for this padding, if there are any.
pub(super) fn report(report: &mut Report, all: &[Spent; 4], flushes: f64, flush: Duration) {
    for (size, spent) in SIZES.iter().zip(all) {
        let names = &size.names;
        let goal = match flush.as_millis() {
            5 => Some(size.goals[0]),
            1 => Some(size.goals[1]),
            _ => None,
        };
        report.figure(names.rate.0, names.rate.1, spent.rate(), "movements/s");
        let ratio = spent.rate() / flushes;
        report.maybe(names.ratio.0, names.ratio.1, ratio, "", goal.map(Goal::AtLeast));
        let cpu_goal = (size.group >= 100).then_some(Goal::AtMost(CPU_US_MAX));
        report.maybe(names.cpu.0, names.cpu.1, spent.cpu_us(), "us", cpu_goal);
        report.figure(names.thread.0, names.thread.1, spent.thread_us(), "us");
        report.figure(names.flushes.0, names.flushes.1, float(spent.flushes), "");
    }
}
