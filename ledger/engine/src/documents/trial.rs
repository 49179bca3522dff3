//! Versions tried one after the other, as if each before were written: what writing would do, without a trace.
//!
//! Invariant: what is tried and what is written at once is asked the same questions in the same place (`tried`); a
//! document counts as there for those that come after it. Absent: the writing, and the rules before a change, which are
//! asked in its turn (`batch`); single versions (`write`).

use std::collections::BTreeSet;

use gatewarden_documents::{Frame, KindDefinition, Mistake, Step as FrameStep};
use gatewarden_model::{
    Actor, Decision, Document, DocumentContent, ItemClass, ItemId, Right, mask,
};

use super::{
    Decided, House, decide_document, defined,
    draft::{Beside, Staged, mistakes_in},
};
use crate::{
    access::Access,
    engine::{Engine, Settings},
    memory::{Memory, Past},
    sessions::levels::check_level,
    state::{OpenDocument, State},
    turn::Asked,
};

/// Documents that are tried one after the other, as if each before were written.
#[derive(Debug, Clone)]
pub struct Trial {
    by: Actor,
    pub(super) beside: Beside,
}

/// What became of a document that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It is there with this very content.
    Same,
    /// It would be written; the version is the next one.
    Written {
        /// As it would be written.
        content: Box<DocumentContent>,
        /// Whether there was none of its number.
        is_new: bool,
    },
}

impl Trial {
    /// Nothing was tried yet by this person or machine.
    #[must_use]
    pub fn of(by: Actor) -> Self {
        Self { by, beside: Beside::default() }
    }

    /// The documents that a version names, itself first, and that nobody knows yet: look each up in the journal, and
    /// tell by `tell`. None for whoever may not write it anyway.
    #[must_use]
    pub fn unknown(&self, engine: &Engine, content: &DocumentContent) -> Vec<Document> {
        if !engine.may_write(&self.by, content) {
            return vec![];
        }
        let mut named = super::past::looked_up(content);
        named.retain(|document| {
            !self.beside.knows(document) && engine.state().document(document).is_none()
        });
        named
    }

    /// Takes over what the journal tells of a document.
    pub fn tell(&mut self, document: Document, past: Option<Past>) {
        self.beside.pasts.insert(document, past);
    }

    /// Forgets what the journal told, which may be another later.
    pub fn forget_past(&mut self) {
        self.beside.pasts.clear();
    }
}

/// What is looked at when a document is tried.
pub(super) struct Look<'l> {
    pub(super) state: &'l State,
    pub(super) settings: &'l Settings,
    pub(super) memory: &'l Memory,
    pub(super) access: &'l Access,
    pub(super) class: &'l dyn Fn(&ItemId) -> Option<ItemClass>,
}

/// Why a document is not written.
pub(super) struct No {
    pub(super) mistakes: Vec<Mistake>,
    pub(super) right: Option<Right>,
    pub(super) decision: Option<Decision>,
}

impl From<Mistake> for Box<No> {
    fn from(mistake: Mistake) -> Self {
        Self::new(No { mistakes: vec![mistake], right: None, decision: None })
    }
}

pub(super) fn mistake(code: &'static str, field: &str, message: impl Into<String>) -> Mistake {
    Mistake { code, field: field.to_owned(), message: message.into() }
}

impl Engine {
    /// Tries a version whose number is not looked at: it would be the next one. Leaves no trace.
    pub fn try_version(
        &self,
        trial: &mut Trial,
        content: DocumentContent,
    ) -> Result<Tried, Vec<Mistake>> {
        let parts = self.parts();
        let class = |item: &ItemId| Some(parts.stock.item(item)?.class);
        let look = Look {
            state: parts.state,
            settings: parts.settings,
            memory: parts.memory,
            access: parts.access,
            class: &class,
        };
        let (tried, _) = tried(&look, trial, content).map_err(|no| no.mistakes)?;
        if let Tried::Written { content, .. } = &tried {
            trial.beside.stage(content);
        }
        Ok(tried)
    }

    /// Whether somebody may write a version at all, with all that policies ask of it.
    #[must_use]
    pub fn may_write(&self, by: &Actor, content: &DocumentContent) -> bool {
        self.may_take(by, content, &FrameStep::Write)
    }

    /// Whether somebody may take a step of a document at all. Leaves no trace.
    pub(crate) fn may_take(&self, by: &Actor, content: &DocumentContent, step: &FrameStep) -> bool {
        let parts = self.parts();
        let Ok(kind) = defined(parts.state, &content.document) else { return false };
        let is_new = parts.state.document(&content.document).is_none();
        let Some(right) = kind.right_for(step, is_new) else { return false };
        let class = |item: &ItemId| Some(parts.stock.item(item)?.class);
        let sides = (parts.state, parts.access);
        let decided = decide_document(sides, &class, by, (right, content, None));
        decided.is_ok_and(|decided| decided.decision.allowed)
    }
}

/// What a version would do, with the policies' decision on it.
pub(super) fn tried(
    look: &Look<'_>,
    trial: &Trial,
    mut content: DocumentContent,
) -> Result<(Tried, Option<Decision>), Box<No>> {
    let document = content.document.clone();
    let kind = defined(look.state, &document)
        .map_err(|(code, message)| mistake(code, "document.kind", message))?;
    let known = look.state.document(&document);
    let Some(right) = kind.right_for(&FrameStep::Write, known.is_none()) else {
        return Err(
            mistake("step-not-allowed", "document", "nobody writes this kind by hand").into()
        );
    };
    let decision = permitted(look, &trial.by, right, &content)?;
    let refused = |mistakes: Vec<Mistake>| {
        let decision = Some(decision.clone());
        Box::new(No { mistakes, right: Some(right), decision })
    };
    if document.number.is_empty() {
        return Err(refused(vec![unnumbered(kind)]));
    }
    if trial.beside.staged.contains_key(&document) {
        let message = "it stands before in what is written at once: give each its own number";
        return Err(refused(vec![mistake("document-twice", "document.number", message)]));
    }
    let fields = crate::fields::rights(look.state, look.access, &trial.by);
    if let Some(field) = fields.first_unset(&content.fields()) {
        let message = format!("you may not set {field}: leave it out, or ask for the right");
        return Err(refused(vec![mistake("field-denied", "document", message)]));
    }
    if let Some(open) = known {
        if !mask::shows_all(&*open.content, &fields) {
            let message = "it is there, with fields that you don't see: have it written by \
                           somebody who sees all of it";
            return Err(refused(vec![mistake("fields-hidden", "document", message)]));
        }
        content.version = open.content.version;
        if *open.content == content {
            return Ok((Tried::Same, None));
        }
    }
    content.version = known.map_or(1, |open| open.content.version.saturating_add(1));
    next_version(look, trial, known, (&content, kind)).map_err(|one| refused(vec![one]))?;
    let Look { state, settings, memory, .. } = *look;
    let found = mistakes_in(&House { state, settings, memory, beside: &trial.beside }, &content);
    if !found.is_empty() {
        return Err(refused(found));
    }
    let is_new = known.is_none();
    Ok((Tried::Written { content: Box::new(content), is_new }, Some(decision)))
}

/// Documents that come together have numbers: without, those that come in again would be there twice.
fn unnumbered(kind: &KindDefinition) -> Mistake {
    let message = format!(
        "what comes by an import or with others states its number, so that it may come in again and is there once; a \
         {} is numbered {}: state one, or write it alone, which gives it the next",
        kind.kind.words(),
        kind.numbering
    );
    mistake("number-missing", "document.number", message)
}

/// Asks for the right to write a version.
fn permitted(
    look: &Look<'_>,
    by: &Actor,
    right: Right,
    content: &DocumentContent,
) -> Result<Decision, Box<No>> {
    let decided =
        decide_document((look.state, look.access), look.class, by, (right, content, None));
    let Decided { decision, level } =
        decided.map_err(|(code, message)| mistake(code, "document", message))?;
    let no = |one: Mistake, decision: &Decision| {
        let decision = Some(decision.clone());
        Box::new(No { mistakes: vec![one], right: Some(right), decision })
    };
    if !decision.allowed {
        let message = crate::turn::denial(by, &decision);
        return Err(no(mistake("denied", "document", message), &decision));
    }
    let asked = Asked::new(by, right.action, right.module);
    match check_level(look.settings, &asked, &decision, level) {
        Ok(()) => Ok(decision),
        Err((code, message)) => Err(no(mistake(code, "document", message), &decision)),
    }
}

/// Whether the next version may be written now.
fn next_version(
    look: &Look<'_>,
    trial: &Trial,
    known: Option<&OpenDocument>,
    (content, kind): (&DocumentContent, &KindDefinition),
) -> Result<(), Mistake> {
    let document = &content.document;
    let Some(open) = known else {
        let new = trial.beside.new_ones;
        if look.state.documents.len().saturating_add(new) >= super::DOCUMENTS_MAX {
            let message = format!("{} documents are open: close some", super::DOCUMENTS_MAX);
            return Err(mistake("documents-full", "document", message));
        }
        return super::past::check_number(look.memory, &trial.beside, document)
            .map_err(|(code, message)| at_its_field(code, &message));
    };
    super::write::may_replace(look.state, open, kind)
        .map_err(|(code, message)| at_its_field(code, &message))
}

/// A message that begins with its field.
fn at_its_field(code: &'static str, message: &str) -> Mistake {
    match message.split_once(": ") {
        Some((field, rest)) if !field.contains(' ') => mistake(code, field, rest),
        _ => mistake(code, "document", message),
    }
}

impl Beside {
    /// Counts a version as there for what follows.
    pub(super) fn stage(&mut self, content: &DocumentContent) {
        self.new_ones += usize::from(content.version == 1);
        let lines: BTreeSet<u32> = content.lines.iter().map(|line| line.line).collect();
        let staged = Staged { frame: Frame::Draft, lines, digest: content.digest() };
        self.staged.insert(content.document.clone(), staged);
    }
}
