//! `gatewarden bench ledger`: movements posted a second through the real recorder, engine and store,
//! as a multiple of the flushes a second that the same folder gives.
//!
//! A posting is everything between a closed pass and its flushed entries: session, comparison with
//! an open task, the policies' decision, stock, encoding, tree, signature, projections, commit. Each
//! is a receipt of one tag on one line that ends its task (two entries). Opening the tasks is not
//! counted. With `--flush-ms` the raw flush and each of SQLite's are padded by the same function.

use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gatewarden_engine::{Access, Command, Reply};
use gatewarden_store::{
    Ledger, OpenOptions,
    vfs::{Shim, pad_flush},
};
use tokio::sync::{Mutex, mpsc};

use super::{
    house::{self, House},
    report::{Goal, Report},
};
use crate::recorder::{Parts, Recorder};

/// Movements in a full commit.
const GROUP: usize = 100;
/// A receipt that ends its task is a movement and the task's end.
const ENTRIES_A_MOVEMENT: usize = 2;
/// What part of the movements is posted one by one.
const SINGLE_PART: u64 = 20;
/// How long raw flushes are measured, each of three times.
const RAW_TIME: Duration = Duration::from_secs(1);
/// Pages of the file that raw flushes go to, written beforehand so that none makes it grow.
const RAW_PAGES: u64 = 64;
const PAGE: [u8; 4096] = [0x47; 4096];

/// What to measure.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    flush: Duration,
    movements: u64,
    dir: Option<PathBuf>,
    raw_time: Duration,
}

impl Plan {
    pub(super) fn new(flush_ms: u64, movements: u64, dir: Option<PathBuf>) -> Self {
        Self { flush: Duration::from_millis(flush_ms), movements, dir, raw_time: RAW_TIME }
    }
}

/// Posts, and compares with raw flushes before, between and after.
pub(super) async fn measure(plan: Plan) -> anyhow::Result<Report> {
    let dir = match &plan.dir {
        Some(dir) => tempfile::tempdir_in(dir),
        None => tempfile::tempdir(),
    };
    let dir = dir.context("failed to make a folder for the ledger")?;
    let shim = Shim::register(&format!("bench-{}", std::process::id()), plan.flush)?;
    let mut raw = Raw::new(dir.path(), plan.flush, plan.raw_time)?;

    raw.measure()?;
    let singles = (plan.movements / SINGLE_PART).max(1);
    let single = posted(&dir.path().join("1"), &shim, 1, singles).await?;
    raw.measure()?;
    let many = posted(&dir.path().join("100"), &shim, GROUP, plan.movements).await?;
    raw.measure()?;
    Ok(report(&plan, &raw, &single, &many))
}

/// Posts on a ledger of its own whose commits take `group` movements at most, with as many callers
/// again waiting as one commit takes.
async fn posted(dir: &Path, shim: &Shim, group: usize, movements: u64) -> anyhow::Result<Posted> {
    std::fs::create_dir(dir)?;
    let recorder = start(dir, shim, group)?;
    let mut house = House::open(recorder.clone()).await?;
    let done = post_all(&mut house, shim, movements, 2 * group).await?;
    recorder.shut().await;
    Ok(done)
}

fn report(plan: &Plan, raw: &Raw, single: &Posted, many: &Posted) -> Report {
    let mut report = Report::new("ledger");
    let flushes = raw.rate();
    report.figure("raw_flushes_per_s", "raw flushes", flushes, "flushes/s");
    report.figure("posted_per_s_at_1", "posted, 1 a commit", single.rate(), "movements/s");
    let ratio = single.rate() / flushes;
    report.goal("ratio_at_1", "  x raw flushes", ratio, "", Goal::AtLeast(0.95));
    report.figure("posted_per_s_at_100", "posted, 100 a commit", many.rate(), "movements/s");
    let ratio = many.rate() / flushes;
    report.goal("ratio_at_100", "  x raw flushes", ratio, "", Goal::AtLeast(30.0));
    report.figure("flushes_at_1", "flushes, 1 a commit", single.flushes, "");
    report.figure("flushes_at_100", "flushes, 100 a commit", many.flushes, "");
    report.figure("movements_at_1", "movements, 1 a commit", single.count(), "");
    report.figure("movements_at_100", "movements, 100 a commit", many.count(), "");
    report.note(match plan.flush.as_millis() {
        0 => "each flush takes the disk's own time".to_owned(),
        ms => format!("each flush, raw or SQLite's, is made to take at least {ms} ms"),
    });
    report.note("flushes include those of moving the write-ahead log into the database meanwhile");
    report
}

/// The daemon's recorder on a ledger of its own.
fn start(dir: &Path, shim: &Shim, group: usize) -> anyhow::Result<Recorder> {
    let key = gatewarden_store::load_or_create_key(&dir.join("ledger.key"))?;
    let options =
        OpenOptions { key, more_keys: vec![], origin: "bench".to_owned(), vfs: Some(shim.name()) };
    // Nobody looks at the signals: a closed channel is what the recorder has without stations.
    let (signals, _) = mpsc::unbounded_channel();
    Recorder::start(Parts {
        ledger: Ledger::open(&dir.join("ledger.db"), options)?,
        settings: house::settings()?,
        access: Access::new(&gatewarden_config::default_roles(), "")?,
        clock: house::clock(),
        signals,
        group_rows_max: group * ENTRIES_A_MOVEMENT,
    })
}

/// What was posted in which time.
#[derive(Debug, Default)]
struct Posted {
    movements: u64,
    time: Duration,
    flushes: f64,
}

impl Posted {
    fn rate(&self) -> f64 {
        self.count() / self.time.as_secs_f64()
    }

    #[allow(clippy::cast_precision_loss)] // a count of movements of a bench
    fn count(&self) -> f64 {
        self.movements as f64
    }
}

/// Posts `movements` in rounds, opening the tasks of each round beforehand, off the clock.
async fn post_all(
    house: &mut House,
    shim: &Shim,
    movements: u64,
    callers: usize,
) -> anyhow::Result<Posted> {
    let mut done = Posted::default();
    while done.movements < movements {
        let passes = house.prepare(movements - done.movements).await?;
        done.movements += passes.len() as u64;
        let before = shim.counts().syncs;
        done.time += post(house, passes, callers).await?;
        let flushes = u32::try_from(shim.counts().syncs - before).unwrap_or(u32::MAX);
        done.flushes += f64::from(flushes);
    }
    Ok(done)
}

/// Posts passes, `callers` at a time, each waiting for its answer.
async fn post(
    house: &House,
    passes: Vec<gatewarden_model::Pass>,
    callers: usize,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let passes = Arc::new(Mutex::new(passes.into_iter()));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let (recorder, passes) = (house.recorder.clone(), Arc::clone(&passes));
        tasks.spawn(async move {
            loop {
                let Some(pass) = passes.lock().await.next() else { return Ok(()) };
                let answer = recorder.command(Command::Pass(pass)).await?;
                let posted = matches!(answer, Ok(Reply::Posted { .. }));
                anyhow::ensure!(posted, "a pass was not posted: {answer:?}");
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(began.elapsed())
}

/// A file that is flushed after every page.
struct Raw {
    file: File,
    floor: Duration,
    time: Duration,
    flushes: u32,
    spent: Duration,
}

impl Raw {
    fn new(dir: &Path, floor: Duration, time: Duration) -> anyhow::Result<Self> {
        let file = File::create(dir.join("raw"))?;
        for page in 0..RAW_PAGES {
            file.write_all_at(&PAGE, page * PAGE.len() as u64)?;
        }
        file.sync_all()?;
        Ok(Self { file, floor, time, flushes: 0, spent: Duration::ZERO })
    }

    /// Flushes for the given time.
    fn measure(&mut self) -> std::io::Result<()> {
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

    fn rate(&self) -> f64 {
        f64::from(self.flushes) / self.spent.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_movement_is_posted_and_every_commit_is_a_flush() {
        let mut plan = Plan::new(0, 60, None);
        plan.raw_time = Duration::from_millis(5);
        let report = measure(plan).await.unwrap();
        assert_eq!(report.value("movements_at_1"), Some(3.0));
        assert_eq!(report.value("movements_at_100"), Some(60.0));
        assert_eq!(report.value("flushes_at_1"), Some(3.0));
        assert!(report.value("flushes_at_100").unwrap() >= 1.0);
        for key in ["raw_flushes_per_s", "ratio_at_1", "ratio_at_100"] {
            assert!(report.value(key).unwrap() > 0.0, "{key}");
        }
    }
}
