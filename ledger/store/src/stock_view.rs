//! Reading stock: pools with their age and value, things, lots, handling units, and any past day.
//!
//! A past day is found by walking the entries after it back from what is now, so that the memory
//! grows with the places and not with the journal. Layers can't be walked back: a past day has
//! quantities and values, not ages.

use std::collections::{BTreeMap, HashMap};

use gatewarden_model::{
    Amount, Body, Bucket, Day, Entry, ItemId, Location, Movement, MovementLine, Revaluation,
    StockStatus,
};
use gatewarden_stock::{Layer, LotFacts, PoolKey, Site, hold_lines};
use rusqlite::{Row, params};
use serde::Serialize;

use crate::{
    Balance, BalanceFilter, StoreError, fetch, lookup,
    projection::number,
    reader::LedgerReader,
    rows::{self, parse_layers, some},
};

/// The value and the age of what is of one lot and owner at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolView {
    /// The item and the place.
    pub site: Site,
    /// Its lot and owner.
    pub key: PoolKey,
    /// Base units.
    pub quantity: i64,
    /// Its value; nothing for an item without a valuation.
    pub value: Amount,
    /// Its layers, the oldest first.
    pub layers: Vec<Layer>,
}

/// What a past day is looked at with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// As it was known at the end of that day.
    Known,
    /// As it is known today: with what was back-dated and reversed since. Reserved stock counts as
    /// available, because a reservation has no day.
    Corrected,
}

/// What was of one lot and owner of an item at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastStock {
    /// The item.
    pub item: ItemId,
    /// Where.
    pub location: Location,
    /// Its lot, owner, status and handling unit.
    #[serde(flatten)]
    pub bucket: Bucket,
    /// Base units.
    pub quantity: i64,
}

/// A past day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PastDay {
    /// Quantities that were not zero, in the order of item, place and bucket.
    pub stock: Vec<PastStock>,
    /// Values that were not zero, in ten-thousandths, at places that hold stock.
    pub values: BTreeMap<(Site, PoolKey), Amount>,
}

impl LedgerReader {
    /// Value and age, by item, place, lot and owner. Of the filter only item, place, lot and owner
    /// count.
    pub fn pools(&self, filter: &BalanceFilter) -> Result<Vec<PoolView>, StoreError> {
        let sql = "SELECT item, location, lot, owner, quantity, value, layers FROM pool \
            WHERE (?1 IS NULL OR item = ?1) \
            AND (?2 IS NULL OR location = ?2 OR substr(location, 1, length(?2) + 1) = ?2 || '/') \
            AND (?3 IS NULL OR lot = ?3) AND (?4 IS NULL OR owner = ?4) \
            ORDER BY item, location, lot, owner";
        let values = params![
            filter.item.as_ref().map(ItemId::as_str),
            filter.below.as_ref().map(Location::as_str),
            filter.lot,
            filter.owner.clone().map(Option::unwrap_or_default),
        ];
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(pool_view(row)?);
        }
        Ok(found)
    }

    /// Lots whose last day is no later than `until`, the first to expire first.
    pub fn lots_expiring(&self, until: Day) -> Result<Vec<(ItemId, String, LotFacts)>, StoreError> {
        let sql = "SELECT item, lot, expires, seq FROM lot WHERE expires <> '' AND expires <= ?1 \
            ORDER BY expires, item, lot";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([until.to_string()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let item: String = row.get(0)?;
            let item = ItemId::parse(&item).map_err(|e| StoreError::Damaged(e.to_string()))?;
            found.push((item, row.get(1)?, lookup::lot_row(row, 2)?));
        }
        Ok(found)
    }

    /// The latest day that any movement counted for.
    pub fn last_day(&self) -> Result<Option<Day>, StoreError> {
        let days = lookup::days(&self.connection)?;
        Ok(days.into_iter().rev().find(|(_, (_, counted))| counted.is_some()).map(|(day, _)| day))
    }

    /// Stock at the end of a day.
    pub fn stock_on(&self, day: Day, view: View) -> Result<PastDay, StoreError> {
        let _snapshot = self.connection.unchecked_transaction()?;
        let mut past = Past::now(self, view)?;
        // Whatever counts for a later day stands here or after.
        let first = self.first_after(day)?;
        let sql = "SELECT seq, bytes, leaf FROM entry WHERE seq < ?1 ORDER BY seq DESC LIMIT 256";
        let mut before = self.len()?;
        loop {
            let page = fetch::list(&self.connection, sql, [number(before)])?;
            let Some(oldest) = page.last() else { return past.finish() };
            before = oldest.seq;
            for entry in &page {
                // The stamp of a clock that was not set bounds nothing.
                let is_known = entry.at.synced && Day::of(&entry.at, 0) <= day;
                if is_known && (view == View::Known || entry.seq < first) {
                    return past.finish();
                }
                past.take_back(self, entry, day)?;
            }
        }
    }

    /// The first entry whose movement counts for a later day, or was reserved since.
    fn first_after(&self, day: Day) -> Result<u64, StoreError> {
        let days = lookup::days(&self.connection)?;
        let later = days.range(Day::from_number(i64::from(day.number()) + 1)..);
        Ok(later.map(|(_, (seq, _))| *seq).min().unwrap_or(u64::MAX))
    }
}

fn pool_view(row: &Row<'_>) -> Result<PoolView, StoreError> {
    let text = |column| -> Result<&str, StoreError> {
        row.get_ref(column)?.as_str().map_err(|error| StoreError::Database(error.into()))
    };
    let site = rows::site(text(0)?, text(1)?)?;
    let layers = parse_layers(text(6)?)
        .ok_or_else(|| StoreError::Damaged(format!("pool: the layers of {}", site.item)))?;
    Ok(PoolView {
        site,
        key: PoolKey { lot: some(text(2)?), owner: some(text(3)?) },
        quantity: row.get(4)?,
        value: Amount::from_units(row.get(5)?),
        layers,
    })
}

/// Stock on its way back.
struct Past {
    view: View,
    quantities: BTreeMap<(Site, Bucket), i64>,
    /// Ten-thousandths. Wide, because a sum on its way may leave what its end fits into.
    values: BTreeMap<(Site, PoolKey), i128>,
    /// What entries met so far added to the value of lines that are still to come, by entry and
    /// position.
    deltas: HashMap<(u64, u32), i128>,
}

impl Past {
    fn now(reader: &LedgerReader, view: View) -> Result<Self, StoreError> {
        let (quantities, values, deltas) = (BTreeMap::new(), BTreeMap::new(), HashMap::new());
        let mut past = Self { view, quantities, values, deltas };
        for Balance { item, location, bucket, quantity } in
            reader.balances(&BalanceFilter::default())?
        {
            past.quantity(Site { item, location }, bucket, quantity);
        }
        for pool in reader.pools(&BalanceFilter::default())? {
            past.values.insert((pool.site, pool.key), pool.value.units().into());
        }
        Ok(past)
    }

    fn quantity(&mut self, site: Site, mut bucket: Bucket, change: i64) {
        if self.view == View::Corrected && bucket.status == StockStatus::Reserved {
            bucket.status = StockStatus::Available;
        }
        let sum = self.quantities.entry((site, bucket)).or_default();
        *sum = sum.saturating_add(change);
    }

    fn value(&mut self, line: &MovementLine, location: &Location, change: i128) {
        if change != 0 && location.holds_stock() {
            let key = PoolKey { lot: line.lot.clone(), owner: line.owner.clone() };
            *self.values.entry((Site::new(&line.item, location), key)).or_default() += change;
        }
    }

    /// Takes a line's quantity and so much value back from where it went to where it came from.
    fn line(&mut self, line: &MovementLine, value: i128) {
        let (from, to) = (Site::new(&line.item, &line.from), Site::new(&line.item, &line.to));
        self.quantity(from, line.from_bucket(), line.quantity);
        self.quantity(to, line.to_bucket(), -line.quantity);
        self.moved_value(line, value);
    }

    fn moved_value(&mut self, line: &MovementLine, value: i128) {
        self.value(line, &line.from, value);
        self.value(line, &line.to, -value);
    }

    fn take_back(
        &mut self,
        reader: &LedgerReader,
        entry: &Entry,
        day: Day,
    ) -> Result<(), StoreError> {
        let is_later = self.view == View::Known || Day::of(&entry.at, 0) > day;
        match &entry.body {
            Body::Moved { movement, .. } => {
                if self.view == View::Known || movement.day(&entry.at) > day {
                    self.movement(entry.seq, movement);
                }
                self.revalued(reader, &movement.revalues)?;
            }
            Body::CostLanded { movement, amounts, revalues, .. } => {
                if let Some(receipt) = reader.movement(*movement)? {
                    let deltas = (0..).zip(amounts).map(|(position, amount)| Revaluation {
                        seq: receipt.seq,
                        position,
                        delta: *amount,
                    });
                    self.revalued(reader, &deltas.collect::<Vec<_>>())?;
                }
                self.revalued(reader, revalues)?;
            }
            Body::Reserved { lines, .. } if is_later => {
                hold_lines(lines).iter().for_each(|line| self.line(line, 0));
            }
            Body::ReservationEnded { lines, .. } if is_later => {
                lines.iter().for_each(|line| self.line(line, 0));
            }
            _ => {}
        }
        Ok(())
    }

    fn movement(&mut self, seq: u64, movement: &Movement) {
        for (position, line) in (0..).zip(&movement.lines) {
            let stated = line.value.map_or(0, |value| i128::from(value.units()));
            let later = self.deltas.remove(&(seq, position)).unwrap_or_default();
            self.line(line, stated + later);
        }
    }

    /// As known, a correction goes with its entry; as corrected, with the lines that it corrects.
    fn revalued(
        &mut self,
        reader: &LedgerReader,
        revalues: &[Revaluation],
    ) -> Result<(), StoreError> {
        for Revaluation { seq, position, delta } in revalues {
            let delta = i128::from(delta.units());
            if self.view == View::Corrected {
                *self.deltas.entry((*seq, *position)).or_default() += delta;
                continue;
            }
            let corrected = reader.entry(*seq)?.map(|entry| entry.body);
            if let Some(Body::Moved { movement, .. }) = corrected
                && let Some(line) = movement.lines.get(*position as usize)
            {
                self.moved_value(line, delta);
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<PastDay, StoreError> {
        let stock = self.quantities.into_iter().filter(|(_, quantity)| *quantity != 0);
        let stock = stock
            .map(|((Site { item, location }, bucket), quantity)| PastStock {
                item,
                location,
                bucket,
                quantity,
            })
            .collect();
        let mut values = BTreeMap::new();
        for ((site, key), units) in self.values.into_iter().filter(|(_, units)| *units != 0) {
            let units = i64::try_from(units)
                .map_err(|_| StoreError::Damaged(format!("the value of {}", site.item)))?;
            values.insert((site, key), Amount::from_units(units));
        }
        Ok(PastDay { stock, values })
    }
}
