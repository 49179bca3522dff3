//! The tags before the antennas, and how single reads of them go: round robin over the visible
//! tags, with seeded misses and RSSI jitter. Absent: collisions, Gen2 sessions and their
//! persistence, movement (the test moves tags by setting another field).

use std::sync::Arc;

use super::filter::Filters;
use crate::Seed;

/// The most tags a field holds; more are cut off by `SimReader::set_field`, which says so.
pub const FIELD_TAGS_MAX: usize = 100_000;

/// One tag as a test puts it before an antenna.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimTag {
    /// The EPC memory from bit 20h: whole words, at most 62 bytes.
    pub epc: Vec<u8>,
    /// The one antenna port that sees it, from 1.
    pub antenna: u16,
    /// Its RSSI before jitter, in dBm.
    pub rssi_dbm: i8,
}

/// One successful read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) epc: Arc<[u8]>,
    pub(super) antenna: u16,
    pub(super) rssi_dbm: i8,
    pub(super) at_us: u64,
}

#[derive(Debug)]
pub(super) struct Field {
    tags: Vec<(Arc<[u8]>, u16, i8)>,
    next: usize,
    seed: Seed,
    unplugged: Vec<u16>,
    pub(super) miss_percent: u8,
    pub(super) jitter_db: u8,
}

impl Field {
    pub(super) fn new(seed: u64, miss_percent: u8, jitter_db: u8) -> Self {
        Self {
            tags: Vec::new(),
            next: 0,
            seed: Seed::new(seed),
            unplugged: Vec::new(),
            miss_percent,
            jitter_db,
        }
    }

    pub(super) fn set(&mut self, tags: Vec<SimTag>) {
        let kept = tags.into_iter().take(FIELD_TAGS_MAX);
        self.tags = kept.map(|tag| (tag.epc.into(), tag.antenna, tag.rssi_dbm)).collect();
        self.next = 0;
    }

    /// Plugs an antenna in or out. True where that changed anything.
    pub(super) fn plug(&mut self, antenna: u16, connected: bool) -> bool {
        let before = self.unplugged.len();
        self.unplugged.retain(|port| *port != antenna);
        let was_connected = self.unplugged.len() == before;
        if !connected {
            self.unplugged.push(antenna);
        }
        was_connected != connected
    }

    pub(super) fn is_plugged(&self, antenna: u16) -> bool {
        !self.unplugged.contains(&antenna)
    }

    /// How many tags `antennas` see.
    pub(super) fn visible(&self, antennas: &[u16]) -> usize {
        self.tags.iter().filter(|(_, antenna, _)| self.sees(antennas, *antenna)).count()
    }

    fn sees(&self, antennas: &[u16], antenna: u16) -> bool {
        antennas.contains(&antenna) && self.is_plugged(antenna)
    }

    /// Everything in the field as if read once at `at_us`, without chance.
    pub(super) fn all(&self, at_us: u64) -> Vec<Seen> {
        let seen = |(epc, antenna, rssi_dbm): &(Arc<[u8]>, u16, i8)| Seen {
            epc: Arc::clone(epc),
            antenna: *antenna,
            rssi_dbm: *rssi_dbm,
            at_us,
        };
        self.tags.iter().map(seen).collect()
    }

    /// The EPC of a tag was written.
    pub(super) fn rename(&mut self, old: &[u8], new: &[u8]) {
        for (epc, ..) in self.tags.iter_mut().filter(|(epc, ..)| **epc == *old) {
            *epc = new.into();
        }
    }

    /// One try to read the next tag that `antennas` see; `None` is a miss or an empty field.
    pub(super) fn attempt(
        &mut self,
        antennas: &[u16],
        filters: &Filters,
        at_us: u64,
    ) -> Option<Seen> {
        let count = self.tags.len();
        let from = self.next;
        let mut order = (0..count).map(|step| (from + step) % count);
        let found = order
            .find(|&at| self.sees(antennas, self.tags[at].1) && filters.select(&self.tags[at].0))?;
        self.next = (found + 1) % count;
        let (epc, antenna, rssi) = &self.tags[found];
        let (epc, antenna, rssi) = (Arc::clone(epc), *antenna, i32::from(*rssi));
        // Both numbers are drawn for every try, so that a miss does not shift the jitter.
        let missed = self.seed.chance(self.miss_percent);
        let rssi = rssi + self.seed.jitter(self.jitter_db);
        let rssi_dbm = i8::try_from(rssi.clamp(-128, 127)).unwrap_or(i8::MIN);
        (!missed).then_some(Seen { epc, antenna, rssi_dbm, at_us })
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Filters, SimTag};

    fn field(miss_percent: u8) -> Field {
        let mut field = Field::new(11, miss_percent, 3);
        let tag = |n: u8| SimTag { epc: vec![n; 12], antenna: u16::from(n % 2) + 1, rssi_dbm: -60 };
        field.set((0..10).map(tag).collect());
        field
    }

    #[test]
    fn every_visible_tag_comes_round_and_no_other() {
        let mut field = field(0);
        assert_eq!((field.visible(&[1]), field.visible(&[1, 2]), field.visible(&[3])), (5, 10, 0));
        let round: Vec<u8> = (0..6)
            .filter_map(|_| field.attempt(&[2], &Filters::default(), 0))
            .map(|seen| seen.epc[0])
            .collect();
        assert_eq!(round, [1, 3, 5, 7, 9, 1]);
        assert_eq!(field.attempt(&[4], &Filters::default(), 0), None);
        assert!(field.plug(2, false) && !field.plug(2, false));
        assert_eq!(
            (field.visible(&[1, 2]), field.attempt(&[2], &Filters::default(), 0)),
            (5, None)
        );
        assert!(field.plug(2, true) && field.is_plugged(2));
    }

    #[test]
    fn misses_keep_their_share_and_the_jitter_its_spread() {
        let mut field = field(30);
        let seen: Vec<_> =
            (0..10_000).filter_map(|at| field.attempt(&[1, 2], &Filters::default(), at)).collect();
        assert!((6_700..7_300).contains(&seen.len()), "{} of 10000 reads, seed 11", seen.len());
        assert!(seen.iter().all(|seen| (-63..=-57).contains(&seen.rssi_dbm)));
    }
}
