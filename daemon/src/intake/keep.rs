//! Makes passes durable: their opening, what is seen in them, and their end; then hands them on.

use gatewarden_model::{PassClosing, PassId, PassOpening, Signal, Stamp};

use super::Intake;
use crate::{grouping::Closed, recording::Line, spool::SpoolError};

impl Intake {
    /// A pass of what was told late is nobody's, and nothing that goes on now.
    pub(super) async fn opened(
        &mut self,
        pass: PassId,
        opening: PassOpening,
        at: Stamp,
        late: bool,
    ) {
        let station = self.station.name.clone();
        let session = self.app.recorder.session_at(&station).filter(|_| !late);
        if !late {
            self.app.lamps.show(&station, Signal::Busy);
        }
        if let Err(error) = self.app.spool.open_pass(pass, station, at, opening, session).await {
            self.spool_failed(&error);
        }
    }

    pub(super) fn spool_failed(&self, error: &SpoolError) {
        metrics::counter!("gatewarden_spool_failures_total").increment(1);
        tracing::error!(station = %self.station.name, %error, "the pass is in memory only");
        self.app.lamps.show(&self.station.name, Signal::Stop);
    }

    pub(super) async fn spool_sightings(&mut self) {
        self.spool_at = None;
        for (pass, sightings) in std::mem::take(&mut self.unspooled) {
            if let Err(error) = self.app.spool.add_sightings(pass, sightings).await {
                self.spool_failed(&error);
            }
        }
    }

    pub(super) async fn close(&mut self, by: PassClosing) {
        let now = self.now();
        self.grouping.close(now, by);
        self.record(|| Some(Line::Close { at: now, by }));
        self.finish_closed(now).await;
    }

    /// Makes what has closed durable and hands it on.
    pub(super) async fn finish_closed(&mut self, now: Stamp) {
        while let Some(Closed { mut pass, full_since }) = self.grouping.poll(now) {
            self.record(|| Some(Line::Pass { asked: now, pass: pass.clone() }));
            // The pass as a whole replaces its single sightings.
            self.unspooled.remove(&pass.id);
            if self.unspooled.is_empty() {
                self.spool_at = None;
            }
            for alarm in self.watch.passed(&mut pass) {
                self.gap(None, pass.opened, pass.closed, alarm.words).await;
            }
            if let Some(from) = full_since {
                let reason = format!("more things, or longer ones, than pass {} can hold", pass.id);
                self.gap(None, from, pass.closed, reason).await;
            }
            metrics::counter!("gatewarden_passes_total", "station" => self.station.name.to_string())
                .increment(1);
            if let Err(error) = self.app.spool.close_pass(pass.clone()).await {
                self.spool_failed(&error);
            }
            if self.closed.send(pass).await.is_err() {
                tracing::error!("the recorder's feeder has ended; the pass stays in the spool");
            }
        }
    }
}
