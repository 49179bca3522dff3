//! The dispatcher: one lane an ERP, each with a durable cursor over the journal.
//!
//! A movement behind the cursor stands in the lane's table until the ERP's answer is an entry.
//! Within a lane the movements of one document go in order and a rejected one holds those of its
//! own document back, visibly; other documents go on. Before a send the row says `sending`, on
//! disk; whatever was `sending` when the answer was lost is looked up before it is sent again.

use std::{collections::HashSet, sync::Arc, time::Duration};

use gatewarden_adapters::{Adapter, Delivery, Outcome};
use gatewarden_engine::Command;
use gatewarden_model::{
    Body, Clock, Entry, FieldRights, Hash, LaneId, Mask, Masked, MovementId, MovementKind, mask,
};
use gatewarden_store::LedgerReader;
use rusqlite::params;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::{
    recorder::Recorder,
    spool::{self, Spool, SpoolError},
};

/// Entries taken from the journal in one step.
const SCAN_ENTRIES_MAX: u64 = 500;
/// First delay before a retry; it doubles up to the lane's own bound.
const RETRY_MS_FIRST: u64 = 500;
/// The lane looks at its table at least this often.
const LOOK_EVERY: Duration = Duration::from_millis(1000);

/// What a lane needs.
pub(crate) struct Lane {
    pub(crate) name: LaneId,
    pub(crate) adapter: Box<dyn Adapter>,
    pub(crate) retry_ms_max: u64,
    pub(crate) attempts_max: Option<u32>,
    /// The kinds of movement that are this ERP's business; none for all. Others pass by: they are
    /// neither queued nor recorded as rejected.
    pub(crate) kinds: Option<Vec<MovementKind>>,
    /// What the receiver may see.
    pub(crate) rights: FieldRights,
    pub(crate) spool: Spool,
    pub(crate) recorder: Recorder,
    pub(crate) ledger: gatewarden_store::LedgerAddress,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A delivery as the API shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DeliveryRow {
    /// The lane.
    pub(crate) lane: String,
    /// The movement's entry.
    pub(crate) seq: u64,
    /// The movement.
    pub(crate) movement: String,
    /// Its document.
    pub(crate) document: String,
    /// `waiting`, `sending`, `rejected`.
    pub(crate) state: String,
    /// Tries so far.
    pub(crate) attempts: u32,
    /// Whether the last try may have taken effect.
    pub(crate) uncertain: bool,
    /// The last reason.
    pub(crate) reason: Option<String>,
    #[serde(skip)]
    due_us: i64,
}

impl Mask for DeliveryRow {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            lane: _,
            seq: _,
            movement: _,
            document: _,
            state: _,
            attempts: _,
            uncertain: _,
            reason,
            due_us: _,
        } = self;
        if let Some(reason) = reason {
            mask::foreign(reason, rights);
        }
    }
}

impl Lane {
    /// Delivers until `stop`. Errors of the disk are told and tried again.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut size = self.recorder.size();
        let earlier = *size.borrow();
        loop {
            let pause = match self.step(earlier, &stop).await {
                Ok(true) => continue,
                Ok(false) => LOOK_EVERY,
                Err(error) => {
                    tracing::error!(lane = %self.name, %error, "delivery is stuck");
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

    /// One scan and one delivery; true if there may be more to do at once.
    async fn step(&self, earlier: u64, stop: &CancellationToken) -> anyhow::Result<bool> {
        if self.scan(earlier).await? {
            // The whole journal is read before anything is sent: a later entry may say that it has
            // been answered already.
            return Ok(true);
        }
        let now_us = self.clock.now().wall_us;
        let Some(row) = self.next_due(now_us).await? else { return Ok(false) };
        if stop.is_cancelled() {
            return Ok(false);
        }
        let delivery = self.delivery(row.seq).await?;
        self.attempt(row, &delivery).await?;
        Ok(true)
    }

    /// Moves the cursor over new entries; movements become rows, in the same transaction. Those of
    /// an `earlier` run are looked up before they are sent: if the spool was lost, that run may have
    /// sent them.
    async fn scan(&self, earlier: u64) -> anyhow::Result<bool> {
        let lane = self.name.to_string();
        let cursor: Option<u64> = self
            .spool
            .run({
                let lane = lane.clone();
                move |t| spool::cursor(t, &lane)
            })
            .await?;
        let from = cursor.unwrap_or(0);
        let path = self.ledger.clone();
        let (len, entries) = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
            let reader = LedgerReader::open(&path)?;
            Ok((reader.len()?, reader.entries(from..from + SCAN_ENTRIES_MAX)?))
        })
        .await??;
        if from > len {
            self.start_over(from, len).await?;
            return Ok(true);
        }
        if entries.is_empty() && cursor.is_some() {
            return Ok(false);
        }
        let next = from + entries.len() as u64;
        let more = entries.len() as u64 == SCAN_ENTRIES_MAX;
        let kinds = self.kinds.clone();
        let wanted = move |kind| kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind));
        self.spool.run(move |t| store_scan(t, &lane, next, &entries, earlier, wanted)).await?;
        Ok(more)
    }

    /// The journal is shorter than what this lane has read: it is another one, an old copy was put
    /// back, or its end was cut off. That is told in the journal, and the lane reads it anew, since
    /// its rows name entries that may be others now.
    async fn start_over(&self, read: u64, len: u64) -> anyhow::Result<()> {
        let reason = format!(
            "lane {} had read {read} entries, the journal has {len}: its end is missing or it is \
             another one",
            self.name
        );
        tracing::error!(%reason, "the lane reads the journal anew");
        let now = self.clock.now();
        let gap = Command::Gap { device: None, from: now, to: now, reason };
        let _ = self.recorder.command(gap).await?;
        let lane = self.name.to_string();
        self.spool
            .run(move |t| {
                t.execute("DELETE FROM delivery WHERE lane = ?1", [&lane])?;
                t.execute("DELETE FROM lane WHERE name = ?1", [&lane])?;
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// The first row that may be tried now: the head of its document, and due.
    async fn next_due(&self, now_us: i64) -> Result<Option<DeliveryRow>, SpoolError> {
        let lane = self.name.to_string();
        let rows = self.spool.run(move |t| rows(t, Some(&lane))).await?;
        let mut held = HashSet::new();
        let longest_us = i64::try_from(self.retry_ms_max).unwrap_or(i64::MAX / 1000) * 1000;
        Ok(rows.into_iter().find(|row| {
            let is_head = held.insert(row.document.clone());
            // A due time further away than the longest back-off means the clock was set back.
            let due = row.due_us <= now_us || row.due_us > now_us.saturating_add(2 * longest_us);
            is_head && row.state != "rejected" && due
        }))
    }

    async fn delivery(&self, seq: u64) -> anyhow::Result<Delivery> {
        let path = self.ledger.clone();
        let entry = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
            LedgerReader::open(&path)?
                .entry(seq)?
                .ok_or_else(|| anyhow::anyhow!("entry {seq} is not in the journal"))
        })
        .await??;
        let bytes = entry.encode()?;
        match entry.body {
            Body::Moved { movement, .. } => {
                let shown = Masked::new(movement.clone(), &self.rights).into_inner();
                // By the digest of the whole, what is hidden could be guessed.
                let whole = shown == movement;
                let entry_hash = if whole { Hash::of(&bytes) } else { mask::HIDDEN_HASH };
                Ok(Delivery { seq, entry: entry_hash, at: entry.at, movement: shown })
            }
            _ => anyhow::bail!("entry {seq} is not a movement"),
        }
    }

    async fn attempt(&self, row: DeliveryRow, delivery: &Delivery) -> anyhow::Result<()> {
        let id = delivery.movement.id;
        if row.uncertain || row.state == "sending" {
            match self.adapter.look_up(delivery).await {
                Ok(Some(remote_id)) => return self.delivered(&row, id, remote_id, true).await,
                Ok(None) => {}
                Err(reason) => {
                    return self.retry(row, format!("look-up: {reason}"), None, true).await;
                }
            }
        }
        self.set(row.seq, "sending", row.attempts + 1, true, 0, None).await?;
        match self.adapter.deliver(delivery).await {
            Outcome::Delivered { remote_id } => self.delivered(&row, id, remote_id, false).await,
            Outcome::Retry { reason, after, uncertain } => {
                self.retry(row, reason, after, uncertain).await
            }
            Outcome::Rejected { reason } => self.rejected(&row, id, reason).await,
        }
    }

    async fn delivered(
        &self,
        row: &DeliveryRow,
        movement: MovementId,
        remote_id: String,
        found: bool,
    ) -> anyhow::Result<()> {
        let lane = self.name.clone();
        tracing::info!(%lane, %movement, %remote_id, found, "delivered");
        let command = Command::Delivered { movement, lane, remote_id, found };
        self.record(command).await?;
        metrics::counter!("gatewarden_deliveries_total", "lane" => self.name.to_string(),
            "outcome" => "delivered")
        .increment(1);
        self.forget(row.seq).await
    }

    async fn rejected(
        &self,
        row: &DeliveryRow,
        movement: MovementId,
        reason: String,
    ) -> anyhow::Result<()> {
        let lane = self.name.clone();
        // What the other side says may quote anything: it stands in the journal, not in the log.
        tracing::warn!(%lane, %movement, "rejected for good; `gatewarden ledger trace` says why");
        let command = Command::Rejected { movement, lane, reason: reason.clone() };
        self.record(command).await?;
        metrics::counter!("gatewarden_deliveries_total", "lane" => self.name.to_string(),
            "outcome" => "rejected")
        .increment(1);
        self.set(row.seq, "rejected", row.attempts + 1, false, 0, Some(reason)).await
    }

    async fn record(&self, command: Command) -> anyhow::Result<()> {
        if let Err(refusal) = self.recorder.command(command).await? {
            // The engine refuses only what it has already, so the row may go all the same.
            tracing::warn!(lane = %self.name, refusal = refusal.code, "answer not recorded");
        }
        Ok(())
    }

    async fn retry(
        &self,
        row: DeliveryRow,
        reason: String,
        after: Option<Duration>,
        uncertain: bool,
    ) -> anyhow::Result<()> {
        let attempts = row.attempts + 1;
        if self.attempts_max.is_some_and(|max| attempts >= max) && !uncertain {
            let movement = row.movement.parse()?;
            return self
                .rejected(&row, movement, format!("given up after {attempts} tries: {reason}"))
                .await;
        }
        let doubled = RETRY_MS_FIRST.saturating_mul(1 << row.attempts.min(20));
        let wait_ms = after
            .map_or(doubled, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
            .min(self.retry_ms_max);
        let status = status(&reason);
        tracing::warn!(lane = %self.name, movement = %row.movement, status, wait_ms, "will retry");
        let wait_us = i64::try_from(wait_ms).unwrap_or(i64::MAX / 1000) * 1000;
        let due = self.clock.now().wall_us.saturating_add(wait_us);
        self.set(row.seq, "waiting", attempts, uncertain, due, Some(reason)).await
    }

    async fn set(
        &self,
        seq: u64,
        state: &'static str,
        attempts: u32,
        uncertain: bool,
        due_us: i64,
        reason: Option<String>,
    ) -> anyhow::Result<()> {
        let lane = self.name.to_string();
        self.spool
            .run(move |t| {
                t.prepare_cached(
                    "UPDATE delivery SET state = ?3, attempts = ?4, uncertain = ?5, due_us = ?6,
                     reason = coalesce(?7, reason) WHERE lane = ?1 AND seq = ?2",
                )?
                .execute(params![lane, seq, state, attempts, uncertain, due_us, reason])?;
                Ok(())
            })
            .await?;
        Ok(())
    }

    async fn forget(&self, seq: u64) -> anyhow::Result<()> {
        let lane = self.name.to_string();
        self.spool
            .run(move |t| {
                t.prepare_cached("DELETE FROM delivery WHERE lane = ?1 AND seq = ?2")?
                    .execute(params![lane, seq])?;
                Ok(())
            })
            .await?;
        Ok(())
    }
}

/// What a log line may say of an answer: its HTTP status, where it begins with one.
fn status(reason: &str) -> &str {
    let head = reason.split(": ").next().unwrap_or_default();
    let is_status = head.len() == "http status 000".len() && head.starts_with("http status ");
    if is_status { head } else { "no answer, or another; GET /deliveries says which" }
}

/// All deliveries that are not done, of one lane or of all, in journal order.
pub(crate) fn rows(
    t: &rusqlite::Transaction<'_>,
    lane: Option<&str>,
) -> Result<Vec<DeliveryRow>, SpoolError> {
    let mut query = t.prepare_cached(
        "SELECT lane, seq, movement, document, state, attempts, uncertain, reason, due_us
         FROM delivery WHERE ?1 IS NULL OR lane = ?1 ORDER BY lane, seq LIMIT 10000",
    )?;
    let rows = query.query_map([lane], |row| {
        Ok(DeliveryRow {
            lane: row.get(0)?,
            seq: row.get(1)?,
            movement: row.get(2)?,
            document: row.get(3)?,
            state: row.get(4)?,
            attempts: row.get(5)?,
            uncertain: row.get(6)?,
            reason: row.get(7)?,
            due_us: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Lets a rejected delivery be tried again. True if there was one.
pub(crate) fn reopen(
    t: &rusqlite::Transaction<'_>,
    lane: &str,
    movement: &str,
) -> Result<bool, SpoolError> {
    Ok(t.execute(
        "UPDATE delivery SET state = 'waiting', due_us = 0, uncertain = 1
         WHERE lane = ?1 AND movement = ?2 AND state = 'rejected'",
        [lane, movement],
    )? > 0)
}

fn store_scan(
    t: &rusqlite::Transaction<'_>,
    lane: &str,
    next: u64,
    entries: &[Entry],
    earlier: u64,
    wanted: impl Fn(MovementKind) -> bool,
) -> Result<(), SpoolError> {
    let mut insert = t.prepare_cached(
        "INSERT OR IGNORE INTO delivery(lane, seq, movement, document, state, uncertain)
         VALUES (?1, ?2, ?3, ?4, 'waiting', ?5)",
    )?;
    let mut answered =
        t.prepare_cached("DELETE FROM delivery WHERE lane = ?1 AND movement = ?2")?;
    let mut refused = t.prepare_cached(
        "UPDATE delivery SET state = 'rejected', reason = ?3
         WHERE lane = ?1 AND movement = ?2 AND attempts = 0",
    )?;
    for entry in entries {
        match &entry.body {
            Body::Moved { movement, .. } if wanted(movement.kind) => {
                let document = &movement.document.number;
                let (id, uncertain) = (movement.id.to_string(), entry.seq < earlier);
                insert.execute(params![lane, entry.seq, id, document, uncertain])?;
            }
            // These matter after a crash before the row was set, or when a lost spool is rebuilt.
            Body::Delivered { movement, lane: at, .. } if at.as_str() == lane => {
                answered.execute(params![lane, movement.to_string()])?;
            }
            Body::Rejected { movement, lane: at, reason } if at.as_str() == lane => {
                refused.execute(params![lane, movement.to_string(), reason])?;
            }
            _ => {}
        }
    }
    spool::keep_cursor(t, lane, next)
}
