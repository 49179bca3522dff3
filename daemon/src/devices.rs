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

/// Events that wait between a driver and its station; more is back-pressure on the device.
pub(crate) const EVENTS_MAX: usize = 1024;
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

/// The kind as the configuration spells it.
pub(crate) fn kind_name(kind: &DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Llrp { .. } => "llrp",
        DeviceKind::LineScanner { .. } => "line-scanner",
        DeviceKind::LightStack { .. } => "light-stack",
        DeviceKind::HidScanner { .. } => "hid-scanner",
        DeviceKind::LabelPrinter { .. } => "label-printer",
    }
}

/// The one place where the kinds of device meet their drivers.
async fn drive(device: Device, supplies: Supplies) {
    let Supplies { clock, events, signals, stop, .. } = supplies;
    let name = device.name;
    match device.kind {
        DeviceKind::Llrp {
            address,
            antennas,
            tx_power_dbm,
            session,
            tag_population,
            keepalive_ms,
        } => {
            let settings = gatewarden_llrp::Settings {
                antennas,
                tx_power_dbm,
                session,
                tag_population,
                keepalive_ms,
                ..gatewarden_llrp::Settings::new(address)
            };
            gatewarden_llrp::run(name, settings, clock, events, stop).await;
        }
        DeviceKind::LineScanner { path, baud, prefix, suffix } => {
            let defaults = gatewarden_scanner::Settings::new(path);
            let settings = gatewarden_scanner::Settings { baud, prefix, suffix, ..defaults };
            gatewarden_scanner::run(name, settings, clock, events, stop).await;
        }
        DeviceKind::LightStack { address, unit, green, amber, red, buzzer } => {
            let (green, amber, red) = (Some(green), Some(amber), Some(red));
            let lamps = gatewarden_modbus::Lamps { green, amber, red, buzzer };
            let defaults = gatewarden_modbus::Settings::new(address, lamps);
            let settings = gatewarden_modbus::Settings { unit, ..defaults };
            gatewarden_modbus::run(name, settings, clock, events, signals, stop).await;
        }
        DeviceKind::HidScanner { vendor, product, serial } => {
            let settings = gatewarden_hid::Settings { vendor, product, serial };
            gatewarden_hid::run(name, settings, clock, events, stop).await;
        }
        DeviceKind::LabelPrinter { address } => {
            let settings = gatewarden_zpl::Settings::new(address);
            gatewarden_zpl::run(name, settings, clock, events, stop).await;
        }
    }
}
