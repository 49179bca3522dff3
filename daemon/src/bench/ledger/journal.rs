//! A real ledger with the traffic of the bench's warehouse on its way into it.
//!
//! Everything that is decided before an append (entries, evidence, ids) is made off the clock. Only
//! a round's movements are held in memory. Tasks are opened before the clock starts and closed after
//! it stopped, so that what is timed is movements alone, an entry each.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gatewarden_model::{Body, Entry};
use gatewarden_store::{GROUP_ENTRIES_MAX, Group, Ledger, LedgerReader, OpenOptions, vfs::Shim};

use super::{
    machine::{Cpu, float},
    traffic::{self, Step, Traffic},
    warehouse::Extent,
};

/// Movements prepared at once.
const ROUND: usize = 2000;
/// The task, the movement, the task's end.
const ENTRIES_A_MOVEMENT: u64 = 3;
/// Movements in a group of the fill.
const FILL_GROUP: u64 = 1000;

/// What a number of movements took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    pub(super) movements: u64,
    pub(super) wall: Duration,
    pub(super) cpu: Cpu,
    pub(super) flushes: u64,
}

impl Spent {
    /// Movements a second.
    pub(super) fn rate(&self) -> f64 {
        float(self.movements) / self.wall.as_secs_f64()
    }

    /// Microseconds of all threads' CPU a movement, the copying of the log included.
    pub(super) fn cpu_us(&self) -> f64 {
        self.cpu.process.as_secs_f64() * 1e6 / float(self.movements)
    }

    /// Of it the appending thread's.
    pub(super) fn thread_us(&self) -> f64 {
        self.cpu.thread.as_secs_f64() * 1e6 / float(self.movements)
    }

    /// Adds what others took.
    pub(super) fn add(&mut self, other: Self) {
        self.movements += other.movements;
        self.wall += other.wall;
        self.cpu.thread += other.cpu.thread;
        self.cpu.process += other.cpu.process;
        self.flushes += other.flushes;
    }
}

/// The ledger and what comes next.
pub(super) struct Journal {
    ledger: Ledger,
    traffic: Traffic,
    /// Entries before the first movement's.
    beginning: u64,
}

impl Journal {
    /// Opens the ledger at `dir`, and begins it where it is new. One of an earlier bench is gone on
    /// with, if it ends where this traffic's next movement begins.
    pub(super) fn open(dir: &Path, vfs: Option<&Shim>, extent: Extent) -> anyhow::Result<Self> {
        let ledger = open(dir, vfs)?;
        let traffic = Traffic::new(extent)?;
        let mut journal = Self { ledger, traffic, beginning: 0 };
        let bodies = journal.traffic.warehouse().beginning();
        journal.beginning = bodies.len() as u64;
        match journal.ledger.next_seq() {
            0 => bodies.chunks(GROUP_ENTRIES_MAX).try_for_each(|part| {
                let group = group(journal.ledger.next_seq(), part.iter().map(|b| (0, b.clone())));
                journal.ledger.append(&group).map(drop)
            })?,
            len => journal.catch_up(len)?,
        }
        Ok(journal)
    }

    /// Lets the traffic run to where the ledger ends.
    fn catch_up(&mut self, len: u64) -> anyhow::Result<()> {
        let moved = len.saturating_sub(self.beginning) / ENTRIES_A_MOVEMENT;
        let mut last = None;
        while self.traffic.made() < moved {
            last = Some(self.traffic.step());
        }
        let expected = last.map(|step| self.traffic.closed(step));
        let found = self.ledger.reader()?.entry(len - 1)?.map(|entry| entry.body);
        let whole = len == self.beginning + moved * ENTRIES_A_MOVEMENT;
        anyhow::ensure!(
            whole && (moved == 0 || found == expected),
            "the kept ledger does not end as this bench would have ended it: remove it and fill anew"
        );
        Ok(())
    }

    /// Entries in the ledger.
    pub(super) fn len(&self) -> u64 {
        self.ledger.next_seq()
    }

    pub(super) fn reader(&self) -> anyhow::Result<LedgerReader> {
        Ok(self.ledger.reader()?)
    }

    /// Movements in the ledger.
    pub(super) fn movements(&self) -> u64 {
        self.traffic.made()
    }

    pub(super) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Appends whole movements, tasks and all, until there are `len` entries.
    pub(super) fn fill(&mut self, len: u64) -> anyhow::Result<()> {
        while self.len() < len {
            let wanted = (len - self.len()).div_ceil(ENTRIES_A_MOVEMENT).min(FILL_GROUP);
            let mut bodies = Vec::new();
            for _ in 0..wanted {
                let step = self.traffic.step();
                let moved = self.traffic.moved(step)?;
                let all = [self.traffic.opened(step), moved, self.traffic.closed(step)];
                bodies.extend(all.map(|body| (step.number, body)));
            }
            self.ledger.append(&group(self.len(), bodies))?;
        }
        Ok(())
    }

    /// Appends movements, `size` a commit, and times that alone.
    pub(super) fn post(
        &mut self,
        movements: u64,
        size: usize,
        shim: &Shim,
    ) -> anyhow::Result<Spent> {
        self.post_with(movements, size, shim, |_| {})
    }

    /// As `post`; `each` sees every movement's entry before it is appended, on the clock.
    pub(super) fn post_with(
        &mut self,
        movements: u64,
        size: usize,
        shim: &Shim,
        mut each: impl FnMut(&Entry),
    ) -> anyhow::Result<Spent> {
        let mut spent = Spent::default();
        while spent.movements < movements {
            let count = usize::try_from(movements - spent.movements)?.min(ROUND.max(size));
            let steps: Vec<Step> = (0..count).map(|_| self.traffic.step()).collect();
            self.open_tasks(&steps)?;
            spent.add(self.timed(&steps, size, shim, &mut each)?);
            self.tasks(&steps, Traffic::closed)?;
        }
        Ok(spent)
    }

    /// Opens the tasks of a round, and copies the log, so that nothing of it is paid for later. The
    /// commit after such a copy starts the log over, which costs a flush; so one task comes last.
    fn open_tasks(&mut self, steps: &[Step]) -> anyhow::Result<()> {
        let (rest, last) = steps.split_at(steps.len().saturating_sub(1));
        self.tasks(rest, Traffic::opened)?;
        self.ledger.copy_log()?;
        self.tasks(last, Traffic::opened)
    }

    /// One round. What it leaves in the log is copied after it: the movements pay for their own
    /// copying, with CPU though not with time.
    fn timed(
        &mut self,
        steps: &[Step],
        size: usize,
        shim: &Shim,
        each: &mut impl FnMut(&Entry),
    ) -> anyhow::Result<Spent> {
        let groups = self.groups(steps, size)?;
        let (syncs, cpu, began) = (shim.counts().syncs, Cpu::now()?, Instant::now());
        for group in &groups {
            group.entries.iter().for_each(&mut *each);
            self.ledger.append(group)?;
        }
        let (wall, thread, flushes) = (began.elapsed(), Cpu::now()?, shim.counts().syncs - syncs);
        self.ledger.copy_log()?;
        let mut spent = Cpu::now()?.since(cpu);
        spent.thread = thread.since(cpu).thread;
        Ok(Spent { movements: steps.len() as u64, wall, cpu: spent, flushes })
    }

    fn groups(&self, steps: &[Step], size: usize) -> anyhow::Result<Vec<Group>> {
        let mut seq = self.len();
        let mut groups = Vec::with_capacity(steps.len().div_ceil(size));
        for part in steps.chunks(size) {
            let moved = |step: &Step| Ok((step.number, self.traffic.moved(*step)?));
            let bodies = part.iter().map(moved).collect::<anyhow::Result<Vec<_>>>()?;
            groups.push(group(seq, bodies));
            seq += part.len() as u64;
        }
        Ok(groups)
    }

    fn tasks(&mut self, steps: &[Step], body: fn(&Traffic, Step) -> Body) -> anyhow::Result<()> {
        for part in steps.chunks(GROUP_ENTRIES_MAX) {
            let bodies = part.iter().map(|step| (step.number, body(&self.traffic, *step)));
            let group = group(self.len(), bodies);
            self.ledger.append(&group).context("failed to open or close tasks")?;
        }
        Ok(())
    }
}

/// The ledger in `dir`, made where it is missing.
pub(super) fn open(dir: &Path, vfs: Option<&Shim>) -> anyhow::Result<Ledger> {
    let key = gatewarden_store::load_or_create_key(&dir.join("ledger.key"))?;
    let (origin, vfs) = ("bench".to_owned(), vfs.map(Shim::name));
    let options = OpenOptions { key, more_keys: vec![], origin, vfs };
    Ok(Ledger::open(&dir.join("ledger.db"), options)?)
}

/// Entries from `seq` on, each with the number of its movement, which tells the time.
fn group(seq: u64, bodies: impl IntoIterator<Item = (u64, Body)>) -> Group {
    let entries = (seq..)
        .zip(bodies)
        .map(|(seq, (number, body))| Entry::new(seq, traffic::stamp(number), body))
        .collect();
    Group { entries, credentials: vec![] }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    const SMALL: Extent = Extent { tags: 40, items: 4, bins: 5 };

    #[test]
    fn what_the_bench_writes_is_a_sound_ledger_and_can_be_gone_on_with() {
        let dir = tempfile::tempdir().unwrap();
        let shim = Shim::register("bench-journal-test", Duration::ZERO).unwrap();
        let mut journal = Journal::open(dir.path(), Some(&shim), SMALL).unwrap();
        let first = journal.len();
        journal.fill(first + 100).unwrap();
        assert_eq!(journal.len(), first + 102);
        let spent = journal.post(25, 10, &shim).unwrap();
        assert_eq!((spent.movements, spent.flushes), (25, 3));
        drop(journal);

        let mut journal = Journal::open(dir.path(), None, SMALL).unwrap();
        assert_eq!(journal.movements(), 34 + 25);
        journal.fill(first + 300).unwrap();
        let key = gatewarden_store::load_or_create_key(&dir.path().join("ledger.key")).unwrap();
        let report = journal.reader().unwrap().verify(&key.verifying_key()).unwrap();
        assert!(report.ok, "{:?}", report.findings);
        assert_eq!(report.movements, 100);
        let live = journal.reader().unwrap().live().unwrap();
        let tasks = live.iter().filter(|e| matches!(e.body, Body::TaskOpened { .. })).count();
        assert_eq!(tasks, 0);
    }

    #[test]
    fn a_ledger_of_another_traffic_is_not_gone_on_with() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path(), None, SMALL).unwrap();
        let len = journal.len() + 30;
        journal.fill(len).unwrap();
        drop(journal);
        let other = Extent { tags: 40, items: 7, bins: 5 };
        let error = Journal::open(dir.path(), None, other).err().unwrap();
        assert!(error.to_string().contains("remove it"), "{error}");
    }
}
