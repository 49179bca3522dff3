//! A pass held against a task: expected, missing, extra, unknown, wrong item.
//!
//! Rules: a thing is what `seen` says it stands for, or what a line means that names its key. A
//! serialised thing counts once in the life of a task, and only where its last movement left it; a
//! scan without serial counts as often as it was read. A line that names things expects exactly
//! those, each for an equal part of its quantity. A lot asked for must be the thing's lot; a named
//! thing that tells no lot has the line's. What a portal saw go the other way is extra. A handling unit counts whole or not at all, and what is
//! in it not once more beside it. Nothing here decides or records.

use std::collections::HashMap;

use gatewarden_model::{
    Bucket, Comparison, Direction, ItemId, Location, MovementKind, StockStatus, TaskLine,
    pass::{Matched, Missing, Stray},
};

use crate::{
    seen::{Content, Means, Seen},
    state::TaskState,
};

/// How a pass compares with a task, and what it would move.
pub(crate) struct Match {
    /// In words.
    pub(crate) comparison: Comparison,
    /// What would move, in the order it was matched.
    pub(crate) parts: Vec<Part>,
}

/// Some of one line, of one lot, from and to one handling unit.
pub(crate) struct Part {
    /// The index of the task's line.
    pub(crate) index: usize,
    /// The thing's key; none for a part of a handling unit beyond the first.
    pub(crate) key: Option<String>,
    /// Base units; 0 for a thing inside a handling unit that was seen whole.
    pub(crate) quantity: i64,
    pub(crate) lot: Option<String>,
    pub(crate) from_unit: Option<String>,
    pub(crate) to_unit: Option<String>,
    /// It came in by its handling unit's own tag.
    whole: bool,
}

/// Compares the things of a pass with what a task still expects.
pub(crate) fn compare(task: &TaskState, seen: &[Seen<'_>]) -> Match {
    let mut matching = Matching::new(task, seen);
    let (against, seen): (Vec<_>, Vec<_>) =
        seen.iter().partition(|one| goes_against(task.task.kind, one.way));
    // Handling units first: what is in one that was seen counts with it.
    for one in &seen {
        matching.unit(one);
    }
    for one in seen {
        matching.thing(one);
    }
    for one in against {
        matching.wrong_way(one);
    }
    matching.finish()
}

/// Whether goods of such a movement never go this way through a door of the house.
fn goes_against(kind: MovementKind, way: Direction) -> bool {
    use MovementKind::{
        CustomerReturn, Receipt, Shipment, SubcontractIn, SubcontractOut, SupplierReturn,
    };
    match way {
        Direction::In => matches!(kind, Shipment | SupplierReturn | SubcontractOut),
        Direction::Out => matches!(kind, Receipt | CustomerReturn | SubcontractIn),
        Direction::Unknown => false,
    }
}

/// The status that a line's stock is taken from.
pub(crate) fn from_status(task: &TaskState, line: &TaskLine) -> StockStatus {
    match task.task.reservation {
        Some(_) if line.from.holds_stock() => StockStatus::Reserved,
        _ => line.from_status,
    }
}

struct Matching<'a> {
    task: &'a TaskState,
    left: Vec<i64>,
    named: HashMap<&'a str, usize>,
    by_item: HashMap<&'a ItemId, Vec<usize>>,
    /// The handling unit that things are packed into: the one that was seen.
    target: Option<&'a str>,
    out: Comparison,
    parts: Vec<Part>,
}

impl<'a> Matching<'a> {
    fn new(task: &'a TaskState, seen: &[Seen<'a>]) -> Self {
        let mut named = HashMap::new();
        let mut by_item: HashMap<&ItemId, Vec<usize>> = HashMap::new();
        for (index, line) in task.task.lines.iter().enumerate() {
            named.extend(line.things.iter().map(|key| (key.as_str(), index)));
            by_item.entry(&line.item).or_default().push(index);
        }
        let left = (0..task.task.lines.len()).map(|index| task.remaining(index)).collect();
        let target = match task.task.kind {
            MovementKind::Pack => seen.iter().find_map(|one| one.thing.sscc.as_deref()),
            _ => None,
        };
        let (out, parts) = (Comparison::default(), vec![]);
        Self { task, left, named, by_item, target, out, parts }
    }

    fn line(&self, index: usize) -> &'a TaskLine {
        &self.task.task.lines[index]
    }

    /// A handling unit: all that is in it fits the task, or none of it counts.
    fn unit(&mut self, seen: &Seen<'a>) {
        let Means::Unit { sscc, contents } = &seen.means else { return };
        if self.task.task.kind == MovementKind::Pack {
            return;
        }
        let stray = || Stray {
            key: seen.thing.key.clone(),
            item: contents.first().map(|content| content.site.item.clone()),
        };
        if !contents.iter().all(|c| self.by_item.contains_key(&c.site.item)) {
            return self.out.wrong_item.push(stray());
        }
        let Some((taken, left)) = self.fill(contents, &seen.thing.key) else {
            return self.out.extra.push(stray());
        };
        self.left = left;
        let to_unit = match self.task.task.kind {
            MovementKind::Unpack => None,
            _ => Some((*sscc).to_owned()),
        };
        for (nth, (index, quantity, lot)) in taken.into_iter().enumerate() {
            self.out.expected.push(Matched {
                line: self.line(index).line,
                key: seen.thing.key.clone(),
                quantity,
                lot: lot.clone(),
            });
            let key = (nth == 0).then(|| seen.thing.key.clone());
            let (from_unit, to_unit) = (Some((*sscc).to_owned()), to_unit.clone());
            self.parts.push(Part { index, key, quantity, lot, from_unit, to_unit, whole: true });
        }
    }

    /// Which lines take what of a handling unit, and what they still expect then; none unless they
    /// take all of it.
    #[allow(clippy::type_complexity, reason = "two results of one search, taken apart at once")]
    fn fill(
        &self,
        contents: &[Content<'_>],
        key: &str,
    ) -> Option<(Vec<(usize, i64, Option<String>)>, Vec<i64>)> {
        let (mut left, mut taken) = (self.left.clone(), vec![]);
        for content in contents {
            let mut open = content.quantity;
            for &index in self.by_item.get(&content.site.item)? {
                let part = open.min(left[index]);
                if part > 0 && self.takes(index, &content.site.location, content.bucket, key) {
                    left[index] -= part;
                    open -= part;
                    taken.push((index, part, content.bucket.lot.clone()));
                }
            }
            if open > 0 {
                return None;
            }
        }
        Some((taken, left))
    }

    /// Whether a line takes what is in this bucket of a handling unit.
    fn takes(&self, index: usize, at: &Location, bucket: &Bucket, key: &str) -> bool {
        let line = self.line(index);
        line.from == *at
            && line.owner == bucket.owner
            && from_status(self.task, line) == bucket.status
            && (line.lot.is_none() || line.lot == bucket.lot)
            && (line.things.is_empty() || line.things.iter().any(|k| k == key))
    }

    fn thing(&mut self, seen: &Seen<'a>) {
        let key = seen.thing.key.as_str();
        if self.task.task.kind == MovementKind::Pack
            && let Some(sscc) = &seen.thing.sscc
        {
            return self.target_seen(sscc, key);
        }
        if matches!(seen.means, Means::Unit { .. }) {
            return;
        }
        if let Some(index) = self.named.get(key).copied() {
            return self.named_thing(seen, index);
        }
        let Means::Pieces { item, each, lot, once } = seen.means else {
            return self.out.unknown.push(Stray { key: key.to_owned(), item: None });
        };
        let Some(lines) = self.by_item.get(item).cloned() else {
            return self
                .out
                .wrong_item
                .push(Stray { key: key.to_owned(), item: Some(item.clone()) });
        };
        if once && lines.iter().any(|index| self.is_posted(*index, key)) {
            return self.extra(key, item);
        }
        if self.inside(seen, item, lot) {
            return;
        }
        let lines: Vec<usize> = self.fitting(&lines, seen, lot).collect();
        let room: i64 = lines.iter().fold(0, |sum, index| sum.saturating_add(self.left[*index]));
        let times = seen.times.min(room / each.max(1));
        self.take(seen, times.saturating_mul(each), &lines, lot);
        if times < seen.times {
            self.extra(key, item);
        }
    }

    /// One handling unit is what things are packed into; a second one is too much.
    fn target_seen(&mut self, sscc: &str, key: &str) {
        if self.target == Some(sscc) {
            let line = self.task.task.lines.first().map_or(0, |l| l.line);
            let (key, quantity) = (key.to_owned(), 0);
            return self.out.expected.push(Matched { line, key, quantity, lot: None });
        }
        self.out.extra.push(Stray { key: key.to_owned(), item: None });
    }

    fn named_thing(&mut self, seen: &Seen<'a>, index: usize) {
        let (line, thing) = (self.line(index), seen.thing);
        let each = line.quantity / i64::try_from(line.things.len().max(1)).unwrap_or(i64::MAX);
        let lot = match seen.means {
            Means::Pieces { lot, .. } => lot,
            _ => thing.lot.as_deref(),
        };
        let lot_fits = lot.is_none() || line.lot.is_none() || lot == line.lot.as_deref();
        let elsewhere = seen.place.is_some_and(|place| *place != line.from);
        let short = self.left[index] < each;
        if self.is_posted(index, &thing.key) || short || !lot_fits || elsewhere {
            return self.extra(&thing.key, &line.item);
        }
        self.expected(seen, index, each, lot);
    }

    /// The lines that a thing may fill: those that ask for its lot first.
    fn fitting<'s>(
        &'s self,
        lines: &'s [usize],
        seen: &'s Seen<'a>,
        lot: Option<&'s str>,
    ) -> impl Iterator<Item = usize> + 's {
        let fits = move |by_lot: bool, index: usize| {
            let line = self.line(index);
            line.lot.is_some() == by_lot
                && (line.lot.is_none() || line.lot.as_deref() == lot)
                && line.things.is_empty()
                && seen.place.is_none_or(|place| *place == line.from)
        };
        [true, false]
            .into_iter()
            .flat_map(move |by_lot| lines.iter().copied().filter(move |index| fits(by_lot, *index)))
    }

    /// Takes `count`, which the lines have room for, from line after line.
    fn take(&mut self, seen: &Seen<'a>, mut count: i64, lines: &[usize], lot: Option<&str>) {
        for &index in lines {
            let part = count.min(self.left[index]);
            if part > 0 {
                self.expected(seen, index, part, lot);
                count -= part;
            }
        }
    }

    fn expected(&mut self, seen: &Seen<'a>, index: usize, quantity: i64, lot: Option<&str>) {
        let line = self.line(index);
        self.left[index] -= quantity;
        let key = seen.thing.key.clone();
        let lot = lot.map(str::to_owned).or_else(|| line.lot.clone());
        let matched = Matched { line: line.line, key: key.clone(), quantity, lot: lot.clone() };
        self.out.expected.push(matched);
        let (from_unit, to_unit) = (seen.unit.map(str::to_owned), self.target.map(str::to_owned));
        let key = Some(key);
        self.parts.push(Part { index, key, quantity, lot, from_unit, to_unit, whole: false });
    }

    /// Counts a thing with the handling unit that it is in, if that was seen too: it goes the unit's
    /// way and adds nothing to the quantity.
    fn inside(&mut self, seen: &Seen<'a>, item: &ItemId, lot: Option<&str>) -> bool {
        let Some(unit) = seen.unit else { return false };
        let holds = |part: &&Part| {
            part.whole
                && part.from_unit.as_deref() == Some(unit)
                && self.line(part.index).item == *item
                && (lot.is_none() || part.lot.as_deref() == lot)
        };
        let Some(part) = self.parts.iter().find(holds) else { return false };
        let key = seen.thing.key.clone();
        let (index, lot) = (part.index, part.lot.clone());
        let (from_unit, to_unit) = (part.from_unit.clone(), part.to_unit.clone());
        let matched = Matched {
            line: self.line(index).line,
            key: key.clone(),
            quantity: 0,
            lot: lot.clone(),
        };
        self.out.expected.push(matched);
        let key = Some(key);
        self.parts.push(Part { index, key, quantity: 0, lot, from_unit, to_unit, whole: true });
        true
    }

    fn wrong_way(&mut self, seen: &Seen<'a>) {
        let item = match &seen.means {
            Means::Pieces { item, .. } => Some((*item).clone()),
            Means::Unit { contents, .. } => contents.first().map(|c| c.site.item.clone()),
            Means::Nothing => None,
        };
        self.out.extra.push(Stray { key: seen.thing.key.clone(), item });
    }

    fn extra(&mut self, key: &str, item: &ItemId) {
        self.out.extra.push(Stray { key: key.to_owned(), item: Some(item.clone()) });
    }

    fn is_posted(&self, index: usize, key: &str) -> bool {
        self.task.progress.get(index).is_some_and(|p| p.things.contains(key))
    }

    fn finish(mut self) -> Match {
        for (line, quantity) in self.task.task.lines.iter().zip(self.left) {
            if quantity > 0 {
                let item = line.item.clone();
                self.out.missing.push(Missing { line: line.line, item, quantity });
            }
        }
        Match { comparison: self.out, parts: self.parts }
    }
}
