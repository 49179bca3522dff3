//! What an entry does to documents. It never refuses: the journal is the truth.
//!
//! Invariant: what can't be understood (definitions of another program) leaves the document where it stands,
//! so that nothing follows from it. Absent: which step is allowed.

use std::{collections::BTreeMap, sync::Arc};

use gatewarden_documents::{Frame, Quantities, State as Stage};
use gatewarden_model::{
    Actor, ApprovalEvent, Body, CountSheet, Document, DocumentContent, DocumentKind, DocumentStep,
    Entry, Hash, Movement,
};
use gatewarden_workflow::Told;

use crate::{
    documents::{counts, inspect},
    procedures::Procedures,
    state::{Count, CountPhase, OpenDocument, State},
    workflows,
};

impl State {
    pub(crate) fn apply_documents(&mut self, entry: &Entry) {
        match &entry.body {
            Body::ProceduresDefined { version, parts, .. } => {
                self.procedures_defined(*version, parts);
            }
            Body::DocumentWritten { content, by, .. } => self.document_written(entry, content, by),
            Body::DocumentStepped { document, digest, step, by, .. } => {
                drop(self.document_stepped(entry, document, (*digest, step, by)));
            }
            Body::ReceiverSeen { station, operator, .. } => {
                self.receivers.insert(station.clone(), (operator.clone(), entry.at));
            }
            Body::RuleFired { firing, document } => {
                self.rule_fired(entry, firing, document.as_ref());
            }
            Body::ItemDefined { item, .. } => {
                self.decimals = item.valuation.as_ref().map(|one| one.decimals).or(self.decimals);
            }
            Body::TodoDone { fired, .. } => drop(self.todos.remove(fired)),
            _ => {}
        }
    }

    fn procedures_defined(&mut self, version: Hash, parts: &BTreeMap<String, String>) {
        self.procedures_version = Some(version);
        // What can't be read is in force and defines nothing: nothing is written under it.
        if let Ok(read) = Procedures::recorded(version, parts) {
            self.procedures.insert(version, Arc::new(read));
        }
    }

    pub(super) fn document_written(
        &mut self,
        entry: &Entry,
        content: &DocumentContent,
        by: &Actor,
    ) {
        if content.version == 1 {
            let key = (content.document.kind, content.document.shape());
            self.numbered.insert(key, content.document.number.clone());
        }
        let content = Arc::new(content.clone());
        let digest = content.digest();
        if let Some(mut open) = self.documents.remove(&content.document) {
            open.seq = entry.seq;
            open.at = entry.at;
            open.by = by.clone();
            open.digest = digest;
            let approved = open.approved.as_ref().map(|(approved, _)| Arc::clone(approved));
            open.quantities.versions(&content, approved.as_deref());
            open.content = content;
            match &mut open.count {
                // What a count found: the order is in execution until that is decided on.
                Some(count) => {
                    count.phase = CountPhase::Deciding;
                    self.own_phase(&mut open);
                }
                None => self.enter(&mut open, Frame::Draft),
            }
            self.documents.insert(open.content.document.clone(), open);
            return;
        }
        let Some(procedures) = self.procedures_version else { return };
        let mut open = OpenDocument {
            seq: entry.seq,
            at: entry.at,
            quantities: Quantities::of(&content, None),
            digest,
            by: by.clone(),
            stage: Stage { frame: Frame::Draft, own: None },
            procedures,
            approval: None,
            submitted: None,
            frozen: Default::default(),
            approved: None,
            approved_seq: None,
            versions: vec![],
            count: None,
            tasks: Default::default(),
            consumed: Default::default(),
            worked: Default::default(),
            to_inspect: Default::default(),
            content,
        };
        self.enter(&mut open, Frame::Draft);
        self.documents.insert(open.content.document.clone(), Box::new(open));
    }

    /// Takes a step of a document; gives it as it is then, where the step ends it.
    pub(super) fn document_stepped(
        &mut self,
        entry: &Entry,
        document: &Document,
        (digest, step, by): (Hash, &DocumentStep, &Actor),
    ) -> Option<Box<OpenDocument>> {
        let mut open = self.documents.remove(document)?;
        self.stepped(&mut open, entry, digest, step, by);
        self.freeze(&open, step);
        if step.is_final() {
            return Some(open);
        }
        self.documents.insert(document.clone(), open);
        None
    }

    /// Puts a document into a state of the frame, as its kind enters that.
    fn enter(&self, open: &mut OpenDocument, frame: Frame) {
        open.stage = match self.definition(open) {
            Some(kind) => Stage::entered(kind, frame),
            None => Stage { frame, own: None },
        };
    }

    fn stepped(
        &self,
        open: &mut OpenDocument,
        entry: &Entry,
        digest: Hash,
        step: &DocumentStep,
        by: &Actor,
    ) {
        match step {
            DocumentStep::Submitted { workflow, procedures, facts, lines, extra } => {
                open.submitted = Some(Arc::clone(&open.content));
                open.frozen = (facts.clone(), lines.clone());
                // One that was sent back runs on under what it began with.
                if open
                    .approval
                    .as_ref()
                    .is_none_or(|one| !workflows::runs_on(self, one, open, extra))
                {
                    open.procedures = *procedures;
                    let name = workflow.as_deref();
                    open.approval = name
                        .and_then(|name| workflows::begin(self, open, (name, extra), by))
                        .map(Box::new);
                }
                let frame = if workflow.is_some() { Frame::InApproval } else { Frame::Submitted };
                if open.count.is_none() {
                    self.enter(open, frame);
                }
            }
            DocumentStep::Approval { event } => approval(open, entry, event),
            DocumentStep::Approved { .. } => {
                open.approved = Some((Arc::clone(&open.content), digest));
                open.approved_seq = Some(entry.seq);
                let approved = Arc::clone(&open.content);
                open.quantities.versions(&open.content, Some(&approved));
                if open.count.is_none() {
                    self.enter(open, Frame::Approved);
                }
            }
            DocumentStep::Returned if open.count.is_some() => self.recount(open),
            DocumentStep::Returned => self.enter(open, Frame::Draft),
            DocumentStep::Rejected => {
                open.count = None;
                self.enter(open, Frame::Rejected);
            }
            DocumentStep::CountBegun => {
                open.count = Some(Box::new(Count::new(Arc::clone(&open.content), &open.by)));
                self.enter(open, Frame::InExecution);
                self.own_phase(open);
            }
            DocumentStep::Counted { sheet } => self.counted(open, sheet, by),
            DocumentStep::Own { .. } if open.count.is_some() => self.recount(open),
            DocumentStep::Started { task } => {
                open.tasks.insert(*task);
                self.enter(open, Frame::InExecution);
            }
            DocumentStep::InForce => {
                // Of a BOM every version counts for its days; of other master data the newest.
                if open.document().kind != DocumentKind::Bom {
                    open.versions.clear();
                }
                open.versions.push(Arc::clone(&open.content));
                self.enter(open, Frame::InExecution);
            }
            DocumentStep::Fulfilled { lines, .. } => {
                // What is out of range was refused before it was recorded.
                let lines = lines.iter().map(|done| (done.line, done.quantity)).collect();
                let _ = open.quantities.fulfil(&lines);
            }
            DocumentStep::Consumed { items, .. } => {
                for (item, quantity) in items {
                    let sum = open.consumed.entry(item.clone()).or_default();
                    *sum = sum.saturating_add(*quantity);
                }
            }
            DocumentStep::Inspected { items, .. } => {
                for (item, done) in items {
                    inspect::add(&mut open.to_inspect, item, done.saturating_neg());
                }
            }
            DocumentStep::Own { name } => {
                let own = self
                    .definition(open)
                    .and_then(|kind| kind.moved(open.stage.own.as_ref(), name));
                open.stage.own = own.or_else(|| open.stage.own.take());
            }
            DocumentStep::Superseded | DocumentStep::Closed { .. } => {
                self.enter(open, Frame::Closed);
            }
            DocumentStep::Cancelled { .. } => self.enter(open, Frame::Cancelled),
        }
    }

    /// Freezes the bins of a count that begins, and gives back those of one that is over.
    fn freeze(&mut self, open: &OpenDocument, step: &DocumentStep) {
        if open.document().kind != DocumentKind::CountOrder {
            return;
        }
        if open.count.is_none() || step.is_final() {
            return self.frozen.thaw(&open.document().number);
        }
        let freezes = self.definition(open).and_then(|kind| counts::freezes(kind, &open.content));
        if *step == DocumentStep::CountBegun
            && let Some((document, bins)) = freezes
        {
            // What can't be frozen was refused before it was recorded.
            let _ = self.frozen.freeze(&document.number, &bins);
        }
    }

    fn counted(&self, open: &mut OpenDocument, sheet: &CountSheet, by: &Actor) {
        let rules = self.definition(open).and_then(|kind| kind.count.clone());
        let (Some(count), Actor::Operator { id, .. }) = (&mut open.count, by) else { return };
        count.take(id, sheet);
        if let Some(rules) = rules.filter(|_| sheet.done) {
            count.advance(&rules);
        }
        self.own_phase(open);
    }

    /// What a count found is not approved: it is counted once more.
    fn recount(&self, open: &mut OpenDocument) {
        open.approval = None;
        if let Some(count) = &mut open.count {
            count.recount(&open.content);
        }
        self.own_phase(open);
    }

    /// Puts a document into its kind's own state of the phase of its count, if there is one of that name.
    fn own_phase(&self, open: &mut OpenDocument) {
        let Some(phase) = open.count.as_ref().map(|count| count.phase.name()) else { return };
        let known = self.definition(open).is_some_and(|kind| {
            kind.states.iter().any(|s| s.frame == Frame::InExecution && s.name == phase)
        });
        if known {
            open.stage.own = Some(phase.to_owned());
        }
    }

    /// Counts a movement on its document.
    pub(super) fn document_moved(&mut self, movement: &Movement) {
        if movement.document_digest.is_none() {
            return;
        }
        let Some(mut open) = self.documents.remove(&movement.document) else { return };
        open.worked.take(movement);
        if let Some(procedures) = self.procedures_of(&open.procedures).cloned()
            && let Some(kind) = procedures.kinds.of(movement.document.kind)
        {
            let content = Arc::clone(&open.content);
            // What is out of range was refused before it was recorded.
            let _ = open.quantities.take(kind, &content, movement);
        }
        inspect::arrived(&mut open.to_inspect, movement);
        self.documents.insert(movement.document.clone(), open);
    }
}

/// Takes an event of the approval in.
fn approval(open: &mut OpenDocument, entry: &Entry, event: &ApprovalEvent) {
    if let Some(instance) = &mut open.approval {
        instance.apply(event, Told { at_us: entry.at.wall_us, entry: entry.seq });
    }
}
