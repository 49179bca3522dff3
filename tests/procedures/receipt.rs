//! A purchase order from the first version to the shelf: written, signed, received through the portal; what
//! is too much is held, and what was taken counts on the order.

use gatewarden_tests::{BOLT, Caller, epc, until};
use serde_json::{Value, json};

use crate::house::{House, day, number};

/// Badge and PIN of whoever receives.
const CLERK: (&str, &str, &str) = ("rae.receiver", "OP-6010", "3961");

/// An order of bolts that are received at the dock.
pub(crate) fn order(count: u32, quantity: i64) -> Value {
    json!({
        "document": {"kind": "purchase-order", "number": number("PO", count, 4)}, "version": 1,
        "partner": "ACME", "date": day(0), "due": day(7), "station": "dock-1",
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": quantity, "to": "wh1/dock",
            "amount": "120"}],
    })
}

impl House {
    /// Opens the dock in the name of whoever receives.
    pub(crate) async fn open_dock(&self) -> Caller {
        let (_, badge, pin) = CLERK;
        let body = json!({"badge": badge, "pin": pin});
        let door = self.gateway.anybody();
        let answer = door.post_ok("/stations/dock-1/session", &body).await;
        self.gateway.until_devices(&self.people.viewer, &[]).await;
        door.with_cookie(&answer.cookie.unwrap())
    }

    /// An order that the manager signed.
    pub(crate) async fn ordered(&self, content: &Value) {
        let buyer = self.sign_in("bob.buyer").await;
        let on = self.submit(&buyer, content).await;
        let manager = self.sign_in("mia.manager").await;
        let yes = self.decide(&manager, content, &on, "approve").await;
        assert!(yes.is_success(), "{}", yes.body);
    }

    /// The held pass that waits.
    pub(crate) async fn held(&self) -> Value {
        until("the pass is held", || async {
            self.people.viewer.list("/holds").await.into_iter().next()
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_received_as_it_was_signed() {
    let house = House::open().await;
    let _clerk = house.open_dock().await;
    let content = order(1, 6);
    let name = content["document"]["number"].as_str().unwrap();
    let buyer = house.sign_in("bob.buyer").await;
    let on = house.submit(&buyer, &content).await;
    assert!(house.people.viewer.list("/tasks").await.is_empty(), "nothing is to be received yet");
    let own = house.decide(&buyer, &content, &on, "approve").await;
    assert_eq!(own.status, 403, "{}", own.body);
    let manager = house.sign_in("mia.manager").await;
    let yes = house.decide(&manager, &content, &on, "approve").await;
    assert!(yes.is_success(), "{}", yes.body);
    let document = house.document(&content).await;
    assert_eq!(house.people.viewer.list("/tasks").await.len(), 1, "{document}");
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 0);

    // More than was ordered stops at the door; whoever may decide takes what was ordered.
    let eight: Vec<_> = (1..9).map(|serial| epc(BOLT, serial)).collect();
    house.hardware().show(&eight);
    let hold = house.held().await;
    assert_eq!(hold["comparison"]["extra"].as_array().unwrap().len(), 2, "{hold}");
    until("red", || async { house.gateway.is_red().then_some(()) }).await;
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 0);
    let lead = house.sign_in("wang.lead").await;
    let path = format!("/holds/{}/decision", hold["pass"]["id"].as_str().unwrap());
    lead.post_ok(&path, &json!({"verdict": "reject", "reason": "two too many"})).await;
    house.hardware().reader.clear_field();
    until("off", || async { (!house.gateway.is_red()).then_some(()) }).await;
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 0);

    // What was ordered passes.
    house.hardware().show(&(11..17).map(|serial| epc(BOLT, serial)).collect::<Vec<_>>());
    let movement = house.people.moved(name).await;
    until("green", || async { house.gateway.is_green().then_some(()) }).await;
    house.hardware().reader.clear_field();
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 6);
    assert_eq!(movement["operator"], CLERK.0);
    assert_eq!(movement["approved_by"], "mia.manager");
    let journal = house.gateway.journal();
    let movement = journal.movements().next().unwrap();
    assert_eq!(movement["document_digest"], on.as_str());
    let accounts: Vec<_> = movement["voucher"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["account"].clone(), line["amount"].clone()))
        .collect();
    assert_eq!(accounts.len(), 2, "{accounts:?}");
    assert!(accounts.contains(&(json!("1403"), json!("120"))), "{accounts:?}");
    assert!(accounts.contains(&(json!("2202"), json!("-120"))), "{accounts:?}");

    let document = house.document(&content).await;
    assert_eq!(document["state"], "closed", "{document}");
    let trace = house.trace(name);
    for told in ["bob.buyer", "mia.manager", CLERK.0, "signed at"] {
        assert!(trace.contains(told), "{told} is not in {trace}");
    }
    house.verify();
}
