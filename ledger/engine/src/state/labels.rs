//! Labels that are not over: as the entries left them.

use gatewarden_model::{
    Actor, Body, Decision, Entry, Label, LabelEvidence, LabelId, LabelState, Stamp, no_fields,
};
use serde::Serialize;

use crate::state::State;

/// A label that waits, is being sent or is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenLabel {
    /// The entry that queued it: labels are printed in this order.
    pub seq: u64,
    /// When that was.
    pub at: Stamp,
    /// What.
    pub label: Label,
    /// By whom.
    pub by: Actor,
    /// Why that was allowed.
    pub decision: Decision,
    /// Where it stands.
    pub state: LabelState,
    /// Why it is unknown.
    pub reason: String,
    /// What its printer told in the last attempt.
    pub evidence: LabelEvidence,
    /// How often somebody decided about it.
    pub decisions: u32,
}

no_fields!(OpenLabel);

impl OpenLabel {
    /// Whether it has no tag, or its tag was read back as it was to be written.
    #[must_use]
    pub fn is_read_back(&self) -> bool {
        self.evidence.reads_back(self.label.tag.as_ref())
    }
}

impl State {
    /// All labels that are not over, in the order in which they were queued.
    pub fn labels(&self) -> impl Iterator<Item = &OpenLabel> {
        self.label_seqs.values().filter_map(|id| self.labels.get(id))
    }

    /// One of them.
    #[must_use]
    pub fn label(&self, id: LabelId) -> Option<&OpenLabel> {
        self.labels.get(&id)
    }

    pub(crate) fn apply_labels(&mut self, entry: &Entry) {
        match &entry.body {
            Body::LabelQueued { label, by, decision } => {
                let open = OpenLabel {
                    seq: entry.seq,
                    at: entry.at,
                    label: label.clone(),
                    by: by.clone(),
                    decision: decision.clone(),
                    state: LabelState::Queued,
                    reason: String::new(),
                    evidence: LabelEvidence::default(),
                    decisions: 0,
                };
                self.label_seqs.insert(entry.seq, label.id);
                self.labels.insert(label.id, open);
            }
            Body::LabelChanged { label, state, reason, evidence } => {
                if let Some(open) = self.labels.get_mut(label) {
                    open.state = *state;
                    open.reason.clone_from(reason);
                    open.evidence = evidence.as_deref().cloned().unwrap_or_default();
                }
                self.label_over(*label);
            }
            Body::LabelDecided { label, verdict, .. } => {
                if let Some(open) = self.labels.get_mut(label) {
                    open.decisions = open.decisions.saturating_add(1);
                    let read_back = open.is_read_back();
                    open.state = open.state.decide(*verdict, read_back).unwrap_or(open.state);
                    // What an earlier attempt told proves nothing about the next one.
                    (open.reason, open.evidence) = (String::new(), LabelEvidence::default());
                }
                self.label_over(*label);
            }
            _ => self.apply_documents(entry),
        }
    }

    fn label_over(&mut self, id: LabelId) {
        if self.labels.get(&id).is_some_and(|open| open.state.is_over())
            && let Some(gone) = self.labels.remove(&id)
        {
            self.label_seqs.remove(&gone.seq);
        }
    }
}
