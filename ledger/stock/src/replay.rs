//! An item's past, gone through once more: with a movement inserted, with one left out, or with a
//! cost added to a receipt.
//!
//! Promises: the order is that of the days for which movements count, back-dated ones after the
//! others of their day, else that of the journal; nothing is ever taken that was not there then; what
//! came in from outside came in at the value that was recorded for it, with the costs landed on it.
//! Status and packing are left out: value and age do not depend on them. Absent on purpose: what is
//! done with the result (`revalue`).

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use gatewarden_model::{
    Amount, Body, Day, Entry, ItemId, Location, Movement, MovementId, MovementLine, Revaluation,
};

use crate::{
    error::StockError,
    flow::{self, Flow, Pools},
    pool::{Pool, PoolKey},
    stock::Stock,
};

/// What is different from what is recorded.
#[derive(Clone, Copy)]
pub(crate) enum Twist<'a> {
    /// Nothing.
    None,
    /// A movement counts for an earlier day.
    Insert {
        /// The entry it will be.
        seq: u64,
        /// The day.
        day: Day,
        /// The movement.
        movement: &'a Movement,
    },
    /// A movement never was.
    LeaveOut(MovementId),
    /// A receipt's lines cost more.
    Land {
        /// The receipt.
        movement: MovementId,
        /// What is added, by line.
        amounts: &'a [Amount],
    },
}

/// What a replay ends in.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Every pool that ever was, empty ones too.
    pub(crate) pools: BTreeMap<(Location, PoolKey), Pool>,
    /// What differs in the value of recorded lines, by entry and position.
    pub(crate) revalues: Vec<Revaluation>,
    /// The values of the inserted movement's lines, by position.
    pub(crate) inserted: Vec<(usize, Option<Amount>)>,
}

impl Pools for BTreeMap<(Location, PoolKey), Pool> {
    fn pool(
        &mut self,
        _item: &ItemId,
        location: &Location,
        key: &PoolKey,
    ) -> Result<&mut Pool, StockError> {
        Ok(self.entry((location.clone(), key.clone())).or_default())
    }
}

/// What was added to recorded values since.
#[derive(Default)]
pub(crate) struct Added {
    by_line: HashMap<(u64, u32), i128>,
    landed: HashMap<MovementId, Vec<i128>>,
}

impl Added {
    /// Of all entries of a history.
    pub(crate) fn of(history: &[Arc<Entry>]) -> Self {
        let mut added = Self::default();
        for entry in history {
            match &entry.body {
                Body::Moved { movement, .. } => added.revalue(&movement.revalues),
                Body::CostLanded { movement, amounts, revalues, .. } => {
                    added.land(*movement, amounts);
                    added.revalue(revalues);
                }
                _ => {}
            }
        }
        added
    }

    fn revalue(&mut self, revalues: &[Revaluation]) {
        for Revaluation { seq, position, delta } in revalues {
            *self.by_line.entry((*seq, *position)).or_default() += i128::from(delta.units());
        }
    }

    fn land(&mut self, movement: MovementId, amounts: &[Amount]) {
        let sums = self.landed.entry(movement).or_default();
        sums.resize(sums.len().max(amounts.len()), 0);
        for (sum, amount) in sums.iter_mut().zip(amounts) {
            *sum += i128::from(amount.units());
        }
    }

    /// What a recorded line is worth by now.
    fn current(&self, seq: u64, movement: &Movement, position: usize) -> Option<Amount> {
        let recorded = movement.lines.get(position)?.value.unwrap_or_default();
        let key = (seq, u32::try_from(position).ok()?);
        let revalued = self.by_line.get(&key).copied().unwrap_or(0);
        let landed = self.landed.get(&movement.id).and_then(|l| l.get(position)).copied();
        let units = i128::from(recorded.units()) + revalued + landed.unwrap_or(0);
        i64::try_from(units).ok().map(Amount::from_units)
    }
}

/// What each line of a movement is worth by now, with all that was added to it since.
pub(crate) fn current_values(
    history: &[Arc<Entry>],
    seq: u64,
    movement: &Movement,
) -> Vec<Option<Amount>> {
    let added = Added::of(history);
    let lines = movement.lines.iter().enumerate();
    let current = |(position, line): (usize, &MovementLine)| {
        line.value.and_then(|_| added.current(seq, movement, position))
    };
    lines.map(current).collect()
}

/// One movement of the past.
struct Step<'a> {
    /// Where it stands: its day, back-dated ones later, the place in the journal.
    order: (Day, bool, usize),
    seq: u64,
    day: Day,
    movement: &'a Movement,
    inserted: bool,
}

/// Goes through the history of an item. Ends after `until` where that is given.
pub(crate) fn replay(
    stock: &Stock,
    item: &ItemId,
    history: &[Arc<Entry>],
    twist: Twist<'_>,
    until: Option<Day>,
) -> Result<Outcome, StockError> {
    let mut added = Added::of(history);
    if let Twist::Land { movement, amounts } = twist {
        added.land(movement, amounts);
    }
    let mut outcome = Outcome::default();
    let left_out = left_out(history, twist);
    for movement in movements(history).filter(|movement| left_out.contains(&movement.id)) {
        outcome.empty_pools(item, movement);
    }
    for step in steps(history, twist, &left_out) {
        if until.is_some_and(|until| step.order.0 > until) {
            break;
        }
        go(stock, item, &added, &step, &mut outcome).map_err(|error| on(error, step.order.0))?;
    }
    outcome.revalues.sort_unstable_by_key(|r| (r.seq, r.position));
    Ok(outcome)
}

/// The movements of a history, in the order of the journal.
fn movements(history: &[Arc<Entry>]) -> impl Iterator<Item = &Movement> {
    history.iter().filter_map(|entry| match &entry.body {
        Body::Moved { movement, .. } => Some(movement),
        _ => None,
    })
}

impl Outcome {
    /// What is left out may leave nothing behind: its pools are told as empty ones.
    fn empty_pools(&mut self, item: &ItemId, movement: &Movement) {
        for line in movement.lines.iter().filter(|line| line.item == *item) {
            for location in [&line.from, &line.to].into_iter().filter(|at| at.holds_stock()) {
                self.pools.entry((location.clone(), PoolKey::of(line))).or_default();
            }
        }
    }
}

fn steps<'a>(
    history: &'a [Arc<Entry>],
    twist: Twist<'a>,
    left_out: &HashSet<MovementId>,
) -> Vec<Step<'a>> {
    let mut latest = None;
    let mut steps = vec![];
    for (place, entry) in history.iter().enumerate() {
        let Body::Moved { movement, .. } = &entry.body else { continue };
        let day = movement.day(&entry.at);
        // A clock that was set back does not change the order of the journal.
        let counts = if movement.back_dated { day } else { latest.max(Some(day)).unwrap_or(day) };
        if !movement.back_dated {
            latest = Some(counts);
        }
        if !left_out.contains(&movement.id) {
            let order = (counts, movement.back_dated, place);
            steps.push(Step { order, seq: entry.seq, day, movement, inserted: false });
        }
    }
    if let Twist::Insert { seq, day, movement } = twist {
        let order = (day, true, history.len());
        steps.push(Step { order, seq, day, movement, inserted: true });
    }
    steps.sort_by_key(|step| step.order);
    steps
}

/// Movements that were taken back as if they had never been, and what took them back.
fn left_out(history: &[Arc<Entry>], twist: Twist<'_>) -> HashSet<MovementId> {
    let mut left_out = HashSet::new();
    for movement in movements(history) {
        if let (Some(original), true) = (movement.reverses, movement.back_dated) {
            left_out.extend([original, movement.id]);
        }
    }
    if let Twist::LeaveOut(original) = twist {
        left_out.insert(original);
    }
    left_out
}

fn go(
    stock: &Stock,
    item: &ItemId,
    added: &Added,
    step: &Step<'_>,
    outcome: &mut Outcome,
) -> Result<(), StockError> {
    let lines = step.movement.lines.iter().enumerate().filter(|(_, line)| line.item == *item);
    let flow = |(position, line)| {
        let recorded = || added.current(step.seq, step.movement, position);
        let incoming = if step.inserted { step.movement.lines[position].value } else { recorded() };
        let valuation = stock.valuation(item, step.movement.lines[position].owner.as_deref());
        Flow { line, position, valuation, incoming }
    };
    let flows: Vec<Flow<'_>> = lines.map(flow).collect();
    let values = flow::run(&mut outcome.pools, &flows, step.day)?;
    for (flow, found) in flows.iter().zip(values) {
        if step.inserted {
            outcome.inserted.push((flow.position, found));
        } else if let Some(found) = found {
            let current = added.current(step.seq, step.movement, flow.position);
            let delta = current.and_then(|current| found.checked_sub(current));
            let delta = delta.ok_or_else(|| flow::overflow(flow))?;
            let position = u32::try_from(flow.position).unwrap_or(u32::MAX);
            if !delta.is_zero() {
                outcome.revalues.push(Revaluation { seq: step.seq, position, delta });
            }
        }
    }
    Ok(())
}

/// Names the day of a shortage.
fn on(error: StockError, day: Day) -> StockError {
    match error {
        StockError::Short { what, item, location, there, needed, on: None } => {
            StockError::Short { what, item, location, there, needed, on: Some(day) }
        }
        other => other,
    }
}
