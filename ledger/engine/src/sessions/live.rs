//! Acts need a live session: the one place where a command of a session that rests is refused.
//!
//! Invariants: whatever is asked in an idle or locked session is denied before anything else is looked
//! at, the denial is an entry and says the way out; only resuming and signing out are done in it. A
//! session that is not open at all, and what a pass counts for, are judged where they are used.

use gatewarden_model::{Action, Actor, Module, SessionId};

use crate::{
    command::{Command, Refusal},
    sessions::actor_in,
    turn::{Asked, REASON_BYTES_MAX, Turn, cut, session_of},
};

/// In which session a command acts.
enum ActsIn<'c> {
    /// In this one; and what it does there, in words.
    Session(SessionId, &'c str),
    /// In that of a person, if a person asks.
    By(&'c Actor),
    /// In none, or it leads out of one that rests.
    Nothing,
}

impl Turn<'_> {
    /// Denies what is asked in a session in which nothing may be done now.
    pub(crate) fn needs_live_session(&mut self, command: &Command) -> Result<(), Refusal> {
        let (session, what) = match acts_in(command) {
            ActsIn::Session(id, what) => (self.state.session(id), what),
            ActsIn::By(Actor::Operator { id, session }) => {
                (session_of(self.state, id, *session), "")
            }
            ActsIn::By(_) | ActsIn::Nothing => return Ok(()),
        };
        let Some(session) = session else { return Ok(()) };
        let Err((code, message)) = session.acts() else { return Ok(()) };
        let by = actor_in(session);
        let (action, module, what) = match command {
            Command::Ask { action, module, what, .. } => (*action, *module, what.as_str()),
            _ => (Action::Request, Module::System, what),
        };
        let mut asked = Asked::new(&by, action, module);
        asked.document = (!what.is_empty()).then(|| cut(what, REASON_BYTES_MAX));
        Err(self.deny(asked, code, message, None))
    }
}

fn acts_in(command: &Command) -> ActsIn<'_> {
    match command {
        Command::Activity { session, what } => ActsIn::Session(*session, what),
        Command::ChangePin { session, .. } => ActsIn::Session(*session, "another PIN"),
        Command::StepUp { session, .. } => ActsIn::Session(*session, "a higher level"),
        Command::Join { session, .. } => ActsIn::Session(*session, "a second person"),
        Command::Leave { session } => ActsIn::Session(*session, "the second person leaves"),
        Command::Enrol { by, .. }
        | Command::RequestChange { by, .. }
        | Command::DecideChange { by, .. }
        | Command::WithdrawChange { by, .. }
        | Command::Remove { by, .. }
        | Command::AddClient { by, .. }
        | Command::RevokeClient { by, .. }
        | Command::RemoveFactor { by, .. }
        | Command::Unlock { by, .. }
        | Command::WriteDocument { by, .. }
        | Command::WriteDocuments { by, .. }
        | Command::SubmitDocument { by, .. }
        | Command::ActOnDocument { by, .. }
        | Command::EndDocument { by, .. }
        | Command::CountBin { by, .. }
        | Command::FinishTodo { by, .. }
        | Command::OpenTask { by, .. }
        | Command::ApproveTask { by, .. }
        | Command::WithdrawTask { by, .. }
        | Command::DecideHold { by, .. }
        | Command::ResolveQuarantine { by, .. }
        | Command::Ask { by, .. }
        | Command::AskFields { by, .. }
        | Command::Reserve { by, .. }
        | Command::PostReservation { by, .. }
        | Command::VoidReservation { by, .. }
        | Command::Commission { by, .. }
        | Command::Decommission { by, .. }
        | Command::QueueLabel { by, .. }
        | Command::DecideLabel { by, .. }
        | Command::AskTagAccess { by, .. }
        | Command::LandCost { by, .. }
        | Command::ClosePeriod { by, .. }
        | Command::RotateKey { by, .. }
        | Command::OpenReview { by, .. }
        | Command::DecideReview { by, .. }
        | Command::Restored { by, .. } => ActsIn::By(by),
        Command::Resume { .. }
        | Command::SignOut { .. }
        | Command::SignIn { .. }
        | Command::Activate { .. }
        | Command::Badge { .. }
        | Command::Pass(_)
        | Command::Start { .. }
        | Command::EndLeftoverSessions
        | Command::EndLeftoverLabels
        | Command::LabelChanged { .. }
        | Command::Stop { .. }
        | Command::ClientUsed { .. }
        | Command::Delivered { .. }
        | Command::Rejected { .. }
        | Command::Gap { .. }
        | Command::SettleNotice(_)
        | Command::EndTagAccess { .. }
        | Command::Alarm { .. }
        | Command::Tick
        | Command::DefineItems
        | Command::DefinePolicies
        | Command::DefineProcedures
        | Command::Fire { .. }
        | Command::Identify { .. } => ActsIn::Nothing,
    }
}
