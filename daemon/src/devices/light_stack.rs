//! Light stacks: from the configuration to the driver.

use gatewarden_config::LightStack;
use gatewarden_modbus::{Lamps, Settings};
use gatewarden_model::DeviceId;

use super::Supplies;

pub(super) async fn drive(name: DeviceId, told: LightStack, supplies: Supplies) {
    let Supplies { clock, events, signals, stop, .. } = supplies;
    let LightStack { address, unit, green, amber, red, buzzer } = told;
    let (green, amber, red) = (Some(green), Some(amber), Some(red));
    let lamps = Lamps { green, amber, red, buzzer };
    let settings = Settings { unit, ..Settings::new(address, lamps) };
    gatewarden_modbus::run(name, settings, clock, events, signals, stop).await;
}
