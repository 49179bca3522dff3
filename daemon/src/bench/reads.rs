//! `gatewarden bench reads`: simulated readers flood the daemon's own drivers and intakes over
//! loopback, as fast as they are taken.
//!
//! Everything from the socket on is what `run` starts: driver, supervisor, intake, spool, recorder.
//! The readers count what they sent; the ledger says what was seen, because each station's pass ends
//! as an entry (quarantined, nobody is signed in) that holds every sighting with its number of
//! reads. Reads of a tag that stayed after its pass are counted by the intake. What neither counted
//! was dropped.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gatewarden_config::{Config, SystemEnvironment};
use gatewarden_model::{Body, DeviceState, Sighting};
use gatewarden_simulators::{
    llrp::{LlrpOptions, SimReader, SimTag},
    sgtin96,
};
use gatewarden_store::LedgerReader;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::report::{Goal, Report};
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
const TAGS: u64 = 200;
/// Tags in each report.
const TAGS_A_REPORT: usize = 20;
const GTIN: &str = "00614141812349";
const PREFIX_DIGITS: usize = 7;
/// How often the counters are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How long nothing may happen before the rest counts as dropped.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Readers, one a station.
    pub(super) readers: u8,
    /// Reads that each sends.
    pub(super) reads_each: u64,
}

/// Floods, and accounts for every read.
pub(super) async fn measure(plan: Plan) -> anyhow::Result<Report> {
    let dir = tempfile::tempdir().context("failed to make a folder for the ledger")?;
    let mut readers = Vec::new();
    for n in 0..plan.readers {
        readers.push(reader(n).await?);
    }
    let config = Arc::new(config(dir.path(), &readers)?);
    let daemon = Daemon::start(&config).await?;
    daemon.until_up(readers.len()).await?;

    let began = Instant::now();
    let sent = plan.reads_each * u64::from(plan.readers);
    let mut floods = tokio::task::JoinSet::new();
    for reader in readers {
        floods.spawn(async move {
            reader.flood(plan.reads_each, TAGS_A_REPORT).await?;
            Ok::<_, std::io::Error>(reader)
        });
    }
    // The readers are kept until all has arrived: dropping one closes its socket.
    let mut kept = Vec::new();
    while let Some(ended) = floods.join_next().await {
        kept.push(ended?.context("a reader's flood broke off")?);
    }
    daemon.until_arrived(sent).await;
    let time = began.elapsed();
    let lingering = daemon.counted("gatewarden_reads_lingering_total");
    daemon.stop().await;
    let (sightings, seen) = sighted(&config)?;
    Ok(report(sent, seen + lingering, sightings, time))
}

#[allow(clippy::cast_precision_loss)] // counts of a bench
fn report(sent: u64, accounted: u64, sightings: u64, time: Duration) -> Report {
    let mut report = Report::new("reads");
    let rate = sent as f64 / time.as_secs_f64();
    report.goal("reads_per_s", "socket to sighting", rate, "reads/s", Goal::AtLeast(100_000.0));
    report.figure("sent", "sent by the readers", sent as f64, "reads");
    report.figure("accounted", "accounted for", accounted as f64, "reads");
    let dropped = sent.abs_diff(accounted) as f64;
    report.goal("dropped", "dropped", dropped, "reads", Goal::AtMost(0.0));
    report.figure("sightings", "sightings in the ledger", sightings as f64, "");
    report.figure("seconds", "in", time.as_secs_f64(), "s");
    report.note(format!("{TAGS} tags before each reader, {TAGS_A_REPORT} a report"));
    report.note("the simulated readers run on this machine, in this process");
    report
}

/// A reader that reads nothing by itself.
async fn reader(n: u8) -> anyhow::Result<SimReader> {
    let options = LlrpOptions { rate: 0, seed: n.into(), ..LlrpOptions::default() };
    let reader = SimReader::start(options).await?;
    let tag = |serial: u64| SimTag {
        epc: sgtin96(GTIN, u64::from(n) * TAGS + serial, PREFIX_DIGITS).to_vec(),
        antenna: u16::from(serial.is_multiple_of(2)) + 1,
        rssi_dbm: -48,
    };
    reader.set_field((0..TAGS).map(tag).collect());
    Ok(reader)
}

fn device(n: usize) -> String {
    format!("bench-portal-{n}")
}

/// A station for each reader; passes that last as long as they may.
fn config(dir: &std::path::Path, readers: &[SimReader]) -> anyhow::Result<Config> {
    let mut text =
        format!("[gateway]\nname = \"bench\"\nstate_dir = {:?}\n", dir.display().to_string());
    for (n, reader) in readers.iter().enumerate() {
        let (device, address) = (device(n), reader.address());
        text.push_str(&format!(
            "[[stations]]\nname = \"bench-dock-{n}\"\ndevices = [\"{device}\"]\n\
             pass = {{ quiet_ms = 60000, duration_ms_max = 600000, linger_ms = 3600000 }}\n\
             [[devices]]\nname = \"{device}\"\nkind = \"llrp\"\naddress = \"{address}\"\n"
        ));
    }
    let path = dir.join("gateway.toml");
    let checked = gatewarden_config::parse(&path, text.as_bytes(), &SystemEnvironment);
    checked.config.with_context(|| gatewarden_config::render(&checked.mistakes, &text))
}

/// Sightings in the ledger, and the reads that they stand for.
fn sighted(config: &Config) -> anyhow::Result<(u64, u64)> {
    let (mut sightings, mut reads) = (0, 0);
    for entry in LedgerReader::open(&config.ledger.path)?.live()? {
        if let Body::Quarantined { pass, .. } = entry.body {
            sightings += pass.sightings.len() as u64;
            reads += pass.sightings.iter().map(|s: &Sighting| u64::from(s.reads)).sum::<u64>();
        }
    }
    Ok((sightings, reads))
}

/// The part of the daemon from the devices to the ledger.
struct Daemon {
    app: App,
    devices: TaskTracker,
    stations: TaskTracker,
    stop: CancellationToken,
}

impl Daemon {
    async fn start(config: &Arc<Config>) -> anyhow::Result<Self> {
        let clock = SystemClock::shared();
        let lamps = Lamps::new(config.stations.iter().map(|s| s.name.clone()));
        let (signals, shown) = mpsc::unbounded_channel();
        tokio::spawn(lamps.clone().follow(shown));
        let recorder = run::start_recorder(config, Arc::clone(&clock), signals)?;
        run::define(&recorder).await?;
        let (spool, _) = Spool::open(&config.spool.path, config.spool.passes_max)?;
        let app = App {
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
        };
        let (devices, stations) = (TaskTracker::new(), TaskTracker::new());
        let stop = CancellationToken::new();
        // Dropping a station's orders is harmless: it goes on without.
        drop(run::start_stations(&app, &devices, &stations, &stop));
        Ok(Self { app, devices, stations, stop })
    }

    async fn until_up(&self, readers: usize) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let is_up = |state: &DeviceState| matches!(state, DeviceState::Up { .. });
        while self.app.devices.all().values().filter(|state| is_up(state)).count() < readers {
            let states = self.app.devices.all();
            anyhow::ensure!(Instant::now() < deadline, "the readers are not up: {states:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Waits until the intakes have taken so many reads, or none for a long time.
    async fn until_arrived(&self, reads: u64) {
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
    fn counted(&self, name: &str) -> u64 {
        let rendered = self.app.metrics.render();
        let own = rendered.lines().filter(|l| l.starts_with(name) && l.contains("\"bench-"));
        own.filter_map(|l| l.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// As the daemon stops: devices, then stations, then the recorder.
    async fn stop(self) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_read_of_every_reader_is_accounted_for() {
        let report = measure(Plan { readers: 2, reads_each: 3_010 }).await.unwrap();
        assert_eq!(report.value("sent"), Some(6_020.0));
        assert_eq!(report.value("accounted"), Some(6_020.0));
        assert_eq!(report.value("dropped"), Some(0.0));
        assert_eq!(report.value("sightings"), Some(400.0));
        assert!(report.value("reads_per_s").unwrap() > 0.0);
    }
}
