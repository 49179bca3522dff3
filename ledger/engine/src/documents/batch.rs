//! Many documents in one turn: all of them, or none.
//!
//! Invariants: before the first entry is recorded every document was found right, and let be by the rules before a
//! change, so that nothing half done can stay; rules ask of each what they ask of one that is written alone. Absent:
//! files (`gatewarden_documents::exchange`), what waits between trial and commit (the daemon).

use std::sync::Arc;

use gatewarden_model::{
    Action, Actor, Body, Decision, Document, DocumentContent, ItemId, Module, Right, RuleEffect,
    RuleFiring,
};

use super::trial::{Look, No, Trial, Tried, mistake, tried};
use crate::{
    command::{Refusal, Reply},
    turn::{Answer, Asked, Turn, cut},
};

/// Documents that one turn writes, and what rules find of them: their entries are one group of the journal.
pub const DOCUMENTS_AT_ONCE_MAX: usize = 12_000;
/// Lines that one turn writes, a document without lines counting as one.
pub const WRITTEN_AT_ONCE_MAX: usize = 100_000;

/// A version that was found right.
struct Ready {
    /// Which of those that came.
    at: usize,
    content: DocumentContent,
    decision: Decision,
}

/// Which document is wrong, and why.
type Wrong = (usize, Document, Box<No>);

/// What is wrong, and what rules found that refused it.
type Stopped = (Wrong, Vec<RuleFiring>);

impl Turn<'_> {
    /// Writes all versions, or none of them. Those that are there already are left as they are.
    pub(crate) fn write_documents(
        &mut self,
        contents: Arc<Vec<DocumentContent>>,
        by: Actor,
    ) -> Answer {
        let ready = self.ready(&contents, &by);
        self.memory.forget_spare_past();
        let asked = ready.map_err(|wrong| (wrong, vec![])).and_then(|ready| {
            let firings = self.rules_let_all(&ready, &by)?;
            Ok((ready, firings))
        });
        let (ready, firings) = match asked {
            Ok(asked) => asked,
            Err(((at, document, no), firings)) => {
                self.record_firings(firings, Some(&document));
                return Err(self.refuse_batch(at, &document, *no, &by));
            }
        };
        let written = ready.len();
        for Ready { content, decision, .. } in ready {
            self.record(Body::DocumentWritten {
                content,
                by: by.clone(),
                decision: Some(decision),
            });
        }
        // Behind all of them: what a rule drafts takes a number that none of them has.
        for (document, firing) in firings {
            self.record_firings(vec![firing], Some(&document));
        }
        Ok(Reply::Documents { written })
    }

    /// What rules found before the changes, of each document; else which of them is refused and why, with what is to
    /// be recorded of it. Nothing is recorded yet.
    fn rules_let_all(
        &self,
        ready: &[Ready],
        by: &Actor,
    ) -> Result<Vec<(Document, RuleFiring)>, Stopped> {
        let mut found = vec![];
        for Ready { at, content, decision } in ready {
            let document = &content.document;
            let Some(open) = self.state.document(document) else { continue };
            let refused = |((code, message), firings): (crate::turn::Fault, _)| {
                let mut no: Box<No> = mistake(code, "document", message).into();
                no.decision = Some(decision.clone());
                ((*at, document.clone(), no), firings)
            };
            let firings = self.rules_on_change(content, open, by).map_err(refused)?;
            found.extend(firings.into_iter().map(|firing| (document.clone(), firing)));
        }
        let found = self.hushed_in_turn(found);
        let entries: usize = found.iter().map(|(_, firing)| entries_of(firing)).sum();
        match ready.first() {
            Some(first) if ready.len().saturating_add(entries) > DOCUMENTS_AT_ONCE_MAX => {
                let message = format!(
                    "rules find more than one turn records, {DOCUMENTS_AT_ONCE_MAX} entries with the documents: \
                     write them in parts"
                );
                let no = mistake("too-many-findings", "documents", message).into();
                Err(((first.at, first.content.document.clone(), no), vec![]))
            }
            _ => Ok(found),
        }
    }

    /// What is to be written, each with its decision; else which is wrong, and why.
    fn ready(&self, contents: &[DocumentContent], by: &Actor) -> Result<Vec<Ready>, Wrong> {
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
                ready.push(Ready { at, content: *content, decision });
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

/// Entries that a firing leads to at most.
fn entries_of(firing: &RuleFiring) -> usize {
    let drafts = firing.effects.iter().filter(|one| matches!(one, RuleEffect::Draft { .. }));
    1 + drafts.count()
}
