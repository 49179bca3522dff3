//! Rules before a signature, another version, an end of a document: what they let be is as it would be without them.
//!
//! Invariants: what they find is recorded, whether it refuses or not; who has to sign beside can be asked for when a
//! document is handed in, not later, so a rule that asks for it here refuses. Absent: handing in (`submit`), movements.

use gatewarden_model::{Actor, DocumentContent, RuleFiring};

use crate::{
    documents::facts::{Frozen, of_version},
    rules::Refused,
    state::OpenDocument,
    turn::{Fault, Turn},
};

impl Turn<'_> {
    /// Asks the rules before something is done to a document as it stands.
    pub(crate) fn rules_let(
        &mut self,
        operation: &str,
        open: &OpenDocument,
        by: &Actor,
    ) -> Result<(), Fault> {
        let content = open.content.clone();
        // What its branches were decided on tells more than the version.
        let frozen = match operation {
            "approve" => open.frozen.clone(),
            _ => self.facts_of(&content, &open.by),
        };
        self.rules_let_of(operation, open, (&content, &frozen), by)
    }

    /// Asks the rules before a further version of a document is written.
    pub(crate) fn rules_let_change(
        &mut self,
        content: &DocumentContent,
        open: Option<&OpenDocument>,
        by: &Actor,
    ) -> Result<(), Fault> {
        let Some(open) = open else { return Ok(()) };
        let asked = self.rules_on_change(content, open, by);
        self.tell(asked, open)
    }

    /// What the rules say before a further version of a document is written, without a trace: what they found where
    /// they let it be written; else why they don't, with what is to be recorded of it.
    pub(crate) fn rules_on_change(
        &self,
        content: &DocumentContent,
        open: &OpenDocument,
        by: &Actor,
    ) -> Result<Vec<RuleFiring>, Refused> {
        let frozen = self.facts_of(content, by);
        self.rules_on("change", open, (content, &frozen), by)
    }

    fn facts_of(&self, content: &DocumentContent, author: &Actor) -> Frozen {
        of_version(self.state, content, author, |item| self.item_class(item))
    }

    fn rules_let_of(
        &mut self,
        operation: &str,
        open: &OpenDocument,
        (content, frozen): (&DocumentContent, &Frozen),
        by: &Actor,
    ) -> Result<(), Fault> {
        let asked = self.rules_on(operation, open, (content, frozen), by);
        self.tell(asked, open)
    }

    fn rules_on(
        &self,
        operation: &str,
        open: &OpenDocument,
        (content, frozen): (&DocumentContent, &Frozen),
        by: &Actor,
    ) -> Result<Vec<RuleFiring>, Refused> {
        let found = self.rules_before(operation, open, (content, frozen), by)?;
        if found.extra.is_empty() {
            return Ok(found.firings);
        }
        let message = "a rule asks for one more signature, which can't be asked for now: write a \
                       further version and hand it in";
        Err((("rule-approver", message.to_owned()), found.firings))
    }

    /// Records what rules found, whether they let it be or not.
    fn tell(
        &mut self,
        asked: Result<Vec<RuleFiring>, Refused>,
        open: &OpenDocument,
    ) -> Result<(), Fault> {
        let (firings, answer) = match asked {
            Ok(firings) => (firings, Ok(())),
            Err((fault, firings)) => (firings, Err(fault)),
        };
        let document = open.document().clone();
        self.record_firings(firings, Some(&document));
        answer
    }
}
