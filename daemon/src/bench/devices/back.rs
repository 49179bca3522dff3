//! How soon a reader that went away is read again after its return.
//!
//! The reader's port is closed for another while each time, from a third of a second to some seconds, and
//! opened again; then it counts until the driver calls it up, and until its first read has reached the
//! station. Between two outages the connection stands long enough to count as healthy: for one that
//! flaps faster the driver waits longer on purpose. Absent: readers that fall silent without a word.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gatewarden_model::DeviceState;
use gatewarden_simulators::llrp::SimReader;

use super::ms_at;
use crate::bench::{
    hall::{self, Daemon, TAGS},
    report::{Goal, Report},
};

/// The driver's idea of a healthy connection, and a little more.
const HEALTHY: Duration = Duration::from_millis(5_200);
/// The shortest outage; each further one is longer by the step.
const AWAY: Duration = Duration::from_millis(330);
const AWAY_STEP: Duration = Duration::from_millis(370);
const LOOK_EVERY: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(30);
const BACK_MS_MAX: f64 = 2_000.0;
/// Tries to read a tag, a second.
const RATE: u32 = 500;

/// Takes the reader away so many times.
pub(super) async fn measure(drops: u32, report: &mut Report) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let readers = [hall::reader(0).await?];
    let config = Arc::new(hall::config(dir.path(), &readers)?);
    let daemon = Daemon::start(&config).await?;
    daemon.until_up(1).await?;
    readers[0].set_rate(RATE);
    let (mut up, mut read) = (vec![], vec![]);
    for n in 0..drops {
        if n > 0 {
            tokio::time::sleep(HEALTHY).await;
        }
        let (after_up, after_read) = outage(&daemon, &readers[0], AWAY + AWAY_STEP * n).await?;
        up.push(after_up);
        read.push(after_read);
    }
    daemon.stop().await;
    report.figure("back_up_ms_p50", "a reader's return to up, median", ms_at(&mut up, 50), "ms");
    report.figure("back_read_ms_p50", "  to its first read, median", ms_at(&mut read, 50), "ms");
    let most = Goal::AtMost(BACK_MS_MAX);
    report.goal("back_read_ms_max", "  slowest", ms_at(&mut read, 100), "ms", most);
    report.figure("back_drops", "  outages", f64::from(drops), "");
    report.note(format!("back: {TAGS} tags before the reader, outages of 0.3 s and longer"));
    Ok(())
}

/// One outage: how long after the return the reader is up, and read.
async fn outage(
    daemon: &Daemon,
    reader: &SimReader,
    away: Duration,
) -> anyhow::Result<(Duration, Duration)> {
    reader.go_away().await;
    until("the reader is down", || !is_up(daemon)).await?;
    tokio::time::sleep(away).await;
    let before = daemon.counted("gatewarden_reads_total");
    reader.come_back().await?;
    let began = Instant::now();
    until("the reader is up", || is_up(daemon)).await?;
    let up = began.elapsed();
    let arrived = || daemon.counted("gatewarden_reads_total") > before;
    until("the reader is read", arrived).await?;
    Ok((up, began.elapsed()))
}

fn is_up(daemon: &Daemon) -> bool {
    daemon.app.devices.all().values().any(|state| matches!(state, DeviceState::Up { .. }))
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        anyhow::ensure!(Instant::now() < deadline, "expected within {PATIENCE:?}: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}
