//! Rules as the engine asks them: what fires, what that means, what is held back, what fails.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use std::sync::Arc;

use common::*;
use gatewarden_model::{
    ItemClass, MovementKind, RuleEffect, RuleFiring, RuleTrigger, Scalar, SubjectKind, canonical,
};
use gatewarden_rules::{
    Around, Books, Facts, History, Memory, RuleAction, RuleDefinition, RuleDefinitions, RuleSet,
    Schema, StockLayer, Verdict,
    definition::{Over, RowDefinition, Scope, TableDefinition},
    explain,
};

fn rule(id: &str, when: RuleTrigger, condition: &str, then: Vec<RuleAction>) -> RuleDefinition {
    RuleDefinition {
        id: id.to_owned(),
        title: format!("Rule {id}."),
        when,
        on: vec![],
        cron: (when == RuleTrigger::Schedule).then(|| "0 6 * * *".to_owned()),
        over: Over::House,
        scope: Scope::default(),
        params: Default::default(),
        condition: Some(condition.to_owned()),
        table: None,
        then,
        key: vec![],
        quiet_h: 0,
    }
}

fn set(rules: Vec<RuleDefinition>) -> RuleSet {
    let definitions = RuleDefinitions { rules, ..RuleDefinitions::default() };
    RuleSet::new(Arc::new(definitions), &Schema::standard()).unwrap_or_else(|m| panic!("{m:#?}"))
}

/// Books with an item of each class, 100 pieces of each in the building.
fn books() -> Books {
    let mut books = Books::new(0);
    for (seq, (code, class)) in
        (0..).zip([("GOLD", ItemClass::A), ("BOLT", ItemClass::B), ("NUT", ItemClass::C)])
    {
        books.take(&entry(seq * 2, MONDAY, item(code, class, Some(50))));
        books.take(&entry(seq * 2 + 1, MONDAY, moved(receipt(code, 100))));
    }
    books
}

fn before(set: &RuleSet, movement: &gatewarden_model::Movement) -> Vec<RuleFiring> {
    let (history, books) = (History::default(), books());
    let around = Around { history: &history, ground: &books, at: stamp(MONDAY) };
    set.before_movement(around, "post", movement).firings
}

#[test]
fn what_fires_before_an_operation_decides_about_it() {
    let refuse = RuleAction::Refuse { reason: "Gold stays here.".into() };
    let mut gold = rule("gold", RuleTrigger::Before, "movement.quantity > 5", vec![refuse]);
    gold.scope.items = vec!["GOLD".parse().unwrap()];
    let approver = RuleAction::Approver { approver: "role:finance-director".into() };
    let actions = vec![approver, RuleAction::StepUp { level: 3 }, RuleAction::SecondPerson {}];
    let mut dear = rule("dear", RuleTrigger::Before, "movement.amount > param.limit", actions);
    dear.params.insert("limit".into(), Scalar::Integer(50_000_000));
    let mut shipment = rule("shipment", RuleTrigger::Before, "true", vec![RuleAction::Flag {}]);
    shipment.scope.movement_kinds = vec![MovementKind::Shipment];
    let set = set(vec![gold, dear, shipment]);

    assert_eq!(before(&set, &issue("BOLT", 2, 10)), []);
    let dear = Verdict::of(&before(&set, &issue("BOLT", 2, 6_000)));
    assert_eq!(dear.approvers.iter().collect::<Vec<_>>(), ["role:finance-director"]);
    assert_eq!((dear.step_up, dear.second_person, dear.refused.len()), (3, true, 0));
    let gold = before(&set, &issue("GOLD", 6, 10));
    assert_eq!(Verdict::of(&gold).refused, ["Gold stays here. (rule gold)"]);
    assert!(Verdict::of(&before(&set, &issue("GOLD", 5, 10))).is_clear());

    let firing = &before(&set, &issue("BOLT", 2, 6_000))[0];
    assert_eq!(firing.version, set.rule("dear").unwrap().version);
    assert_eq!(firing.facts["movement.amount"], Scalar::Integer(60_000_000));
    assert_eq!(firing.facts["param.limit"], Scalar::Integer(50_000_000));
    assert!(firing.subjects.iter().any(|s| s.kind == SubjectKind::Operator && s.key == "li.wei"));
    assert!(canonical::encode(firing).is_ok());
    let told = explain(&set, firing);
    assert!(told.in_force);
    assert_eq!(told.parts[0].part, "movement.amount (60000000) > 50000000");
    assert_eq!(told.parts[0].holds, Some(true));
}

#[test]
fn a_rule_that_fails_before_an_operation_denies_it_and_says_so() {
    let flag = || vec![RuleAction::Flag {}];
    let divides = "100 / (movement.quantity - 2) > 1";
    let set = set(vec![
        rule("divides", RuleTrigger::Before, divides, flag()),
        rule("unknown", RuleTrigger::Before, "document.excess > 5", flag()),
        rule("after", RuleTrigger::After, divides, flag()),
    ]);
    let found = before(&set, &issue("NUT", 2, 1));
    let refused = Verdict::of(&found).refused;
    assert_eq!(refused.len(), 2);
    assert!(refused[0].contains("rule divides can't be asked: a division by zero"), "{refused:?}");
    assert!(refused[1].contains("\"document.excess\" is not known"), "{refused:?}");
    let codes = |effect: &RuleEffect| matches!(effect, RuleEffect::Failed { .. });
    assert!(found.iter().all(|firing| firing.effects.iter().all(codes)));
    let (history, books) = (History::default(), books());
    let around = Around { history: &history, ground: &books, at: stamp(MONDAY) };
    let after = set.after_movement(around, &issue("NUT", 2, 1));
    assert_eq!((after.firings.len(), after.failures.len()), (0, 1), "afterwards it is only told");
}

#[test]
fn a_table_says_what_follows_by_its_first_row() {
    let cells = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
    let row = |one: &[&str], reason: &str| RowDefinition {
        cells: cells(one),
        condition: None,
        then: vec![RuleAction::Refuse { reason: reason.to_owned() }],
    };
    let mut table = rule("table", RuleTrigger::Before, "", vec![]);
    table.condition = None;
    table.table = Some(TableDefinition {
        columns: cells(&["movement.quantity", "session.auth_level"]),
        rows: vec![row(&["> 50", "-"], "Too much."), row(&["> 10", "< 3"], "Too weak.")],
        otherwise: vec![],
    });
    let set = set(vec![table]);
    assert_eq!(before(&set, &issue("NUT", 10, 1)), []);
    for (quantity, row, reason) in [(60, 1, "Too much."), (20, 2, "Too weak.")] {
        let found = before(&set, &issue("NUT", quantity, 1));
        assert_eq!(found[0].row, row);
        assert_eq!(found[0].effects, [RuleEffect::Refuse { reason: reason.into() }]);
    }
}

#[test]
fn a_level_is_told_when_it_is_crossed_and_again_only_after_it_was_left() {
    let draft = RuleAction::Draft {
        document: gatewarden_model::DocumentKind::PurchaseSuggestion,
        item: "item.code".into(),
        quantity: "stock.suggested".into(),
    };
    let condition = "stock.safety > 0 && stock.projected <= stock.safety";
    let mut safety = rule("safety", RuleTrigger::Level, condition, vec![draft]);
    (safety.over, safety.key) = (Over::Items, vec!["item.code".into()]);
    let set = set(vec![safety]);
    let (history, mut books, mut memory) = (History::default(), books(), Memory::default());
    let mut fired = vec![];
    for (seq, one) in (0..).zip([
        issue("NUT", 40, 1),
        issue("NUT", 20, 1),
        issue("NUT", 5, 1),
        receipt("NUT", 30),
        issue("NUT", 20, 1),
    ]) {
        books.take(&entry(seq, MONDAY, moved(one.clone())));
        let around = Around { history: &history, ground: &books, at: stamp(MONDAY) };
        let found = set.levels_of(around, &mut memory, &one);
        fired.extend(found.firings.into_iter().map(|firing| (seq, firing.effects)));
    }
    let draft = |quantity| {
        vec![RuleEffect::Draft {
            kind: gatewarden_model::DocumentKind::PurchaseSuggestion,
            title: "Rule safety.".into(),
            lines: vec![gatewarden_model::DraftLine { item: "NUT".into(), quantity }],
        }]
    };
    assert_eq!(fired, [(1, draft(10)), (4, draft(5))]);
}

#[test]
fn the_same_is_not_said_again_within_its_span_but_what_decides_is() {
    let actions = vec![RuleAction::SecondPerson {}, RuleAction::Flag {}];
    let mut one = rule("one", RuleTrigger::Before, "true", actions);
    (one.quiet_h, one.key) = (24, vec!["document.number".into()]);
    let set = set(vec![one]);
    let mut memory = Memory::default();
    let firing = || before(&set, &issue("NUT", 1, 1)).remove(0);
    let first = memory.hush(&set, firing(), MONDAY).unwrap();
    assert_eq!(first.effects.len(), 2);
    memory.take(&first, MONDAY);
    let second = memory.hush(&set, firing(), MONDAY + 23 * HOUR).unwrap();
    assert_eq!(second.effects, [RuleEffect::SecondPerson]);
    assert_eq!(memory.hush(&set, firing(), MONDAY + 24 * HOUR).unwrap().effects.len(), 2);
    let mut other = issue("NUT", 1, 1);
    other.document.number = "MR-2".into();
    let other = before(&set, &other).remove(0);
    assert_eq!(memory.hush(&set, other, MONDAY).unwrap().effects.len(), 2, "another document");
}

#[test]
fn a_scan_looks_at_each_place_once_with_all_its_layers() {
    let condition = "stock.on_hand > param.least && stock.idle_days > 180";
    let mut dead = rule("dead", RuleTrigger::Schedule, condition, vec![RuleAction::Flag {}]);
    dead.over = Over::Places;
    dead.key = vec!["item.code".into(), "stock.place".into()];
    dead.params.insert("least".into(), Scalar::Integer(0));
    let set = set(vec![dead]);
    let mut history = History::default();
    history.take(&entry(0, MONDAY - 200 * 24 * HOUR, moved(receipt("GOLD", 1))));
    history.take(&entry(1, MONDAY - 10 * 24 * HOUR, moved(receipt("NUT", 1))));
    let mut count = issue("GOLD", 1, 1);
    (count.kind, count.lines[0].to) = (MovementKind::Transfer, "wh1/b".parse().unwrap());
    history.take(&entry(2, MONDAY - 5 * 24 * HOUR, moved(count)));
    let today = gatewarden_model::Day::of(&stamp(MONDAY), 0);
    let day = |ago: i64| gatewarden_model::Day::from_number(i64::from(today.number()) - ago);
    let (gold, nut) = ("GOLD".parse().unwrap(), "NUT".parse().unwrap());
    let layer = |item, place, ago, quantity| StockLayer {
        item,
        place,
        day: day(ago),
        quantity,
        value: None,
    };
    let layers = [
        layer(&gold, "wh1/a", 200, 3),
        layer(&gold, "wh1/a", 100, 4),
        layer(&gold, "wh1/b", 200, 5),
        layer(&gold, "wh1/c", 10, 5),
        layer(&nut, "wh1/a", 300, 6),
        layer(&nut, "wh1/z", 300, 6),
    ];
    let books = books();
    let around = Around { history: &history, ground: &books, at: stamp(MONDAY) };
    let scan = set.scheduled_run(around, "dead", layers.into_iter());
    let keys: Vec<&str> = scan.firings.iter().map(|firing| firing.key.as_str()).collect();
    // A transfer carries the last move along; where none is known, the age decides.
    assert_eq!(keys, ["dead/GOLD/wh1/a", "dead/GOLD/wh1/b", "dead/NUT/wh1/z"]);
    assert_eq!((scan.looked, scan.fired), (5, 3));
    assert_eq!(scan.firings[0].facts["stock.on_hand"], Scalar::Integer(7));
}

#[test]
fn what_is_wrong_with_definitions_is_told_at_once() {
    let mut late = rule("late", RuleTrigger::After, "true", vec![RuleAction::SecondPerson {}]);
    late.on = vec!["movd".into()];
    let mut idle = rule("idle", RuleTrigger::Schedule, "true", vec![]);
    idle.cron = None;
    let twice = rule("idle", RuleTrigger::Before, "stock.onhand > 5", vec![RuleAction::Flag {}]);
    let mut odd = rule("odd", RuleTrigger::Before, "true", vec![]);
    odd.then = vec![RuleAction::Notify { to: vec!["li.wei".into()], template: "x".into() }];
    odd.params.insert("unused".into(), Scalar::Integer(1));
    let definitions =
        RuleDefinitions { rules: vec![late, idle, twice, odd], ..RuleDefinitions::default() };
    let all = definitions.check(&Schema::standard());
    let told: Vec<(usize, &str)> = all.iter().map(|m| (m.rule, m.mistake.code)).collect();
    for expect in [
        (0, "unknown-event"),
        (0, "gate-too-late"),
        (1, "no-cron"),
        (1, "no-action"),
        (2, "rule-twice"),
        (2, "unknown-fact"),
        (3, "bad-approver"),
        (3, "unused-parameter"),
    ] {
        assert!(told.contains(&expect), "{expect:?} is not among {told:?}");
    }
    assert!(RuleSet::new(Arc::new(definitions), &Schema::standard()).is_err());
}

/// Rules that are found by the index are those that would fire without it.
#[test]
fn the_index_leaves_out_only_what_could_not_fire() {
    let kinds = [MovementKind::Issue, MovementKind::Receipt, MovementKind::Shipment];
    let mut rules = vec![];
    for n in 0..120_usize {
        let mut one =
            rule(&format!("r{n}"), RuleTrigger::Before, "true", vec![RuleAction::Flag {}]);
        if n % 2 == 0 {
            one.scope.movement_kinds = vec![kinds[n / 2 % 3]];
        }
        if n % 3 == 0 {
            one.scope.items = vec![["GOLD", "BOLT", "NUT", "OTHER"][n / 3 % 4].parse().unwrap()];
        }
        if n % 5 == 0 {
            one.scope.classes = vec![ItemClass::ALL[n / 5 % 3]];
        }
        if n % 7 == 0 {
            one.scope.warehouses = vec![["wh1", "wh2"][n / 7 % 2].into()];
        }
        if n % 11 == 0 {
            one.on = vec![["post", "execute"][n / 11 % 2].into()];
        }
        rules.push(one);
    }
    let set = set(rules.clone());
    for (movement, class) in [
        (issue("GOLD", 1, 1), ItemClass::A),
        (issue("NUT", 1, 1), ItemClass::C),
        (receipt("BOLT", 1), ItemClass::B),
    ] {
        let any = |len: usize, found: bool| len == 0 || found;
        let fits = |rule: &&RuleDefinition| {
            let scope = &rule.scope;
            any(scope.movement_kinds.len(), scope.movement_kinds.contains(&movement.kind))
                && any(scope.items.len(), scope.items.contains(&movement.lines[0].item))
                && any(scope.classes.len(), scope.classes.contains(&class))
                && any(scope.warehouses.len(), scope.warehouses.contains(&"wh1".to_owned()))
                && any(rule.on.len(), rule.on.contains(&"post".to_owned()))
        };
        let expect: Vec<&str> = rules.iter().filter(fits).map(|rule| rule.id.as_str()).collect();
        let found = before(&set, &movement);
        assert_eq!(found.iter().map(|f| f.rule.as_str()).collect::<Vec<_>>(), expect);
        assert!(expect.len() > 20);
    }
}

#[test]
fn facts_that_no_rule_looks_at_are_not_gathered() {
    let set = set(vec![rule(
        "one",
        RuleTrigger::Before,
        "movement.quantity > 1",
        vec![RuleAction::Flag {}],
    )]);
    let mut facts = Facts::new();
    gatewarden_rules::put_movement(&mut facts, set.wants(), &issue("NUT", 5, 1), &books());
    let names: Vec<&str> = facts.iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"movement.quantity"));
    assert!(!names.contains(&"lines") && !names.contains(&"movement.classes"), "{names:?}");
}
