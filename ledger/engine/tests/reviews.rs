//! Access reviews: who may decide on what, what is taken away and when, and that the last who can
//! approve stays; by cases, and by random walks.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use std::collections::{BTreeSet, HashMap};

use common::{House, access, operator, stamp_ms};
use gatewarden_engine::{Command, Reply, State, sod, usage};
use gatewarden_model::{
    Actor, Body, Review, ReviewId, ReviewItem, ReviewScope, ReviewVerdict,
    ReviewVerdict::{Keep, Revoke},
    Right,
};
use proptest::prelude::*;
use uuid::Uuid;

const HOUR_MS: u64 = 3_600_000;

fn id(n: u128) -> ReviewId {
    ReviewId(Uuid::from_u128(n))
}

fn role(operator: &str, role: &str) -> ReviewItem {
    ReviewItem::Role { operator: operator.parse().unwrap(), role: role.to_owned() }
}

fn scope(scope: &str) -> ReviewItem {
    ReviewItem::Scope { client: "erp".parse().unwrap(), scope: scope.to_owned() }
}

fn campaign(house: &House, n: u128, reviewers: &[&str], fallback: &str, roles: &[&str]) -> Review {
    Review {
        id: id(n),
        title: "autumn".to_owned(),
        scope: ReviewScope {
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            clients: roles.is_empty(),
        },
        reviewers: reviewers.iter().map(|who| who.parse().unwrap()).collect(),
        fallback: fallback.parse().unwrap(),
        due_us: house.now.wall_us + 3_600_000_000,
        items: vec![],
    }
}

fn open(review: Review) -> Command {
    Command::OpenReview { review, by: operator("adam") }
}

fn decide(n: u128, item: &ReviewItem, verdict: ReviewVerdict, by: &str) -> Command {
    let (item, by) = (item.clone(), operator(by));
    Command::DecideReview { review: id(n), item, verdict, justification: "because".into(), by }
}

/// The house with the owners of access olga, otto and ola at the console; nobody else may approve.
fn house() -> House {
    let mut house = House::new();
    put(&mut house, "adam", "registrar");
    for (n, who) in ["olga", "otto", "ola"].into_iter().enumerate() {
        house.enrol(who, &["access-owner"]);
        house.sign_in(700 + n as u128, None, who);
    }
    house
}

/// Gives somebody another role and signs him in at the console.
fn put(house: &mut House, who: &str, role: &str) {
    house.enrol(who, &[role]);
    house.sign_in(10_000 + house.journal.len() as u128, None, who);
}

fn later(house: &mut House, ms: u64) {
    house.now = stamp_ms(house.now.mono_us / 1000 + ms);
}

fn holds(state: &State, item: &ReviewItem) -> bool {
    match item {
        ReviewItem::Role { operator, role } => {
            state.operator(operator).is_some_and(|o| o.roles.contains(role))
        }
        ReviewItem::Scope { client, scope } => {
            state.clients().any(|c| c.id == *client && c.scopes.contains(scope))
        }
    }
}

#[test]
fn a_campaign_that_nobody_could_decide_on_is_not_opened() {
    let mut house = house();
    let good = campaign(&house, 1, &["olga", "otto", "olga"], "ola", &[]);
    type Change = fn(&mut Review);
    let bad: &[(Change, &str)] = &[
        (|r| r.title.clear(), "title"),
        (|r| r.title = " x".into(), "title"),
        (|r| r.title = "x".repeat(129), "title"),
        (|r| r.reviewers.clear(), "reviewers"),
        (|r| r.reviewers.push("ola".parse().unwrap()), "fallback"),
        (|r| r.reviewers.push("sam".parse().unwrap()), "sam is not"),
        (|r| r.reviewers.push("nobody".parse().unwrap()), "nobody is not"),
        (|r| r.fallback = "adam".parse().unwrap(), "adam is not"),
        (|r| r.due_us = 0, "due"),
        (|r| r.due_us += 400 * 86_400_000_000, "due"),
        (|r| r.scope.roles.push("no-such".into()), "no role"),
        (
            |r| r.scope = ReviewScope { roles: vec!["controller".into()], clients: false },
            "0 things",
        ),
    ];
    for (change, words) in bad {
        let mut review = good.clone();
        change(&mut review);
        let outcome = house.handle(open(review));
        let refusal = outcome.answer.unwrap_err();
        assert_eq!(refusal.code, "review-invalid", "{words}");
        assert!(refusal.message.contains(words), "{words}: {}", refusal.message);
        assert!(refusal.recorded.is_some());
    }
    let by_keeper = Command::OpenReview { review: good.clone(), by: operator("max") };
    assert_eq!(house.refused(by_keeper), "denied");
    house.ok(open(good.clone()));
    let items = house.engine.state().review(id(1)).unwrap().review.items.clone();
    assert_eq!(items.len(), 7 + 3 + 3, "{items:?}");
    assert_eq!(house.ok(open(good.clone())), Reply::Review(id(1)), "twice is once");
    assert_eq!(house.engine.state().reviews().count(), 1);
    assert_eq!(house.refused(open(Review { title: "x".into(), ..good })), "conflict");
}

#[test]
fn each_item_has_its_reviewer_and_nobody_decides_on_his_own() {
    let mut house = house();
    house.ok(open(campaign(&house, 1, &["olga", "otto"], "ola", &[])));
    let sam = role("sam", "storekeeper");
    let cases: &[(ReviewItem, &str, &str)] = &[
        (sam.clone(), "ola", "not-the-reviewer"),
        (sam.clone(), "max", "denied"),
        (role("olga", "access-owner"), "olga", "same-person"),
        (role("olga", "access-owner"), "otto", "not-the-reviewer"),
        (role("ola", "access-owner"), "ola", "same-person"),
        (role("sam", "buyer"), "olga", "unknown-review-item"),
        (scope("price:view"), "olga", "unknown-review-item"),
    ];
    for (item, who, code) in cases {
        assert_eq!(house.refused(decide(1, item, Keep, who)), *code, "{item} {who}");
    }
    assert_eq!(house.refused(decide(2, &sam, Keep, "olga")), "unknown-review");
    let silent = Command::DecideReview {
        review: id(1),
        item: sam.clone(),
        verdict: Keep,
        justification: " ".into(),
        by: operator("olga"),
    };
    assert_eq!(house.refused(silent), "reason-missing");
    let client = Actor::Client { id: "erp".parse().unwrap() };
    let by_machine = Command::DecideReview {
        review: id(1),
        item: sam.clone(),
        verdict: Keep,
        justification: "x".into(),
        by: client,
    };
    assert_eq!(house.refused(by_machine), "denied");

    house.ok(decide(1, &sam, Keep, "otto"));
    house.ok(decide(1, &sam, Keep, "olga"));
    assert_eq!(house.refused(decide(1, &sam, Revoke, "olga")), "already-decided");
    house.ok(decide(1, &role("olga", "access-owner"), Keep, "ola"));
    house.ok(decide(1, &role("ola", "access-owner"), Keep, "olga"));
    // With no reviewer left, the fall-back decides, but not on his own.
    put(&mut house, "olga", "auditor");
    put(&mut house, "otto", "auditor");
    house.ok(decide(1, &role("sue", "storekeeper"), Keep, "ola"));
    assert_eq!(house.judged(), [""; 0]);
}

#[test]
fn a_revocation_takes_effect_at_once_and_the_rest_at_the_due_time() {
    let mut house = house();
    house.sign_in(1, Some("dock-1"), "sam");
    house.ok(open(campaign(&house, 1, &["olga", "otto"], "ola", &[])));
    house.ok(decide(1, &role("sam", "storekeeper"), Revoke, "olga"));
    let sam = house.engine.state().operator(&"sam".parse().unwrap()).unwrap();
    assert!(sam.roles.is_empty());
    assert!(house.engine.state().session_at(&"dock-1".parse().unwrap()).is_none());
    house.ok(decide(1, &scope("inbound:create"), Revoke, "otto"));
    house.ok(decide(1, &role("sue", "storekeeper"), Keep, "olga"));
    house.ok(decide(1, &scope("outbound:create"), Keep, "otto"));
    house.ok(decide(1, &role("ola", "access-owner"), Keep, "otto"));

    later(&mut house, HOUR_MS - 1);
    assert_eq!(house.ok(Command::Tick), Reply::Done);
    assert!(house.engine.state().review(id(1)).is_some());
    // A wall clock set back puts nothing off.
    later(&mut house, 1);
    house.now.wall_us -= 86_400_000_000;
    assert_eq!(house.refused(decide(1, &role("bob", "buyer"), Keep, "olga")), "not-authenticated");
    let Reply::Reviewed(told) = house.ok(Command::Tick) else { panic!() };
    assert!(told[0].closed);
    assert_eq!(told[0].spared, [role("otto", "access-owner")], "two who can approve stay");
    let state = house.engine.state();
    let held: BTreeSet<String> = state
        .operators()
        .flat_map(|o| o.roles.iter().map(|r| format!("{} {r}", o.id)))
        .chain(state.clients().flat_map(|c| c.scopes.iter().map(|s| format!("{} {s}", c.id))))
        .collect();
    let expect =
        ["erp outbound:create", "ola access-owner", "otto access-owner", "sue storekeeper"];
    assert_eq!(held, expect.map(str::to_owned).into());
    let closed = house.journal.iter().rev().find_map(|e| match &e.body {
        Body::ReviewClosed { expired, spared, reason, .. } => Some((expired, spared, reason)),
        _ => None,
    });
    let (expired, spared, reason) = closed.unwrap();
    assert_eq!((expired.len(), spared.len(), reason.as_str()), (7, 1, "due"));
    let by_daemon = |e: &&gatewarden_model::Entry| matches!(&e.body, Body::Enrolled { by: Actor::Daemon, roles, .. } if roles.is_empty());
    assert_eq!(house.journal.iter().filter(by_daemon).count(), 6);
    assert!(house.engine.state().reviews().next().is_none());
    assert_eq!(house.judged(), [""; 0]);
    assert_eq!(house.restarted().state(), house.engine.state());
}

#[test]
fn the_last_who_can_approve_stays() {
    let mut house = house();
    let owners = ["access-owner"];
    house.ok(open(campaign(&house, 1, &["olga"], "otto", &owners)));
    house.ok(decide(1, &role("ola", "access-owner"), Revoke, "olga"));
    later(&mut house, HOUR_MS);
    let Reply::Reviewed(told) = house.ok(Command::Tick) else { panic!() };
    let two = [role("olga", "access-owner"), role("otto", "access-owner")];
    assert_eq!(told[0].spared, two, "one who asks, one who approves");
    assert!(told[0].expired.is_empty() && told[0].closed);
    let state = house.engine.state();
    assert!(two.iter().all(|item| holds(state, item)));
    let closed = house
        .journal
        .iter()
        .any(|e| matches!(&e.body, Body::ReviewClosed { spared, .. } if *spared == told[0].spared));
    assert!(closed, "the closing names who stays");

    // Nor can a single decision take the last one.
    put(&mut house, "olga", "access-owner");
    put(&mut house, "adam", "registrar");
    house.ok(open(campaign(&house, 2, &["olga"], "otto", &owners)));
    put(&mut house, "otto", "auditor");
    put(&mut house, "otto", "access-owner");
    house.ok(decide(2, &role("otto", "access-owner"), Revoke, "olga"));
    assert_eq!(
        house.refused(decide(2, &role("olga", "access-owner"), Revoke, "otto")),
        "not-authenticated"
    );
    put(&mut house, "otto", "access-owner");
    house.ok(decide(2, &role("olga", "access-owner"), Revoke, "otto"));
    assert!(house.engine.state().review(id(2)).is_none(), "all was decided, so it is over");
    assert_eq!(house.judged(), [""; 0]);
    assert_eq!(house.restarted().state(), house.engine.state());
}

#[test]
fn many_expire_in_several_ticks_and_only_then_it_closes() {
    let mut house = house();
    for n in 0..600 {
        house.enrol(&format!("p{n:03}"), &["storekeeper"]);
    }
    house.ok(open(campaign(&house, 1, &["olga"], "otto", &["storekeeper"])));
    later(&mut house, HOUR_MS);
    let mut closed = vec![];
    while house.engine.state().reviews().next().is_some() {
        let Reply::Reviewed(told) = house.ok(Command::Tick) else { panic!() };
        assert!(house.last.as_ref().unwrap().entries.len() < 4096);
        closed.push((told[0].expired.len(), told[0].closed));
        assert_eq!(house.restarted().state(), house.engine.state());
    }
    assert_eq!(closed, [(250, false), (250, false), (102, true)]);
    assert!(house.engine.state().operators().all(|o| o.roles != ["storekeeper"]));
}

#[test]
fn a_reviewer_sees_last_use_peers_and_conflicts() {
    let mut house = house();
    house.sign_in(1, Some("dock-1"), "sam");
    house.receive(1, "10 BOLT-M8 2 in", "bolt#1 bolt#2");
    house.receive(2, "10 BOLT-M8 1 in", "bolt#3");
    let access = access();
    let matrix = access.source().0;
    let mut uses = usage::Uses::default();
    house.journal.iter().for_each(|entry| uses.feed(entry));
    let people = house.engine.state().people();
    assert_eq!(people.operators().count(), house.engine.state().operators().count());
    let peers = usage::Peers::new(&people, matrix, &uses);
    let right = |text: &str| text.parse::<Right>().unwrap();
    let of = |item: &ReviewItem, text: &str| {
        peers.facts(item).into_iter().find(|f| f.right == right(text)).unwrap()
    };
    let own = of(&role("sam", "storekeeper"), "inbound:execute");
    assert_eq!(own.used.unwrap().count, 2);
    assert_eq!((own.peers, own.peers_pct), (1, Some(0)));
    let sue = of(&role("sue", "storekeeper"), "inbound:execute");
    assert_eq!((sue.used, sue.peers, sue.peers_pct), (None, 1, Some(100)));
    let view = of(&role("sue", "storekeeper"), "inbound:view");
    assert_eq!((view.recorded, view.peers_pct), (false, None));
    let erp = of(&scope("inbound:create"), "inbound:create");
    assert_eq!((erp.used.unwrap().count, erp.peers_pct), (2, None));

    let idle = usage::unused(&people, matrix, &uses);
    let told: BTreeSet<String> = idle
        .iter()
        .map(|u| match &u.holder {
            usage::Holder::Operator(id) => format!("{id} {} {}", u.right, u.roles.join("+")),
            usage::Holder::Client(id) => format!("{id} {}", u.right),
        })
        .collect();
    for (line, is_idle) in [
        ("sam inbound:execute storekeeper", false),
        ("sam inbound:modify storekeeper", true),
        ("sue inbound:execute storekeeper", true),
        ("sue inbound:view storekeeper", false),
        ("erp inbound:create", false),
        ("erp outbound:create", true),
        ("adam system:modify registrar", true),
        ("max inbound:approve warehouse-supervisor", true),
    ] {
        assert_eq!(told.contains(line), is_idle, "{line}: {told:?}");
    }
    let table = toml::from_str(include_str!("../../../config/sod/default.toml")).unwrap();
    assert!(sod::conflicts(&["storekeeper".to_owned()], matrix, &table).is_empty());
}

/// One step of a walk: what, and three numbers to fill it with.
type Step = (u8, u8, u8, u8);

const PEOPLE: [&str; 8] = ["olga", "otto", "ola", "sam", "sue", "max", "adam", "ann"];
const ROLES: [&str; 4] = ["access-owner", "storekeeper", "auditor", "buyer"];

fn who(n: u8) -> &'static str {
    PEOPLE[usize::from(n) % PEOPLE.len()]
}

fn step(house: &mut House, (what, a, b, c): Step, fresh: u128) -> Command {
    match what % 10 {
        0 => {
            let reviewers = [who(a % 3), who(b % 3)];
            let roles: &[&str] = if c < 128 { &[] } else { &["access-owner", "storekeeper"] };
            open(campaign(house, fresh, &reviewers, who(c % 3), roles))
        }
        1..=5 => {
            let reviews: Vec<&Review> =
                house.engine.state().reviews().map(|open| &open.review).collect();
            let Some(review) = reviews.get(usize::from(a) % reviews.len().max(1)) else {
                return Command::Tick;
            };
            let item = review.items[usize::from(b) % review.items.len()].clone();
            let verdict = if c < 170 { Keep } else { Revoke };
            let (review, by) = (review.id, operator(who(c)));
            Command::DecideReview { review, item, verdict, justification: "so".into(), by }
        }
        6 => {
            let role = ROLES[usize::from(b) % ROLES.len()].to_owned();
            Command::Enrol {
                operator: who(a).parse().unwrap(),
                name: who(a).to_owned(),
                roles: vec![role],
                badges: vec![common::badge(who(a))],
                pin: None,
                kinds: Default::default(),
                by: Actor::Local { uid: 0 },
            }
        }
        7 => {
            let pin = gatewarden_engine::PinCheck::Right;
            house.sign_in_command(100_000 + fresh, None, who(a), pin)
        }
        8 => {
            later(house, u64::from(a) * 4000);
            Command::Tick
        }
        _ => {
            later(house, u64::from(b % 2) * HOUR_MS);
            Command::Tick
        }
    }
}

fn approvers(state: &State) -> usize {
    let owner = "access-owner".to_owned();
    state.operators().filter(|o| o.roles.contains(&owner)).count()
}

fn walk(steps: Vec<Step>) {
    let mut house = house();
    let mut said: HashMap<(ReviewId, ReviewItem), ReviewVerdict> = HashMap::new();
    let mut asked: HashMap<ReviewId, Vec<ReviewItem>> = HashMap::new();
    for (fresh, numbers) in steps.into_iter().enumerate() {
        let command = step(&mut house, numbers, 10 + fresh as u128);
        let by_hand = matches!(command, Command::Enrol { .. });
        let before = approvers(house.engine.state());
        let outcome = house.handle(command);
        for entry in &outcome.entries {
            match &entry.body {
                Body::ReviewOpened { review, .. } => {
                    asked.insert(review.id, review.items.clone());
                }
                Body::ReviewDecided { review, item, verdict, by, .. } => {
                    let Actor::Operator { id, .. } = by else { panic!("{by:?}") };
                    assert_ne!(item.operator(), Some(id), "nobody reviews himself");
                    assert!(said.insert((*review, item.clone()), *verdict).is_none(), "once");
                }
                Body::ReviewClosed { review, spared, expired, .. } => {
                    for item in &asked[review] {
                        let decided = said.contains_key(&(*review, item.clone()));
                        let gone = expired.contains(item);
                        assert!(decided != (gone || spared.contains(item)), "{item}");
                        assert!(!gone || !holds(house.engine.state(), item), "{item} stayed");
                    }
                }
                _ => {}
            }
        }
        let after = approvers(house.engine.state());
        assert!(by_hand || before == 0 || after > 0, "nobody can approve any more");
        assert_eq!(house.restarted().state(), house.engine.state());
    }
    assert_eq!(house.judged(), [""; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_reviews_keep_their_promises(
        steps in proptest::collection::vec(any::<Step>(), 1..80)
    ) {
        walk(steps);
    }
}

/// Whoever opens one that is due at once would take from everybody what nobody had time to confirm.
#[test]
fn reviewers_are_left_time() {
    let settings =
        gatewarden_engine::Settings { review_ms_min: 24 * HOUR_MS, ..common::settings() };
    let mut house = House::with(settings);
    for (n, who) in ["olga", "otto"].into_iter().enumerate() {
        house.enrol(who, &["access-owner"]);
        house.sign_in(700 + n as u128, None, who);
    }
    let mut soon = campaign(&house, 1, &["olga"], "otto", &[]);
    soon.due_us = house.now.wall_us + 24 * 3_600_000_000 - 1;
    let refusal = house.handle(open(soon.clone())).answer.unwrap_err();
    assert_eq!(refusal.message, "due: the reviewers need at least 24 hours");
    soon.due_us += 1;
    house.ok(open(soon));
}

/// Else one administrator alone would take away what others hold: by opening a review for himself.
#[test]
fn who_opened_a_review_takes_nothing_away_by_his_own_word() {
    let mut house = house();
    house.enrol("olga", &["access-owner", "registrar"]);
    house.sign_in(900, None, "olga");
    let review = campaign(&house, 1, &["olga", "otto"], "ola", &[]);
    house.ok(Command::OpenReview { review, by: operator("olga") });
    let keeper = role("sam", "storekeeper");
    assert_eq!(house.refused(decide(1, &keeper, Revoke, "olga")), "same-person");
    house.ok(decide(1, &keeper, Revoke, "otto"));
    house.ok(decide(1, &role("sue", "storekeeper"), Keep, "olga"));
}
