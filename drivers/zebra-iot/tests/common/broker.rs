//! A real Mosquitto, plain and with TLS, a simulated reader at it, and a driver with what it tells.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use gatewarden_model::{DeviceEvent, DeviceId, DeviceState, ReadValue};
use gatewarden_simulators::zebra_iot::{Shape, ZebraIotOptions, ZebraIotReader, start};
use gatewarden_zebra_iot::{Settings, run};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Broker {
    child: Child,
    pub(crate) plain: u16,
    pub(crate) tls: u16,
    pub(crate) folder: tempfile::TempDir,
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
    pub(crate) async fn start() -> Option<Self> {
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

    pub(crate) async fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(&self.folder.path().join("conf")).unwrap();
        self.ready().await;
    }

    pub(crate) async fn reader(&self, shape: Shape) -> ZebraIotReader {
        let old = shape == Shape::Custom;
        let broker = ("127.0.0.1".to_owned(), self.plain);
        let reader = start(ZebraIotOptions {
            broker,
            base: "zebra/door".into(),
            shape,
            old,
            ..Default::default()
        });
        let ready = async {
            let _ = reader.status().wait_for(|now| now.ready).await;
        };
        timeout(PATIENCE, ready).await.unwrap();
        reader
    }

    pub(crate) fn settings(&self) -> Settings {
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

pub(crate) struct Driver {
    events: mpsc::Receiver<DeviceEvent>,
    _guard: DropGuard,
}

impl Driver {
    pub(crate) fn start(settings: Settings) -> Self {
        let (send, events) = mpsc::channel(64);
        let (stop, clock) = (CancellationToken::new(), Arc::new(super::TestClock::default()));
        tokio::spawn(run(DeviceId::parse("door").unwrap(), settings, clock, send, stop.clone()));
        Self { events, _guard: stop.drop_guard() }
    }

    pub(crate) async fn until<T>(
        &mut self,
        what: &str,
        pick: impl Fn(DeviceEvent) -> Option<T>,
    ) -> T {
        let found = async {
            loop {
                if let Some(found) = pick(self.events.recv().await.expect("the driver ended")) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("no {what} in time"))
    }

    /// Stops it, and waits until it is gone.
    pub(crate) async fn end(self) {
        let Self { mut events, _guard } = self;
        drop(_guard);
        let gone = async { while events.recv().await.is_some() {} };
        timeout(PATIENCE, gone).await.unwrap();
    }

    pub(crate) async fn up(&mut self) {
        let up =
            |e| matches!(e, DeviceEvent::State { state: DeviceState::Up { .. }, .. }).then_some(());
        self.until("up", up).await;
    }

    pub(crate) async fn down(&mut self) -> String {
        let down = |e| match e {
            DeviceEvent::State { state: DeviceState::Down { reason, .. }, .. } => Some(reason),
            _ => None,
        };
        self.until("down", down).await
    }

    pub(crate) async fn gap(&mut self) -> String {
        let gap = |e| if let DeviceEvent::Gap { reason, .. } = e { Some(reason) } else { None };
        self.until("gap", gap).await
    }

    pub(crate) async fn epcs(&mut self) -> Vec<Vec<u8>> {
        let reads = |e| if let DeviceEvent::Reads(reads) = e { Some(reads) } else { None };
        let reads = self.until("reads", reads).await;
        let epc = |value| if let ReadValue::Tag(tag) = value { Some(tag.epc) } else { None };
        reads.into_iter().filter_map(|read| epc(read.value)).collect()
    }
}
