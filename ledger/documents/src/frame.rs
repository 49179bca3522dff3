//! The life cycle that all kinds share, as a pure state machine; each kind's own states stand within it.
//!
//! Draft → submitted → in approval → approved → in execution → closed, or cancelled, or rejected and
//! returned to draft. Invariants: closed and cancelled are final; execution begins only from approved;
//! nothing is cancelled, or written anew, while something of it is in hand; a new version is a draft,
//! whatever the old one was. Absent: who may take a step, whose signatures are there (the engine asks).

use serde::{Deserialize, Serialize};

use crate::kinds::{Amend, Execution, KindDefinition, words_of};

words_of!(/// The states of the frame.
Frame {
    /// It is being written.
    Draft = "draft",
    /// It was handed in, and nobody was asked yet.
    Submitted = "submitted",
    /// Somebody is asked.
    InApproval = "in-approval",
    /// All that must sign have signed this version.
    Approved = "approved",
    /// Stock moves on it, or may.
    InExecution = "in-execution",
    /// It is done.
    Closed = "closed",
    /// It is not to be done.
    Cancelled = "cancelled",
    /// It was not approved, and may be written anew.
    Rejected = "rejected",
});

/// Where a document is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// In the frame.
    pub frame: Frame,
    /// The kind's own state within it, where it has any there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<String>,
}

/// What can happen to a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// A version is written.
    Write,
    /// It is handed in.
    Submit,
    /// Its workflow asks the first person.
    AskApproval,
    /// The last signature arrived.
    Approve,
    /// It goes back to whoever wrote it.
    Return,
    /// It is refused.
    Reject,
    /// Whoever handed it in takes it back.
    Withdraw,
    /// A signature no longer covers what is there: it must be approved again.
    Void,
    /// Its execution begins.
    Start,
    /// A part of it is executed.
    Execute,
    /// It is done, as far as it was to be.
    Close,
    /// It is done with less than it was to be.
    CloseShort,
    /// It is not to be done.
    Cancel,
    /// A step of the kind's own.
    Move(String),
}

/// What a step depends on beside the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// Whether something of it is in hand: a pass, hold or recount is open, or stock is on its way.
    pub in_hand: bool,
    /// Whether anything was executed.
    pub executed: bool,
    /// Whether every line is executed within the tolerance.
    pub complete: bool,
}

/// Why a step is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// Closed or cancelled.
    #[error("state: it is {0}, which is final: write a new document")]
    Final(&'static str),
    /// Another step comes first.
    #[error("state: it is {state}, where {step} is no step: {way_out}")]
    Step {
        /// Where it is.
        state: &'static str,
        /// What was to happen.
        step: String,
        /// The steps that there are.
        way_out: String,
    },
    /// Something of it is in hand.
    #[error(
        "state: something of it is in hand: finish or decide on it first (`gatewarden hold list` tells what is held)"
    )]
    InHand,
    /// It was executed in part.
    #[error("state: a part of it was executed: close it short, or take the movements back first")]
    Executed,
    /// Nothing of it was executed.
    #[error("state: nothing of it was executed: cancel it")]
    NotExecuted,
    /// It is not done.
    #[error(
        "state: not every line is executed within the tolerance: execute the rest, or close it short"
    )]
    Incomplete,
    /// This kind is not amended any more.
    #[error("state: a {kind} is not amended once it is {state}: cancel it and write a new one")]
    NotAmended {
        /// The kind.
        kind: &'static str,
        /// Where it is.
        state: &'static str,
    },
}

impl FrameFault {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Final(_) => "document-final",
            Self::Step { .. } => "step-not-allowed",
            Self::InHand => "document-in-hand",
            Self::Executed => "document-executed",
            Self::NotExecuted => "document-not-executed",
            Self::Incomplete => "document-incomplete",
            Self::NotAmended { .. } => "not-amended",
        }
    }
}

impl Frame {
    /// Whether nothing happens to it any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }

    /// Whether it was approved and is not done.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Approved | Self::InExecution)
    }

    /// The state that a step of the frame leads to, whatever the circumstances. `signed`: whether a
    /// workflow approves it; else handing it in does.
    fn next(self, step: &Step, signed: bool) -> Option<Self> {
        use Frame::{
            Approved, Cancelled, Closed, Draft, InApproval, InExecution, Rejected, Submitted,
        };
        match (step, self) {
            (_, Closed | Cancelled) => None,
            (Step::Write, _) => Some(Draft),
            (Step::Submit, Draft) => Some(Submitted),
            (Step::AskApproval, Submitted) if signed => Some(InApproval),
            (Step::Approve, InApproval) => Some(Approved),
            (Step::Approve, Submitted) if !signed => Some(Approved),
            (Step::Return | Step::Withdraw, Submitted | InApproval) => Some(Draft),
            (Step::Return, Rejected) => Some(Draft),
            (Step::Reject, Submitted | InApproval) => Some(Rejected),
            (Step::Void, InApproval | Approved) => Some(InApproval),
            (Step::Start, Approved) => Some(InExecution),
            (Step::Execute, InExecution) => Some(InExecution),
            (Step::Close, InExecution) => Some(Closed),
            // What others execute counts on it, while it is approved itself.
            (Step::CloseShort, Approved | InExecution) => Some(Closed),
            (Step::Cancel, _) => Some(Cancelled),
            (Step::Move(_), _) => Some(self),
            _ => None,
        }
    }
}

impl Step {
    /// All steps of the frame.
    pub const ALL: [Self; 13] = [
        Self::Write,
        Self::Submit,
        Self::AskApproval,
        Self::Approve,
        Self::Return,
        Self::Reject,
        Self::Withdraw,
        Self::Void,
        Self::Start,
        Self::Execute,
        Self::Close,
        Self::CloseShort,
        Self::Cancel,
    ];

    /// The name, as in entries; that of a kind's own step is its own.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Write => "write",
            Self::Submit => "submit",
            Self::AskApproval => "ask-approval",
            Self::Approve => "approve",
            Self::Return => "return",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
            Self::Void => "void",
            Self::Start => "start",
            Self::Execute => "execute",
            Self::Close => "close",
            Self::CloseShort => "close-short",
            Self::Cancel => "cancel",
            Self::Move(name) => name,
        }
    }
}

impl State {
    /// Where a document of this kind begins.
    #[must_use]
    pub fn first(kind: &KindDefinition) -> Self {
        Self::entered(kind, Frame::Draft)
    }

    /// A state of the frame as this kind enters it.
    #[must_use]
    pub fn entered(kind: &KindDefinition, frame: Frame) -> Self {
        let own = kind.states.iter().find(|state| state.frame == frame);
        Self { frame, own: own.map(|state| state.name.clone()) }
    }

    /// The name that people know it by.
    #[must_use]
    pub fn title<'k>(&self, kind: &'k KindDefinition) -> &'k str {
        let own = kind.states.iter().find(|state| Some(&state.name) == self.own.as_ref());
        own.map_or(self.frame.name(), |state| state.title.as_str())
    }
}

/// The steps that lead on from here in some circumstances: those of the frame, then the kind's own.
#[must_use]
pub fn steps(kind: &KindDefinition, state: &State) -> Vec<Step> {
    let own = kind.moves.iter().filter(|one| Some(&one.from) == state.own.as_ref());
    let own = own.map(|one| Step::Move(one.name.clone())).filter(|_| !state.frame.is_final());
    let signed = kind.workflow.is_some();
    let frame = Step::ALL.into_iter().filter(|step| amends(kind, state.frame, step));
    frame.filter(|step| state.frame.next(step, signed).is_some()).chain(own).collect()
}

/// Whether a step is one here, whatever the circumstances.
#[must_use]
pub fn allowed(kind: &KindDefinition, state: &State, step: &Step) -> bool {
    steps(kind, state).contains(step)
}

/// Where a step leads. Fails with what stands against it.
pub fn after(
    kind: &KindDefinition,
    state: &State,
    step: &Step,
    now: &Circumstances,
) -> Result<State, FrameFault> {
    let frame = state.frame;
    if frame.is_final() {
        return Err(FrameFault::Final(frame.name()));
    }
    if !amends(kind, frame, step) {
        return Err(FrameFault::NotAmended { kind: kind.kind.words(), state: frame.name() });
    }
    if let Step::Move(name) = step {
        let own = kind
            .moves
            .iter()
            .find(|one| one.name == *name && Some(&one.from) == state.own.as_ref());
        let to = own.ok_or_else(|| no_step(kind, state, step))?;
        return Ok(State { frame, own: Some(to.to.clone()) });
    }
    let next =
        frame.next(step, kind.workflow.is_some()).ok_or_else(|| no_step(kind, state, step))?;
    circumstances(kind, frame, step, now)?;
    let stays = next == frame && *step == Step::Execute;
    Ok(if stays { state.clone() } else { State::entered(kind, next) })
}

/// Whether a version may still replace it; true for every other step.
fn amends(kind: &KindDefinition, frame: Frame, step: &Step) -> bool {
    let until = match frame {
        Frame::Draft | Frame::Rejected => return true,
        Frame::Submitted | Frame::InApproval | Frame::Approved => Amend::Approved,
        _ => Amend::InExecution,
    };
    *step != Step::Write || kind.amend >= until
}

fn circumstances(
    kind: &KindDefinition,
    frame: Frame,
    step: &Step,
    now: &Circumstances,
) -> Result<(), FrameFault> {
    let leaves = matches!(step, Step::Write | Step::Cancel | Step::Close | Step::CloseShort);
    if leaves && now.in_hand {
        return Err(FrameFault::InHand);
    }
    if *step == Step::Cancel && now.executed {
        return Err(FrameFault::Executed);
    }
    if *step == Step::CloseShort && frame == Frame::Approved && !now.executed {
        return Err(FrameFault::NotExecuted);
    }
    let moves = matches!(kind.execution, Execution::Task | Execution::Posting);
    if *step == Step::Close && frame == Frame::InExecution && moves && !now.complete {
        return Err(FrameFault::Incomplete);
    }
    Ok(())
}

fn no_step(kind: &KindDefinition, state: &State, step: &Step) -> FrameFault {
    let steps = steps(kind, state);
    let names: Vec<&str> = steps.iter().map(Step::name).collect();
    let way_out = format!("there are {}", names.join(", "));
    FrameFault::Step { state: state.frame.name(), step: step.name().to_owned(), way_out }
}
