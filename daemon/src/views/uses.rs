//! The uses of rights in the last days, out of the journal: read on a connection of its own, a page at a
//! time, so that neither the writer nor the memory has to bear it.
//!
//! The first entry of the span is searched by the wall clock, which goes forward but for corrections; a
//! clock that was set back by hours makes the span begin that much off.

use gatewarden_engine::usage::Uses;
use gatewarden_model::{Entry, Stamp};
use gatewarden_store::{LedgerReader, StoreError};

/// Most days that are looked at.
pub(crate) const USE_DAYS_MAX: u32 = 3660;
/// The days that are looked at where nobody says how many.
pub(crate) const USE_DAYS: u32 = 90;
/// Entries read at once.
const PAGE: u64 = 1000;

const US_A_DAY: i64 = 86_400_000_000;

/// The uses of the last `days` days.
pub(crate) fn recent(ledger: &LedgerReader, days: u32, now: &Stamp) -> Result<Uses, StoreError> {
    let since_us = now.wall_us.saturating_sub(i64::from(days) * US_A_DAY);
    let mut uses = Uses::default();
    let from = first_since(ledger, since_us)?;
    each_from(ledger, from, |entry| uses.feed(entry))?;
    Ok(uses)
}

/// Shows every entry from a sequence on to the end as it is now.
pub(crate) fn each_from(
    ledger: &LedgerReader,
    from: u64,
    mut show: impl FnMut(&Entry),
) -> Result<(), StoreError> {
    let end = ledger.len()?;
    let mut at = from;
    while at < end {
        let next = at.saturating_add(PAGE).min(end);
        ledger.entries(at..next)?.iter().for_each(&mut show);
        at = next;
    }
    Ok(())
}

/// The first entry whose wall clock is not before a moment.
fn first_since(ledger: &LedgerReader, since_us: i64) -> Result<u64, StoreError> {
    let (mut low, mut high) = (0, ledger.len()?);
    while low < high {
        let middle = low + (high - low) / 2;
        match ledger.entry(middle)? {
            Some(entry) if entry.at.wall_us < since_us => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
