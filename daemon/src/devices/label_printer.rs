//! Label printers: from the configuration to the driver.

use gatewarden_config::LabelPrinter;
use gatewarden_model::DeviceId;
use gatewarden_zpl::Settings;

use super::Supplies;

pub(super) async fn drive(name: DeviceId, told: LabelPrinter, supplies: Supplies) {
    let Supplies { clock, events, stop, .. } = supplies;
    let settings = Settings::new(told.address);
    gatewarden_zpl::run(name, settings, clock, events, stop).await;
}
