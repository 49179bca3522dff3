//! `gatewarden bench size`: memory of the idle daemon, time until it answers, size of this program.
//!
//! The daemon is this same program, started as a child with the demo's configuration and hardware:
//! an LLRP reader, two scanners, two light stacks and an ERP, all simulated and all connected.

use std::time::Duration;

use anyhow::Context as _;

use super::report::{Goal, Report};
use crate::demo::World;

/// What "MB" means in the goals.
const MB: f64 = 1e6;

/// Starts the daemon, lets it idle for `seconds`, and looks.
pub(super) async fn measure(seconds: u64) -> anyhow::Result<Report> {
    let mut world = World::begin(true).await?;
    let ready = world.start_daemon().await?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let pid = world.daemon_pid().context("the daemon is not running")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let threads = line(&status, "Threads:")?;
    let program = std::fs::metadata(std::env::current_exe()?)?.len();
    world.end().await;

    let mut report = Report::new("size");
    let resident = line(&status, "VmRSS:")? * 1024.0 / MB;
    report.goal("idle_rss_mb", "resident when idle", resident, "MB", Goal::AtMost(30.0));
    let anonymous = line(&status, "RssAnon:")? * 1024.0 / MB;
    report.figure("idle_rss_anonymous_mb", "  of it anonymous", anonymous, "MB");
    report.figure("threads", "threads", threads, "");
    report.goal("ready_s", "ready after", ready.as_secs_f64(), "s", Goal::AtMost(1.0));
    #[allow(clippy::cast_precision_loss)] // the size of a file
    let program = program as f64 / MB;
    report.goal("program_mb", "this program", program, "MB", Goal::AtMost(30.0));
    if cfg!(debug_assertions) {
        report.note("a debug build: the goals are for a release build");
    }
    Ok(report)
}

/// A number of `/proc/PID/status`.
fn line(status: &str, name: &str) -> anyhow::Result<f64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name));
    let number = rest.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|n| n.parse().ok()).with_context(|| format!("no {name} in /proc/PID/status"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_out_of_proc() {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        assert!(line(&status, "VmRSS:").is_ok_and(|kb| kb > 100.0));
        assert!(line(&status, "Threads:").is_ok_and(|n| n >= 1.0));
        assert!(line(&status, "Nonsense:").is_err());
    }
}
