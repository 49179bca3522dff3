//! Documents as the API shows them: those that are open from the engine, those that are over from the journal.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_documents::{Frame, LineQuantities};
use gatewarden_engine::{Count, CountPhase, Engine, OpenDocument, Retelling, Todo};
use gatewarden_model::{
    Actor, Body, Document, DocumentContent, DocumentKind, Field, FieldRights, Hash, ItemId, Mask,
    OperatorId, RuleFiring, Stamp, TaskId, Verdict,
};
use gatewarden_store::{LedgerReader, StoreError};
use gatewarden_workflow::Instance;
use serde::Serialize;

use super::past::{Past, Version, each_naming, is_own};

/// Who somebody is, as documents name him.
fn name_of(by: &Actor) -> String {
    match by {
        Actor::Operator { id, .. } => id.to_string(),
        Actor::Client { id } => id.to_string(),
        Actor::Local { uid } => format!("local user {uid}"),
        Actor::Daemon => "the gateway".to_owned(),
        Actor::Nobody => "nobody".to_owned(),
    }
}

/// What everybody is shown of a document: of one that is counted, its order.
fn shown(open: &OpenDocument) -> &DocumentContent {
    open.count.as_ref().map_or(&open.content, |count| &count.order)
}

/// The digest of that; of a count that was rejected none, since its order is not known from here.
fn listed_digest(open: &OpenDocument) -> Hash {
    match &open.count {
        Some(count) => count.order.digest(),
        None if open.document().kind == DocumentKind::CountOrder
            && open.frame() == Frame::Rejected =>
        {
            Hash::of(b"")
        }
        None => open.digest,
    }
}

/// A document in a list.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    document: Document,
    version: u32,
    digest: Hash,
    state: String,
    author: String,
    title: String,
    at: Stamp,
    /// Whether it is shown to somebody who is asked to sign, and needs the digest to do so.
    #[serde(skip)]
    is_asked: bool,
}

/// A digest tells its content to whoever tries all that it may be.
impl Mask for Listed {
    fn mask(&mut self, rights: &FieldRights) {
        if !self.is_asked && !Field::ALL.iter().all(|field| rights.sees(field)) {
            self.digest = Hash::of(b"");
        }
    }
}

impl Listed {
    pub(super) fn of(open: &OpenDocument) -> Self {
        Self {
            document: open.document().clone(),
            version: shown(open).version,
            digest: listed_digest(open),
            state: open.stage.own.clone().unwrap_or_else(|| open.frame().name().to_owned()),
            author: name_of(&open.by),
            title: open.content.title.clone(),
            at: open.at,
            is_asked: false,
        }
    }

    /// As `of`, for somebody who is asked to sign it.
    pub(super) fn asked(open: &OpenDocument) -> Self {
        let (version, digest) = (open.content.version, open.digest);
        Self { is_asked: true, version, digest, ..Self::of(open) }
    }
}

/// A document with all that belongs to it.
#[derive(Debug, Serialize)]
pub(crate) struct DocumentView {
    content: DocumentContent,
    digest: Hash,
    state: String,
    author: String,
    at: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<ApprovalView>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    quantities: BTreeMap<u32, LineView>,
    /// What was taken for what it makes: base units by item.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    consumed: BTreeMap<ItemId, i64>,
    /// What came on it to be inspected and is not yet: base units by item.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    to_inspect: BTreeMap<ItemId, i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<TaskId>,
    /// The documents that follow from it: of one that is open, those that are open; of one that is over, all that ever
    /// named it, as far as the journal is read for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    followed_by: Vec<Document>,
}

impl Mask for DocumentView {
    fn mask(&mut self, rights: &FieldRights) {
        let shows_all = gatewarden_model::mask::shows_all(&self.content, rights);
        self.content.mask(rights);
        if !shows_all {
            self.digest = Hash::of(b"");
            let signed = self.approval.iter_mut().flat_map(|approval| &mut approval.signed);
            signed.for_each(|one| one.on = Hash::of(b""));
        }
    }
}

/// The quantities of a line, in base units.
#[derive(Debug, Serialize)]
pub(crate) struct LineView {
    ordered: i64,
    approved: i64,
    executed: i64,
    in_hand: i64,
    open: i64,
}

impl LineView {
    /// Of a document that is over nothing is open, however little was executed.
    fn of(line: &LineQuantities, is_over: bool) -> Self {
        let LineQuantities { ordered, approved, executed, in_hand } = *line;
        Self { ordered, approved, executed, in_hand, open: if is_over { 0 } else { line.open() } }
    }
}

/// An approval as it stands.
#[derive(Debug, Serialize)]
pub(crate) struct ApprovalView {
    workflow: String,
    phase: String,
    /// The signatures on its way, each with the version that it was given over.
    signed: Vec<SignatureView>,
    /// The steps that wait, with whoever may decide there now; of a document that is over none does.
    waiting: Vec<WaitingView>,
}

#[derive(Debug, Serialize)]
struct SignatureView {
    entry: u64,
    node: String,
    by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#for: Option<String>,
    verdict: Verdict,
    on: Hash,
}

#[derive(Debug, Serialize)]
struct WaitingView {
    node: String,
    title: String,
    asked: Vec<String>,
}

impl ApprovalView {
    fn of(open: &OpenDocument) -> Option<Self> {
        let instance = open.approval.as_ref()?;
        let seatings = instance.way().into_iter().filter_map(|node| instance.seating(&node.name));
        let seats = seatings.flat_map(|seating| seating.seats.iter().filter(|seat| !seat.gone));
        let signed = seats.filter_map(|seat| seat.decision.as_ref()).map(|one| SignatureView {
            entry: one.entry,
            node: one.node.to_string(),
            by: one.by.to_string(),
            r#for: (one.by != one.of).then(|| one.of.to_string()),
            verdict: one.verdict,
            on: one.on,
        });
        let waits = (!open.frame().is_final()).then(|| instance.waiting());
        let waiting = waits.into_iter().flatten().map(|(node, who)| WaitingView {
            node: node.name.to_string(),
            title: node.title.clone(),
            asked: who.into_iter().map(ToString::to_string).collect(),
        });
        Some(Self {
            workflow: instance.workflow().name.to_string(),
            phase: instance.phase().to_string(),
            signed: signed.collect(),
            waiting: waiting.collect(),
        })
    }
}

/// A document's count, of which only what was ordered is shown to somebody: while its bins are counted nobody is told
/// what an earlier count found, and while that is decided on only who signs and the box's account are, since a bin may
/// be counted again.
fn counted_unseen<'o>(open: &'o OpenDocument, who: &Actor) -> Option<&'o Count> {
    open.count.as_deref().filter(|_| !sees_found(open, who))
}

/// Whether somebody is told what the count of an open document found.
pub(super) fn sees_found(open: &OpenDocument, who: &Actor) -> bool {
    let decides = match who {
        Actor::Local { .. } => true,
        Actor::Operator { id, .. } => {
            open.approval.as_ref().is_some_and(|approval| signs(approval, id))
        }
        _ => false,
    };
    let count = open.count.as_deref();
    decides && count.is_some_and(|count| count.phase == CountPhase::Deciding)
}

/// Whether somebody is asked to sign, or did.
fn signs(approval: &Instance, who: &OperatorId) -> bool {
    let seatings = approval.way().into_iter().filter_map(|node| approval.seating(&node.name));
    let mut signed =
        seatings.flat_map(|seating| &seating.seats).filter_map(|seat| seat.decision.as_ref());
    approval.asked().contains(who) || signed.any(|decision| decision.by == *who)
}

impl DocumentView {
    /// An open document, for somebody.
    pub(super) fn of_open(engine: &Engine, open: &OpenDocument, who: &Actor) -> Option<Self> {
        let follows = |other: &&OpenDocument| names(&other.content, open.document());
        let followed_by = engine.state().documents().filter(follows);
        let state = open.stage.own.clone().unwrap_or_else(|| open.frame().name().to_owned());
        let followed_by = followed_by.map(|other| other.document().clone()).collect();
        Some(Self::of(open, counted_unseen(open, who), (state, followed_by)))
    }

    fn of(
        open: &OpenDocument,
        unseen: Option<&Count>,
        (state, followed_by): (String, Vec<Document>),
    ) -> Self {
        let quantities = open.quantities.lines().filter(|_| unseen.is_none());
        let content = unseen.map_or(&open.content, |count| &count.order);
        let is_over = open.frame().is_final();
        let mut view = Self {
            content: (**content).clone(),
            digest: unseen.map_or(open.digest, |count| count.order.digest()),
            state,
            author: name_of(&open.by),
            at: open.at,
            approval: ApprovalView::of(open),
            quantities: quantities.map(|(line, of)| (line, LineView::of(of, is_over))).collect(),
            consumed: open.consumed.clone(),
            to_inspect: open.to_inspect.clone(),
            tasks: open.tasks.iter().copied().collect(),
            followed_by,
        };
        if unseen.is_some() {
            view.hide_signed();
        }
        view
    }

    /// A document that is over, as the entries that name it tell it; none where they tell of none. What is recorded
    /// beyond what is looked through is not told.
    pub(super) fn of_past(
        ledger: &LedgerReader,
        document: &Document,
        (mut told, who): (Retelling, &Actor),
    ) -> Result<Option<Self>, StoreError> {
        let (mut past, mut followed_by) = (Past::empty(), BTreeSet::new());
        each_naming(ledger, document, &mut |entry| {
            told.take(&entry);
            match &entry.body {
                _ if is_own(&entry, document) => past.take(entry),
                Body::DocumentWritten { content, .. } if names(content, document) => {
                    followed_by.insert(content.document.clone());
                }
                _ => {}
            }
        })?;
        let followed_by: Vec<Document> = followed_by.into_iter().collect();
        Ok(match told.over() {
            Some(open) => {
                let is_decided = open.frame() == Frame::Closed;
                let unseen = counted_unseen(open, who).filter(|_| !is_decided);
                let view = Self::of(open, unseen, (open.frame().name().to_owned(), followed_by));
                Some(view.with_order(past.without_found(false)))
            }
            None => past
                .without_found(false)
                .newest()
                .map(|newest| Self::of_newest(newest, followed_by)),
        })
    }

    /// The same with what was ordered last, where its version is none of these.
    pub(super) fn with_order(mut self, past: Past) -> Self {
        let is_shown = past.has(self.content.version);
        if let (false, Some((order, _))) = (is_shown, past.newest()) {
            self.digest = order.content.digest();
            self.content = order.content;
            self.quantities.clear();
            self.hide_signed();
        }
        self
    }

    /// A newest version alone, where its end is not among the entries that were read.
    fn of_newest((version, frame): (Version, Frame), followed_by: Vec<Document>) -> Self {
        let Version { at, by, content, .. } = version;
        Self {
            digest: content.digest(),
            content,
            state: frame.name().to_owned(),
            author: name_of(&by),
            at,
            approval: None,
            quantities: BTreeMap::new(),
            consumed: BTreeMap::new(),
            to_inspect: BTreeMap::new(),
            tasks: vec![],
            followed_by,
        }
    }

    /// Takes the digests away of versions that are not shown.
    fn hide_signed(&mut self) {
        let signed = self.approval.iter_mut().flat_map(|approval| &mut approval.signed);
        signed.filter(|one| one.on != self.digest).for_each(|one| one.on = Hash::of(b""));
    }

    /// Whether it may say what a count found that was rejected, which the document does not tell by itself.
    pub(super) fn may_be_found(&self) -> bool {
        let rejected = self.state == Frame::Rejected.name();
        rejected && self.content.document.kind == DocumentKind::CountOrder
    }
}

/// Whether a document, or a line of it, follows from another.
fn names(content: &DocumentContent, document: &Document) -> bool {
    let of_lines = content.lines.iter().flat_map(|line| &line.links);
    content.links.iter().chain(of_lines).any(|link| link.document == *document)
}

/// A to-do.
#[derive(Debug, Serialize)]
pub(crate) struct TodoView {
    entry: u64,
    at: Stamp,
    firing: RuleFiring,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Document>,
}

impl TodoView {
    pub(super) fn of(todo: &Todo) -> Self {
        let Todo { fired, at, firing, document } = todo.clone();
        Self { entry: fired, at, firing, document }
    }
}

impl Mask for TodoView {
    fn mask(&mut self, rights: &FieldRights) {
        self.firing.mask(rights);
    }
}
