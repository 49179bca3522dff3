//! Procedure 8, returns: what was rejected goes back through the door to whom it came from, what was not used comes
//! back from production; never more than came or was handed out.

use gatewarden_tests::until;
use serde_json::{Value, json};

use crate::{
    house::{House, number},
    line::{Line, PIT, RACK, bolts, requisition, yes},
};

/// Bolts that go back to their supplier on a receipt.
fn to_supplier(count: u32, came: &Value, quantity: i64) -> Value {
    json!({
        "document": {"kind": "return-order", "number": number("RT", count, 4)}, "version": 1,
        "partner": "ACME", "note": "torn threads", "station": "dock-1",
        "links": [{"document": came["document"]}],
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": quantity, "from": "wh1/dock",
            "to": "@supplier/ACME", "from_status": "blocked"}],
    })
}

fn name(content: &Value) -> &str {
    content["document"]["number"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rejected_goes_back_through_the_door() {
    let house = House::open().await;
    let ron = house.receiver_at_dock().await;
    let came = house.to_be_inspected().await;
    house.two_rejected(&came).await;
    ron.delete("/session").await;

    // More than came, and what nothing says came.
    let no = house.handed_in("rae.receiver", &to_supplier(1, &came, 7)).await;
    assert_eq!(no.body["code"], "more-than-moved", "{}", no.body);
    let mut unsaid = to_supplier(2, &came, 2);
    unsaid["links"] = json!([]);
    let no = house.handed_in("rae.receiver", &unsaid).await;
    assert_eq!(no.body["code"], "source-missing", "{}", no.body);

    let _keeper = house.people.sign_in("li.wei", Some("dock-1")).await;
    let back = to_supplier(3, &came, 2);
    house.agreed("rae.receiver", &["mia.manager"], &back).await;
    // Three of them stop.
    house.at_the_door(1..4);
    let hold = house.held().await;
    house.hardware().reader.clear_field();
    assert_eq!(house.bolts("wh1/dock", "blocked").await, 2);
    let lead = house.sign_in("wang.lead").await;
    let path = format!("/holds/{}/decision", hold["pass"]["id"].as_str().unwrap());
    lead.post_ok(&path, &json!({"verdict": "reject", "reason": "one too many"})).await;
    until("off", || async { (!house.gateway.is_red()).then_some(()) }).await;

    house.at_the_door(5..7);
    let movement = house.people.moved(name(&back)).await;
    house.hardware().reader.clear_field();
    assert_eq!(movement["kind"], "supplier-return");
    assert_eq!(house.bolts("wh1/dock", "blocked").await, 0);
    assert_eq!(house.bolts("wh1/dock", "available").await, 4);
    assert_eq!(house.document(&back).await["state"], "closed");
    let no = house.handed_in("rae.receiver", &to_supplier(4, &came, 5)).await;
    assert_eq!(no.body["code"], "more-than-moved", "two went back already: {}", no.body);
    let trace = house.trace(name(&back));
    for told in [name(&came), "bob.buyer", "mia.manager", "li.wei", "signed at"] {
        assert!(trace.contains(told), "{told} is not in {trace}");
    }
    house.verify();
}

/// Whichever a return names, the receipt or its order: what went back on one is not on the other any more, also where
/// the daemon has to read in the journal what went.
#[tokio::test(flavor = "multi_thread")]
async fn what_came_on_an_order_goes_back_once() {
    let mut house = House::open().await;
    let ron = house.receiver_at_dock().await;
    let came = house.to_be_inspected().await;
    house.two_rejected(&came).await;
    ron.delete("/session").await;
    let order = json!({"document": {"kind": "purchase-order", "number": number("PO", 1, 4)}});
    let keeper = house.people.sign_in("li.wei", Some("dock-1")).await;
    let back = to_supplier(1, &came, 2);
    house.agreed("rae.receiver", &["mia.manager"], &back).await;
    let no = house.handed_in("rae.receiver", &to_supplier(2, &order, 5)).await;
    assert_eq!(no.body["code"], "more-than-moved", "two are on their way: {}", no.body);
    house.at_the_door(5..7);
    house.people.moved(name(&back)).await;
    house.hardware().reader.clear_field();
    let no = house.handed_in("rae.receiver", &to_supplier(3, &order, 5)).await;
    assert_eq!(no.body["code"], "more-than-moved", "two went back: {}", no.body);
    keeper.delete("/session").await;

    house.gateway.kill();
    house.gateway.run().await;
    let no = house.handed_in("rae.receiver", &to_supplier(4, &order, 5)).await;
    assert_eq!(no.body["code"], "more-than-moved", "two went back: {}", no.body);
    let yes = house.handed_in("rae.receiver", &to_supplier(5, &order, 4)).await;
    assert!(yes.is_success(), "{}", yes.body);
    let no = house.handed_in("rae.receiver", &to_supplier(6, &came, 1)).await;
    assert_eq!(no.body["code"], "more-than-moved", "all of the order are asked back: {}", no.body);
    let message = no.body["message"].as_str().unwrap();
    assert!(message.contains(name(&order)) && message.contains(name(&came)), "{message}");
    house.verify();
}

/// Bolts that were handed out on a requisition and were not used.
fn from_production(count: u32, quantity: i64) -> Value {
    json!({
        "document": {"kind": "return-order", "number": number("RT", count, 4)}, "version": 1,
        "note": "not used", "station": "counter-1",
        "links": [{"document": {"kind": "requisition", "number": "MR-202611-0001"}},
            {"document": {"kind": "work-order", "number": "WO-202611-0001"}}],
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": quantity,
            "from": "@production/WO-202611-0001", "to": RACK}],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_used_comes_back_from_production() {
    let line = Line::open().await;
    let house = &line.house;
    let content = requisition("MR-202611-0001", 4, &line.bom);
    let on = house.submit(&line.production, &content).await;
    yes(house, &line.manager, &content, &on).await;
    line.shows(PIT).await;
    line.pieces(&bolts(1..5), "moved").await;
    assert_eq!(house.stock("BOLT-M8", RACK).await, 96);

    let no = house.handed_in("rae.receiver", &from_production(1, 5)).await;
    assert_eq!(no.body["code"], "more-than-moved", "{}", no.body);
    let back = from_production(2, 2);
    house.agreed("rae.receiver", &["mia.manager"], &back).await;
    let no = house.handed_in("rae.receiver", &from_production(3, 3)).await;
    assert_eq!(no.body["code"], "more-than-moved", "two are on their way: {}", no.body);
    // The requisition's are its work order's.
    let mut of_order = from_production(4, 3);
    of_order["links"] = json!([of_order["links"][1]]);
    let no = house.handed_in("rae.receiver", &of_order).await;
    assert_eq!(no.body["code"], "more-than-moved", "two are on their way: {}", no.body);
    // More than was signed stops.
    let held = line.pieces(&bolts(4..7), "held").await;
    line.no_to(&held).await;
    assert_eq!(house.stock("BOLT-M8", RACK).await, 96);
    let moved = line.pieces(&bolts(3..5), "moved").await["movement"].clone();
    assert_eq!(
        (&moved["kind"], &moved["document"]["number"]),
        (&json!("production-return"), &json!(name(&back)))
    );
    assert_eq!(house.stock("BOLT-M8", RACK).await, 98);
    let order = json!({"document": {"kind": "work-order", "number": "WO-202611-0001"}});
    assert_eq!(house.document(&order).await["consumed"], json!({"BOLT-M8": 2}));
    assert_eq!(house.document(&back).await["state"], "closed");
    // What came of a requisition is told when both are over.
    let view = house.document(&content).await;
    let followed: Vec<&Value> = view["followed_by"].as_array().unwrap().iter().collect();
    assert!(followed.contains(&&back["document"]), "{view}");
    let trace = house.trace(name(&back));
    for told in ["MR-202611-0001", "WO-202611-0001", "rae.receiver", "mia.manager", "li.wei"] {
        assert!(trace.contains(told), "{told} is not in {trace}");
    }
    house.verify();
}
