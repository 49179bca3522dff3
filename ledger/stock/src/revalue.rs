//! Changes of the past: back-dated movements, reversals, landed costs.
//!
//! Each replays the histories of its items (`replay`). What that changes in the value of recorded
//! lines is written into the new entry (`revalues`), never into the old ones; the pools become what
//! the replays end in.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{
    Amount, Body, Day, Entry, ItemId, Location, Movement, MovementId, MovementLine, Revaluation,
};

use crate::{
    error::StockError,
    facts::Site,
    plan::{Changes, Plan},
    pool::{Pool, PoolKey},
    replay::{Twist, current_values, replay},
    stock::Stock,
};

/// Most lines that one entry may revalue.
pub const REVALUES_MAX: usize = 10_000;

/// What a change of the past comes to, over all its items.
#[derive(Default)]
struct Past {
    pools: BTreeMap<(Site, PoolKey), Pool>,
    revalues: Vec<Revaluation>,
    inserted: BTreeMap<usize, Option<Amount>>,
}

impl Stock {
    /// The pools of an item as they were at the end of a day, as far as the journal's entries below
    /// `size` knew: all of them for the view as corrected since. The item's history must be known.
    pub fn past(
        &self,
        item: &ItemId,
        day: Day,
        size: u64,
    ) -> Result<BTreeMap<(Location, PoolKey), Pool>, StockError> {
        let history = self.look_history(item)?;
        let known: Vec<_> = history.iter().filter(|entry| entry.seq < size).cloned().collect();
        let mut pools = replay(self, item, &known, Twist::None, Some(day))?.pools;
        pools.retain(|_, pool| !pool.is_empty());
        Ok(pools)
    }

    /// What a cost that is landed on a receipt changes in the value of later lines: the `revalues`
    /// of its entry. The receipt and the histories of its items must be known.
    pub fn land(
        &self,
        movement: MovementId,
        amounts: &[Amount],
    ) -> Result<Vec<Revaluation>, StockError> {
        self.admit_landed(movement, amounts)?;
        self.refuse_fine(movement, amounts)?;
        let twist = Twist::Land { movement, amounts };
        Ok(self.change_past(&self.items_moved(movement)?, twist)?.revalues)
    }

    /// What a landed cost changes, what its entry says checked.
    pub(crate) fn plan_landed(
        &self,
        movement: MovementId,
        amounts: &[Amount],
        stated: &[Revaluation],
    ) -> Result<Changes, StockError> {
        self.admit_landed(movement, amounts)?;
        let items = self.items_moved(movement)?;
        let past = self.change_past(&items, Twist::Land { movement, amounts })?;
        check_revalues(stated, &past.revalues)?;
        Ok(Changes { pools: past.pools.into_iter().collect(), ..Changes::default() })
    }

    fn admit_landed(&self, id: MovementId, amounts: &[Amount]) -> Result<(), StockError> {
        let (entry, movement) = self.original("movement", id)?;
        if movement.reverses.is_some() {
            let message = format!("{id} takes another movement back: name a receipt");
            return Err(StockError::rule("landed-reversal", "movement", message));
        }
        self.refuse_closed("movement", movement.day(&entry.at))?;
        self.refuse_reversed("movement", movement)?;
        if amounts.len() != movement.lines.len() {
            let message = format!(
                "{} amounts for the {} lines of {id}: state one for each, 0 where nothing is added",
                amounts.len(),
                movement.lines.len()
            );
            return Err(StockError::rule("landed-lines", "amounts", message));
        }
        for (position, (amount, line)) in amounts.iter().zip(&movement.lines).enumerate() {
            let valued = self.valuation(&line.item, line.owner.as_deref()).is_some();
            let comes_in = line.to.holds_stock() && !line.from.holds_stock();
            if !(amount.is_zero() || valued && comes_in) {
                let message = format!(
                    "line {} of {id} brings no valued stock in: let its amount be 0",
                    line.line
                );
                return Err(StockError::rule(
                    "landed-lines",
                    format!("amounts[{position}]"),
                    message,
                ));
            }
        }
        self.refuse_below_nothing(entry, movement, amounts)
    }

    /// No amount is finer than the item's money. Asked when a cost is about to land; one that stands in
    /// the journal counts as it is.
    fn refuse_fine(&self, id: MovementId, amounts: &[Amount]) -> Result<(), StockError> {
        let (_, movement) = self.original("movement", id)?;
        for (position, (amount, line)) in amounts.iter().zip(&movement.lines).enumerate() {
            let valuation = self.valuation(&line.item, line.owner.as_deref());
            let Some(decimals) = valuation.map(|valuation| valuation.decimals) else { continue };
            let step = 10_i64.pow(4_u32.saturating_sub(u32::from(decimals)));
            if amount.units() % step != 0 {
                let message =
                    format!("{amount} has more than {decimals} decimals: round it to {decimals}");
                let field = format!("amounts[{position}]");
                return Err(StockError::rule("value-decimals", field, message));
            }
        }
        Ok(())
    }

    fn refuse_below_nothing(
        &self,
        entry: &Entry,
        movement: &Movement,
        amounts: &[Amount],
    ) -> Result<(), StockError> {
        for (position, (amount, line)) in amounts.iter().zip(&movement.lines).enumerate() {
            if amount.is_zero() {
                continue;
            }
            let history = self.look_history(&line.item)?;
            let now = current_values(history, entry.seq, movement)[position].unwrap_or_default();
            if now.checked_add(*amount).is_none_or(|sum| sum < Amount::ZERO) {
                let message = format!(
                    "line {} is worth {now}, {amount} more would leave less than nothing: state at \
                     least -{now}",
                    line.line
                );
                return Err(StockError::rule(
                    "value-negative",
                    format!("amounts[{position}]"),
                    message,
                ));
            }
        }
        Ok(())
    }

    /// Fills the values and the revaluations of a movement that changes the past.
    pub(crate) fn price_past(
        &self,
        seq: u64,
        day: Day,
        movement: &mut Movement,
    ) -> Result<(), StockError> {
        if movement.reverses.is_some() {
            self.price_reversal(movement)?;
        }
        let past = self.past_of(seq, day, movement)?;
        if past.revalues.len() > REVALUES_MAX {
            let message = format!(
                "it would change the value of {} lines, {REVALUES_MAX} at most: post it for a later \
                 day",
                past.revalues.len()
            );
            return Err(StockError::rule("too-many-revaluations", "effective", message));
        }
        for (position, value) in past.inserted {
            movement.lines[position].value = value;
        }
        movement.revalues = past.revalues;
        Ok(())
    }

    /// A reversal takes back what its original's lines are worth by now.
    pub(crate) fn price_reversal(&self, movement: &mut Movement) -> Result<(), StockError> {
        let values = self.values_taken_back(movement)?;
        for (line, value) in movement.lines.iter_mut().zip(values) {
            line.value = value;
        }
        Ok(())
    }

    /// What a movement that changes the past changes, what it says checked.
    pub(crate) fn plan_past(
        &self,
        seq: u64,
        day: Day,
        movement: &Movement,
    ) -> Result<Changes, StockError> {
        let past = self.past_of(seq, day, movement)?;
        let taken_back = match movement.reverses {
            Some(_) => self.values_taken_back(movement)?,
            None => vec![],
        };
        for (position, line) in movement.lines.iter().enumerate() {
            let inserted = || past.inserted.get(&position).copied().flatten();
            let found = taken_back.get(position).copied().unwrap_or_else(inserted);
            if line.value != found {
                let field = format!("lines[{position}].value");
                return Err(StockError::Value { field, stated: line.value, found });
            }
        }
        check_revalues(&movement.revalues, &past.revalues)?;
        let mut plan = Plan::new(self);
        plan.quantities(&movement.lines)?;
        plan.facts(seq, &movement.lines)?;
        Ok(Changes { pools: past.pools.into_iter().collect(), ..plan.finish() })
    }

    fn past_of(&self, seq: u64, day: Day, movement: &Movement) -> Result<Past, StockError> {
        let items = movement.lines.iter().map(|line| line.item.clone()).collect();
        let twist = match movement.reverses {
            Some(original) => {
                self.admit_reversal(day, movement)?;
                Twist::LeaveOut(original)
            }
            None => Twist::Insert { seq, day, movement },
        };
        self.change_past(&items, twist)
    }

    fn change_past(&self, items: &BTreeSet<ItemId>, twist: Twist<'_>) -> Result<Past, StockError> {
        let mut past = Past::default();
        for item in items {
            let outcome = replay(self, item, self.look_history(item)?, twist, None)?;
            self.differing_pools(item, outcome.pools, &mut past.pools);
            past.revalues.extend(outcome.revalues);
            past.inserted.extend(outcome.inserted);
        }
        past.revalues.sort_unstable_by_key(|r| (r.seq, r.position));
        Ok(past)
    }

    /// Pools that are not as they are known to be; all of them at sites that are not known.
    fn differing_pools(
        &self,
        item: &ItemId,
        pools: BTreeMap<(Location, PoolKey), Pool>,
        into: &mut BTreeMap<(Site, PoolKey), Pool>,
    ) {
        for ((location, key), pool) in pools {
            let site = Site { item: item.clone(), location };
            let same = match self.sites.get(&site) {
                Some(known) => {
                    known.pools.get(&key).map_or(pool.is_empty(), |there| *there == pool)
                }
                None => false,
            };
            if !same {
                into.insert((site, key), pool);
            }
        }
    }

    fn items_moved(&self, id: MovementId) -> Result<BTreeSet<ItemId>, StockError> {
        let (_, movement) = self.original("movement", id)?;
        Ok(movement.lines.iter().map(|line| line.item.clone()).collect())
    }

    /// A recorded movement that something refers to.
    pub(crate) fn original(
        &self,
        field: &str,
        id: MovementId,
    ) -> Result<(&Entry, &Movement), StockError> {
        match self.look_movement(&id)? {
            Some(entry) => match &entry.body {
                Body::Moved { movement, .. } => Ok((entry, movement)),
                _ => Err(not_moved(field, id)),
            },
            None => Err(not_moved(field, id)),
        }
    }

    /// Refuses a movement that was taken back already.
    pub(crate) fn refuse_reversed(
        &self,
        field: &str,
        original: &Movement,
    ) -> Result<(), StockError> {
        let Some(line) = original.lines.first() else { return Ok(()) };
        let taken_back = self.look_history(&line.item)?.iter().find(|entry| {
            matches!(&entry.body, Body::Moved { movement, .. } if movement.reverses == Some(original.id))
        });
        match taken_back {
            None => Ok(()),
            Some(entry) => {
                let message = format!(
                    "movement {} was taken back by entry {} already: post a new movement instead",
                    original.id, entry.seq
                );
                Err(StockError::rule("reversed-already", field, message))
            }
        }
    }

    /// Refuses a day for which nothing counts any more.
    pub(crate) fn refuse_closed(&self, field: &str, day: Day) -> Result<(), StockError> {
        match self.closed_until.filter(|closed| day <= *closed) {
            None => Ok(()),
            Some(closed) => {
                let message = format!(
                    "{day} is closed, nothing up to {closed} changes any more: take a later day"
                );
                Err(StockError::rule("period-closed", field, message))
            }
        }
    }

    /// Whether a reversal fits its original: its lines, its day, once.
    pub(crate) fn admit_reversal(&self, day: Day, movement: &Movement) -> Result<(), StockError> {
        let Some(id) = movement.reverses else { return Ok(()) };
        let (entry, original) = self.original("reverses", id)?;
        if original.reverses.is_some() {
            let message = format!("{id} takes back another itself: post a new movement instead");
            return Err(StockError::rule("reversal-of-reversal", "reverses", message));
        }
        self.refuse_reversed("reverses", original)?;
        let counted = original.day(&entry.at);
        let open = self.closed_until.is_none_or(|closed| counted > closed);
        if movement.back_dated != open || (open && day != counted) {
            let when = if open {
                format!("a reversal of {id} counts for its day, {counted}")
            } else {
                format!("{counted} is closed: a reversal of {id} counts for today")
            };
            return Err(StockError::rule("reversal-day", "effective", when));
        }
        let expected = reversal_lines(original);
        let plain = |line: &MovementLine| MovementLine { value: None, ..line.clone() };
        if !movement.lines.iter().map(plain).eq(expected.iter().map(plain)) {
            let message = format!("the lines are not those of {id} with from and to exchanged");
            return Err(StockError::rule("reversal-lines", "lines", message));
        }
        Ok(())
    }

    fn values_taken_back(&self, movement: &Movement) -> Result<Vec<Option<Amount>>, StockError> {
        let Some(id) = movement.reverses else { return Ok(vec![]) };
        let (entry, original) = self.original("reverses", id)?;
        let mut values = Vec::with_capacity(original.lines.len());
        let mut by_item: BTreeMap<&ItemId, Vec<Option<Amount>>> = BTreeMap::new();
        for (position, line) in original.lines.iter().enumerate() {
            if !by_item.contains_key(&line.item) {
                let history = self.look_history(&line.item)?;
                by_item.insert(&line.item, current_values(history, entry.seq, original));
            }
            values.push(by_item[&line.item][position]);
        }
        Ok(values)
    }
}

fn not_moved(field: &str, id: MovementId) -> StockError {
    let message = format!("no movement {id} was posted: look it up in the ledger");
    StockError::rule("movement-unknown", field, message)
}

/// The lines that take a movement back: from and to, statuses and handling units exchanged, without
/// values. Stock that was taken out of a reservation does not go back into it: it becomes available,
/// or, where its kind also takes stock that is not, has to be inspected again.
#[must_use]
pub fn reversal_lines(original: &Movement) -> Vec<MovementLine> {
    use gatewarden_model::StockStatus::{Available, Blocked, QualityInspection, Reserved};
    let takes_any = crate::kinds::check_status(original.kind, Blocked).is_ok();
    let status = |status| match status {
        Reserved if takes_any => QualityInspection,
        Reserved => Available,
        other => other,
    };
    let back = |line: &MovementLine| MovementLine {
        from: line.to.clone(),
        to: line.from.clone(),
        from_status: line.to_status,
        to_status: status(line.from_status),
        from_unit: line.to_unit.clone(),
        to_unit: line.from_unit.clone(),
        expires: None,
        value: None,
        ..line.clone()
    };
    original.lines.iter().map(back).collect()
}

/// Names the first revaluation that is not what the replay gives.
fn check_revalues(stated: &[Revaluation], found: &[Revaluation]) -> Result<(), StockError> {
    if stated == found {
        return Ok(());
    }
    let at = stated.iter().zip(found).take_while(|(a, b)| a == b).count();
    let (stated, found) = (stated.get(at), found.get(at));
    // Of two different lines the earlier is the one that the other side leaves out.
    let place = |r: &Revaluation| (r.seq, r.position);
    let first = [stated, found].into_iter().flatten().map(place).min().unwrap_or_default();
    let delta = |side: Option<&Revaluation>| side.filter(|r| place(r) == first).map(|r| r.delta);
    Err(StockError::Value {
        field: format!("revalues of entry {}, line {}", first.0, first.1),
        stated: delta(stated),
        found: delta(found),
    })
}
