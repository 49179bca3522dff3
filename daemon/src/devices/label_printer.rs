//! Label printers: from the configuration to the driver.

use std::sync::Arc;

use gatewarden_config::{LabelPrinter, PrinterWire};
use gatewarden_model::DeviceId;
use gatewarden_zpl::{Place, Settings};

use super::Supplies;

pub(super) async fn drive(name: DeviceId, told: LabelPrinter, supplies: Supplies) {
    let Supplies { clock, events, labels, stop, .. } = supplies;
    let settings = Settings::at(place(told.wire));
    gatewarden_zpl::run(name, settings, clock, events, Arc::new(labels), stop).await;
}

/// Where a printer is, as its driver knows it.
fn place(wire: PrinterWire) -> Place {
    match wire {
        PrinterWire::Tcp(address) => Place::Tcp { address },
        PrinterWire::Usb(path) => Place::Usb { path },
        PrinterWire::Serial(path, baud) => Place::Serial { path, baud },
    }
}
