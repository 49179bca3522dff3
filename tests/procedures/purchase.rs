//! Procedure 2, purchase: a suggestion becomes a request, the request an order, the supplier announces what is on
//! its way, the goods come through the door into quality inspection, and only what is accepted may be used and is
//! put away. Then each wrong turn.

use gatewarden_tests::{Answer, BOLT, Caller, epc, until};
use serde_json::{Value, json};

use crate::house::{House, day, number, path};

/// One link, to a line where one is said.
fn link(to: &Value, line: Option<u32>) -> Value {
    let mut link = json!({ "document": to["document"] });
    if let Some(line) = line {
        link["line"] = json!(line);
    }
    link
}

/// What a planner sees to be short.
fn suggestion() -> Value {
    let today = day(0).replace('-', "");
    json!({
        "document": {"kind": "purchase-suggestion", "number": format!("PS-{today}-0001")},
        "version": 1, "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 6}],
    })
}

fn request(of: &Value) -> Value {
    json!({
        "document": {"kind": "purchase-request", "number": number("PR", 1, 4)}, "version": 1,
        "requester": "pia.planner",
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 6, "due": day(7),
            "links": [link(of, Some(10))]}],
    })
}

/// An order that a receipt of its own takes in.
fn order(count: u32, of: Option<&Value>) -> Value {
    let mut line = json!({"line": 10, "item": "BOLT-M8", "quantity": 6, "to": "wh1/dock",
        "amount": "120"});
    if let Some(request) = of {
        line["links"] = json!([link(request, Some(10))]);
    }
    json!({
        "document": {"kind": "purchase-order", "number": number("PO", count, 4)}, "version": 1,
        "partner": "ACME", "date": day(0), "due": day(7), "lines": [line],
    })
}

fn notice(of: &Value) -> Value {
    json!({
        "document": {"kind": "shipping-notice", "number": number("ASN", 1, 5)}, "version": 1,
        "partner": "ACME", "due": day(2), "links": [link(of, None)],
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 6, "links": [link(of, Some(10))]}],
    })
}

/// A receipt into quality inspection.
pub(crate) fn receipt(count: u32, order: &Value, notice: Option<&Value>) -> Value {
    let mut links = vec![link(order, None)];
    links.extend(notice.map(|notice| link(notice, None)));
    json!({
        "document": {"kind": "receipt", "number": number("GR", count, 5)}, "version": 1,
        "partner": "ACME", "station": "dock-1", "links": links,
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 6, "to": "wh1/dock",
            "to_status": "quality-inspection", "amount": "120", "links": [link(order, Some(10))]}],
    })
}

/// What is decided on six bolts: so many are accepted, the others are rejected; two were bad.
fn inspection(count: u32, of: &Value, accepted: i64) -> Value {
    let line = |line: u32, quantity: i64, status: &str, outcome: &str| {
        json!({"line": line, "item": "BOLT-M8", "quantity": quantity, "from": "wh1/dock",
            "to": "wh1/dock", "from_status": "quality-inspection", "to_status": status,
            "custom": {"outcome": outcome, "finding": "looked at"}})
    };
    json!({
        "document": {"kind": "inspection", "number": number("QI", count, 5)}, "version": 1,
        "custom": {"lot-size": "6", "inspected": "6", "defects": "2"}, "links": [link(of, None)],
        "lines": [line(10, accepted, "available", "accept"),
            line(20, 6 - accepted, "blocked", "reject")],
    })
}

fn name(content: &Value) -> &str {
    content["document"]["number"].as_str().unwrap()
}

impl House {
    /// Written and handed in by one, signed by others; gives the digest.
    pub(crate) async fn agreed(&self, author: &str, signers: &[&str], content: &Value) -> String {
        let by = self.sign_in(author).await;
        let on = self.submit(&by, content).await;
        for who in signers {
            let signer = self.sign_in(who).await;
            let yes = self.decide(&signer, content, &on, "approve").await;
            assert!(yes.is_success(), "{who}: {}", yes.body);
        }
        on
    }

    /// Writes a version and hands it in, which is refused; gives the answer.
    pub(crate) async fn handed_in(&self, author: &str, content: &Value) -> Answer {
        let by = self.sign_in(author).await;
        let written = self.write(&by, content).await;
        by.post(&path(content, "/submit"), &json!({"digest": written["digest"]})).await
    }

    /// Enrols somebody who receives and writes nothing, and opens the dock in his name.
    pub(crate) async fn receiver_at_dock(&self) -> Caller {
        let who = json!({"operator": "ron.receiver", "name": "Ron", "roles": ["receiving-clerk"],
            "badges": ["OP-6030"]});
        self.people.enrol_one(&who, "4918").await;
        let door = self.gateway.anybody();
        let body = json!({"badge": "OP-6030", "pin": "4918"});
        let answer = door.post_ok("/stations/dock-1/session", &body).await;
        self.gateway.until_devices(&self.people.viewer, &[]).await;
        door.with_cookie(&answer.cookie.unwrap())
    }

    /// Shows bolts of these serials at the dock.
    pub(crate) fn at_the_door(&self, serials: std::ops::Range<u64>) {
        self.hardware().show(&serials.map(|serial| epc(BOLT, serial)).collect::<Vec<_>>());
    }

    /// Bolts of a status at a place.
    pub(crate) async fn bolts(&self, place: &str, status: &str) -> i64 {
        let rows = self.local.list(&format!("/api/v1/stock?item=BOLT-M8&location={place}")).await;
        // What is available is not told.
        let of = |row: &&Value| row["status"].as_str().unwrap_or("available") == status;
        rows.iter().filter(of).filter_map(|row| row["quantity"].as_i64()).sum()
    }

    /// Six bolts that came on an order of their own and wait to be inspected; gives the receipt.
    pub(crate) async fn to_be_inspected(&self) -> Value {
        let bought = order(1, None);
        self.agreed("bob.buyer", &["mia.manager"], &bought).await;
        let came = receipt(1, &bought, None);
        self.agreed("rae.receiver", &["mia.manager"], &came).await;
        self.at_the_door(1..7);
        self.people.moved(name(&came)).await;
        self.hardware().reader.clear_field();
        came
    }

    /// Two of them are rejected.
    pub(crate) async fn two_rejected(&self, came: &Value) {
        let said = inspection(1, came, 4);
        self.agreed("ines.inspector", &["mia.manager"], &said).await;
        assert_eq!(self.bolts("wh1/dock", "blocked").await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_bought_is_used_when_it_came_and_was_accepted() {
    let house = House::open().await;
    let _ron = house.receiver_at_dock().await;
    let short = suggestion();
    house.agreed("pia.planner", &[], &short).await;
    assert_eq!(house.document(&short).await["state"], "approved");
    let asked = request(&short);
    house.agreed("pia.planner", &["mia.manager"], &asked).await;
    let bought = order(1, Some(&asked));
    house.agreed("bob.buyer", &["mia.manager"], &bought).await;
    assert_eq!(house.document(&bought).await["state"], "ordered");
    let announced = notice(&bought);
    house.agreed("bob.buyer", &[], &announced).await;
    assert_eq!(house.document(&announced).await["state"], "announced");
    assert!(house.people.viewer.list("/tasks").await.is_empty(), "nothing is to be received yet");
    let came = receipt(1, &bought, Some(&announced));
    let on = house.agreed("rae.receiver", &["mia.manager"], &came).await;

    // More than was ordered stops at the door, and nothing is here.
    house.at_the_door(1..9);
    let hold = house.held().await;
    assert_eq!(hold["comparison"]["extra"].as_array().unwrap().len(), 2, "{hold}");
    until("red", || async { house.gateway.is_red().then_some(()) }).await;
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 0);
    let lead = house.sign_in("wang.lead").await;
    let hold = format!("/holds/{}/decision", hold["pass"]["id"].as_str().unwrap());
    lead.post_ok(&hold, &json!({"verdict": "reject", "reason": "two too many"})).await;
    house.hardware().reader.clear_field();
    until("off", || async { (!house.gateway.is_red()).then_some(()) }).await;

    // What was ordered is here, and waits for the inspector.
    house.at_the_door(11..17);
    let movement = house.people.moved(name(&came)).await;
    until("green", || async { house.gateway.is_green().then_some(()) }).await;
    house.hardware().reader.clear_field();
    assert_eq!(
        (&movement["kind"], &movement["operator"]),
        (&json!("receipt"), &json!("ron.receiver"))
    );
    assert_eq!(house.bolts("wh1/dock", "quality-inspection").await, 6);
    assert_eq!(house.bolts("wh1/dock", "available").await, 0);
    assert_eq!(house.document(&bought).await["state"], "closed", "the order is fulfilled");
    let waiting = house.document(&came).await;
    assert_eq!(waiting["to_inspect"], json!({"BOLT-M8": 6}), "{waiting}");

    // Four are accepted, two are not.
    let no = house.handed_in("ines.inspector", &inspection(1, &came, 5)).await;
    assert_eq!(no.body["code"], "bad-accepted", "{}", no.body);
    let said = inspection(2, &came, 4);
    house.agreed("ines.inspector", &["mia.manager"], &said).await;
    for (status, quantity) in [("quality-inspection", 0), ("available", 4), ("blocked", 2)] {
        assert_eq!(house.bolts("wh1/dock", status).await, quantity, "{status}");
    }
    assert_eq!(house.document(&came).await["state"], "closed");
    assert_eq!(house.document(&said).await["state"], "closed");
    put_away(&house, &said).await;

    // From the goods to where they came from, and from the request to the voucher.
    let numbers = [&short, &asked, &bought, &announced, &came, &said].map(name);
    let backward = house.trace(name(&came));
    for told in numbers.iter().chain(&["bob.buyer", "mia.manager", "ron.receiver", "signed at"]) {
        assert!(backward.contains(told), "{told} is not in {backward}");
    }
    let forward = house.trace(name(&asked));
    for told in numbers.iter().chain(&["ines.inspector", "ron.receiver", "fulfilled by"]) {
        assert!(forward.contains(told), "{told} is not in {forward}");
    }
    let journal = house.gateway.journal();
    let told = |line: &Value| format!("{} {}", line["account"], line["amount"]).replace('"', "");
    let receipt = journal.movements().find(|one| one["document"] == came["document"]).unwrap();
    assert_eq!(receipt["document_digest"], json!(on), "what was signed stands on it");
    let voucher: Vec<String> = receipt["voucher"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(voucher, ["1403 120", "2202 -120"]);
    let vouchers = house.local.get("/api/v1/vouchers").await.to_string();
    assert!(vouchers.contains(name(&came)), "{vouchers}");
    house.verify();
}

/// What was accepted goes to its shelf on a document of its own.
async fn put_away(house: &House, said: &Value) {
    let content = json!({
        "document": {"kind": "put-away-order", "number": number("PA", 1, 5)}, "version": 1,
        "station": "counter-1", "links": [link(said, None)],
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 4, "from": "wh1/dock",
            "to": "wh1/a-01"}],
    });
    house.agreed("li.wei", &["wang.lead"], &content).await;
    let _second = house.people.sign_in("ma.second", Some("counter-1")).await;
    for serial in 11..15 {
        let text = format!("]d201{BOLT}\u{1d}21{serial}");
        house.hardware().counter_scanner.scan(&text).unwrap();
    }
    let movement = house.people.moved(name(&content)).await;
    assert_eq!(movement["kind"], "put-away");
    assert_eq!(house.bolts("wh1/a-01", "available").await, 4);
    assert_eq!(house.bolts("wh1/dock", "available").await, 0);
    assert_eq!(house.document(&content).await["state"], "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_received_on_an_order_that_nobody_signed() {
    let house = House::open().await;
    let _ron = house.receiver_at_dock().await;
    let bought = order(1, None);
    house.agreed("bob.buyer", &[], &bought).await;
    let clerk = house.sign_in("rae.receiver").await;
    let came = receipt(1, &bought, None);
    let no = clerk.post("/api/v1/documents", &came).await;
    assert_eq!(no.body["code"], "document-not-open", "{}", no.body);
    house.at_the_door(1..7);
    until("an alarm", || async { house.gateway.is_alarmed().then_some(()) }).await;
    assert_eq!(house.stock("BOLT-M8", "wh1/dock").await, 0);
    house.verify();
}
