//! Reading the journal: entries become rows, reactions take rows away, recorded outcomes end them.

use std::collections::VecDeque;

use gatewarden_model::{Body, Entry, NoticeOutcome, NoticeSettled};
use gatewarden_notices::{Offered, ROWS_MAX, occasions, reactions};
use gatewarden_store::{LedgerReader, StoreError};

use super::{Running, SCAN_ENTRIES_MAX, plan::Found};

/// Where the queue is new, older entries give no occasion: what happened before there were notices is not told.
const FRESH_US: i64 = 24 * 3_600_000_000;
/// Entries that are planned at once.
const PLANNED_MAX: usize = 50;

impl Running {
    /// Moves the cursor over new entries. What they give occasion for becomes rows in the same transaction.
    pub(super) async fn scan(&mut self) -> anyhow::Result<bool> {
        if self.queue.is_full() {
            return Ok(false);
        }
        let (path, cursor) = (self.lane.ledger.clone(), self.cursor);
        let since_us = self.now_us().saturating_sub(FRESH_US);
        let (from, len, entries) = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
            let reader = LedgerReader::open(&path)?;
            let len = reader.len()?;
            let from = cursor.map_or_else(|| first_since(&reader, len, since_us), Ok)?;
            Ok((from, len, reader.entries(from..from + SCAN_ENTRIES_MAX)?))
        })
        .await??;
        if from > len {
            tracing::error!(read = from, len, "the journal is shorter than what notices had read");
            self.cursor = None;
            return Ok(true);
        }
        if entries.is_empty() && self.cursor.is_some() {
            return Ok(false);
        }
        let mut next = from;
        for chunk in entries.chunks(PLANNED_MAX) {
            next = self.take(chunk, next).await?;
            // What has no room now is read again when there is some.
            if self.queue.is_full() || chunk.last().is_some_and(|last| next <= last.seq) {
                break;
            }
        }
        self.cursor = Some(next);
        self.persist().await?;
        Ok(from < next && next < len)
    }

    /// Takes entries in; gives the sequence after the last one that is taken whole.
    async fn take(&mut self, entries: &[Entry], mut next: u64) -> anyhow::Result<u64> {
        let now_us = self.now_us();
        let wanted: Vec<Entry> =
            entries.iter().filter(|entry| !occasions(entry).is_empty()).cloned().collect();
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
            if offers > self.queue.room() && offers <= ROWS_MAX {
                return Ok(next);
            }
            if let Body::NoticeSettled { settled } = &entry.body {
                self.queue.settled_before(settled);
                let before = self.outcomes.len();
                self.outcomes.retain(|(_, waiting)| waiting != settled);
                self.outcomes_changed |= before != self.outcomes.len();
            }
            for reaction in reactions(entry) {
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
    pub(super) fn offer(&mut self, found: Found, now_us: i64) {
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
}

/// The first entry that is not older, by halves: the wall clock goes on, but for a little.
fn first_since(reader: &LedgerReader, len: u64, since_us: i64) -> Result<u64, StoreError> {
    let (mut from, mut to) = (0, len);
    while from < to {
        let middle = from + (to - from) / 2;
        match reader.entry(middle)? {
            Some(entry) if entry.at.wall_us >= since_us => to = middle,
            _ => from = middle + 1,
        }
    }
    Ok(from)
}
