//! Inspections and returns in the journal: does a lot's finding allow what was decided, over all that its outcomes
//! say, and did nothing come back that was never moved?
//!
//! Invariant: what a version and the movements before it tell is worked out again as the engine does. Absent: what
//! lay at a place at that moment, which the journal does not tell.

use std::collections::{BTreeMap, HashMap};

use gatewarden_documents::KindDefinition;
use gatewarden_model::{Body, Document, DocumentContent, Entry, ItemId, Movement, Scalar};

use super::Verdict;
use crate::{
    documents::{
        inspect,
        returns::{self, Page, Pages},
    },
    state::{OpenDocument, State},
};

/// What documents moved and got back, of every kind: later procedures may hold returns against any, also for what
/// it moved before them.
#[derive(Debug, Default)]
pub(super) struct Book(HashMap<Document, Page>);

impl Pages for Book {
    fn page(&mut self, document: &Document) -> Option<&mut Page> {
        Some(self.0.entry(document.clone()).or_default())
    }
}

impl Book {
    /// Counts an entry, before it is applied to the state.
    pub(super) fn count(&mut self, state: &State, entry: &Entry) {
        if matches!(entry.body, Body::Moved { .. } | Body::DocumentStepped { .. }) {
            returns::note(self, state, &entry.body);
        }
    }

    /// Whether a version that is handed in is what its plan and what it brings back allow.
    pub(super) fn submitted(
        &self,
        state: &State,
        open: &OpenDocument,
        kind: &KindDefinition,
        facts: &BTreeMap<String, Scalar>,
    ) -> Verdict {
        let content = &open.content;
        let found = inspect::found(content, kind).map_err(|(_, why)| why)?;
        if let Some((name, value)) =
            found.iter().find(|(name, value)| facts.get(*name) != Some(value))
        {
            return Err(format!("its fact {name} is {value} by its plan and finding"));
        }
        if kind.sampling.is_some() {
            not_more_than_waits(state, content)?;
        }
        let empty = Page::default();
        let page = |document: &Document| Ok(self.0.get(document).unwrap_or(&empty));
        returns::check_back(state, content, kind, page).map_err(|(_, why)| why)
    }
}

/// Whether an inspection decides on no more than waits of the document that it names.
fn not_more_than_waits(state: &State, content: &DocumentContent) -> Verdict {
    if !inspect::looks_first(content) {
        return Ok(());
    }
    let source = inspect::source_of(content).and_then(|source| state.document(source));
    let Some(source) = source else { return Ok(()) };
    let (lot, left) = (inspect::sum_of(content), inspect::left_to_inspect(state, content, source));
    match lot <= left {
        true => Ok(()),
        false => Err(format!(
            "it decides on {lot}, of {} that are to be inspected {left}",
            source.document().number
        )),
    }
}

/// Whether a movement on an inspection decided so on another document's goods.
pub(super) fn inspected(
    document: &Document,
    (moved, content): (&Movement, &DocumentContent),
    items: &BTreeMap<ItemId, i64>,
) -> bool {
    inspect::decided_of(content, moved)
        .is_some_and(|(source, found)| source == *document && found == *items)
}
