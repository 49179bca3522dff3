//! Whatever comes in whatever order, every tag ends in exactly one place, and nothing breaks.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use common::{at, settings};
use gatewarden_model::{Hash, PassClosing, PassId, Thing, Trust};
use gatewarden_portal::{Input, Portal, PortalSettings, Settled, TagSeen, Taken, Zone};
use proptest::prelude::*;
use uuid::Uuid;

#[derive(Debug, Clone)]
enum Step {
    Tag { after_us: u64, ago_us: u64, serial: u8, antenna: u16, rssi: Option<i16>, reads: u32 },
    Input { after_us: u64, input: u8, on: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let after = prop_oneof![0..5_000u64, 0..3_000_000u64, 0..100_000_000u64];
    let rssi =
        prop_oneof![Just(None), (-9000..-2000i16).prop_map(Some), any::<i16>().prop_map(Some)];
    let reads = prop_oneof![1..5u32, any::<u32>()];
    // In time, a batch, and what was held over an outage.
    let ago = prop_oneof![0..100_000u64, 0..4_000_000u64, 0..40_000_000u64];
    let tag = (after.clone(), ago, 0..20u8, 0..7u16, rssi, reads).prop_map(
        |(after_us, ago_us, serial, antenna, rssi, reads)| Step::Tag {
            after_us,
            ago_us,
            serial,
            antenna,
            rssi,
            reads,
        },
    );
    let input = (after, 0..4u8, any::<bool>()).prop_map(|(after_us, input, on)| Step::Input {
        after_us,
        input,
        on,
    });
    prop_oneof![6 => tag, 1 => input]
}

struct Run {
    passes: Vec<Settled>,
    firsts: u64,
    aside: u64,
}

fn run(steps: &[Step], settings: PortalSettings) -> Run {
    let (mut portal, mut passes, mut firsts, mut minted) =
        (Portal::new(settings), vec![], 0, 0u128);
    let mut now_us = 1_000_000_000;
    for step in steps {
        let mint = || {
            minted += 1;
            PassId(Uuid::from_u128(minted))
        };
        match *step {
            Step::Tag { after_us, ago_us, serial, antenna, rssi, reads } => {
                now_us += after_us;
                let seen = TagSeen {
                    at: at(now_us),
                    seen_us: Some(now_us - ago_us),
                    thing: Thing::of_epc(&[0x30, serial]),
                    device: "reader".parse().unwrap(),
                    antenna,
                    rssi_cdbm: rssi,
                    reads,
                    tid: None,
                    trust: Trust::EpcOnly,
                    suspect: false,
                    evidence: Hash::of(b"frame"),
                };
                firsts += u64::from(portal.tag(seen, None, mint) == Taken::First);
            }
            Step::Input { after_us, input, on } => {
                now_us += after_us;
                let inputs = [
                    Input::Beam(Zone::Outer),
                    Input::Beam(Zone::Inner),
                    Input::Gate,
                    Input::Button,
                ];
                portal.input(inputs[usize::from(input)], on, at(now_us), None, mint);
            }
        }
        while let Some(settled) = portal.poll(at(now_us)) {
            passes.push(settled);
        }
    }
    // What no pass took is swept away, and counted, when something comes much later.
    portal.close(at(now_us), PassClosing::Operator);
    passes.extend(portal.poll(at(now_us)));
    let late = TagSeen {
        at: at(now_us + 1_000_000_000),
        seen_us: None,
        thing: Thing::of_epc(&[0x30, 99]),
        device: "reader".parse().unwrap(),
        antenna: 1,
        rssi_cdbm: None,
        reads: 1,
        tid: None,
        trust: Trust::EpcOnly,
        suspect: false,
        evidence: Hash::of(b"frame"),
    };
    portal.tag(late, None, || PassId(Uuid::nil()));
    Run { passes, firsts, aside: portal.counts().1 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn every_tag_ends_in_one_place_and_the_same_input_gives_the_same(
        steps in prop::collection::vec(step(), 0..200),
        beams: bool,
    ) {
        let first = run(&steps, settings(beams));
        let told = |s: &Settled| s.pass.sightings.len() + s.pass.doubts.len() + s.left.len();
        let in_passes: usize = first.passes.iter().map(told).sum();
        prop_assert_eq!(in_passes as u64 + first.aside, first.firsts);
        for settled in &first.passes {
            prop_assert!(settled.pass.closed.mono_us >= settled.pass.opened.mono_us);
            for sighting in &settled.pass.sightings {
                prop_assert!(sighting.first.mono_us <= sighting.last.mono_us);
                prop_assert!(sighting.confidence_pct >= 80);
            }
        }
        prop_assert_eq!(first.passes, run(&steps, settings(beams)).passes);
    }
}
