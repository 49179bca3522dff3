//! What was booked for a run of days: the entries that finance has vouchers of, found by the days of
//! movements and not by reading the journal.
//!
//! A movement counts for the day that it says. Landed cost counts for the day on which it was
//! recorded; where the clock was wrong then, for one between the days of the movements around it,
//! so that it is found between the first movements of the days around those asked for. On a shared
//! ledger this tells of one gateway's lane.

use gatewarden_model::{Body, Day, Entry};

use crate::StoreError;

/// Movements that are read at once.
pub(crate) const BOOKED_AT_ONCE: usize = 2000;

/// The text by which an entry that landed cost is found in its bytes.
pub(crate) const LANDED: &str = "\"kind\":\"cost-landed\"";

/// Which days.
#[derive(Debug, Clone, Copy)]
pub struct BookedDays {
    /// The first; none for the beginning.
    pub from: Option<Day>,
    /// The last; none for today.
    pub to: Option<Day>,
    /// Minutes east of UTC by which the business's day begins.
    pub offset_min: i32,
}

impl BookedDays {
    fn has(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// A journal with the days of its movements.
pub(crate) trait Booking {
    /// The first `BOOKED_AT_ONCE` entries from `seq` on whose movements count for these days, in
    /// sequence.
    fn movements_of(
        &self,
        from: Option<Day>,
        to: Option<Day>,
        seq: u64,
    ) -> Result<Vec<Entry>, StoreError>;

    /// The entries of a range that landed cost, in sequence.
    fn landed(&self, range: std::ops::Range<u64>) -> Result<Vec<Entry>, StoreError>;

    /// The first entry that made the last day before `day` the last one; none where there is none.
    fn first_before(&self, day: Day) -> Result<Option<u64>, StoreError>;

    /// The first entry that made a day after `day` the last one; none where there is none.
    fn first_beyond(&self, day: Day) -> Result<Option<u64>, StoreError>;

    /// The last day that movements before `seq` made the last one, and the next one that they made
    /// so after it.
    fn days_around(&self, seq: u64) -> Result<(Option<Day>, Option<Day>), StoreError>;
}

/// Calls `see` with each movement and landed cost of these days and the day it counts for, in
/// sequence, until it says false.
pub(crate) fn each(
    journal: &impl Booking,
    days: BookedDays,
    mut see: impl FnMut(Day, Entry) -> bool,
) -> Result<(), StoreError> {
    let BookedDays { from, to, offset_min } = days;
    let first = from.map_or(Ok(None), |day| journal.first_before(day))?.unwrap_or(0);
    let beyond = to.map_or(Ok(None), |day| journal.first_beyond(day))?.unwrap_or(u64::MAX);
    let mut next = 0;
    loop {
        let mut page = journal.movements_of(from, to, next)?;
        let last = page.last().filter(|_| page.len() == BOOKED_AT_ONCE).map(|entry| entry.seq);
        let end = last.map_or(u64::MAX, |seq| seq + 1);
        page.extend(journal.landed(next.max(first)..end.min(beyond))?);
        page.sort_unstable_by_key(|entry| entry.seq);
        for entry in page {
            let day = match &entry.body {
                Body::Moved { movement, .. } => movement.day(&entry.at),
                Body::CostLanded { .. } => {
                    let recorded = Day::of(&entry.at, offset_min);
                    let (before, after) = journal.days_around(entry.seq)?;
                    let latest = recorded.min(after.unwrap_or(recorded));
                    latest.max(before.unwrap_or(latest))
                }
                _ => continue,
            };
            if days.has(day) && !see(day, entry) {
                return Ok(());
            }
        }
        if last.is_none() {
            return Ok(());
        }
        next = end;
    }
}
