//! The warehouse whose journal the ledger's bench writes: items, people, places and policies, and
//! the entries that a journal begins with. Fixed by its size alone, so that every run writes the
//! same bytes. Absent: what moves (`traffic`).

use gatewarden_engine::{Access, Facts, Principal, Request};
use gatewarden_model::{
    Action, Actor, Amount, Body, ClientId, Decision, DeviceId, Hash, Item, ItemClass, ItemId,
    Location, Module, OperatorId, RoleMatrix, SessionId, StationId, Tracking, Valuation,
    ValuationMethod,
};
use uuid::Uuid;

/// Stations, each with its own storekeeper.
pub(super) const DOORS: u32 = 20;
/// Docks where goods arrive.
const DOCKS: u32 = 4;
/// Every so many-th item is tracked by lot.
const LOT_EVERY: u32 = 10;
const BUYER: &str = "buyer-1";
const MODULES: [Module; 3] = [Module::Inbound, Module::Transfer, Module::Outbound];
/// An open session outlives the bench; its level is badge and PIN.
pub(super) const AUTH_LEVEL: u8 = 2;

/// How much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Distinct tags that circulate.
    pub(super) tags: u32,
    /// Items; at most 100,000.
    pub(super) items: u32,
    /// Bins to put them in.
    pub(super) bins: u32,
}

impl Extent {
    /// A mid-size warehouse.
    pub(super) const FULL: Self = Self { tags: 200_000, items: 1_000, bins: 200 };
}

/// A station with whoever is signed in there.
pub(super) struct Door {
    pub(super) station: StationId,
    pub(super) device: DeviceId,
    pub(super) operator: OperatorId,
    pub(super) session: SessionId,
}

/// One item as movements need it.
pub(super) struct Good {
    pub(super) code: ItemId,
    pub(super) gtin: String,
    pub(super) price: Amount,
    pub(super) has_lots: bool,
}

/// What the policies say of one module: to the storekeeper who moves, to the ERP that asks.
struct Rights {
    module: Module,
    execute: Decision,
    create: Decision,
}

/// Everything that stays as it is while stock moves.
pub(super) struct Warehouse {
    pub(super) doors: Vec<Door>,
    pub(super) goods: Vec<Good>,
    pub(super) bins: Vec<Location>,
    pub(super) docks: Vec<Location>,
    pub(super) supplier: Location,
    pub(super) line: Location,
    pub(super) erp: ClientId,
    rights: Vec<Rights>,
    roles: RoleMatrix,
    policies: Hash,
}

impl Warehouse {
    pub(super) fn new(extent: Extent) -> anyhow::Result<Self> {
        let roles = gatewarden_config::default_roles();
        let access = Access::new(&roles, "")?;
        let doors = (1..=DOORS).map(door).collect::<anyhow::Result<Vec<_>>>()?;
        let place = |text: String| Location::parse(&text);
        let erp: ClientId = "erp".parse()?;
        let rights = MODULES.iter().map(|module| Rights::ask(&access, *module, &doors[0], &erp));
        Ok(Self {
            rights: rights.collect::<anyhow::Result<_>>()?,
            goods: (0..extent.items).map(good).collect::<anyhow::Result<_>>()?,
            bins: (0..extent.bins)
                .map(|n| place(format!("wh1/{:02}/{:02}", n / 20, n % 20)))
                .collect::<Result<_, _>>()?,
            docks: (1..=DOCKS).map(|n| place(format!("wh1/dock-{n}"))).collect::<Result<_, _>>()?,
            supplier: "@supplier/acme".parse()?,
            line: "@production/line-1".parse()?,
            policies: access.version(),
            doors,
            erp,
            roles,
        })
    }

    /// What the policies say to a storekeeper who moves stock in a module.
    pub(super) fn may_execute(&self, module: Module) -> Option<&Decision> {
        self.rights.iter().find(|rights| rights.module == module).map(|rights| &rights.execute)
    }

    /// What they say to the ERP that opens a task there.
    pub(super) fn may_create(&self, module: Module) -> Option<&Decision> {
        self.rights.iter().find(|rights| rights.module == module).map(|rights| &rights.create)
    }

    /// What a journal begins with: policies, items, people and their sessions.
    pub(super) fn beginning(&self) -> Vec<Body> {
        let started = Body::Started {
            gateway: "bench".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: Hash::of(b"bench"),
            policies: self.policies,
        };
        let policies = Body::PoliciesDefined {
            version: self.policies,
            roles: self.roles.clone(),
            cedar: String::new(),
            sod: Default::default(),
            guards: None,
            change: None,
        };
        let erp = Body::ClientAdded {
            client: self.erp.clone(),
            scopes: scopes(),
            token: Hash::of(b"erp"),
            certificate: None,
            until_us: None,
            change: None,
            by: LOCAL,
        };
        let items = self.goods.iter().zip(0..).map(|(good, number)| Body::ItemDefined {
            item: item(good, number),
            by: Actor::Daemon,
        });
        let mut bodies = vec![started, policies, erp];
        bodies.extend(items);
        bodies.extend(self.doors.iter().flat_map(signed_in));
        bodies
    }
}

impl Rights {
    fn ask(access: &Access, module: Module, door: &Door, erp: &ClientId) -> anyhow::Result<Self> {
        let (roles, scopes) = (keeper_roles(), scopes());
        let ask = |principal, action, facts| {
            let decision = access.decide(&Request { principal, action, module, facts });
            anyhow::ensure!(decision.allowed, "the default roles deny the bench: {decision:?}");
            Ok(decision)
        };
        let keeper = Principal::Operator { id: &door.operator, roles: &roles };
        let facts = Facts {
            ordered_by: Some(BUYER),
            station: Some(&door.station),
            auth_level: Some(AUTH_LEVEL),
            ..Facts::default()
        };
        let erp = Principal::Client { id: erp, scopes: &scopes };
        Ok(Self {
            module,
            execute: ask(keeper, Action::Execute, facts)?,
            create: ask(erp, Action::Create, Facts::default())?,
        })
    }
}

/// Who ordered, and who approved.
pub(super) fn office() -> (String, String) {
    (BUYER.to_owned(), "buyer-2".to_owned())
}

const LOCAL: Actor = Actor::Local { uid: 0 };

fn keeper_roles() -> Vec<String> {
    vec!["storekeeper".to_owned()]
}

fn scopes() -> Vec<String> {
    MODULES.iter().map(|module| format!("{}:create", module.name())).collect()
}

fn door(number: u32) -> anyhow::Result<Door> {
    Ok(Door {
        station: format!("door-{number}").parse()?,
        device: format!("portal-{number}").parse()?,
        operator: format!("keeper-{number}").parse()?,
        session: SessionId(Uuid::from_u64_pair(
            0x5e55_0000_0000_4000,
            (1 << 63) | u64::from(number),
        )),
    })
}

/// The enrolment of a door's storekeeper, and the session.
fn signed_in(door: &Door) -> [Body; 2] {
    let enrolled = Body::Enrolled {
        operator: door.operator.clone(),
        name: format!("Storekeeper of {}", door.station),
        roles: keeper_roles(),
        badges: vec![Hash::of(door.operator.as_str().as_bytes())],
        pin: None,
        kinds: std::collections::BTreeMap::new(),
        tails: std::collections::BTreeMap::new(),
        activation: None,
        change: None,
        mitigations: vec![],
        by: LOCAL,
    };
    let opened = Body::SessionOpened {
        session: door.session,
        operator: door.operator.clone(),
        station: Some(door.station.clone()),
        auth_level: AUTH_LEVEL,
    };
    [enrolled, opened]
}

fn good(number: u32) -> anyhow::Result<Good> {
    let body = format!("00614141{number:05}");
    Ok(Good {
        code: format!("PART-{number:05}").parse()?,
        gtin: format!("{body}{}", check_digit(&body)),
        price: Amount::from_units(i64::from(100 + number % 900) * 100),
        has_lots: number.is_multiple_of(LOT_EVERY),
    })
}

fn item(good: &Good, number: u32) -> Item {
    Item {
        code: good.code.clone(),
        name: format!("Part {number}"),
        class: if number.is_multiple_of(5) { ItemClass::A } else { ItemClass::C },
        tracking: if good.has_lots { Tracking::Lot } else { Tracking::None },
        unit: UNIT.to_owned(),
        units: vec![],
        gtins: vec![good.gtin.clone()],
        safety_stock: None,
        lead_time_days: None,
        valuation: Some(Valuation {
            method: ValuationMethod::Fifo,
            currency: "EUR".to_owned(),
            decimals: 2,
        }),
    }
}

/// The base unit of all items.
pub(super) const UNIT: &str = "pcs";

/// The digit that completes a GTIN: modulo 10, weights 3 and 1 from the right.
fn check_digit(body: &str) -> u32 {
    let digits = body.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 =
        digits.zip([3, 1].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    (10 - sum % 10) % 10
}
