//! Through the whole recorder: everything between a closed pass and its flushed entries, that is
//! session, comparison with an open task, the policies' decision, stock, encoding, tree, signature,
//! projections, commit. Each movement is a receipt of one tag on one line that ends its task (two
//! entries). Opening the tasks is not counted.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use gatewarden_engine::{Access, Command, Reply};
use gatewarden_model::Pass;
use gatewarden_store::vfs::Shim;
use tokio::sync::{Mutex, mpsc};

use super::{
    house::{self, House},
    journal,
    machine::{Cpu, Raw, float, ms},
};
use crate::{
    bench::report::{Goal, Report},
    keys::Keys,
    recorder::{Parts, Recorder},
};

/// Movements in a full commit.
const GROUP: usize = 100;
/// A receipt that ends its task is a movement and the task's end.
const ENTRIES_A_MOVEMENT: usize = 2;
/// What part of the movements is posted one by one.
const SINGLE_PART: u64 = 20;
/// Clients whose waiting is measured, each with one movement at a time.
const CLIENTS: usize = 100;
/// What part of the movements they post.
const CLIENTS_PART: u64 = 2;

/// The three ways of posting.
pub(super) struct Through {
    single: Posted,
    many: Posted,
    clients: Posted,
}

/// Posts each way on a ledger of its own, with raw flushes before, between and after.
pub(super) async fn measure(
    dir: &Path,
    shim: &Shim,
    raw: &mut Raw,
    movements: u64,
) -> anyhow::Result<Through> {
    raw.measure()?;
    let singles = (movements / SINGLE_PART).max(1);
    let single = posted(&dir.join("recorder-1"), shim, (1, 2), singles).await?;
    raw.measure()?;
    // As many callers again waiting as one commit takes, so that every commit is full.
    let many = posted(&dir.join("recorder-100"), shim, (GROUP, 2 * GROUP), movements).await?;
    raw.measure()?;
    let some = (movements / CLIENTS_PART).max(1);
    let clients = posted(&dir.join("recorder-clients"), shim, (GROUP, CLIENTS), some).await?;
    raw.measure()?;
    Ok(Through { single, many, clients })
}

/// Tells the figures.
pub(super) fn report(report: &mut Report, through: &Through, flushes: f64, flush: Duration) {
    let Through { single, many, clients } = through;
    report.figure("posted_per_s_at_1", "recorder, 1 a commit", single.rate(), "movements/s");
    let ratio = single.rate() / flushes;
    report.goal("ratio_at_1", "  x raw flushes", ratio, "", Goal::AtLeast(0.95));
    report.figure("flushes_at_1", "  flushes", single.flushes, "");
    report.figure("movements_at_1", "  movements", single.count(), "");
    report.figure("posted_per_s_at_100", "recorder, 100 a commit", many.rate(), "movements/s");
    let ratio = many.rate() / flushes;
    report.goal("ratio_at_100", "  x raw flushes", ratio, "", Goal::AtLeast(30.0));
    report.figure("posted_cpu_us", "  CPU a movement", many.cpu_us(), "us");
    report.figure("flushes_at_100", "  flushes", many.flushes, "");
    report.figure("movements_at_100", "  movements", many.count(), "");
    report.figure("clients_per_s", "100 clients", clients.rate(), "movements/s");
    report.figure("clients_p50_ms", "  half wait at most", clients.percentile(50), "ms");
    let goal = (flush.as_millis() == 5).then_some(Goal::AtMost(20.0));
    let p99 = clients.percentile(99);
    report.maybe("clients_p99_ms", "  99 of 100 wait at most", p99, "ms", goal);
    report.figure("clients_max_ms", "  longest", clients.percentile(100), "ms");
}

/// Posts on a ledger of its own whose commits take `group` movements at most, with `callers` at a
/// time waiting for their answers.
async fn posted(
    dir: &Path,
    shim: &Shim,
    (group, callers): (usize, usize),
    movements: u64,
) -> anyhow::Result<Posted> {
    std::fs::create_dir(dir)?;
    let recorder = start(dir, shim, group)?;
    let mut house = House::open(recorder.clone()).await?;
    let done = post_all(&mut house, shim, movements, callers).await?;
    recorder.shut().await;
    Ok(done)
}

/// The daemon's recorder on a ledger of its own.
fn start(dir: &Path, shim: &Shim, group: usize) -> anyhow::Result<Recorder> {
    let mut ledger = journal::open(dir, Some(shim))?;
    ledger.append(&house::beginning()?)?;
    // Nobody looks at the signals: a closed channel is what the recorder has without stations.
    let (signals, _) = mpsc::unbounded_channel();
    Recorder::start(Parts {
        ledger,
        settings: house::settings()?,
        access: Access::new(&gatewarden_config::default_roles(), "")?,
        clock: house::clock(),
        signals,
        group_rows_max: group * ENTRIES_A_MOVEMENT,
        reserve: gatewarden_store::ops::Reserve::new(&dir.join("ledger.db"), 0),
        keys: Keys::in_files("bench", &dir.join("ledger.key")),
    })
}

/// What was posted in which time.
#[derive(Debug, Default)]
struct Posted {
    /// How long each movement's caller waited.
    waits: Vec<Duration>,
    time: Duration,
    cpu: Duration,
    flushes: f64,
}

impl Posted {
    fn rate(&self) -> f64 {
        self.count() / self.time.as_secs_f64()
    }

    fn count(&self) -> f64 {
        float(self.waits.len() as u64)
    }

    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.count()
    }

    /// So many of a hundred wait at most so long, in milliseconds.
    fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.waits.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(rank).copied().map_or(0.0, ms)
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
    while (done.waits.len() as u64) < movements {
        let passes = house.prepare(movements - done.waits.len() as u64).await?;
        let (syncs, cpu, began) = (shim.counts().syncs, Cpu::now()?, Instant::now());
        done.waits.extend(post(house, passes, callers).await?);
        done.time += began.elapsed();
        done.cpu += Cpu::now()?.since(cpu).process;
        done.flushes += float(shim.counts().syncs - syncs);
    }
    Ok(done)
}

/// Posts passes, `callers` at a time, each waiting for its answer. Gives how long each waited.
async fn post(house: &House, passes: Vec<Pass>, callers: usize) -> anyhow::Result<Vec<Duration>> {
    let passes = Arc::new(Mutex::new(passes.into_iter()));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let (recorder, passes) = (house.recorder.clone(), Arc::clone(&passes));
        tasks.spawn(async move {
            let mut waits = Vec::new();
            loop {
                let Some(pass) = passes.lock().await.next() else { return Ok(waits) };
                let asked = Instant::now();
                let answer = recorder.command(Command::Pass(pass)).await?;
                let posted = matches!(answer, Ok(Reply::Posted { .. }));
                anyhow::ensure!(posted, "a pass was not posted: {answer:?}");
                waits.push(asked.elapsed());
            }
        });
    }
    let mut all = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        all.extend(ended??);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn a_percentile_is_a_wait_that_was_measured() {
        let waits = (1..=200).map(Duration::from_millis).collect();
        let posted = Posted { waits, ..Posted::default() };
        assert_eq!([50, 99, 100].map(|p| posted.percentile(p)), [100.0, 198.0, 200.0]);
        assert_eq!(Posted::default().percentile(99), 0.0);
    }

    /// Whoever reads the journal asks the recorder too: woken by his own question he would never sleep again.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_question_wakes_nobody_who_waits_for_entries() {
        let dir = tempfile::tempdir().unwrap();
        let shim = Shim::register("bench-quiet", Duration::ZERO).unwrap();
        let recorder = start(dir.path(), &shim, 1).unwrap();
        let mut size = recorder.size();
        size.mark_unchanged();
        recorder.query(|engine| drop(engine.items_with_level())).await.unwrap();
        recorder.query(|engine| drop(engine.scheduled_rules())).await.unwrap();
        assert!(!size.has_changed().unwrap(), "nothing was recorded");
        crate::run::define(&recorder).await.unwrap();
        assert!(size.has_changed().unwrap(), "something was");
        recorder.shut().await;
    }
}
