//! What a document moved and got back, read from the journal for a return that depends on it.
//!
//! Invariants: what a group has recorded and not written yet counts too; a document with more entries than are
//! read is not known, so that nothing goes back on it. Absent: what may go back (the engine).

use std::collections::BTreeSet;

use gatewarden_engine::Page;
use gatewarden_model::{
    Body, Document, DocumentContent, DocumentKind, Entry, Subject, SubjectKind,
};
use gatewarden_store::{LedgerReader, StoreError};

/// Entries about one number that are read.
const ENTRIES_MAX: usize = 10_000;
/// Entries that are read for one page, with those of the returns on it.
const READ_MAX: usize = 20_000;

/// What reading for a page came to.
pub(super) struct Reading {
    /// None where the document has too many entries.
    pub(super) page: Option<Page>,
    /// Entries that were read for it.
    pub(super) read: usize,
}

/// The page of a document.
pub(super) fn page_of(
    ledger: &LedgerReader,
    document: &Document,
    unwritten: &[Entry],
) -> Result<Reading, StoreError> {
    let mut read = 0;
    let page = read_page(ledger, document, unwritten, &mut read)?;
    Ok(Reading { page, read })
}

fn read_page(
    ledger: &LedgerReader,
    document: &Document,
    unwritten: &[Entry],
    read: &mut usize,
) -> Result<Option<Page>, StoreError> {
    let (mut page, mut returns) = (Page::default(), BTreeSet::new());
    let Some(entries) = about(ledger, document, unwritten, read)? else { return Ok(None) };
    let mut version = None;
    for entry in entries {
        match entry.body {
            Body::DocumentWritten { content, .. } if content.document == *document => {
                version = Some(content);
            }
            Body::DocumentWritten { content, .. } if is_return(&content) => {
                returns.insert(content.document);
            }
            body => page.take(document, version.as_ref(), &body),
        }
    }
    for one in returns {
        let Some(entries) = about(ledger, &one, unwritten, read)? else { return Ok(None) };
        if *read > READ_MAX {
            return Ok(None);
        }
        let mut version = None;
        for entry in entries {
            match entry.body {
                Body::DocumentWritten { content, .. } if content.document == one => {
                    version = Some(content);
                }
                // What is taken back of a return that is over counts as brought back, as in the engine.
                Body::DocumentStepped { document: over, step, .. }
                    if over == one && step.is_final() =>
                {
                    version = None;
                }
                body if moves(&body, &one) => page.take(document, version.as_ref(), &body),
                _ => {}
            }
        }
    }
    Ok(Some(page))
}

/// The entries about a document's number, oldest first; none where they are too many.
fn about(
    ledger: &LedgerReader,
    document: &Document,
    unwritten: &[Entry],
    read: &mut usize,
) -> Result<Option<Vec<Entry>>, StoreError> {
    let subject = Subject { kind: SubjectKind::Document, key: document.number.clone() };
    let mut entries = ledger.touching(&subject, ENTRIES_MAX)?;
    *read += entries.len();
    if entries.len() >= ENTRIES_MAX {
        return Ok(None);
    }
    entries.extend_from_slice(unwritten);
    Ok(Some(entries))
}

fn is_return(content: &DocumentContent) -> bool {
    content.document.kind == DocumentKind::ReturnOrder
}

fn moves(body: &Body, document: &Document) -> bool {
    matches!(body, Body::Moved { movement, .. } if movement.document == *document)
}
