//! A real Tryton 8.2 takes what the adapter brings, once.
//!
//! Runs where `GATEWARDEN_TRYTON` names a virtual environment with trytond, trytond-stock,
//! trytond-purchase and proteus (8.2 each); else it says so and passes. `tests/peers/tryton_server.py`
//! makes the database and looks at it from outside. Between adapter and server stands a proxy that
//! swallows replies after Tryton has committed.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::IntoResponse,
};
use common::{clock, receipt, transfer};
use gatewarden_adapters::{Adapter, Delivery, Outcome, TimeOuts, tryton};
use gatewarden_model::{DocumentKind, MovementKind};
use serde_json::{Value, json};

/// The server and the eye on it.
struct Peer {
    child: Child,
    ask: Option<ChildStdin>,
    answer: BufReader<ChildStdout>,
    hello: Value,
}

impl Peer {
    fn start(venv: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/tryton_server.py");
        let mut child = Command::new(PathBuf::from(venv).join("bin/python"))
            .args([script, env!("CARGO_TARGET_TMPDIR")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let ask = child.stdin.take();
        let answer = BufReader::new(child.stdout.take().unwrap());
        let mut peer = Self { child, ask, answer, hello: Value::Null };
        peer.hello = peer.line();
        peer
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.answer.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the peer's log above says what went wrong")
    }

    fn ask(&mut self, question: Value) -> Value {
        writeln!(self.ask.as_ref().unwrap(), "{question}").unwrap();
        self.line()
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.ask(json!({"ask": "call", "method": method, "params": params}))["result"].take()
    }

    fn stock(&mut self, product: &str, location: &str) -> i64 {
        let question = json!({"ask": "stock", "product": product, "location": location});
        self.ask(question)["quantity"].as_i64().unwrap()
    }

    fn shipments(&mut self, model: &str, delivery: &Delivery) -> Vec<Value> {
        let reference = delivery.movement.id.to_string();
        let answer = self.ask(json!({"ask": "shipments", "model": model, "reference": reference}));
        answer["shipments"].as_array().unwrap().clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The script ends its server and itself when its standard input ends.
        drop(self.ask.take());
        let _ = self.child.wait();
    }
}

/// What the proxy does to the next call of a method.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Forwards it and never answers.
    Swallow(&'static str),
    /// Answers 503 without forwarding it.
    Refuse(&'static str),
    /// Answers 401 without forwarding it.
    Expire(&'static str),
}

#[derive(Clone)]
struct Proxy {
    upstream: String,
    client: reqwest::Client,
    fault: Arc<Mutex<Option<Fault>>>,
}

impl Proxy {
    async fn start(upstream: &str) -> (String, Arc<Mutex<Option<Fault>>>) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let fault = Arc::new(Mutex::new(None));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let proxy = Self { upstream: upstream.to_owned(), client, fault: fault.clone() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(forward).with_state(proxy);
        tokio::spawn(async move { axum::serve(listener, app).await });
        (url, fault)
    }

    fn take_fault(&self, body: &[u8]) -> Option<Fault> {
        let call: Value = serde_json::from_slice(body).unwrap_or_default();
        let method = call["method"].as_str().unwrap_or_default();
        let mut fault = self.fault.lock().unwrap();
        match *fault {
            Some(Fault::Swallow(name) | Fault::Refuse(name) | Fault::Expire(name))
                if method.ends_with(name) =>
            {
                fault.take()
            }
            _ => None,
        }
    }
}

async fn forward(
    State(proxy): State<Proxy>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let fault = proxy.take_fault(&body);
    match fault {
        Some(Fault::Refuse(_)) => return (StatusCode::SERVICE_UNAVAILABLE, Bytes::new()),
        Some(Fault::Expire(_)) => return (StatusCode::UNAUTHORIZED, Bytes::new()),
        _ => {}
    }
    let mut request = proxy.client.post(format!("{}{uri}", proxy.upstream)).body(body);
    for name in ["authorization", "content-type"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let response = request.send().await.unwrap();
    let status = response.status();
    let body = response.bytes().await.unwrap();
    if fault.is_some() {
        std::future::pending::<()>().await;
    }
    (status, body)
}

fn settings(peer: &Peer, url: &str) -> tryton::Settings {
    let text = |name: &str| peer.hello[name].as_str().unwrap().to_owned();
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    };
    tryton::Settings {
        url: url.to_owned(),
        database: text("database"),
        user: text("user"),
        password: text("password").into(),
        company: Some("Dunder Mifflin".into()),
        warehouse: "Warehouse".into(),
        locations: map(&[("wh1/store", "STO"), ("wh1/cage", "Cage 7")]),
        items: map(&[("bolt", "BOLT-M8")]),
        suppliers: map(&[("ACME", "ACME Fasteners")]),
        time_outs: TimeOuts { connect_ms: 1_000, total_ms: 8_000 },
    }
}

fn delivered(outcome: Outcome) -> String {
    match outcome {
        Outcome::Delivered { remote_id } => remote_id,
        other => panic!("not delivered: {other:?}"),
    }
}

fn rejected(outcome: Outcome) -> String {
    match outcome {
        Outcome::Rejected { reason } => reason,
        other => panic!("not rejected: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_tryton_has_every_movement_once() {
    let Ok(venv) = std::env::var("GATEWARDEN_TRYTON") else {
        println!("skipped: GATEWARDEN_TRYTON names no virtual environment with trytond 8.2");
        return;
    };
    let mut peer = Peer::start(&venv);
    let (url, fault) = Proxy::start(peer.hello["url"].as_str().unwrap()).await;
    let adapter = tryton::adapter(settings(&peer, &url), clock()).unwrap();
    receives_a_purchase_in_two_parts(&mut peer, &*adapter).await;
    posts_once_though_replies_are_lost(&mut peer, &*adapter, &fault).await;
    goes_on_after_a_lost_session(&mut peer, &*adapter, &fault).await;
    settles_on_one_of_two_shipments(&mut peer, &*adapter, &fault).await;
    tells_when_somebody_changed_the_shipment(&mut peer, &*adapter, &fault).await;
    transfers_what_is_there(&mut peer, &*adapter).await;
    rejects_what_can_never_be(&mut peer, &*adapter).await;
    waits_for_a_server_that_can_be_set_right(&peer, &url).await;
}

async fn receives_a_purchase_in_two_parts(peer: &mut Peer, adapter: &dyn Adapter) {
    let first = receipt(1, "4500001", &[("bolt", 15), ("NUT-M8", 10), ("bolt", 5)]);
    assert_eq!(adapter.look_up(&first).await, Ok(None));
    let number = delivered(adapter.deliver(&first).await);
    assert_eq!((peer.stock("BOLT-M8", "STO"), peer.stock("NUT-M8", "STO")), (20, 10));
    let done = json!({"number": number, "state": "done"});
    assert_eq!(peer.shipments("stock.shipment.in", &first), std::slice::from_ref(&done));

    assert_eq!(delivered(adapter.deliver(&first).await), number);
    assert_eq!(adapter.look_up(&first).await, Ok(Some(number)));
    assert_eq!(peer.stock("BOLT-M8", "STO"), 20);
    assert_eq!(peer.shipments("stock.shipment.in", &first), [done]);

    let order = json!({"ask": "purchase", "number": "4500001"});
    assert_eq!(peer.ask(order.clone())["received"], 30);
    delivered(adapter.deliver(&receipt(2, "4500001", &[("bolt", 4)])).await);
    assert_eq!(peer.ask(order), json!({"shipment_state": "received", "received": 34}));
    assert_eq!(peer.stock("BOLT-M8", "STO"), 24);
}

async fn posts_once_though_replies_are_lost(
    peer: &mut Peer,
    adapter: &dyn Adapter,
    fault: &Mutex<Option<Fault>>,
) {
    let faults = [
        Fault::Swallow("in.create"),
        Fault::Swallow("in.receive"),
        Fault::Swallow("in.do"),
        Fault::Refuse("in.receive"),
        Fault::Refuse("in.do"),
    ];
    for (id, trouble) in (10..).zip(faults) {
        let before = peer.stock("BOLT-M8", "STO");
        let delivery = receipt(id, "no such order", &[("bolt", 7)]);
        *fault.lock().unwrap() = Some(trouble);
        let outcome = adapter.deliver(&delivery).await;
        assert!(
            matches!(outcome, Outcome::Retry { uncertain: true, .. }),
            "{trouble:?} {outcome:?}"
        );
        assert_eq!(*fault.lock().unwrap(), None, "{trouble:?} came to pass");
        let number = adapter.look_up(&delivery).await.unwrap().expect("it is there");
        assert_eq!(delivered(adapter.deliver(&delivery).await), number);
        assert_eq!(peer.stock("BOLT-M8", "STO"), before + 7, "{trouble:?}");
        assert_eq!(peer.shipments("stock.shipment.in", &delivery).len(), 1, "{trouble:?}");
    }
}

async fn goes_on_after_a_lost_session(
    peer: &mut Peer,
    adapter: &dyn Adapter,
    fault: &Mutex<Option<Fault>>,
) {
    for (id, method) in [(20, "in.search_read"), (21, "in.create"), (22, "in.do")] {
        let delivery = receipt(id, "none", &[("NUT-M8", 1)]);
        *fault.lock().unwrap() = Some(Fault::Expire(method));
        delivered(adapter.deliver(&delivery).await);
        assert_eq!(*fault.lock().unwrap(), None, "{method} came to pass");
        assert_eq!(peer.shipments("stock.shipment.in", &delivery).len(), 1, "{method}");
    }
    assert_eq!(peer.stock("NUT-M8", "STO"), 13);
}

/// Leaves a draft of a receipt behind, and gives its id.
async fn draft(
    peer: &mut Peer,
    adapter: &dyn Adapter,
    fault: &Mutex<Option<Fault>>,
    delivery: &Delivery,
) -> Value {
    *fault.lock().unwrap() = Some(Fault::Refuse("in.receive"));
    let outcome = adapter.deliver(delivery).await;
    assert!(matches!(outcome, Outcome::Retry { uncertain: true, .. }), "{outcome:?}");
    let domain = json!([["reference", "=", delivery.movement.id.to_string()]]);
    peer.call("model.stock.shipment.in.search", json!([domain]))[0].take()
}

async fn settles_on_one_of_two_shipments(
    peer: &mut Peer,
    adapter: &dyn Adapter,
    fault: &Mutex<Option<Fault>>,
) {
    let delivery = receipt(25, "none", &[("NUT-M8", 1)]);
    let id = draft(peer, adapter, fault, &delivery).await;
    let before = peer.stock("NUT-M8", "STO");
    let twin = json!({"reference": delivery.movement.id.to_string()});
    peer.call("model.stock.shipment.in.copy", json!([[id], twin]));
    let number = delivered(adapter.deliver(&delivery).await);
    assert_eq!(adapter.look_up(&delivery).await, Ok(Some(number.clone())));
    let shipments = peer.shipments("stock.shipment.in", &delivery);
    let mut states: Vec<_> = shipments.iter().map(|s| s["state"].as_str().unwrap()).collect();
    states.sort_unstable();
    assert_eq!(states, ["cancelled", "done"]);
    assert!(shipments.contains(&json!({"number": number, "state": "done"})));
    assert_eq!(peer.stock("NUT-M8", "STO"), before + 1);
}

async fn tells_when_somebody_changed_the_shipment(
    peer: &mut Peer,
    adapter: &dyn Adapter,
    fault: &Mutex<Option<Fault>>,
) {
    let delivery = receipt(26, "none", &[("NUT-M8", 3)]);
    let id = draft(peer, adapter, fault, &delivery).await;
    let domain = json!([["shipment", "=", format!("stock.shipment.in,{id}")]]);
    let moves = peer.call("model.stock.move.search", json!([domain]));
    peer.call("model.stock.move.write", json!([moves, {"quantity": 2.0}]));
    let reason = rejected(adapter.deliver(&delivery).await);
    assert!(reason.contains("tryton moved 2 of") && reason.contains("the ledger 3"), "{reason}");

    let delivery = receipt(27, "none", &[("NUT-M8", 3)]);
    let id = draft(peer, adapter, fault, &delivery).await;
    peer.call("model.stock.shipment.in.cancel", json!([[id]]));
    let reason = rejected(adapter.deliver(&delivery).await);
    assert!(reason.contains("stays in state cancelled"), "{reason}");
}

async fn transfers_what_is_there(peer: &mut Peer, adapter: &dyn Adapter) {
    let before = peer.stock("BOLT-M8", "STO");
    let delivery = transfer(30, "bolt", 10, "wh1/store", "wh1/cage");
    let number = delivered(adapter.deliver(&delivery).await);
    assert_eq!(delivered(adapter.deliver(&delivery).await), number);
    let there = (peer.stock("BOLT-M8", "STO"), peer.stock("BOLT-M8", "CAGE-7"));
    assert_eq!(there, (before - 10, 10));
    let done = json!({"number": number, "state": "done"});
    assert_eq!(peer.shipments("stock.shipment.internal", &delivery), [done]);

    let too_many = transfer(31, "NUT-M8", 1_000, "wh1/store", "wh1/cage");
    let reason = rejected(adapter.deliver(&too_many).await);
    assert!(reason.contains("not enough stock"), "{reason}");
    assert_eq!(adapter.look_up(&too_many).await, Ok(None));
    assert_eq!(rejected(adapter.deliver(&too_many).await), reason);
    assert_eq!(peer.stock("NUT-M8", "STO"), 16);
    assert_eq!(peer.shipments("stock.shipment.internal", &too_many)[0]["state"], "waiting");
}

async fn rejects_what_can_never_be(peer: &mut Peer, adapter: &dyn Adapter) {
    let lines = [("bolt", 1, "wh1/store", "@production/line")];
    let issue = (DocumentKind::Requisition, "R-1");
    for (delivery, expect) in [
        (receipt(40, "4500001", &[("bolt", 1), ("SCREW", 1)]), "no product \"SCREW\""),
        (receipt(41, "4500002", &[("bolt", 1)]), "purchase 4500002 is in state draft"),
        (transfer(42, "bolt", 1, "wh1/store", "wh1/moon"), "no location \"wh1/moon\""),
        (
            common::delivery(43, MovementKind::Issue, issue, &lines),
            "tryton adapter does not map issue: leave it out",
        ),
    ] {
        let reason = rejected(adapter.deliver(&delivery).await);
        assert!(reason.contains(expect), "{reason}");
        for model in ["stock.shipment.in", "stock.shipment.internal"] {
            assert!(peer.shipments(model, &delivery).is_empty(), "{expect}");
        }
    }
}

async fn waits_for_a_server_that_can_be_set_right(peer: &Peer, url: &str) {
    let right = settings(peer, url);
    for company in [None, Some("1".to_owned())] {
        let adapter =
            tryton::adapter(tryton::Settings { company, ..right.clone() }, clock()).unwrap();
        assert_eq!(adapter.look_up(&receipt(50, "4500001", &[("bolt", 1)])).await, Ok(None));
    }
    let elsewhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", elsewhere.local_addr().unwrap());
    drop(elsewhere);
    for (wrong, expect) in [
        (tryton::Settings { password: "wrong".into(), ..right.clone() }, "check user and password"),
        (tryton::Settings { database: "nodb".into(), ..right.clone() }, "no database \"nodb\""),
        (tryton::Settings { company: Some("X".into()), ..right.clone() }, "no one company \"X\""),
        (tryton::Settings { company: Some("99".into()), ..right.clone() }, "no one company \"99\""),
        (tryton::Settings { url: nobody, ..right.clone() }, "no connection"),
    ] {
        let adapter = tryton::adapter(wrong, clock()).unwrap();
        match adapter.deliver(&receipt(50, "4500001", &[("bolt", 1)])).await {
            Outcome::Retry { reason, uncertain: false, .. } => {
                assert!(reason.contains(expect), "{reason}");
            }
            other => panic!("{expect}: {other:?}"),
        }
    }
}
