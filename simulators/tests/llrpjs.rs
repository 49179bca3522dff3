//! Every type of message that the simulated reader sends, read and written again by npm's llrpjs: it finds the
//! type, the number and, encoding what it understood, the very bytes.
//!
//! The messages are those of whole sessions of the LLRP driver with each profile, tags with TIDs and keep-alives
//! included, and of a client that asks for everything with nothing. llrpjs is looked for beside the environment
//! that `GATEWARDEN_PEERS` names, in `llrpjs`; node in `node/bin` there or on the path.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gatewarden_llrp::codec::{MessageKind, split_frame};
use gatewarden_llrp::{Settings, run};
use gatewarden_model::{Clock, DeviceEvent, DeviceId, ReadValue, Stamp};
use gatewarden_simulators::llrp::{LlrpOptions, Profile, SimReader, SimTag};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(30);
/// Messages that only LLRP 1.1 has: llrpjs knows 1.0.1.
const OF_1_1: [u16; 4] = [46, 47, 56, 57];
/// The last type of a request that the standard has.
const REQUESTS_MAX: u16 = 63;

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap();
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn reader(profile: Profile) -> SimReader {
    let options = LlrpOptions { rate: 2000, profile, ..LlrpOptions::default() };
    let reader = SimReader::start(options).await.unwrap();
    let tag = |n: u8| SimTag { epc: vec![n; 12], antenna: u16::from(n % 4) + 1, rssi_dbm: -55 };
    reader.set_field((0..6).map(tag).collect());
    reader
}

/// What the reader sends in a session of the driver: it reads tags with their TIDs, is kept alive, says goodbye.
async fn session(profile: Profile) -> Vec<u8> {
    let reader = reader(profile).await;
    let tap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tap.local_addr().unwrap().to_string();
    let (kept, target) = (Arc::new(Mutex::new(Vec::new())), reader.address());
    let taken = Arc::clone(&kept);
    let tapping = tokio::spawn(async move {
        let (mut client, _) = tap.accept().await.unwrap();
        let mut device = TcpStream::connect(target).await.unwrap();
        let (mut from_device, mut to_device) = device.split();
        let (mut from_client, mut to_client) = client.split();
        let answers = async {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = from_device.read(&mut piece).await {
                taken.lock().unwrap().extend_from_slice(&piece[..count]);
                if to_client.write_all(&piece[..count]).await.is_err() {
                    break;
                }
            }
        };
        tokio::join!(answers, async {
            let _ = copy(&mut from_client, &mut to_device).await;
        });
    });
    let (events, mut inbox) = mpsc::channel(1024);
    let stop = CancellationToken::new();
    let settings = Settings { tid: true, keepalive_ms: 500, ..Settings::new(address) };
    let clock = Arc::new(TestClock(Instant::now()));
    let device = DeviceId::parse("reader").unwrap();
    let driver = tokio::spawn(run(device, settings, clock, events, stop.clone()));
    let mut tags = BTreeSet::new();
    let reading = async {
        while reader.status().borrow().keepalive_acks == 0 || tags.len() < 6 {
            let DeviceEvent::Reads(reads) = inbox.recv().await.unwrap() else { continue };
            for read in reads {
                let ReadValue::Tag(tag) = read.value else { continue };
                tags.insert(tag.epc);
            }
        }
    };
    timeout(PATIENCE, reading).await.unwrap();
    stop.cancel();
    timeout(PATIENCE, driver).await.unwrap().unwrap();
    tapping.abort();
    kept.lock().unwrap().clone()
}

/// What the reader answers to every type of request without any content.
async fn answers_to_nothing() -> Vec<u8> {
    let reader = reader(Profile::default()).await;
    let mut client = TcpStream::connect(reader.address()).await.unwrap();
    // CLOSE_CONNECTION (14) ends it, so it comes last.
    let kinds = (1..=REQUESTS_MAX).filter(|kind| *kind != 14).chain([14]);
    for kind in kinds {
        let mut frame = (1 << 10 | kind).to_be_bytes().to_vec();
        frame.extend(10u32.to_be_bytes());
        frame.extend(u32::from(kind).to_be_bytes());
        client.write_all(&frame).await.unwrap();
    }
    let mut bytes = Vec::new();
    timeout(PATIENCE, client.read_to_end(&mut bytes)).await.unwrap().unwrap();
    bytes
}

/// The frames of a stream, each type at most some times.
fn frames(mut bytes: &[u8], into: &mut BTreeMap<MessageKind, Vec<Vec<u8>>>) {
    const EACH_MAX: usize = 40;
    while let Some(frame) = split_frame(bytes).unwrap() {
        let of_kind = into.entry(frame.kind).or_default();
        if of_kind.len() < EACH_MAX {
            of_kind.push(frame.bytes.to_vec());
        }
        bytes = &bytes[frame.bytes.len()..];
    }
}

/// llrpjs on these messages; `None` where no peers are asked for.
fn llrpjs(lines: &str) -> Option<Vec<Value>> {
    let Some(peers) = std::env::var_os("GATEWARDEN_PEERS") else {
        println!("skipped: GATEWARDEN_PEERS names no environment with the peers");
        return None;
    };
    let beside = PathBuf::from(peers).parent().unwrap().to_owned();
    let modules = beside.join("llrpjs/node_modules");
    assert!(modules.exists(), "GATEWARDEN_PEERS is set, but there is no {}", modules.display());
    let own = beside.join("node/bin/node");
    let node = if own.exists() { own } else { PathBuf::from("node") };
    let mut child = Command::new(node)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/llrpjs_frames.js"))
        .env("NODE_PATH", modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[tokio::test]
async fn llrpjs_reads_every_type_of_message_and_writes_the_same_bytes() {
    let mut sent = BTreeMap::new();
    for profile in Profile::ALL {
        frames(&session(profile).await, &mut sent);
    }
    frames(&answers_to_nothing().await, &mut sent);
    sent.retain(|kind, _| !OF_1_1.contains(&kind.0));
    let kinds: Vec<String> = sent.keys().map(ToString::to_string).collect();
    println!("{} types of message: {}", kinds.len(), kinds.join(", "));
    for kind in [
        MessageKind::READER_EVENT_NOTIFICATION,
        MessageKind::RO_ACCESS_REPORT,
        MessageKind::KEEPALIVE,
        MessageKind::GET_READER_CAPABILITIES_RESPONSE,
        MessageKind::GET_READER_CONFIG_RESPONSE,
        MessageKind::SET_READER_CONFIG_RESPONSE,
        MessageKind::ADD_ROSPEC_RESPONSE,
        MessageKind::ENABLE_ROSPEC_RESPONSE,
        MessageKind::START_ROSPEC_RESPONSE,
        MessageKind::STOP_ROSPEC_RESPONSE,
        MessageKind::DISABLE_ROSPEC_RESPONSE,
        MessageKind::DELETE_ROSPEC_RESPONSE,
        MessageKind::GET_ROSPECS_RESPONSE,
        MessageKind::ADD_ACCESSSPEC_RESPONSE,
        MessageKind::GET_ACCESSSPECS_RESPONSE,
        MessageKind::CLOSE_CONNECTION_RESPONSE,
        MessageKind::ERROR_MESSAGE,
    ] {
        assert!(sent.contains_key(&kind), "the reader never sent {kind}; it sent {kinds:?}");
    }
    let all: Vec<(&MessageKind, &Vec<u8>)> =
        sent.iter().flat_map(|(kind, all)| all.iter().map(move |bytes| (kind, bytes))).collect();
    let lines: String = all.iter().map(|(_, bytes)| hex(bytes) + "\n").collect();
    let Some(told) = llrpjs(&lines) else { return };
    assert_eq!(told.len(), all.len());
    for ((kind, bytes), told) in all.iter().zip(&told) {
        let id = u32::from_be_bytes(bytes[6..10].try_into().unwrap());
        assert_eq!(told["type"], kind.to_string(), "{}: {told}", hex(bytes));
        assert_eq!((&told["id"], &told["again"]), (&id.into(), &hex(bytes).into()), "{kind}");
    }
}
