//! From a scan to the light: a simulated scanner on a pseudo-terminal, this program's driver, intake,
//! spool, ledger and lamps, and the coil of a simulated Modbus module.
//!
//! Two lights follow a scan: amber at once, claiming nothing; and, when the quiet time of its pass is
//! over, the verdict, which waits for two flushes, the spool's and the ledger's. The disk's own flush, of a
//! file that grows as their logs do, is measured in the same folder between the scans. Absent: the quiet
//! time, which is the house's setting.

use std::{
    fs::File,
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gatewarden_simulators::{
    modbus::{LightsOptions, SimLights},
    scanner::SimScanner,
};
use tokio::{sync::watch, time::timeout};

use super::ms_at;
use crate::bench::{
    hall::{self, Daemon},
    report::{Goal, Report},
};

/// After so long without a scan a pass is over; the shortest that may be configured.
const QUIET: Duration = Duration::from_millis(50);
/// What a scan may take to its light beside the flushes, in milliseconds.
const LIGHT_MS_MAX: f64 = 15.0;
/// Flushes between the end of a pass and its verdict.
const FLUSHES: f64 = 2.0;
const AMBER: usize = 1;
const RED: usize = 2;
const PATIENCE: Duration = Duration::from_secs(10);
const PAGE: [u8; 4096] = [0x47; 4096];
/// After a verdict the spool forgets its pass; then the disk is the bench's.
const REST: Duration = Duration::from_millis(15);

/// Scans so many times, one after the other.
pub(super) async fn measure(scans: u32, report: &mut Report) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let (scanner, lights) =
        (SimScanner::start()?, SimLights::start(LightsOptions::default()).await?);
    let config = Arc::new(hall::config_of(dir.path(), &tables(&scanner, &lights))?);
    let daemon = Daemon::start(&config).await?;
    daemon.until_up(2).await?;
    let mut raw = File::create(dir.path().join("raw"))?;
    let mut coils = lights.changes();
    let (mut amber, mut verdict, mut flushes) = (vec![], vec![], vec![]);
    for n in 0..scans {
        let began = Instant::now();
        scanner.scan(&format!("]C1010952123454321321{n:06}"))?;
        amber.push(lit(&mut coils, AMBER).await?.duration_since(began));
        let red = lit(&mut coils, RED).await?.duration_since(began);
        verdict.push(red.saturating_sub(QUIET));
        tokio::time::sleep(REST).await;
        flushes.push(flush(&mut raw)?);
    }
    daemon.stop().await;
    tell(report, &mut amber, &mut verdict, &mut flushes);
    Ok(())
}

fn tell(
    report: &mut Report,
    amber: &mut [Duration],
    verdict: &mut [Duration],
    flushes: &mut [Duration],
) {
    let flush = ms_at(flushes, 99);
    report.figure("flush_ms_p50", "a flush of a file that grows, median", ms_at(flushes, 50), "ms");
    report.figure("flush_ms_p99", "  99 of 100", flush, "ms");
    report.figure("amber_ms_p50", "scan to amber, median", ms_at(amber, 50), "ms");
    let most = Goal::AtMost(LIGHT_MS_MAX);
    report.goal("amber_ms_p99", "  99 of 100", ms_at(amber, 99), "ms", most);
    report.figure(
        "light_ms_p50",
        "end of the pass to its verdict, median",
        ms_at(verdict, 50),
        "ms",
    );
    let most = Goal::AtMost(LIGHT_MS_MAX + FLUSHES * flush);
    report.goal("light_ms_p99", "  99 of 100, two flushes in it", ms_at(verdict, 99), "ms", most);
    report.figure("light_scans", "  scans", f64::from(u32::try_from(amber.len()).unwrap_or(0)), "");
    let quiet = QUIET.as_millis();
    report.note(format!(
        "light: the verdict is timed from the scan, less the pass's quiet time of {quiet} ms; its goal is \
         {LIGHT_MS_MAX} ms and two flushes"
    ));
}

/// When this coil came on.
async fn lit(coils: &mut watch::Receiver<Vec<bool>>, coil: usize) -> anyhow::Result<Instant> {
    let on = |coils: &Vec<bool>| coils.get(coil) == Some(&true);
    timeout(PATIENCE, coils.wait_for(on)).await.context("the light did not come on")??;
    Ok(Instant::now())
}

fn tables(scanner: &SimScanner, lights: &SimLights) -> String {
    let (path, address) = (scanner.path().display().to_string(), lights.address());
    let quiet = QUIET.as_millis();
    format!(
        "[[stations]]\nname = \"bench-desk\"\ndevices = [\"bench-scanner\", \"bench-lights\"]\n\
         pass = {{ quiet_ms = {quiet}, duration_ms_max = 10000, linger_ms = 1000 }}\n\
         [[devices]]\nname = \"bench-scanner\"\nkind = \"line-scanner\"\npath = {path:?}\n\
         [[devices]]\nname = \"bench-lights\"\nkind = \"light-stack\"\naddress = \"{address}\"\n\
         green = 0\namber = {AMBER}\nred = {RED}\nbuzzer = 3\n"
    )
}

/// How long a flush takes after a page that the file grows by.
fn flush(raw: &mut File) -> anyhow::Result<Duration> {
    let began = Instant::now();
    raw.write_all(&PAGE)?;
    raw.sync_all()?;
    Ok(began.elapsed())
}
