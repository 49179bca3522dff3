//! What is wrong with a document, all of it at once: each mistake has a code, its field and the way out.
//!
//! Invariants: nothing that `check` passes can fail later for what it says (places, quantities, names);
//! the work is bounded whatever is stated, because what is beyond a limit is told and not looked at.
//! Absent: what is in stock, who may (the engine), whether a text looks like another: scripts are the
//! business of whoever implements [`Known`].

mod lines;
mod links;

use gatewarden_model::{
    Document, DocumentContent, Hash, Item, ItemId, Location, NOTE_BYTES_MAX, OperatorId, StationId,
};

use crate::{
    fields,
    frame::Frame,
    kinds::{HeadField, KindDefinition, Kinds},
    mistake::{Mistake, Mistakes, hint, is_printable, shown},
    numbering::NUMBER_BYTES_MAX,
};

/// Longest title, name of a lot, owner or partner, in bytes.
pub const TEXT_BYTES_MAX: usize = 256;
/// Largest quantity of one line, in base units: a thousand such lines still sum up in 64 bits.
pub const QUANTITY_MAX: i64 = 1_000_000_000_000_000;

/// What the house knows. Whatever is not known is foreign, and refused.
pub trait Known {
    /// The item of this code.
    fn item(&self, code: &ItemId) -> Option<&Item>;
    /// Whether a partner has this code.
    fn partner(&self, code: &str) -> bool;
    /// Where a document is; none where there is none of that number.
    fn document(&self, document: &Document) -> Option<Frame>;
    /// Whether a document, in any of its versions, has a line of this number.
    fn line(&self, document: &Document, line: u32) -> bool;
    /// Whether some version of a document has this digest.
    fn version(&self, document: &Document, digest: &Hash) -> bool;
    /// Whether stock can be at a place.
    fn place(&self, place: &Location) -> bool;
    /// Whether there is such a station.
    fn station(&self, station: &StationId) -> bool;
    /// Whether there is such an operator, who may still act.
    fn operator(&self, operator: &OperatorId) -> bool;
    /// What in a code looks like something else, in words for people: letters of two scripts, invisible
    /// characters. None where it is plain.
    fn look_alike(&self, text: &str) -> Option<String>;
}

/// Everything that is wrong with one version of a document; empty where nothing is.
#[must_use]
pub fn check(content: &DocumentContent, kinds: &Kinds, known: &dyn Known) -> Vec<Mistake> {
    let mut mistakes = Mistakes::default();
    let Some(kind) = kinds.of(content.document.kind) else {
        let names = kinds.kinds.iter().map(|kind| kind.kind.name());
        let message = format!(
            "no {} is defined in this house{}",
            content.document.kind.words(),
            hint("", names)
        );
        mistakes.put("kind-undefined", "document.kind", message);
        return mistakes.finish();
    };
    let mut look = Look { content, kind, known, mistakes: &mut mistakes };
    look.number();
    look.texts();
    look.names();
    look.dates();
    look.needed();
    look.lines();
    look.links();
    if content.lines.len() <= gatewarden_model::DOCUMENT_LINES_MAX {
        fields::check(content, &kinds.fields, known, &mut mistakes);
    }
    mistakes.finish()
}

/// One look over one document.
struct Look<'a> {
    content: &'a DocumentContent,
    kind: &'a KindDefinition,
    known: &'a dyn Known,
    mistakes: &'a mut Mistakes,
}

impl Look<'_> {
    fn put(&mut self, code: &'static str, field: impl Into<String>, message: impl Into<String>) {
        self.mistakes.put(code, field, message);
    }

    fn number(&mut self) {
        let number = &self.content.document.number;
        let field = "document.number";
        if self.content.version == 0 {
            self.put("version-zero", "version", "versions count from 1");
        }
        if !is_printable(number, NUMBER_BYTES_MAX) || number.trim() != number {
            let message =
                format!("must be 1 to {NUMBER_BYTES_MAX} printable bytes without spaces around");
            return self.put("number-malformed", field, message);
        }
        if let Some(why) = self.known.look_alike(number) {
            return self.put("code-lookalike", field, why);
        }
        if !self.kind.numbers_given && self.kind.numbering.read(number).is_none() {
            let message = format!(
                "{} is no number of this house: a {} is numbered {}",
                shown(number),
                self.kind.kind.words(),
                self.kind.numbering
            );
            self.put("number-foreign", field, message);
        }
    }

    fn texts(&mut self) {
        let (title, note) = (&self.content.title, &self.content.note);
        if !title.is_empty() && !is_printable(title, TEXT_BYTES_MAX) {
            let message = format!(
                "{} bytes: write at most {TEXT_BYTES_MAX} printable ones, the rest into the note",
                title.len()
            );
            self.put("title-malformed", "title", message);
        }
        if note.len() > NOTE_BYTES_MAX {
            let message = format!(
                "{} bytes: write at most {NOTE_BYTES_MAX}, and name a file for the rest",
                note.len()
            );
            self.put("note-too-long", "note", message);
        } else if note.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.put("note-malformed", "note", "has control characters: type it again");
        }
    }

    /// Partner, requester and station exist.
    fn names(&mut self) {
        let content = self.content;
        if let Some(partner) = &content.partner
            && self.code("partner", partner)
            && !self.known.partner(partner)
        {
            let message =
                format!("no partner {} is known: correct the code, or define him", shown(partner));
            self.put("unknown-partner", "partner", message);
        }
        if let Some(name) = &content.requester {
            let good = OperatorId::parse(name).is_ok_and(|name| self.known.operator(&name));
            if !good {
                let message =
                    format!("no operator {} may act here: name one who does", shown(name));
                self.put("unknown-operator", "requester", message);
            }
        }
        if let Some(name) = &content.station {
            let good = StationId::parse(name).is_ok_and(|name| self.known.station(&name));
            if !good {
                let message = format!("no station {} is configured: name one that is", shown(name));
                self.put("unknown-station", "station", message);
            }
        }
    }

    fn dates(&mut self) {
        let content = self.content;
        if let (Some(date), Some(due)) = (content.date, content.due)
            && due < date
        {
            let message = format!("{due} is before the document's day {date}: exchange them");
            self.put("dates-reversed", "due", message);
        }
    }

    /// What this kind's head must state.
    fn needed(&mut self) {
        let content = self.content;
        for field in &self.kind.needs {
            let missing = match field {
                HeadField::Title => content.title.is_empty(),
                HeadField::Partner => content.partner.is_none(),
                HeadField::Date => content.date.is_none(),
                HeadField::Due => content.due.is_none(),
                HeadField::Requester => content.requester.is_none(),
                HeadField::Station => content.station.is_none(),
                HeadField::Note => content.note.trim().is_empty(),
            };
            if missing {
                let message = format!("a {} needs it: state it", self.kind.kind.words());
                self.mistakes.put("field-missing", field.name(), message);
            }
        }
    }

    /// Whether a code is short, printable and plain to see; else that is recorded.
    fn code(&mut self, field: &str, text: &str) -> bool {
        if !is_printable(text, TEXT_BYTES_MAX) || text.trim() != text {
            let message =
                format!("must be 1 to {TEXT_BYTES_MAX} printable bytes without spaces around");
            self.put("name-malformed", field, message);
            return false;
        }
        if let Some(why) = self.known.look_alike(text) {
            self.put("code-lookalike", field, why);
            return false;
        }
        true
    }
}
