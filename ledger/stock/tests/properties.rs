//! Random commands on the real stock, a partial one with a table behind it, and the reference.
//!
//! After every command all three agree: on whether it is refused, on every quantity, layer and
//! value. A failure shows the shortest list of commands that has it.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;
mod model;

use std::collections::BTreeMap;

use common::*;
use gatewarden_model::{
    Actor, Amount, Body, Bucket, Entry, Movement, MovementKind as Kind, MovementLine,
};
use gatewarden_stock::{
    PoolKey, Site, SiteStock, Stock, StockError, Supply, Touched, reversal_lines,
};
use model::{HOLDING, Line, Record, World};
use proptest::{collection::vec, prelude::*};

const ITEMS: [&str; 2] = ["FIFO", "MEAN"];
const PLACES: [&str; 6] = ["wh1/a", "wh1/b", "@transit/T", "@supplier/S", "@customer/C", "@loss"];
const CENT: i64 = 100;

#[derive(Debug, Clone)]
enum Command {
    /// From place to place, by an own kind, with a second line of the other item now and then.
    Move { leg: usize, item: usize, quantity: i64, value: i64, both: bool, back: Option<i64> },
    /// Takes a movement back.
    Reverse(usize),
    /// Lands a cost on a movement.
    Land(usize, i64),
    /// Days go by.
    Wait(i64),
    /// Closes all but the last so many days.
    Close(i64),
    /// The partial stock forgets.
    Forget,
}

/// What may go where; stock comes in worth something, or at the average.
const LEGS: [(Kind, usize, usize, bool); 11] = [
    (Kind::Receipt, 3, 0, true),
    (Kind::Receipt, 3, 1, true),
    (Kind::PutAway, 0, 1, false),
    (Kind::Transfer, 1, 0, false),
    (Kind::Transfer, 0, 2, false),
    (Kind::Transfer, 2, 1, false),
    (Kind::Shipment, 0, 4, false),
    (Kind::Shipment, 1, 4, false),
    (Kind::CustomerReturn, 4, 0, false),
    (Kind::Adjustment, 5, 1, false),
    (Kind::Scrap, 1, 5, false),
];

fn command() -> impl Strategy<Value = Command> {
    let leg = prop_oneof![3 => 0..2_usize, 4 => 2..LEGS.len()];
    let back = prop_oneof![3 => Just(None), 1 => (1..6_i64).prop_map(Some)];
    let quantity = prop_oneof![6 => 1..9_i64, 1 => Just(10_000)];
    prop_oneof![
        12 => (leg, 0..2_usize, quantity, 0..2_000_i64, any::<bool>(), back).prop_map(
            |(leg, item, quantity, value, both, back)| {
                Command::Move { leg, item, quantity, value, both, back }
            }
        ),
        2 => any::<prop::sample::Index>().prop_map(|i| Command::Reverse(i.index(1_000))),
        2 => (0..1_000_usize, -500..2_000_i64).prop_map(|(i, cents)| Command::Land(i, cents)),
        3 => (1..3_i64).prop_map(Command::Wait),
        1 => (2..8_i64).prop_map(Command::Close),
        1 => Just(Command::Forget),
    ]
}

/// What a store keeps: written from `Touched` alone.
#[derive(Default)]
struct Table {
    sites: BTreeMap<Site, SiteStock>,
}

impl Table {
    fn write(&mut self, stock: &Stock, touched: &Touched) {
        for (site, bucket) in &touched.buckets {
            let buckets = &mut self.sites.entry(site.clone()).or_default().buckets;
            match stock.quantity(site, bucket) {
                0 => drop(buckets.remove(bucket)),
                quantity => drop(buckets.insert(bucket.clone(), quantity)),
            }
        }
        for (site, key) in &touched.pools {
            let pools = &mut self.sites.entry(site.clone()).or_default().pools;
            match stock.pool(site, key) {
                None => drop(pools.remove(key)),
                Some(pool) => drop(pools.insert(key.clone(), pool.clone())),
            }
        }
    }

    /// Tells a partial stock all that an entry needs; the journal is that of the complete one.
    fn tell(&self, journal: &Stock, stock: &mut Stock, entry: &Entry) {
        while let wants = stock.needs(entry)
            && !wants.is_empty()
        {
            let mut supply = Supply { wants: wants.clone(), ..Supply::default() };
            for site in &wants.sites {
                let known = self.sites.get(site).cloned().map(|known| (site.clone(), known));
                supply.sites.extend(known);
            }
            for id in &wants.movements {
                supply.movements.extend(journal.movement(id).map(|entry| (*id, entry.clone())));
            }
            for item in &wants.histories {
                let history = journal.history(item).unwrap().iter().map(|e| (**e).clone());
                supply.histories.insert(item.clone(), history.collect());
            }
            stock.supply(supply);
        }
    }
}

struct Run {
    stock: Stock,
    partial: Stock,
    table: Table,
    records: Vec<Record>,
    /// The entries of the records.
    entries: Vec<Entry>,
    /// What was added to lines' values since, by entry and line.
    added: BTreeMap<(u64, u32), i64>,
    seq: u64,
    today: i64,
    closed: i64,
}

impl Run {
    fn new() -> Self {
        let (mut stock, mut partial) = (Stock::complete(), Stock::partial());
        for (seq, item) in [fifo(ITEMS[0]), average(ITEMS[1])].into_iter().enumerate() {
            let entry = defined(seq as u64, item);
            stock.apply(&entry).unwrap();
            partial.apply(&entry).unwrap();
        }
        let (records, entries, added) = (vec![], vec![], BTreeMap::new());
        let table = Table::default();
        Self { stock, partial, table, records, entries, added, seq: 2, today: 20, closed: 0 }
    }

    fn step(&mut self, command: &Command) {
        match command {
            Command::Move { leg, item, quantity, value, both, back } => {
                self.go(*leg, *item, *quantity, *value, *both, *back);
            }
            Command::Reverse(which) if !self.records.is_empty() => {
                self.reverse(which % self.records.len());
            }
            Command::Land(which, cents) if !self.records.is_empty() => {
                self.land(which % self.records.len(), *cents);
            }
            Command::Wait(days) => self.today += days,
            Command::Close(but) => self.close(self.today - but),
            Command::Forget => self.partial.forget(),
            _ => {}
        }
        self.compare();
    }

    fn go(&mut self, leg: usize, item: usize, n: i64, value: i64, both: bool, back: Option<i64>) {
        let (kind, from, to, priced) = LEGS[leg];
        let items = if both { vec![item, 1 - item] } else { vec![item] };
        let incoming = priced.then_some(value);
        let line = |item| Line { item, from, to, quantity: n, incoming };
        let lines: Vec<Line> = items.into_iter().map(line).collect();
        let day = self.today - back.unwrap_or(0);
        let record = Record {
            day,
            back_dated: back.is_some(),
            lines,
            is_reversal: false,
            reversed: false,
            left_out: false,
        };
        let real = |l: &Line| {
            let plain = line_of(ITEMS[l.item], l.quantity, PLACES[l.from], PLACES[l.to]);
            MovementLine { value: l.incoming.map(cents), ..plain }
        };
        let lines = record.lines.iter().map(real).collect();
        let movement = movement(u128::from(self.seq), kind, lines);
        let effective = back.map(|_| common::day(day));
        let movement = Movement { effective, back_dated: back.is_some(), ..movement };
        self.post(movement, record, None);
    }

    fn reverse(&mut self, which: usize) {
        let original = &self.records[which];
        let Body::Moved { movement: of, .. } = self.entries[which].body.clone() else { return };
        let open = original.day > self.closed;
        let world = World::play(&self.records).unwrap();
        let mut lines = vec![];
        for (position, line) in original.lines.iter().enumerate() {
            let (from, to) = (line.to, line.from);
            let incoming = world.values.get(&(which, position)).copied();
            let incoming = incoming.filter(|_| from >= HOLDING);
            lines.push(Line { from, to, incoming, ..line.clone() });
        }
        let record = Record {
            day: if open { original.day } else { self.today },
            back_dated: open,
            lines,
            is_reversal: true,
            reversed: false,
            left_out: open,
        };
        let movement = Movement {
            reverses: Some(of.id),
            back_dated: open,
            effective: open.then(|| common::day(record.day)),
            ..movement(u128::from(self.seq), of.kind, reversal_lines(&of))
        };
        self.post(movement, record, Some(which));
    }

    /// Posts on the real stock and on the reference: both do, or both refuse.
    fn post(&mut self, mut movement: Movement, record: Record, reverses: Option<usize>) {
        let day = common::day(record.day);
        let told = self
            .stock
            .admit(&movement, day)
            .and_then(|()| self.stock.price(self.seq, day, &mut movement));
        let mut records = self.records.clone();
        let again = reverses.is_some_and(|i| records[i].reversed || records[i].is_reversal);
        if let Some(i) = reverses {
            records[i].reversed = true;
            records[i].left_out = record.left_out;
        }
        records.push(record.clone());
        let open = record.day > self.closed;
        let world = (open && !again).then(|| World::play(&records)).flatten();
        assert_eq!(told.is_ok(), world.is_some(), "{told:?} {record:?}");
        let Some(world) = world else { return };
        let position = records.len() - 1;
        for (i, line) in records[position].lines.iter_mut().enumerate() {
            let found = world.values.get(&(position, i)).copied();
            if line.from >= HOLDING && line.to < HOLDING {
                line.incoming = line.incoming.or(found);
            }
        }
        for r in &movement.revalues {
            *self.added.entry((r.seq, r.position)).or_default() += r.delta.units() / CENT;
        }
        let entry = moved(self.seq, self.today, movement);
        self.apply(&entry);
        self.records = records;
        self.entries.push(entry);
    }

    fn land(&mut self, which: usize, added: i64) {
        let Body::Moved { movement, .. } = self.entries[which].body.clone() else { return };
        let comes_in = |line: &Line| line.from >= HOLDING && line.to < HOLDING;
        let mut records = self.records.clone();
        let record = &mut records[which];
        let amounts: Vec<i64> =
            record.lines.iter().map(|l| if comes_in(l) { added } else { 0 }).collect();
        let mut fits = !record.reversed && !record.is_reversal && record.day > self.closed;
        for (line, amount) in record.lines.iter_mut().zip(&amounts) {
            line.incoming = line.incoming.map(|value| value + amount);
            fits &= line.incoming.is_none_or(|value| value >= 0);
        }
        let amounts: Vec<Amount> = amounts.into_iter().map(cents).collect();
        let told = self.stock.land(movement.id, &amounts);
        assert_eq!(told.is_ok(), fits, "{told:?}");
        let Ok(revalues) = told else { return };
        for (position, amount) in amounts.iter().enumerate() {
            let key = (self.entries[which].seq, u32::try_from(position).unwrap());
            *self.added.entry(key).or_default() += amount.units() / CENT;
        }
        for r in &revalues {
            *self.added.entry((r.seq, r.position)).or_default() += r.delta.units() / CENT;
        }
        let document = movement.document;
        let (voucher, by, decision) = (vec![], Actor::Daemon, decision());
        let movement = movement.id;
        let body =
            Body::CostLanded { movement, document, amounts, revalues, voucher, by, decision };
        self.apply(&entry(self.seq, self.today, body));
        self.records = records;
    }

    fn close(&mut self, until: i64) {
        let entry = closed(self.seq, until);
        self.apply(&entry);
        self.closed = self.closed.max(until);
    }

    /// What was priced is applied, by the partial stock too; a stock that knows nothing says so.
    fn apply(&mut self, entry: &Entry) {
        let stranger = Stock::partial().apply(entry);
        let touches = !Stock::wants_of(entry).is_empty();
        assert_eq!(matches!(stranger, Err(StockError::Unknown(_))), touches, "{stranger:?}");
        self.table.tell(&self.stock, &mut self.partial, entry);
        let touched = self.partial.apply(entry).unwrap();
        self.table.write(&self.partial, &touched);
        self.stock.apply(entry).unwrap();
        self.seq += 1;
    }

    fn compare(&self) {
        let world = World::play(&self.records).unwrap();
        for (i, item) in ITEMS.iter().enumerate() {
            let mut sum = 0;
            for (p, place) in PLACES.iter().enumerate() {
                let quantity = there(&self.stock, item, place);
                sum += i128::from(quantity);
                self.compare_site(&world, (i, p), &site(item, place), quantity);
            }
            assert_eq!(sum, 0, "the sum over all places");
        }
        for (i, entry) in self.entries.iter().enumerate() {
            let Body::Moved { movement, .. } = &entry.body else { continue };
            for (position, line) in movement.lines.iter().enumerate() {
                let Some(found) = world.values.get(&(i, position)) else { continue };
                let key = (entry.seq, u32::try_from(position).unwrap());
                let recorded = line.value.unwrap().units() / CENT;
                let now = recorded + self.added.get(&key).copied().unwrap_or(0);
                assert_eq!(now, *found, "entry {} line {position}", entry.seq);
            }
        }
    }

    fn compare_site(&self, world: &World, key: (usize, usize), site: &Site, quantity: i64) {
        let empty = SiteStock::default();
        let stock = self.stock.site(site).unwrap_or(&empty);
        assert_eq!(stock, self.table.sites.get(site).unwrap_or(&empty), "the table of {site:?}");
        assert_eq!(quantity, world.quantity.get(&key).copied().unwrap_or(0), "{site:?}");
        let pool = stock.pools.get(&PoolKey::default()).cloned().unwrap_or_default();
        let layer = |l: &gatewarden_stock::Layer| {
            (i64::from(l.day.number()), l.quantity, l.value.units() / CENT)
        };
        let layers: Vec<_> = pool.layers.iter().map(layer).collect();
        assert_eq!(layers, world.layers.get(&key).cloned().unwrap_or_default(), "{site:?}");
        let value = world.value.get(&key).copied().unwrap_or(0);
        assert_eq!(pool.value.units(), value * CENT, "{site:?}");
        if site.location.holds_stock() {
            assert!(quantity >= 0 && pool.quantity() == quantity && pool.value >= Amount::ZERO);
            assert!(quantity != 0 || (pool.value.is_zero() && stock.buckets.is_empty()));
        } else {
            assert!(stock.pools.is_empty());
        }
        assert!(stock.buckets.keys().all(|bucket| *bucket == Bucket::default()));
    }
}

fn line_of(item: &str, quantity: i64, from: &str, to: &str) -> MovementLine {
    common::line(item, quantity, from, to)
}

fn cents(cents: i64) -> Amount {
    Amount::from_units(cents * CENT)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_stock_is_what_the_list_of_movements_says(commands in vec(command(), 1..50)) {
        let mut run = Run::new();
        for command in &commands {
            run.step(command);
        }
    }
}
