//! Stock at the end of a past day, in two views. *As known*: what the ledger said that evening, from
//! the entries that were recorded by then. *As corrected*: what is known today about that evening:
//! late entries count for the day they say, and values are as later entries revalued them.
//!
//! Both are sums over the journal's lines, independent of the projections: a line takes its quantity
//! and value from one place and brings them to the other, and what revalued it is added to both
//! sides. Which day an entry was recorded on is told by its own clock.

use std::collections::BTreeMap;

use gatewarden_model::{
    Amount, Body, Bucket, Day, Entry, Location, MovementId, MovementLine, Revaluation, Subject,
    SubjectKind,
};
use gatewarden_stock::{PoolKey, Site, hold_lines};
use gatewarden_store::{ANSWER_ENTRIES_MAX, BalanceFilter, LedgerReader, StoreError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Row, Shown, pool_key, share_values};

/// Entries read at once.
const ENTRIES_AT_ONCE: u64 = 10_000;

/// Which view of a past day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum View {
    /// What the ledger said that evening.
    Known,
    /// What is known today about that evening.
    #[default]
    Corrected,
}

/// The end of which day, where the business's day begins, and which view of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evening {
    /// The day.
    pub(crate) day: Day,
    /// Minutes east of UTC.
    pub(crate) offset_min: i32,
    /// The view.
    pub(crate) view: View,
}

/// Stock at the end of a day.
pub(crate) fn stock(
    ledger: &LedgerReader,
    filter: &BalanceFilter,
    evening: Evening,
    shown: Shown,
) -> Result<Vec<Row>, StoreError> {
    let mut sums = Sums::new(evening);
    each_entry(ledger, filter, |entry| sums.add(entry))?;
    Ok(sums.rows(filter, shown))
}

/// Every entry that may count, in sequence: all about one item, or the whole journal.
fn each_entry(
    ledger: &LedgerReader,
    filter: &BalanceFilter,
    mut take: impl FnMut(&Entry),
) -> Result<(), StoreError> {
    if let Some(item) = &filter.item {
        let subject = Subject { kind: SubjectKind::Item, key: item.to_string() };
        let entries = ledger.touching(&subject, ANSWER_ENTRIES_MAX)?;
        // Landed cost and the ends of reservations name a movement, not its items; and a history
        // that is too long to be whole is no history.
        let named = entries.iter().all(|e| !matches!(e.body, Body::Reserved { .. }));
        if named && entries.len() < ANSWER_ENTRIES_MAX {
            return landed(ledger, entries, take);
        }
    }
    let mut from = 0;
    loop {
        let entries = ledger.entries(from..from + ENTRIES_AT_ONCE)?;
        let Some(last) = entries.last() else { return Ok(()) };
        from = last.seq + 1;
        entries.iter().for_each(&mut take);
    }
}

/// The entries, and in their places those that landed cost on their movements.
fn landed(
    ledger: &LedgerReader,
    entries: Vec<Entry>,
    mut take: impl FnMut(&Entry),
) -> Result<(), StoreError> {
    let mut all: BTreeMap<u64, Entry> = BTreeMap::new();
    for entry in entries {
        if let Body::Moved { movement, .. } = &entry.body {
            let subject = Subject { kind: SubjectKind::Movement, key: movement.id.to_string() };
            let about = ledger.touching(&subject, ANSWER_ENTRIES_MAX)?;
            let costs = about.into_iter().filter(|e| matches!(e.body, Body::CostLanded { .. }));
            all.extend(costs.map(|e| (e.seq, e)));
        }
        all.insert(entry.seq, entry);
    }
    all.values().for_each(&mut take);
    Ok(())
}

/// One line that counts, with the entry and the position it has there.
struct Moved {
    seq: u64,
    position: u32,
    line: MovementLine,
}

/// The sums so far.
struct Sums {
    evening: Evening,
    quantities: BTreeMap<(Site, Bucket), i64>,
    moved: Vec<Moved>,
    /// Which entry recorded a movement.
    seqs: BTreeMap<MovementId, u64>,
    /// What later entries add to lines.
    deltas: BTreeMap<(u64, u32), Amount>,
}

impl Sums {
    fn new(evening: Evening) -> Self {
        Self {
            evening,
            quantities: BTreeMap::new(),
            moved: Vec::new(),
            seqs: BTreeMap::new(),
            deltas: BTreeMap::new(),
        }
    }

    fn add(&mut self, entry: &Entry) {
        let recorded = Day::of(&entry.at, self.evening.offset_min);
        let by_then = recorded <= self.evening.day;
        if self.evening.view == View::Known && !by_then {
            return;
        }
        match &entry.body {
            Body::Moved { movement, .. } => {
                self.seqs.insert(movement.id, entry.seq);
                self.revalue(&movement.revalues);
                if movement.day(&entry.at) <= self.evening.day {
                    self.lines(entry.seq, &movement.lines);
                }
            }
            Body::CostLanded { movement, amounts, revalues, .. } => {
                self.revalue(revalues);
                if let Some(seq) = self.seqs.get(movement).copied() {
                    for (position, amount) in (0..).zip(amounts) {
                        self.delta(seq, position, *amount);
                    }
                }
            }
            Body::Reserved { lines, .. } if by_then => {
                for line in hold_lines(lines) {
                    self.shift(&line);
                }
            }
            Body::ReservationEnded { lines, .. } if by_then => {
                lines.iter().for_each(|line| self.shift(line));
            }
            _ => {}
        }
    }

    fn revalue(&mut self, revalues: &[Revaluation]) {
        for Revaluation { seq, position, delta } in revalues {
            self.delta(*seq, *position, *delta);
        }
    }

    fn delta(&mut self, seq: u64, position: u32, delta: Amount) {
        let sum = self.deltas.entry((seq, position)).or_default();
        *sum = Amount::from_units(sum.units().saturating_add(delta.units()));
    }

    fn lines(&mut self, seq: u64, lines: &[MovementLine]) {
        for (position, line) in (0..).zip(lines) {
            self.shift(line);
            self.moved.push(Moved { seq, position, line: line.clone() });
        }
    }

    fn shift(&mut self, line: &MovementLine) {
        let sides = [(&line.from, line.from_bucket(), -1), (&line.to, line.to_bucket(), 1)];
        for (place, bucket, sign) in sides {
            let sum = self.quantities.entry((Site::new(&line.item, place), bucket)).or_default();
            *sum = sum.saturating_add(line.quantity.saturating_mul(sign));
        }
    }

    /// The value in each pool.
    fn values(&self) -> BTreeMap<(Site, PoolKey), i64> {
        let mut values = BTreeMap::new();
        for Moved { seq, position, line } in &self.moved {
            let delta = self.deltas.get(&(*seq, *position)).copied().unwrap_or_default();
            let value = line.value.unwrap_or_default().units().saturating_add(delta.units());
            let key = pool_key(&line.from_bucket());
            for (place, sign) in [(&line.from, -1), (&line.to, 1)] {
                if place.holds_stock() {
                    let sum: &mut i64 =
                        values.entry((Site::new(&line.item, place), key.clone())).or_default();
                    *sum = sum.saturating_add(value.saturating_mul(sign));
                }
            }
        }
        values
    }

    fn rows(self, filter: &BalanceFilter, shown: Shown) -> Vec<Row> {
        let mut totals: BTreeMap<(Site, PoolKey), i64> = BTreeMap::new();
        for ((site, bucket), quantity) in &self.quantities {
            let total = totals.entry((site.clone(), pool_key(bucket))).or_default();
            *total = total.saturating_add(*quantity);
        }
        let values = self.values();
        let mut rows: Vec<Row> = self
            .quantities
            .into_iter()
            .filter(|(_, quantity)| *quantity != 0)
            .map(|((site, bucket), quantity)| Row::new(&site, bucket, quantity))
            .collect();
        if shown == Shown::Values {
            share_values(&mut rows, |site, key| {
                let key = (site.clone(), key.clone());
                let value = values.get(&key).copied().map(Amount::from_units)?;
                Some((value, totals.get(&key).copied()?))
            });
        }
        rows.retain(|row| matches(filter, row));
        rows
    }
}

/// Whether a row is asked for. Filtered last, since a pool's value is shared by all of its rows.
fn matches(filter: &BalanceFilter, row: &Row) -> bool {
    let below = |outer: &Location| {
        let (outer, inner) = (outer.as_str(), row.location.as_str());
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let bucket = &row.bucket;
    filter.item.as_ref().is_none_or(|item| *item == row.item)
        && filter.below.as_ref().is_none_or(below)
        && (!filter.physical || row.location.is_physical())
        && filter.lot.as_ref().is_none_or(|lot| bucket.lot.as_ref() == Some(lot))
        && filter.owner.as_ref().is_none_or(|owner| bucket.owner == *owner)
        && filter.status.is_none_or(|status| bucket.status == status)
        && filter.unit.as_ref().is_none_or(|unit| bucket.unit == *unit)
}
