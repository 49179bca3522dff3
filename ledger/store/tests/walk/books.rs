//! The reference: what the house would write into plain books. Which stock is held for whom, which
//! waits for its inspection, what counts for which day; quantities, layers and values come from the
//! plain list of movements that the stock's own tests use (`world`), played whole after every change.

use std::collections::BTreeMap;

use gatewarden_model::MovementKind;

use crate::world::{HOLDING, Line, Record, World};

/// The places: the first three hold stock.
pub(crate) const PLACES: [&str; 7] = [
    "wh1/dock",
    "wh1/a",
    "@transit/T",
    "@supplier/S",
    "@customer/C",
    "@loss/count",
    "@production/P",
];
const LOSS: usize = 5;

/// What may go where; whether what comes in is worth something, or the average.
pub(crate) const KINDS: [(MovementKind, usize, usize, bool); 12] = [
    (MovementKind::Receipt, 3, 0, true),
    (MovementKind::Receipt, 3, 1, true),
    (MovementKind::PutAway, 0, 1, false),
    (MovementKind::Transfer, 1, 0, false),
    (MovementKind::Transfer, 0, 2, false),
    (MovementKind::Transfer, 2, 1, false),
    (MovementKind::Shipment, 0, 4, false),
    (MovementKind::Issue, 1, 6, false),
    (MovementKind::CustomerReturn, 4, 0, false),
    (MovementKind::Adjustment, 5, 1, false),
    (MovementKind::Scrap, 1, 5, false),
    (MovementKind::Count, 0, 5, false),
];
const COUNT: usize = 11;

/// Whether a kind also takes stock that is not available.
fn takes_any(kind: usize) -> bool {
    use MovementKind::{Adjustment, Count, PutAway, Scrap, Transfer};
    matches!(KINDS[kind].0, Adjustment | Count | PutAway | Scrap | Transfer)
}

/// A movement in the books.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) id: u128,
    /// Its number in `KINDS`.
    pub(crate) kind: usize,
    /// It took what was reserved for it.
    pub(crate) held: bool,
}

/// What a reservation is for.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    /// These lines; for a day gone by where it says which.
    Move { kind: usize, lines: Vec<Line>, past: Option<i64> },
    /// The movement of this number taken back.
    Back(usize),
    /// So many were counted.
    Count { item: usize, place: usize, counted: i64 },
    /// What waits for its inspection is released.
    Release { item: usize, place: usize, quantity: i64 },
}

/// A reservation.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) wish: Wish,
    /// When it lapses.
    pub(crate) until_ms: u64,
}

/// All books.
#[derive(Debug, Clone, Default)]
pub(crate) struct Books {
    pub(crate) records: Vec<Record>,
    /// Of each record.
    pub(crate) posted: Vec<Posted>,
    pub(crate) open: BTreeMap<u128, Open>,
    /// What waits for its inspection, by item and place.
    pub(crate) inspected: BTreeMap<(usize, usize), i64>,
    pub(crate) today: i64,
    pub(crate) closed: i64,
}

/// Item and place.
type At = (usize, usize);

impl Books {
    pub(crate) fn world(&self) -> World {
        World::play(&self.records).unwrap()
    }

    /// Held for somebody, by item and place.
    pub(crate) fn held(&self, at: At) -> i64 {
        let holds = self.open.values().flat_map(|open| open.wish.holds());
        holds.filter(|(held, _)| *held == at).map(|(_, quantity)| quantity).sum()
    }

    /// Free for anybody. What waits for its inspection and is to be released is held, not inspected.
    pub(crate) fn free(&self, world: &World, at: At) -> i64 {
        let all = world.quantity.get(&at).copied().unwrap_or(0);
        all - self.held(at) - self.waits(at)
    }

    pub(crate) fn waits(&self, at: At) -> i64 {
        self.inspected.get(&at).copied().unwrap_or(0)
    }

    /// What a reservation is answered: the books with it, or none.
    pub(crate) fn reserve(&self, id: u128, wish: Wish, until_ms: u64) -> Option<Self> {
        self.fulfil(id, &wish, false)?;
        let mut books = self.clone();
        if let Wish::Release { item, place, quantity } = wish {
            *books.inspected.entry((item, place)).or_default() -= quantity;
        }
        books.open.insert(id, Open { wish, until_ms });
        Some(books)
    }

    /// What its posting is answered.
    pub(crate) fn post(&self, id: u128) -> Option<Self> {
        self.fulfil(id, &self.open.get(&id)?.wish.clone(), true)
    }

    /// What is reserved is free again.
    pub(crate) fn end(&self, id: u128) -> Option<Self> {
        let mut books = self.clone();
        if let Wish::Release { item, place, quantity } = books.open.remove(&id)?.wish {
            *books.inspected.entry((item, place)).or_default() += quantity;
        }
        Some(books)
    }

    /// The books with a wish fulfilled, out of what is held for it or out of what is free.
    fn fulfil(&self, id: u128, wish: &Wish, held: bool) -> Option<Self> {
        let world = self.world();
        match wish {
            Wish::Move { kind, lines, past } => {
                let enough = lines
                    .iter()
                    .filter(|line| line.from < HOLDING)
                    .all(|line| held || self.free(&world, (line.item, line.from)) >= line.quantity);
                let day = past.unwrap_or(self.today);
                let open = day > self.closed;
                let record = record(day, past.is_some(), lines.clone());
                let posted = Posted { id, kind: *kind, held };
                (enough && open).then(|| self.with(record, posted)).flatten()
            }
            Wish::Back(which) => self.back(&world, id, *which),
            Wish::Count { item, place, counted } => {
                self.count(&world, id, (*item, *place), *counted)
            }
            Wish::Release { item, place, quantity } => {
                let enough = held || self.waits((*item, *place)) >= *quantity;
                let mut books = self.clone();
                books.open.remove(&id);
                enough.then_some(books)
            }
        }
    }

    fn count(&self, world: &World, id: u128, at: At, counted: i64) -> Option<Self> {
        if self.held(at) > 0 {
            return None;
        }
        let difference = counted - self.free(world, at);
        let (item, place) = at;
        let (from, to) = if difference > 0 { (LOSS, place) } else { (place, LOSS) };
        let line = Line { item, from, to, quantity: difference.abs(), incoming: None };
        let lines = if difference == 0 { vec![] } else { vec![line] };
        let posted = Posted { id, kind: COUNT, held: false };
        self.with(record(self.today, false, lines), posted)
    }

    fn back(&self, world: &World, id: u128, which: usize) -> Option<Self> {
        let (original, of) = (&self.records[which], &self.posted[which]);
        if original.reversed || original.is_reversal || original.lines.is_empty() {
            return None;
        }
        let open = original.day > self.closed;
        let mut lines = vec![];
        for (position, line) in original.lines.iter().enumerate() {
            let (from, to) = (line.to, line.from);
            let incoming = world.values.get(&(which, position)).copied();
            let incoming = incoming.filter(|_| from >= HOLDING);
            lines.push(Line { from, to, incoming, ..line.clone() });
        }
        let enough = lines.iter().filter(|line| line.from < HOLDING);
        let mut enough = enough.map(|line| (self.free(world, (line.item, line.from)), line));
        if enough.any(|(free, line)| free < line.quantity) {
            return None;
        }
        let mut books = self.clone();
        books.records[which].reversed = true;
        books.records[which].left_out = open;
        // What was taken out of a reservation by a kind that takes stock of any status has to be
        // inspected again.
        for line in lines.iter().filter(|line| line.to < HOLDING) {
            if of.held && takes_any(of.kind) {
                *books.inspected.entry((line.item, line.to)).or_default() += line.quantity;
            }
        }
        let day = if open { original.day } else { self.today };
        let record = Record { is_reversal: true, left_out: open, ..record(day, open, lines) };
        books.with(record, Posted { id, kind: of.kind, held: false })
    }

    /// The books with one more movement, where nothing is missing at any time.
    pub(crate) fn with(&self, record: Record, posted: Posted) -> Option<Self> {
        let mut books = self.clone();
        books.open.remove(&posted.id);
        books.records.push(record);
        books.posted.push(posted);
        let world = World::play(&books.records)?;
        let last = books.records.len() - 1;
        for (position, line) in books.records[last].lines.iter_mut().enumerate() {
            if line.from >= HOLDING && line.to < HOLDING {
                let found = world.values.get(&(last, position)).copied();
                line.incoming = line.incoming.or(found);
            }
        }
        Some(books)
    }

    /// What a cost that is landed on a movement is answered.
    pub(crate) fn land(&self, which: usize, cents: i64) -> Option<Self> {
        let amounts = self.landed_amounts(which, cents);
        let mut books = self.clone();
        let record = &mut books.records[which];
        let mut fits = !record.reversed && !record.is_reversal && record.day > self.closed;
        fits &= amounts.iter().any(|amount| *amount != 0);
        for (line, amount) in record.lines.iter_mut().zip(&amounts) {
            line.incoming = line.incoming.map(|value| value + amount);
            fits &= line.incoming.is_none_or(|value| value >= 0);
        }
        (fits && World::play(&books.records).is_some()).then_some(books)
    }

    /// The same for each line that comes in.
    pub(crate) fn landed_amounts(&self, which: usize, cents: i64) -> Vec<i64> {
        let comes_in = |line: &Line| line.from >= HOLDING && line.to < HOLDING;
        let lines = &self.records[which].lines;
        lines.iter().map(|line| if comes_in(line) { cents } else { 0 }).collect()
    }
}

impl Wish {
    /// What it keeps from others, by item and place.
    fn holds(&self) -> Vec<(At, i64)> {
        match self {
            Self::Move { lines, .. } => {
                let takes = lines.iter().filter(|line| line.from < HOLDING);
                takes.map(|line| ((line.item, line.from), line.quantity)).collect()
            }
            Self::Release { item, place, quantity } => vec![((*item, *place), *quantity)],
            Self::Back(_) | Self::Count { .. } => vec![],
        }
    }
}

fn record(day: i64, back_dated: bool, lines: Vec<Line>) -> Record {
    Record { day, back_dated, lines, is_reversal: false, reversed: false, left_out: false }
}
