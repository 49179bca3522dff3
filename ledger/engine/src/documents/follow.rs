//! What follows for documents when stock moved on one of them: orders are fulfilled, work orders consume, the
//! second half of a transfer is to be done, and what is complete is closed.
//!
//! Invariant: each of it is an entry of its own after the movement's, so that it stands in the trace of the
//! document that it is about. Absent: what moved (`passes`, `reservations`).

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_documents::{
    Execution, KindDefinition,
    quantities::{executed, named_line},
};
use gatewarden_model::{
    Actor, Body, Document, DocumentContent, DocumentKind, DocumentLink, DocumentStep, ItemId,
    LineDone, Movement, MovementId, MovementKind, TaskId,
};

use super::execute::{Part, in_two_steps};
use crate::{
    state::{OpenDocument, State},
    turn::Turn,
};

/// Why a document is closed of itself.
pub(crate) const COMPLETE: &str = "complete";

impl Turn<'_> {
    /// Follows a movement that this turn recorded.
    pub(crate) fn follow(&mut self, id: MovementId) {
        let moved = self.entries.iter().rev().find_map(|entry| match &entry.body {
            Body::Moved { movement, .. } if movement.id == id => Some(movement.clone()),
            _ => None,
        });
        let Some(movement) = moved.filter(|movement| movement.document_digest.is_some()) else {
            return;
        };
        let Ok((open, kind)) = self.open_of(&movement.document) else { return };
        let content = open.content;
        self.fulfil(&content, &kind, &movement);
        self.consume(&content, &movement);
        self.inspect(&content, &movement);
        self.bring_in(&content, &kind, &movement);
        self.close_complete(&movement.document);
    }

    /// Counts it on the documents that this one fulfils, itself or by those that it fulfils. None of them is closed
    /// before it is counted on all: what fulfils others by one that is over is not told.
    fn fulfil(&mut self, content: &DocumentContent, kind: &KindDefinition, movement: &Movement) {
        let done = executed(kind, content, movement);
        let reached = reached(self.state, (kind, content), done);
        for (document, lines) in &reached {
            let (movement, by) = (movement.id, content.document.clone());
            let step = DocumentStep::Fulfilled { movement, by, lines: lines_done(lines) };
            self.step(document, step, Actor::Daemon, None);
        }
        reached.keys().for_each(|document| self.close_complete(document));
    }

    /// Counts it on the work order that it is for.
    fn consume(&mut self, content: &DocumentContent, movement: &Movement) {
        for (order, items) in consumed(content, movement) {
            if self.state.document(&order).is_some() {
                let (movement, by) = (movement.id, content.document.clone());
                let step = DocumentStep::Consumed { movement, by, items };
                self.step(&order, step, Actor::Daemon, None);
            }
        }
    }

    /// Opens the second half of what is in transit, once the first is done.
    fn bring_in(&mut self, content: &DocumentContent, kind: &KindDefinition, movement: &Movement) {
        let halves = kind.execution == Execution::Task && in_two_steps(content);
        let out = movement.lines.iter().any(|line| line.to.virtual_kind() == Some("transit"));
        let done = movement.task.is_some_and(|task| self.state.task(task).is_none());
        if !(halves && out && done) {
            return;
        }
        if let Err((code, reason)) = self.open_tasks(content, kind, Part::In) {
            // It was checked when it was submitted; a station that is full meanwhile is told.
            let document = content.document.clone();
            self.alarm(
                format!("{}: its arrival waits: {code}: {reason}", document.number),
                0,
                None,
            );
        }
    }

    /// What was held of a task is not: its document may be complete without it.
    pub(crate) fn no_more_in_hand(&mut self, task: TaskId) {
        let of = self.state.documents().find(|open| open.tasks.contains(&task));
        if let Some(document) = of.map(|open| open.document().clone()) {
            self.close_complete(&document);
        }
    }

    /// Closes a document of which every line is executed within the tolerance.
    pub(super) fn close_complete(&mut self, document: &Document) {
        let Ok((open, kind)) = self.open_of(document) else { return };
        if is_done(self.state, &open, &kind) {
            self.end_tasks(&open.tasks);
            let reason = COMPLETE.to_owned();
            self.step(document, DocumentStep::Closed { reason }, Actor::Daemon, None);
        }
    }
}

/// Whether a document closes of itself: every line is executed within the tolerance, and nothing of it is in hand.
pub(crate) fn is_done(state: &State, open: &OpenDocument, kind: &KindDefinition) -> bool {
    let moves = matches!(kind.execution, Execution::Task | Execution::Posting);
    let own = kind.closed_by.is_none() && (moves || kind.execution == Execution::None);
    let stands = open.frame().is_open() && own;
    let complete = open.quantities.is_complete(&kind.tolerance);
    let in_hand = super::circumstances(state, open, kind).in_hand;
    let inspected = open.to_inspect.is_empty();
    stands && open.quantities.is_executed() && complete && inspected && !in_hand
}

/// What a movement took for what orders make, less what came back: base units by item.
pub(crate) fn consumed(
    content: &DocumentContent,
    movement: &Movement,
) -> BTreeMap<Document, BTreeMap<ItemId, i64>> {
    let mut orders: BTreeMap<Document, BTreeMap<ItemId, i64>> = BTreeMap::new();
    let back = movement.reverses.is_some();
    for line in &movement.lines {
        let from = if back { &line.to } else { &line.from };
        let sign = match movement.kind {
            MovementKind::Issue | MovementKind::ProductionIssue | MovementKind::SubcontractOut => 1,
            MovementKind::ProductionReturn => -1,
            // What was made comes out of production; material comes back from whoever had it.
            MovementKind::SubcontractIn if from.virtual_kind() == Some("subcontractor") => -1,
            _ => continue,
        };
        let sign = if back { -sign } else { sign };
        let Some(order) = order_of(content, line.line) else { continue };
        let sum = orders.entry(order).or_default().entry(line.item.clone()).or_default();
        *sum = sum.saturating_add(line.quantity.saturating_mul(sign));
    }
    orders
}

/// What is done on a document, by its lines, as it counts on the lines of others: of those that it fulfils, of those
/// that these fulfil, and so on. What is done of a line counts once on the documents of a kind, the nearest; where a line
/// names several of these, on each as much as it has open.
pub(crate) fn reached(
    state: &State,
    (kind, content): (&KindDefinition, &DocumentContent),
    done: BTreeMap<u32, i64>,
) -> Reached {
    let mut sums = Reached::new();
    for (line, quantity) in done {
        let mut seen = BTreeSet::from([content.document.kind]);
        let mut nodes = vec![Node { kind, content, line, quantity }];
        while !nodes.is_empty() {
            // The kinds that are reached next, and each by which.
            let mut ways: BTreeMap<DocumentKind, DocumentKind> = BTreeMap::new();
            let mut next = vec![];
            for node in &nodes {
                for (to, named) in node.named(state) {
                    let by = node.content.document.kind;
                    if !seen.contains(&to) && *ways.entry(to).or_insert(by) == by {
                        next.extend(shared(&mut sums, node.quantity, named));
                    }
                }
            }
            seen.extend(ways.into_keys());
            nodes = next;
        }
    }
    sums.retain(|_, lines| {
        lines.retain(|_, sum| *sum != 0);
        !lines.is_empty()
    });
    sums
}

/// What was done of the lines of documents: base units by line.
pub(crate) type Reached = BTreeMap<Document, BTreeMap<u32, i64>>;

/// A line of a document of which so much was done.
struct Node<'s> {
    kind: &'s KindDefinition,
    content: &'s DocumentContent,
    line: u32,
    quantity: i64,
}

/// A line of an open document that another names.
type Named<'s> = (&'s OpenDocument, &'s KindDefinition, u32);

impl<'s> Node<'s> {
    /// The lines that this one fulfils, in the order in which it names them, by the kind of their documents.
    fn named(&self, state: &'s State) -> BTreeMap<DocumentKind, Vec<Named<'s>>> {
        let mut named: BTreeMap<DocumentKind, Vec<Named<'s>>> = BTreeMap::new();
        let own = self.content.line(self.line).into_iter().flat_map(|line| &line.links);
        let fulfils = |(link, by_line): &(&DocumentLink, bool)| {
            self.kind.link_rule(link.document.kind, *by_line).is_some_and(|rule| rule.fulfils)
        };
        let links = own.map(|link| (link, true));
        let links = links.chain(self.content.links.iter().map(|link| (link, false)));
        for (link, _) in links.filter(fulfils) {
            let Some(open) = state.document(&link.document) else { continue };
            let line = named_line(&open.content, self.content, self.line);
            let Some((line, kind)) = line.zip(state.definition(open)) else { continue };
            let of_kind = named.entry(link.document.kind).or_default();
            if of_kind.iter().all(|(other, ..)| other.document() != open.document()) {
                of_kind.push((open, kind, line));
            }
        }
        named
    }
}

/// Shares out what was done among lines: each gets what it has open, what is taken back each what was done of it; the
/// last gets the rest.
fn shared<'s>(sums: &mut Reached, quantity: i64, mut named: Vec<Named<'s>>) -> Vec<Node<'s>> {
    if quantity < 0 {
        named.reverse();
    }
    let (mut left, last) = (quantity, named.len().saturating_sub(1));
    let mut nodes = vec![];
    for (at, (open, kind, line)) in named.into_iter().enumerate() {
        let sum = sums.entry(open.document().clone()).or_default().entry(line).or_default();
        let room = open.quantities.line(line).map_or(0, |line| match quantity < 0 {
            true => line.executed.saturating_add(*sum).max(0).saturating_neg(),
            false => line.open().saturating_sub(*sum).max(0),
        });
        let share = match (at == last, quantity < 0) {
            (true, _) => left,
            (false, true) => left.max(room),
            (false, false) => left.min(room),
        };
        left -= share;
        *sum = sum.saturating_add(share);
        if share != 0 {
            nodes.push(Node { kind, content: &open.content, line, quantity: share });
        }
    }
    nodes
}

/// Quantities by line as a step has them.
pub(crate) fn lines_done(lines: &BTreeMap<u32, i64>) -> Vec<LineDone> {
    lines.iter().map(|(&line, &quantity)| LineDone { line, quantity }).collect()
}

/// The documents that what this one executes counts for too.
pub(crate) fn fulfilled(kind: &KindDefinition, content: &DocumentContent) -> Vec<Document> {
    let fulfils = |link: &&DocumentLink, by_line| {
        kind.link_rule(link.document.kind, by_line).is_some_and(|rule| rule.fulfils)
    };
    let of_head = content.links.iter().filter(|link| fulfils(link, false));
    let of_lines = content.lines.iter().flat_map(|line| &line.links);
    let of_lines = of_lines.filter(|link| fulfils(link, true));
    let mut all: Vec<_> = of_head.chain(of_lines).map(|link| link.document.clone()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The work order or subcontract order that a line is for.
pub(crate) fn order_of(content: &DocumentContent, number: u32) -> Option<Document> {
    let is_order = |kind| matches!(kind, DocumentKind::WorkOrder | DocumentKind::SubcontractOrder);
    if is_order(content.document.kind) {
        return Some(content.document.clone());
    }
    let line = content.line(number)?;
    let mut links = line.links.iter().chain(&content.links);
    links.find(|link| is_order(link.document.kind)).map(|link| link.document.clone())
}
