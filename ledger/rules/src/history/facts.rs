//! What is remembered, as facts.

use std::collections::BTreeSet;

use gatewarden_model::{ItemId, Movement, OperatorId, PassId};

use super::{
    History, US_AN_HOUR,
    turns::{Turn, turn},
};
use crate::{
    facts::Facts,
    wants::{Wants, put, put_some},
};

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub enum Asking<'a> {
    /// A movement that is about to be, or was. Where it was not taken yet it is counted in all the same.
    Movement {
        /// Which.
        movement: &'a Movement,
        /// Whether `History::take` had it.
        taken: bool,
    },
    /// An item; of a movement as well where one is given.
    Item {
        /// Which.
        item: &'a ItemId,
        /// At which place, where one is asked about.
        place: Option<&'a str>,
        /// The movement that is not taken yet.
        coming: Option<&'a Movement>,
    },
    /// An operator.
    Operator(&'a OperatorId),
    /// A pass that was just taken.
    Pass(PassId),
    /// The house as a whole.
    House,
}

impl History {
    /// Puts what is remembered of something into facts, as far as it is wanted; `now_us` is the wall clock.
    pub fn put(&self, facts: &mut Facts, wants: &Wants, asking: Asking<'_>, now_us: i64) {
        match asking {
            Asking::Movement { movement, taken } => {
                self.put_movement(facts, wants, movement, taken, now_us);
            }
            Asking::Item { item, place, coming } => {
                self.put_item(facts, wants, (item, place, coming), now_us);
            }
            Asking::Operator(who) => {
                put!(facts, wants, "session.operator", who.as_str());
                self.put_accuracy(facts, wants, who);
            }
            Asking::Pass(pass) => self.put_two_places(facts, wants, pass),
            Asking::House => {}
        }
        self.put_quarantine(facts, wants, now_us);
        put!(facts, wants, "history.overflow", self.overflow());
    }

    fn put_movement(
        &self,
        facts: &mut Facts,
        wants: &Wants,
        movement: &Movement,
        taken: bool,
        now_us: i64,
    ) {
        if wants.split() {
            let mut together = self.split.together(movement, now_us, &self.settings);
            let (amount, quantity) = super::split::worth(movement);
            if !taken && !together.key.is_empty() {
                together.count += 1;
                together.amount = together.amount.saturating_add(amount.unwrap_or(0));
                together.quantity = together.quantity.saturating_add(quantity);
            }
            put!(facts, wants, "history.near_limit_amount", together.amount);
            put!(facts, wants, "history.near_limit_count", together.count);
            put!(facts, wants, "history.near_limit_quantity", together.quantity);
            put!(facts, wants, "history.split_key", together.key);
        }
        if wants.accuracy() {
            self.put_accuracy(facts, wants, &movement.operator);
        }
        if wants.prices() {
            let items: BTreeSet<&ItemId> = movement.lines.iter().map(|line| &line.item).collect();
            self.put_prices(facts, wants, items.into_iter(), now_us);
        }
        if let Some(pass) = movement.pass.filter(|_| wants.tags()) {
            self.put_two_places(facts, wants, pass);
        }
    }

    fn put_item(
        &self,
        facts: &mut Facts,
        wants: &Wants,
        (item, place, coming): (&ItemId, Option<&str>, Option<&Movement>),
        now_us: i64,
    ) {
        if wants.turns() {
            let (mut ins, mut outs) = self.turns.count(item, now_us, &self.settings);
            let lines = coming.iter().flat_map(|movement| &movement.lines);
            let ways =
                lines.filter(|line| line.item == *item).map(|line| turn(&line.from, &line.to));
            let ways: Vec<Turn> = ways.flatten().collect();
            ins += i64::from(ways.contains(&Turn::In));
            outs += i64::from(ways.contains(&Turn::Out));
            put!(facts, wants, "history.in_count", ins);
            put!(facts, wants, "history.in_out_count", ins + outs);
            put!(facts, wants, "history.out_count", outs);
        }
        if wants.prices() {
            self.put_prices(facts, wants, std::iter::once(item), now_us);
        }
        let last = match place {
            Some(place) => self.idle.last(item, place),
            None => self.idle.last_of(item),
        };
        let days = |at: i64| (now_us - at).max(0) / (24 * US_AN_HOUR);
        put_some!(facts, wants, "stock.idle_days", last.map(|last| days(last.at_us)));
        put_some!(facts, wants, "stock.place", place);
    }

    fn put_accuracy(&self, facts: &mut Facts, wants: &Wants, who: &OperatorId) {
        let Some(trend) = self.accuracy.trend(who, &self.settings) else { return };
        put!(facts, wants, "history.accuracy", trend.now);
        put!(facts, wants, "history.accuracy_before", trend.before);
        put!(facts, wants, "history.accuracy_samples", trend.samples);
        put!(facts, wants, "history.accuracy_trend", trend.now - trend.before);
    }

    /// The newest change of a price among items.
    fn put_prices<'i>(
        &self,
        facts: &mut Facts,
        wants: &Wants,
        items: impl Iterator<Item = &'i ItemId>,
        now_us: i64,
    ) {
        let span = i64::from(self.settings.price_h) * US_AN_HOUR;
        let changes = items.filter_map(|item| self.prices.last(item));
        let Some(last) = changes.filter(|c| now_us - c.at < span).max_by_key(|c| c.at) else {
            return;
        };
        put_some!(facts, wants, "history.price_by", last.by.as_ref().map(OperatorId::as_str));
        put!(facts, wants, "history.price_changed_h", (now_us - last.at).max(0) / US_AN_HOUR);
        put!(facts, wants, "history.price_delta", last.permille);
    }

    fn put_two_places(&self, facts: &mut Facts, wants: &Wants, pass: PassId) {
        let found = self.tags.of_last(pass);
        put!(facts, wants, "history.two_places", found.is_some());
        let Some(found) = found else { return };
        put!(facts, wants, "history.two_places_other", found.other.as_str());
        put!(facts, wants, "history.two_places_s", found.apart_s);
        put!(facts, wants, "history.two_places_tag", found.tag.as_str());
    }

    fn put_quarantine(&self, facts: &mut Facts, wants: &Wants, now_us: i64) {
        if !wants.quarantine() {
            return;
        }
        let count = i64::try_from(self.quarantine.len()).unwrap_or(i64::MAX);
        put!(facts, wants, "history.quarantined", count);
        let Some((pass, since)) = self.quarantine.oldest() else { return };
        put!(facts, wants, "history.quarantine_age_h", (now_us - since).max(0) / US_AN_HOUR);
        put!(facts, wants, "history.quarantine_pass", pass.to_string());
    }

    /// The operators of whom there is something to tell, sorted.
    #[must_use]
    pub fn operators(&self) -> Vec<OperatorId> {
        let mut all: Vec<OperatorId> = self.accuracy.operators().cloned().collect();
        all.sort_unstable();
        all
    }

    /// The last move of an item at a place that is no count and no transfer.
    #[must_use]
    pub fn last_move(&self, item: &ItemId, place: &str) -> Option<&super::LastMove> {
        self.idle.last(item, place)
    }
}
