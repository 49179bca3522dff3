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

    pub(super) fn set(&mut self, item: ItemId, place: &str, last: LastMove) {
        let places = self.items.entry(item).or_default();
        if let Some(known) = places.get_mut(place) {
            if last.at_us >= known.at_us {
                *known = last;
            }
            return;
        }
        if self.pairs >= IDLE_PLACES_MAX {
            self.overflow = true;
            return;
        }
        self.pairs += 1;
        places.insert(place.into(), last);
    }

    pub(super) fn moved(&mut self, movement: &Movement, at_us: i64) {
        let fresh = LastMove { at_us, by: Some(movement.operator.clone()) };
        for line in &movement.lines {
            let (from, to) = (&line.from, &line.to);
            let carried = match only_shifts(movement.kind) {
                false => Some(fresh.clone()),
                true if from.holds_stock() => self.last(&line.item, from.as_str()).cloned(),
                true => None,
            };
            for place in [from, to].into_iter().filter(|place| place.holds_stock()) {
                if let Some(last) = &carried {
                    self.set(line.item.clone(), place.as_str(), last.clone());
                }
            }
        }
    }
}
