//! The refusal of what could be decided and not be written: who asked for it is told, and so is the
//! journal. Absent: when to give up (the recorder).

use gatewarden_model::{Action, Actor, Module};

use crate::{
    command::{Command, Refusal},
    passes::Choice,
    sessions::actor_in,
    turn::{Asked, Turn},
};

impl Turn<'_> {
    /// Records that a command is given up. A pass gets this answer from then on.
    pub(crate) fn give_up(
        &mut self,
        command: &Command,
        code: &'static str,
        reason: &str,
    ) -> Refusal {
        let asked = self.about(command);
        let refusal = self.deny(asked, code, reason, None);
        if let Command::Pass(pass) = command {
            let signal = gatewarden_model::Signal::Stop;
            self.signals.push((pass.station.clone(), signal));
            self.memory.answers.insert(pass.id, Err(refusal.clone()));
        }
        refusal
    }

    /// Who asked for what, as far as the command tells.
    fn about(&self, command: &Command) -> Asked {
        match command {
            Command::Pass(pass) => {
                let by = self.bound_session(pass).map_or(Actor::Nobody, |open| actor_in(&open));
                match self.choose(pass) {
                    Choice::Task(task, _) => self.state.task(task),
                    _ => None,
                }
                .map_or_else(
                    || Asked::new(&by, Action::Execute, Module::Ledger),
                    |open| {
                        let module = open.task.kind.module();
                        Asked::new(&by, Action::Execute, module).on_task(&open.task)
                    },
                )
                .on_pass(pass)
            }
            Command::Reserve { posting, by } => {
                let mut asked = Asked::new(by, Action::Create, posting.kind.module());
                asked.document = Some(crate::turn::cut(&posting.document.number, 64));
                asked
            }
            Command::PostReservation { reservation, by, .. } => {
                let mut asked = Asked::new(by, Action::Approve, Module::Ledger);
                asked.document = Some(reservation.to_string());
                asked
            }
            Command::DecideHold { by, .. } => Asked::new(by, Action::Approve, Module::Ledger),
            Command::LandCost { by, .. } | Command::ClosePeriod { by, .. } => {
                Asked::new(by, Action::Modify, Module::Price)
            }
            Command::Commission { by, .. }
            | Command::Decommission { by, .. }
            | Command::QueueLabel { by, .. }
            | Command::DecideLabel { by, .. } => Asked::new(by, Action::Modify, Module::Inbound),
            Command::AskTagAccess { by, access, .. } => {
                Asked::new(by, access.action(), Module::Tag)
            }
            Command::OpenReview { by, .. } => Asked::new(by, Action::Create, Module::System),
            Command::DecideReview { by, .. } => Asked::new(by, Action::Approve, Module::System),
            Command::VoidReservation { by, .. } => Asked::new(by, Action::Modify, Module::Ledger),
            _ => Asked::new(&Actor::Daemon, Action::Modify, Module::Ledger),
        }
    }
}
