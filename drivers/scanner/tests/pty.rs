//! The task against a real pseudo terminal: scans, garbage, unplugging, coming back, stopping.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use std::{
    fs::File,
    io::Write,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use gatewarden_model::{Clock, DeviceEvent, DeviceId, DeviceState, ReadValue, Signal, Stamp};
use gatewarden_scanner::Settings;
use nix::pty::openpty;
use tokio::{
    sync::{mpsc, watch},
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

/// A scanner on a pty whose path is a link, as udev would make one.
struct Scanner {
    master: Option<File>,
    link: PathBuf,
}

impl Scanner {
    fn plug(link: &Path) -> Self {
        let pty = openpty(None, None).unwrap();
        let slave = nix::unistd::ttyname(&pty.slave).unwrap();
        std::fs::remove_file(link).ok();
        symlink(slave, link).unwrap();
        Self { master: Some(pty.master.into()), link: link.to_owned() }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.master.as_mut().unwrap().write_all(bytes).unwrap();
    }

    fn unplug(&mut self) {
        self.master = None;
        std::fs::remove_file(&self.link).unwrap();
    }
}

struct Bench {
    _dir: tempfile::TempDir,
    link: PathBuf,
    events: mpsc::Receiver<DeviceEvent>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Bench {
    fn start(plugged: bool, channel: usize) -> (Self, Option<Scanner>) {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("scanner");
        let scanner = plugged.then(|| Scanner::plug(&link));
        let (sender, events) = mpsc::channel(channel);
        let stop = CancellationToken::new();
        let task = tokio::spawn(gatewarden_scanner::run(
            DeviceId::parse("scanner-1").unwrap(),
            Settings::new(&link),
            Arc::new(TestClock(Instant::now())),
            sender,
            watch::channel(Signal::Off).1,
            stop.clone(),
        ));
        (Self { _dir: dir, link, events, stop, task }, scanner)
    }

    /// The next event in words.
    async fn next(&mut self) -> String {
        let event = loop {
            let event = timeout(Duration::from_secs(8), self.events.recv()).await.unwrap();
            match event.unwrap() {
                DeviceEvent::Identity { facts, .. } => {
                    assert_eq!(facts["path"], self.link.to_string_lossy(), "{facts:?}");
                }
                other => break other,
            }
        };
        match event {
            DeviceEvent::Identity { .. } => "identity".to_owned(),
            DeviceEvent::State { state, .. } => match state {
                DeviceState::Connecting { attempt } => format!("connecting {attempt}"),
                DeviceState::Up { .. } => "up".to_owned(),
                DeviceState::Down { reason, .. } => {
                    let known = ["unplugged", "failed to open"];
                    let found = known.into_iter().find(|k| reason.contains(k));
                    format!("down {}", found.unwrap_or(&reason))
                }
                DeviceState::Stopped => "stopped".to_owned(),
            },
            DeviceEvent::Reads(reads) => match &reads[0].value {
                ReadValue::Scan(scan) => {
                    format!("{} {}", scan.aim.as_deref().unwrap_or("-"), scan.text)
                }
                ReadValue::Tag(_) => "tag".to_owned(),
            },
            DeviceEvent::Gap { reason, .. } => format!("gap {}", reason.split(':').next().unwrap()),
            DeviceEvent::Input { .. } => "input".to_owned(),
        }
    }

    async fn expect(&mut self, expected: &[&str]) {
        for e in expected {
            assert_eq!(self.next().await, *e);
        }
    }

    async fn finish(self) {
        self.stop.cancel();
        timeout(Duration::from_secs(2), self.task).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn scans_and_garbage_come_in_order() {
    let (mut bench, scanner) = Bench::start(true, 64);
    let mut scanner = scanner.unwrap();
    bench.expect(&["connecting 1", "up"]).await;
    scanner.send(b"]C10104012345678901\x1d21A1\r\n\xff\xfe\r4012345678901\n");
    bench.expect(&["]C1 0104012345678901\u{1d}21A1", "gap a line that is not UTF-8 (first bad byte at 0); check baud rate and the scanner's encoding", "- 4012345678901"]).await;
    scanner.send(b"0104012");
    bench.expect(&["gap half a scan"]).await;
    bench.stop.cancel();
    bench.expect(&["stopped"]).await;
    bench.finish().await;
}

#[tokio::test]
async fn an_unplugged_scanner_is_down_and_comes_back_with_a_gap() {
    let (mut bench, scanner) = Bench::start(true, 64);
    let mut scanner = scanner.unwrap();
    bench.expect(&["connecting 1", "up"]).await;
    scanner.send(b"one\r");
    bench.expect(&["- one"]).await;
    scanner.unplug();
    bench.expect(&["down unplugged", "connecting 2", "down failed to open"]).await;
    let mut scanner = Scanner::plug(&bench.link);
    bench.expect(&["connecting 3", "gap the scanner was not connected", "up"]).await;
    scanner.send(b"two\r");
    bench.expect(&["- two"]).await;
    bench.finish().await;
}

#[tokio::test]
async fn a_missing_scanner_is_waited_for() {
    let (mut bench, _) = Bench::start(false, 64);
    bench.expect(&["connecting 1", "down failed to open"]).await;
    let mut scanner = Scanner::plug(&bench.link);
    bench.expect(&["connecting 2", "gap the scanner was not connected", "up"]).await;
    scanner.send(b"x\r");
    bench.expect(&["- x"]).await;
    bench.finish().await;
}

#[tokio::test]
async fn a_full_channel_delays_and_never_drops() {
    let (mut bench, scanner) = Bench::start(true, 1);
    let mut scanner = scanner.unwrap();
    bench.expect(&["connecting 1", "up"]).await;
    let lines: Vec<String> = (0..300).map(|i| format!("{i:06}")).collect();
    scanner.send(format!("{}\r", lines.join("\r")).as_bytes());
    for line in &lines {
        assert_eq!(bench.next().await, format!("- {line}"));
    }
    bench.finish().await;
}

#[tokio::test]
async fn a_full_channel_does_not_hold_up_the_stop() {
    let (bench, scanner) = Bench::start(true, 1);
    scanner.unwrap().send(b"a\rb\rc\r");
    bench.finish().await;
}
