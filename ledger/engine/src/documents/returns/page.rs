//! The page of a document: what it moved, what others moved for it, for what it moved, and what came back of it.
//!
//! Invariants: a page is a function of the entries about its document and of the movements of returns that name it;
//! each movement stands on the page of its own document, and once beside on that of each origin that it counted on,
//! by the follower that moved it; what a return moved under a version stands by that version, which names the same
//! documents from beginning to end. Absent: what is still to come back (`state`), what may (`room`).

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{
    Body, Document, DocumentContent, DocumentKind, DocumentStep, ItemId, Movement,
};

use crate::state::State;

/// Base units by item.
type Sums = BTreeMap<ItemId, i64>;

/// What a document moved, and what of it came back: base units by item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// By itself.
    own: Sums,
    /// By followers, where that counts on it too.
    by_followers: BTreeMap<Document, Sums>,
    /// Those on which what it moved itself counts too.
    origins: BTreeSet<Document>,
    /// By the return that brought it, and the version under which.
    back: BTreeMap<(Document, u32), Sums>,
}

impl Page {
    /// Counts an entry on the page of `document`. `content` is the version of the document that the entry is about,
    /// as it is then; none where that is over or never was written, so that nothing counts but what is taken back.
    pub fn take(&mut self, document: &Document, content: Option<&DocumentContent>, body: &Body) {
        match body {
            Body::Moved { movement, .. }
                if movement.document == *document && (content.is_some() || takes_back(body)) =>
            {
                count(&mut self.own, movement);
            }
            Body::Moved { movement, .. } if is_return(&movement.document) => {
                let of = content.filter(|one| one.document == movement.document);
                if let Some(content) = of.filter(|content| names(content, document)) {
                    let by = (movement.document.clone(), content.version);
                    count(self.back.entry(by).or_default(), movement);
                }
            }
            Body::DocumentStepped { document: of, step, .. } => {
                let Some(follower) = counted_by(of, step) else { return };
                if follower == document {
                    self.origins.insert(of.clone());
                } else if of == document {
                    let sums = self.by_followers.entry(follower.clone()).or_default();
                    count_step(sums, content.filter(|one| one.document == *of), step);
                }
            }
            _ => {}
        }
    }

    /// What the document itself moved of an item.
    pub(super) fn own(&self, item: &ItemId) -> i64 {
        self.own.get(item).copied().unwrap_or_default()
    }

    /// The followers that moved some of an item for it, with how much.
    pub(super) fn followers(&self, item: &ItemId) -> impl Iterator<Item = (&Document, i64)> {
        let of_item = |sums: &Sums| sums.get(item).copied().filter(|sum| *sum > 0);
        self.by_followers.iter().filter_map(move |(by, sums)| Some((by, of_item(sums)?)))
    }

    /// The documents on which what it moved counts too.
    pub(super) fn origins(&self) -> impl Iterator<Item = &Document> {
        self.origins.iter()
    }

    /// What came back of an item, by the return and its version.
    pub(super) fn back(&self, item: &ItemId) -> impl Iterator<Item = ((&Document, u32), i64)> {
        let of_item = |sums: &Sums| sums.get(item).copied().unwrap_or_default();
        self.back.iter().map(move |((by, version), sums)| ((by, *version), of_item(sums)))
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
    let (of, follower) = match body {
        Body::Moved { movement, .. } => (&movement.document, None),
        Body::DocumentStepped { document, step, .. } => match counted_by(document, step) {
            Some(follower) => (document, Some(follower)),
            None => return,
        },
        _ => return,
    };
    let content = state.document(of).map(|open| &*open.content);
    if content.is_none() && !takes_back(body) {
        return;
    }
    let mut about = BTreeSet::from([of]);
    about.extend(follower);
    if matches!(body, Body::Moved { .. }) && is_return(of) {
        about.extend(content.into_iter().flat_map(named_by));
    }
    for document in about {
        if let Some(page) = pages.page(document) {
            page.take(document, content, body);
        }
    }
}

/// The follower whose movement a step counts on a document. What a document moved itself, and what returns bring
/// back, is counted by the movements.
fn counted_by<'s>(of: &Document, step: &'s DocumentStep) -> Option<&'s Document> {
    let (DocumentStep::Fulfilled { by, .. } | DocumentStep::Consumed { by, .. }) = step else {
        return None;
    };
    (by != of && !is_return(by)).then_some(by)
}

fn count_step(sums: &mut Sums, content: Option<&DocumentContent>, step: &DocumentStep) {
    match step {
        DocumentStep::Fulfilled { lines, .. } => {
            for done in lines {
                if let Some(line) = content.and_then(|content| content.line(done.line)) {
                    add(sums, &line.item, done.quantity);
                }
            }
        }
        DocumentStep::Consumed { items, .. } => {
            items.iter().for_each(|(item, sum)| add(sums, item, *sum));
        }
        _ => {}
    }
}

fn takes_back(body: &Body) -> bool {
    matches!(body, Body::Moved { movement, .. } if movement.reverses.is_some())
}

fn is_return(document: &Document) -> bool {
    document.kind == DocumentKind::ReturnOrder
}

fn count(sums: &mut Sums, movement: &Movement) {
    let sign = if movement.reverses.is_some() { -1 } else { 1 };
    for line in &movement.lines {
        add(sums, &line.item, line.quantity.saturating_mul(sign));
    }
}

fn add(sums: &mut Sums, item: &ItemId, quantity: i64) {
    let sum = sums.entry(item.clone()).or_default();
    *sum = sum.saturating_add(quantity);
}

fn named_by(content: &DocumentContent) -> impl Iterator<Item = &Document> {
    let of_lines = content.lines.iter().flat_map(|line| &line.links);
    content.links.iter().chain(of_lines).map(|link| &link.document)
}

/// Whether a version names a document, for itself or one of its lines.
pub(super) fn names(content: &DocumentContent, document: &Document) -> bool {
    named_by(content).any(|named| named == document)
}
