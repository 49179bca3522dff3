//! One document on its way through its workflow: what it is told, and what its events make of it.
//!
//! `apply` alone changes an instance. The way through the tree follows from the branches that were decided
//! when the version was submitted; which steps are reached follows from that and from what is signed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use gatewarden_model::{
    ApprovalEvent, ApprovalSeat, Document, DocumentContent, Hash, NodeId, OperatorId, ReturnTo,
};

use crate::{
    Allowed, Approve, Fault, Mode, Node, Notify, Who, Workflow, changed,
    seating::{Added, Advice, Seat, Seating, Signature},
};

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

/// What is reached and not done.
#[derive(Default)]
pub(crate) struct Reached<'a> {
    pub(crate) open: Vec<&'a Approve>,
    pub(crate) tell: Vec<&'a Notify>,
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

    /// The steps of the way that a branch takes.
    pub(crate) fn taken<'a>(&self, branch: &'a crate::Branch) -> &'a [Node] {
        match self.cases.get(&branch.name) {
            Some(Some(case)) => {
                branch.cases.get(*case as usize).map_or(&[], |case| case.steps.as_slice())
            }
            _ => &branch.otherwise,
        }
    }

    /// The approving steps below a sequence, on the way that is taken.
    pub(crate) fn on_way<'a>(&self, steps: &'a [Node], out: &mut Vec<&'a Approve>) {
        for node in steps {
            match node {
                Node::Approve(approve) => out.push(approve),
                Node::Notify(_) => {}
                Node::Branch(branch) => self.on_way(self.taken(branch), out),
                Node::Parallel(all) => {
                    all.lanes.iter().for_each(|lane| self.on_way(&lane.steps, out));
                }
            }
        }
    }

    /// Every approving step that this version needs.
    #[must_use]
    pub fn way(&self) -> Vec<&Approve> {
        let mut out = vec![];
        self.on_way(&self.workflow.steps, &mut out);
        out
    }

    pub(crate) fn reached(&self) -> Reached<'_> {
        let mut out = Reached::default();
        self.reach(&self.workflow.steps, &mut out);
        out
    }

    /// Whether a sequence is done; what is reached in it and not done goes into `out`.
    fn reach<'a>(&'a self, steps: &'a [Node], out: &mut Reached<'a>) -> bool {
        for node in steps {
            let done = match node {
                Node::Approve(approve) => {
                    let passed = self.seatings.get(&approve.name).is_some_and(|s| s.passed);
                    if !passed {
                        out.open.push(approve);
                    }
                    passed
                }
                Node::Notify(notify) => {
                    if !self.told.contains(&notify.name) {
                        out.tell.push(notify);
                    }
                    true
                }
                Node::Branch(branch) => self.reach(self.taken(branch), out),
                Node::Parallel(all) => {
                    let lanes = all.lanes.iter().map(|lane| self.reach(&lane.steps, out));
                    // Every lane is looked at, whether another is done or not.
                    lanes.fold(true, |all, done| all && done)
                }
            };
            if !done {
                return false;
            }
        }
        true
    }

    /// The approving steps that come after one, on the way that is taken.
    pub(crate) fn following(&self, node: &NodeId) -> Vec<&Approve> {
        let mut out = vec![];
        self.after(&self.workflow.steps, node, &mut out);
        out
    }

    fn after<'a>(&self, steps: &'a [Node], target: &NodeId, out: &mut Vec<&'a Approve>) -> bool {
        for (index, node) in steps.iter().enumerate() {
            let found = match node {
                Node::Approve(approve) => approve.name == *target,
                Node::Notify(_) => false,
                Node::Branch(branch) => self.after(self.taken(branch), target, out),
                Node::Parallel(all) => {
                    all.lanes.iter().any(|lane| self.after(&lane.steps, target, out))
                }
            };
            if found {
                self.on_way(&steps[index + 1..], out);
                return true;
            }
        }
        false
    }

    /// The step of the way with this name.
    pub(crate) fn step(&self, name: &NodeId) -> Result<&Approve, Fault> {
        let found = self.way().into_iter().find(|node| node.name == *name);
        found.ok_or_else(|| Fault::UnknownStep(name.clone()))
    }

    /// Takes an event in.
    pub fn apply(&mut self, event: &ApprovalEvent, told: Told) {
        match event {
            ApprovalEvent::Branched { node, case } => {
                self.cases.insert(node.clone(), *case);
            }
            ApprovalEvent::Opened { node, seats } => {
                let seats = seats.iter().map(seat).collect();
                let seating = Seating { seats, opened_us: told.at_us, ..Seating::default() };
                self.seatings.insert(node.clone(), seating);
            }
            ApprovalEvent::Notified { node, .. } => drop(self.told.insert(node.clone())),
            ApprovalEvent::Revised { by, version, on, changed } => {
                let changed = changed.iter().cloned().collect();
                self.changes.push((std::mem::replace(&mut self.digest, *on), changed));
                self.version = *version;
                self.authors.insert(by.clone());
                self.phase = Phase::Running;
                self.cases.clear();
            }
            ApprovalEvent::Voided { node, .. } => drop(self.seatings.remove(node)),
            ApprovalEvent::Returned { node, to, .. } => self.returned(node, to),
            ApprovalEvent::Rejected { .. } => self.phase = Phase::Rejected,
            ApprovalEvent::Withdrawn { .. } => self.phase = Phase::Withdrawn,
            ApprovalEvent::Approved { .. } => self.phase = Phase::Approved,
            ApprovalEvent::TakenBack { node, of, .. } => {
                let following = self.following(node).into_iter().map(|n| n.name.clone());
                for name in following.collect::<Vec<_>>() {
                    self.seatings.remove(&name);
                }
                self.at_step(node, |seating| seating.taken_back(of));
            }
            _ => self.at_one_step(event, told),
        }
    }

    fn returned(&mut self, node: &NodeId, to: &ReturnTo) {
        self.at_step(node, |seating| seating.acts += 1);
        match to {
            ReturnTo::Initiator => self.phase = Phase::SentBack,
            ReturnTo::Node(target) => {
                let following = self.following(target).into_iter().map(|n| n.name.clone());
                for name in following.collect::<Vec<_>>() {
                    self.seatings.remove(&name);
                }
                self.seatings.remove(target);
            }
        }
    }

    fn at_step(&mut self, node: &NodeId, then: impl FnOnce(&mut Seating)) {
        if let Some(seating) = self.seatings.get_mut(node) {
            then(seating);
        }
    }

    /// What concerns the seats of one step only.
    fn at_one_step(&mut self, event: &ApprovalEvent, told: Told) {
        match event {
            ApprovalEvent::Decided { node, by, of, verdict, on, .. } => {
                let signature = Signature {
                    node: node.clone(),
                    by: by.clone(),
                    of: of.clone(),
                    verdict: *verdict,
                    on: *on,
                    at_us: told.at_us,
                    entry: told.entry,
                    carried: None,
                };
                self.at_step(node, |s| s.act(of, |seat| seat.decision = Some(signature)));
            }
            ApprovalEvent::Carried { node, of, from, .. } => {
                let signature = self.seatings.get(from).and_then(|there| there.signature_of(of));
                let Some(signature) = signature.cloned() else { return };
                let (node_, from) = (node.clone(), Some(from.clone()));
                let carried = Signature { node: node_, of: of.clone(), carried: from, ..signature };
                self.at_step(node, |s| s.change(of, |seat| seat.decision = Some(carried)));
            }
            ApprovalEvent::Advised { node, of, verdict, .. } => {
                let give = |seat: &mut Seat| {
                    if let Some(advice) = &mut seat.advice {
                        advice.given = Some(*verdict);
                    }
                };
                self.at_step(node, |s| s.act(of, give));
            }
            ApprovalEvent::Transferred { node, of, to, .. } => self.at_step(node, |s| {
                s.act(of, |seat| {
                    seat.who = to.clone();
                    seat.given = true;
                    seat.also.clear();
                });
            }),
            ApprovalEvent::Delegated { node, of, to, .. } => {
                let advice = Some(Advice { to: to.clone(), given: None });
                self.at_step(node, |s| s.act(of, |seat| seat.advice = advice));
            }
            ApprovalEvent::SignerAdded { node, by, of, who, place, .. } => {
                self.at_step(node, |s| s.add(by, of, who, *place));
            }
            ApprovalEvent::SignerRemoved { node, who, .. } => {
                self.at_step(node, |s| s.act(who, |seat| seat.gone = true));
            }
            ApprovalEvent::Reseated { node, lost, seats } => self.at_step(node, |s| {
                lost.iter().for_each(|who| s.change(who, |seat| seat.gone = true));
                s.seats.extend(seats.iter().map(seat));
            }),
            ApprovalEvent::Passed { node, .. } => self.at_step(node, |s| s.passed = true),
            ApprovalEvent::Reminded { node, round, .. } => {
                self.at_step(node, |s| s.reminded = *round);
            }
            ApprovalEvent::Escalated { node, of, to, round } => self.at_step(node, |s| {
                s.escalated = *round;
                s.change(of, |seat| seat.also.extend(to.iter().cloned()));
            }),
            _ => {}
        }
    }
}

fn seat(told: &ApprovalSeat) -> Seat {
    Seat {
        who: told.who.clone(),
        source: told.source.clone(),
        weight: told.weight,
        given: told.up,
        instead_of: told.instead_of.clone(),
        also: vec![],
        added: None,
        advice: None,
        decision: None,
        gone: false,
    }
}

impl Seating {
    /// Changes the live seat of a person.
    fn change(&mut self, of: &OperatorId, then: impl FnOnce(&mut Seat)) {
        if let Some(index) = self.seat_of(of) {
            then(&mut self.seats[index]);
        }
    }

    /// The same, by an act of somebody.
    fn act(&mut self, of: &OperatorId, then: impl FnOnce(&mut Seat)) {
        self.acts += 1;
        self.change(of, then);
    }

    fn add(
        &mut self,
        by: &OperatorId,
        of: &OperatorId,
        who: &OperatorId,
        place: gatewarden_model::SignerPlace,
    ) {
        self.acts += 1;
        let Some(to) = self.seat_of(of) else { return };
        let source = format!("added-by:{by}");
        let told = ApprovalSeat { who: who.clone(), source, weight: 0, up: true, instead_of: None };
        self.seats.push(Seat { added: Some(Added { to, place, by: by.clone() }), ..seat(&told) });
    }

    fn taken_back(&mut self, of: &OperatorId) {
        self.passed = false;
        self.act(of, |seat| match &seat.decision {
            Some(_) => seat.decision = None,
            None => seat.advice = None,
        });
    }
}
