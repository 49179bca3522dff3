//! Most rules are left out by a look at a few facts: what fires and what fails is the same as if all were asked.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use std::sync::Arc;

use common::*;
use gatewarden_model::{ItemClass, Movement, MovementKind, RuleEffect, RuleTrigger};
use gatewarden_rules::{
    Around, Books, History, RuleAction, RuleDefinition, RuleDefinitions, RuleSet, Schema,
    definition::{Over, RowDefinition, Scope, TableDefinition},
};
use proptest::prelude::*;

/// Conditions of every shape, with a number.
const CONDITIONS: [&str; 22] = [
    "movement.quantity > #",
    "# >= movement.quantity",
    "movement.quantity == # || movement.quantity < # / 2",
    "movement.quantity > # * 2 && session.auth_level < 3",
    "document.excess > #",
    "has(document.excess) && document.excess > #",
    "document.excess > # && movement.quantity > #",
    "100 / (movement.quantity - #) > 1",
    "100 / (movement.quantity - #) > 1 && movement.quantity > # + 1",
    "movement.kind == \"issue\"",
    "movement.kind in [\"receipt\", \"scrap\"] || movement.quantity > #",
    "!movement.seen",
    "movement.back_dated || session.second",
    "movement.seen == false && movement.quantity != #",
    "lines.exists(l, l.quantity > #)",
    "lines.exists(l, # <= l.quantity && l.item == \"NUT\")",
    "lines.exists(l, l.amount > # * 10000)",
    "lines.all(l, l.quantity > #)",
    "has(movement.amount) && movement.amount > # * 10000",
    "movement.amount > # * 10000",
    "document.number.matches(\"^MR-\") && -# < movement.quantity",
    "\"NUT\" in movement.items && movement.quantity > #",
];

fn rule(n: usize, condition: &str) -> RuleDefinition {
    RuleDefinition {
        id: format!("r{n}"),
        title: "A rule.".to_owned(),
        when: RuleTrigger::Before,
        on: vec![],
        cron: None,
        over: if n.is_multiple_of(5) { Over::Items } else { Over::House },
        scope: Scope::default(),
        params: Default::default(),
        condition: Some(condition.to_owned()),
        table: None,
        then: vec![RuleAction::Flag {}],
        key: vec![],
        quiet_h: 0,
    }
}

/// A table with one row of that condition.
fn table(n: usize, condition: &str) -> RuleDefinition {
    let then = vec![RuleAction::Flag {}];
    let row = RowDefinition { cells: vec![], condition: Some(condition.to_owned()), then };
    let table = TableDefinition { columns: vec![], rows: vec![row], otherwise: vec![] };
    RuleDefinition { condition: None, table: Some(table), then: vec![], ..rule(n, "") }
}

fn set(rules: Vec<RuleDefinition>) -> RuleSet {
    let definitions = RuleDefinitions { rules, ..RuleDefinitions::default() };
    RuleSet::new(Arc::new(definitions), &Schema::standard()).unwrap_or_else(|m| panic!("{m:#?}"))
}

/// What fired, and how what failed did.
fn found(set: &RuleSet, books: &Books, movement: &Movement) -> (Vec<(String, String)>, usize) {
    let history = History::default();
    let around = Around { history: &history, ground: books, at: stamp(MONDAY) };
    let findings = set.before_movement(around, "post", movement);
    let code = |effects: &[RuleEffect]| match effects {
        [RuleEffect::Failed { code, .. }] => code.clone(),
        _ => "fired".to_owned(),
    };
    let all = findings.firings.iter().map(|one| (one.rule.clone(), code(&one.effects)));
    (all.collect(), findings.asked)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn nothing_is_left_out_that_fires_or_fails(
        numbers in prop::collection::vec((0..CONDITIONS.len(), -3_i64..12, any::<bool>()), 1..40),
        quantities in prop::collection::vec(1_i64..10, 0..4),
        valued in any::<bool>(),
        seen in any::<bool>(),
        kind in 0..3_usize,
    ) {
        let conditions: Vec<String> = numbers
            .iter()
            .map(|(at, n, _)| CONDITIONS[*at].replace('#', &format!("({n})")))
            .collect();
        let each = conditions.iter().zip(&numbers).enumerate();
        let own = each.clone().map(|(n, (text, (.., tabled)))| match tabled {
            true => table(n, text),
            false => rule(n, text),
        });
        // What stands in `?:` is seen through by nobody.
        let plain = each.map(|(n, (text, _))| rule(n, &format!("({text}) ? true : false")));
        let (own, plain) = (set(own.collect()), set(plain.collect()));

        let mut books = Books::new(0);
        for (seq, code) in (0..).zip(["NUT", "BOLT"]) {
            books.take(&entry(seq, MONDAY, item(code, ItemClass::A, None)));
        }
        let lines: Vec<(&str, i64)> =
            quantities.iter().enumerate().map(|(n, q)| (["NUT", "BOLT"][n % 2], *q)).collect();
        let kind = [MovementKind::Issue, MovementKind::Receipt, MovementKind::Scrap][kind];
        let mut one = movement(kind, "wh1/a", "@production/line-1", &lines);
        if valued {
            for line in &mut one.lines {
                line.value = Some(gatewarden_model::Amount::from_units(line.quantity * 10_000));
            }
        }
        one.pass = seen.then(|| gatewarden_model::PassId(uuid::Uuid::from_u128(5)));
        let (expected, all) = found(&plain, &books, &one);
        let (told, asked) = found(&own, &books, &one);
        prop_assert_eq!(told, expected);
        prop_assert!(asked <= all);
    }
}

#[test]
fn rules_that_can_not_fire_are_not_asked() {
    let rules = (0..100).map(|n| rule(5 * n + 1, &format!("movement.quantity > {}", n * 10)));
    let (firings, asked) = found(&set(rules.collect()), &Books::new(0), &issue("NUT", 15, 1));
    assert_eq!((firings.len(), asked), (2, 2));
}
