//! Reading stock on PostgreSQL: pools with their age and value, lots, and what a past day and the
//! vouchers of days are found from. Stock is that of all lanes, whose entries are numbered by their
//! positions; vouchers are those of one lane.

use std::{cell::RefCell, ops::Range};

use gatewarden_model::{Amount, Day, Entry, ItemId, Location, MovementId};
use gatewarden_stock::{LotFacts, PoolKey};
use postgres::Row;

use super::{
    link::{Link, Values},
    lookup::{self, unsigned},
    reader::{self, PgReader},
};
use crate::{
    Balance, BalanceFilter, PoolView, StoreError,
    booked::{self, BOOKED_AT_ONCE, BookedDays, Booking, LANDED},
    past::{self, Books, Evening, Journal, PastDay},
    projection::number,
    rows::{self, parse_layers, some},
};

impl PgReader {
    pub(crate) fn pools(&self, filter: &BalanceFilter) -> Result<Vec<PoolView>, StoreError> {
        pools(&mut self.link.borrow_mut(), filter)
    }

    pub(crate) fn lots_expiring(
        &self,
        until: Day,
    ) -> Result<Vec<(ItemId, String, LotFacts)>, StoreError> {
        let sql = "SELECT item, lot, expires, seq FROM lot WHERE expires <> '' AND expires <= $1 \
            ORDER BY expires, item, lot";
        let rows = self.link.borrow_mut().query(sql, &[&until.to_string()])?;
        let told = |row: &Row| lookup::lot(row).map(|((item, lot), facts)| (item, lot, facts));
        rows.iter().map(told).collect()
    }

    pub(crate) fn last_day(&self) -> Result<Option<Day>, StoreError> {
        let sql = "SELECT max(day) FROM movement_index WHERE counted";
        let row = self.link.borrow_mut().first(sql, &[])?;
        let day: Option<i32> = row.and_then(|row| row.get(0));
        Ok(day.map(|day| Day::from_number(day.into())))
    }

    pub(crate) fn stock_on(
        &self,
        evening: Evening,
        item: Option<&ItemId>,
    ) -> Result<PastDay, StoreError> {
        self.snapshot(|link| past::stock_on(&All(link.into()), evening, item))
    }

    pub(crate) fn booked(
        &self,
        days: BookedDays,
        see: impl FnMut(Day, Entry) -> bool,
    ) -> Result<(), StoreError> {
        self.snapshot(|link| booked::each(&One { link: link.into(), lane: self.lane }, days, see))
    }
}

fn pools(link: &mut Link, filter: &BalanceFilter) -> Result<Vec<PoolView>, StoreError> {
    let sql = "SELECT item, location, lot, owner, quantity, value, layers FROM pool \
        WHERE ($1::text IS NULL OR item = $1) AND ($2::text IS NULL OR location = $2 \
        OR starts_with(location, $2 || '/')) AND ($3::text IS NULL OR lot = $3) \
        AND ($4::text IS NULL OR owner = $4) ORDER BY item, location, lot, owner";
    let owner = filter.owner.clone().map(Option::unwrap_or_default);
    let (item, below) =
        (filter.item.as_ref().map(ItemId::as_str), filter.below.as_ref().map(Location::as_str));
    let found = link.query(sql, &[&item, &below, &filter.lot, &owner])?;
    let pool = |row: &Row| {
        let site = rows::site(row.get(0), row.get(1))?;
        let layers = parse_layers(row.get(6))
            .ok_or_else(|| StoreError::Damaged(format!("pool: the layers of {}", site.item)))?;
        let key = PoolKey { lot: some(row.get(2)), owner: some(row.get(3)) };
        let value = Amount::from_units(row.get(5));
        Ok(PoolView { site, key, quantity: row.get(4), value, layers })
    };
    found.iter().map(pool).collect()
}

/// All lanes.
struct All<'a>(RefCell<&'a mut Link>);

impl All<'_> {
    fn one(&self, sql: &'static str, values: Values<'_>) -> Result<Option<Entry>, StoreError> {
        self.0.borrow_mut().first(sql, values)?.as_ref().map(lookup::entry).transpose()
    }
}

impl Books for All<'_> {
    fn balances(&self, filter: &BalanceFilter) -> Result<Vec<Balance>, StoreError> {
        reader::balances(&mut self.0.borrow_mut(), filter)
    }

    fn pools(&self, filter: &BalanceFilter) -> Result<Vec<PoolView>, StoreError> {
        pools(&mut self.0.borrow_mut(), filter)
    }

    fn journals(&self, day: Day) -> Result<Vec<Journal>, StoreError> {
        let sql = "SELECT newest.position, newest.leaf, newest.bytes, lane.lane, later.position \
            FROM lane CROSS JOIN LATERAL (SELECT position, leaf, bytes FROM entry \
            WHERE entry.lane = lane.lane ORDER BY seq DESC LIMIT 1) AS newest \
            LEFT JOIN (SELECT lane, min(seq) AS seq FROM movement_index WHERE day > $1 \
            GROUP BY lane) AS first ON first.lane = lane.lane \
            LEFT JOIN entry AS later ON (later.lane, later.seq) = (first.lane, first.seq)";
        let journal = |row: &Row| {
            let first: Option<i64> = row.get(4);
            let first_later = first.map(|_| unsigned(row, 4)).transpose()?;
            Ok(Journal { lane: row.get(3), newest: lookup::entry(row)?, first_later })
        };
        self.0.borrow_mut().query(sql, &[&day.number()])?.iter().map(journal).collect()
    }

    fn before(&self, lanes: &[i32], before: u64) -> Result<Vec<(i32, Entry)>, StoreError> {
        let sql = "SELECT position, leaf, bytes, lane FROM entry \
            WHERE position < $1 AND lane = ANY ($2) ORDER BY position DESC LIMIT 256";
        let rows = self.0.borrow_mut().query(sql, &[&number(before), &lanes])?;
        rows.iter().map(|row| Ok((row.get(3), lookup::entry(row)?))).collect()
    }

    fn numbered(&self, position: u64) -> Result<Option<Entry>, StoreError> {
        let sql = "SELECT position, leaf, bytes FROM entry WHERE position = $1";
        self.one(sql, &[&number(position)])
    }

    fn counted(&self) -> Result<Vec<(u64, Day)>, StoreError> {
        let sql = "SELECT min(position), day FROM movement_index JOIN entry USING (lane, seq) \
            WHERE counted GROUP BY day ORDER BY day";
        let rows = self.0.borrow_mut().query(sql, &[])?;
        let day = |row: &Row| Day::from_number(row.get::<_, i32>(1).into());
        rows.iter().map(|row| Ok((unsigned(row, 0)?, day(row)))).collect()
    }

    fn of_movement(&self, id: MovementId) -> Result<Option<Entry>, StoreError> {
        let sql = "SELECT position, leaf, bytes FROM movement_index JOIN entry USING (lane, seq) \
            WHERE id = $1";
        self.one(sql, &[&id.0])
    }
}

/// One lane, by its own sequence.
struct One<'a> {
    link: RefCell<&'a mut Link>,
    lane: i32,
}

impl One<'_> {
    fn list(&self, sql: &'static str, values: Values<'_>) -> Result<Vec<Entry>, StoreError> {
        lookup::entries(&self.link.borrow_mut().query(sql, values)?)
    }

    fn first(&self, sql: &'static str, day: Day) -> Result<Option<u64>, StoreError> {
        let row = self.link.borrow_mut().first(sql, &[&self.lane, &day.number()])?;
        row.map(|row| unsigned(&row, 0)).transpose()
    }

    fn day(&self, sql: &'static str, seq: u64) -> Result<Option<Day>, StoreError> {
        let row = self.link.borrow_mut().first(sql, &[&self.lane, &number(seq)])?;
        Ok(row.map(|row| Day::from_number(row.get::<_, i32>(0).into())))
    }
}

impl Booking for One<'_> {
    fn movements_of(
        &self,
        from: Option<Day>,
        to: Option<Day>,
        seq: u64,
    ) -> Result<Vec<Entry>, StoreError> {
        let (from, to) = (from.map(Day::number), to.map(Day::number));
        let limit = number(BOOKED_AT_ONCE as u64);
        let sql = "SELECT seq, leaf, bytes FROM movement_index JOIN entry USING (lane, seq) \
            WHERE lane = $1 AND seq >= $2 AND day >= coalesce($3, day) \
            AND day <= coalesce($4, day) ORDER BY seq LIMIT $5";
        let bounded = "SELECT seq, leaf, bytes FROM movement_index JOIN entry USING (lane, seq) \
            WHERE lane = $1 AND seq >= $2 AND day BETWEEN $3 AND $4 ORDER BY seq LIMIT $5";
        // Both days known, the index by day finds them; else most of the journal is asked for.
        match (from, to) {
            (Some(from), Some(to)) => {
                self.list(bounded, &[&self.lane, &number(seq), &from, &to, &limit])
            }
            _ => self.list(sql, &[&self.lane, &number(seq), &from, &to, &limit]),
        }
    }

    fn landed(&self, range: Range<u64>) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT seq, leaf, bytes FROM entry WHERE lane = $1 AND seq >= $2 AND seq < $3 \
            AND strpos(bytes, $4) > 0 ORDER BY seq";
        self.list(sql, &[&self.lane, &number(range.start), &number(range.end), &LANDED])
    }

    fn first_before(&self, day: Day) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT seq FROM movement_index WHERE lane = $1 AND counted AND day = \
            (SELECT max(day) FROM movement_index WHERE lane = $1 AND counted AND day < $2) \
            ORDER BY seq LIMIT 1";
        self.first(sql, day)
    }

    fn first_beyond(&self, day: Day) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT seq FROM movement_index WHERE lane = $1 AND counted AND day = \
            (SELECT min(day) FROM movement_index WHERE lane = $1 AND counted AND day > $2) \
            ORDER BY seq LIMIT 1";
        self.first(sql, day)
    }

    fn days_around(&self, seq: u64) -> Result<(Option<Day>, Option<Day>), StoreError> {
        let before = "SELECT day FROM movement_index WHERE lane = $1 AND counted AND seq < $2 \
            ORDER BY seq DESC LIMIT 1";
        let after = "SELECT day FROM movement_index WHERE lane = $1 AND counted AND seq > $2 \
            ORDER BY seq LIMIT 1";
        Ok((self.day(before, seq)?, self.day(after, seq)?))
    }
}
