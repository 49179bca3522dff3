//! Badges among the scans of a station: they sign in and are no reads.

use gatewarden_engine::{Command, Engine, Reply};
use gatewarden_model::{DeviceId, Hash, ScanRead, Signal, Stamp};

use super::Intake;
use crate::{badges, secrets};

impl Intake {
    /// The badge that a scan is, if it is one: it begins with the prefix, or is the number of a card
    /// that is somebody's.
    pub(super) async fn badge_in(&self, scan: &ScanRead) -> Option<Hash> {
        let prefixed = secrets::is_badge(&scan.text, &self.app.config.operators.badge_prefix);
        if !prefixed && !badges::may_be_card(scan) {
            return None;
        }
        let shown = scan.clone();
        let look = move |engine: &Engine| {
            let state = engine.state();
            let is_badge = prefixed || badges::is_card(state, &shown);
            is_badge.then(|| badges::badge_of(state, &shown.text))
        };
        // While the ledger is away nobody's cards are known, and nobody can sign in.
        self.app.recorder.query(look).await.ok().flatten()
    }

    /// A badge at a device that is not the approved one signs nobody in: told once a device, not once a
    /// scan, and never with its number.
    pub(super) async fn badge_refused(&mut self, device: DeviceId, at: Stamp, why: &str) {
        self.app.lamps.show(&self.station.name, Signal::Alarm);
        if self.badges_told.insert(device.clone()) {
            let reason = format!("{why}; it and any further one count for nothing");
            self.gap(Some(device), at, at, reason).await;
        }
    }

    /// Why a badge read by this device counts for nothing.
    pub(super) fn badge_doubt(&self, device: &DeviceId) -> Option<&'static str> {
        if self.unasked.contains_key(device) || self.app.recorder.is_refused(device) {
            return Some("a badge was scanned at a device that is not the approved one");
        }
        let kind = self.app.config.devices.iter().find(|known| known.name == *device);
        let typed = kind.is_some_and(|known| badges::may_be_typed(&known.kind));
        typed.then_some("a badge came from a keyboard wedge, where anybody may type")
    }

    pub(super) async fn badge(&self, badge: gatewarden_model::Hash) {
        let station = self.station.name.clone();
        match self.app.recorder.command(Command::Badge { station, badge }).await {
            Ok(Ok(reply)) => tracing::debug!(
                known = matches!(reply, Reply::BadgeSeen { operator: Some(_) }),
                "badge"
            ),
            Ok(Err(refusal)) => tracing::warn!(reason = %refusal.message, "badge refused"),
            Err(error) => tracing::error!(%error, "a badge could not be taken"),
        }
    }
}
