//! Signing: what a person does to a document that waits for him, and what time does.
//!
//! Invariants: only a person in a session acts; the version that he names is the newest; what happens is what
//! the workflow says and nothing else. Absent: the semantics of each act (`gatewarden-workflow`).

use gatewarden_documents::Step as FrameStep;
use gatewarden_model::{Actor, ApprovalAct, Document, Verdict};

use super::{author_of, counts};
use crate::{
    command::Reply,
    turn::{Answer, Turn},
    workflows,
};

/// How often it is looked whose time ran out, in microseconds.
const TIMED_EVERY_US: u64 = 60_000_000;

impl Turn<'_> {
    /// Does something to a document in its approval.
    pub(crate) fn act_on_document(
        &mut self,
        document: Document,
        act: ApprovalAct,
        by: Actor,
    ) -> Answer {
        let (open, kind) = match self.open_of(&document) {
            Ok(found) => found,
            Err(fault) => return Err(self.refuse_unseen(&by, &document, fault)),
        };
        let withdraws = matches!(act, ApprovalAct::Withdraw { .. });
        let frame = if withdraws { FrameStep::Withdraw } else { FrameStep::Approve };
        let Some(right) = kind.right_for(&frame, false) else {
            let fault = ("step-not-allowed", "nobody approves this kind by hand".to_owned());
            return Err(self.refuse_unseen(&by, &document, fault));
        };
        let author = author_of(&open.by);
        let author = (!withdraws).then_some(author.as_str());
        let (asked, decision) = self.permit_document(&by, right, &open.content, author)?;
        let Actor::Operator { id, .. } = &by else {
            let fault = ("not-an-operator", "only a person signs: sign in first".to_owned());
            return Err(self.refuse_document(asked, decision, fault));
        };
        if withdraws && counts::is_deciding(&open) {
            let message =
                "what a count found is not taken back: whoever may has to cancel the order";
            let fault = ("count-open", message.to_owned());
            return Err(self.refuse_document(asked, decision, fault));
        }
        // What was approved or executed is not taken back by its author: it is cancelled, or closed short.
        if withdraws && let Err(fault) = self.frame_allows(&open, &kind, &FrameStep::Withdraw) {
            return Err(self.refuse_document(asked, decision, fault));
        }
        if !open.waits() && !withdraws {
            let message = format!(
                "{} version {} waits for no signature: it is {}",
                document.number,
                open.content.version,
                open.frame().name()
            );
            return Err(self.refuse_document(asked, decision, ("no-approval", message)));
        }
        let events = match workflows::act(self.scene(), &open, id, &act) {
            Ok(events) => events,
            Err(fault) => return Err(self.refuse_document(asked, decision, fault)),
        };
        // What its last signature leads to must be possible: else nothing is recorded but the refusal.
        if let Err(fault) = self.can_follow(&open, &kind, &events) {
            return Err(self.refuse_document(asked, decision, fault));
        }
        let signs = matches!(act, ApprovalAct::Decide { verdict: Verdict::Approve, .. });
        if signs && let Err(fault) = self.rules_let("approve", &open, &by) {
            return Err(self.refuse_document(asked, decision, fault));
        }
        let prepared = self.prepare_document(&open, &kind, &events, &by)?;
        let refused = decision.clone();
        if let Err(fault) = self.happened(&document, events, &by, Some(&decision)) {
            return Err(self.refuse_document(asked, refused, fault));
        }
        match prepared {
            Some(prepared) => self.post_prepared(prepared, by),
            None => Ok(Reply::Done),
        }
    }

    /// Reminds and escalates where time ran out.
    pub(crate) fn time_out_documents(&mut self) {
        let last = self.memory.documents_timed;
        if last.is_some_and(|last| self.now.us_since(&last) < TIMED_EVERY_US) {
            return;
        }
        self.memory.documents_timed = Some(self.now);
        let waits = |open: &&crate::state::OpenDocument| open.waits();
        let all: Vec<Document> =
            self.state.documents().filter(waits).map(|open| open.document().clone()).collect();
        for document in all {
            let Some(open) = self.state.document(&document).cloned() else { continue };
            let events = workflows::tick(self.scene(), &open);
            // Time asks others and reminds; it never approves, so nothing follows that could fail.
            let _ = self.happened(&document, events, &Actor::Daemon, None);
        }
    }
}
