//! The end of documents: closed with less than they asked for, cancelled, or moved within their own states.
//!
//! Invariants: what is over opens nothing any more: its open tasks are withdrawn and what it reserved is set
//! free in the same turn. Absent: the end of what is complete (`follow`).

use std::collections::BTreeSet;

use gatewarden_documents::Step as FrameStep;
use gatewarden_model::{Actor, Body, Document, DocumentStep, Hash, MovementId, TaskId};

use crate::{
    command::Reply,
    documents::author_of,
    holds::check_reason,
    state::OpenDocument,
    turn::{Answer, Fault, REASON_BYTES_MAX, Turn, cut},
};

/// What somebody does with a document beside writing and signing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentAct {
    /// It is done, with less than it was to be.
    Close,
    /// It is not to be done.
    Cancel,
    /// A step of its kind's own.
    Own(String),
}

/// Whether somebody saw the newest version; of a count order, its order will do while bins are counted.
fn saw(open: &OpenDocument, digest: Hash) -> Result<(), Fault> {
    let order = open.count.as_ref().map(|count| count.order.digest());
    match digest == open.digest || order == Some(digest) {
        true => Ok(()),
        false => {
            let message = format!(
                "digest: version {} is the newest, you saw another: read it again",
                open.content.version
            );
            Err(("version-stale", message))
        }
    }
}

impl Turn<'_> {
    /// Closes or cancels a document, or takes a step of its kind's own.
    pub(crate) fn end_document(
        &mut self,
        (document, digest): (Document, Option<Hash>),
        act: DocumentAct,
        reason: String,
        by: Actor,
    ) -> Answer {
        let (open, kind) = match self.open_of(&document) {
            Ok(found) => found,
            Err(fault) => return Err(self.refuse_unseen(&by, &document, fault)),
        };
        let frame = match &act {
            DocumentAct::Close => FrameStep::CloseShort,
            DocumentAct::Cancel => FrameStep::Cancel,
            DocumentAct::Own(name) => FrameStep::Move(name.clone()),
        };
        let Some(right) = kind.right_for(&frame, false) else {
            let fault = ("step-not-allowed", format!("state: there is no step {}", frame.name()));
            return Err(self.refuse_unseen(&by, &document, fault));
        };
        let author = author_of(&open.by);
        let (asked, decision) = self.permit_document(&by, right, &open.content, Some(&author))?;
        let named = matches!(act, DocumentAct::Own(_));
        if !named && let Err(message) = check_reason(&reason) {
            return Err(self.refuse_document(asked, decision, ("reason-missing", message)));
        }
        let saw = digest.map_or(Ok(()), |digest| saw(&open, digest));
        if let Err(fault) = saw.and_then(|()| self.frame_allows(&open, &kind, &frame)) {
            return Err(self.refuse_document(asked, decision, fault));
        }
        let unsettled = self.check_unsettled(&open, &kind);
        if let (DocumentAct::Close, Err(fault)) = (&act, unsettled) {
            return Err(self.refuse_document(asked, decision, fault));
        }
        if let Err(fault) = self.check_count_step(&open, &act) {
            return Err(self.refuse_document(asked, decision, fault));
        }
        let operation = if act == DocumentAct::Cancel { "cancel" } else { "close" };
        if !named && let Err(fault) = self.rules_let(operation, &open, &by) {
            return Err(self.refuse_document(asked, decision, fault));
        }
        let reason = cut(&reason, REASON_BYTES_MAX);
        let step = match act {
            DocumentAct::Close => DocumentStep::Closed { reason },
            DocumentAct::Cancel => DocumentStep::Cancelled { reason },
            DocumentAct::Own(name) => DocumentStep::Own { name },
        };
        // A count that is sent back posts nothing of what it found.
        if step.is_final() || open.count.is_some() {
            self.end_tasks(&open.tasks);
            self.void_document(&open, &by);
        }
        self.step(&document, step, by, Some(decision));
        Ok(Reply::Done)
    }

    /// Withdraws what is open of a document's tasks.
    pub(super) fn end_tasks(&mut self, tasks: &BTreeSet<TaskId>) {
        for task in tasks {
            if self.state.task(*task).is_some() {
                self.close_task(*task, "withdrawn", Actor::Daemon);
            }
        }
    }

    /// Sets free what a document reserved.
    pub(super) fn void_document(&mut self, open: &OpenDocument, by: &Actor) {
        let own = |posting: &gatewarden_model::Posting| {
            posting.document_digest.is_some() && posting.document == *open.document()
        };
        let ids: Vec<MovementId> = self
            .state
            .reservations()
            .filter(|held| own(&held.posting))
            .map(|h| h.posting.id)
            .collect();
        for id in ids {
            self.free(id, "void: its document is not to be done", by);
        }
    }

    fn free(&mut self, movement: MovementId, reason: &str, by: &Actor) {
        let Some(held) = self.state.reservation(movement) else { return };
        let lines = gatewarden_stock::free_lines(&held.rest());
        let (reason, by, decision) = (reason.to_owned(), by.clone(), None);
        let ended = Body::ReservationEnded { movement, reason, lines, by, decision };
        // What it still holds is there: it was set aside.
        let _ = self.record_stock(ended);
    }
}
