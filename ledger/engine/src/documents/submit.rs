//! Handing a document in: checked once more, its facts frozen, the first signers asked.
//!
//! Invariants: whoever wrote a version hands it in, nobody else, so that its author is who signs nothing; what
//! the branches of its workflow are decided on is written into the entry. Absent: signing (`act`).

use gatewarden_documents::{Execution, Frame, KindDefinition, Step as FrameStep};
use gatewarden_model::{Actor, ApprovalEvent, Decision, Document, DocumentStep, Hash, ReturnTo};

use super::{author_of, execute, facts::Frozen, fulfil::check_fulfilled, written};
use crate::{
    rules::Found,
    state::OpenDocument,
    tasks::is_same,
    turn::{Answer, Fault, Turn},
    workflows,
};

impl Turn<'_> {
    /// Hands the newest version of a document in.
    pub(crate) fn submit_document(
        &mut self,
        document: Document,
        digest: Hash,
        by: Actor,
    ) -> Answer {
        // It is handed in under the definitions of now, whatever it was written under.
        let found =
            self.open_of(&document).and_then(|(open, _)| Ok((open, self.kind_of(&document)?)));
        let (open, kind) = match found {
            Ok(found) => found,
            Err(fault) => return Err(self.refuse_unseen(&by, &document, fault)),
        };
        let Some(right) = kind.right_for(&FrameStep::Submit, false) else {
            let fault = ("step-not-allowed", "nobody hands this kind in".to_owned());
            return Err(self.refuse_unseen(&by, &document, fault));
        };
        let (asked, decision) = self.permit_document(&by, right, &open.content, None)?;
        if matches!(
            open.frame(),
            Frame::Submitted | Frame::InApproval | Frame::Approved | Frame::InExecution
        ) && open.digest == digest
            && is_same(&open.by, &by)
        {
            return Ok(written(&document, open.content.version, digest));
        }
        let facts = match self.may_submit(&open, &kind, digest, &by) {
            Ok(facts) => facts,
            Err(fault) => return Err(self.refuse_document(asked, decision, fault)),
        };
        let refused = decision.clone();
        let found = match self.rules_before_submit(&open, &facts, &by) {
            Ok(found) => found,
            Err((fault, firings)) => {
                let fault = self.refused_by_rules(fault, firings, Some(&document));
                return Err(self.refuse_document(asked, decision, fault));
            }
        };
        // What can't begin is refused before anything is recorded.
        let begun = match workflows::plan(self.scene(), &open, &kind, &facts, &by, &found.extra) {
            Ok(begun) => begun,
            Err(fault) => return Err(self.refuse_document(asked, decision, fault)),
        };
        if kind.execution == Execution::Posting {
            self.reserve_document(&open.content, &kind, &by)?;
        }
        match self.submitted(&open, &kind, (facts, begun, found), by, Some(decision)) {
            Ok(()) => Ok(written(&document, open.content.version, digest)),
            Err(fault) => Err(self.refuse_document(asked, refused, fault)),
        }
    }

    /// What stands against handing it in; else the facts that its workflow is decided on.
    fn may_submit(
        &self,
        open: &OpenDocument,
        kind: &KindDefinition,
        digest: Hash,
        by: &Actor,
    ) -> Result<Frozen, Fault> {
        self.frame_allows(open, kind, &FrameStep::Submit)?;
        if open.digest != digest {
            let message = format!(
                "digest: version {} is {}, you saw another: read it again",
                open.content.version, open.digest
            );
            return Err(("version-stale", message));
        }
        if !is_same(&open.by, by) {
            let message = format!(
                "only whoever wrote the version hands it in, that is {}: write one of your own",
                author_of(&open.by)
            );
            return Err(("not-yours", message));
        }
        self.check_content_of(&open.content)?;
        self.check_execution(open, kind)?;
        self.facts_frozen(open, kind)
    }

    /// Whether what it leads to could be opened.
    pub(super) fn check_execution(
        &self,
        open: &OpenDocument,
        kind: &KindDefinition,
    ) -> Result<(), Fault> {
        if matches!(kind.execution, Execution::Task | Execution::Posting) {
            check_fulfilled(self.state, &open.content, kind, None)?;
        }
        let author = author_of(&open.by);
        let behind = execute::Behind { author: &author, signer: None };
        match kind.execution {
            Execution::Task if kind.count.is_some() => self.check_count(&open.content, kind),
            Execution::Task if !execute::at_station(&open.content, kind) => Ok(()),
            Execution::Task => {
                let parts: &[execute::Part] = match execute::in_two_steps(&open.content) {
                    true => &[execute::Part::Out, execute::Part::In],
                    false => &[execute::Part::Whole],
                };
                for part in parts {
                    for task in
                        execute::tasks_of(&open.content, kind, behind, (*part, &open.quantities))?
                    {
                        self.check_document_task(&task)?;
                    }
                }
                Ok(())
            }
            Execution::Posting => execute::posting_of(&open.content, kind).map(drop),
            Execution::Master => self.check_master(&open.content),
            Execution::None => Ok(()),
        }
    }

    pub(super) fn submitted(
        &mut self,
        open: &OpenDocument,
        kind: &KindDefinition,
        ((facts, lines), begun, found): (Frozen, Option<Vec<ApprovalEvent>>, Found),
        by: Actor,
        decision: Option<Decision>,
    ) -> Result<(), Fault> {
        let document = open.document().clone();
        let Some(procedures) = self.state.procedures_version() else {
            return Err(("no-procedures", "no procedures are defined here".to_owned()));
        };
        let workflow = kind.workflow.clone();
        let Found { firings, extra } = found;
        let step = DocumentStep::Submitted { workflow, procedures, facts, lines, extra };
        self.step(&document, step, by.clone(), decision);
        self.record_firings(firings, Some(&document));
        match begun {
            None => self.approved(&document),
            Some(events) => self.happened(&document, events, &by, None),
        }
    }

    /// Records what happened in an approval, and what follows from it.
    pub(super) fn happened(
        &mut self,
        document: &Document,
        events: Vec<ApprovalEvent>,
        by: &Actor,
        decision: Option<&Decision>,
    ) -> Result<(), Fault> {
        let mut decision = decision.cloned();
        let mut end = None;
        for event in events {
            match &event {
                ApprovalEvent::Approved { .. }
                | ApprovalEvent::Rejected { .. }
                | ApprovalEvent::Withdrawn { .. } => end = Some(event.clone()),
                ApprovalEvent::Returned { to: ReturnTo::Initiator, .. } => {
                    end = Some(event.clone());
                }
                _ => {}
            }
            // Whoever acted is named with the first event; the rest follows from it.
            let (who, why) = match decision.take() {
                Some(decision) => (by.clone(), Some(decision)),
                None => (Actor::Daemon, None),
            };
            self.step(document, DocumentStep::Approval { event }, who, why);
        }
        match end {
            Some(ApprovalEvent::Approved { .. }) => self.approved(document),
            Some(ApprovalEvent::Rejected { .. }) => {
                self.not_signed(document, DocumentStep::Rejected, by);
                Ok(())
            }
            Some(_) => {
                self.not_signed(document, DocumentStep::Returned, by);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The last signature is there: the document is approved, and what it leads to is opened.
    fn approved(&mut self, document: &Document) -> Result<(), Fault> {
        let (open, kind) = self.open_of(document)?;
        let signatures: Vec<u64> = open.signatures().iter().map(|one| one.entry).collect();
        if kind.workflow.is_some() && signatures.is_empty() {
            // It says that it is approved; nothing follows without what the gate counts itself.
            let message = "signatures are missing over this version: hand it in again".to_owned();
            return Err(("signatures-missing", message));
        }
        self.step(document, DocumentStep::Approved { signatures }, Actor::Daemon, None);
        self.execute(&open.content, &kind)?;
        self.close_settled(&open.content, &kind);
        self.close_complete(document);
        Ok(())
    }

    fn not_signed(&mut self, document: &Document, step: DocumentStep, by: &Actor) {
        if let Some(open) = self.state.document(document).cloned() {
            self.void_document(&open, by);
        }
        self.step(document, step, Actor::Daemon, None);
    }
}
