//! A small house for `bench ledger`: doors with a storekeeper signed in at each, an ERP that opens
//! tasks, and the passes that complete them. Everything goes through the recorder.

use std::sync::Arc;

use anyhow::Context as _;
use gatewarden_engine::{Command, ItemMaster, PinCheck, Reply, Settings};
use gatewarden_model::{
    Actor, Amount, Body, Clock, DeviceId, Direction, Document, DocumentKind, Entry, Hash, Item,
    ItemId, Location, MovementKind, Pass, PassClosing, PassId, PassOpening, SessionId, Sighting,
    StationId, Task, TaskId, TaskLine, Thing, Trust, Valuation, ValuationMethod,
};
use gatewarden_simulators::sgtin96;
use gatewarden_store::Group;
use uuid::Uuid;

use crate::{
    clock::SystemClock,
    recorder::{Answer, Recorder},
};

/// Stations, each with its own storekeeper.
const DOORS: u32 = 20;
/// Tasks that are open at a door at once; the engine allows 256.
const TASKS_A_DOOR: u32 = 200;
/// Tasks whose opening is waited for at once: some commits' worth, so that the bench holds few itself.
const ORDERS_AT_ONCE: usize = 400;
const ITEM: &str = "BOLT-M8";
const GTIN: &str = "00614141812349";
const PREFIX_DIGITS: usize = 7;
const DAY_MS: u64 = 86_400_000;

/// The doors and the recorder behind them.
pub(super) struct House {
    pub(super) recorder: Recorder,
    clock: Arc<dyn Clock>,
    doors: Vec<Door>,
    erp: Actor,
    item: ItemId,
    supplier: Location,
    evidence: Hash,
    made: u64,
}

struct Door {
    station: StationId,
    device: DeviceId,
    place: Location,
    session: SessionId,
}

/// What the recorder's ledger begins with: the one item.
pub(super) fn beginning() -> anyhow::Result<Group> {
    let body = Body::ItemDefined { item: item()?, by: Actor::Daemon };
    let entries = vec![Entry::new(0, clock().now(), body)];
    Ok(Group { entries, credentials: vec![] })
}

fn item() -> anyhow::Result<Item> {
    Ok(Item {
        code: ITEM.parse()?,
        name: "Box of bolts M8 x 40".to_owned(),
        class: Default::default(),
        tracking: Default::default(),
        unit: "box".to_owned(),
        units: vec![],
        gtins: vec![GTIN.to_owned()],
        safety_stock: None,
        lead_time_days: None,
        valuation: Some(Valuation {
            method: ValuationMethod::Fifo,
            currency: "EUR".to_owned(),
            decimals: 2,
        }),
    })
}

/// The engine's settings: one item, sessions that outlast the bench.
pub(super) fn settings() -> anyhow::Result<Settings> {
    Ok(Settings {
        idle_timeout_ms: DAY_MS,
        session_max_ms: DAY_MS,
        free_attempts: 3,
        first_delay_ms: 5000,
        delay_ms_max: 900_000,
        items: ItemMaster::new([item()?]),
        reservation_ms: DAY_MS,
        reservations_max: 100,
        sod: Default::default(),
        one_person_enrols: true,
        any_device: true,
        ..Settings::default()
    })
}

/// The daemon's clock.
pub(super) fn clock() -> Arc<dyn Clock> {
    SystemClock::shared()
}

impl House {
    /// Enrols the storekeepers and the ERP, and signs everybody in.
    pub(super) async fn open(recorder: Recorder) -> anyhow::Result<Self> {
        crate::run::define(&recorder).await?;
        let erp = Actor::Client { id: "erp".parse()? };
        let add = Command::AddClient {
            client: "erp".parse()?,
            scopes: vec!["inbound:create".to_owned()],
            token: Hash::of(b"erp"),
            by: local(),
        };
        expect(recorder.command(add).await?, "the ERP is not a client")?;
        let mut doors = Vec::new();
        for n in 1..=DOORS {
            doors.push(Door::open(&recorder, n).await?);
        }
        Ok(Self {
            recorder,
            clock: clock(),
            doors,
            erp,
            item: ITEM.parse()?,
            supplier: "@supplier/acme".parse()?,
            evidence: Hash::of(b"frame"),
            made: 0,
        })
    }

    /// Opens up to `count` tasks, and gives the pass that completes each, in the order of doors.
    pub(super) async fn prepare(&mut self, count: u64) -> anyhow::Result<Vec<Pass>> {
        let room = u64::from(DOORS * TASKS_A_DOOR);
        let numbers = self.made..self.made + count.min(room);
        let mut orders = tokio::task::JoinSet::new();
        for number in numbers.clone() {
            let (task, by) = (self.task(number), self.erp.clone());
            let recorder = self.recorder.clone();
            orders.spawn(async move { recorder.command(Command::OpenTask { task, by }).await });
            if orders.len() >= ORDERS_AT_ONCE
                && let Some(answer) = orders.join_next().await
            {
                expect(answer??, "a task was not opened")?;
            }
        }
        while let Some(answer) = orders.join_next().await {
            expect(answer??, "a task was not opened")?;
        }
        self.made = numbers.end;
        Ok(numbers.map(|number| self.pass(number)).collect())
    }

    fn door(&self, number: u64) -> &Door {
        let at = usize::try_from(number).unwrap_or(0) % self.doors.len();
        &self.doors[at]
    }

    fn task(&self, number: u64) -> Task {
        let door = self.door(number);
        let line = TaskLine {
            line: 1,
            item: self.item.clone(),
            quantity: 1,
            from: self.supplier.clone(),
            to: door.place.clone(),
            lot: None,
            things: vec![],
            owner: None,
            from_status: Default::default(),
            to_status: Default::default(),
            value: Some(Amount::from_units(125_000)),
        };
        Task {
            document_digest: None,
            requester: None,
            id: TaskId(Uuid::new_v4()),
            station: door.station.clone(),
            kind: MovementKind::Receipt,
            document: Document {
                kind: DocumentKind::PurchaseOrder,
                number: format!("{}", 4_500_000 + number),
            },
            ordered_by: Some("buyer-1".to_owned()),
            approved_by: Some("buyer-2".to_owned()),
            lines: vec![line],
            reservation: None,
            custom: Default::default(),
        }
    }

    fn pass(&self, number: u64) -> Pass {
        let (door, now) = (self.door(number), self.clock.now());
        let sighting = Sighting {
            thing: Thing::of_epc(&sgtin96(GTIN, number, PREFIX_DIGITS)),
            device: door.device.clone(),
            antenna: Some(1),
            first: now,
            last: now,
            reads: 12,
            peak_rssi_cdbm: Some(-4850),
            tid: None,
            trust: Trust::EpcOnly,
            direction: Direction::Unknown,
            confidence_pct: 0,
            evidence: self.evidence,
        };
        Pass {
            id: PassId(Uuid::now_v7()),
            station: door.station.clone(),
            opened: now,
            closed: now,
            opened_by: PassOpening::FirstRead,
            closed_by: PassClosing::Quiet,
            session: Some(door.session),
            sightings: vec![sighting],
            doubts: vec![],
            strays: 0,
        }
    }
}

impl Door {
    async fn open(recorder: &Recorder, n: u32) -> anyhow::Result<Self> {
        let (station, badge): (StationId, _) = (format!("dock-{n}").parse()?, format!("OP-{n}"));
        let badge = Hash::of(badge.as_bytes());
        let enrol = Command::Enrol {
            operator: format!("keeper-{n}").parse()?,
            name: format!("Storekeeper {n}"),
            roles: vec!["storekeeper".to_owned()],
            badges: vec![badge],
            pin: None,
            kinds: Default::default(),
            by: local(),
        };
        expect(recorder.command(enrol).await?, "a storekeeper was not enrolled")?;
        let session = SessionId(Uuid::new_v4());
        let sign_in = Command::SignIn {
            station: Some(station.clone()),
            badge: Some(badge),
            pin: PinCheck::Right,
            session,
        };
        expect(recorder.command(sign_in).await?, "a storekeeper was not signed in")?;
        Ok(Self {
            station,
            device: format!("portal-{n}").parse()?,
            place: format!("wh1/dock-{n}").parse()?,
            session,
        })
    }
}

fn local() -> Actor {
    Actor::Local { uid: 0 }
}

fn expect(answer: Answer, otherwise: &'static str) -> anyhow::Result<Reply> {
    answer.context(otherwise)
}
