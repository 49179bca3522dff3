//! Random requests at every door, from everybody: never a 5xx, never a crash, and the journal is
//! whole afterwards. A seeded loop with a bound on its time; the seed is printed, and
//! `GATEWARDEN_FUZZ_SEED` replays it.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gatewarden_simulators::Seed;
use gatewarden_tests::{Caller, Gateway, People, Settings, receipt};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// How long the requests may take together.
const TIME: Duration = Duration::from_secs(15);
/// Texts that have hurt somebody before.
const TEXTS: [&str; 16] = [
    "",
    " ",
    "\0",
    "a\nb",
    "../../etc/passwd",
    "dock-1",
    "BOLT-M8",
    "OP-2001",
    "@supplier/ACME",
    "wh1/dock",
    "' OR 1=1 --",
    "\u{202e}\u{1f4a9}",
    "00000000-0000-0000-0000-000000000000",
    "accept",
    "receipt",
    "%00%2f",
];

fn seed() -> u64 {
    let given = std::env::var("GATEWARDEN_FUZZ_SEED").ok().map(|text| text.parse().unwrap());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    given.unwrap_or_else(|| u64::try_from(now() & u128::from(u32::MAX)).unwrap())
}

fn pick<'a, T>(seed: &mut Seed, from: &'a [T]) -> &'a T {
    &from[usize::try_from(seed.below(from.len() as u64)).unwrap()]
}

fn text(seed: &mut Seed) -> String {
    match seed.below(4) {
        0 => "x".repeat(usize::try_from(seed.below(5000)).unwrap()),
        1 => format!("{:x}", seed.next_u64()),
        _ => (*pick(seed, &TEXTS)).to_owned(),
    }
}

fn value(seed: &mut Seed, depth: u32) -> Value {
    match seed.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(seed.chance(50)),
        2 => json!(seed.next_u64()),
        3 => json!(-1_i64 - i64::try_from(seed.below(u64::MAX / 4)).unwrap()),
        4 => json!(1.5e300),
        5 => json!(text(seed)),
        6 => (0..seed.below(4)).map(|_| value(seed, depth - 1)).collect(),
        _ => {
            let fields = (0..seed.below(4)).map(|_| (text(seed), value(seed, depth - 1)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}

/// A body that is right but for what chance changes in it.
fn bent(seed: &mut Seed, mut body: Value) -> Value {
    match &mut body {
        Value::Object(fields) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = pick(seed, &names).clone();
            match seed.below(4) {
                0 => drop(fields.remove(&name)),
                1 => drop(fields.insert(text(seed), value(seed, 2))),
                2 => drop(fields.insert(name, value(seed, 2))),
                _ => {
                    let inner = fields[&name].clone();
                    fields.insert(name, bent(seed, inner));
                }
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let place = usize::try_from(seed.below(list.len() as u64)).unwrap();
            list[place] = bent(seed, list[place].clone());
        }
        other => *other = value(seed, 2),
    }
    body
}

/// Bodies that the API takes, so that what is bent comes far.
fn bodies() -> Vec<Value> {
    vec![
        receipt("9001", 3).task(),
        json!({"badge": "OP-2001", "pin": "8264"}),
        json!({"verdict": "accept", "reason": "so"}),
        json!({"reason": "so"}),
        json!({"client": "shop", "scopes": ["inbound:view"]}),
        json!({"operator": "new.one", "name": "New", "roles": ["buyer"], "badges": ["OP-1"]}),
        json!({"code": "A", "operator": "eve", "name": "E", "badge": "OP-2", "pin": "8264"}),
    ]
}

fn path(seed: &mut Seed, paths: &[String]) -> String {
    let mut path = pick(seed, paths).clone();
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        let fill: String = match seed.below(3) {
            0 => "dock-1".to_owned(),
            1 => "0a0a0a0a-0000-4000-8000-000000000000".to_owned(),
            _ => text(seed).bytes().take(300).map(|byte| format!("%{byte:02X}")).collect(),
        };
        path.replace_range(from..=to, &fill);
    }
    if seed.chance(20) {
        let queries = ["?limit=-1", "?limit=99999999999", "?before=x&limit=1", "?%00"];
        path.push_str(pick::<&str>(seed, &queries));
    }
    path
}

async fn callers(gateway: &Gateway, people: &People) -> Vec<Caller> {
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    let supervisor = people.sign_in("wang.lead", None).await;
    let admin = people.sign_in("root", None).await;
    let (viewer, erp) = (people.viewer.clone(), people.erp.clone());
    vec![gateway.anybody(), gateway.local(), viewer, erp, keeper, supervisor, admin]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_breaks_the_daemon() {
    let number = seed();
    println!("GATEWARDEN_FUZZ_SEED={number}");
    let mut seed = Seed::new(number);
    let mut gateway = Gateway::start(Settings::default()).await;
    let people = People::enrol(&gateway).await;
    let api = people.viewer.get("/openapi.json").await;
    let paths: Vec<String> = api["paths"].as_object().unwrap().keys().cloned().collect();
    let callers = callers(&gateway, &people).await;
    let bodies = bodies();
    let methods = [Method::GET, Method::POST, Method::POST, Method::POST, Method::DELETE];
    let until = Instant::now() + TIME;
    let mut requests = 0;
    while Instant::now() < until {
        let (caller, method) = (pick(&mut seed, &callers), pick(&mut seed, &methods).clone());
        let path = path(&mut seed, &paths);
        let body = match seed.below(4) {
            0 => value(&mut seed, 3).to_string(),
            1 => text(&mut seed),
            _ => {
                let body = pick(&mut seed, &bodies).clone();
                bent(&mut seed, body).to_string()
            }
        };
        let told = format!("{method} {path} {body}");
        let kind = pick(&mut seed, &["application/json", "application/json", "text/plain"]);
        let answer = caller.send(method, &path, Some((kind, body))).await;
        let answer = answer.unwrap_or_else(|error| panic!("{told}: {error}"));
        assert!(answer.status < 500, "{told}: {} {}", answer.status, answer.body);
        requests += 1;
    }
    println!("{requests} requests");
    assert!(requests > 200, "only {requests} requests in {TIME:?}");
    raw(&gateway, &mut seed).await;
    people.viewer.get("/devices").await;
    gateway.cli_ok(&["ledger", "verify"], "");
    assert!(gateway.stop().await.success());
}

/// Bytes that are no HTTP, and HTTP that never ends.
async fn raw(gateway: &Gateway, seed: &mut Seed) {
    for _ in 0..100 {
        let mut line = tokio::net::TcpStream::connect(gateway.address()).await.unwrap();
        let noise: Vec<u8> =
            (0..1 + seed.below(400)).map(|_| seed.next_u64().to_le_bytes()[0]).collect();
        let head = *pick(
            seed,
            &[
                "",
                "GET ",
                "POST /tasks HTTP/1.1\r\ncontent-length: 5\r\n\r\n{",
                "GET / HTTP/1.1\r\nx: ",
            ],
        );
        // The daemon may have closed it already.
        let _ = line.write_all(&[head.as_bytes(), &noise].concat()).await;
        let _ = line.shutdown().await;
        let mut answer = Vec::new();
        let _ = line.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.starts_with("HTTP/1.1 5"), "{answer}");
    }
}
