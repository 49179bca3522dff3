//! The bytes that leave, against files written by hand: a change here is a change for every receiver.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use common::{delivery, receipt, transfer};
use gatewarden_adapters::{
    Delivery, message,
    tryton::map::{self, Inbound, Pending, Plan, Product, Step},
};
use gatewarden_model::{
    Bucket, Counted, DocumentKind, Movement, MovementKind, Revaluation, StockStatus, VoucherLine,
};
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

/// Everything that a movement can say, as the webhook and MQTT carry it.
fn full() -> Movement {
    let lines = [("milk", 30, "wh1/a", "@loss/scrap")];
    let document = (DocumentKind::ScrapRequest, "S-1");
    let mut movement = delivery(7, MovementKind::Scrap, document, &lines).movement;
    movement.task = None;
    movement.station = None;
    movement.devices = vec![];
    movement.pass = None;
    movement.reservation = Some(movement.id);
    movement.effective = Some("2026-11-01".parse().unwrap());
    movement.back_dated = true;
    movement.reverses = Some(movement.id);
    movement.counts = vec![Counted {
        line: 1,
        item: "milk".parse().unwrap(),
        location: "wh1/a".parse().unwrap(),
        bucket: Bucket { lot: Some("L1".into()), ..Bucket::default() },
        book: 31,
        counted: 1,
    }];
    movement.revalues = vec![Revaluation { seq: 41, position: 0, delta: "-0.5".parse().unwrap() }];
    movement.voucher = [("6711 Scrapped stock", "45"), ("1403 Materials", "-45")]
        .map(|(account, amount)| VoucherLine {
            account: account.into(),
            amount: amount.parse().unwrap(),
        })
        .into();
    let line = &mut movement.lines[0];
    line.lot = Some("L1".into());
    line.stated = Some("2.5 crate".into());
    line.owner = Some("FARM".into());
    line.from_status = StockStatus::Reserved;
    line.to_status = StockStatus::Blocked;
    line.from_unit = Some("340123450000000018".into());
    line.to_unit = Some("340123450000000025".into());
    line.expires = Some("2026-12-01".parse().unwrap());
    line.value = Some("45".parse().unwrap());
    movement
}

#[test]
fn the_message_carries_everything_that_a_movement_says() {
    let delivery = Delivery { movement: full(), ..receipt(1, "4500001", &[("bolt", 24)]) };
    let bytes = message::encode(&delivery).unwrap();
    let golden = include_str!("golden/message-full.json").trim_end();
    assert_eq!(String::from_utf8(bytes).unwrap(), golden);
    let back: Value = serde_json::from_str(golden).unwrap();
    assert_eq!(serde_json::from_value::<Movement>(back["movement"].clone()).unwrap(), full());
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
    for other in MovementKind::ALL {
        let mapped =
            matches!(other, MovementKind::Receipt | MovementKind::Transfer | MovementKind::PutAway);
        let refused = kind(other).unwrap_err();
        let expect = format!(
            "tryton adapter does not map {}: leave it out of the adapter's `kinds`",
            other.name()
        );
        assert_eq!(refused == expect, !mapped, "{refused}");
    }
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
fn a_put_away_is_an_internal_shipment() {
    let lines = [("bolt", 3, "wh1/dock", "wh1/a/01")];
    let document = (DocumentKind::TransferOrder, "P-1");
    let put_away = delivery(1, MovementKind::PutAway, document, &lines);
    let Plan::Transfer { from, to, items } = map::plan(&put_away.movement).unwrap() else {
        panic!("a transfer")
    };
    assert_eq!((from.as_str(), to.as_str()), ("wh1/dock", "wh1/a/01"));
    assert_eq!(items.values().copied().collect::<Vec<_>>(), [3]);
}

/// Tryton is told items and quantities. What a movement says beyond that must not be lost there.
#[test]
fn what_tryton_would_take_for_something_else_is_refused() {
    let good = receipt(1, "4500001", &[("bolt", 1)]).movement;
    assert!(map::plan(&good).is_ok());
    type Change = fn(&mut Movement);
    let changes: [(Change, &str); 5] = [
        (|m| m.lines[0].lot = Some("L1".into()), "lots (line 1 has lot L1)"),
        (|m| m.lines[0].owner = Some("ACME".into()), "consigned stock (line 1 is ACME's)"),
        (
            |m| m.lines[0].to_status = StockStatus::QualityInspection,
            "stock status (line 1 has quality-inspection)",
        ),
        (|m| m.back_dated = true, "entries made late"),
        (
            |m| m.reverses = Some(m.id),
            "reversals (this one takes back 01900000-0000-7000-8000-000000000001)",
        ),
    ];
    for (change, what) in changes {
        let mut movement = good.clone();
        change(&mut movement);
        let expect =
            format!("tryton adapter does not map {what}: enter this movement in tryton by hand");
        assert_eq!(map::plan(&movement), Err(expect));
    }
    let mut reserved = good;
    reserved.lines[0].from_status = StockStatus::Reserved;
    reserved.lines[0].to_unit = Some("340123450000000018".into());
    assert!(map::plan(&reserved).is_ok(), "a posting's own reservation is nobody else's business");
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
