//! How the ledger is when it is old: filled to millions of entries, then compared with a young one
//! that is posted to in turn with it, so that both see the same machine. The fill holds one group in
//! memory. With a folder of the caller's the ledger is kept, and can be gone on with.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gatewarden_model::{Subject, SubjectKind};
use gatewarden_store::{BalanceFilter, LedgerReader, vfs::Shim};

use super::{
    journal::{self, Journal, Spent},
    machine::{bytes, float, ms},
    warehouse::Extent,
};
use crate::{
    bench::report::{Goal, Report},
    trace,
};

/// Entries of the young ledger.
const YOUNG_ENTRIES: u64 = 10_000;
/// Movements in a commit while both are posted to.
const GROUP: usize = 100;
/// Turns of posting.
const TURNS: u32 = 5;
/// How often each question is asked, each time about another entry, item or tag.
const QUESTIONS: u64 = 200;

/// What to grow, and where.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Entries to fill to.
    pub(super) entries: u64,
    /// Movements posted to each ledger in a turn.
    pub(super) movements: u64,
    /// Go on with the ledger that is in the folder.
    pub(super) reuse: bool,
    pub(super) extent: Extent,
}

/// What was measured.
pub(super) struct Grown {
    filled: u64,
    fill: Duration,
    entries: u64,
    old: Spent,
    young: Spent,
    proof: Waits,
    stock: Waits,
    trace: Waits,
    traced: f64,
    opened: Duration,
    verified: Duration,
    bytes: f64,
    movements: u64,
}

/// Fills the ledger in `dir`, and measures it beside a young one in `temp`.
pub(super) fn measure(plan: &Plan, dir: &Path, temp: &Path, shim: &Shim) -> anyhow::Result<Grown> {
    let dir = folder(dir, plan.reuse)?;
    // Filling needs no padded flushes; it is the same database for both ways to the disk.
    let mut journal = Journal::open(&dir, None, plan.extent)?;
    let (before, began) = (journal.len(), Instant::now());
    journal.fill(plan.entries)?;
    let (filled, fill) = (journal.len() - before, began.elapsed());
    drop(journal);

    let opened = opening(&dir)?;
    let mut old = Journal::open(&dir, Some(shim), plan.extent)?;
    let mut young = Journal::open(temp, Some(shim), plan.extent)?;
    young.fill(YOUNG_ENTRIES.min(plan.entries))?;
    let rates = in_turn(&mut old, &mut young, plan.movements, shim)?;
    drop(young);
    let asked = Asked::of(&old)?;
    let verified = verify(&dir, &old.reader()?)?;
    Ok(Grown {
        filled,
        fill,
        entries: old.len(),
        old: rates.0,
        young: rates.1,
        proof: asked.proof,
        stock: asked.stock,
        trace: asked.trace,
        traced: asked.traced,
        opened,
        verified,
        movements: old.movements(),
        bytes: {
            drop(old);
            bytes(&dir.join("ledger.db"))
        },
    })
}

/// The folder of the ledger that is kept.
fn folder(dir: &Path, reuse: bool) -> anyhow::Result<PathBuf> {
    let folder = dir.join("grown");
    let exists = folder.join("ledger.db").exists();
    anyhow::ensure!(
        reuse || !exists,
        "{} holds a ledger of an earlier run: go on with it by --reuse, or remove it",
        folder.display()
    );
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("failed to make {}", folder.display()))?;
    Ok(folder)
}

/// Posts to both in turn, each turn the other one first.
fn in_turn(
    old: &mut Journal,
    young: &mut Journal,
    movements: u64,
    shim: &Shim,
) -> anyhow::Result<(Spent, Spent)> {
    let (mut olds, mut youngs) = (Spent::default(), Spent::default());
    let post = |journal: &mut Journal, spent: &mut Spent| {
        journal.post(movements, GROUP, shim).map(|more| spent.add(more))
    };
    for turn in 0..TURNS {
        if turn % 2 == 0 {
            post(old, &mut olds)?;
            post(young, &mut youngs)?;
        } else {
            post(young, &mut youngs)?;
            post(old, &mut olds)?;
        }
    }
    Ok((olds, youngs))
}

/// Answers' times.
struct Waits(Vec<Duration>);

impl Waits {
    /// Asks about `QUESTIONS` numbers, spread over all below `count`.
    fn of(count: u64, mut ask: impl FnMut(u64) -> anyhow::Result<()>) -> anyhow::Result<Self> {
        let mut waits = Vec::new();
        for question in 0..QUESTIONS.min(count) {
            // A prime step visits all parts of the range in no order that a cache likes.
            let number = question.wrapping_mul(2_654_435_761) % count;
            let asked = Instant::now();
            ask(number)?;
            waits.push(asked.elapsed());
        }
        waits.sort_unstable();
        Ok(Self(waits))
    }

    fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().map_or(0.0, ms)
    }

    /// What 99 of 100 are below; the goals are held against it.
    fn most(&self) -> f64 {
        let rank = (self.0.len() * 99).div_ceil(100).saturating_sub(1);
        self.0.get(rank).copied().map_or(0.0, ms)
    }
}

struct Asked {
    proof: Waits,
    stock: Waits,
    trace: Waits,
    /// Entries that a trace shows, in the mean.
    traced: f64,
}

impl Asked {
    fn of(journal: &Journal) -> anyhow::Result<Self> {
        let reader = journal.reader()?;
        let warehouse = journal.traffic().warehouse();
        let goods = &warehouse.goods;
        let proof = Waits::of(journal.len(), |seq| Ok(reader.proof(seq).map(drop)?))?;
        let stock = Waits::of(goods.len() as u64, |number| {
            let item = goods.get(usize::try_from(number)?).map(|good| good.code.clone());
            let found = reader.stock(&BalanceFilter { item, ..BalanceFilter::default() })?;
            std::hint::black_box(found);
            Ok(())
        })?;
        let (mut traced, mut traces) = (0, 0);
        let trace = Waits::of(journal.traffic().tags(), |number| {
            let key = journal.traffic().tag(u32::try_from(number)?);
            let entries = trace::walk::collect(&reader, &Subject { kind: SubjectKind::Tag, key })?;
            traced += entries.len() as u64;
            traces += 1;
            Ok(())
        })?;
        Ok(Self { proof, stock, trace, traced: float(traced) / float(traces) })
    }
}

/// How long a start takes to open the ledger and to compare the rights in it with the signed journal.
fn opening(dir: &Path) -> anyhow::Result<Duration> {
    let began = Instant::now();
    journal::open(dir, None)?.check_in_force()?;
    Ok(began.elapsed())
}

/// Replays and compares everything; a ledger that is not sound ends the bench.
fn verify(dir: &Path, reader: &LedgerReader) -> anyhow::Result<Duration> {
    let key = gatewarden_store::load_key(&dir.join("ledger.key"))?;
    let began = Instant::now();
    let report = reader.verify(&key.verifying_key())?;
    let time = began.elapsed();
    anyhow::ensure!(report.ok, "the ledger of the bench is not sound: {:?}", report.findings);
    Ok(time)
}

/// Tells the figures.
pub(super) fn report(report: &mut Report, grown: &Grown) {
    let Grown { old, young, .. } = grown;
    report.figure("grown_entries", "grown to", float(grown.entries), "entries");
    report.figure("grown_movements", "  movements among them", float(grown.movements), "");
    let filled = float(grown.filled) / grown.fill.as_secs_f64();
    report.figure("grown_fill_per_s", "  filled, making them included", filled, "entries/s");
    let size = grown.bytes / float(grown.movements);
    report.figure(
        "grown_bytes_a_movement",
        "  file, task and its end included",
        size,
        "B/movement",
    );
    report.figure("old_per_s", "posted when old, 100 a commit", old.rate(), "movements/s");
    report.figure("young_per_s", "posted when young, in turn", young.rate(), "movements/s");
    let ratio = old.rate() / young.rate();
    report.goal("growth_ratio", "  old : young", ratio, "", Goal::AtLeast(0.9));
    report.figure("old_cpu_us", "  CPU a movement when old", old.cpu_us(), "us");
    report.figure("young_cpu_us", "  CPU a movement when young", young.cpu_us(), "us");
    for (waits, names, most) in [
        (&grown.proof, ("proof_ms", "inclusion proof, 99 of 100"), 5.0),
        (&grown.stock, ("stock_ms", "stock of an item, 99 of 100"), 1.0),
        (&grown.trace, ("trace_ms", "trace of a tag, 99 of 100"), 20.0),
    ] {
        report.goal(names.0, names.1, waits.most(), "ms", Goal::AtMost(most));
    }
    report.figure("proof_median_ms", "inclusion proof, median", grown.proof.median(), "ms");
    report.figure("stock_median_ms", "stock of an item, median", grown.stock.median(), "ms");
    report.figure("trace_median_ms", "trace of a tag, median", grown.trace.median(), "ms");
    report.figure("traced_entries", "  entries in it, mean", grown.traced, "");
    let opened = grown.opened.as_secs_f64();
    report.figure("opened_s", "opened at a start, rights compared", opened, "s");
    let verified = float(grown.entries) / grown.verified.as_secs_f64();
    let goal = Goal::AtLeast(150_000.0);
    report.goal("verified_per_s", "verified, everything", verified, "entries/s", goal);
    report.note(format!(
        "the old ledger was posted to in {TURNS} turns with a young one of {YOUNG_ENTRIES} entries; \
         each question was asked up to {QUESTIONS} times"
    ));
}
