//! One witness, as this gateway reaches it: brings it a checkpoint, reads what it says, and pauses
//! after a failure.

use std::sync::Arc;

use anyhow::Context as _;
use gatewarden_config::WitnessSection;
use gatewarden_model::{Backoff, Clock};
use gatewarden_proof::{
    KnownWitness, WitnessKey,
    witness::{ANSWER_BYTES_MAX, Heard, Request, hear},
};

use crate::app::App;

/// The status of a refusal because the checkpoint does not continue what was seen.
const ANOTHER_HISTORY: u16 = 422;

/// Pauses after failures never grow beyond the back-off's longest times this.
const PAUSE_FACTOR: u64 = 6;

/// One witness, as this gateway reaches it.
pub(super) struct Peer {
    name: String,
    url: String,
    key: WitnessKey,
    /// How many entries it has cosigned, as far as is known.
    pub(super) seen: u64,
    backoff: Backoff,
    failures: u64,
    /// Not before, by the monotonic clock.
    pub(super) not_before_us: u64,
    /// It saw a history that this ledger does not have: in words.
    pub(super) contradicts: Option<String>,
}

impl Peer {
    pub(super) fn new(witness: &WitnessSection, known: &KnownWitness) -> Self {
        Self {
            name: witness.name.clone(),
            url: format!("{}/add-checkpoint", witness.url.trim_end_matches('/')),
            key: known.key.clone(),
            seen: 0,
            backoff: Backoff::default(),
            failures: 0,
            not_before_us: 0,
            contradicts: None,
        }
    }

    /// Sends the checkpoint, once more from the right size if the witness has another.
    pub(super) async fn bring(
        &mut self,
        app: &App,
        client: &reqwest::Client,
        note: String,
        size: u64,
    ) {
        for _ in 0..2 {
            match self.ask(app, client, &note, size).await {
                Ok((_, Heard::Cosigned { line, .. })) => {
                    self.contradicts = None;
                    // Asked for again where it is not kept: no later checkpoint need come.
                    if let Err(error) = app.recorder.cosigned(size, line).await {
                        return self.fail(&app.clock, &format!("it was not kept: {error}"));
                    }
                    self.seen = size;
                    self.failures = 0;
                    self.backoff.reset();
                    return;
                }
                Ok((_, Heard::Size(seen))) if seen > size => {
                    self.seen = seen;
                    return self.contradict(
                        &app.clock,
                        format!(
                            "THE WITNESS KNOWS {seen} ENTRIES, THIS LEDGER HAS {size}: it lost \
                             history, such as by an old backup, or is another ledger"
                        ),
                    );
                }
                Ok((_, Heard::Size(seen))) => self.seen = seen,
                Ok((ANOTHER_HISTORY, Heard::Refused(why))) => {
                    return self.contradict(
                        &app.clock,
                        format!("THE WITNESS SAW ANOTHER HISTORY than this ledger has: {why}"),
                    );
                }
                Ok((_, Heard::Refused(why))) => return self.fail(&app.clock, &why),
                Err(error) => return self.fail(&app.clock, &format!("{error:#}")),
            }
        }
        self.fail(&app.clock, "it names another size each time");
    }

    /// Notes that the witness saw what this ledger does not have.
    fn contradict(&mut self, clock: &Arc<dyn Clock>, words: String) {
        self.fail(clock, &words);
        self.contradicts = Some(format!("witness {}: {words}", self.name));
    }

    async fn ask(
        &self,
        app: &App,
        client: &reqwest::Client,
        note: &str,
        size: u64,
    ) -> anyhow::Result<(u16, Heard)> {
        let old = self.seen.min(size);
        let path = app.read(move |ledger| ledger.consistency(old, size)).await?;
        let path = path.context("there is no consistency proof")?;
        let request = Request { old, path, note: note.to_owned() };
        let mut answer = client.post(&self.url).body(request.to_text()).send().await?;
        let status = answer.status().as_u16();
        let kind = answer.headers().get(reqwest::header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            anyhow::ensure!(body.len() + chunk.len() <= ANSWER_BYTES_MAX, "its answer is too long");
            body.extend_from_slice(&chunk);
        }
        Ok((status, hear(&self.key, note, status, &kind, &String::from_utf8_lossy(&body))))
    }

    fn fail(&mut self, clock: &Arc<dyn Clock>, why: &str) {
        let now = clock.now().mono_us;
        self.failures += 1;
        let pause_ms = self.backoff.fail(now) * self.failures.min(PAUSE_FACTOR);
        self.not_before_us = now + pause_ms * 1000;
        tracing::warn!(witness = %self.name, %why, pause_ms, "no cosignature");
        metrics::counter!("gatewarden_witness_failures_total", "witness" => self.name.clone())
            .increment(1);
    }
}
