//! What changed between two versions of a document, field by field: for approvers to see, and to find the
//! signatures that no longer cover what is there.
//!
//! Lines are told apart by their numbers, so that a line put in before others changes none of them.
//! Invariants: two checked versions with the same lines in the same order differ in nothing if and only if
//! their contents are equal but for the version's number; the path of a change is `lines.10.quantity`, `custom.colour`, `note`. Absent: what a reader may
//! not see (`gatewarden_model::mask`).

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Custom, DocumentContent, DocumentLine, DocumentLink};
use serde::Serialize;

/// A change of one field. None is a field that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which field.
    pub field: String,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// Where a field stands in the order of a document.
type Place = (u8, u32, String);

/// What changed from one version to another, in the order of the document.
#[must_use]
pub fn diff(old: &DocumentContent, new: &DocumentContent) -> Vec<Change> {
    let (old, new) = (flat(old), flat(new));
    let places: BTreeSet<&Place> = old.keys().chain(new.keys()).collect();
    let change = |place: &Place| {
        let (was, is) = (old.get(place), new.get(place));
        let changed = || Change { field: place.2.clone(), old: was.cloned(), new: is.cloned() };
        (was != is).then(changed)
    };
    places.into_iter().filter_map(change).collect()
}

/// Whether a signed field covers a change. A pattern is a path in which `*` stands for one part; it covers
/// what stands beneath it too: `lines` covers each line, `lines.*.quantity` all quantities.
#[must_use]
pub fn covers(pattern: &str, field: &str) -> bool {
    let mut parts = field.split('.');
    pattern.split('.').all(|want| parts.next().is_some_and(|part| want == "*" || want == part))
}

/// Whether any change touches any of the signed fields.
#[must_use]
pub fn touches(changes: &[Change], signed: &[String]) -> bool {
    changes.iter().any(|change| signed.iter().any(|pattern| covers(pattern, &change.field)))
}

/// Collects the fields of a document.
#[derive(Default)]
struct Flat {
    fields: BTreeMap<Place, String>,
    section: u8,
    line: u32,
}

impl Flat {
    fn put(&mut self, field: String, value: impl Into<String>) {
        self.fields.insert((self.section, self.line, field), value.into());
    }

    fn some(&mut self, field: String, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.put(field, value.to_string());
        }
    }

    fn section(&mut self, section: u8, line: u32) {
        (self.section, self.line) = (section, line);
    }

    fn custom(&mut self, before: &str, custom: &Custom) {
        for (name, value) in custom {
            self.put(format!("{before}custom.{name}"), value);
        }
    }

    fn links(&mut self, before: &str, links: &[DocumentLink]) {
        for link in links {
            let document = &link.document;
            let line = link.line.map_or(String::new(), |line| format!("#{line}"));
            let name = format!("{before}links.{}/{}{line}", document.kind.name(), document.number);
            let version = link.digest.map_or("linked".to_owned(), |digest| digest.to_string());
            self.put(name, version);
        }
    }

    fn line(&mut self, before: &str, line: &DocumentLine) {
        let name = |field: &str| format!("{before}{field}");
        self.put(name("item"), line.item.as_str());
        self.put(name("quantity"), line.quantity.to_string());
        self.some(name("from"), line.from.as_ref());
        self.some(name("to"), line.to.as_ref());
        self.some(name("lot"), line.lot.as_ref());
        self.some(name("owner"), line.owner.as_ref());
        self.put(name("from_status"), line.from_status.name());
        self.put(name("to_status"), line.to_status.name());
        self.some(name("amount"), line.amount);
        self.some(name("due"), line.due);
        self.custom(before, &line.custom);
        self.links(before, &line.links);
    }
}

fn flat(content: &DocumentContent) -> BTreeMap<Place, String> {
    let mut flat = head(content);
    for line in &content.lines {
        flat.section(3, line.line);
        flat.line(&format!("lines.{}.", line.line), line);
    }
    flat.fields
}

/// The fields of a version without its lines.
pub(crate) fn head_fields(content: &DocumentContent) -> BTreeMap<String, String> {
    named(head(content))
}

/// The fields of one line.
pub(crate) fn line_fields(line: &DocumentLine) -> BTreeMap<String, String> {
    let mut flat = Flat::default();
    flat.line("", line);
    named(flat)
}

fn named(flat: Flat) -> BTreeMap<String, String> {
    flat.fields.into_iter().map(|((_, _, field), value)| (field, value)).collect()
}

fn head(content: &DocumentContent) -> Flat {
    let mut flat = Flat::default();
    let document = &content.document;
    flat.section(0, 0);
    flat.put("document".to_owned(), format!("{}/{}", document.kind.name(), document.number));
    flat.section(1, 0);
    flat.some("title".to_owned(), Some(&content.title).filter(|text| !text.is_empty()));
    flat.some("partner".to_owned(), content.partner.as_ref());
    flat.some("date".to_owned(), content.date);
    flat.some("due".to_owned(), content.due);
    flat.some("requester".to_owned(), content.requester.as_ref());
    flat.some("station".to_owned(), content.station.as_ref());
    flat.some("note".to_owned(), Some(&content.note).filter(|text| !text.is_empty()));
    flat.custom("", &content.custom);
    flat.section(2, 0);
    flat.links("", &content.links);
    flat
}
