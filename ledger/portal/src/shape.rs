//! A track in numbers: where it began and ended, which half heard it when, from how many sides.
//!
//! In integers: balances in thousandths (-1000 outer, 1000 inner), times in milliseconds since the
//! origin of the pass. Sums of several tracks say the same of a group.

use crate::track::{Bin, LANES, Track};

/// The beginning and the end of a track.
const END_US: u64 = 1_000_000;
/// Weight of what is not known where a single tag was: so much speaks for neither half.
const UNTOLD: u64 = 40;

/// What a track says, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Its place among the tracks.
    pub(crate) track: usize,
    pub(crate) reads: u32,
    /// Reads in either half.
    pub(crate) heard: [u64; 2],
    pub(crate) peak_cdbm: i16,
    /// Its strongest moment.
    pub(crate) centre_us: u64,
    pub(crate) first_us: u64,
    pub(crate) last_us: u64,
    /// What the weaker antenna of each half heard, of all, in thousandths.
    pub(crate) across: i64,
    /// How far from its strongest moment it was heard, in milliseconds on average.
    pub(crate) spread_ms: u64,
    pub(crate) sums: Sums,
}

/// Sums over one track or many, outer and inner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    start: [u64; 2],
    end: [u64; 2],
    /// Power, and power times milliseconds since the origin.
    power: [u64; 2],
    moment: [u64; 2],
    /// Reads and dB before and after the strongest moment.
    reads: [[u64; 2]; 2],
    db: [[u64; 2]; 2],
}

impl Shape {
    /// `from_us` is the origin of all times of one pass.
    pub(crate) fn of(place: usize, track: &Track, from_us: u64) -> Self {
        let bins = track.bins_from(0);
        let mut sums = Sums::default();
        let ms = |at: u64| at.saturating_sub(from_us) / 1000;
        let (first, last) = match (bins.first(), bins.last()) {
            (Some(first), Some(last)) => (first.at_us, last.at_us),
            _ => (track.first.mono_us, track.last.mono_us),
        };
        let mut heard = [0; 2];
        for bin in bins {
            let (reads, weights) = (Bin::halves(bin.reads), Bin::halves(bin.weight));
            let powers = Bin::halves(bin.power);
            for zone in 0..2 {
                heard[zone] += reads[zone];
                let (weight, power) = (weights[zone], powers[zone]);
                sums.power[zone] += power;
                sums.moment[zone] += power * ms(bin.at_us);
                if bin.at_us < first + END_US {
                    sums.start[zone] += weight;
                }
                if bin.at_us + END_US > last {
                    sums.end[zone] += weight;
                }
            }
        }
        let power = sums.power[0] + sums.power[1];
        let centre = (sums.moment[0] + sums.moment[1]).checked_div(power).unwrap_or(ms(first));
        let (mut away, mut all) = (0, 0);
        for bin in bins {
            let weight: u64 = Bin::halves(bin.weight).iter().sum();
            away += weight * ms(bin.at_us).abs_diff(centre);
            all += weight;
        }
        let spread_ms = away.checked_div(all).unwrap_or(0);
        for bin in bins {
            let half = usize::from(ms(bin.at_us) >= centre);
            for zone in 0..2 {
                sums.reads[half][zone] += Bin::halves(bin.reads)[zone];
                sums.db[half][zone] += Bin::halves(bin.weight)[zone];
            }
        }
        let peak_cdbm = track.peak_cdbm.unwrap_or(i16::MIN);
        Self {
            track: place,
            reads: track.reads,
            heard,
            peak_cdbm,
            centre_us: from_us + centre * 1000,
            first_us: first,
            last_us: last,
            across: across(bins),
            spread_ms,
            sums,
        }
    }
}

/// What the weaker antennas of both halves heard, of all, in thousandths.
fn across(bins: &[Bin]) -> i64 {
    let mut sums = [0u64; LANES];
    for bin in bins {
        (0..LANES).for_each(|lane| sums[lane] += u64::from(bin.weight[lane]));
    }
    let weaker = sums[0].min(sums[1]) + sums[2].min(sums[3]);
    (signed(weaker) * 1000).checked_div(signed(sums.iter().sum::<u64>())).unwrap_or(0)
}

impl Sums {
    pub(crate) fn add(&mut self, other: &Self) {
        for zone in 0..2 {
            self.start[zone] += other.start[zone];
            self.end[zone] += other.end[zone];
            self.power[zone] += other.power[zone];
            self.moment[zone] += other.moment[zone];
            for half in 0..2 {
                self.reads[half][zone] += other.reads[half][zone];
                self.db[half][zone] += other.db[half][zone];
            }
        }
    }

    /// Where it was at its beginning: -1000 outer, 1000 inner.
    pub(crate) fn start(&self) -> i64 {
        balance(self.start, 0)
    }

    /// Where it was at its end.
    pub(crate) fn end(&self) -> i64 {
        balance(self.end, 0)
    }

    /// How far it went from the outer to the inner half, -2000 to 2000; little for few reads.
    pub(crate) fn along(&self) -> i64 {
        balance(self.end, UNTOLD) - balance(self.start, UNTOLD)
    }

    /// By how many milliseconds the inner half's strongest moment came after the outer one's.
    pub(crate) fn order_ms(&self) -> i64 {
        let mean = |zone: usize| self.moment[zone].checked_div(self.power[zone]);
        match (mean(0), mean(1)) {
            (Some(outer), Some(inner)) => signed(inner) - signed(outer),
            _ => 0,
        }
    }

    /// How much RSSI rose at the inner half more than at the outer one, in hundredths of a dB.
    pub(crate) fn trend_cdb(&self) -> i64 {
        let mean = |half: usize, zone: usize| {
            (self.db[half][zone] * 100).checked_div(self.reads[half][zone]).map(signed)
        };
        let rise = |zone: usize| Some(mean(1, zone)? - mean(0, zone)?);
        match (rise(0), rise(1)) {
            (Some(outer), Some(inner)) => inner - outer,
            _ => 0,
        }
    }
}

fn balance([outer, inner]: [u64; 2], untold: u64) -> i64 {
    let sum = signed(outer) + signed(inner) + signed(untold);
    ((signed(inner) - signed(outer)) * 1000).checked_div(sum).unwrap_or(0)
}

/// For differences; what is counted never comes near the bound.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
