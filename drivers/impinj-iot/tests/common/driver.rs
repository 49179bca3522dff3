//! A running driver with what it tells.

use std::{sync::Arc, time::Duration};

use gatewarden_impinj_iot::{Settings, run};
use gatewarden_model::{DeviceEvent, DeviceId, DeviceState, ReadValue};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Driver {
    events: mpsc::Receiver<DeviceEvent>,
    _guard: DropGuard,
}

impl Driver {
    pub(crate) fn start(settings: Settings) -> Self {
        let (send, events) = mpsc::channel(64);
        let (stop, clock) = (CancellationToken::new(), Arc::new(super::TestClock::default()));
        let device = DeviceId::parse("door").unwrap();
        tokio::spawn(run(device, settings, clock, send, stop.clone()));
        Self { events, _guard: stop.drop_guard() }
    }

    pub(crate) async fn until(
        &mut self,
        what: &str,
        wanted: impl Fn(&DeviceEvent) -> bool,
    ) -> DeviceEvent {
        let found = async {
            loop {
                let event = self.events.recv().await.expect("the driver ended");
                if wanted(&event) {
                    return event;
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("no {what} in time"))
    }

    pub(crate) async fn up(&mut self) {
        let up =
            |e: &DeviceEvent| matches!(e, DeviceEvent::State { state: DeviceState::Up { .. }, .. });
        self.until("up", up).await;
    }

    pub(crate) async fn gap(&mut self) -> String {
        match self.until("gap", |e| matches!(e, DeviceEvent::Gap { .. })).await {
            DeviceEvent::Gap { reason, .. } => reason,
            _ => unreachable!(),
        }
    }

    pub(crate) async fn down(&mut self) -> String {
        let is = |e: &DeviceEvent| {
            matches!(e, DeviceEvent::State { state: DeviceState::Down { .. }, .. })
        };
        match self.until("down", is).await {
            DeviceEvent::State { state: DeviceState::Down { reason, .. }, .. } => reason,
            _ => unreachable!(),
        }
    }

    pub(crate) async fn epc(&mut self) -> Vec<u8> {
        match self.until("read", |e| matches!(e, DeviceEvent::Reads(_))).await {
            DeviceEvent::Reads(reads) => match &reads[0].value {
                ReadValue::Tag(tag) => tag.epc.clone(),
                ReadValue::Scan(_) => panic!("a scan"),
            },
            _ => unreachable!(),
        }
    }
}
