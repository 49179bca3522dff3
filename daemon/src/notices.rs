//! The notice lane: follows the journal, and tells people what the house has decided that they are told.
//!
//! Invariants: what an entry gives occasion for is on disk in the transaction that moves the cursor; before
//! a message leaves, its rows say `sending`, on disk; what becomes of a notice is on disk before it is
//! recorded, and is recorded once, since the journal is read to its end before anything is recorded or
//! sent. So a crash loses nothing, and what was being sent is sent again with the same id, by which a
//! channel tells repeats where it can. Words are made when they are sent, from entries and documents masked
//! by the receiver's rights of that moment. Absent: pacing (`gatewarden-notices`), channels
//! (`erp-adapters`).

mod book;
mod links;
mod plan;
mod render;
mod scan;
mod send;
mod ways;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use gatewarden_engine::{Command, NOTICES};
use gatewarden_model::{Clock, Hash, NoticeId, NoticeSettled, canonical};
use gatewarden_notices::{NoticeSet, Queue};
use gatewarden_store::LedgerAddress;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{recorder::Recorder, spool::Spool};

pub(crate) use book::{NoticeRow, TABLES, rows};
pub(crate) use links::{Link, LinkState, claim, give_back, look_up};
pub(crate) use ways::Ways;

use links::Links;

/// Entries taken from the journal in one step.
const SCAN_ENTRIES_MAX: u64 = 500;
/// The lane looks at its queue at least this often.
const LOOK_EVERY: Duration = Duration::from_millis(1000);
/// Retries that may wait to be taken.
const ORDERS_MAX: usize = 64;

/// What the lane needs.
pub(crate) struct NoticeLane {
    pub(crate) ways: Ways,
    /// What is told where the procedures in force say nothing of notices.
    pub(crate) shipped: Arc<NoticeSet>,
    pub(crate) gateway: String,
    /// The address under which people reach the gateway.
    pub(crate) origin: String,
    pub(crate) spool: Spool,
    pub(crate) recorder: Recorder,
    pub(crate) ledger: LedgerAddress,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A handle to the lane: lets a rejected notice be tried again.
#[derive(Clone)]
pub(crate) struct NoticeDesk(mpsc::Sender<u64>);

/// The orders that the lane takes.
pub(crate) struct Orders(mpsc::Receiver<u64>);

/// A desk and what the lane hears of it.
pub(crate) fn desk() -> (NoticeDesk, Orders) {
    let (order, orders) = mpsc::channel(ORDERS_MAX);
    (NoticeDesk(order), Orders(orders))
}

impl NoticeDesk {
    /// Lets the lane try a rejected notice again; false where it takes no more orders for now.
    pub(crate) fn retry(&self, id: u64) -> bool {
        self.0.try_send(id).is_ok()
    }
}

/// The lane while it runs.
struct Running {
    lane: NoticeLane,
    queue: Queue,
    links: Links,
    /// Outcomes that are on disk and not recorded yet, by their numbers.
    outcomes: VecDeque<(u64, NoticeSettled)>,
    next_outcome: u64,
    set: (Option<Hash>, Arc<NoticeSet>),
    outcomes_changed: bool,
    /// The next entry to read.
    cursor: Option<u64>,
    /// The same, as it is on disk.
    kept_cursor: Option<u64>,
    /// Receivers that no channel reaches, so that it is recorded once and not each time.
    unreachable: BTreeSet<(NoticeId, String)>,
    /// Channels that were told to be broken.
    broken: BTreeSet<String>,
}

impl NoticeLane {
    /// Tells until `stop`. Errors of the disk are told and tried again.
    pub(crate) async fn run(self, mut orders: Orders, stop: CancellationToken) {
        let mut size = self.recorder.size();
        let mut running = loop {
            match self.open().await {
                Ok((queue, outcomes, cursor)) => {
                    break Running::new(self, queue, outcomes, cursor);
                }
                Err(error) => tracing::error!(%error, "the queue of notices can't be read"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY * 5) => {}
            }
        };
        loop {
            let pause = match running.step(&mut orders, &stop).await {
                Ok(true) => continue,
                Ok(false) => LOOK_EVERY,
                Err(error) => {
                    tracing::error!(%error, "notices are stuck");
                    // Memory may be ahead of the disk: what is on disk counts.
                    if let Err(error) = running.reload().await {
                        tracing::error!(%error, "the queue of notices can't be read");
                    }
                    LOOK_EVERY * 5
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                changed = size.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn open(&self) -> anyhow::Result<(Queue, VecDeque<(u64, NoticeSettled)>, Option<u64>)> {
        let limits = self.ways.limits();
        let kept = self.spool.run(book::load).await?;
        let records = kept.records.iter().map(|(key, body)| (key.as_str(), body.as_str()));
        let queue = Queue::load(limits, records)?;
        Ok((queue, kept.outcomes, kept.cursor))
    }
}

impl Running {
    fn new(
        lane: NoticeLane,
        queue: Queue,
        outcomes: VecDeque<(u64, NoticeSettled)>,
        cursor: Option<u64>,
    ) -> Self {
        let next_outcome = outcomes.back().map_or(0, |(number, _)| number + 1);
        let links = Links::new(lane.spool.clone());
        let set = (None, Arc::clone(&lane.shipped));
        let (unreachable, broken) = (BTreeSet::new(), BTreeSet::new());
        let (kept_cursor, outcomes_changed) = (cursor, false);
        Self {
            lane,
            queue,
            links,
            outcomes,
            next_outcome,
            set,
            outcomes_changed,
            cursor,
            kept_cursor,
            unreachable,
            broken,
        }
    }

    async fn reload(&mut self) -> anyhow::Result<()> {
        (self.queue, self.outcomes, self.cursor) = self.lane.open().await?;
        (self.kept_cursor, self.outcomes_changed) = (self.cursor, false);
        self.next_outcome = self.outcomes.back().map_or(0, |(number, _)| number + 1);
        Ok(())
    }

    fn now_us(&self) -> i64 {
        self.lane.clock.now().wall_us
    }

    /// One scan and one message; true if there may be more to do at once.
    async fn step(
        &mut self,
        orders: &mut Orders,
        stop: &CancellationToken,
    ) -> anyhow::Result<bool> {
        self.refresh().await?;
        if self.scan().await? {
            return Ok(true);
        }
        self.record().await?;
        while let Ok(id) = orders.0.try_recv() {
            self.reopen(id).await?;
        }
        self.time().await?;
        self.gauge();
        if stop.is_cancelled() {
            return Ok(false);
        }
        self.send().await
    }

    /// The definitions in force.
    async fn refresh(&mut self) -> anyhow::Result<()> {
        let known = self.set.0;
        let found = self
            .lane
            .recorder
            .query(move |engine| {
                let version = engine.state().procedures_version();
                let parts = engine.state().procedures_in_force().filter(|_| version != known);
                (version, parts.and_then(|parts| parts.parts.get(NOTICES).cloned()))
            })
            .await?;
        let (version, text) = found;
        if version == known {
            return Ok(());
        }
        let set = match text.map(|text| canonical::decode::<NoticeSet>(text.as_bytes())) {
            Some(Ok(set)) => Arc::new(set),
            Some(Err(error)) => {
                tracing::error!(%error, "the notices in force can't be read: the shipped ones are told");
                Arc::clone(&self.lane.shipped)
            }
            None => Arc::clone(&self.lane.shipped),
        };
        self.set = (version, set);
        Ok(())
    }

    fn planner(&self, now_us: i64) -> plan::Planner {
        plan::Planner {
            set: Arc::clone(&self.set.1),
            reach: self.lane.ways.reach(),
            gateway: self.lane.gateway.clone(),
            now_us,
        }
    }

    /// Keeps outcomes until they are recorded.
    fn settle(&mut self, settled: Vec<NoticeSettled>) {
        for one in settled {
            metrics::counter!("gatewarden_notices_total", "outcome" => one.outcome.name())
                .increment(1 + u64::from(one.further));
            self.outcomes.push_back((self.next_outcome, one));
            (self.next_outcome, self.outcomes_changed) = (self.next_outcome + 1, true);
        }
    }

    /// Writes what changed, and the cursor, in one transaction. A cursor by itself is not worth a flush
    /// each time: entries that gave no occasion may be read again.
    async fn persist(&mut self) -> anyhow::Result<()> {
        let changes = self.queue.changes();
        let cursor = self.cursor;
        let behind = cursor.unwrap_or(0).abs_diff(self.kept_cursor.unwrap_or(0));
        let is_worth = self.kept_cursor.is_none() || behind >= SCAN_ENTRIES_MAX;
        if changes.is_empty() && !self.outcomes_changed && !is_worth {
            return Ok(());
        }
        let outcomes: Vec<(u64, NoticeSettled)> = self.outcomes.iter().cloned().collect();
        self.lane.spool.run(move |t| book::store(t, &changes, &outcomes, cursor)).await?;
        (self.kept_cursor, self.outcomes_changed) = (cursor, false);
        Ok(())
    }

    /// Brings outcomes into the journal.
    async fn record(&mut self) -> anyhow::Result<()> {
        while let Some((_, settled)) = self.outcomes.front().cloned() {
            let command = Command::SettleNotice(Box::new(settled));
            if let Err(refusal) = self.lane.recorder.command(command).await? {
                tracing::warn!(refusal = refusal.code, "the outcome of a notice was not recorded");
            }
            self.outcomes.pop_front();
            self.outcomes_changed = true;
            self.persist().await?;
        }
        Ok(())
    }

    async fn reopen(&mut self, id: u64) -> anyhow::Result<()> {
        let Some(row) = self.queue.row(id).cloned() else { return Ok(()) };
        let channels = match self.set.1.notices.get(&row.notice) {
            Some(notice) => {
                let reach = self.lane.ways.reach();
                reach.channels(self.set.1.channels_of(notice), &row.to)
            }
            None => row.channels,
        };
        let now_us = self.now_us();
        if self.queue.reopen(id, channels, now_us) {
            self.persist().await?;
        }
        Ok(())
    }

    /// Escalations, ends of watching for repeats, and channels that broke.
    async fn time(&mut self) -> anyhow::Result<()> {
        let now_us = self.now_us();
        let lapsed = self.queue.lapse(now_us);
        self.settle(lapsed);
        for due in self.queue.escalate(now_us) {
            let entry = self.entry(due.about).await?;
            let planner = self.planner(now_us);
            let steps =
                move |engine: &gatewarden_engine::Engine| planner.escalate(engine, &entry, &due);
            for one in self.lane.recorder.query(steps).await? {
                self.offer(one, now_us);
            }
        }
        let broken: BTreeSet<String> = self.queue.broken().map(str::to_owned).collect();
        for channel in broken.difference(&self.broken.clone()) {
            tracing::error!(%channel, "a channel takes no notices");
            let (channel, about) = (channel.clone(), self.cursor.unwrap_or(1).saturating_sub(1));
            let planner = self.planner(now_us);
            let told =
                move |engine: &gatewarden_engine::Engine| planner.broken(engine, about, &channel);
            for one in self.lane.recorder.query(told).await? {
                self.offer(one, now_us);
            }
        }
        self.broken = broken;
        self.persist().await
    }

    fn gauge(&self) {
        #[allow(clippy::cast_precision_loss, reason = "a queue of at most ten thousand")]
        let count = |number: usize| number as f64;
        metrics::gauge!("gatewarden_notices_waiting").set(count(self.queue.depth()));
        metrics::gauge!("gatewarden_notices_awaiting_reaction").set(count(self.queue.awaiting()));
        metrics::gauge!("gatewarden_notice_channels_broken").set(count(self.broken.len()));
    }
}
