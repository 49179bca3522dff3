//! The shipped rules at work: each finds what it is there for in a small journal, and nothing else.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "../../ledger/rules/tests/common/mod.rs"]
mod common;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use common::*;
use gatewarden_config::{SystemEnvironment, parse_rules, shipped_rules};
use gatewarden_model::{
    Actor, Amount, Body, Document, DocumentContent, DocumentKind, DocumentLine, DocumentLink,
    Entry, ItemClass, MovementKind, RuleEffect, RuleTrigger, StockStatus, Task, TaskId, TaskLine,
};
use gatewarden_rules::{
    Around, Backtest, BacktestReport, Books, Facts, History, RuleSet, Schema, Verdict,
};

fn set() -> RuleSet {
    RuleSet::new(Arc::new(shipped_rules()), &Schema::standard()).unwrap()
}

/// How often each rule fired over a journal, those that did not left out.
fn fired(set: &RuleSet, entries: &[Entry]) -> (BTreeMap<String, u64>, BacktestReport) {
    let mut walk = Backtest::new(set, i64::MIN, 0);
    entries.iter().for_each(|entry| walk.take(entry));
    let report = walk.finish();
    for (rule, count) in &report.rules {
        assert_eq!(count.failed, 0, "{rule}: {:?}", count.failure);
    }
    let fired = report.rules.iter().filter(|(_, count)| count.fired > 0);
    (fired.map(|(rule, count)| (rule.clone(), count.fired)).collect(), report)
}

fn journal(bodies: Vec<(i64, Body)>) -> Vec<Entry> {
    let mut all = vec![
        (0, item("NUT", ItemClass::C, Some(20))),
        (0, item("GOLD", ItemClass::A, None)),
        (0, moved(receipt("NUT", 100))),
        (0, moved(receipt("GOLD", 100))),
    ];
    // The two receipts above are long ago, so that no window has them.
    all.extend(bodies.into_iter().map(|(at, body)| (at + 48 * HOUR, body)));
    (0..).zip(all).map(|(seq, (at, body))| entry(seq, MONDAY + at, body)).collect()
}

#[test]
fn an_ordinary_day_flags_nothing() {
    let day = vec![
        (0, moved(issue("NUT", 5, 100))),
        (HOUR, moved(issue("GOLD", 5, 900))),
        (2 * HOUR, moved(movement(MovementKind::Transfer, "wh1/a", "wh1/b", &[("NUT", 9)]))),
        (3 * HOUR, moved(receipt("NUT", 5))),
    ];
    assert_eq!(fired(&set(), &journal(day)).0, BTreeMap::new());
}

#[test]
fn a_receipt_whose_line_names_its_order_was_ordered() {
    let named = DocumentLink {
        document: Document { kind: DocumentKind::PurchaseOrder, number: "PO-1".to_owned() },
        line: Some(10),
        digest: None,
    };
    for (links, count) in [(vec![named], 0), (vec![], 1)] {
        let document = Document { kind: DocumentKind::Receipt, number: "RC-1".to_owned() };
        let mut content = DocumentContent::new(document.clone());
        let mut line = DocumentLine::new(1, "NUT".parse().unwrap(), 5);
        line.links = links;
        content.lines.push(line);
        let mut came = receipt("NUT", 5);
        came.document = document;
        let written = Body::DocumentWritten { content, by: Actor::Daemon, decision: None };
        let (_, report) = fired(&set(), &journal(vec![(0, written), (HOUR, moved(came))]));
        assert_eq!(report.rules["receipt-without-order"].fired, count);
    }
}

#[test]
fn each_rule_finds_what_it_is_there_for() {
    let set = set();
    let only = |rule: &str, bodies: Vec<(i64, Body)>| {
        let (fired, report) = fired(&set, &journal(bodies));
        assert_eq!(fired, BTreeMap::from([(rule.to_owned(), 1)]), "{rule}");
        report
    };
    let report = only("safety-stock", vec![(0, moved(issue("NUT", 85, 10)))]);
    let drafted = report.found[0].firing.effects.iter().find_map(|effect| match effect {
        RuleEffect::Draft { kind, lines, .. } => {
            Some((*kind, lines[0].item.clone(), lines[0].quantity))
        }
        _ => None,
    });
    assert_eq!(drafted, Some((DocumentKind::PurchaseSuggestion, "NUT".to_owned(), 5)));

    let turns = [0, 1, 2, 3].map(|n| match n % 2 {
        0 => (n * HOUR, moved(issue("GOLD", 1, 10))),
        _ => (n * HOUR, moved(receipt("GOLD", 1))),
    });
    only("in-and-out", turns.into());
    only("outside-hours", vec![(13 * HOUR, moved(issue("NUT", 1, 10)))]);

    let mut stray = receipt("NUT", 5);
    stray.document.kind = DocumentKind::Requisition;
    let report = only("receipt-without-order", vec![(0, moved(stray))]);
    assert_eq!((report.stopped, report.refused), (1, 0));

    let small = (0..3).map(|n| (n * HOUR, moved(issue("NUT", 1, 4_000))));
    only("split-issues", small.collect());

    let second = 1_000_000;
    let at = MONDAY + 48 * HOUR;
    let dismissed = |number: u128| Body::QuarantineResolved {
        pass: gatewarden_model::PassId(uuid::Uuid::from_u128(number)),
        verdict: "dismissed".into(),
        reason: "Seen to.".into(),
        by: Actor::Daemon,
        decision: issue("NUT", 1, 1).decision,
    };
    only(
        "two-places",
        vec![
            (0, quarantined(pass(1, "dock-1", "tag-1", at))),
            (9 * second, quarantined(pass(2, "dock-2", "tag-1", at + 9 * second))),
            (HOUR, dismissed(1)),
            (HOUR, dismissed(2)),
        ],
    );
    only(
        "idle-quarantine",
        vec![
            (0, quarantined(pass(1, "dock-1", "tag-1", at))),
            (48 * HOUR, moved(receipt("NUT", 1))),
        ],
    );
    let mut dearer = receipt("NUT", 10);
    dearer.lines[0].value = Some(Amount::from_units(1_200_000));
    only(
        "price-before-receipt",
        vec![
            (0, ordered("NUT", 10, 100)),
            (HOUR, ordered("NUT", 10, 120)),
            (2 * HOUR, moved(dearer)),
        ],
    );
}

fn ordered(item: &str, quantity: i64, amount: i64) -> Body {
    let (from, to) = ("@supplier/acme".parse().unwrap(), "wh1/a".parse().unwrap());
    let line = TaskLine {
        line: 1,
        item: item.parse().unwrap(),
        quantity,
        from,
        to,
        lot: None,
        owner: None,
        from_status: StockStatus::Available,
        to_status: StockStatus::Available,
        value: Some(Amount::from_units(amount * 10_000)),
        things: vec![],
    };
    let task = Task {
        id: TaskId(uuid::Uuid::from_u128(5)),
        station: "dock-1".parse().unwrap(),
        kind: MovementKind::Receipt,
        document: Document { kind: DocumentKind::PurchaseOrder, number: "PO-1".into() },
        ordered_by: None,
        approved_by: None,
        reservation: None,
        document_digest: None,
        requester: None,
        lines: vec![line],
        custom: Default::default(),
    };
    Body::TaskOpened { task, by: Actor::Daemon, decision: None }
}

#[test]
fn stock_that_nobody_used_for_half_a_year_is_dead() {
    let later = 181 * 24 * HOUR;
    let entries = journal(vec![(later, moved(issue("NUT", 1, 1)))]);
    let (found, report) = fired(&set(), &entries);
    assert_eq!(found, BTreeMap::from([("dead-stock".to_owned(), 1)]));
    assert_eq!(report.found[0].firing.key, "dead-stock/GOLD/wh1/a");
    assert_eq!(report.found[0].seq, None, "a day's scan found it");
}

#[test]
fn an_operator_whose_passes_differ_more_often_is_spoken_to() {
    let mut bodies = vec![];
    for n in 0..40_i64 {
        let mut one = movement(MovementKind::Count, "wh1/a", "@loss/count", &[]);
        one.counts = vec![gatewarden_model::Counted {
            line: 1,
            item: "NUT".parse().unwrap(),
            location: "wh1/a".parse().unwrap(),
            bucket: Default::default(),
            book: 100,
            counted: if n >= 20 && n % 4 == 0 { 99 } else { 100 },
        }];
        bodies.push((n, moved(one)));
    }
    let (found, _) = fired(&set(), &journal(bodies));
    assert_eq!(found, BTreeMap::from([("accuracy-falls".to_owned(), 1)]));
}

#[test]
fn an_issue_over_the_limit_or_of_class_a_needs_one_more_signature() {
    let (set, history, mut books) = (set(), History::default(), Books::new(0));
    journal(vec![]).iter().for_each(|entry| books.take(entry));
    let asked = |item: &str, amount: Option<i64>| {
        let line = DocumentLine {
            amount: amount.map(|amount| Amount::from_units(amount * 10_000)),
            ..DocumentLine::new(1, item.parse().unwrap(), 1)
        };
        let content = DocumentContent {
            lines: vec![line],
            ..DocumentContent::new(Document {
                kind: DocumentKind::Requisition,
                number: "MR-1".into(),
            })
        };
        let around = Around { history: &history, ground: &books, at: stamp(MONDAY) };
        let on = (RuleTrigger::Before, "submit");
        let found = set.document(around, on, &content, |_: &mut Facts| {});
        Verdict::of(&found.firings).approvers.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(asked("NUT", Some(5_000)), Vec::<String>::new());
    assert_eq!(asked("NUT", Some(5_001)), ["role:finance-director"]);
    assert_eq!(asked("GOLD", Some(1)), ["role:finance-director"]);
    assert_eq!(asked("NUT", None), Vec::<String>::new());
}

/// A house with other numbers: the same journal, another answer.
#[test]
fn the_numbers_are_the_house_s() {
    let text = b"[[rules]]\nid = \"split-issues\"\nparams = { times = 5 }\n";
    let path = Path::new("rules.toml");
    let checked = parse_rules(path, text, &SystemEnvironment, &Schema::standard());
    let set = RuleSet::new(Arc::new(checked.rules.unwrap()), &Schema::standard()).unwrap();
    let small = (0..4).map(|n| (n * HOUR, moved(issue("NUT", 1, 4_000))));
    assert_eq!(fired(&set, &journal(small.collect())).0, BTreeMap::new());
}
