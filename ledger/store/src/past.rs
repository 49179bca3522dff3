//! Any past day: stock at its end, as it was known then or as it is known today.
//!
//! It is found by walking the entries after that day back from what is now, so that time and memory
//! grow with what happened since, not with the journal. Layers can't be walked back: a past day has
//! quantities and values, not ages. On a shared ledger the entries of all gateways are walked in their
//! one order, each gateway's as far as its own clock says. A stamp of a clock that was not set ends no
//! walk, and counts as far as the days of the movements around it allow.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use gatewarden_model::{
    Amount, Body, Bucket, Day, Entry, ItemId, Location, Movement, MovementId, MovementLine,
    Revaluation, StockStatus,
};
use gatewarden_stock::{PoolKey, Site, hold_lines};
use serde::Serialize;

use crate::{Balance, BalanceFilter, PoolView, StoreError};

/// What a past day is looked at with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// As it was known at the end of that day.
    Known,
    /// As it is known today: with what was back-dated and reversed since. Reserved stock counts as
    /// available, because a reservation has no day.
    Corrected,
}

/// The end of which day, where the business's day begins, and which view of it.
#[derive(Debug, Clone, Copy)]
pub struct Evening {
    /// The day.
    pub day: Day,
    /// Minutes east of UTC by which it begins.
    pub offset_min: i32,
    /// The view.
    pub view: View,
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

/// One gateway's journal among those that make a stock.
pub(crate) struct Journal {
    /// Which.
    pub(crate) lane: i32,
    /// Its newest entry.
    pub(crate) newest: Entry,
    /// The number of its first entry whose movement counts for a day after the one asked for.
    pub(crate) first_later: Option<u64>,
}

/// A ledger as one state of its database. Entries are numbered by the order in which they took effect.
pub(crate) trait Books {
    /// Balances now.
    fn balances(&self, filter: &BalanceFilter) -> Result<Vec<Balance>, StoreError>;

    /// Pools now.
    fn pools(&self, filter: &BalanceFilter) -> Result<Vec<PoolView>, StoreError>;

    /// The journals that have entries.
    fn journals(&self, day: Day) -> Result<Vec<Journal>, StoreError>;

    /// A page of entries of these journals with numbers below `before`, the newest first, each with
    /// its journal.
    fn before(&self, lanes: &[i32], before: u64) -> Result<Vec<(i32, Entry)>, StoreError>;

    /// The entry of a number.
    fn numbered(&self, number: u64) -> Result<Option<Entry>, StoreError>;

    /// The first entry that made each day the last one, which no stamp of an unset clock did; by day.
    fn counted(&self) -> Result<Vec<(u64, Day)>, StoreError>;

    /// The entry that recorded a movement.
    fn of_movement(&self, id: MovementId) -> Result<Option<Entry>, StoreError>;
}

/// Stock at the end of a day, of one item or of all.
pub(crate) fn stock_on(
    books: &impl Books,
    evening: Evening,
    item: Option<&ItemId>,
) -> Result<PastDay, StoreError> {
    let mut past = Past::now(books, evening, item)?;
    let journals = books.journals(evening.day)?;
    let later: HashMap<i32, u64> =
        journals.iter().filter_map(|j| Some((j.lane, j.first_later?))).collect();
    let reached = |past: &Past, lane: i32, entry: &Entry| {
        let earlier = later.get(&lane).is_none_or(|first| entry.seq < *first);
        past.was_known(entry) && (evening.view == View::Known || earlier)
    };
    let mut open: BTreeSet<i32> =
        journals.iter().filter(|j| !reached(&past, j.lane, &j.newest)).map(|j| j.lane).collect();
    let mut before = u64::MAX;
    while !open.is_empty() {
        let lanes: Vec<i32> = open.iter().copied().collect();
        let page = books.before(&lanes, before)?;
        let Some((_, oldest)) = page.last() else { break };
        before = oldest.seq;
        for (lane, entry) in &page {
            if reached(&past, *lane, entry) {
                open.remove(lane);
            }
            if open.contains(lane) {
                past.take_back(books, entry)?;
            }
        }
    }
    past.finish()
}

/// Stock on its way back.
struct Past<'a> {
    evening: Evening,
    item: Option<&'a ItemId>,
    quantities: BTreeMap<(Site, Bucket), i64>,
    /// Ten-thousandths. Wide, because a sum on its way may leave what its end fits into.
    values: BTreeMap<(Site, PoolKey), i128>,
    /// What entries met so far added to the value of lines that are still to come, by entry and
    /// position.
    deltas: HashMap<(u64, u32), i128>,
    /// `Books::counted`, once it is needed.
    counted: OnceCell<Vec<(u64, Day)>>,
}

impl<'a> Past<'a> {
    fn now(
        books: &impl Books,
        evening: Evening,
        item: Option<&'a ItemId>,
    ) -> Result<Self, StoreError> {
        let (quantities, values, deltas) = (BTreeMap::new(), BTreeMap::new(), HashMap::new());
        let counted = OnceCell::new();
        let mut past = Self { evening, item, quantities, values, deltas, counted };
        let filter = BalanceFilter { item: item.cloned(), ..BalanceFilter::default() };
        for Balance { item, location, bucket, quantity } in books.balances(&filter)? {
            past.quantity(Site { item, location }, bucket, quantity);
        }
        for pool in books.pools(&filter)? {
            past.values.insert((pool.site, pool.key), pool.value.units().into());
        }
        Ok(past)
    }

    /// Whether an entry, and so all before it, was recorded by the end of the day.
    fn was_known(&self, entry: &Entry) -> bool {
        entry.at.synced && Day::of(&entry.at, self.evening.offset_min) <= self.evening.day
    }

    /// Whether an entry was recorded on a later day.
    fn is_later(&self, books: &impl Books, entry: &Entry) -> Result<bool, StoreError> {
        let stamped = Day::of(&entry.at, self.evening.offset_min);
        if entry.at.synced {
            return Ok(stamped > self.evening.day);
        }
        let counted = match self.counted.get() {
            Some(counted) => counted,
            None => {
                let counted = books.counted()?;
                self.counted.get_or_init(|| counted)
            }
        };
        let before = counted.iter().filter(|(first, _)| *first < entry.seq).map(|(_, day)| *day);
        let after = counted.iter().filter(|(first, _)| *first > entry.seq).map(|(_, day)| *day);
        let latest = after.min().map_or(stamped, |day| day.min(stamped));
        Ok(before.max().map_or(latest, |day| day.max(latest)) > self.evening.day)
    }

    fn quantity(&mut self, site: Site, mut bucket: Bucket, change: i64) {
        if self.item.is_some_and(|item| *item != site.item) {
            return;
        }
        if self.evening.view == View::Corrected && bucket.status == StockStatus::Reserved {
            bucket.status = StockStatus::Available;
        }
        let sum = self.quantities.entry((site, bucket)).or_default();
        *sum = sum.saturating_add(change);
    }

    fn value(&mut self, line: &MovementLine, location: &Location, change: i128) {
        let wanted = self.item.is_none_or(|item| *item == line.item);
        if wanted && change != 0 && location.holds_stock() {
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

    fn take_back(&mut self, books: &impl Books, entry: &Entry) -> Result<(), StoreError> {
        let Evening { day, view, .. } = self.evening;
        let is_later = self.is_later(books, entry)?;
        if view == View::Known && !is_later {
            return Ok(());
        }
        match &entry.body {
            Body::Moved { movement, .. } => {
                if view == View::Known || movement.day(&entry.at) > day {
                    self.movement(entry.seq, movement);
                }
                self.revalued(books, &movement.revalues)?;
            }
            Body::CostLanded { movement, amounts, revalues, .. } => {
                if let Some(receipt) = books.of_movement(*movement)? {
                    let deltas = (0..).zip(amounts).map(|(position, amount)| Revaluation {
                        seq: receipt.seq,
                        position,
                        delta: *amount,
                    });
                    self.revalued(books, &deltas.collect::<Vec<_>>())?;
                }
                self.revalued(books, revalues)?;
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
    fn revalued(&mut self, books: &impl Books, revalues: &[Revaluation]) -> Result<(), StoreError> {
        for Revaluation { seq, position, delta } in revalues {
            let delta = i128::from(delta.units());
            if self.evening.view == View::Corrected {
                *self.deltas.entry((*seq, *position)).or_default() += delta;
                continue;
            }
            let corrected = books.numbered(*seq)?.map(|entry| entry.body);
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
