//! Line scanners: from the configuration to the driver.

use gatewarden_config::LineScanner;
use gatewarden_model::DeviceId;
use gatewarden_scanner::Settings;

use super::Supplies;

pub(super) async fn drive(name: DeviceId, told: LineScanner, supplies: Supplies) {
    let Supplies { clock, events, stop, .. } = supplies;
    let LineScanner { path, baud, prefix, suffix } = told;
    let settings = Settings { baud, prefix, suffix, ..Settings::new(path) };
    gatewarden_scanner::run(name, settings, clock, events, stop).await;
}
