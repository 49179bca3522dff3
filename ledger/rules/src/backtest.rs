//! What rules would have flagged or stopped, had they been in force: a walk over the journal.
//!
//! Invariants: every movement is asked about as it would have been, before it with the history up to it, after it
//! with it; a document is asked about before it is handed in with the facts that the journal keeps of that moment,
//! and after each of its entries; entries before the span only feed the memory; scheduled rules run once at the
//! end of each day of the span, whatever their time of day; quiet spans hold as in life. Findings are bounded,
//! counts are not. What the journal does not tell (who held which role, what orders were to bring) is not taken for
//! nothing: a rule that needs it is told as one that was not asked, with the reason. Absent: reading the journal.

mod documents;
mod known;
mod report;

use std::{fmt, sync::Arc};

use gatewarden_model::{Body, Day, DocumentContent, Entry, RuleTrigger, Stamp};

pub use report::{BACKTEST_LISTED_MAX, BacktestReport, Found, RuleCount};

use crate::{
    books::Books,
    facts::Facts,
    ground::Ground,
    history::History,
    memory::Memory,
    set::{Findings, RuleSet},
    watch::{Around, operation_of},
};
use documents::Documents;
use known::Known;

/// Puts the house's own fields of a document, by their types.
pub type PutFields = Arc<dyn Fn(&DocumentContent, &mut Facts) + Send + Sync>;

/// The same, shown as a word.
struct Fields(PutFields);

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fields")
    }
}

/// A walk over the journal.
#[derive(Debug)]
pub struct Backtest<'b> {
    set: &'b RuleSet,
    since_us: i64,
    history: History,
    known: Known,
    memory: Memory,
    fields: Option<Fields>,
    last: Option<Stamp>,
    report: BacktestReport,
}

impl<'b> Backtest<'b> {
    /// A walk for a span that begins at this microsecond, in a house so many minutes east of UTC.
    #[must_use]
    pub fn new(set: &'b RuleSet, since_us: i64, offset_min: i32) -> Self {
        let history = History::new(set.definitions().history.clone());
        Self {
            set,
            since_us,
            history,
            known: Known { books: Books::new(offset_min), documents: Documents::default() },
            memory: Memory::default(),
            fields: None,
            last: None,
            report: BacktestReport::of(set),
        }
    }

    /// With a calendar that says whether people work on a day at a minute of it, instead of the rules' own hours.
    #[must_use]
    pub fn with_calendar(mut self, works: Arc<dyn Fn(Day, u32) -> bool + Send + Sync>) -> Self {
        self.known.books = self.known.books.with_calendar(works);
        self
    }

    /// With the house's own fields by their types; without, they are texts.
    #[must_use]
    pub fn with_fields(mut self, put: PutFields) -> Self {
        self.fields = Some(Fields(put));
        self
    }

    /// Takes the next entry, in the order of the journal.
    pub fn take(&mut self, entry: &Entry) {
        self.day_ended(&entry.at);
        self.report.entries += 1;
        let in_span = entry.at.wall_us >= self.since_us;
        self.report.in_span += u64::from(in_span);
        if in_span {
            self.before(entry);
        }
        self.history.take(entry);
        self.known.books.take(entry);
        if in_span {
            let findings = self.set.after_entry(self.around(entry.at), entry);
            self.found(findings, Some(entry.seq), &entry.at);
            self.after_document(entry);
        }
        if let Body::Moved { movement, .. } = &entry.body {
            let around = Around { history: &self.history, ground: &self.known, at: entry.at };
            let findings = self.set.levels_of(around, &mut self.memory, movement);
            if in_span {
                self.found(findings, Some(entry.seq), &entry.at);
            }
        }
        self.known.documents.take(entry);
        self.last = Some(entry.at);
    }

    fn around(&self, at: Stamp) -> Around<'_, Known> {
        Around { history: &self.history, ground: &self.known, at }
    }

    /// Asks what would have been asked before what an entry tells.
    fn before(&mut self, entry: &Entry) {
        let findings = match &entry.body {
            Body::Moved { movement, .. } => {
                self.report.movements += 1;
                self.set.before_movement(self.around(entry.at), operation_of(movement), movement)
            }
            Body::DocumentStepped { .. } => {
                let Some(asked) = self.known.documents.submitted(entry) else { return };
                self.report.documents += 1;
                let on = (RuleTrigger::Before, "submit");
                self.set.document(self.around(entry.at), on, asked.content, |f| asked.put(f))
            }
            _ => return,
        };
        self.report.decided(&findings.firings);
        self.found(findings, Some(entry.seq), &entry.at);
    }

    fn after_document(&mut self, entry: &Entry) {
        let content: &DocumentContent = match &entry.body {
            Body::DocumentWritten { content, .. } => content,
            Body::DocumentStepped { document, .. } => match self.known.documents.of(document) {
                Some(content) => content,
                None => return,
            },
            _ => return,
        };
        let on = match &entry.body {
            Body::DocumentWritten { .. } => "document-written",
            _ => "document-stepped",
        };
        let asked = (RuleTrigger::After, on);
        let put = |facts: &mut Facts| {
            documents::put_after(facts, entry);
            if let Some(Fields(put)) = &self.fields {
                put(content, facts);
            }
        };
        let findings = self.set.document(self.around(entry.at), asked, content, put);
        self.found(findings, Some(entry.seq), &entry.at);
    }

    /// Runs the scheduled rules where a day of the span is over.
    fn day_ended(&mut self, now: &Stamp) {
        let Some(last) = self.last.filter(|last| last.wall_us >= self.since_us) else { return };
        let offset = self.known.offset_min();
        if Day::of(&last, offset) < Day::of(now, offset) {
            self.scheduled(last);
        }
    }

    fn scheduled(&mut self, at: Stamp) {
        let ids: Vec<String> =
            self.set.scheduled().map(|(rule, _)| rule.definition.id.clone()).collect();
        for id in ids {
            let scan = self.set.scheduled_run(self.around(at), &id, self.known.books.layers());
            let (firings, failures) = (scan.firings, scan.failures);
            self.found(Findings { firings, failures, asked: 0 }, None, &at);
        }
    }

    fn found(&mut self, findings: Findings, seq: Option<u64>, at: &Stamp) {
        for failure in &findings.failures {
            self.report.failed(failure);
        }
        for firing in findings.firings {
            if report::was_not_asked(&firing) {
                continue;
            }
            let rule = firing.rule.clone();
            match self.memory.hush(self.set, firing, at.wall_us) {
                None => self.report.held_back(&rule),
                Some(firing) => {
                    self.memory.take(&firing, at.wall_us);
                    self.report.fired(Found { seq, at_us: at.wall_us, firing });
                }
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
        self.report.overflow = self.history.overflow()
            || self.known.books.overflow()
            || self.known.documents.overflow();
        self.report
    }
}
