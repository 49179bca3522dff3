//! When and where a group was heard, and how well a track fits that.
//!
//! Goods on a pallet move as one: each tag is heard by each antenna when the others are, give or take
//! the length of the pallet. What is elsewhere is heard at other times, or by other antennas.

use std::collections::BTreeMap;

use crate::{
    shape::signed,
    track::{LANES, Track},
};

/// One step of a profile.
const SLOT_US: u64 = 200_000;

/// What a group's near tags make of each lane over time, in thousandths of the lane's most.
pub(crate) type Profile = BTreeMap<u64, [u64; LANES]>;

/// Adds a track to a profile that is not yet normal.
pub(crate) fn pour(profile: &mut Profile, track: &Track) {
    for bin in track.bins_from(0) {
        // Smoothed over two steps either side: a pallet is as long as that.
        for (step, share) in [(0, 1), (1, 2), (2, 3), (3, 2), (4, 1)] {
            let slot = profile.entry((bin.at_us / SLOT_US + step).saturating_sub(2)).or_default();
            (0..LANES).for_each(|lane| slot[lane] += share * u64::from(bin.power[lane]));
        }
    }
}

/// Makes each lane's most 1000.
pub(crate) fn normal(mut profile: Profile) -> Profile {
    let most = profile.values().fold([1; LANES], |most: [u64; LANES], slot| {
        std::array::from_fn(|lane| most[lane].max(slot[lane]))
    });
    for slot in profile.values_mut() {
        *slot = std::array::from_fn(|lane| slot[lane] * 1000 / most[lane]);
    }
    profile
}

/// How well a track fits a profile: the profile's mean at its reads, in thousandths.
pub(crate) fn fit(track: &Track, profile: &Profile) -> i64 {
    let (mut sum, mut all) = (0, 0);
    for bin in track.bins_from(0) {
        let slot = profile.get(&(bin.at_us / SLOT_US)).copied().unwrap_or_default();
        for (weight, level) in bin.weight.iter().zip(slot) {
            sum += u64::from(*weight) * level;
            all += u64::from(*weight);
        }
    }
    signed(sum).checked_div(signed(all)).unwrap_or(0)
}
