//! The task over real sockets against a small reader: outage, garbage, back-pressure, goodbye.
#![allow(clippy::unwrap_used)] // tests fail by panicking

use std::{sync::Arc, time::Duration};

use gatewarden_llrp::{
    ProbeError, Settings,
    codec::{
        ConnectionAttemptEvent, LlrpStatus, Message, MessageKind as Kind, ReaderEvent, TagReport,
        decode_frame, encode_report,
    },
    probe, run,
};
use gatewarden_model::{DeviceEvent, DeviceId, DeviceState, Hash, ReadValue};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

mod common;

const PATIENCE: Duration = Duration::from_secs(20);
const CAPABILITIES: &str = include_str!("frames/capabilities.hex");

/// The reader's end of one connection.
struct Reader {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Reader {
    /// Greets, and answers until the client asks for events and reports.
    async fn accept(listener: &TcpListener) -> Self {
        let mut reader = Self::connect(listener).await;
        reader.serve_all().await;
        reader
    }

    /// Greets, and answers nothing yet.
    async fn connect(listener: &TcpListener) -> Self {
        let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        let mut reader = Self { stream, input: Vec::new() };
        let attempt = Some(ConnectionAttemptEvent::default());
        let hello = ReaderEvent { attempt, ..Default::default() };
        let hello = Message::new(Kind::READER_EVENT_NOTIFICATION, 0).with(&hello);
        reader.send(&hello.encode().unwrap()).await;
        reader
    }

    async fn serve_all(&mut self) {
        while self.serve().await.unwrap() != Kind::ENABLE_EVENTS_AND_REPORTS {}
    }

    /// Answers one request and says which it was; `None` at the end of the stream.
    async fn serve(&mut self) -> Option<Kind> {
        let request = loop {
            if let Some((message, used)) = decode_frame(&self.input).unwrap() {
                self.input.drain(..used);
                break message;
            }
            let got = timeout(PATIENCE, self.stream.read_buf(&mut self.input)).await.unwrap();
            if got.unwrap() == 0 {
                return None;
            }
        };
        if let Some(kind) = request.kind.response() {
            let answer = match kind {
                Kind::GET_READER_CAPABILITIES_RESPONSE => Message {
                    id: request.id,
                    ..decode_frame(&hex(CAPABILITIES)).unwrap().unwrap().0
                },
                _ => Message::with_status(kind, request.id, &LlrpStatus::success()),
            };
            self.send(&answer.encode().unwrap()).await;
        }
        Some(request.kind)
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    async fn report(&mut self, number: u32) -> Vec<u8> {
        let mut epc = [0x30; 12];
        epc[8..].copy_from_slice(&number.to_be_bytes());
        let tag = TagReport { epc: &epc, epc_bits: 96, antenna: Some(1), ..TagReport::default() };
        let frame = encode_report(1, number, &[tag]).unwrap();
        self.send(&frame).await;
        frame
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

struct Driver {
    inbox: mpsc::Receiver<DeviceEvent>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

async fn start(room: usize) -> (TcpListener, Driver) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = Settings::new(listener.local_addr().unwrap().to_string());
    let (events, inbox) = mpsc::channel(room);
    let stop = CancellationToken::new();
    let device = DeviceId::parse("dock-1").unwrap();
    let clock = Arc::new(common::TestClock::default());
    let task = tokio::spawn(run(device, settings, clock, events, stop.clone()));
    (listener, Driver { inbox, stop, task })
}

impl Driver {
    async fn next(&mut self) -> DeviceEvent {
        timeout(PATIENCE, self.inbox.recv()).await.unwrap().unwrap()
    }

    async fn state(&mut self) -> DeviceState {
        match self.next().await {
            DeviceEvent::State { state, .. } => state,
            other => panic!("no state but {other:?}"),
        }
    }

    async fn expect_identity(&mut self) {
        let DeviceEvent::Identity { facts, .. } = self.next().await else { panic!("nobody") };
        let told = gatewarden_model::facts_words(&facts);
        let rest = ", firmware llrpkit-emu 0.1, maker 25882, model 700";
        assert!(told.starts_with("address 127.0.0.1:") && told.ends_with(rest), "{told}");
    }

    async fn expect_up(&mut self) {
        assert!(matches!(self.state().await, DeviceState::Connecting { .. }));
        self.expect_identity().await;
        let detail = "Impinj model 700, firmware llrpkit-emu 0.1".into();
        assert_eq!(self.state().await, DeviceState::Up { detail });
    }
}

#[tokio::test]
async fn an_outage_is_one_gap_from_the_last_good_moment_to_the_first() {
    let (listener, mut driver) = start(64).await;
    let mut reader = Reader::accept(&listener).await;
    driver.expect_up().await;
    let frame = reader.report(1).await;
    let DeviceEvent::Reads(reads) = driver.next().await else { panic!("no reads") };
    assert_eq!(reads[0].raw, Hash::of(&frame));
    drop(reader);
    let DeviceState::Down { reason, retry_in_ms } = driver.state().await else {
        panic!("not down")
    };
    assert!(reason == "the reader closed the connection" || reason.contains("broke"), "{reason}");
    assert!(retry_in_ms <= 500);
    let _reader = Reader::accept(&listener).await;
    assert_eq!(driver.state().await, DeviceState::Connecting { attempt: 2 });
    driver.expect_identity().await;
    let DeviceEvent::Gap { from, to, reason: again, .. } = driver.next().await else {
        panic!("no gap")
    };
    assert_eq!(again, reason);
    assert!(from.mono_us >= reads[0].at.mono_us && from.mono_us < to.mono_us);
    assert!(matches!(driver.state().await, DeviceState::Up { .. }));
}

/// Reports may come before the answers that say who the reader is.
#[tokio::test]
async fn nothing_read_is_told_before_who_read_it() {
    let (listener, mut driver) = start(64).await;
    let mut reader = Reader::connect(&listener).await;
    reader.report(1).await;
    reader.report(2).await;
    reader.serve_all().await;
    driver.expect_up().await;
    let DeviceEvent::Reads(reads) = driver.next().await else { panic!("no reads") };
    assert_eq!(reads.len(), 2);
    drop(reader);
    assert!(matches!(driver.state().await, DeviceState::Down { .. }));

    // One that never tells is not told of.
    let mut mute = Reader::connect(&listener).await;
    mute.report(3).await;
    drop(mute);
    assert!(matches!(driver.state().await, DeviceState::Connecting { .. }));
    let DeviceEvent::Gap { reason, .. } = driver.next().await else { panic!("no gap") };
    assert_eq!(reason, "1 reads of a reader that did not tell who it is");
    assert!(matches!(driver.state().await, DeviceState::Down { .. }));
}

#[tokio::test]
async fn garbage_is_down_and_tried_again() {
    let (listener, mut driver) = start(64).await;
    let mut reader = Reader::accept(&listener).await;
    driver.expect_up().await;
    reader.send(&hex("043d 05f5e100 00000000")).await;
    let DeviceState::Down { reason, .. } = driver.state().await else { panic!("not down") };
    assert!(reason.contains("message length 100000000"), "{reason}");
    let _reader = Reader::accept(&listener).await;
    assert_eq!(driver.state().await, DeviceState::Connecting { attempt: 2 });
}

#[tokio::test]
async fn a_full_channel_loses_nothing_and_keeps_the_order() {
    const READS: u32 = 5_000;
    let (listener, mut driver) = start(1).await;
    let serving = tokio::spawn(async move {
        let mut reader = Reader::accept(&listener).await;
        for number in 0..READS {
            reader.report(number).await;
        }
        reader
    });
    driver.expect_up().await;
    let mut seen = 0u32;
    while seen < READS {
        tokio::task::yield_now().await;
        let DeviceEvent::Reads(reads) = driver.next().await else { panic!("no reads") };
        for read in reads {
            let ReadValue::Tag(tag) = read.value else { panic!("no tag") };
            assert_eq!(tag.epc[8..], seen.to_be_bytes());
            seen += 1;
        }
    }
    drop(serving.await.unwrap());
}

#[tokio::test]
async fn stopping_says_goodbye() {
    let (listener, mut driver) = start(64).await;
    let mut reader = Reader::accept(&listener).await;
    driver.expect_up().await;
    driver.stop.cancel();
    for kind in [Kind::STOP_ROSPEC, Kind::DELETE_ROSPEC, Kind::CLOSE_CONNECTION] {
        assert_eq!(reader.serve().await, Some(kind));
    }
    assert_eq!(driver.state().await, DeviceState::Stopped);
    timeout(PATIENCE, driver.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn stopping_waits_neither_for_a_mute_reader_nor_for_a_deaf_intake() {
    // Room for what is told on the way up: connecting, who it is, up.
    let (listener, mut driver) = start(3).await;
    let mut reader = Reader::accept(&listener).await;
    driver.expect_up().await;
    for number in 0..100 {
        reader.report(number).await;
    }
    driver.stop.cancel();
    timeout(Duration::from_secs(3), driver.task).await.expect("within two seconds").unwrap();
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_down_with_its_reason() {
    let (listener, mut driver) = start(64).await;
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(driver.state().await, DeviceState::Connecting { attempt: 1 });
    let DeviceState::Down { reason, .. } = driver.state().await else { panic!("not down") };
    // The listener may have taken the connection before it was dropped.
    assert!(reason.contains(&address.to_string()) || reason.contains("connection"), "{reason}");
    let error = probe(&address.to_string(), 1).await.unwrap_err();
    assert!(matches!(error, ProbeError::Connect(_)), "{error}");
}
