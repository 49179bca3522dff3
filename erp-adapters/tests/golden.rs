//! The bytes that leave, against files written by hand: a change here is a change for every receiver.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use common::{delivery, receipt, transfer};
use gatewarden_adapters::{
    message,
    tryton::map::{self, Inbound, Pending, Plan, Product, Step},
};
use gatewarden_model::{DocumentKind, MovementKind};
use proptest::prelude::*;
use serde_json::Value;

fn inbound() -> Inbound {
    Inbound {
        reference: receipt(1, "4500001", &[("bolt", 1)]).movement.id.to_string(),
        company: 1,
        currency: 9,
        supplier: 2,
        supplier_location: 6,
        warehouse: 3,
        input: 4,
        storage: 5,
    }
}

fn product(id: i64, quantity: i64) -> Product {
    Product { id, unit: 30, cost: "0.1250".into(), quantity }
}

fn pending(id: i64, product: i64, quantity: i64) -> Pending {
    Pending { id, product, unit: 30, quantity }
}

#[test]
fn the_message_is_canonical_json() {
    let bytes = message::encode(&receipt(1, "4500001", &[("bolt", 24)])).unwrap();
    let golden = include_str!("golden/message.json").trim_end();
    assert_eq!(String::from_utf8(bytes).unwrap(), golden);
}

#[test]
fn a_receipt_takes_up_what_waits_and_adds_what_does_not() {
    let products = [product(11, 16), product(12, 5)];
    // 10 of 16 bolts from the first move, 6 of 8 from the second; 2 of 5 nuts waited for.
    let waiting = [pending(70, 11, 10), pending(71, 11, 8), pending(72, 12, 2)];
    let golden: Value = serde_json::from_str(include_str!("golden/receipt.json")).unwrap();
    assert_eq!(map::receipt(&inbound(), &products, &waiting).unwrap(), golden);
}

#[test]
fn a_transfer_has_one_way() {
    let reference = inbound().reference;
    let golden: Value = serde_json::from_str(include_str!("golden/transfer.json")).unwrap();
    assert_eq!(map::transfer(&reference, 1, (20, 21), &[product(11, 16)]), golden);
}

#[test]
fn a_part_in_another_unit_is_refused_and_a_whole_is_not() {
    let box_of_ten = Pending { unit: 31, ..pending(70, 11, 10) };
    assert!(
        map::receipt(&inbound(), &[product(11, 9)], std::slice::from_ref(&box_of_ten)).is_err()
    );
    let values = map::receipt(&inbound(), &[product(11, 10)], &[box_of_ten]).unwrap();
    assert_eq!(values["incoming_moves"], serde_json::json!([["add", [70]]]));
}

#[test]
fn a_plan_is_what_tryton_can_take() {
    let kind = |kind| {
        let lines = [("bolt", 1, "wh1", "@customer/X")];
        map::plan(&delivery(1, kind, (DocumentKind::SalesOrder, "S"), &lines).movement)
    };
    assert_eq!(kind(MovementKind::Issue), Err("tryton adapter does not map issue yet".to_owned()));
    assert!(kind(MovementKind::Shipment).is_err());
    assert!(kind(MovementKind::Receipt).is_err(), "a receipt comes from a supplier");
    assert!(kind(MovementKind::Transfer).is_err(), "a customer is no physical place");
    assert!(map::plan(&transfer(1, "bolt", i64::MAX, "wh1", "wh2").movement).is_err());

    let way = ["wh1/a", "wh1/b"];
    let lines = [("bolt", 1, way[0], way[1]), ("bolt", 1, way[1], way[0])];
    let document = (DocumentKind::TransferOrder, "T");
    let two_ways = delivery(1, MovementKind::Transfer, document, &lines);
    assert!(map::plan(&two_ways.movement).unwrap_err().contains("one way"));

    let both = receipt(1, "4500001", &[("bolt", 2), ("nut", 1), ("bolt", 3)]);
    let Plan::Receipt { supplier, order, items } = map::plan(&both.movement).unwrap() else {
        panic!("a receipt")
    };
    assert_eq!((supplier.as_str(), order.as_deref()), ("ACME", Some("4500001")));
    assert_eq!(items.values().copied().collect::<Vec<_>>(), [5, 1]);
}

#[test]
fn every_state_has_a_step_or_none() {
    let receipt = map::plan(&receipt(1, "4", &[("bolt", 1)]).movement).unwrap();
    let transfer = map::plan(&transfer(1, "bolt", 1, "a", "b").movement).unwrap();
    for (plan, state, transit, expect) in [
        (&receipt, "draft", false, Step::Call("receive")),
        (&receipt, "received", false, Step::Call("do")),
        (&receipt, "done", false, Step::Done),
        (&receipt, "cancelled", false, Step::Stuck),
        (&transfer, "draft", false, Step::Call("wait")),
        (&transfer, "waiting", false, Step::Call("assign_try")),
        (&transfer, "assigned", false, Step::Call("do")),
        (&transfer, "assigned", true, Step::Call("pack")),
        (&transfer, "packed", true, Step::Call("ship")),
        (&transfer, "shipped", true, Step::Call("do")),
        (&transfer, "done", true, Step::Done),
        (&transfer, "cancelled", false, Step::Stuck),
        (&transfer, "", false, Step::Stuck),
    ] {
        assert_eq!(map::next_step(plan, state, transit), expect, "{state}");
    }
}

#[test]
fn what_tryton_did_is_compared_both_ways() {
    let compare = |done: &[(i64, i64)]| {
        map::compare(&[product(11, 16)], &done.iter().copied().collect()).err()
    };
    assert_eq!(compare(&[(11, 16)]), None);
    for (done, expect) in [
        (&[(11, 15)][..], "tryton moved 15 of product 11, the ledger 16"),
        (&[], "tryton moved 0 of product 11, the ledger 16"),
        (&[(11, 16), (12, 1)], "tryton also moved 1 of product 12, the ledger 0"),
    ] {
        assert_eq!(compare(done).as_deref(), Some(expect));
    }
}

proptest! {
    #[test]
    fn a_receipt_moves_exactly_what_came(
        came in 1_i64..100,
        waiting in prop::collection::vec(0_i64..40, 0..6),
    ) {
        let waiting: Vec<Pending> =
            (70..).zip(waiting).map(|(id, n)| pending(id, 11, n)).collect();
        let values = map::receipt(&inbound(), &[product(11, came)], &waiting).unwrap();
        let mut sum = 0;
        for change in values["incoming_moves"].as_array().unwrap() {
            let of = |id: &Value| waiting.iter().find(|p| p.id == id.as_i64().unwrap()).unwrap();
            match change[0].as_str().unwrap() {
                "add" => sum += change[1].as_array().unwrap().iter().map(|i| of(i).quantity).sum::<i64>(),
                "write" => sum += change[2]["quantity"].as_i64().unwrap() - of(&change[1][0]).quantity,
                "create" => sum += change[1][0]["quantity"].as_i64().unwrap(),
                other => prop_assert!(false, "{}", other),
            }
        }
        prop_assert_eq!(sum, came);
    }
}
