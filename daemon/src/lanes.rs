//! The one place where the kinds of adapter meet their clients.

use std::sync::Arc;

use gatewarden_adapters::{Adapter, Secret, TimeOuts, mqtt, tryton, webhook};
use gatewarden_config::{AdapterKind, Delivered, Scalar};
use gatewarden_model::Clock;

/// The adapter that a section of the configuration asks for.
pub(crate) fn adapter(
    kind: &AdapterKind,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Box<dyn Adapter>> {
    let secret = |s: &gatewarden_config::Secret| Secret::from(s.expose().to_owned());
    Ok(match kind.clone() {
        AdapterKind::Webhook { url, secret: key, look_up, delivered } => {
            let (time_outs, proof) = (TimeOuts::default(), proof(delivered));
            let secret = secret(&key);
            let settings = webhook::Settings { url, secret, look_up, proof, time_outs };
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

/// What proves to a webhook that something was taken.
pub(crate) fn proof(told: Delivered) -> webhook::Proof {
    let success = told.success.map(|(pointer, equals)| {
        let equals = match equals {
            Scalar::Bool(bool) => bool.into(),
            Scalar::Integer(integer) => integer.into(),
            Scalar::Text(text) => text.into(),
        };
        webhook::Success { pointer, equals }
    });
    webhook::Proof { success, receipt: told.receipt, accept_any: told.accept_any }
}
