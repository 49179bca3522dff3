//! Mistakes: where, what, what was expected, and the way out; and how they are printed.
//!
//! Printing shows the line of the file with a caret, but never the text of a secret that somebody
//! wrote into the file, and no control characters.

use std::{fmt, fmt::Write as _, path::PathBuf};

use serde::Serialize;

use crate::{fields::Span, secrets::WAYS};

/// Most mistakes that are reported of one file; a last one then says how many more there are.
pub const MISTAKES_MAX: usize = 200;
/// Most characters of a source line that are printed.
const LINE_CHARS_MAX: usize = 160;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The configuration can't be used.
    Error,
    /// It can, but surely was not meant so.
    Warning,
}

/// One mistake in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// How many characters of that line are meant, at least 1.
    pub width: u32,
    /// How bad it is.
    pub severity: Severity,
    /// Which kind of mistake it is, stable for machines.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub expected: String,
    /// The way out, where one is known.
    pub hint: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, message, expected, .. } = self;
        let warning = if self.severity == Severity::Warning { "warning: " } else { "" };
        write!(f, "{}:{line}:{column}: {warning}{message}", self.file.display())?;
        write!(f, " (expected {expected}")?;
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        f.write_str(")")
    }
}

/// Prints mistakes for people: each with its source line and a caret beneath.
#[must_use]
pub fn render(mistakes: &[Mistake], source: &str) -> String {
    let lines: Vec<&str> = source.strip_prefix('\u{feff}').unwrap_or(source).lines().collect();
    let mut out = String::new();
    for mistake in mistakes {
        // Writing to a String can't fail.
        let _ = writeln!(out, "{mistake}");
        if let Some(line) = lines.get(mistake.line as usize - 1) {
            let written_out = mistakes
                .iter()
                .find(|other| other.code == "plain-secret" && other.line == mistake.line);
            let from = written_out.map(|secret| secret.column as usize - 1);
            excerpt(&mut out, mistake, &without(line, from));
        }
    }
    out
}

/// As [`render`], for mistakes of several files: each is shown with the text of its own, where there is one.
#[must_use]
pub fn render_files(mistakes: &[Mistake], sources: &[(PathBuf, String)]) -> String {
    let text = |mistake: &Mistake| sources.iter().find(|(path, _)| *path == mistake.file);
    let each = mistakes.iter().map(|mistake| {
        render(std::slice::from_ref(mistake), text(mistake).map_or("", |(_, text)| text))
    });
    each.collect()
}

fn excerpt(out: &mut String, mistake: &Mistake, line: &str) {
    let number = mistake.line.to_string();
    let gutter = " ".repeat(number.len());
    let column = mistake.column as usize - 1;
    let shown: Vec<char> = mask(line)
        .chars()
        .map(|c| if c == '\t' || c.is_control() { ' ' } else { c })
        .take(LINE_CHARS_MAX)
        .collect();
    if column > shown.len() {
        return;
    }
    let width = (mistake.width as usize).clamp(1, (shown.len() - column).max(1));
    let shown: String = shown.into_iter().collect();
    let _ = writeln!(out, " {number} | {}", shown.trim_end());
    let _ = writeln!(out, " {gutter} | {}{}", " ".repeat(column), "^".repeat(width));
}

/// The line without what stands from that character on, where a secret was found.
fn without(line: &str, from: Option<usize>) -> String {
    match from {
        Some(from) => line.chars().take(from).chain("***".chars()).collect(),
        None => line.to_owned(),
    }
}

/// The line without what stands for a secret there, unless that only names where it is read from.
fn mask(line: &str) -> String {
    let keys = ["secret", "password", "token", "robot_key"];
    for found in keys.iter().flat_map(|key| line.match_indices(key)).map(|(at, _)| at) {
        let Some(equals) = line[found..].find('=') else { continue };
        let value = line[found + equals + 1..].trim_start();
        let inner = value.strip_prefix('{').unwrap_or("").trim_start();
        if !WAYS.iter().any(|(way, _)| inner.starts_with(way)) {
            return format!("{}***", &line[..line.len() - value.len()]);
        }
    }
    line.to_owned()
}

/// A file's text and where its lines begin.
pub(crate) struct Source<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let after = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        Self { text, starts: std::iter::once(0).chain(after).collect() }
    }

    /// What stands within a span; nothing where that is no part of the text.
    pub(crate) fn within(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The line (from 1) of a byte.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    /// Line, column and width of a span, in characters, cut at the line's end.
    pub(crate) fn locate(&self, span: Span) -> (u32, u32, u32) {
        let start = self.text.floor_char_boundary(span.start.min(self.text.len()));
        let end = self.text.ceil_char_boundary(span.end.clamp(start, self.text.len()));
        let line = self.line(start);
        let line_start = self.starts[line as usize - 1];
        let chars = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX - 1);
        let before = self.text[line_start..start].trim_start_matches('\u{feff}');
        let meant = self.text[start..end].lines().next().unwrap_or("");
        (line, chars(before) + 1, chars(meant).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_without_its_secret() {
        for (line, expect) in [
            ("secret = \"x\"", "secret = ***"),
            ("  'password'='x' # p", "  'password'=***"),
            ("secret = { env = \"KEY\" }", "secret = { env = \"KEY\" }"),
            ("secret = { value = \"x\" }", "secret = ***"),
            ("access_token = \"x\"", "access_token = ***"),
            ("robot_key = \"x", "robot_key = ***"),
            (
                "a = { secret = { file = \"f\" }, password = \"x\" }",
                "a = { secret = { file = \"f\" }, password = ***",
            ),
            ("name = \"dock\"", "name = \"dock\""),
        ] {
            assert_eq!(mask(line), expect);
        }
    }

    #[test]
    fn places_are_in_characters_and_stay_inside_the_file() {
        let source = Source::new("ab\né螺栓 = 1\n");
        let locate = |start, end| source.locate(Span { start, end });
        assert_eq!(locate(0, 2), (1, 1, 2));
        assert_eq!(locate(5, 11), (2, 2, 2));
        assert_eq!(locate(6, 7), (2, 2, 1), "inside a character");
        assert_eq!(locate(0, 14), (1, 1, 2), "cut at the line's end");
        assert_eq!(locate(99, 5), (3, 1, 1), "beyond the end");
    }
}
