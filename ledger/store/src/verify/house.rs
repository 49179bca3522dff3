//! The things of which more is known than the entry that they left with: those in the house, and those
//! that were bound to their item by hand. Each is kept in some 60 bytes: names that many share as
//! numbers, and of its key only a digest, since the newest entry about it has the key itself.
//!
//! Invariant: what is put is what is taken. Two keys under one digest of 128 bits, made under the random
//! key of the run, do not happen. Absent: what has left (`things`), and the comparison.

use std::{collections::HashMap, hash::Hash};

use gatewarden_model::{ItemId, Location, Tid};
use gatewarden_stock::ThingFacts;

use super::digest::RowKeys;

/// The map is cut into so many pieces, because one that grows is held twice for a moment.
const PIECES: usize = 64;

/// Stands for no name.
const NONE: u32 = 0;

/// Set beside the sequence of a thing that is commissioned.
const COMMISSIONED: u64 = 1 << 63;

/// A digest of a key, in halves, so that it need not be aligned.
type Short = [u64; 2];

/// What is known of a thing; the names are places in `Names`, from 1.
#[derive(Debug, Clone, Copy)]
struct Kept {
    item: u32,
    lot: u32,
    place: u32,
    has_own: bool,
    seq: u64,
}

/// What a thing shares with few others.
#[derive(Debug)]
struct Own {
    serial: Option<String>,
    tid: Option<Tid>,
    unit: Option<String>,
}

/// Names that many things share.
#[derive(Debug)]
struct Names<T> {
    list: Vec<T>,
    places: HashMap<T, u32>,
}

impl<T: Hash + Eq + Clone> Names<T> {
    fn new() -> Self {
        Self { list: Vec::new(), places: HashMap::new() }
    }

    /// The number of a name; none where there are too many.
    fn number(&mut self, name: Option<&T>) -> Option<u32> {
        let Some(name) = name else { return Some(NONE) };
        if let Some(known) = self.places.get(name) {
            return Some(*known);
        }
        self.list.push(name.clone());
        let number = u32::try_from(self.list.len()).ok()?;
        self.places.insert(name.clone(), number);
        Some(number)
    }

    fn name(&self, number: u32) -> Option<T> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        self.list.get(at).cloned()
    }
}

/// See the file's header.
#[derive(Debug)]
pub(super) struct House {
    keys: RowKeys,
    pieces: Vec<HashMap<Short, Kept>>,
    own: HashMap<Short, Own>,
    items: Names<ItemId>,
    lots: Names<String>,
    places: Names<Location>,
}

impl House {
    pub(super) fn new(keys: RowKeys) -> Self {
        Self {
            keys,
            pieces: (0..PIECES).map(|_| HashMap::new()).collect(),
            own: HashMap::new(),
            items: Names::new(),
            lots: Names::new(),
            places: Names::new(),
        }
    }

    fn short(&self, key: &str) -> Short {
        let hash = self.keys.hash(key);
        #[allow(clippy::cast_possible_truncation)] // The lower half.
        [hash as u64, (hash >> 64) as u64]
    }

    fn piece(&mut self, short: Short) -> &mut HashMap<Short, Kept> {
        &mut self.pieces[(short[0] >> 32) as usize % PIECES]
    }

    /// Keeps what is known of a thing. Gives it back where that can't be said in numbers.
    #[must_use]
    pub(super) fn put(&mut self, key: &str, facts: ThingFacts) -> Option<ThingFacts> {
        let numbers = (
            self.items.number(facts.item.as_ref()),
            self.lots.number(facts.lot.as_ref()),
            self.places.number(facts.place.as_ref()),
        );
        let (Some(item), Some(lot), Some(place)) = numbers else { return Some(facts) };
        if facts.seq & COMMISSIONED != 0 {
            return Some(facts);
        }
        let ThingFacts { serial, tid, unit, commissioned, seq, .. } = facts;
        let has_own = serial.is_some() || tid.is_some() || unit.is_some();
        let seq = if commissioned { seq | COMMISSIONED } else { seq };
        let short = self.short(key);
        if has_own {
            self.own.insert(short, Own { serial, tid, unit });
        }
        self.piece(short).insert(short, Kept { item, lot, place, has_own, seq });
        None
    }

    /// Takes a thing out.
    pub(super) fn take(&mut self, key: &str) -> Option<ThingFacts> {
        let short = self.short(key);
        let kept = self.piece(short).remove(&short)?;
        Some(self.facts(short, kept))
    }

    fn facts(&mut self, short: Short, kept: Kept) -> ThingFacts {
        let own = self.own.remove(&short).filter(|_| kept.has_own);
        let Own { serial, tid, unit } = own.unwrap_or(Own { serial: None, tid: None, unit: None });
        ThingFacts {
            item: self.items.name(kept.item),
            lot: self.lots.name(kept.lot),
            serial,
            tid,
            place: self.places.name(kept.place),
            unit,
            commissioned: kept.seq & COMMISSIONED != 0,
            seq: kept.seq & !COMMISSIONED,
        }
    }

    /// All things in the order of the newest entries about them: each with that entry's sequence
    /// and what tells its key.
    pub(super) fn all(&self) -> Vec<(u64, Digest)> {
        let kept = self.pieces.iter().flat_map(HashMap::iter);
        let mut all: Vec<(u64, Digest)> =
            kept.map(|(short, kept)| (kept.seq & !COMMISSIONED, Digest(*short))).collect();
        all.sort_unstable();
        all
    }

    /// Whether a digest is that of a key.
    pub(super) fn is_of(&self, digest: Digest, key: &str) -> bool {
        self.short(key) == digest.0
    }
}

/// What stands for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Digest(Short);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    #[test]
    fn what_is_put_is_taken_once() {
        let mut house = House::new(RowKeys::new());
        let plain = ThingFacts {
            item: Some("M-1".parse().unwrap()),
            lot: None,
            serial: None,
            tid: None,
            place: Some("wh1/dock".parse().unwrap()),
            unit: None,
            commissioned: false,
            seq: 7,
        };
        let bound = ThingFacts {
            lot: Some("L1".to_owned()),
            serial: Some("9".to_owned()),
            tid: Some("E2801160".parse().unwrap()),
            unit: Some("(00)1".to_owned()),
            commissioned: true,
            seq: 8,
            place: None,
            ..plain.clone()
        };
        assert_eq!(house.put("a", plain.clone()), None);
        assert_eq!(house.put("b", bound.clone()), None);
        let told = house.all();
        assert_eq!(told.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [7, 8]);
        assert!(house.is_of(told[0].1, "a") && !house.is_of(told[0].1, "b"));
        assert_eq!(house.take("b"), Some(bound));
        assert_eq!(house.take("b"), None);
        assert_eq!(house.take("a"), Some(plain));
        assert!(house.own.is_empty());
    }

    #[test]
    fn a_thing_takes_little() {
        assert_eq!(size_of::<(Short, Kept)>(), 40);
    }
}
