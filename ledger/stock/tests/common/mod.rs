//! Short ways to write items, lines and entries.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test file uses some of it"
)]

use gatewarden_model::{
    Action, Actor, Amount, Body, Bucket, Day, Decision, Document, DocumentKind, Entry, Hash, Item,
    ItemId, Module, Movement, MovementId, MovementKind, MovementLine, SessionId, Stamp,
    StockStatus, Tracking, Valuation, ValuationMethod,
};
use gatewarden_stock::{Layer, PoolKey, Site, Stock};
use uuid::Uuid;

pub const US_A_DAY: i64 = 86_400_000_000;

pub fn day(number: i64) -> Day {
    Day::from_number(number)
}

pub fn stamp(day: i64) -> Stamp {
    Stamp { boot: Uuid::nil(), mono_us: 0, wall_us: day * US_A_DAY, synced: true }
}

pub fn decision() -> Decision {
    Decision {
        allowed: true,
        action: Action::Execute,
        module: Module::Ledger,
        policies: vec![],
        version: Hash::of(b""),
        errors: vec![],
        facts: Default::default(),
    }
}

pub fn item(code: &str) -> Item {
    Item {
        code: code.parse().unwrap(),
        name: code.to_owned(),
        class: Default::default(),
        tracking: Tracking::None,
        unit: "pcs".to_owned(),
        units: vec![],
        gtins: vec![],
        safety_stock: None,
        lead_time_days: None,
        valuation: None,
    }
}

pub fn valued(code: &str, method: ValuationMethod) -> Item {
    let valuation = Valuation { method, currency: "EUR".to_owned(), decimals: 2 };
    Item { valuation: Some(valuation), ..item(code) }
}

pub fn fifo(code: &str) -> Item {
    valued(code, ValuationMethod::Fifo)
}

pub fn average(code: &str) -> Item {
    valued(code, ValuationMethod::MovingAverage)
}

pub fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

pub fn line(item: &str, quantity: i64, from: &str, to: &str) -> MovementLine {
    let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
    MovementLine::new(1, item.parse().unwrap(), quantity, "pcs".to_owned(), from, to)
}

pub fn worth(value: &str, line: MovementLine) -> MovementLine {
    MovementLine { value: Some(amount(value)), ..line }
}

pub fn lot(lot: &str, line: MovementLine) -> MovementLine {
    MovementLine { lot: Some(lot.to_owned()), ..line }
}

pub fn owned(owner: &str, line: MovementLine) -> MovementLine {
    MovementLine { owner: Some(owner.to_owned()), ..line }
}

pub fn things(keys: &[&str], line: MovementLine) -> MovementLine {
    MovementLine { things: keys.iter().map(|k| (*k).to_owned()).collect(), ..line }
}

pub fn status(from: StockStatus, to: StockStatus, line: MovementLine) -> MovementLine {
    MovementLine { from_status: from, to_status: to, ..line }
}

pub fn units(from: Option<&str>, to: Option<&str>, line: MovementLine) -> MovementLine {
    let (from_unit, to_unit) = (from.map(str::to_owned), to.map(str::to_owned));
    MovementLine { from_unit, to_unit, ..line }
}

pub fn id(number: u128) -> MovementId {
    MovementId(Uuid::from_u128(number))
}

pub fn movement(number: u128, kind: MovementKind, lines: Vec<MovementLine>) -> Movement {
    Movement {
        document_digest: None,
        received_by: None,
        id: id(number),
        kind,
        document: Document { kind: DocumentKind::PurchaseOrder, number: format!("D{number}") },
        task: None,
        station: None,
        devices: vec![],
        pass: None,
        session: SessionId(Uuid::nil()),
        operator: "anna".parse().unwrap(),
        auth_level: 1,
        decision: decision(),
        approval_seq: None,
        approved_by: "bo".to_owned(),
        resolution_seq: None,
        lines,
        evidence: Hash::of(b""),
        reservation: None,
        effective: None,
        second: None,
        back_dated: false,
        reverses: None,
        counts: vec![],
        revalues: vec![],
        voucher: vec![],
        confirmation: None,
    }
}

pub fn entry(seq: u64, at_day: i64, body: Body) -> Entry {
    Entry::new(seq, stamp(at_day), body)
}

pub fn moved(seq: u64, at_day: i64, movement: Movement) -> Entry {
    entry(seq, at_day, Body::Moved { movement, pass: None })
}

pub fn defined(seq: u64, item: Item) -> Entry {
    entry(seq, 0, Body::ItemDefined { item, by: Actor::Daemon })
}

pub fn closed(seq: u64, until: i64) -> Entry {
    let (by, decision) = (Actor::Daemon, decision());
    entry(seq, until, Body::PeriodClosed { until: day(until), by, decision })
}

pub fn site(item: &str, location: &str) -> Site {
    Site { item: item.parse().unwrap(), location: location.parse().unwrap() }
}

pub fn item_id(code: &str) -> ItemId {
    code.parse().unwrap()
}

/// Base units of loose, available stock of the house.
pub fn there(stock: &Stock, item: &str, location: &str) -> i64 {
    stock.quantity(&site(item, location), &Bucket::default())
}

/// The house's pool without lot: `day:quantity@value … = value`.
pub fn pool(stock: &Stock, item: &str, location: &str) -> String {
    let Some(pool) = stock.pool(&site(item, location), &PoolKey::default()) else {
        return "empty".to_owned();
    };
    let layer = |l: &Layer| format!("{}:{}@{}", l.day.number(), l.quantity, l.value);
    let layers: Vec<_> = pool.layers.iter().map(layer).collect();
    format!("{} = {}", layers.join(" "), pool.value)
}

/// A journal in the making: each posting is admitted, priced and applied.
pub struct Book {
    pub stock: Stock,
    pub seq: u64,
}

impl Book {
    pub fn new(items: impl IntoIterator<Item = Item>) -> Self {
        let mut book = Self { stock: Stock::complete(), seq: 0 };
        for item in items {
            let entry = defined(book.seq, item);
            book.apply(&entry);
        }
        book
    }

    pub fn apply(&mut self, entry: &Entry) {
        self.stock.apply(entry).unwrap();
        self.seq = entry.seq + 1;
    }

    /// Posts it on a day as whoever decides would; what was recorded, or why not.
    pub fn try_post(&mut self, on: i64, mut movement: Movement) -> Result<Movement, String> {
        let counts_for = movement.effective.unwrap_or(day(on));
        let told = |e: gatewarden_stock::StockError| format!("{}: {e}", e.code());
        self.stock.admit(&movement, counts_for).map_err(told)?;
        self.stock.price(self.seq, counts_for, &mut movement).map_err(told)?;
        let entry = moved(self.seq, on, movement.clone());
        self.stock.apply(&entry).map_err(|e| format!("priced, then refused: {e}"))?;
        self.seq += 1;
        Ok(movement)
    }

    pub fn post(&mut self, on: i64, kind: MovementKind, lines: Vec<MovementLine>) -> Movement {
        let movement = movement(u128::from(self.seq) + 1_000, kind, lines);
        self.try_post(on, movement).unwrap()
    }

    pub fn refused(&mut self, on: i64, kind: MovementKind, lines: Vec<MovementLine>) -> String {
        let movement = movement(u128::from(self.seq) + 1_000, kind, lines);
        self.try_post(on, movement).unwrap_err()
    }
}

/// The values of a movement's lines.
pub fn values(movement: &Movement) -> Vec<String> {
    let text = |l: &MovementLine| l.value.map_or("-".to_owned(), |value| value.to_string());
    movement.lines.iter().map(text).collect()
}
