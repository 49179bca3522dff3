//! Readers with IoT interfaces at a dock: a Zebra behind a real Mosquitto, by TLS, one more without it and with old
//! firmware, and an Impinj over REST. Their tags become movements, what is missing becomes a recorded gap, and readers
//! that were away are read on.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use gatewarden_simulators::{
    impinj_iot::{self, ImpinjIotOptions, ImpinjIotReader},
    llrp::SimTag,
    zebra_iot::{self, ZebraIotOptions, ZebraIotReader},
};
use gatewarden_tests::{
    BOLT, Gateway, Journal, People, Settings, epc, free_port, gatewarden, receipt, until,
};
use serde_json::Value;

/// Between two rounds of a simulated reader.
const ROUND_MS: u64 = 50;

/// A real broker with a plain door and one with TLS.
struct Broker {
    child: Child,
    plain: u16,
    tls: u16,
    folder: tempfile::TempDir,
}

impl Broker {
    /// `None` where there is no Mosquitto, which `tests/run` installs.
    async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (plain, tls, at) = (free_port(), free_port(), folder.path());
        certificate(at);
        let conf = format!(
            "user root\nallow_anonymous true\nlistener {plain} 127.0.0.1\nlistener {tls} 127.0.0.1\n\
             certfile {0}/cert\nkeyfile {0}/key\n",
            at.display()
        );
        std::fs::write(at.join("conf"), conf).unwrap();
        // Debian puts it where not every PATH looks.
        let started = ["mosquitto", "/usr/sbin/mosquitto"].into_iter().find_map(|program| {
            let mut command = Command::new(program);
            command.arg("-c").arg(at.join("conf")).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().ok()
        });
        let Some(child) = started else {
            let peers = std::env::var_os("GATEWARDEN_PEERS");
            assert!(peers.is_none(), "GATEWARDEN_PEERS is set, but there is no mosquitto");
            eprintln!("SKIPPED: no mosquitto; tests/run installs it");
            return None;
        };
        let broker = Self { child, plain, tls, folder };
        until("the broker listens", || async {
            tokio::net::TcpStream::connect(("127.0.0.1", tls)).await.ok()
        })
        .await;
        Some(broker)
    }

    fn reader(&self, base: &str, old: bool) -> ZebraIotReader {
        let broker = ("127.0.0.1".to_owned(), self.plain);
        let base = base.to_owned();
        let usual = ZebraIotOptions::default();
        zebra_iot::start(ZebraIotOptions { broker, base, old, round_ms: ROUND_MS, ..usual })
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A certificate for `localhost` and its key.
fn certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(folder.join("key"))
        .arg("-out")
        .arg(folder.join("cert"))
        .output();
    assert!(made.unwrap().status.success(), "openssl makes no certificate");
}

async fn impinj() -> ImpinjIotReader {
    let bind = ([127, 0, 0, 1], free_port()).into();
    let options = ImpinjIotOptions { bind, round_ms: ROUND_MS, ..ImpinjIotOptions::default() };
    impinj_iot::start(options).await.unwrap()
}

fn bolts(serials: std::ops::Range<u64>) -> Vec<SimTag> {
    let tag = |serial| SimTag { epc: epc(BOLT, serial), antenna: 1, rssi_dbm: -50 };
    serials.map(tag).collect()
}

struct Dock {
    gateway: Gateway,
    people: People,
    zebra: ZebraIotReader,
    old: ZebraIotReader,
    impinj: ImpinjIotReader,
}

impl Dock {
    async fn new(broker: &Broker) -> Self {
        let (zebra, old) = (broker.reader("zebra/new", false), broker.reader("zebra/old", true));
        let impinj = impinj().await;
        let device = |name: &str, kind: &str, rest: String| {
            format!("\n[[devices]]\nname = \"{name}\"\nkind = \"{kind}\"\n{rest}\n")
        };
        let topics = |name: &str| format!("client_id = \"gw-{name}\"\ntopic = \"zebra/{name}\"");
        let more = [
            device(
                "zebra-1",
                "zebra-iot",
                format!(
                    "address = \"localhost:{}\"\nca = \"{}/cert\"\n{}",
                    broker.tls,
                    broker.folder.path().display(),
                    topics("new")
                ),
            ),
            device(
                "zebra-2",
                "zebra-iot",
                format!(
                    "address = \"127.0.0.1:{}\"\nmode = \"inventory\"\n{}",
                    broker.plain,
                    topics("old")
                ),
            ),
            device(
                "impinj-1",
                "impinj-iot",
                format!("url = \"{}\"\npassword = {{ env = \"TEST_IMPINJ\" }}", impinj.url()),
            ),
        ];
        let settings = Settings {
            more: more.concat(),
            env: vec![("TEST_IMPINJ".to_owned(), "impinj".into())],
            ..Settings::default()
        };
        let mut gateway = Gateway::prepare(settings).await;
        let devices = "\"lights-1\", \"zebra-1\", \"zebra-2\", \"impinj-1\"]";
        gateway.reconfigure("\"lights-1\"]", devices);
        gateway.run().await;
        let people = People::enrol(&gateway).await;
        people.sign_in("li.wei", Some("dock-1")).await;
        let dock = Self { gateway, people, zebra, old, impinj };
        dock.up().await;
        dock
    }

    async fn up(&self) {
        self.gateway.until_devices(&self.people.viewer, &[]).await;
        assert!(self.zebra.status().borrow().reading && self.old.status().borrow().reading);
        assert!(self.impinj.status().borrow().running);
    }

    /// Two boxes before each of the readers, received on an order of six.
    async fn receive(&self, number: &str, from: u64) {
        self.people.open(&receipt(number, 6)).await;
        self.zebra.set_field(bolts(from..from + 2));
        self.old.set_field(bolts(from + 2..from + 4));
        self.impinj.set_field(bolts(from + 4..from + 6));
        self.people.moved(number).await;
        self.zebra.set_field(Vec::new());
        self.old.set_field(Vec::new());
        self.impinj.set_field(Vec::new());
    }

    /// The reason of a gap that was recorded for a device.
    async fn gap(&self, device: &str, reason: &str) {
        let ledger = self.gateway.ledger();
        let says = |gap: &Value| {
            gap["device"] == device && gap["reason"].as_str().is_some_and(|r| r.contains(reason))
        };
        let what = format!("a gap of {device}: {reason}");
        until(&what, || async { Journal::read(&ledger).of_kind("gap").any(says).then_some(()) })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_with_an_iot_interface_serve_a_dock_and_every_loss_is_recorded() {
    let Some(broker) = Broker::start().await else { return };
    let dock = Dock::new(&broker).await;
    dock.receive("PO-1", 1).await;

    dock.zebra.skip_events(3);
    dock.impinj.overflow(12);
    dock.gap("impinj-1", "\"eventsPurged\":12").await;
    dock.receive("PO-2", 11).await;
    dock.gap("zebra-1", "are missing").await;

    dock.zebra.power_cycle();
    dock.impinj.go_away().await;
    dock.gateway.until_devices(&dock.people.viewer, &[("impinj-1", "down")]).await;
    dock.impinj.come_back().await.unwrap();
    dock.gap("zebra-1", "no longer active").await;
    dock.gap("impinj-1", "stream").await;
    dock.up().await;
    dock.receive("PO-3", 21).await;
    dock.gateway.cli_ok(&["ledger", "verify"], "");
}

async fn probe(url: String, seconds: &'static str) -> Output {
    let run = move || {
        let mut command = Command::new(gatewarden());
        command.args(["probe", &url, "--seconds", seconds, "--json"]);
        command.env("GATEWARDEN_PROBE_PASSWORD", "impinj").output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn report(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_tells_who_a_reader_is_and_starts_nothing() {
    let reader = impinj().await;
    let found = report(&probe(format!("impinj+{}", reader.url()), "1").await);
    assert_eq!(
        (&found["reader"]["product_model"], &found["status"]),
        (&"R700".into(), &"idle".into())
    );
    assert_eq!(reader.status().borrow().starts, 0);
    let wrong = probe(format!("impinj+{}?user=nobody", reader.url()), "1").await;
    assert!(refusal(&wrong).contains("password"));

    let Some(broker) = Broker::start().await else { return };
    let reader = broker.reader("zebra/door", false);
    let _ = reader.status().wait_for(|now| now.ready).await;
    let at = |base: &str| format!("zebra-iot+mqtt://127.0.0.1:{}/zebra/{base}", broker.plain);
    let (found, ()) = tokio::join!(probe(at("door"), "1"), async {
        for _ in 0..10 {
            reader.tags(&[&epc(BOLT, 7)]);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let found = report(&found);
    assert_eq!((&found["reader"]["model"], &found["reading"]), (&"FX9600".into(), &false.into()));
    assert_eq!(found["tags"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(reader.status().borrow().starts, 0);
    let elsewhere = refusal(&probe(at("hall"), "1").await);
    assert!(elsewhere.contains("zebra/hall/mgmt/cmd"), "{elsewhere}");
    let untrusted = format!("zebra-iot+mqtts://localhost:{}/zebra/door", broker.tls);
    assert!(refusal(&probe(untrusted, "1").await).contains("certificate is"));
}
