//! Eight scanners at once, fifty scans a second each: none lost, none merged, each one's order kept.
//!
//! Two send lines and two SSI packets over pseudo terminals, four are HID POS scanners at the level of their reports.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc as reports},
    time::{Duration, Instant},
};

use gatewarden_hid::{Bus, HidError, Opened, Port};
use gatewarden_model::{
    Clock, DeviceEvent, DeviceFacts, DeviceId, DeviceState, ReadValue, Signal, Stamp,
};
use gatewarden_scanner::{Protocol, Settings};
use gatewarden_simulators::{
    scanner::SimScanner,
    ssi::{SimSsi, SsiOptions},
};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

const SCANS: usize = 50;
const PAUSE: Duration = Duration::from_millis(20);

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap();
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
    }
}

/// A HID POS scanner whose reports come through a channel.
struct Hid(Option<reports::Receiver<Vec<u8>>>);

struct Reports(reports::Receiver<Vec<u8>>);

impl Bus for Hid {
    fn open(&mut self) -> Result<Opened, HidError> {
        let missing = || HidError::Missing { wanted: "0001:0002".to_owned() };
        let port = Box::new(Reports(self.0.take().ok_or_else(missing)?));
        let facts = DeviceFacts::from([("serial".to_owned(), "1".to_owned())]);
        Ok(Opened { name: "Test".to_owned(), facts, descriptor: Vec::new(), port })
    }
}

impl Port for Reports {
    fn read(&mut self) -> Result<Vec<u8>, HidError> {
        Ok(self.0.recv_timeout(Duration::from_millis(100)).unwrap_or_default())
    }
}

/// Reports in the makers' common layout, 56 bytes of the text each.
fn as_reports(text: &str) -> Vec<Vec<u8>> {
    let parts: Vec<&[u8]> = text.as_bytes().chunks(56).collect();
    let report = |(at, part): (usize, &&[u8])| {
        let mut report = vec![0; 64];
        report[..5].copy_from_slice(&[2, u8::try_from(part.len()).unwrap(), b']', b'd', b'2']);
        report[5..5 + part.len()].copy_from_slice(part);
        report[63] = u8::from(at + 1 < parts.len());
        report
    };
    parts.iter().enumerate().map(report).collect()
}

/// What one scanner says: every third scan is long.
fn text(scanner: &str, nth: usize) -> String {
    let serial = "0123456789".repeat(if nth.is_multiple_of(3) { 9 } else { 1 });
    format!("{scanner}-{nth:03}-{serial}")
}

type Sender = Box<dyn Fn(&str) + Send>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_scanners_lose_and_merge_nothing() {
    let clock: Arc<dyn Clock> = Arc::new(TestClock(Instant::now()));
    let (events, mut told) = mpsc::channel(16);
    let (_signals, shown) = watch::channel(Signal::Off);
    let stop = CancellationToken::new();
    let mut tasks = Vec::new();
    let mut senders: Vec<(String, Sender)> = Vec::new();
    for nth in 0..2 {
        let (lines, packets) = (format!("line-{nth}"), format!("ssi-{nth}"));
        let line = SimScanner::start().unwrap();
        let packet = SimSsi::start(SsiOptions::default()).unwrap();
        for (name, settings) in [
            (&lines, Settings::new(line.path())),
            (&packets, Settings { protocol: Protocol::Ssi, ..Settings::new(packet.path()) }),
        ] {
            let device = DeviceId::parse(name).unwrap();
            let (clock, events) = (clock.clone(), events.clone());
            let run = gatewarden_scanner::run(
                device,
                settings,
                clock,
                events,
                shown.clone(),
                stop.clone(),
            );
            tasks.push(tokio::spawn(run));
        }
        senders
            .push((lines, Box::new(move |text: &str| line.scan(&format!("]d2{text}")).unwrap())));
        senders.push((
            packets,
            Box::new(move |text: &str| packet.scan(0x1b, &format!("]d2{text}")).unwrap()),
        ));
    }
    for nth in 0..4 {
        let name = format!("hid-{nth}");
        let (sender, receiver) = reports::channel();
        let device = DeviceId::parse(&name).unwrap();
        let (clock, events) = (clock.clone(), events.clone());
        let run =
            gatewarden_hid::run_on(Hid(Some(receiver)), 50, device, clock, events, stop.clone());
        tasks.push(tokio::spawn(run));
        let send =
            move |text: &str| as_reports(text).into_iter().for_each(|r| sender.send(r).unwrap());
        senders.push((name, Box::new(send)));
    }
    let mut up = 0;
    while up < senders.len() {
        let event = timeout(Duration::from_secs(9), told.recv()).await.unwrap().unwrap();
        up +=
            usize::from(matches!(event, DeviceEvent::State { state: DeviceState::Up { .. }, .. }));
    }
    let names: Vec<String> = senders.iter().map(|(name, _)| name.clone()).collect();
    let scanning = tokio::task::spawn_blocking(move || {
        for nth in 0..SCANS {
            senders.iter().for_each(|(name, send)| send(&text(name, nth)));
            std::thread::sleep(PAUSE);
        }
        senders
    });
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut count = 0;
    while count < names.len() * SCANS {
        match timeout(Duration::from_secs(9), told.recv()).await.unwrap().unwrap() {
            DeviceEvent::Reads(reads) => {
                for read in reads {
                    let ReadValue::Scan(scan) = read.value else { panic!("a tag") };
                    assert_eq!(scan.aim.as_deref(), Some("]d2"));
                    seen.entry(read.device.to_string()).or_default().push(scan.text);
                    count += 1;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    for name in names {
        let expected: Vec<String> = (0..SCANS).map(|nth| text(&name, nth)).collect();
        assert_eq!(seen[&name], expected);
    }
    let _plugged = scanning.await.unwrap();
    stop.cancel();
    for task in tasks {
        timeout(Duration::from_secs(2), task).await.unwrap().unwrap();
    }
}
