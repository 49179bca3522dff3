//! What moves in the bench's warehouse: tags that circulate, as the recorder would have written it.
//!
//! A tag is received, then put away, issued to production, returned and put away again, and so on.
//! Ten tags of one item move one after another, each in a pass and on a task of its own; which ten
//! is random. A movement costs three entries: the task, the movement with its pass, the task's end.
//! Everything is a function of the movement's number and of how often its tag moved, so a ledger of
//! an earlier run can be gone on with, and memory is four bytes a tag. All pieces of an item cost
//! the same; their layers differ by day.

use gatewarden_model::{
    Actor, Body, Direction, Document, DocumentKind, Hash, Location, Movement, MovementId,
    MovementKind, MovementLine, Pass, PassClosing, PassId, PassOpening, Sighting, Stamp, Task,
    TaskId, TaskLine, Thing, Trust, canonical,
};
use gatewarden_simulators::sgtin96;
use uuid::Uuid;

use super::warehouse::{self, AUTH_LEVEL, Door, Extent, Good, UNIT, Warehouse};

/// Tags that move one after another.
const BLOCK: u32 = 10;
/// Digits of the company prefix in the tags.
const PREFIX_DIGITS: usize = 7;
/// 2026-01-01T00:00:00Z.
const BEGAN_US: i64 = 1_767_225_600_000_000;
/// A movement every six seconds: five million entries are four months.
const PACE_US: u64 = 6_000_000;
const BOOT: Uuid = Uuid::from_u128(0xb007_0000_0000_4000_8000_0000_0000_0001);

/// What a tag does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Receipt,
    PutAway,
    Issue,
    Return,
}

impl Stage {
    fn of(visit: u32) -> Self {
        match (visit, visit % 3) {
            (0, _) => Self::Receipt,
            (_, 1) => Self::PutAway,
            (_, 2) => Self::Issue,
            _ => Self::Return,
        }
    }

    fn kind(self) -> MovementKind {
        match self {
            Self::Receipt => MovementKind::Receipt,
            Self::PutAway => MovementKind::PutAway,
            Self::Issue => MovementKind::Issue,
            Self::Return => MovementKind::ProductionReturn,
        }
    }

    fn document(self) -> DocumentKind {
        match self {
            Self::Receipt => DocumentKind::PurchaseOrder,
            Self::PutAway => DocumentKind::TransferOrder,
            Self::Issue => DocumentKind::Requisition,
            Self::Return => DocumentKind::WorkOrder,
        }
    }
}

/// One movement to come: its number, the tag, and how often that has moved before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) number: u64,
    tag: u32,
    visit: u32,
}

/// The stream of movements.
pub(super) struct Traffic {
    warehouse: Warehouse,
    visits: Vec<u32>,
    made: u64,
}

impl Traffic {
    pub(super) fn new(extent: Extent) -> anyhow::Result<Self> {
        let blocks = extent.tags / BLOCK;
        anyhow::ensure!(blocks > 0, "the warehouse needs at least {BLOCK} tags");
        let visits = vec![0; (blocks * BLOCK) as usize];
        Ok(Self { warehouse: Warehouse::new(extent)?, visits, made: 0 })
    }

    pub(super) fn warehouse(&self) -> &Warehouse {
        &self.warehouse
    }

    /// How many movements were made.
    pub(super) fn made(&self) -> u64 {
        self.made
    }

    /// The next movement.
    pub(super) fn step(&mut self) -> Step {
        let (number, tags) = (self.made, self.visits.len() as u64);
        let (turn, within) = (number / u64::from(BLOCK), number % u64::from(BLOCK));
        let block = mixed(turn) % (tags / u64::from(BLOCK));
        let at = usize::try_from(block * u64::from(BLOCK) + within).unwrap_or(0);
        let visit = self.visits[at];
        self.visits[at] = visit.wrapping_add(1);
        self.made += 1;
        Step { number, tag: u32::try_from(at).unwrap_or(0), visit }
    }

    /// How many tags circulate.
    pub(super) fn tags(&self) -> u64 {
        self.visits.len() as u64
    }

    /// The key of a tag.
    pub(super) fn tag(&self, tag: u32) -> String {
        self.thing(tag).key
    }

    /// What opens the movement's task.
    pub(super) fn opened(&self, step: Step) -> Body {
        let (task, module) = (self.task(step), Stage::of(step.visit).kind().module());
        let decision = self.warehouse.may_create(module).cloned();
        Body::TaskOpened { task, by: Actor::Client { id: self.warehouse.erp.clone() }, decision }
    }

    /// The movement.
    pub(super) fn moved(&self, step: Step) -> anyhow::Result<Body> {
        let pass = self.pass(step);
        let movement = self.movement(step, Hash::of(&canonical::encode(&pass)?))?;
        Ok(Body::Moved { movement, pass: Some(pass) })
    }

    /// What closes its task.
    pub(super) fn closed(&self, step: Step) -> Body {
        let Door { operator, session, .. } = self.door(step);
        let by = Actor::Operator { id: operator.clone(), session: Some(*session) };
        Body::TaskClosed { task: task_id(step), reason: "complete".to_owned(), by }
    }

    fn movement(&self, step: Step, evidence: Hash) -> anyhow::Result<Movement> {
        let (stage, door) = (Stage::of(step.visit), self.door(step));
        let decision = self.warehouse.may_execute(stage.kind().module());
        let decision = decision.ok_or_else(|| anyhow::anyhow!("no policy for {stage:?}"))?;
        let (_, approved_by) = warehouse::office();
        Ok(Movement {
            document_digest: None,
            received_by: None,
            id: MovementId::from(pass_id(step)),
            kind: stage.kind(),
            document: document(step),
            task: Some(task_id(step)),
            station: Some(door.station.clone()),
            devices: vec![door.device.clone()],
            pass: Some(pass_id(step)),
            session: door.session,
            operator: door.operator.clone(),
            auth_level: AUTH_LEVEL,
            decision: decision.clone(),
            approval_seq: None,
            approved_by,
            resolution_seq: None,
            lines: vec![self.line(step)],
            evidence,
            reservation: None,
            effective: None,
            second: None,
            back_dated: false,
            reverses: None,
            counts: vec![],
            revalues: vec![],
            voucher: vec![],
            confirmation: None,
        })
    }

    fn line(&self, step: Step) -> MovementLine {
        let (good, (from, to)) = (self.good(step), self.way(step));
        let mut line = MovementLine::new(1, good.code.clone(), 1, UNIT.to_owned(), from, to);
        line.lot = self.lot(step);
        line.things = vec![self.tag(step.tag)];
        line.value = Some(good.price);
        line
    }

    fn task(&self, step: Step) -> Task {
        let (good, (from, to)) = (self.good(step), self.way(step));
        let (ordered_by, approved_by) = warehouse::office();
        let line = TaskLine {
            line: 1,
            item: good.code.clone(),
            quantity: 1,
            from,
            to,
            lot: self.lot(step),
            owner: None,
            from_status: Default::default(),
            to_status: Default::default(),
            value: None,
            things: vec![],
        };
        Task {
            document_digest: None,
            requester: None,
            id: task_id(step),
            station: self.door(step).station.clone(),
            kind: Stage::of(step.visit).kind(),
            document: document(step),
            ordered_by: Some(ordered_by),
            approved_by: Some(approved_by),
            reservation: None,
            lines: vec![line],
            custom: Default::default(),
        }
    }

    fn pass(&self, step: Step) -> Pass {
        let (door, at) = (self.door(step), stamp(step.number));
        let sighting = Sighting {
            thing: self.thing(step.tag),
            device: door.device.clone(),
            antenna: Some(1),
            first: at,
            last: at,
            reads: 12,
            peak_rssi_cdbm: Some(-4850),
            tid: None,
            trust: Trust::EpcOnly,
            direction: Direction::Unknown,
            confidence_pct: 0,
            evidence: Hash::of(&step.number.to_le_bytes()),
        };
        Pass {
            id: pass_id(step),
            station: door.station.clone(),
            opened: at,
            closed: at,
            opened_by: PassOpening::FirstRead,
            closed_by: PassClosing::Quiet,
            session: Some(door.session),
            sightings: vec![sighting],
            doubts: vec![],
            strays: 0,
        }
    }

    fn thing(&self, tag: u32) -> Thing {
        Thing::of_epc(&sgtin96(&self.good_of(tag).gtin, u64::from(tag), PREFIX_DIGITS))
    }

    fn good(&self, step: Step) -> &Good {
        self.good_of(step.tag)
    }

    fn good_of(&self, tag: u32) -> &Good {
        pick(&self.warehouse.goods, u64::from(tag / BLOCK))
    }

    fn lot(&self, step: Step) -> Option<String> {
        let lot = step.tag / BLOCK;
        self.good(step).has_lots.then(|| format!("L{lot:06}"))
    }

    fn door(&self, step: Step) -> &Door {
        pick(&self.warehouse.doors, step.number / u64::from(BLOCK))
    }

    /// From where to where.
    fn way(&self, step: Step) -> (Location, Location) {
        let block = u64::from(step.tag / BLOCK);
        let warehouse = &self.warehouse;
        let dock = || pick(&warehouse.docks, block).clone();
        let bin = |visit: u32| pick(&warehouse.bins, mixed(block << 32 | u64::from(visit))).clone();
        match Stage::of(step.visit) {
            Stage::Receipt => (warehouse.supplier.clone(), dock()),
            Stage::PutAway => (dock(), bin(step.visit)),
            Stage::Issue => (bin(step.visit - 1), warehouse.line.clone()),
            Stage::Return => (warehouse.line.clone(), dock()),
        }
    }
}

/// When a movement happens.
pub(super) fn stamp(number: u64) -> Stamp {
    let mono_us = number.saturating_mul(PACE_US);
    let wall_us = BEGAN_US.saturating_add(i64::try_from(mono_us).unwrap_or(i64::MAX));
    Stamp { boot: BOOT, mono_us, wall_us, synced: true }
}

fn document(step: Step) -> Document {
    let number = format!("{}", 4_500_000 + step.number / u64::from(BLOCK));
    Document { kind: Stage::of(step.visit).document(), number }
}

/// As the gateway mints them: ascending with the time.
fn pass_id(step: Step) -> PassId {
    let ms = u64::try_from(stamp(step.number).wall_us / 1000).unwrap_or(0);
    let [_, _, _, _, _, _, random @ ..] = random_bytes(step.number ^ 0x9a55);
    PassId(uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid())
}

/// As an ERP mints them: random.
fn task_id(step: Step) -> TaskId {
    TaskId(uuid::Builder::from_random_bytes(random_bytes(step.number ^ 0x7a5c)).into_uuid())
}

fn random_bytes(seed: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&mixed(seed << 1).to_le_bytes());
    bytes[8..].copy_from_slice(&mixed(seed << 1 | 1).to_le_bytes());
    bytes
}

/// A number that looks random (the finalizer of SplitMix64).
fn mixed(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

fn pick<T>(list: &[T], number: u64) -> &T {
    let at = usize::try_from(number % list.len() as u64).unwrap_or(0);
    &list[at]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use std::collections::BTreeMap;

    use gatewarden_model::Entry;

    use super::*;

    const SMALL: Extent = Extent { tags: 40, items: 4, bins: 5 };

    #[test]
    fn stock_takes_every_movement_at_the_value_that_it_states() {
        let mut traffic = Traffic::new(SMALL).unwrap();
        let mut stock = gatewarden_stock::Stock::complete();
        let (mut seq, mut kinds) = (0, BTreeMap::new());
        for body in traffic.warehouse().beginning() {
            stock.apply(&Entry::new(seq, stamp(0), body)).unwrap();
            seq += 1;
        }
        for _ in 0..2000 {
            let step = traffic.step();
            let entry = Entry::new(seq, stamp(step.number), traffic.moved(step).unwrap());
            let Body::Moved { movement, .. } = &entry.body else { panic!("not a movement") };
            *kinds.entry(movement.kind.name()).or_insert(0) += 1;
            stock.admit(movement, movement.day(&entry.at)).unwrap();
            stock.apply(&entry).unwrap();
            seq += 1;
        }
        assert_eq!(kinds.len(), 4, "{kinds:?}");
    }

    #[test]
    fn the_same_numbers_make_the_same_movements() {
        let (mut a, mut b) = (Traffic::new(SMALL).unwrap(), Traffic::new(SMALL).unwrap());
        for _ in 0..500 {
            a.step();
            b.step();
        }
        let (x, y) = (a.step(), b.step());
        assert_eq!(a.moved(x).unwrap(), b.moved(y).unwrap());
        assert_eq!((a.opened(x), a.closed(x)), (b.opened(y), b.closed(y)));
        assert_eq!(x.number, 500);
    }
}
