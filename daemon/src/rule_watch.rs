//! The rule watcher: asks the rules in force about what was recorded, and those with a schedule when they are due.
//!
//! Invariants: it only looks, and hands what it finds to the recorder as `Command::Fire`, which records it once for
//! each cause; so an entry that is looked at again after a crash is told once. Stock is looked up in pieces, so that
//! neither memory nor a turn of the recorder grows with the house. Absent: what is asked before something is done
//! (the engine asks within the turn), and times that passed while the gateway was off: their next time counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use croner::Cron;
use gatewarden_engine::{AgedStock, Command, FoundAfter, OnHand, RuleLevels, ScheduledRule};
use gatewarden_model::{Clock, Entry, ItemId, StockStatus};
use gatewarden_store::{BalanceFilter, LedgerAddress, LedgerReader, StoreError};
use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};
use rusqlite::{OptionalExtension as _, params};
use tokio_util::sync::CancellationToken;

use crate::{recorder::Recorder, spool::Spool};

/// The cursor's name in the spool.
const LANE: &str = "@rules";
/// Entries looked at in one step.
const ENTRIES_AT_ONCE: u64 = 500;
/// Layers of stock that a scheduled rule is given at once; the layers of one item stay together.
const LAYERS_AT_ONCE: usize = 10_000;
/// The watcher looks at least this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The cursor is on disk after this time at the latest.
const KEEP_EVERY_US: i64 = 10_000_000;

/// What the watcher needs.
pub(crate) struct RuleWatch {
    pub(crate) recorder: Recorder,
    pub(crate) spool: Spool,
    pub(crate) ledger: LedgerAddress,
    pub(crate) clock: Arc<dyn Clock>,
    /// Minutes east of UTC of the gateway's zone.
    pub(crate) offset_min: i32,
}

/// The watcher while it runs.
struct Running {
    watch: RuleWatch,
    levels: RuleLevels,
    /// The next entry to look at.
    cursor: Option<u64>,
    /// The same as it is on disk, and when it was written there.
    kept: (Option<u64>, i64),
    /// When each scheduled rule is due, in microseconds of the wall clock, with the cron text that says so.
    due: BTreeMap<String, (String, i64)>,
}

impl RuleWatch {
    /// Watches until `stop`. Errors are told and tried again.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut size = self.recorder.size();
        let (levels, due) = (RuleLevels::default(), BTreeMap::new());
        let mut running = Running { watch: self, levels, cursor: None, kept: (None, 0), due };
        loop {
            match running.step().await {
                Ok(true) if !stop.is_cancelled() => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "rules could not be asked; trying again"),
            }
            tokio::select! {
                () = stop.cancelled() => break,
                changed = size.changed() => if changed.is_err() { break },
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        if let Err(error) = running.keep(i64::MAX).await {
            tracing::warn!(%error, "what rules have looked at could not be kept");
        }
    }
}

impl Running {
    /// Looks at the next entries, then at the clock; true where there are more entries.
    async fn step(&mut self) -> anyhow::Result<bool> {
        let more = self.follow().await?;
        if !more {
            self.look_at_the_clock().await?;
        }
        Ok(more)
    }

    async fn follow(&mut self) -> anyhow::Result<bool> {
        let from = match self.cursor {
            Some(from) => from,
            None => self.begin().await?,
        };
        let entries = self
            .read(move |reader| reader.entries(from..from.saturating_add(ENTRIES_AT_ONCE)))
            .await?;
        let Some(last) = entries.last() else { return Ok(false) };
        let next = last.seq + 1;
        let more = u64::try_from(entries.len()).unwrap_or(u64::MAX) >= ENTRIES_AT_ONCE;
        let found = self.ask(entries).await?;
        self.cursor = Some(next);
        let fired = self.tell(found).await?;
        let now_us = if fired { i64::MAX } else { self.now_us() };
        self.keep(now_us).await?;
        Ok(more)
    }

    /// Where to begin: where it was left, else at the journal's end. What is crossed already is not told.
    async fn begin(&mut self) -> anyhow::Result<u64> {
        let kept = self.watch.spool.run(|t| {
            let sql = "SELECT cursor FROM lane WHERE name = ?1";
            Ok(t.query_row(sql, [LANE], |row| row.get::<_, u64>(0)).optional()?)
        });
        let kept = kept.await?;
        let len = self.read(|reader| reader.len()).await?;
        let from = kept.filter(|kept| *kept <= len).unwrap_or(len);
        let items = self.watch.recorder.query(|engine| engine.items_with_level()).await?;
        let on_hand = self.on_hand(items).await?;
        let (mut levels, at) = (std::mem::take(&mut self.levels), self.watch.clock.now());
        let begun = self.watch.recorder.query(move |engine| {
            engine.begin_levels(&on_hand, &mut levels, at);
            levels
        });
        self.levels = begun.await?;
        self.cursor = Some(from);
        self.kept = (kept, self.now_us());
        Ok(from)
    }

    async fn ask(&mut self, entries: Vec<Entry>) -> anyhow::Result<FoundAfter> {
        let entries = Arc::new(entries);
        let asked = Arc::clone(&entries);
        let items = self.watch.recorder.query(move |engine| engine.items_watched(&asked)).await?;
        let on_hand = self.on_hand(items).await?;
        let mut levels = self.levels.clone();
        let found = self.watch.recorder.query(move |engine| {
            let found = engine.found_after(&entries, &on_hand, &mut levels);
            (found, levels)
        });
        let (found, levels) = found.await?;
        self.levels = levels;
        Ok(found)
    }

    /// Hands findings to the recorder; whether there were any.
    async fn tell(&self, found: FoundAfter) -> anyhow::Result<bool> {
        for (rule, error) in &found.failures {
            metrics::counter!("gatewarden_rules_failed_total", "rule" => rule.clone()).increment(1);
            tracing::warn!(rule, error, "a rule could not be asked");
        }
        if found.firings.is_empty() {
            return Ok(false);
        }
        let command = Command::Fire { firings: found.firings, document: None };
        if let Err(refusal) = self.watch.recorder.command(command).await? {
            tracing::warn!(code = refusal.code, reason = %refusal.message, "firings were refused");
        }
        Ok(true)
    }

    async fn look_at_the_clock(&mut self) -> anyhow::Result<()> {
        let rules = self.watch.recorder.query(|engine| engine.scheduled_rules()).await?;
        let known: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        self.due.retain(|id, _| known.contains(id.as_str()));
        let now_us = self.now_us();
        for rule in rules {
            let known = self.due.get(&rule.id).filter(|(cron, _)| *cron == rule.cron);
            let is_due = known.is_some_and(|(_, due_us)| *due_us <= now_us);
            if known.is_some() && !is_due {
                continue;
            }
            let next_us = next_time(&rule.cron, now_us, self.watch.offset_min).unwrap_or(i64::MAX);
            self.due.insert(rule.id.clone(), (rule.cron.clone(), next_us));
            if is_due {
                self.run_scheduled(&rule).await?;
            }
        }
        Ok(())
    }

    async fn run_scheduled(&mut self, rule: &ScheduledRule) -> anyhow::Result<()> {
        if !rule.of_stock {
            return self.scheduled_piece(&rule.id, vec![]).await;
        }
        let items = self.watch.recorder.query(|engine| {
            engine.settings().items.iter().map(|item| item.code.clone()).collect::<Vec<_>>()
        });
        let mut piece = vec![];
        for item in items.await? {
            piece.extend(self.read(move |reader| aged(reader, item)).await?);
            if piece.len() >= LAYERS_AT_ONCE {
                self.scheduled_piece(&rule.id, std::mem::take(&mut piece)).await?;
            }
        }
        if piece.is_empty() {
            return Ok(());
        }
        self.scheduled_piece(&rule.id, piece).await
    }

    async fn scheduled_piece(&self, rule: &str, stock: Vec<AgedStock>) -> anyhow::Result<()> {
        let items = stock.iter().map(|one| one.item.clone()).collect();
        let on_hand = self.on_hand(items).await?;
        let (rule, at) = (rule.to_owned(), self.watch.clock.now());
        let found = self
            .watch
            .recorder
            .query(move |engine| engine.found_on_schedule(&rule, &stock, &on_hand, at));
        self.tell(found.await?).await?;
        Ok(())
    }

    async fn on_hand(&self, items: BTreeSet<ItemId>) -> anyhow::Result<BTreeMap<ItemId, OnHand>> {
        if items.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.read(move |reader| {
            items.into_iter().map(|item| Ok((item.clone(), count(reader, item)?))).collect()
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&LedgerReader) -> Result<T, StoreError> + Send + 'static,
    ) -> anyhow::Result<T> {
        let ledger = self.watch.ledger.clone();
        let read = tokio::task::spawn_blocking(move || look(&LedgerReader::open(ledger)?));
        Ok(read.await??)
    }

    /// Writes the cursor, unless that was done a moment ago.
    async fn keep(&mut self, now_us: i64) -> anyhow::Result<()> {
        let Some(cursor) = self.cursor else { return Ok(()) };
        if self.kept.0 == Some(cursor) || now_us.saturating_sub(self.kept.1) < KEEP_EVERY_US {
            return Ok(());
        }
        let written = self.watch.spool.run(move |t| {
            let sql = "INSERT INTO lane(name, cursor) VALUES (?1, ?2)
                       ON CONFLICT(name) DO UPDATE SET cursor = excluded.cursor";
            t.execute(sql, params![LANE, cursor])?;
            Ok(())
        });
        written.await?;
        self.kept = (Some(cursor), self.now_us());
        Ok(())
    }

    fn now_us(&self) -> i64 {
        self.watch.clock.now().wall_us
    }
}

/// What there is of an item in the building.
fn count(reader: &LedgerReader, item: ItemId) -> Result<OnHand, StoreError> {
    let filter = BalanceFilter { item: Some(item), physical: true, ..BalanceFilter::default() };
    let mut on_hand = OnHand::default();
    for balance in reader.stock(&filter)? {
        on_hand.quantity = on_hand.quantity.saturating_add(balance.quantity);
        if balance.bucket.status == StockStatus::Available {
            on_hand.available = on_hand.available.saturating_add(balance.quantity);
        }
    }
    Ok(on_hand)
}

/// The layers of an item in the building, sorted by place.
fn aged(reader: &LedgerReader, item: ItemId) -> Result<Vec<AgedStock>, StoreError> {
    let filter = BalanceFilter { item: Some(item), ..BalanceFilter::default() };
    let mut stock = vec![];
    for pool in reader.pools(&filter)? {
        if !pool.site.location.is_physical() {
            continue;
        }
        stock.extend(pool.layers.iter().map(|layer| AgedStock {
            item: pool.site.item.clone(),
            place: pool.site.location.clone(),
            day: layer.day,
            quantity: layer.quantity,
            value: Some(layer.value.units()).filter(|value| *value != 0),
        }));
    }
    stock.sort_by(|one, other| one.place.as_str().cmp(other.place.as_str()));
    Ok(stock)
}

/// The next time after `now_us` that a cron text names, by the clock of a zone; none where there is none.
fn next_time(cron: &str, now_us: i64, offset_min: i32) -> Option<i64> {
    let cron: Cron = cron.parse().ok()?;
    let offset = Offset::from_seconds(offset_min.checked_mul(60)?).ok()?;
    let now = Timestamp::from_microsecond(now_us).ok()?.to_zoned(TimeZone::fixed(offset));
    let next = cron.find_next_occurrence(&now, false).ok()?;
    Some(next.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_told_by_the_clock_of_the_gateways_zone() {
        let hour = 3_600_000_000;
        // 1970-01-01T00:00Z is 08:00 in China; six in the morning is 22 hours later.
        assert_eq!(next_time("0 6 * * *", 0, 480), Some(22 * hour));
        assert_eq!(next_time("0 6 * * *", 0, 0), Some(6 * hour));
        assert_eq!(next_time("0 6 * * *", 6 * hour, 0), Some(30 * hour), "not twice");
        assert_eq!(next_time("0 0 30 2 *", 0, 0), None, "there is no such day");
    }
}
