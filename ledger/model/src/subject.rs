//! What an entry is about, and what it opens or closes: the keys of the trace index and of the live
//! set. Both are functions of the entry alone.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Actor, Body, Change, ChangeId, ChangeVerdict, ClientId, CountSheet, DeviceId, Document,
    DocumentContent, DocumentStep, Entry, ItemId, Label, LabelId, LabelVerdict, Movement,
    MovementId, MovementLine, OperatorId, Pass, PassId, ReviewId, ReviewItem, RuleEffect,
    RuleFiring, SessionEvent, StationId, Task, TaskId,
};

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
    /// A lot, as `ITEM/LOT`.
    Lot,
    /// A machine with a token.
    Client,
    /// A request for a change that needs a second person.
    Change,
    /// A campaign of access review.
    Review,
    /// A label.
    Label,
}

impl SubjectKind {
    /// All kinds, in the order of their codes.
    pub const ALL: [Self; 13] = [
        Self::Item,
        Self::Tag,
        Self::Document,
        Self::Operator,
        Self::Movement,
        Self::Task,
        Self::Station,
        Self::Device,
        Self::Lot,
        Self::Client,
        Self::Change,
        Self::Review,
        Self::Label,
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
            Self::Lot => "lot",
            Self::Client => "client",
            Self::Change => "change",
            Self::Review => "review",
            Self::Label => "label",
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
        // As many as most entries have.
        let mut list = SubjectList(Vec::with_capacity(8));
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
        // Closes come first: what stood there before is forgotten, this entry stays.
        let supersede = |key: String| Live { touches: vec![key.clone()], closes: vec![key] };
        match &self.body {
            Body::Enrolled { operator, .. } => touch(format!("operator:{operator}")),
            Body::Removed { operator, .. } => close(format!("operator:{operator}")),
            Body::ClientAdded { client, .. } => touch(format!("client:{client}")),
            Body::ClientRevoked { client, .. } => Live {
                touches: vec![],
                closes: vec![format!("client:{client}"), format!("client-used:{client}")],
            },
            Body::DeviceApproved { device, .. } => Live {
                touches: vec![format!("device:{device}")],
                closes: vec![format!("device:{device}"), format!("device-seen:{device}")],
            },
            Body::DeviceRefused { device, .. } | Body::DeviceBack { device, .. } => {
                supersede(format!("device-seen:{device}"))
            }
            Body::ClientUsed { client } => supersede(format!("client-used:{client}")),
            Body::PinSet { operator, .. } => touch(format!("operator:{operator}")),
            Body::FactorAdded { operator, factor, .. } => {
                touch(format!("factor:{operator}:{}", factor.id()))
            }
            Body::FactorUsed { operator, factor, .. } => {
                supersede(format!("factor-used:{operator}:{factor}"))
            }
            Body::FactorRemoved { operator, factor, .. } => Live {
                touches: vec![],
                closes: vec![
                    format!("factor:{operator}:{factor}"),
                    format!("factor-used:{operator}:{factor}"),
                ],
            },
            Body::ChangeRequested { id, .. } => touch(format!("change:{id}")),
            Body::ChangeDecided { id, verdict: ChangeVerdict::Endorsed, .. } => {
                touch(format!("change:{id}"))
            }
            Body::ChangeDecided { id, .. } => close(format!("change:{id}")),
            Body::SessionOpened { session, operator, .. } => Live {
                touches: vec![format!("session:{session}")],
                closes: vec![format!("lockout:{operator}")],
            },
            Body::SessionEnded { session, .. } => close(format!("session:{session}")),
            Body::SessionChanged { session: Some(session), operator, event, .. } => Live {
                touches: vec![format!("session:{session}")],
                closes: operator
                    .iter()
                    .filter(|_| matches!(event, SessionEvent::Resumed | SessionEvent::SteppedUp))
                    .map(|operator| format!("lockout:{operator}"))
                    .collect(),
            },
            Body::Unlocked { operator, .. } => close(format!("lockout:{operator}")),
            Body::SignInRefused { operator: Some(operator), .. } => {
                touch(format!("lockout:{operator}"))
            }
            Body::TaskOpened { task, .. } => touch(format!("task:{}", task.id)),
            // The newest number of each shape is known, so that the next one can be made.
            Body::DocumentWritten { content, .. } if content.version == 1 => {
                let document = &content.document;
                let numbered = numbered_key(document);
                Live {
                    touches: vec![document_key(document), numbered.clone()],
                    closes: vec![numbered],
                }
            }
            Body::DocumentWritten { content, .. } => touch(document_key(&content.document)),
            // Its first version may be kept for its number: then its end is, too, or it would be open again.
            Body::DocumentStepped { document, step, .. } => match step.is_final() {
                true => Live {
                    touches: vec![numbered_key(document)],
                    closes: vec![document_key(document)],
                },
                false => touch(document_key(document)),
            },
            // Running documents keep the definitions that they were submitted under.
            Body::ReceiverSeen { station, .. } => supersede(format!("receiver:{station}")),
            Body::ProceduresDefined { version, .. } => touch(format!("procedures:{version}")),
            Body::RuleFired { firing, .. } if opens_todo(firing) => {
                touch(format!("todo:{}", self.seq))
            }
            Body::TodoDone { fired, .. } => close(format!("todo:{fired}")),
            Body::TaskApproved { task, .. } => touch(format!("task:{task}")),
            Body::TaskClosed { task, .. } => close(format!("task:{task}")),
            Body::Quarantined { pass, .. } => touch(format!("quarantine:{}", pass.id)),
            Body::QuarantineResolved { pass, .. } => close(format!("quarantine:{pass}")),
            Body::Held { pass, .. } => touch(format!("hold:{}", pass.id)),
            Body::HoldDecided { pass, .. } => close(format!("hold:{pass}")),
            Body::Moved { movement, .. } => Live {
                touches: movement
                    .task
                    .map(|task| format!("task:{task}"))
                    .into_iter()
                    .chain(movement.document_digest.map(|_| document_key(&movement.document)))
                    .chain(movement.reservation.map(|id| format!("reservation:{id}")))
                    .collect(),
                closes: vec![],
            },
            Body::ItemDefined { item, .. } => supersede(format!("item:{}", item.code)),
            Body::PoliciesDefined { .. } => supersede("policies".to_owned()),
            Body::PeriodClosed { .. } => supersede("period".to_owned()),
            Body::KeyRotated { .. } => supersede("key".to_owned()),
            Body::ReviewOpened { review, .. } => touch(format!("review:{}", review.id)),
            Body::ReviewDecided { review, .. } => touch(format!("review:{review}")),
            Body::ReviewClosed { review, .. } => close(format!("review:{review}")),
            Body::Reserved { posting, .. } => touch(format!("reservation:{}", posting.id)),
            Body::ReservationEnded { movement, .. } => close(format!("reservation:{movement}")),
            Body::LabelQueued { label, .. } => touch(format!("label:{}", label.id)),
            Body::LabelChanged { label, state, .. } => label_live(*label, state.is_over()),
            Body::LabelDecided { label, verdict, .. } => {
                label_live(*label, *verdict != LabelVerdict::Reprint)
            }
            Body::RuleFired { .. }
            | Body::NoticeSettled { .. }
            | Body::Commissioned { .. }
            | Body::Decommissioned { .. }
            | Body::TagAccessAsked { .. }
            | Body::TagAccessEnded { .. }
            | Body::CostLanded { .. }
            | Body::Restored { .. }
            | Body::Started { .. }
            | Body::Stopped { .. }
            | Body::SignInRefused { operator: None, .. }
            | Body::SessionChanged { session: None, .. }
            | Body::Denied { .. }
            | Body::Delivered { .. }
            | Body::Rejected { .. }
            | Body::Unread { .. }
            | Body::Gap { .. } => Live::default(),
        }
    }
}

/// Whether somebody has something to do by it.
fn opens_todo(firing: &RuleFiring) -> bool {
    firing.effects.iter().any(|effect| matches!(effect, RuleEffect::Todo { .. }))
}

/// The key of the newest number of a document's shape.
fn numbered_key(document: &Document) -> String {
    format!("numbered:{}/{}", document.kind.name(), document.shape())
}

/// The key of a document while it is open.
fn document_key(document: &Document) -> String {
    format!("document:{}/{}", document.kind.name(), document.number)
}

/// A label that is over is closed; else the entry adds to it.
fn label_live(label: LabelId, over: bool) -> Live {
    let key = vec![format!("label:{label}")];
    match over {
        true => Live { touches: vec![], closes: key },
        false => Live { touches: key, closes: vec![] },
    }
}

/// What a key is made of, without the detour over formatting.
trait Key {
    fn text(self) -> String;
}

macro_rules! keys {
    (names $($name:ty),*; ids $($id:ty),*) => {
        $(impl Key for &$name {
            fn text(self) -> String {
                self.as_str().to_owned()
            }
        })*
        $(impl Key for $id {
            fn text(self) -> String {
                self.0.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).to_owned()
            }
        }
        impl Key for &$id {
            fn text(self) -> String {
                (*self).text()
            }
        })*
    };
}

keys!(
    names ClientId, DeviceId, ItemId, OperatorId, StationId, String;
    ids ChangeId, LabelId, MovementId, PassId, ReviewId, TaskId
);

impl Key for fmt::Arguments<'_> {
    fn text(self) -> String {
        self.to_string()
    }
}

#[derive(Default)]
struct SubjectList(Vec<Subject>);

impl SubjectList {
    fn add(&mut self, kind: SubjectKind, key: impl Key) {
        self.0.push(Subject { kind, key: key.text() });
    }

    fn actor(&mut self, actor: &Actor) {
        match actor {
            Actor::Operator { id, .. } => self.add(SubjectKind::Operator, id),
            Actor::Client { id } => self.add(SubjectKind::Client, id),
            Actor::Local { .. } | Actor::Daemon | Actor::Nobody => {}
        }
    }

    fn station(&mut self, station: Option<&StationId>) {
        if let Some(station) = station {
            self.add(SubjectKind::Station, station);
        }
    }

    fn reviewed(&mut self, items: &[ReviewItem]) {
        for item in items {
            match item {
                ReviewItem::Role { operator, .. } => self.add(SubjectKind::Operator, operator),
                ReviewItem::Scope { client, .. } => self.add(SubjectKind::Client, client),
            }
        }
    }

    fn pass(&mut self, pass: &Pass) {
        self.add(SubjectKind::Movement, pass.id);
        self.add(SubjectKind::Station, &pass.station);
        for sighting in pass.seen() {
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

    fn content(&mut self, content: &DocumentContent) {
        self.add(SubjectKind::Document, &content.document.number);
        let of_lines = content.lines.iter().flat_map(|line| &line.links);
        for link in content.links.iter().chain(of_lines) {
            self.add(SubjectKind::Document, &link.document.number);
        }
        for line in &content.lines {
            self.add(SubjectKind::Item, &line.item);
        }
        if let Some(requester) = &content.requester {
            self.add(SubjectKind::Operator, requester);
        }
    }

    fn movement(&mut self, movement: &Movement) {
        self.add(SubjectKind::Movement, movement.id);
        if let Some(task) = movement.task {
            self.add(SubjectKind::Task, task);
        }
        if let Some(reverses) = movement.reverses {
            self.add(SubjectKind::Movement, reverses);
        }
        self.add(SubjectKind::Document, &movement.document.number);
        self.station(movement.station.as_ref());
        self.add(SubjectKind::Operator, &movement.operator);
        if let Some(second) = &movement.second {
            self.add(SubjectKind::Operator, &second.operator);
        }
        if let Some(receiver) = &movement.received_by {
            self.add(SubjectKind::Operator, receiver);
        }
        self.lines(&movement.lines);
        for count in &movement.counts {
            self.add(SubjectKind::Item, &count.item);
        }
    }

    fn label(&mut self, label: &Label) {
        self.add(SubjectKind::Label, label.id);
        self.add(SubjectKind::Device, &label.printer);
        if let Some(item) = &label.item {
            self.add(SubjectKind::Item, item);
            if let Some(lot) = &label.lot {
                self.add(SubjectKind::Lot, format_args!("{item}/{lot}"));
            }
        }
        if let Some(number) = &label.document {
            self.add(SubjectKind::Document, number);
        }
        if let Some(sscc) = &label.sscc {
            self.add(SubjectKind::Tag, format_args!("(00){sscc}"));
        }
        if let Some(tag) = &label.tag {
            self.add(SubjectKind::Tag, &tag.key);
        }
    }

    fn sheet(&mut self, sheet: &CountSheet) {
        for who in &sheet.by {
            self.add(SubjectKind::Operator, who);
        }
        for seen in &sheet.seen {
            self.add(SubjectKind::Item, &seen.item);
        }
        if let Some(pass) = &sheet.pass {
            self.pass(pass);
        }
    }

    fn lines(&mut self, lines: &[MovementLine]) {
        for line in lines {
            self.add(SubjectKind::Item, &line.item);
            if let Some(lot) = &line.lot {
                self.add(SubjectKind::Lot, format_args!("{}/{lot}", line.item));
            }
            for thing in &line.things {
                self.add(SubjectKind::Tag, thing);
            }
            for unit in [&line.from_unit, &line.to_unit].into_iter().flatten() {
                self.add(SubjectKind::Tag, format_args!("(00){unit}"));
            }
        }
    }

    fn of_change(&mut self, change: Option<&ChangeId>) {
        if let Some(id) = change {
            self.add(SubjectKind::Change, id);
        }
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Operator { operator, .. } | Change::Factor { operator, .. } => {
                self.add(SubjectKind::Operator, operator);
            }
            Change::Client { client, .. } => self.add(SubjectKind::Client, client),
            Change::Device { device, .. } => self.add(SubjectKind::Device, device),
            Change::Policies { .. } | Change::Procedures { .. } => {}
        }
    }

    fn body(&mut self, body: &Body) {
        use SubjectKind::{Device, Document, Item, Movement, Operator, Tag, Task};
        match body {
            Body::Started { .. } | Body::Stopped { .. } => {}
            Body::Enrolled { operator, change, by, .. } => {
                self.add(Operator, operator);
                self.of_change(change.as_ref());
                self.actor(by);
            }
            Body::Removed { operator, by } => {
                self.add(Operator, operator);
                self.actor(by);
            }
            Body::ClientAdded { client, change, by, .. } => {
                self.add(SubjectKind::Client, client);
                self.of_change(change.as_ref());
                self.actor(by);
            }
            Body::ClientRevoked { client, by } => {
                self.add(SubjectKind::Client, client);
                self.actor(by);
            }
            Body::DeviceApproved { device, change, by, .. } => {
                self.add(Device, device);
                self.of_change(change.as_ref());
                self.actor(by);
            }
            Body::DeviceRefused { device, .. } | Body::DeviceBack { device, .. } => {
                self.add(Device, device);
            }
            Body::ClientUsed { client } => self.add(SubjectKind::Client, client),
            Body::PinSet { operator, .. } | Body::FactorUsed { operator, .. } => {
                self.add(Operator, operator);
            }
            Body::FactorAdded { operator, change, by, .. } => {
                self.add(Operator, operator);
                self.of_change(Some(change));
                self.actor(by);
            }
            Body::FactorRemoved { operator, by, .. } => {
                self.add(Operator, operator);
                self.actor(by);
            }
            Body::ChangeRequested { id, change, by, .. } => {
                self.add(SubjectKind::Change, id);
                self.change(change);
                self.actor(by);
            }
            Body::ChangeDecided { id, by, .. } => {
                self.add(SubjectKind::Change, id);
                self.actor(by);
            }
            Body::SessionOpened { operator, station, .. }
            | Body::SessionEnded { operator, station, .. } => {
                self.add(Operator, operator);
                self.station(station.as_ref());
            }
            Body::SessionChanged { operator, station, second, .. } => {
                let second = second.as_ref().map(|present| &present.operator);
                for operator in operator.iter().chain(second) {
                    self.add(Operator, operator);
                }
                self.station(station.as_ref());
            }
            Body::Unlocked { operator, by, .. } => {
                self.add(Operator, operator);
                self.actor(by);
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
            Body::DocumentWritten { content, by, .. } => {
                self.content(content);
                self.actor(by);
            }
            Body::DocumentStepped { document, step, by, .. } => {
                self.add(Document, &document.number);
                match step {
                    DocumentStep::Started { task } => self.add(Task, task),
                    DocumentStep::Fulfilled { movement, by, .. }
                    | DocumentStep::Consumed { movement, by, .. }
                    | DocumentStep::Inspected { movement, by, .. } => {
                        self.add(Movement, movement);
                        self.add(Document, &by.number);
                    }
                    DocumentStep::Counted { sheet } => self.sheet(sheet),
                    _ => {}
                }
                self.actor(by);
            }
            Body::ProceduresDefined { change, .. } => self.of_change(change.as_ref()),
            Body::RuleFired { firing, document } => {
                for subject in &firing.subjects {
                    self.0.push(Subject { kind: subject.kind, key: subject.key.clone() });
                }
                if let Some(document) = document {
                    self.add(Document, &document.number);
                }
            }
            Body::TodoDone { by, .. } => self.actor(by),
            Body::ReceiverSeen { station, operator, .. } => {
                self.station(Some(station));
                self.add(Operator, operator);
            }
            Body::TaskApproved { task, by, .. } | Body::TaskClosed { task, by, .. } => {
                self.add(Task, task);
                self.actor(by);
            }
            Body::Quarantined { pass, .. } | Body::Unread { pass } => self.pass(pass),
            Body::QuarantineResolved { pass, by, .. } => {
                self.add(Movement, pass);
                self.actor(by);
            }
            Body::Held { pass, task, operator, .. } => {
                self.pass(pass);
                self.add(Task, task);
                self.add(Operator, operator);
            }
            Body::HoldDecided { pass, task, by, second, .. } => {
                self.add(Movement, pass);
                self.add(Task, task);
                self.actor(by);
                if let Some(second) = second {
                    self.add(Operator, &second.operator);
                }
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
            Body::NoticeSettled { settled } => {
                if let Some(document) = &settled.document {
                    self.add(Document, &document.number);
                }
                if let Some(who) = settled.receiver.strip_prefix("operator:") {
                    self.add(Operator, &who.to_owned());
                }
            }
            Body::ItemDefined { item, by } => {
                self.add(Item, &item.code);
                self.actor(by);
            }
            Body::PoliciesDefined { change, .. } => self.of_change(change.as_ref()),
            Body::Commissioned { tag, item, by, .. } => {
                self.add(Tag, tag);
                self.add(Item, item);
                self.actor(by);
            }
            Body::Decommissioned { tag, by, .. } => {
                self.add(Tag, tag);
                self.actor(by);
            }
            Body::LabelQueued { label, by, .. } => {
                self.label(label);
                self.actor(by);
            }
            Body::LabelChanged { label, .. } => self.add(SubjectKind::Label, label),
            Body::LabelDecided { label, by, .. } => {
                self.add(SubjectKind::Label, label);
                self.actor(by);
            }
            Body::TagAccessAsked { tag, station, device, by, .. } => {
                self.add(Tag, tag);
                self.station(Some(station));
                self.add(Device, device);
                self.actor(by);
            }
            Body::TagAccessEnded { tag, device, .. } => {
                self.add(Tag, tag);
                self.add(Device, device);
            }
            Body::Reserved { posting, lines, by, .. } => {
                self.add(Movement, posting.id);
                self.add(Document, &posting.document.number);
                self.lines(lines);
                self.actor(by);
            }
            Body::ReservationEnded { movement, by, .. } => {
                self.add(Movement, movement);
                self.actor(by);
            }
            Body::CostLanded { movement, document, by, .. } => {
                self.add(Movement, movement);
                self.add(Document, &document.number);
                self.actor(by);
            }
            Body::PeriodClosed { by, .. }
            | Body::KeyRotated { by, .. }
            | Body::Restored { by, .. } => self.actor(by),
            Body::ReviewOpened { review, by, .. } => {
                self.add(SubjectKind::Review, review.id);
                self.reviewed(&review.items);
                self.actor(by);
            }
            Body::ReviewDecided { review, item, by, .. } => {
                self.add(SubjectKind::Review, review);
                self.reviewed(std::slice::from_ref(item));
                self.actor(by);
            }
            Body::ReviewClosed { review, expired, spared, .. } => {
                self.add(SubjectKind::Review, review);
                self.reviewed(expired);
                self.reviewed(spared);
            }
            Body::Gap { device, .. } => {
                if let Some(device) = device {
                    self.add(Device, device);
                }
            }
        }
    }
}
