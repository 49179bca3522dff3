//! Documents of JSON, one after the other: an array of them, or one after the other, a line each or not.
//!
//! Invariants: memory holds one document; what is malformed costs its document and not the rest; a key that
//! stands twice is refused, whichever of the two a parser would have taken. Absent: what a document must
//! say (`walk`).

mod elements;
mod keys;
mod places;
mod values;
mod walk;

use std::{io::Read, sync::OnceLock};

use serde_json::Value;

use self::{
    elements::{Element, Elements},
    places::{Place, Places},
};
use super::{
    DOCUMENT_BYTES_MAX, Settings,
    documents::{Origin, Parsed, Seen, mistakes_of_document},
    mistake::{Severity, Wrong, wrong},
};

/// A JSON text that is being read.
#[derive(Debug)]
pub(super) struct JsonDocuments<R> {
    elements: Elements<R>,
    settings: Settings,
    seen: Seen,
    is_over: bool,
    count: u64,
}

impl<R: Read> JsonDocuments<R> {
    /// Nothing is read yet.
    pub(super) fn open(input: R, settings: &Settings) -> Self {
        let (elements, settings) = (Elements::new(input), settings.clone());
        Self { elements, settings, seen: Seen::default(), is_over: false, count: 0 }
    }

    /// The next document; none at the end, and after what nothing can be read beyond.
    pub(super) fn next(&mut self) -> Option<Parsed> {
        if self.is_over {
            return None;
        }
        self.count += 1;
        let parsed = match self.elements.next() {
            Ok(None) => None,
            Ok(Some(element)) => Some(self.document(element)),
            Err((line, wrong)) => {
                Some(Parsed::fatal(&std::sync::Arc::default(), (self.count, line), None, wrong))
            }
        };
        self.is_over = parsed.as_ref().is_none_or(|parsed| parsed.is_last);
        parsed
    }

    fn document(&mut self, element: Element) -> Parsed {
        let start = (element.line, element.column);
        let mut origin = Origin { start: (self.count, element.line), ..Origin::default() };
        match value(&element) {
            Ok(value) => {
                origin.text = Some(Text::new(element.bytes, start));
                walk::document(&value, &self.settings, origin, &mut self.seen)
            }
            Err(Malformed { place, path, wrong }) => {
                if path.is_some() {
                    origin.text = Some(Text::new(element.bytes, start));
                }
                let mut mistakes = mistakes_of_document();
                let mut mistake = origin.mistake(path.as_deref(), Severity::Error, wrong);
                if let Some((line, column)) = place {
                    mistake.line = line;
                    mistake.column_number = usize::try_from(column).ok();
                }
                mistakes.push(mistake);
                Parsed { content: None, mistakes, is_file: false, is_last: false, origin }
            }
        }
    }
}

/// The text of a document, for the places of what is wrong in it.
#[derive(Debug, Clone)]
pub(super) struct Text {
    bytes: Vec<u8>,
    start: Place,
    /// Looked for when the first mistake is told.
    places: OnceLock<Places>,
}

impl Text {
    fn new(bytes: Vec<u8>, start: Place) -> Self {
        Self { bytes, start, places: OnceLock::new() }
    }

    /// How long it is, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Where a part of the document stands.
    pub(super) fn place(&self, path: &str) -> Place {
        let places = self.places.get_or_init(|| Places::of(&self.bytes, self.start));
        places.at(path).unwrap_or(self.start)
    }
}

/// Why a text is no document.
struct Malformed {
    /// Where, if it is known.
    place: Option<Place>,
    /// At which part, if it is at one.
    path: Option<String>,
    wrong: Wrong,
}

/// The value that an element is, and no key of it stands twice.
fn value(element: &Element) -> Result<Value, Malformed> {
    if element.length > DOCUMENT_BYTES_MAX as u64 {
        let message = format!(
            "{} bytes in one document, at most {DOCUMENT_BYTES_MAX} are read",
            element.length
        );
        let wrong = wrong("document-too-long", message, "split it into several documents");
        return Err(Malformed { place: None, path: None, wrong });
    }
    let value = serde_json::from_slice(&element.bytes).map_err(|error| {
        // It counts from the beginning of the document, in bytes.
        let line = element.line + (error.line() as u64).saturating_sub(1);
        let before = if error.line() <= 1 { element.column.saturating_sub(1) } else { 0 };
        let message = format!("line {line}, byte {}: {}", error.column(), reason(&error));
        let wrong = wrong("json-malformed", message, "write JSON in UTF-8, as an export does");
        let place = Some((line, (error.column() as u64).max(1) + before));
        Malformed { place, path: None, wrong }
    })?;
    match keys::twice(&element.bytes) {
        None => Ok(value),
        Some(path) => {
            let message = format!("{path} stands twice");
            let wrong = wrong("key-twice", message, "take one of them out");
            Err(Malformed { place: None, path: Some(path), wrong })
        }
    }
}

/// What the parser says, without the place, which is told beside.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}
