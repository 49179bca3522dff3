//! The kind `io-module` in scenarios, with its faults and its watchdog; and a door whose pass is seen by the
//! LLRP driver at the reader and by a Modbus client at the eyes, held against the truth that it tells.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gatewarden_llrp::{Settings, run};
use gatewarden_model::{Clock, DeviceEvent, DeviceId, ReadValue, Stamp};
use gatewarden_simulators::scenario::{PlayError, Scenario, Stage};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_modbus::client::{Context, Reader, Writer, tcp};
use tokio_modbus::slave::Slave;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(30);

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap();
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
    }
}

async fn stage(text: &str) -> Arc<Stage> {
    let tell = Arc::new(|_: Value| {});
    let scenario = Scenario::parse(text).unwrap();
    Arc::new(Stage::start(scenario, tell, CancellationToken::new()).await.unwrap())
}

fn address(stage: &Stage, name: &str) -> SocketAddr {
    stage.actor(name).unwrap().device.at().parse().unwrap()
}

async fn client(at: SocketAddr) -> Context {
    tcp::connect_slave(at, Slave(1)).await.unwrap()
}

async fn act(stage: &Stage, verb: &str, with: Value) {
    stage.act("eyes", verb, with.as_object().unwrap().clone()).await.unwrap();
}

fn observed(stage: &Stage) -> Value {
    stage.actor("eyes").unwrap().device.observe()
}

#[tokio::test]
async fn a_module_in_a_scenario_has_its_makers_places_counters_faults_and_watchdog() {
    let module = "[[devices]]\nname = \"eyes\"\nkind = \"io-module\"\nprofile = \"moxa-e1200\"\n\
        watchdog_ms = 150\nsafe = 2\n";
    let stage = stage(module).await;
    let mut modbus = client(address(&stage, "eyes")).await;
    act(&stage, "input", json!({"port": 1, "on": true})).await;
    act(&stage, "pulse", json!({"port": 3, "times": 5})).await;
    assert_eq!(
        modbus.read_discrete_inputs(0, 4).await.unwrap().unwrap(),
        [false, true, false, false]
    );
    // The counters of a Moxa are input registers from 16, two words each, the high one first.
    assert_eq!(modbus.read_input_registers(22, 2).await.unwrap().unwrap(), [0, 5]);
    modbus.write_single_coil(0, true).await.unwrap().unwrap();
    assert_eq!(observed(&stage)["coils"][0], true);

    // Nobody asks for a while: the safe state comes by itself.
    timeout(PATIENCE, async {
        while observed(&stage)["tripped"] != true {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    let safe = observed(&stage);
    assert_eq!((&safe["coils"][0], &safe["coils"][2]), (&json!(false), &json!(true)), "{safe}");

    act(&stage, "fault", json!({"mode": "drop", "times": 1})).await;
    assert!(modbus.read_coils(0, 1).await.is_err(), "carried out, and never answered");
    let mut modbus = client(address(&stage, "eyes")).await;
    assert_eq!(modbus.read_coils(0, 1).await.unwrap().unwrap().len(), 1);
    act(&stage, "mute", json!({"on": true})).await;
    let silence = timeout(Duration::from_millis(100), modbus.read_coils(0, 1)).await;
    assert!(silence.is_err(), "{silence:?}");
    act(&stage, "heal", json!({})).await;
    assert!(observed(&stage)["answered"].as_u64().unwrap() >= 4);
    let refused =
        stage.act("eyes", "input", json!({"port": 99, "on": true}).as_object().unwrap().clone());
    assert_eq!(refused.await, Err("no input 99".to_owned()));
}

#[tokio::test]
async fn a_scenario_waits_until_its_gateway_is_there_and_says_when_it_is_not() {
    let text = "after_ms = 0\n[[devices]]\nname = \"eyes\"\nkind = \"io-module\"\n\
        [[ready]]\ndevice = \"eyes\"\nsee = \"answered\"\nat_least = 1\nwithin_ms = WITHIN\n\
        [[steps]]\nat_ms = 0\ndevice = \"eyes\"\ndo = \"input\"\nport = 0\non = true\n";
    let alone = stage(&text.replace("WITHIN", "50")).await;
    let Err(PlayError::Expect(missed)) = alone.run().await else { panic!("nobody asked") };
    assert!(
        missed[0].starts_with("line 5: eyes: answered was 0, expected at least 1"),
        "{missed:?}"
    );

    let asked = stage(&text.replace("WITHIN", "30000")).await;
    let at = address(&asked, "eyes");
    let playing = {
        let stage = Arc::clone(&asked);
        tokio::spawn(async move { stage.run().await })
    };
    let mut modbus = client(at).await;
    assert_eq!(modbus.read_discrete_inputs(0, 1).await.unwrap().unwrap(), [false]);
    timeout(PATIENCE, playing).await.unwrap().unwrap().unwrap();
    assert_eq!(modbus.read_discrete_inputs(0, 1).await.unwrap().unwrap(), [true]);
}

const DOOR: &str = r#"
after_ms = 0
[[devices]]
name = "reader"
kind = "llrp"
rate = 2000
miss_percent = 0
[[devices]]
name = "eyes"
kind = "io-module"
profile = "wago-750"
[[devices]]
name = "door"
kind = "door"
reader = "reader"
beams = "eyes"
seed = 42
[[ready]]
device = "reader"
see = "active"
at_least = 1
[[ready]]
device = "eyes"
see = "answered"
at_least = 1
[[steps]]
at_ms = 0
device = "door"
do = "pass"
plot = "straight"
way = "in"
strays = false
speed = 4
[[expect]]
device = "door"
see = "done"
is = 1
within_ms = 20000
"#;

/// Reads by EPC: when, and at which antenna.
type Reads = BTreeMap<String, Vec<(u64, u16)>>;

/// What the driver reads until it is told to stop.
async fn inventory(reader: SocketAddr, stop: CancellationToken) -> Reads {
    let (events, mut inbox) = mpsc::channel(1024);
    let device = DeviceId::parse("reader").unwrap();
    let clock = Arc::new(TestClock(Instant::now()));
    let settings = Settings::new(reader.to_string());
    let driver = tokio::spawn(run(device, settings, clock, events, stop));
    let mut reads = Reads::new();
    while let Some(event) = inbox.recv().await {
        let DeviceEvent::Reads(batch) = event else { continue };
        for read in batch {
            let ReadValue::Tag(tag) = read.value else { continue };
            let epc = tag.epc.iter().map(|byte| format!("{byte:02X}")).collect();
            reads.entry(epc).or_default().push((read.at.mono_us, tag.antenna));
        }
    }
    driver.await.unwrap();
    reads
}

/// In which order the eyes were broken, as a Modbus client sees it.
async fn watch(at: SocketAddr, broken: Arc<Mutex<Vec<usize>>>) {
    let mut modbus = client(at).await;
    loop {
        let inputs = modbus.read_discrete_inputs(0, 2).await.unwrap().unwrap();
        for (eye, _) in inputs.iter().enumerate().filter(|(_, on)| **on) {
            let mut broken = broken.lock().unwrap();
            if !broken.contains(&eye) {
                broken.push(eye);
            }
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

fn mean(times: impl Iterator<Item = u64>) -> u64 {
    let times: Vec<u64> = times.collect();
    times.iter().sum::<u64>() / (times.len() as u64).max(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_driver_and_a_modbus_client_see_the_pass_that_the_door_tells() {
    let stage = stage(DOOR).await;
    let stop = CancellationToken::new();
    let reading = tokio::spawn(inventory(address(&stage, "reader"), stop.clone()));
    let broken = Arc::new(Mutex::new(Vec::new()));
    let watching = tokio::spawn(watch(address(&stage, "eyes"), Arc::clone(&broken)));
    timeout(PATIENCE, stage.run()).await.unwrap().unwrap();
    stop.cancel();
    watching.abort();
    let reads = timeout(PATIENCE, reading).await.unwrap().unwrap();

    let (events, _) = stage.log().from(0);
    let truth = &events.iter().find(|event| event["event"] == "pass").unwrap()["value"];
    let moved: Vec<&str> =
        truth["in"].as_array().unwrap().iter().map(|epc| epc.as_str().unwrap()).collect();
    assert!(moved.len() >= 4, "{truth}");
    let seen: Vec<&str> = reads.keys().map(String::as_str).collect();
    assert_eq!(seen, moved, "all that moved is read, and nothing else: {truth}");
    // Inwards: the outer eye and the outer antennas (1 and 2) come first.
    assert_eq!(*broken.lock().unwrap(), [0, 1]);
    let all = || reads.values().flatten();
    let outer = mean(all().filter(|(_, antenna)| *antenna <= 2).map(|(at, _)| *at));
    let inner = mean(all().filter(|(_, antenna)| *antenna >= 3).map(|(at, _)| *at));
    assert!(0 < outer && outer < inner, "outer at {outer} us, inner at {inner} us");
}
