//! Documents that are posted by their own approval: reserved when they are handed in, posted in the turn of the
//! last signature.
//!
//! Invariants: whoever hands it in reserves, whoever signs last posts, and these are two; where it can't be
//! posted the last signature is refused, and the document waits as it did. Absent: postings by hand
//! (`reservations`).

use gatewarden_documents::{Execution, KindDefinition};
use gatewarden_model::{Actor, ApprovalEvent, DocumentContent, MovementId};

use super::execute::posting_of;
use crate::{
    command::Refusal,
    reservations::Prepared,
    state::OpenDocument,
    turn::{Fault, Turn},
};

impl Turn<'_> {
    /// Sets aside what a document takes.
    pub(super) fn reserve_document(
        &mut self,
        content: &DocumentContent,
        kind: &KindDefinition,
        by: &Actor,
    ) -> Result<(), Refusal> {
        let posting = match posting_of(content, kind) {
            Ok(Some(posting)) => posting,
            Ok(None) => return Ok(()),
            Err((code, message)) => return Err(Refusal { code, message, recorded: None }),
        };
        self.reserve_posting(posting, by.clone()).map(drop)
    }

    /// What a document's last signature posts, checked and priced; none where nothing is posted by it.
    pub(super) fn prepare_document(
        &mut self,
        open: &OpenDocument,
        kind: &KindDefinition,
        events: &[ApprovalEvent],
        by: &Actor,
    ) -> Result<Option<Prepared>, Refusal> {
        let last = events.iter().any(|event| matches!(event, ApprovalEvent::Approved { .. }));
        if kind.execution != Execution::Posting || !last {
            return Ok(None);
        }
        let Some(id) = self.reserved_for(open) else { return Ok(None) };
        let Some(held) = self.state.reservation(id).cloned() else { return Ok(None) };
        self.prepare(&held, by, None).map(Some)
    }

    /// The reservation of a document's newest version.
    fn reserved_for(&self, open: &OpenDocument) -> Option<MovementId> {
        let own = self.state.reservations().find(|held| {
            let posting = &held.posting;
            posting.document == *open.document() && posting.document_digest == Some(open.digest)
        });
        own.map(|held| held.posting.id)
    }

    /// Whether the tasks that a last signature opens can be opened now.
    pub(super) fn can_follow(
        &self,
        open: &OpenDocument,
        kind: &KindDefinition,
        events: &[ApprovalEvent],
    ) -> Result<(), Fault> {
        self.check_recount(open, events)?;
        let last = events.iter().any(|event| matches!(event, ApprovalEvent::Approved { .. }));
        if !last {
            return Ok(());
        }
        self.check_execution(open, kind)?;
        self.check_still(open)
    }
}
