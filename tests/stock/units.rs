//! Packing, moving and unpacking a handling unit through passes, and what units and things answer.

use gatewarden_tests::{BOLT, epc, key, receipt, until};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::{House, path_of, told};

/// A pallet's tag and its SSCC.
const PALLET_EPC: &str = "3134257BF4499602D2000000";
const PALLET: &str = "106141412345678908";

fn pallet() -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&PALLET_EPC[at..at + 2], 16).unwrap();
    (0..PALLET_EPC.len()).step_by(2).map(digits).collect()
}

/// Opens a task at the dock, shows these tags to a fresh session, and gives the movement.
async fn pass(house: &House, task: (&str, &str, &str), to: &str, tags: &[Vec<u8>]) -> Value {
    let (kind, document, number) = task;
    let from = if kind == "unpack" { "wh1/a" } else { "wh1/dock" };
    let body = json!({
        "id": Uuid::new_v4(), "station": "dock-1", "kind": kind,
        "document": {"kind": document, "number": number},
        "ordered_by": "chen.buyer", "approved_by": "wu.director",
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 3, "from": from, "to": to}],
    });
    house.people.erp.post_ok("/tasks", &body).await;
    // What stood there before counts again for whoever signs in.
    let _dock = house.people.sign_in("li.wei", Some("dock-1")).await;
    house.gateway.hardware.show(tags);
    let movement = house.people.moved(number).await;
    house.gateway.hardware.reader.clear_field();
    until("green", || async { house.gateway.is_green().then_some(()) }).await;
    movement
}

/// Where the pallet's contents are, as `item place quantity`.
async fn contents(house: &House) -> Vec<String> {
    let unit = house.local.get(&format!("/api/v1/units/{PALLET}")).await;
    assert_eq!(unit["unit"], PALLET);
    let text = |row: &Value| {
        format!("{} {} {}", row["item"], row["location"], row["quantity"]).replace('"', "")
    };
    unit["contents"].as_array().unwrap().iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pallet_is_packed_moved_and_unpacked_by_passes() {
    let house = House::open().await;
    let unit_path = format!("/api/v1/units/{PALLET}");
    let (status, code, _) = told(&house.local.ask(reqwest::Method::GET, &unit_path, None).await);
    assert_eq!((status, code.as_str()), (404, "not-found"), "nothing is packed yet");
    let _dock = house.people.sign_in("li.wei", Some("dock-1")).await;
    house.people.erp.post_ok("/tasks", &receipt("4500001", 3).task()).await;
    let boxes: Vec<Vec<u8>> = (1..4).map(|n| epc(BOLT, n)).collect();
    house.gateway.hardware.show(&boxes);
    house.people.moved("4500001").await;
    house.gateway.hardware.reader.clear_field();

    let tags = [boxes, vec![pallet()]].concat();
    let packed = pass(&house, ("pack", "packing-list", "PL-1"), "wh1/dock", &tags).await;
    assert_eq!(packed["kind"], "pack");
    assert_eq!(packed["lines"][0]["to_unit"], PALLET);
    assert_eq!(contents(&house).await, ["BOLT-M8 wh1/dock 3"]);
    assert_eq!(house.stock("?unit=none").await, [""; 0], "nothing is loose");
    let thing = house.local.get(&path_of("/api/v1/things", &key(BOLT, 2))).await;
    assert_eq!((&thing["place"], &thing["unit"]), (&json!("wh1/dock"), &json!(PALLET)));

    // The pallet's own tag moves all that is in it.
    let only = [pallet()];
    let moved = pass(&house, ("transfer", "transfer-order", "T-1"), "wh1/a", &only).await;
    let line = &moved["lines"][0];
    assert_eq!((&line["from_unit"], &line["to_unit"]), (&json!(PALLET), &json!(PALLET)));
    assert_eq!(contents(&house).await, ["BOLT-M8 wh1/a 3"]);
    let by_bracketed = house.local.get(&path_of("/api/v1/units", &format!("(00){PALLET}"))).await;
    assert_eq!(by_bracketed["unit"], PALLET, "as it is printed");

    let unpacked = pass(&house, ("unpack", "packing-list", "PL-2"), "wh1/a", &only).await;
    assert_eq!(unpacked["lines"][0]["from_unit"], PALLET);
    assert_eq!(unpacked["lines"][0].get("to_unit"), None);
    assert_eq!(house.stock("?unit=none").await, ["BOLT-M8 wh1/a 3 = 0"]);
    let answer = house.local.ask(reqwest::Method::GET, &unit_path, None).await;
    assert_eq!(told(&answer).0, 404, "an empty pallet is nothing");
    let report = house.gateway.cli_ok(&["ledger", "verify"], "");
    assert!(report.contains("the ledger is whole"), "{report}");
}
