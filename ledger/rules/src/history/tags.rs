//! Tags that were seen at two places sooner than they can get from one to the other.
//!
//! Invariants: at most [`TAGS_MAX`] tags, those dropped first that were not seen for longest; a pass is held
//! against what was seen before it.

use std::collections::{HashMap, VecDeque};

use gatewarden_model::{Pass, PassId, StationId};

use super::HistorySettings;

/// Most tags that are remembered.
const TAGS_MAX: usize = 100_000;

/// A tag at two places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TwoPlaces {
    pub(super) tag: String,
    pub(super) other: StationId,
    pub(super) apart_s: i64,
}

#[derive(Debug, Clone)]
struct Seen {
    at: i64,
    station: StationId,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Tags {
    tags: HashMap<String, Seen>,
    order: VecDeque<(i64, String)>,
    /// What the last pass was found to be.
    last: Option<(PassId, TwoPlaces)>,
    lost: Option<i64>,
}

impl Tags {
    pub(super) fn overflow(&self) -> bool {
        self.lost.is_some()
    }

    /// Whether a tag may be missing of those that could still be at two places.
    pub(super) fn lost(&self, now: i64, settings: &HistorySettings) -> bool {
        self.lost.is_some_and(|at| now.saturating_sub(at) < longest_us(settings))
    }

    pub(super) fn seen(&mut self, pass: &Pass, at: i64, settings: &HistorySettings) {
        if self.last.as_ref().is_some_and(|(id, _)| *id != pass.id) {
            self.last = None;
        }
        let longest = longest_us(settings);
        self.forget(at - longest);
        for sighting in &pass.sightings {
            let key = &sighting.thing.key;
            if let Some(found) = self.apart(key, pass, sighting.first.wall_us, settings) {
                self.last.get_or_insert((pass.id, found));
            }
            self.keep(key, &pass.station, sighting.last.wall_us);
        }
    }

    fn apart(
        &self,
        key: &str,
        pass: &Pass,
        first: i64,
        settings: &HistorySettings,
    ) -> Option<TwoPlaces> {
        let seen = self.tags.get(key).filter(|seen| seen.station != pass.station)?;
        let needed = needed_s(&seen.station, &pass.station, settings);
        let apart_s = (first - seen.at).div_euclid(1_000_000);
        let soon = apart_s.abs() < i64::from(needed);
        soon.then(|| TwoPlaces { tag: key.to_owned(), other: seen.station.clone(), apart_s })
    }

    fn keep(&mut self, key: &str, station: &StationId, at: i64) {
        let seen = Seen { at, station: station.clone() };
        if let Some(known) = self.tags.get_mut(key) {
            *known = seen;
        } else {
            self.tags.insert(key.to_owned(), seen);
        }
        self.order.push_back((at, key.to_owned()));
        while self.tags.len() > TAGS_MAX || self.order.len() > TAGS_MAX * 2 {
            match self.drop_oldest() {
                None => break,
                Some(true) => self.lost = self.lost.max(Some(at)),
                Some(false) => {}
            }
        }
    }

    fn forget(&mut self, before: i64) {
        while self.order.front().is_some_and(|(at, _)| *at < before) {
            self.drop_oldest();
        }
    }

    /// Drops the oldest line; whether its tag is forgotten with it, and none where there is no line.
    fn drop_oldest(&mut self) -> Option<bool> {
        let (at, key) = self.order.pop_front()?;
        // Seen again since: a later line of the order stands for it.
        let forgotten = self.tags.get(&key).is_some_and(|seen| seen.at <= at);
        if forgotten {
            self.tags.remove(&key);
        }
        Some(forgotten)
    }

    /// What was found of a pass, where it is the last that was taken.
    pub(super) fn of_last(&self, pass: PassId) -> Option<&TwoPlaces> {
        self.last.as_ref().filter(|(id, _)| *id == pass).map(|(_, found)| found)
    }
}

fn needed_s(one: &StationId, other: &StationId, settings: &HistorySettings) -> u32 {
    let way = settings.ways.iter().find(|way| {
        (way.from == *one && way.to == *other) || (way.from == *other && way.to == *one)
    });
    way.map_or(settings.travel_s, |way| way.s)
}

/// How long the longest way takes: for so long a tag is remembered.
pub(super) fn longest_us(settings: &HistorySettings) -> i64 {
    let ways = settings.ways.iter().map(|way| way.s);
    i64::from(ways.chain([settings.travel_s]).max().unwrap_or(0)) * 1_000_000
}
