//! The facts of a movement, a document, an item, a session and a moment, from what is known.
//!
//! Whoever asks rules brings the ground: master data, stock, roles, the working calendar. Invariants: what is not
//! known is not put; the projected quantity follows one formula; nothing that no rule asks for is reckoned out.
//! Absent: looking anything up (the ground does).

mod document;

use gatewarden_model::{
    Amount, Day, Document, Item, ItemId, Movement, MovementLine, OperatorId, Stamp,
};

pub use document::{orders_behind, put_document};

use crate::{
    facts::{Fact, Facts, LIST_MAX, Record, Untold},
    history::Working,
    wants::{OF_LINES, Wants, put, put_line, put_some},
};

/// What is known beside an operation itself.
pub trait Ground {
    /// The master data of an item.
    fn item(&self, code: &ItemId) -> Option<&Item>;
    /// What there is of an item, and what is to come and go.
    fn stock(&self, _code: &ItemId) -> Option<StockFacts> {
        None
    }
    /// Whether it is known what is to come and go. Where not, quantities that rest on it are not told.
    fn expects(&self) -> bool {
        true
    }
    /// The roles that somebody holds.
    fn roles(&self, _who: &OperatorId) -> Option<Vec<String>> {
        None
    }
    /// How many minutes east of UTC the house's day is.
    fn offset_min(&self) -> i32 {
        0
    }
    /// Whether people work on this day at this minute; none where no calendar says it.
    fn is_working(&self, _day: Day, _minute: u32) -> Option<bool> {
        None
    }
    /// How many orders a document follows from, itself among them; none where it is not known here.
    fn orders(&self, _document: &Document) -> Option<i64> {
        None
    }
}

/// Knows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoGround;

impl Ground for NoGround {
    fn item(&self, _code: &ItemId) -> Option<&Item> {
        None
    }
}

/// What there is of an item and what is to come and go, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StockFacts {
    /// In the building.
    pub on_hand: i64,
    /// May be used.
    pub available: i64,
    /// Should always be there.
    pub safety: i64,
    /// Work orders will make.
    pub planned: i64,
    /// On purchase requests that are no order yet.
    pub requested: i64,
    /// On purchase orders that have not come.
    pub ordered: i64,
    /// Promised to customers and postings.
    pub reserved: i64,
    /// Work orders still need.
    pub production: i64,
    /// Subcontractors still need.
    pub subcontract: i64,
    /// Ordered at once, at least.
    pub reorder: i64,
    /// What is in the building is worth, in ten-thousandths.
    pub value: Option<i64>,
}

impl StockFacts {
    /// On hand + planned + requested + ordered - reserved - production - subcontract.
    #[must_use]
    pub fn projected(&self) -> i64 {
        let comes = [self.on_hand, self.planned, self.requested, self.ordered];
        let goes = [self.reserved, self.production, self.subcontract];
        let sum = |of: &[i64]| of.iter().map(|one| i128::from(*one)).sum::<i128>();
        let projected = sum(&comes) - sum(&goes);
        let clamped = projected.clamp(i64::MIN.into(), i64::MAX.into());
        i64::try_from(clamped).unwrap_or(i64::MAX)
    }

    /// How much is missing to the safety level; 0 for none.
    #[must_use]
    pub fn shortage(&self) -> i64 {
        self.safety.saturating_sub(self.projected()).max(0)
    }

    /// How much to order: the greater of the reorder quantity and the shortage where the projected quantity is
    /// not above the safety level, else nothing.
    #[must_use]
    pub fn suggested(&self) -> i64 {
        match self.projected() <= self.safety {
            true => self.reorder.max(self.shortage()).max(0),
            false => 0,
        }
    }

    /// Puts them into facts; what is to come and go only where that is `expected`.
    pub fn put(&self, facts: &mut Facts, wants: &Wants, expected: bool) {
        let known = |value: i64| match expected {
            true => Fact::from(value),
            false => Fact::Untold(Untold::NotHere),
        };
        put!(facts, wants, "stock.available", self.available);
        put!(facts, wants, "stock.on_hand", self.on_hand);
        put!(facts, wants, "stock.ordered", known(self.ordered));
        put!(facts, wants, "stock.planned", known(self.planned));
        put!(facts, wants, "stock.production", known(self.production));
        put!(facts, wants, "stock.projected", known(self.projected()));
        put!(facts, wants, "stock.reorder", self.reorder);
        put!(facts, wants, "stock.requested", known(self.requested));
        put!(facts, wants, "stock.reserved", known(self.reserved));
        put!(facts, wants, "stock.safety", self.safety);
        put!(facts, wants, "stock.shortage", known(self.shortage()));
        put!(facts, wants, "stock.subcontract", known(self.subcontract));
        put!(facts, wants, "stock.suggested", known(self.suggested()));
        put_some!(facts, wants, "stock.value", self.value);
    }
}

/// Puts what an item is into facts, and what there is of it.
pub fn put_item(facts: &mut Facts, wants: &Wants, code: &ItemId, ground: &impl Ground) {
    put!(facts, wants, "item.code", code.as_str());
    if let Some(item) = ground.item(code) {
        put!(facts, wants, "item.class", item.class.name());
        put_some!(facts, wants, "item.lead_time_days", item.lead_time_days.map(i64::from));
        put!(facts, wants, "item.tracking", tracking(item));
        put!(facts, wants, "item.unit", item.unit.as_str());
        put!(facts, wants, "item.valued", item.valuation.is_some());
    }
    if let Some(stock) = ground.stock(code) {
        stock.put(facts, wants, ground.expects());
    }
}

fn tracking(item: &Item) -> &'static str {
    use gatewarden_model::Tracking;
    match item.tracking {
        Tracking::None => "none",
        Tracking::Lot => "lot",
        Tracking::Serial => "serial",
    }
}

/// Puts a movement into facts: its kind, document, lines, who did it.
pub fn put_movement(facts: &mut Facts, wants: &Wants, movement: &Movement, ground: &impl Ground) {
    put!(facts, wants, "document.kind", movement.document.kind.name());
    put!(facts, wants, "document.number", movement.document.number.as_str());
    put_some!(facts, wants, "movement.amount", crate::history::worth(movement).0);
    put!(facts, wants, "movement.back_dated", movement.back_dated);
    put!(facts, wants, "movement.classes", classes(movement, ground));
    put!(facts, wants, "movement.difference", difference(movement));
    put!(facts, wants, "movement.items", distinct(movement.lines.iter().map(|l| l.item.as_str())));
    put!(facts, wants, "movement.kind", movement.kind.name());
    put!(facts, wants, "movement.quantity", crate::history::worth(movement).1);
    put!(facts, wants, "movement.reverses", movement.reverses.is_some());
    put_some!(facts, wants, "document.orders", ground.orders(&movement.document));
    put!(facts, wants, "movement.seen", movement.pass.is_some());
    put!(facts, wants, "movement.warehouses", distinct(warehouses(movement)));
    put!(facts, wants, "session.auth_level", i64::from(movement.auth_level));
    put!(facts, wants, "session.operator", movement.operator.as_str());
    const ROLES: usize = crate::catalogue::at("session.roles");
    if wants.at(ROLES) {
        let roles = ground.roles(&movement.operator);
        facts.set("session.roles", roles.map_or(Fact::Untold(Untold::NotHere), Fact::from));
    }
    put!(facts, wants, "session.second", movement.second.is_some());
    put_some!(facts, wants, "session.station", movement.station.as_ref().map(|s| s.as_str()));
    const LINES: usize = crate::catalogue::at("lines");
    if wants.at(LINES) {
        let lines = movement.lines.iter().map(|line| line_of(line, wants, ground));
        facts.set_records("lines", lines.collect());
    }
    if wants.at(OF_LINES) {
        let lines = movement.lines.iter();
        let each = lines.map(|line| (Some(line.quantity), line.value.map(Amount::units)));
        facts.of_lines = of_lines(each);
    }
}

fn difference(movement: &Movement) -> i64 {
    let each = movement.counts.iter().map(|c| c.counted.saturating_sub(c.book).saturating_abs());
    each.fold(0, i64::saturating_add)
}

/// The largest quantity and amount of lines; none where a line says none, or there are too many to be looked
/// through.
pub(crate) fn of_lines(
    lines: impl ExactSizeIterator<Item = (Option<i64>, Option<i64>)>,
) -> [Option<i64>; 2] {
    if lines.len() > LIST_MAX {
        return [None; 2];
    }
    lines.fold([Some(i64::MIN); 2], |[quantity, amount], (one, other)| {
        [quantity.zip(one).map(|(a, b)| a.max(b)), amount.zip(other).map(|(a, b)| a.max(b))]
    })
}

/// The warehouses that a movement touches.
pub(crate) fn warehouses(movement: &Movement) -> impl Iterator<Item = &str> {
    let places = movement.lines.iter().flat_map(|line| [&line.from, &line.to]);
    let inside = places.filter(|place| place.is_physical());
    inside.map(|place| place.as_str().split('/').next().unwrap_or_default())
}

fn classes(movement: &Movement, ground: &impl Ground) -> Vec<String> {
    let items = movement.lines.iter().filter_map(|line| ground.item(&line.item));
    distinct(items.map(|item| item.class.name()))
}

fn distinct<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut all: Vec<&str> = texts.collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(str::to_owned).collect()
}

/// One line; its number and item are always told, for whoever reads the firing.
fn line_of(line: &MovementLine, wants: &Wants, ground: &impl Ground) -> Record {
    let mut record = Record::with_capacity(12);
    put_line!(record, wants, "amount", line.value.map(Amount::units));
    put_line!(record, wants, "class", ground.item(&line.item).map(|item| item.class.name()));
    put_line!(record, wants, "from", Some(line.from.as_str()));
    put_line!(record, wants, "from_status", Some(line.from_status.name()));
    record.set("item", line.item.as_str()).set("line", i64::from(line.line));
    put_line!(record, wants, "lot", line.lot.as_deref());
    put_line!(record, wants, "on_hand", ground.stock(&line.item).map(|stock| stock.on_hand));
    put_line!(record, wants, "owner", line.owner.as_deref());
    put_line!(record, wants, "quantity", Some(line.quantity));
    put_line!(record, wants, "to", Some(line.to.as_str()));
    put_line!(record, wants, "to_status", Some(line.to_status.name()));
    record
}

/// Puts the moment into facts: the day and hour of the house, and whether people work then.
pub fn put_time(
    facts: &mut Facts,
    wants: &Wants,
    at: &Stamp,
    ground: &impl Ground,
    working: &Working,
) {
    if !wants.time() {
        return;
    }
    let local = at.wall_us.saturating_add(i64::from(ground.offset_min()) * 60_000_000);
    let minute = local.rem_euclid(86_400_000_000) / 60_000_000;
    let day = Day::of(at, ground.offset_min());
    // 1970-01-01 was a Thursday.
    let weekday = (i64::from(day.number()) + 3).rem_euclid(7) + 1;
    put!(facts, wants, "time.day", day.to_string());
    put!(facts, wants, "time.hour", minute / 60);
    put!(facts, wants, "time.minute_of_day", minute);
    put!(facts, wants, "time.weekday", weekday);
    const WORKING: usize = crate::catalogue::at("time.working");
    if wants.at(WORKING) {
        let of_day = u32::try_from(minute).unwrap_or(0);
        let told = ground.is_working(day, of_day);
        let weekday = u8::try_from(weekday).unwrap_or(1);
        facts.set("time.working", told.unwrap_or_else(|| working.is_working(weekday, of_day)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projected_quantity_follows_the_formula() {
        let stock = StockFacts {
            on_hand: 30,
            planned: 5,
            requested: 7,
            ordered: 11,
            reserved: 13,
            production: 17,
            subcontract: 2,
            safety: 40,
            reorder: 10,
            ..StockFacts::default()
        };
        assert_eq!((stock.projected(), stock.shortage(), stock.suggested()), (21, 19, 19));
        let reorder = StockFacts { reorder: 100, ..stock };
        assert_eq!(reorder.suggested(), 100, "the greater of both");
        let level = StockFacts { safety: 21, ..stock };
        assert_eq!((level.shortage(), level.suggested()), (0, 10), "at the level it is ordered");
        assert_eq!(StockFacts { safety: 20, ..stock }.suggested(), 0);
        let huge = StockFacts { on_hand: i64::MAX, ordered: i64::MAX, ..stock };
        assert_eq!(huge.projected(), i64::MAX, "no overflow");
    }
}
