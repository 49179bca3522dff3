//! `gatewarden bench mask`: what it takes to find out which fields somebody may see, and to take the
//! others out of a movement.
//!
//! The look-up is the one that every answer of the API begins with (`Engine::fields`), for operators who
//! take turns, so that no single answer is warm; its first time, when the policies are asked, is told
//! beside it. Absent: the way through the recorder's queue, which is the same for every question.

use std::{hint::black_box, time::Instant};

use anyhow::Context as _;
use gatewarden_engine::{Access, Command, Engine, PinCheck, Settings};
use gatewarden_model::{
    Actor, Document, DocumentKind, FieldRights, Hash, Masked, Movement, MovementKind, MovementLine,
    OperatorId, SessionId,
};
use uuid::Uuid;

use super::report::{Goal, Report};
use crate::clock::SystemClock;

/// Operators who take turns.
const OPERATORS: u32 = 500;
/// Look-ups measured at once, so that reading the clock does not count.
const AT_ONCE: u32 = 1000;
/// Measurements of so many look-ups.
const ROUNDS: usize = 200;

/// Measures both.
pub(super) fn measure() -> anyhow::Result<Report> {
    let (engine, people) = house()?;
    let first = Instant::now();
    people.iter().for_each(|by| drop(black_box(engine.fields(by))));
    let first = per(first, OPERATORS);

    let mut next = people.iter().cycle();
    let kept = median(|| {
        for by in next.by_ref().take(AT_ONCE as usize) {
            drop(black_box(engine.fields(black_box(by))));
        }
    });
    let rights = FieldRights::default();
    let movement = movement(people.first())?;
    let mask = median(|| {
        for _ in 0..AT_ONCE {
            drop(black_box(Masked::new(black_box(movement.clone()), &rights)));
        }
    });

    let mut report = Report::new("mask");
    report.goal("lookup_us", "rights on fields, kept", kept, "µs", Goal::AtMost(1.0));
    report.figure("first_us", "  the first time", first, "µs");
    report.figure("mask_us", "a movement copied and masked", mask, "µs");
    if cfg!(debug_assertions) {
        report.note("a debug build: the goals are for a release build");
    }
    Ok(report)
}

/// The median of how long one of `AT_ONCE` takes, in microseconds.
fn median(mut work: impl FnMut()) -> f64 {
    let mut each: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            per(start, AT_ONCE)
        })
        .collect();
    each.sort_by(f64::total_cmp);
    each.get(ROUNDS / 2).copied().unwrap_or_default()
}

fn per(start: Instant, count: u32) -> f64 {
    start.elapsed().as_secs_f64() * 1e6 / f64::from(count)
}

/// An engine with the default roles, and operators who are signed in at the console.
fn house() -> anyhow::Result<(Engine, Vec<Actor>)> {
    let roles = gatewarden_config::default_roles();
    let names: Vec<String> = roles.0.keys().cloned().collect();
    let settings = Settings {
        idle_timeout_ms: u64::MAX / 2000,
        session_max_ms: u64::MAX / 2000,
        one_person_enrols: true,
        ..Settings::default()
    };
    let mut engine = Engine::new(settings, Access::new(&roles, "")?, 0);
    let now = SystemClock::shared().now();
    let mut people = vec![];
    for number in 0..OPERATORS {
        let id: OperatorId = format!("operator-{number}").parse()?;
        let badge = Hash::of(id.as_str().as_bytes());
        let role = names.get(number as usize % names.len()).context("there are no roles")?;
        let by = Actor::Local { uid: 0 };
        let (operator, name, roles) = (id.clone(), id.to_string(), vec![role.clone()]);
        let enrol = Command::Enrol {
            operator,
            name,
            roles,
            badges: vec![badge],
            pin: None,
            kinds: Default::default(),
            by,
        };
        engine.handle(now, enrol).answer?;
        let session = SessionId(Uuid::new_v4());
        let pin = PinCheck::Right;
        let open = Command::SignIn { station: None, badge: Some(badge), pin, session };
        engine.handle(now, open).answer?;
        people.push(Actor::Operator { id, session: Some(session) });
    }
    Ok((engine, people))
}

fn movement(by: Option<&Actor>) -> anyhow::Result<Movement> {
    let Some(Actor::Operator { id: operator, session: Some(session) }) = by.cloned() else {
        anyhow::bail!("nobody is signed in");
    };
    let (from, to) = ("@supplier/ACME".parse()?, "wh1/dock".parse()?);
    let line = MovementLine::new(10, "BOLT-M8".parse()?, 24, "pcs".to_owned(), from, to);
    Ok(Movement {
        document_digest: None,
        received_by: None,
        id: gatewarden_model::MovementId(Uuid::new_v4()),
        kind: MovementKind::Receipt,
        document: Document { kind: DocumentKind::PurchaseOrder, number: "4500001".to_owned() },
        task: None,
        station: None,
        devices: vec![],
        pass: None,
        session,
        operator,
        auth_level: 2,
        second: None,
        decision: gatewarden_model::Decision {
            allowed: true,
            action: gatewarden_model::Action::Approve,
            module: gatewarden_model::Module::Inbound,
            policies: vec!["role:warehouse-supervisor:inbound:approve".to_owned()],
            version: Hash::of(b"p"),
            facts: Default::default(),
            errors: vec![],
        },
        approval_seq: None,
        approved_by: "wu.director".to_owned(),
        resolution_seq: None,
        lines: vec![MovementLine { value: Some("777.5".parse()?), ..line }; 10],
        evidence: Hash::of(b"e"),
        reservation: None,
        effective: None,
        back_dated: false,
        reverses: None,
        counts: vec![],
        revalues: vec![],
        voucher: vec![],
        confirmation: None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn what_is_looked_up_differs_by_role() {
        let (engine, people) = house().unwrap();
        let rights: std::collections::HashSet<_> =
            people.iter().map(|by| (*engine.fields(by)).clone()).collect();
        assert!(rights.len() > 4 && !rights.contains(&FieldRights::default()), "{rights:?}");
        assert!(movement(people.first()).is_ok());
    }
}
