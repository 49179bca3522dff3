//! What is remembered, as facts; what would be wrong is put as not told, with the reason.

use std::collections::BTreeSet;

use gatewarden_model::{ItemId, Movement, OperatorId, PassId};

use super::{
    History, US_AN_HOUR,
    quarantine::Oldest,
    split, tags,
    turns::{self, Turn, turn},
};
use crate::{
    facts::{Facts, Untold},
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
            Asking::Pass(pass) => self.put_two_places(facts, wants, pass, now_us),
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
        if let Some(why) = self.split_untold(wants, now_us) {
            put!(facts, wants, "history.near_limit_amount", why);
            put!(facts, wants, "history.near_limit_count", why);
            put!(facts, wants, "history.near_limit_quantity", why);
            put!(facts, wants, "history.split_key", why);
        } else if wants.split() {
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
        self.put_accuracy(facts, wants, &movement.operator);
        if wants.prices() {
            let items: BTreeSet<&ItemId> = movement.lines.iter().map(|line| &line.item).collect();
            self.put_prices(facts, wants, items.into_iter(), now_us);
        }
        if let Some(pass) = movement.pass.filter(|_| wants.tags()) {
            self.put_two_places(facts, wants, pass, now_us);
        }
    }

    /// Why nothing is told of windows that begin so long before now.
    fn untold(&self, now_us: i64, span_us: i64, lost: bool) -> Option<Untold> {
        if self.since_us > now_us.saturating_sub(span_us) {
            return Some(Untold::NotRead);
        }
        lost.then_some(Untold::Overflow)
    }

    fn split_untold(&self, wants: &Wants, now_us: i64) -> Option<Untold> {
        let lost = self.split.lost(now_us, &self.settings);
        self.untold(now_us, split::span_us(&self.settings), lost).filter(|_| wants.split())
    }

    fn put_item(
        &self,
        facts: &mut Facts,
        wants: &Wants,
        (item, place, coming): (&ItemId, Option<&str>, Option<&Movement>),
        now_us: i64,
    ) {
        if wants.turns() {
            self.put_turns(facts, wants, item, coming, now_us);
        }
        if wants.prices() {
            self.put_prices(facts, wants, std::iter::once(item), now_us);
        }
        if wants.idle() {
            self.put_idle(facts, wants, item, place, now_us);
        }
        put_some!(facts, wants, "stock.place", place);
    }

    fn put_turns(
        &self,
        facts: &mut Facts,
        wants: &Wants,
        item: &ItemId,
        coming: Option<&Movement>,
        now_us: i64,
    ) {
        let lost = self.turns.lost(now_us, &self.settings);
        if let Some(why) = self.untold(now_us, turns::span_us(&self.settings), lost) {
            put!(facts, wants, "history.in_count", why);
            put!(facts, wants, "history.in_out_count", why);
            put!(facts, wants, "history.out_count", why);
            return;
        }
        let (mut ins, mut outs) = self.turns.count(item, now_us, &self.settings);
        let lines = coming.iter().flat_map(|movement| &movement.lines);
        let ways = lines.filter(|line| line.item == *item);
        let (mut is_in, mut is_out) = (false, false);
        for way in ways.filter_map(|line| turn(&line.from, &line.to)) {
            (is_in, is_out) = (is_in || way == Turn::In, is_out || way == Turn::Out);
        }
        (ins, outs) = (ins + i64::from(is_in), outs + i64::from(is_out));
        put!(facts, wants, "history.in_count", ins);
        put!(facts, wants, "history.in_out_count", ins + outs);
        put!(facts, wants, "history.out_count", outs);
    }

    /// Of stock that it knows no move of nothing is put: it is as idle as it is old, where all was read.
    fn put_idle(
        &self,
        facts: &mut Facts,
        wants: &Wants,
        item: &ItemId,
        place: Option<&str>,
        now_us: i64,
    ) {
        let last = match place {
            Some(place) => self.idle.last(item, place),
            None => self.idle.last_of(item),
        };
        match (last, self.untold(now_us, i64::MAX, self.idle.overflow())) {
            (Some(last), _) => {
                let days = (now_us - last.at_us).max(0) / (24 * US_AN_HOUR);
                put!(facts, wants, "stock.idle_days", days);
            }
            (None, Some(why)) => put!(facts, wants, "stock.idle_days", why),
            (None, None) => {}
        }
    }

    fn put_accuracy(&self, facts: &mut Facts, wants: &Wants, who: &OperatorId) {
        if !wants.accuracy() {
            return;
        }
        if let Some(why) = self.untold(0, i64::MAX, self.accuracy.overflow()) {
            put!(facts, wants, "history.accuracy", why);
            put!(facts, wants, "history.accuracy_before", why);
            put!(facts, wants, "history.accuracy_samples", why);
            put!(facts, wants, "history.accuracy_trend", why);
            return;
        }
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
        let span = self.price_us();
        let lost = self.prices.lost(now_us, span);
        let (mut last, mut missing) = (None, lost);
        for item in items {
            match self.prices.last(item).filter(|change| now_us - change.at < span) {
                Some(change) => last = last.into_iter().chain([change]).max_by_key(|c| c.at),
                None => missing = true,
            }
        }
        // A change may be one against what it cost before any moment.
        if let Some(why) = self.untold(now_us, i64::MAX, lost).filter(|_| missing) {
            put!(facts, wants, "history.price_by", why);
            put!(facts, wants, "history.price_changed_h", why);
            put!(facts, wants, "history.price_delta", why);
            return;
        }
        let Some(last) = last else { return };
        put_some!(facts, wants, "history.price_by", last.by.as_ref().map(OperatorId::as_str));
        put!(facts, wants, "history.price_changed_h", (now_us - last.at).max(0) / US_AN_HOUR);
        put!(facts, wants, "history.price_delta", last.permille);
    }

    fn put_two_places(&self, facts: &mut Facts, wants: &Wants, pass: PassId, now_us: i64) {
        let found = self.tags.of_last(pass);
        let Some(found) = found else {
            let lost = self.tags.lost(now_us, &self.settings);
            match self.untold(now_us, tags::longest_us(&self.settings), lost) {
                Some(why) => put!(facts, wants, "history.two_places", why),
                None => put!(facts, wants, "history.two_places", false),
            }
            return;
        };
        put!(facts, wants, "history.two_places", true);
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
        let (pass, since) = match self.quarantine.oldest() {
            Oldest::None => return,
            Oldest::Pass(pass, since) => (pass, since),
            Oldest::NotRemembered => {
                put!(facts, wants, "history.quarantine_age_h", Untold::Overflow);
                put!(facts, wants, "history.quarantine_pass", Untold::Overflow);
                return;
            }
        };
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
