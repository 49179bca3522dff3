//! `gatewarden bench sign-in`: how long an operator waits who signs in with badge and PIN, and whether
//! the reads of another station wait for that.
//!
//! The PIN is checked as the daemon does it: Argon2id with OWASP's parameters, beside the async threads,
//! one check at once; the session is an entry on the disk. The reads are small reports, sent one after
//! the other to another station's reader and timed from socket to intake: first while nobody signs in,
//! then while somebody always does. Absent: the HTTP server between operator and daemon.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gatewarden_model::StationId;
use gatewarden_simulators::llrp::SimReader;

use super::{
    hall::{self, Daemon},
    report::{Goal, Report},
};
use crate::app::{App, FirstOperator};

/// Tags in each report, and so reads.
const TAGS_A_REPORT: usize = 20;
/// Reports that are timed while nobody signs in.
const QUIET_REPORTS: usize = 400;
const BADGE: &str = "OP-1000";
const PIN: &str = "493817";

/// Signs in so many times at one station beside the reads of another.
pub(super) async fn measure(times: u32) -> anyhow::Result<Report> {
    let dir = tempfile::tempdir().context("failed to make a folder for the ledger")?;
    let readers = [hall::reader(0).await?, hall::reader(1).await?];
    let config = Arc::new(hall::config(dir.path(), &readers)?);
    let daemon = Daemon::start(&config).await?;
    daemon.until_up(readers.len()).await?;
    enrol(&daemon.app).await?;

    let mut reads = Reads { reader: &readers[1], daemon: &daemon, sent: 0 };
    let mut quiet = Vec::new();
    while quiet.len() < QUIET_REPORTS {
        quiet.push(reads.next().await?);
    }
    let app = daemon.app.clone();
    let signing_in = tokio::spawn(async move { sign_ins(&app, times).await });
    let mut beside = Vec::new();
    while !signing_in.is_finished() {
        beside.push(reads.next().await?);
    }
    let waits = signing_in.await??;
    daemon.stop().await;
    Ok(report(waits, quiet, beside))
}

async fn enrol(app: &App) -> anyhow::Result<()> {
    let first = FirstOperator {
        operator: gatewarden_model::OperatorId::parse("root")?,
        name: "The first".to_owned(),
        badge: BADGE.to_owned(),
        pin: PIN.to_owned(),
    };
    app.enrol_first(first).await?.map_err(|no| anyhow::anyhow!("not enrolled: {}", no.message))?;
    Ok(())
}

/// How long each sign-in took, one after the other. Each hands over from the one before.
async fn sign_ins(app: &App, times: u32) -> anyhow::Result<Vec<Duration>> {
    let station = StationId::parse("bench-dock-0")?;
    let mut waits = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        let (_, answer) =
            app.sign_in(Some(station.clone()), Some(BADGE), Some(PIN.to_owned())).await?;
        answer.map_err(|no| anyhow::anyhow!("not signed in: {}", no.message))?;
        waits.push(began.elapsed());
    }
    Ok(waits)
}

/// Reports of one reader, one at a time.
struct Reads<'a> {
    reader: &'a SimReader,
    daemon: &'a Daemon,
    sent: u64,
}

impl Reads<'_> {
    /// Sends a report; gives how long its reads took to the station.
    async fn next(&mut self) -> anyhow::Result<Duration> {
        self.sent += TAGS_A_REPORT as u64;
        let began = Instant::now();
        self.reader.flood(TAGS_A_REPORT as u64, TAGS_A_REPORT).await?;
        self.daemon.until_arrived(self.sent).await;
        Ok(began.elapsed())
    }
}

fn report(mut waits: Vec<Duration>, mut quiet: Vec<Duration>, mut beside: Vec<Duration>) -> Report {
    for times in [&mut waits, &mut quiet, &mut beside] {
        times.sort_unstable();
    }
    let mut report = Report::new("sign-in");
    let ms = |times: &[Duration], percent| at(times, percent).as_secs_f64() * 1e3;
    let middle = ms(&waits, 50);
    report.goal("sign_in_ms_p50", "badge and PIN, median", middle, "ms", Goal::AtMost(300.0));
    report.goal("sign_in_ms_max", "  slowest", ms(&waits, 100), "ms", Goal::AtMost(300.0));
    for (key, words, times) in [
        ("reads_quiet_ms_p50", "reads elsewhere, nobody signs in, median", &quiet),
        ("reads_beside_ms_p50", "  while somebody does", &beside),
    ] {
        report.figure(key, words, ms(times, 50), "ms");
    }
    report.figure("reads_quiet_ms_p99", "  nobody signs in, 99 of 100", ms(&quiet, 99), "ms");
    report.figure("reads_beside_ms_p99", "  while somebody does", ms(&beside, 99), "ms");
    report.note(format!(
        "{} sign-ins beside {} reports of {TAGS_A_REPORT} reads",
        waits.len(),
        beside.len()
    ));
    report.note("the reads are looked at every ms: their times are up to that too long");
    report
}

/// The time at a percentile of sorted times; zero of none.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn sign_ins_are_timed_beside_reads_that_all_arrive() {
        let report = measure(2).await.unwrap();
        assert!(report.value("sign_in_ms_p50").unwrap() > 0.0);
        assert!(report.value("reads_beside_ms_p50").unwrap() > 0.0);
    }

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let times: Vec<Duration> = (1..=101).map(Duration::from_millis).collect();
        let ms = |percent| at(&times, percent).as_millis();
        assert_eq!((ms(0), ms(50), ms(99), ms(100)), (1, 51, 100, 101));
        assert_eq!(at(&[], 50), Duration::ZERO);
    }
}
