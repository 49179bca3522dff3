//! Which parts an entry says that somebody played, and in which documents: from the task or posting
//! over approval, movement and discrepancy to reversal and landed cost.
//!
//! What the ERP says of a document (who ordered it, who approved it) counts from the task on. A posting
//! by hand that uses no task has two people: who asked for it and who posted it. What takes a movement
//! back counts on the document of that movement, and as nothing else: the second look at a mistake is no
//! second part in the first document. A task that uses a reservation takes over who asked for that.

use gatewarden_model::{
    Action, Actor, Body, Change, ChangeVerdict, Document, Entry, Module, Movement, MovementKind,
    Part, Posting, StockStatus, Task,
};

use super::history::{Case, History, Told};

impl History {
    /// What keeps the house: people, machines, keys, periods.
    pub(super) fn feed_keeping(&mut self, entry: &Entry) {
        match &entry.body {
            Body::Enrolled { operator, roles, mitigations, change, by, .. } => {
                self.mitigated(operator, mitigations);
                let known = self.roles.insert(operator.clone(), roles.clone());
                let takes = known.is_some_and(|old| roles.iter().all(|role| old.contains(role)));
                // Without a request it only took roles away, as a review does: nobody was let in by that.
                if change.is_some() || !takes {
                    let case = Case::Operator(operator.clone());
                    self.note(Some(case), Part::Enrolled, by, entry);
                }
                self.note(None, Part::KeptSystem, by, entry);
            }
            Body::ChangeRequested { id, change: Change::Operator { operator, .. }, .. } => {
                self.enrolments.insert(*id, operator.clone());
            }
            Body::ChangeDecided { id, verdict, by, .. } => {
                let case = self.enrolments.remove(id).map(Case::Operator);
                if case.is_some() && *verdict == ChangeVerdict::Approved {
                    self.note(case, Part::ApprovedEnrolment, by, entry);
                }
                self.note(None, Part::KeptSystem, by, entry);
            }
            Body::Removed { operator, by, .. } => {
                self.roles.remove(operator);
                self.note(None, Part::KeptSystem, by, entry);
            }
            Body::ClientAdded { by, .. }
            | Body::ClientRevoked { by, .. }
            | Body::KeyRotated { by, .. }
            | Body::Restored { by, .. } => self.note(None, Part::KeptSystem, by, entry),
            Body::PeriodClosed { by, .. } => self.note(None, Part::ClosedPeriod, by, entry),
            _ => {}
        }
    }

    /// What happens to documents and stock.
    pub(super) fn feed_stock(&mut self, entry: &Entry) {
        match &entry.body {
            Body::TaskOpened { task, by, decision } => {
                let asked = decision.as_ref().is_some_and(|d| d.action == Action::Request);
                self.task_opened(task, by, asked, entry);
            }
            Body::TaskApproved { task, by, .. } => {
                let case = self.tasks.get(task).cloned().map(Case::Document);
                self.note(case, Part::Approved, by, entry);
            }
            Body::TaskClosed { task, .. } => drop(self.tasks.remove(task)),
            Body::Held { pass, task, .. } => {
                if let Some(document) = self.tasks.get(task) {
                    self.holds.insert(pass.id, document.clone());
                }
            }
            Body::HoldDecided { pass, by, second, .. } => {
                let case = self.holds.remove(pass).map(Case::Document);
                if let Some(second) = second {
                    let beside = Actor::Operator { id: second.operator.clone(), session: None };
                    self.note(case.clone(), Part::Decided, &beside, entry);
                }
                self.note(case, Part::Decided, by, entry);
            }
            Body::Reserved { posting, by, .. } => {
                if let Actor::Operator { id, .. } = by {
                    self.reserved.insert(posting.id, (id.clone(), Told::by(entry)));
                }
                self.asked_for(posting, by, entry);
            }
            Body::ReservationEnded { movement, .. } => drop(self.reserved.remove(movement)),
            Body::Moved { movement, .. } => self.movement(movement, entry),
            Body::CostLanded { movement, document, by, .. } => {
                let own = Case::Document(document.clone());
                let receipt = self.document_of(*movement).filter(|case| *case != own);
                for case in receipt.into_iter().chain([own]) {
                    self.note(Some(case), Part::Valued, by, entry);
                }
            }
            _ => {}
        }
    }

    fn task_opened(&mut self, task: &Task, by: &Actor, asked: bool, entry: &Entry) {
        let document = task.document.clone();
        let case = || Some(Case::Document(document.clone()));
        self.tasks.insert(task.id, document.clone());
        self.note(case(), Part::Requested, by, entry);
        match &task.ordered_by {
            Some(name) => self.note_name(case(), Part::Ordered, name, Told::by(entry)),
            // A request is the order of whoever makes it.
            None if asked => self.note(case(), Part::Ordered, by, entry),
            None => {}
        }
        if let Some(name) = &task.approved_by
            && !task.ordered_by.as_ref().is_some_and(|orderer| is_same_name(orderer, name))
        {
            // By its own orderer it counted for nothing: the task waited for an approval here.
            self.note_name(case(), Part::Approved, name, Told::by(entry));
        }
        let reserver = task.reservation.and_then(|id| self.reserved.get(&id).cloned());
        if let Some((reserver, told)) = reserver {
            self.note_name(case(), Part::Requested, reserver.as_str(), told);
        }
    }

    /// The parts of whoever asks for a posting by hand.
    fn asked_for(&mut self, posting: &Posting, by: &Actor, entry: &Entry) {
        if let Some(original) = posting.reverses {
            return self.reversed(original, &posting.document, by, entry);
        }
        let released = posting.kind == MovementKind::StatusChange
            && posting.lines.iter().any(|line| line.from_status == StockStatus::QualityInspection);
        let priced = posting.lines.iter().any(|line| line.value.is_some());
        let parts = [
            Some(Part::Requested),
            by_kind(posting.kind),
            released.then_some(Part::Released),
            priced.then_some(Part::Priced),
        ];
        for part in parts.into_iter().flatten() {
            let case = Case::Document(posting.document.clone());
            self.note(Some(case), part, by, entry);
        }
    }

    fn movement(&mut self, movement: &Movement, entry: &Entry) {
        let by = Actor::Operator { id: movement.operator.clone(), session: None };
        self.moved(movement.id, movement.document.clone());
        if let Some(original) = movement.reverses {
            return self.reversed(original, &movement.document, &by, entry);
        }
        let released = movement.kind == MovementKind::StatusChange
            && movement.lines.iter().any(|l| l.from_status == StockStatus::QualityInspection);
        let parts = match movement.task {
            None => [Some(Part::Posted), None],
            Some(_) => [Some(Part::Moved), by_module(movement.kind)],
        };
        for part in parts.into_iter().chain([released.then_some(Part::Released)]).flatten() {
            let case = Case::Document(movement.document.clone());
            self.note(Some(case), part, &by, entry);
        }
    }

    fn reversed(
        &mut self,
        original: gatewarden_model::MovementId,
        document: &Document,
        by: &Actor,
        entry: &Entry,
    ) {
        let case = self.document_of(original);
        let case = case.unwrap_or_else(|| Case::Document(document.clone()));
        self.note(Some(case), Part::Reversed, by, entry);
    }
}

fn by_module(kind: MovementKind) -> Option<Part> {
    match kind.module() {
        Module::Inbound => Some(Part::Received),
        Module::Outbound => Some(Part::Issued),
        _ => None,
    }
}

fn by_kind(kind: MovementKind) -> Option<Part> {
    match kind {
        MovementKind::Count => Some(Part::Counted),
        MovementKind::Adjustment | MovementKind::Scrap => Some(Part::Adjusted),
        _ => None,
    }
}

fn is_same_name(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}
