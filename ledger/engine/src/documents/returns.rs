//! What comes back of what documents moved: no more of an item than these moved and did not get back yet.
//!
//! Invariants: a line that brings something back names the document that moved it, where its kind asks for that;
//! what other returns of the same documents are still to bring back is counted as brought back; what was not
//! looked up is not known, and refused. Each gateway's pages are made from its journal by `Page::take`, whoever
//! reads that: the engine as it goes on, the daemon for what is over, the judge. Absent: whether it is there.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_documents::{Frame, KindDefinition, Step};
use gatewarden_model::{
    Body, Document, DocumentContent, DocumentKind, DocumentLine, DocumentStep, ItemId, Movement,
};

use crate::{
    command::Command,
    engine::Engine,
    state::{OpenDocument, State},
    turn::{Fault, Turn},
};

/// What a document moved, and what of it came back: base units by item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    moved: BTreeMap<ItemId, i64>,
    /// By the return that brought it.
    back: BTreeMap<Document, BTreeMap<ItemId, i64>>,
}

impl Page {
    /// Counts an entry on the page of `document`. `content` is the version of the document that the entry is about,
    /// as it is then.
    pub fn take(&mut self, document: &Document, content: &DocumentContent, body: &Body) {
        match body {
            Body::Moved { movement, .. } if movement.document == *document => {
                count(&mut self.moved, movement);
            }
            Body::Moved { movement, .. } if names(content, document) && is_return(movement) => {
                count(self.back.entry(movement.document.clone()).or_default(), movement);
            }
            Body::DocumentStepped { document: of, step, .. } if of == document => match step {
                DocumentStep::Fulfilled { lines, .. } => {
                    for done in lines {
                        if let Some(line) = content.line(done.line) {
                            add(&mut self.moved, &line.item, done.quantity);
                        }
                    }
                }
                // What returns bring back is counted by their movements.
                DocumentStep::Consumed { by, items, .. }
                    if by.kind != DocumentKind::ReturnOrder =>
                {
                    items.iter().for_each(|(item, sum)| add(&mut self.moved, item, *sum));
                }
                _ => {}
            },
            _ => {}
        }
    }
}

/// Where pages are kept.
pub(crate) trait Pages {
    /// The page of a document on which something is to be counted; none where it is not kept.
    fn page(&mut self, document: &Document) -> Option<&mut Page>;
}

impl Pages for crate::memory::Recent<Document, Page> {
    fn page(&mut self, document: &Document) -> Option<&mut Page> {
        self.get_mut(document)
    }
}

/// Counts an entry on every page that it is about, before the entry is applied to the state.
pub(crate) fn note(pages: &mut impl Pages, state: &State, body: &Body) {
    let of = match body {
        Body::Moved { movement, .. } => &movement.document,
        Body::DocumentStepped {
            document,
            step: DocumentStep::Fulfilled { .. } | DocumentStep::Consumed { .. },
            ..
        } => document,
        _ => return,
    };
    let Some(open) = state.document(of) else { return };
    let content = &open.content;
    let mut about = BTreeSet::from([of]);
    if matches!(body, Body::Moved { .. }) && of.kind == DocumentKind::ReturnOrder {
        about.extend(named_by(content));
    }
    for document in about {
        if let Some(page) = pages.page(document) {
            page.take(document, content, body);
        }
    }
}

fn is_return(movement: &Movement) -> bool {
    movement.document.kind == DocumentKind::ReturnOrder
}

fn count(sums: &mut BTreeMap<ItemId, i64>, movement: &Movement) {
    let sign = if movement.reverses.is_some() { -1 } else { 1 };
    for line in &movement.lines {
        add(sums, &line.item, line.quantity.saturating_mul(sign));
    }
}

fn add(sums: &mut BTreeMap<ItemId, i64>, item: &ItemId, quantity: i64) {
    let sum = sums.entry(item.clone()).or_default();
    *sum = sum.saturating_add(quantity);
}

fn named_by(content: &DocumentContent) -> impl Iterator<Item = &Document> {
    let of_lines = content.lines.iter().flat_map(|line| &line.links);
    content.links.iter().chain(of_lines).map(|link| &link.document)
}

fn names(content: &DocumentContent, document: &Document) -> bool {
    named_by(content).any(|named| named == document)
}

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

/// Whether a version brings back no more than the documents moved that it names.
pub(crate) fn check_back<'p>(
    state: &State,
    content: &DocumentContent,
    kind: &KindDefinition,
    page: impl Fn(&Document) -> Result<&'p Page, Fault>,
) -> Result<(), Fault> {
    type Asked<'c> = BTreeMap<(BTreeSet<&'c Document>, &'c ItemId), (usize, i64)>;
    let mut asked: Asked<'_> = BTreeMap::new();
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
        sum.1 = sum.1.saturating_add(line.quantity);
    }
    for ((from, item), (at, quantity)) in &asked {
        let left = left_of(state, content, (from, *item), &page)?;
        if *quantity > left {
            let numbers: Vec<&str> = from.iter().map(|one| one.number.as_str()).collect();
            let message = format!(
                "lines[{at}].quantity: {quantity} of {item} are to go back, of {} that are {left}: state no more",
                numbers.join(", ")
            );
            return Err(("more-than-moved", message));
        }
    }
    Ok(())
}

/// What may still go back of an item that these documents moved.
fn left_of<'p>(
    state: &State,
    content: &DocumentContent,
    (from, item): (&BTreeSet<&Document>, &ItemId),
    page: impl Fn(&Document) -> Result<&'p Page, Fault>,
) -> Result<i64, Fault> {
    let (mut moved, mut back) = (0_i64, BTreeMap::<&Document, i64>::new());
    for document in from {
        let page = page(document)?;
        moved = moved.saturating_add(page.moved.get(item).copied().unwrap_or_default());
        for (by, items) in page.back.iter().filter(|(by, _)| **by != content.document) {
            let sum = items.get(item).copied().unwrap_or_default();
            back.insert(by, sum);
        }
    }
    let back = back.values().fold(0, |sum: i64, one| sum.saturating_add(*one));
    let others = state.documents_of(DocumentKind::ReturnOrder);
    let others = others.filter(|open| *open.document() != content.document && is_asked(open));
    let others = others.filter(|open| from.iter().any(|one| names(&open.content, one)));
    let to_come = others.map(|open| to_come(open, item)).fold(0, i64::saturating_add);
    Ok(moved.saturating_sub(back).saturating_sub(to_come).max(0))
}

/// Whether somebody handed it in, and it is not over.
fn is_asked(open: &OpenDocument) -> bool {
    !matches!(open.frame(), Frame::Draft | Frame::Rejected)
}

/// What a return is still to bring back of an item.
fn to_come(open: &OpenDocument, item: &ItemId) -> i64 {
    let lines = open.content.lines.iter().filter(|line| line.item == *item);
    let left = lines.map(|line| {
        let done = open.quantities.line(line.line).map_or(0, |line| line.executed);
        line.quantity.saturating_sub(done).max(0)
    });
    left.fold(0, i64::saturating_add)
}

impl Engine {
    /// The documents of which a command brings something back and of which it is not known what they moved: read
    /// each in the journal and tell by `supply_page`.
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
        let is_source =
            |one: &&Document| kind.legs.iter().any(|leg| leg.sources.contains(&one.kind));
        let mut named: Vec<Document> = named_by(&open.content).filter(is_source).cloned().collect();
        named.sort_unstable();
        named.dedup();
        named.retain(|document| !self.knows_page(document));
        named
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
