//! One JSON document to its content, with all that is wrong in it.
//!
//! Invariants: nothing is taken but what serde takes of [`DocumentContent`], and as the same value (a test
//! holds both together); but all mistakes are told at once, each by its path.

use gatewarden_model::{
    Custom, CustomName, DOCUMENT_LINES_MAX, Document, DocumentContent, DocumentLink,
};
use serde_json::{Map, Value};

use super::values::{hash, integer, missing, text, type_wrong, unknown};
use crate::exchange::{
    Settings, cells,
    columns::{Head, OfLine},
    documents::{Origin, Parsed, Seen, mistakes_of_document},
    fill::{self, LineParts},
    mistake::{Mistakes, Severity, Wrong, wrong},
};

/// Most elements of an array that are looked at, beyond which it is too long anyway.
const LINKS_LOOKED_AT_MAX: usize = 1_000;

/// Reads a document.
pub(super) fn document(
    value: &Value,
    settings: &Settings,
    origin: Origin,
    seen: &mut Seen,
) -> Parsed {
    let mut walk = Walk { origin, mistakes: mistakes_of_document() };
    let mut content = fill::nothing();
    match value.as_object() {
        None => {
            walk.tell("", wrong("json-malformed", "a document is an object", "put it in braces"))
        }
        Some(object) => walk.object(object, settings, &mut content),
    }
    let mut is_last = false;
    if !content.document.number.is_empty()
        && let Err((wrong, ends)) = seen.once(&content.document, walk.origin.start.0)
    {
        is_last = ends;
        walk.tell("document.number", wrong);
    }
    let content = (walk.mistakes.errors == 0).then_some(content);
    Parsed { content, mistakes: walk.mistakes, is_file: false, is_last, origin: walk.origin }
}

struct Walk {
    origin: Origin,
    mistakes: Mistakes,
}

impl Walk {
    fn tell(&mut self, path: &str, wrong: Wrong) {
        let path = (!path.is_empty()).then_some(path);
        self.mistakes.push(self.origin.mistake(path, Severity::Error, wrong));
    }

    fn done(&mut self, path: &str, result: Result<(), Wrong>) {
        if let Err(wrong) = result {
            self.tell(path, wrong);
        }
    }

    fn object(
        &mut self,
        object: &Map<String, Value>,
        settings: &Settings,
        content: &mut DocumentContent,
    ) {
        if let Some(kind) = settings.kind {
            content.document.kind = kind;
        }
        match object.get("document") {
            Some(value) => {
                if let Some(document) = self.reference("document", value, settings.kind.is_some()) {
                    content.document = match (document.0, settings.kind) {
                        (Some(kind), _) | (None, Some(kind)) => {
                            Document { kind, number: document.1 }
                        }
                        (None, None) => return,
                    };
                    let name =
                        format!("{} {}", content.document.kind.words(), content.document.number);
                    self.origin.document = Some(name);
                }
            }
            None => self.tell("document", missing("document", "its kind and number")),
        }
        if !object.contains_key("version") {
            self.tell("version", missing("version", "1 for the first"));
        }
        for (key, value) in object.iter().filter(|(key, _)| *key != "document") {
            match key.as_str() {
                "lines" => self.lines(value, content),
                "links" => content.links = self.links("links", value),
                "custom" => content.custom = self.custom("custom", value),
                _ => self.head(key, value, content),
            }
        }
    }

    fn head(&mut self, key: &str, value: &Value, content: &mut DocumentContent) {
        let Some(head) = Head::of_key(key) else { return self.tell(key, unknown(key)) };
        let optional = !matches!(head, Head::Version | Head::Title | Head::Note);
        let read = match head {
            Head::Version => integer(value),
            _ => text(value, optional),
        };
        let set = read.and_then(|text| match text {
            Some(text) => fill::head(content, head, &text),
            None => Ok(()),
        });
        self.done(key, set);
    }

    fn lines(&mut self, value: &Value, content: &mut DocumentContent) {
        let Some(lines) = value.as_array() else {
            return self.tell("lines", type_wrong("an array of lines", value));
        };
        if lines.len() > DOCUMENT_LINES_MAX {
            let message = format!("{} lines, at most {DOCUMENT_LINES_MAX} are kept", lines.len());
            let way_out = "split it into several documents";
            self.tell("lines", wrong("lines-too-many", message, way_out));
        }
        let mut numbers = std::collections::BTreeSet::new();
        for (at, value) in lines.iter().take(DOCUMENT_LINES_MAX).enumerate() {
            let Some(line) = self.line(at, value) else { continue };
            if !numbers.insert(line.line) {
                let message = format!("line {} stands twice in the document", line.line);
                let wrong = wrong("line-twice", message, "number them apart");
                self.tell(&format!("lines[{at}].line"), wrong);
            }
            content.lines.push(line);
        }
    }

    fn line(&mut self, at: usize, value: &Value) -> Option<gatewarden_model::DocumentLine> {
        let Some(object) = value.as_object() else {
            self.tell(&format!("lines[{at}]"), type_wrong("an object", value));
            return None;
        };
        let mut parts = LineParts::default();
        let path = |key: &str| format!("lines[{at}].{key}");
        for (key, value) in object {
            match key.as_str() {
                "links" => parts.links = self.links(&path(key), value),
                "custom" => parts.custom = self.custom(&path(key), value),
                _ => {
                    if let Err(wrong) = part(key, value, &mut parts) {
                        self.tell(&path(key), wrong);
                    }
                }
            }
        }
        if parts.line.is_none() {
            self.tell(&format!("lines[{at}].line"), missing("line", "the number of the line"));
        }
        for (name, wrong) in parts.missing() {
            self.tell(&format!("lines[{at}].{name}"), wrong);
        }
        parts.line()
    }

    /// A kind and a number; the kind may be left out where it is known of the whole file.
    fn reference(
        &mut self,
        path: &str,
        value: &Value,
        is_kind_known: bool,
    ) -> Option<(Option<gatewarden_model::DocumentKind>, String)> {
        let Some(object) = value.as_object() else {
            self.tell(path, type_wrong("an object with kind and number", value));
            return None;
        };
        for key in object.keys().filter(|key| !matches!(key.as_str(), "kind" | "number")) {
            self.tell(&format!("{path}.{key}"), unknown(key));
        }
        let mut read = |name: &str| match object.get(name) {
            Some(value) => match text(value, false) {
                Ok(text) => text,
                Err(wrong) => {
                    self.tell(&format!("{path}.{name}"), wrong);
                    None
                }
            },
            None if name == "kind" && is_kind_known => None,
            None => {
                self.tell(&format!("{path}.{name}"), missing(name, "which document it is"));
                None
            }
        };
        let (kind, number) = (read("kind"), read("number"));
        let kind = match kind.map(|kind| cells::kind(&kind)).transpose() {
            Ok(kind) => kind,
            Err(wrong) => {
                self.tell(&format!("{path}.kind"), wrong);
                return None;
            }
        };
        let number = number?;
        // Elsewhere a document that is new is given the next.
        if number.is_empty() && path == "document" {
            self.tell("document.number", unnumbered());
            return None;
        }
        match cells::number(&number) {
            Ok(number) if kind.is_some() || is_kind_known => Some((kind, number)),
            Ok(_) => None,
            Err(wrong) => {
                self.tell(&format!("{path}.number"), wrong);
                None
            }
        }
    }

    fn links(&mut self, path: &str, value: &Value) -> Vec<DocumentLink> {
        let Some(values) = value.as_array() else {
            self.tell(path, type_wrong("an array of links", value));
            return Vec::new();
        };
        let values = values.iter().take(LINKS_LOOKED_AT_MAX).enumerate();
        let links: Vec<_> =
            values.filter_map(|(at, value)| self.link(&format!("{path}[{at}]"), value)).collect();
        self.done(path, fill::links_fit(&links));
        links
    }

    fn link(&mut self, path: &str, value: &Value) -> Option<DocumentLink> {
        let Some(object) = value.as_object() else {
            self.tell(path, type_wrong("an object", value));
            return None;
        };
        let Some(of) = object.get("document") else {
            self.tell(&format!("{path}.document"), missing("document", "its kind and number"));
            return None;
        };
        let (kind, number) = self.reference(&format!("{path}.document"), of, false)?;
        let (mut line, mut digest) = (None, None);
        for (key, value) in object {
            let read = match key.as_str() {
                "document" => Ok(()),
                "line" if value.is_null() => Ok(()),
                "line" => integer(value).and_then(|text| {
                    line = text.map(|text| cells::ordinal(&text)).transpose()?;
                    Ok(())
                }),
                "digest" => text(value, true).and_then(|text| {
                    digest = text.map(|text| hash(&text)).transpose()?;
                    Ok(())
                }),
                _ => Err(unknown(key)),
            };
            self.done(&format!("{path}.{key}"), read);
        }
        Some(DocumentLink { document: Document { kind: kind?, number }, line, digest })
    }

    fn custom(&mut self, path: &str, value: &Value) -> Custom {
        let mut fields = Custom::new();
        let Some(object) = value.as_object() else {
            self.tell(path, type_wrong("an object of texts by name", value));
            return fields;
        };
        for (key, value) in object {
            let set = cells::custom_name(key).and_then(|name: CustomName| {
                let value = text(value, false)?.unwrap_or_default();
                fill::custom(&mut fields, &name, &value)
            });
            self.done(&format!("{path}.{key}"), set);
        }
        fields
    }
}

fn part(key: &str, value: &Value, parts: &mut LineParts) -> Result<(), Wrong> {
    let Some(part) = OfLine::of_key(key) else { return Err(unknown(key)) };
    let optional = !matches!(part, OfLine::Item | OfLine::FromStatus | OfLine::ToStatus);
    let read = match part {
        OfLine::Line | OfLine::Quantity => integer(value)?,
        _ => text(value, optional)?,
    };
    read.map_or(Ok(()), |text| parts.set(part, &text))
}

/// Documents of a file have numbers: without, those that come in again would be there twice.
fn unnumbered() -> Wrong {
    let message = "it has no number: what comes from a file states one, so that it may come in again and is there once";
    let way_out = "state one, or write it alone by the API, which gives it the next";
    wrong("number-missing", message, way_out)
}
