//! How often an item came into the building and went out of it lately.

use gatewarden_model::{ItemId, Location, Movement};

use super::{
    HistorySettings, US_AN_HOUR,
    window::{Window, told},
};

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    In,
    Out,
}

/// Which way a line goes; none where it stays in the building or never was in it. What is in transit between
/// two places of the building has not left it.
pub(super) fn turn(from: &Location, to: &Location) -> Option<Turn> {
    let inside = |place: &Location| matches!(place.virtual_kind(), None | Some("transit"));
    match (inside(from), inside(to)) {
        (false, true) => Some(Turn::In),
        (true, false) => Some(Turn::Out),
        _ => None,
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Turns {
    /// Ins and outs.
    items: Window<ItemId, 2>,
}

impl Turns {
    pub(super) fn overflow(&self) -> bool {
        self.items.overflow()
    }

    /// Whether counts at `now` would be too low.
    pub(super) fn lost(&self, now: i64, settings: &HistorySettings) -> bool {
        self.items.lost(now, span_us(settings))
    }

    pub(super) fn moved(&mut self, movement: &Movement, at: i64, settings: &HistorySettings) {
        use gatewarden_model::MovementKind::{Adjustment, Count};
        if matches!(movement.kind, Count | Adjustment) {
            return;
        }
        let span = span_us(settings);
        for (position, line) in movement.lines.iter().enumerate() {
            let Some(way) = turn(&line.from, &line.to) else { continue };
            // A movement with several lines of one item is one time.
            let earlier = &movement.lines[..position];
            let same = |other: &&gatewarden_model::MovementLine| {
                other.item == line.item && turn(&other.from, &other.to) == Some(way)
            };
            if earlier.iter().rev().take(SAME_LOOKED_AT_MAX).find(same).is_none() {
                let once = [i128::from(way == Turn::In), i128::from(way == Turn::Out)];
                self.items.put(&line.item, at, once, span);
            }
        }
    }

    /// Ins and outs of an item lately.
    pub(super) fn count(&self, item: &ItemId, now: i64, settings: &HistorySettings) -> (i64, i64) {
        let [ins, outs] = self.items.lately(item, now, span_us(settings));
        (told(ins), told(outs))
    }
}

/// How long a turn counts.
pub(super) fn span_us(settings: &HistorySettings) -> i64 {
    i64::from(settings.turn_h) * US_AN_HOUR
}

/// How many lines before are looked at for the same item.
const SAME_LOOKED_AT_MAX: usize = 16;
