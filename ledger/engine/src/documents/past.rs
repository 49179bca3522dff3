//! Documents that are over: looked up in the journal before a command that names one is decided.
//!
//! Invariant: what was not looked up is not known; a number that was used before is never used again. Absent:
//! the looking up (the daemon), what is open (`state`).

use gatewarden_model::{Document, DocumentContent};

use crate::{
    command::Command,
    engine::Engine,
    memory::Past,
    turn::{Fault, Turn},
};

/// Documents that one command may make one look up.
pub const LOOKED_UP_MAX: usize = 4096;

impl Engine {
    /// The documents that a command names and that are neither open nor looked up: look each up in the journal
    /// and tell by `supply_document`.
    #[must_use]
    pub fn missing_documents(&self, command: &Command) -> Vec<Document> {
        let content = match command {
            Command::WriteDocument { content, .. } => Some(content),
            Command::SubmitDocument { document, .. } => {
                self.state().document(document).map(|open| &*open.content)
            }
            _ => None,
        };
        let Some(content) = content else { return vec![] };
        let mut named: Vec<Document> = named_by(content).cloned().collect();
        named.sort_unstable();
        named.dedup();
        named.retain(|document| !self.knows_document(document));
        named.truncate(LOOKED_UP_MAX);
        named
    }

    /// Takes over what the journal tells of a document: none where it never was one.
    pub fn supply_document(&mut self, document: Document, past: Option<Past>) {
        self.remember_document(document, past);
    }
}

/// The documents that a version names, itself first.
fn named_by(content: &DocumentContent) -> impl Iterator<Item = &Document> {
    let of_lines = content.lines.iter().flat_map(|line| &line.links);
    let links = content.links.iter().chain(of_lines).map(|link| &link.document);
    std::iter::once(&content.document).chain(links)
}

impl Turn<'_> {
    /// Refuses a number that a document had that is over.
    pub(super) fn check_number(&self, document: &Document) -> Result<(), Fault> {
        match self.memory.past.get(document) {
            Some(None) => Ok(()),
            Some(Some(_)) => {
                let message = format!(
                    "document.number: there was a {} {} before: take another number",
                    document.kind.words(),
                    document.number
                );
                Err(("number-twice", message))
            }
            None => {
                Err(("not-looked-up", "document.number: it was not looked up: ask again".into()))
            }
        }
    }
}
