//! The one place where the kinds of adapter meet their clients.

use std::sync::Arc;

use gatewarden_adapters::{Adapter, Secret, TimeOuts, mqtt, tryton, webhook};
use gatewarden_config::AdapterKind;
use gatewarden_model::Clock;

/// The adapter that a section of the configuration asks for.
pub(crate) fn adapter(
    kind: &AdapterKind,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Box<dyn Adapter>> {
    let secret = |s: &gatewarden_config::Secret| Secret::from(s.expose().to_owned());
    Ok(match kind.clone() {
        AdapterKind::Webhook { url, secret: key, look_up } => {
            let time_outs = TimeOuts::default();
            let settings = webhook::Settings { url, secret: secret(&key), look_up, time_outs };
            webhook::adapter(settings, Arc::clone(clock))?
        }
        AdapterKind::Tryton {
            url,
            database,
            user,
            password,
            company,
            warehouse,
            locations,
            items,
            suppliers,
        } => tryton::adapter(
            tryton::Settings {
                url,
                database,
                user,
                password: secret(&password),
                company,
                warehouse,
                locations,
                items,
                suppliers,
                time_outs: TimeOuts::default(),
            },
            Arc::clone(clock),
        )?,
        AdapterKind::Mqtt { address, topic, client_id, username, password } => {
            mqtt::adapter(mqtt::Settings {
                address,
                topic,
                client_id,
                username,
                password: password.as_ref().map(secret),
                time_outs: TimeOuts::default(),
            })?
        }
    })
}
