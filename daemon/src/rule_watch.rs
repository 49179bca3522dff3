//! The rule watcher: asks the rules in force about what was recorded, and those with a schedule when they are due.
//!
//! Invariants: it only looks, and hands what it finds to the recorder as `Command::Fire`, which records it once for
//! each cause; so an entry that is looked at again after a crash is told once. Stock is looked up in pieces, so that
//! neither memory nor a turn of the recorder grows with the house. Absent: what is asked before something is done
//! (the engine asks within the turn). A schedule waits until rules remember all that they ask for (`whole`).

mod schedule;
mod whole;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
    time::Duration,
};

use gatewarden_engine::{
    AgedStock, Command, Engine, FoundAfter, OnHand, RuleLevels, ScheduledRule,
};
use gatewarden_model::{Clock, Entry, ItemId, StockStatus};
use gatewarden_store::{BalanceFilter, LedgerAddress, LedgerReader, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{
    recorder::Recorder,
    spool::{self, Spool},
};
use schedule::Schedules;
use whole::Whole;

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
    schedules: Schedules,
    whole: Whole,
    stop: CancellationToken,
}

impl RuleWatch {
    /// Watches until `stop`. Errors are told and tried again.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut size = self.recorder.size();
        let mut running = Running {
            watch: self,
            levels: RuleLevels::default(),
            cursor: None,
            kept: (None, 0),
            schedules: Schedules::default(),
            whole: Whole::default(),
            stop: stop.clone(),
        };
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
        if !more && self.whole.is_remembered(&self.watch, &self.stop).await? {
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
        let kept = self.watch.spool.run(|t| spool::cursor(t, LANE)).await?;
        let len = self.read(|reader| reader.len()).await?;
        let from = kept.filter(|kept| *kept <= len).unwrap_or(len);
        // What is not looked at yet may have crossed its level, and is told then.
        let ahead = self.watched_in(from..len).await?;
        let mut items = self.watch.recorder.query(|engine| engine.items_with_level()).await?;
        items.retain(|item| !ahead.contains(item));
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

    /// The items whose level entries may have changed.
    async fn watched_in(&self, entries: Range<u64>) -> anyhow::Result<BTreeSet<ItemId>> {
        let (mut items, mut from) = (BTreeSet::new(), entries.start);
        while from < entries.end {
            let upto = entries.end.min(from.saturating_add(ENTRIES_AT_ONCE));
            let read = self.read(move |reader| reader.entries(from..upto)).await?;
            let look = move |engine: &Engine| engine.items_watched(&read);
            items.extend(self.watch.recorder.query(look).await?);
            from = upto;
        }
        Ok(items)
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
        self.schedules.retain(&rules);
        for rule in rules {
            let (now_us, offset_min) = (self.now_us(), self.watch.offset_min);
            let due = self.schedules.due(&self.watch.spool, &rule, (now_us, offset_min)).await?;
            let Some(due_us) = due else { continue };
            self.run_scheduled(&rule, due_us).await?;
            self.schedules.ran(&self.watch.spool, &rule, (due_us, offset_min)).await?;
        }
        Ok(())
    }

    async fn run_scheduled(&self, rule: &ScheduledRule, due_us: i64) -> anyhow::Result<()> {
        if !rule.of_stock {
            return self.scheduled_piece((&rule.id, due_us), vec![]).await;
        }
        let items = self.watch.recorder.query(|engine| {
            engine.settings().items.iter().map(|item| item.code.clone()).collect::<Vec<_>>()
        });
        let mut piece = vec![];
        for item in items.await? {
            piece.extend(self.read(move |reader| aged(reader, item)).await?);
            if piece.len() >= LAYERS_AT_ONCE {
                self.scheduled_piece((&rule.id, due_us), std::mem::take(&mut piece)).await?;
            }
        }
        if piece.is_empty() {
            return Ok(());
        }
        self.scheduled_piece((&rule.id, due_us), piece).await
    }

    async fn scheduled_piece(
        &self,
        (rule, due_us): (&str, i64),
        stock: Vec<AgedStock>,
    ) -> anyhow::Result<()> {
        let items = stock.iter().map(|one| one.item.clone()).collect();
        let on_hand = self.on_hand(items).await?;
        let (rule, at) = (rule.to_owned(), self.watch.clock.now());
        let found = self
            .watch
            .recorder
            .query(move |engine| engine.found_on_schedule(&rule, &stock, &on_hand, (due_us, at)));
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
        self.watch.spool.run(move |t| spool::keep_cursor(t, LANE, cursor)).await?;
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
