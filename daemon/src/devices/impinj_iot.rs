//! Impinj readers over their IoT interface: from the configuration to the driver.

use gatewarden_config::ImpinjIot;
use gatewarden_impinj_iot::{Secret, Settings};
use gatewarden_model::DeviceId;

use super::{Supplies, trust};

pub(super) async fn drive(name: DeviceId, told: ImpinjIot, supplies: Supplies) {
    let settings = match settings(told) {
        Ok(settings) => settings,
        Err(error) => return trust::unusable(name, error, &supplies).await,
    };
    let Supplies { clock, events, stop, .. } = supplies;
    gatewarden_impinj_iot::run(name, settings, clock, events, stop).await;
}

fn settings(told: ImpinjIot) -> anyhow::Result<Settings> {
    let password = Secret::new(told.password.expose());
    let usual = Settings::new(told.url, told.username, password);
    let antennas = if told.antennas.is_empty() { usual.antennas.clone() } else { told.antennas };
    Ok(Settings {
        trust: trust::trust(told.trust)?,
        preset: told.preset,
        antennas,
        tx_power_cdbm: told.tx_power_cdbm,
        rf_mode: told.rf_mode,
        session: told.session,
        tag_population: told.tag_population,
        ..usual
    })
}
