//! What the recorder does when a group can't be written: it tells the callers, rebuilds the engine
//! from the disk, decides anew what lost against another gateway, and records a full disk in the
//! room that is kept for it.

use std::time::{Duration, Instant};

use gatewarden_engine::{Command, Outcome};
use gatewarden_model::{Signal, Stamp};
use gatewarden_store::{Group, StoreError};

use super::{
    RecorderError,
    load::load_engine,
    thread::{Decided, Thread},
};
use crate::rivals;

/// How long the disk is left alone between two looks for room.
const ROOM_LOOKS_US: u64 = 2_000_000;

/// How often a command is decided anew that lost against another gateway: once with its group, then
/// alone. Beyond it the command is refused, and that is recorded.
const ROUNDS_MAX: u32 = 8;

/// Pause before a ledger that can't be read is asked again.
const AGAIN_PAUSE: Duration = Duration::from_secs(1);

impl Thread {
    pub(super) fn fail(&mut self, error: &StoreError, decided: Vec<Decided>) {
        tracing::error!(%error, commands = decided.len(), "the ledger could not be written");
        metrics::counter!("gatewarden_ledger_failures_total").increment(1);
        self.stuck = true;
        self.rebuild();
        if matches!(error, StoreError::DiskFull) {
            self.record_full();
        }
        let for_good = is_about_content(error);
        let stale = matches!(error, StoreError::Conflict { .. } | StoreError::Contended(_));
        if stale && !self.stuck && decided.iter().any(|one| one.rounds < ROUNDS_MAX) {
            metrics::counter!("gatewarden_ledger_conflicts_total").increment(1);
            return self.again(decided);
        }
        if stale && !self.stuck {
            return self.give_up(&why(error), decided);
        }
        self.set_failing(!for_good);
        if for_good && decided.len() > 1 {
            return decided.into_iter().for_each(|one| self.alone(one));
        }
        for done in decided {
            for (station, _) in done.signals {
                let _ = self.parts.signals.send((station, Signal::Stop));
            }
            let error = match for_good {
                true => RecorderError::Unrecordable(error.to_string()),
                false => RecorderError::NotWritten(error.to_string()),
            };
            let _ = done.answer.send(Err(error));
        }
    }

    /// Gives the reserve up and records in its room that the disk is full. From then on nothing is
    /// written before the reserve is held again.
    fn record_full(&mut self) {
        match self.parts.reserve.release() {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return tracing::error!(%error, "the reserve can't be given up"),
        }
        let now = self.parts.clock.now();
        self.full = Some(now);
        let reason = "the disk is full: nothing is recorded until there is room".to_owned();
        let command = Command::Gap { device: None, from: now, to: now, reason };
        let entries = self.engine.handle(now, command).entries;
        let group = Group { entries, credentials: vec![] };
        match self.parts.ledger.append(&group) {
            Ok(committed) => self.tell_size(committed.size),
            Err(error) => {
                tracing::error!(%error, "that the disk is full could not be recorded");
                self.stuck = true;
                self.rebuild();
            }
        }
    }

    /// Tries to hold the reserve again, not oftener than every few seconds.
    pub(super) fn has_room_again(&mut self) -> bool {
        let now = self.parts.clock.now();
        let recently = |last: Stamp| now.mono_us.saturating_sub(last.mono_us) < ROOM_LOOKS_US;
        if self.full.is_some_and(recently) {
            return false;
        }
        self.full = Some(now);
        if self.parts.reserve.hold().is_err() {
            return false;
        }
        tracing::info!("there is room on the ledger's disk again");
        self.full = None;
        true
    }

    /// Decides and writes one command of a refused group by itself, so that one that can't be
    /// recorded takes no other with it.
    fn alone(&mut self, one: Decided) {
        let (mut group, mut decided) = (Group::default(), Vec::with_capacity(1));
        self.decide(one.command, one.credential, one.answer, &mut group, &mut decided);
        self.flush(&group, decided);
    }

    /// Decides and writes anew, on what is there now, what lost against another gateway: first
    /// together, then each by itself.
    fn again(&mut self, decided: Vec<Decided>) {
        let (mut group, mut again) = (Group::default(), Vec::with_capacity(decided.len()));
        for one in decided {
            let rounds = one.rounds + 1;
            // Rounds may wait for others' locks, one after the other: this heart beats.
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
            self.decide(one.command, one.credential, one.answer, &mut group, &mut again);
            if let Some(last) = again.last_mut() {
                last.rounds = rounds;
            }
            if rounds > 1 {
                self.flush(&std::mem::take(&mut group), std::mem::take(&mut again));
            }
        }
        if !again.is_empty() {
            self.flush(&group, again);
        }
    }

    /// Refuses for good what lost in every round, and records it: a pass that nobody can write must
    /// not come back for ever.
    fn give_up(&mut self, why: &str, decided: Vec<Decided>) {
        metrics::counter!("gatewarden_ledger_given_up_total").increment(decided.len() as u64);
        let reason = format!("given up after {ROUNDS_MAX} rounds, try it anew: {why}");
        let (mut group, mut refused) = (Group::default(), Vec::with_capacity(decided.len()));
        for one in decided {
            let now = self.parts.clock.now();
            let mut outcome = self.engine.refuse(now, &one.command, "stock-contended", &reason);
            let wants = self.engine.wants(&now, &one.command);
            let ledger = &mut self.parts.ledger;
            rivals::name_them(ledger, &mut self.engine, &wants, &mut outcome);
            let Outcome { entries, answer: reply, signals } = outcome;
            group.entries.extend(entries);
            refused.push(Decided { reply, signals, ..one });
        }
        match self.parts.ledger.append(&group) {
            Ok(_) => self.flush(&Group::default(), refused),
            Err(error) => {
                tracing::error!(%error, "a refusal could not be recorded");
                self.stuck = true;
                for one in refused {
                    let _ = one.answer.send(Err(RecorderError::NotWritten(error.to_string())));
                }
            }
        }
    }

    pub(super) fn rebuild(&mut self) -> bool {
        if self.again_at.is_some_and(|at| Instant::now() < at) {
            return false;
        }
        match load_engine(&mut self.parts) {
            Ok(engine) => {
                self.engine = engine;
                self.stuck = false;
                self.again_at = None;
            }
            Err(error) => {
                tracing::error!(%error, "the ledger can't be read back");
                self.stuck = true;
                self.again_at = Some(Instant::now() + AGAIN_PAUSE);
                self.set_failing(true);
            }
        }
        self.set_away(self.parts.ledger.is_away());
        !self.stuck
    }
}

/// Why a group lost against another gateway, without the promise to try it again.
fn why(error: &StoreError) -> String {
    match error {
        StoreError::Conflict { source, .. } => source.to_string(),
        StoreError::Contended(words) => words.clone(),
        other => other.to_string(),
    }
}

/// Whether the ledger refused what the entries say, and not the disk to take them.
fn is_about_content(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Entry { .. }
            | StoreError::Rule { .. }
            | StoreError::Repeated { .. }
            | StoreError::RepeatedElsewhere { .. }
            | StoreError::Stock { .. }
            | StoreError::GroupTooLarge { .. }
    )
}
