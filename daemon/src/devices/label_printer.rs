//! Label printers: from the configuration to the driver.

use std::{collections::BTreeMap, sync::Arc};

use gatewarden_config::{LabelPrinter, PrinterWire};
use gatewarden_model::DeviceId;
use gatewarden_zpl::{Place, Settings};

use super::Supplies;

/// A printer with an address was always known by it, and stays so until the configuration names its serial number:
/// nobody's approved printer is refused after an update.
pub(super) async fn drive(
    name: DeviceId,
    (told, identity): (LabelPrinter, BTreeMap<String, String>),
    supplies: Supplies,
) {
    let Supplies { clock, events, labels, stop, .. } = supplies;
    let by_serial = !matches!(told.wire, PrinterWire::Tcp(_)) || identity.contains_key("serial");
    labels.driver_starts(&name).await;
    let settings = Settings { by_serial, ..Settings::at(place(told.wire)) };
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
