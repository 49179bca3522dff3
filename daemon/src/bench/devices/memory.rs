//! How much memory this process takes while distinct tags go by, pallet after pallet.
//!
//! The readers run in another process; here is what `run` starts, from the sockets to the ledger. Each
//! pass is quarantined, since nobody is signed in at the stations, and dismissed by somebody at the
//! console, as soon as it is recorded: what nobody decides on would rightly stay in memory. Every read is
//! accounted for. Absent: the HTTP server.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gatewarden_engine::Command;
use gatewarden_model::{Actor, OperatorId, PassId, SessionId};

use super::serve::{Flood, Readers};
use crate::{
    app::{App, FirstOperator},
    bench::{
        hall::{self, Daemon, Passes},
        report::{Goal, Report},
    },
};

/// What "MB" means in the goals.
const MB: f64 = 1e6;
/// Tags of a pass: a full pallet.
const TAGS_A_PASS: u64 = 250;
/// How often each tag is read.
const READS_A_TAG: u64 = 3;
/// Short enough for many passes, long enough that a pause of the machine does not split one.
const PASSES: Passes = Passes { quiet_ms: 100, linger_ms: 30_000 };
/// Set in the service's unit.
const ARENAS: &str = "MALLOC_ARENA_MAX";
/// How long nothing may happen before the rest counts as lost.
const PATIENCE: Duration = Duration::from_secs(20);
const LINGERING: &str = "gatewarden_reads_lingering_total";
const BADGE: &str = "OP-1000";
const PIN: &str = "493817";
/// Whoever decides here is also the one who is enrolled first.
const ROLES: &str = "[roles.administrator]\ntitle = \"All of it.\"\n\
    grants.system = [\"view\", \"create\", \"modify\", \"delete\", \"approve\"]\n\
    grants.inbound = [\"view\", \"approve\"]\n";

/// Lets so many distinct tags go by.
#[allow(clippy::cast_precision_loss)] // counts of a bench
pub(super) async fn measure(count: u8, distinct: u64, report: &mut Report) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let mut readers = Readers::start(count).await?;
    let tables = format!("{}{ROLES}", hall::stations(&readers.addresses, PASSES));
    let config = Arc::new(hall::config_of(dir.path(), &tables)?);
    let daemon = Daemon::start(&config).await?;
    daemon.until_up(count.into()).await?;
    let lingered = daemon.counted(LINGERING);
    let by = sign_in(&daemon.app).await?;
    let mut hall = Hall { by, daemon: &daemon, lingered, seen: Seen::default() };
    let a_reader = distinct.div_ceil(count.into());
    forget_peak();
    let (began, mut sent, mut first) = (Instant::now(), 0, 0);
    let mut early = None;
    while first < a_reader {
        let tags = TAGS_A_PASS.min(a_reader - first);
        sent += readers.flood(Flood { first, tags, reads_each: tags * READS_A_TAG }).await?;
        hall.settle(sent).await?;
        first += tags;
        if first * 5 >= a_reader {
            early.get_or_insert(status("VmRSS:")?);
        }
    }
    let (resident, peak, time) = (status("VmRSS:")?, status("VmHWM:")?, began.elapsed());
    let (sightings, accounted) = (hall.seen.sightings, hall.accounted());
    daemon.stop().await;
    report.goal("memory_mb", "resident at most", peak, "MB", Goal::AtMost(120.0));
    report.figure(
        "memory_fifth_mb",
        "  after a fifth of the tags",
        early.unwrap_or(resident),
        "MB",
    );
    report.figure("memory_end_mb", "  after all of them", resident, "MB");
    report.figure("memory_tags", "  distinct tags sighted", sightings as f64, "tags");
    let lost = sent.abs_diff(accounted) as f64;
    report.goal("memory_dropped", "  reads dropped", lost, "reads", Goal::AtMost(0.0));
    if std::env::var_os(ARENAS).is_none() {
        report.note("memory: the service has MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=65536, which this run has not");
    }
    report.note(format!(
        "memory: {count} readers, passes of {TAGS_A_PASS} tags, each recorded and dismissed, in {:.0} s",
        time.as_secs_f64()
    ));
    Ok(())
}

#[derive(Debug, Default)]
struct Seen {
    sightings: u64,
    /// Those that the sightings stand for.
    reads: u64,
}

struct Hall<'a> {
    daemon: &'a Daemon,
    by: Actor,
    /// Reads of tags that stayed, counted before.
    lingered: u64,
    seen: Seen,
}

impl Hall<'_> {
    /// Waits until all that was sent is accounted for, and dismisses every pass.
    async fn settle(&mut self, sent: u64) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.dismiss().await?;
            let accounted = self.accounted();
            if accounted >= sent || Instant::now() > deadline {
                anyhow::ensure!(accounted >= sent, "{accounted} of {sent} reads arrived");
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn accounted(&self) -> u64 {
        self.seen.reads + self.daemon.counted(LINGERING) - self.lingered
    }

    async fn dismiss(&mut self) -> anyhow::Result<()> {
        let recorder = &self.daemon.app.recorder;
        let passes: Vec<(PassId, u64, u64)> = recorder
            .query(|engine| {
                let counted = |pass: &gatewarden_model::Pass| {
                    let reads = pass.sightings.iter().map(|s| u64::from(s.reads)).sum();
                    (pass.id, pass.sightings.len() as u64, reads)
                };
                engine.state().quarantine().map(|one| counted(&one.pass)).collect()
            })
            .await?;
        let dismissed = passes.iter().map(|(pass, ..)| {
            let reason = "measured".to_owned();
            recorder.command(Command::ResolveQuarantine {
                pass: *pass,
                reason,
                by: self.by.clone(),
            })
        });
        for answer in futures_util::future::join_all(dismissed).await {
            answer?.map_err(|no| anyhow::anyhow!("not dismissed: {}", no.message))?;
        }
        for (_, sightings, reads) in passes {
            self.seen.sightings += sightings;
            self.seen.reads += reads;
        }
        Ok(())
    }
}

/// Enrols somebody and signs him in at the console.
async fn sign_in(app: &App) -> anyhow::Result<Actor> {
    let operator = OperatorId::parse("root")?;
    let first = FirstOperator {
        operator: operator.clone(),
        name: "The first".to_owned(),
        badge: BADGE.to_owned(),
        pin: PIN.to_owned(),
    };
    app.enrol_first(first).await?.map_err(|no| anyhow::anyhow!("not enrolled: {}", no.message))?;
    let (session, answer): (SessionId, _) =
        app.sign_in(None, Some(BADGE), Some(PIN.to_owned())).await?;
    answer.map_err(|no| anyhow::anyhow!("not signed in: {}", no.message))?;
    Ok(Actor::Operator { id: operator, session: Some(session) })
}

/// The peak counts from now on, where the kernel allows it.
pub(super) fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// A line of `/proc/self/status`, in MB.
pub(super) fn status(name: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kb: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    Ok(kb.with_context(|| format!("no {name} in /proc/self/status"))? * 1024.0 / MB)
}
