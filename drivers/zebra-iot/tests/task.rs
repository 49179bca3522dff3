//! The driver and a simulated reader at a real Mosquitto, plain and with TLS; the broker restarts in between.

#![allow(clippy::unwrap_used)] // A failing test may say so by panicking.

mod common;

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use gatewarden_model::{DeviceEvent, DeviceId, DeviceState, ReadValue};
use gatewarden_simulators::zebra_iot::{Shape, ZebraIotOptions, ZebraIotReader, start};
use gatewarden_zebra_iot::{Settings, Trust, run};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

const PATIENCE: Duration = Duration::from_secs(20);

struct Broker {
    child: Child,
    plain: u16,
    tls: u16,
    folder: tempfile::TempDir,
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Debian puts it where not every PATH looks.
fn spawn(conf: &Path) -> Option<Child> {
    ["mosquitto", "/usr/sbin/mosquitto"].into_iter().find_map(|program| {
        let mut command = Command::new(program);
        command.arg("-c").arg(conf).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
    })
}

impl Broker {
    async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (plain, tls, at) = (free_port(), free_port(), folder.path());
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ])
            .args([
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
            ])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
            .arg(at.join("key"))
            .arg("-out")
            .arg(at.join("cert"))
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "openssl makes no certificate");
        let (cert, key) = (at.join("cert"), at.join("key"));
        let conf = format!(
            "user root\nallow_anonymous true\nlistener {plain} 127.0.0.1\nlistener {tls} 127.0.0.1\n\
             certfile {}\nkeyfile {}\n",
            cert.display(),
            key.display()
        );
        std::fs::write(at.join("conf"), conf).unwrap();
        let Some(child) = spawn(&at.join("conf")) else {
            let peers = std::env::var_os("GATEWARDEN_PEERS");
            assert!(peers.is_none(), "GATEWARDEN_PEERS is set, but there is no mosquitto");
            println!("skipped: no mosquitto");
            return None;
        };
        let broker = Self { child, plain, tls, folder };
        broker.ready().await;
        Some(broker)
    }

    async fn ready(&self) {
        let up = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", self.plain)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, up).await.unwrap();
    }

    async fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(&self.folder.path().join("conf")).unwrap();
        self.ready().await;
    }

    async fn reader(&self, shape: Shape) -> ZebraIotReader {
        let broker = ("127.0.0.1".to_owned(), self.plain);
        let reader = start(ZebraIotOptions { broker, base: "zebra/door".into(), seed: 1, shape });
        let ready = async {
            while !reader.is_ready() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, ready).await.unwrap();
        reader
    }

    fn settings(&self) -> Settings {
        let settings = Settings::new("localhost", self.plain, "gatewarden-test", "zebra/door");
        Settings { time_out_ms: 2_000, status_ms: 300, ..settings }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Driver {
    events: mpsc::Receiver<DeviceEvent>,
    _guard: DropGuard,
}

impl Driver {
    fn start(settings: Settings) -> Self {
        let (send, events) = mpsc::channel(64);
        let (stop, clock) = (CancellationToken::new(), Arc::new(common::TestClock::default()));
        tokio::spawn(run(DeviceId::parse("door").unwrap(), settings, clock, send, stop.clone()));
        Self { events, _guard: stop.drop_guard() }
    }

    async fn until<T>(&mut self, what: &str, pick: impl Fn(DeviceEvent) -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = pick(self.events.recv().await.expect("the driver ended")) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("no {what} in time"))
    }

    async fn up(&mut self) {
        let up =
            |e| matches!(e, DeviceEvent::State { state: DeviceState::Up { .. }, .. }).then_some(());
        self.until("up", up).await;
    }

    async fn down(&mut self) -> String {
        let down = |e| match e {
            DeviceEvent::State { state: DeviceState::Down { reason, .. }, .. } => Some(reason),
            _ => None,
        };
        self.until("down", down).await
    }

    async fn gap(&mut self) -> String {
        let gap = |e| if let DeviceEvent::Gap { reason, .. } = e { Some(reason) } else { None };
        self.until("gap", gap).await
    }

    async fn epcs(&mut self) -> Vec<Vec<u8>> {
        let reads = |e| if let DeviceEvent::Reads(reads) = e { Some(reads) } else { None };
        let reads = self.until("reads", reads).await;
        let epc = |value| if let ReadValue::Tag(tag) = value { Some(tag.epc) } else { None };
        reads.into_iter().filter_map(|read| epc(read.value)).collect()
    }
}

#[tokio::test]
async fn a_reader_tells_who_it_is_its_tags_and_every_loss_over_a_restart_of_the_broker() {
    let Some(mut broker) = Broker::start().await else { return };
    let reader = broker.reader(Shape::Simple).await;
    let mut driver = Driver::start(broker.settings());
    let facts = |e| if let DeviceEvent::Identity { facts, .. } = e { Some(facts) } else { None };
    assert_eq!(driver.until("identity", facts).await["serial"], "FX9600000001");
    driver.up().await;
    assert!(reader.is_reading());
    reader.tags(&[&[1; 12], &[2; 12]]).await.unwrap();
    assert_eq!(driver.epcs().await, [[1; 12], [2; 12]]);
    reader.input(2, true).await.unwrap();
    let input = |e| matches!(e, DeviceEvent::Input { port: 2, on: true, .. }).then_some(());
    driver.until("input", input).await;
    reader.skip_events(3);
    reader.tags(&[&[3; 12]]).await.unwrap();
    assert!(driver.gap().await.contains("events 3 to 5 are missing"));
    broker.restart().await;
    driver.down().await;
    driver.gap().await;
    driver.up().await;
    reader.tags(&[&[4; 12]]).await.unwrap();
    assert_eq!(driver.epcs().await, [[4; 12]]);
}

#[tokio::test]
async fn refusal_silence_and_a_start_without_effect_are_named() {
    let Some(broker) = Broker::start().await else { return };
    let reader = broker.reader(Shape::Custom).await;
    reader.be_lazy(true);
    let mut driver = Driver::start(broker.settings());
    assert!(driver.down().await.contains("stays inactive"));
    reader.be_lazy(false);
    driver.up().await;
    reader.silence(true);
    assert!(driver.down().await.contains("no answer to get_status"));
    reader.silence(false);
    reader.refuse(true);
    let refused = async { while !driver.down().await.contains("refuses get_version") {} };
    timeout(PATIENCE, refused).await.unwrap();
}

#[tokio::test]
async fn tls_trusts_whom_it_is_told_and_nobody_else() {
    let Some(broker) = Broker::start().await else { return };
    let reader = broker.reader(Shape::Handheld).await;
    let pem = std::fs::read(broker.folder.path().join("cert")).unwrap();
    let plain = broker.settings();
    let with = |trust| Settings { port: broker.tls, trust: Some(trust), ..plain.clone() };
    assert!(Driver::start(with(Trust::Pin([1; 32]))).down().await.contains("not the pinned one"));
    let mut driver = Driver::start(with(Trust::Authorities(pem)));
    driver.up().await;
    reader.tags(&[&[5; 12]]).await.unwrap();
    assert_eq!(driver.epcs().await, [[5; 12]]);
}
