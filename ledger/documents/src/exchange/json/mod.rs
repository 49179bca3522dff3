//! Documents of JSON, one after the other: an array of them, or one after the other, a line each or not.
//!
//! Invariants: memory holds one document; what is malformed costs its document and not the rest; a key that
//! stands twice is refused, whichever of the two a parser would have taken. Absent: what a document must
//! say (`walk`).

mod elements;
mod keys;
mod values;
mod walk;

use std::io::Read;

use serde_json::Value;

use self::elements::{Element, Elements};
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
            Ok(Some(element)) => Some(self.document(&element)),
            Err((line, wrong)) => {
                Some(Parsed::fatal(&std::sync::Arc::default(), (self.count, line), None, wrong))
            }
        };
        self.is_over = parsed.as_ref().is_none_or(|parsed| parsed.is_last);
        parsed
    }

    fn document(&mut self, element: &Element) -> Parsed {
        let origin = Origin { start: (self.count, element.line), ..Origin::default() };
        match value(element) {
            Ok(value) => walk::document(&value, &self.settings, origin, &mut self.seen),
            Err((path, wrong)) => {
                let mut mistakes = mistakes_of_document();
                mistakes.push(origin.mistake(path.as_deref(), Severity::Error, wrong));
                Parsed { content: None, mistakes, is_file: false, is_last: false, origin }
            }
        }
    }
}

/// The value that an element is, and no key of it stands twice.
fn value(element: &Element) -> Result<Value, (Option<String>, Wrong)> {
    if element.length > DOCUMENT_BYTES_MAX as u64 {
        let message = format!(
            "{} bytes in one document, at most {DOCUMENT_BYTES_MAX} are read",
            element.length
        );
        let way_out = "split it into several documents";
        return Err((None, wrong("document-too-long", message, way_out)));
    }
    let value = serde_json::from_slice(&element.bytes).map_err(|error| {
        // It counts from the beginning of the document.
        let line = element.line + (error.line() as u64).saturating_sub(1);
        let message = format!("line {line}, byte {}: {}", error.column(), reason(&error));
        (None, wrong("json-malformed", message, "write JSON in UTF-8, as an export does"))
    })?;
    match keys::twice(&element.bytes) {
        None => Ok(value),
        Some(path) => {
            let message = format!("{path} stands twice");
            Err((Some(path), wrong("key-twice", message, "take one of them out")))
        }
    }
}

/// What the parser says, without the place, which is told beside.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}
