//! One document on its way through its workflow: what it is told, and what it tells of itself.
//!
//! `apply` alone changes an instance. The way through the tree follows from the branches that were decided
//! when the version was submitted; which steps are reached follows from that and from what is signed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use gatewarden_model::{Document, DocumentContent, Hash, NodeId, OperatorId, ReturnTo};

use crate::{Allowed, Approve, Mode, Node, Who, Workflow, changed, seating::Seating};

/// Most revisions of one document on its way.
pub const REVISIONS_MAX: usize = 256;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Somebody is to sign.
    Running,
    /// It was sent back to the initiator.
    SentBack,
    /// Every signature is there.
    Approved,
    /// Somebody said no.
    Rejected,
    /// The initiator took it back.
    Withdrawn,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::SentBack => "sent back",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        })
    }
}

/// A further approval, which a rule asks for beside the definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// The name of the step, such as `rule.over-limit`.
    pub name: NodeId,
    /// Why, in a line.
    pub title: String,
    /// Who is asked; any one of them decides.
    pub approvers: Vec<Who>,
}

impl Extra {
    fn node(self) -> Node {
        Node::Approve(Approve {
            name: self.name,
            title: self.title,
            mode: Mode::AnyOne,
            approvers: self.approvers,
            weights: BTreeMap::new(),
            threshold: 0,
            signs: vec![],
            distinct_from: vec![],
            allow: Allowed::ALL.to_vec(),
            transfer_to: vec![],
            return_to: vec![ReturnTo::Initiator],
            remind_after_h: 0,
            escalate_after_h: 0,
            escalate_to: vec![],
        })
    }
}

/// A document that is submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Which.
    pub document: Document,
    /// Who submits it.
    pub initiator: OperatorId,
    /// Who else wrote it, or has it written for himself: none of them signs.
    pub authors: BTreeSet<OperatorId>,
    /// The number of the version.
    pub version: u32,
    /// Its digest.
    pub digest: Hash,
    /// What rules ask for beside the definition, after its steps.
    pub extra: Vec<Extra>,
}

/// Another version of a document that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Who wrote it.
    pub by: OperatorId,
    /// Its number.
    pub version: u32,
    /// Its digest.
    pub digest: Hash,
    /// What differs from the version before, by field.
    pub changed: BTreeSet<String>,
}

impl Revision {
    /// That from one version to the next.
    #[must_use]
    pub fn between(by: OperatorId, before: &DocumentContent, after: &DocumentContent) -> Self {
        Self { by, version: after.version, digest: after.digest(), changed: changed(before, after) }
    }
}

/// When an event was recorded, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub at_us: i64,
    /// The number of its entry.
    pub entry: u64,
}

/// One document on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) document: Document,
    pub(crate) initiator: OperatorId,
    pub(crate) authors: BTreeSet<OperatorId>,
    pub(crate) version: u32,
    pub(crate) digest: Hash,
    pub(crate) phase: Phase,
    pub(crate) cases: BTreeMap<NodeId, Option<u32>>,
    pub(crate) seatings: BTreeMap<NodeId, Seating>,
    pub(crate) told: BTreeSet<NodeId>,
    /// Each earlier digest, with what differs in the version after it.
    pub(crate) changes: Vec<(Hash, BTreeSet<String>)>,
}

impl Instance {
    pub(crate) fn new(workflow: &Arc<Workflow>, submission: Submission) -> Self {
        let Submission { document, initiator, mut authors, version, digest, extra } = submission;
        let mut workflow = workflow.clone();
        if !extra.is_empty() {
            Arc::make_mut(&mut workflow).steps.extend(extra.into_iter().map(Extra::node));
        }
        authors.insert(initiator.clone());
        Self {
            workflow,
            document,
            initiator,
            authors,
            version,
            digest,
            phase: Phase::Running,
            cases: BTreeMap::new(),
            seatings: BTreeMap::new(),
            told: BTreeSet::new(),
            changes: vec![],
        }
    }

    /// Which document.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The definition that it keeps.
    #[must_use]
    pub fn workflow(&self) -> &Arc<Workflow> {
        &self.workflow
    }

    /// Who submitted it.
    #[must_use]
    pub fn initiator(&self) -> &OperatorId {
        &self.initiator
    }

    /// Who may not sign it.
    #[must_use]
    pub fn authors(&self) -> &BTreeSet<OperatorId> {
        &self.authors
    }

    /// The digest of the current version.
    #[must_use]
    pub fn digest(&self) -> &Hash {
        &self.digest
    }

    /// The number of the current version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// How far it is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The seats of a step, where it began.
    #[must_use]
    pub fn seating(&self, node: &NodeId) -> Option<&Seating> {
        self.seatings.get(node)
    }

    /// The steps that wait for somebody, with who may decide now.
    #[must_use]
    pub fn waiting(&self) -> Vec<(&Approve, Vec<&OperatorId>)> {
        if self.phase != Phase::Running {
            return vec![];
        }
        let ready = |node: &Approve| {
            let seating = self.seatings.get(&node.name);
            let live =
                seating.into_iter().flat_map(move |s| s.live().map(move |(i, seat)| (s, i, seat)));
            let mode = node.mode;
            live.filter(move |(s, i, seat)| {
                seat.decision.is_none() && s.waits_for(*i, mode, true).is_none()
            })
            .flat_map(|(_, _, seat)| std::iter::once(&seat.who).chain(&seat.also))
            .collect()
        };
        self.reached().open.into_iter().map(|node| (node, ready(node))).collect()
    }

    /// Everybody for whom something waits here: to decide, or to advise.
    #[must_use]
    pub fn asked(&self) -> BTreeSet<&OperatorId> {
        let waiting = self.waiting();
        let advisers = waiting.iter().flat_map(|(node, _)| {
            let live = self.seatings.get(&node.name).into_iter().flat_map(Seating::live);
            live.filter_map(|(_, seat)| seat.advice.as_ref())
        });
        let advisers: Vec<_> = advisers.filter(|a| a.given.is_none()).map(|a| &a.to).collect();
        waiting.into_iter().flat_map(|(_, who)| who).chain(advisers).collect()
    }
}
