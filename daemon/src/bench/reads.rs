//! `gatewarden bench reads`: simulated readers flood the daemon's own drivers and intakes over
//! loopback, as fast as they are taken.
//!
//! Everything from the socket on is what `run` starts: driver, supervisor, intake, spool, recorder.
//! The readers count what they sent; the ledger says what was seen, because each station's pass ends
//! as an entry (quarantined, nobody is signed in) that holds every sighting with its number of
//! reads. Reads of a tag that stayed after its pass are counted by the intake. What neither counted
//! was dropped.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gatewarden_config::Config;
use gatewarden_model::{Body, Sighting};
use gatewarden_store::LedgerReader;

use super::{
    hall::{self, Daemon, TAGS},
    report::{Goal, Report},
};

/// Tags in each report.
const TAGS_A_REPORT: usize = 20;

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
        readers.push(hall::reader(n).await?);
    }
    let config = Arc::new(hall::config(dir.path(), &readers)?);
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

/// Sightings in the ledger, and the reads that they stand for.
pub(super) fn sighted(config: &Config) -> anyhow::Result<(u64, u64)> {
    let (mut sightings, mut reads) = (0, 0);
    for entry in LedgerReader::open(&config.ledger.path)?.live()? {
        if let Body::Quarantined { pass, .. } = entry.body {
            sightings += pass.sightings.len() as u64;
            reads += pass.sightings.iter().map(|s: &Sighting| u64::from(s.reads)).sum::<u64>();
        }
    }
    Ok((sightings, reads))
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
