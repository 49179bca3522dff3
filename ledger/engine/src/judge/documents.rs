//! Documents in the journal: was every signature given by who had to give it, over these very bytes, and was nothing
//! opened that they do not cover?
//!
//! What a workflow would have done is done again, with the people and definitions of that time, and compared event by
//! event; tasks, postings and what follows from movements are made again from what was signed. Invariant: an entry that
//! a document did not lead to is told, whoever signed the journal. Absent: facts that the journal does not hold (stock
//! of that moment, what rules asked for beside), which are believed as they were frozen.

use std::collections::{HashMap, HashSet, VecDeque};

use gatewarden_documents::{Execution, KindDefinition, quantities::executed};
use gatewarden_model::{
    Actor, ApprovalEvent, Body, Document, DocumentContent, DocumentKind, DocumentStep, Entry,
    ItemClass, ItemId, Movement, Pass, Posting, Task,
};
use gatewarden_workflow::act_of;

use super::{
    Verdict, counts,
    planned::{self, Book},
    settlements,
    steps::{self, Asked},
};
use crate::{
    documents::{
        author_of, check_version,
        counts::{definition_now, is_deciding},
        facts,
        follow::{Reached, consumed, lines_done, reached},
        posting_of, tasks_for, worth,
    },
    receivers::check_receiver,
    state::{OpenDocument, State},
    tasks::is_same,
    workflows::{self, Scene},
};

/// What is remembered between the entries of documents.
#[derive(Debug, Default)]
pub(super) struct Papers {
    /// The events that must follow in a document's approval.
    expected: HashMap<Document, VecDeque<ApprovalEvent>>,
    /// The movement that was recorded last.
    moved: Option<Movement>,
    /// What that did of other documents, as it was before any of it was counted.
    reached: Option<Reached>,
    /// The documents on which that was counted, and by which step.
    counted: HashSet<(Document, &'static str)>,
    /// Documents that are over: their numbers are not used again.
    over: HashSet<Document>,
    /// What documents moved and got back.
    book: Book,
}

impl Papers {
    /// Keeps what later entries rest on.
    pub(super) fn count(&mut self, state: &State, entry: &Entry) {
        self.book.count(state, entry);
        match &entry.body {
            Body::Moved { movement, .. } => {
                self.moved = movement.document_digest.is_some().then(|| movement.clone());
                self.reached = None;
                self.counted.clear();
            }
            Body::DocumentStepped { document, step, .. } => match step {
                DocumentStep::Fulfilled { .. }
                | DocumentStep::Consumed { .. }
                | DocumentStep::Inspected { .. } => {
                    self.counted.insert((document.clone(), step.name()));
                }
                step if step.is_final() => drop(self.over.insert(document.clone())),
                _ => {}
            },
            _ => {}
        }
    }

    /// Judges what an entry does to a document, or on one.
    pub(super) fn judge(
        &mut self,
        state: &State,
        classes: &HashMap<ItemId, ItemClass>,
        entry: &Entry,
    ) -> Verdict {
        let scene = Scene { state, now: &entry.at };
        match &entry.body {
            Body::DocumentWritten { content, by, decision } => {
                let asked = decision.as_ref().map(|said| (said.module, said.action));
                self.goes_on(&content.document)?;
                let over = self.over.contains(&content.document);
                counts::written(state, content, (by, asked.is_some()))
                    .unwrap_or_else(|| steps::written(state, content, (by, asked), over))
            }
            Body::DocumentStepped { document, version, digest, step, by, decision } => {
                let Some(open) = state.document(document) else {
                    return Err(format!("it steps {} that is not open", document.number));
                };
                if (*version, *digest) != (open.content.version, open.digest) {
                    return Err(format!("it steps another version of {}", document.number));
                }
                let Some(kind) = definition(state, open, step) else {
                    return Err(format!("no definition of {} is in force", document.kind.name()));
                };
                let asked = decision.as_ref().map(|said| (said.module, said.action));
                counts::stepped(state, (open, kind), (step, by), asked)?;
                // What a count found is signed by a workflow of its own.
                let own = is_deciding(open).then(|| definition_now(open, kind.clone()));
                let kind = own.as_ref().unwrap_or(kind);
                self.stepped(scene, (open, kind), (step, by, asked), classes)
            }
            Body::TaskOpened { task, by, decision } => {
                task_opened(state, task, by, decision.is_some())
            }
            Body::Reserved { posting, by, decision, .. } => {
                counts::reserved(posting, decision)?;
                reserved(state, posting, by)
            }
            Body::Moved { movement, pass } => {
                counts::moved(state, movement)?;
                moved(state, movement, pass.as_ref())
            }
            Body::Held { pass, task, .. } => match state.task(*task) {
                Some(open) => {
                    check_receiver(state, &open.task, pass).map_err(|(_, message)| message)
                }
                None => Ok(()),
            },
            Body::ReceiverSeen { operator, badge, .. } => {
                match state.operator_by_badge(badge).is_some_and(|one| one.id == *operator) {
                    true => Ok(()),
                    false => Err(format!("the badge is not {operator}'s")),
                }
            }
            _ => Ok(()),
        }
    }

    fn stepped(
        &mut self,
        scene: Scene<'_>,
        (open, kind): (&OpenDocument, &KindDefinition),
        (step, by, asked): (&DocumentStep, &Actor, Asked),
        classes: &HashMap<ItemId, ItemClass>,
    ) -> Verdict {
        let document = open.document();
        if !matches!(step, DocumentStep::Approval { .. }) {
            self.goes_on(document)?;
        }
        let open_now = (scene.state, open, kind);
        match step {
            DocumentStep::Submitted { facts, .. } => {
                // What was counted follows from the counts: nobody is asked for it.
                if !is_deciding(open) {
                    steps::taken(open_now, &steps::SUBMIT, asked)?;
                }
                settlements::stands(scene.state, open)?;
                self.book.submitted(scene.state, open, kind, facts)?;
                let events = submitted(scene, (open, kind), (step, by), classes)?;
                self.expected.insert(document.clone(), events);
                Ok(())
            }
            DocumentStep::Approval { event } => {
                self.approval(scene, (open, kind), event, (by, asked))
            }
            // Held by `counts` already.
            DocumentStep::CountBegun | DocumentStep::Counted { .. } => Ok(()),
            DocumentStep::Closed { .. } if open.count.is_some() && *by == Actor::Daemon => Ok(()),
            DocumentStep::Closed { reason } if kind.closed_by.is_some() => {
                settlements::closed(scene.state, (open, kind), (reason, by))
            }
            DocumentStep::Closed { .. }
            | DocumentStep::Cancelled { .. }
            | DocumentStep::Own { .. } => steps::ended(open_now, step, (by, asked)),
            _ if *by != Actor::Daemon || asked.is_some() => {
                Err(format!("somebody says that {} is {}", document.number, step.name()))
            }
            DocumentStep::Approved { signatures } => {
                settlements::stands(scene.state, open)?;
                approved(scene.state, (open, kind), signatures)
            }
            DocumentStep::Fulfilled { movement, by, lines } => {
                let found = match self.last(scene.state, *movement, by) {
                    None => {
                        return Err("it counts a movement that was not just recorded".to_owned());
                    }
                    Some(_) if self.reached.is_some() => None,
                    Some((moved, content, kind)) => {
                        let done = executed(kind, content, moved);
                        Some(reached(scene.state, (kind, content), done))
                    }
                };
                self.first_time(document, step)?;
                self.reached = found.or_else(|| self.reached.take());
                let found = self.reached.as_ref().and_then(|all| all.get(document)).map(lines_done);
                same(found.as_ref() == Some(lines), "what the movement fulfils")
            }
            DocumentStep::Consumed { movement, by, items } => {
                let Some((moved, content, _)) = self.last(scene.state, *movement, by) else {
                    return Err("it counts a movement that was not just recorded".to_owned());
                };
                self.first_time(document, step)?;
                let found = consumed(content, moved).remove(document);
                same(found.as_ref() == Some(items), "what the movement consumes")
            }
            DocumentStep::Inspected { movement, by, items } => {
                let Some((moved, content, _)) = self.last(scene.state, *movement, by) else {
                    return Err("it counts a movement that was not just recorded".to_owned());
                };
                self.first_time(document, step)?;
                let found = planned::inspected(document, (moved, content), items);
                same(found, "what the movement decides on")
            }
            DocumentStep::Started { task } => {
                let own =
                    scene.state.task(*task).is_some_and(|open| open.task.document == *document);
                same(own && open.frame().is_open(), "the task that it is done by")
            }
            DocumentStep::InForce => {
                let signed = open.approved.as_ref().is_some_and(|(_, one)| *one == open.digest);
                let master = kind.execution == Execution::Master;
                same(signed && master, "what is put in force")
            }
            DocumentStep::Returned | DocumentStep::Rejected => steps::not_signed(open, step),
            DocumentStep::Superseded => {
                Err(format!("nothing takes the place of {}", document.number))
            }
        }
    }

    /// Whether what had to follow in an approval has followed.
    fn goes_on(&self, document: &Document) -> Verdict {
        match self.expected.get(document).is_none_or(VecDeque::is_empty) {
            true => Ok(()),
            false => Err("the approval before it has not gone on as its workflow says".to_owned()),
        }
    }

    /// Whether the last movement was not counted on a document yet.
    fn first_time(&self, document: &Document, step: &DocumentStep) -> Verdict {
        match self.counted.contains(&(document.clone(), step.name())) {
            false => Ok(()),
            true => Err(format!("{} counts the same movement twice", document.number)),
        }
    }

    /// The movement that was recorded last, if it is this one on this document.
    fn last<'s>(
        &'s self,
        state: &'s State,
        id: gatewarden_model::MovementId,
        document: &Document,
    ) -> Option<(&'s Movement, &'s DocumentContent, &'s KindDefinition)> {
        let moved =
            self.moved.as_ref().filter(|moved| moved.id == id && moved.document == *document)?;
        let open = state.document(document)?;
        Some((moved, &open.content, state.definition(open)?))
    }

    /// Whether an event is the one that follows.
    fn approval(
        &mut self,
        scene: Scene<'_>,
        (open, kind): (&OpenDocument, &KindDefinition),
        event: &ApprovalEvent,
        (by, asked): (&Actor, Asked),
    ) -> Verdict {
        let expected = self.expected.entry(open.document().clone()).or_default();
        if expected.is_empty() {
            *expected = match (by, act_of(event)) {
                (Actor::Operator { id, .. }, Some((who, act))) if *id == who => {
                    steps::acted((scene.state, open, kind), &act, asked)?;
                    let events = workflows::act(scene, open, &who, &act);
                    events.map_err(|(_, message)| message)?.into()
                }
                (Actor::Daemon, None) if open.waits() => workflows::tick(scene, open).into(),
                _ => return Err("somebody acts in another's name".to_owned()),
            };
        } else if !matches!(by, Actor::Daemon) || asked.is_some() {
            return Err("somebody acts before what follows by itself has followed".to_owned());
        }
        match expected.pop_front() {
            Some(found) if found == *event => Ok(()),
            found => {
                expected.clear();
                Err(format!("its workflow gives {}, it says {event:?}", told(found.as_ref())))
            }
        }
    }
}

fn told(event: Option<&ApprovalEvent>) -> String {
    event.map_or_else(|| "nothing".to_owned(), |event| format!("{event:?}"))
}

pub(super) fn same(fits: bool, what: &str) -> Verdict {
    if fits { Ok(()) } else { Err(format!("{what} is another by what was signed")) }
}

/// The definition that a step is judged by: a document is handed in under those of its moment.
fn definition<'s>(
    state: &'s State,
    open: &OpenDocument,
    step: &DocumentStep,
) -> Option<&'s KindDefinition> {
    match step {
        DocumentStep::Submitted { procedures, .. } => {
            let current = state.procedures_version() == Some(*procedures);
            state.procedures_of(procedures).filter(|_| current)?.kinds.of(open.document().kind)
        }
        _ => state.definition(open),
    }
}

/// What must follow when a document is handed in.
fn submitted(
    scene: Scene<'_>,
    (open, kind): (&OpenDocument, &KindDefinition),
    (step, by): (&DocumentStep, &Actor),
    classes: &HashMap<ItemId, ItemClass>,
) -> Result<VecDeque<ApprovalEvent>, String> {
    let DocumentStep::Submitted { workflow, facts, lines, extra, .. } = step else {
        return Ok(VecDeque::new());
    };
    if !is_same(by, &open.by) && by != &open.by {
        return Err(format!("{} wrote it, somebody else hands it in", author_of(&open.by)));
    }
    if *workflow != kind.workflow {
        return Err("it is to be signed by another workflow than that of its kind".to_owned());
    }
    let class = |item: &ItemId| classes.get(item).copied();
    let (own, own_lines) = facts::of_version(scene.state, &open.content, &open.by, class);
    let differs = |(name, value): &(&String, &gatewarden_model::Scalar)| {
        *name != worth::AMOUNT && facts.get(*name) != Some(value)
    };
    if let Some((name, value)) = own.iter().find(differs) {
        return Err(format!("its fact {name} is {value} by the version that was handed in"));
    }
    if !worth::may_be(facts.get(worth::AMOUNT), own.get(worth::AMOUNT), kind) {
        return Err(format!("its fact {} is not what the version handed in costs", worth::AMOUNT));
    }
    for (at, own) in own_lines.iter().enumerate() {
        let frozen = lines.get(at);
        let differs = |(name, value): &(&String, &gatewarden_model::Scalar)| {
            frozen.is_none_or(|line| line.get(*name) != Some(value))
        };
        if let Some((name, value)) = own.iter().find(differs) {
            return Err(format!("its fact lines[{at}].{name} is {value} by the version handed in"));
        }
    }
    let frozen = (facts.clone(), lines.clone());
    let events = workflows::plan(scene, open, kind, &frozen, by, extra);
    Ok(events.map_err(|(_, message)| message)?.unwrap_or_default().into())
}

/// Whether a document is approved by the signatures that it names.
fn approved(
    state: &State,
    (open, kind): (&OpenDocument, &KindDefinition),
    named: &[u64],
) -> Verdict {
    if open.document().kind == DocumentKind::Bom {
        // Signed by the change order that names this very version.
        let names = |order: &&OpenDocument| {
            let links = &order.content.links;
            let link = links.iter().find(|link| link.document == *open.document());
            let signed: Vec<u64> = order.signatures().iter().map(|one| one.entry).collect();
            let stands = order.approved.as_ref().is_some_and(|(_, one)| *one == order.digest);
            stands && link.is_some_and(|link| link.digest == Some(open.digest)) && signed == named
        };
        let order = state.documents_of(DocumentKind::EngineeringChange).find(names);
        return same(order.is_some(), "the change order that approves it");
    }
    // What a count found is decided on while its order is in execution.
    if !is_deciding(open) {
        steps::allowed((state, open, kind), &steps::APPROVE)?;
    }
    let gate: Vec<u64> = open.signatures().iter().map(|one| one.entry).collect();
    if kind.workflow.is_some() && gate.is_empty() {
        return Err("signatures are missing over this version".to_owned());
    }
    same(gate == named, "the list of its signatures")
}

/// Whether a task is what an approved document leads to, or of a kind that no procedure governs.
fn task_opened(state: &State, task: &Task, by: &Actor, decided: bool) -> Verdict {
    let Some(digest) = task.document_digest else {
        return governed(state, &task.document, task.kind);
    };
    let document = &task.document;
    let Some(open) = state.document(document).filter(|open| open.digest == digest) else {
        return Err(format!("{} is not open in the version that it names", document.number));
    };
    let Some(kind) = state.definition(open) else {
        return Err(format!("no definition of {} is in force", document.kind.name()));
    };
    if *by != Actor::Daemon || decided || !open.frame().is_open() {
        return Err(format!("{} is not approved", document.number));
    }
    let tasks = tasks_for(open, kind);
    same(tasks.contains(task), "the task")
}

/// Whether a kind of document or movement is nobody's to move by hand.
fn governed(
    state: &State,
    document: &Document,
    movement: gatewarden_model::MovementKind,
) -> Verdict {
    let Some(procedures) = state.procedures_in_force() else { return Ok(()) };
    match procedures.kinds.governing(document.kind, movement).is_some() {
        false => Ok(()),
        true => Err(format!("a procedure governs {}, and no document led to it", document.number)),
    }
}

fn reserved(state: &State, posting: &Posting, by: &Actor) -> Verdict {
    let Some(digest) = posting.document_digest else {
        return governed(state, &posting.document, posting.kind);
    };
    let document = &posting.document;
    let Some(open) = state.document(document).filter(|open| open.digest == digest) else {
        return Err(format!("{} is not open in the version that it names", document.number));
    };
    // It is reserved as it is handed in, under the definitions of that moment.
    let kind = state.procedures_in_force().and_then(|known| known.kinds.of(document.kind));
    let posts = kind.and_then(|kind| posting_of(&open.content, kind).ok().flatten());
    same(posts.as_ref() == Some(posting) && is_same(by, &open.by), "the posting")
}

/// Whether a movement is on what was signed, and whoever is to receive it stood there.
fn moved(state: &State, movement: &Movement, pass: Option<&Pass>) -> Verdict {
    let task = movement.task.and_then(|task| state.task(task)).map(|open| &open.task);
    let digest = match task {
        Some(task) => task.document_digest,
        None => {
            let held = state.reservation(movement.reservation.unwrap_or(movement.id));
            held.and_then(|held| held.posting.document_digest)
        }
    };
    if digest != movement.document_digest {
        return Err("it names another version of its document than its task or posting".to_owned());
    }
    let requester = task.and_then(|task| task.requester.as_ref());
    if movement.received_by.as_ref() != requester {
        return Err("it was handed out to somebody who did not ask for it".to_owned());
    }
    if let (Some(task), Some(pass)) = (task, pass) {
        check_receiver(state, task, pass).map_err(|(_, message)| message)?;
    }
    let Some(digest) = digest else {
        return governed(state, &movement.document, movement.kind);
    };
    let Some(open) = state.document(&movement.document) else {
        return Err(format!("{} is not open", movement.document.number));
    };
    if let Some(task) = task {
        if !open.tasks.contains(&task.id) {
            return Err(format!(
                "{} does not say that this task executes it",
                movement.document.number
            ));
        }
        check_version(state, task, movement).map_err(|(_, message)| message)?;
    }
    let signed = open.approved.as_ref().is_some_and(|(_, approved)| *approved == digest);
    same(signed && open.frame().is_open(), "the version that it was moved on")
}
