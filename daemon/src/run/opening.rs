//! What is recorded before anything else: the start, the gap before it, and what an earlier run left.

use std::{sync::Arc, time::Duration};

use gatewarden_config::Config;
use gatewarden_engine::{Command, Reply};
use gatewarden_model::{Actor, Body, Entry, Pass, Stamp};
use gatewarden_store::LedgerReader;
use tokio_util::sync::CancellationToken;

use super::{announce_enrolment, settings::ledger_address};
use crate::{app::App, feeder, labels, recorder::Recorder, spool::Spool};

/// Pause before a ledger that was away at the start is asked again.
const OPEN_PAUSE: Duration = Duration::from_secs(1);
/// How far back the last sign of life is looked for among what the shell wrote.
const SHELL_ENTRIES_MAX: usize = 1000;

/// What is recorded before anything else: the start, and what an earlier run left.
pub(super) struct Opening {
    pub(super) recorder: Recorder,
    pub(super) spool: Spool,
    pub(super) config: Arc<Config>,
    /// When the daemon came up.
    pub(super) up: Stamp,
    /// What an earlier run spooled.
    pub(super) passes: Vec<Pass>,
    /// The newest row of labels that an earlier run left.
    pub(super) labels: i64,
    /// The start stands in the journal already.
    pub(super) is_recorded: bool,
}

impl Opening {
    /// Records the start, brings what an earlier run spooled, and ends that run's sessions. May be
    /// tried again after an error.
    pub(super) async fn record(&mut self) -> anyhow::Result<()> {
        if !self.is_recorded {
            self.record_start().await?;
            self.is_recorded = true;
        }
        while let Some(pass) = self.passes.first().cloned() {
            let id = pass.id;
            if LedgerReader::open(&ledger_address(&self.config)?)?.pass_recorded(id)? {
                self.spool.forget_pass(id).await?;
            } else {
                feeder::bring(&self.recorder, &self.spool, pass).await?;
            }
            self.passes.remove(0);
        }
        expect_done(self.recorder.command(Command::EndLeftoverSessions).await?)?;
        expect_done(self.recorder.command(Command::EndLeftoverLabels).await?)?;
        self.recorder.begun().await?;
        let ledger = ledger_address(&self.config)?;
        labels::reconcile((&self.recorder, &self.spool), &ledger, self.labels).await
    }

    /// Records the start, and before it the gap since the last sign of life if the daemon did not
    /// stop in order. In this order, because one that is killed between the two finds the same gap
    /// again.
    async fn record_start(&self) -> anyhow::Result<()> {
        let ledger = LedgerReader::open(&ledger_address(&self.config)?)?;
        let entries = ledger.last_entries(SHELL_ENTRIES_MAX)?;
        drop(ledger);
        if let Some(from) = died_after(&entries) {
            let reason =
                "the daemon did not stop in order; nothing was read until it started again";
            let reason = reason.to_owned();
            let command = Command::Gap { device: None, from, to: self.up, reason };
            expect_done(self.recorder.command(command).await?)?;
        }
        let command = Command::Start {
            gateway: self.config.gateway.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: self.config.hash,
        };
        expect_done(self.recorder.command(command).await?)?;
        define(&self.recorder).await
    }
}

/// The shared ledger was away at the start: the devices capture into the spool, and the start is
/// recorded as soon as it is there.
pub(super) async fn open_later(app: App, mut opening: Opening, stop: CancellationToken) {
    tracing::warn!(
        "PostgreSQL is away: passes are captured and wait in the spool; sessions can't be opened"
    );
    loop {
        match opening.record().await {
            Ok(()) => break,
            Err(error) => tracing::warn!(%error, "the start can't be recorded yet"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(OPEN_PAUSE) => {}
        }
    }
    tracing::info!("the ledger is there; the start is recorded");
    if let Err(error) = announce_enrolment(&app).await {
        tracing::error!(%error, "the enrolment code can't be made");
    }
}

/// Records policies and items where they differ from those recorded, before anything rests on them.
pub(crate) async fn define(recorder: &Recorder) -> anyhow::Result<()> {
    match recorder.command(Command::DefinePolicies).await? {
        Ok(Reply::Requested(id)) => tracing::warn!(
            change = %id,
            "the configuration has other policies, or other settings that decide beside them, than those \
             in force: they wait for somebody's approval, see gatewarden change list"
        ),
        answer => expect_done(answer)?,
    }
    match recorder.command(Command::DefineProcedures).await? {
        Ok(Reply::Requested(id)) => tracing::warn!(
            change = %id,
            "the configuration has other procedures than those in force: they wait for somebody's approval, see \
             gatewarden change list"
        ),
        answer => expect_done(answer)?,
    }
    loop {
        let answer = recorder.command(Command::DefineItems).await?;
        match answer.map_err(|refusal| anyhow::anyhow!(refusal.message))? {
            Reply::Defined { more: true } => {}
            _ => return Ok(()),
        }
    }
}

/// The last sign of life of a daemon that did not stop in order. What the box's shell wrote, perhaps
/// while no daemon ran, is none.
fn died_after(entries: &[Entry]) -> Option<Stamp> {
    let by_shell = |entry: &&Entry| {
        let (Body::Enrolled { by, .. }
        | Body::Removed { by, .. }
        | Body::ClientAdded { by, .. }
        | Body::ClientRevoked { by, .. }
        | Body::ChangeRequested { by, .. }
        | Body::ChangeDecided { by, .. }
        | Body::KeyRotated { by, .. }
        | Body::Restored { by, .. }
        | Body::Unlocked { by, .. }
        | Body::Denied { by, .. }) = &entry.body
        else {
            return false;
        };
        matches!(by, Actor::Local { .. })
    };
    let last = entries.iter().rev().find(|entry| !by_shell(entry));
    let beyond = entries.first().filter(|_| entries.len() == SHELL_ENTRIES_MAX);
    let last = last.or(beyond)?;
    (!matches!(last.body, Body::Stopped { .. })).then_some(last.at)
}

fn expect_done(answer: crate::recorder::Answer) -> anyhow::Result<()> {
    answer.map(|_| ()).map_err(|refusal| anyhow::anyhow!(refusal.message))
}
