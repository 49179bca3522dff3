//! Decisions on held passes in the journal: whether those who decided might, and did not move it themselves.
//!
//! Invariant: what is or may be a copy has two who decided, both with the right to it; what is doubtful was named by a
//! person. Absent: what the policies answer (`questions`), and what was posted then.

use gatewarden_model::{Action, Actor, Body, OperatorId};

use super::{Verdict, answers_for, beside, is_name, two};
use crate::{
    holds::{may_be_copies, moved_it},
    state::State,
};

/// What two people are needed for, and who they may not be.
pub(super) fn decided(state: &State, body: &Body) -> Verdict {
    let Body::HoldDecided { pass, by, doubts, second, decision, .. } = body else { return Ok(()) };
    let Some(hold) = state.hold(*pass) else { return Ok(()) };
    let right = (hold.decision.module, Action::Approve);
    answers_for(decision, right)?;
    let of = |id: &OperatorId| Actor::Operator { id: id.clone(), session: None };
    let own =
        |id: &OperatorId| two(!moved_it(hold, id), &of(id), "decided on the pass that he moved");
    two(!is_name(hold.operator.as_str(), by), by, "decided on the pass that he moved")?;
    match by {
        // Before doubts could be named, who stood beside a pass could decide on it.
        Actor::Operator { id, .. } if !doubts.is_empty() => own(id)?,
        Actor::Operator { .. } => {}
        _ => two(doubts.is_empty(), by, "named what is doubtful without being a person")?,
    }
    match (second, by) {
        (None, _) => two(!may_be_copies(&hold.pass, doubts), by, "posted alone what may be a copy"),
        (Some(second), Actor::Operator { id, .. }) => {
            beside(second, id, right)?;
            own(&second.operator)
        }
        (Some(_), _) => two(false, by, "has a second person without being one"),
    }
}
