//! Documents that are over: looked up in the journal before a command that names one is decided.
//!
//! Invariant: what was not looked up is not known; a number that was used before is never used again. Absent:
//! the looking up (the daemon), what is open (`state`).

use std::collections::BTreeSet;

use gatewarden_documents::{Frame, Step};
use gatewarden_model::{
    Body, DOCUMENT_LINES_MAX, Day, Document, DocumentContent, DocumentKind, DocumentStep,
    LINKS_MAX, RuleEffect, RuleFiring, Stamp,
};

use super::{Beside, WRITTEN_AT_ONCE_MAX};
use crate::{
    command::Command,
    engine::Engine,
    memory::{Memory, Past},
    state::State,
    turn::{Fault, Turn},
};

/// Numbers that are looked at for the next one.
const CANDIDATES_MAX: u64 = 32;

/// Documents that one command may make one look up.
pub const LOOKED_UP_MAX: usize = 4096;

impl Engine {
    /// The documents that a command names and that are neither open nor looked up: look each up in the journal
    /// and tell by `supply_document`.
    #[must_use]
    pub fn missing_documents(&self, now: &Stamp, command: &Command) -> Vec<Document> {
        let content = match command {
            Command::WriteDocument { content, by } if content.document.number.is_empty() => {
                let mut next = candidates(self.state(), content.document.kind, self.day_of(now));
                if self.may_write(by, content) {
                    next.extend(looked_up(content).into_iter().skip(1));
                }
                return self.unknown(next, LOOKED_UP_MAX);
            }
            Command::Fire { firings, .. } => {
                let next = drafted(firings)
                    .flat_map(|kind| candidates(self.state(), kind, self.day_of(now)));
                return self.unknown(next.collect(), LOOKED_UP_MAX);
            }
            // Nothing is looked up for whoever is refused anyway.
            Command::WriteDocument { content, by } if !self.may_write(by, content) => None,
            Command::WriteDocument { content, .. } => Some(content),
            Command::WriteDocuments { contents, by } => {
                let mut named = vec![];
                for content in contents.iter().take(WRITTEN_AT_ONCE_MAX) {
                    if !self.may_write(by, content) {
                        break;
                    }
                    named.extend(looked_up(content));
                }
                return self.unknown(named, WRITTEN_AT_ONCE_MAX.saturating_mul(2));
            }
            Command::SubmitDocument { document, by, .. } => {
                let open = self.state().document(document).map(|open| &*open.content);
                open.filter(|content| self.may_take(by, content, &Step::Submit))
            }
            _ => None,
        };
        let Some(content) = content else { return vec![] };
        self.unknown(looked_up(content), LOOKED_UP_MAX)
    }

    /// Those that are not known, each once, and no more than may be looked up.
    fn unknown(&self, mut named: Vec<Document>, most: usize) -> Vec<Document> {
        named.sort_unstable();
        named.dedup();
        named.retain(|document| !self.knows_document(document));
        named.truncate(most);
        named
    }

    /// Takes over what the journal tells of a document: none where it never was one.
    pub fn supply_document(&mut self, document: Document, past: Option<Past>) {
        self.remember_document(document, past);
    }

    /// The same of many, which are all remembered up to the end of the command that they are looked up for.
    pub fn supply_documents(&mut self, found: Vec<(Document, Option<Past>)>) {
        self.make_room_for_past(found.len());
        for (document, past) in found {
            self.remember_document(document, past);
        }
    }

    /// Takes over of which documents the journal tells more than is read: their numbers count as used, and nothing
    /// names them while they are not open.
    pub fn supply_unread(&mut self, documents: Vec<Document>) {
        self.remember_unread(documents);
    }
}

/// Remembers a document that an entry ends, before the entry is applied: what was looked up before it began is
/// not true any more, and its number is used.
pub(crate) fn remember(memory: &mut Memory, state: &State, body: &Body) {
    let Body::DocumentStepped { document, step, .. } = body else { return };
    let Some(open) = state.document(document).filter(|_| step.is_final()) else { return };
    let frame = match step {
        DocumentStep::Cancelled { .. } => Frame::Cancelled,
        _ => Frame::Closed,
    };
    let lines = open.quantities.lines().map(|(number, _)| number).collect();
    let approved = open.approved.iter().map(|(_, digest)| *digest);
    let digests = open.in_force().map(|one| one.digest()).chain(approved).chain([open.digest]);
    let past = Past { frame, lines, digests: digests.collect() };
    memory.past.insert(document.clone(), Some(past));
}

/// The kinds of document that firings draft, each once.
fn drafted(firings: &[RuleFiring]) -> impl Iterator<Item = DocumentKind> {
    let effects = firings.iter().flat_map(|firing| &firing.effects);
    let kinds: BTreeSet<DocumentKind> = effects
        .filter_map(|effect| match effect {
            RuleEffect::Draft { kind, .. } => Some(*kind),
            _ => None,
        })
        .collect();
    kinds.into_iter()
}

/// The next numbers of a kind, by its pattern and the newest one that it made; none where the pattern is used up.
fn candidates(state: &State, kind: DocumentKind, day: Day) -> Vec<Document> {
    let defined = state.procedures_in_force().and_then(|known| known.kinds.of(kind));
    let Some(numbering) = defined.map(|kind| &kind.numbering) else { return vec![] };
    let Some(first) = numbering.number(day, 1) else { return vec![] };
    let shape = Document { kind, number: first }.shape();
    let last = state.numbered.get(&(kind, shape)).and_then(|last| numbering.read(last));
    let next = match last {
        Some((scope, count)) if scope == numbering.scope(day) => count.saturating_add(1),
        _ => 1,
    };
    let number = |count| Some(Document { kind, number: numbering.number(day, count)? });
    (next..next.saturating_add(CANDIDATES_MAX)).map_while(number).collect()
}

/// The documents that are looked up for a version, itself first: none of those in lists that are too long, which are
/// refused unseen.
pub(super) fn looked_up(content: &DocumentContent) -> Vec<Document> {
    let lines = if content.lines.len() > DOCUMENT_LINES_MAX { &[][..] } else { &content.lines };
    let lists = lines.iter().map(|line| &line.links).chain([&content.links]);
    let links = lists.filter(|links| links.len() <= LINKS_MAX).flatten();
    let named = links.map(|link| link.document.clone());
    std::iter::once(content.document.clone()).chain(named).collect()
}

impl Turn<'_> {
    /// The next number of a kind.
    pub(crate) fn next_number(&self, kind: DocumentKind) -> Result<String, Fault> {
        let day = self.today().0;
        let all = candidates(self.state, kind, day);
        if all.is_empty() {
            let message =
                "document.number: the pattern of its kind is used up: give it more digits";
            return Err(("numbers-used-up", message.to_owned()));
        }
        for document in all {
            if self.state.document(&document).is_some() {
                continue;
            }
            match self.memory.past.get(&document) {
                Some(None) => return Ok(document.number),
                Some(Some(_)) => {}
                None if self.memory.unread.get(&document).is_some() => {}
                None => break,
            }
        }
        Err((
            "not-looked-up",
            "document.number: the next is not known: state one, or ask again".into(),
        ))
    }
}

/// Refuses a number that a document had that is over.
pub(super) fn check_number(
    memory: &Memory,
    beside: &Beside,
    document: &Document,
) -> Result<(), Fault> {
    match beside.past(memory, document) {
        Some(None) => Ok(()),
        Some(Some(_)) => {
            let message = format!(
                "document.number: there was a {} {} before: take another number",
                document.kind.words(),
                document.number
            );
            Err(("number-twice", message))
        }
        None if memory.unread.get(document).is_some() => {
            let message = "document.number: so much is recorded about it that it was not read: take another number";
            Err(("too-much-to-read", message.into()))
        }
        None => Err(("not-looked-up", "document.number: it was not looked up: ask again".into())),
    }
}
