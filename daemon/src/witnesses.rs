//! The gateway's side of the witnesses: sends the newest checkpoint to each, keeps what they sign,
//! and says how much of the journal still waits for its quorum.
//!
//! One task, off the way of a commit. A round takes the newest checkpoint and asks all witnesses at
//! once, so that their signatures stand on the same one; a witness that fails is asked again after a
//! growing, jittered pause and holds up no other. Invariants: a line is kept only if it verifies;
//! a witness that knows more entries than the ledger has is told loudly, for then this ledger lost
//! history or is not the one that was witnessed. Absent: deciding what a quorum proves (the reader).

mod peer;

use std::time::Duration;

use anyhow::Context as _;
use gatewarden_config::WitnessesSection;
use gatewarden_model::Stamp;
use gatewarden_proof::{KnownWitness, Trust, WitnessKey};
use gatewarden_store::LedgerReader;
use tokio_util::sync::CancellationToken;

use crate::{app::App, recorder::Recorder};
use peer::Peer;

/// How long a witness may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// Reads the configured witnesses' keys: `quorum` of them must cosign.
pub(crate) fn trust(section: &WitnessesSection) -> anyhow::Result<Trust> {
    let known = section.list.iter().map(|witness| {
        let key = WitnessKey::parse(&witness.key)
            .with_context(|| format!("the key of the witness {}", witness.name))?;
        Ok(KnownWitness { name: witness.name.clone(), key })
    });
    let known = known.collect::<anyhow::Result<Vec<_>>>()?;
    anyhow::ensure!(
        section.quorum <= known.len(),
        "[witnesses]: a quorum of {} needs as many witnesses; {} are listed",
        section.quorum,
        known.len()
    );
    Ok(Trust::with_quorum(Vec::new(), known, section.quorum))
}

/// The task's state.
struct Rounds {
    app: App,
    trust: Trust,
    peers: Vec<Peer>,
    client: reqwest::Client,
    /// How many entries have a quorum.
    witnessed: u64,
}

/// Runs until `stop`. Nothing is done where no witness is configured.
pub(crate) async fn run(app: App, trust: Trust, stop: CancellationToken) {
    let section = &app.config.witnesses;
    if section.list.is_empty() {
        return;
    }
    let client = match reqwest::Client::builder().timeout(ANSWER_TIME).build() {
        Ok(client) => client,
        Err(error) => return tracing::error!(%error, "no witness can be asked"),
    };
    let peers = section.list.iter().zip(trust.witnesses());
    let peers = peers.map(|(witness, known)| Peer::new(witness, known)).collect();
    let pause = Duration::from_millis(section.interval_ms);
    let mut rounds = Rounds { app, trust, peers, client, witnessed: 0 };
    rounds.begin().await;
    loop {
        if let Err(error) = rounds.round().await {
            tracing::error!(error = format!("{error:#}"), "witnesses");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Rounds {
    /// What was witnessed before this start.
    async fn begin(&mut self) {
        let trust = self.trust.clone();
        match self.app.read(move |ledger| ledger.cosigned_by(&trust)).await {
            Ok((witnessed, seen)) => {
                self.witnessed = witnessed;
                for (peer, seen) in self.peers.iter_mut().zip(seen) {
                    peer.seen = seen;
                }
            }
            Err(error) => tracing::error!(error = format!("{error:#}"), "witnesses"),
        }
    }

    async fn round(&mut self) -> anyhow::Result<()> {
        if self.app.recorder.is_away() {
            // Nothing new is recorded meanwhile, and nothing can be read.
            return Ok(());
        }
        let newest = self.app.read(LedgerReader::checkpoint).await?;
        let Some(newest) = newest else { return Ok(()) };
        let (size, now) = (newest.checkpoint.size, self.app.clock.now());
        let due = |peer: &&mut Peer| peer.seen != size && peer.not_before_us <= now.mono_us;
        let (app, client) = (&self.app, &self.client);
        let asked = self.peers.iter_mut().filter(due).map(|peer| {
            let note = newest.note.clone();
            peer.bring(app, client, note, size)
        });
        futures_util::future::join_all(asked).await;
        let (trust, beyond) = (self.trust.clone(), self.witnessed);
        let found = self.app.read(move |ledger| ledger.quorum_beyond(beyond, &trust)).await?;
        self.witnessed = self.witnessed.max(found.unwrap_or(0));
        self.tell(size, &now).await
    }

    /// Publishes the tail that waits, and holds it against its limits.
    async fn tell(&self, size: u64, now: &Stamp) -> anyhow::Result<()> {
        let rows = size.saturating_sub(self.witnessed);
        let first = self.witnessed;
        let oldest = self.app.read(move |ledger| ledger.entry(first)).await?;
        let seconds = oldest.filter(|_| rows > 0).map_or(0, |entry| age_s(&entry.at, now));
        metrics::gauge!("gatewarden_ledger_unwitnessed_entries").set(rows as f64);
        metrics::gauge!("gatewarden_ledger_unwitnessed_seconds").set(seconds as f64);
        let section = &self.app.config.witnesses;
        // A limit can stop movements; a witness that contradicts is told before any limit is reached.
        let told = beyond(section, rows, seconds).map(|words| (words, section.stop_beyond));
        let contradicts = || self.peers.iter().find_map(|peer| peer.contradicts.clone());
        let told = told.or_else(|| contradicts().map(|words| (words, false)));
        note_change(&self.app.recorder, told);
        Ok(())
    }
}

/// Logs the change and publishes it.
fn note_change(recorder: &Recorder, told: Option<(String, bool)>) {
    match (&told, recorder.unwitnessed().is_some()) {
        (Some((words, stops)), false) => tracing::error!(%words, stops, "witnesses"),
        (None, true) => tracing::info!("the witnesses are back"),
        _ => {}
    }
    recorder.set_unwitnessed(told);
}

/// What is beyond the limits, in words.
fn beyond(section: &WitnessesSection, rows: u64, seconds: u64) -> Option<String> {
    let (rows_max, seconds_max) = (section.unwitnessed_rows_max, section.unwitnessed_seconds_max);
    if section.quorum == 0 {
        return None;
    }
    if rows > rows_max {
        let words = "entries wait for their witnesses, the limit is";
        return Some(format!("{rows} {words} {rows_max}: see to the witnesses"));
    }
    (seconds > seconds_max).then(|| {
        format!(
            "an entry has waited {seconds} s for its witnesses, the limit is {seconds_max} s: see \
             to the witnesses"
        )
    })
}

/// Seconds from a stamp until now: by the monotonic clock within a boot, else by the wall's.
fn age_s(from: &Stamp, now: &Stamp) -> u64 {
    let micros = if from.boot == now.boot {
        now.mono_us.saturating_sub(from.mono_us)
    } else {
        u64::try_from(now.wall_us.saturating_sub(from.wall_us)).unwrap_or(0)
    };
    micros / 1_000_000
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn section(quorum: usize) -> WitnessesSection {
        WitnessesSection {
            quorum,
            interval_ms: 1000,
            unwitnessed_rows_max: 10,
            unwitnessed_seconds_max: 60,
            stop_beyond: true,
            list: Vec::new(),
        }
    }

    #[test]
    fn a_tail_within_its_limits_is_not_told_and_one_beyond_is() {
        assert_eq!(beyond(&section(1), 10, 60), None);
        assert_eq!(
            beyond(&section(1), 11, 0).as_deref(),
            Some("11 entries wait for their witnesses, the limit is 10: see to the witnesses")
        );
        assert!(
            beyond(&section(1), 1, 61).is_some_and(|w| w.starts_with("an entry has waited 61 s"))
        );
        assert_eq!(beyond(&section(0), 11, 61), None, "nobody asked for witnesses");
    }

    #[test]
    fn an_age_is_taken_by_the_clock_that_did_not_jump() {
        let stamp = |boot, mono_us, wall_us| Stamp {
            boot: Uuid::from_u128(boot),
            mono_us,
            wall_us,
            synced: true,
        };
        let from = stamp(1, 5_000_000, 50_000_000);
        assert_eq!(age_s(&from, &stamp(1, 9_000_000, 10_000_000)), 4);
        assert_eq!(age_s(&from, &stamp(2, 1_000_000, 57_000_000)), 7);
        assert_eq!(age_s(&from, &stamp(2, 1_000_000, 40_000_000)), 0);
    }

    #[test]
    fn a_quorum_needs_as_many_witnesses() {
        assert!(trust(&section(0)).is_ok());
        let words = trust(&section(1)).map_err(|e| e.to_string()).err();
        assert_eq!(
            words.as_deref(),
            Some("[witnesses]: a quorum of 1 needs as many witnesses; 0 are listed")
        );
    }
}
