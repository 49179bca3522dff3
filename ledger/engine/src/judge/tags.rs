//! Work on tags in the journal: who let a reader do it, and whether what came of it was asked for.
//!
//! Invariant: an entry that asks is ended once at most, for the same tag by the same reader. Absent: whether what was
//! told of a tag is so.

use gatewarden_model::{Actor, Body, DeviceId, Module};

use super::{Verdict, answers_for, beside, two};
use crate::{state::State, tag_access::is_sure, turn::session_of};

/// Whether a person asked by the right of the operation, and two or a sure one for what can't be taken back.
pub(super) fn asked(state: &State, body: &Body) -> Verdict {
    let Body::TagAccessAsked { access, by, second, decision, .. } = body else { return Ok(()) };
    let Actor::Operator { id, session } = by else {
        return two(false, by, "let a reader work on a tag without being a person");
    };
    let right = (Module::Tag, access.action());
    answers_for(decision, right)?;
    second.as_ref().map_or(Ok(()), |second| beside(second, id, right))?;
    let level = session_of(state, id, *session).map_or(0, |open| open.auth_level);
    let sure = !access.is_final() || is_sure(level, second.is_some());
    two(sure, by, "did alone, with a PIN, what can't be taken back")
}

/// Whether what came of it was asked for and is not told twice. `ask` is what is open of that entry.
pub(super) fn ended(
    ask: Option<&(String, DeviceId)>,
    asked: u64,
    tag: &str,
    device: &DeviceId,
) -> Verdict {
    match ask {
        Some((of, by)) if of == tag && by == device => Ok(()),
        Some((of, by)) => Err(format!("entry {asked} asked for work on {of} by {by}")),
        None => Err(format!("entry {asked} asked for no work on a tag that is still open")),
    }
}
