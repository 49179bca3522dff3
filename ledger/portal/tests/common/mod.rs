//! Lets our portal decide scenes of the simulators.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use gatewarden_model::{Direction, Hash, PassClosing, PassId, Stamp, Thing, Trust};
use gatewarden_portal::{Input, Portal, PortalSettings, Settled, TagSeen, Zone};
use gatewarden_simulators::portal::{Outcome, Report, Scene, Verdict, Way};
use uuid::Uuid;

/// A stamp at so many microseconds.
pub(crate) fn at(us: u64) -> Stamp {
    Stamp { boot: Uuid::nil(), mono_us: us, wall_us: i64::try_from(us).unwrap(), synced: true }
}

/// A portal with two antennas either side.
pub(crate) fn settings(beams: bool) -> PortalSettings {
    let zone = |antenna| if antenna <= 2 { Zone::Outer } else { Zone::Inner };
    let zones = (1..=4).map(|a| (("reader".parse().unwrap(), a), zone(a))).collect();
    let settings = PortalSettings::new("dock".parse().unwrap(), zones);
    PortalSettings { beams, ..settings }
}

/// What a report of a scene is to the portal.
pub(crate) fn seen(scene: &Scene, tag: usize, at_us: u64, antenna: u16, rssi_cdbm: i16) -> TagSeen {
    TagSeen {
        at: at(at_us),
        seen_us: None,
        thing: Thing::of_epc(&scene.epc(tag)),
        device: "reader".parse().unwrap(),
        antenna,
        rssi_cdbm: Some(rssi_cdbm),
        reads: 1,
        tid: None,
        trust: Trust::EpcOnly,
        suspect: false,
        evidence: Hash::of(b"frame"),
    }
}

/// All passes of a scene.
pub(crate) fn play(scene: &Scene, settings: PortalSettings) -> Vec<Settled> {
    const LATER_US: u64 = 1_000_000_000;
    let (mut portal, mut passes, mut minted) = (Portal::new(settings), vec![], 0u128);
    for report in &scene.reports {
        let now = at(report.at_us() + LATER_US);
        let mint = || {
            minted += 1;
            PassId(Uuid::from_u128(minted))
        };
        match *report {
            Report::Read { at_us, tag, antenna, rssi_cdbm } => {
                portal.tag(seen(scene, tag, at_us + LATER_US, antenna, rssi_cdbm), None, mint);
            }
            Report::Beam { outer, broken, .. } => {
                let zone = if outer { Zone::Outer } else { Zone::Inner };
                portal.input(Input::Beam(zone), broken, now, None, mint);
            }
        }
        passes.extend(portal.poll(now));
    }
    let end = at(scene.reports.last().map_or(0, Report::at_us) + LATER_US + 100_000_000);
    portal.close(end, PassClosing::Interrupted);
    passes.extend(portal.poll(end));
    passes
}

/// What our portal decides of the tags of a scene.
pub(crate) fn decide(scene: &Scene, settings: PortalSettings) -> Vec<Outcome> {
    let keys = 0..scene.fates.len();
    let tags: BTreeMap<String, usize> =
        keys.map(|tag| (Thing::of_epc(&scene.epc(tag)).key, tag)).collect();
    let mut outcomes = vec![];
    for settled in play(scene, settings) {
        let posted = settled.pass.sightings.iter().map(|s| (s, Verdict::Posted(way(s.direction))));
        let doubted = settled.pass.doubts.iter().map(|d| (&d.sighting, Verdict::Doubted));
        let left = settled.left.iter().map(|d| (&d.sighting, Verdict::Left));
        for (sighting, verdict) in posted.chain(doubted).chain(left) {
            outcomes.push(Outcome { tag: tags[&sighting.thing.key], verdict });
        }
    }
    outcomes
}

fn way(direction: Direction) -> Option<Way> {
    match direction {
        Direction::In => Some(Way::In),
        Direction::Out => Some(Way::Out),
        Direction::Unknown => None,
    }
}
