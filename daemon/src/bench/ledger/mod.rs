//! `gatewarden bench ledger`: what the ledger does in a second, as multiples of the flushes a second
//! that the same folder gives, each figure beside its goal.
//!
//! In parts that can be chosen: `commit` (decided movements appended to the real ledger), `recorder`
//! (through sessions, policies and stock), `growth` (the same when it is old, and what it answers),
//! `peers` (what a user would have otherwise). With `--flush-ms` the raw flush and each of SQLite's
//! are padded by the same function. Absent: judging machines.

mod commit;
mod growth;
mod house;
mod journal;
mod machine;
mod peers;
pub(super) mod rules;
mod through;
mod traffic;
mod warehouse;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use gatewarden_store::vfs::Shim;

use super::{
    Output,
    report::{Goal, Report},
};
use machine::Raw;
use warehouse::Extent;

/// A figure's name in JSON, and in words.
type Names = (&'static str, &'static str);

/// How long raw flushes are measured, each time.
const RAW_TIME: Duration = Duration::from_secs(1);
/// The most memory that this process may have resident, in MB.
const PEAK_MB_MAX: f64 = 100.0;
/// Movements posted to the old and to the young ledger in a turn.
const TURN_MOVEMENTS: u64 = 4_000;

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// From decided to committed: 1, 10, 100 and 1000 movements a commit.
    Commit,
    /// Through the whole recorder, and what 100 clients wait.
    Recorder,
    /// A ledger of millions of entries beside a young one. Takes minutes.
    Growth,
    /// PostgreSQL and Tryton, where they are installed.
    Peers,
}

#[derive(Debug, Args)]
pub(crate) struct LedgerArgs {
    /// What to measure.
    #[arg(long = "part", value_name = "PART", value_delimiter = ',', default_values = ["commit", "recorder"])]
    parts: Vec<Part>,
    /// Also measure the part `growth`.
    #[arg(long)]
    growth: bool,
    /// Also measure the part `peers`.
    #[arg(long)]
    peers: bool,
    /// Make each flush take at least so long, as on a box's eMMC; without it the disk's own time.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=1000))]
    flush_ms: u64,
    /// Movements posted at 100 a commit; a twentieth of them at 1 a commit.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(20..=10_000_000))]
    movements: u64,
    /// Where the ledgers are made, on the disk to be measured. All are removed afterwards but the
    /// one of `growth`, in the folder `grown`.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How many entries the part `growth` fills the ledger to.
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    entries: u64,
    /// Let `growth` go on with the ledger that an earlier run left in DIR.
    #[arg(long, requires = "dir")]
    reuse: bool,
    #[command(flatten)]
    output: Output,
}

impl LedgerArgs {
    pub(super) fn output(&self) -> Output {
        self.output
    }

    pub(super) fn plan(self) -> Plan {
        let mut parts = self.parts;
        parts.extend(self.growth.then_some(Part::Growth));
        parts.extend(self.peers.then_some(Part::Peers));
        Plan {
            parts,
            flush: Duration::from_millis(self.flush_ms),
            movements: self.movements,
            dir: self.dir,
            raw_time: RAW_TIME,
            growth: growth::Plan {
                entries: self.entries,
                movements: TURN_MOVEMENTS,
                reuse: self.reuse,
                extent: Extent::FULL,
            },
        }
    }
}

/// What to measure.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    parts: Vec<Part>,
    flush: Duration,
    movements: u64,
    dir: Option<PathBuf>,
    raw_time: Duration,
    growth: growth::Plan,
}

/// Measures all parts that are asked for, in the order of the report.
pub(super) async fn measure(plan: Plan) -> anyhow::Result<Report> {
    let temp = match &plan.dir {
        Some(dir) => {
            std::fs::create_dir_all(dir)
                .with_context(|| format!("failed to make {}", dir.display()))?;
            tempfile::tempdir_in(dir)
        }
        None => tempfile::tempdir(),
    };
    let temp = temp.context("failed to make a folder for the ledgers")?;
    let mut bench = Bench::new(plan, temp.path())?;
    bench.through_raw().await?;
    bench.growth()?;
    if bench.has(Part::Peers) {
        let dir = bench.folder("peers")?;
        peers::measure(&dir, bench.plan.growth.extent, &mut bench.report)?;
    }
    bench.finish()
}

/// A run: what it writes to, and what it has found.
struct Bench<'a> {
    plan: Plan,
    temp: &'a Path,
    shim: Shim,
    report: Report,
}

impl<'a> Bench<'a> {
    fn new(plan: Plan, temp: &'a Path) -> anyhow::Result<Self> {
        // Two benches of one process (its tests) must not meet in one name.
        let name = temp.file_name().map(|name| name.to_string_lossy().into_owned());
        let shim = Shim::register(&format!("bench-{}", name.unwrap_or_default()), plan.flush)?;
        Ok(Self { plan, temp, shim, report: Report::new("ledger") })
    }

    fn has(&self, part: Part) -> bool {
        self.plan.parts.contains(&part)
    }

    fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let dir = self.temp.join(name);
        std::fs::create_dir(&dir)?;
        Ok(dir)
    }

    /// What is told as multiples of raw flushes.
    async fn through_raw(&mut self) -> anyhow::Result<()> {
        if !self.has(Part::Commit) && !self.has(Part::Recorder) {
            return Ok(());
        }
        let Plan { flush, movements, raw_time, growth, .. } = self.plan.clone();
        let mut raw = Raw::new(self.temp, flush, raw_time)?;
        let commit = match self.has(Part::Commit) {
            true => {
                let dir = self.folder("commit")?;
                Some(commit::measure(&dir, &self.shim, &mut raw, movements, growth.extent)?)
            }
            false => None,
        };
        let through = match self.has(Part::Recorder) {
            true => Some(through::measure(self.temp, &self.shim, &mut raw, movements).await?),
            false => None,
        };
        let flushes = raw.rate();
        self.report.figure("raw_flushes_per_s", "raw flushes", flushes, "flushes/s");
        if let Some(commit) = &commit {
            commit::report(&mut self.report, commit, flushes, flush);
        }
        if let Some(through) = &through {
            through::report(&mut self.report, through, flushes, flush);
        }
        Ok(())
    }

    fn growth(&mut self) -> anyhow::Result<()> {
        if !self.has(Part::Growth) {
            return Ok(());
        }
        let young = self.folder("young")?;
        let dir = self.plan.dir.clone().unwrap_or_else(|| self.temp.to_owned());
        let grown = growth::measure(&self.plan.growth, &dir, &young, &self.shim)?;
        growth::report(&mut self.report, &grown);
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<Report> {
        let peak = machine::peak_mb()?;
        let goal = Goal::AtMost(PEAK_MB_MAX);
        self.report.goal("memory_peak_mb", "most memory of this process", peak, "MB", goal);
        self.report.note(match self.plan.flush.as_millis() {
            0 => "each flush takes the disk's own time".to_owned(),
            ms => format!("each flush, raw or SQLite's, is made to take at least {ms} ms"),
        });
        self.report.note(
            "flushes include those of moving the write-ahead log into the database meanwhile",
        );
        if cfg!(debug_assertions) {
            self.report.note("a debug build: the goals are for a release build");
        }
        Ok(self.report)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    fn plan(parts: Vec<Part>, dir: Option<PathBuf>) -> Plan {
        let extent = Extent { tags: 40, items: 4, bins: 5 };
        Plan {
            parts,
            flush: Duration::ZERO,
            movements: 60,
            dir,
            raw_time: Duration::from_millis(5),
            growth: growth::Plan { entries: 500, movements: 20, reuse: false, extent },
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_movement_is_posted_and_every_commit_is_a_flush() {
        let report = measure(plan(vec![Part::Recorder], None)).await.unwrap();
        assert_eq!(report.value("movements_at_1"), Some(3.0));
        assert_eq!(report.value("movements_at_100"), Some(60.0));
        assert_eq!(report.value("flushes_at_1"), Some(3.0));
        assert!(report.value("flushes_at_100").unwrap() >= 1.0);
        let keys = ["raw_flushes_per_s", "ratio_at_1", "ratio_at_100", "clients_p99_ms"];
        for key in keys {
            assert!(report.value(key).unwrap() > 0.0, "{key}");
        }
        assert_eq!(report.value("committed_per_s_at_1"), None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn decided_movements_take_one_flush_a_commit() {
        let report = measure(plan(vec![Part::Commit], None)).await.unwrap();
        // Of 60: 3 one by one, 15 by tens, 60 by the hundred, 120 by the thousand.
        for (key, flushes) in [
            ("commit_flushes_at_1", 3.0),
            ("commit_flushes_at_10", 2.0),
            ("commit_flushes_at_100", 1.0),
            ("commit_flushes_at_1000", 1.0),
        ] {
            assert_eq!(report.value(key), Some(flushes), "{key}");
        }
        assert!(report.value("commit_cpu_us_at_100").unwrap() > 0.0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_grown_ledger_is_kept_and_gone_on_with() {
        let dir = tempfile::tempdir().unwrap();
        let mut plan = plan(vec![Part::Growth], Some(dir.path().to_owned()));
        let report = measure(plan.clone()).await.unwrap();
        let entries = report.value("grown_entries").unwrap();
        assert!(entries >= 500.0 + 100.0, "{entries}");
        assert!(report.value("traced_entries").unwrap() > 1.0);

        let error = measure(plan.clone()).await.unwrap_err();
        assert!(error.to_string().contains("--reuse"), "{error}");

        plan.growth.reuse = true;
        plan.growth.entries = 2000;
        let report = measure(plan).await.unwrap();
        assert!(report.value("grown_entries").unwrap() > 2000.0);
    }
}
