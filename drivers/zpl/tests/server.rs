//! The task against a printer made of a TCP socket.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use gatewarden_model::{Clock, DeviceEvent, DeviceId, DeviceState, Stamp};
use gatewarden_zpl::{NoDesk, Settings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap();
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
    }
}

const READY: &str = "\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n\
    \x02001,0,0,0,1,2,6,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n";
const HEAD_OPEN: &str = "\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n\
    \x02001,0,1,0,1,2,6,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n";
const PAPER_OUT: &str = "\x02030,1,1,1245,000,0,0,0,000,0,0,0\x03\r\n\
    \x02001,0,0,0,1,2,6,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n";

/// A printer that answers each `~HS` with the next text; in two pieces, as TCP may.
async fn printer(answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answers = Mutex::new(answers.into_iter());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = [0u8; 3];
            stream.read_exact(&mut question).await.unwrap();
            assert_eq!(&question, b"~HS");
            let answer = answers.lock().unwrap().next();
            match answer.as_deref() {
                None | Some("mute") => std::future::pending().await,
                Some(text) => {
                    let (head, tail) = text.as_bytes().split_at(text.len() / 2);
                    stream.write_all(head).await.ok();
                    stream.flush().await.ok();
                    tokio::task::yield_now().await;
                    stream.write_all(tail).await.ok();
                }
            }
        }
    });
    address
}

async fn told(address: String, count: usize) -> Vec<String> {
    let is_at = address.clone();
    let settings = Settings { poll_ms: 10, time_out_ms: 300, ..Settings::new(address) };
    let (sender, mut events) = mpsc::channel(4);
    let stop = CancellationToken::new();
    let device = DeviceId::parse("printer-1").unwrap();
    let clock = Arc::new(TestClock(Instant::now()));
    let task = tokio::spawn(gatewarden_zpl::run(
        device,
        settings,
        clock,
        sender,
        Arc::new(NoDesk),
        stop.clone(),
    ));
    let mut seen = Vec::new();
    while seen.len() < count {
        match timeout(Duration::from_secs(8), events.recv()).await.unwrap().unwrap() {
            DeviceEvent::Identity { facts, .. } => assert_eq!(facts["address"], is_at),
            event => seen.push(words(event)),
        }
    }
    stop.cancel();
    timeout(Duration::from_secs(2), task).await.unwrap().unwrap();
    // What was told between the last awaited state and the stop does not matter here.
    let mut last = String::new();
    while let Some(event) = events.recv().await {
        last = words(event);
    }
    seen.push(last);
    seen
}

fn words(event: DeviceEvent) -> String {
    let DeviceEvent::State { state, .. } = event else { return format!("{event:?}") };
    match state {
        DeviceState::Connecting { attempt } => format!("connecting {attempt}"),
        DeviceState::Up { detail } => format!("up {detail}"),
        DeviceState::Down { reason, .. } => format!("down {reason}"),
        DeviceState::Stopped => "stopped".to_owned(),
    }
}

fn check(seen: &[String], expected: &[&str]) {
    assert_eq!(seen.len(), expected.len(), "{seen:#?}");
    for (seen, expected) in seen.iter().zip(expected) {
        assert!(seen.contains(expected), "{seen:?} lacks {expected:?}");
    }
}

#[tokio::test]
async fn states_are_told_when_they_change() {
    let answers = [READY, READY, HEAD_OPEN, HEAD_OPEN, PAPER_OUT, READY].map(str::to_owned);
    let seen = told(printer(answers.to_vec()).await, 5).await;
    let expected = [
        "connecting 1",
        "up ready",
        "down the printer needs a hand: head open",
        "paper out, paused",
        "up ready",
        "stopped",
    ];
    check(&seen, &expected);
}

#[tokio::test]
async fn nonsense_and_truncation_are_down_and_recover() {
    let answers =
        [&READY[..40], "x\x03\r\ny\x03\r\nz\x03\r\n", &"0".repeat(600), READY].map(str::to_owned);
    let seen = told(printer(answers.to_vec()).await, 8).await;
    let expected = [
        "connecting 1",
        "closed the connection without a whole answer",
        "connecting 2",
        "which answers no question",
        "connecting 3",
        "which answers no question",
        "connecting 4",
        "up ready",
        "stopped",
    ];
    check(&seen, &expected);
}

#[tokio::test]
async fn a_mute_printer_is_down() {
    let seen = told(printer(vec![READY.to_owned(), "mute".to_owned()]).await, 3).await;
    check(&seen, &["connecting 1", "up ready", "no status from", "stopped"]);
}

#[tokio::test]
async fn a_missing_printer_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let seen = told(address, 3).await;
    check(&seen, &["connecting 1", "failed to connect", "connecting 2", "stopped"]);
}
