//! Labels on their way to the printers, kept in the spool.
//!
//! Invariants: a label is kept, flushed, as being sent before its first byte leaves; one that was being sent when the
//! daemon ended is unknown when it starts again, and nothing unknown is sent again but by a person's decision, which
//! is kept with who, when and why. A printer that is not the approved one gets nothing. A tag is bound to its item only
//! once it was read back. Bounded: [`WAITING_MAX`] labels that wait or are unknown, [`KEPT_MAX`] in all. Absent: entries
//! of the journal for labels (only the binding of a tag is one).

use std::{path::Path, sync::Arc};

use futures_util::future::BoxFuture;
use gatewarden_config::LabelPrinter;
use gatewarden_engine::Command;
use gatewarden_model::{Actor, Clock, DeviceId, Hash, ItemId, Stamp};
use gatewarden_zpl::{
    Decision, Desk, Evidence, JobState, Outcome, PrintJob, compose,
    template::{Font, LabelData, Templates, epc_bytes},
};
use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    recorder::Recorder,
    spool::{Spool, SpoolError},
    trace,
};

/// Most labels that wait or are unknown; more are refused.
pub(crate) const WAITING_MAX: u32 = 1_000;
/// Labels that are kept in all; the oldest that are done go first.
const KEPT_MAX: u32 = 10_000;
/// Longest font file in bytes.
const FONT_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Decisions about one label.
const DECISIONS_MAX: usize = 20;

/// A label as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Label {
    pub(crate) id: Uuid,
    pub(crate) printer: DeviceId,
    pub(crate) template: String,
    pub(crate) template_digest: Option<Hash>,
    pub(crate) state: JobState,
    pub(crate) copies: u32,
    pub(crate) by: Actor,
    pub(crate) queued: Stamp,
    /// Why it is unknown, or what stands in its way.
    pub(crate) reason: Option<String>,
    pub(crate) evidence: Option<Evidence>,
    pub(crate) decisions: Vec<Decided>,
    /// What came of binding its tag.
    pub(crate) bound: Option<String>,
    data: LabelData,
    zpl: String,
    echo: Option<String>,
}

/// What somebody decided about a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Decided {
    pub(crate) decision: Decision,
    pub(crate) by: Actor,
    pub(crate) why: String,
    pub(crate) at: Stamp,
}

/// Why a label is not queued, or nothing decided about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LabelError {
    #[error("{0}")]
    Bad(String),
    #[error("{WAITING_MAX} labels wait already")]
    Full,
    #[error("there is no such label")]
    Unknown,
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

impl Label {
    /// Makes a label from a template; reads files.
    pub(crate) fn make(
        (printer, settings): (DeviceId, &LabelPrinter),
        template: String,
        data: LabelData,
        copies: u32,
        (by, queued): (Actor, Stamp),
    ) -> Result<Self, LabelError> {
        let bad = |error: &dyn std::fmt::Display| LabelError::Bad(error.to_string());
        let templates = load(settings)?;
        let rendered = templates.render(&template, &data).map_err(|e| bad(&e))?;
        let epc = data.epc.as_deref().map(epc_bytes).transpose().map_err(|e| bad(&e))?;
        let id = Uuid::now_v7();
        let token = id.simple().to_string();
        let format = compose(&rendered, &token, copies, epc.as_deref()).map_err(|e| bad(&e))?;
        let zpl = String::from_utf8(format.zpl).map_err(|e| bad(&e))?;
        let template_digest = templates.digest(&template);
        let (state, reason, evidence, decisions, bound) =
            (JobState::Queued, None, None, Vec::new(), None);
        let echo = format.echo;
        Ok(Self {
            id,
            printer,
            template,
            template_digest,
            state,
            copies,
            by,
            queued,
            reason,
            evidence,
            decisions,
            bound,
            data,
            zpl,
            echo,
        })
    }

    fn job(self) -> PrintJob {
        let token = self.id.simple().to_string();
        PrintJob { token, zpl: self.zpl.into_bytes(), echo: self.echo, copies: self.copies }
    }

    /// Whether it has no tag, or its tag was read back as it was to be written.
    fn is_read_back(&self) -> bool {
        let read = self.evidence.as_ref().and_then(|evidence| evidence.echo.as_deref());
        self.echo
            .as_deref()
            .is_none_or(|wanted| read.is_some_and(|read| read.eq_ignore_ascii_case(wanted)))
    }

    fn ended(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::NotSent { reason } => {
                (self.state, self.reason) = (JobState::Queued, Some(reason))
            }
            Outcome::Issued { evidence } => {
                (self.state, self.reason, self.evidence) = (JobState::Issued, None, Some(evidence));
            }
            Outcome::Unknown { reason, evidence } => {
                (self.state, self.reason, self.evidence) =
                    (JobState::Unknown, Some(reason), Some(evidence));
            }
        }
    }
}

fn load(settings: &LabelPrinter) -> Result<Templates, LabelError> {
    let bad = |path: &Path, error: &dyn std::fmt::Display| {
        LabelError::Bad(format!("{}: {error}", path.display()))
    };
    let folder = settings.templates.as_deref();
    let folder = folder
        .ok_or_else(|| LabelError::Bad("this printer has no `templates` folder".to_owned()))?;
    let mut fonts = Vec::new();
    for path in &settings.fonts {
        let size = std::fs::metadata(path).map_err(|e| bad(path, &e))?.len();
        if size > FONT_BYTES_MAX {
            return Err(bad(path, &"a font of more than 32 MiB"));
        }
        fonts.push(std::fs::read(path).map_err(|e| bad(path, &e))?);
    }
    let font = if fonts.is_empty() {
        None
    } else {
        Some(Font::parse(fonts).map_err(|e| bad(folder, &e))?)
    };
    let mut templates = Templates::new(font);
    for entry in std::fs::read_dir(folder).map_err(|e| bad(folder, &e))? {
        let path = entry.map_err(|e| bad(folder, &e))?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let (Some(name), true) = (name, path.extension().is_some_and(|ext| ext == "zpl")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).map_err(|e| bad(&path, &e))?;
        templates.add(name, text).map_err(|e| bad(&path, &e))?;
    }
    Ok(templates)
}

/// The tables, and what a crash left.
pub(crate) async fn open(spool: &Spool) -> Result<(), SpoolError> {
    spool
        .run(|t| {
            t.execute_batch(
                "CREATE TABLE IF NOT EXISTS label(
                     seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, printer TEXT NOT NULL,
                     state TEXT NOT NULL, body TEXT NOT NULL) STRICT;",
            )?;
            let mut rows = t.prepare("SELECT body FROM label WHERE state = 'sending'")?;
            let rows: Vec<String> = rows.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            for body in rows {
                let mut label: Label = serde_json::from_str(&body)?;
                label.state = label.state.after_restart();
                label.reason = Some("gatewarden ended while it was being sent".to_owned());
                save(t, &label)?;
            }
            Ok(())
        })
        .await
}

fn state_name(state: JobState) -> &'static str {
    match state {
        JobState::Queued => "queued",
        JobState::Sending => "sending",
        JobState::Issued => "issued",
        JobState::Unknown => "unknown",
        JobState::Void => "void",
    }
}

fn save(t: &Transaction<'_>, label: &Label) -> Result<(), SpoolError> {
    let (id, body) = (label.id.to_string(), serde_json::to_string(label)?);
    t.execute(
        "UPDATE label SET state = ?2, body = ?3 WHERE id = ?1",
        params![id, state_name(label.state), body],
    )?;
    Ok(())
}

fn find(t: &Transaction<'_>, id: &str) -> Result<Option<Label>, SpoolError> {
    let found =
        t.query_row("SELECT body FROM label WHERE id = ?1", [id], |row| row.get::<_, String>(0));
    found.optional()?.map(|body| Ok(serde_json::from_str(&body)?)).transpose()
}

/// The labels' desk: what the API and the drivers share.
#[derive(Clone)]
pub(crate) struct Labels {
    spool: Spool,
    recorder: Recorder,
    clock: Arc<dyn Clock>,
    bell: Arc<Notify>,
}

impl Labels {
    pub(crate) fn new(spool: Spool, recorder: Recorder, clock: Arc<dyn Clock>) -> Self {
        Self { spool, recorder, clock, bell: Arc::default() }
    }

    /// Queues a label; it's kept when this returns.
    pub(crate) async fn queue(&self, label: Label) -> Result<(), LabelError> {
        let kept = self.spool.run(move |t| {
            let open = "SELECT count(*) FROM label WHERE state IN ('queued', 'sending', 'unknown')";
            let waiting: u32 = t.query_row(open, [], |row| row.get(0))?;
            if waiting >= WAITING_MAX {
                return Ok(false);
            }
            t.execute(
                "INSERT INTO label(id, printer, state, body) VALUES (?1, ?2, ?3, ?4)",
                params![label.id.to_string(), label.printer.as_str(), state_name(label.state), serde_json::to_string(&label)?],
            )?;
            t.execute(
                "DELETE FROM label WHERE state IN ('issued', 'void') AND seq <= (SELECT max(seq) FROM label) - ?1",
                [KEPT_MAX],
            )?;
            Ok(true)
        });
        if !kept.await? {
            return Err(LabelError::Full);
        }
        self.bell.notify_waiters();
        Ok(())
    }

    /// The newest labels.
    pub(crate) async fn newest(&self, limit: u32) -> Result<Vec<Label>, SpoolError> {
        let look = move |t: &Transaction<'_>| {
            let mut rows = t.prepare("SELECT body FROM label ORDER BY seq DESC LIMIT ?1")?;
            let bodies: Vec<String> =
                rows.query_map([limit], |row| row.get(0))?.collect::<Result<_, _>>()?;
            bodies.iter().map(|body| Ok(serde_json::from_str(body)?)).collect()
        };
        self.spool.run(look).await
    }

    /// Decides about a label; the decision is kept when this returns.
    pub(crate) async fn decide(
        &self,
        id: Uuid,
        decision: Decision,
        by: Actor,
        why: String,
    ) -> Result<Label, LabelError> {
        let at = self.clock.now();
        let decided = self.spool.run(move |t| {
            let Some(mut label) = find(t, &id.to_string())? else {
                return Ok(Err(LabelError::Unknown));
            };
            if label.decisions.len() >= DECISIONS_MAX {
                return Ok(Err(LabelError::Bad(
                    "too many decisions: void it and queue another".to_owned(),
                )));
            }
            match label.state.decide(decision, label.is_read_back()) {
                Ok(state) => label.state = state,
                Err(error) => return Ok(Err(LabelError::Bad(error.to_string()))),
            }
            if decision == Decision::Reprint {
                // What an earlier attempt told proves nothing about the next one.
                label.evidence = None;
            }
            label.decisions.push(Decided { decision, by, why, at });
            save(t, &label)?;
            Ok(Ok(label))
        });
        let label = decided.await??;
        self.bell.notify_waiters();
        if label.state == JobState::Issued {
            self.bind(label.clone()).await;
        }
        Ok(label)
    }

    /// Changes a label and gives it as it is then.
    async fn change(
        &self,
        token: &str,
        change: impl FnOnce(&mut Label) + Send + 'static,
    ) -> Option<Label> {
        let id = Uuid::parse_str(token).ok()?.to_string();
        let changed = self.spool.run(move |t| {
            let Some(mut label) = find(t, &id)? else { return Ok(None) };
            change(&mut label);
            save(t, &label)?;
            Ok(Some(label))
        });
        changed.await.unwrap_or_else(|error| {
            tracing::error!(%error, %token, "what became of a label could not be kept");
            None
        })
    }

    /// Binds the tag of an issued label to its item: an entry of the journal.
    async fn bind(&self, label: Label) {
        let (Some(epc), Some(item)) = (&label.echo, &label.data.item) else { return };
        let Ok(item) = ItemId::parse(item) else { return };
        let tag = trace::tag_key(epc).unwrap_or_else(|| epc.clone());
        let (lot, serial) = (label.data.lot.clone(), label.data.serial.clone());
        let command =
            Command::Commission { tag, item, lot, serial, tid: None, by: label.by.clone() };
        let bound = match self.recorder.command(command).await {
            Ok(Ok(_)) => "bound".to_owned(),
            Ok(Err(refusal)) => format!("refused: {refusal}"),
            Err(error) => format!("failed: {error}"),
        };
        self.change(&label.id.to_string(), move |label| label.bound = Some(bound)).await;
    }
}

impl Desk for Labels {
    fn next<'a>(&'a self, device: &'a DeviceId) -> BoxFuture<'a, Option<PrintJob>> {
        Box::pin(async move {
            if self.recorder.refused_devices().contains_key(device) {
                return None;
            }
            let printer = device.to_string();
            let look = move |t: &Transaction<'_>| {
                let oldest = "SELECT body FROM label WHERE printer = ?1 AND state = 'queued' ORDER BY seq LIMIT 1";
                let body =
                    t.query_row(oldest, [printer], |row| row.get::<_, String>(0)).optional()?;
                body.map(|body| Ok(serde_json::from_str::<Label>(&body)?)).transpose()
            };
            self.spool.run(look).await.ok().flatten().map(Label::job)
        })
    }

    fn sending<'a>(&'a self, _: &'a DeviceId, token: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            // Somebody may have voided it since it was offered.
            let marked = self.change(token, |label| {
                if label.state == JobState::Queued {
                    label.state = JobState::Sending;
                }
            });
            marked.await.is_some_and(|label| label.state == JobState::Sending)
        })
    }

    fn ended<'a>(&'a self, _: &'a DeviceId, token: &'a str, outcome: Outcome) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let ended = self.change(token, move |label| {
                let is_open = matches!(label.state, JobState::Queued | JobState::Sending);
                if is_open {
                    label.ended(outcome);
                }
            });
            if let Some(label) = ended.await.filter(|label| label.state == JobState::Issued) {
                self.bind(label).await;
            }
        })
    }

    fn bell<'a>(&'a self, _: &'a DeviceId) -> BoxFuture<'a, ()> {
        Box::pin(self.bell.notified())
    }
}
