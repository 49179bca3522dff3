//! What a template may say, and whether it fits its facts.
//!
//! Between `{{ }}` and `{% %}` stand facts, fields of the rows of a list, texts, whole numbers, comparisons,
//! `and or not in`, a few filters, and `if` and `for`. Nothing there joins, repeats or builds lists, so no
//! value can grow. Every word is held against the facts, in branches that no sample takes too.

use std::collections::BTreeSet;

use super::{Slot, TemplateFault, fill};
use crate::facts::{self, FactKind, FactSpec};

/// Words of the language itself.
const KEYWORDS: [&str; 13] = [
    "if", "elif", "else", "endif", "for", "endfor", "in", "and", "or", "not", "true", "false",
    "none",
];
/// What `loop` knows.
const OF_LOOP: [&str; 4] = ["index", "first", "last", "length"];
/// Most mistakes told of one part.
const FAULTS_MAX: usize = 20;

/// Everything that is wrong with one part, with lines from 1 within it.
#[must_use]
pub fn check(slot: Slot, text: &str, specs: &[FactSpec]) -> Vec<TemplateFault> {
    let mut scan = Scan { text, specs, rows: BTreeSet::new(), faults: vec![] };
    scan.all();
    if !scan.faults.is_empty() {
        scan.faults.truncate(FAULTS_MAX);
        return scan.faults;
    }
    let samples = [facts::Sample::Full, facts::Sample::Least, facts::Sample::Hidden];
    for sample in samples {
        if let Err(fault) = fill::try_fill(slot, text, &facts::sample(specs, sample)) {
            return vec![*fault];
        }
    }
    vec![]
}

struct Scan<'a> {
    text: &'a str,
    specs: &'a [FactSpec],
    /// The names that `for` gives to rows.
    rows: BTreeSet<&'a str>,
    faults: Vec<TemplateFault>,
}

/// A piece of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Word(&'a str),
    Dot,
    Pipe,
    Other,
}

impl<'a> Scan<'a> {
    /// Goes through all tags. A tag that is not closed is left to the parser, which tells it.
    fn all(&mut self) {
        let mut at = 0;
        while let Some(open) = self.text[at..].find('{').map(|found| at + found) {
            let (close, is_tag) = match self.text.as_bytes().get(open + 1) {
                Some(b'{') => ("}}", true),
                Some(b'%') => ("%}", true),
                Some(b'#') => ("#}", false),
                _ => {
                    at = open + 1;
                    continue;
                }
            };
            let from = open + 2;
            let end =
                if is_tag { self.end_of_tag(from, close) } else { self.text[from..].find(close) };
            let end = end.map_or(self.text.len(), |found| from + found);
            if is_tag {
                self.tag(from, end);
            }
            at = (end + 2).min(self.text.len());
        }
    }

    /// Where a tag ends that is not within a text.
    fn end_of_tag(&self, from: usize, close: &str) -> Option<usize> {
        let mut quote: Option<u8> = None;
        let bytes = self.text.as_bytes();
        let mut at = from;
        while at < bytes.len() {
            match quote {
                Some(_) if bytes[at] == b'\\' => at += 1,
                Some(open) if bytes[at] == open => quote = None,
                Some(_) => {}
                None if matches!(bytes[at], b'"' | b'\'') => quote = Some(bytes[at]),
                None if self.text[at..].starts_with(close) => return Some(at - from),
                None => {}
            }
            at += 1;
            while !self.text.is_char_boundary(at) {
                at += 1;
            }
        }
        None
    }

    fn tag(&mut self, from: usize, end: usize) {
        let text = self.text;
        let trimmed = text[from..end].trim_start_matches(['-', '+']);
        let from = end - trimmed.len();
        let body = trimmed.trim_end_matches(['-', '+']);
        let pieces = self.pieces(from, from + body.len());
        self.rows_of(&pieces);
        let mut before = (Piece::Other, Piece::Other);
        for (piece, at) in pieces {
            if let Piece::Word(word) = piece {
                self.word(before, word, at);
            }
            before = (before.1, piece);
        }
    }

    /// What a `for` calls its rows, and whether it goes through a list.
    fn rows_of(&mut self, pieces: &[(Piece<'a>, usize)]) {
        let [(Piece::Word("for"), _), (Piece::Word(row), _), (Piece::Word("in"), _), rest @ ..] =
            pieces
        else {
            return;
        };
        self.rows.insert(row);
        let list = rest.first().and_then(|(piece, at)| match piece {
            Piece::Word(name) => self.specs.iter().find(|spec| spec.name == *name).map(|s| (s, at)),
            _ => None,
        });
        if let Some((spec, at)) = list
            && !matches!(spec.kind, FactKind::Rows(_))
        {
            let lists = self.specs.iter().filter(|spec| matches!(spec.kind, FactKind::Rows(_)));
            let lists: Vec<_> = lists.map(|spec| spec.name).collect();
            let message = format!("{:?} is no list", spec.name);
            self.fault(*at, spec.name.len(), "not-a-list", message, &lists.join(", "));
        }
    }

    /// The pieces of a tag; what may not stand there is told.
    fn pieces(&mut self, from: usize, end: usize) -> Vec<(Piece<'a>, usize)> {
        let (text, mut at, mut pieces) = (self.text, from, vec![]);
        while let Some(c) = text[at..end].chars().next() {
            let len = match c {
                'a'..='z' | 'A'..='Z' | '_' => {
                    let word = run(&text[at..end], |c| c.is_ascii_alphanumeric() || c == '_');
                    pieces.push((Piece::Word(word), at));
                    word.len()
                }
                '0'..='9' => run(&text[at..end], |c| c.is_ascii_digit()).len(),
                '"' | '\'' => string(&text[at..end], c),
                '.' => {
                    pieces.push((Piece::Dot, at));
                    1
                }
                '|' => {
                    pieces.push((Piece::Pipe, at));
                    1
                }
                '(' | ')' | '=' | '!' | '<' | '>' => {
                    pieces.push((Piece::Other, at));
                    1
                }
                ' ' | '\t' | '\n' | '\r' => c.len_utf8(),
                other => {
                    let message = format!("{other:?} may not stand in a template");
                    let expected = "facts, texts, numbers, comparisons, filters, if and for";
                    self.fault(at, other.len_utf8(), "not-allowed", message, expected);
                    other.len_utf8()
                }
            };
            at += len.max(1);
        }
        pieces
    }

    fn word(&mut self, before: (Piece<'a>, Piece<'a>), word: &'a str, at: usize) {
        match before {
            (Piece::Word("loop"), Piece::Dot) => {
                self.known(at, word, "unknown-word", "part of loop", OF_LOOP.into_iter());
            }
            (_, Piece::Dot) => {
                let columns = self.specs.iter().filter_map(|spec| match spec.kind {
                    FactKind::Rows(columns) => Some(columns.iter().map(|column| column.name)),
                    _ => None,
                });
                let columns: Vec<_> = columns.flatten().collect();
                self.known(at, word, "unknown-fact", "field of a row", columns.into_iter());
            }
            (_, Piece::Pipe) => {
                self.known(at, word, "unknown-filter", "filter", fill::FILTERS.into_iter());
            }
            _ if KEYWORDS.contains(&word) || word == "loop" || self.rows.contains(word) => {}
            (_, Piece::Word("for")) => {}
            _ => {
                let names: Vec<_> = self.specs.iter().map(|spec| spec.name).collect();
                self.known(at, word, "unknown-fact", "fact", names.into_iter());
            }
        }
    }

    fn known(
        &mut self,
        at: usize,
        word: &str,
        code: &'static str,
        noun: &str,
        known: impl Iterator<Item = &'static str>,
    ) {
        let known: Vec<String> = known.map(str::to_owned).collect();
        if known.iter().any(|one| one == word) {
            return;
        }
        let word: String = word.chars().take(64).collect();
        let expected = match known.is_empty() {
            true => "none: there are none".to_owned(),
            false => format!("one of {}", known.join(", ")),
        };
        self.fault(at, word.len(), code, format!("unknown {noun} {word:?}"), &expected);
        if let Some(last) = self.faults.last_mut() {
            last.unknown = Some((word, known));
        }
    }

    fn fault(
        &mut self,
        at: usize,
        len: usize,
        code: &'static str,
        message: String,
        expected: &str,
    ) {
        let before = &self.text[..at];
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let line = number(before.matches('\n').count() + 1);
        let column = number(before.rsplit('\n').next().unwrap_or("").chars().count() + 1);
        let width = number(self.text[at..(at + len).min(self.text.len())].chars().count().max(1));
        let expected = expected.to_owned();
        self.faults.push(TemplateFault {
            line,
            column,
            width,
            code,
            message,
            expected,
            unknown: None,
        });
    }
}

/// The longest head of characters that are right.
fn run(text: &str, is_right: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !is_right(c)).unwrap_or(text.len())]
}

/// The length of a text that begins here, its quotes included.
fn string(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}
