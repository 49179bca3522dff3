//! What integrators use: expectations, ERPs that fail, wires that fail, passes with their truth, and
//! the control API.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatewarden_simulators::LOOPBACK;
use gatewarden_simulators::control::Control;
use gatewarden_simulators::erp::{Fault, Mode, SimErp};
use gatewarden_simulators::proxy::{SimProxy, Way};
use gatewarden_simulators::registry::{KINDS, Kind};
use gatewarden_simulators::scenario::{Scenario, Stage, play};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(10);

async fn told(text: &str) -> (Vec<Value>, Result<(), String>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&events);
    let tell = Arc::new(move |event| kept.lock().unwrap().push(event));
    let playing = play(Scenario::parse(text).unwrap(), tell, CancellationToken::new());
    let played = timeout(PATIENCE, playing).await.unwrap();
    let events = events.lock().unwrap().clone();
    (events, played.map_err(|error| error.to_string()))
}

/// Status and body; `None` where the connection ended without an answer.
async fn http(
    at: SocketAddr,
    method: &str,
    path: &str,
    key: &str,
    body: &str,
) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: erp\r\nConnection: close\r\nIdempotency-Key: {key}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    // A reset and an end without a word are the same to a client.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer))
}

#[test]
fn every_kind_is_listed_once_and_tells_what_it_takes() {
    for kind in KINDS {
        assert!(
            std::ptr::eq(Kind::find(kind.name).unwrap(), *kind),
            "{} is there twice",
            kind.name
        );
        assert!(!kind.about.is_empty() && !kind.actions.is_empty(), "{}", kind.name);
        for verb in kind.actions {
            let same = kind.actions.iter().filter(|other| other.name == verb.name).count();
            assert_eq!((same, verb.about.is_empty()), (1, false), "{} {}", kind.name, verb.name);
        }
    }
}

#[tokio::test]
async fn an_erp_that_fails_in_every_way_applies_each_request_once() {
    let erp = SimErp::start(LOOPBACK, None).await.unwrap();
    let at = erp.address();
    let modes = [
        (Mode::TimeoutAfterCommit, None, true),
        (Mode::TimeoutBeforeCommit, None, false),
        (Mode::ResetAfterCommit, None, true),
        (Mode::Reset, None, false),
        (Mode::Status(500), Some(500), false),
        (Mode::StatusAfterCommit, Some(503), true),
        (Mode::Throttle(7), Some(429), false),
        (Mode::BadJson, Some(200), true),
        (Mode::OkWithError, Some(200), false),
        (Mode::WrongType, Some(200), true),
        (Mode::Slow(5), Some(201), true),
    ];
    for (number, (mode, status, applied)) in modes.into_iter().enumerate() {
        let key = format!("k{number}");
        erp.faults().set(Fault { mode, times: Some(1) });
        let posting = http(at, "POST", "/moves", &key, r#"{"quantity":3}"#);
        let hangs = matches!(mode, Mode::TimeoutAfterCommit | Mode::TimeoutBeforeCommit);
        if hangs {
            let met = async {
                while erp.faults().done() <= number as u64
                    || (applied && erp.applied().len() <= number)
                {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                answer = posting => panic!("{mode:?} answered {answer:?}"),
                () = met => {}
            }
        } else {
            let answer = posting.await;
            assert_eq!(answer.as_ref().map(|(status, _)| *status), status, "{mode:?}");
            let after = answer.is_some_and(|(_, text)| text.contains("retry-after: 7"));
            assert_eq!(after, mode == Mode::Throttle(7), "{mode:?}");
        }
        assert_eq!(erp.applied().iter().any(|one| one.key == key), applied, "{mode:?}");
        // The client tries again, as it must: nothing is applied twice.
        let (again, _) = http(at, "POST", "/moves", &key, r#"{"quantity":3}"#).await.unwrap();
        assert_eq!(again, if applied { 200 } else { 201 }, "{mode:?}");
        assert_eq!(erp.applied().iter().filter(|one| one.key == key).count(), 1, "{mode:?}");
    }
    assert_eq!((erp.applied().len(), erp.conflicts()), (11, 0));
    let (other, _) = http(at, "POST", "/moves", "k0", r#"{"quantity":4}"#).await.unwrap();
    assert_eq!((other, erp.conflicts(), erp.applied().len()), (409, 1, 11));
}

async fn wire() -> (TcpListener, SimProxy) {
    let device = TcpListener::bind(LOOPBACK).await.unwrap();
    let proxy = SimProxy::start(LOOPBACK, device.local_addr().unwrap(), 5).await.unwrap();
    (device, proxy)
}

async fn joined(device: &TcpListener, proxy: &SimProxy) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    let (device, _) = timeout(PATIENCE, device.accept()).await.unwrap().unwrap();
    (client, device)
}

async fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset ends it as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap();
    bytes
}

#[tokio::test]
async fn a_wire_passes_everything_whole_however_it_is_cut() {
    let (listener, proxy) = wire().await;
    proxy.change(|now| (now.split, now.delay_ms) = (7, 1));
    let (mut client, mut device) = joined(&listener, &proxy).await;
    let sent: Vec<u8> = (0..200).collect();
    device.write_all(&sent).await.unwrap();
    let mut piece = [0; 200];
    let first = timeout(PATIENCE, client.read(&mut piece)).await.unwrap().unwrap();
    timeout(PATIENCE, client.read_exact(&mut piece[first..])).await.unwrap().unwrap();
    assert_eq!(piece.as_slice(), sent);
    proxy.change(|now| (now.split, now.drip) = (0, 500));
    client.write_all(b"status?").await.unwrap();
    let mut asked = [0; 7];
    timeout(PATIENCE, device.read_exact(&mut asked)).await.unwrap().unwrap();
    assert_eq!(&asked, b"status?");
}

#[tokio::test]
async fn a_wire_breaks_in_the_middle_and_the_same_seed_breaks_it_at_the_same_place() {
    let mut parts = Vec::new();
    for _ in 0..2 {
        let (listener, proxy) = wire().await;
        let (mut client, mut device) = joined(&listener, &proxy).await;
        proxy.garbage(Way::ToClient, 16);
        let mut noise = [0; 16];
        timeout(PATIENCE, client.read_exact(&mut noise)).await.unwrap().unwrap();
        proxy.half(Way::ToClient);
        device.write_all(&[9; 100]).await.unwrap();
        let rest = read_all(&mut client).await;
        assert!(!rest.is_empty() && rest.len() < 100, "{} bytes of 100", rest.len());
        parts.push((noise, rest));

        let (mut client, _device) = joined(&listener, &proxy).await;
        proxy.drop_connections();
        assert_eq!(read_all(&mut client).await, b"");
        proxy.change(|now| now.refuse = true);
        let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(read_all(&mut refused).await, b"");
        assert_eq!(proxy.shown()["refused"], 1);
    }
    assert_eq!(parts[0], parts[1]);
}

#[tokio::test]
async fn a_stalled_wire_holds_back_one_way_until_it_is_healed() {
    let (listener, proxy) = wire().await;
    let (mut client, mut device) = joined(&listener, &proxy).await;
    proxy.change(|now| now.stall_client = true);
    device.write_all(b"late").await.unwrap();
    client.write_all(b"ping").await.unwrap();
    let mut four = [0; 4];
    timeout(PATIENCE, device.read_exact(&mut four)).await.unwrap().unwrap();
    assert_eq!(&four, b"ping");
    let early = timeout(Duration::from_millis(50), client.read_exact(&mut four)).await;
    assert!(early.is_err(), "bytes came through a stalled wire");
    proxy.change(|now| *now = Default::default());
    timeout(PATIENCE, client.read_exact(&mut four)).await.unwrap().unwrap();
    assert_eq!(&four, b"late");
}

#[tokio::test]
async fn a_scenario_fails_where_something_expected_is_not_seen() {
    let text = r#"
after_ms = 0
[[devices]]
name = "erp"
kind = "erp"
[[steps]]
at_ms = 0
device = "erp"
do = "fault"
mode = "reset"
[[expect]]
device = "erp"
see = "faults.on"
is = true
[[expect]]
device = "erp"
see = "applied"
at_least = 2
within_ms = 40
"#;
    let (events, played) = told(text).await;
    let what =
        "not as expected\nline 15: erp: applied was 0, expected at least 2 within 40 ms of 0 ms";
    assert_eq!(played, Err(what.to_owned()));
    let ok: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "expect")
        .map(|event| &event["ok"])
        .collect();
    assert_eq!(ok, [true, false]);
}

const PORTAL: &str = r#"
after_ms = 0
[[devices]]
name = "reader"
kind = "llrp"
[[devices]]
name = "module"
kind = "lights"
[[devices]]
name = "door"
kind = "door"
reader = "reader"
beams = "module"
seed = 42
[[steps]]
at_ms = 0
device = "door"
do = "pass"
plot = "straight"
way = "in"
strays = true
clone = true
speed = 100
[[expect]]
device = "door"
see = "done"
is = 1
"#;

#[tokio::test]
async fn a_pass_tells_its_truth_and_the_same_seed_gives_the_same_events() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (mut events, played) = told(PORTAL).await;
        assert_eq!(played, Ok(()));
        for event in &mut events {
            let event = event.as_object_mut().unwrap();
            // Times and free ports are the machine's.
            for key in ["at_ms", "at"] {
                event.remove(key);
            }
        }
        runs.push(events);
    }
    assert_eq!(runs[0], runs[1]);
    let pass = &runs[0].iter().find(|event| event["event"] == "pass").unwrap()["value"];
    let count = |fate: &str| pass[fate].as_array().unwrap().len();
    assert!(count("in") >= 4 && count("strays") >= 1, "{pass}");
    assert_eq!(
        (count("out"), count("turned_back"), &pass["plot"]),
        (0, 0, &Value::from("straight"))
    );
}

#[tokio::test]
async fn the_control_api_tells_does_and_says_what_is_possible() {
    let text = PORTAL.split("[[steps]]").next().unwrap();
    let tell = Arc::new(|_: Value| {});
    let scenario = Scenario::parse(&text.replace("after_ms = 0", "")).unwrap();
    let stage = Arc::new(Stage::start(scenario, tell, CancellationToken::new()).await.unwrap());
    let control = Control::start(LOOPBACK, Arc::clone(&stage)).await.unwrap();
    let at = control.address();
    let ask = |method, path, body| async move { http(at, method, path, "-", body).await.unwrap() };

    let (status, devices) = ask("GET", "/devices", "").await;
    assert!(status == 200, "{devices}");
    for part in ["\"name\":\"reader\"", "\"do\":\"power-cycle\"", "one of straight, stops"] {
        assert!(devices.contains(part), "{part} in {devices}");
    }
    let (status, done) = ask("POST", "/devices/module/input", r#"{"port":3,"on":true}"#).await;
    assert_eq!(status, 200, "{done}");
    let cases = [
        ("/devices/module/input", r#"{"port":3}"#, 422, "input needs on = true or false"),
        ("/devices/module/input", r#"{"port":99,"on":true}"#, 422, "no input 99"),
        ("/devices/module/sing", "", 422, "lights can't sing (expected input, mute"),
        ("/devices/module/input", "[1", 400, "one JSON object"),
        ("/devices/lamp/input", "", 404, "there is no device lamp (there is reader, module, door)"),
        ("/lamps", "", 404, "GET /kinds, /devices"),
    ];
    for (path, body, expected, part) in cases {
        let (status, answer) = ask("POST", path, body).await;
        assert!(status == expected && answer.contains(part), "{path}: {answer}");
    }
    let running = {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move { stage.run().await })
    };
    assert_eq!(ask("POST", "/stop", "").await.0, 200);
    timeout(PATIENCE, running).await.unwrap().unwrap().unwrap();
    let (events, next) = stage.log().from(0);
    assert_eq!(events.len() as u64, next);
    assert_eq!(events.last().unwrap()["event"], "end");
    assert!(events.iter().any(|event| event["did"] == "input"), "{events:?}");
}

#[test]
fn check_tells_mistakes_list_tells_kinds_and_python_steers() {
    let sim = env!("CARGO_BIN_EXE_gatewarden-sim");
    let directory = tempfile::tempdir().unwrap();
    let wrong = directory.path().join("wrong.toml");
    std::fs::write(&wrong, "[[devices]]\nname = \"a\"\nkind = \"llrp\"\nrate = -1\n").unwrap();
    let checked = Command::new(sim).arg("check").arg(&wrong).output().unwrap();
    let said = String::from_utf8(checked.stderr).unwrap();
    assert_eq!(checked.status.code(), Some(1));
    assert!(
        said.contains("wrong.toml:4:8: rate is -1, expected a whole number from 0 to"),
        "{said}"
    );

    let listed = Command::new(sim).arg("list").output().unwrap();
    let said = String::from_utf8(listed.stdout).unwrap();
    for part in ["llrp: a UHF reader", "do = \"half\"", "mode = one of timeout-after-commit"] {
        assert!(said.contains(part), "{part} in {said}");
    }

    let scenario = directory.path().join("erp.toml");
    std::fs::write(&scenario, "[[devices]]\nname = \"erp\"\nkind = \"erp\"\n").unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/steer.py");
    let steered = Command::new("python3").arg(script).arg(sim).arg(&scenario).output();
    match steered {
        Ok(steered) => {
            let said = String::from_utf8_lossy(&steered.stderr);
            assert!(steered.status.success(), "{said}");
        }
        Err(error) => {
            assert!(std::env::var_os("GATEWARDEN_PEERS").is_none(), "python3: {error}");
            println!("skipped: there is no python3");
        }
    }
}
