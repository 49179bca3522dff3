//! How much may still go back of what documents moved, where some of them moved for others.
//!
//! Invariants: of a document no more goes back than it moved and its followers moved for it; a return that names it
//! takes of that, whatever else it names; a return that names a follower alone takes of it too, as much as that
//! follower moved for it at most; a return is counted once. Where it can't be told whose goods they were, they count
//! with each whose they may be, so that too little goes back rather than too much. Absent: whether it is there.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_documents::Frame;
use gatewarden_model::{Document, DocumentContent, DocumentKind, DocumentLine, ItemId};

use super::page::{Page, names};
use crate::{
    state::{OpenDocument, State},
    turn::Fault,
};

/// What a version is still to bring back: base units of an item, with the place of its first line, by the documents
/// that they come from.
pub(super) type Asked<'a> = BTreeMap<(BTreeSet<&'a Document>, &'a ItemId), (usize, i64)>;

/// A return and a version of it.
type Key<'a> = (&'a Document, u32);

/// A version that is handed in, and what is known beside it.
pub(super) struct Room<'a, P> {
    pub(super) state: &'a State,
    pub(super) content: &'a DocumentContent,
    pub(super) asked: Asked<'a>,
    pub(super) page: P,
}

/// What documents moved of an item.
struct Moved<'a> {
    of: BTreeSet<&'a Document>,
    item: &'a ItemId,
    /// For them, by their followers.
    followers: BTreeMap<&'a Document, i64>,
    /// With what they moved themselves.
    sum: i64,
}

impl<'a, P: Fn(&Document) -> Result<&'a Page, Fault>> Room<'a, P> {
    /// Whether all that is asked may go back.
    pub(super) fn check(&self) -> Result<(), Fault> {
        for ((from, item), (at, quantity)) in &self.asked {
            if *quantity == 0 {
                continue;
            }
            if let Err((asked, left)) = self.fits(from.clone(), item)? {
                let numbers = numbers(from);
                let message = format!(
                    "lines[{at}].quantity: {asked} of {item} are to go back, of {numbers} that are {left}: state no more"
                );
                return Err(("more-than-moved", message));
            }
            for origin in self.origins(from, item)? {
                if let Err((asked, left)) = self.fits(BTreeSet::from([origin]), item)? {
                    let (number, numbers) = (&origin.number, numbers(from));
                    let message = format!(
                        "lines[{at}].quantity: {asked} of {item} are to go back, of {number}, for which {numbers} \
                         moved them, that are {left}: state no more, or name what else they were moved for"
                    );
                    return Err(("more-than-moved", message));
                }
            }
        }
        Ok(())
    }

    /// Whether what is asked of documents may go back of an item; else how much is asked, and how much may.
    fn fits(
        &self,
        of: BTreeSet<&'a Document>,
        item: &'a ItemId,
    ) -> Result<Result<(), (i64, i64)>, Fault> {
        let moved = self.moved(of, item)?;
        let asked = self.asked_of(&moved);
        if self.taken(&moved, asked)? <= moved.sum {
            return Ok(Ok(()));
        }
        let left = moved.sum.saturating_sub(self.taken(&moved, 0)?).max(0);
        Ok(Err((asked, left)))
    }

    /// The documents for which others moved an item.
    fn origins(
        &self,
        from: &BTreeSet<&'a Document>,
        item: &ItemId,
    ) -> Result<BTreeSet<&'a Document>, Fault> {
        let mut found = BTreeSet::new();
        for follower in from {
            for origin in (self.page)(follower)?.origins() {
                if (self.page)(origin)?.followers(item).any(|(by, _)| by == *follower) {
                    found.insert(origin);
                }
            }
        }
        Ok(found)
    }

    /// What documents moved, and others for them. What a follower's page does not tell was taken back there.
    fn moved(&self, of: BTreeSet<&'a Document>, item: &'a ItemId) -> Result<Moved<'a>, Fault> {
        let (mut followers, mut sum) = (BTreeMap::<_, i64>::new(), 0_i64);
        for document in &of {
            let page = (self.page)(document)?;
            sum = sum.saturating_add(page.own(item));
            for (follower, done) in page.followers(item).filter(|(by, _)| !of.contains(by)) {
                let all = followers.entry(follower).or_default();
                *all = all.saturating_add(done);
            }
        }
        for (follower, done) in &mut followers {
            *done = (*done).min((self.page)(follower)?.own(item)).max(0);
            sum = sum.saturating_add(*done);
        }
        Ok(Moved { of, item, followers, sum })
    }

    /// What the version asks of what these documents and their followers moved.
    fn asked_of(&self, moved: &Moved<'_>) -> i64 {
        let takes = |from: &BTreeSet<&Document>| {
            from.iter().any(|one| moved.of.contains(one) || moved.followers.contains_key(one))
        };
        let asked =
            self.asked.iter().filter(|((from, item), _)| *item == moved.item && takes(from));
        asked.fold(0, |sum, (_, (_, quantity))| sum.saturating_add(*quantity))
    }

    /// What came back, is to come back by other returns, and `asked` of it by the version.
    fn taken(&self, moved: &Moved<'a>, asked: i64) -> Result<i64, Fault> {
        let (of, item) = (&moved.of, moved.item);
        let coming = self.coming(item, asked);
        let (direct, others): (Vec<_>, Vec<_>) =
            coming.into_iter().partition(|(content, _)| of.iter().any(|one| names(content, one)));
        let mut own = Sums::default();
        for document in of {
            own.0.extend((self.page)(document)?.back(item));
        }
        direct.iter().for_each(|(content, quantity)| own.add(content, *quantity));
        let (mut through, mut all) = (0_i64, Sums::default());
        for (follower, done) in &moved.followers {
            let back = (self.page)(follower)?.back(item);
            let mut one = Sums(back.filter(|(key, _)| !own.0.contains_key(key)).collect());
            let by_it = others.iter().filter(|(content, _)| names(content, follower));
            by_it.for_each(|(content, quantity)| one.add(content, *quantity));
            through = through.saturating_add(one.sum().min(*done));
            // A return of several followers brings the same of each.
            all.0.extend(one.0);
        }
        Ok(own.sum().saturating_add(through.min(all.sum())))
    }

    /// What is still to come back of an item: by other returns that were handed in, and so much by the version.
    fn coming(&self, item: &ItemId, asked: i64) -> Vec<(&'a DocumentContent, i64)> {
        let others = self.state.documents_of(DocumentKind::ReturnOrder);
        let others =
            others.filter(|open| *open.document() != self.content.document && is_asked(open));
        let others = others.map(|open| (&*open.content, to_come(self.state, &open.content, item)));
        others.chain([(self.content, asked)]).filter(|(_, quantity)| *quantity > 0).collect()
    }
}

/// Base units by the version of the return that brings them; none takes away from another.
#[derive(Default)]
struct Sums<'a>(BTreeMap<Key<'a>, i64>);

impl<'a> Sums<'a> {
    fn add(&mut self, content: &'a DocumentContent, quantity: i64) {
        let sum = self.0.entry((&content.document, content.version)).or_default();
        *sum = sum.saturating_add(quantity);
    }

    fn sum(&self) -> i64 {
        self.0.values().fold(0, |sum: i64, one| sum.saturating_add((*one).max(0)))
    }
}

fn numbers(documents: &BTreeSet<&Document>) -> String {
    let numbers: Vec<&str> = documents.iter().map(|one| one.number.as_str()).collect();
    numbers.join(", ")
}

/// Whether somebody handed it in, and it is not over.
fn is_asked(open: &OpenDocument) -> bool {
    !matches!(open.frame(), Frame::Draft | Frame::Rejected)
}

/// What a version of a return is still to bring back of an item.
fn to_come(state: &State, content: &DocumentContent, item: &ItemId) -> i64 {
    let lines = content.lines.iter().filter(|line| line.item == *item);
    lines.fold(0, |sum: i64, line| sum.saturating_add(left_on(state, content, line)))
}

/// What a line of a return is still to bring back.
pub(super) fn left_on(state: &State, content: &DocumentContent, line: &DocumentLine) -> i64 {
    let open = state.document(&content.document);
    let done = open.and_then(|open| open.quantities.line(line.line)).map_or(0, |one| one.executed);
    line.quantity.saturating_sub(done).max(0)
}
