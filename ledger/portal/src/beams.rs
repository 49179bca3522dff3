//! What two photo-eyes tell: transits of bodies, by which side they came and left.
//!
//! A transit lasts from the first broken beam until both are clear. Its first side is the beam that
//! was broken first, its last side the one that was clear last: unequal is through, equal is in and
//! back. A body may carry goods one way and come back without them: beams tell of bodies, not of tags.

use crate::Zone;

/// Transits of one pass; further ones lengthen the last.
pub const TRANSITS_MAX: usize = 64;

/// One body in the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transit {
    /// When the first beam broke, microseconds of the monotonic clock.
    pub from_us: u64,
    /// When the last one was clear, or as far as is known.
    pub to_us: u64,
    /// Which beam broke first.
    pub first: Zone,
    /// Which beam was clear last.
    pub last: Zone,
    /// Whether each beam was broken; with only one, one of them may be blind.
    pub both: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Beams {
    broken: [bool; 2],
    transits: Vec<Transit>,
}

impl Beams {
    /// A beam changed.
    pub(crate) fn change(&mut self, zone: Zone, broken: bool, at_us: u64) {
        let was_clear = self.is_clear();
        self.broken[zone.index()] = broken;
        if was_clear && broken {
            let both = false;
            let transit = Transit { from_us: at_us, to_us: at_us, first: zone, last: zone, both };
            if self.transits.len() < TRANSITS_MAX {
                self.transits.push(transit);
                return;
            }
        }
        let Some(transit) = self.transits.last_mut() else { return };
        transit.to_us = at_us.max(transit.to_us);
        transit.last = zone;
        transit.both |= zone != transit.first;
    }

    /// Whether nothing stands in the door.
    pub(crate) fn is_clear(&self) -> bool {
        self.broken == [false, false]
    }

    /// The transits so far; what stands in the door goes on in the next pass.
    pub(crate) fn take(&mut self, now_us: u64) -> Vec<Transit> {
        let taken = std::mem::take(&mut self.transits);
        if let (false, Some(last)) = (self.is_clear(), taken.last()) {
            self.transits.push(Transit { from_us: now_us, ..*last });
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::Beams;
    use crate::Zone::{self, Inner, Outer};

    fn ends(changes: &[(Zone, bool)]) -> Vec<(Zone, Zone, bool)> {
        let mut beams = Beams::default();
        for (at, (zone, broken)) in (0..).zip(changes) {
            beams.change(*zone, *broken, at);
        }
        beams.take(99).iter().map(|t| (t.first, t.last, t.both)).collect()
    }

    #[test]
    fn through_is_unequal_and_back_is_equal() {
        let (o, i) = ((Outer, true), (Inner, true));
        let (oc, ic) = ((Outer, false), (Inner, false));
        assert_eq!(ends(&[o, i, oc, ic]), [(Outer, Inner, true)]);
        assert_eq!(ends(&[i, o, ic, oc]), [(Inner, Outer, true)]);
        assert_eq!(ends(&[o, i, ic, oc]), [(Outer, Outer, true)], "deep, and back");
        assert_eq!(ends(&[o, oc]), [(Outer, Outer, false)], "hardly in, and back");
        assert_eq!(ends(&[o, i, oc, o, ic, i, oc, ic]), [(Outer, Inner, true)], "two as one");
        assert_eq!(ends(&[o, i, oc, ic, i, o, ic, oc]).len(), 2);
    }
}
