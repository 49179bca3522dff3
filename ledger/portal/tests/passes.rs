//! When passes open and close, what belongs to them, and what is told of those without tags.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use common::{at, settings};
use gatewarden_model::pass::Doubtful;
use gatewarden_model::{
    Direction, Hash, PassClosing, PassId, PassOpening, SessionId, Stamp, Thing, Trust,
};
use gatewarden_portal::{Input, Portal, PortalSettings, Settled, TagSeen, Taken, Zone};
use gatewarden_simulators::portal::{Plot, Report, SceneOptions, scene};
use uuid::Uuid;

const SECOND: u64 = 1_000_000;
const START: u64 = 100 * SECOND;

fn mint() -> PassId {
    PassId(Uuid::from_u128(7))
}

fn tag(serial: u8, at_us: u64, antenna: u16, rssi_cdbm: i16) -> TagSeen {
    TagSeen {
        at: at(at_us),
        seen_us: None,
        thing: Thing::of_epc(&[0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, serial]),
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

/// Everything that closes within a minute.
fn rest(portal: &mut Portal, from_us: u64) -> Vec<Settled> {
    (0..600).filter_map(|step| portal.poll(at(from_us + step * SECOND / 10))).collect()
}

fn no_beams() -> PortalSettings {
    settings(false)
}

#[test]
fn a_body_without_tags_is_an_empty_pass_with_its_transit() {
    let mut portal = Portal::new(settings(true));
    let beams =
        [(Zone::Outer, true), (Zone::Inner, true), (Zone::Outer, false), (Zone::Inner, false)];
    for (step, (zone, on)) in (0..).zip(beams) {
        portal.input(Input::Beam(zone), on, at(START + step * 200_000), None, mint);
    }
    let passes = rest(&mut portal, START + SECOND);
    assert_eq!(passes.len(), 1);
    assert!(passes[0].pass.is_empty() && passes[0].left.is_empty());
    assert_eq!(
        (passes[0].transits[0].first, passes[0].transits[0].last),
        (Zone::Outer, Zone::Inner)
    );
    let pass = &passes[0].pass;
    assert_eq!((pass.opened_by, pass.closed_by), (PassOpening::Input, PassClosing::Input));
}

#[test]
fn a_broken_beam_keeps_the_pass_open_until_its_longest_duration() {
    let mut portal = Portal::new(settings(true));
    portal.input(Input::Beam(Zone::Outer), true, at(START), None, mint);
    assert_eq!(portal.poll(at(START + 59 * SECOND)), None);
    let settled = portal.poll(at(START + 60 * SECOND)).unwrap();
    assert_eq!(settled.pass.closed_by, PassClosing::Duration);
    // What stands in the door then is still there in the next pass.
    portal.input(Input::Beam(Zone::Inner), true, at(START + 70 * SECOND), None, mint);
    portal.input(Input::Beam(Zone::Outer), false, at(START + 71 * SECOND), None, mint);
    portal.input(Input::Beam(Zone::Inner), false, at(START + 72 * SECOND), None, mint);
    let next = rest(&mut portal, START + 73 * SECOND);
    assert_eq!((next[0].transits[0].first, next[0].transits[0].last), (Zone::Outer, Zone::Inner));
}

#[test]
fn a_gate_and_a_button_open_and_close() {
    let mut portal = Portal::new(no_beams());
    portal.input(Input::Gate, true, at(START), None, mint);
    assert_eq!(portal.poll(at(START + 30 * SECOND)), None, "open as long as it is up");
    portal.input(Input::Gate, false, at(START + 31 * SECOND), None, mint);
    assert_eq!(rest(&mut portal, START + 31 * SECOND).len(), 1);

    portal.input(Input::Button, true, at(START + 100 * SECOND), None, mint);
    portal.input(Input::Button, false, at(START + 100 * SECOND + 1), None, mint);
    assert!(portal.open_pass().is_some());
    portal.input(Input::Button, true, at(START + 101 * SECOND), None, mint);
    let settled = portal.poll(at(START + 101 * SECOND)).unwrap();
    assert_eq!(
        (settled.pass.opened_by, settled.pass.closed_by),
        (PassOpening::Input, PassClosing::Input)
    );
}

#[test]
fn a_near_tag_opens_a_pass_and_a_faint_one_does_not() {
    let mut portal = Portal::new(no_beams());
    assert_eq!(portal.tag(tag(1, START, 1, -7000), None, mint), Taken::First);
    assert_eq!(portal.open_pass(), None);
    assert_eq!(portal.tag(tag(1, START + 1000, 1, -5000), None, mint), Taken::Again);
    assert!(portal.open_pass().is_some());
    let passes = rest(&mut portal, START + SECOND);
    assert_eq!(passes[0].pass.opened_by, PassOpening::FirstRead);
    assert_eq!(passes[0].pass.closed_by, PassClosing::Quiet);
    // It stays in the field: it is told of as lingering, and opens no other pass.
    portal.tag(tag(1, START + 20 * SECOND, 1, -5000), None, mint);
    assert_eq!(portal.open_pass(), None);
    portal.tag(tag(1, START + 51 * SECOND, 1, -5000), None, mint);
    assert!(portal.open_pass().is_some(), "gone for longer than it may linger");
}

#[test]
fn reports_that_come_late_settle_or_are_counted() {
    let mut portal = Portal::new(no_beams());
    portal.tag(tag(1, START, 1, -5000), None, mint);
    let late = TagSeen { seen_us: Some(START + SECOND), ..tag(2, START + 2 * SECOND, 3, -5200) };
    assert_eq!(portal.tag(late, None, mint), Taken::First, "the pass waits for it");
    let settled = rest(&mut portal, START + 2 * SECOND).remove(0);
    let keys =
        settled.pass.doubts.iter().chain(&settled.left).count() + settled.pass.sightings.len();
    assert_eq!(keys, 2);
    let too_late =
        TagSeen { seen_us: Some(START + SECOND), ..tag(3, START + 30 * SECOND, 3, -5200) };
    assert_eq!(portal.tag(too_late, None, mint), Taken::Late);
    assert_eq!(portal.counts(), (1, 0));
}

#[test]
fn what_was_held_opens_no_pass_and_enters_none_that_opened_later() {
    let held = |serial, now_us, seen_us| TagSeen {
        seen_us: Some(seen_us),
        ..tag(serial, now_us, 1, -5000)
    };
    let mut portal = Portal::new(no_beams());
    let early = START + 10 * SECOND;
    assert_eq!(portal.tag(held(1, START + 30 * SECOND, early), None, mint), Taken::Late);
    assert_eq!(portal.open_pass(), None);
    // A pass of now: what was seen before it and what led to it is not its.
    portal.tag(tag(2, START + 31 * SECOND, 1, -5000), None, mint);
    assert_eq!(portal.tag(held(3, START + 32 * SECOND, early), None, mint), Taken::Late);
    assert_eq!(portal.tag(held(2, START + 32 * SECOND, early), None, mint), Taken::Known);
    let settled = rest(&mut portal, START + 32 * SECOND).remove(0);
    let seen = settled.pass.seen().chain(settled.left.iter().map(|doubt| &doubt.sighting));
    assert_eq!(seen.map(|s| s.first.mono_us).collect::<Vec<_>>(), [START + 31 * SECOND]);
    // A batch of some seconds is the pass that it was, from its first read on.
    let later = START + 100 * SECOND;
    for step in 0..10 {
        let seen_us = later - 4 * SECOND + step * SECOND / 3;
        portal.tag(held(5 + u8::try_from(step).unwrap(), later + step, seen_us), None, mint);
    }
    let settled = rest(&mut portal, later + SECOND);
    assert_eq!((settled.len(), settled[0].pass.opened.mono_us), (1, later - 4 * SECOND));
    assert_eq!(settled[0].pass.seen().count() + settled[0].left.len(), 10);
}

#[test]
fn what_a_pass_posts_is_the_same_whenever_its_reads_are_told() {
    /// How long reads are gathered before they are told.
    const BATCH_US: u64 = 1_000_000;
    for seed in 1..40 {
        let drawn = scene(seed, SceneOptions::default());
        let told = |batch_us: u64| {
            // Beams at once, reads in batches: each as old as it is.
            let due = |report: &Report| match report {
                Report::Read { at_us, .. } => at_us.div_ceil(batch_us.max(1)) * batch_us.max(1),
                Report::Beam { .. } => report.at_us(),
            };
            let mut reports: Vec<_> = drawn.reports.iter().collect();
            reports.sort_by_key(|report| due(report));
            let (mut portal, mut passes, mut end) = (Portal::new(settings(true)), vec![], 0);
            for report in reports {
                let now = at(due(report) + START);
                end = now.mono_us;
                match *report {
                    Report::Read { at_us, tag, antenna, rssi_cdbm } => {
                        let seen = common::seen(&drawn, tag, at_us + START, antenna, rssi_cdbm);
                        portal.tag(
                            TagSeen { at: now, seen_us: Some(at_us + START), ..seen },
                            None,
                            mint,
                        );
                    }
                    Report::Beam { outer, broken, .. } => {
                        let zone = if outer { Zone::Outer } else { Zone::Inner };
                        portal.input(Input::Beam(zone), broken, now, None, mint);
                    }
                }
                passes.extend(portal.poll(now));
            }
            passes.extend(rest(&mut portal, end));
            let mut posted: Vec<_> = passes
                .iter()
                .flat_map(|settled| &settled.pass.sightings)
                .map(|s| (s.thing.key.clone(), s.direction, s.first.mono_us, s.last.mono_us))
                .collect();
            posted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
            posted
        };
        let (at_once, late) = (told(1), told(BATCH_US));
        let posted = |all: &[(String, Direction, u64, u64)]| {
            all.iter().map(|(key, way, first, _)| (key.clone(), *way, *first)).collect::<Vec<_>>()
        };
        assert_eq!(posted(&at_once), posted(&late), "seed {seed}");
        // Only what the last batch told may come after the pass is over.
        let apart = at_once.iter().zip(&late).map(|(a, b)| a.3.abs_diff(b.3)).max();
        assert!(apart <= Some(BATCH_US), "seed {seed}: {apart:?} microseconds");
    }
}

#[test]
fn a_pass_belongs_to_the_session_of_all_its_reads() {
    let session = SessionId(Uuid::from_u128(1));
    let pass = |second: Option<SessionId>| {
        let mut portal = Portal::new(no_beams());
        portal.tag(tag(1, START, 1, -5000), Some(session), mint);
        portal.tag(tag(2, START + 1000, 1, -5000), second, mint);
        rest(&mut portal, START + SECOND).remove(0).pass.session
    };
    assert_eq!(pass(Some(session)), Some(session));
    assert_eq!(pass(None), None);
}

#[test]
fn too_many_tags_and_another_boot_are_told() {
    let mut portal = Portal::new(PortalSettings { things_max: 2, ..no_beams() });
    for serial in 1..=2 {
        portal.tag(tag(serial, START, 1, -5000), None, mint);
    }
    assert_eq!(portal.tag(tag(3, START, 1, -5000), None, mint), Taken::Overflow);
    let reboot = Stamp { boot: Uuid::from_u128(9), ..at(5) };
    assert_eq!(portal.poll(reboot).unwrap().pass.closed_by, PassClosing::Interrupted);
    let after = TagSeen { at: reboot, ..tag(4, START, 1, -5000) };
    assert_eq!(portal.tag(after, None, mint), Taken::First, "not late: its clock began anew");
}

/// A straight pass of a drawn pallet, whatever `change` makes of each read and each beam's place.
fn straight(change: impl Fn(TagSeen) -> TagSeen, swapped: bool) -> (Settled, usize) {
    let drawn = (1..).map(|seed| scene(seed, SceneOptions::default()));
    let drawn = drawn.filter(|s| s.plot == Plot::Straight).find(|s| s.fates.len() > 20).unwrap();
    let (mut portal, mut passes) = (Portal::new(settings(true)), vec![]);
    for report in &drawn.reports {
        let now = at(report.at_us() + START);
        match *report {
            Report::Read { at_us, tag, antenna, rssi_cdbm } => {
                let seen = common::seen(&drawn, tag, at_us + START, antenna, rssi_cdbm);
                portal.tag(change(seen), None, mint);
            }
            Report::Beam { outer, broken, .. } => {
                let zone = if outer != swapped { Zone::Outer } else { Zone::Inner };
                portal.input(Input::Beam(zone), broken, now, None, mint);
            }
        }
        passes.extend(portal.poll(now));
    }
    passes.extend(rest(&mut portal, START + 100 * SECOND));
    assert_eq!(passes.len(), 1);
    let usual = common::play(&drawn, settings(true))[0].pass.sightings.len();
    (passes.remove(0), usual)
}

fn doubts(settled: &Settled, why: Doubtful) -> usize {
    settled.pass.doubts.iter().filter(|doubt| doubt.why == why).count()
}

#[test]
fn a_suspect_is_never_posted_by_itself() {
    let (settled, usual) = straight(|seen| TagSeen { suspect: true, ..seen }, false);
    assert!(usual > 0 && settled.pass.sightings.is_empty());
    assert_eq!(doubts(&settled, Doubtful::Suspect), usual, "all that are posted otherwise");
}

#[test]
fn beams_against_antennas_are_a_doubt_and_not_a_direction() {
    let (settled, usual) = straight(|seen| seen, true);
    assert!(usual > 0 && settled.pass.sightings.is_empty());
    assert_eq!(doubts(&settled, Doubtful::Direction), usual);
}

/// What was read of a tag's chip stays with it, the longest of what is the same.
#[test]
fn a_tag_keeps_what_was_read_of_its_chip() {
    let tid = |text: &str| gatewarden_model::Tid::parse(text).unwrap();
    let (long, short) = (tid("E2801160600002054C3AB1C7"), tid("E28011606000"));
    let mut portal = Portal::new(no_beams());
    for (step, chip) in (0..).zip([None, Some(&short), Some(&long), Some(&short), None]) {
        let seen = TagSeen { tid: chip.cloned(), ..tag(1, START + step * 100_000, 1, -4500) };
        portal.tag(seen, None, mint);
    }
    assert_eq!(portal.heard().next().unwrap().tid, Some(long));
}
