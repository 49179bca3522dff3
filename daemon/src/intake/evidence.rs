//! What the intake tells of its devices: their states, who they are, and gaps in the evidence.
//!
//! What the recorder can't take now waits and is tried again; of too many gaps two become one that
//! spans both: less is told, nothing is left out.

use gatewarden_engine::{Command, Reply};
use gatewarden_model::{DeviceId, DeviceState, Stamp};
use tokio::time::Instant;

use super::{GAPS_MAX, Intake, RETRY_PAUSE, UNSEEN_US_MAX};

impl Intake {
    pub(super) async fn state(&mut self, device: DeviceId, state: DeviceState) {
        let up = matches!(state, DeviceState::Up { .. });
        if up {
            self.watch.restarted(&device);
        }
        self.app.devices.set(&device, state);
        if !up || !self.unseen.remove(&device) {
            return;
        }
        let (from, to) = (self.started, self.now());
        if to.us_since(&from) >= UNSEEN_US_MAX {
            let reason = "not watched from the daemon's start until it was up".to_owned();
            self.gap(Some(device), from, to, reason).await;
        }
    }

    /// Asks whether the devices that told who they are may be believed; what can't be recorded now is
    /// tried again, and until then nobody claims what they read.
    pub(super) async fn identify(&mut self) {
        self.unasked_at = None;
        while let Some((device, (facts, since))) =
            self.unasked.first_key_value().map(|(device, told)| (device.clone(), told.clone()))
        {
            let station = self.station.name.clone();
            let command = Command::Identify { station, device: device.clone(), facts, since };
            match self.app.recorder.command(command).await {
                Ok(Ok(Reply::Identified { refused: Some(reason) })) => {
                    metrics::counter!("gatewarden_devices_refused_total",
                        "device" => device.to_string())
                    .increment(1);
                    tracing::warn!(%device, station = %self.station.name, %reason,
                        "device refused: see gatewarden change list");
                }
                Ok(Ok(_)) => drop(self.badges_told.remove(&device)),
                Ok(Err(refusal)) => tracing::error!(%device, reason = %refusal.message, "identity"),
                Err(error) => {
                    tracing::error!(%device, %error, "who it is waits to be recorded");
                    self.unasked_at = Some(Instant::now() + RETRY_PAUSE);
                    return;
                }
            }
            self.unasked.remove(&device);
        }
    }

    pub(super) async fn gap(
        &mut self,
        device: Option<DeviceId>,
        from: Stamp,
        to: Stamp,
        reason: String,
    ) {
        metrics::counter!("gatewarden_gaps_total", "station" => self.station.name.to_string())
            .increment(1);
        tracing::warn!(station = %self.station.name, ?device, %reason, "evidence gap");
        self.gaps.push_back((device, from, to, reason));
        if self.gaps.len() > GAPS_MAX
            && let (Some(first), Some(second)) = (self.gaps.pop_front(), self.gaps.pop_front())
        {
            // Two become one that spans both: less is told, nothing is left out.
            let reason = format!("{}; {}", first.3, second.3).chars().take(500).collect();
            self.gaps.push_front((None, first.1, second.2, reason));
        }
        self.tell_gaps().await;
    }

    /// Records the gaps that wait; what can't be recorded now is tried again.
    pub(super) async fn tell_gaps(&mut self) {
        self.gaps_at = None;
        while let Some((device, from, to, reason)) = self.gaps.front().cloned() {
            let command = Command::Gap { device, from, to, reason };
            if let Err(error) = self.app.recorder.command(command).await {
                tracing::error!(%error, gaps = self.gaps.len(), "gaps wait to be recorded");
                self.gaps_at = Some(Instant::now() + RETRY_PAUSE);
                return;
            }
            self.gaps.pop_front();
        }
    }
}
