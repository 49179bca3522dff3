//! What rules remember: the same whether entries came one by one or were read again, and within its bounds.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use std::collections::BTreeMap;

use common::*;
use gatewarden_model::{
    Actor, Amount, Body, Counted, Document, DocumentContent, DocumentKind, DocumentLine,
    DocumentStep, Entry, ItemId, Movement, MovementKind, OperatorId, PassId,
};
use gatewarden_rules::{Asking, Fact, Facts, History, HistorySettings, Untold, Wants};
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

fn order(number: &str, version: u32, lines: &[(&str, i64, i64)]) -> DocumentContent {
    let line = |(n, (item, quantity, amount)): (usize, &(&str, i64, i64))| DocumentLine {
        amount: Some(Amount::from_units(*amount)),
        ..DocumentLine::new(u32::try_from(n + 1).unwrap(), item.parse().unwrap(), *quantity)
    };
    DocumentContent {
        version,
        lines: lines.iter().enumerate().map(line).collect(),
        ..DocumentContent::new(Document {
            kind: DocumentKind::PurchaseOrder,
            number: number.to_owned(),
        })
    }
}

fn by(who: &str) -> Actor {
    Actor::Operator { id: who.parse().unwrap(), session: None }
}

fn written(content: &DocumentContent, who: &str) -> Body {
    Body::DocumentWritten { content: content.clone(), by: by(who), decision: None }
}

fn stepped(content: &DocumentContent, step: DocumentStep) -> Body {
    Body::DocumentStepped {
        document: content.document.clone(),
        version: content.version,
        digest: content.digest(),
        step,
        by: by("mia"),
        decision: None,
    }
}

fn approved(content: &DocumentContent) -> Body {
    stepped(content, DocumentStep::Approved { signatures: vec![] })
}

#[test]
fn a_price_changes_when_the_order_is_approved_and_never_by_a_draft() {
    let mut history = History::default();
    let mut seq = 0;
    let mut take = |history: &mut History, at, body| {
        history.take(&entry(seq, at, body));
        seq += 1;
    };
    let changed = |history: &History, at| {
        let nut = "NUT".parse().unwrap();
        let facts = facts_of(history, Asking::Item { item: &nut, place: None, coming: None }, at);
        let by = facts.get("history.price_by").cloned();
        (integer(&facts, "history.price_delta"), by)
    };
    let first = order("PO-1", 1, &[("NUT", 10, 100)]);
    take(&mut history, MONDAY, written(&first, "bob"));
    take(&mut history, MONDAY, approved(&first));
    let dear = order("PO-2", 1, &[("NUT", 10, 150)]);
    take(&mut history, MONDAY + HOUR, written(&dear, "bob"));
    assert_eq!(changed(&history, MONDAY + HOUR), (None, None), "a draft is no price");
    let dearer = order("PO-2", 2, &[("NUT", 10, 200)]);
    take(&mut history, MONDAY + HOUR, written(&dearer, "tom"));
    take(&mut history, MONDAY + 2 * HOUR, approved(&dearer));
    let tom = Some(Fact::from("tom"));
    assert_eq!(changed(&history, MONDAY + 3 * HOUR), (Some(1_000), tom), "of what is approved");
    let given_up = order("PO-3", 1, &[("NUT", 10, 900)]);
    take(&mut history, MONDAY + 3 * HOUR, written(&given_up, "bob"));
    let reason = "too dear".to_owned();
    take(&mut history, MONDAY + 3 * HOUR, stepped(&given_up, DocumentStep::Cancelled { reason }));
    assert_eq!(changed(&history, MONDAY + 4 * HOUR).0, Some(1_000));
    assert!(!history.overflow());
}

#[test]
fn what_happened_before_it_was_told_of_is_not_taken_for_nothing() {
    let mut history = History::since(HistorySettings::default(), MONDAY);
    assert!(!history.is_whole());
    let nut: ItemId = "NUT".parse().unwrap();
    let asking = Asking::Item { item: &nut, place: Some("wh1/a"), coming: None };
    let untold = |history: &History, name: &str, at| {
        matches!(facts_of(history, asking, at).get(name), Some(Fact::Untold(Untold::NotRead)))
    };
    assert!(untold(&history, "history.out_count", MONDAY + HOUR));
    assert!(!untold(&history, "history.out_count", MONDAY + 24 * HOUR), "the span is over");
    assert!(untold(&history, "stock.idle_days", MONDAY + 24_000 * HOUR));
    assert!(untold(&history, "history.price_delta", MONDAY + 24_000 * HOUR));
    history.take(&entry(9, MONDAY + HOUR, moved(issue("NUT", 1, 1))));
    let facts = facts_of(&history, asking, MONDAY + 25 * HOUR);
    assert_eq!(integer(&facts, "stock.idle_days"), Some(1), "this move is the last in any case");
    let who = "li.wei".parse().unwrap();
    let facts = facts_of(&history, Asking::Operator(&who), MONDAY + 25 * HOUR);
    assert!(matches!(facts.get("history.accuracy"), Some(Fact::Untold(_))));
}

/// A journal of random movements, counts, passes and orders, in the order of time.
fn journal() -> impl Strategy<Value = Vec<Entry>> {
    let item = prop::sample::select(vec!["NUT", "BOLT", "GOLD"]);
    let what = (0..9_u8, item, 1_i64..40, prop::sample::select(vec![10_i64, 3_600, 4_800, 6_000]));
    let step = (what, 0..5 * HOUR, prop::sample::select(vec!["li.wei", "zhang.min"]));
    prop::collection::vec(step, 1..120).prop_map(|steps| {
        let (mut at, mut entries) = (MONDAY, vec![]);
        for (n, ((kind, item, quantity, amount), pause, who)) in (0_u64..).zip(steps) {
            at += pause;
            let mut one = match kind {
                0 => receipt(item, quantity),
                1 => movement(MovementKind::Transfer, "wh1/a", "wh1/b", &[(item, quantity)]),
                6 => counted(item, quantity % 2 == 0),
                _ => issue(item, quantity, amount),
            };
            one.operator = who.parse().unwrap();
            let station = ["dock-1", "dock-2"][n as usize % 2];
            let content = order(&format!("PO-{}", n / 2), 1, &[(item, quantity, amount)]);
            let mut put = |body| entries.push(entry(entries.len() as u64, at, body));
            match kind {
                5 => put(quarantined(pass(n.into(), station, item, at))),
                7 => put(written(&content, who)),
                8 => {
                    put(written(&content, who));
                    put(approved(&content));
                }
                _ => put(moved(one)),
            }
        }
        entries
    })
}

fn counted(item: &str, right: bool) -> Movement {
    let mut count = movement(MovementKind::Count, "wh1/a", "@loss/count", &[]);
    count.counts = vec![Counted {
        line: 1,
        item: item.parse().unwrap(),
        location: "wh1/b".parse().unwrap(),
        bucket: Default::default(),
        book: 10,
        counted: if right { 10 } else { 9 },
    }];
    count
}

/// All facts of everything that can be asked, by what is asked and name.
fn everything(history: &History, now: i64) -> BTreeMap<(String, String), Fact> {
    let mut all = BTreeMap::new();
    let mut add = |of: String, facts: Facts| {
        for (name, fact) in facts.iter() {
            all.insert((of.clone(), name.to_owned()), fact.clone());
        }
    };
    for code in ["NUT", "BOLT", "GOLD"] {
        let item = &code.parse::<ItemId>().unwrap();
        for place in [None, Some("wh1/a"), Some("wh1/b")] {
            let asking = Asking::Item { item, place, coming: None };
            add(format!("{code} {place:?}"), facts_of(history, asking, now));
        }
        let next = issue(code, 1, 4_000);
        let asking = Asking::Movement { movement: &next, taken: true };
        add(format!("next {code}"), facts_of(history, asking, now));
    }
    for who in ["li.wei", "zhang.min"] {
        add(who.to_owned(), facts_of(history, Asking::Operator(&who.parse().unwrap()), now));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_memory_read_again_says_the_same_or_that_it_can_not(
        entries in journal(),
        cut in 0_usize..100,
    ) {
        let settings = HistorySettings { accuracy_samples: 4, price_h: 48, ..Default::default() };
        let mut whole = History::new(settings.clone());
        entries.iter().for_each(|entry| whole.take(entry));
        let now = entries.last().unwrap().at.wall_us + 1;
        let told = everything(&whole, now);
        prop_assert!(!whole.overflow());
        // After a restart a part of the journal is read first.
        let from = entries.len() * cut / 100;
        let since = entries[from].at.wall_us + 1;
        let mut part = History::since(settings.clone(), since);
        let before = entries.iter().filter(|entry| entry.at.wall_us < since);
        for one in before {
            if let Body::Quarantined { pass, .. } = &one.body {
                part.take_quarantined(pass.id, one.at.wall_us);
            }
        }
        entries.iter().filter(|e| e.at.wall_us >= since).for_each(|entry| part.take(entry));
        let again = everything(&part, now);
        for key in told.keys().chain(again.keys()) {
            let (one, other) = (told.get(key), again.get(key));
            let untold = matches!(other, Some(Fact::Untold(Untold::NotRead | Untold::Overflow)));
            prop_assert!(untold || one == other || key.1 == "history.overflow", "{:?}: {:?}, {:?}", key, one, other);
        }
        // What windows tell is told again as soon as their span was read.
        if now - part.span_us() >= since {
            let is_window = |name: &str| name.ends_with("_count") || name.starts_with("history.near");
            let untold = again.iter().filter(|(key, _)| is_window(&key.1));
            for (key, fact) in untold {
                prop_assert!(!matches!(fact, Fact::Untold(_)), "{:?}", key);
            }
        }
        // And with all of it everything is the same, in whatever pieces it came.
        let mut all = History::new(settings);
        entries.iter().for_each(|entry| all.take(entry));
        prop_assert_eq!(told, everything(&all, now));
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
                    Body::Moved { movement, .. } => {
                        movement.kind == MovementKind::Issue && movement.lines[0].item.as_str() == item
                    }
                    _ => false,
                });
                let expect = outs.count() as i64;
                let item: ItemId = item.parse().unwrap();
                let asking = Asking::Item { item: &item, place: None, coming: None };
                let facts = facts_of(&history, asking, now);
                prop_assert_eq!(integer(&facts, "history.out_count"), Some(expect));
            }
        }
    }
}
