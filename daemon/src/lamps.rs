//! Which signal each station shows: the recorder's signals, after the flush, to the light stacks.

use std::{collections::HashMap, sync::Arc};

use gatewarden_model::{Signal, StationId};
use tokio::sync::{mpsc, watch};

/// The signal of every station.
#[derive(Clone, Default)]
pub(crate) struct Lamps(Arc<HashMap<StationId, watch::Sender<Signal>>>);

impl Lamps {
    /// One lamp a station, all off.
    pub(crate) fn new(stations: impl IntoIterator<Item = StationId>) -> Self {
        Self(Arc::new(stations.into_iter().map(|s| (s, watch::Sender::new(Signal::Off))).collect()))
    }

    /// Shows a signal.
    pub(crate) fn show(&self, station: &StationId, signal: Signal) {
        if let Some(lamp) = self.0.get(station) {
            lamp.send_replace(signal);
        }
    }

    /// What a station shows now.
    pub(crate) fn shown(&self, station: &StationId) -> Signal {
        self.0.get(station).map_or(Signal::Off, |lamp| *lamp.borrow())
    }

    /// For a light stack's driver.
    pub(crate) fn watch(&self, station: &StationId) -> Option<watch::Receiver<Signal>> {
        self.0.get(station).map(watch::Sender::subscribe)
    }

    /// Passes the recorder's signals on until its side is closed.
    pub(crate) async fn follow(self, mut signals: mpsc::UnboundedReceiver<(StationId, Signal)>) {
        while let Some((station, signal)) = signals.recv().await {
            tracing::debug!(%station, ?signal, "signal");
            self.show(&station, signal);
        }
    }
}
