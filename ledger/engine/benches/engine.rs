//! What a decision and a posting cost: `cargo bench -p gatewarden-engine`.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing bench.
#![allow(missing_docs)] // divan makes public items.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{House, matrix, pass, task};
use gatewarden_engine::{Access, Command, Facts, Principal, Request};
use gatewarden_model::{Action, Module, MovementKind, OperatorId};

fn main() {
    divan::main();
}

#[divan::bench]
fn decide(bencher: divan::Bencher<'_, '_>) {
    let access = Access::new(&matrix(), "").unwrap();
    let (id, roles) = ("sam".parse::<OperatorId>().unwrap(), vec!["storekeeper".to_owned()]);
    let station = "dock-1".parse().unwrap();
    bencher.bench_local(|| {
        access.decide(&Request {
            principal: Principal::Operator { id: &id, roles: &roles },
            action: Action::Execute,
            module: Module::Inbound,
            facts: Facts {
                ordered_by: Some("bob"),
                station: Some(&station),
                auth_level: Some(2),
                ..Facts::default()
            },
        })
    });
}

/// One open one-line task, one thing: bound, compared, decided, checked, posted, closed.
#[divan::bench(sample_size = 1, sample_count = 2000)]
fn pass_one_thing(bencher: divan::Bencher<'_, '_>) {
    let mut house = House::new();
    let session = house.sign_in(1, Some("dock-1"), "sam");
    let mut n = 0;
    let house = std::cell::RefCell::new(house);
    bencher
        .with_inputs(|| {
            n += 1;
            let lines = ["10 BOLT-M8 1 @supplier/ACME wh1/dock"];
            let task = task(n, "dock-1", MovementKind::Receipt, &lines);
            house.borrow_mut().ok(Command::OpenTask { task, by: common::erp() });
            let pass = pass(n, "dock-1", Some(session), 1, &format!("bolt#{n}"));
            house.borrow_mut().look_up(&Command::Pass(pass.clone()));
            pass
        })
        .bench_local_values(|pass| {
            let mut house = house.borrow_mut();
            let now = house.now;
            let outcome = house.engine.handle(now, Command::Pass(pass));
            assert!(outcome.answer.is_ok());
            outcome
        });
}

/// What a pass must know, asked where all of it is known, at a station with 200 tasks of one item.
#[divan::bench]
fn wants_of_a_pass(bencher: divan::Bencher<'_, '_>) {
    let mut house = House::new();
    let session = house.sign_in(1, Some("dock-1"), "sam");
    for n in 1..=200 {
        let lines = ["10 BOLT-M8 1 @supplier/ACME wh1/dock"];
        let task = task(n, "dock-1", MovementKind::Receipt, &lines);
        house.ok(Command::OpenTask { task, by: common::erp() });
    }
    let command = Command::Pass(pass(1, "dock-1", Some(session), 1, "bolt#1"));
    house.look_up(&command);
    bencher.bench_local(|| {
        let missing = house.engine.missing(&house.engine.wants(&house.now, &command));
        assert!(missing.is_empty());
    });
}
