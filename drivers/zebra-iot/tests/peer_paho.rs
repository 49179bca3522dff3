//! A reader that we did not write: played in Python with paho-mqtt from the maker's documented forms and from captures,
//! for our driver; and an application in Python that knows only those forms, for our simulated reader.
//!
//! `GATEWARDEN_PEERS` names a venv with `paho-mqtt`; `tests/run` makes it. Without it the test says so and passes.

#![allow(clippy::unwrap_used)] // A failing test may say so by panicking.

mod common;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use common::broker::{Broker, Driver};
use gatewarden_model::{DeviceEvent, ReadValue, TagRead};
use gatewarden_simulators::{
    llrp::SimTag,
    zebra_iot::{ZebraIotOptions, start},
};
use gatewarden_zebra_iot::{Settings, settings::mode};
use serde_json::{Value, json};

fn python(script: &str) -> Option<Command> {
    let Some(venv) = std::env::var_os("GATEWARDEN_PEERS").map(PathBuf::from) else {
        eprintln!("skipped: GATEWARDEN_PEERS names no venv with paho-mqtt (tests/run makes one)");
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
    fn start(broker: &Broker) -> Option<Self> {
        let mut command = python("zebra_reader.py")?;
        command.args([&broker.plain.to_string(), "zebra/door"]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut peer = Self { child, lines };
        assert_eq!(peer.line(), json!({ "ready": true }));
        Some(peer)
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
    let Some(broker) = Broker::start().await else { return };
    let Some(mut peer) = Peer::start(&broker) else { return };
    let settings = Settings { mode: Some(mode("inventory")), ..broker.settings() };
    let mut driver = Driver::start(settings);
    let mut told = Vec::new();
    let is_last = |event: &DeviceEvent| matches!(event, DeviceEvent::Gap { reason, .. } if reason.contains("dropped 4 messages"));
    while !told.last().is_some_and(is_last) {
        told.push(driver.until("the story", Some).await);
    }
    let facts = told.iter().find_map(|event| match event {
        DeviceEvent::Identity { facts, .. } => Some(facts.clone()),
        _ => None,
    });
    let facts = facts.unwrap();
    assert_eq!(
        (&*facts["serial"], &*facts["model"], &*facts["firmware"]),
        ("84248dee5721", "FX9600", "2.7.19.0")
    );
    let tags: Vec<&TagRead> = told
        .iter()
        .filter_map(|event| if let DeviceEvent::Reads(reads) = event { Some(reads) } else { None })
        .flatten()
        .filter_map(|read| if let ReadValue::Tag(tag) = &read.value { Some(tag) } else { None })
        .collect();
    let epc = [0xE2, 0x80, 0x68, 0x94, 0, 0, 0x40, 0x01, 0x77, 0x90, 0xE4, 0x71];
    assert_eq!(tags.iter().map(|tag| &tag.epc[..]).collect::<Vec<_>>(), [&epc[..]; 4]);
    let (full, bare) = (tags[0], tags[2]);
    assert_eq!((full.antenna, full.peak_rssi_cdbm, full.pc), (1, Some(-3700), Some(0x3000)));
    assert_eq!(full.tid.as_ref().map(Vec::len), Some(12));
    assert_eq!((bare.antenna, bare.peak_rssi_cdbm), (0, None));
    let gaps = told.iter().filter_map(|e| {
        if let DeviceEvent::Gap { reason, .. } = e { Some(&**reason) } else { None }
    });
    assert_eq!(
        gaps.collect::<Vec<_>>(),
        ["events 4810 to 4811 are missing", "the reader dropped 4 messages of data"]
    );
    assert!(told.iter().any(|e| matches!(e, DeviceEvent::Input { port: 1, on: true, .. })));
    driver.up().await;
    let asked: Vec<Value> = (0..5).map(|_| peer.line()).collect();
    let names: Vec<&str> =
        asked.iter().map(|command| command["command"].as_str().unwrap()).collect();
    assert_eq!(names, ["get_version", "get_status", "set_mode", "start", "get_status"]);
    assert_eq!(asked[2]["payload"]["type"], "INVENTORY");
    assert!(asked[2]["payload"]["tagMetaData"].as_array().unwrap().contains(&json!("ANTENNA")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_knows_the_documented_forms_leads_our_simulated_reader() {
    let Some(broker) = Broker::start().await else { return };
    let Some(mut app) = python("zebra_app.py") else { return };
    let at = ("127.0.0.1".to_owned(), broker.plain);
    let options = ZebraIotOptions {
        broker: at,
        base: "zebra/door".into(),
        round_ms: 20,
        ..Default::default()
    };
    let reader = start(ZebraIotOptions { old: true, ..options });
    let tag = |n: u8| SimTag { epc: vec![n; 12], antenna: 1 + u16::from(n % 2), rssi_dbm: -50 };
    reader.set_field((1..=5).map(tag).collect());
    let _ = reader.status().wait_for(|now| now.ready).await;
    app.args([&broker.plain.to_string(), "zebra/door", "5"]).stderr(Stdio::inherit());
    let output = tokio::task::spawn_blocking(move || app.output().unwrap()).await.unwrap();
    assert!(output.status.success());
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["wrong"], json!([]), "{told}");
    assert_eq!(told["epcs"].as_array().unwrap().len(), 5, "{told}");
    let answers = &told["answers"];
    assert_eq!(answers["get_status"][0][1]["radioActivitiy"], "inactive");
    let done: Vec<&Value> = ["set_mode", "start"]
        .iter()
        .flat_map(|name| [&answers[name][0][0], &answers[name][1][0]])
        .collect();
    assert_eq!(done, ["success", "failure", "success", "failure"], "{told}");
    assert_eq!(
        (&answers["stop"][0][0], reader.status().borrow().reading),
        (&json!("success"), false)
    );
}
