//! What the house knows when a document is checked: items, places, people, and other documents.
//!
//! Invariant: what was not looked up is not known, and refused: a mistake here denies. Partners are only
//! asked for once some are kept as documents. Absent: the rules themselves (`gatewarden-documents`).

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
        let open = self.state.document(document).map(|open| open.frame());
        open.or_else(|| self.memory.past.get(document)?.as_ref().map(|past| past.frame))
    }

    fn line(&self, document: &Document, line: u32) -> bool {
        match self.state.document(document) {
            Some(open) => open.quantities.line(line).is_some(),
            None => self.past(document).is_some_and(|past| past.lines.contains(&line)),
        }
    }

    fn version(&self, document: &Document, digest: &Hash) -> bool {
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
        self.memory.past.get(document)?.as_ref()
    }
}

/// Everything that is wrong with what a version says; nothing where no procedures are defined.
pub(crate) fn mistakes_in(house: &House<'_>, content: &DocumentContent) -> Vec<Mistake> {
    match house.state.procedures_in_force() {
        Some(procedures) => check(content, &procedures.kinds, house),
        None => vec![],
    }
}
