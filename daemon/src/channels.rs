//! The one place where the kinds of channel meet their clients.

use std::sync::Arc;

use anyhow::Context as _;
use gatewarden_adapters::{
    Secret, TimeOuts, mqtt,
    notice::{self, Channel, dingtalk, mail, wecom},
    webhook,
};
use gatewarden_config::{ChannelKind, ChannelSection, MailChannel, MailTls};
use gatewarden_model::Clock;

/// The channel that a section of the configuration asks for.
pub(crate) fn channel(
    section: &ChannelSection,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Box<dyn Channel>> {
    let (clock, time_outs) = (Arc::clone(clock), TimeOuts::default());
    let made = match section.kind.clone() {
        ChannelKind::DingTalkRobot { url, access_token, secret: key } => {
            let (access_token, secret) = (secret(&access_token), secret(&key));
            let settings = dingtalk::RobotSettings { url, access_token, secret, time_outs };
            dingtalk::robot(settings, clock)
        }
        ChannelKind::DingTalkWork { url, app_key, app_secret, agent_id } => {
            let app_secret = secret(&app_secret);
            let settings = dingtalk::WorkSettings { url, app_key, app_secret, agent_id, time_outs };
            dingtalk::work(settings, clock)
        }
        ChannelKind::WeComRobot { url, robot_key } => {
            let key = secret(&robot_key);
            wecom::robot(wecom::RobotSettings { url, key, time_outs }, clock)
        }
        ChannelKind::WeComApp { url, corp_id, corp_secret, agent_id } => {
            let corp_secret = secret(&corp_secret);
            let settings = wecom::AppSettings { url, corp_id, corp_secret, agent_id, time_outs };
            wecom::app(settings, clock)
        }
        ChannelKind::Mail(server) => mail::channel(mail_settings(server)?, clock),
        ChannelKind::Mqtt { address, topic, client_id, username, password } => {
            let password = password.as_ref().map(secret);
            notice::mqtt::channel(mqtt::Settings {
                address,
                topic,
                client_id,
                username,
                password,
                time_outs,
            })
        }
        ChannelKind::Webhook { url, secret: key, delivered } => {
            let (secret, proof) = (secret(&key), crate::lanes::proof(delivered));
            let settings = webhook::Settings { url, secret, look_up: false, proof, time_outs };
            notice::webhook::channel(settings, clock)
        }
    };
    made.with_context(|| format!("channel {}", section.name))
}

fn secret(secret: &gatewarden_config::Secret) -> Secret {
    Secret::from(secret.expose().to_owned())
}

fn mail_settings(server: MailChannel) -> anyhow::Result<mail::Settings> {
    let read = |path: std::path::PathBuf| {
        std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))
    };
    Ok(mail::Settings {
        address: server.address,
        tls: match server.tls {
            MailTls::StartTls => mail::Tls::StartTls,
            MailTls::Wrapped => mail::Tls::Wrapped,
            MailTls::None => mail::Tls::None,
        },
        authorities: server.ca.map(read).transpose()?,
        login: server.login.map(|(user, password)| (user, secret(&password))),
        from: server.from,
        from_name: server.from_name,
        time_outs: TimeOuts::default(),
    })
}
