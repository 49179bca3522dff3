//! The supervisor of devices: starts each driver, keeps its last state visible, restarts a driver
//! whose task ends or panics. One bad device never stops another.

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
    time::Duration,
};

use gatewarden_config::{Device, DeviceKind};
use gatewarden_model::{Clock, DeviceEvent, DeviceId, DeviceState, Signal};
use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

mod hid_scanner;
mod impinj_iot;
mod io_module;
mod label_printer;
mod light_stack;
mod line_scanner;
mod llrp;
mod trust;
mod uhf_reader;
mod wedge_scanner;
mod zebra_iot;

/// Events that wait between a driver and its station; more is back-pressure on the device.
pub(crate) const EVENTS_MAX: usize = 256;
/// Pause before a driver whose task ended unexpectedly is started again.
const RESTART_PAUSE: Duration = Duration::from_secs(2);

/// The last known state of every device.
#[derive(Clone, Default)]
pub(crate) struct DeviceBoard(Arc<RwLock<BTreeMap<DeviceId, DeviceState>>>);

impl DeviceBoard {
    /// Remembers a state and tells the metrics and the log.
    pub(crate) fn set(&self, device: &DeviceId, state: DeviceState) {
        let up = matches!(state, DeviceState::Up { .. });
        metrics::gauge!("gatewarden_device_up", "device" => device.to_string()).set(if up {
            1.0
        } else {
            0.0
        });
        match &state {
            DeviceState::Up { detail } => tracing::info!(%device, %detail, "device is up"),
            DeviceState::Down { reason, retry_in_ms } => {
                tracing::warn!(%device, %reason, retry_in_ms, "device is down");
            }
            other => tracing::debug!(%device, ?other, "device"),
        }
        if let Ok(mut board) = self.0.write() {
            board.insert(device.clone(), state);
        }
    }

    /// All states by name.
    pub(crate) fn all(&self) -> BTreeMap<DeviceId, DeviceState> {
        self.0.read().map(|board| board.clone()).unwrap_or_default()
    }
}

/// What a driver is given.
#[derive(Clone)]
pub(crate) struct Supplies {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) events: mpsc::Sender<DeviceEvent>,
    /// The signal of the station that the device serves.
    pub(crate) signals: watch::Receiver<Signal>,
    pub(crate) board: DeviceBoard,
    /// Where work on tags comes in.
    pub(crate) tag_doors: crate::tag_access::TagDoors,
    /// The labels that wait for printers.
    pub(crate) labels: crate::labels::Labels,
    pub(crate) stop: CancellationToken,
}

/// Starts a device and keeps it running until `stop`.
pub(crate) fn supervise(tasks: &TaskTracker, device: Device, supplies: Supplies) {
    supplies.board.set(&device.name, DeviceState::Connecting { attempt: 1 });
    tasks.spawn(async move {
        loop {
            let run = tokio::spawn(drive(device.clone(), supplies.clone()));
            let ended = run.await;
            if supplies.stop.is_cancelled() {
                return;
            }
            let reason = match ended {
                Ok(()) => "its driver ended without being told to".to_owned(),
                Err(error) => format!("its driver failed: {error}"),
            };
            let retry_in_ms = u64::try_from(RESTART_PAUSE.as_millis()).unwrap_or(2000);
            supplies.board.set(&device.name, DeviceState::Down { reason, retry_in_ms });
            tokio::select! {
                () = supplies.stop.cancelled() => return,
                () = tokio::time::sleep(RESTART_PAUSE) => {}
            }
        }
    });
}

/// The one place where the kinds of device meet their drivers: a file for each.
async fn drive(device: Device, supplies: Supplies) {
    let name = device.name;
    match device.kind {
        DeviceKind::Llrp(settings) => llrp::drive(name, settings, supplies).await,
        DeviceKind::ImpinjIot(settings) => impinj_iot::drive(name, settings, supplies).await,
        DeviceKind::ZebraIot(settings) => zebra_iot::drive(name, settings, supplies).await,
        DeviceKind::UhfReader(settings) => uhf_reader::drive(name, settings, supplies).await,
        DeviceKind::LineScanner(settings) => line_scanner::drive(name, settings, supplies).await,
        DeviceKind::IoModule(settings) => io_module::drive(name, settings, supplies).await,
        DeviceKind::LightStack(settings) => light_stack::drive(name, settings, supplies).await,
        DeviceKind::HidScanner(settings) => hid_scanner::drive(name, settings, supplies).await,
        DeviceKind::WedgeScanner(settings) => wedge_scanner::drive(name, settings, supplies).await,
        DeviceKind::LabelPrinter(settings) => {
            label_printer::drive(name, (settings, device.identity), supplies).await;
        }
    }
}
