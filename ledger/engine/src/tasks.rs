//! Tasks: opened by whoever may, approved by somebody else, withdrawn, closed when done.
//!
//! Invariants: the same task twice is one task; an id never comes to mean other content; an
//! operator can't state an approval, only an ERP's client can; whoever ordered or asked never
//! approves.

use gatewarden_model::{Action, Actor, Body, Hash, Task, TaskId, canonical};

use crate::{
    access::Facts,
    apply::actor_name,
    command::Reply,
    goods::of_task,
    state::State,
    task_rules::{invalid, validate},
    turn::{Answer, Asked, Fault, Turn},
};

/// Open tasks in all.
const TASKS_MAX: usize = 10_000;
/// Open tasks at one station: each pass is compared with all of them.
const TASKS_AT_STATION_MAX: usize = 256;

impl Turn<'_> {
    pub(crate) fn open_task(&mut self, task: Task, by: Actor) -> Answer {
        let module = task.kind.module();
        let asked = Asked::new(&by, Action::Create, module).on_task(&task);
        let others = [(module, Action::Request)];
        let looks = self.looks(module, &[Action::Create, Action::Request]);
        let goods = self.goods(looks, of_task(&task));
        let facts = Facts {
            station: Some(&task.station),
            document: Some(task.document.kind),
            movement: Some(task.kind),
            goods: goods.as_ref(),
            amount: self.worth_of_task(looks, &task),
            ..Facts::default()
        };
        let decision = self.permit_any(asked.clone(), &others, facts)?;
        let fields = task.fields();
        self.may_state(&asked, &fields, &decision)?;
        let known = match self.state.task(task.id) {
            Some(open) => Some(open.task == task && self.may_compare(&by, &open.by, &fields)),
            None => self.memory.closed.get(&task.id).map(|hash| *hash == content(&task)),
        };
        match known {
            Some(true) => return Ok(Reply::Task(task.id)),
            Some(false) => {
                let reason = format!("task {} has other content already: mint a new id", task.id);
                return Err(self.deny(asked, "task-differs", reason, Some(decision)));
            }
            None => {}
        }
        if let Err((code, reason)) = self
            .check_from_outside(&task)
            .and_then(|()| self.check_task(&task, &by, decision.action))
        {
            return Err(self.deny(asked, code, reason, Some(decision)));
        }
        let id = task.id;
        self.record(Body::TaskOpened { task, by, decision: Some(decision) });
        Ok(Reply::Task(id))
    }

    /// What only the engine itself says of a task.
    fn check_from_outside(&self, task: &Task) -> Result<(), Fault> {
        if task.document_digest.is_some() {
            return invalid(
                "document_digest: only a document's own approval states it: leave it out",
            );
        }
        self.check_governed(&task.document, task.kind)
    }

    /// Refuses to move something on a document of a kind that a procedure defines, in any other way than by
    /// that document's approval.
    pub(crate) fn check_governed(
        &self,
        document: &gatewarden_model::Document,
        movement: gatewarden_model::MovementKind,
    ) -> Result<(), Fault> {
        check_governed(self.state, document, movement)
    }

    /// Whether a document's own task could be opened now.
    pub(crate) fn check_document_task(&self, task: &Task) -> Result<(), Fault> {
        if self.state.task(task.id).is_some() {
            return Ok(());
        }
        self.check_room(task)?;
        validate(task, self.settings)
    }

    fn check_task(&self, task: &Task, by: &Actor, right: Action) -> Result<(), Fault> {
        if task.approved_by.is_some() && right == Action::Request {
            return invalid(
                "approved_by: whoever may only request can't state it: leave it out and have the task \
                 approved here",
            );
        }
        if task.approved_by.is_some() && !matches!(by, Actor::Client { .. }) {
            return invalid(
                "approved_by: only an ERP's client may state it: leave it out and have the task \
                 approved here",
            );
        }
        if let (Actor::Operator { id, .. }, Some(orderer)) = (by, &task.ordered_by)
            && orderer.trim().to_lowercase() != id.as_str()
        {
            return invalid(format!(
                "ordered_by: {id} may not state that {orderer:?} ordered it: leave it out"
            ));
        }
        self.check_room(task)?;
        if let Some(id) = task.reservation
            && self.state.reservation(id).is_none()
        {
            return invalid(format!("reservation: {id} is not open: reserve it first"));
        }
        validate(task, self.settings)
    }

    fn check_room(&self, task: &Task) -> Result<(), Fault> {
        if self.state.tasks.len() >= TASKS_MAX {
            return invalid(format!("{TASKS_MAX} tasks are open: finish or withdraw some"));
        }
        if self.state.tasks_at(&task.station).count() >= TASKS_AT_STATION_MAX {
            let station = &task.station;
            return invalid(format!(
                "{TASKS_AT_STATION_MAX} tasks are open at {station}: finish some"
            ));
        }
        Ok(())
    }

    pub(crate) fn approve_task(&mut self, id: TaskId, by: Actor) -> Answer {
        let Some(open) = self.state.task(id).cloned() else {
            return Err(self.unknown_task(id, &by, Action::Approve));
        };
        let task = &open.task;
        let asked = Asked::new(&by, Action::Approve, task.kind.module()).on_task(task);
        let requested_by = actor_name(&open.by);
        let looks = self.looks(task.kind.module(), &[Action::Approve]);
        let goods = self.goods(looks, of_task(task));
        let facts = Facts {
            ordered_by: task.ordered_by.as_deref(),
            requested_by: Some(&requested_by),
            station: Some(&task.station),
            document: Some(task.document.kind),
            movement: Some(task.kind),
            goods: goods.as_ref(),
            amount: self.worth_of_task(looks, task),
            ..Facts::default()
        };
        let decision = self.permit(asked.clone(), facts)?;
        if let Some(approval) = &open.approval {
            let reason = format!("task {id} is approved by {} already", approval.by);
            return Err(self.deny(asked, "already-approved", reason, Some(decision)));
        }
        let content = content(task);
        self.record(Body::TaskApproved { task: id, content, by, decision });
        Ok(Reply::Done)
    }

    pub(crate) fn withdraw_task(&mut self, id: TaskId, by: Actor) -> Answer {
        let Some(open) = self.state.task(id).cloned() else {
            return Err(self.unknown_task(id, &by, Action::Modify));
        };
        let module = open.task.kind.module();
        let asked = Asked::new(&by, Action::Modify, module).on_task(&open.task);
        let mut others = vec![(module, Action::Delete)];
        if is_same(&open.by, &by) {
            others.extend(open.decision.as_ref().map(|d| (module, d.action)));
        }
        let looks = self.looks(module, &Action::ALL);
        let goods = self.goods(looks, of_task(&open.task));
        let facts = Facts {
            station: Some(&open.task.station),
            document: Some(open.task.document.kind),
            movement: Some(open.task.kind),
            goods: goods.as_ref(),
            amount: self.worth_of_task(looks, &open.task),
            ..Facts::default()
        };
        let decision = self.permit_any(asked.clone(), &others, facts)?;
        if open.task.document_digest.is_some() {
            let number = &open.task.document.number;
            let reason = format!("it is a document's: close or cancel {number} instead");
            return Err(self.deny(asked, "document-needed", reason, Some(decision)));
        }
        self.close_task(id, "withdrawn", by);
        Ok(Reply::Done)
    }

    pub(crate) fn close_task(&mut self, id: TaskId, reason: &str, by: Actor) {
        if let Some(open) = self.state.task(id) {
            self.memory.closed.insert(id, content(&open.task));
        }
        self.record(Body::TaskClosed { task: id, reason: reason.to_owned(), by });
    }

    fn unknown_task(&mut self, id: TaskId, by: &Actor, action: Action) -> crate::Refusal {
        // Which module it would be is not known, so the denial stands under the system's.
        let mut asked = Asked::new(by, action, gatewarden_model::Module::System);
        asked.task = Some(id);
        self.deny(asked, "unknown-task", format!("task {id} is not open"), None)
    }
}

/// Whether two actors are the same person or machine, in whatever session.
#[must_use]
pub fn is_same(a: &Actor, b: &Actor) -> bool {
    match (a, b) {
        (Actor::Operator { id: a, .. }, Actor::Operator { id: b, .. }) => a == b,
        _ => a == b,
    }
}

/// The digest of a task's content: what an approval covers.
fn content(task: &Task) -> Hash {
    // Integers of 64 bits, texts and lists: a validated task has canonical bytes.
    Hash::of(&canonical::encode(task).unwrap_or_default())
}

/// Refuses to move something on a document of a kind that a procedure defines, in any other way than by
/// that document's approval.
pub(crate) fn check_governed(
    state: &State,
    document: &gatewarden_model::Document,
    movement: gatewarden_model::MovementKind,
) -> Result<(), Fault> {
    let Some(procedures) = state.procedures_in_force() else {
        // What can't be read governs everything.
        return match state.procedures_version() {
            None => Ok(()),
            Some(version) => {
                let message = format!("the procedures {version} can't be read by this program");
                Err(("no-procedures", message))
            }
        };
    };
    let Some(kind) = procedures.kinds.governing(document.kind, movement) else { return Ok(()) };
    let words = kind.kind.words();
    let message = format!(
        "a procedure governs this: write a {words} and have it approved, which opens the rest"
    );
    Err(("document-needed", message))
}
