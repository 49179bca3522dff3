//! Random commands keep the engine's promises: stock adds up to zero, nothing physical is negative,
//! the same command twice posts once, nothing moves by hand without two people, a restart from live
//! entries is the same state, a judge finds nothing, and whatever was refused is recorded.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use std::collections::{BTreeMap, HashSet};

use common::{House, erp, movement_id, operator, pass, pass_id, posting, stamp_ms, task, task_id};
use gatewarden_engine::{Command, PinCheck};
use gatewarden_model::{
    Actor, Body, ItemId, MovementId, MovementKind, PassClosing, Posting, SessionId, StationId,
    Task, entry::Verdict,
};
use proptest::prelude::*;

const STATIONS: [&str; 2] = ["dock-1", "dock-2"];
const PEOPLE: [&str; 5] = ["sam", "sue", "ann", "max", "mia"];
const LINES: [(MovementKind, &str); 6] = [
    (MovementKind::Receipt, "10 BOLT-M8 2 @supplier/ACME wh1/dock"),
    (MovementKind::Receipt, "10 NUT-M8 3 @supplier/ACME wh1/dock lot=L1"),
    (MovementKind::Issue, "10 BOLT-M8 1 wh1/dock @production/L1"),
    (MovementKind::Transfer, "10 BOLT-M8 1 wh1/dock wh1/a"),
    (MovementKind::Shipment, "10 BOLT-M8 2 wh1/a @customer/C"),
    (MovementKind::Issue, "10 NUT-M8 1 wh1/dock @production/L1 lot=L1"),
];
const BY_HAND: [(MovementKind, &str); 6] = [
    (MovementKind::Receipt, "10 BOLT-M8 3 @supplier/ACME wh1/dock"),
    (MovementKind::Issue, "10 BOLT-M8 1 wh1/dock @production/L1"),
    (MovementKind::PutAway, "10 BOLT-M8 2 wh1/dock wh1/a"),
    (MovementKind::Adjustment, "10 BOLT-M8 1 @loss/found wh1/a"),
    (MovementKind::StatusChange, "10 BOLT-M8 1 wh1/a wh1/a status=blocked"),
    (MovementKind::Scrap, "10 BOLT-M8 1 wh1/a @loss/bin was=blocked"),
];
const THINGS: [&str; 8] =
    ["bolt#1", "bolt#2", "bolt#3", "bolt*2", "nut@L1*3", "nut#1@L1", "text:x", "sscc:1"];

/// One step: what, four numbers to fill it with, and whether it is sent twice.
type Step = (u8, u8, u8, u8, u8, bool);

fn station(n: u8) -> StationId {
    STATIONS[usize::from(n) % STATIONS.len()].parse().unwrap()
}

fn who(n: u8) -> &'static str {
    PEOPLE[usize::from(n) % PEOPLE.len()]
}

fn open_task(n: u128, which: u8, place: u8, approved: bool, by: u8) -> Command {
    let (kind, line) = LINES[usize::from(which) % LINES.len()];
    let place = station(place);
    let approved_by = approved.then(|| "chief".to_owned());
    let by = if by < 200 { erp() } else { operator(who(by)) };
    let task = task(n, place.as_str(), kind, &[line]);
    Command::OpenTask { task: Task { approved_by, ..task }, by }
}

/// What the first approved task at a station still expects, in short.
fn fitting(house: &House, place: &StationId) -> Option<String> {
    let open = house.engine.state().tasks_at(place).find(|t| t.approval.is_some())?;
    let line = &open.task.lines[0];
    let name = if line.item.as_str() == "BOLT-M8" { "bolt" } else { "nut" };
    let lot = line.lot.as_ref().map(|lot| format!("@{lot}")).unwrap_or_default();
    Some(format!("{name}{lot}*{}", open.remaining(0)))
}

/// A pass: half of them what the task expects, else some of `THINGS`; some repeat an earlier id,
/// some are bound to nobody, some interrupted.
fn seen(house: &House, step: &Step, fresh: u128) -> Command {
    let (_, n, place, from, count, _) = *step;
    let place = station(place);
    let session = house.engine.state().session_at(&place).map(|s| s.id);
    let session: Option<SessionId> = if n.is_multiple_of(16) { None } else { session };
    let random = || {
        let count = usize::from(count % 4);
        THINGS.into_iter().cycle().skip(usize::from(from)).take(count).collect::<Vec<_>>().join(" ")
    };
    let things = match fitting(house, &place) {
        Some(things) if n < 160 => things,
        _ => random(),
    };
    let id = if n % 8 == 2 { u128::from(n) } else { 1000 + fresh };
    let mut pass = pass(id, place.as_str(), session, house.now.mono_us / 1_000_000, &things);
    if n % 16 == 1 {
        pass.closed_by = PassClosing::Interrupted;
    }
    Command::Pass(pass)
}

/// One of a list, or nothing that exists.
fn pick<T: Copy>(list: impl Iterator<Item = T>, n: u8, none: T) -> T {
    let all: Vec<T> = list.collect();
    all.get(usize::from(n) % (all.len() + 1)).copied().unwrap_or(none)
}

fn command(house: &House, step: &Step, fresh: u128) -> Command {
    let (what, a, b, c, d, _) = *step;
    let state = house.engine.state();
    let some_task = |n| pick(state.tasks().map(|t| t.task.id), n, task_id(0));
    match what % 20 {
        0..=2 => {
            let id = if a < 64 { u128::from(a % 8) + 1 } else { 1000 + fresh };
            open_task(id, b, c, d >= 64, d)
        }
        3 => Command::ApproveTask { task: some_task(a), by: operator(who(b)) },
        4 if a < 64 => Command::WithdrawTask { task: some_task(a), by: operator(who(b)) },
        4..=9 => seen(house, step, fresh),
        10 => {
            let pass = pick(state.holds().map(|h| h.pass.id), a, pass_id(0));
            let verdict = if b < 128 { Verdict::Accept } else { Verdict::Reject };
            let by = operator(who(c));
            Command::DecideHold { pass, verdict, reason: "why".to_owned(), doubts: vec![], by }
        }
        11 | 12 => {
            let place = (a < 128).then(|| station(a));
            let pin = if b < 230 { PinCheck::Right } else { PinCheck::Wrong };
            let place = place.as_ref().map(StationId::as_str);
            house.sign_in_command(10_000 + fresh, place, who(c), pin)
        }
        13 => Command::Badge { station: station(a), badge: common::badge(who(b)) },
        14 => Command::ResolveQuarantine {
            pass: pick(state.quarantine().map(|q| q.pass.id), a, pass_id(0)),
            reason: "seen".to_owned(),
            by: operator(who(b)),
        },
        15 | 16 => {
            let id = if a < 64 { u128::from(a % 8) + 1 } else { 1000 + fresh };
            Command::Reserve { posting: by_hand(id, b, d), by: house.by(who(c)) }
        }
        17 => {
            let id = pick(state.reservations().map(|r| r.posting.id), a, movement_id(0));
            Command::PostReservation { reservation: id, by: house.by(who(b)), confirmation: None }
        }
        18 if a < 128 => {
            let reservation = pick(state.reservations().map(|r| r.posting.id), b, movement_id(0));
            let reason = "not needed".to_owned();
            Command::VoidReservation { reservation, reason, by: house.by(who(c)) }
        }
        18 => Command::Commission {
            tag: format!("text:{}", b % 4),
            item: "BOLT-M8".parse().unwrap(),
            lot: None,
            serial: Some(format!("{}", b % 4)),
            tid: (a % 2 == 0).then(|| format!("E280116060000{:03}", c % 2).parse().unwrap()),
            by: house.by(who(c)),
        },
        _ => Command::Tick,
    }
}

/// A posting of up to two lines; some lapse soon.
fn by_hand(n: u128, which: u8, soon: u8) -> Posting {
    let (kind, line) = BY_HAND[usize::from(which) % BY_HAND.len()];
    let expires_ms = (soon < 64).then_some(5_000);
    let reason = Some("asked for".to_owned());
    Posting { expires_ms, reason, ..posting(n, kind, &[line]) }
}

fn check_stock(house: &House) -> Result<(), TestCaseError> {
    let mut sums: BTreeMap<&ItemId, i64> = BTreeMap::new();
    for (site, stock) in house.store.sites() {
        for (bucket, quantity) in &stock.buckets {
            prop_assert!(
                !site.location.holds_stock() || *quantity > 0,
                "{site:?} {bucket:?}: {quantity}"
            );
            *sums.entry(&site.item).or_default() += quantity;
        }
    }
    prop_assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
    Ok(())
}

/// Who reserved what a posting moved.
fn reserved_by(house: &House, id: Option<MovementId>) -> Result<String, TestCaseError> {
    let by = house.journal.iter().find_map(|entry| match &entry.body {
        Body::Reserved { posting, by: Actor::Operator { id: who, .. }, .. }
            if Some(posting.id) == id =>
        {
            Some(who.to_string())
        }
        _ => None,
    });
    by.ok_or_else(|| TestCaseError::fail(format!("{id:?} moved and nobody reserved it")))
}

fn check_journal(house: &House) -> Result<(), TestCaseError> {
    let mut moved = HashSet::new();
    let mut open: HashSet<StationId> = HashSet::new();
    for entry in &house.journal {
        match &entry.body {
            Body::Moved { movement, .. } => {
                prop_assert!(moved.insert(movement.id), "{} moved twice", movement.id);
                prop_assert!(movement.decision.allowed && !movement.approved_by.is_empty());
                if movement.task.is_none() {
                    let by = reserved_by(house, movement.reservation)?;
                    prop_assert!(by != movement.operator.as_str(), "{by} posted what he reserved");
                }
            }
            Body::SessionOpened { station: Some(station), .. } => {
                prop_assert!(open.insert(station.clone()), "two sessions at {station}");
            }
            Body::SessionEnded { station: Some(station), .. } => drop(open.remove(station)),
            Body::HoldDecided { by: Actor::Operator { id, .. }, pass, .. } => {
                let own = house.journal.iter().any(|e| {
                    matches!(&e.body, Body::Held { pass: p, operator, .. }
                        if p.id == *pass && operator == id)
                });
                prop_assert!(!own, "{id} decided on his own pass");
            }
            _ => {}
        }
    }
    Ok(())
}

fn run(steps: &[Step]) -> Result<House, TestCaseError> {
    let mut house = House::new();
    for (n, step) in steps.iter().enumerate() {
        house.now = stamp_ms(house.now.mono_us / 1000 + 500 + u64::from(step.4) * 4);
        let command = command(&house, step, n as u128);
        let repeatable = matches!(
            &command,
            Command::OpenTask { .. }
                | Command::Pass(_)
                | Command::Reserve { .. }
                | Command::Commission { .. }
        );
        let outcome = house.handle(command.clone());
        if let Err(refusal) = &outcome.answer {
            prop_assert!(refusal.recorded.is_some(), "{refusal:?}");
        }
        if step.5 && repeatable && outcome.answer.is_ok() {
            let again = house.handle(command);
            prop_assert!(again.entries.is_empty(), "{again:?}");
        }
        check_stock(&house)?;
    }
    Ok(house)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn promises_are_kept(steps in prop::collection::vec(any::<Step>(), 1..120)) {
        let house = run(&steps)?;
        check_journal(&house)?;
        let again = house.restarted();
        prop_assert_eq!(again.state(), house.engine.state());
        prop_assert_eq!(again.next_seq(), house.engine.next_seq());
        prop_assert_eq!(house.judged(), Vec::<String>::new());
    }
}

/// The random walk is worth nothing if it never gets anywhere: one long fixed walk must.
#[test]
fn the_walk_reaches_every_kind_of_entry() {
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    let mut seed = 7u64;
    let mut byte = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(seed >> 56).unwrap()
    };
    let steps: Vec<Step> =
        (0..1500).map(|_| (byte(), byte(), byte(), byte(), byte(), byte() < 64)).collect();
    let house = run(&steps).unwrap();
    assert_eq!(house.judged(), Vec::<String>::new());
    for entry in &house.journal {
        let value = serde_json::to_value(&entry.body).unwrap();
        *kinds.entry(value["kind"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    for kind in [
        "moved",
        "held",
        "hold-decided",
        "quarantined",
        "quarantine-resolved",
        "denied",
        "task-opened",
        "task-approved",
        "task-closed",
        "session-opened",
        "session-ended",
        "sign-in-refused",
        "reserved",
        "reservation-ended",
        "commissioned",
    ] {
        assert!(kinds.get(kind).is_some_and(|n| *n >= 3), "{kind}: {kinds:?}");
    }
}
