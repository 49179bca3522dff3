//! Sixteen readers flood over loopback: socket to sighting, every read accounted for.
//!
//! Everything from the socket on is what `run` starts. The readers count what they sent; the ledger says
//! what was seen, with its number of reads. What neither counted was dropped.

use std::{sync::Arc, time::Instant};

use super::{
    memory,
    serve::{Flood, Readers, TAGS_A_REPORT},
};
use crate::bench::{
    hall::{self, Daemon, LONG, TAGS},
    reads::sighted,
    report::{Goal, Report},
};

/// Floods, and accounts for every read.
#[allow(clippy::cast_precision_loss)] // counts of a bench
pub(super) async fn measure(count: u8, reads_each: u64, report: &mut Report) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let mut readers = Readers::start(count).await?;
    let config = Arc::new(hall::config_of(dir.path(), &hall::stations(&readers.addresses, LONG))?);
    let daemon = Daemon::start(&config).await?;
    daemon.until_up(count.into()).await?;
    let before = daemon.counted("gatewarden_reads_total");
    let lingered = daemon.counted("gatewarden_reads_lingering_total");
    memory::forget_peak();
    let began = Instant::now();
    let sent = readers.flood(Flood { first: 0, tags: TAGS, reads_each }).await?;
    daemon.until_arrived(before + sent).await;
    let time = began.elapsed();
    let peak = memory::status("VmHWM:")?;
    let lingering = daemon.counted("gatewarden_reads_lingering_total") - lingered;
    daemon.stop().await;
    let (sightings, seen) = sighted(&config)?;
    let accounted = seen + lingering;
    let rate = sent as f64 / time.as_secs_f64();
    report.goal("reads_per_s", "readers to sightings", rate, "reads/s", Goal::AtLeast(200_000.0));
    report.figure("sent", "  sent by the readers", sent as f64, "reads");
    report.figure("accounted", "  accounted for", accounted as f64, "reads");
    let dropped = sent.abs_diff(accounted) as f64;
    report.goal("dropped", "  dropped", dropped, "reads", Goal::AtMost(0.0));
    report.goal("reads_peak_mb", "  resident at most", peak, "MB", Goal::AtMost(120.0));
    report.figure("sightings", "  sightings in the ledger", sightings as f64, "");
    report.note(format!(
        "reads: {count} readers of {TAGS} tags each, {TAGS_A_REPORT} a report, in a process of \
         their own on this machine"
    ));
    Ok(())
}
