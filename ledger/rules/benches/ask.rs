//! What rules cost: a movement with 200 of them, a scan, a condition. `cargo bench -p gatewarden-rules`.

#![allow(clippy::unwrap_used, reason = "a failed step fails the bench")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::{hint::black_box, sync::Arc};

use common::*;
use divan::{Bencher, counter::ItemsCount};
use gatewarden_model::{Day, Entry, ItemClass, ItemId, MovementKind, RuleTrigger, Scalar, Stamp};
use gatewarden_rules::{
    Around, Backtest, Books, Condition, History, RuleAction, RuleDefinition, RuleDefinitions,
    RuleSet, Schema, StockLayer,
    definition::{Over, Scope},
};

fn main() {
    divan::main();
}

const CONDITIONS: [&str; 6] = [
    "movement.quantity > param.limit && session.auth_level < 3",
    "lines.exists(l, l.quantity > param.limit && l.from.startsWith(\"wh1/\"))",
    "time.hour >= 25 || movement.back_dated && !session.second",
    "has(movement.amount) && movement.amount > param.limit * 10000",
    "document.number.matches(\"^XX-[0-9]{8}$\") || movement.quantity % 7 == 9",
    "movement.kind in [\"scrap\", \"adjustment\"] && movement.quantity > param.limit",
];

/// 200 rules: a third for single items, a third for kinds and classes, a third for everything; and two that look
/// at what happened.
fn set() -> RuleSet {
    set_of(198)
}

fn set_of(count: usize) -> RuleSet {
    let kinds = [MovementKind::Receipt, MovementKind::PutAway, MovementKind::Issue];
    let mut rules: Vec<RuleDefinition> = (0..count)
        .map(|n| {
            let mut scope = Scope::default();
            match n % 3 {
                0 => scope.items = vec![format!("ITEM-{}", n * 5).parse().unwrap()],
                1 => {
                    scope.movement_kinds = vec![kinds[n / 3 % 3]];
                    scope.classes = vec![ItemClass::ALL[n / 9 % 3]];
                }
                _ => {}
            }
            let when = if n % 2 == 0 { RuleTrigger::Before } else { RuleTrigger::After };
            rule(&format!("r{n}"), when, CONDITIONS[n % 6], scope)
        })
        .collect();
    let turns = "history.in_count > 0 && history.in_out_count > param.limit";
    let mut turns = rule("turns", RuleTrigger::After, turns, Scope::default());
    turns.over = Over::Items;
    let split = "history.near_limit_count > param.limit";
    rules.extend([turns, rule("split", RuleTrigger::After, split, Scope::default())]);
    let dead = "stock.on_hand > 0 && stock.idle_days > 180";
    let mut dead = rule("dead", RuleTrigger::Schedule, dead, Scope::default());
    (dead.over, dead.cron) = (Over::Places, Some("0 6 * * *".to_owned()));
    rules.push(dead);
    let definitions = RuleDefinitions { rules, ..RuleDefinitions::default() };
    RuleSet::new(Arc::new(definitions), &Schema::standard()).unwrap()
}

fn rule(id: &str, when: RuleTrigger, condition: &str, scope: Scope) -> RuleDefinition {
    RuleDefinition {
        id: id.to_owned(),
        title: "A rule.".to_owned(),
        when,
        on: vec![],
        cron: None,
        over: Over::House,
        scope,
        params: [("limit".to_owned(), Scalar::Integer(1_000_000))].into(),
        condition: Some(condition.to_owned()),
        table: None,
        then: vec![RuleAction::Flag {}],
        key: vec![],
        quiet_h: 24,
    }
}

fn journal() -> Vec<Entry> {
    let items = (0..1_000_u64).map(|n| {
        let class = ItemClass::ALL[n as usize % 3];
        entry(n, MONDAY, item(&format!("ITEM-{n}"), class, Some(5)))
    });
    let moves = (1_000..21_000_u64).map(|n| {
        let code = format!("ITEM-{}", n * 7 % 1_000);
        let one = if n % 2 == 0 { receipt(&code, 5) } else { issue(&code, 5, 100) };
        entry(n, MONDAY + n as i64 * 3_000_000, moved(one))
    });
    items.chain(moves).collect()
}

/// So many rules of the house beside two that look at what happened.
#[divan::bench(args = [0, 12, 98, 198, 398])]
fn movement_with_rules(bencher: Bencher<'_, '_>, count: usize) {
    let (set, journal) = (set_of(count), journal());
    let (mut history, mut books) = (History::default(), Books::new(0));
    journal.iter().for_each(|entry| {
        history.take(entry);
        books.take(entry);
    });
    // Few, as the movement that is posted is one that was just made: at hand, not far away in memory.
    let mut next = journal[1_000..1_200].iter().cycle();
    bencher.bench_local(|| {
        let entry = next.next().unwrap();
        let gatewarden_model::Body::Moved { movement, .. } = &entry.body else { unreachable!() };
        let around = Around { history: &history, ground: &books, at: entry.at };
        black_box(set.before_movement(around, "post", movement));
        black_box(set.after_movement(around, movement));
    });
}

#[divan::bench]
fn history_takes_an_entry(bencher: Bencher<'_, '_>) {
    let journal = journal();
    let (mut history, mut books) = (History::default(), Books::new(0));
    let mut next = journal.iter().cycle();
    bencher.bench_local(|| {
        let entry = next.next().unwrap();
        history.take(entry);
        books.take(entry);
    });
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn backtest_of_21_000_entries(bencher: Bencher<'_, '_>) {
    let (set, journal) = (set(), journal());
    bencher.counter(ItemsCount::new(journal.len())).bench_local(|| {
        let mut walk = Backtest::new(&set, i64::MIN, 0);
        journal.iter().for_each(|entry| walk.take(entry));
        black_box(walk.finish());
    });
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn scan_of_a_million_layers(bencher: Bencher<'_, '_>) {
    let set = set();
    let items: Vec<ItemId> = (0..1_000).map(|n| format!("ITEM-{n:04}").parse().unwrap()).collect();
    let places: Vec<String> = (0..500).map(|n| format!("wh1/{n:03}")).collect();
    let (history, books) = (History::default(), Books::new(0));
    let at = Stamp { wall_us: 20_400 * 24 * HOUR, ..stamp(0) };
    bencher.counter(ItemsCount::new(1_000_000_usize)).bench_local(|| {
        let layers = items.iter().flat_map(|item| {
            places.iter().enumerate().flat_map(move |(n, place)| {
                (0..2).map(move |age| StockLayer {
                    item,
                    place,
                    day: Day::from_number(20_000 + (n as i64 + age) * 7_919 % 400),
                    quantity: 5,
                    value: Some(1_000),
                })
            })
        });
        let around = Around { history: &history, ground: &books, at };
        black_box(set.scheduled_run(around, "dead", layers));
    });
}

#[divan::bench(args = CONDITIONS)]
fn condition(bencher: Bencher<'_, '_>, text: &str) {
    let params = [("limit".to_owned(), Scalar::Integer(1_000_000))].into();
    let condition = Condition::parse_with(text, &Schema::standard(), &params).unwrap();
    let mut facts = gatewarden_rules::Facts::new();
    let movement = issue("ITEM-1", 5, 100);
    gatewarden_rules::put_movement(
        &mut facts,
        &gatewarden_rules::Wants::all(),
        &movement,
        &Books::new(0),
    );
    facts.set("time.hour", 9_i64);
    bencher.bench_local(|| black_box(condition.holds(black_box(&facts))));
}
