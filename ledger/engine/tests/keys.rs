//! Who may change the ledger's key: whoever keeps the system, never a machine, always with a reason.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::House;
use gatewarden_engine::{Command, Reply};
use gatewarden_model::{Actor, Body, Hash};

fn rotate(reason: &str, by: Actor) -> Command {
    let (old, new) = ("gw+1+a".to_owned(), "gw+2+b".to_owned());
    Command::RotateKey { old, new, reason: reason.to_owned(), by }
}

#[test]
fn the_box_and_an_administrator_may_and_it_is_recorded_with_the_reason() {
    let mut house = House::new();
    for by in [Actor::Local { uid: 7 }, house.by("adam")] {
        assert_eq!(house.ok(rotate("a stolen box", by.clone())), Reply::Done);
        let expected = Body::KeyRotated {
            old: "gw+1+a".into(),
            new: "gw+2+b".into(),
            reason: "a stolen box".into(),
            by,
        };
        assert_eq!(house.journal.last().map(|entry| &entry.body), Some(&expected));
    }
}

#[test]
fn nobody_else_may_and_no_machine_whatever_its_scopes() {
    let mut house = House::new();
    for who in ["max", "mia", "bob"] {
        let by = house.by(who);
        assert_eq!(house.refused(rotate("yearly", by)), "denied", "{who}");
    }
    house.ok(Command::AddClient {
        client: "ops".parse().unwrap(),
        scopes: vec!["system:modify".to_owned()],
        token: Hash::of(b"ops"),
        by: Actor::Local { uid: 0 },
    });
    let by = Actor::Client { id: "ops".parse().unwrap() };
    assert_eq!(house.refused(rotate("yearly", by)), "not-an-operator");
    assert_eq!(house.refused(rotate("", Actor::Local { uid: 0 })), "reason-missing");
    assert!(!house.journal.iter().any(|entry| matches!(entry.body, Body::KeyRotated { .. })));
}
