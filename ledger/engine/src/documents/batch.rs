//! Many documents in one turn: all of them, or none.
//!
//! Invariant: before the first entry is recorded every document was found right, so that nothing half done can stay.
//! Absent: files (`gatewarden_documents::exchange`), what waits between trial and commit (the daemon).

use std::sync::Arc;

use gatewarden_model::{
    Action, Actor, Body, Decision, Document, DocumentContent, ItemId, Module, Right,
};

use super::trial::{Look, No, Trial, Tried, mistake, tried};
use crate::{
    command::{Refusal, Reply},
    turn::{Answer, Asked, Turn, cut},
};

/// Documents that one turn writes: their entries are one group of the journal.
pub const DOCUMENTS_AT_ONCE_MAX: usize = 12_000;
/// Lines that one turn writes, a document without lines counting as one.
pub const WRITTEN_AT_ONCE_MAX: usize = 100_000;

impl Turn<'_> {
    /// Writes all versions, or none of them. Those that are there already are left as they are.
    pub(crate) fn write_documents(
        &mut self,
        contents: Arc<Vec<DocumentContent>>,
        by: Actor,
    ) -> Answer {
        let ready = self.ready(&contents, &by);
        self.memory.forget_spare_past();
        let ready = match ready {
            Ok(ready) => ready,
            Err((at, document, no)) => return Err(self.refuse_batch(at, &document, *no, &by)),
        };
        let mut written = 0;
        for (content, decision) in ready {
            self.record(Body::DocumentWritten {
                content,
                by: by.clone(),
                decision: Some(decision),
            });
            written += 1;
        }
        Ok(Reply::Documents { written })
    }

    /// What is to be written, each with its decision; else which is wrong, and why.
    #[allow(
        clippy::type_complexity,
        reason = "a version with its decision, or a place with its reason"
    )]
    fn ready(
        &self,
        contents: &[DocumentContent],
        by: &Actor,
    ) -> Result<Vec<(DocumentContent, Decision)>, (usize, Document, Box<No>)> {
        let class = |item: &ItemId| self.stock.item(item).map(|item| item.class);
        let look = Look {
            state: &*self.state,
            settings: self.settings,
            memory: &*self.memory,
            access: self.access,
            class: &class,
        };
        let mut trial = Trial::of(by.clone());
        let (mut ready, mut lines) = (Vec::with_capacity(contents.len()), 0_usize);
        for (at, content) in contents.iter().enumerate() {
            let wrong = |no: Box<No>| (at, content.document.clone(), no);
            lines = lines.saturating_add(content.lines.len().max(1));
            if lines > WRITTEN_AT_ONCE_MAX || at >= DOCUMENTS_AT_ONCE_MAX {
                let message = format!(
                    "more than {DOCUMENTS_AT_ONCE_MAX} documents or {WRITTEN_AT_ONCE_MAX} lines at once: write \
                     them in parts"
                );
                return Err(wrong(mistake("too-many-lines", "documents", message).into()));
            }
            if let (Tried::Written { content, .. }, Some(decision)) =
                tried(&look, &trial, content.clone()).map_err(wrong)?
            {
                trial.beside.stage(&content);
                ready.push((*content, decision));
            }
        }
        Ok(ready)
    }

    fn refuse_batch(&mut self, at: usize, document: &Document, no: No, by: &Actor) -> Refusal {
        let right = no.right.unwrap_or(Right { module: Module::Ledger, action: Action::Modify });
        let mut asked = Asked::new(by, right.action, right.module);
        asked.document = Some(cut(&document.number, 64));
        let more = match no.mistakes.len() {
            0 | 1 => String::new(),
            n => format!(" (and {} more mistakes)", n - 1),
        };
        let first = no.mistakes.into_iter().next();
        let first = first.unwrap_or_else(|| mistake("refused", "document", "it is refused"));
        let reason = format!(
            "documents[{at}].{}: {} {}: {}{more}",
            first.field,
            document.kind.words(),
            cut(&document.number, 64),
            first.message
        );
        self.deny(asked, first.code, reason, no.decision)
    }
}
