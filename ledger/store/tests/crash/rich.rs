//! Each step of the day in `story`, with a crash or a failure at its writes and flushes. A step begins
//! with the files as the step before left them, so the log that is found at the start is of every
//! length.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use gatewarden_model::{Body, Hash, MovementLine};
use gatewarden_store::{
    Ledger, OpenOptions, StoreError,
    vfs::{Fault, Shim},
};

use crate::{
    common::{folder, key},
    copy_files,
    desk::verify,
    shim,
    story::{Step, both_keys, posts_afresh, story},
};

/// One step of the story.
struct Stage {
    step: &'static Step,
    /// The files before it.
    files: PathBuf,
    /// Entries before and after it.
    sizes: (u64, u64),
    /// Writes and flushes that it costs.
    operations: u64,
}

/// All steps; played once to see how the files look before each, and what it costs.
fn stages() -> &'static [Stage] {
    static STAGES: OnceLock<(tempfile::TempDir, Vec<Stage>)> = OnceLock::new();
    let (_, stages) = STAGES.get_or_init(|| {
        let (folder, path) = folder();
        let story = story();
        copy_files(&story.prepared, &path);
        let mut ledger = Ledger::open(&path, both_keys()).unwrap();
        let mut stages = vec![];
        for (n, step) in story.steps.iter().enumerate() {
            let files = folder.path().join(format!("before-{n}.db"));
            copy_files(&path, &files);
            let sizes = (story.sizes[n], story.sizes[n + 1]);
            let mut stage = Stage { step, files, sizes, operations: 0 };
            step.run(&mut ledger).unwrap();
            stage.operations = stage.count();
            stages.push(stage);
        }
        (folder, stages)
    });
    stages
}

impl Step {
    fn run(&self, ledger: &mut Ledger) -> Result<(), StoreError> {
        match self {
            Self::Append(group) => ledger.append(group).map(drop),
            Self::CopyLog => ledger.copy_log(),
        }
    }
}

impl Stage {
    /// The ledger before the step, on a disk of its own.
    fn open(&self, shim: &Shim) -> (tempfile::TempDir, PathBuf, Ledger) {
        let (folder, path) = folder();
        copy_files(&self.files, &path);
        let options = OpenOptions { vfs: Some(shim.name()), ..both_keys() };
        let ledger = Ledger::open(&path, options).unwrap();
        (folder, path, ledger)
    }

    fn count(&self) -> u64 {
        let shim = shim();
        let (_folder, _path, mut ledger) = self.open(&shim);
        let before = shim.counts();
        self.step.run(&mut ledger).unwrap();
        let after = shim.counts();
        after.writes + after.syncs - before.writes - before.syncs
    }

    /// The process or the power goes at the `k`-th operation. The files that the next process finds
    /// are looked at once, however many crashes leave the same ones.
    fn dies(&self, k: u64, fault: Fault, seen: &mut BTreeSet<Hash>) {
        let shim = shim();
        let (_folder, path, mut ledger) = self.open(&shim);
        shim.arm(k, fault);
        let _ = self.step.run(&mut ledger);
        assert!(shim.frozen(), "{fault:?} at {k} of {}", self.operations);
        let (_other, copy) = folder();
        copy_files(&path, &copy);
        if seen.insert(digest(&copy)) {
            self.is_whole_and_goes_on(&copy, None);
            if k == 1 || k == self.operations {
                posts_afresh(&copy);
            }
        }
    }

    /// The disk fails at the `k`-th operation and works again later: the same writer goes on.
    fn fails(
        &self,
        k: u64,
        fault: Fault,
        expected: fn(&StoreError) -> bool,
        seen: &mut BTreeSet<Hash>,
    ) {
        let shim = shim();
        let (_folder, path, mut ledger) = self.open(&shim);
        shim.arm(k, fault);
        if let Err(error) = self.step.run(&mut ledger) {
            assert!(expected(&error), "operation {k}: {error:?}");
            let copied = matches!(self.step, Step::CopyLog);
            assert!(copied || self.step.run(&mut ledger).is_err(), "and again");
            shim.disarm();
            self.step.run(&mut ledger).unwrap();
        } else {
            assert_eq!(fault, Fault::Full, "operation {k} failed and nobody told");
        }
        assert_eq!(ledger.next_seq(), self.sizes.1);
        drop(ledger);
        if seen.insert(digest(&path)) {
            self.is_whole_and_goes_on(&path, Some(self.sizes.1));
        }
    }

    /// The first entries of the story are there byte for byte, up to the end of a group; all else
    /// follows from them; and what is missing of the step can be done.
    fn is_whole_and_goes_on(&self, path: &Path, expected: Option<u64>) {
        let mut ledger = Ledger::open(path, both_keys()).unwrap();
        let len = ledger.next_seq();
        assert!([self.sizes.0, self.sizes.1].contains(&len), "half a group: {len}");
        assert!(expected.is_none_or(|expected| expected == len), "{len}");
        let reader = ledger.reader().unwrap();
        let report = verify(&reader, &key().verifying_key());
        assert_eq!((report.findings, report.entries, report.size), (vec![], len, len));
        if len < self.sizes.1 {
            self.step.run(&mut ledger).unwrap();
        }
        let there = reader.entries(0..self.sizes.1).unwrap();
        assert!(there[..] == story().entries[..there.len()], "not what was recorded");
        assert_eq!(there.len() as u64, self.sizes.1);
    }
}

fn digest(path: &Path) -> Hash {
    let log = fs::read(path.with_extension("db-wal")).unwrap_or_default();
    Hash::of(&[fs::read(path).unwrap(), log].concat())
}

/// Lets it come at each operation of each step; how many there were.
fn everywhere(mut crash: impl FnMut(&Stage, u64)) -> u64 {
    let mut operations = 0;
    for stage in stages() {
        (1..=stage.operations).for_each(|k| crash(stage, k));
        operations += stage.operations;
    }
    operations
}

fn dies_everywhere(fault: Fault) {
    let mut seen = BTreeSet::new();
    let operations = everywhere(|stage, k| stage.dies(k, fault, &mut seen));
    assert!(operations > 300, "{operations} operations");
    assert!(seen.len() > stages().len(), "{} ends of {operations}", seen.len());
}

#[test]
fn a_day_survives_a_kill_at_any_operation() {
    dies_everywhere(Fault::Kill);
}

#[test]
fn a_day_survives_a_power_cut_at_any_operation() {
    dies_everywhere(Fault::PowerCut);
}

#[test]
fn a_day_survives_a_kill_in_the_middle_of_any_write() {
    dies_everywhere(Fault::Torn);
}

#[test]
fn a_day_survives_a_disk_that_keeps_writes_out_of_order() {
    dies_everywhere(Fault::Scattered);
}

#[test]
fn a_day_goes_on_where_the_disk_fills_up_at_any_operation() {
    let full = |error: &StoreError| matches!(error, StoreError::DiskFull);
    let mut seen = BTreeSet::new();
    everywhere(|stage, k| stage.fails(k, Fault::Full, full, &mut seen));
}

#[test]
fn a_day_goes_on_where_the_disk_breaks_at_any_operation() {
    let broken = |error: &StoreError| matches!(error, StoreError::DiskFailed(_));
    let mut seen = BTreeSet::new();
    everywhere(|stage, k| stage.fails(k, Fault::Broken, broken, &mut seen));
}

/// The crashes are worth as much as what they interrupt.
#[test]
fn the_day_has_all_that_a_ledger_records() {
    let kinds: BTreeSet<String> = story()
        .entries
        .iter()
        .map(|entry| {
            serde_json::to_value(&entry.body).unwrap()["kind"].as_str().unwrap().to_owned()
        })
        .collect();
    for kind in [
        "moved",
        "reserved",
        "reservation-ended",
        "held",
        "hold-decided",
        "cost-landed",
        "period-closed",
        "key-rotated",
        "enrolled",
        "removed",
        "commissioned",
        "task-opened",
    ] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
    let moved = || {
        story().entries.iter().filter_map(|entry| match &entry.body {
            Body::Moved { movement, .. } => Some(movement),
            _ => None,
        })
    };
    let ended = |reason: &str| {
        story().entries.iter().any(|entry| {
            matches!(&entry.body, Body::ReservationEnded { reason: r, .. } if r.starts_with(reason))
        })
    };
    assert!(ended("posted") && ended("void") && ended("time-out"));
    assert!(moved().any(|m| m.back_dated && m.reverses.is_none() && !m.revalues.is_empty()));
    assert!(moved().any(|m| m.reverses.is_some()) && moved().any(|m| !m.counts.is_empty()));
    assert!(moved().any(|m| !m.voucher.is_empty()));
    let line = |fits: fn(&MovementLine) -> bool| moved().any(|m| m.lines.iter().any(fits));
    assert!(line(|l| l.lot.is_some() && l.expires.is_some()) && line(|l| l.owner.is_some()));
    assert!(line(|l| !l.things.is_empty()) && line(|l| l.stated.is_some()));
    assert!(
        line(|l| l.to_unit.is_some()) && line(|l| l.from_unit.is_some() && l.to_unit.is_none())
    );
}
