//! What is read of a file: document by document, each with its mistakes.
//!
//! Invariants: a document with an error has no content; numbers are told apart by 16 bytes of a digest, so
//! that what is remembered of 100,000 documents stays small. Absent: what becomes of them (`run`).

use std::{collections::BTreeMap, io::Read, sync::Arc};

use gatewarden_model::{Document, DocumentContent, Hash};

use super::{
    DOCUMENT_MISTAKES_MAX, DOCUMENTS_MAX, Format, MISTAKES_MAX, Settings,
    csv::CsvDocuments,
    header::Header,
    json::{JsonDocuments, Text},
    mistake::{Mistake, Mistakes, Severity, Wrong, wrong},
    sink::Refusal,
};

/// One document of a file, or what is wrong with it.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// What it says; none where it has an error.
    pub content: Option<DocumentContent>,
    /// What is wrong, warnings included.
    pub mistakes: Mistakes,
    /// Whether this is no document but what is wrong with the file.
    pub is_file: bool,
    pub(super) is_last: bool,
    pub(super) origin: Origin,
}

/// Where a document stood.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// Row and line in which it began.
    pub(super) start: (u64, u64),
    /// Row and line of each of its lines, in CSV.
    pub(super) lines: Vec<(u64, u64)>,
    /// As people write it.
    pub(super) document: Option<String>,
    /// The header of a CSV.
    pub(super) header: Option<Arc<Header>>,
    /// The text of it, in JSON.
    pub(super) text: Option<Text>,
}

impl Origin {
    /// A mistake at a part of the document: `partner`, `custom.colour`, `lines[0].quantity`.
    pub(super) fn mistake(&self, path: Option<&str>, severity: Severity, wrong: Wrong) -> Mistake {
        let of_line = path.and_then(line_of);
        let (row, line) = of_line.and_then(|at| self.lines.get(at).copied()).unwrap_or(self.start);
        let column = self.header.as_ref().map(|header| path.and_then(|path| header.of_path(path)));
        let (column, column_number) = match column {
            Some(Some((number, name))) => (Some(name), Some(number)),
            _ => (path.map(str::to_owned), None),
        };
        // In JSON the value has a place of its own.
        let place = self.text.as_ref().map(|text| text.place(path.unwrap_or_default()));
        let line = place.map_or(line, |(line, _)| line);
        let column_number =
            column_number.or_else(|| usize::try_from(place.map(|(_, column)| column)?).ok());
        let Wrong { code, mut message, way_out } = wrong;
        let lacking = self.header.as_ref().and_then(|header| header.lacking(path?));
        if let Some(name) = lacking {
            message.push_str(&format!(" (the file has no column {name})"));
        }
        let document = self.document.clone();
        Mistake { row, line, column, column_number, document, severity, code, message, way_out }
    }
}

/// Which line a path is about.
fn line_of(path: &str) -> Option<usize> {
    path.strip_prefix("lines[")?.split_once(']')?.0.parse().ok()
}

impl Parsed {
    /// Nothing is read after this.
    pub(super) fn fatal(
        header: &Arc<Header>,
        start: (u64, u64),
        column: Option<usize>,
        wrong: Wrong,
    ) -> Self {
        let origin = Origin { start, ..Origin::default() };
        let mut mistake = origin.mistake(None, Severity::Error, wrong);
        mistake.column_number = column.map(|at| at + 1);
        mistake.column = column.and_then(|at| header.name(at));
        let mut mistakes = Mistakes::new(MISTAKES_MAX);
        mistakes.push(mistake);
        Self { content: None, mistakes, is_file: true, is_last: true, origin }
    }

    /// The header can't be read: nothing else is.
    pub(super) fn header(mistakes: Mistakes) -> Self {
        let origin = Origin { start: (1, 1), ..Origin::default() };
        Self { content: None, mistakes, is_file: true, is_last: true, origin }
    }

    /// Bytes of the file that are held for it.
    pub(super) fn bytes(&self) -> usize {
        self.origin.text.as_ref().map_or(0, Text::bytes)
    }

    /// What somebody found wrong with the content, at its place in the file.
    #[must_use]
    pub fn mistake(&self, refusal: &Refusal) -> Mistake {
        let wrong = Wrong {
            code: refusal.code.clone(),
            message: refusal.message.clone(),
            way_out: refusal.way_out.clone(),
        };
        self.origin.mistake(refusal.field.as_deref(), Severity::Error, wrong)
    }
}

/// The documents that a file had so far.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<[u8; 16], u64>);

impl Seen {
    /// Remembers a document; fails where it was there, or there are too many.
    pub(super) fn once(&mut self, document: &Document, row: u64) -> Result<(), (Wrong, bool)> {
        let name = format!("{}\0{}", document.kind.name(), document.number);
        let Hash(digest) = Hash::of(name.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        if let Some(first) = self.0.get(&key) {
            let message = format!("it stood in row {first} already");
            let way_out = "put all rows of a document together, and give each its own number";
            return Err((wrong("document-twice", message, way_out), false));
        }
        if self.0.len() >= DOCUMENTS_MAX {
            let message = format!("the file has more than {DOCUMENTS_MAX} documents");
            return Err((wrong("documents-too-many", message, "split it into several"), true));
        }
        self.0.insert(key, row);
        Ok(())
    }
}

/// What stands in a text, document by document.
#[derive(Debug)]
pub struct Documents<R>(Inner<R>);

#[derive(Debug)]
enum Inner<R> {
    Csv(Box<CsvDocuments<Began<R>>>),
    Json(Box<JsonDocuments<Began<R>>>),
}

/// What was read to find out the format, and the rest.
type Began<R> = std::io::Chain<std::io::Cursor<Vec<u8>>, R>;

/// Bytes that are looked at to find out the format.
const PEEK_BYTES: u64 = 64;

/// Reads documents; what can't be read is told as a [`Parsed`] that says so.
pub fn documents<R: Read>(mut source: R, settings: &Settings) -> Documents<R> {
    let mut start = Vec::new();
    // What fails here fails again when it is read on, and is told then.
    let _ = source.by_ref().take(PEEK_BYTES).read_to_end(&mut start);
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    let format = settings.format.unwrap_or(match first {
        Some(b'[' | b'{') => Format::Json,
        _ => Format::Csv,
    });
    let began = std::io::Cursor::new(start).chain(source);
    Documents(match format {
        Format::Csv => Inner::Csv(Box::new(CsvDocuments::open(began, settings))),
        Format::Json => Inner::Json(Box::new(JsonDocuments::open(began, settings))),
    })
}

impl<R: Read> Iterator for Documents<R> {
    type Item = Parsed;

    fn next(&mut self) -> Option<Parsed> {
        match &mut self.0 {
            Inner::Csv(csv) => csv.next(),
            Inner::Json(json) => json.next(),
        }
    }
}

/// An empty list for one document.
pub(super) fn mistakes_of_document() -> Mistakes {
    Mistakes::new(DOCUMENT_MISTAKES_MAX)
}
