//! Settlements in the journal: did one say what the journal gives, and was an order ended by nothing else?
//!
//! Invariant: what is held against a settlement is made from the entries before it, as the engine made it. Absent:
//! who signed it (`documents`).

use gatewarden_documents::KindDefinition;
use gatewarden_model::Actor;

use super::Verdict;
use crate::{
    settlements::{check, is_one, settled_by},
    state::{OpenDocument, State},
};

/// Whether a document that is handed in or approved says what the journal gives, where it is a settlement.
pub(super) fn stands(state: &State, open: &OpenDocument) -> Verdict {
    match is_one(&open.content) {
        true => check(state, &open.content).map_err(|(code, message)| format!("{code}: {message}")),
        false => Ok(()),
    }
}

/// Whether a document that its settlement ends was ended by one.
pub(super) fn closed(
    state: &State,
    (open, kind): (&OpenDocument, &KindDefinition),
    (reason, by): (&str, &Actor),
) -> Verdict {
    let Some(closes) = kind.closed_by else { return Ok(()) };
    let settles = |other: &&OpenDocument| {
        let signed = other.approved.as_ref().is_some_and(|(_, one)| *one == other.digest);
        let names = other.content.links.iter().any(|link| link.document == *open.document());
        signed && names && other.frame().is_open() && settled_by(other.document()) == reason
    };
    match *by == Actor::Daemon && state.documents_of(closes).any(|other| settles(&other)) {
        true => Ok(()),
        false => Err(format!("no {} that was approved ends it", closes.words())),
    }
}
