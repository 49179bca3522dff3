//! What a user would have otherwise, on the same disk in the same run: PostgreSQL with a table and a
//! trigger-kept balance, and Tryton through its API. Nobody's flushes are padded here, ours neither.
//! A peer that is not installed is told of and left out.

mod postgres;
mod tryton;

use std::{path::Path, time::Duration};

use gatewarden_store::vfs::Shim;

use super::{journal::Journal, machine::Raw, warehouse::Extent};
use crate::bench::report::Report;

/// How long each peer posts in each way.
const PEER_TIME: Duration = Duration::from_secs(4);
/// Movements posted one by one here, and a hundred a commit.
const OURS: [(u64, usize); 2] = [(1_000, 1), (20_000, 100)];

/// Measures whoever is there, and ourselves beside them.
pub(super) fn measure(dir: &Path, extent: Extent, report: &mut Report) -> anyhow::Result<()> {
    let shim = Shim::register(&format!("bench-peers-{}", std::process::id()), Duration::ZERO)?;
    let mut raw = Raw::new(dir, Duration::ZERO, Duration::from_secs(1))?;
    raw.measure()?;
    let mut journal = Journal::open(dir, Some(&shim), extent)?;
    let [one, hundred] = OURS.map(|(count, group)| journal.post(count, group, &shim));
    let (one, hundred) = (one?, hundred?);
    raw.measure()?;
    report.figure(
        "peers_raw_flushes_per_s",
        "raw flushes beside the peers",
        raw.rate(),
        "flushes/s",
    );
    report.figure("peers_ours_at_1", "ours, 1 a commit", one.rate(), "movements/s");
    report.figure("peers_ours_at_100", "ours, 100 a commit", hundred.rate(), "movements/s");
    match postgres::measure(dir, PEER_TIME)? {
        Some(peer) => peer.tell(report, one.rate(), hundred.rate()),
        None => report.note("PostgreSQL is not installed in /usr/lib/postgresql: left out"),
    }
    match tryton::measure(dir)? {
        Some(peer) => peer.tell(report, one.rate()),
        None => report.note(
            "Tryton is left out: GATEWARDEN_TRYTON names no virtual environment with trytond",
        ),
    }
    report.note("beside the peers no flush is padded, ours neither");
    Ok(())
}
