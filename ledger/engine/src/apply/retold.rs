//! A document that is over, told again from the entries that name it.
//!
//! Invariants: each entry does to it what it did when it was recorded, under the definitions of that time; nothing that
//! is open now is looked at or changed. Absent: which entries those are (the daemon reads them), deciding.

use gatewarden_model::{ApprovalEvent, Body, Document, DocumentStep, Entry, Hash};
use gatewarden_workflow::Instance;

use crate::state::{OpenDocument, State};

/// An approval, and the definitions that it ran under.
type Ran = (Option<Box<Instance>>, Hash);

/// A document as far as it is told.
#[derive(Debug)]
pub struct Retelling {
    document: Document,
    state: State,
    /// What ran before the version that was handed in last.
    before: Option<Ran>,
    over: Option<Box<OpenDocument>>,
}

impl State {
    /// Begins to tell a document that is over: show each entry that names it, in sequence.
    #[must_use]
    pub fn retelling(&self, document: Document) -> Retelling {
        let state = Self {
            procedures: self.procedures.clone(),
            procedures_version: self.procedures_version,
            decimals: self.decimals,
            ..Self::default()
        };
        Retelling { document, state, before: None, over: None }
    }
}

impl Retelling {
    /// Takes an entry in; one about other documents changes nothing.
    pub fn take(&mut self, entry: &Entry) {
        match &entry.body {
            Body::DocumentWritten { content, by, .. } if content.document == self.document => {
                self.state.document_written(entry, content, by);
            }
            Body::DocumentStepped { document, digest, step, by, .. }
                if *document == self.document =>
            {
                self.approval_of(step);
                let over = self.state.document_stepped(entry, document, (*digest, step, by));
                self.over = over.or_else(|| self.over.take());
            }
            Body::Moved { movement, .. } if movement.document == self.document => {
                self.state.document_moved(movement);
            }
            _ => {}
        }
    }

    /// Which of its approvals a step belongs to. Whether one ran on depended on documents that are not told here, and is
    /// told by what followed: one that runs on is revised, any other began anew.
    fn approval_of(&mut self, step: &DocumentStep) {
        let Some(open) = self.state.documents.get_mut(&self.document) else { return };
        match step {
            DocumentStep::Submitted { .. } => {
                self.before = Some((open.approval.take(), open.procedures));
            }
            DocumentStep::Approval { event: ApprovalEvent::Revised { .. } } => {
                if let Some((approval @ Some(_), procedures)) = self.before.take() {
                    (open.approval, open.procedures) = (approval, procedures);
                }
            }
            _ => {}
        }
    }

    /// The document as it was when it ended; none where no entry that was shown ends it.
    #[must_use]
    pub fn over(&self) -> Option<&OpenDocument> {
        self.over.as_deref()
    }
}
