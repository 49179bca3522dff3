//! What a movement's lines do to pools: which give, which take, and what each line is worth.
//!
//! Used for an entry of now and for the replay of an item's past alike, so that both give the same.
//! The lines of one movement happen at once: a line whose stock another line brings waits for it.
//! Absent on purpose: quantities by bucket (`plan`), where the pools are kept (`Pools`).

use gatewarden_model::{Amount, Day, ItemId, Location, MovementLine, Valuation};

use crate::{
    error::StockError,
    pool::{Parcel, Pool, PoolKey},
};

/// Where pools are found. A pool that is not there is an empty one.
pub(crate) trait Pools {
    /// The pool, to be changed.
    fn pool(
        &mut self,
        item: &ItemId,
        location: &Location,
        key: &PoolKey,
    ) -> Result<&mut Pool, StockError>;
}

/// One line, with what counts for its value.
#[derive(Clone, Copy)]
pub(crate) struct Flow<'a> {
    /// The line.
    pub(crate) line: &'a MovementLine,
    /// The line's position in its movement.
    pub(crate) position: usize,
    /// How it is valued; none for what has no value.
    pub(crate) valuation: Option<&'a Valuation>,
    /// The value of what comes in from outside; none for the average of what is there.
    pub(crate) incoming: Option<Amount>,
}

impl PoolKey {
    /// The pool of a line.
    #[must_use]
    pub fn of(line: &MovementLine) -> Self {
        Self { lot: line.lot.clone(), owner: line.owner.clone() }
    }
}

/// Moves all lines; the values of the lines, in their order. Some of it is done where it fails.
pub(crate) fn run(
    pools: &mut impl Pools,
    flows: &[Flow<'_>],
    day: Day,
) -> Result<Vec<Option<Amount>>, StockError> {
    let mut values = vec![None; flows.len()];
    let mut waiting = vec![];
    for (index, flow) in flows.iter().enumerate() {
        match step(pools, flow, day)? {
            Some(value) => values[index] = value,
            None => waiting.push(index),
        }
    }
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut still = vec![];
        for index in waiting {
            match step(pools, &flows[index], day)? {
                Some(value) => values[index] = value,
                None => still.push(index),
            }
        }
        if still.len() == before {
            return Err(short(pools, &flows[still[0]]));
        }
        waiting = still;
    }
    Ok(values)
}

/// Moves one line: its value, or nothing where the pool has too little.
#[allow(clippy::option_option, reason = "outer: it moved; inner: it has a value")]
fn step(
    pools: &mut impl Pools,
    flow: &Flow<'_>,
    day: Day,
) -> Result<Option<Option<Amount>>, StockError> {
    let Flow { line, valuation, .. } = *flow;
    let key = PoolKey::of(line);
    let (out, into) = (line.from.holds_stock(), line.to.holds_stock());
    if line.from == line.to || !(out || into) {
        return Ok(Some(None));
    }
    let parcel = if out {
        let pool = pools.pool(&line.item, &line.from, &key)?;
        let Some(parcel) = pool.take(line.quantity, valuation) else { return Ok(None) };
        parcel
    } else {
        let pool = pools.pool(&line.item, &line.to, &key)?;
        incoming(pool, flow, day).ok_or_else(|| overflow(flow))?
    };
    if into {
        let pool = pools.pool(&line.item, &line.to, &key)?;
        pool.put(&parcel).map_err(|_| overflow(flow))?;
    }
    Ok(Some(valuation.map(|_| parcel.value)))
}

fn incoming(pool: &Pool, flow: &Flow<'_>, day: Day) -> Option<Parcel> {
    let value = match (flow.incoming, flow.valuation) {
        (Some(stated), _) => stated,
        (None, Some(valuation)) => pool.average(flow.line.quantity, valuation)?,
        (None, None) => Amount::ZERO,
    };
    Some(Parcel::incoming(day, flow.line.quantity, value, flow.valuation))
}

/// Stock or value beyond 64 bits.
pub(crate) fn overflow(flow: &Flow<'_>) -> StockError {
    StockError::rule(
        "quantity-overflow",
        format!("lines[{}].quantity", flow.position),
        format!(
            "stock or value of {} at {} would exceed 64 bits: split the quantity",
            flow.line.item, flow.line.to
        ),
    )
}

fn short(pools: &mut impl Pools, flow: &Flow<'_>) -> StockError {
    let line = flow.line;
    let pool = pools.pool(&line.item, &line.from, &PoolKey::of(line));
    let there = pool.map_or(0, |pool| pool.quantity());
    StockError::Short {
        what: what(&line.item, line.lot.as_deref(), line.owner.as_deref()),
        item: line.item.clone(),
        location: line.from.clone(),
        there,
        needed: line.quantity,
        on: None,
    }
}

/// An item in words, with its lot and owner where they count.
pub(crate) fn what(item: &ItemId, lot: Option<&str>, owner: Option<&str>) -> String {
    let lot = lot.map(|lot| format!(" lot {lot}")).unwrap_or_default();
    let owner = owner.map(|owner| format!(" of {owner}")).unwrap_or_default();
    format!("{item}{lot}{owner}")
}
