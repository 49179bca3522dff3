//! The reference: a plain list of movements, recomputed whole after every change. Slow and simple;
//! it shares no code with what it checks.
#![allow(unreachable_pub, clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use std::collections::BTreeMap;

/// Days, base units, cents.
pub type Layer = (i64, i64, i64);

#[derive(Debug, Clone)]
pub struct Record {
    pub day: i64,
    pub back_dated: bool,
    pub lines: Vec<Line>,
    pub is_reversal: bool,
    /// Another record takes it back.
    pub reversed: bool,
    /// As if it had never been: a reversal of an open day, and what it takes back.
    pub left_out: bool,
}

#[derive(Debug, Clone)]
pub struct Line {
    pub item: usize,
    pub from: usize,
    pub to: usize,
    pub quantity: i64,
    /// What came in from outside was worth, with what was landed on it; none to be averaged.
    pub incoming: Option<i64>,
}

/// What all movements come to.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub layers: BTreeMap<(usize, usize), Vec<Layer>>,
    pub value: BTreeMap<(usize, usize), i64>,
    pub quantity: BTreeMap<(usize, usize), i64>,
    /// By record and line.
    pub values: BTreeMap<(usize, usize), i64>,
}

/// Items with an even number are FIFO, the others moving average.
fn is_fifo(item: usize) -> bool {
    item.is_multiple_of(2)
}

/// The first places hold stock.
pub const HOLDING: usize = 3;

/// Half to even, in whole cents.
fn part_of(value: i64, part: i64, whole: i64) -> i64 {
    let twice = 2 * i128::from(value) * i128::from(part);
    let whole = i128::from(whole);
    let down = (twice / 2) / whole;
    let rest = twice - 2 * down * whole;
    let up = rest > whole || (rest == whole && down % 2 == 1);
    i64::try_from(down + i128::from(up)).unwrap()
}

impl World {
    /// Plays all records in the order in which they count; none where something was not there.
    pub fn play(records: &[Record]) -> Option<Self> {
        let mut order: Vec<usize> = (0..records.len()).collect();
        order.sort_by_key(|i| (records[*i].day, records[*i].back_dated, *i));
        let mut world = Self::default();
        for i in order {
            let record = &records[i];
            if record.left_out {
                continue;
            }
            for (position, line) in record.lines.iter().enumerate() {
                let value = world.go(line, record.day)?;
                world.values.insert((i, position), value);
            }
        }
        Some(world)
    }

    fn go(&mut self, line: &Line, day: i64) -> Option<i64> {
        let (from, to) = ((line.item, line.from), (line.item, line.to));
        let (taken, value) = if line.from < HOLDING {
            self.take(from, line.quantity)?
        } else {
            let value = line.incoming.unwrap_or_else(|| self.average(to, line.quantity));
            let own = if is_fifo(line.item) { value } else { 0 };
            (vec![(day, line.quantity, own)], value)
        };
        *self.quantity.entry(from).or_default() -= line.quantity;
        *self.quantity.entry(to).or_default() += line.quantity;
        if line.to < HOLDING {
            *self.value.entry(to).or_default() += value;
            for layer in taken {
                self.put(to, layer);
            }
        }
        Some(value)
    }

    fn average(&self, at: (usize, usize), quantity: i64) -> i64 {
        match self.quantity.get(&at).copied().unwrap_or(0) {
            0 => 0,
            there => part_of(self.value.get(&at).copied().unwrap_or(0), quantity, there),
        }
    }

    fn take(&mut self, at: (usize, usize), quantity: i64) -> Option<(Vec<Layer>, i64)> {
        let there = self.quantity.get(&at).copied().unwrap_or(0);
        if there < quantity {
            return None;
        }
        let layers = self.layers.entry(at).or_default();
        let mut taken: Vec<Layer> = vec![];
        while taken.iter().map(|l| l.1).sum::<i64>() < quantity {
            let missing = quantity - taken.iter().map(|l| l.1).sum::<i64>();
            let (day, n, v) = layers.remove(0);
            if n <= missing {
                taken.push((day, n, v));
            } else {
                let share = part_of(v, missing, n);
                taken.push((day, missing, share));
                layers.insert(0, (day, n - missing, v - share));
            }
        }
        let all = self.value.entry(at).or_default();
        let value = match is_fifo(at.0) {
            true => taken.iter().map(|l| l.2).sum(),
            false => part_of(*all, quantity, there),
        };
        *all -= value;
        Some((taken, value))
    }

    fn put(&mut self, at: (usize, usize), (day, n, v): Layer) {
        let layers = self.layers.entry(at).or_default();
        let same = |l: &&mut Layer| {
            l.0 == day && i128::from(l.2) * i128::from(n) == i128::from(v) * i128::from(l.1)
        };
        match layers.iter_mut().rev().find(same) {
            Some(layer) => *layer = (day, layer.1 + n, layer.2 + v),
            None => {
                layers.push((day, n, v));
                layers.sort_by_key(|l| l.0);
            }
        }
    }
}
