//! A random walk of the engine and its ledger together, beside plain books (`books`): postings by two
//! people, tasks and passes, holds, counts, reversals, days gone by, costs, closed periods, repeats of
//! what was asked before, restarts with and without what was not flushed.
//!
//! Each answer is the books' own; after each flush all stock, values and ages are theirs too; at the
//! end the whole verifies, decisions included. A failure shows the shortest list of steps that has it,
//! with its seed.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod again;
mod asks;
mod books;
#[path = "../common/mod.rs"]
mod common;
mod compare;
#[path = "../desk/mod.rs"]
mod desk;
mod run;
mod step;
#[path = "../../../stock/tests/model/mod.rs"]
mod world;

use std::collections::BTreeMap;

use common::home::Home;
use gatewarden_model::{Body, MovementKind};
use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use run::Run;
use step::{Step, step};

/// Goes all steps; the finished walk.
fn go(home: &Home, steps: &[Step]) -> Run {
    let mut run = Run::new(home.address());
    for step in steps {
        run.step(step);
    }
    run.finish();
    run
}

/// Goes so many random walks; the seed is told, and `GATEWARDEN_WALK_SEED` sets it.
fn walks(cases: u32, length: std::ops::Range<usize>, home: impl Fn() -> Option<Home>) {
    let given = std::env::var("GATEWARDEN_WALK_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed: u64 = given.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
    println!("GATEWARDEN_WALK_SEED={seed}");
    let bytes = [seed.to_le_bytes(); 4].concat();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let walk = |steps: Vec<Step>| {
        home().into_iter().for_each(|home| drop(go(&home, &steps)));
        Ok(())
    };
    TestRunner::new_with_rng(config, rng).run(&vec(step(), length), walk).unwrap();
}

#[test]
fn engine_and_ledger_say_what_the_books_say() {
    walks(48, 1..60, || Some(Home::sqlite()));
}

/// The same on PostgreSQL, with fewer walks, because each makes a database.
#[test]
fn engine_and_shared_ledger_say_what_the_books_say() {
    walks(8, 30..60, Home::postgres);
}

/// The random walk is worth nothing if it never gets anywhere: one long fixed walk must.
#[test]
fn the_walk_gets_everywhere() {
    let mut runner = TestRunner::deterministic();
    let steps = vec(step(), 700).new_tree(&mut runner).unwrap().current();
    let home = Home::sqlite();
    go(&home, &steps);
    let reader = home.reader();
    let mut reached: BTreeMap<String, u32> = BTreeMap::new();
    let mut reach = |what: &str| *reached.entry(what.to_owned()).or_default() += 1;
    for entry in reader.entries(0..reader.len().unwrap()).unwrap() {
        reach(serde_json::to_value(&entry.body).unwrap()["kind"].as_str().unwrap());
        match &entry.body {
            Body::ReservationEnded { reason, .. } => reach(reason.split(':').next().unwrap()),
            Body::Denied { reason, .. } => reach(reason.split([' ', ':']).next().unwrap()),
            Body::Moved { movement, .. } => {
                let tags = [
                    (movement.task.is_some(), "by a task"),
                    (movement.reverses.is_some() && movement.back_dated, "taken back"),
                    (movement.reverses.is_some() && !movement.back_dated, "taken back later"),
                    (movement.reverses.is_none() && movement.back_dated, "gone by"),
                    (!movement.revalues.is_empty(), "revalued"),
                    (!movement.counts.is_empty(), "counted"),
                    (movement.lines.len() > 1, "linked"),
                    (movement.kind == MovementKind::StatusChange, "released"),
                ];
                tags.into_iter().filter(|(is, _)| *is).for_each(|(_, what)| reach(what));
            }
            _ => {}
        }
    }
    for what in [
        "moved",
        "reserved",
        "held",
        "hold-decided",
        "cost-landed",
        "period-closed",
        "started",
        "task-closed",
        "posted",
        "void",
        "time-out",
        "by a task",
        "taken back",
        "taken back later",
        "gone by",
        "revalued",
        "counted",
        "linked",
        "released",
        "stock",
        "sue",
        "effective",
    ] {
        assert!(reached.get(what).is_some_and(|n| *n >= 2), "{what}: {reached:#?}");
    }
}
