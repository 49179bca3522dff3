//! What is compared: the location rule of EdgeX and a plain time-out dedupe.
//!
//! EdgeX (app-rfid-llrp-inventory): per tag and location a ring of 20 RSSI values; the tag moves if at
//! least 2 reads came at the new one and mean(new) > mean(old) + min(threshold, slope * (t_ref -
//! last_read_old) + threshold - slope * holdoff); defaults 6 dB, -0.008 dB/ms, 500 ms. Outside and
//! inside are its two locations; what changed its location and ended at another than it began is posted.
//! Plain: every tag once, directed by the sides of its first and last read.

use std::collections::{BTreeMap, VecDeque};

use super::{Outcome, Report, Scene, Verdict, Way};

const RING: usize = 20;
const THRESHOLD_DB: f64 = 6.0;
const SLOPE_DB_PER_MS: f64 = -0.008;
const HOLDOFF_MS: f64 = 500.0;

#[derive(Default)]
struct Tag {
    /// Outside and inside: values and last read in milliseconds.
    rings: [(VecDeque<f64>, f64); 2],
    first: usize,
    place: usize,
}

/// The rule of EdgeX.
#[must_use]
pub fn edgex(scene: &Scene) -> Vec<Outcome> {
    let mut tags: BTreeMap<usize, Tag> = BTreeMap::new();
    for (at_us, tag, antenna, rssi) in reads(scene) {
        #[allow(clippy::cast_precision_loss, reason = "microseconds of one scene")]
        let now = at_us as f64 / 1000.0;
        let at = usize::from(!Report::is_outer(antenna));
        let known =
            tags.entry(tag).or_insert_with(|| Tag { first: at, place: at, ..Tag::default() });
        let (ring, last) = &mut known.rings[at];
        ring.push_back(f64::from(rssi) / 100.0);
        if ring.len() > RING {
            ring.pop_front();
        }
        *last = now;
        if at != known.place && moves(&known.rings[at].0, &known.rings[known.place], now) {
            known.place = at;
        }
    }
    let outcome = |(tag, known): (usize, Tag)| {
        let verdict = match (known.first, known.place) {
            (0, 1) => Verdict::Posted(Some(Way::In)),
            (1, 0) => Verdict::Posted(Some(Way::Out)),
            _ => Verdict::Left,
        };
        Outcome { tag, verdict }
    };
    tags.into_iter().map(outcome).collect()
}

fn moves(new: &VecDeque<f64>, old: &(VecDeque<f64>, f64), now: f64) -> bool {
    if new.len() < 2 || old.0.is_empty() {
        return false;
    }
    let weighted = SLOPE_DB_PER_MS * (now - old.1) + THRESHOLD_DB - SLOPE_DB_PER_MS * HOLDOFF_MS;
    mean(new) > mean(&old.0) + THRESHOLD_DB.min(weighted)
}

fn mean(ring: &VecDeque<f64>) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "at most 20")]
    let count = ring.len() as f64;
    ring.iter().sum::<f64>() / count
}

/// Every tag once.
#[must_use]
pub fn plain_dedupe(scene: &Scene) -> Vec<Outcome> {
    let mut tags: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
    for (_, tag, antenna, _) in reads(scene) {
        let outer = Report::is_outer(antenna);
        tags.entry(tag).and_modify(|(_, last)| *last = outer).or_insert((outer, outer));
    }
    let outcome = |(tag, sides): (usize, (bool, bool))| {
        let way = match sides {
            (true, false) => Some(Way::In),
            (false, true) => Some(Way::Out),
            _ => None,
        };
        Outcome { tag, verdict: Verdict::Posted(way) }
    };
    tags.into_iter().map(outcome).collect()
}

fn reads(scene: &Scene) -> impl Iterator<Item = (u64, usize, u16, i16)> + '_ {
    scene.reports.iter().filter_map(|report| match *report {
        Report::Read { at_us, tag, antenna, rssi_cdbm } => Some((at_us, tag, antenna, rssi_cdbm)),
        Report::Beam { .. } => None,
    })
}
