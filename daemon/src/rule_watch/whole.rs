//! Reading the whole journal for rules, beside everything else: after a start, and when rules ask for something else.
//!
//! Invariants: it reads in pieces and rests as long as each took, so that devices and the recorder have the machine;
//! what it read is the engine's own memory up to an entry, and takes its place when it has caught up. Until then
//! rules are told nothing that could be wrong (`gatewarden_rules::History`).

use std::time::Instant;

use gatewarden_engine::RuleMemory;
use gatewarden_store::{LedgerAddress, LedgerReader, StoreError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::RuleWatch;

/// Entries read at once.
const ENTRIES_AT_ONCE: u64 = 1_000;

/// A journal that is being read.
#[derive(Debug, Default)]
pub(super) struct Whole {
    reading: Option<JoinHandle<Result<RuleMemory, StoreError>>>,
}

impl Whole {
    /// Sees to it that rules remember all that they ask for; whether they do by now.
    pub(super) async fn is_remembered(
        &mut self,
        watch: &RuleWatch,
        stop: &CancellationToken,
    ) -> anyhow::Result<bool> {
        let now_us = watch.clock.now().wall_us;
        let wanted = watch.recorder.query(move |engine| engine.unremembered(now_us)).await?;
        let Some(settings) = wanted else {
            self.reading = None;
            return Ok(true);
        };
        let Some(reading) = self.reading.take_if(|reading| reading.is_finished()) else {
            if self.reading.is_none() {
                let (ledger, stop) = (watch.ledger.clone(), stop.clone());
                let memory = RuleMemory::whole(settings);
                self.reading =
                    Some(tokio::task::spawn_blocking(move || read(ledger, memory, &stop)));
            }
            return Ok(false);
        };
        let taken = watch.recorder.remember(reading.await??).await?;
        if taken {
            tracing::info!("rules remember the whole journal");
        }
        Ok(taken)
    }
}

/// Reads up to the journal's end.
fn read(
    ledger: LedgerAddress,
    mut memory: RuleMemory,
    stop: &CancellationToken,
) -> Result<RuleMemory, StoreError> {
    let reader = LedgerReader::open(ledger)?;
    while !stop.is_cancelled() {
        let (from, began) = (memory.next(), Instant::now());
        let entries = reader.entries(from..from.saturating_add(ENTRIES_AT_ONCE))?;
        entries.iter().for_each(|entry| memory.take(entry));
        if (entries.len() as u64) < ENTRIES_AT_ONCE {
            break;
        }
        std::thread::sleep(began.elapsed());
    }
    Ok(memory)
}
