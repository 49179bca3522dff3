//! What rules would have flagged or stopped, had they been in force: a walk over the journal.
//!
//! Invariants: every movement is asked about as it would have been, before it with the history up to it, after it
//! with it; entries before the span only feed the memory; scheduled rules run once at the end of each day of the
//! span, whatever their time of day; quiet spans hold as in life. Findings are bounded, counts are not. What only
//! the engine knows (sessions' roles, orders, documents) is not known here: a rule that needs it is told as one
//! that could not be asked. Absent: reading the journal.

use std::collections::BTreeMap;

use gatewarden_model::{Body, Day, Entry, RuleFiring, RuleTrigger, Stamp};
use serde::Serialize;

use crate::{
    books::Books,
    history::History,
    memory::Memory,
    set::{Failure, RuleSet, Verdict},
    watch::{Around, operation_of},
};

/// Most findings that a report lists.
pub const BACKTEST_LISTED_MAX: usize = 1_000;

/// What would have been.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct BacktestReport {
    /// How many entries were read.
    pub entries: u64,
    /// How many of them were in the span.
    pub in_span: u64,
    /// How many movements were asked about.
    pub movements: u64,
    /// How many movements would have been refused.
    pub refused: u64,
    /// How many would have waited for a signature, a second person or a stronger session.
    pub stopped: u64,
    /// By rule.
    pub rules: BTreeMap<String, RuleCount>,
    /// What was found, at most [`BACKTEST_LISTED_MAX`].
    pub found: Vec<Found>,
    /// Whether more was found than is listed.
    pub cut: bool,
    /// Whether the windows could not hold everything.
    pub overflow: bool,
}

/// How often a rule fired.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RuleCount {
    /// Firings that would have been recorded.
    pub fired: u64,
    /// Firings that its quiet span held back.
    pub held_back: u64,
    /// How often it could not be asked.
    pub failed: u64,
    /// Why it could not be asked the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The entry that it was about; none for what a day's scan found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The wall clock's microsecond.
    pub at_us: i64,
    /// What.
    pub firing: RuleFiring,
}

/// A walk over the journal.
#[derive(Debug)]
pub struct Backtest<'b> {
    set: &'b RuleSet,
    since_us: i64,
    history: History,
    books: Books,
    memory: Memory,
    last: Option<Stamp>,
    report: BacktestReport,
}

impl<'b> Backtest<'b> {
    /// A walk for a span that begins at this microsecond, in a house so many minutes east of UTC.
    #[must_use]
    pub fn new(set: &'b RuleSet, since_us: i64, offset_min: i32) -> Self {
        let history = History::new(set.definitions().history.clone());
        let mut report = BacktestReport::default();
        for rule in set.rules() {
            report.rules.insert(rule.definition.id.clone(), RuleCount::default());
        }
        let (books, memory) = (Books::new(offset_min), Memory::default());
        Self { set, since_us, history, books, memory, last: None, report }
    }

    /// Takes the next entry, in the order of the journal.
    pub fn take(&mut self, entry: &Entry) {
        self.day_ended(&entry.at);
        self.report.entries += 1;
        let in_span = entry.at.wall_us >= self.since_us;
        self.report.in_span += u64::from(in_span);
        if let (Body::Moved { movement, .. }, true) = (&entry.body, in_span) {
            self.report.movements += 1;
            let around = Around { history: &self.history, ground: &self.books, at: entry.at };
            let findings = self.set.before_movement(around, operation_of(movement), movement);
            let verdict = Verdict::of(&findings.firings);
            let refused = !verdict.refused.is_empty();
            self.report.refused += u64::from(refused);
            self.report.stopped += u64::from(!refused && !verdict.is_clear());
            self.found(findings.firings, findings.failures, Some(entry.seq), &entry.at);
        }
        self.history.take(entry);
        self.books.take(entry);
        if in_span {
            let around = Around { history: &self.history, ground: &self.books, at: entry.at };
            let findings = self.set.after_entry(around, entry);
            self.found(findings.firings, findings.failures, Some(entry.seq), &entry.at);
        }
        if let Body::Moved { movement, .. } = &entry.body {
            let around = Around { history: &self.history, ground: &self.books, at: entry.at };
            let findings = self.set.levels_of(around, &mut self.memory, movement);
            if in_span {
                self.found(findings.firings, findings.failures, Some(entry.seq), &entry.at);
            }
        }
        self.last = Some(entry.at);
    }

    /// Runs the scheduled rules where a day of the span is over.
    fn day_ended(&mut self, now: &Stamp) {
        let Some(last) = self.last.filter(|last| last.wall_us >= self.since_us) else { return };
        let offset = crate::ground::Ground::offset_min(&self.books);
        if Day::of(&last, offset) < Day::of(now, offset) {
            self.scheduled(last);
        }
    }

    fn scheduled(&mut self, at: Stamp) {
        let ids: Vec<String> =
            self.set.scheduled().map(|(rule, _)| rule.definition.id.clone()).collect();
        for id in ids {
            let around = Around { history: &self.history, ground: &self.books, at };
            let scan = self.set.scheduled_run(around, &id, self.books.layers());
            self.found(scan.firings, scan.failures, None, &at);
        }
    }

    fn found(
        &mut self,
        firings: Vec<RuleFiring>,
        failures: Vec<Failure>,
        seq: Option<u64>,
        at: &Stamp,
    ) {
        for failure in failures {
            let count = self.report.rules.entry(failure.rule).or_default();
            count.failed += 1;
            count.failure = Some(failure.error.to_string());
        }
        for firing in firings {
            let rule = firing.rule.clone();
            let hushed = self.memory.hush(self.set, firing, at.wall_us);
            let count = self.report.rules.entry(rule).or_default();
            let Some(firing) = hushed else {
                count.held_back += 1;
                continue;
            };
            count.fired += 1;
            self.memory.take(&firing, at.wall_us);
            match self.report.found.len() < BACKTEST_LISTED_MAX {
                true => self.report.found.push(Found { seq, at_us: at.wall_us, firing }),
                false => self.report.cut = true,
            }
        }
    }

    /// The report, with the scheduled rules run for the last day.
    #[must_use]
    pub fn finish(mut self) -> BacktestReport {
        if let Some(last) = self.last.filter(|last| last.wall_us >= self.since_us)
            && self.set.has(RuleTrigger::Schedule)
        {
            self.scheduled(last);
        }
        self.report.overflow = self.history.overflow() || self.books.overflow();
        self.report
    }
}
