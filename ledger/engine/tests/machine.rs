//! Random walks of the stations' state machine beside a plain model of it, fed by the entries alone:
//! every transition stands in the table and starts where the last one ended, nothing is authorised in
//! any state but `authenticated`, quiet sessions do not stay so, and a restart gives the same state.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use common::{House, badge, erp, operator, pass, session_id, settings, stamp_ms, task};
use gatewarden_engine::{
    Command, Factor, FactorCheck, PinCheck, Settings, Walking,
    machine::{TABLE, next},
};
use gatewarden_model::{
    Action, Actor, Body, Entry, Module, MovementKind, Pass, SessionEvent, SessionId, SessionPhase,
    StationId,
};
use proptest::prelude::*;

const STATIONS: [&str; 2] = ["dock-1", "dock-2"];
const PEOPLE: [&str; 4] = ["sam", "sue", "max", "a-stranger"];
const PAUSES_MS: [u64; 16] =
    [50, 50, 50, 100, 100, 200, 200, 500, 500, 1000, 1000, 1000, 2000, 3000, 6000, 11_000];
const IDLE_MS: u64 = 10_000;

/// One step: what, three numbers to fill it with, and how long it takes.
type Step = (u8, u8, u8, u8, u8);

fn quick() -> Settings {
    Settings {
        idle_timeout_ms: IDLE_MS,
        idle_end_ms: 10_000,
        session_max_ms: 25_000,
        free_attempts: 1,
        first_delay_ms: 1000,
        delay_ms_max: 4000,
        step_up_ms: 3000,
        walking: Walking { least_ms: 400, between: BTreeMap::new() },
        ..settings()
    }
}

fn station(n: u8) -> StationId {
    STATIONS[usize::from(n) % STATIONS.len()].parse().unwrap()
}

fn who(n: u8) -> &'static str {
    PEOPLE[usize::from(n) % PEOPLE.len()]
}

/// What the entries say of one session.
#[derive(Debug)]
struct Known {
    operator: String,
    phase: SessionPhase,
    /// When it was authenticated, in microseconds: from, and until where it is over.
    spans: Vec<(u64, Option<u64>)>,
    acted_us: u64,
}

#[derive(Debug, Default)]
struct Model {
    sessions: HashMap<SessionId, Known>,
    badges: HashMap<StationId, SessionPhase>,
    rows: BTreeSet<(SessionPhase, SessionEvent, SessionPhase)>,
}

/// How a session ended, by the reason that its entry gives.
fn ending(reason: &str) -> SessionEvent {
    match reason {
        "idle" | "locked" => SessionEvent::Abandoned,
        "expired" => SessionEvent::TooLong,
        "hand-over" | "moved" | "renewed" => SessionEvent::Replaced,
        _ => SessionEvent::SignedOut,
    }
}

impl Model {
    fn learn(&mut self, entry: &Entry) -> Result<(), TestCaseError> {
        let now = entry.at.mono_us;
        match &entry.body {
            Body::SessionOpened { session, operator, station, .. } => {
                let from = station.as_ref().and_then(|at| self.badges.remove(at));
                let from = from.unwrap_or(SessionPhase::Free);
                self.row(from, SessionEvent::SignedIn, SessionPhase::Authenticated)?;
                let known = Known {
                    operator: operator.to_string(),
                    phase: SessionPhase::Authenticated,
                    spans: vec![(now, None)],
                    acted_us: now,
                };
                prop_assert!(self.sessions.insert(*session, known).is_none(), "opened twice");
            }
            Body::SessionChanged { session: None, station: Some(at), from, event, to, .. } => {
                let known = self.badges.get(at).copied().unwrap_or_default();
                prop_assert_eq!(known, *from, "{:?}", entry);
                self.row(*from, *event, *to)?;
                self.badges.insert(at.clone(), *to);
            }
            Body::SessionChanged { session: Some(id), from, event, to, second, .. } => {
                let known = &self.sessions[id];
                prop_assert_eq!(known.phase, *from, "{:?}", entry);
                let alone = second.as_ref().is_none_or(|s| s.operator.as_str() != known.operator);
                prop_assert!(alone && (second.is_none() || to.authorises()), "{:?}", entry);
                self.row(*from, *event, *to)?;
                self.enter(*id, *to, now);
            }
            Body::SessionEnded { session, reason, .. } => {
                let from = self.sessions[session].phase;
                let Some(to) = next(from, ending(reason)) else {
                    return Err(TestCaseError::fail(format!("{from:?} can't end so: {reason}")));
                };
                self.row(from, ending(reason), to)?;
                self.enter(*session, to, now);
            }
            Body::Moved { movement, pass: Some(pass) } => {
                let spans = &self.sessions[&movement.session].spans;
                let last = pass.sightings.iter().map(|s| s.first.mono_us).max().unwrap();
                let within = |span: &(u64, Option<u64>)| {
                    span.0 <= pass.opened.mono_us && span.1.is_none_or(|end| last <= end)
                };
                prop_assert!(spans.iter().any(within), "{:?} moved in {:?}", pass, spans);
            }
            _ => {}
        }
        Ok(())
    }

    fn row(
        &mut self,
        from: SessionPhase,
        event: SessionEvent,
        to: SessionPhase,
    ) -> Result<(), TestCaseError> {
        prop_assert_eq!(next(from, event), Some(to), "{:?} {:?}", from, event);
        self.rows.insert((from, event, to));
        Ok(())
    }

    fn enter(&mut self, id: SessionId, to: SessionPhase, now: u64) {
        let Some(known) = self.sessions.get_mut(&id) else { return };
        if known.phase.authorises() && !to.authorises() {
            known.spans.last_mut().unwrap().1 = Some(now);
        }
        if !known.phase.authorises() && to.authorises() {
            known.spans.push((now, None));
            known.acted_us = now;
        }
        known.phase = to;
    }

    /// What somebody did in a session that took him.
    fn acted(&mut self, id: SessionId, now: u64) {
        if let Some(known) = self.sessions.get_mut(&id) {
            known.acted_us = known.acted_us.max(now);
        }
    }
}

fn some_session(house: &House, n: u8) -> SessionId {
    let walked = |id: &SessionId| *id >= session_id(10_000);
    let all: Vec<SessionId> =
        house.engine.state().sessions().map(|s| s.id).filter(walked).collect();
    all.get(usize::from(n) % (all.len() + 1)).copied().unwrap_or(session_id(0))
}

fn check_of(n: u8) -> PinCheck {
    if n < 190 { PinCheck::Right } else { PinCheck::Wrong }
}

/// A pass of what the newest task at a station expects, begun up to some seconds ago.
fn seen(house: &mut House, fresh: u128, a: u8, ago: u8) -> Pass {
    let place = station(a);
    let lines = ["10 BOLT-M8 1 @supplier/ACME wh1/dock"];
    let task = task(fresh, place.as_str(), MovementKind::Receipt, &lines);
    let task = gatewarden_model::Task { lines: task.lines, ..task };
    house.handle(Command::OpenTask { task, by: erp() }).answer.unwrap();
    let session = house.engine.state().session_at(&place).map(|s| s.id);
    let from_s = (house.now.mono_us / 1_000_000).saturating_sub(u64::from(ago % 8));
    pass(fresh, place.as_str(), session, from_s, &format!("bolt#{fresh}"))
}

fn command(house: &mut House, step: &Step, fresh: u128) -> Command {
    let (what, a, b, c, _) = *step;
    match what % 16 {
        0..=2 => Command::Badge { station: station(a), badge: badge(who(b)) },
        3 | 4 => {
            let place = (a < 200).then(|| STATIONS[usize::from(a) % 2]);
            house.sign_in_command(fresh, place, who(b), check_of(c))
        }
        5 => Command::SignIn {
            station: Some(station(a)),
            badge: None,
            pin: check_of(c),
            session: session_id(fresh),
        },
        6 | 7 => Command::Resume { session: some_session(house, a), pin: check_of(b) },
        8 => {
            let factor = if c < 128 { Factor::Totp } else { Factor::SecurityKey };
            let proof = FactorCheck { factor, check: check_of(b) };
            Command::StepUp { session: some_session(house, a), proof, used: None }
        }
        9 => Command::Join {
            session: some_session(house, a),
            badge: Some(badge(who(b))),
            pin: check_of(c),
        },
        10 => Command::Leave { session: some_session(house, a) },
        11 if b < 64 => {
            let reason = "operator".to_owned();
            Command::SignOut { session: some_session(house, a), reason }
        }
        11 | 12 => Command::Activity { session: some_session(house, a), what: String::new() },
        13 | 14 => Command::Pass(seen(house, fresh, a, b)),
        _ if a < 200 => {
            let id = some_session(house, b);
            let open = house.engine.state().session(id).map(|s| s.operator.clone());
            let by = open.map(|id_of| Actor::Operator { id: id_of, session: Some(id) });
            let by = by.unwrap_or_else(|| operator("sam"));
            let (action, module) = (Action::View, Module::Inbound);
            Command::Ask { by, action, module, what: "stock".to_owned() }
        }
        _ => Command::Unlock { operator: who(b).parse().unwrap(), by: Actor::Local { uid: 0 } },
    }
}

fn run(steps: &[Step]) -> Result<(House, Model), TestCaseError> {
    let mut house = House::with(quick());
    let mut model = Model::default();
    let mut learnt = 0;
    for (n, step) in steps.iter().enumerate() {
        let pause = PAUSES_MS[usize::from(step.4) % PAUSES_MS.len()];
        let pause = if step.4 > 252 { 61_000 } else { pause };
        house.now = stamp_ms(house.now.mono_us / 1000 + pause);
        let now = house.now.mono_us;
        let command = command(&mut house, step, 10_000 + n as u128);
        let outcome = house.handle(command.clone());
        for entry in &house.journal[learnt..] {
            model.learn(entry)?;
        }
        learnt = house.journal.len();
        match (&command, &outcome.answer) {
            (Command::Activity { session, .. } | Command::StepUp { session, .. }, Ok(_))
            | (Command::Resume { session, .. }, Ok(_)) => model.acted(*session, now),
            (Command::Pass(pass), _) => {
                pass.session.iter().for_each(|id| model.acted(*id, pass.closed.mono_us));
            }
            (Command::Ask { by: Actor::Operator { session: Some(id), .. }, .. }, answer) => {
                let open = model.sessions.get(id).is_some_and(|known| known.phase.authorises());
                let code = answer.as_ref().err().map_or("", |refusal| refusal.code);
                let resting = ["session-idle", "session-locked", "not-authenticated"];
                prop_assert_eq!(!resting.contains(&code), open, "{:?}: {:?}", command, answer);
            }
            _ => {}
        }
        for (id, known) in &model.sessions {
            let open = house.engine.state().session(*id).map(|s| s.phase);
            let ended = matches!(known.phase, SessionPhase::Ended | SessionPhase::Expired);
            prop_assert_eq!(open, (!ended).then_some(known.phase), "session {}", id);
            let quiet_ms = now.saturating_sub(known.acted_us) / 1000;
            prop_assert!(!known.phase.authorises() || quiet_ms < IDLE_MS, "{:?}", known);
        }
    }
    Ok((house, model))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_machine_keeps_to_its_table(steps in prop::collection::vec(any::<Step>(), 1..150)) {
        let (house, _) = run(&steps)?;
        let again = house.restarted();
        prop_assert_eq!(again.state(), house.engine.state());
        prop_assert_eq!(house.judged(), Vec::<String>::new());
    }
}

/// The walk is worth nothing if it leaves rows of the table out: one long fixed walk takes them all.
#[test]
fn the_walk_takes_every_row_of_the_table() {
    let mut seed = 11u64;
    let mut byte = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(seed >> 56).unwrap()
    };
    let steps: Vec<Step> = (0..12_000).map(|_| (byte(), byte(), byte(), byte(), byte())).collect();
    let mut rows = BTreeSet::new();
    let mut moved = 0;
    for part in steps.chunks(400) {
        let (house, model) = run(part).unwrap();
        rows.extend(model.rows);
        moved += house.journal.iter().filter(|e| matches!(e.body, Body::Moved { .. })).count();
    }
    let missing: Vec<_> = TABLE.iter().filter(|row| !rows.contains(*row)).collect();
    assert!(missing.is_empty(), "never taken: {missing:?}");
    assert!(moved > 20, "only {moved} passes were posted");
}
