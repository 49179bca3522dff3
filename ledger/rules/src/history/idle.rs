//! When an item last moved at a place by what is no count and no transfer, and by whom.
//!
//! Invariants: at most [`IDLE_PLACES_MAX`] pairs of item and place; a further one is not remembered, which is
//! told. A transfer carries the last move along: stock that was only moved around is as idle as it was.

use std::{collections::HashMap, sync::Arc};

use gatewarden_model::{ItemId, Movement, MovementKind, OperatorId};

/// Most pairs of item and place.
pub const IDLE_PLACES_MAX: usize = 1 << 20;

/// A last move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastMove {
    /// The wall clock's microsecond.
    pub at_us: i64,
    /// By whom, where it is known.
    pub by: Option<OperatorId>,
}

type Places = HashMap<Arc<str>, LastMove>;

#[derive(Debug, Clone, Default)]
pub(super) struct Idle {
    items: HashMap<ItemId, Places>,
    pairs: usize,
    overflow: bool,
}

/// Whether a kind neither uses stock nor brings any: it only counts or moves around.
fn only_shifts(kind: MovementKind) -> bool {
    matches!(
        kind,
        MovementKind::Count
            | MovementKind::Transfer
            | MovementKind::PutAway
            | MovementKind::StatusChange
            | MovementKind::Pack
            | MovementKind::Unpack
    )
}

impl Idle {
    pub(super) fn overflow(&self) -> bool {
        self.overflow
    }

    pub(super) fn last(&self, item: &ItemId, place: &str) -> Option<&LastMove> {
        self.items.get(item)?.get(place)
    }

    /// The last move of an item anywhere.
    pub(super) fn last_of(&self, item: &ItemId) -> Option<&LastMove> {
        self.items.get(item)?.values().max_by_key(|last| last.at_us)
    }

    fn set(&mut self, item: &ItemId, place: &str, at_us: i64, by: Option<&OperatorId>) {
        if !self.items.contains_key(item) {
            self.items.insert(item.clone(), Places::new());
        }
        let Some(places) = self.items.get_mut(item) else { return };
        if let Some(known) = places.get_mut(place) {
            if at_us >= known.at_us {
                known.at_us = at_us;
                if known.by.as_ref() != by {
                    known.by = by.cloned();
                }
            }
            return;
        }
        if self.pairs >= IDLE_PLACES_MAX {
            self.overflow = true;
            return;
        }
        self.pairs += 1;
        places.insert(place.into(), LastMove { at_us, by: by.cloned() });
    }

    pub(super) fn moved(&mut self, movement: &Movement, at_us: i64) {
        let shifts = only_shifts(movement.kind);
        for line in &movement.lines {
            let places = [&line.from, &line.to].into_iter().filter(|place| place.holds_stock());
            if !shifts {
                for place in places {
                    self.set(&line.item, place.as_str(), at_us, Some(&movement.operator));
                }
            } else if line.from.holds_stock()
                && line.to.holds_stock()
                && let Some(last) = self.last(&line.item, line.from.as_str()).cloned()
            {
                self.set(&line.item, line.to.as_str(), last.at_us, last.by.as_ref());
            }
        }
    }
}
