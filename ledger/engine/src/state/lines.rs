//! What the open tasks of a station are about, each item and way once: a door with two hundred orders of one
//! article asks for that article once.
//!
//! Invariant: a function of the open tasks. Absent: how much of a line is left.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{ItemId, Location, StationId, TaskLine};

use super::{State, TaskState};

/// Item, from, to, lot.
type Way = (ItemId, Location, Location, Option<String>);

/// The lines of a station's open tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    /// Those that name no things, with how many there are of each.
    plain: BTreeMap<Way, usize>,
    /// Tasks with lines that name things.
    named: BTreeSet<u64>,
}

/// What of a line tells what must be known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'l> {
    pub(crate) item: &'l ItemId,
    pub(crate) from: &'l Location,
    pub(crate) to: &'l Location,
    pub(crate) lot: Option<&'l str>,
    pub(crate) things: &'l [String],
}

impl<'l> From<&'l TaskLine> for Asked<'l> {
    fn from(line: &'l TaskLine) -> Self {
        let TaskLine { item, from, to, lot, things, .. } = line;
        Self { item, from, to, lot: lot.as_deref(), things }
    }
}

fn way(line: &TaskLine) -> Way {
    (line.item.clone(), line.from.clone(), line.to.clone(), line.lot.clone())
}

impl Lines {
    pub(crate) fn open(&mut self, task: &TaskState) {
        for line in &task.task.lines {
            match line.things.is_empty() {
                true => *self.plain.entry(way(line)).or_default() += 1,
                false => drop(self.named.insert(task.seq)),
            }
        }
    }

    pub(crate) fn close(&mut self, task: &TaskState) {
        self.named.remove(&task.seq);
        for line in task.task.lines.iter().filter(|line| line.things.is_empty()) {
            let way = way(line);
            match self.plain.get_mut(&way) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.plain.remove(&way)),
            }
        }
    }
}

impl State {
    /// What the open tasks of a station ask for.
    pub(crate) fn asked_at(&self, station: &StationId) -> impl Iterator<Item = Asked<'_>> {
        let lines = self.station_lines.get(station);
        let plain = lines.into_iter().flat_map(|lines| lines.plain.keys());
        let plain = plain.map(|(item, from, to, lot)| {
            let lot = lot.as_deref();
            Asked { item, from, to, lot, things: &[] }
        });
        let named = lines.into_iter().flat_map(|lines| &lines.named);
        let named = named.filter_map(|seq| self.tasks.get(seq)).flat_map(|open| &open.task.lines);
        plain.chain(named.filter(|line| !line.things.is_empty()).map(Asked::from))
    }
}
