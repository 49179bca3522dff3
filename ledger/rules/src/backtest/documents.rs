//! Documents as a journal tells them: the newest version of each that is not over.
//!
//! Invariants: a version is known from its entry to the end of its document; at most [`LINES_MAX`] lines are kept,
//! the oldest documents are forgotten first, which is told. Absent: what a document may do (the engine).

use std::collections::{BTreeMap, HashMap, VecDeque};

use gatewarden_model::{Actor, Body, Document, DocumentContent, DocumentStep, Entry, Scalar};

use crate::facts::{Fact, Facts, Record, Untold};

/// Most lines of documents that are kept; a document counts as one more.
const LINES_MAX: usize = 400_000;

#[derive(Debug, Default)]
pub(super) struct Documents {
    open: HashMap<Document, DocumentContent>,
    /// In the order in which they were first written.
    order: VecDeque<Document>,
    lines: usize,
    overflow: bool,
}

/// A document that was handed in, with the facts of that moment.
pub(super) struct Submitted<'d> {
    pub(super) content: &'d DocumentContent,
    facts: &'d BTreeMap<String, Scalar>,
    lines: &'d [BTreeMap<String, Scalar>],
    by: &'d Actor,
}

impl Submitted<'_> {
    /// Puts the facts of that moment.
    pub(super) fn put(&self, facts: &mut Facts) {
        for (name, value) in self.facts {
            facts.set(name.clone(), value.clone());
        }
        let record = |line: &BTreeMap<String, Scalar>| -> Record {
            line.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        if !self.lines.is_empty() {
            facts.set_records("lines", self.lines.iter().map(record).collect());
        }
        facts.set("document.state", "draft");
        put_session(facts, self.by);
    }
}

/// Puts who did what an entry tells of a document, and how it stands then.
pub(super) fn put_after(facts: &mut Facts, entry: &Entry) {
    match &entry.body {
        Body::DocumentWritten { by, .. } => {
            facts.set("document.state", "draft");
            put_session(facts, by);
        }
        Body::DocumentStepped { by, .. } => {
            facts.set("document.state", Untold::NotHere);
            put_session(facts, by);
        }
        _ => {}
    }
}

/// Who acts; how strongly he was authenticated is told by his session, which is not followed here.
fn put_session(facts: &mut Facts, by: &Actor) {
    let Actor::Operator { id, .. } = by else { return };
    facts.set("session.operator", id.as_str());
    for name in ["session.auth_level", "session.roles", "session.second", "session.station"] {
        facts.set(name, Fact::Untold(Untold::NotHere));
    }
}

impl Documents {
    pub(super) fn overflow(&self) -> bool {
        self.overflow
    }

    pub(super) fn of(&self, document: &Document) -> Option<&DocumentContent> {
        self.open.get(document)
    }

    /// What was handed in, where an entry tells that.
    pub(super) fn submitted<'d>(&'d self, entry: &'d Entry) -> Option<Submitted<'d>> {
        let Body::DocumentStepped { document, version, step, by, .. } = &entry.body else {
            return None;
        };
        let DocumentStep::Submitted { facts, lines, .. } = step else { return None };
        let content = self.of(document).filter(|content| content.version == *version)?;
        Some(Submitted { content, facts, lines, by })
    }

    /// Takes the next entry, after it was asked about.
    pub(super) fn take(&mut self, entry: &Entry) {
        match &entry.body {
            Body::DocumentWritten { content, .. } => self.written(content),
            Body::DocumentStepped { document, step, .. } if step.is_final() => {
                self.forget(document)
            }
            _ => {}
        }
    }

    fn written(&mut self, content: &DocumentContent) {
        self.lines += content.lines.len() + 1;
        match self.open.insert(content.document.clone(), content.clone()) {
            Some(before) => self.lines -= before.lines.len() + 1,
            None => self.order.push_back(content.document.clone()),
        }
        while self.lines > LINES_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(content) = self.open.remove(&oldest) {
                self.lines -= content.lines.len() + 1;
                self.overflow = true;
            }
        }
    }

    fn forget(&mut self, document: &Document) {
        let Some(content) = self.open.remove(document) else { return };
        self.lines -= content.lines.len() + 1;
        // Its place in the order is found empty later, unless most places are.
        if self.order.len() > 2 * self.open.len() + 64 {
            self.order.retain(|one| self.open.contains_key(one));
        }
    }
}
