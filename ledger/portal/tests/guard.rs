//! Clones, replays and clocks: what is an alarm, and what honest readers do without one.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use gatewarden_model::{DeviceId, Hash, StationId};
use gatewarden_portal::{Alarm, Guard, GuardSettings, TIDS_MAX, Told};

const SECOND: u64 = 1_000_000;

fn reader() -> DeviceId {
    "reader".parse().unwrap()
}

fn door(name: &str) -> StationId {
    name.parse().unwrap()
}

fn told(key: &str) -> Told<'_> {
    let (tid, reader_us, event) = (None, None, None);
    Told { key, tid, antenna: 1, reader_us, event, evidence: Hash::of(b"frame") }
}

#[test]
fn one_epc_with_two_tids() {
    let mut guard = Guard::new(GuardSettings::default());
    let read = |tid| Told { tid: Some(tid), ..told("a") };
    assert_eq!(guard.read(&reader(), read(b"one")), []);
    assert_eq!(guard.read(&reader(), read(b"one")), []);
    let (first, second) = (b"one".to_vec(), b"two".to_vec());
    assert_eq!(guard.read(&reader(), read(b"two")), [Alarm::TwoTids { first, second }]);
    assert_eq!(guard.read(&reader(), Told { key: "b", ..read(b"two") }), [], "another EPC");
}

#[test]
fn two_doors_faster_than_the_way_between() {
    let way = ((door("north"), door("south")), 60_000);
    let settings = GuardSettings { ways_ms: [way].into(), ..GuardSettings::default() };
    let mut guard = Guard::new(settings);
    assert_eq!(guard.posted("a", &door("south"), SECOND), None);
    assert_eq!(guard.posted("a", &door("south"), 2 * SECOND), None, "the same door");
    let alarm = guard.posted("a", &door("north"), 32 * SECOND);
    let expected = Alarm::TooFast { from: door("south"), took_ms: 30_000, least_ms: 60_000 };
    assert_eq!(alarm, Some(expected), "either way of the pair");
    assert_eq!(guard.posted("a", &door("east"), 38 * SECOND), None, "no way is told: 5 s");
    assert!(guard.posted("a", &door("west"), 42 * SECOND).is_some());
}

#[test]
fn the_same_read_twice_is_a_replay_only_where_reads_can_be_told_apart() {
    let mut guard = Guard::new(GuardSettings::default());
    assert_eq!(guard.read(&reader(), told("a")), []);
    assert_eq!(guard.read(&reader(), told("a")), [], "no clock, no number");
    let timed = |reader_us| Told { reader_us: Some(reader_us), ..told("a") };
    assert_eq!(guard.read(&reader(), timed(10 * SECOND)), []);
    assert_eq!(guard.read(&reader(), timed(11 * SECOND)), []);
    assert_eq!(guard.read(&reader(), timed(10 * SECOND)), [Alarm::Replayed]);
    assert_eq!(guard.read(&"other".parse().unwrap(), timed(10 * SECOND)), [], "another reader");
}

#[test]
fn clocks_and_numbers_that_go_back_or_skip() {
    let mut guard = Guard::new(GuardSettings::default());
    let timed = |key, us| Told { reader_us: Some(us), ..told(key) };
    guard.read(&reader(), timed("a", 100 * SECOND));
    assert_eq!(guard.read(&reader(), timed("b", 99 * SECOND)), [], "out of order a little");
    assert_eq!(
        guard.read(&reader(), timed("c", 90 * SECOND)),
        [Alarm::ClockBack { by_ms: 10_000 }]
    );
    guard.restarted(&reader());
    assert_eq!(guard.read(&reader(), timed("d", 5 * SECOND)), [], "a new connection");

    let numbered = |key, event| Told { event: Some(event), ..told(key) };
    assert_eq!(guard.read(&reader(), numbered("e", 7)), []);
    assert_eq!(guard.read(&reader(), numbered("f", 7)), [], "one event, two tags");
    let gap = guard.read(&reader(), numbered("g", 10));
    assert_eq!(gap, [Alarm::NumberGap { missing: 2 }]);
    assert!(!gap[0].is_suspect(), "the read itself is sound");
    let back = guard.read(&reader(), numbered("h", 3));
    assert_eq!(back, [Alarm::NumberBack { expected: 10, got: 3 }]);
    assert!(back[0].is_suspect());
}

#[test]
fn what_is_remembered_is_bounded_and_the_oldest_goes_first() {
    let mut guard = Guard::new(GuardSettings::default());
    for number in 0..=TIDS_MAX {
        let key = number.to_string();
        assert_eq!(guard.read(&reader(), Told { tid: Some(b"one"), ..told(&key) }), []);
    }
    assert_eq!(guard.read(&reader(), Told { tid: Some(b"two"), ..told("0") }), [], "forgotten");
    let newest = TIDS_MAX.to_string();
    assert_eq!(guard.read(&reader(), Told { tid: Some(b"two"), ..told(&newest) }).len(), 1);
}
