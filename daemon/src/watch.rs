//! The eye on clones and replays, one for all stations: what `gatewarden_portal::Guard` finds, in words.
//!
//! An alarm marks the read, so that a portal never posts it by itself, and is recorded as a gap in the
//! evidence, once a thing and kind of alarm in a while ([`TOLD_MAX`]): a copy that lies in the field
//! must not fill the journal. A tag that was faster than the way between two doors is taken out of
//! what its pass posts. Invariants: at stations without a portal only two TIDs of one EPC are told, and
//! that changes nothing else. Absent: holding a TID against the commissioned one, which
//! the engine does for each pass.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use gatewarden_config::Station;
use gatewarden_model::{
    DeviceId, Pass, Read, ReadValue, StationId,
    pass::{Doubt, Doubtful},
};
use gatewarden_portal::{Alarm, Guard, GuardSettings, Told};

/// Alarms that were told and are remembered.
const TOLD_MAX: usize = 4096;

/// The guard of all stations.
pub(crate) type Shared = Arc<Mutex<Guard>>;

/// A guard that knows the ways between the doors.
pub(crate) fn guard(stations: &[Station]) -> Shared {
    let mut ways_ms = BTreeMap::new();
    for station in stations {
        for (to, ms) in station.portal.iter().flat_map(|portal| &portal.ways) {
            ways_ms.insert((station.name.clone(), to.clone()), *ms);
        }
    }
    Arc::new(Mutex::new(Guard::new(GuardSettings { ways_ms, ..GuardSettings::default() })))
}

/// One station's view of it.
pub(crate) struct Watch {
    guard: Shared,
    station: StationId,
    is_door: bool,
    told: BTreeSet<(String, &'static str)>,
}

/// Something wrong, in words for the journal.
pub(crate) struct Found {
    pub(crate) words: String,
}

impl Watch {
    pub(crate) fn new(station: &Station, guard: Shared) -> Self {
        let is_door = station.portal.is_some();
        Self { guard, station: station.name.clone(), is_door, told: BTreeSet::new() }
    }

    /// What is wrong with a read. A read that is suspect comes again and again; it is told once.
    pub(crate) fn read(&mut self, read: &Read, key: &str) -> Alarms {
        let ReadValue::Tag(tag) = &read.value else { return Alarms::default() };
        let told = Told {
            key,
            tid: tag.tid.as_deref(),
            antenna: tag.antenna,
            // Many reports may share a first sight; no two share a last one.
            reader_us: tag.last_seen_us,
            event: None,
            evidence: read.raw,
        };
        let mut alarms = self.lock().read(&read.device, told);
        if !self.is_door {
            // There nothing is judged by time: only that there are two of one counts.
            alarms.retain(|alarm| matches!(alarm, Alarm::TwoTids { .. }));
        }
        let suspect = alarms.iter().any(Alarm::is_suspect);
        let found = alarms.iter().filter_map(|alarm| self.tell(key, alarm)).collect();
        Alarms { found, suspect }
    }

    /// A device's connection began anew.
    pub(crate) fn restarted(&self, device: &DeviceId) {
        self.lock().restarted(device);
    }

    /// Takes out of a pass what can't have been here so soon.
    pub(crate) fn passed(&mut self, pass: &mut Pass) -> Vec<Found> {
        if !self.is_door {
            return vec![];
        }
        let (mut kept, mut found) = (vec![], vec![]);
        for sighting in std::mem::take(&mut pass.sightings) {
            let (key, at_us) = (sighting.thing.key.clone(), sighting.last.mono_us);
            let alarm = self.lock().posted(&key, &self.station, at_us);
            match alarm {
                Some(alarm) => {
                    found.extend(self.tell(&key, &alarm));
                    pass.doubts.push(Doubt { sighting, why: Doubtful::Suspect });
                }
                None => kept.push(sighting),
            }
        }
        pass.sightings = kept;
        found
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&mut self, key: &str, alarm: &Alarm) -> Option<Found> {
        let (kind, words) = words(alarm);
        if self.told.len() >= TOLD_MAX {
            self.told.clear();
        }
        metrics::counter!("gatewarden_alarms_total", "kind" => kind,
            "station" => self.station.to_string())
        .increment(1);
        let is_new = self.told.insert((key.to_owned(), kind));
        is_new.then(|| Found { words: format!("{key}: {words}") })
    }
}

/// What was found of one read.
#[derive(Default)]
pub(crate) struct Alarms {
    /// What is to be told; not what was told before.
    pub(crate) found: Vec<Found>,
    /// Whether it must not be posted by itself.
    pub(crate) suspect: bool,
}

fn words(alarm: &Alarm) -> (&'static str, String) {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    match alarm {
        Alarm::TwoTids { first, second } => (
            "two-tids",
            format!(
                "one EPC, two TIDs ({} and {}): one of the tags is a copy",
                hex(first),
                hex(second)
            ),
        ),
        Alarm::TooFast { from, took_ms, least_ms } => (
            "too-fast",
            format!("was at {from} {took_ms} ms ago; the way takes {least_ms} ms at least"),
        ),
        Alarm::Replayed => ("replayed", "the same read was told before".to_owned()),
        Alarm::ClockBack { by_ms } => {
            ("clock-back", format!("the reader's clock went back by {by_ms} ms"))
        }
        Alarm::NumberBack { expected, got } => {
            ("number-back", format!("event {got} came after {expected}"))
        }
        Alarm::NumberGap { missing } => ("number-gap", format!("{missing} events are missing")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use gatewarden_config::parse;
    use gatewarden_model::{
        Direction, Hash, PassClosing, PassId, PassOpening, Sighting, Stamp, TagRead, Trust,
    };

    use super::*;

    const DOORS: &str = r#"
[gateway]
name = "gw"
[[stations]]
name = "a"
devices = ["ra"]
portal = { outer = [{ reader = "ra", antennas = [1] }], inner = [{ reader = "ra", antennas = [2] }], ways = [{ to = "b", ms = 20000 }] }
[[stations]]
name = "b"
devices = ["rb"]
portal = { outer = [{ reader = "rb", antennas = [1] }], inner = [{ reader = "rb", antennas = [2] }] }
[[devices]]
name = "ra"
kind = "llrp"
address = "a:1"
[[devices]]
name = "rb"
kind = "llrp"
address = "b:1"
"#;

    fn watches() -> (Watch, Watch) {
        let checked = parse(
            std::path::Path::new("g.toml"),
            DOORS.as_bytes(),
            &gatewarden_config::SystemEnvironment,
        );
        let stations = checked.config.unwrap().stations;
        let guard = guard(&stations);
        (Watch::new(&stations[0], guard.clone()), Watch::new(&stations[1], guard))
    }

    fn at(s: u64) -> Stamp {
        Stamp { boot: uuid::Uuid::nil(), mono_us: s * 1_000_000, wall_us: 0, synced: true }
    }

    fn pass(station: &str, s: u64) -> Pass {
        let sighting = Sighting {
            thing: gatewarden_model::Thing::of_epc(&[0x30; 12]),
            device: "ra".parse().unwrap(),
            antenna: None,
            first: at(s),
            last: at(s),
            reads: 1,
            peak_rssi_cdbm: None,
            tid: None,
            trust: Trust::EpcOnly,
            direction: Direction::In,
            confidence_pct: 99,
            evidence: Hash::of(b"frame"),
        };
        Pass {
            id: PassId(uuid::Uuid::nil()),
            station: station.parse().unwrap(),
            opened: at(s),
            closed: at(s + 1),
            opened_by: PassOpening::FirstRead,
            closed_by: PassClosing::Quiet,
            session: None,
            sightings: vec![sighting],
            doubts: vec![],
            strays: 0,
        }
    }

    #[test]
    fn who_is_faster_than_the_way_is_doubted_and_told() {
        for (later_s, too_fast) in [(19, true), (21, false)] {
            let (mut a, mut b) = watches();
            assert!(a.passed(&mut pass("a", 100)).is_empty());
            let mut at_b = pass("b", 100 + later_s);
            let found = b.passed(&mut at_b);
            assert_eq!((found.len() == 1, at_b.sightings.is_empty()), (too_fast, too_fast));
            assert_eq!(at_b.doubts.iter().any(|d| d.why == Doubtful::Suspect), too_fast);
            if too_fast {
                assert!(found[0].words.contains("was at a 19000 ms ago"), "{}", found[0].words);
            }
        }
    }

    #[test]
    fn one_epc_with_two_tids_is_told_once_and_stays_suspect() {
        let (mut a, _) = watches();
        let mut read = |tid: u8, s: u64| {
            let tag =
                TagRead { epc: vec![0x30; 12], tid: Some(vec![tid; 12]), ..TagRead::default() };
            let (device, raw) = ("ra".parse().unwrap(), Hash::of(b"frame"));
            let read = Read { device, at: at(s), value: ReadValue::Tag(tag), raw };
            let alarms = a.read(&read, "key");
            (alarms.found.len(), alarms.suspect)
        };
        assert_eq!(read(1, 1), (0, false));
        assert_eq!(read(2, 2), (1, true));
        assert_eq!(read(2, 3), (0, true), "it is no journal entry each time");
        assert_eq!(read(1, 4), (0, false));
    }
}
