//! Rights that depend on data: every limit at its boundary, what is not known, that limits and missing
//! grants only take away, and that the journal holds the facts and a judge finds false ones.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{House, at, erp, matrix, pass, posting, task};
use gatewarden_engine::{Access, AccessError, Command, Facts, Goods, Principal, Request};
use gatewarden_model::{
    Action, Amount, Body, Decision, DocumentKind, ItemClass, Limit, Module, MovementKind, OWN,
    OperatorId, Role, RoleMatrix, StockStatus, Task,
};
use proptest::prelude::*;

fn right() -> Limit {
    Limit { modules: vec![Module::Outbound], actions: vec![Action::Execute], ..Limit::default() }
}

/// Issues up to 5,000 in warehouse 2, not class A.
fn junior() -> Limit {
    Limit {
        warehouses: Some(vec!["wh2".to_owned()]),
        classes_except: Some(vec![ItemClass::A]),
        amount_max: Some("5000".parse().unwrap()),
        ..right()
    }
}

fn roles(limits: Vec<Limit>) -> RoleMatrix {
    let grants = [(Module::Outbound, vec![Action::View, Action::Execute])].into();
    let plain = [(Module::Outbound, vec![Action::Execute])].into();
    RoleMatrix(
        [
            (
                "junior".to_owned(),
                Role { title: "Issues.".to_owned(), grants, limits, fields: None },
            ),
            ("senior".to_owned(), Role { grants: plain, ..Role::default() }),
        ]
        .into(),
    )
}

fn limited(limits: Vec<Limit>) -> Access {
    Access::new(&roles(limits), "").unwrap()
}

fn ask(access: &Access, roles: &[&str], action: Action, facts: Facts<'_>) -> Decision {
    let id: OperatorId = "li".parse().unwrap();
    let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
    let principal = Principal::Operator { id: &id, roles: &roles };
    let decision = access.decide(&Request { principal, action, module: Module::Outbound, facts });
    // What is said to stand in the way is what does, in every question of these tests that no `forbid`
    // decides.
    let granting = roles.iter().filter(|role| {
        let principal = Principal::Operator { id: &id, roles: std::slice::from_ref(*role) };
        access.grants(&principal, action, Module::Outbound)
    });
    let is_forbidden = !decision.allowed && !decision.policies.is_empty();
    if decision.errors.is_empty() && !is_forbidden {
        let missed = access.missed(&principal, &decision);
        assert_eq!(decision.allowed, missed.len() < granting.count(), "{missed:?} {decision:?}");
        assert!(missed.iter().all(|miss| !miss.limits.is_empty()), "{missed:?}");
    }
    decision
}

fn goods(warehouses: &str, classes: &[ItemClass]) -> Goods {
    Goods {
        warehouses: warehouses.split_whitespace().map(str::to_owned).collect(),
        classes: classes.iter().copied().collect(),
        owners: [OWN.to_owned()].into(),
        statuses: [StockStatus::Available].into(),
    }
}

#[test]
fn a_junior_issues_up_to_5000_in_warehouse_2_and_never_class_a() {
    use ItemClass::{A, B, C};
    let access = limited(vec![junior()]);
    let cases: &[(&str, &[ItemClass], Option<&str>, bool)] = &[
        ("wh2", &[C], Some("5000"), true),
        ("wh2", &[C], Some("5000.0001"), false),
        ("wh2", &[C], Some("5000.01"), false),
        ("wh2", &[B, C], Some("0"), true),
        ("wh2", &[C], None, false),
        ("wh2", &[A], Some("1"), false),
        ("wh2", &[A, B, C], Some("1"), false),
        ("wh2", &[], Some("1"), false),
        ("wh1", &[C], Some("1"), false),
        ("wh1 wh2", &[C], Some("1"), false),
        ("", &[C], Some("1"), false),
        ("wh20", &[C], Some("1"), false),
    ];
    for (warehouses, classes, amount, allowed) in cases {
        let goods = goods(warehouses, classes);
        let amount = amount.map(|text| text.parse().unwrap());
        let facts = Facts { goods: Some(&goods), amount, ..Facts::default() };
        let decision = ask(&access, &["junior"], Action::Execute, facts);
        assert_eq!(decision.allowed, *allowed, "{goods:?} {amount:?}");
        assert_eq!(decision.errors, Vec::<String>::new());
        // A limit narrows its own role only.
        assert!(ask(&access, &["junior", "senior"], Action::Execute, facts).allowed);
    }
    assert!(!ask(&access, &["junior"], Action::Execute, Facts::default()).allowed);
    let view = ask(&access, &["junior"], Action::View, Facts::default());
    assert!(view.allowed && view.facts.is_empty(), "the limit is not on viewing: {view:?}");
    let goods = goods("wh2", &[B, C]);
    let amount = Some("12.5".parse().unwrap());
    let facts = Facts { goods: Some(&goods), amount, auth_level: Some(2), ..Facts::default() };
    let told = ask(&access, &["junior"], Action::Execute, facts).facts;
    let told: Vec<String> = told.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(told, ["amount=12.5", "classes=B,C", "warehouses=wh2"], "what is looked at");
}

#[test]
fn every_limit_holds_at_its_boundary_and_denies_what_is_not_known() {
    let dock: gatewarden_model::StationId = "dock-1".parse().unwrap();
    let other = "dock-2".parse().unwrap();
    let of = |owners: &[&str], statuses: &[StockStatus]| Goods {
        owners: owners.iter().map(|o| (*o).to_owned()).collect(),
        statuses: statuses.iter().copied().collect(),
        ..goods("wh1", &[ItemClass::B])
    };
    let own = of(&[OWN], &[StockStatus::Available]);
    let mixed = of(&[OWN, "ACME"], &[StockStatus::Available, StockStatus::Blocked]);
    let none = Facts::default();
    let with = |goods| Facts { goods: Some(goods), ..none };
    type Case<'a> = (Limit, Facts<'a>, Facts<'a>);
    let cases: Vec<Case<'_>> = vec![
        (Limit { classes: Some(vec![ItemClass::B]), ..right() }, with(&own), none),
        (Limit { owners: Some(vec![OWN.to_owned()]), ..right() }, with(&own), with(&mixed)),
        (
            Limit { statuses: Some(vec![StockStatus::Available]), ..right() },
            with(&own),
            with(&mixed),
        ),
        (
            Limit { document_kinds: Some(vec![DocumentKind::Requisition]), ..right() },
            Facts { document: Some(DocumentKind::Requisition), ..none },
            Facts { document: Some(DocumentKind::WorkOrder), ..none },
        ),
        (
            Limit { movement_kinds: Some(vec![MovementKind::Issue]), ..right() },
            Facts { movement: Some(MovementKind::Issue), ..none },
            Facts { movement: Some(MovementKind::Shipment), ..none },
        ),
        (
            Limit { stations: Some(vec![dock.clone()]), ..right() },
            Facts { station: Some(&dock), ..none },
            Facts { station: Some(&other), ..none },
        ),
        (
            Limit { auth_level_min: Some(3), ..right() },
            Facts { auth_level: Some(3), ..none },
            Facts { auth_level: Some(2), ..none },
        ),
        (
            Limit { two_persons: true, ..right() },
            Facts { second: Some("bob"), ..none },
            // Nobody is his own second person, however his name is written.
            Facts { second: Some(" LI "), ..none },
        ),
        (Limit { warehouses: Some(vec![]), ..right() }, Facts { ..none }, with(&own)),
    ];
    for (limit, fits, breaks) in cases {
        let nothing_fits = limit.warehouses == Some(vec![]);
        let access = limited(vec![limit.clone()]);
        let go = |facts| ask(&access, &["junior"], Action::Execute, facts).allowed;
        assert_eq!(go(fits), !nothing_fits, "{limit:?}");
        assert!(!go(breaks) && !go(none), "{limit:?}");
    }
    // Several limits of one right must all hold.
    let dear = Limit { amount_max: Some(Amount::ZERO), ..right() };
    let access = limited(vec![right(), Limit { auth_level_min: Some(2), ..right() }, dear]);
    let facts = |level| Facts { amount: Some(Amount::ZERO), auth_level: Some(level), ..none };
    assert!(ask(&access, &["junior"], Action::Execute, facts(2)).allowed);
    assert!(!ask(&access, &["junior"], Action::Execute, facts(1)).allowed);
}

#[test]
fn names_with_quotes_and_commas_stay_names() {
    let odd = "a\"]) || true; //,\\\u{7f}";
    let limit = Limit { warehouses: Some(vec![odd.to_owned()]), ..right() };
    let access = limited(vec![limit]);
    let inside = Goods { warehouses: [odd.to_owned()].into(), ..Goods::default() };
    let facts = Facts { goods: Some(&inside), ..Facts::default() };
    let decision = ask(&access, &["junior"], Action::Execute, facts);
    assert!(decision.allowed, "{decision:?}");
    let outside = goods("wh1", &[]);
    let facts = Facts { goods: Some(&outside), ..Facts::default() };
    assert!(!ask(&access, &["junior"], Action::Execute, facts).allowed);
    // What is recorded is read back as the same facts.
    let mut known = gatewarden_engine::Known::default();
    known.add("warehouses", &decision.facts["warehouses"]).unwrap();
    assert_eq!(known.told(), decision.facts);
}

/// Cedar would skip a forbid that fails on a fact which is not known: such a one never comes in force, and
/// whoever wants it has to say what holds without the fact.
#[test]
fn a_forbid_that_takes_a_fact_for_known_is_refused_with_its_place() {
    let unguarded = "forbid (principal, action == Action::\"execute\", resource) \
                     when { context.amount > 50000000 };";
    let Err(AccessError::Raw(mistakes)) = Access::new(&roles(vec![]), unguarded) else {
        panic!("it must not be taken");
    };
    let [mistake] = &mistakes[..] else { panic!("{mistakes:?}") };
    assert_eq!(&unguarded[mistake.start..mistake.end], "context.amount");
    assert!(mistake.message.contains("amount"), "{mistake}");
    assert!(mistake.hint.as_ref().is_some_and(|hint| hint.contains("has amount")), "{mistake:?}");
    // As the lint tells to write it, the unknown is denied, as by a role's limit.
    let guarded = "forbid (principal, action == Action::\"execute\", resource) \
                   unless { context has amount && context.amount <= 50000000 };";
    let access = Access::new(&roles(vec![]), guarded).unwrap();
    let amount = |text: &str| Facts { amount: Some(text.parse().unwrap()), ..Facts::default() };
    for (facts, allowed) in
        [(Facts::default(), false), (amount("5000"), true), (amount("5000.01"), false)]
    {
        assert_eq!(ask(&access, &["senior"], Action::Execute, facts).allowed, allowed, "{facts:?}");
    }
}

#[test]
fn a_failing_forbid_denies() {
    let broken = "@id(\"broken\") forbid (principal is Operator, action == Action::\"execute\", \
                  resource) when { context has amount && context.amount * 9223372036854775807 > 0 };";
    let access = Access::new(&roles(vec![]), broken).unwrap();
    let facts = |units| Facts { amount: Some(Amount::from_units(units)), ..Facts::default() };
    let denied = ask(&access, &["senior"], Action::Execute, facts(2));
    assert!(!denied.allowed && denied.errors.len() == 1, "{denied:?}");
    assert!(ask(&access, &["senior"], Action::Execute, facts(0)).allowed);
}

/// A house whose storekeepers issue up to 30 in warehouse 1.
fn house() -> House {
    let mut roles = matrix();
    let limit = Limit {
        warehouses: Some(vec!["wh1".to_owned()]),
        amount_max: Some("30".parse().unwrap()),
        ..right()
    };
    roles.0.get_mut("storekeeper").unwrap().limits = vec![limit];
    let approve = Limit {
        modules: vec![Module::Outbound],
        actions: vec![Action::Approve],
        amount_max: Some("100".parse().unwrap()),
        ..Limit::default()
    };
    roles.0.get_mut("warehouse-supervisor").unwrap().limits = vec![approve];
    House::with_policies(Access::new(&roles, "").unwrap())
}

/// A day in it: pumps are received for 10 a piece, then issued within and beyond the limits.
fn day() -> House {
    let mut house = house();
    let session = Some(house.sign_in(1, Some("dock-1"), "sam"));
    house.sign_in(2, None, "sue");
    house.now = at(10);
    house.posted(posting(
        50,
        MovementKind::Receipt,
        &["10 PUMP 20 @supplier/A wh1/dock value=200"],
    ));
    house.posted(posting(51, MovementKind::Receipt, &["10 BOLT-M8 9 @supplier/A wh1/dock"]));
    let issue = |house: &mut House, n: u128, line: &str, things: &str| {
        let task = task(n, "dock-1", MovementKind::Issue, &[line]);
        house.ok(Command::OpenTask { task, by: erp() });
        let outcome = house.handle(Command::Pass(pass(n, "dock-1", session, 10, things)));
        common::word(&outcome)
    };
    let three = "pump#2 pump#3 pump#4";
    assert_eq!(issue(&mut house, 1, "10 PUMP 3 wh1/dock @production/L1", three), "posted");
    assert_eq!(issue(&mut house, 2, "10 PUMP 1 wh1/dock @production/L1", "pump#1"), "posted");
    // What a bolt is worth is not known, and a limit asks for it.
    assert_eq!(issue(&mut house, 3, "10 BOLT-M8 1 wh1/dock @production/L1", "bolt#1"), "denied");
    house
}

#[test]
fn passes_and_postings_are_held_against_limits_and_the_journal_says_on_which_facts() {
    let mut house = day();
    let four = (1..=4).map(|n| format!("pump#1{n}")).collect::<Vec<_>>().join(" ");
    let session = house.engine.state().session_at(&"dock-1".parse().unwrap()).map(|s| s.id);
    let dear = task(4, "dock-1", MovementKind::Issue, &["10 PUMP 4 wh1/dock @production/L1"]);
    let dear = Task { ordered_by: Some("bob".to_owned()), ..dear };
    house.ok(Command::OpenTask { task: dear, by: erp() });
    assert_eq!(house.refused(Command::Pass(pass(4, "dock-1", session, 10, &four))), "denied");
    let Some(Body::Denied { decision: Some(decision), reason, .. }) =
        house.journal.last().map(|entry| &entry.body)
    else {
        panic!("{:?}", house.journal.last())
    };
    let told: Vec<String> = decision.facts.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(told, ["amount=40", "ordered_by=bob", "warehouses=wh1"]);
    assert!(!reason.contains("40"), "a refusal tells no amount: {reason}");
    // By hand: 100 may be approved, 110 not.
    let line = |n: u32| format!("10 PUMP {n} wh1/dock @production/L1");
    house.posted(posting(60, MovementKind::Issue, &[&line(10)]));
    let more = house.reserve(posting(61, MovementKind::Issue, &[&line(5)]), "sue");
    house.ok(more);
    let approve = house.post(61, "max");
    house.ok(approve);
    assert_eq!(house.judged(), Vec::<String>::new());
    assert_eq!(house.restarted().state(), house.engine.state());
}

#[test]
fn a_posting_beyond_the_limit_can_be_reserved_and_not_approved() {
    let mut house = day();
    let dear = posting(70, MovementKind::Issue, &["10 PUMP 11 wh1/dock @production/L1"]);
    let reserve = house.reserve(dear, "sue");
    house.ok(reserve);
    let approve = house.post(70, "max");
    assert_eq!(house.refused(approve), "denied");
    let void = Command::VoidReservation {
        reservation: common::movement_id(70),
        reason: "too dear".to_owned(),
        by: house.by("sue"),
    };
    house.ok(void);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_judge_finds_false_facts() {
    let journal = day().journal;
    let access = house().engine.access().clone();
    let judged = |change: &dyn Fn(&mut Body) -> bool| {
        let mut journal = journal.clone();
        assert!(journal.iter_mut().any(|entry| change(&mut entry.body)), "nothing was changed");
        let mut judge = gatewarden_engine::Judge::knowing(access.clone());
        journal.iter().filter_map(|entry| judge.judge(entry)).collect::<Vec<_>>()
    };
    assert_eq!(judged(&|_| true), Vec::<String>::new());
    let of_pass = |fact: &'static str, text: &'static str| {
        judged(&move |body| match body {
            Body::Moved { movement, pass: Some(_) } => {
                movement.decision.facts.insert(fact.to_owned(), text.to_owned());
                true
            }
            _ => false,
        })
    };
    for (fact, text) in [("amount", "9"), ("warehouses", "wh2"), ("amount", "x")] {
        let found = of_pass(fact, text);
        assert!(found.len() == 1 && found[0].contains("amount 30"), "{fact}: {found:?}");
    }
    let dearer = judged(&|body| match body {
        Body::Moved { movement, pass: Some(_) } => {
            movement.lines[0].value = Some("40".parse().unwrap());
            movement.decision.facts.insert("amount".to_owned(), "40".to_owned());
            true
        }
        _ => false,
    });
    assert!(dearer[0].contains("answer deny by no policy"), "{dearer:?}");
}

fn limit() -> impl Strategy<Value = Limit> {
    let classes =
        proptest::option::of(proptest::sample::subsequence(ItemClass::ALL.to_vec(), 0..=3));
    let amount = proptest::option::of(0..4i64);
    let warehouses = proptest::option::of(proptest::sample::subsequence(vec!["wh1", "wh2"], 0..=2));
    (classes.clone(), classes, amount, warehouses, any::<bool>(), proptest::option::of(1..4u8))
        .prop_map(|(classes, except, amount, warehouses, two_persons, auth_level_min)| Limit {
            classes,
            classes_except: except,
            amount_max: amount.map(Amount::from_units),
            warehouses: warehouses.map(|list| list.into_iter().map(str::to_owned).collect()),
            two_persons,
            auth_level_min,
            ..right()
        })
}

type Asked = (Vec<ItemClass>, Option<i64>, Vec<&'static str>, bool, Option<u8>);

fn asked() -> impl Strategy<Value = Asked> {
    (
        proptest::sample::subsequence(ItemClass::ALL.to_vec(), 0..=3),
        proptest::option::of(0..4i64),
        proptest::sample::subsequence(vec!["wh1", "wh2"], 0..=2),
        any::<bool>(),
        proptest::option::of(1..4u8),
    )
}

fn allows(access: &Access, roles: &[&str], action: Action, asked: &Asked) -> bool {
    let (classes, amount, warehouses, second, auth_level) = asked;
    let goods = goods(&warehouses.join(" "), classes);
    let facts = Facts {
        goods: Some(&goods),
        amount: amount.map(Amount::from_units),
        second: second.then_some("bob"),
        auth_level: *auth_level,
        ..Facts::default()
    };
    ask(access, roles, action, facts).allowed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn a_further_limit_and_a_missing_grant_never_allow_more(
        first in limit(), second in limit(), questions in proptest::collection::vec(asked(), 1..12),
    ) {
        let (one, both) = (limited(vec![first.clone()]), limited(vec![first.clone(), second]));
        let mut without = roles(vec![first]);
        without.0.get_mut("junior").unwrap().grants.insert(Module::Outbound, vec![Action::View]);
        let without = Access::new(&without, "").unwrap();
        for question in &questions {
            for action in [Action::View, Action::Execute] {
                let before = allows(&one, &["junior"], action, question);
                prop_assert!(before || !allows(&both, &["junior"], action, question));
                prop_assert!(before || !allows(&without, &["junior"], action, question));
            }
        }
    }
}
