//! A backtest asks about documents as they were handed in, and tells what it could not ask.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use std::{collections::BTreeMap, sync::Arc};

use common::*;
use gatewarden_model::{
    Actor, Body, Document, DocumentContent, DocumentKind, DocumentLine, DocumentLink, DocumentStep,
    Entry, Hash, ItemClass, RuleTrigger, Scalar,
};
use gatewarden_rules::{
    Backtest, BacktestReport, RuleAction, RuleDefinition, RuleDefinitions, RuleSet, Schema,
    definition::{Over, Scope},
};

fn rule(id: &str, when: RuleTrigger, on: &[&str], condition: &str) -> RuleDefinition {
    let refuses = when == RuleTrigger::Before;
    RuleDefinition {
        id: id.to_owned(),
        title: "A rule.".to_owned(),
        when,
        on: on.iter().map(|one| (*one).to_owned()).collect(),
        cron: None,
        over: if when == RuleTrigger::Level { Over::Items } else { Over::House },
        scope: Scope::default(),
        params: BTreeMap::new(),
        condition: Some(condition.to_owned()),
        table: None,
        then: match refuses {
            true => vec![RuleAction::Refuse { reason: "No.".to_owned() }],
            false => vec![RuleAction::Flag {}],
        },
        key: vec![],
        quiet_h: 0,
    }
}

fn run(rules: Vec<RuleDefinition>, journal: &[Entry]) -> BacktestReport {
    let definitions = RuleDefinitions { rules, ..RuleDefinitions::default() };
    let set = RuleSet::new(Arc::new(definitions), &Schema::standard()).unwrap();
    let mut walk = Backtest::new(&set, i64::MIN, 0);
    journal.iter().for_each(|entry| walk.take(entry));
    walk.finish()
}

fn content(kind: DocumentKind, number: &str) -> DocumentContent {
    DocumentContent::new(Document { kind, number: number.to_owned() })
}

fn by(who: &str) -> Actor {
    Actor::Operator { id: who.parse().unwrap(), session: None }
}

/// A document that is written and handed in, with an excess as planning found it, and approved.
fn handed_in(content: &DocumentContent, excess: i64) -> Vec<Body> {
    let facts = BTreeMap::from([("document.excess".to_owned(), Scalar::Integer(excess))]);
    let (workflow, procedures) = (None, Hash::of(b"procedures"));
    let (lines, extra) = (vec![], vec![]);
    let step = |step| Body::DocumentStepped {
        document: content.document.clone(),
        version: 1,
        digest: content.digest(),
        step,
        by: by("ann"),
        decision: None,
    };
    vec![
        Body::DocumentWritten { content: content.clone(), by: by("ann"), decision: None },
        step(DocumentStep::Submitted { workflow, procedures, facts, lines, extra }),
        step(DocumentStep::Approved { signatures: vec![] }),
    ]
}

fn journal(bodies: Vec<Body>) -> Vec<Entry> {
    (0..).zip(bodies).map(|(seq, body)| entry(seq, MONDAY + seq as i64, body)).collect()
}

#[test]
fn documents_are_asked_about_with_the_facts_of_then() {
    let mut bodies = handed_in(&content(DocumentKind::TransferOrder, "TO-1"), 5);
    bodies.extend(handed_in(&content(DocumentKind::TransferOrder, "TO-2"), 50));
    let report = run(
        vec![
            rule("excess", RuleTrigger::Before, &["submit"], "document.excess > 10"),
            rule("own", RuleTrigger::Before, &["submit"], "document.amount > 10"),
            rule("signed", RuleTrigger::Before, &["approve"], "document.excess > 10"),
            rule("roles", RuleTrigger::Before, &["submit"], "\"buyer\" in session.roles"),
            rule("ann", RuleTrigger::After, &["document-written"], "session.operator == \"ann\""),
        ],
        &journal(bodies),
    );
    let count = |rule: &str| {
        let one = &report.rules[rule];
        (one.fired, one.failed, one.not_asked)
    };
    assert_eq!(report.documents, 2);
    assert_eq!(count("excess"), (1, 0, 0));
    assert_eq!(report.found.iter().find(|one| one.firing.rule == "excess").unwrap().seq, Some(4));
    assert_eq!(count("own"), (2, 2, 0), "what is not known denies, as it would have");
    assert_eq!(count("roles"), (0, 0, 2), "a journal does not tell who held what");
    assert_eq!(count("ann"), (2, 0, 0));
    assert_eq!(count("signed"), (0, 0, 0));
    assert!(report.rules["signed"].not_asked_because.as_ref().unwrap().contains("approve"));
    assert_eq!(report.rules["excess"].not_asked_because, None);
    assert_eq!(report.refused, 2, "by the rule that failed, one of them by both");
}

#[test]
fn what_rests_on_open_orders_is_asked_only_while_there_are_none() {
    let safety = "stock.projected <= stock.safety";
    let rules = || vec![rule("safety", RuleTrigger::Level, &[], safety)];
    let plain = vec![
        item("NUT", ItemClass::C, Some(50)),
        moved(receipt("NUT", 60)),
        moved(issue("NUT", 20, 1)),
    ];
    let report = run(rules(), &journal(plain.clone()));
    assert_eq!((report.rules["safety"].fired, report.rules["safety"].not_asked), (1, 0));
    let mut bodies = plain;
    bodies.splice(1..1, handed_in(&content(DocumentKind::PurchaseOrder, "PO-1"), 0));
    let report = run(rules(), &journal(bodies));
    let safety = &report.rules["safety"];
    assert_eq!((safety.fired, safety.not_asked), (0, 2), "0 would be wrong");
    assert!(safety.not_asked_because.as_ref().unwrap().contains("stock.projected"));
}

/// A receipt of two lines that both follow from these lines of orders, and what it moved.
fn received(number: &str, links: &[DocumentLink]) -> Vec<Body> {
    let mut content = content(DocumentKind::Receipt, number);
    for line in 1..=2 {
        let mut line = DocumentLine::new(line, "NUT".parse().unwrap(), 30);
        line.links = links.to_vec();
        content.lines.push(line);
    }
    let mut movement = receipt("NUT", 60);
    movement.document = content.document.clone();
    let mut bodies = handed_in(&content, 0);
    bodies.push(moved(movement));
    bodies
}

#[test]
fn a_receipt_follows_from_the_order_that_its_lines_name() {
    let by_line = DocumentLink {
        document: Document { kind: DocumentKind::PurchaseOrder, number: "PO-1".to_owned() },
        line: Some(10),
        digest: None,
    };
    let mut bodies = received("RC-1", &[by_line]);
    bodies.extend(received("RC-2", &[]));
    // As the shipped rule `receipt-without-order` asks it.
    let unordered = "has(document.orders) ? document.orders == 0 \
                     : !(document.kind in [\"purchase-order\", \"shipping-notice\"])";
    let rules = vec![
        rule("unordered", RuleTrigger::Before, &["execute", "post"], unordered),
        rule(
            "several",
            RuleTrigger::After,
            &["moved"],
            "has(document.orders) && document.orders > 1",
        ),
    ];
    let report = run(rules, &journal(bodies));
    assert_eq!(report.movements, 2);
    let found: Vec<_> =
        report.found.iter().map(|one| (one.firing.rule.as_str(), one.seq)).collect();
    assert_eq!(found, [("unordered", Some(7))], "one order is one, however many lines name it");
}
