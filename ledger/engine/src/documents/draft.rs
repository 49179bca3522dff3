//! What the house knows when a document is checked: items, places, people, and other documents.
//!
//! Invariant: what was not looked up is not known, and refused: a mistake here denies. Partners are only
//! asked for once some are kept as documents. Absent: the rules themselves (`gatewarden-documents`).

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_documents::{Frame, Known, Mistake, check};
use gatewarden_model::{
    Document, DocumentContent, DocumentKind, Hash, Item, ItemId, Location, OperatorId, StationId,
};
use gatewarden_stock::check_code;

use crate::{
    engine::Settings,
    memory::{Memory, Past},
    state::{OpenDocument, State},
};

/// The house at this moment.
pub(crate) struct House<'h> {
    pub(crate) state: &'h State,
    pub(crate) settings: &'h Settings,
    pub(crate) memory: &'h Memory,
    /// What is written at once with it, and before it.
    pub(crate) beside: &'h Beside,
}

/// Documents that count as there while others are looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside {
    pub(super) staged: BTreeMap<Document, Staged>,
    /// How many of those are the first version of theirs.
    pub(super) new_ones: usize,
    /// What the journal tells of others: none where there never was one.
    pub(super) pasts: BTreeMap<Document, Option<Past>>,
}

/// A version that is about to be written.
#[derive(Debug, Clone)]
pub(super) struct Staged {
    pub(super) frame: Frame,
    pub(super) lines: BTreeSet<u32>,
    pub(super) digest: Hash,
}

impl Beside {
    /// Whether it is known here what there is of a document.
    pub(super) fn knows(&self, document: &Document) -> bool {
        self.staged.contains_key(document) || self.pasts.contains_key(document)
    }

    /// What was looked up of a document that is not open.
    pub(super) fn past<'p>(
        &'p self,
        memory: &'p Memory,
        document: &Document,
    ) -> Option<&'p Option<Past>> {
        self.pasts.get(document).or_else(|| memory.past.get(document))
    }
}

impl Known for House<'_> {
    fn item(&self, code: &ItemId) -> Option<&Item> {
        self.settings.items.by_code(code)
    }

    fn partner(&self, code: &str) -> bool {
        let mut kept = self.state.documents_of(DocumentKind::Partner).peekable();
        let none = kept.peek().is_none();
        // While a new version of it is written the one before is in force.
        let counts = |open: &OpenDocument| open.frame().is_open() || !open.versions.is_empty();
        none || kept.any(|open| open.document().number == code && counts(open))
    }

    fn document(&self, document: &Document) -> Option<Frame> {
        let staged = self.beside.staged.get(document).map(|staged| staged.frame);
        let open = || self.state.document(document).map(|open| open.frame());
        staged.or_else(open).or_else(|| self.past(document).map(|past| past.frame))
    }

    fn line(&self, document: &Document, line: u32) -> bool {
        if let Some(staged) = self.beside.staged.get(document) {
            return staged.lines.contains(&line);
        }
        match self.state.document(document) {
            Some(open) => open.quantities.line(line).is_some(),
            None => self.past(document).is_some_and(|past| past.lines.contains(&line)),
        }
    }

    fn version(&self, document: &Document, digest: &Hash) -> bool {
        if self.beside.staged.get(document).is_some_and(|staged| staged.digest == *digest) {
            return true;
        }
        match self.state.document(document) {
            Some(open) => {
                let approved = open.approved.as_ref().map(|(_, digest)| *digest);
                let in_force = || open.versions.iter().any(|one| one.digest() == *digest);
                open.digest == *digest || approved == Some(*digest) || in_force()
            }
            None => self.past(document).is_some_and(|past| past.digests.contains(digest)),
        }
    }

    fn place(&self, place: &Location) -> bool {
        self.settings.places.check("place", place).is_ok()
    }

    fn station(&self, station: &StationId) -> bool {
        let known = &self.settings.stations;
        known.is_empty() || known.contains(station)
    }

    fn operator(&self, operator: &OperatorId) -> bool {
        self.state.operator(operator).is_some()
    }

    fn look_alike(&self, text: &str) -> Option<String> {
        check_code("it", text).err().map(|error| error.to_string())
    }
}

impl House<'_> {
    fn past(&self, document: &Document) -> Option<&Past> {
        self.beside.past(self.memory, document)?.as_ref()
    }
}

/// Everything that is wrong with what a version says; nothing where no procedures are defined.
pub(crate) fn mistakes_in(house: &House<'_>, content: &DocumentContent) -> Vec<Mistake> {
    match house.state.procedures_in_force() {
        Some(procedures) => check(content, &procedures.kinds, house),
        None => vec![],
    }
}
