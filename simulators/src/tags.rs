//! Tags before the antennas of a simulated reader that tells them by itself, round by round, and the time of day as
//! readers write it. Seeded: the same field gives the same rounds.

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Seed;
use crate::door::lock;
use crate::llrp::{FIELD_TAGS_MAX, SimTag};

/// How much a strength varies from round to round, in dB either way.
const JITTER_DB: u8 = 1;

/// What stands before the antennas.
#[derive(Debug)]
pub(crate) struct Tags(Mutex<State>);

#[derive(Debug)]
struct State {
    field: Vec<SimTag>,
    seed: Seed,
    miss_percent: u8,
}

impl Tags {
    pub(crate) fn new(seed: u64, miss_percent: u8) -> Self {
        Self(Mutex::new(State { field: Vec::new(), seed: Seed::new(seed), miss_percent }))
    }

    /// All of them; those before are gone, and those beyond [`FIELD_TAGS_MAX`] too.
    pub(crate) fn set(&self, mut field: Vec<SimTag>) {
        field.truncate(FIELD_TAGS_MAX);
        lock(&self.0).field = field;
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.0).field.len()
    }

    /// What a round sees.
    pub(crate) fn round(&self) -> Vec<SimTag> {
        let State { field, seed, miss_percent } = &mut *lock(&self.0);
        let mut seen = Vec::new();
        for tag in field.iter().filter(|_| !seed.chance(*miss_percent)).collect::<Vec<_>>() {
            let rssi = i32::from(tag.rssi_dbm) + seed.jitter(JITTER_DB);
            let rssi_dbm = i8::try_from(rssi).unwrap_or(tag.rssi_dbm);
            seen.push(SimTag { rssi_dbm, ..tag.clone() });
        }
        seen
    }
}

/// Upper-case digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Now in UTC, with milliseconds and without the offset: `2026-09-07T12:29:55.456`.
pub(crate) fn now() -> String {
    told(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis()))
}

fn told(unix_ms: u128) -> String {
    let ms = i64::try_from(unix_ms).unwrap_or(0);
    let (days, of_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    // Days since 1970 to a date (H. Hinnant, civil_from_days).
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (d, m) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let y = yoe + era * 400 + i64::from(m <= 2);
    let (s, ms) = (of_day / 1_000, of_day % 1_000);
    format!("{y:04}-{m:02}-{d:02}T{:02}:{:02}:{:02}.{ms:03}", s / 3_600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_the_same_for_the_same_seed_and_a_time_is_a_date() {
        let tag = |n: u8| SimTag { epc: vec![n; 12], antenna: 1, rssi_dbm: -50 };
        let rounds = || {
            let tags = Tags::new(7, 30);
            tags.set((0..50).map(tag).collect());
            (0..5).map(|_| tags.round()).collect::<Vec<_>>()
        };
        assert_eq!(rounds(), rounds());
        let seen = rounds().concat().len();
        assert!((130..220).contains(&seen), "{seen} of 250 at 30 percent lost");
        assert_eq!(told(1_612_304_315_499), "2021-02-02T22:18:35.499");
    }
}
