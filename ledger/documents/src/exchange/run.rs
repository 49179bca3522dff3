//! An import: what is read goes into the sink, and what came of it is told.
//!
//! Invariants: a trial and a whole import leave nothing where anything is wrong; document by document, each
//! counts for itself. A run is the digest of the file and of what it leaves unsaid: the same file again
//! goes on where it stopped, and what is in is put in again without effect. Memory holds the documents of one
//! handful ([`AT_ONCE_MAX`], [`LINES_AT_ONCE_MAX`]). Absent: what a document must say, and what remembers cursors:
//! that is the caller's.

use std::{
    borrow::Cow,
    io::{self, Read},
};

use gatewarden_model::Hash;
use serde::{Deserialize, Serialize};

use super::{
    MISTAKES_MAX, Parsed, Settings, documents,
    hashing::Hashing,
    mistake::{Mistake, Mistakes, Severity},
    sink::{Fault, Put, Refusal, Sink},
};

/// Most documents that are put into the sink at once.
pub const AT_ONCE_MAX: usize = 256;
/// Lines after which a handful is put into the sink, whatever its documents.
pub const LINES_AT_ONCE_MAX: usize = 1_000;

/// Bytes of JSON after which a handful is put into the sink.
const BYTES_AT_ONCE_MAX: usize = 1 << 20;

/// What is to be done with what is wrong, and with what is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Everything is tried and nothing done.
    DryRun,
    /// All documents, or none where anything is wrong.
    Whole,
    /// Each document that is right.
    Each,
}

/// How far an import came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// Which import.
    pub run: Hash,
    /// Documents that are behind it, those that were refused included.
    pub documents: u64,
}

/// An import.
#[derive(Debug, Clone)]
pub struct Import {
    /// As `run_id` told of the file.
    pub run: Hash,
    /// What the file leaves unsaid.
    pub settings: Settings,
    /// What is to be done.
    pub mode: Mode,
    /// How far it came before.
    pub from: Option<Cursor>,
}

/// What came of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Tried to the end, and nothing was done.
    Tried,
    /// All documents are in.
    Written,
    /// Nothing was done, because something is wrong.
    NothingWritten,
    /// All are in but those that were refused.
    WrittenInPart,
    /// It stopped before the end; document by document, what is behind the cursor is in.
    Stopped,
}

/// What is told of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What came of it.
    pub outcome: Outcome,
    /// How far it came.
    pub cursor: Cursor,
    /// Documents and lines that were read and right in form.
    pub documents: u64,
    /// Lines of them.
    pub lines: u64,
    /// Documents that are new.
    pub new: u64,
    /// Documents that are another version.
    pub changed: u64,
    /// Documents that were there already.
    pub same: u64,
    /// Documents that were behind the cursor.
    pub skipped: u64,
    /// Documents with errors.
    pub refused: u64,
    /// What is wrong, at most [`MISTAKES_MAX`], warnings included.
    pub mistakes: Vec<Mistake>,
    /// Mistakes beyond.
    pub more: u64,
}

/// Why an import does not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The cursor is another file's.
    #[error(
        "the cursor is of another file or kind: begin without it, what is in is not put in twice"
    )]
    Cursor,
}

/// Reads a file into a sink. `progress` is told after each handful how far it came, when it may be kept: only
/// document by document, because nothing else takes effect before the end.
pub fn import<R: Read>(
    file: R,
    import: &Import,
    sink: &mut impl Sink,
    mut progress: impl FnMut(&Cursor),
) -> Result<Report, ExchangeError> {
    if import.from.is_some_and(|cursor| cursor.run != import.run) {
        return Err(ExchangeError::Cursor);
    }
    let mut going = Going::new(import);
    let staged = import.mode != Mode::Each;
    if staged && let Err(fault) = sink.begin() {
        going.stop(None, fault);
        return Ok(going.report(Outcome::Stopped));
    }
    let mut hashing = Hashing::new(file, &import.settings);
    for parsed in documents(&mut hashing, &import.settings) {
        going.take(parsed);
        if going.is_handful() {
            going.put(sink);
            if going.is_stopped {
                break;
            }
            if import.mode == Mode::Each {
                progress(&going.report.cursor);
            }
        }
    }
    let rest = !going.waiting.is_empty();
    going.put(sink);
    if rest && import.mode == Mode::Each && !going.is_stopped {
        progress(&going.report.cursor);
    }
    // What a broken file has beyond its end counts too.
    let is_whole = going.is_stopped || io::copy(&mut hashing, &mut io::sink()).is_ok();
    if is_whole && !going.is_stopped && hashing.finish() != import.run {
        going.other_file();
    }
    Ok(going.end(import.mode, sink))
}

/// An import that is going on.
struct Going {
    report: Report,
    mistakes: Mistakes,
    from: u64,
    is_stopped: bool,
    /// Documents that were read.
    read: u64,
    /// What was read and is not put in yet, in order.
    waiting: Vec<(Parsed, What)>,
    lines_waiting: usize,
    bytes_waiting: usize,
}

/// What something that was read is to an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// No document: what is wrong with the file.
    File,
    /// It was put in before the run stopped.
    Skipped,
    /// It can't be read.
    Wrong,
    /// It is to be put in.
    Right,
}

impl Going {
    fn new(import: &Import) -> Self {
        // Staged, nothing is behind a cursor: a run that went to its end is only put in again.
        let from = import.from.filter(|_| import.mode == Mode::Each);
        let report = Report {
            outcome: Outcome::Stopped,
            cursor: Cursor { run: import.run, documents: 0 },
            documents: 0,
            lines: 0,
            new: 0,
            changed: 0,
            same: 0,
            skipped: 0,
            refused: 0,
            mistakes: Vec::new(),
            more: 0,
        };
        let from = from.map_or(0, |cursor| cursor.documents);
        Self {
            report,
            mistakes: Mistakes::new(MISTAKES_MAX),
            from,
            is_stopped: false,
            read: 0,
            waiting: vec![],
            lines_waiting: 0,
            bytes_waiting: 0,
        }
    }

    /// Takes what was read.
    fn take(&mut self, parsed: Parsed) {
        let lines = parsed.content.as_ref().map_or(0, |content| content.lines.len());
        self.read += u64::from(!parsed.is_file);
        let what = match &parsed.content {
            _ if parsed.is_file => What::File,
            _ if self.read <= self.from => What::Skipped,
            None => What::Wrong,
            Some(_) => What::Right,
        };
        self.lines_waiting = self.lines_waiting.saturating_add(lines);
        self.bytes_waiting = self.bytes_waiting.saturating_add(parsed.bytes());
        self.waiting.push((parsed, what));
    }

    fn is_handful(&self) -> bool {
        self.waiting.len() >= AT_ONCE_MAX
            || self.lines_waiting >= LINES_AT_ONCE_MAX
            || self.bytes_waiting >= BYTES_AT_ONCE_MAX
    }

    /// Puts in what waits.
    fn put(&mut self, sink: &mut impl Sink) {
        let mut waiting = std::mem::take(&mut self.waiting);
        (self.lines_waiting, self.bytes_waiting) = (0, 0);
        let right = waiting.iter_mut().filter(|(_, what)| *what == What::Right);
        let contents: Vec<_> = right.filter_map(|(parsed, _)| parsed.content.take()).collect();
        let lines: Vec<u64> = contents.iter().map(|one| one.lines.len() as u64).collect();
        let answers = if contents.is_empty() { vec![] } else { sink.put(contents) };
        let mut answers = answers.into_iter().zip(lines);
        for (mut parsed, what) in waiting {
            match what {
                What::File => {}
                What::Skipped => {
                    self.report.cursor.documents += 1;
                    self.report.skipped += 1;
                    continue;
                }
                What::Wrong => self.report.refused += 1,
                What::Right => match answers.next() {
                    Some((answer, lines)) => self.answered(&mut parsed, answer, lines),
                    None => self.stop(Some(&parsed), Fault::Stop(unanswered())),
                },
            }
            if self.is_stopped {
                return;
            }
            self.report.cursor.documents += u64::from(what != What::File);
            self.mistakes.take(parsed.mistakes);
        }
    }

    /// Counts what became of a document.
    fn answered(&mut self, parsed: &mut Parsed, answer: Result<Put, Fault>, lines: u64) {
        self.report.documents += 1;
        self.report.lines += lines;
        match answer {
            Ok(Put::New) => self.report.new += 1,
            Ok(Put::Changed) => self.report.changed += 1,
            Ok(Put::Same) => self.report.same += 1,
            Err(Fault::Refused(refusals)) => {
                self.report.refused += 1;
                let found: Vec<_> = refusals.iter().map(|r| parsed.mistake(r)).collect();
                found.into_iter().for_each(|mistake| parsed.mistakes.push(mistake));
            }
            Err(stop) => self.stop(Some(parsed), stop),
        }
    }

    /// Remembers why it can't go on.
    fn stop(&mut self, at: Option<&Parsed>, fault: Fault) {
        self.is_stopped = true;
        let refusals = match fault {
            Fault::Refused(refusals) => refusals,
            Fault::Stop(refusal) => vec![refusal],
        };
        for refusal in refusals {
            self.mistakes.push(match at {
                Some(parsed) => parsed.mistake(&refusal),
                None => of_file(refusal.code, refusal.message, refusal.way_out),
            });
        }
    }

    fn other_file(&mut self) {
        let way_out = "import it again, and let nobody write to it meanwhile";
        let message = "the file was changed while it was read".to_owned();
        self.mistakes.push(of_file("file-changed".into(), message, way_out.to_owned()));
    }

    fn end(mut self, mode: Mode, sink: &mut impl Sink) -> Report {
        if mode != Mode::Each && (mode == Mode::DryRun || self.mistakes.errors > 0) {
            sink.roll_back();
        } else if mode == Mode::Whole {
            match sink.commit() {
                Ok(()) => {}
                // Somebody wrote one of them meanwhile: all is as it was.
                Err(Fault::Refused(refusals)) => refusals.into_iter().for_each(|refusal| {
                    self.mistakes.push(of_file(refusal.code, refusal.message, refusal.way_out));
                }),
                Err(fault) => self.stop(None, fault),
            }
        }
        let is_wrong = self.mistakes.errors > 0;
        let outcome = match mode {
            _ if self.is_stopped => Outcome::Stopped,
            Mode::DryRun => Outcome::Tried,
            Mode::Whole if is_wrong => Outcome::NothingWritten,
            Mode::Each if is_wrong => Outcome::WrittenInPart,
            _ => Outcome::Written,
        };
        if mode != Mode::Each && outcome != Outcome::Written {
            // Nothing of it is in: nothing may be skipped by whoever goes on from here.
            self.report.cursor.documents = 0;
        }
        self.report(outcome)
    }

    fn report(self, outcome: Outcome) -> Report {
        let Mistakes { list, more, .. } = self.mistakes;
        Report { outcome, mistakes: list, more, ..self.report }
    }
}

/// A sink that says less than it was asked.
fn unanswered() -> Refusal {
    let message = "nothing was said of the document".to_owned();
    let way_out = "go on where it stopped".to_owned();
    Refusal { code: "not-answered".into(), field: None, message, way_out }
}

fn of_file(code: Cow<'static, str>, message: String, way_out: String) -> Mistake {
    let (column, column_number, document) = (None, None, None);
    let (row, line, severity) = (1, 1, Severity::Error);
    Mistake { row, line, column, column_number, document, severity, code, message, way_out }
}
