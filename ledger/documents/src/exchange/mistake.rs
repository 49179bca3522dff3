//! What is wrong in a file: where, what, and the way out.
//!
//! Invariants: every mistake has a stable code in kebab-case; a message holds at most a few words of the
//! file, so that a list of mistakes is bounded by their number.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

/// Characters of a text from the file that a message shows.
const SHOWN_CHARS_MAX: usize = 40;

/// Whether something keeps its document out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Told, and the document is taken.
    Warning,
    /// The document is not taken.
    Error,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mistake {
    /// In CSV the row as a spreadsheet counts it, the header's being 1; in JSON which document, from 1.
    pub row: u64,
    /// The line of the text, from 1: in CSV in which the row begins, in JSON in which the value does.
    pub line: u64,
    /// The column as the file names it, or the path in the JSON (`lines[0].quantity`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// From 1: which column of a CSV; in JSON at which character of the line the value begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column_number: Option<usize>,
    /// Which document, as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Whether it keeps the document out.
    pub severity: Severity,
    /// Its code, which never changes.
    pub code: Cow<'static, str>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub way_out: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.row)?;
        if self.line != self.row {
            write!(f, ", line {}", self.line)?;
        }
        match (&self.column, self.column_number) {
            (Some(column), Some(number)) => write!(f, ", column {number} ({column})")?,
            (Some(column), None) => write!(f, ", {column}")?,
            (None, Some(number)) => write!(f, ", column {number}")?,
            (None, None) => {}
        }
        if let Some(document) = &self.document {
            write!(f, ", {document}")?;
        }
        let severity = if self.severity == Severity::Warning { "warning: " } else { "" };
        write!(f, ": {severity}{} [{}]: {}", self.message, self.code, self.way_out)
    }
}

/// A bounded list of mistakes, and how many more there were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes {
    /// The first of them.
    pub list: Vec<Mistake>,
    /// How many are not in the list.
    pub more: u64,
    /// How many of all keep their document out.
    pub errors: u64,
    most: usize,
}

impl Mistakes {
    /// None yet, and at most so many in the list.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { list: Vec::new(), more: 0, errors: 0, most }
    }

    /// One more.
    pub fn push(&mut self, mistake: Mistake) {
        self.errors += u64::from(mistake.severity == Severity::Error);
        if self.list.len() < self.most {
            self.list.push(mistake);
        } else {
            self.more += 1;
        }
    }

    /// Those of another list too.
    pub fn take(&mut self, other: Self) {
        let listed = other.list.iter().filter(|m| m.severity == Severity::Error).count();
        self.more += other.more;
        self.errors += other.errors - listed as u64;
        other.list.into_iter().for_each(|mistake| self.push(mistake));
    }

    /// Whether there is none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.more == 0
    }
}

/// What is wrong with one value, without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) code: Cow<'static, str>,
    pub(super) message: String,
    pub(super) way_out: String,
}

pub(super) fn wrong(
    code: &'static str,
    message: impl Into<String>,
    way_out: impl Into<String>,
) -> Wrong {
    Wrong { code: code.into(), message: message.into(), way_out: way_out.into() }
}

/// The beginning of a text in quotes.
pub(super) fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}
