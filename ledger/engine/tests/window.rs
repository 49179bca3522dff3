//! Windows as scripts: reads at times, and the passes that come of them.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{pass_id, session_id, stamp_ms, thing};
use gatewarden_engine::{PassWindow, ReadMeta, Sight, WindowSettings};
use gatewarden_model::{Hash, Pass, PassClosing, Tid, Trust, pass::Doubtful};
use proptest::prelude::*;

fn window() -> PassWindow {
    let settings =
        WindowSettings { quiet_ms: 1500, duration_ms_max: 5000, linger_ms: 3000, things_max: 4 };
    PassWindow::new("dock-1".parse().unwrap(), settings)
}

fn meta(trust: Trust) -> ReadMeta {
    ReadMeta {
        device: "r1".parse().unwrap(),
        antenna: Some(1),
        peak_rssi_cdbm: Some(-5000),
        reads: 1,
        trust,
        tid: None,
        evidence: Hash::of(b"frame"),
        ago_us: 0,
    }
}

/// A pass as `opened-closed by: thing*reads …`, with `!` where it is bound to nobody.
fn told(pass: &Pass) -> String {
    let things: Vec<_> =
        pass.sightings.iter().map(|s| format!("{}*{}", s.thing.key, s.reads)).collect();
    let bound = if pass.session.is_some() { "" } else { "!" };
    let (from, to) = (pass.opened.mono_us / 1000, pass.closed.mono_us / 1000);
    format!("{from}-{to} {:?}{bound}: {}", pass.closed_by, things.join(" "))
}

/// Reads as `milliseconds thing`, `=` before a barcode; the session from then on after `@`.
fn play(script: &str) -> Vec<String> {
    let (mut window, mut passes, mut n) = (window(), vec![], 0);
    let mut session = Some(session_id(1));
    for step in script.split(", ") {
        let (ms, short) = step.split_once(' ').unwrap();
        let now = stamp_ms(ms.parse().unwrap());
        if let Some(who) = short.strip_prefix('@') {
            session = who.parse().ok().map(session_id);
            continue;
        }
        let (short, trust) = match short.strip_prefix('=') {
            Some(code) => (code, Trust::Barcode),
            None => (short, Trust::EpcOnly),
        };
        let step = window.handle(now, thing(short), meta(trust), session, || {
            n += 1;
            pass_id(n)
        });
        if matches!(step.sight, Sight::Linger | Sight::Overflow) {
            passes.push(format!("{ms} {:?}", step.sight));
        }
        while let Some(pass) = window.poll(now) {
            passes.push(told(&pass));
        }
    }
    while let Some(deadline) = window.next_deadline_us() {
        passes.extend(window.poll(stamp_ms(deadline / 1000)).map(|p| told(&p)));
    }
    passes
}

#[test]
fn reads_become_passes() {
    let cases: &[(&str, &[&str])] = &[
        ("0 a, 100 b, 200 a", &["0-1600 Quiet: a*2 b*1"]),
        // Only a new thing keeps a pass of tags open; what stays in the field lingers.
        (
            "0 a, 1000 a, 1600 a, 4000 a, 8000 a",
            &["1600 Linger", "0-1500 Quiet: a*2", "4000 Linger", "8000-9500 Quiet: a*1"],
        ),
        // A code without serial that is scanned again is one more piece.
        ("0 =bolt, 1000 =bolt, 2000 =bolt", &["0-3500 Quiet: bolt*3"]),
        ("0 =bolt, 2000 =bolt", &["0-1500 Quiet: bolt*1", "2000-3500 Quiet: bolt*1"]),
        (
            "0 a, 1400 b, 2800 c, 4200 d, 5600 e",
            &["0-5000 Duration: a*1 b*1 c*1 d*1", "5600-7100 Quiet: e*1"],
        ),
        ("0 a, 1 b, 2 c, 3 d, 4 e", &["4 Overflow", "0-1503 Quiet: a*1 b*1 c*1 d*1"]),
        ("0 a, 100 @2, 200 b", &["0-1700 Quiet!: a*1 b*1"]),
        ("0 a, 100 @, 200 b, 300 @1, 400 c", &["0-1900 Quiet!: a*1 b*1 c*1"]),
        ("0 @, 1 a, 2 @1, 3 b", &["1-1503 Quiet!: a*1 b*1"]),
    ];
    for (script, expected) in cases {
        assert_eq!(play(script), *expected, "{script}");
    }
}

#[test]
fn a_photo_eye_opens_and_the_operator_closes() {
    let mut window = window();
    assert!(window.open(stamp_ms(0), pass_id(1), Some(session_id(1))));
    assert!(!window.open(stamp_ms(1), pass_id(2), Some(session_id(1))));
    window.session_changed(Some(session_id(1)));
    window.close(stamp_ms(10), PassClosing::Operator);
    let pass = window.poll(stamp_ms(10)).unwrap();
    assert_eq!(told(&pass), "0-10 Operator: ");
    assert_eq!(window.next_deadline_us(), None);
    window.close(stamp_ms(11), PassClosing::Operator);
    assert_eq!(window.poll(stamp_ms(11)), None);
}

#[test]
fn what_stayed_in_the_field_counts_again_for_somebody_new() {
    let mut window = window();
    let mut show = |at: u32, who: u128| {
        let (now, session) = (stamp_ms(at.into()), Some(session_id(who)));
        let step =
            window.handle(now, thing("a"), meta(Trust::EpcOnly), session, || pass_id(at.into()));
        while window.poll(now).is_some() {}
        if at == 2000 {
            window.forget_lingering();
        }
        step.sight
    };
    assert!(matches!(show(1, 1), Sight::First(_)));
    assert_eq!(show(2000, 1), Sight::Linger);
    assert!(matches!(show(2100, 2), Sight::First(_)));
}

proptest! {
    /// Every read is in a pass, lingering or overflow; passes never overlap nor outlast the longest
    /// time, and no pass holds a thing twice.
    #[test]
    fn no_read_is_lost(steps in prop::collection::vec((0u64..2500, 0u8..8, any::<bool>()), 1..200)) {
        let (mut window, mut now, mut n) = (window(), 0, 0);
        let (mut aside, mut passes) = (0, vec![]);
        for (wait, which, tag) in &steps {
            now += wait;
            let trust = if *tag { Trust::EpcOnly } else { Trust::Barcode };
            let step = window.handle(stamp_ms(now), thing(&format!("t{which}")), meta(trust), None, || {
                n += 1;
                pass_id(n)
            });
            aside += u32::from(matches!(step.sight, Sight::Linger | Sight::Overflow));
            passes.extend(std::iter::from_fn(|| window.poll(stamp_ms(now))));
        }
        passes.extend(window.poll(stamp_ms(now + 10_000)));
        let joined: u32 = passes.iter().flat_map(|p| &p.sightings).map(|s| s.reads).sum();
        prop_assert_eq!(joined + aside, u32::try_from(steps.len()).unwrap());
        for pair in passes.windows(2) {
            prop_assert!(pair[0].closed.mono_us <= pair[1].opened.mono_us);
        }
        for pass in &passes {
            prop_assert!(pass.closed.mono_us - pass.opened.mono_us <= 5_000_000);
            let keys: std::collections::HashSet<_> =
                pass.sightings.iter().map(|s| &s.thing.key).collect();
            prop_assert_eq!(keys.len(), pass.sightings.len());
        }
    }
}

#[test]
fn long_texts_fill_a_pass_before_its_entry_is_too_large_to_record() {
    let settings = WindowSettings { things_max: 10_000, ..WindowSettings::default() };
    let mut window = PassWindow::new("dock-1".parse().unwrap(), settings);
    let mut overflown = 0;
    for n in 0..10_000 {
        // Each control character is six bytes in the journal.
        let long = thing(&format!("{n:05}{}", "\u{1}".repeat(1000)));
        let step = window.handle(stamp_ms(0), long, meta(Trust::Barcode), None, || pass_id(1));
        overflown += u32::from(step.sight == Sight::Overflow);
    }
    window.close(stamp_ms(1), PassClosing::Operator);
    let pass = window.poll(stamp_ms(1)).unwrap();
    assert!(overflown > 9000 && pass.sightings.len() > 300);
    let bytes = gatewarden_model::canonical::encode(&pass).unwrap().len();
    assert!((2 << 20..4 << 20).contains(&bytes), "{bytes}");
}

/// One EPC and two chips in one pass: one of the two is a copy, and which is not known.
#[test]
fn a_tag_that_tells_two_tids_is_doubted() {
    let tid = |text: &str| Some(Tid::parse(text).unwrap());
    let reads = |tids: &[&str]| {
        let mut window = window();
        for (ms, text) in (0..).step_by(10).zip(tids) {
            let tid = if text.is_empty() { None } else { tid(text) };
            let meta = ReadMeta { tid, ..meta(Trust::EpcOnly) };
            window.handle(stamp_ms(ms), thing("a"), meta, None, || pass_id(1));
        }
        window.poll(stamp_ms(4000)).unwrap()
    };
    const ONE: &str = "E2801160600002054C3AB1C7";
    let honest = reads(&["", ONE, "E28011606000", "", ONE]);
    assert_eq!((honest.sightings[0].tid.clone(), honest.doubts.len()), (tid(ONE), 0));
    let copied = reads(&[ONE, "", "E2801160600002054C3AB1C8", ONE]);
    assert_eq!((copied.sightings.len(), copied.doubts[0].why), (0, Doubtful::Suspect));
}
