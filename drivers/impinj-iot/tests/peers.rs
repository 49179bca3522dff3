//! A reader that we did not write: played in Python from the document of the API, for our driver; and the PyPI package
//! `impinj-iot`, which drives real readers, for our simulated one.
//!
//! `GATEWARDEN_PEERS` names a venv with `impinj-iot`; `tests/run` makes it. Without it the tests say so and pass.

#![allow(clippy::unwrap_used)] // A failing test may say so by panicking.

mod common;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use common::driver::Driver;
use gatewarden_impinj_iot::{Secret, Settings};
use gatewarden_model::{DeviceEvent, ReadValue, TagRead};
use gatewarden_simulators::{
    impinj_iot::{ImpinjIotOptions, start},
    llrp::SimTag,
};
use serde_json::{Value, json};

fn python(script: &str) -> Option<Command> {
    let Some(venv) = std::env::var_os("GATEWARDEN_PEERS").map(PathBuf::from) else {
        eprintln!("skipped: GATEWARDEN_PEERS names no venv with impinj-iot (tests/run makes one)");
        return None;
    };
    let mut command = Command::new(venv.join("bin/python"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(script));
    Some(command)
}

struct Peer {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Peer {
    fn start() -> Option<(Self, u64)> {
        let mut child = python("impinj_reader.py")?.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut peer = Self { child, lines };
        let port = peer.line()["port"].as_u64().unwrap();
        Some((peer, port))
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_documented_forms_is_led_and_read() {
    let Some((mut peer, port)) = Peer::start() else { return };
    let settings =
        Settings::new(format!("http://127.0.0.1:{port}"), "root".into(), Secret::new("impinj"));
    let mut driver = Driver::start(Settings { antennas: vec![1, 2], ..settings });
    let mut told = Vec::new();
    let is_last = |event: &DeviceEvent| matches!(event, DeviceEvent::Gap { reason, .. } if reason.contains("middle of a line"));
    while !told.last().is_some_and(is_last) {
        told.push(driver.until("the story", |_| true).await);
    }
    let DeviceEvent::Identity { facts, .. } = &told[1] else { panic!("{told:?}") };
    let who = (&*facts["serial"], &*facts["maker"], &*facts["model"], &*facts["firmware"]);
    assert_eq!(who, ("37020340091", "Impinj Inc.", "R700", "7.6.1.240"));
    let tags: Vec<&TagRead> = told
        .iter()
        .filter_map(|event| if let DeviceEvent::Reads(reads) = event { Some(reads) } else { None })
        .flatten()
        .filter_map(|read| if let ReadValue::Tag(tag) = &read.value { Some(tag) } else { None })
        .collect();
    let [example, asked] = tags[..] else { panic!("{told:?}") };
    assert_eq!((&example.epc, example.antenna), (&asked.epc, 1));
    assert_eq!((asked.antenna, asked.peak_rssi_cdbm, asked.pc), (2, Some(-5050), Some(0x3000)));
    assert_eq!(asked.tid.as_ref().map(Vec::len), Some(12), "the profile asks for it");
    assert_eq!(asked.last_seen_us, Some(1_612_304_315_499_734));
    assert!(told.iter().any(|e| matches!(e, DeviceEvent::Input { port: 1, on: false, .. })));
    let gaps: Vec<&str> = told
        .iter()
        .filter_map(
            |e| if let DeviceEvent::Gap { reason, .. } = e { Some(&**reason) } else { None },
        )
        .collect();
    assert_eq!(gaps.len(), 4, "{gaps:?}");
    assert!(gaps[2].contains("\"eventsPurged\":7"), "{gaps:?}");
    let asked: Vec<String> =
        (0..6).map(|_| peer.line()["request"].as_str().unwrap().replace("/api/v1", "")).collect();
    let wanted = [
        "GET /system",
        "GET /system/image",
        "POST /profiles/stop",
        "GET /data/stream",
        "POST /profiles/inventory/start",
        "GET /status",
    ];
    assert_eq!(asked, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_real_readers_leads_our_simulated_one() {
    let Some(mut client) = python("impinj_client.py") else { return };
    let options = ImpinjIotOptions { round_ms: 20, seed: 7, ..ImpinjIotOptions::default() };
    let reader = start(options).await.unwrap();
    let tag = |n: u8| SimTag { epc: vec![n; 12], antenna: 1 + u16::from(n % 2), rssi_dbm: -50 };
    reader.set_field((1..=5).map(tag).collect());
    client.args([&reader.address().port().to_string(), "5"]).stderr(Stdio::inherit());
    let output = tokio::task::spawn_blocking(move || client.output().unwrap()).await.unwrap();
    assert!(output.status.success());
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let who = json!([told["model"], told["maker"], told["serial"]]);
    assert_eq!(who, json!(["R700", "Impinj", "37021050007"]));
    let did = json!([told["started"], told["status"], told["stopped"], told["after"]]);
    assert_eq!(did, json!([true, "running", true, "idle"]));
    let tags = told["tags"].as_object().unwrap();
    assert_eq!(tags.len(), 5, "{told}");
    let (antenna, rssi) =
        (&tags["030303030303030303030303"][0], &tags["030303030303030303030303"][1]);
    assert_eq!(antenna, 2);
    assert!(rssi.as_i64().is_some_and(|cdbm| (-5_200..=-4_800).contains(&cdbm)), "{told}");
}
