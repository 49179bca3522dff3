//! What an entry is about, and what it opens or closes: the keys of the trace index and of the live
//! set. Both are functions of the entry alone.

use serde::{Deserialize, Serialize};

use crate::{Actor, Body, Entry, Movement, Pass, StationId, Task};

/// The kinds of thing an entry can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// An item code.
    Item,
    /// The key of a tag or barcode.
    Tag,
    /// A document number.
    Document,
    /// An operator.
    Operator,
    /// A movement, and the pass that caused it.
    Movement,
    /// A task.
    Task,
    /// A station.
    Station,
    /// A device.
    Device,
}

impl SubjectKind {
    /// All kinds, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Item,
        Self::Tag,
        Self::Document,
        Self::Operator,
        Self::Movement,
        Self::Task,
        Self::Station,
        Self::Device,
    ];

    /// The kind's name, as in `ledger trace`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Tag => "tag",
            Self::Document => "document",
            Self::Operator => "operator",
            Self::Movement => "movement",
            Self::Task => "task",
            Self::Station => "station",
            Self::Device => "device",
        }
    }

    /// The number it has in the index; never reused.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8 + 1
    }
}

/// One thing that an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Its kind.
    pub kind: SubjectKind,
    /// Its key within the kind.
    pub key: String,
}

/// What an entry does to the set of things that are open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Live {
    /// Keys (`task:…`, `operator:…`) that it opens or adds to.
    pub touches: Vec<String>,
    /// Keys that it closes.
    pub closes: Vec<String>,
}

impl Entry {
    /// What the entry is about, sorted and without repetition.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        let mut list = SubjectList::default();
        list.body(&self.body);
        list.0.sort_unstable();
        list.0.dedup();
        list.0
    }

    /// What the entry opens and closes. Replaying, in order, the entries that touch what is still
    /// open gives the engine its whole state but the balances.
    #[must_use]
    pub fn live(&self) -> Live {
        let touch = |key: String| Live { touches: vec![key], closes: vec![] };
        let close = |key: String| Live { touches: vec![], closes: vec![key] };
        match &self.body {
            Body::Enrolled { operator, .. } => touch(format!("operator:{operator}")),
            Body::Removed { operator, .. } => close(format!("operator:{operator}")),
            Body::ClientAdded { client, .. } => touch(format!("client:{client}")),
            Body::ClientRevoked { client, .. } => close(format!("client:{client}")),
            Body::SessionOpened { session, operator, .. } => Live {
                touches: vec![format!("session:{session}")],
                closes: vec![format!("lockout:{operator}")],
            },
            Body::SessionEnded { session, .. } => close(format!("session:{session}")),
            Body::SignInRefused { operator: Some(operator), .. } => {
                touch(format!("lockout:{operator}"))
            }
            Body::TaskOpened { task, .. } => touch(format!("task:{}", task.id)),
            Body::TaskApproved { task, .. } => touch(format!("task:{task}")),
            Body::TaskClosed { task, .. } => close(format!("task:{task}")),
            Body::Quarantined { pass, .. } => touch(format!("quarantine:{}", pass.id)),
            Body::QuarantineResolved { pass, .. } => close(format!("quarantine:{pass}")),
            Body::Held { pass, .. } => touch(format!("hold:{}", pass.id)),
            Body::HoldDecided { pass, .. } => close(format!("hold:{pass}")),
            Body::Moved { movement, .. } => touch(format!("task:{}", movement.task)),
            Body::Started { .. }
            | Body::Stopped { .. }
            | Body::SignInRefused { operator: None, .. }
            | Body::Denied { .. }
            | Body::Delivered { .. }
            | Body::Rejected { .. }
            | Body::Gap { .. } => Live::default(),
        }
    }
}

#[derive(Default)]
struct SubjectList(Vec<Subject>);

impl SubjectList {
    fn add(&mut self, kind: SubjectKind, key: impl ToString) {
        self.0.push(Subject { kind, key: key.to_string() });
    }

    fn actor(&mut self, actor: &Actor) {
        if let Actor::Operator { id, .. } = actor {
            self.add(SubjectKind::Operator, id);
        }
    }

    fn station(&mut self, station: Option<&StationId>) {
        if let Some(station) = station {
            self.add(SubjectKind::Station, station);
        }
    }

    fn pass(&mut self, pass: &Pass) {
        self.add(SubjectKind::Movement, pass.id);
        self.add(SubjectKind::Station, &pass.station);
        for sighting in &pass.sightings {
            self.add(SubjectKind::Tag, &sighting.thing.key);
        }
    }

    fn task(&mut self, task: &Task) {
        self.add(SubjectKind::Task, task.id);
        self.add(SubjectKind::Document, &task.document.number);
        self.add(SubjectKind::Station, &task.station);
        for line in &task.lines {
            self.add(SubjectKind::Item, &line.item);
        }
    }

    fn movement(&mut self, movement: &Movement) {
        self.add(SubjectKind::Movement, movement.id);
        self.add(SubjectKind::Task, movement.task);
        self.add(SubjectKind::Document, &movement.document.number);
        self.add(SubjectKind::Station, &movement.station);
        self.add(SubjectKind::Operator, &movement.operator);
        for line in &movement.lines {
            self.add(SubjectKind::Item, &line.item);
            for thing in &line.things {
                self.add(SubjectKind::Tag, thing);
            }
        }
    }

    fn body(&mut self, body: &Body) {
        use SubjectKind::{Device, Document, Movement, Operator, Task};
        match body {
            Body::Started { .. } | Body::Stopped { .. } => {}
            Body::Enrolled { operator, by, .. } | Body::Removed { operator, by } => {
                self.add(Operator, operator);
                self.actor(by);
            }
            Body::ClientAdded { by, .. } | Body::ClientRevoked { by, .. } => self.actor(by),
            Body::SessionOpened { operator, station, .. }
            | Body::SessionEnded { operator, station, .. } => {
                self.add(Operator, operator);
                self.station(station.as_ref());
            }
            Body::SignInRefused { operator, station, .. } => {
                if let Some(operator) = operator {
                    self.add(Operator, operator);
                }
                self.station(station.as_ref());
            }
            Body::TaskOpened { task, by, .. } => {
                self.task(task);
                self.actor(by);
            }
            Body::TaskApproved { task, by, .. } | Body::TaskClosed { task, by, .. } => {
                self.add(Task, task);
                self.actor(by);
            }
            Body::Quarantined { pass, .. } => self.pass(pass),
            Body::QuarantineResolved { pass, by, .. } => {
                self.add(Movement, pass);
                self.actor(by);
            }
            Body::Held { pass, task, operator, .. } => {
                self.pass(pass);
                self.add(Task, task);
                self.add(Operator, operator);
            }
            Body::HoldDecided { pass, task, by, .. } => {
                self.add(Movement, pass);
                self.add(Task, task);
                self.actor(by);
            }
            Body::Denied { by, station, task, document, pass, .. } => {
                self.actor(by);
                self.station(station.as_ref());
                if let Some(task) = task {
                    self.add(Task, task);
                }
                if let Some(document) = document {
                    self.add(Document, document);
                }
                if let Some(pass) = pass {
                    self.pass(pass);
                }
            }
            Body::Moved { movement, .. } => self.movement(movement),
            Body::Delivered { movement, .. } | Body::Rejected { movement, .. } => {
                self.add(Movement, movement);
            }
            Body::Gap { device, .. } => {
                if let Some(device) = device {
                    self.add(Device, device);
                }
            }
        }
    }
}
