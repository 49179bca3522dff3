//! Clients that nobody here wrote, against the simulators. They need `GATEWARDEN_PEERS`, the
//! directory of a Python environment with llrpkit 0.3.0, pyllrp 3.1.1, bitstring < 5 and pymodbus
//! 3.16.1, and for `mbpoll` that program on the path; what is missing is skipped with a word why.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use gatewarden_simulators::llrp::{LlrpOptions, Profile, SimReader, SimTag};
use gatewarden_simulators::modbus::{LightsOptions, SimLights};
use tokio::process::Command;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

/// A program of the peers' environment.
fn peer(program: &str) -> Option<PathBuf> {
    let Some(directory) = std::env::var_os("GATEWARDEN_PEERS") else {
        println!("skipped: GATEWARDEN_PEERS names no environment with the peers");
        return None;
    };
    let path = PathBuf::from(directory).join("bin").join(program);
    assert!(path.exists(), "GATEWARDEN_PEERS is set, but there is no {}", path.display());
    Some(path)
}

async fn output(command: &mut Command) -> Output {
    let running = command.kill_on_drop(true).output();
    let output = timeout(PATIENCE, running).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    println!("{}\n{text}", String::from_utf8_lossy(&output.stdout));
    output
}

fn field(count: u8) -> Vec<SimTag> {
    let epc = |n| gatewarden_simulators::sgtin96("80614141123458", u64::from(n), 7).to_vec();
    let tag = |n| SimTag { epc: epc(n), antenna: u16::from(n % 4) + 1, rssi_dbm: -55 };
    (0..count).map(tag).collect()
}

async fn reader() -> SimReader {
    reader_like(Profile::default()).await
}

async fn reader_like(profile: Profile) -> SimReader {
    let options = LlrpOptions { rate: 5000, profile, ..Default::default() };
    let reader = SimReader::start(options).await.unwrap();
    println!("seed {}", reader.seed());
    reader.set_field(field(12));
    reader
}

#[tokio::test]
async fn pyllrp_inventories_every_tag() {
    for profile in Profile::ALL {
        pyllrp_inventories(profile).await;
    }
}

async fn pyllrp_inventories(profile: Profile) {
    let Some(python) = peer("python") else { return };
    let reader = reader_like(profile).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/pyllrp_inventory.py");
    let port = reader.address().port().to_string();
    let output = output(Command::new(python).args([script, "127.0.0.1", &port])).await;
    assert!(output.status.success());
    let seen: Vec<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_uppercase).collect();
    let mut expected: Vec<String> = field(12).iter().map(|tag| hex(&tag.epc)).collect();
    expected.sort();
    // pyllrp prints numbers, without leading zeros.
    let seen: Vec<String> = seen.iter().map(|epc| format!("{epc:0>24}")).collect();
    assert_eq!(seen, expected);
    let ended = timeout(PATIENCE, async {
        reader.status().wait_for(|status| status.goodbyes == 1 && status.rospecs == 0).await.is_ok()
    });
    assert!(ended.await.unwrap(), "pyllrp said goodbye and left nothing behind");
}

#[tokio::test]
async fn llrpkit_inventories() {
    let Some(llrpkit) = peer("llrpkit") else { return };
    let reader = reader().await;
    let port = reader.address().port().to_string();
    let arguments = ["inventory", "127.0.0.1", "--port", &port, "--count", "4"];
    let output = output(Command::new(llrpkit).args(arguments)).await;
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout).to_uppercase();
    assert!(field(12).iter().any(|tag| text.contains(&hex(&tag.epc))), "no EPC of the field");
}

#[tokio::test]
async fn llrpkit_inventories_an_r420_with_tag_focus_phase_and_tid() {
    let Some(llrpkit) = peer("llrpkit") else { return };
    let reader = reader_like(Profile::ImpinjR420).await;
    let port = reader.address().port().to_string();
    let arguments = ["inventory", "127.0.0.1", "--port", &port, "--search-mode", "tagfocus"];
    let more = ["--phase", "--tid", "--count", "4"];
    let output = output(Command::new(llrpkit).args(arguments).args(more)).await;
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout).to_uppercase();
    let tid = |tag: &SimTag| {
        let words = reader.memory(&tag.epc).tid;
        words.iter().map(|word| format!("{word:04X}")).collect::<String>()
    };
    let seen: Vec<_> = field(12).into_iter().filter(|tag| text.contains(&hex(&tag.epc))).collect();
    assert!(!seen.is_empty(), "no EPC of the field");
    assert!(seen.iter().all(|tag| text.contains(&tid(tag))), "each with its TID");
}

#[tokio::test]
async fn llrpkit_writes_and_reads_a_tag() {
    let Some(python) = peer("python") else { return };
    let reader = reader().await;
    let epc = &field(12)[5].epc;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/llrpkit_access.py");
    let port = reader.address().port().to_string();
    let output = output(Command::new(python).args([script, "127.0.0.1", &port, &hex(epc)])).await;
    assert!(output.status.success());
    let memory = reader.memory(epc);
    assert_eq!(memory.user[2..4], [0xBEEF, 0x0042]);
    let tid: String = memory.tid[..2].iter().map(|word| format!("{word:04x}")).collect();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(text.lines().collect::<Vec<_>>(), ["beef0042", &tid]);
    assert_eq!(reader.memory(&field(12)[4].epc).user[2], 0, "no other tag was written");
}

#[tokio::test]
async fn pymodbus_writes_and_reads_the_lights() {
    let Some(python) = peer("python") else { return };
    let lights = SimLights::start(LightsOptions::default()).await.unwrap();
    assert!(lights.set_input(3, true));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/pymodbus_lights.py");
    let port = lights.address().port().to_string();
    let output = output(Command::new(python).args([script, "127.0.0.1", &port])).await;
    assert!(output.status.success());
    let on: Vec<_> =
        lights.coils().iter().enumerate().filter(|(_, on)| **on).map(|(at, _)| at).collect();
    assert_eq!(on, [2, 4, 6]);
}

#[tokio::test]
async fn mbpoll_writes_and_reads_the_lights() {
    if Command::new("mbpoll").arg("-V").output().await.is_err() {
        println!("skipped: mbpoll is not on the path");
        return;
    }
    let lights = SimLights::start(LightsOptions::default()).await.unwrap();
    let port = lights.address().port().to_string();
    // Coils 1 to 3, counted from 0, become on, off, on.
    let write = ["-0", "-1", "-t", "0", "-r", "1", "-p", &port, "127.0.0.1", "1", "0", "1"];
    assert!(output(Command::new("mbpoll").args(write)).await.status.success());
    assert_eq!(lights.coils()[..4], [false, true, false, true]);
    let read = ["-0", "-1", "-t", "0", "-r", "1", "-c", "3", "-p", &port, "127.0.0.1"];
    let read = output(Command::new("mbpoll").args(read)).await;
    let text = String::from_utf8_lossy(&read.stdout);
    for line in ["[1]: \t1", "[2]: \t0", "[3]: \t1"] {
        assert!(text.contains(line), "{line:?} in {text}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
