//! The webhook against a receiver that answers, hangs, hangs up and goes away.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri},
    response::IntoResponse,
};
use common::{NOW_S, clock, receipt};
use gatewarden_adapters::{
    Adapter, Delivery, Outcome, TimeOuts,
    webhook::{self, Proof, Success},
};
use gatewarden_simulators::{LOOPBACK, erp};
use hmac::{Hmac, KeyInit, Mac};
use tokio::{io::AsyncReadExt, net::TcpListener};

const SECRET: &str = "between us";

/// What the receiver does next; without an order it answers 204.
#[derive(Debug, Clone)]
enum Next {
    Answer(u16, &'static [(&'static str, &'static str)], String),
    Hang,
}

#[derive(Debug, Clone)]
struct Received {
    line: String,
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Clone, Default)]
struct Receiver {
    next: Arc<Mutex<VecDeque<Next>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    async fn start() -> (Self, String) {
        let receiver = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/stock", listener.local_addr().unwrap());
        let app = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (receiver, url)
    }

    fn then(&self, status: u16, headers: &'static [(&'static str, &'static str)], body: &str) {
        self.next.lock().unwrap().push_back(Next::Answer(status, headers, body.to_owned()));
    }

    fn received(&self) -> Vec<Received> {
        std::mem::take(&mut self.received.lock().unwrap())
    }
}

async fn take(
    State(receiver): State<Receiver>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let line = format!("{method} {uri}");
    receiver.received.lock().unwrap().push(Received { line, headers, body });
    let next = receiver.next.lock().unwrap().pop_front();
    match next {
        Some(Next::Answer(status, headers, body)) => {
            let headers: HeaderMap = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            let mut headers: HeaderMap = headers;
            headers.entry("content-type").or_insert("application/json".parse().unwrap());
            (StatusCode::from_u16(status).unwrap(), headers, body)
        }
        Some(Next::Hang) => std::future::pending().await,
        None => (StatusCode::NO_CONTENT, HeaderMap::new(), String::new()),
    }
}

fn adapter(url: &str, look_up: bool) -> Box<dyn Adapter> {
    adapter_by(url, look_up, Proof::default())
}

fn adapter_by(url: &str, look_up: bool, proof: Proof) -> Box<dyn Adapter> {
    let time_outs = TimeOuts { connect_ms: 1_000, total_ms: 400 };
    let (url, secret) = (url.into(), SECRET.into());
    let settings = webhook::Settings { url, secret, look_up, proof, time_outs };
    webhook::adapter(settings, clock()).unwrap()
}

fn one() -> Delivery {
    receipt(1, "4500001", &[("bolt", 24)])
}

fn check_signed(received: &Received) {
    let header = |name: &str| received.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("idempotency-key"), one().movement.id.to_string());
    assert_eq!(header("x-gatewarden-timestamp"), NOW_S.to_string());
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{NOW_S}.").as_bytes());
    mac.update(&received.body);
    let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(header("x-gatewarden-signature"), format!("v1={hex}"));
}

#[tokio::test]
async fn a_delivery_is_signed_and_repeats_are_the_same() {
    let (receiver, url) = Receiver::start().await;
    let adapter = adapter(&url, true);
    receiver.then(201, &[], r#"{"remote_id":"GR-7"}"#);
    let named = Outcome::Delivered { remote_id: "GR-7".into() };
    assert_eq!(adapter.deliver(&one()).await, named);
    let own = Outcome::Delivered { remote_id: one().movement.id.to_string() };
    assert_eq!(adapter.deliver(&one()).await, own);
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    for request in &received {
        assert_eq!(request.line, "POST /hooks/stock");
        assert_eq!(request.headers["content-type"], "application/json");
        check_signed(request);
    }
    assert_eq!(received[0].body, received[1].body);
}

#[tokio::test]
async fn a_status_is_an_outcome() {
    let (receiver, url) = Receiver::start().await;
    let adapter = adapter(&url, true);
    let retry = |after: Option<u64>, uncertain| (None, after.map(Duration::from_secs), uncertain);
    for (status, headers, body, expect) in [
        (503, &[("retry-after", "7")][..], "busy", retry(Some(7), false)),
        (429, &[("retry-after", "Tue, 14 Nov 2023 22:14:20 GMT")], "", retry(Some(60), false)),
        (408, &[], "", retry(None, false)),
        (500, &[], "oops", retry(None, true)),
        (422, &[], "no such item", (Some("http status 422: no such item"), None, false)),
        (307, &[("location", "/elsewhere")], "", retry(None, true)),
        (308, &[("location", "/elsewhere")], "", (Some("redirects are not followed"), None, false)),
    ] {
        receiver.then(status, headers, body);
        let told = match adapter.deliver(&one()).await {
            Outcome::Retry { after, uncertain, .. } => (None, after, uncertain),
            Outcome::Rejected { reason } => (Some(reason), None, false),
            other => panic!("{status}: {other:?}"),
        };
        assert_eq!((told.1, told.2), (expect.1, expect.2), "{status}");
        let reason = told.0.unwrap_or_default();
        assert!(reason.contains(expect.0.unwrap_or_default()), "{status}: {reason}");
        assert_eq!(reason.is_empty(), expect.0.is_none(), "{status}: {reason}");
    }
    assert_eq!(receiver.received().len(), 7, "no redirect was followed");
}

#[tokio::test]
async fn a_long_refusal_is_cut() {
    let (receiver, url) = Receiver::start().await;
    receiver.then(400, &[], &"x".repeat(3 << 20));
    let Outcome::Rejected { reason } = adapter(&url, true).deliver(&one()).await else {
        panic!("a rejection")
    };
    assert!(reason.chars().count() < 600, "{}", reason.len());
}

#[tokio::test]
async fn a_reply_lost_after_the_commit_is_uncertain_and_found_by_looking_up() {
    let (receiver, url) = Receiver::start().await;
    let adapter = adapter(&url, true);
    receiver.next.lock().unwrap().push_back(Next::Hang);
    let outcome = adapter.deliver(&one()).await;
    assert!(matches!(outcome, Outcome::Retry { uncertain: true, .. }), "{outcome:?}");
    receiver.then(200, &[], r#"{"remote_id":"GR-7"}"#);
    assert_eq!(adapter.look_up(&one()).await, Ok(Some("GR-7".to_owned())));
    let received = receiver.received();
    assert_eq!(received[1].line, format!("GET /hooks/stock/{}", one().movement.id));
    check_signed(&received[1]);
}

#[tokio::test]
async fn a_look_up_can_say_no_and_can_fail() {
    let (receiver, url) = Receiver::start().await;
    receiver.then(404, &[], "");
    receiver.then(500, &[], "oops");
    let asking = adapter(&url, true);
    assert_eq!(asking.look_up(&one()).await, Ok(None));
    assert!(asking.look_up(&one()).await.is_err_and(|e| e.contains("oops")));
    assert_eq!(adapter(&url, false).look_up(&one()).await, Ok(None));
    assert_eq!(receiver.received().len(), 2, "without look_up nobody is asked");
}

#[tokio::test]
async fn a_connection_broken_after_sending_is_uncertain_and_none_at_all_is_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let adapter = adapter(&format!("http://{}/", listener.local_addr().unwrap()), true);
    let hang_up = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 1_024]).await.unwrap() > 0);
        drop(stream);
        drop(listener);
    };
    let (outcome, ()) = tokio::join!(async { adapter.deliver(&one()).await }, hang_up);
    assert!(matches!(outcome, Outcome::Retry { uncertain: true, .. }), "{outcome:?}");
    let outcome = adapter.deliver(&one()).await;
    assert!(matches!(outcome, Outcome::Retry { uncertain: false, .. }), "{outcome:?}");
    assert!(adapter.look_up(&one()).await.is_err());
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (url, secret) in [("stock", "s"), ("ftp://h/", "s"), ("http://h/", "")] {
        let settings = webhook::Settings {
            url: url.into(),
            secret: secret.into(),
            look_up: true,
            proof: Proof::default(),
            time_outs: TimeOuts::default(),
        };
        assert!(!format!("{settings:?}").contains("\"s\""), "a secret is not printed");
        assert!(webhook::adapter(settings, clock()).is_err(), "{url}");
    }
}

/// Delivers until it is delivered, and says what stood in between.
async fn until_delivered(adapter: &dyn Adapter) -> (Vec<String>, String) {
    let mut reasons = vec![];
    for _ in 0..5 {
        match adapter.deliver(&one()).await {
            Outcome::Delivered { remote_id } => return (reasons, remote_id),
            Outcome::Retry { reason, uncertain, .. } => {
                assert!(uncertain, "{reason}");
                reasons.push(reason);
            }
            Outcome::Rejected { reason } => panic!("{reason}"),
        }
    }
    panic!("never delivered: {reasons:?}")
}

#[tokio::test]
async fn wrong_answers_of_an_erp_are_no_deliveries_and_it_books_once() {
    let sim = erp::SimErp::start(LOOPBACK, None).await.unwrap();
    let proof = Proof { receipt: Some("/id".into()), ..Proof::default() };
    let adapter = adapter_by(&sim.url(), false, proof);
    for (mode, why) in [
        (erp::Mode::OkWithError, "tells an error"),
        (erp::Mode::WrongType, "a proxy or a sign-in page"),
        (erp::Mode::BadJson, "no whole JSON"),
        (erp::Mode::TimeoutAfterCommit, "no reply in time"),
    ] {
        sim.faults().set(erp::Fault { mode, times: Some(2) });
        let (reasons, remote_id) = until_delivered(&*adapter).await;
        assert_eq!(reasons.len(), 2, "{reasons:?}");
        assert!(reasons.iter().all(|reason| reason.contains(why)), "{reasons:?}");
        assert_eq!(remote_id, "D-000001");
        assert_eq!((sim.applied().len(), sim.conflicts()), (1, 0), "booked once");
    }
}

#[tokio::test]
async fn a_receiver_without_the_receipt_that_is_asked_for_proves_nothing() {
    let (receiver, url) = Receiver::start().await;
    let success = Some(Success { pointer: "/ok".into(), equals: true.into() });
    let proof = Proof { success, receipt: Some("/doc/0".into()), accept_any: false };
    let adapter = adapter_by(&url, true, proof);
    receiver.then(204, &[], "");
    receiver.then(200, &[], r#"{"ok":true}"#);
    receiver.then(200, &[], r#"{"ok":false,"doc":["M-1"]}"#);
    receiver.then(200, &[("content-type", "text/plain")], r#"{"ok":true,"doc":["M-1"]}"#);
    receiver.then(200, &[], r#"{"ok":true,"doc":["M-1"]}"#);
    let (reasons, remote_id) = until_delivered(&*adapter).await;
    assert_eq!((reasons.len(), remote_id.as_str()), (4, "M-1"), "{reasons:?}");
    // A look-up that a proxy answers is no answer either.
    receiver.then(404, &[("content-type", "text/html")], "<html>not here</html>");
    assert!(adapter.look_up(&one()).await.is_err());
    receiver.then(200, &[], r#"{"doc":["M-1"]}"#);
    assert_eq!(adapter.look_up(&one()).await, Ok(Some("M-1".to_owned())));
}
