//! Steps of documents in the journal: was each one that its kind allows where it stood, by the right that it takes,
//! and was none taken that only follows by itself?
//!
//! Invariants: it asks the frame and the kind's definition what the engine asks them, of the state that the entries
//! before make. Absent: signatures and what they lead to (`documents`), drafts of rules (`rules`).

use gatewarden_documents::{Execution, Frame, KindDefinition, Step as FrameStep, after};
use gatewarden_model::{
    Action, Actor, ApprovalAct, DocumentContent, DocumentKind, DocumentStep, Module,
};
use gatewarden_workflow::Phase;

use super::{Verdict, documents::same};
use crate::{
    documents::{
        circumstances,
        follow::{COMPLETE, is_done},
    },
    holds::check_reason,
    state::{OpenDocument, State},
};

/// The right that was asked for, where one was.
pub(super) type Asked = Option<(Module, Action)>;

/// A document where it stands.
pub(super) type Stands<'s> = (&'s State, &'s OpenDocument, &'s KindDefinition);

/// It is handed in.
pub(super) const SUBMIT: FrameStep = FrameStep::Submit;
/// The last signature is there.
pub(super) const APPROVE: FrameStep = FrameStep::Approve;

/// Whether a step is one where a document stands.
pub(super) fn allowed((state, open, kind): Stands<'_>, step: &FrameStep) -> Verdict {
    let now = circumstances(state, open, kind);
    after(kind, &open.stage, step, &now).map(drop).map_err(|fault| fault.to_string())
}

/// Whether somebody asked for the right that a step takes.
fn righted(kind: &KindDefinition, step: &FrameStep, first: bool, asked: Asked) -> Verdict {
    let Some(right) = kind.right_for(step, first) else {
        return Err(format!("nobody takes the step {} by hand", step.name()));
    };
    if asked == Some((right.module, right.action)) {
        return Ok(());
    }
    let (module, action) = (right.module.name(), right.action.name());
    let said = asked.map_or_else(
        || "nothing was decided".to_owned(),
        |(module, action)| format!("decided was {} in {}", action.name(), module.name()),
    );
    Err(format!("the step {} needs {action} in {module}, {said}", step.name()))
}

/// Whether somebody might take a step by hand, where it was one.
pub(super) fn taken(stands: Stands<'_>, step: &FrameStep, asked: Asked) -> Verdict {
    righted(stands.2, step, false, asked)?;
    allowed(stands, step)
}

/// Whether a version might be written, and follows the one before.
pub(super) fn written(
    state: &State,
    content: &DocumentContent,
    (by, asked): (&Actor, Asked),
    over: bool,
) -> Verdict {
    let number = &content.document.number;
    let known = state.document(&content.document);
    let before = known.map_or(0, |open| open.content.version);
    if content.version != before.saturating_add(1) {
        return Err(format!("version {} does not follow version {before}", content.version));
    }
    if over {
        return Err(format!("there was a document {number} before, which is over"));
    }
    let kind = state.procedures_in_force().and_then(|all| all.kinds.of(content.document.kind));
    let Some(kind) = kind else {
        return Err(format!("no definition of {} is in force", content.document.kind.name()));
    };
    if *by == Actor::Daemon && asked.is_none() {
        // What nobody wrote is a rule's draft, and new.
        return match known {
            None => Ok(()),
            Some(_) => Err(format!("nobody wrote version {} of {number}", content.version)),
        };
    }
    righted(kind, &FrameStep::Write, known.is_none(), asked)?;
    known.map_or(Ok(()), |open| allowed((state, open, kind), &FrameStep::Write))
}

/// Whether somebody might act in an approval by the right that he asked for.
pub(super) fn acted(stands: Stands<'_>, act: &ApprovalAct, asked: Asked) -> Verdict {
    if matches!(act, ApprovalAct::Withdraw { .. }) {
        return taken(stands, &FrameStep::Withdraw, asked);
    }
    righted(stands.2, &FrameStep::Approve, false, asked)?;
    let open = stands.1;
    match open.waits() {
        true => Ok(()),
        false => Err(format!(
            "{} waits for no signature: it is {}",
            open.document().number,
            open.frame().name()
        )),
    }
}

/// Whether a document was sent back or refused in its approval, as it says.
pub(super) fn not_signed(open: &OpenDocument, step: &DocumentStep) -> Verdict {
    let phase = open.approval.as_ref().map(|one| one.phase());
    let fits = match step {
        DocumentStep::Returned => matches!(phase, Some(Phase::SentBack | Phase::Withdrawn)),
        _ => phase == Some(Phase::Rejected),
    };
    let waits = open.frame() == Frame::Submitted || open.waits();
    match fits && waits {
        true => Ok(()),
        false => {
            let number = &open.document().number;
            Err(format!("nobody {} {number} in its approval", step.name()))
        }
    }
}

/// Whether a document ended, or moved within its kind's own states, as it may.
pub(super) fn ended(
    stands: Stands<'_>,
    step: &DocumentStep,
    (by, asked): (&Actor, Asked),
) -> Verdict {
    let (state, open, kind) = stands;
    if *by == Actor::Daemon && asked.is_none() {
        let DocumentStep::Closed { reason } = step else {
            return Err(format!("nobody said that {} is {}", open.document().number, step.name()));
        };
        let changed = open.document().kind == DocumentKind::EngineeringChange
            && kind.execution == Execution::Master
            && open.frame() == Frame::InExecution;
        let done = is_done(state, open, kind) || changed;
        return same(done && reason == COMPLETE, "when it is done");
    }
    let (frame, reason) = match step {
        DocumentStep::Closed { reason } => (FrameStep::CloseShort, Some(reason)),
        DocumentStep::Cancelled { reason } => (FrameStep::Cancel, Some(reason)),
        DocumentStep::Own { name } => (FrameStep::Move(name.clone()), None),
        _ => return Err(format!("{} is no end", step.name())),
    };
    taken(stands, &frame, asked)?;
    reason.map_or(Ok(()), |reason| check_reason(reason))
}
