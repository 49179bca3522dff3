//! Reading stock in SQLite: pools with their age and value, lots, and what a past day and the
//! vouchers of days are found from.

use std::ops::Range;

use gatewarden_model::{Amount, Day, Entry, ItemId, Location, MovementId};
use gatewarden_stock::{Layer, LotFacts, PoolKey, Site};
use rusqlite::{Row, params};

use crate::{
    Balance, BalanceFilter, StoreError,
    booked::{self, BOOKED_AT_ONCE, BookedDays, Booking, LANDED},
    fetch, lookup,
    past::{self, Books, Evening, Journal, PastDay},
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

impl LedgerReader {
    /// Stock at the end of a day, of one item or of all.
    pub fn stock_on(&self, evening: Evening, item: Option<&ItemId>) -> Result<PastDay, StoreError> {
        let _snapshot = self.connection.unchecked_transaction()?;
        past::stock_on(self, evening, item)
    }

    /// Calls `see` with each movement and landed cost of these days and the day it counts for, in
    /// sequence, until it says false.
    pub fn booked(
        &self,
        days: BookedDays,
        see: impl FnMut(Day, Entry) -> bool,
    ) -> Result<(), StoreError> {
        let _snapshot = self.connection.unchecked_transaction()?;
        booked::each(self, days, see)
    }
}

/// The day after another.
fn next_day(day: Day) -> Day {
    Day::from_number(i64::from(day.number()) + 1)
}

impl Books for LedgerReader {
    fn balances(&self, filter: &BalanceFilter) -> Result<Vec<Balance>, StoreError> {
        Self::balances(self, filter)
    }

    fn pools(&self, filter: &BalanceFilter) -> Result<Vec<PoolView>, StoreError> {
        Self::pools(self, filter)
    }

    fn journals(&self, day: Day) -> Result<Vec<Journal>, StoreError> {
        let Some(newest) = self.last_entries(1)?.pop() else { return Ok(vec![]) };
        let days = lookup::days(&self.connection)?;
        let first_later = days.range(next_day(day)..).map(|(_, (seq, _))| *seq).min();
        Ok(vec![Journal { lane: 0, newest, first_later }])
    }

    fn before(&self, _: &[i32], before: u64) -> Result<Vec<(i32, Entry)>, StoreError> {
        let sql = "SELECT seq, bytes, leaf FROM entry WHERE seq < ?1 ORDER BY seq DESC LIMIT 256";
        let page = fetch::list(&self.connection, sql, [number(before)])?;
        Ok(page.into_iter().map(|entry| (0, entry)).collect())
    }

    fn numbered(&self, number: u64) -> Result<Option<Entry>, StoreError> {
        self.entry(number)
    }

    fn counted(&self) -> Result<Vec<(u64, Day)>, StoreError> {
        let days = lookup::days(&self.connection)?;
        Ok(days.into_iter().filter_map(|(day, (_, counted))| Some((counted?, day))).collect())
    }

    fn of_movement(&self, id: MovementId) -> Result<Option<Entry>, StoreError> {
        self.movement(id)
    }
}

impl Booking for LedgerReader {
    fn movements_of(
        &self,
        from: Option<Day>,
        to: Option<Day>,
        seq: u64,
    ) -> Result<Vec<Entry>, StoreError> {
        let (from, to) = (from.map(Day::number), to.map(Day::number));
        // What counts for these days stands no earlier than the first entry of any of them.
        let sql = "SELECT entry.seq, bytes, leaf FROM movement_index JOIN entry USING (seq) \
            WHERE movement_index.seq >= max(?1, (SELECT ifnull(min(seq), 0) FROM day \
            WHERE day >= ifnull(?2, day) AND day <= ifnull(?3, day))) \
            AND day >= ifnull(?2, day) AND day <= ifnull(?3, day) \
            ORDER BY movement_index.seq LIMIT ?4";
        let limit = number(BOOKED_AT_ONCE as u64);
        fetch::list(&self.connection, sql, params![number(seq), from, to, limit])
    }

    fn landed(&self, range: Range<u64>) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT seq, bytes, leaf FROM entry \
            WHERE seq >= ?1 AND seq < ?2 AND instr(bytes, ?3) > 0 ORDER BY seq";
        fetch::list(&self.connection, sql, params![number(range.start), number(range.end), LANDED])
    }

    fn first_before(&self, day: Day) -> Result<Option<u64>, StoreError> {
        let days = lookup::days(&self.connection)?;
        Ok(days.range(..day).rev().find_map(|(_, (_, counted))| *counted))
    }

    fn first_beyond(&self, day: Day) -> Result<Option<u64>, StoreError> {
        let days = lookup::days(&self.connection)?;
        Ok(days.range(next_day(day)..).find_map(|(_, (_, counted))| *counted))
    }

    fn days_around(&self, seq: u64) -> Result<(Option<Day>, Option<Day>), StoreError> {
        let days = lookup::days(&self.connection)?;
        let counted = days.iter().filter_map(|(day, (_, counted))| Some((*day, (*counted)?)));
        let before = counted.clone().filter(|(_, first)| *first < seq).map(|(day, _)| day).max();
        Ok((before, counted.filter(|(_, first)| *first > seq).map(|(day, _)| day).min()))
    }
}
