//! Which locks a group takes: pure. Two groups that touch the same stock of any lane never run at once;
//! those that touch other items or other places do.
//!
//! The grain: an item at a place, a thing, a lot, a handling unit, each alone; an item as a whole where
//! its past changes; the whole ledger where items are defined or a period is closed, and where a group
//! would need more locks than the server should hold for it. They are taken in one order by all.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Body, Entry, Hash, ItemId, MovementLine};
use gatewarden_stock::{Site, Stock, Wants};

use crate::projection::movement;

/// Locks of one group; beyond it the group takes the whole ledger.
const LOCKS_MAX: usize = 1000;

/// The locks of one group.
#[derive(Debug, Default)]
pub(super) struct Locks {
    wants: Wants,
    /// Lots that the group tells something new about.
    told: BTreeSet<(ItemId, String)>,
    /// The whole ledger.
    all: bool,
    /// Nothing of the stock is touched.
    idle: bool,
}

impl Locks {
    /// As far as the entries alone tell.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut wants = Wants::default();
        entries.iter().for_each(|entry| wants.merge(Stock::wants_of(entry)));
        let all = entries.iter().any(is_news);
        let idle = !all && wants.is_empty();
        let told = entries.iter().filter_map(movement).flat_map(|m| &m.lines).filter(|line| {
            // What comes in may be told of for the first time; anything else is found out later.
            line.expires.is_some() || !line.from.holds_stock()
        });
        let lot = |line: &MovementLine| Some((line.item.clone(), line.lot.clone()?));
        Self { told: told.filter_map(lot).collect(), wants, all, idle }
    }

    /// Whether nothing of the stock is touched.
    pub(super) fn idle(&self) -> bool {
        self.idle
    }

    /// Adds what turned out to be needed; whether anything of it was not locked yet.
    pub(super) fn add(&mut self, more: &Wants) -> bool {
        let before = self.count();
        self.wants.merge(more.clone());
        !self.all && self.count() > before
    }

    /// Adds lots that the group writes; whether any of them was only locked for reading.
    pub(super) fn add_told(&mut self, lots: impl Iterator<Item = (ItemId, String)>) -> bool {
        let before = self.told.len();
        self.told.extend(lots);
        !self.all && self.told.len() > before
    }

    /// Each key, and whether nobody else may hold it; in the order in which they are taken.
    pub(super) fn keys(&self) -> (Vec<i64>, Vec<bool>) {
        let mut keys = BTreeMap::new();
        if self.idle {
            return (vec![], vec![]);
        }
        if self.all || self.count() > LOCKS_MAX {
            return (vec![key("ledger", &[])], vec![true]);
        }
        let mut add = |key, exclusive| *keys.entry(key).or_insert(false) |= exclusive;
        add(key("ledger", &[]), false);
        for Site { item, location } in &self.wants.sites {
            add(key("item", &[item.as_str()]), false);
            add(key("site", &[item.as_str(), location.as_str()]), true);
        }
        for item in &self.wants.histories {
            add(key("item", &[item.as_str()]), true);
        }
        for lot in &self.wants.lots {
            add(key("lot", &[lot.0.as_str(), &lot.1]), self.told.contains(lot));
        }
        self.wants.things.iter().for_each(|thing| add(key("thing", &[thing]), true));
        self.wants.units.iter().for_each(|unit| add(key("unit", &[unit]), true));
        for id in &self.wants.movements {
            add(key("movement", &[&id.to_string()]), true);
        }
        keys.into_iter().unzip()
    }

    fn count(&self) -> usize {
        let Wants { sites, things, lots, units, movements, histories } = &self.wants;
        let stock = sites.len() + things.len() + lots.len() + units.len();
        stock + movements.len() + histories.len()
    }
}

/// Whether every gateway must know of an entry.
pub(super) fn is_news(entry: &Entry) -> bool {
    matches!(entry.body, Body::ItemDefined { .. } | Body::PeriodClosed { .. })
}

/// A lock's number. Two names that get the same one only wait for each other needlessly.
fn key(kind: &str, parts: &[&str]) -> i64 {
    let text = [&["gatewarden", kind], parts].concat().join("\0");
    let [a, b, c, d, e, f, g, h, ..] = Hash::of(text.as_bytes()).0;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]
    use super::*;

    fn site(item: &str, location: &str) -> Site {
        Site { item: item.parse().unwrap(), location: location.parse().unwrap() }
    }

    fn locks(sites: &[Site], histories: &[&str]) -> BTreeMap<i64, bool> {
        let histories = histories.iter().map(|item| item.parse().unwrap()).collect();
        let sites = sites.iter().cloned().collect();
        let wants = Wants { sites, histories, ..Wants::default() };
        let (keys, exclusive) = Locks { wants, ..Locks::default() }.keys();
        assert!(keys.is_sorted(), "taken in one order by all");
        keys.into_iter().zip(exclusive).collect()
    }

    /// Whether two groups would wait for each other.
    fn meet(a: &BTreeMap<i64, bool>, b: &BTreeMap<i64, bool>) -> bool {
        a.iter().any(|(key, mine)| b.get(key).is_some_and(|theirs| *mine || *theirs))
    }

    #[test]
    fn only_the_same_item_at_the_same_place_contends() {
        let dock = locks(&[site("A", "wh1/dock")], &[]);
        assert!(meet(&dock, &dock));
        assert!(!meet(&dock, &locks(&[site("A", "wh1/rack")], &[])));
        assert!(!meet(&dock, &locks(&[site("B", "wh1/dock")], &[])));
        assert!(meet(&dock, &locks(&[site("A", "wh1/rack")], &["A"])), "the past of all of A");
        assert!(!meet(&dock, &locks(&[site("B", "wh1/dock")], &["B"])));
    }

    #[test]
    fn a_huge_group_and_news_take_the_whole_ledger() {
        let sites: Vec<Site> = (0..=LOCKS_MAX).map(|n| site("A", &format!("wh1/b{n}"))).collect();
        let huge = locks(&sites, &[]);
        assert_eq!(huge.len(), 1);
        assert!(meet(&huge, &locks(&[site("Z", "wh9")], &[])));
        let (keys, exclusive) = Locks { all: true, ..Locks::default() }.keys();
        assert_eq!((keys.len(), exclusive), (1, vec![true]));
    }
}
