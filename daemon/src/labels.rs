//! Labels on their way to the printers.
//!
//! Invariants: what is to be printed, where that stands and who decided what is in the journal; a label's entry says
//! that it is being sent before its first byte leaves. The spool keeps only the formats of labels that are not over,
//! and a bounded list of those that are, to be shown; a format that is lost or is not the one that the journal names is
//! not sent. A printer that is not the approved one gets nothing. Absent: deciding who may and what follows (the
//! engine), talking to printers (the driver).

mod desk;
mod make;
mod rows;
mod view;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use gatewarden_config::LabelPrinter;
use gatewarden_engine::{Command, Engine, OpenLabel, Reply};
use gatewarden_model::{DeviceId, Hash, LabelEvidence, LabelId, LabelState, LabelVerdict};
use gatewarden_store::{LedgerAddress, LedgerReader};
use gatewarden_zpl::PrintJob;
use tokio::sync::{Notify, Semaphore};

use crate::{
    recorder::{Recorder, RecorderError},
    spool::{Spool, SpoolError},
};

pub(crate) use make::{Made, Wanted, mistakes};
pub(crate) use view::{LabelView, of_journal};

/// Pause before what became of a label is recorded again after the ledger could not be written.
const AGAIN: Duration = Duration::from_secs(1);
/// Why a label is void whose format can't be sent.
const LOST: &str = "its format is lost with the spool: queue it again";

/// Why a label is not queued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LabelError {
    #[error("{0}")]
    Bad(String),
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// The table, and the newest row that an earlier run left.
pub(crate) async fn open(spool: &Spool) -> Result<i64, SpoolError> {
    spool.run(rows::open).await
}

/// Brings the spool's rows of an earlier run, up to `newest`, in line with the journal: what was never queued is
/// forgotten, what is over is shown as such.
pub(crate) async fn reconcile(
    (recorder, spool): (&Recorder, &Spool),
    ledger: &LedgerAddress,
    newest: i64,
) -> anyhow::Result<()> {
    let open = |engine: &Engine| engine.state().labels().map(|one| one.label.id).collect();
    let open: Vec<LabelId> = recorder.query(open).await?;
    for id in spool.run(move |t| rows::unfinished(t, newest)).await? {
        if open.contains(&id) {
            continue;
        }
        let told = view::of_journal(&LedgerReader::open(ledger)?, id)?;
        match told {
            Some(view) => spool.run(move |t| rows::over(t, id, &view)).await?,
            None => spool.run(move |t| rows::forget(t, id)).await?,
        }
    }
    Ok(())
}

/// The labels' desk: what the API and the drivers share.
#[derive(Clone)]
pub(crate) struct Labels {
    spool: Spool,
    recorder: Recorder,
    bell: Arc<Notify>,
    /// What stands in the way of labels that wait: told by their printer, and of no use after a restart.
    notes: Arc<Mutex<HashMap<LabelId, String>>>,
    /// One label is made at a time: templates, fonts and pictures take memory.
    making: Arc<Semaphore>,
}

impl Labels {
    pub(crate) fn new(spool: Spool, recorder: Recorder) -> Self {
        let (bell, notes) = (Arc::default(), Arc::default());
        Self { spool, recorder, bell, notes, making: Arc::new(Semaphore::new(1)) }
    }

    /// Makes a label of a template, when it is its turn.
    pub(crate) async fn make(
        &self,
        printer: DeviceId,
        settings: LabelPrinter,
        wanted: Wanted,
    ) -> anyhow::Result<Result<Made, LabelError>> {
        let turn = Arc::clone(&self.making).acquire_owned().await?;
        let made = tokio::task::spawn_blocking(move || {
            let made = make::make(printer, &settings, wanted);
            drop(turn);
            made
        });
        Ok(made.await?)
    }

    /// Keeps a label's format; it is flushed when this returns. Nothing is printed before the journal has the label.
    pub(crate) async fn keep(&self, made: &Made) -> Result<(), SpoolError> {
        let (id, zpl) = (made.label.id, made.zpl.clone());
        self.spool.run(move |t| rows::keep(t, id, &zpl)).await
    }

    /// A label was not queued after all.
    pub(crate) async fn forget(&self, id: LabelId) {
        if let Err(error) = self.spool.run(move |t| rows::forget(t, id)).await {
            tracing::warn!(%error, label = %id, "the format of a label that was refused stays in the spool");
        }
    }

    /// Labels may wait.
    pub(crate) fn ring(&self) {
        self.bell.notify_waiters();
    }

    /// A label that is not over.
    pub(crate) async fn find(&self, id: LabelId) -> Result<Option<OpenLabel>, RecorderError> {
        self.recorder.query(move |engine| engine.state().label(id).cloned()).await
    }

    /// A label that is not over, as it is shown.
    pub(crate) fn show(&self, open: &OpenLabel) -> LabelView {
        let note = self.notes.lock().ok().and_then(|notes| notes.get(&open.label.id).cloned());
        LabelView::open(open, note)
    }

    /// What is not over, in the order of queueing, and then the newest of the others.
    pub(crate) async fn list(&self, limit: u32) -> anyhow::Result<Vec<LabelView>> {
        let open = |engine: &Engine| engine.state().labels().cloned().collect();
        let open: Vec<OpenLabel> = self.recorder.query(open).await?;
        let mut shown: Vec<LabelView> = open.iter().map(|one| self.show(one)).collect();
        let over = self.spool.run(move |t| rows::newest(t, limit)).await?;
        let known = |view: &LabelView| shown.iter().any(|one| one.id == view.id);
        let over: Vec<LabelView> = over.into_iter().filter(|view| !known(view)).collect();
        shown.extend(over);
        Ok(shown)
    }

    /// A decision was recorded about a label that stood so before it.
    pub(crate) async fn decided(
        &self,
        before: &OpenLabel,
        verdict: LabelVerdict,
        reply: &Reply,
    ) -> LabelView {
        self.note(before.label.id, None);
        self.ring();
        let decisions = before.decisions.saturating_add(1);
        let before = OpenLabel { decisions, reason: String::new(), ..before.clone() };
        let state = match verdict {
            LabelVerdict::Reprint => {
                let evidence = LabelEvidence::default();
                let again = OpenLabel { state: LabelState::Queued, evidence, ..before };
                return LabelView::open(&again, None);
            }
            LabelVerdict::Printed => LabelState::Issued,
            LabelVerdict::Void => LabelState::Void,
        };
        self.over(LabelView::over(&before, state, reply)).await
    }

    /// Keeps what is over, to be shown.
    pub(crate) async fn over(&self, view: LabelView) -> LabelView {
        let (id, kept) = (LabelId(view.id), view.clone());
        self.note(id, None);
        if let Err(error) = self.spool.run(move |t| rows::over(t, id, &kept)).await {
            tracing::warn!(%error, label = %id, "a label that is over is not listed before the next start");
        }
        view
    }

    fn note(&self, id: LabelId, text: Option<String>) {
        let Ok(mut notes) = self.notes.lock() else { return };
        match text {
            Some(text) => drop(notes.insert(id, text)),
            None => drop(notes.remove(&id)),
        }
    }

    /// Records what became of a label, as often as it takes: the driver has nothing better to do meanwhile, and after a
    /// stop the next start finds the label as one that was being sent.
    async fn record(
        &self,
        before: &OpenLabel,
        state: LabelState,
        reason: String,
        evidence: Option<Box<LabelEvidence>>,
    ) {
        let label = before.label.id;
        let answer = loop {
            let (reason, evidence) = (reason.clone(), evidence.clone());
            let command = Command::LabelChanged { label, state, reason, evidence };
            match self.recorder.command(command).await {
                Ok(answer) => break answer,
                Err(RecorderError::NotWritten(error)) => {
                    tracing::error!(%error, %label, "what became of a label can't be recorded yet");
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => {
                    tracing::error!(%error, %label, "what became of a label is not recorded");
                    return;
                }
            }
        };
        match answer {
            Ok(reply) if state.is_over() => {
                let told = OpenLabel {
                    reason,
                    evidence: evidence.map(|told| *told).unwrap_or_default(),
                    ..before.clone()
                };
                self.over(LabelView::over(&told, state, &reply)).await;
            }
            Ok(_) => {}
            Err(refusal) => {
                tracing::error!(%label, reason = %refusal.message, "what became of a label is refused");
            }
        }
    }

    /// What a driver was sending that ended without a word is unknown.
    pub(crate) async fn driver_starts(&self, device: &DeviceId) {
        let printer = device.clone();
        let sending = move |engine: &Engine| {
            let of_it =
                |one: &&OpenLabel| one.label.printer == printer && one.state == LabelState::Sending;
            engine.state().labels().filter(of_it).cloned().collect()
        };
        let left: Vec<OpenLabel> = self.recorder.query(sending).await.unwrap_or_default();
        for open in left {
            let reason = "its driver failed while it was being sent".to_owned();
            self.record(&open, LabelState::Unknown, reason, None).await;
        }
    }

    /// The oldest label that waits for a printer, with its format; a format that can't be sent voids its label.
    async fn oldest(&self, device: &DeviceId) -> Option<PrintJob> {
        let printer = device.clone();
        let waits = move |engine: &Engine| {
            let mut labels = engine.state().labels();
            let is_it =
                |one: &&OpenLabel| one.label.printer == printer && one.state == LabelState::Queued;
            labels.find(is_it).cloned()
        };
        let open = self.recorder.query(waits).await.ok()??;
        let id = open.label.id;
        match self.spool.run(move |t| rows::format(t, id)).await {
            Ok(Some(zpl)) if Hash::of(zpl.as_bytes()) == open.label.format => {
                let token = id.0.simple().to_string();
                let (token, zpl) = gatewarden_zpl::attempt(&token, &zpl, open.decisions);
                let echo = open.label.tag.map(|tag| tag.epc);
                let copies = open.label.copies;
                Some(PrintJob { token, zpl: zpl.into_bytes(), echo, copies })
            }
            Ok(_) => {
                self.record(&open, LabelState::Void, LOST.to_owned(), None).await;
                None
            }
            Err(error) => {
                tracing::error!(%error, label = %id, "a label's format can't be read");
                None
            }
        }
    }
}

/// What came of binding the tag, if a label was issued that has one.
fn is_bound(reply: &Reply) -> Option<&Result<(), String>> {
    match reply {
        Reply::Label { bound } => bound.as_ref(),
        _ => None,
    }
}
