//! From one thing to its origin, and to all that followed from it: documents, movements, lots and vouchers.
//!
//! A requisition follows from its work order, an issue from its requisition and from the lot that it took, the lot
//! from the receipt that brought it, the receipt from its purchase order; a voucher belongs to its movement's entry.
//! Invariants: from the start the walk goes both ways, from an origin to origins alone and from what followed to what
//! followed alone, so that what merely has an origin in common is not told; each thing is gone through once a way,
//! so that a circle ends; what is gone through and told is bounded. Absent: words (`words`), whether what is named
//! is there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gatewarden_model::{
    Body, Document, DocumentContent, DocumentStep, Entry, Movement, MovementId, MovementKind,
    Subject, SubjectKind, TaskId,
};
use gatewarden_store::{LedgerReader, StoreError};

use super::TRACE_ENTRIES_MAX;

/// Things that one trace goes through, back to the origin and on to all that followed.
const THINGS_TRACED_MAX: usize = 500;

/// Which way the walk goes from a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// It is what is traced.
    Both,
    /// It is an origin.
    Back,
    /// It followed.
    On,
    /// It belongs to one of those: its entries are told, and that is all.
    Beside,
}

/// What an entry ties to the thing that it was found by.
#[derive(Debug, Default)]
struct Ties {
    origins: Vec<Subject>,
    followers: Vec<Subject>,
    beside: Vec<Subject>,
    /// It is about what followed from the thing, and not about the thing.
    is_followers: bool,
}

/// The entries about a subject and those that belong to it; of a document, a movement or a lot those of all that it
/// follows from and that followed from it. In journal order.
pub(crate) fn collect(ledger: &LedgerReader, start: &Subject) -> Result<Vec<Entry>, StoreError> {
    let mut entries = BTreeMap::new();
    let mut seen = BTreeSet::from([(start.clone(), Way::Both)]);
    let mut to_do = VecDeque::from([(start.clone(), Way::Both)]);
    while let Some((next, way)) = to_do.pop_front() {
        for entry in ledger.touching(&next, TRACE_ENTRIES_MAX)? {
            let own = next == *start || entry.subjects().contains(&next);
            if !own || (entries.len() >= TRACE_ENTRIES_MAX && next != *start) {
                continue;
            }
            let ties = ties(&entry.body, &next);
            if ties.is_followers && way == Way::Back {
                continue;
            }
            for (found, to) in ways(ties, way) {
                if seen.len() < THINGS_TRACED_MAX && seen.insert((found.clone(), to)) {
                    to_do.push_back((found, to));
                }
            }
            entries.insert(entry.seq, entry);
        }
    }
    Ok(entries.into_values().collect())
}

/// Where the walk goes on to from a thing that was reached on some way.
fn ways(ties: Ties, way: Way) -> Vec<(Subject, Way)> {
    let back = matches!(way, Way::Both | Way::Back);
    let on = matches!(way, Way::Both | Way::On);
    let Ties { origins, followers, beside, .. } = ties;
    let origins = origins.into_iter().filter(|_| back).map(|one| (one, Way::Back));
    let followers = followers.into_iter().filter(|_| on).map(|one| (one, Way::On));
    let beside = beside.into_iter().filter(|_| way != Way::Beside).map(|one| (one, Way::Beside));
    origins.chain(followers).chain(beside).collect()
}

/// What an entry tells of a thing's origins, of what followed from it, and of what belongs to it.
fn ties(body: &Body, of: &Subject) -> Ties {
    let mut ties = Ties { beside: beside(body, of), ..Ties::default() };
    match (body, of.kind) {
        (Body::DocumentWritten { content, .. }, SubjectKind::Document) => {
            written(&mut ties, content, of);
        }
        (
            Body::DocumentStepped {
                document,
                step:
                    DocumentStep::Fulfilled { by, movement, .. }
                    | DocumentStep::Consumed { by, movement, .. }
                    | DocumentStep::Inspected { by, movement, .. },
                ..
            },
            SubjectKind::Document,
        ) => {
            if document.number == of.key {
                ties.followers.extend([subject(by), moved_subject(*movement)]);
            }
            if by.number == of.key && by != document {
                ties.origins.push(subject(document));
            }
        }
        (Body::Moved { movement, .. }, SubjectKind::Document) => {
            ties.is_followers = true;
            ties.followers.push(moved_subject(movement.id));
        }
        (Body::Moved { movement, .. }, SubjectKind::Movement) => moved(&mut ties, movement, of),
        (Body::Moved { movement, .. }, SubjectKind::Lot) => match brings(movement) {
            true => ties.origins.push(moved_subject(movement.id)),
            false => {
                ties.is_followers = true;
                ties.followers.push(moved_subject(movement.id));
            }
        },
        _ => {}
    }
    ties
}

fn written(ties: &mut Ties, content: &DocumentContent, of: &Subject) {
    if content.document.number != of.key {
        ties.is_followers = true;
        ties.followers.push(subject(&content.document));
        return;
    }
    let of_lines = content.lines.iter().flat_map(|line| &line.links);
    let links = content.links.iter().chain(of_lines);
    // A number that another kind of document has too: it may be what follows as well.
    ties.origins.extend(links.map(|link| subject(&link.document)).filter(|one| one != of));
}

fn moved(ties: &mut Ties, movement: &Movement, of: &Subject) {
    let id = movement.id.to_string();
    if id != of.key {
        // It takes back the one that is looked at.
        if movement.reverses.is_some_and(|original| original.to_string() == of.key) {
            ties.is_followers = true;
            ties.followers.push(moved_subject(movement.id));
        }
        return;
    }
    ties.origins.push(subject(&movement.document));
    ties.origins.extend(movement.reverses.map(moved_subject));
    let brings = brings(movement);
    for line in &movement.lines {
        let Some(lot) = &line.lot else { continue };
        let lot = Subject { kind: SubjectKind::Lot, key: format!("{}/{lot}", line.item) };
        match brings && !line.from.holds_stock() {
            true => ties.followers.push(lot),
            false => ties.origins.push(lot),
        }
    }
}

/// Whether a movement brings goods in, so that their lots follow from it.
fn brings(movement: &Movement) -> bool {
    let kind = matches!(
        movement.kind,
        MovementKind::Receipt | MovementKind::ProductionReceipt | MovementKind::SubcontractIn
    );
    kind && movement.reverses.is_none()
}

fn subject(document: &Document) -> Subject {
    Subject { kind: SubjectKind::Document, key: document.number.clone() }
}

fn moved_subject(id: MovementId) -> Subject {
    Subject { kind: SubjectKind::Movement, key: id.to_string() }
}

/// What belongs to an entry beside its own subjects.
fn beside(body: &Body, of: &Subject) -> Vec<Subject> {
    match body {
        Body::Moved { movement, .. } => {
            let task = |task: TaskId| Subject { kind: SubjectKind::Task, key: task.to_string() };
            std::iter::once(moved_subject(movement.id))
                .chain(movement.reservation.map(moved_subject))
                .chain(movement.task.map(task))
                .collect()
        }
        Body::Enrolled { change: Some(id), .. }
        | Body::ClientAdded { change: Some(id), .. }
        | Body::DeviceApproved { change: Some(id), .. }
        | Body::PoliciesDefined { change: Some(id), .. }
        | Body::ProceduresDefined { change: Some(id), .. }
        | Body::ChangeRequested { id, .. } => {
            vec![Subject { kind: SubjectKind::Change, key: id.to_string() }]
        }
        Body::Held { pass, .. } | Body::Quarantined { pass, .. } => {
            vec![moved_subject(pass.id.into())]
        }
        Body::LabelQueued { label, .. } => {
            vec![Subject { kind: SubjectKind::Label, key: label.id.to_string() }]
        }
        Body::Reserved { posting, .. } => vec![moved_subject(posting.id)],
        Body::CostLanded { movement, .. } => vec![moved_subject(*movement)],
        Body::TaskOpened { task, .. } if of.kind == SubjectKind::Document => {
            vec![Subject { kind: SubjectKind::Task, key: task.id.to_string() }]
        }
        _ => vec![],
    }
}
