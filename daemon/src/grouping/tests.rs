//! What belongs together, what is told late, and that nothing is lost in between.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

use gatewarden_model::{Hash, pass::Doubtful};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn at(ms: u64) -> Stamp {
    Stamp { boot: Uuid::nil(), mono_us: ms * 1000, wall_us: 0, synced: true }
}

/// A door without photo-eyes, whose rules are told as a trace tells them.
fn door() -> Grouping {
    let rules = serde_json::json!({
        "station": "dock", "quiet_ms": 500, "duration_ms_max": 60_000, "linger_ms": 1000,
        "portal": {
            "outer": [["reader", 1]], "inner": [["reader", 2]], "inputs": [], "near_cdbm": -5800,
            "stable_ms": 1000, "settle_ms": 1500, "preroll_ms": 5000, "sure_pct": 80,
        },
    });
    Grouping::new(&serde_json::from_value(rules).unwrap())
}

fn seen(ms: u64, thing: Thing, trust: Trust) -> Seen {
    let meta = ReadMeta {
        device: "reader".parse().unwrap(),
        antenna: Some(1),
        peak_rssi_cdbm: Some(-4500),
        reads: 1,
        tid: None,
        trust,
        evidence: Hash::of(b"frame"),
        ago_us: 0,
    };
    Seen { at: at(ms), thing, meta, suspect: false }
}

#[test]
fn tags_that_do_not_fit_interrupt_the_doors_pass_and_no_scans() {
    let mut grouping = door();
    let mut minted = 0;
    let mut mint = || {
        minted += 1;
        PassId(Uuid::from_u128(minted))
    };
    for n in 0..=u32::try_from(THINGS_MAX).unwrap() {
        let epc = [&[0x30; 8][..], &n.to_be_bytes()].concat();
        grouping.read(seen(10, Thing::of_epc(&epc), Trust::EpcOnly), None, &mut mint);
    }
    let mut scan = Thing::of_epc(&[0x30; 12]);
    scan.key = "text:pallet".to_owned();
    grouping.read(seen(20, scan, Trust::Barcode), None, &mut mint);
    let scanned = grouping.poll(at(600)).unwrap();
    assert_eq!(scanned.pass.sightings.len(), 1);
    assert_eq!((scanned.pass.closed_by, scanned.full_since), (PassClosing::Quiet, None));
    let of_door = grouping.poll(at(70_000)).unwrap();
    assert_eq!(of_door.pass.closed_by, PassClosing::Interrupted);
    assert_eq!(of_door.full_since, Some(at(10)));
    assert!(grouping.poll(at(70_000)).is_none());
}

fn thing(serial: u8) -> Thing {
    Thing::of_epc(&[&[0x30; 11][..], &[serial]].concat())
}

/// The passes of reads: milliseconds of arrival, how long ago, serial.
fn passes(grouping: &mut Grouping, reads: &[(u64, u64, u8)]) -> Vec<Pass> {
    let (mut passes, mut minted) = (vec![], 0);
    let mut mint = || {
        minted += 1;
        PassId(Uuid::from_u128(minted))
    };
    for (ms, ago_ms, serial) in reads {
        let mut one = seen(*ms, thing(*serial), Trust::EpcOnly);
        one.meta.ago_us = ago_ms * 1000;
        grouping.read(one, None, &mut mint);
        while let Some(closed) = grouping.poll(at(*ms)) {
            passes.push(closed.pass);
        }
    }
    let end = reads.last().map_or(0, |read| read.0);
    for step in 1..200 {
        passes.extend(grouping.poll(at(end + step * 500)).map(|closed| closed.pass));
    }
    passes
}

fn window() -> Grouping {
    let rules = serde_json::json!({
        "station": "dock", "quiet_ms": 500, "duration_ms_max": 60_000, "linger_ms": 1000,
        "portal": null,
    });
    Grouping::new(&serde_json::from_value(rules).unwrap())
}

#[test]
fn what_was_held_forms_no_pass_and_is_kept_as_told_late() {
    for mut grouping in [door(), window()] {
        // Three tags, held for twenty seconds and more, told in one go; one is seen again now.
        let held = [(60_000, 25_000, 1), (60_001, 24_000, 2), (60_001, 20_000, 3), (60_002, 0, 3)];
        let passes = passes(&mut grouping, &held);
        let told = |pass: &Pass| {
            let late = pass.doubts.iter().all(|doubt| doubt.why == Doubtful::Late);
            let keys = pass.seen().map(|s| s.thing.key.clone()).collect::<Vec<_>>();
            (late && pass.sightings.is_empty(), keys)
        };
        let late: Vec<&Pass> =
            passes.iter().filter(|pass| told(pass).0 && !pass.is_empty()).collect();
        assert_eq!(late.len(), 1, "{passes:#?}");
        assert_eq!(
            told(late[0]).1,
            [thing(1).key, thing(2).key],
            "the third is in the pass of now"
        );
        assert_eq!(late[0].opened, earlier_than(60_000, 25_000));
        assert_eq!(late[0].doubts[1].sighting.last, earlier_than(60_001, 24_000));
        assert_eq!(late[0].session, None);
        assert_eq!(passes.len(), 2);
    }
}

fn earlier_than(ms: u64, ago_ms: u64) -> Stamp {
    Stamp { wall_us: -i64::try_from(ago_ms * 1000).unwrap(), ..at(ms - ago_ms) }
}

#[test]
fn a_read_that_comes_late_into_its_open_pass_stands_there_at_its_time() {
    for mut grouping in [door(), window()] {
        let passes = passes(&mut grouping, &[(60_000, 0, 1), (60_400, 0, 2), (60_800, 700, 3)]);
        assert_eq!(passes.len(), 1, "{passes:#?}");
        let third = passes[0].seen().find(|s| s.thing.key == thing(3).key);
        // The door may judge it a stray: then it is counted.
        if let Some(third) = third {
            assert_eq!(third.first.mono_us, 60_100_000);
        }
        assert_eq!(passes[0].seen().count() + passes[0].strays as usize, 3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn every_read_is_in_one_pass_or_told_late_and_none_in_a_pass_that_opened_after_it(
        steps in prop::collection::vec((0..4000u64, prop_oneof![Just(0u64), 0..90_000u64], 0..12u8), 1..60),
        at_door: bool,
    ) {
        let mut ms = 100_000;
        let reads: Vec<_> = steps.iter().map(|(after, ago, serial)| {
            ms += after;
            (ms, *ago, *serial)
        }).collect();
        let make = || if at_door { door() } else { window() };
        let passes = passes(&mut make(), &reads);
        for pass in &passes {
            let late = pass.doubts.iter().any(|doubt| doubt.why == Doubtful::Late);
            prop_assert!(!late || pass.sightings.is_empty() && pass.session.is_none());
            let preroll_us = if at_door { 5_000_000 } else { 500_000 };
            for seen in pass.seen() {
                prop_assert!(seen.first.mono_us + preroll_us >= pass.opened.mono_us);
                prop_assert!(seen.last.mono_us <= pass.closed.mono_us);
            }
        }
        let mut heard: Vec<u8> = reads.iter().map(|read| read.2).collect();
        heard.sort_unstable();
        heard.dedup();
        let keys: std::collections::BTreeSet<_> =
            passes.iter().flat_map(Pass::seen).map(|s| s.thing.key.clone()).collect();
        let strays: usize = passes.iter().map(|pass| pass.strays as usize).sum();
        prop_assert!(keys.len() + strays >= heard.len(), "{} + {strays} < {}", keys.len(), heard.len());
    }
}
