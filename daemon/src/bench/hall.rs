//! A hall of simulated readers before this program's own stations, for benches: everything from the
//! socket on is what `run` starts: driver, supervisor, intake, spool, recorder.
//!
//! Absent: the HTTP server, and people.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gatewarden_config::{Config, SystemEnvironment};
use gatewarden_model::DeviceState;
use gatewarden_simulators::{
    llrp::{LlrpOptions, SimReader, SimTag},
    sgtin96,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    app::{App, Enrolment},
    clock::SystemClock,
    devices::DeviceBoard,
    factors::Factors,
    lamps::Lamps,
    run,
    secrets::PinChecker,
    spool::Spool,
};

/// Tags before each reader.
pub(super) const TAGS: u64 = 200;
const GTIN: &str = "00614141812349";
const PREFIX_DIGITS: usize = 7;
/// How often the counters are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How long nothing may happen before the rest counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// A reader that reads nothing by itself.
pub(super) async fn reader(n: u8) -> anyhow::Result<SimReader> {
    let options = LlrpOptions { rate: 0, seed: n.into(), ..LlrpOptions::default() };
    let reader = SimReader::start(options).await?;
    reader.set_field((0..TAGS).map(|serial| tag(u64::from(n) * TAGS + serial)).collect());
    Ok(reader)
}

/// The tag of this serial number, at one of two antennas.
pub(super) fn tag(serial: u64) -> SimTag {
    SimTag {
        epc: sgtin96(GTIN, serial, PREFIX_DIGITS).to_vec(),
        antenna: u16::from(serial.is_multiple_of(2)) + 1,
        rssi_dbm: -48,
    }
}

fn device(n: usize) -> String {
    format!("bench-portal-{n}")
}

/// How the passes of a bench's stations end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passes {
    pub(super) quiet_ms: u32,
    pub(super) linger_ms: u32,
}

/// Passes that last as long as they may.
pub(super) const LONG: Passes = Passes { quiet_ms: 60_000, linger_ms: 3_600_000 };

/// A station for each reader; passes that last as long as they may.
pub(super) fn config(dir: &Path, readers: &[SimReader]) -> anyhow::Result<Config> {
    let addresses: Vec<SocketAddr> = readers.iter().map(SimReader::address).collect();
    config_of(dir, &stations(&addresses, LONG))
}

/// A station and a reader for each address.
pub(super) fn stations(readers: &[SocketAddr], passes: Passes) -> String {
    let station = |(n, address): (usize, &SocketAddr)| {
        let (device, Passes { quiet_ms, linger_ms }) = (device(n), passes);
        format!(
            "[[stations]]\nname = \"bench-dock-{n}\"\ndevices = [\"{device}\"]\n\
             pass = {{ quiet_ms = {quiet_ms}, duration_ms_max = 600000, linger_ms = {linger_ms} }}\n\
             [[devices]]\nname = \"{device}\"\nkind = \"llrp\"\naddress = \"{address}\"\n"
        )
    };
    readers.iter().enumerate().map(station).collect()
}

/// The configuration of a gateway in this folder with these tables.
pub(super) fn config_of(dir: &Path, tables: &str) -> anyhow::Result<Config> {
    let dir_text = dir.display().to_string();
    let text = format!("[gateway]\nname = \"bench\"\nstate_dir = {dir_text:?}\n{tables}");
    let path = dir.join("gateway.toml");
    let checked = gatewarden_config::parse(&path, text.as_bytes(), &SystemEnvironment);
    checked.config.with_context(|| gatewarden_config::render(&checked.mistakes, &text))
}

/// The part of the daemon from the devices to the ledger.
pub(super) struct Daemon {
    pub(super) app: App,
    devices: TaskTracker,
    stations: TaskTracker,
    stop: CancellationToken,
}

impl Daemon {
    pub(super) async fn start(config: &Arc<Config>) -> anyhow::Result<Self> {
        let clock = SystemClock::shared();
        let lamps = Lamps::new(config.stations.iter().map(|s| s.name.clone()));
        let (signals, shown) = mpsc::unbounded_channel();
        tokio::spawn(lamps.clone().follow(shown));
        let recorder = run::start_recorder(config, Arc::clone(&clock), signals)?;
        run::define(&recorder).await?;
        let (spool, _) = Spool::open(&config.spool.path, config.spool.passes_max)?;
        let labels = crate::labels::Labels::new(spool.clone(), recorder.clone());
        crate::labels::open(&spool).await?;
        let app = App {
            labels,
            config: Arc::clone(config),
            recorder,
            spool,
            devices: DeviceBoard::default(),
            lamps,
            clock,
            stations: Arc::default(),
            metrics: metrics()?,
            pins: PinChecker::default(),
            enrolment: Enrolment::default(),
            factors: Factors::of(config),
            notices: None,
            imports: crate::imports::Imports::default(),
            tag_doors: crate::tag_access::TagDoors::default(),
            guard: crate::watch::guard(&config.stations),
        };
        let (devices, stations) = (TaskTracker::new(), TaskTracker::new());
        let stop = CancellationToken::new();
        // Dropping a station's orders is harmless: it goes on without.
        drop(run::start_stations(&app, &devices, &stations, &stop));
        Ok(Self { app, devices, stations, stop })
    }

    pub(super) async fn until_up(&self, devices: usize) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let is_up = |state: &DeviceState| matches!(state, DeviceState::Up { .. });
        while self.app.devices.all().values().filter(|state| is_up(state)).count() < devices {
            let states = self.app.devices.all();
            anyhow::ensure!(Instant::now() < deadline, "the devices are not up: {states:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Waits until the intakes have taken so many reads, or none for a long time.
    pub(super) async fn until_arrived(&self, reads: u64) {
        let (mut last, mut since) = (0, Instant::now());
        loop {
            let arrived = self.counted("gatewarden_reads_total");
            if arrived >= reads || since.elapsed() > PATIENCE {
                return;
            }
            if arrived > last {
                (last, since) = (arrived, Instant::now());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The sum of a counter over the bench's own devices and stations.
    pub(super) fn counted(&self, name: &str) -> u64 {
        let rendered = self.app.metrics.render();
        let own = rendered.lines().filter(|l| l.starts_with(name) && l.contains("\"bench-"));
        own.filter_map(|l| l.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// As the daemon stops: devices, then stations, then the recorder.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        for tasks in [&self.devices, &self.stations] {
            tasks.close();
            tasks.wait().await;
        }
        self.app.recorder.shut().await;
    }
}

/// A process has one collector of metrics.
fn metrics() -> anyhow::Result<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let handle = HANDLE.get_or_init(|| PrometheusBuilder::new().install_recorder().ok());
    handle.clone().context("another collector of metrics is installed")
}
