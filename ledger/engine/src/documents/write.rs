//! Versions of documents.

use gatewarden_documents::{KindDefinition, Step as FrameStep};
use gatewarden_model::{Actor, Body, DocumentContent};

use super::{
    Beside, DOCUMENTS_MAX, circumstances,
    draft::{House, mistakes_in},
    first_of,
    past::check_number,
    written,
};
use crate::{
    state::{OpenDocument, State},
    turn::{Answer, Fault, Turn},
};

impl Turn<'_> {
    /// Writes a version: the first one, or the one after the newest. The same version twice is one. A first one
    /// without a number is given the next.
    pub(crate) fn write_document(&mut self, mut content: DocumentContent, by: Actor) -> Answer {
        if content.document.number.is_empty() && content.version == 1 {
            match self.next_number(content.document.kind) {
                Ok(number) => content.document.number = number,
                Err(fault) => return Err(self.refuse_unseen(&by, &content.document, fault)),
            }
        }
        let document = content.document.clone();
        let kind = match self.kind_of(&document) {
            Ok(kind) => kind,
            Err(fault) => return Err(self.refuse_unseen(&by, &document, fault)),
        };
        let known = self.state.document(&document).cloned();
        let right = kind.right_for(&FrameStep::Write, known.is_none());
        let Some(right) = right else {
            let fault = ("step-not-allowed", "nobody writes this kind by hand".to_owned());
            return Err(self.refuse_unseen(&by, &document, fault));
        };
        let (asked, decision) = self.permit_document(&by, right, &content, None)?;
        let fields = content.fields();
        self.may_state(&asked, &fields, &decision)?;
        let digest = content.digest();
        if let Some(open) = &known
            && open.digest == digest
            && self.may_compare(&by, &open.by, &fields)
        {
            return Ok(written(&document, content.version, digest));
        }
        if let Err(fault) = self.check_written(&content, known.as_ref()) {
            return Err(self.refuse_document(asked, decision, fault));
        }
        if let Err(fault) = self.rules_let_change(&content, known.as_ref(), &by) {
            return Err(self.refuse_document(asked, decision, fault));
        }
        let version = content.version;
        self.record(Body::DocumentWritten { content, by, decision: Some(decision) });
        Ok(written(&document, version, digest))
    }

    /// Whether a version may be written.
    fn check_written(
        &self,
        content: &DocumentContent,
        known: Option<&OpenDocument>,
    ) -> Result<(), Fault> {
        let kind = self.kind_of(&content.document)?;
        let expected = known.map_or(1, |open| open.content.version.saturating_add(1));
        if content.version != expected {
            let message = format!(
                "version: the next version is {expected}, this is {}: read the document again",
                content.version
            );
            return Err(("version-stale", message));
        }
        match known {
            Some(open) => may_replace(self.state, open, &kind)?,
            None if self.state.documents.len() >= DOCUMENTS_MAX => {
                let message = format!("{DOCUMENTS_MAX} documents are open: close some");
                return Err(("documents-full", message));
            }
            None => check_number(self.memory, &Beside::default(), &content.document)?,
        }
        self.check_content_of(content)
    }

    /// Whether a version says what its kind may say.
    pub(super) fn check_content_of(&self, content: &DocumentContent) -> Result<(), Fault> {
        let house = House {
            state: self.state,
            settings: self.settings,
            memory: self.memory,
            beside: &Beside::default(),
        };
        match first_of(&mistakes_in(&house, content)) {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }
}

/// Whether a further version may replace an open one now; asked of each that is written, alone or with others.
pub(super) fn may_replace(
    state: &State,
    open: &OpenDocument,
    kind: &KindDefinition,
) -> Result<(), Fault> {
    if open.count.is_some() {
        let message = "state: it is being counted: finish or cancel that first".to_owned();
        return Err(("count-open", message));
    }
    gatewarden_documents::after(
        kind,
        &open.stage,
        &FrameStep::Write,
        &circumstances(state, open, kind),
    )
    .map(drop)
    .map_err(|fault| (fault.code(), fault.to_string()))
}
