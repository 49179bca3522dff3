//! What is to be done: tasks with their approval and progress, reservations, held passes, quarantine.
//!
//! Data as the entries left it. Absent: how it comes about (`apply`).

use std::collections::BTreeSet;

use gatewarden_model::{
    Actor, Comparison, Decision, FieldRights, Mask, MovementLine, OperatorId, Pass, Posting,
    Second, Stamp, Task, TaskId,
};
use serde::Serialize;

use crate::state::remaining_ms;

/// Who approved a task's document, and where that is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// The name, as the ERP says or an operator's here.
    pub by: String,
    /// The entry that says so, if it was approved here.
    pub seq: Option<u64>,
}

/// What was done of one line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LineProgress {
    /// Base units posted.
    pub moved: i64,
    /// Keys of the things posted: none of them counts twice.
    pub things: BTreeSet<String>,
}

/// An open task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskState {
    /// What is to be done.
    pub task: Task,
    /// Who asked.
    pub by: Actor,
    /// Why that was allowed.
    pub decision: Option<Decision>,
    /// The entry that opened it: tasks are served in this order.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// The approval; nothing is executed without one.
    pub approval: Option<Approval>,
    /// Progress, in the order of the task's lines.
    pub progress: Vec<LineProgress>,
}

impl TaskState {
    /// Base units that line `index` still expects.
    #[must_use]
    pub fn remaining(&self, index: usize) -> i64 {
        let moved = self.progress.get(index).map_or(0, |p| p.moved);
        self.task.lines.get(index).map_or(0, |l| l.quantity.saturating_sub(moved).max(0))
    }

    /// True when no line expects anything any more.
    #[must_use]
    pub fn is_done(&self) -> bool {
        (0..self.task.lines.len()).all(|index| self.remaining(index) == 0)
    }
}

/// A posting that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reservation {
    /// The entry that reserved it.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// What was asked for.
    pub posting: Posting,
    /// Its lines in base units. Of those that take from a place that holds stock the stock is held;
    /// none for a posting that holds nothing: a count, a reversal, one for a day gone by.
    pub lines: Vec<MovementLine>,
    /// Base units of each line that no task has used yet.
    pub left: Vec<i64>,
    /// Who asked.
    pub by: Actor,
    /// Why that was allowed.
    pub decision: Decision,
}

impl Reservation {
    /// True while no task used any of it.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.lines.iter().zip(&self.left).all(|(line, left)| line.quantity == *left)
    }

    /// True when there were lines and tasks used all that was held.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        let mut held = self.lines.iter().zip(&self.left).filter(|(l, _)| l.from.holds_stock());
        !self.is_untouched() && held.all(|(_, left)| *left == 0)
    }

    /// Milliseconds until it lapses: after `longest_ms`, or earlier where it says so itself.
    #[must_use]
    pub fn remaining_ms(&self, longest_ms: u64, now: &Stamp) -> u64 {
        // A document's waits as long as its approval does.
        if self.posting.document_digest.is_some() {
            return u64::MAX;
        }
        let span_ms = self.posting.expires_ms.map_or(longest_ms, |own| own.min(longest_ms));
        remaining_ms(&self.at, span_ms, now)
    }

    /// The lines with what is left of each; those that are used up are left out.
    #[must_use]
    pub fn rest(&self) -> Vec<MovementLine> {
        let open = self.lines.iter().zip(&self.left).filter(|(_, left)| **left > 0);
        open.map(|(line, left)| MovementLine { quantity: *left, ..line.clone() }).collect()
    }
}

/// A pass that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// The entry that holds it.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// The pass as it was seen.
    pub pass: Pass,
    /// The task it was compared with.
    pub task: TaskId,
    /// Who moved it.
    pub operator: OperatorId,
    /// How strongly that session was authenticated.
    pub auth_level: u8,
    /// The second person who was present and may move it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<Second>,
    /// What differs.
    pub comparison: Comparison,
    /// Why the operator was allowed to move it at all; its module is the task's.
    pub decision: Decision,
}

/// A pass that nobody may claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quarantine {
    /// The entry that says so.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// The pass as it was seen.
    pub pass: Pass,
    /// Why.
    pub reason: String,
}

// What a device saw, how it compares, what the engine said of it, who is where: no field of a document's.
gatewarden_model::no_fields!(Quarantine);

impl Mask for Hold {
    fn mask(&mut self, rights: &FieldRights) {
        self.decision.mask(rights);
    }
}
