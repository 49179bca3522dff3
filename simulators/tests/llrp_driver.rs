//! The LLRP driver's task against the simulated reader: TLS, the reader's own connection, a restart of the
//! daemon, the light stack on the outputs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gatewarden_llrp::{Lamps, Settings, Trust, probe, run_with_lamps};
use gatewarden_model::{Clock, DeviceEvent, DeviceId, DeviceState, Hash, Signal, Stamp};
use gatewarden_simulators::llrp::{LlrpOptions, SimCertificate, SimReader, SimTag};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = 1_000_000 + u64::try_from(self.0.elapsed().as_micros()).unwrap();
        let wall = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
        let wall_us = i64::try_from(wall).unwrap();
        Stamp { boot: uuid(), mono_us, wall_us, synced: true }
    }
}

fn uuid() -> uuid::Uuid {
    uuid::Uuid::from_u128(7)
}

struct Driver {
    inbox: mpsc::Receiver<DeviceEvent>,
    signals: watch::Sender<Signal>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Driver {
    fn start(settings: Settings) -> Self {
        let (events, inbox) = mpsc::channel(1_024);
        let (signals, shown) = watch::channel(Signal::Off);
        let stop = CancellationToken::new();
        let device = DeviceId::parse("dock-1").unwrap();
        let clock = Arc::new(TestClock(Instant::now()));
        let task =
            tokio::spawn(run_with_lamps(device, settings, clock, events, shown, stop.clone()));
        Self { inbox, signals, stop, task }
    }

    /// The first event that `pick` takes.
    async fn until<T>(&mut self, mut pick: impl FnMut(DeviceEvent) -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = pick(self.inbox.recv().await.unwrap()) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap()
    }

    async fn up(&mut self) -> String {
        self.until(|event| match event {
            DeviceEvent::State { state: DeviceState::Up { detail }, .. } => Some(detail),
            _ => None,
        })
        .await
    }

    async fn down(&mut self) -> String {
        self.until(|event| match event {
            DeviceEvent::State { state: DeviceState::Down { reason, .. }, .. } => Some(reason),
            _ => None,
        })
        .await
    }

    async fn reads(&mut self) {
        self.until(|event| matches!(event, DeviceEvent::Reads(_)).then_some(())).await;
    }

    async fn stop(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

fn tag() -> SimTag {
    SimTag { epc: vec![0x30; 12], antenna: 1, rssi_dbm: -55 }
}

async fn with_tls() -> (SimReader, Settings) {
    let tls = Some(SimCertificate::One);
    let reader = SimReader::start(LlrpOptions { tls, ..LlrpOptions::default() }).await.unwrap();
    reader.set_field(vec![tag()]);
    let settings = Settings::new(reader.address().to_string());
    (reader, settings)
}

#[tokio::test]
async fn a_pinned_reader_is_read_by_tls_and_a_swapped_certificate_is_refused() {
    let (reader, settings) = with_tls().await;
    let pin = Hash::of(&SimCertificate::One.der().unwrap());
    let mut driver = Driver::start(Settings { tls: Some(Trust::Pin(pin)), ..settings.clone() });
    let facts = driver
        .until(|event| match event {
            DeviceEvent::Identity { facts, .. } => Some(facts),
            _ => None,
        })
        .await;
    driver.up().await;
    driver.reads().await;
    let key = Hash::parse_hex(&facts["key"]).expect("the digest of its key is who it is");

    reader.set_certificate(SimCertificate::Two).unwrap();
    reader.drop_connection();
    driver.down().await;
    let reason = driver.down().await;
    let shown = Hash::of(&SimCertificate::Two.der().unwrap());
    assert!(reason.contains("another certificate than the pinned one"), "{reason}");
    assert!(reason.contains(&shown.to_string()) && reason.contains("tls.sha256"), "{reason}");

    // The key itself can be pinned too, so that the certificate may be made anew.
    reader.set_certificate(SimCertificate::One).unwrap();
    driver.up().await;
    driver.stop().await;
    let mut by_key = Driver::start(Settings { tls: Some(Trust::Pin(key)), ..settings });
    by_key.up().await;
    by_key.stop().await;
}

#[tokio::test]
async fn an_authority_vouches_for_its_reader_and_for_no_other() {
    let (reader, settings) = with_tls().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, SimCertificate::AUTHORITY).unwrap();
    let trust = Some(Trust::Authorities(file));
    let mut driver = Driver::start(Settings { tls: trust, ..settings.clone() });
    driver.up().await;
    reader.set_certificate(SimCertificate::Two).unwrap();
    reader.drop_connection();
    driver.down().await;
    let reason = driver.down().await;
    assert!(reason.contains("tls.ca") || reason.contains("tls.sha256"), "{reason}");
    driver.stop().await;
    let missing = Some(Trust::Authorities(folder.path().join("none.pem")));
    let mut driver = Driver::start(Settings { tls: missing, ..settings });
    assert!(driver.down().await.contains("none.pem"));
    driver.stop().await;
}

#[tokio::test]
async fn a_reader_without_tls_is_told_apart() {
    let reader = SimReader::start(LlrpOptions::default()).await.unwrap();
    let tls = Some(Trust::Pin(Hash::of(b"")));
    let settings = Settings { tls, ..Settings::new(reader.address().to_string()) };
    let mut driver = Driver::start(settings);
    let reason = driver.down().await;
    assert!(reason.contains("TLS"), "{reason}");
    driver.stop().await;
}

#[tokio::test]
async fn a_look_tells_what_is_there_and_the_digest_to_pin() {
    let (reader, settings) = with_tls().await;
    reader.set_clock_skew_us(-90_000_000);
    let report = probe(&format!("llrps://{}", settings.address), 1).await.unwrap();
    let told = &report.reader;
    assert_eq!((told.inputs, told.outputs, told.rospecs.len()), (4, 4, 0));
    assert!(told.has_utc && told.power_cdbm.is_some() && !told.version.is_empty());
    assert_eq!(told.clock_us.map(|us| (us + 500_000) / 1_000_000), Some(-89), "{told:?}");
    let pin = Hash::parse_hex(&report.key_sha256.unwrap()).unwrap();
    let mut driver = Driver::start(Settings { tls: Some(Trust::Pin(pin)), ..settings });
    driver.up().await;
    driver.stop().await;
}

/// A port that is free now.
async fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_reader_that_connects_by_itself_is_read_and_a_second_one_is_hung_up_on() {
    let port = free().await;
    let listen = Some(port.to_string());
    let from = Some(IpAddr::from([127, 0, 0, 1]));
    let mut driver = Driver::start(Settings { listen, from, ..Settings::new("reader of dock 1") });
    let dial = Some(port);
    let reader = SimReader::start(LlrpOptions { dial, ..LlrpOptions::default() }).await.unwrap();
    reader.set_field(vec![tag()]);
    driver.up().await;
    driver.reads().await;
    let mut second = TcpStream::connect(port).await.unwrap();
    let heard = timeout(PATIENCE, second.read(&mut [0; 16])).await.unwrap();
    assert!(matches!(heard, Ok(0) | Err(_)), "hung up on");
    driver.reads().await;
    // The port stays open: the reader comes back by itself.
    reader.drop_connection();
    driver.down().await;
    driver.up().await;
    driver.reads().await;
    driver.stop().await;
    assert_eq!(reader.status().borrow().goodbyes, 1);
}

#[tokio::test]
async fn a_stranger_is_not_taken_for_the_reader() {
    let port = free().await;
    let from = Some(IpAddr::from([127, 9, 9, 9]));
    let listen = Some(port.to_string());
    let mut driver = Driver::start(Settings { listen, from, ..Settings::new("reader") });
    driver.until(|event| matches!(event, DeviceEvent::State { .. }).then_some(())).await;
    let mut stranger = loop {
        if let Ok(stream) = TcpStream::connect(port).await {
            break stream;
        }
        tokio::task::yield_now().await;
    };
    let heard = timeout(PATIENCE, stranger.read(&mut [0; 16])).await.unwrap();
    assert!(matches!(heard, Ok(0) | Err(_)), "hung up on");
    assert!(driver.inbox.try_recv().is_err(), "and nothing is told of it");
    driver.stop().await;
}

#[tokio::test]
async fn what_was_read_while_the_daemon_restarted_is_not_lost() {
    let options = LlrpOptions { miss_percent: 0, ..LlrpOptions::default() };
    let reader = SimReader::start(options).await.unwrap();
    let settings = Settings { leave_running: true, ..Settings::new(reader.address().to_string()) };
    let mut first = Driver::start(settings.clone());
    first.up().await;
    first.stop().await;
    // Only now a tag comes by, and it is gone before the next start.
    let mut status = reader.status();
    let before = status.borrow().reads;
    reader.set_field(vec![tag()]);
    timeout(PATIENCE, status.wait_for(|s| s.reads > before)).await.unwrap().unwrap();
    reader.clear_field();
    let active = status.borrow().active;
    let mut second = Driver::start(settings);
    second.reads().await;
    assert_eq!(status.borrow().active, active, "its ROSpec was adopted");
    assert_eq!(status.borrow().rospecs, 1);
    second.stop().await;
}

#[tokio::test]
async fn the_light_stack_on_the_readers_outputs_follows_the_station() {
    let reader = SimReader::start(LlrpOptions::default()).await.unwrap();
    let gpo = Lamps { green: Some(1), amber: Some(2), red: Some(3), buzzer: Some(4) };
    let settings = Settings { gpo, ..Settings::new(reader.address().to_string()) };
    let mut driver = Driver::start(settings);
    driver.up().await;
    for (signal, lit) in
        [(Signal::Go, [true, false, false, false]), (Signal::Alarm, [false, false, true, true])]
    {
        driver.signals.send_replace(signal);
        shows(&reader, lit).await;
    }
    // What the outputs were while nobody held them is not asked: they are set anew.
    reader.drop_connection();
    driver.down().await;
    driver.signals.send_replace(Signal::Busy);
    shows(&reader, [false, true, false, false]).await;
    driver.stop().await;
    shows(&reader, [false; 4]).await;
}

async fn shows(reader: &SimReader, lit: [bool; 4]) {
    let shown = async {
        while reader.outputs() != lit {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, shown).await.unwrap_or_else(|_| panic!("{:?}", reader.outputs()));
}

#[tokio::test]
async fn a_readers_wrong_clock_is_told() {
    let reader = SimReader::start(LlrpOptions::default()).await.unwrap();
    reader.set_clock_skew_us(90_000_000);
    let mut driver = Driver::start(Settings::new(reader.address().to_string()));
    let detail = driver.up().await;
    let ahead = ["; its clock is 90.0 s ahead", "; its clock is 89.9 s ahead"];
    assert!(ahead.iter().any(|told| detail.ends_with(told)), "{detail}");
    reader.set_field(vec![tag()]);
    driver.reads().await;
    reader.set_clock_skew_us(150_000_000);
    let reason = driver
        .until(|event| match event {
            DeviceEvent::Gap { reason, .. } => Some(reason),
            _ => None,
        })
        .await;
    assert!(reason.starts_with("reader clock jumped"), "{reason}");
    driver.stop().await;
}

#[tokio::test]
async fn a_reader_is_back_soon_after_a_long_absence() {
    let reader = SimReader::start(LlrpOptions::default()).await.unwrap();
    let mut driver = Driver::start(Settings::new(reader.address().to_string()));
    driver.up().await;
    reader.go_away().await;
    for _ in 0..5 {
        driver.down().await;
    }
    let returned = Instant::now();
    reader.come_back().await.unwrap();
    driver.up().await;
    assert!(returned.elapsed() < Duration::from_secs(2), "{:?}", returned.elapsed());
    driver.stop().await;
}
