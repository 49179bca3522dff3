//! The recorder's thread: takes what waits, lets the engine decide, writes one group, and answers
//! after its flush. What it does when a group can't be written stands in `failing`.

use std::{
    sync::{Arc, RwLock},
    time::Instant,
};

use gatewarden_engine::{Command, Engine, Outcome, RuleMemory};
use gatewarden_model::{Body, Entry, OperatorId, Signal, Stamp, StationId};
use gatewarden_stock::Wants;
use gatewarden_store::{Group, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    AWAY, Answer, Board, Job, Line, Parts, RecorderError, alarms,
    load::{publish, recall},
    pages::{Reading, page_of},
};
use crate::{
    api::{Told, past_of},
    rivals,
};

/// Looks into the ledger for one command: each may tell of more that must be known.
const LOOKS_MAX: usize = 4;
/// Looks into the ledger for the pages of one return: its documents, those that they moved for and that moved for
/// them, and what else moved for these; once more for one that was forgotten meanwhile.
const PAGE_LOOKS_MAX: usize = 4;
/// Entries that are read for the pages of one return before it is refused: whoever asks again is nearer by these.
const PAGES_READ_MAX: usize = 40_000;
/// Entries that rules may be reminded of between two groups.
const REMEMBERED_AT_ONCE: u64 = 2_000;
/// Items at places, things and lots that the engine may remember over a flush.
const KNOWN_MAX: usize = 20_000;

pub(super) struct Thread {
    pub(super) parts: Parts,
    pub(super) engine: Engine,
    pub(super) board: Arc<RwLock<Board>>,
    pub(super) size: watch::Sender<u64>,
    /// The engine could not be rebuilt after a failed write: nothing may be decided before it is.
    pub(super) stuck: bool,
    /// The disk is full: when room was last looked for.
    pub(super) full: Option<Stamp>,
    /// The start is not recorded yet, because the ledger was away: only that may be decided.
    pub(super) unbegun: bool,
    /// Not before then is the ledger asked again.
    pub(super) again_at: Option<Instant>,
}

pub(super) struct Decided {
    pub(super) command: Command,
    pub(super) credential: Option<(OperatorId, Option<String>)>,
    pub(super) answer: oneshot::Sender<Result<Answer, RecorderError>>,
    pub(super) reply: Answer,
    pub(super) signals: Vec<(StationId, Signal)>,
    /// How often it lost against another gateway and was decided anew.
    pub(super) rounds: u32,
}

impl Thread {
    pub(super) fn serve(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(first) = queue.blocking_recv() {
            let mut group = Group::default();
            let mut decided = Vec::new();
            let mut queries = Vec::new();
            let mut cosigned = Vec::new();
            let mut rotations = Vec::new();
            let mut memories = Vec::new();
            let mut shut = None;
            let mut next = Some(first);
            while let Some(job) = next {
                match job {
                    Job::Command { opening: false, answer, .. } if self.unbegun => {
                        let _ = answer.send(Err(RecorderError::NotWritten(AWAY.to_owned())));
                    }
                    Job::Command { command, credential, answer, .. } => {
                        self.decide(*command, credential, answer, &mut group, &mut decided);
                    }
                    Job::Begun => {
                        self.unbegun = false;
                        self.settle_keys(false);
                    }
                    // What is not loaded must not be answered from.
                    Job::Query(look) if self.unbegun => drop(look),
                    Job::Query(look) => queries.push(look),
                    Job::Cosigned(line) => cosigned.push(line),
                    Job::Rotate { rotation, answer } => rotations.push((rotation, answer)),
                    Job::Remember { read, taken } => memories.push((read, taken)),
                    Job::Shut(done) => shut = Some(done),
                }
                let room = shut.is_none() && group.entries.len() < self.parts.group_rows_max;
                next = if room { queue.try_recv().ok() } else { None };
            }
            self.flush(&group, decided);
            self.keep_cosigned(cosigned);
            self.notice_away();
            for (rotation, answer) in rotations {
                let _ = answer.send(self.rotate(*rotation));
            }
            for (read, taken) in memories {
                let _ = taken.send(self.remember(*read));
            }
            queries.into_iter().for_each(|look| look(&self.engine));
            if let Some(done) = shut {
                drop(self);
                let _ = done.send(());
                return;
            }
        }
    }

    /// Takes over what was read of the journal for rules, with what was written meanwhile. What is not loaded must
    /// not be taken over.
    fn remember(&mut self, read: RuleMemory) -> bool {
        let (from, upto) = (read.next(), self.parts.ledger.next_seq());
        if self.stuck || self.unbegun || upto.saturating_sub(from) > REMEMBERED_AT_ONCE {
            return false;
        }
        let since = self.parts.ledger.reader().and_then(|reader| reader.entries(from..upto));
        since.is_ok_and(|since| self.engine.remember(read, &since))
    }

    /// Other rules remember something else: they are reminded of it.
    fn remind(&mut self, entries: &[Entry]) {
        let renewed = |entry: &Entry| matches!(entry.body, Body::ProceduresDefined { .. });
        if !entries.iter().any(renewed) || self.engine.history().is_whole() {
            return;
        }
        let reminded =
            self.parts.ledger.reader().and_then(|reader| recall(&mut self.engine, &reader));
        if let Err(error) = reminded {
            tracing::warn!(%error, "rules could not be reminded of what happened before them");
        }
    }

    /// Keeps witnesses' lines, each by itself: they are no entries and need no group.
    fn keep_cosigned(&mut self, lines: Vec<Line>) {
        for Line { size, line, kept } in lines {
            let done = self.parts.ledger.put_cosignature(size, &line);
            let _ = kept.send(done.map_err(|error| RecorderError::NotWritten(error.to_string())));
        }
    }

    /// A look-up or a line may find that a shared ledger is away: the next command begins with
    /// finding out whether it is back.
    fn notice_away(&mut self) {
        if self.parts.ledger.is_away() && !self.stuck {
            self.stuck = true;
            self.set_failing(true);
            self.set_away(true);
        }
    }

    pub(super) fn decide(
        &mut self,
        command: Command,
        credential: Option<(OperatorId, Option<String>)>,
        answer: oneshot::Sender<Result<Answer, RecorderError>>,
        group: &mut Group,
        decided: &mut Vec<Decided>,
    ) {
        if self.stuck && !self.rebuild() {
            let error = RecorderError::NotWritten("the ledger can't be read".into());
            let _ = answer.send(Err(error));
            return;
        }
        let now = self.parts.clock.now();
        if let Err(error) = self.look_up(&now, &command) {
            let _ = answer.send(Err(RecorderError::NotWritten(error.to_string())));
            return;
        }
        if let Err(error) = self.look_up_pages(&command, &group.entries) {
            let _ = answer.send(Err(RecorderError::NotWritten(error.to_string())));
            return;
        }
        let mut outcome = self.engine.handle(now, command.clone());
        if outcome.answer.is_err() && self.parts.ledger.is_shared() {
            let wants = self.engine.wants(&now, &command);
            let ledger = &mut self.parts.ledger;
            rivals::name_them(ledger, &mut self.engine, &wants, &mut outcome);
        }
        let Outcome { entries, answer: reply, signals } = outcome;
        group.entries.extend(entries);
        if reply.is_ok() {
            group.credentials.extend(credential.clone());
        }
        decided.push(Decided { command, credential, answer, reply, signals, rounds: 0 });
    }

    /// Tells the engine what it must know to decide. What is still missing after the last look it
    /// refuses itself.
    pub(super) fn look_up(&mut self, now: &Stamp, command: &Command) -> Result<(), StoreError> {
        let missing = self.engine.missing_documents(now, command);
        if !missing.is_empty() {
            let reader = self.parts.ledger.reader()?;
            let (mut found, mut unread) = (vec![], vec![]);
            for document in missing {
                match past_of(&reader, &document)? {
                    Told::Nothing => found.push((document, None)),
                    Told::Over(past) => found.push((document, Some(past))),
                    Told::TooMuch => unread.push(document),
                }
            }
            self.engine.supply_unread(unread);
            self.engine.supply_documents(found);
        }
        for _ in 0..LOOKS_MAX {
            let missing = self.engine.missing(&self.engine.wants(now, command));
            if missing == Wants::default() {
                break;
            }
            self.engine.supply(self.parts.ledger.look_up(&missing)?);
        }
        Ok(())
    }

    /// Tells the engine what the documents moved on which it depends what a command may bring back. What this group
    /// has recorded is not in the journal yet. What is still missing after the last look the engine refuses itself.
    fn look_up_pages(&mut self, command: &Command, unwritten: &[Entry]) -> Result<(), StoreError> {
        let mut all_read = 0;
        for _ in 0..PAGE_LOOKS_MAX {
            let missing = self.engine.missing_pages(command);
            if missing.is_empty() {
                break;
            }
            let reader = self.parts.ledger.reader()?;
            for document in missing {
                if all_read >= PAGES_READ_MAX {
                    return Ok(());
                }
                let Reading { page, read } = page_of(&reader, &document, unwritten)?;
                all_read += read;
                self.engine.supply_page(document, page);
            }
        }
        Ok(())
    }

    pub(super) fn flush(&mut self, group: &Group, decided: Vec<Decided>) {
        let started = Instant::now();
        if !group.entries.is_empty() || !group.credentials.is_empty() {
            if self.full.is_some() && !self.has_room_again() {
                return self.fail(&StoreError::DiskFull, decided);
            }
            if let Err(error) = self.parts.ledger.append(group) {
                return self.fail(&error, decided);
            }
            self.set_failing(false);
            self.remind(&group.entries);
            alarms::tell(&group.entries);
            metrics::histogram!("gatewarden_ledger_flush_seconds")
                .record(started.elapsed().as_secs_f64());
            metrics::counter!("gatewarden_ledger_entries_total")
                .increment(group.entries.len() as u64);
        }
        if self.engine.known() > KNOWN_MAX {
            self.engine.forget_stock();
        }
        if self.engine.known() > 0 || !group.entries.is_empty() {
            self.forget_shared();
        }
        publish(&self.board, &self.engine);
        self.tell_size(self.parts.ledger.next_seq());
        for done in decided {
            for signal in done.signals {
                let _ = self.parts.signals.send(signal);
            }
            let _ = done.answer.send(Ok(done.reply));
        }
    }

    /// Wakes whoever reads the journal, where it grew. A question alone wakes nobody: who reads asks questions, and
    /// would keep itself awake.
    pub(super) fn tell_size(&self, size: u64) {
        self.size.send_if_modified(|told| std::mem::replace(told, size) != size);
    }

    /// What others may change is asked for again for each group. Where that fails the next group
    /// finds out.
    pub(super) fn forget_shared(&mut self) {
        match self.parts.ledger.basis() {
            Ok(Some(basis)) => self.engine.begin_stock(basis),
            Ok(None) => {}
            Err(_) => self.stuck = true,
        }
    }

    pub(super) fn set_away(&self, away: bool) {
        if let Ok(mut board) = self.board.write() {
            board.away = away;
        }
    }

    pub(super) fn set_failing(&self, failing: bool) {
        if let Ok(mut board) = self.board.write() {
            board.failing = failing;
        }
    }
}
