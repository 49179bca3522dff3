//! HID scanners: from the configuration to the driver.

use gatewarden_config::HidScanner;
use gatewarden_hid::Settings;
use gatewarden_model::DeviceId;

use super::Supplies;

pub(super) async fn drive(name: DeviceId, told: HidScanner, supplies: Supplies) {
    let Supplies { clock, events, stop, .. } = supplies;
    let HidScanner { vendor, product, serial, port, enter_pos_mode } = told;
    let settings = Settings { vendor, product, serial, port, enter_pos_mode };
    gatewarden_hid::run(name, settings, clock, events, stop).await;
}
