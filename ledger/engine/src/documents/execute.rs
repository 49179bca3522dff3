//! What an approved document leads to: tasks at stations, a posting, or master data.
//!
//! Invariants: what is opened is a function of the version that was signed, so that the judge makes it again
//! and compares; its ids are made from the digest, so that nothing is opened twice. Absent: who may (it was
//! signed), what is there (the stock refuses when it moves).

use std::collections::BTreeMap;

use gatewarden_documents::{
    Execution, Frame, KindDefinition, LineQuantities, Quantities, kinds::HeadField,
};
use gatewarden_model::{
    Actor, Amount, Body, DocumentContent, DocumentLine, DocumentStep, Hash, Location, Movement,
    MovementId, MovementKind, OperatorId, Posting, PostingLine, StationId, Task, TaskId, TaskLine,
};

use super::fulfil::check_fulfilled;
use crate::{
    settlements,
    state::{OpenDocument, State},
    tasks::check_governed,
    turn::{Fault, Turn},
};

/// The field that names the station where goods in transit arrive.
pub(crate) const RECEIVING_STATION: &str = "receiving-station";
/// Whom a document's task names where no signature is needed.
pub(crate) const BY_PROCEDURE: &str = "procedure";

/// Which part of a way a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// Out of the place, into transit.
    Out,
    /// Out of transit, to where it goes.
    In,
}

/// Who stands behind what is opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Behind<'b> {
    /// Who wrote the version.
    pub(crate) author: &'b str,
    /// Who signed last; none where no signature is needed.
    pub(crate) signer: Option<&'b str>,
}

/// The tasks of a version, in order.
pub(crate) fn tasks_of(
    content: &DocumentContent,
    kind: &KindDefinition,
    behind: Behind<'_>,
    (part, done): (Part, &Quantities),
) -> Result<Vec<Task>, Fault> {
    let station = station_of(content, part)?;
    let digest = content.digest();
    let mut lines: BTreeMap<MovementKind, Vec<TaskLine>> = BTreeMap::new();
    for line in content.lines.iter().filter(|line| line.quantity > 0) {
        let left = left_of(line, done.line(line.line), part);
        if left == 0 {
            continue;
        }
        let Some(way) = kind.way(content, line) else {
            let message =
                format!("lines.{}: no way of this kind goes between its places", line.line);
            return Err(("no-way", message));
        };
        let transit = || transit_of(content);
        let (from, to) = match part {
            Part::Whole => (way.from, way.to),
            Part::Out => (way.from, transit()?),
            Part::In => (transit()?, way.to),
        };
        lines.entry(way.movement).or_default().push(TaskLine {
            line: line.line,
            item: line.item.clone(),
            quantity: left,
            from,
            to,
            lot: line.lot.clone(),
            owner: line.owner.clone(),
            from_status: line.from_status,
            to_status: line.to_status,
            value: line.amount.map(|amount| share_of(amount, left, line.quantity)),
            things: vec![],
        });
    }
    let task = |(movement, lines): (MovementKind, Vec<TaskLine>)| {
        let handed_out = matches!(movement, MovementKind::Issue | MovementKind::ProductionIssue);
        let requester = content.requester.as_deref().filter(|_| handed_out);
        Task {
            id: TaskId(id_of(&digest, movement, part)),
            station: station.clone(),
            kind: movement,
            document: content.document.clone(),
            document_digest: Some(digest),
            requester: requester.and_then(|name| OperatorId::parse(name).ok()),
            ordered_by: Some(behind.author.to_owned()),
            approved_by: Some(behind.signer.unwrap_or(BY_PROCEDURE).to_owned()),
            reservation: None,
            lines,
            custom: content.custom.clone(),
        }
    };
    Ok(lines.into_iter().map(task).collect())
}

/// What of a line is still to be done: of one that was done in part under an older version, the rest.
fn left_of(line: &DocumentLine, done: Option<&LineQuantities>, part: Part) -> i64 {
    let Some(done) = done else { return line.quantity };
    let gone = match part {
        Part::In => done.executed,
        Part::Whole | Part::Out => done.executed.saturating_add(done.in_hand),
    };
    line.quantity.saturating_sub(gone).clamp(0, line.quantity)
}

/// What a part of a line is worth, rounded down.
fn share_of(amount: Amount, part: i64, whole: i64) -> Amount {
    if part == whole || whole == 0 {
        return amount;
    }
    let units = i128::from(amount.units()) * i128::from(part) / i128::from(whole);
    Amount::from_units(i64::try_from(units).unwrap_or(i64::MAX))
}

/// Every task that an approved document may lead to.
pub(crate) fn tasks_for(open: &OpenDocument, kind: &KindDefinition) -> Vec<Task> {
    let author = super::author_of(&open.by);
    let signer = open.signatures().last().map(|one| one.by.as_str().to_owned());
    let behind = Behind { author: &author, signer: signer.as_deref() };
    let parts: &[Part] = match in_two_steps(&open.content) {
        true => &[Part::Out, Part::In],
        false => &[Part::Whole],
    };
    let tasks = parts
        .iter()
        .filter_map(|part| tasks_of(&open.content, kind, behind, (*part, &open.quantities)).ok());
    tasks.flatten().collect()
}

/// Whether a document moves in two steps.
pub(crate) fn in_two_steps(content: &DocumentContent) -> bool {
    content.custom.keys().any(|name| name.as_str() == RECEIVING_STATION)
}

/// Whether a document is done at a station of its own; else others are that fulfil it. A count is done
/// without tasks.
pub(crate) fn at_station(content: &DocumentContent, kind: &KindDefinition) -> bool {
    let named = content.station.is_some() || kind.needs(HeadField::Station);
    named && kind.count.is_none()
}

fn station_of(content: &DocumentContent, part: Part) -> Result<StationId, Fault> {
    let receiving =
        content.custom.iter().find(|(name, _)| name.as_str() == RECEIVING_STATION).map(|(_, v)| v);
    let (field, name) = match part {
        Part::In => ("custom.receiving-station", receiving),
        _ => ("station", content.station.as_ref()),
    };
    let Some(name) = name else {
        return Err(("station-missing", format!("{field}: say at which station it is done")));
    };
    StationId::parse(name).map_err(|error| ("station-missing", format!("{field}: {error}")))
}

fn transit_of(content: &DocumentContent) -> Result<Location, Fault> {
    let text = format!("@transit/{}", content.document.number);
    Location::parse(&text).map_err(|error| ("no-way", format!("document.number: {error}")))
}

/// The posting of a version; none where it moves nothing.
pub(crate) fn posting_of(
    content: &DocumentContent,
    kind: &KindDefinition,
) -> Result<Option<Posting>, Fault> {
    if kind.count.is_some() {
        return Ok(super::counts::posting_of(content));
    }
    let digest = content.digest();
    let mut lines = vec![];
    let mut movement = None;
    for line in content.lines.iter().filter(|line| line.quantity > 0) {
        let Some(way) = kind.way(content, line) else {
            let message =
                format!("lines.{}: no way of this kind goes between its places", line.line);
            return Err(("no-way", message));
        };
        if movement.replace(way.movement).is_some_and(|before| before != way.movement) {
            let message = "lines: they are movements of several kinds: split the document";
            return Err(("several-ways", message.to_owned()));
        }
        lines.push(PostingLine {
            line: line.line,
            item: line.item.clone(),
            quantity: line.quantity.to_string(),
            unit: None,
            lot: line.lot.clone(),
            expires: None,
            owner: line.owner.clone(),
            from: way.from,
            to: way.to,
            from_status: line.from_status,
            to_status: line.to_status,
            from_unit: None,
            to_unit: None,
            things: vec![],
            // What is charged for a loss is no value of stock: that follows from what it cost.
            value: line.amount.filter(|_| !settlements::is_one(content)),
        });
    }
    let Some(kind) = movement else { return Ok(None) };
    let reason = [&content.note, &content.title].into_iter().find(|text| !text.trim().is_empty());
    Ok(Some(Posting {
        id: MovementId(id_of(&digest, kind, Part::Whole)),
        kind,
        document: content.document.clone(),
        document_digest: Some(digest),
        reason: reason.map(|text| crate::turn::cut(text, crate::turn::REASON_BYTES_MAX)),
        lines,
        counts: vec![],
        effective: None,
        reverses: None,
        expires_ms: None,
        custom: content.custom.clone(),
    }))
}

/// An id that follows from what was signed.
pub(super) fn id_of(digest: &Hash, movement: MovementKind, part: Part) -> uuid::Uuid {
    let text = format!("gatewarden document 1\n{digest}\n{}\n{part:?}", movement.name());
    let bytes: [u8; 16] = std::array::from_fn(|i| Hash::of(text.as_bytes()).0[i]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

impl Turn<'_> {
    /// Does what an approved document leads to. What it posts is posted beside (`posted`).
    pub(super) fn execute(
        &mut self,
        content: &DocumentContent,
        kind: &KindDefinition,
    ) -> Result<(), Fault> {
        match kind.execution {
            Execution::None | Execution::Posting => Ok(()),
            Execution::Task if kind.count.is_some() => {
                self.step(&content.document, DocumentStep::CountBegun, Actor::Daemon, None);
                Ok(())
            }
            Execution::Task if !at_station(content, kind) => Ok(()),
            Execution::Task => {
                let part = if in_two_steps(content) { Part::Out } else { Part::Whole };
                // What an older version opened is over: nothing is done on what is not approved any more.
                let open = self.state.document(&content.document);
                let older = open.map(|open| open.tasks.clone()).unwrap_or_default();
                self.end_tasks(&older);
                self.open_tasks(content, kind, part)
            }
            Execution::Master => self.bring_in_force(content, kind),
        }
    }

    /// Opens the tasks of an approved version.
    pub(super) fn open_tasks(
        &mut self,
        content: &DocumentContent,
        kind: &KindDefinition,
        part: Part,
    ) -> Result<(), Fault> {
        let document = content.document.clone();
        let (author, signer) = self.behind(&document);
        let behind = Behind { author: &author, signer: signer.as_deref() };
        let done = self.state.document(&document).map(|open| open.quantities.clone());
        let tasks = tasks_of(content, kind, behind, (part, &done.unwrap_or_default()))?;
        for task in &tasks {
            self.check_document_task(task)?;
        }
        for task in tasks {
            let id = task.id;
            self.record(Body::TaskOpened { task, by: Actor::Daemon, decision: None });
            self.step(&document, DocumentStep::Started { task: id }, Actor::Daemon, None);
        }
        Ok(())
    }

    /// Whether a document's task may still move what it is about to: see [`check_version`].
    pub(crate) fn check_version(&self, task: &Task, movement: &Movement) -> Result<(), Fault> {
        check_version(self.state, task, movement)
    }

    /// Who wrote the version, and who signed it last.
    pub(crate) fn behind(&self, document: &gatewarden_model::Document) -> (String, Option<String>) {
        let Some(open) = self.state.document(document) else { return (String::new(), None) };
        let last = open.signatures().last().map(|one| one.by.as_str().to_owned());
        (super::author_of(&open.by), last)
    }
}

/// Whether a document's task may still move what it is about to: the version that it comes of is the approved
/// one, nothing newer waits, and no line gets more than its tolerance.
pub(crate) fn check_version(state: &State, task: &Task, movement: &Movement) -> Result<(), Fault> {
    let Some(digest) = task.document_digest else {
        // It was opened before a procedure governed it.
        return check_governed(state, &task.document, task.kind);
    };
    let number = &task.document.number;
    let open = state.document(&task.document);
    let open = open.filter(|open| {
        matches!(open.frame(), Frame::Approved | Frame::InExecution)
            && open.approved.as_ref().is_some_and(|(_, approved)| *approved == digest)
    });
    let Some(open) = open else {
        let message = format!("{number} is not approved in the version that this task comes of");
        return Err(("version-superseded", message));
    };
    let Some(kind) = state.definition(open) else {
        return Err(("no-procedures", format!("no definition of {number} can be read")));
    };
    let Some((content, _)) = &open.approved else { return Ok(()) };
    let mut after = open.quantities.clone();
    if let Err(mistake) = after.take(kind, content, movement) {
        return Err((mistake.code, mistake.message));
    }
    let before = |number| open.quantities.line(number).copied().unwrap_or_default();
    let over = after.lines().find(|(number, line)| {
        let grows = line.executed > before(*number).executed;
        grows && line.executed > line.most(&kind.tolerance)
    });
    match over {
        None => check_fulfilled(state, content, kind, Some(movement)),
        Some((line, _)) => {
            let message = format!("lines.{line}: {number} has less open than this moves");
            Err(("over-delivery", message))
        }
    }
}
