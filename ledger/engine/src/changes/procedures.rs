//! The definitions of procedures as a change: asked for by a changed configuration and in force when approved,
//! for documents that are submitted from then on.
//!
//! Invariants: what is in force is what the journal says; the first definitions of a journal are taken over
//! from the configuration, all later ones need somebody else's yes. Absent: what they mean (`procedures`).

use std::collections::BTreeMap;

use gatewarden_model::{Actor, Body, Change, ChangeId, ChangeVerdict, Hash, TaskId};

use super::{id_of, refusal};
use crate::{
    command::Reply,
    procedures::{Procedures, version_of},
    state::OpenChange,
    turn::{Answer, Fault, Turn},
};

impl Turn<'_> {
    /// Whether these definitions can be put in force.
    pub(super) fn check_procedures(
        &self,
        version: Hash,
        parts: &BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        if self.state.procedures_version() == Some(version) {
            let message = "these procedures are in force already".to_owned();
            return Err(("procedures-in-force", message));
        }
        Procedures::recorded(version, parts)
            .map(drop)
            .map_err(|error| ("procedures-invalid", error.to_string()))
    }

    /// Puts approved definitions in force.
    pub(super) fn procedures_approved(
        &mut self,
        version: Hash,
        parts: BTreeMap<String, String>,
        id: ChangeId,
    ) -> Result<(), Fault> {
        Procedures::recorded(version, &parts)
            .map_err(|error| ("procedures-invalid", error.to_string()))?;
        self.record(Body::ProceduresDefined { version, parts, change: Some(id) });
        self.end_governed_tasks();
        Ok(())
    }

    /// Records the definitions that the configuration has, where none are recorded yet, or asks for them
    /// where others are in force.
    pub(crate) fn define_procedures(&mut self) -> Answer {
        let parts = self.settings.procedures.clone();
        let version = version_of(&parts);
        let known = self.state.procedures_version();
        if known == Some(version) || (known.is_none() && parts.is_empty()) {
            self.end_procedure_changes(None, "the configuration has the procedures in force again");
            return Ok(Reply::Done);
        }
        if let Err(error) = Procedures::read(&parts) {
            return Err(refusal(("procedures-invalid", error.to_string())));
        }
        if known.is_none() {
            self.record(Body::ProceduresDefined { version, parts, change: None });
            self.end_governed_tasks();
            return Ok(Reply::Done);
        }
        let reason = format!("the configuration has other {}", self.parts_that_differ(&parts));
        let change = Change::Procedures { version, parts };
        if self
            .end_procedure_changes(Some(&change), "the configuration has other procedures by now")
        {
            return Ok(Reply::Done);
        }
        let (id, by) = (id_of(version, *self.next_seq), Actor::Daemon);
        self.record(Body::ChangeRequested { id, change, reason, by, decision: None });
        Ok(Reply::Requested(id))
    }

    /// Closes the tasks that were opened by hand and that a procedure governs from now on: nothing may be done on
    /// them, and they would stand before those of approved documents.
    fn end_governed_tasks(&mut self) {
        let by_hand = self.state.tasks().map(|open| &open.task);
        let by_hand = by_hand.filter(|task| task.document_digest.is_none());
        let governed =
            by_hand.filter(|task| self.check_governed(&task.document, task.kind).is_err());
        let ids: Vec<TaskId> = governed.map(|task| task.id).collect();
        for id in ids {
            self.close_task(id, "a procedure governs it now", Actor::Daemon);
        }
    }

    fn parts_that_differ(&self, parts: &BTreeMap<String, String>) -> String {
        let known = self.state.procedures_in_force().map(|known| known.parts.clone());
        let old = |name: &str| known.as_ref().and_then(|known| known.get(name).cloned());
        let differ = crate::procedures::PARTS
            .into_iter()
            .filter(|name| old(name).as_deref() != parts.get(*name).map(String::as_str));
        differ.collect::<Vec<_>>().join(", ")
    }

    /// Ends the daemon's own requests for procedures but this very one; whether that one waits.
    fn end_procedure_changes(&mut self, but: Option<&Change>, reason: &str) -> bool {
        let own = |open: &&OpenChange| {
            open.by == Actor::Daemon && matches!(open.change, Change::Procedures { .. })
        };
        let (waits, over): (Vec<_>, Vec<_>) =
            self.state.changes().filter(own).partition(|open| Some(&open.change) == but);
        let (waits, over): (bool, Vec<ChangeId>) =
            (!waits.is_empty(), over.into_iter().map(|open| open.id).collect());
        for id in over {
            self.end_change(id, ChangeVerdict::Withdrawn, reason);
        }
        waits
    }
}
