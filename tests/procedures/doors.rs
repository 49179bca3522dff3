//! Every door that could move what a procedure governs without its document's signatures: each is refused,
//! the refusal is an entry, and nothing moved. A new operation of the API must be listed here.

mod list;

use std::collections::BTreeSet;

use gatewarden_tests::{Answer, BOLT, Caller, Journal, epc, until};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use self::list::{DOCUMENTS, DOORS, HARMLESS, MOVEMENTS};
use crate::house::{House, number};
use crate::receipt::order;

/// Two who may do everything to stock, but for each other's part.
const ROLES: &str = r#"
[roles.hand]
title = "Asks for everything."
grants.inbound = ["view", "create", "modify", "delete"]
grants.outbound = ["view", "create", "modify", "delete"]
grants.transfer = ["view", "create", "modify", "delete"]
grants.count = ["view", "create", "modify", "delete"]

[roles.head]
title = "Approves everything."
grants.inbound = ["view", "approve"]
grants.outbound = ["view", "approve"]
grants.transfer = ["view", "approve"]
grants.count = ["view", "approve"]
"#;

/// A house with stock, and whoever tries its doors.
struct Doors {
    house: House,
    hand: Caller,
    head: Caller,
    machine: Caller,
    /// Sees the tasks of every module.
    watcher: Caller,
    tried: std::cell::RefCell<BTreeSet<String>>,
}

impl Doors {
    async fn open() -> Self {
        let house = House::with(ROLES).await;
        for (operator, role, badge, pin) in
            [("hal.hand", "hand", "OP-7001", "6183"), ("hea.head", "head", "OP-7002", "9274")]
        {
            let who =
                json!({"operator": operator, "name": operator, "roles": [role], "badges": [badge]});
            house.people.enrol_one(&who, pin).await;
        }
        let scopes = ["inbound", "outbound", "transfer", "count", "purchase"]
            .map(|module| [format!("{module}:create"), format!("{module}:modify")])
            .concat();
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let machine = house.people.machine("mes", &scopes).await;
        let views = ["inbound:view", "outbound:view", "transfer:view", "count:view"];
        let watcher = house.people.machine("watcher", &views).await;
        let sign_in = |badge, pin| json!({"badge": badge, "pin": pin});
        let hand = house.people.sign_in_with(&sign_in("OP-7001", "6183")).await;
        let head = house.people.sign_in_with(&sign_in("OP-7002", "9274")).await;
        Self { house, hand, head, machine, watcher, tried: Default::default() }
    }

    /// Tries an operation that must be refused without anything moved or opened; gives the answer.
    async fn closed(
        &self,
        caller: &Caller,
        door: &str,
        keys: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        assert!(DOORS.contains(&door), "{door} is not listed");
        self.tried.borrow_mut().insert(door.to_owned());
        let (method, path) = door.split_once(' ').unwrap();
        let path = keys
            .iter()
            .fold(path.to_owned(), |path, (key, value)| path.replace(&format!("{{{key}}}"), value));
        let before = self.standing().await;
        let method: Method = method.to_uppercase().parse().unwrap();
        let answer = caller.ask(method, &path, Some(body)).await;
        assert!((400..500).contains(&answer.status), "{door}: {} {}", answer.status, answer.body);
        assert_eq!(self.standing().await, before, "{door} {body}");
        answer
    }

    /// As `closed`, and the refusal is an entry.
    async fn denied(
        &self,
        caller: &Caller,
        door: &str,
        keys: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let before = self.denials();
        let answer = self.closed(caller, door, keys, body).await;
        assert_eq!(self.denials(), before + 1, "{door} {body}: {}", answer.body);
        answer
    }

    /// As `denied`, because a document is needed.
    async fn needs_document(
        &self,
        caller: &Caller,
        door: &str,
        keys: &[(&str, &str)],
        body: &Value,
    ) {
        let answer = self.denied(caller, door, keys, body).await;
        assert_eq!(answer.body["code"], "document-needed", "{door} {body}: {}", answer.body);
    }

    /// Where stock stands, and what may be done at stations.
    async fn standing(&self) -> (Vec<Value>, Vec<Value>) {
        let stock = self.house.local.list("/api/v1/stock").await;
        (stock, self.watcher.list("/tasks").await)
    }

    fn denials(&self) -> usize {
        Journal::read(&self.house.gateway.ledger()).of_kind("denied").count()
    }
}

fn task(movement: &str, document: &str) -> Value {
    json!({"id": Uuid::new_v4(), "station": "dock-1", "kind": movement,
        "document": {"kind": document, "number": number("PO", 1, 4)},
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 5, "from": "wh1/a-01",
            "to": "wh1/dock"}]})
}

fn posting(movement: &str, document: &str) -> Value {
    json!({"id": Uuid::new_v4(), "kind": movement, "reason": "so it is",
        "document": {"kind": document, "number": number("PO", 1, 4)},
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": "5", "from": "wh1/a-01",
            "to": "wh1/dock"}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn no_door_leads_past_the_signatures() {
    let doors = Doors::open().await;
    every_operation_is_listed(&doors).await;
    let first = number("AD", 1, 4);
    doors.house.found(&first, "BOLT-M8", 40, "wh1/a-01").await;
    by_hand(&doors).await;
    taken_back(&doors, &first).await;
    before_the_signature(&doors).await;
    what_waits_for_its_last_signature(&doors).await;
    over_the_command_line(&doors).await;
    at_the_dock(&doors).await;
    let tried = doors.tried.borrow().clone();
    let all: BTreeSet<String> = DOORS.iter().map(|door| (*door).to_owned()).collect();
    assert_eq!(tried, all, "every door is tried");
    doors.house.verify();
}

async fn every_operation_is_listed(doors: &Doors) {
    let api = doors.house.local.get("/openapi.json").await;
    let mut operations = BTreeSet::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|method| *method != "get") {
            operations.insert(format!("{method} {path}"));
        }
    }
    let listed: BTreeSet<String> =
        HARMLESS.iter().chain(&DOORS).map(|one| (*one).to_owned()).collect();
    assert_eq!(operations, listed, "say of each operation whether it could move something");
}

/// Tasks and postings of every kind, by a person and by a machine.
async fn by_hand(doors: &Doors) {
    let pairs = || {
        let by_movement = MOVEMENTS.iter().map(|movement| (*movement, "purchase-order"));
        by_movement.chain(DOCUMENTS.iter().map(|document| ("receipt", *document)))
    };
    for (movement, document) in pairs() {
        for caller in [&doors.hand, &doors.machine] {
            doors.needs_document(caller, "post /tasks", &[], &task(movement, document)).await;
            let by_hand = posting(movement, document);
            doors.needs_document(caller, "post /api/v1/postings", &[], &by_hand).await;
        }
    }
}

/// What a document's signatures moved is not taken back without any.
async fn taken_back(doors: &Doors, document: &str) {
    let moved = doors.house.people.moved(document).await["id"].clone();
    let back = json!({"id": Uuid::new_v4(), "kind": "adjustment", "reason": "it was never here",
        "document": {"kind": "adjustment-request", "number": document}, "reverses": moved});
    doors.needs_document(&doors.head, "post /api/v1/postings", &[], &back).await;
    doors.needs_document(&doors.machine, "post /api/v1/postings", &[], &back).await;
}

/// An order that nobody signed yet opens nothing, whoever says that it is signed.
async fn before_the_signature(doors: &Doors) {
    let house = &doors.house;
    let content = order(1, 6);
    let buyer = house.sign_in("bob.buyer").await;
    // A draft of somebody else is not his to hand in, and a machine signs nothing.
    let name = content["document"]["number"].as_str().unwrap();
    let keys = [("kind", "purchase-order"), ("number", name)];
    let digest = house.write(&buyer, &content).await["digest"].clone();
    let body = json!({"digest": digest});
    let submit = "post /api/v1/documents/{kind}/{number}/submit";
    doors.denied(&doors.head, submit, &keys, &body).await;
    doors.closed(&doors.house.gateway.anybody(), submit, &keys, &body).await;
    buyer.post_ok(&crate::house::path(&content, "/submit"), &body).await;
    let act = "post /api/v1/documents/{kind}/{number}/act";
    let yes = |on: &Value| json!({"act": "decide", "on": on, "verdict": "approve", "comment": ""});
    for caller in [&buyer, &doors.hand, &doors.head, &doors.machine] {
        doors.denied(caller, act, &keys, &yes(&digest)).await;
    }
    let manager = house.sign_in("mia.manager").await;
    let other = json!("0".repeat(64));
    doors.denied(&manager, act, &keys, &yes(&other)).await;
    // Another version by somebody who may not write it, and the same number again with other words.
    let mut more = content.clone();
    more["lines"][0]["quantity"] = json!(600);
    doors.denied(&doors.hand, "post /api/v1/documents", &[], &more).await;
    by_import(doors, &more).await;
    let step = "post /api/v1/documents/{kind}/{number}/step";
    doors.denied(&doors.hand, step, &keys, &json!({"step": "arriving", "reason": "here"})).await;
    let mut made_up = task("receipt", "purchase-order");
    made_up["document_digest"] = digest;
    doors.denied(&doors.machine, "post /tasks", &[], &made_up).await;
    made_up["approved_by"] = json!("mia.manager");
    doors.denied(&doors.machine, "post /tasks", &[], &made_up).await;
    let signed = json!({"badge": "OP-6001", "pin": "5208", "verdict": "approve"});
    let link = [("token", "gwl_AAAA")];
    doors.closed(&house.gateway.anybody(), "post /api/v1/links/{token}", &link, &signed).await;
}

/// What comes by an import is asked for like what comes by itself.
async fn by_import(doors: &Doors, content: &Value) {
    let sales = doors.house.sign_in("sia.sales").await;
    for mode in ["whole", "each"] {
        let begun = sales.post_ok("/api/v1/imports", &json!({"mode": mode})).await.body;
        let import = begun["import"].as_str().unwrap().to_owned();
        let put = "post /api/v1/imports/{import}/documents";
        doors.tried.borrow_mut().insert(put.to_owned());
        let (standing, denials) = (doors.standing().await, doors.denials());
        let path = format!("/api/v1/imports/{import}/documents");
        let told = sales.post_ok(&path, &json!({"documents": [content]})).await.body;
        assert_eq!(told["results"][0]["mistakes"][0]["code"], "denied", "{told}");
        assert_eq!(doors.denials(), denials + 1, "{told}");
        // Somebody else's import is nobody's to end.
        let end = format!("/api/v1/imports/{import}/end");
        assert_eq!(doors.head.post(&end, &json!({"commit": true})).await.status, 404);
        let ended = sales.post(&end, &json!({"commit": true})).await;
        assert_eq!(ended.status, if mode == "whole" { 422 } else { 200 }, "{}", ended.body);
        assert_eq!(doors.standing().await, standing);
        assert_eq!(doors.house.document(content).await["content"]["version"], 1);
    }
}

/// An adjustment that one of two signed is posted, voided or confirmed by nobody.
async fn what_waits_for_its_last_signature(doors: &Doors) {
    let house = &doors.house;
    let content = json!({
        "document": {"kind": "adjustment-request", "number": number("AD", 2, 4)}, "version": 1,
        "note": "two are broken", "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 2,
            "from": "wh1/a-01", "to": "@loss/broken"}],
    });
    let clerk = house.sign_in("li.wei").await;
    let on = house.submit(&clerk, &content).await;
    let lead = house.sign_in("wang.lead").await;
    assert!(house.decide(&lead, &content, &on, "approve").await.is_success());
    let open = house.local.list("/api/v1/postings").await;
    let id = open[0]["id"].as_str().unwrap().to_owned();
    let keys = [("id", id.as_str())];
    for caller in [&doors.head, &lead] {
        doors.needs_document(caller, "post /api/v1/postings/{id}/post", &keys, &json!({})).await;
    }
    let void = "post /api/v1/postings/{id}/void";
    doors.denied(&doors.head, void, &keys, &json!({"reason": "no"})).await;
    doors.closed(&doors.hand, "post /api/v1/postings/{id}/confirmation", &keys, &json!({})).await;
    assert_eq!(house.local.list("/api/v1/postings").await.len(), 1, "it still waits");
}

/// The command line goes through the same doors, and what it brings in is a draft.
async fn over_the_command_line(doors: &Doors) {
    let gateway = &doors.house.gateway;
    let (standing, denials) = (doors.standing().await, doors.denials());
    let file = gateway.file("posting.json", &posting("receipt", "purchase-order").to_string());
    let file = file.to_str().unwrap();
    let output = gateway.cli(&["post", file, "--badge", "OP-7001"], "6183\n");
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("a procedure governs this"), "{told}");
    assert_eq!(doors.denials(), denials + 1);
    let orders = json!([order(2, 6)]).to_string();
    let file = gateway.file("orders.json", &orders);
    let arguments = ["document", "import", file.to_str().unwrap(), "--badge", "OP-6006"];
    gateway.cli_ok(&arguments, "3859\n");
    let imported = doors.house.document(&order(2, 6)).await;
    assert_eq!(imported["state"], "draft", "{imported}");
    assert_eq!(doors.standing().await, standing);
}

/// What is signed is received as it was signed: its task is nobody's to touch, more than it says is held, and
/// whoever accepts that needs signatures that still count.
async fn at_the_dock(doors: &Doors) {
    let house = &doors.house;
    let clerk = house.open_dock().await;
    // What nobody signed for is nobody's.
    house.hardware().show(&[epc(BOLT, 90)]);
    let stray = until("it is quarantined", || async {
        house.people.viewer.list("/quarantine").await.into_iter().next()
    })
    .await;
    house.hardware().reader.clear_field();
    let pass = stray["pass"]["id"].as_str().unwrap();
    let dismiss = "post /quarantine/{pass}/dismiss";
    doors.denied(&clerk, dismiss, &[("pass", pass)], &json!({"reason": "mine"})).await;
    let station = [("station", "dock-1")];
    let close = "post /stations/{station}/close-pass";
    doors.closed(&doors.machine, close, &station, &json!({})).await;

    let content = order(3, 6);
    house.ordered(&content).await;
    let task = doors.watcher.list("/tasks").await;
    let id = task[0]["task"]["id"].as_str().or(task[0]["id"].as_str()).unwrap().to_owned();
    let keys = [("task", id.as_str())];
    doors.needs_document(&doors.hand, "delete /tasks/{task}", &keys, &json!({})).await;
    doors.denied(&doors.head, "post /tasks/{task}/approve", &keys, &json!({})).await;
    let eight: Vec<_> = (1..9).map(|serial| epc(BOLT, serial)).collect();
    house.hardware().show(&eight);
    let hold = house.held().await;
    house.hardware().reader.clear_field();
    let pass = hold["pass"]["id"].as_str().unwrap().to_owned();
    let keys = [("pass", pass.as_str())];
    let accept = json!({"verdict": "accept", "reason": "they are here"});
    let decide = "post /holds/{pass}/decision";
    for caller in [&clerk, &doors.hand, &doors.machine] {
        doors.denied(caller, decide, &keys, &accept).await;
    }
    // While it is held nobody writes another version beside it, or takes it away.
    let buyer = house.sign_in("bob.buyer").await;
    let mut second = content.clone();
    second["version"] = json!(2);
    second["lines"][0]["quantity"] = json!(8);
    doors.denied(&buyer, "post /api/v1/documents", &[], &second).await;
    let name = content["document"]["number"].as_str().unwrap();
    let document = [("kind", "purchase-order"), ("number", name)];
    let step = "post /api/v1/documents/{kind}/{number}/step";
    doors.denied(&buyer, step, &document, &json!({"step": "cancel", "reason": "no"})).await;
    // Whoever may decide takes what was signed, and nothing beside.
    let taken = doors.head.post(&format!("/holds/{pass}/decision"), &accept).await;
    assert!(taken.is_success(), "{}", taken.body);
    assert_eq!(
        house.stock("BOLT-M8", "wh1/dock").await,
        6,
        "eight were there, six were signed for"
    );
    doors.denied(&doors.head, decide, &keys, &accept).await;
}
