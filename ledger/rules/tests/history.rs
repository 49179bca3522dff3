//! What rules remember: the same whether entries came one by one or were read again, and within its bounds.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use common::*;
use gatewarden_model::{Counted, Entry, ItemId, MovementKind, OperatorId, PassId};
use gatewarden_rules::{Asking, Facts, History, HistorySettings, Wants};
use proptest::prelude::*;
use uuid::Uuid;

fn facts_of(history: &History, asking: Asking<'_>, now: i64) -> Facts {
    let mut facts = Facts::new();
    history.put(&mut facts, &Wants::all(), asking, now);
    facts
}

fn integer(facts: &Facts, name: &str) -> Option<i64> {
    match facts.get(name) {
        Some(gatewarden_rules::Fact::Scalar(gatewarden_model::Scalar::Integer(n))) => Some(*n),
        _ => None,
    }
}

#[test]
fn ins_and_outs_are_counted_within_their_span() {
    let mut history = History::default();
    let mut seq = 0;
    let mut take = |history: &mut History, at, movement| {
        history.take(&entry(seq, at, moved(movement)));
        seq += 1;
    };
    take(&mut history, MONDAY, receipt("NUT", 10));
    take(&mut history, MONDAY + HOUR, issue("NUT", 5, 1));
    let shift = movement(MovementKind::Transfer, "wh1/a", "wh1/b", &[("NUT", 5)]);
    take(&mut history, MONDAY + 2 * HOUR, shift);
    let away = movement(MovementKind::Transfer, "wh1/a", "@transit/t1", &[("NUT", 5)]);
    take(&mut history, MONDAY + 2 * HOUR, away);
    let two = movement(MovementKind::Issue, "wh1/a", "@production/x", &[("NUT", 1), ("NUT", 2)]);
    take(&mut history, MONDAY + 3 * HOUR, two);
    let item: ItemId = "NUT".parse().unwrap();
    let ask = |history: &History, at| {
        let asking = Asking::Item { item: &item, place: None, coming: None };
        let facts = facts_of(history, asking, at);
        let all = ["history.in_count", "history.out_count", "history.in_out_count"];
        all.map(|name| integer(&facts, name).unwrap())
    };
    assert_eq!(ask(&history, MONDAY + 4 * HOUR), [1, 2, 3], "a movement with two lines is one");
    assert_eq!(ask(&history, MONDAY + 24 * HOUR), [0, 2, 2]);
    assert_eq!(ask(&history, MONDAY + 30 * HOUR), [0, 0, 0]);
}

#[test]
fn whoever_moved_it_last_answers_for_a_difference() {
    let settings = HistorySettings { accuracy_samples: 4, ..HistorySettings::default() };
    let mut history = History::new(settings);
    let who: OperatorId = "li.wei".parse().unwrap();
    for n in 0..8 {
        history.take(&entry(n, MONDAY, moved(receipt("NUT", 10))));
        let mut count = movement(MovementKind::Count, "wh1/a", "@loss/count", &[]);
        count.operator = "zhang.min".parse().unwrap();
        count.counts = vec![Counted {
            line: 1,
            item: "NUT".parse().unwrap(),
            location: "wh1/a".parse().unwrap(),
            bucket: Default::default(),
            book: 10,
            counted: if n < 4 { 10 } else { 9 },
        }];
        history.take(&entry(n, MONDAY, moved(count)));
    }
    let facts = facts_of(&history, Asking::Operator(&who), MONDAY);
    assert_eq!(integer(&facts, "history.accuracy"), Some(0));
    assert_eq!(integer(&facts, "history.accuracy_trend"), Some(-1_000));
    assert_eq!(history.operators(), [who], "who counts is not who is counted");
}

#[test]
fn small_issues_just_under_the_limit_are_seen_together() {
    let mut history = History::default();
    for (n, amount) in [4_000, 100, 4_900, 5_100].into_iter().enumerate() {
        history.take(&entry(n as u64, MONDAY + n as i64, moved(issue("NUT", 1, amount))));
    }
    let next = issue("NUT", 1, 4_500);
    let ask = |taken, at| {
        let facts = facts_of(&history, Asking::Movement { movement: &next, taken }, at);
        (integer(&facts, "history.near_limit_count"), integer(&facts, "history.near_limit_amount"))
    };
    assert_eq!(ask(false, MONDAY + HOUR), (Some(3), Some(134_000_000)));
    assert_eq!(ask(true, MONDAY + HOUR), (Some(2), Some(89_000_000)));
    assert_eq!(ask(false, MONDAY + 25 * HOUR), (Some(1), Some(45_000_000)));
    let facts = facts_of(
        &history,
        Asking::Movement { movement: &issue("NUT", 1, 10), taken: false },
        MONDAY,
    );
    assert_eq!(integer(&facts, "history.near_limit_count"), Some(0), "it is none of them");
}

#[test]
fn a_tag_is_found_where_it_can_not_be_yet() {
    let mut history = History::default();
    let ask = |history: &History, number: u128| {
        let facts = facts_of(history, Asking::Pass(PassId(Uuid::from_u128(number))), MONDAY);
        integer(&facts, "history.two_places_s")
    };
    let second = 1_000_000;
    for (number, station, at) in
        [(1, "dock-1", 0), (2, "dock-1", 5), (3, "dock-2", 60), (4, "dock-1", 70)]
    {
        let at = MONDAY + at * second;
        history.take(&entry(0, at, quarantined(pass(number, station, "tag-1", at))));
        let expect = (number == 4).then_some(10);
        assert_eq!(ask(&history, number), expect, "pass {number}");
    }
    let facts = facts_of(&history, Asking::House, MONDAY + 5 * HOUR);
    assert_eq!(integer(&facts, "history.quarantined"), Some(4));
    assert_eq!(integer(&facts, "history.quarantine_age_h"), Some(5));
}

/// A journal of random movements and passes, in the order of time.
fn journal() -> impl Strategy<Value = Vec<Entry>> {
    let item = prop::sample::select(vec!["NUT", "BOLT", "GOLD"]);
    let what = (0..6_u8, item, 1_i64..40, prop::sample::select(vec![10_i64, 3_600, 4_800, 6_000]));
    let step = (what, 0..5 * HOUR, prop::sample::select(vec!["li.wei", "zhang.min"]));
    prop::collection::vec(step, 1..120).prop_map(|steps| {
        let mut at = MONDAY;
        let mut entries = vec![];
        for (seq, ((kind, item, quantity, amount), pause, who)) in (0_u64..).zip(steps) {
            at += pause;
            let mut one = match kind {
                0 => receipt(item, quantity),
                1 => movement(MovementKind::Transfer, "wh1/a", "wh1/b", &[(item, quantity)]),
                _ => issue(item, quantity, amount),
            };
            one.operator = who.parse().unwrap();
            let station = ["dock-1", "dock-2"][seq as usize % 2];
            let body = match kind {
                5 => quarantined(pass(seq.into(), station, item, at)),
                _ => moved(one),
            };
            entries.push(entry(seq, at, body));
        }
        entries
    })
}

/// All facts that come from windows, of everything that can be asked.
fn windows(history: &History, now: i64) -> Vec<Facts> {
    let items = ["NUT", "BOLT", "GOLD"].map(|item| item.parse::<ItemId>().unwrap());
    let mut all: Vec<Facts> = items
        .iter()
        .map(|item| {
            let facts = facts_of(history, Asking::Item { item, place: None, coming: None }, now);
            let windows = facts.iter().filter(|(name, _)| name.ends_with("_count"));
            windows.map(|(name, fact)| (name.to_owned(), fact.clone())).collect()
        })
        .collect();
    for item in ["NUT", "BOLT"] {
        let next = issue(item, 1, 4_000);
        let facts = facts_of(history, Asking::Movement { movement: &next, taken: true }, now);
        let windows = facts.iter().filter(|(name, _)| name.starts_with("history.near_limit"));
        all.push(windows.map(|(name, fact)| (name.to_owned(), fact.clone())).collect());
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_memory_read_again_says_the_same(entries in journal()) {
        let mut whole = History::default();
        entries.iter().for_each(|entry| whole.take(entry));
        let now = entries.last().unwrap().at.wall_us + 1;
        // After a restart only the span is read.
        let mut again = History::default();
        let from = now - whole.span_us();
        entries.iter().filter(|e| e.at.wall_us > from).for_each(|entry| again.take(entry));
        prop_assert_eq!(windows(&whole, now), windows(&again, now));
        // And with all of it everything is the same.
        let mut all = History::default();
        entries.iter().for_each(|entry| all.take(entry));
        for who in whole.operators() {
            let asking = Asking::Operator(&who);
            prop_assert_eq!(facts_of(&whole, asking, now), facts_of(&all, asking, now));
        }
        prop_assert!(!whole.overflow());
    }

    #[test]
    fn counts_are_those_of_the_plain_definition(entries in journal()) {
        let mut history = History::default();
        for (at, entry) in entries.iter().enumerate() {
            history.take(entry);
            let now = entry.at.wall_us;
            for item in ["NUT", "BOLT", "GOLD"] {
                let lately = entries[..=at].iter().filter(|e| now - e.at.wall_us < 24 * HOUR);
                let outs = lately.filter(|e| match &e.body {
                    gatewarden_model::Body::Moved { movement, .. } => {
                        movement.kind == MovementKind::Issue && movement.lines[0].item.as_str() == item
                    }
                    _ => false,
                });
                let expect = outs.count().min(64) as i64;
                let item: ItemId = item.parse().unwrap();
                let asking = Asking::Item { item: &item, place: None, coming: None };
                let facts = facts_of(&history, asking, now);
                prop_assert_eq!(integer(&facts, "history.out_count"), Some(expect));
            }
        }
    }
}
