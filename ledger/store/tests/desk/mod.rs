//! A desk: an engine and a ledger put together as the daemon's recorder puts them. Each command is
//! looked up and decided; what was decided is appended as one group; a restart drops both and makes
//! them again from the disk. The words of the engine's tests (`house`) write its commands.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "a test helper; not every test uses all of it"
)]

#[path = "../../../engine/tests/common/mod.rs"]
pub mod house;

use std::sync::OnceLock;

use gatewarden_engine::{
    Access, Command, Engine, ItemMaster, Judge, Outcome, PinCheck, Reply, Settings,
};
use gatewarden_model::{
    Actor, Hash, Item, MovementKind, OperatorId, SessionId, Tracking, Unit, Valuation,
    ValuationMethod,
};
use gatewarden_stock::{AccountRule, Accounts, AccountsFor};
use gatewarden_store::{
    BalanceFilter, Group, Ledger, LedgerAddress, LedgerReader, OpenOptions, Report, SigningKey,
    StoreError, VerifyingKey,
};
use house::{BOLT, CHIP, NUT, PUMP, access, badge, item, session_id, stamp_ms};

/// The looks that a command may take until nothing is missing, as in the recorder.
const LOOKS_MAX: u32 = 4;

/// Longer than any test goes on.
const YEARS_MS: u64 = 10 * 366 * 86_400_000;

/// Who works here, and as what.
const PEOPLE: [(&str, &str); 5] = [
    ("sam", "storekeeper"),
    ("sue", "storekeeper"),
    ("max", "warehouse-supervisor"),
    ("cfo", "controller"),
    ("adam", "administrator"),
];

/// An engine with its ledger. See the file's header.
pub struct Desk {
    pub engine: Engine,
    pub ledger: Ledger,
    /// Milliseconds since the boot; it only moves when told.
    pub now_ms: u64,
    address: LedgerAddress,
    options: OpenOptions,
    /// Decided, and not appended yet.
    group: Group,
    /// What that was decided on, when, and whether it was granted.
    decided: Vec<(u64, Command, bool)>,
    /// How often the engine was made again from the disk.
    pub lives: u32,
    /// The last session that was opened.
    sessions: u128,
}

/// Pumps by FIFO, oil in lots by moving average, chips with serials, nuts without a value.
pub fn items() -> ItemMaster {
    let valued = |method| Some(Valuation { method, currency: "EUR".to_owned(), decimals: 2 });
    let can = Unit { name: "can".into(), numerator: 5, denominator: 2, gtins: vec![] };
    ItemMaster::new([
        Item { valuation: valued(ValuationMethod::Fifo), ..item("PUMP", PUMP) },
        Item {
            valuation: valued(ValuationMethod::MovingAverage),
            tracking: Tracking::Lot,
            units: vec![can],
            ..item("OIL", "04012345000047")
        },
        Item { tracking: Tracking::Serial, ..item("CHIP", CHIP) },
        item("NUT-M8", NUT),
        Item { valuation: valued(ValuationMethod::MovingAverage), ..item("MEAN", BOLT) },
    ])
}

fn accounts() -> Accounts {
    let rule = |of, debit: &str, credit: &str| AccountRule {
        of,
        class: None,
        item: None,
        debit: debit.to_owned(),
        credit: credit.to_owned(),
    };
    use MovementKind::{Adjustment, Count, Issue, Receipt, Scrap, Shipment};
    let kinds = [Receipt, Issue, Count, Adjustment, Scrap, Shipment];
    kinds
        .map(|kind| rule(AccountsFor::Kind(kind), kind.name(), "1400"))
        .into_iter()
        .chain([rule(AccountsFor::LandedCost, "1400", "3300")])
        .collect()
}

fn settings() -> Settings {
    Settings {
        items: items(),
        accounts: accounts(),
        idle_timeout_ms: YEARS_MS,
        session_max_ms: YEARS_MS,
        ..house::settings()
    }
}

impl Desk {
    /// A new ledger, with people who are signed in: `sam` at dock-1, all others at the console.
    pub fn new(address: impl Into<LedgerAddress>, options: OpenOptions) -> Self {
        let mut desk = Self::open(address, options, 1_000);
        desk.begin();
        for (name, role) in PEOPLE {
            desk.enrol(name, role, None);
        }
        let scopes = ["inbound:create", "outbound:create", "transfer:create"];
        desk.ok(Command::AddClient {
            client: "erp".parse().unwrap(),
            scopes: scopes.map(str::to_owned).to_vec(),
            token: Hash::of(b"token"),
            by: Actor::Local { uid: 0 },
        });
        desk.sign_all_in();
        desk.flush();
        desk
    }

    /// What is there, without a word about it in the journal.
    fn open(address: impl Into<LedgerAddress>, options: OpenOptions, now_ms: u64) -> Self {
        let address = address.into();
        let ledger = Ledger::open(&address, options.clone()).unwrap();
        let engine = Engine::new(settings(), access(), 0);
        let (group, decided, sessions, lives) = (Group::default(), vec![], 0, 0);
        let mut desk =
            Self { engine, ledger, now_ms, address, options, group, decided, lives, sessions };
        desk.load();
        desk
    }

    /// The engine as the disk has it.
    fn load(&mut self) {
        let reader = self.reader();
        self.engine = Engine::new(settings(), access(), self.ledger.next_seq());
        for entry in reader.live().unwrap() {
            self.engine.replay(&entry);
        }
        if !self.ledger.is_shared() {
            self.engine.resume_day(reader.last_day().unwrap());
        }
        self.forget_shared();
    }

    /// What other gateways may change is asked for again.
    fn forget_shared(&mut self) {
        if let Some(basis) = self.ledger.basis().unwrap() {
            self.engine.begin_stock(basis);
        }
    }

    /// What the daemon records before anything else.
    fn begin(&mut self) {
        let (gateway, version) = ("gw-1".to_owned(), "0".to_owned());
        self.ok(Command::Start { gateway, version, config: Hash::of(b"") });
        self.ok(Command::EndLeftoverSessions);
        self.ok(Command::DefinePolicies);
        self.ok(Command::DefineItems);
    }

    fn sign_all_in(&mut self) {
        for (name, _) in PEOPLE {
            self.sign_in(name, (name == "sam").then_some("dock-1"));
        }
    }

    /// Drops both and makes them again from the disk; people sign in anew. What was decided and not
    /// flushed is lost, as where the power goes.
    pub fn restart(self) -> Self {
        let Self { now_ms, address, options, sessions, lives, ledger, .. } = self;
        drop(ledger);
        let lives = lives + 1;
        Self::begun(Self { sessions, lives, ..Self::open(address, options, now_ms) })
    }

    /// A ledger that another gateway left, with people signed in anew.
    pub fn again(address: impl Into<LedgerAddress>, options: OpenOptions, now_ms: u64) -> Self {
        Self::begun(Self { sessions: 10_000, ..Self::open(address, options, now_ms) })
    }

    fn begun(mut self) -> Self {
        self.begin();
        self.sign_all_in();
        self.flush();
        self
    }

    /// Lets a later restart find this key too.
    pub fn offer_key(&mut self, key: SigningKey) {
        self.options.more_keys.push(key.clone());
        self.ledger.offer_key(key);
    }

    /// Looks up, decides, and lets the entries wait for their flush.
    pub fn ask(&mut self, command: Command) -> Outcome {
        let now = stamp_ms(self.now_ms);
        for _ in 0..LOOKS_MAX {
            let missing = self.engine.missing(&self.engine.wants(&now, &command));
            if missing.is_empty() {
                break;
            }
            self.engine.supply(self.ledger.look_up(&missing).unwrap());
        }
        let outcome = self.engine.handle(now, command.clone());
        self.decided.push((self.now_ms, command, outcome.answer.is_ok()));
        self.group.entries.extend(outcome.entries.iter().cloned());
        outcome
    }

    /// The answer to a command that must be a yes.
    pub fn ok(&mut self, command: Command) -> Reply {
        let outcome = self.ask(command.clone());
        outcome.answer.unwrap_or_else(|refusal| panic!("{command:?}: {refusal:?}"))
    }

    /// Appends what was decided; the group, where there was anything. What a shared ledger refuses as a
    /// conflict, because only the writing gives entries their order among all gateways, is decided
    /// again, each by itself, and answered as before.
    pub fn flush(&mut self) -> Option<Group> {
        let group = std::mem::take(&mut self.group);
        let decided = std::mem::take(&mut self.decided);
        if group.entries.is_empty() {
            return None;
        }
        match self.ledger.append(&group) {
            Err(StoreError::Conflict { .. }) if self.ledger.is_shared() && decided.len() > 1 => {
                assert_eq!(group.credentials, []);
                self.ledger.recover().unwrap();
                self.load();
                self.lives += 1;
                let now_ms = self.now_ms;
                for (at_ms, command, granted) in decided {
                    self.now_ms = at_ms;
                    let outcome = self.ask(command.clone());
                    assert_eq!(outcome.answer.is_ok(), granted, "{command:?}: {outcome:?}");
                    self.flush();
                }
                self.now_ms = now_ms;
            }
            appended => drop(appended.unwrap()),
        }
        self.forget_shared();
        Some(group)
    }

    /// Enrols somebody, with a PIN hash where one is given.
    pub fn enrol(&mut self, name: &str, role: &str, phc: Option<&str>) {
        let operator: OperatorId = name.parse().unwrap();
        self.ok(Command::Enrol {
            operator: operator.clone(),
            name: name.to_owned(),
            roles: vec![role.to_owned()],
            badges: vec![badge(name)],
            pin: phc.map(|phc| Hash::of(phc.as_bytes())),
            kinds: Default::default(),
            by: Actor::Local { uid: 0 },
        });
        self.group.credentials.extend(phc.map(|phc| (operator, Some(phc.to_owned()))));
    }

    /// Removes somebody and his PIN hash.
    pub fn remove(&mut self, name: &str) {
        let operator: OperatorId = name.parse().unwrap();
        self.ok(Command::Remove { operator: operator.clone(), by: Actor::Local { uid: 0 } });
        self.group.credentials.push((operator, None));
    }

    fn sign_in(&mut self, name: &str, station: Option<&str>) {
        self.sessions += 1;
        let session = session_id(self.sessions);
        let station = station.map(|station| station.parse().unwrap());
        let badge = Some(badge(name));
        self.ok(Command::SignIn { station, badge, pin: PinCheck::Right, session });
    }

    /// Somebody in his open session.
    pub fn by(&self, name: &str) -> Actor {
        let mut open = self.engine.state().sessions();
        let session = open.find(|session| session.operator.as_str() == name).map(|s| s.id);
        Actor::Operator { id: name.parse().unwrap(), session }
    }

    /// The session at a station.
    pub fn session_at(&self, station: &str) -> Option<SessionId> {
        self.engine.state().session_at(&station.parse().unwrap()).map(|session| session.id)
    }

    /// Base units of an item at a place, all its buckets together.
    pub fn stock(&self, item: &str, place: &str) -> i64 {
        let filter = BalanceFilter {
            item: Some(item.parse().unwrap()),
            below: Some(place.parse().unwrap()),
            ..BalanceFilter::default()
        };
        let rows = self.reader().balances(&filter).unwrap();
        rows.iter().map(|row| row.quantity).sum()
    }

    /// A reader of the same ledger.
    pub fn reader(&self) -> LedgerReader {
        self.ledger.reader().unwrap()
    }

    /// All of it verified, its decisions too.
    pub fn verify(&self, key: &VerifyingKey) -> Report {
        verify(&self.reader(), key)
    }
}

/// All of a ledger verified, its decisions too.
pub fn verify(reader: &LedgerReader, key: &VerifyingKey) -> Report {
    // The policies as the engine records them, with its settings; built once a test binary.
    static KNOWN: OnceLock<Access> = OnceLock::new();
    let known = KNOWN.get_or_init(|| Engine::new(settings(), access(), 0).access().clone());
    let mut judge = Judge::knowing(known.clone());
    let mut decisions = |entry: &gatewarden_model::Entry| judge.judge(entry);
    reader.verify_with(key, None, Some(&mut decisions)).unwrap()
}
