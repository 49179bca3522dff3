//! A small house for the engine's tests: the default role matrix and a controller, four items, three stations, a
//! clock that only moves when told. Everything it does goes through `Engine::handle`.
#![allow(dead_code, unreachable_pub, unused_imports)] // Each test binary uses a part of it.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod short;

use std::{collections::BTreeMap, sync::OnceLock};

use gatewarden_engine::{
    Access, Command, Engine, ItemMaster, Judge, OpenDocument, Outcome, PinCheck, Reply, Settings,
    State,
};
use gatewarden_model::{
    Action, Actor, Body, Bucket, Entry, Hash, Item, Module, MovementId, MovementKind, PassId,
    Posting, Role, RoleMatrix, SessionId, Stamp, Subject, SubjectKind, TaskId, Tracking, Unit,
    Valuation, ValuationMethod, entry::Verdict,
};
use gatewarden_stock::{Site, Stock, Supply, Wants};
use uuid::Uuid;

pub use short::{label, line, pass, posting, task, thing};

/// role, module, actions: the default matrix as `design/domain.md` has it, with our additions.
pub const MATRIX: &[(&str, &str, &str)] = &[
    ("storekeeper", "inbound outbound count transfer", "view create modify execute"),
    ("storekeeper", "price", "view"),
    ("buyer", "inbound outbound", "view"),
    ("buyer", "price", "view modify"),
    ("sales-assistant", "inbound", "view"),
    ("sales-assistant", "outbound", "view request"),
    ("sales-assistant", "price", "view"),
    ("accountant", "inbound outbound count transfer", "view"),
    ("accountant", "price", "view modify"),
    ("department-manager", "inbound count price", "view"),
    ("department-manager", "outbound transfer", "view approve"),
    ("warehouse-supervisor", "inbound outbound count transfer", "view approve"),
    ("warehouse-supervisor", "price ledger system", "view"),
    ("controller", "price", "view modify approve"),
    ("registrar", "ledger", "view"),
    ("registrar", "system", "view create modify delete"),
    ("administrator", "system", "view create modify delete approve"),
    ("administrator", "ledger", "view"),
    ("access-owner", "system", "view approve"),
    ("auditor", "inbound outbound count transfer price ledger system", "view"),
];

pub fn module(name: &str) -> Module {
    Module::ALL.into_iter().find(|m| m.name() == name).unwrap()
}

pub fn action(name: &str) -> Action {
    Action::ALL.into_iter().find(|a| a.name() == name).unwrap()
}

pub fn matrix() -> RoleMatrix {
    let mut roles: BTreeMap<String, Role> = BTreeMap::new();
    for (role, modules, actions) in MATRIX {
        let entry = roles.entry((*role).to_owned()).or_default();
        entry.title = (*role).to_owned();
        for name in modules.split(' ') {
            entry.grants.insert(module(name), actions.split(' ').map(action).collect());
        }
    }
    RoleMatrix(roles)
}

/// The default policies, built once a test binary.
pub fn access() -> Access {
    static ACCESS: OnceLock<Access> = OnceLock::new();
    ACCESS.get_or_init(|| Access::new(&matrix(), "").unwrap()).clone()
}

pub fn item(code: &str, gtin: &str) -> Item {
    Item {
        code: code.parse().unwrap(),
        name: code.to_owned(),
        class: Default::default(),
        tracking: Default::default(),
        unit: "pcs".to_owned(),
        units: vec![],
        gtins: vec![gtin.to_owned()],
        safety_stock: None,
        lead_time_days: None,
        valuation: None,
    }
}

/// Bolts, of which a case holds 12, nuts, pumps with a value and chips that are told apart.
pub fn master() -> ItemMaster {
    let case = Unit {
        name: "case".to_owned(),
        numerator: 12,
        denominator: 1,
        gtins: vec![BOLT_CASE.to_owned()],
    };
    let valuation =
        Valuation { method: ValuationMethod::Fifo, currency: "EUR".to_owned(), decimals: 2 };
    ItemMaster::new([
        Item { units: vec![case], ..item("BOLT-M8", BOLT) },
        item("NUT-M8", NUT),
        Item { valuation: Some(valuation), ..item("PUMP", PUMP) },
        Item { tracking: Tracking::Serial, ..item("CHIP", CHIP) },
    ])
}

pub const BOLT: &str = "04012345000009";
pub const BOLT_CASE: &str = "14012345000006";
pub const NUT: &str = "04012345000016";
pub const PUMP: &str = "04012345000023";
pub const CHIP: &str = "04012345000030";
/// A handling unit.
pub const PALLET: &str = "340123450000000017";

/// `seconds` after the boot.
pub fn at(seconds: u64) -> Stamp {
    stamp_ms(seconds * 1000)
}

pub fn stamp_ms(ms: u64) -> Stamp {
    let wall_us = 1_800_000_000_000_000 + i64::try_from(ms * 1000).unwrap();
    Stamp { boot: Uuid::from_u128(1), mono_us: ms * 1000, wall_us, synced: true }
}

pub fn session_id(n: u128) -> SessionId {
    SessionId(Uuid::from_u128(n))
}

pub fn pass_id(n: u128) -> PassId {
    PassId(Uuid::from_u128(n))
}

pub fn movement_id(n: u128) -> MovementId {
    MovementId(Uuid::from_u128(n))
}

pub fn task_id(n: u128) -> TaskId {
    TaskId(Uuid::from_u128(n))
}

pub fn badge(operator: &str) -> Hash {
    Hash::of(format!("OP-{operator}").as_bytes())
}

pub fn operator(id: &str) -> Actor {
    Actor::Operator { id: id.parse().unwrap(), session: None }
}

pub fn erp() -> Actor {
    Actor::Client { id: "erp".parse().unwrap() }
}

pub struct House {
    pub engine: Engine,
    pub now: Stamp,
    pub journal: Vec<Entry>,
    pub last: Option<Outcome>,
    /// What a store would keep: every entry applied.
    pub store: Stock,
}

pub fn settings() -> Settings {
    Settings {
        idle_timeout_ms: 300_000,
        session_max_ms: 28_800_000,
        free_attempts: 3,
        first_delay_ms: 5000,
        delay_ms_max: 900_000,
        items: master(),
        places: Default::default(),
        accounts: Default::default(),
        utc_offset_min: 0,
        reservation_ms: 3_600_000,
        reservations_max: 100,
        one_person_enrols: true,
        any_device: true,
        pins: Default::default(),
        ..Settings::default()
    }
}

/// What a store answers.
pub fn look_up(store: &Stock, wants: Wants) -> Supply {
    let mut supply = Supply::default();
    for unit in &wants.units {
        let at = store.unit(unit).cloned().unwrap_or_default();
        supply.sites.extend(at.iter().filter_map(|s| Some((s.clone(), store.site(s)?.clone()))));
        supply.units.insert(unit.clone(), at);
    }
    let sites = wants.sites.iter();
    supply.sites.extend(sites.filter_map(|s| Some((s.clone(), store.site(s)?.clone()))));
    let things = wants.things.iter();
    supply.things.extend(things.filter_map(|k| Some((k.clone(), store.thing(k)?.clone()))));
    let lots = wants.lots.iter();
    supply.lots.extend(lots.filter_map(|l| Some((l.clone(), *store.lot(&l.0, &l.1)?))));
    let movements = wants.movements.iter();
    supply.movements.extend(movements.filter_map(|m| Some((*m, store.movement(m)?.clone()))));
    for item in &wants.histories {
        let entries = store.history(item).unwrap_or_default();
        supply.histories.insert(item.clone(), entries.iter().map(|e| (**e).clone()).collect());
    }
    Supply { wants, ..supply }
}

impl House {
    /// Started, with an operator per role (`sam` storekeeper, `sue` another, `ann` sales assistant,
    /// `max` warehouse supervisor, `mia` department manager, `bob` buyer, `adam` administrator), the
    /// client `erp`, and console sessions for all but the storekeepers.
    pub fn new() -> Self {
        Self::with(settings())
    }

    /// The same house with other policies.
    pub fn with_policies(access: Access) -> Self {
        Self::of(Engine::new(settings(), access, 0))
    }

    /// The same house with other settings and policies.
    pub fn with_both(settings: Settings, access: Access) -> Self {
        Self::of(Engine::new(settings, access, 0))
    }

    /// As `new`, with other settings.
    pub fn with(settings: Settings) -> Self {
        Self::of(Engine::new(settings, access(), 0))
    }

    fn of(engine: Engine) -> Self {
        let mut house =
            Self { engine, now: at(0), journal: vec![], last: None, store: Stock::complete() };
        house.ok(Command::Start {
            gateway: "gw".to_owned(),
            version: "0".to_owned(),
            config: Hash::of(b""),
        });
        house.ok(Command::DefinePolicies);
        house.ok(Command::DefineItems);
        let people = [
            ("sam", "storekeeper"),
            ("sue", "storekeeper"),
            ("ann", "sales-assistant"),
            ("max", "warehouse-supervisor"),
            ("mia", "department-manager"),
            ("bob", "buyer"),
            ("adam", "administrator"),
        ];
        for (id, role) in people {
            house.enrol(id, &[role]);
        }
        house.ok(Command::AddClient {
            client: "erp".parse().unwrap(),
            scopes: ["inbound:create", "outbound:create", "transfer:create"]
                .map(str::to_owned)
                .to_vec(),
            token: Hash::of(b"token"),
            by: Actor::Local { uid: 0 },
        });
        for (n, (id, role)) in people.into_iter().enumerate() {
            if role != "storekeeper" {
                house.sign_in(900 + n as u128, None, id);
            }
        }
        house
    }

    pub fn enrol(&mut self, id: &str, roles: &[&str]) {
        self.ok(Command::Enrol {
            operator: id.parse().unwrap(),
            name: id.to_owned(),
            roles: roles.iter().map(|r| (*r).to_owned()).collect(),
            badges: vec![badge(id)],
            pin: None,
            kinds: Default::default(),
            by: Actor::Local { uid: 0 },
        });
    }

    /// Looks up what the engine wants to know, as the recorder does.
    pub fn look_up(&mut self, command: &Command) {
        for round in 0.. {
            let missing = self.engine.missing(&self.engine.wants(&self.now, command));
            if missing.is_empty() {
                return;
            }
            assert!(round < 4, "still missing: {missing:?}");
            self.engine.supply(look_up(&self.store, missing));
        }
    }

    pub fn handle(&mut self, command: Command) -> Outcome {
        self.look_up(&command);
        let before = self.engine.next_seq();
        let outcome = self.engine.handle(self.now, command);
        for (n, entry) in outcome.entries.iter().enumerate() {
            assert_eq!(entry.seq, before + n as u64, "sequences have no hole");
            let bytes = entry.encode().unwrap();
            assert_eq!(&Entry::decode(&bytes).unwrap(), entry);
            self.store.apply(entry).unwrap();
        }
        self.journal.extend(outcome.entries.iter().cloned());
        self.last = Some(outcome.clone());
        outcome
    }

    pub fn ok(&mut self, command: Command) -> Reply {
        let outcome = self.handle(command.clone());
        outcome.answer.unwrap_or_else(|refusal| panic!("{command:?}: {refusal:?}"))
    }

    /// The code of the refusal, which must be recorded.
    pub fn refused(&mut self, command: Command) -> &'static str {
        let outcome = self.handle(command.clone());
        let refusal = outcome.answer.expect_err(&format!("{command:?}"));
        let seq = refusal.recorded.unwrap_or_else(|| panic!("{refusal:?} is not recorded"));
        let entry = self.journal.iter().find(|e| e.seq == seq).unwrap();
        // Whoever is denied is told the limit too, which the entry tells by its facts.
        assert!(
            matches!(&entry.body, Body::Denied { reason, .. } | Body::SignInRefused { reason, .. }
            if refusal.message.strip_prefix(reason.as_str()).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with("; role ")
            })),
            "{entry:?}"
        );
        refusal.code
    }

    pub fn sign_in(&mut self, n: u128, station: Option<&str>, who: &str) -> SessionId {
        self.ok(self.sign_in_command(n, station, who, PinCheck::Right));
        session_id(n)
    }

    pub fn sign_in_command(
        &self,
        n: u128,
        station: Option<&str>,
        who: &str,
        pin: PinCheck,
    ) -> Command {
        let station = station.map(|s| s.parse().unwrap());
        Command::SignIn { station, badge: Some(badge(who)), pin, session: session_id(n) }
    }

    pub fn reserve(&mut self, posting: Posting, who: &str) -> Command {
        Command::Reserve { posting, by: self.by(who) }
    }

    pub fn post(&mut self, n: u128, who: &str) -> Command {
        Command::PostReservation {
            reservation: movement_id(n),
            by: self.by(who),
            confirmation: None,
        }
    }

    /// Reserved by sue and posted by max.
    pub fn posted(&mut self, posting: Posting) {
        let id = posting.id;
        let reserve = self.reserve(posting, "sue");
        self.ok(reserve);
        let by = self.by("max");
        self.ok(Command::PostReservation { reservation: id, by, confirmation: None });
    }

    /// Somebody in the newest of his sessions.
    pub fn by(&self, who: &str) -> Actor {
        let own = self.engine.state().sessions().filter(|s| s.operator.as_str() == who);
        let session = own.max_by_key(|s| s.opened.mono_us).map(|s| s.id);
        Actor::Operator { id: who.parse().unwrap(), session }
    }

    pub fn decide(&mut self, n: u128, verdict: Verdict, who: &str) -> Command {
        let reason = "counted by hand".to_owned();
        Command::DecideHold { pass: pass_id(n), verdict, reason, doubts: vec![], by: operator(who) }
    }

    pub fn stock(&self, item: &str, location: &str) -> i64 {
        self.quantity(item, location, &Bucket::default())
    }

    pub fn quantity(&self, item: &str, location: &str, bucket: &Bucket) -> i64 {
        let (item, location) = (item.parse().unwrap(), location.parse().unwrap());
        self.store.quantity(&Site { item, location }, bucket)
    }

    /// Receives things on an order of their own, at dock-1 in its open session.
    pub fn receive(&mut self, n: u128, line: &str, things: &str) {
        let line = line.replacen("in", "@supplier/ACME wh1/dock", 1);
        let task = task(n, "dock-1", MovementKind::Receipt, &[&line]);
        self.ok(Command::OpenTask { task, by: erp() });
        let session = self.engine.state().session_at(&"dock-1".parse().unwrap()).map(|s| s.id);
        let seen = pass(n, "dock-1", session, self.now.mono_us / 1_000_000, things);
        let outcome = self.handle(Command::Pass(seen));
        assert_eq!(word(&outcome), "posted", "{line}: {things}: {:?}", outcome.answer);
    }

    /// What a judge of the whole journal says.
    pub fn judged(&self) -> Vec<String> {
        self.retold();
        let mut judge = Judge::knowing(self.engine.access().clone());
        self.journal.iter().filter_map(|entry| judge.judge(entry)).collect()
    }

    /// Every document that is over is told again by the entries that name it as it was when it ended.
    fn retold(&self) {
        for (at, entry) in self.journal.iter().enumerate() {
            let Body::DocumentStepped { document, step, .. } = &entry.body else { continue };
            if !step.is_final() {
                continue;
            }
            let state = State::of(&self.journal[..at]);
            let mut was = state.document(document).unwrap().clone();
            let subject = Subject { kind: SubjectKind::Document, key: document.number.clone() };
            let mut telling = self.engine.state().retelling(document.clone());
            let named = self.journal.iter().filter(|entry| entry.subjects().contains(&subject));
            named.for_each(|entry| telling.take(entry));
            let over = telling.over().unwrap();
            assert!(over.frame().is_final(), "{over:?}");
            // Who must not sign is not told: that depends on other documents.
            let told = |one: &OpenDocument| {
                let approval = one.approval.as_ref()?;
                let way = approval.way().into_iter();
                let seated = way.map(|node| approval.seating(&node.name).cloned());
                Some((approval.phase(), approval.version(), seated.collect::<Vec<_>>()))
            };
            assert_eq!(told(over), told(&was), "{document:?}");
            (was.stage, was.approval) = (over.stage.clone(), over.approval.clone());
            assert_eq!(*over, was);
        }
    }

    /// An engine as a restart makes it: from the live entries; what is where it asks for.
    pub fn restarted(&self) -> Engine {
        let (settings, access) = (self.engine.settings().clone(), self.engine.access().clone());
        let mut engine = Engine::new(settings, access, self.engine.next_seq());
        live(&self.journal).into_iter().for_each(|entry| engine.replay(entry));
        engine.resume_day(self.store.last_day());
        engine
    }
}

/// The entries that touch what is still open, as the store keeps them.
pub fn live(journal: &[Entry]) -> Vec<&Entry> {
    let mut open: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for entry in journal {
        let live = entry.live();
        for key in live.closes {
            open.remove(&key);
        }
        for key in live.touches {
            open.entry(key).or_default().push(entry.seq);
        }
    }
    let seqs: std::collections::BTreeSet<u64> = open.into_values().flatten().collect();
    journal.iter().filter(|e| seqs.contains(&e.seq)).collect()
}

/// A reply or refusal in one word.
pub fn word(outcome: &Outcome) -> String {
    match &outcome.answer {
        Ok(Reply::Posted { .. }) => "posted".to_owned(),
        Ok(Reply::Held { comparison: c, .. }) => format!(
            "held {}+{}-{}?{}!{}",
            c.expected.len(),
            c.extra.len(),
            c.missing.len(),
            c.unknown.len(),
            c.wrong_item.len()
        ),
        Ok(Reply::Quarantined { .. }) => "quarantined".to_owned(),
        Ok(Reply::Empty) => "empty".to_owned(),
        Ok(_) => "ok".to_owned(),
        Err(refusal) => refusal.code.to_owned(),
    }
}
