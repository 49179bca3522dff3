//! Documents that are open, with their approvals, and the definitions that they run under.
//!
//! Invariants: a running document keeps the definitions that it was submitted under; what its entries say is
//! what it is; a document that is over is forgotten here and found in the journal. Data only; what an entry
//! does to it stands in `apply/documents`. Absent: deciding.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gatewarden_documents::{Frame, KindDefinition, Quantities, State as Stage};
use gatewarden_model::{
    Actor, Document, DocumentContent, DocumentKind, Hash, ItemId, Location, OperatorId, Stamp,
    StationId, TaskId,
};
use gatewarden_workflow::{Instance, Signature};

use super::{Count, State, Worked, counts::Standing};
use crate::{documents::facts::Frozen, procedures::Procedures};

/// A document that is open.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenDocument {
    /// The entry of its newest version.
    pub seq: u64,
    /// When that was written.
    pub at: Stamp,
    /// Its newest version.
    pub content: Arc<DocumentContent>,
    /// The digest of that.
    pub digest: Hash,
    /// Who wrote it.
    pub by: Actor,
    /// Where it stands.
    pub stage: Stage,
    /// The definitions that hold for it.
    pub procedures: Hash,
    /// Its approval, where one runs or ran.
    pub approval: Option<Box<Instance>>,
    /// The version that was handed in last.
    pub submitted: Option<Arc<DocumentContent>>,
    /// The facts that its entry froze.
    pub(crate) frozen: Frozen,
    /// The version that was approved last, which may be an older one than `content`.
    pub approved: Option<(Arc<DocumentContent>, Hash)>,
    /// The versions that are in force, oldest first: of a BOM each has its time.
    pub versions: Vec<Arc<DocumentContent>>,
    /// The entry that says so.
    pub approved_seq: Option<u64>,
    /// How much of each line was ordered, approved, executed.
    pub quantities: Quantities,
    /// What was taken for what it makes, less what came back: base units by item.
    pub consumed: BTreeMap<ItemId, i64>,
    /// What a subcontractor had and made for it.
    pub worked: Worked,
    /// What came on it to be inspected and is not yet: base units by item.
    pub to_inspect: BTreeMap<ItemId, i64>,
    /// The count that runs on it, where it is a count order.
    pub count: Option<Box<Count>>,
    /// The tasks that execute it, also those that are over.
    pub tasks: BTreeSet<TaskId>,
}

impl OpenDocument {
    /// The document.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.content.document
    }

    /// Its state within the frame.
    #[must_use]
    pub fn frame(&self) -> Frame {
        self.stage.frame
    }

    /// Whether it waits for signatures: in its approval, or for what a count found.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.frame() == Frame::InApproval || crate::documents::counts::is_deciding(self)
    }

    /// The signatures by which its newest version may be executed, in the order in which they were given; none
    /// where one is missing, or where its kind needs none.
    #[must_use]
    pub fn signatures(&self) -> Vec<&Signature> {
        let gate = self.approval.as_ref().and_then(|one| one.gate(&self.digest).ok());
        let mut signatures = gate.unwrap_or_default();
        signatures.sort_by_key(|one| one.entry);
        signatures
    }
}

impl State {
    /// All open documents.
    pub fn documents(&self) -> impl Iterator<Item = &OpenDocument> {
        self.documents.values().map(|open| &**open)
    }

    /// Those of a kind.
    pub fn documents_of(&self, kind: DocumentKind) -> impl Iterator<Item = &OpenDocument> {
        let from = Document { kind, number: String::new() };
        let of_kind = self.documents.range(from..).take_while(move |(key, _)| key.kind == kind);
        of_kind.map(|(_, open)| &**open)
    }

    /// One of them.
    #[must_use]
    pub fn document(&self, document: &Document) -> Option<&OpenDocument> {
        self.documents.get(document).map(|open| &**open)
    }

    /// The definitions that hold for documents that are submitted now.
    #[must_use]
    pub fn procedures_in_force(&self) -> Option<&Arc<Procedures>> {
        self.procedures_of(&self.procedures_version?)
    }

    /// The version of the definitions in force, also where this program can't read them.
    #[must_use]
    pub fn procedures_version(&self) -> Option<Hash> {
        self.procedures_version
    }

    /// The definitions of a version.
    #[must_use]
    pub fn procedures_of(&self, version: &Hash) -> Option<&Arc<Procedures>> {
        self.procedures.get(version)
    }

    /// The definition of a document's kind that holds for it.
    #[must_use]
    pub fn definition(&self, open: &OpenDocument) -> Option<&KindDefinition> {
        self.procedures_of(&open.procedures)?.kinds.of(open.document().kind)
    }

    /// The bins of a count that are still to be counted, or counted again.
    #[must_use]
    pub fn bins_due(&self, open: &OpenDocument) -> BTreeSet<Location> {
        let rules = self.definition(open).and_then(|kind| kind.count.as_ref());
        let standing =
            rules.zip(open.count.as_ref()).and_then(|(rules, count)| count.standing(rules).ok());
        match standing {
            Some(Standing::Open(due)) => due.into_keys().collect(),
            _ => BTreeSet::new(),
        }
    }

    /// Who showed his badge last at a station where he asked for goods, and when.
    #[must_use]
    pub fn receiver(&self, station: &StationId) -> Option<(&OperatorId, &Stamp)> {
        self.receivers.get(station).map(|(who, at)| (who, at))
    }
}
