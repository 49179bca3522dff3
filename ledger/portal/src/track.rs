//! What is kept of one tag: a few numbers and a bounded history of how strongly either half heard it.

use gatewarden_model::{DeviceId, Hash, Stamp, Thing, Tid, TidFit, Trust};

use crate::smooth::Smoother;

/// Steps of one track's history; when they are used up, two become one and each lasts twice as long.
const BINS_MAX: usize = 64;
/// How long a step is at first.
const BIN_US: u64 = 100_000;
/// What no reader hears: weights count from here, in hundredths of a dBm.
const FLOOR_CDBM: i16 = -8000;
/// RSSI where a reader tells none.
const UNTOLD_CDBM: i16 = -6500;

/// A portal's antennas as far as they are told apart: outer first and others, inner first and others.
pub(crate) const LANES: usize = 4;

/// One step: reads, their weight (dB above the floor) and that squared, by lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Bin {
    pub(crate) at_us: u64,
    pub(crate) reads: [u32; LANES],
    pub(crate) weight: [u32; LANES],
    pub(crate) power: [u32; LANES],
}

impl Bin {
    /// Outer and inner, of something by lane.
    pub(crate) fn halves(by_lane: [u32; LANES]) -> [u64; 2] {
        let [a, b, c, d] = by_lane.map(u64::from);
        [a + b, c + d]
    }
}

/// One tag.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    pub(crate) thing: Thing,
    pub(crate) device: DeviceId,
    pub(crate) antenna: u16,
    pub(crate) first: Stamp,
    pub(crate) last: Stamp,
    pub(crate) reads: u32,
    pub(crate) peak_cdbm: Option<i16>,
    pub(crate) tid: Option<Tid>,
    pub(crate) trust: Trust,
    pub(crate) suspect: bool,
    pub(crate) evidence: Hash,
    pub(crate) smooth: Smoother,
    /// When it was last heard near, if ever.
    pub(crate) near_us: Option<u64>,
    bins: Vec<Bin>,
    bin_us: u64,
}

/// One read as a track takes it.
pub(crate) struct Heard {
    pub(crate) seen: Stamp,
    /// One of `LANES`.
    pub(crate) lane: Option<usize>,
    pub(crate) antenna: u16,
    pub(crate) rssi_cdbm: Option<i16>,
    pub(crate) reads: u32,
    pub(crate) near: bool,
}

impl Track {
    pub(crate) fn new(
        thing: Thing,
        device: DeviceId,
        trust: Trust,
        evidence: Hash,
        at: Stamp,
    ) -> Self {
        Self {
            thing,
            device,
            antenna: 0,
            first: at,
            last: at,
            reads: 0,
            peak_cdbm: None,
            tid: None,
            trust,
            suspect: false,
            evidence,
            smooth: Smoother::default(),
            near_us: None,
            bins: vec![],
            bin_us: BIN_US,
        }
    }

    /// Takes a TID that was read. One of another chip makes the tag suspect: one of the two is a copy.
    pub(crate) fn chip(&mut self, read: Option<Tid>) {
        let Some(read) = read else { return };
        match self.tid.as_ref().map(|known| known.fit(&read)) {
            None | Some(TidFit::Same) => self.tid = Some(read),
            Some(TidFit::Short) => {}
            Some(TidFit::Other) => self.suspect = true,
        }
    }

    /// Takes one read; they may come out of order.
    pub(crate) fn hear(&mut self, heard: &Heard) {
        let at_us = heard.seen.mono_us;
        if self.reads == 0 || at_us < self.first.mono_us {
            self.first = heard.seen;
        }
        if at_us > self.last.mono_us {
            self.last = heard.seen;
        }
        self.reads = self.reads.saturating_add(heard.reads);
        if self.antenna == 0 || heard.rssi_cdbm > self.peak_cdbm {
            (self.antenna, self.peak_cdbm) = (heard.antenna, heard.rssi_cdbm);
        }
        self.smooth.read(at_us);
        if heard.near {
            self.near_us = self.near_us.max(Some(at_us));
        }
        let rssi = heard.rssi_cdbm.unwrap_or(UNTOLD_CDBM);
        let db = u32::try_from(rssi.saturating_sub(FLOOR_CDBM) / 100).unwrap_or(0).max(1);
        if let Some(lane) = heard.lane.filter(|lane| *lane < LANES) {
            self.put(at_us, lane, db, heard.reads);
        }
    }

    fn put(&mut self, at_us: u64, lane: usize, db: u32, reads: u32) {
        let at_us = at_us - at_us % self.bin_us;
        let place = match self.bins.binary_search_by_key(&at_us, |bin| bin.at_us) {
            Ok(place) => place,
            Err(place) => {
                self.bins.insert(place, Bin { at_us, ..Bin::default() });
                place
            }
        };
        let bin = &mut self.bins[place];
        let add = |to: &mut u32, what: u32| *to = to.saturating_add(what.saturating_mul(reads));
        add(&mut bin.reads[lane], 1);
        add(&mut bin.weight[lane], db);
        add(&mut bin.power[lane], db * db);
        while self.bins.len() > BINS_MAX {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.bin_us = self.bin_us.saturating_mul(2);
        let mut coarse: Vec<Bin> = Vec::with_capacity(BINS_MAX);
        for bin in self.bins.drain(..) {
            let at_us = bin.at_us - bin.at_us % self.bin_us;
            match coarse.last_mut().filter(|last| last.at_us == at_us) {
                Some(last) => {
                    for lane in 0..LANES {
                        last.reads[lane] = last.reads[lane].saturating_add(bin.reads[lane]);
                        last.weight[lane] = last.weight[lane].saturating_add(bin.weight[lane]);
                        last.power[lane] = last.power[lane].saturating_add(bin.power[lane]);
                    }
                }
                None => coarse.push(Bin { at_us, ..bin }),
            }
        }
        self.bins = coarse;
    }

    /// Its steps from then on.
    pub(crate) fn bins_from(&self, from_us: u64) -> &[Bin] {
        let start = self.bins.partition_point(|bin| bin.at_us + self.bin_us <= from_us);
        &self.bins[start..]
    }

    /// Forgets what was heard before, as far as it is known by steps.
    pub(crate) fn trim(&mut self, from_us: u64) {
        let gone = self.bins.len() - self.bins_from(from_us).len();
        if gone == 0 {
            return;
        }
        self.bins.drain(..gone);
        self.reads = self.bins.iter().flat_map(|bin| bin.reads).fold(0, u32::saturating_add).max(1);
        let first_us = self.bins.first().map_or(self.last.mono_us, |bin| bin.at_us);
        let by = first_us.saturating_sub(self.first.mono_us);
        self.first = later(self.first, by);
    }
}

/// A stamp moved forward on both clocks.
pub(crate) fn later(at: Stamp, by_us: u64) -> Stamp {
    let wall_us = at.wall_us.saturating_add(i64::try_from(by_us).unwrap_or(i64::MAX));
    Stamp { mono_us: at.mono_us.saturating_add(by_us), wall_us, ..at }
}

/// A stamp moved back on both clocks.
pub(crate) fn earlier(at: Stamp, by_us: u64) -> Stamp {
    let wall_us = at.wall_us.saturating_sub(i64::try_from(by_us).unwrap_or(i64::MAX));
    Stamp { mono_us: at.mono_us.saturating_sub(by_us), wall_us, ..at }
}
