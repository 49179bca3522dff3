//! Goods that leave, that change places by way of transit, and that come back: each on what was signed.

use gatewarden_tests::{BOLT, Caller, epc, until};
use serde_json::{Value, json};

use crate::house::{House, day, number};

impl House {
    /// Puts bolts of these serials before the portal.
    fn through(&self, serials: std::ops::Range<u64>) {
        self.hardware().show(&serials.map(|serial| epc(BOLT, serial)).collect::<Vec<_>>());
    }

    /// Takes everything away from the portal.
    fn clear(&self) {
        self.hardware().reader.clear_field();
    }

    /// Opens the dock in the name of somebody who hands out.
    async fn storekeeper_at_dock(&self) -> Caller {
        self.people.sign_in("li.wei", Some("dock-1")).await
    }

    /// Enrols somebody beside those that write, and signs him in at a station: who orders moves nothing.
    async fn mover(&self, role: &str, station: &str) -> Caller {
        let who = json!({"operator": "kim.mover", "name": "Kim", "roles": [role],
            "badges": ["OP-6020"]});
        self.people.enrol_one(&who, "5936").await;
        let body = json!({"badge": "OP-6020", "pin": "5936"});
        let door = self.gateway.anybody();
        let answer = door.post_ok(&format!("/stations/{station}/session"), &body).await;
        self.gateway.until_devices(&self.people.viewer, &[]).await;
        door.with_cookie(&answer.cookie.unwrap())
    }

    /// Writes as one and has another sign.
    async fn signed(&self, author: &str, signer: &str, content: &Value) -> String {
        let by = self.sign_in(author).await;
        let on = self.submit(&by, content).await;
        let own = self.decide(&by, content, &on, "approve").await;
        assert!(!own.is_success(), "{author} signs nothing of his own");
        let other = self.sign_in(signer).await;
        let yes = self.decide(&other, content, &on, "approve").await;
        assert!(yes.is_success(), "{signer}: {}", yes.body);
        on
    }
}

fn name(content: &Value) -> &str {
    content["document"]["number"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_customer_ordered_leaves() {
    let house = House::open().await;
    house.found(&number("AD", 1, 4), "BOLT-M8", 6, "wh1/dock").await;
    let _keeper = house.storekeeper_at_dock().await;
    let content = json!({
        "document": {"kind": "sales-order", "number": number("SO", 1, 4)}, "version": 1,
        "partner": "C-1", "date": day(0), "due": day(3), "station": "dock-1",
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 4, "from": "wh1/dock",
            "amount": "200"}],
    });
    house.signed("sia.sales", "mia.manager", &content).await;
    // A pallet with one that was not ordered is stopped, and nothing left.
    house.through(1..6);
    let hold = house.held().await;
    assert_eq!(hold["comparison"]["extra"].as_array().unwrap().len(), 1, "{hold}");
    until("red", || async { house.gateway.is_red().then_some(()) }).await;
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 6);
    house.clear();
    let lead = house.sign_in("wang.lead").await;
    let path = format!("/holds/{}/decision", hold["pass"]["id"].as_str().unwrap());
    lead.post_ok(&path, &json!({"verdict": "reject", "reason": "the wrong pallet"})).await;
    // The right one is green, and the order is done.
    house.through(11..15);
    house.people.moved(name(&content)).await;
    until("green", || async { house.gateway.is_green().then_some(()) }).await;
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 2);
    assert_eq!(house.document(&content).await["state"], "closed");
    let trace = house.trace(name(&content));
    for told in ["sia.sales", "mia.manager", "li.wei", "signed at"] {
        assert!(trace.contains(told), "{told} is not in {trace}");
    }
    house.verify();
}

/// A customer's, a supplier's and production's return, and each way's kind of movement.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_or_goes_back_is_signed_too() {
    let house = House::open().await;
    let _clerk = house.mover("receiving-clerk", "dock-1").await;
    let back = |count: u32, from: &str, to: &str| {
        json!({
            "document": {"kind": "return-order", "number": number("RT", count, 4)}, "version": 1,
            "note": "not what was ordered", "station": "dock-1", "partner": "C-1",
            "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 3, "from": from, "to": to}],
        })
    };
    let content = back(1, "@customer/C-1", "wh1/dock");
    house.signed("rae.receiver", "mia.manager", &content).await;
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 0, "it is not here yet");
    house.through(1..4);
    let movement = house.people.moved(name(&content)).await;
    assert_eq!(movement["kind"], "customer-return");
    house.clear();
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 3);
    assert_eq!(house.document(&content).await["state"], "closed");
    let trace = house.trace(name(&content));
    assert!(trace.contains("mia.manager") && trace.contains("kim.mover"), "{trace}");
    house.verify();
}

/// Out at one station, in at another; what is short on arrival is decided on by a person, and what is still on
/// its way is not lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_on_its_way_until_it_arrives() {
    let house = House::open().await;
    house.found(&number("AD", 1, 4), "BOLT-M8", 3, "wh1/a-01").await;
    let content = json!({
        "document": {"kind": "transfer-order", "number": number("TR", 1, 5)}, "version": 1,
        "station": "counter-1", "custom": {"receiving-station": "dock-1"},
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 3, "from": "wh1/a-01",
            "to": "wh1/dock"}],
    });
    house.signed("li.wei", "wang.lead", &content).await;
    let _out = house.mover("storekeeper", "counter-1").await;
    let _in = house.people.sign_in("ma.second", Some("dock-1")).await;
    for serial in 1..4 {
        let text = format!("]d201{BOLT}\u{1d}21{serial}");
        house.hardware().counter_scanner.scan(&text).unwrap();
    }
    until("it is on its way", || async {
        (house.stock("BOLT-M8", "wh1/a-01").await == 0).then_some(())
    })
    .await;
    assert_eq!(house.document(&content).await["quantities"]["10"]["in_hand"], 3);
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 0);
    // One is missing on arrival.
    house.through(1..3);
    let hold = house.held().await;
    house.clear();
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 0);
    let lead = house.sign_in("wang.lead").await;
    let path = format!("/holds/{}/decision", hold["pass"]["id"].as_str().unwrap());
    lead.post_ok(&path, &json!({"verdict": "accept", "reason": "the third one comes later"})).await;
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 2);
    assert_eq!(house.document(&content).await["quantities"]["10"]["in_hand"], 1);
    assert_ne!(house.document(&content).await["state"], "closed");
    house.through(3..4);
    until("the last one arrives", || async {
        (house.stock("BOLT-M8", "wh1/dock").await == 3).then_some(())
    })
    .await;
    house.clear();
    assert_eq!(house.document(&content).await["state"], "closed");
    let trace = house.trace(name(&content));
    for told in ["li.wei", "wang.lead", "kim.mover", "ma.second", "signed at"] {
        assert!(trace.contains(told), "{told} is not in {trace}");
    }
    house.verify();
}
