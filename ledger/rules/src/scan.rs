//! Scheduled rules: what they go through when their time comes.
//!
//! Invariants: layers come sorted by item and place, and those of one place are looked at together; the last move
//! of a place is what history says, or the day its oldest layer came where it says nothing; at most
//! [`SCAN_FIRINGS_MAX`] firings of one scan are kept, all are counted. Absent: when a scan is due.

use gatewarden_model::{Day, ItemId, RuleFiring, RuleTrigger};

use crate::{
    definition::Over,
    facts::Facts,
    ground::{Ground, put_item, put_time},
    history::Asking,
    set::{Event, Failure, Findings, RuleSet, Touched},
    wants::put,
    watch::Around,
};

/// Most firings that one scan keeps.
pub const SCAN_FIRINGS_MAX: usize = 10_000;

/// So much of an item that came to a place on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockLayer<'l> {
    /// Of what.
    pub item: &'l ItemId,
    /// Where.
    pub place: &'l str,
    /// When it came into the house.
    pub day: Day,
    /// Base units.
    pub quantity: i64,
    /// Its value in ten-thousandths, where it has one.
    pub value: Option<i64>,
}

/// What a scan found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scan {
    /// The firings, at most [`SCAN_FIRINGS_MAX`].
    pub firings: Vec<RuleFiring>,
    /// Those that could not be asked, the first few.
    pub failures: Vec<Failure>,
    /// How many fired, those that are not kept too.
    pub fired: usize,
    /// How many places, items or operators were looked at.
    pub looked: usize,
}

impl Scan {
    fn add(&mut self, findings: Findings) {
        self.looked += 1;
        self.fired += findings.firings.len();
        let room = SCAN_FIRINGS_MAX - self.firings.len();
        self.firings.extend(findings.firings.into_iter().take(room));
        let room = FAILURES_KEPT_MAX.saturating_sub(self.failures.len());
        self.failures.extend(findings.failures.into_iter().take(room));
    }
}

/// Most failures that one scan keeps.
const FAILURES_KEPT_MAX: usize = 100;

/// The layers of one place, together.
struct Place<'l> {
    first: StockLayer<'l>,
    quantity: i64,
    value: Option<i64>,
    oldest: Day,
}

impl RuleSet {
    /// Runs a scheduled rule by its id over what it goes through. The layers are all that there is in the house,
    /// sorted by item and place; only rules over items and places look at them.
    #[must_use]
    pub fn scheduled_run<'l, G: Ground>(
        &self,
        around: Around<'_, G>,
        id: &str,
        layers: impl Iterator<Item = StockLayer<'l>>,
    ) -> Scan {
        let mut scan = Scan::default();
        let Some(rule) = self.rule(id).filter(|rule| rule.definition.cron.is_some()) else {
            return scan;
        };
        let over = rule.definition.over;
        let mut facts = Facts::new();
        let working = &around.history.settings().working;
        put_time(&mut facts, self.wants(), &around.at, around.ground, working);
        let plain = facts.clone();
        match over {
            Over::House => {
                let asking = Asking::House;
                around.history.put(&mut facts, self.wants(), asking, around.at.wall_us);
                scan.add(self.ask(&event(id, over, &Touched::nothing()), &facts));
            }
            Over::Operators => {
                for who in around.history.operators() {
                    facts.clone_from(&plain);
                    let asking = Asking::Operator(&who);
                    around.history.put(&mut facts, self.wants(), asking, around.at.wall_us);
                    scan.add(self.ask(&event(id, over, &Touched::nothing()), &facts));
                }
            }
            Over::Items | Over::Places => {
                let mut open: Option<Place<'l>> = None;
                for layer in layers {
                    let same = |place: &Place<'_>| {
                        place.first.item == layer.item
                            && (over == Over::Items || place.first.place == layer.place)
                    };
                    if let Some(place) = open.as_mut().filter(|place| same(place)) {
                        place.take(&layer);
                        continue;
                    }
                    if let Some(place) = open.replace(Place::new(layer)) {
                        facts.clone_from(&plain);
                        self.place(&around, (id, over), &mut facts, &place, &mut scan);
                    }
                }
                if let Some(place) = open {
                    facts.clone_from(&plain);
                    self.place(&around, (id, over), &mut facts, &place, &mut scan);
                }
            }
        }
        scan
    }

    fn place<G: Ground>(
        &self,
        around: &Around<'_, G>,
        (id, over): (&str, Over),
        facts: &mut Facts,
        place: &Place<'_>,
        scan: &mut Scan,
    ) {
        let (item, today) = (place.first.item, Day::of(&around.at, around.ground.offset_min()));
        let mut touched = Touched::nothing();
        touched.item(item, around.ground.item(item).map(|item| item.class));
        let event = Event { touched: &touched, ..event(id, over, &touched) };
        if !self.concerns(&event) {
            scan.looked += 1;
            return;
        }
        put_item(facts, self.wants(), item, around.ground);
        let age = i64::from(today.number()) - i64::from(place.oldest.number());
        put!(facts, self.wants(), "stock.age_days", age.max(0));
        if over == Over::Places {
            put!(facts, self.wants(), "stock.on_hand", place.quantity);
            if let Some(value) = place.value {
                put!(facts, self.wants(), "stock.value", value);
            }
        }
        // Where history knows of no move, the stock is as idle as it is old.
        put!(facts, self.wants(), "stock.idle_days", age.max(0));
        let at = (over == Over::Places).then_some(place.first.place);
        let asking = Asking::Item { item, place: at, coming: None };
        around.history.put(facts, self.wants(), asking, around.at.wall_us);
        scan.add(self.ask(&event, facts));
    }
}

fn event<'e>(id: &'e str, over: Over, touched: &'e Touched<'e>) -> Event<'e> {
    let trigger = RuleTrigger::Schedule;
    Event { trigger, on: id, over, movement: None, document: None, touched }
}

impl<'l> Place<'l> {
    fn new(first: StockLayer<'l>) -> Self {
        Self { first, quantity: first.quantity, value: first.value, oldest: first.day }
    }

    fn take(&mut self, layer: &StockLayer<'_>) {
        self.quantity = self.quantity.saturating_add(layer.quantity);
        self.value = self.value.zip(layer.value).map(|(one, other)| one.saturating_add(other));
        self.oldest = self.oldest.min(layer.day);
    }
}
