//! What comes back of what documents moved: no more of an item than these moved and did not get back yet.
//!
//! Invariants: a line that brings something back names the document that moved it, where its kind asks for that;
//! what other returns of the same documents are still to bring back is counted as brought back; goods that a receipt
//! moved for its order go back once, on whichever of both a return names; what was not looked up is not known, and
//! refused. Each gateway's pages are made from its journal by `Page::take`, whoever reads that: the engine as it goes
//! on, the daemon for what is over, the judge. Absent: whether it is there.

mod page;
mod room;

use std::collections::BTreeSet;

use gatewarden_documents::{KindDefinition, Step};
use gatewarden_model::{Document, DocumentContent, DocumentKind, DocumentLine};

pub use page::Page;
pub(crate) use page::{Pages, note};

use crate::{
    command::Command,
    engine::Engine,
    state::State,
    turn::{Fault, Turn},
};
use room::{Asked, Room, left_on};

/// Documents whose pages one return may need.
const RELATIVES_MAX: usize = 1024;

/// The documents that a line brings back from: those of the first kind that is named, by the line or the head.
fn sources<'c>(
    content: &'c DocumentContent,
    line: &'c DocumentLine,
    kinds: &[DocumentKind],
) -> BTreeSet<&'c Document> {
    let named = |kind: &DocumentKind| -> BTreeSet<&'c Document> {
        let links = line.links.iter().chain(&content.links).map(|link| &link.document);
        links.filter(|document| document.kind == *kind).collect()
    };
    kinds.iter().map(named).find(|found| !found.is_empty()).unwrap_or_default()
}

/// Whether a version brings back no more than the documents moved that it names, and those that these moved for.
pub(crate) fn check_back<'a>(
    state: &'a State,
    content: &'a DocumentContent,
    kind: &KindDefinition,
    page: impl Fn(&Document) -> Result<&'a Page, Fault>,
) -> Result<(), Fault> {
    let mut asked = Asked::new();
    for (at, line) in content.lines.iter().enumerate() {
        let Some(leg) = kind.leg(line).filter(|leg| !leg.sources.is_empty()) else { continue };
        let from = sources(content, line, &leg.sources);
        if from.is_empty() {
            let kinds: Vec<&str> = leg.sources.iter().map(|kind| kind.words()).collect();
            let message = format!(
                "links: lines[{at}] brings back what nothing says was moved: name its {}",
                kinds.join(" or ")
            );
            return Err(("source-missing", message));
        }
        let sum = asked.entry((from, &line.item)).or_insert((at, 0));
        sum.1 = sum.1.saturating_add(left_on(state, content, line));
    }
    Room { state, content, asked, page }.check()
}

/// The documents that a version brings back from, with their followers, their origins and the followers of these, as
/// far as the pages tell that are known.
fn relatives<'a>(
    content: &'a DocumentContent,
    kind: &KindDefinition,
    page: impl Fn(&Document) -> Option<&'a Page>,
) -> BTreeSet<&'a Document> {
    let legs = content.lines.iter().filter_map(|line| Some((line, kind.leg(line)?)));
    let named: BTreeSet<&Document> =
        legs.flat_map(|(line, leg)| sources(content, line, &leg.sources)).collect();
    let pages: Vec<&Page> = named.iter().filter_map(|one| page(one)).collect();
    let origins: BTreeSet<&Document> = pages.iter().flat_map(|page| page.origins()).collect();
    let all_pages = pages.into_iter().chain(origins.iter().filter_map(|one| page(one)));
    let of_page = |page: &'a Page| {
        content.lines.iter().flat_map(|line| page.followers(&line.item)).map(|(by, _)| by)
    };
    let followers: BTreeSet<&Document> = all_pages.flat_map(of_page).collect();
    named.into_iter().chain(origins).chain(followers).collect()
}

impl Engine {
    /// The documents on which it depends what a command may bring back, and of which it is not known what they moved:
    /// read each in the journal and tell by `supply_page`, then ask again, because pages tell of further documents.
    /// None where they are too many: the command is refused.
    #[must_use]
    pub fn missing_pages(&self, command: &Command) -> Vec<Document> {
        let Command::SubmitDocument { document, by, .. } = command else { return vec![] };
        let Some(open) = self.state().document(document) else { return vec![] };
        // Nothing is looked up for whoever is refused anyway.
        if !self.may_take(by, &open.content, &Step::Submit) {
            return vec![];
        }
        let known = self.state().procedures_in_force();
        let Some(kind) = known.and_then(|known| known.kinds.of(document.kind)) else {
            return vec![];
        };
        let all = relatives(&open.content, kind, |document| self.page_of(document));
        if all.len() > RELATIVES_MAX {
            return vec![];
        }
        all.into_iter().filter(|document| !self.knows_page(document)).cloned().collect()
    }

    /// Takes over what the journal tells that a document moved and got back; none where that is too much to be read.
    pub fn supply_page(&mut self, document: Document, page: Option<Page>) {
        self.remember_page(document, page);
    }
}

impl Turn<'_> {
    /// Whether a version brings back no more than the documents moved that it names.
    pub(super) fn check_returns(
        &self,
        content: &DocumentContent,
        kind: &KindDefinition,
    ) -> Result<(), Fault> {
        let all = relatives(content, kind, |document| self.memory.pages.get(document));
        if all.len() > RELATIVES_MAX {
            let message = format!(
                "links: {} documents moved for the same orders, no more than {RELATIVES_MAX} are read: name another \
                 document of it",
                all.len()
            );
            return Err(("too-much-to-read", message));
        }
        check_back(self.state, content, kind, |document| self.page(document))
    }

    fn page(&self, document: &Document) -> Result<&Page, Fault> {
        let number = &document.number;
        match self.memory.pages.get(document) {
            Some(page) => Ok(page),
            None if self.memory.unread_pages.get(document).is_some() => {
                let message = format!(
                    "links: so much is recorded about {number} that it was not read: name another document of it"
                );
                Err(("too-much-to-read", message))
            }
            None => Err(("not-looked-up", format!("links: {number} was not looked up: ask again"))),
        }
    }
}
