//! Stock is counted blind, by a sweep and a scanner, again by somebody else; what differs is signed by a third and
//! posted; nothing else moves in a bin meanwhile.

use gatewarden_tests::{BOLT, Caller, epc, until};
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, number, path};

const DOCK: &str = "wh1/dock";
const RACK: &str = "wh1/a-01";

/// An order to count bolts in these bins, at the dock.
fn order(count: u32, bins: &[&str]) -> Value {
    let lines: Vec<Value> = (1..)
        .zip(bins)
        .map(|(line, bin)| json!({"line": line, "item": "BOLT-M8", "quantity": 0, "from": bin}))
        .collect();
    json!({
        "document": {"kind": "count-order", "number": number("CO", count, 4)}, "version": 1,
        "title": "the dock", "station": "dock-1", "lines": lines,
    })
}

impl House {
    /// Bolts with a value, which others approved.
    async fn worth(&self, number: &str, quantity: i64, place: &str) {
        let clerk = self.sign_in("li.wei").await;
        let content = json!({
            "document": {"kind": "adjustment-request", "number": number}, "version": 1,
            "note": "first stock", "lines": [{"line": 10, "item": "BOLT-M8", "quantity": quantity,
                "from": "@loss/opening", "to": place, "amount": (quantity * 2).to_string()}],
        });
        let on = self.submit(&clerk, &content).await;
        for who in ["wang.lead", "fin.director"] {
            let signer = self.sign_in(who).await;
            let yes = self.decide(&signer, &content, &on, "approve").await;
            assert!(yes.is_success(), "{who}: {}", yes.body);
        }
    }

    /// An order to count, written by a storekeeper and signed by the supervisor.
    async fn counting(&self, content: &Value) {
        let clerk = self.sign_in("li.wei").await;
        let on = self.submit(&clerk, content).await;
        let lead = self.sign_in("wang.lead").await;
        let yes = self.decide(&lead, content, &on, "approve").await;
        assert!(yes.is_success(), "{}", yes.body);
        assert_eq!(self.document(content).await["state"], "counting");
    }

    /// A second storekeeper takes over the dock.
    async fn second_counter(&self) -> Caller {
        let who = json!({"operator": "kim.counter", "name": "Kim", "roles": ["storekeeper"],
            "badges": ["OP-6020"]});
        self.people.enrol_one(&who, "5936").await;
        let body = json!({"badge": "OP-6020", "pin": "5936"});
        let door = self.gateway.anybody();
        let answer = door.post_ok("/stations/dock-1/session", &body).await;
        door.with_cookie(&answer.cookie.unwrap())
    }

    /// The sheets of counts in the journal.
    fn sheets(&self) -> Vec<Value> {
        let journal = self.gateway.journal();
        let steps = journal.of_kind("document-stepped").map(|body| &body["step"]);
        steps.filter(|step| step["what"] == "counted").map(|step| step["sheet"].clone()).collect()
    }

    /// Waits until so many sheets are recorded; gives the last.
    async fn sheet(&self, count: usize) -> Value {
        until(&format!("sheet {count}"), || async {
            let sheets = self.sheets();
            (sheets.len() >= count).then(|| sheets[count - 1].clone())
        })
        .await
    }

    /// Sweeps bolts of these serials before the portal, then takes them away.
    async fn sweep(&self, serials: std::ops::Range<u64>, sheets: usize) -> Value {
        let all: Vec<_> = serials.map(|serial| epc(BOLT, serial)).collect();
        self.hardware().show(&all);
        let sheet = self.sheet(sheets).await;
        self.hardware().reader.clear_field();
        sheet
    }

    fn scan(&self, what: &str) {
        self.hardware().scanner.scan(what).unwrap();
    }

    /// What somebody who counts is shown, all of it in one text.
    async fn shown(&self, who: &Caller, content: &Value) -> String {
        let document = who.get(&path(content, "")).await;
        let sheet = who.get(&path(content, "/count")).await;
        let listed = who.list("/api/v1/documents?kind=count-order").await;
        let tasks = who.list("/tasks").await;
        format!("{document} {sheet} {listed:?} {tasks:?}")
    }
}

fn bolt(serial: u64) -> String {
    format!("]d201{BOLT}\u{1d}21{serial}")
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_counted_blind_by_two_and_what_differs_is_signed_by_a_third() {
    let mut house = House::open().await;
    house.worth(&number("AD", 1, 4), 4711, DOCK).await;
    house.taken(&number("AD", 2, 4), "BOLT-M8", 4701, DOCK).await;
    let content = order(1, &[DOCK]);
    house.counting(&content).await;
    // A sweep sees eight of ten; one more is found behind a beam, with the scanner. The ninth is seen by both.
    let first = house.people.sign_in("ma.second", Some("dock-1")).await;
    house.sweep(1..9, 1).await;
    house.scan(&bolt(8));
    house.scan(&bolt(9));
    until("nine are found", || async {
        let sheet = first.get(&path(&content, "/count")).await;
        (sheet["bins"][0]["found"] == 9).then_some(())
    })
    .await;
    let before = house.sheets().len();
    let shown = house.shown(&first, &content).await;
    house.scan(DOCK);
    let sheet = house.sheet(before + 1).await;
    assert_eq!((&sheet["done"], &sheet["by"]), (&json!(true), &json!(["ma.second"])));
    assert_eq!(sheet["book"][0]["quantity"], 10);
    assert_eq!(house.document(&content).await["state"], "recounting");
    let shown = shown + &house.shown(&first, &content).await;
    assert!(
        !shown.contains("book") && !shown.contains(":10") && !shown.contains("\"10\""),
        "{shown}"
    );
    // He does not count it again.
    house.scan(&bolt(10));
    let denied = until("it is denied", || async {
        let journal = house.gateway.journal();
        journal.of_kind("denied").last().filter(|body| !body["pass"].is_null()).cloned()
    })
    .await;
    assert!(denied["reason"].as_str().unwrap().contains("counted wh1/dock before"), "{denied}");
    until("red", || async { house.gateway.is_red().then_some(()) }).await;
    let typed = first.post(&path(&content, "/count"), &json!({"bin": DOCK})).await;
    assert_eq!(typed.body["code"], "recount-same-person", "{}", typed.body);
    assert!(!typed.body.to_string().contains("10"), "{}", typed.body);
    // Nothing else moves at the dock.
    let clerk = house.sign_in("li.wei").await;
    let away = json!({
        "document": {"kind": "adjustment-request", "number": number("AD", 3, 4)}, "version": 1,
        "note": "one is broken", "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 1,
            "from": DOCK, "to": "@loss/broken"}],
    });
    let written = house.write(&clerk, &away).await;
    let body = json!({"digest": written["digest"]});
    let frozen = clerk.post(&path(&away, "/submit"), &body).await;
    assert_eq!(frozen.body["code"], "bin-frozen", "{}", frozen.body);
    assert!(frozen.body.to_string().contains(&number("CO", 1, 4)), "{}", frozen.body);
    // Somebody else comes to the same, and says so at a page.
    let second = house.second_counter().await;
    house.sweep(1..9, before + 2).await;
    house.scan(&bolt(9));
    until("he found nine too", || async {
        let sheet = second.get(&path(&content, "/count")).await;
        (sheet["bins"][0]["found"] == 9).then_some(())
    })
    .await;
    second.post_ok(&path(&content, "/count"), &json!({"bin": DOCK})).await;
    assert_eq!(house.document(&content).await["state"], "deciding");
    assert_eq!(house.stock("BOLT-M8", DOCK).await, 10);
    // The box loses power between the count and the decision.
    house.gateway.kill();
    house.gateway.run().await;
    let view = house.document(&content).await;
    assert_eq!(view["state"], "deciding");
    let line = &view["content"]["lines"][0];
    assert_eq!(
        (&line["quantity"], &line["from"], &line["amount"]),
        (&json!(1), &json!(DOCK), &json!("2"))
    );
    assert_eq!(line["custom"], json!({"book": "10", "counted": "9"}));
    let on = view["digest"].as_str().unwrap().to_owned();
    // A bin may be counted again: who signs nothing is not told what was found before.
    let clerk = house.sign_in("li.wei").await;
    let seen = clerk.get(&path(&content, "")).await;
    assert_eq!((&seen["content"]["version"], &seen["state"]), (&json!(1), &json!("deciding")));
    let diff = clerk.ask(Method::GET, &path(&content, "/diff?to=2"), None).await;
    assert_eq!(diff.status, 404, "{}", diff.body);
    let listed = clerk.get("/api/v1/documents?kind=count-order").await;
    let told = format!("{seen}{}{listed}", diff.body);
    assert!(!told.contains(&on) && !told.contains("counted\""), "{told}");
    let frozen = clerk.post(&path(&away, "/submit"), &body).await;
    assert_eq!(frozen.body["code"], "bin-frozen", "{}", frozen.body);
    let own = house.decide(&clerk, &content, &on, "approve").await;
    assert!(!own.is_success(), "who ordered it signs nothing: {}", own.body);
    let lead = house.sign_in("wang.lead").await;
    let inbox = lead.get("/api/v1/inbox").await;
    assert!(inbox.to_string().contains(&number("CO", 1, 4)), "{inbox}");
    let seen = lead.get(&path(&content, "")).await;
    assert_eq!(seen["content"]["version"], 2, "he signs it: {seen}");
    let yes = house.decide(&lead, &content, &on, "approve").await;
    assert!(yes.is_success(), "{}", yes.body);
    assert_eq!(house.stock("BOLT-M8", DOCK).await, 9);
    let over = house.document(&content).await;
    assert_eq!((&over["state"], &over["content"]), (&json!("closed"), &view["content"]));
    assert_eq!(over["approval"]["signed"][0]["by"], "wang.lead", "{over}");
    let movement = house.people.movement(&number("CO", 1, 4)).await.unwrap();
    assert_eq!(movement["kind"], "count");
    let journal = house.gateway.journal();
    let moved = journal.of_kind("moved").last().unwrap()["movement"].clone();
    let voucher = json!([{"account": "1403", "amount": "-2"}, {"account": "1901", "amount": "2"}]);
    assert_eq!(moved["voucher"], voucher, "{moved}");
    // What was refused goes now.
    house.submit_written(&clerk, &away, &written).await;
    let trace = house.trace(&number("CO", 1, 4));
    for told in ["ma.second", "kim.counter", "wang.lead", "counted whole", "signed at"] {
        assert!(trace.contains(told), "{told} is not in {trace}");
    }
    house.verify();
}

impl House {
    async fn submit_written(&self, who: &Caller, content: &Value, written: &Value) {
        let body = json!({"digest": written["digest"]});
        let answer = who.post(&path(content, "/submit"), &body).await;
        assert!(answer.is_success(), "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_that_is_rejected_posts_nothing_and_the_bins_are_free() {
    let house = House::open().await;
    house.worth(&number("AD", 1, 4), 5, DOCK).await;
    house.worth(&number("AD", 2, 4), 3, RACK).await;
    let content = order(1, &[DOCK, RACK]);
    house.counting(&content).await;
    let _first = house.people.sign_in("ma.second", Some("dock-1")).await;
    // The label of a bin says which one is counted; one of the dock's bolts lies in the rack.
    house.scan(DOCK);
    house.sheet(1).await;
    house.sweep(1..5, 2).await;
    house.scan(DOCK);
    house.sheet(3).await;
    house.scan(RACK);
    house.sheet(4).await;
    house.sweep(11..15, 5).await;
    house.scan(RACK);
    house.sheet(6).await;
    assert_eq!(house.document(&content).await["state"], "recounting");
    let second = house.second_counter().await;
    for bin in [DOCK, RACK] {
        let found = json!({"bin": bin, "seen": [{"item": "BOLT-M8", "quantity": 4}]});
        second.post_ok(&path(&content, "/count"), &found).await;
    }
    let view = house.document(&content).await;
    assert_eq!(view["state"], "deciding");
    let lines = view["content"]["lines"].as_array().unwrap();
    let told: Vec<_> = lines.iter().map(|line| (&line["from"], &line["quantity"])).collect();
    assert_eq!(told, [(&json!("@loss/count"), &json!(1)), (&json!(DOCK), &json!(1))]);
    assert_eq!(lines[1]["custom"], json!({"book": "5", "counted": "4", "typed": "true"}));
    let on = view["digest"].as_str().unwrap();
    let lead = house.sign_in("wang.lead").await;
    let no = house.decide(&lead, &content, on, "reject").await;
    assert!(no.is_success(), "{}", no.body);
    // The bins may be counted anew: nobody is told what was found, by whatever door.
    let clerk = house.sign_in("li.wei").await;
    for who in [&clerk, &lead, &house.local] {
        let seen = who.get(&path(&content, "")).await;
        assert_eq!((&seen["state"], &seen["content"]["version"]), (&json!("rejected"), &json!(1)));
        let diff = who.ask(Method::GET, &path(&content, "/diff?to=2"), None).await;
        assert_eq!(diff.status, 404, "{}", diff.body);
        let told = format!("{seen}{}", who.get("/api/v1/documents?kind=count-order").await);
        assert!(!told.contains(on) && !told.contains("counted\""), "{told}");
    }
    assert_eq!(house.stock("BOLT-M8", DOCK).await, 5);
    assert_eq!(house.stock("BOLT-M8", RACK).await, 3);
    house.taken(&number("AD", 3, 4), "BOLT-M8", 1, DOCK).await;
    assert_eq!(house.stock("BOLT-M8", DOCK).await, 4);
    house.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_is_cancelled_tells_what_it_told_before() {
    let house = House::open().await;
    house.worth(&number("AD", 1, 4), 5, DOCK).await;
    let content = order(1, &[DOCK]);
    house.counting(&content).await;
    let found = json!({"bin": DOCK, "seen": [{"item": "BOLT-M8", "quantity": 4}]});
    let first = house.people.sign_in("ma.second", Some("dock-1")).await;
    first.post_ok(&path(&content, "/count"), &found).await;
    first.delete("/session").await;
    let second = house.second_counter().await;
    second.post_ok(&path(&content, "/count"), &found).await;
    assert_eq!(house.document(&content).await["state"], "deciding");
    let lead = house.sign_in("wang.lead").await;
    let again = json!({"step": "recount-again", "reason": "look behind the beam"});
    lead.post_ok(&path(&content, "/step"), &again).await;
    let open = house.document(&content).await;
    assert_eq!(open["state"], "recounting");
    let clerk = house.sign_in("li.wei").await;
    let cancel = json!({"step": "cancel", "reason": "no time"});
    clerk.post_ok(&path(&content, "/step"), &cancel).await;
    // Nobody is told what the counts before found: the bins may be counted anew.
    let over = house.document(&content).await;
    assert_eq!((&over["state"], &over["content"]), (&json!("cancelled"), &open["content"]));
    assert_eq!((&over["digest"], &over["quantities"]), (&open["digest"], &open["quantities"]));
    assert!(!over.to_string().contains("counted"), "{over}");
    let diff = clerk.ask(Method::GET, &path(&content, "/diff?to=2"), None).await;
    assert_eq!(diff.status, 404, "{}", diff.body);
    house.verify();
}
