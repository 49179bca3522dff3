//! A pass held against a task: expected, missing, extra, unknown, wrong item.
//!
//! Rules: a thing is an item through its GTIN, or because a line names its key. A serialised thing
//! is one base unit and counts once in the life of a task; a scan without serial counts as often
//! as it was read. A line that names things expects exactly those, each for an equal part of its
//! quantity. A lot asked for must be the thing's lot; a named thing that tells no lot has the
//! line's. Nothing here decides or records.

use std::collections::HashMap;

use gatewarden_model::{
    Comparison, ItemId, MovementLine, Pass, Sighting, Thing,
    pass::{Matched, Missing, Stray},
};

use crate::{items::ItemMaster, state::TaskState};

/// Compares a pass with what a task still expects.
#[must_use]
pub fn compare(task: &TaskState, pass: &Pass, items: &ItemMaster) -> Comparison {
    let mut matching = Matching::new(task, items);
    for sighting in &pass.sightings {
        matching.sighting(sighting);
    }
    matching.finish()
}

/// The lines of the movement that a comparison's expected things make, by line and lot.
pub(crate) fn movement_lines(
    task: &TaskState,
    comparison: &Comparison,
    items: &ItemMaster,
) -> Vec<MovementLine> {
    let mut lines: Vec<MovementLine> = vec![];
    let mut places: HashMap<(u32, Option<&str>), usize> = HashMap::new();
    for matched in &comparison.expected {
        let Some(line) = task.task.lines.iter().find(|l| l.line == matched.line) else { continue };
        let place = *places.entry((matched.line, matched.lot.as_deref())).or_insert_with(|| {
            let unit = items.by_code(&line.item).map_or_else(String::new, |i| i.unit.clone());
            let (from, to) = (line.from.clone(), line.to.clone());
            lines.push(MovementLine {
                lot: matched.lot.clone(),
                owner: line.owner.clone(),
                from_status: line.from_status,
                to_status: line.to_status,
                ..MovementLine::new(line.line, line.item.clone(), 0, unit, from, to)
            });
            lines.len() - 1
        });
        // Bounded by the line's quantity, so the sum can't overflow.
        lines[place].quantity = lines[place].quantity.saturating_add(matched.quantity);
        lines[place].things.push(matched.key.clone());
    }
    lines
}

struct Matching<'a> {
    task: &'a TaskState,
    items: &'a ItemMaster,
    left: Vec<i64>,
    named: HashMap<&'a str, usize>,
    by_item: HashMap<&'a ItemId, Vec<usize>>,
    out: Comparison,
}

impl<'a> Matching<'a> {
    fn new(task: &'a TaskState, items: &'a ItemMaster) -> Self {
        let mut named = HashMap::new();
        let mut by_item: HashMap<&ItemId, Vec<usize>> = HashMap::new();
        for (index, line) in task.task.lines.iter().enumerate() {
            named.extend(line.things.iter().map(|key| (key.as_str(), index)));
            by_item.entry(&line.item).or_default().push(index);
        }
        let left = (0..task.task.lines.len()).map(|index| task.remaining(index)).collect();
        Self { task, items, left, named, by_item, out: Comparison::default() }
    }

    fn sighting(&mut self, sighting: &Sighting) {
        let thing = &sighting.thing;
        if let Some(index) = self.named.get(thing.key.as_str()).copied() {
            return self.named_thing(thing, index);
        }
        let items = self.items;
        let Some(item) = thing.gtin.as_deref().and_then(|gtin| items.by_gtin(gtin)) else {
            self.out.unknown.push(Stray { key: thing.key.clone(), item: None });
            return;
        };
        let Some(lines) = self.by_item.get(&item.code).cloned() else {
            let item = Some(item.code.clone());
            self.out.wrong_item.push(Stray { key: thing.key.clone(), item });
            return;
        };
        let once = thing.serial.is_some();
        if once && lines.iter().any(|index| self.is_posted(*index, &thing.key)) {
            return self.extra(thing, &item.code);
        }
        let count = if once { 1 } else { i64::from(sighting.reads.max(1)) };
        if self.take(thing, count, &lines) > 0 {
            self.extra(thing, &item.code);
        }
    }

    fn named_thing(&mut self, thing: &Thing, index: usize) {
        let line = &self.task.task.lines[index];
        let each = line.quantity / i64::try_from(line.things.len().max(1)).unwrap_or(i64::MAX);
        let lot_fits = thing.lot.is_none() || line.lot.is_none() || thing.lot == line.lot;
        if self.is_posted(index, &thing.key) || self.left[index] < each || !lot_fits {
            return self.extra(thing, &line.item);
        }
        self.expected(thing, index, each);
    }

    /// Takes up to `count` from the lines, those that ask for the thing's lot first. Returns what
    /// no line takes.
    fn take(&mut self, thing: &Thing, mut count: i64, lines: &[usize]) -> i64 {
        for by_lot in [true, false] {
            for &index in lines {
                let line = &self.task.task.lines[index];
                let fits = line.lot.is_some() == by_lot
                    && (line.lot.is_none() || line.lot == thing.lot)
                    && line.things.is_empty();
                let part = count.min(self.left[index]);
                if fits && part > 0 {
                    self.expected(thing, index, part);
                    count -= part;
                }
            }
        }
        count
    }

    fn expected(&mut self, thing: &Thing, index: usize, quantity: i64) {
        let line = &self.task.task.lines[index];
        self.left[index] -= quantity;
        self.out.expected.push(Matched {
            line: line.line,
            key: thing.key.clone(),
            quantity,
            lot: thing.lot.clone().or_else(|| line.lot.clone()),
        });
    }

    fn extra(&mut self, thing: &Thing, item: &ItemId) {
        self.out.extra.push(Stray { key: thing.key.clone(), item: Some(item.clone()) });
    }

    fn is_posted(&self, index: usize, key: &str) -> bool {
        self.task.progress.get(index).is_some_and(|p| p.things.contains(key))
    }

    fn finish(mut self) -> Comparison {
        for (line, quantity) in self.task.task.lines.iter().zip(self.left) {
            if quantity > 0 {
                let item = line.item.clone();
                self.out.missing.push(Missing { line: line.line, item, quantity });
            }
        }
        self.out
    }
}
