//! The conversation that prints one job, as a state machine. Pure: time is an argument.
//!
//! Before: status, errors, identity and counters; the printer must be ready and idle, or nothing is sent. Then the
//! caller keeps that the job is being sent ([`Step::Commit`]), and only then it is sent. After: the status until all
//! is drained, then everything again. Invariants: from `Commit` on, whatever is missing, late, odd or broken ends in
//! `Unknown`; no step repeats the format; an echo that comes before the format was sent is of another job, or of
//! another attempt, and proves nothing. Absent: the connection and the keeping (`task`).

use gatewarden_model::Hash;

use crate::{
    codec::{Answer, Ask, HostStatus, UNKNOWN, Variable},
    compose::TID_MARK,
    job::{Evidence, Outcome, PrintJob, Reading, prove},
    session::faults,
};

/// Longest wait for one answer, in milliseconds.
pub const ANSWER_MS: u64 = 3_000;
/// Usual longest wait for a job to come out, in milliseconds; every further copy gets [`COPY_MS`] more.
pub const DRAIN_MS: u64 = 20_000;
/// What each further copy may take, in milliseconds.
pub const COPY_MS: u64 = 2_000;
/// Between two questions for the status, in milliseconds.
pub const PAUSE_MS: u64 = 100;

const BEFORE: [Ask; 7] = [
    Ask::Status,
    Ask::Extended,
    Ask::Identity,
    Ask::Variable(Variable::UniqueId),
    Ask::Variable(Variable::Labels),
    Ask::Variable(Variable::RfidValid),
    Ask::Variable(Variable::RfidVoid),
];

/// What the caller has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send a question and hand over its answer, waiting at most [`ANSWER_MS`].
    Ask(Ask),
    /// Keep, flushed, that the job is being sent; then `committed`.
    Commit,
    /// Send the format; then `sent`.
    Send(Vec<u8>),
    /// Wait so many milliseconds; echoes that come are handed over.
    Wait(u64),
    /// It's over.
    End(Box<Outcome>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Before(usize),
    Committing,
    Sending,
    Draining { asks: bool },
    After(usize),
    Over,
}

/// One job on its way through one printer.
#[derive(Debug)]
pub struct Press {
    job: PrintJob,
    /// The serial number of the printer that was approved, where it told one.
    expected: Option<String>,
    phase: Phase,
    evidence: Evidence,
    drain_ms: u64,
    deadline_ms: Option<u64>,
    /// What is missing although the printer is idle.
    missing: Option<String>,
    outcome: Option<Outcome>,
}

impl Press {
    /// A job before its first step. `expected` is the printer's serial number as it was told to the intake,
    /// `drain_ms` the longest wait for its first label.
    #[must_use]
    pub fn new(job: PrintJob, expected: Option<String>, drain_ms: u64) -> Self {
        let format = Some(Hash::of(&job.zpl));
        let evidence = Evidence { format, ..Evidence::default() };
        let phase = Phase::Before(0);
        Self {
            job,
            expected,
            phase,
            evidence,
            drain_ms,
            deadline_ms: None,
            missing: None,
            outcome: None,
        }
    }

    /// What to do next.
    pub fn step(&mut self, now_ms: u64) -> Step {
        if let Phase::Draining { .. } = self.phase
            && self.deadline_ms.is_some_and(|deadline| now_ms >= deadline)
        {
            let late = || "the printer did not report the label as done in time".to_owned();
            let reason = self.missing.take().unwrap_or_else(late);
            self.fail(reason);
        }
        match self.phase {
            Phase::Before(at) | Phase::After(at) => match BEFORE.get(at) {
                Some(ask) => Step::Ask(*ask),
                None => self.complete(now_ms),
            },
            Phase::Committing => Step::Commit,
            Phase::Sending => Step::Send(self.job.zpl.clone()),
            Phase::Draining { asks: true } => Step::Ask(Ask::Status),
            Phase::Draining { asks: false } => {
                self.phase = Phase::Draining { asks: true };
                Step::Wait(PAUSE_MS)
            }
            Phase::Over => self.end(),
        }
    }

    /// All questions of a round were answered.
    fn complete(&mut self, now_ms: u64) -> Step {
        if let Phase::Before(_) = self.phase {
            self.phase = Phase::Committing;
            return Step::Commit;
        }
        let evidence = &mut self.evidence;
        let voided = evidence.after.rfid_void.zip(evidence.before.rfid_void);
        evidence.voided = voided.map_or(0, |(after, before)| after.saturating_sub(before));
        match prove(&self.job, &self.evidence) {
            Ok(()) => {
                self.phase = Phase::Over;
                self.outcome = Some(Outcome::Issued { evidence: self.evidence.clone() });
            }
            // A printer is idle too before it has begun: the label may still come.
            Err(reason) if self.is_short() && self.deadline_ms.is_some_and(|at| now_ms < at) => {
                self.missing = Some(reason);
                self.phase = Phase::Draining { asks: true };
                return Step::Wait(PAUSE_MS);
            }
            Err(reason) => self.fail(reason),
        }
        self.end()
    }

    /// Fewer labels came out than the job has.
    fn is_short(&self) -> bool {
        let Evidence { before, after, .. } = &self.evidence;
        let copies = u64::from(self.job.copies);
        let counted = before.labels.zip(after.labels);
        counted.is_some_and(|(one, two)| two.checked_sub(one).is_some_and(|labels| labels < copies))
    }

    fn end(&self) -> Step {
        let lost = || Outcome::Unknown {
            reason: "no outcome".to_owned(),
            evidence: self.evidence.clone(),
        };
        Step::End(Box::new(self.outcome.clone().unwrap_or_else(lost)))
    }

    /// Whether a byte of the format may have left.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        !matches!(self.phase, Phase::Before(_) | Phase::Committing)
    }

    /// Something keeps the job from going on: a broken connection, no answer, bytes that make no sense.
    pub fn fail(&mut self, reason: String) {
        if self.phase == Phase::Over {
            return;
        }
        self.outcome = Some(if self.is_committed() {
            Outcome::Unknown { reason, evidence: self.evidence.clone() }
        } else {
            Outcome::NotSent { reason }
        });
        self.phase = Phase::Over;
    }

    /// It's kept that the job is being sent.
    pub fn committed(&mut self) {
        if self.phase == Phase::Committing {
            self.phase = Phase::Sending;
        }
    }

    /// The whole format was handed to the connection.
    pub fn sent(&mut self, now_ms: u64) {
        if self.phase == Phase::Sending {
            let copies = u64::from(self.job.copies.saturating_sub(1));
            self.deadline_ms = Some(now_ms + self.drain_ms + copies * COPY_MS);
            self.phase = Phase::Draining { asks: false };
        }
    }

    /// An answer came, or an echo.
    pub fn answered(&mut self, answer: Answer) {
        match (self.phase, answer) {
            (_, Answer::Echo { .. }) if !self.is_committed() => {}
            (_, Answer::Echo { token, data }) => self.echoed(&token, data),
            (Phase::Before(at), answer) => {
                let problem = self.read_before(at, answer);
                self.advance(Phase::Before(at + 1), problem);
            }
            (Phase::Draining { .. }, Answer::Status(status)) => self.drained(&status),
            (Phase::After(at), answer) => {
                let problem = idle_problem(&answer);
                take(&mut self.evidence.after, BEFORE.get(at), answer);
                self.advance(Phase::After(at + 1), problem);
            }
            _ => {}
        }
    }

    fn advance(&mut self, next: Phase, problem: Option<String>) {
        match problem {
            Some(problem) => self.fail(problem),
            None => self.phase = next,
        }
    }

    fn echoed(&mut self, token: &str, data: String) {
        if token.strip_suffix(TID_MARK) == Some(&self.job.token) {
            let is_tid = !data.is_empty() && data.bytes().all(|b| b.is_ascii_hexdigit());
            self.evidence.tid = Some(data.to_ascii_uppercase()).filter(|_| is_tid);
        } else if token != self.job.token {
            // Somebody else's label, or one of before: it proves nothing about this job.
        } else if self.evidence.echo.as_ref().is_some_and(|known| *known != data) {
            self.fail(format!("the tag was read back twice, and last as {data}"));
        } else {
            self.evidence.echo = Some(data);
        }
    }

    fn read_before(&mut self, at: usize, answer: Answer) -> Option<String> {
        let problem = idle_problem(&answer);
        take(&mut self.evidence.before, BEFORE.get(at), answer);
        let before = &self.evidence.before;
        problem.or_else(|| match BEFORE.get(at) {
            Some(Ask::Variable(Variable::UniqueId)) => {
                let other = self.expected.is_some() && before.serial != self.expected;
                other.then(|| "another printer answers than the one that is known".to_owned())
            }
            Some(Ask::Variable(Variable::Labels)) if before.labels.is_none() => {
                Some("the printer counts no labels, so that none could be confirmed".to_owned())
            }
            Some(Ask::Variable(Variable::RfidVoid)) if self.job.echo.is_some() => {
                let counts = before.rfid_valid.is_some() && before.rfid_void.is_some();
                (!counts).then(|| "the printer counts no tags; can it encode any?".to_owned())
            }
            _ => None,
        })
    }

    fn drained(&mut self, status: &HostStatus) {
        let faults = faults(status);
        if !faults.is_empty() {
            self.fail(format!("the printer stopped in the middle: {}", faults.join(", ")));
        } else if !is_busy(status) {
            self.phase = Phase::After(0);
        } else {
            self.phase = Phase::Draining { asks: false };
        }
    }
}

fn is_busy(status: &HostStatus) -> bool {
    status.formats_in_buffer > 0 || status.labels_remaining > 0 || status.partial_format
}

/// What keeps a printer from taking a job, or a job from being proven.
fn idle_problem(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Status(status) => {
            let faults = faults(status);
            if !faults.is_empty() {
                return Some(format!("the printer needs a hand: {}", faults.join(", ")));
            }
            is_busy(status).then(|| "the printer has other labels to print".to_owned())
        }
        Answer::Extended(extended) => {
            let faults = extended.faults();
            (!faults.is_empty()).then(|| format!("the printer needs a hand: {}", faults.join(", ")))
        }
        _ => None,
    }
}

/// Files the answer to a question; `?` and what is no number are no value.
fn take(reading: &mut Reading, ask: Option<&Ask>, answer: Answer) {
    match (ask, answer) {
        (_, Answer::Identity(identity)) => reading.identity = Some(identity),
        (Some(Ask::Variable(variable)), Answer::Value(text)) => {
            let number = text.trim().parse().ok();
            match variable {
                Variable::UniqueId => {
                    reading.serial = Some(text).filter(|text| text != UNKNOWN && !text.is_empty());
                }
                Variable::Labels => reading.labels = number,
                Variable::RfidValid => reading.rfid_valid = number,
                Variable::RfidVoid => reading.rfid_void = number,
            }
        }
        _ => {}
    }
}

#[cfg(test)]
#[path = "press_test.rs"]
mod tests;
