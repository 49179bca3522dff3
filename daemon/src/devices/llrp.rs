//! LLRP readers: from the configuration to the driver.

use gatewarden_config::Llrp;
use gatewarden_llrp::Settings;
use gatewarden_model::DeviceId;

use super::Supplies;

pub(super) async fn drive(name: DeviceId, told: Llrp, supplies: Supplies) {
    let Supplies { clock, events, stop, .. } = supplies;
    let Llrp { address, antennas, tx_power_dbm, session, tag_population, keepalive_ms } = told;
    let settings = Settings {
        antennas,
        tx_power_dbm,
        session,
        tag_population,
        keepalive_ms,
        ..Settings::new(address)
    };
    gatewarden_llrp::run(name, settings, clock, events, stop).await;
}
