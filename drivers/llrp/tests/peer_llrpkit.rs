//! Inventories a reader that others wrote: llrpkit's emulator.
//!
//! `GATEWARDEN_PEERS` names a Python venv with `llrpkit==0.3.0`; `tests/run` makes it. Without it
//! there is no peer to test against, and the test says so.
#![allow(clippy::unwrap_used)] // tests fail by panicking

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use gatewarden_llrp::{Settings, probe, run};
use gatewarden_model::{DeviceEvent, DeviceId, DeviceState, ReadValue};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

mod common;

const TAGS: usize = 12;
const PATIENCE: Duration = Duration::from_secs(20);

/// The peer's process; it ends with the test.
struct Peer {
    child: Child,
    address: String,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start() -> Option<Peer> {
    let Some(venv) = std::env::var_os("GATEWARDEN_PEERS").map(PathBuf::from) else {
        eprintln!(
            "skipped: GATEWARDEN_PEERS names no venv with llrpkit==0.3.0 (tests/run makes one)"
        );
        return None;
    };
    let mut child = Command::new(venv.join("bin/python"))
        .arg(script())
        .args(["--port", "0", "--rate", "200", "--tags", &TAGS.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    Some(Peer { child, address })
}

/// The script that is shared beside the checkout, or else our own of the same behaviour.
fn script() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = here.join("../../../shared/tools/llrp_peer_reader.py");
    if shared.exists() { shared } else { here.join("tests/peers/llrp_peer_reader.py") }
}

#[tokio::test]
async fn llrpkit_is_probed() {
    let Some(peer) = start() else { return };
    let report = probe(&format!("llrp://{}", peer.address), 2).await.unwrap();
    assert_eq!(report.reader.manufacturer, 25_882);
    assert_eq!(report.reader.antennas_max, 4);
    assert_eq!(report.reader.input_states.len(), 4);
    assert_eq!(report.tags.len(), TAGS);
    assert!(report.reads > 100, "{} reads in 2 s at 200 a second", report.reads);
    assert!(report.tags.iter().all(|t| t.peak_rssi_cdbm.is_some() && t.antennas.len() == 1));
}

#[tokio::test]
async fn llrpkit_is_inventoried_and_left_clean() {
    let Some(peer) = start() else { return };
    for _ in 0..2 {
        let (events, mut inbox) = mpsc::channel(16);
        let stop = CancellationToken::new();
        let settings = Settings { keepalive_ms: 200, ..Settings::new(peer.address.clone()) };
        let device = DeviceId::parse("dock-1").unwrap();
        let clock = Arc::new(common::TestClock::default());
        let task = tokio::spawn(run(device, settings, clock, events, stop.clone()));
        let mut epcs = std::collections::BTreeSet::new();
        while epcs.len() < TAGS {
            let event = timeout(PATIENCE, inbox.recv()).await.unwrap().unwrap();
            if let DeviceEvent::Reads(reads) = event {
                epcs.extend(reads.into_iter().map(|read| match read.value {
                    ReadValue::Tag(tag) => tag.epc,
                    ReadValue::Scan(scan) => panic!("a reader sent {scan:?}"),
                }));
            }
        }
        stop.cancel();
        let mut last = None;
        while let Some(event) = timeout(PATIENCE, inbox.recv()).await.unwrap() {
            last = Some(event);
        }
        assert!(matches!(last, Some(DeviceEvent::State { state: DeviceState::Stopped, .. })));
        task.await.unwrap();
    }
}
