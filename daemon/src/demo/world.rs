//! The demo's world: simulated hardware and ERP, a configuration, and the daemon as a child.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gatewarden_simulators::{
    llrp::{LlrpOptions, SimReader, SimTag},
    modbus::{LightsOptions, SimLights},
    scanner::SimScanner,
    sgtin96,
    webhook::SimReceiver,
};
use nix::{sys::signal, unistd::Pid};
use serde_json::Value;

use super::client::Caller;

/// The bolts' GTIN-14 and how many of its digits are the company prefix.
pub(super) const BOLT_GTIN: &str = "00614141812349";
/// The gloves' GTIN-14.
const GLOVE_GTIN: &str = "00614141123452";
const PREFIX_DIGITS: usize = 7;
/// The signature key of the webhook, in the child's environment only.
const HOOK_SECRET: &str = "demo-signature-key";
/// How long anything may take to become true.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Everything the demo plays with.
pub(crate) struct World {
    dir: tempfile::TempDir,
    pub(super) reader: SimReader,
    pub(super) scanner: SimScanner,
    pub(super) lights: SimLights,
    pub(super) counter_scanner: SimScanner,
    pub(super) counter_lights: SimLights,
    pub(super) erp: SimReceiver,
    base: String,
    daemon: Option<Child>,
    log: Arc<Mutex<Vec<String>>>,
    /// A machine that may look at everything.
    pub(super) viewer: Caller,
    /// The ERP's client.
    pub(super) erp_client: Caller,
    pub(super) steps_done: u32,
    pub(super) tamper_detected: bool,
}

/// What the whole came to.
pub(super) struct Summary {
    pub(super) movements: usize,
    pub(super) delivered: usize,
    pub(super) duplicates: u64,
    pub(super) lost: usize,
}

impl World {
    /// Starts the hardware, writes the configuration and starts the daemon.
    pub(crate) async fn begin(once: bool) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir().context("failed to create a directory for the demo")?;
        let listen = free_address(if once { 0 } else { 8420 })?;
        let base = format!("http://{listen}");
        let anybody = Caller::anybody(&base)?;
        let world = Self {
            reader: SimReader::start(LlrpOptions::default()).await?,
            scanner: SimScanner::start()?,
            lights: SimLights::start(LightsOptions::default()).await?,
            counter_scanner: SimScanner::start()?,
            counter_lights: SimLights::start(LightsOptions::default()).await?,
            erp: SimReceiver::start(HOOK_SECRET).await?,
            dir,
            base,
            daemon: None,
            log: Arc::default(),
            viewer: anybody.clone(),
            erp_client: anybody,
            steps_done: 0,
            tamper_detected: false,
        };
        std::fs::write(world.config_path(), world.config(&listen.to_string()))?;
        Ok(world)
    }

    fn config_path(&self) -> PathBuf {
        self.dir.path().join("gateway.toml")
    }

    /// The ledger's file.
    pub(super) fn ledger_path(&self) -> PathBuf {
        self.dir.path().join("state/ledger.db")
    }

    fn config(&self, listen: &str) -> String {
        format!(
            include_str!("demo.toml"),
            state = self.dir.path().join("state").display(),
            listen = listen,
            bolt = BOLT_GTIN,
            glove = GLOVE_GTIN,
            reader = self.reader.address(),
            scanner = self.scanner.path().display(),
            lights = self.lights.address(),
            counter_scanner = self.counter_scanner.path().display(),
            counter_lights = self.counter_lights.address(),
            hook = self.erp.url(),
        )
    }

    /// Starts the daemon and waits until it answers.
    pub(crate) async fn start_daemon(&mut self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .args(["run", "--config"])
            .arg(self.config_path())
            .env("DEMO_HOOK_SECRET", HOOK_SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("failed to start the daemon")?;
        if let Some(stderr) = child.stderr.take() {
            let log = Arc::clone(&self.log);
            std::thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    if let Ok(mut log) = log.lock() {
                        log.push(line);
                    }
                }
            });
        }
        self.daemon = Some(child);
        let anybody = Caller::anybody(&self.base)?;
        self.until("the daemon answers", || async {
            Ok(anybody.get("/health").await.is_ok().then_some(()))
        })
        .await?;
        Ok(started.elapsed())
    }

    /// The daemon's process id, while it runs.
    pub(crate) fn daemon_pid(&self) -> Option<u32> {
        self.daemon.as_ref().map(Child::id)
    }

    /// SIGKILL: no chance to say goodbye.
    pub(super) fn kill_daemon(&mut self) -> anyhow::Result<()> {
        let mut child = self.daemon.take().context("the daemon is not running")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Runs this program's own command line as an administrator of the box would.
    pub(super) fn cli(&self, args: &[&str], stdin: &str) -> anyhow::Result<Output> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(args)
            .arg("--config")
            .arg(self.config_path())
            .env("DEMO_HOOK_SECRET", HOOK_SECRET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(stdin.as_bytes())?;
        }
        Ok(child.wait_with_output()?)
    }

    /// As `cli`, for what must succeed; gives standard output.
    pub(super) fn cli_ok(&self, args: &[&str], stdin: &str) -> anyhow::Result<String> {
        let output = self.cli(args, stdin)?;
        anyhow::ensure!(
            output.status.success(),
            "gatewarden {} failed: {}",
            args.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The one-time enrolment code that the first start printed.
    pub(super) fn enrolment_code(&self) -> Option<String> {
        let log = self.log.lock().ok()?;
        let line = log.iter().find(|l| l.contains("one-time enrolment code: "))?;
        line.rsplit(' ').next().map(str::to_owned)
    }

    /// Somebody whom the daemon does not know.
    pub(super) fn anybody(&self) -> anyhow::Result<Caller> {
        Caller::anybody(&self.base)
    }

    /// Puts tags before the portal's antennas.
    pub(super) fn show_tags(&self, tags: &[Vec<u8>]) {
        let tag = |(i, epc): (usize, &Vec<u8>)| SimTag {
            epc: epc.clone(),
            antenna: u16::try_from(i % 2).unwrap_or(0) + 1,
            rssi_dbm: -48,
        };
        self.reader.set_field(tags.iter().enumerate().map(tag).collect());
    }

    /// Waits, within reason, until `look` finds something.
    pub(super) async fn until<T, F>(
        &self,
        what: &str,
        mut look: impl FnMut() -> F,
    ) -> anyhow::Result<T>
    where
        F: Future<Output = anyhow::Result<Option<T>>>,
    {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            anyhow::ensure!(Instant::now() < deadline, "expected within {PATIENCE:?}: {what}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Movements in the ledger, newest first.
    pub(super) async fn movements(&self) -> anyhow::Result<Vec<Value>> {
        let list = self.viewer.get("/movements?limit=1000").await?;
        Ok(list.as_array().cloned().unwrap_or_default())
    }

    /// Waits until nothing is on its way any more.
    pub(super) async fn until_all_delivered(&self) -> anyhow::Result<()> {
        self.until("every movement is delivered", || async {
            let waiting = self.viewer.get("/deliveries").await?;
            let movements = self.movements().await?.len();
            let done = waiting.as_array().is_some_and(Vec::is_empty);
            Ok((done && self.erp.received().len() >= movements).then_some(()))
        })
        .await
    }

    /// Counts what the ledger and the ERP have.
    pub(super) async fn summary(&self) -> anyhow::Result<Summary> {
        let movements = self.movements().await.unwrap_or_default();
        let received = self.erp.received();
        let mut ids: Vec<&str> = received.iter().map(|r| r.id.as_str()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        let has = |m: &&Value| {
            m["body"]["movement"]["id"].as_str().is_some_and(|id| ids.binary_search(&id).is_ok())
        };
        let arrived = movements.iter().filter(has).count();
        Ok(Summary {
            movements: movements.len(),
            delivered: ids.len(),
            duplicates: (all - ids.len()) as u64 + self.erp.repeats() + self.erp.conflicts(),
            lost: movements.len() - arrived,
        })
    }

    /// What the daemon said last, for whoever has to find out.
    pub(super) fn show_log(&self) {
        if let Ok(log) = self.log.lock() {
            let from = log.len().saturating_sub(40);
            log[from..].iter().for_each(|line| println!("  daemon: {line}"));
        }
    }

    /// How to look around.
    pub(super) fn invite(&self) {
        let config = self.config_path();
        let config = config.display();
        println!("\nIt stays up for looking around; Ctrl-C ends it and removes its files.");
        println!("  station's page  {}/stations/dock-1/page (badge OP-2001, PIN 8264)", self.base);
        println!("  the ledger      gatewarden ledger stock --config {config}");
        println!("                  gatewarden ledger trace document 4500001 --config {config}");
        println!("  the operators   gatewarden operator list --config {config}");
    }

    /// Ends the daemon in order.
    pub(crate) async fn end(mut self) {
        if let Some(mut child) = self.daemon.take() {
            if let Ok(pid) = i32::try_from(child.id()) {
                let _ = signal::kill(Pid::from_raw(pid), signal::Signal::SIGTERM);
            }
            let _ = tokio::task::spawn_blocking(move || child.wait()).await;
        }
    }

    /// The demo's own directory.
    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(child) = &mut self.daemon {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The EPC of the `serial`-th piece of an item.
pub(super) fn epc(gtin: &str, serial: u64) -> Vec<u8> {
    sgtin96(gtin, serial, PREFIX_DIGITS).to_vec()
}

/// The port asked for if it is free, else any.
fn free_address(port: u16) -> anyhow::Result<std::net::SocketAddr> {
    let bound = std::net::TcpListener::bind(("127.0.0.1", port))
        .or_else(|_| std::net::TcpListener::bind(("127.0.0.1", 0)))?;
    Ok(bound.local_addr()?)
}
