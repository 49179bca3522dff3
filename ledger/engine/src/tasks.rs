//! Tasks: opened by whoever may, approved by somebody else, withdrawn, closed when done.
//!
//! Invariants: the same task twice is one task; an id never comes to mean other content; an
//! operator can't state an approval, only an ERP's client can; whoever ordered or asked never
//! approves.

use std::collections::HashSet;

use gatewarden_model::{
    Action, Actor, Body, Hash, MovementKind, StockStatus, Task, TaskId, TaskLine, canonical,
};

use crate::{
    access::Facts,
    apply::actor_name,
    command::Reply,
    engine::Settings,
    turn::{Answer, Asked, Turn},
};

/// Open tasks in all.
const TASKS_MAX: usize = 10_000;
/// Open tasks at one station: each pass is compared with all of them.
const TASKS_AT_STATION_MAX: usize = 256;
/// Lines of one task.
const LINES_MAX: usize = 1000;
/// Things that one task names.
const THINGS_MAX: usize = 10_000;
/// Longest document number, name or thing key, in bytes.
const TEXT_BYTES_MAX: usize = 256;
/// Longest document number, in bytes.
const NUMBER_BYTES_MAX: usize = 64;

impl Turn<'_> {
    pub(crate) fn open_task(&mut self, task: Task, by: Actor) -> Answer {
        let module = task.kind.module();
        let asked = Asked::new(&by, Action::Create, module).on_task(&task);
        let others = [(module, Action::Request)];
        let decision = self.permit_any(asked.clone(), &others, Facts::default())?;
        let known = match self.state.task(task.id) {
            Some(open) => Some(open.task == task),
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
        if let Err(reason) = self.check_task(&task, &by, decision.action) {
            return Err(self.deny(asked, "task-invalid", reason, Some(decision)));
        }
        let id = task.id;
        self.record(Body::TaskOpened { task, by, decision: Some(decision) });
        Ok(Reply::Task(id))
    }

    fn check_task(&self, task: &Task, by: &Actor, right: Action) -> Result<(), String> {
        if task.approved_by.is_some() && right == Action::Request {
            return Err("whoever may only request can't state approved_by: leave it out and have \
                        the task approved here"
                .to_owned());
        }
        if task.approved_by.is_some() && !matches!(by, Actor::Client { .. }) {
            return Err("only an ERP's client may state approved_by: leave it out and have the \
                        task approved here"
                .to_owned());
        }
        if let (Actor::Operator { id, .. }, Some(orderer)) = (by, &task.ordered_by)
            && orderer.trim().to_lowercase() != id.as_str()
        {
            return Err(format!(
                "{id} may not state that {orderer:?} ordered it: leave ordered_by \
                                out"
            ));
        }
        if self.state.tasks.len() >= TASKS_MAX {
            return Err(format!("{TASKS_MAX} tasks are open: finish or withdraw some"));
        }
        if self.state.tasks_at(&task.station).count() >= TASKS_AT_STATION_MAX {
            let station = &task.station;
            return Err(format!("{TASKS_AT_STATION_MAX} tasks are open at {station}: finish some"));
        }
        if let Some(id) = task.reservation
            && self.state.reservation(id).is_none()
        {
            return Err(format!("reservation {id} is not open: reserve it first"));
        }
        validate(task, self.settings)
    }

    pub(crate) fn approve_task(&mut self, id: TaskId, by: Actor) -> Answer {
        let Some(open) = self.state.task(id).cloned() else {
            return Err(self.unknown_task(id, &by, Action::Approve));
        };
        let task = &open.task;
        let asked = Asked::new(&by, Action::Approve, task.kind.module()).on_task(task);
        let requested_by = actor_name(&open.by);
        let facts = Facts {
            ordered_by: task.ordered_by.as_deref(),
            requested_by: Some(&requested_by),
            station: Some(&task.station),
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
        self.permit_any(asked, &others, Facts::default())?;
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
pub(crate) fn is_same(a: &Actor, b: &Actor) -> bool {
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

fn validate(task: &Task, settings: &Settings) -> Result<(), String> {
    use MovementKind::{Adjustment, Count, StatusChange};
    if matches!(task.kind, Count | Adjustment | StatusChange) {
        return Err(format!(
            "a {} is no task at a station: reserve it as a posting and have it posted",
            task.kind.name()
        ));
    }
    let number = &task.document.number;
    if !(1..=NUMBER_BYTES_MAX).contains(&number.len()) || number.chars().any(char::is_control) {
        return Err(format!("document.number must be 1 to {NUMBER_BYTES_MAX} printable bytes"));
    }
    for (field, name) in [("ordered_by", &task.ordered_by), ("approved_by", &task.approved_by)] {
        if name.as_ref().is_some_and(|n| !is_text(n)) {
            return Err(format!("{field} must be 1 to {TEXT_BYTES_MAX} printable bytes"));
        }
    }
    if !(1..=LINES_MAX).contains(&task.lines.len()) {
        return Err(format!("a task has 1 to {LINES_MAX} lines, not {}", task.lines.len()));
    }
    let named: usize = task.lines.iter().map(|l| l.things.len()).sum();
    if named > THINGS_MAX {
        return Err(format!("a task names at most {THINGS_MAX} things, not {named}"));
    }
    let (mut numbers, mut things) = (HashSet::new(), HashSet::new());
    for line in &task.lines {
        if !numbers.insert(line.line) {
            return Err(format!("line {} stands twice: number the lines apart", line.line));
        }
        if let Some(twice) = line.things.iter().find(|key| !things.insert(key.as_str())) {
            return Err(format!("line {}: thing {twice:?} is named twice", line.line));
        }
        line_fits(task.kind, line, settings).map_err(|why| format!("line {}: {why}", line.line))?;
    }
    Ok(())
}

fn line_fits(kind: MovementKind, line: &TaskLine, settings: &Settings) -> Result<(), String> {
    if line.quantity <= 0 {
        return Err(format!("quantity must be more than zero, not {}", line.quantity));
    }
    if settings.items.by_code(&line.item).is_none() {
        return Err(format!("item {} is not in the item master", line.item));
    }
    if line.lot.as_ref().is_some_and(|lot| !is_text(lot)) {
        return Err(format!("lot must be 1 to {TEXT_BYTES_MAX} printable bytes"));
    }
    if line.things.iter().any(|key| !is_text(key)) {
        return Err(format!("things must be 1 to {TEXT_BYTES_MAX} printable bytes each"));
    }
    let things = i64::try_from(line.things.len()).unwrap_or(i64::MAX);
    if things > 0 && line.quantity % things != 0 {
        let quantity = line.quantity;
        return Err(format!("{quantity} can't be split evenly over {things} named things"));
    }
    for (field, text) in [("lot", &line.lot), ("owner", &line.owner)] {
        let Some(text) = text else { continue };
        gatewarden_stock::check_code(field, text).map_err(|e| e.to_string())?;
    }
    for (field, place) in [("from", &line.from), ("to", &line.to)] {
        settings.places.check(field, place).map_err(|e| e.to_string())?;
    }
    if [line.from_status, line.to_status].contains(&StockStatus::Reserved) {
        return Err(
            "only a reservation makes stock reserved: name it as the task's reservation".to_owned()
        );
    }
    gatewarden_stock::kinds::check(kind, &line.from, &line.to)?;
    gatewarden_stock::kinds::check_status(kind, line.from_status)
}

fn is_text(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}
