//! A document as the journal tells it: its versions, what became of it, what the engine must know of one that is over.
//!
//! Invariant: what is read of one number is bounded, and told where that was not all. Absent: how it is shown (`view`).

use std::collections::{BTreeSet, VecDeque};

use gatewarden_documents::Frame;
use gatewarden_model::{
    Actor, Body, Document, DocumentContent, DocumentKind, DocumentStep, Entry, Stamp, Subject,
    SubjectKind,
};
use gatewarden_store::{LedgerReader, StoreError};

/// Entries about a number that are looked through for a document: whoever names it adds to them.
const ENTRIES_MAX: usize = 100_000;
/// Entries that are read at once.
const READ_AT_ONCE: usize = 1_000;
/// Versions of a document that is over that are shown.
const VERSIONS_MAX: usize = 10_000;

/// A document as its entries tell it.
pub(crate) struct Past {
    /// The newest of them, the oldest first.
    versions: VecDeque<Version>,
    last: Option<DocumentStep>,
}

/// A version as it was written.
pub(super) struct Version {
    pub(super) at: Stamp,
    pub(super) by: Actor,
    pub(super) content: DocumentContent,
    /// Whether nobody wrote it: it is what a count found.
    is_found: bool,
}

impl Past {
    /// What the journal tells of a document, as far as it is read; none where it tells of none.
    pub(super) fn of(
        ledger: &LedgerReader,
        document: &Document,
    ) -> Result<Option<Self>, StoreError> {
        let mut past = Self::empty();
        each_of(ledger, document, &mut |entry| past.take(entry))?;
        Ok((!past.versions.is_empty()).then_some(past))
    }

    pub(super) fn empty() -> Self {
        Self { versions: VecDeque::new(), last: None }
    }

    pub(super) fn take(&mut self, entry: Entry) {
        match entry.body {
            Body::DocumentWritten { content, by, decision, .. } => {
                if self.versions.len() >= VERSIONS_MAX {
                    self.versions.pop_front();
                }
                let is_count = content.document.kind == DocumentKind::CountOrder;
                let is_found = is_count && content.version > 1 && decision.is_none();
                self.versions.push_back(Version { at: entry.at, by, content, is_found });
            }
            Body::DocumentStepped { step, .. } => self.last = Some(step),
            _ => {}
        }
    }

    /// The versions, the oldest first.
    pub(super) fn into_contents(self) -> Vec<DocumentContent> {
        self.versions.into_iter().map(|version| version.content).collect()
    }

    /// Leaves out what counts found, unless that was decided on or `sees`: the bins may be counted anew.
    pub(super) fn without_found(mut self, sees: bool) -> Self {
        if !sees && !matches!(self.last, Some(DocumentStep::Closed { .. })) {
            self.versions.retain(|version| !version.is_found);
        }
        self
    }

    /// Whether it has a version.
    pub(super) fn has(&self, version: u32) -> bool {
        self.versions.iter().any(|one| one.content.version == version)
    }

    /// Its newest version, and where it ended.
    pub(super) fn newest(mut self) -> Option<(Version, Frame)> {
        let frame = frame_after(self.last.as_ref());
        self.versions.pop_back().map(|version| (version, frame))
    }
}

/// Whether an entry wrote a document or took a step of it.
pub(super) fn is_own(entry: &Entry, document: &Document) -> bool {
    match &entry.body {
        Body::DocumentWritten { content, .. } => content.document == *document,
        Body::DocumentStepped { document: of, .. } => of == document,
        _ => false,
    }
}

/// Shows the entries that wrote a document or took a step of it, as `each_naming` does.
fn each_of(
    ledger: &LedgerReader,
    document: &Document,
    see: &mut dyn FnMut(Entry),
) -> Result<bool, StoreError> {
    each_naming(ledger, document, &mut |entry| {
        if is_own(&entry, document) {
            see(entry);
        }
    })
}

/// Shows the entries about a document's number, in sequence, however many there are. False where more is recorded
/// about it than is looked through.
pub(super) fn each_naming(
    ledger: &LedgerReader,
    document: &Document,
    see: &mut dyn FnMut(Entry),
) -> Result<bool, StoreError> {
    let subject = Subject { kind: SubjectKind::Document, key: document.number.clone() };
    let (mut from, mut looked) = (0, 0);
    while looked < ENTRIES_MAX {
        let entries = ledger.touching_from(&subject, from, READ_AT_ONCE)?;
        let Some(last) = entries.last() else { return Ok(true) };
        (from, looked) = (last.seq.saturating_add(1), looked + entries.len());
        entries.into_iter().for_each(&mut *see);
    }
    Ok(ledger.touching_from(&subject, from, 1)?.is_empty())
}

fn frame_after(last: Option<&DocumentStep>) -> Frame {
    match last {
        Some(DocumentStep::Cancelled { .. }) => Frame::Cancelled,
        _ => Frame::Closed,
    }
}

/// What the journal tells of a document to the engine.
pub(crate) enum Told {
    /// There never was one.
    Nothing,
    /// It was there, and is over unless it is open.
    Over(gatewarden_engine::Past),
    /// So much that it is not known whether it ever was.
    TooMuch,
}

/// What the engine must know of a document that is over.
pub(crate) fn past_of(ledger: &LedgerReader, document: &Document) -> Result<Told, StoreError> {
    let (mut last, mut lines, mut digests) = (None, BTreeSet::new(), BTreeSet::new());
    let whole = each_of(ledger, document, &mut |entry| match entry.body {
        Body::DocumentWritten { content, .. } => {
            lines.extend(content.lines.iter().map(|line| line.line));
            digests.insert(content.digest());
        }
        Body::DocumentStepped { step, .. } => last = Some(step),
        _ => {}
    })?;
    let frame = frame_after(last.as_ref());
    Ok(match (whole, digests.is_empty()) {
        (false, _) => Told::TooMuch,
        (true, true) => Told::Nothing,
        (true, false) => Told::Over(gatewarden_engine::Past { frame, lines, digests }),
    })
}
