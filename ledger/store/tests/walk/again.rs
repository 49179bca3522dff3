//! What was granted is asked again: harmless in the same words, refused in others.

use gatewarden_engine::{Command, Reply};
use gatewarden_model::{Amount, Body, Entry, Subject, SubjectKind};

use crate::run::{CENT, Granted, Run};

impl Run {
    /// The same again is answered as the first time, and nothing is recorded.
    pub(crate) fn again(&mut self, granted: &Granted) {
        let command = self.in_todays_sessions(&granted.command);
        if granted.life < self.desk().lives && self.journal_answers(&command) {
            return;
        }
        let outcome = self.ask(command);
        assert_eq!(outcome.entries, []);
        match (outcome.answer, &granted.reply) {
            (Ok(Reply::Posted { movement, .. }), Reply::Posted { movement: first, .. }) => {
                assert_eq!(movement, *first);
            }
            (answer, reply) => assert_eq!(answer.as_ref(), Ok(reply)),
        }
    }

    /// Passes and tasks of an earlier run are known by the journal, which is asked before the engine.
    pub(crate) fn journal_answers(&mut self, command: &Command) -> bool {
        let reader = self.desk().reader();
        match command {
            Command::Pass(pass) => {
                assert!(reader.pass_recorded(pass.id).unwrap(), "{} is forgotten", pass.id);
                true
            }
            Command::OpenTask { task, .. } => {
                let subject = Subject { kind: SubjectKind::Task, key: task.id.to_string() };
                let known = reader.touching(&subject, 100).unwrap();
                let same = |entry: &Entry| matches!(&entry.body, Body::TaskOpened { task: known, .. } if known == task);
                assert!(known.iter().any(same), "{} is forgotten", task.id);
                true
            }
            _ => false,
        }
    }

    pub(crate) fn in_todays_sessions(&mut self, command: &Command) -> Command {
        let mut command = command.clone();
        match &mut command {
            Command::Reserve { by, .. } => *by = self.desk().by("sue"),
            Command::PostReservation { by, .. } => *by = self.desk().by("max"),
            Command::LandCost { by, .. } => *by = self.desk().by("cfo"),
            _ => {}
        }
        command
    }

    /// Something else under a known id is refused.
    pub(crate) fn other_content(&mut self, granted: &Granted) {
        let mut command = self.in_todays_sessions(&granted.command);
        let code = match &mut command {
            Command::Reserve { posting, .. } => {
                posting.document.number.push('X');
                "posting-differs"
            }
            Command::LandCost { amounts, .. } => {
                amounts[0] = Amount::from_units(amounts[0].units() + CENT);
                "posting-differs"
            }
            Command::OpenTask { task, .. } if granted.life == self.desk().lives => {
                task.document.number.push('X');
                "task-differs"
            }
            _ => return,
        };
        let refusal = self.ask(command).answer.unwrap_err();
        assert_eq!(refusal.code, code, "{refusal:?}");
    }
}
