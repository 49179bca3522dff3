//! One run over one file: where it is, what surrounds it, and the mistakes found so far.
//!
//! It records at most `MISTAKES_MAX` mistakes and counts the others, so a hostile file costs no
//! more memory or time than a careless one.

use std::path::Path;

use crate::{
    Environment, Mistake, Severity,
    fields::{Fields, Span},
    mistake::{MISTAKES_MAX, Source},
    nearest::{nearest, one_of},
    words::quote,
};

/// One run over one file.
pub(crate) struct Walk<'a> {
    pub(crate) file: &'a Path,
    pub(crate) base: &'a Path,
    pub(crate) source: Source<'a>,
    pub(crate) env: &'a dyn Environment,
    mistakes: Vec<Mistake>,
    left_out: usize,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(file: &'a Path, text: &'a str, env: &'a dyn Environment) -> Self {
        let base = file.parent().unwrap_or(Path::new(""));
        let source = Source::new(text);
        Self { file, base, source, env, mistakes: Vec::new(), left_out: 0 }
    }

    /// Records an error.
    pub(crate) fn error(
        &mut self,
        at: Span,
        code: &'static str,
        message: impl Into<String>,
        expected: impl Into<String>,
        hint: Option<String>,
    ) {
        self.record(Severity::Error, at, code, message.into(), expected.into(), hint);
    }

    /// Records a warning.
    pub(crate) fn warn(
        &mut self,
        at: Span,
        code: &'static str,
        message: impl Into<String>,
        expected: impl Into<String>,
        hint: Option<String>,
    ) {
        self.record(Severity::Warning, at, code, message.into(), expected.into(), hint);
    }

    fn record(
        &mut self,
        severity: Severity,
        at: Span,
        code: &'static str,
        message: String,
        expected: String,
        hint: Option<String>,
    ) {
        if self.is_full() {
            self.left_out += usize::from(severity == Severity::Error);
            return;
        }
        let (line, column, width) = self.source.locate(at);
        let file = self.file.to_owned();
        let mistake =
            Mistake { file, line, column, width, severity, code, message, expected, hint };
        self.mistakes.push(mistake);
    }

    /// Whether anything is wrong so far: what only follows from it need not be told.
    pub(crate) fn has_errors(&self) -> bool {
        self.mistakes.iter().any(|mistake| mistake.severity == Severity::Error)
    }

    /// Whether something within a span is wrong already.
    pub(crate) fn has_errors_in(&self, at: Span) -> bool {
        let place = |start| {
            let (line, column, _) = self.source.locate(Span { start, end: start });
            (line, column)
        };
        let (from, to) = (place(at.start), place(at.end));
        self.mistakes.iter().any(|one| (from..to).contains(&(one.line, one.column)))
    }

    fn is_full(&self) -> bool {
        self.mistakes.len() >= MISTAKES_MAX
    }

    /// All mistakes in the order of the file.
    pub(crate) fn finish(mut self) -> Vec<Mistake> {
        self.mistakes.sort_by_key(|m| (m.line, m.column));
        if self.left_out > 0 {
            let mut last = self.mistakes[self.mistakes.len() - 1].clone();
            last.severity = Severity::Error;
            last.code = "too-many-mistakes";
            last.message = format!("{} further mistakes are not shown", self.left_out);
            last.expected = "fewer mistakes".to_owned();
            last.hint = Some("mend these first".to_owned());
            self.mistakes.push(last);
        }
        self.mistakes
    }

    /// Records a word that stands in no list, with the nearest that does.
    pub(crate) fn unknown<'k>(
        &mut self,
        at: Span,
        code: &'static str,
        noun: &str,
        found: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        if self.is_full() {
            self.left_out += 1;
            return;
        }
        let hint = nearest(found, known.clone()).map(|n| format!("did you mean {n:?}?"));
        self.error(at, code, format!("unknown {noun} {}", quote(found)), one_of(known), hint);
    }

    /// Records an integer that is larger than another of the same table.
    pub(crate) fn at_most(&mut self, fields: &Fields, small: &str, large: &str) {
        let (Some(a), Some(b)) = (fields.integer::<i64>(small), fields.integer::<i64>(large))
        else {
            return;
        };
        if a > b {
            let message = format!("{small} is {a} but {large} is {b}");
            let at = fields.place(small).max(fields.place(large));
            self.error(at, "conflict", message, format!("{small} at most {large}"), None);
        }
    }
}
