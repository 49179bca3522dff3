//! Zebra readers over MQTT: from the configuration to the driver.

use anyhow::Context;
use gatewarden_config::ZebraIot;
use gatewarden_model::DeviceId;
use gatewarden_zebra_iot::{Secret, Settings};

use super::{Supplies, trust};

pub(super) async fn drive(name: DeviceId, told: ZebraIot, supplies: Supplies) {
    let settings = match settings(told) {
        Ok(settings) => settings,
        Err(error) => return trust::unusable(name, error, &supplies).await,
    };
    let Supplies { clock, events, stop, .. } = supplies;
    gatewarden_zebra_iot::run(name, settings, clock, events, stop).await;
}

fn settings(told: ZebraIot) -> anyhow::Result<Settings> {
    let (host, port) = told.address.rsplit_once(':').context("the address is host:port")?;
    let port = port.parse().with_context(|| format!("{port:?} is no port"))?;
    // The brackets of an IPv6 address belong to the address, not to the host.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok(Settings {
        login: told.login.map(|(user, password)| (user, Secret::new(password.expose()))),
        trust: trust::trust(told.trust)?,
        mode: told.mode.as_deref().map(gatewarden_zebra_iot::settings::mode),
        ..Settings::new(host, port, &told.client_id, told.topic.trim_end_matches('/'))
    })
}
