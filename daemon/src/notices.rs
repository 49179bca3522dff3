//! The notice lane: follows the journal, and tells people what the house has decided that they are told.
//!
//! Invariants: what an entry gives occasion for is on disk in the transaction that moves the cursor; before a
//! message leaves, its rows say `sending`, on disk; what becomes of a notice is on disk before it is recorded, and
//! is recorded once, since the journal is read to its end before anything is recorded or sent. So a crash loses
//! nothing, and what was being sent is sent again with the same id, by which a channel tells repeats where it
//! can. Words are made when they are sent, from entries and documents masked by the receiver's rights of that
//! moment. Absent: pacing (`gatewarden-notices`), channels (`erp-adapters`).

mod book;
mod links;
mod plan;
mod render;
mod ways;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use gatewarden_adapters::{Outcome, notice::Message};
use gatewarden_engine::{Command, NOTICES};
use gatewarden_model::{
    Body, Clock, Entry, Hash, NoticeId, NoticeOutcome, NoticeSettled, canonical,
};
use gatewarden_notices::{Answer, NoticeSet, Offered, Queue, Sending, occasions};
use gatewarden_store::{LedgerAddress, LedgerReader};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{recorder::Recorder, spool::Spool};
use plan::Found;
use render::Made;

pub(crate) use book::{NoticeRow, TABLES, rows};
pub(crate) use links::{Link, LinkState, claim, give_back, look_up};
pub(crate) use render::rights_of;
pub(crate) use ways::Ways;

use links::Links;

/// Entries taken from the journal in one step.
const SCAN_ENTRIES_MAX: u64 = 500;
/// The lane looks at its queue at least this often.
const LOOK_EVERY: Duration = Duration::from_millis(1000);
/// Where the queue is new, entries older than this give no occasion: what happened before there were notices
/// is not told.
const FRESH_US: i64 = 24 * 3_600_000_000;
/// Retries that may wait to be taken.
const ORDERS_MAX: usize = 64;
/// The namespace of message ids.
const IDS: Uuid = Uuid::from_u128(0x6761_7465_7761_7264_656e_2d6e_6f74_6963);

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
    cursor: Option<u64>,
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
        let kept = self.spool.run(|t| book::load(t)).await?;
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
        Self { lane, queue, links, outcomes, next_outcome, set, cursor, unreachable, broken }
    }

    async fn reload(&mut self) -> anyhow::Result<()> {
        (self.queue, self.outcomes, self.cursor) = self.lane.open().await?;
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

    /// Moves the cursor over new entries. What they give occasion for becomes rows in the same transaction.
    async fn scan(&mut self) -> anyhow::Result<bool> {
        if self.queue.is_full() {
            return Ok(false);
        }
        let from = self.cursor.unwrap_or(0);
        let path = self.lane.ledger.clone();
        let (len, entries) = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
            let reader = LedgerReader::open(&path)?;
            Ok((reader.len()?, reader.entries(from..from + SCAN_ENTRIES_MAX)?))
        })
        .await??;
        if from > len {
            tracing::error!(read = from, len, "the journal is shorter than what notices had read");
            self.cursor = None;
            self.persist(None).await?;
            return Ok(true);
        }
        if entries.is_empty() && self.cursor.is_some() {
            return Ok(false);
        }
        let mut next = from;
        for chunk in entries.chunks(50) {
            next = self.take(chunk, next).await?;
            if self.queue.is_full() {
                break;
            }
        }
        self.persist(Some(next)).await?;
        Ok(next < len)
    }

    /// Takes entries in; gives the sequence after the last one that is taken whole.
    async fn take(&mut self, entries: &[Entry], mut next: u64) -> anyhow::Result<u64> {
        let now_us = self.now_us();
        let is_new = self.cursor.is_none();
        let wanted: Vec<Entry> = entries
            .iter()
            .filter(|entry| !is_new || now_us.saturating_sub(entry.at.wall_us) < FRESH_US)
            .filter(|entry| !occasions(entry).is_empty())
            .cloned()
            .collect();
        let mut found: VecDeque<Found> = match wanted.is_empty() {
            true => VecDeque::new(),
            false => {
                let planner = self.planner(now_us);
                let planned =
                    move |engine: &gatewarden_engine::Engine| planner.plan(engine, &wanted);
                self.lane.recorder.query(planned).await?.into()
            }
        };
        for entry in entries {
            let here = found.iter().take_while(|one| one.about == entry.seq);
            let offers: usize = here.map(|one| one.offers.len()).sum();
            if offers > self.queue.room() && offers <= gatewarden_notices::ROWS_MAX {
                return Ok(next);
            }
            if let Body::NoticeSettled { settled } = &entry.body {
                self.queue.settled_before(settled);
                self.outcomes.retain(|(_, waiting)| waiting != settled);
            }
            for reaction in gatewarden_notices::reactions(entry) {
                let settled = self.queue.react(&reaction);
                self.settle(settled);
            }
            while found.front().is_some_and(|one| one.about == entry.seq) {
                let Some(one) = found.pop_front() else { break };
                self.offer(one, now_us);
            }
            next = entry.seq + 1;
        }
        Ok(next)
    }

    /// Takes the notices of one occasion in; the caller saw to it that there is room.
    fn offer(&mut self, found: Found, now_us: i64) {
        let Found { about, notice, offers, unreachable, awaits } = found;
        for offer in offers {
            if self.queue.offer(offer, now_us) == Offered::Full {
                tracing::error!(%notice, "the queue of notices is full");
            }
        }
        for (receiver, document) in unreachable {
            metrics::counter!("gatewarden_notices_total", "outcome" => "unreachable").increment(1);
            if self.unreachable.insert((notice.clone(), receiver.clone())) {
                let reason =
                    "no channel of the notice reaches the receiver: add an address to [[contacts]]";
                self.settle(vec![NoticeSettled {
                    notice: notice.clone(),
                    about,
                    document,
                    receiver,
                    channel: None,
                    step: 0,
                    further: 0,
                    outcome: NoticeOutcome::Rejected { reason: reason.to_owned() },
                }]);
            }
        }
        if let Some((subject, due_us)) = awaits {
            self.queue.await_reaction(&notice, about, &subject, due_us);
        }
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
            self.next_outcome += 1;
        }
    }

    /// Writes what changed, in one transaction.
    async fn persist(&mut self, cursor: Option<u64>) -> anyhow::Result<()> {
        let changes = self.queue.changes();
        let outcomes: Vec<(u64, NoticeSettled)> = self.outcomes.iter().cloned().collect();
        self.lane.spool.run(move |t| book::store(t, &changes, &outcomes, cursor)).await?;
        self.cursor = cursor.or(self.cursor);
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
            self.persist(None).await?;
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
            self.persist(None).await?;
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
        self.persist(None).await
    }

    async fn entry(&self, seq: u64) -> anyhow::Result<Entry> {
        let path = self.lane.ledger.clone();
        let entry = move || -> anyhow::Result<_> {
            let entry = LedgerReader::open(&path)?.entry(seq)?;
            entry.ok_or_else(|| anyhow::anyhow!("entry {seq} is not in the journal"))
        };
        tokio::task::spawn_blocking(entry).await?
    }

    /// Sends what is due next; false where nothing is.
    async fn send(&mut self) -> anyhow::Result<bool> {
        let now_us = self.now_us();
        let Some(sending) = self.queue.next(now_us) else {
            self.persist(None).await?;
            return Ok(false);
        };
        let answer = match self.message(&sending).await? {
            Ok(message) => {
                // From here on the rows say `sending`, on disk.
                self.persist(None).await?;
                self.tell(&sending, &message).await
            }
            Err(reason) => Answer::Rejected { reason },
        };
        if let Answer::Retry { reason, .. } | Answer::Rejected { reason } = &answer {
            // What the other side says may quote anything; its first words are its status.
            let status: String = reason.chars().take(60).collect();
            tracing::warn!(channel = %sending.channel, %status, "a notice did not go out");
        }
        let settled = self.queue.answer(&sending, answer, self.now_us());
        self.settle(settled);
        self.persist(None).await?;
        self.record().await?;
        Ok(true)
    }

    async fn tell(&self, sending: &Sending, message: &Message) -> Answer {
        let Some(way) = self.lane.ways.named(&sending.channel) else {
            return Answer::Rejected { reason: format!("there is no channel {}", sending.channel) };
        };
        match way.channel.send(message).await {
            Outcome::Delivered { remote_id } => Answer::Delivered { remote_id },
            Outcome::Retry { reason, after, uncertain } => {
                let after_us =
                    after.map(|after| i64::try_from(after.as_micros()).unwrap_or(i64::MAX));
                Answer::Retry { reason, after_us, uncertain }
            }
            Outcome::Rejected { reason } => Answer::Rejected { reason },
        }
    }

    /// The message of what is to be sent, or why there can be none.
    async fn message(&self, sending: &Sending) -> anyhow::Result<Result<Message, String>> {
        let Some(way) = self.lane.ways.named(&sending.channel) else {
            return Ok(Err(format!("there is no channel {}", sending.channel)));
        };
        let Some(receivers) = way.addresses(&sending.to) else {
            return Ok(Err(format!("{} has no address at {}", sending.to, sending.channel)));
        };
        let lang = self.lane.ways.language(&sending.to);
        let mut all = vec![];
        for id in &sending.ids {
            let Some(row) = self.queue.row(*id).cloned() else { continue };
            let entry = self.entry(row.about).await?;
            let link =
                self.links.of(&row, &entry, &self.set.1, &self.lane.origin, self.now_us()).await?;
            let (set, gateway) = (Arc::clone(&self.set.1), self.lane.gateway.clone());
            let waiting = self.queue.depth();
            let make = move |engine: &gatewarden_engine::Engine| {
                render::make(engine, &set, &row, entry, lang, &gateway, link, waiting)
            };
            all.push(self.lane.recorder.query(make).await?);
        }
        Ok(message_of(sending, receivers, all, lang, &self.lane))
    }

    fn gauge(&self) {
        #[allow(clippy::cast_precision_loss, reason = "a queue of at most ten thousand")]
        let count = |number: usize| number as f64;
        metrics::gauge!("gatewarden_notices_waiting").set(count(self.queue.depth()));
        metrics::gauge!("gatewarden_notices_awaiting_reaction").set(count(self.queue.awaiting()));
        metrics::gauge!("gatewarden_notice_channels_broken").set(count(self.broken.len()));
    }
}

fn message_of(
    sending: &Sending,
    receivers: Vec<String>,
    mut all: Vec<Made>,
    lang: gatewarden_notices::template::Lang,
    lane: &NoticeLane,
) -> Result<Message, String> {
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let name = format!("{}/{}/{}/{}", lane.gateway, sending.channel, sending.to, names.join(" "));
    let id = Uuid::new_v5(&IDS, name.as_bytes());
    let (filled, link) = match (all.len(), all.pop()) {
        (_, None) => return Err("its notice is no more".to_owned()),
        (1, Some(one)) => (one.filled, one.link),
        (_, Some(last)) => {
            all.push(last);
            let subjects: Vec<String> = all.into_iter().map(|one| one.filled.subject).collect();
            let inbox =
                sending.to.starts_with("operator:").then(|| format!("{}/inbox", lane.origin));
            (gatewarden_notices::digest::digest(&subjects, lang), inbox)
        }
    };
    // Only a link that any network may carry: what is not HTTPS is told, not linked.
    let link = link.filter(|link| link.starts_with("https://"));
    let (subject, text, markdown) = (filled.subject, filled.text, Some(filled.markdown));
    Ok(Message { id, receivers, subject, text, markdown, link })
}
