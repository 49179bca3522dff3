//! Two versions of a document side by side: its head, and its lines added, removed and changed.
//!
//! Lines are told apart by their numbers; those of a BOM by the component, because who renumbers a BOM changes
//! nothing of it. Invariant: nothing differs here if and only if nothing differs in `diff`, but for the numbers of
//! lines that are told apart by component, which are told as a change of `line`. Absent: what a reader may not see
//! (mask both versions first), what a change means for signatures (`diff`).

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{DocumentContent, DocumentKind, DocumentLine, ItemId};
use serde::Serialize;

use crate::diff::{Change, head_fields, line_fields};

/// What differs between two versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The older version's number.
    pub from: u32,
    /// The newer version's number.
    pub to: u32,
    /// Fields of the head, custom fields and links included.
    pub head: Vec<Change>,
    /// Lines, in the order of the newer version, those that are gone last.
    pub lines: Vec<LineDifference>,
}

/// What differs in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineDifference {
    /// Its number, in the newer version where it is there.
    pub line: u32,
    /// Its item.
    pub item: ItemId,
    /// What became of it.
    pub what: LineChange,
    /// Its fields: all of a line that came or went, those that differ of one that stayed.
    pub fields: Vec<Change>,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineChange {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It is another.
    Changed,
}

impl LineChange {
    /// Its name, as in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// What a line is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'c> {
    Number(u32),
    /// The how many-th line of a component.
    Component(&'c ItemId, u32),
}

/// What differs from one version to another.
#[must_use]
pub fn compare(old: &DocumentContent, new: &DocumentContent) -> Difference {
    let (was, is) = (head_fields(old), head_fields(new));
    Difference {
        from: old.version,
        to: new.version,
        head: changes(&was, &is),
        lines: lines(old, new),
    }
}

fn lines(old: &DocumentContent, new: &DocumentContent) -> Vec<LineDifference> {
    let by_component = new.document.kind == DocumentKind::Bom;
    let (was, is) = (keyed(old, by_component), keyed(new, by_component));
    let before: BTreeMap<&Key<'_>, &DocumentLine> = was.iter().map(|(k, l)| (k, *l)).collect();
    let after: BTreeSet<&Key<'_>> = is.iter().map(|(key, _)| key).collect();
    let mut found = vec![];
    for (key, line) in &is {
        let fields = fields_of(line, by_component);
        let (what, changed) = match before.get(key) {
            None => (LineChange::Added, changes(&BTreeMap::new(), &fields)),
            Some(old) => (LineChange::Changed, changes(&fields_of(old, by_component), &fields)),
        };
        if !changed.is_empty() {
            found.push(told(line, what, changed));
        }
    }
    for (_, line) in was.iter().filter(|(key, _)| !after.contains(key)) {
        let gone = changes(&fields_of(line, by_component), &BTreeMap::new());
        found.push(told(line, LineChange::Removed, gone));
    }
    found
}

fn told(line: &DocumentLine, what: LineChange, fields: Vec<Change>) -> LineDifference {
    LineDifference { line: line.line, item: line.item.clone(), what, fields }
}

fn fields_of(line: &DocumentLine, by_component: bool) -> BTreeMap<String, String> {
    let mut fields = line_fields(line);
    if by_component {
        fields.insert("line".to_owned(), line.line.to_string());
    }
    fields
}

/// The lines of a version with what they are known by, in their order.
fn keyed(content: &DocumentContent, by_component: bool) -> Vec<(Key<'_>, &DocumentLine)> {
    let mut counts = BTreeMap::<&ItemId, u32>::new();
    let mut all = Vec::with_capacity(content.lines.len());
    for line in &content.lines {
        let known_by = match by_component {
            false => Key::Number(line.line),
            true => {
                let count = counts.entry(&line.item).or_default();
                *count += 1;
                Key::Component(&line.item, *count)
            }
        };
        all.push((known_by, line));
    }
    all
}

fn changes(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<Change> {
    let fields: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |field: &String| {
        let (was, is) = (old.get(field), new.get(field));
        let changed = || Change { field: field.clone(), old: was.cloned(), new: is.cloned() };
        (was != is).then(changed)
    };
    fields.into_iter().filter_map(change).collect()
}
