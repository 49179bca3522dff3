//! `[[channels]]`: the ways by which notices reach people, told apart by `kind`; and `[[contacts]]`, how
//! people are called there.
//!
//! They stand in the gateway's own file and not in a procedure's, since they hold secrets and addresses
//! of this box and not what a house has decided. Absent: who is told what (`[procedures] notices`).

mod check;
mod contacts;
mod shape;

use std::path::{Path, PathBuf};

use gatewarden_model::LaneId;

pub use contacts::{CONTACTS_MAX, ContactSection, Language};

pub(crate) use check::check;
pub(crate) use contacts::CONTACT;
pub(crate) use shape::CHANNELS;

use crate::{Delivered, Secret, fields::Fields};

/// Most channels of one gateway.
pub const CHANNELS_MAX: usize = 32;

/// One way to people.
#[derive(Debug, Clone)]
pub struct ChannelSection {
    /// What notices call it.
    pub name: LaneId,
    /// What it is and how it is reached.
    pub kind: ChannelKind,
    /// Most messages a minute, where the file says so; else the vendor's limit.
    pub per_minute: Option<u32>,
}

/// What a channel is and how it is reached.
#[derive(Debug, Clone)]
pub enum ChannelKind {
    /// The robot of a DingTalk group.
    DingTalkRobot {
        /// Where DingTalk answers.
        url: String,
        /// The `access_token` in the robot's address.
        access_token: Secret,
        /// The key of its signature.
        secret: Secret,
    },
    /// Work notices of a DingTalk app, to single people.
    DingTalkWork {
        /// Where DingTalk answers.
        url: String,
        /// The app's key.
        app_key: String,
        /// The app's secret.
        app_secret: Secret,
        /// The app's agent id.
        agent_id: i64,
    },
    /// The robot of a WeCom group.
    WeComRobot {
        /// Where WeCom answers.
        url: String,
        /// The `key` in the robot's address.
        robot_key: Secret,
    },
    /// Messages of a WeCom app, to single people.
    WeComApp {
        /// Where WeCom answers.
        url: String,
        /// The company's id.
        corp_id: String,
        /// The app's secret.
        corp_secret: Secret,
        /// The app's agent id.
        agent_id: i64,
    },
    /// Mail over SMTP.
    Mail(MailChannel),
    /// Publishing to an MQTT broker.
    Mqtt {
        /// `host:port`.
        address: String,
        /// The topic.
        topic: String,
        /// The client's id at the broker.
        client_id: String,
        /// The user, if the broker wants one.
        username: Option<String>,
        /// The user's password.
        password: Option<Secret>,
    },
    /// A signed POST of each notice.
    Webhook {
        /// Where to.
        url: String,
        /// The key of the signature.
        secret: Secret,
        /// What proves that the receiver has a notice.
        delivered: Delivered,
    },
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct MailChannel {
    /// `host:port`.
    pub address: String,
    /// How the connection is kept from being read.
    pub tls: MailTls,
    /// The authorities that its certificate must come from, in PEM; the system's where absent.
    pub ca: Option<PathBuf>,
    /// The user and the password, if the server wants a log-in.
    pub login: Option<(String, Secret)>,
    /// The sender's address.
    pub from: String,
    /// The sender's name.
    pub from_name: Option<String>,
}

/// How a connection to a mail server is kept from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// In the clear until STARTTLS, which must be there.
    StartTls,
    /// From the first byte.
    Wrapped,
    /// Never: a server on this machine.
    None,
}

impl ChannelKind {
    /// The kind as a configuration spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::DingTalkRobot { .. } => "dingtalk-robot",
            Self::DingTalkWork { .. } => "dingtalk-work",
            Self::WeComRobot { .. } => "wecom-robot",
            Self::WeComApp { .. } => "wecom-app",
            Self::Mail(_) => "mail",
            Self::Mqtt { .. } => "mqtt",
            Self::Webhook { .. } => "webhook",
        }
    }

    /// Whether it is one place for all (a group, a topic, a URL), that needs no receivers.
    #[must_use]
    pub fn is_one_place(&self) -> bool {
        !matches!(self, Self::DingTalkWork { .. } | Self::WeComApp { .. } | Self::Mail(_))
    }

    /// What somebody is called there, if he is.
    #[must_use]
    pub fn address_of<'a>(&self, contact: &'a ContactSection) -> Option<&'a str> {
        match self {
            Self::DingTalkRobot { .. } | Self::DingTalkWork { .. } => contact.dingtalk.as_deref(),
            Self::WeComRobot { .. } | Self::WeComApp { .. } => contact.wecom.as_deref(),
            Self::Mail(_) => contact.mail.as_deref(),
            Self::Mqtt { .. } | Self::Webhook { .. } => Some(contact.operator.as_str()),
        }
    }
}

impl ChannelSection {
    /// `base` is the folder of the configuration file.
    pub(crate) fn build(fields: &Fields, base: &Path) -> Option<Self> {
        let kind = match fields.text("kind")? {
            "dingtalk-robot" => ChannelKind::DingTalkRobot {
                url: fields.owned("url")?,
                access_token: fields.secret("access_token")?,
                secret: fields.secret("secret")?,
            },
            "dingtalk-work" => ChannelKind::DingTalkWork {
                url: fields.owned("url")?,
                app_key: fields.owned("app_key")?,
                app_secret: fields.secret("app_secret")?,
                agent_id: fields.integer("agent_id")?,
            },
            "wecom-robot" => ChannelKind::WeComRobot {
                url: fields.owned("url")?,
                robot_key: fields.secret("robot_key")?,
            },
            "wecom-app" => ChannelKind::WeComApp {
                url: fields.owned("url")?,
                corp_id: fields.owned("corp_id")?,
                corp_secret: fields.secret("corp_secret")?,
                agent_id: fields.integer("agent_id")?,
            },
            "mail" => ChannelKind::Mail(mail(fields, base)?),
            "mqtt" => ChannelKind::Mqtt {
                address: fields.owned("address")?,
                topic: fields.owned("topic")?,
                client_id: fields.owned("client_id")?,
                username: fields.owned("username"),
                password: fields.secret("password"),
            },
            "webhook" => ChannelKind::Webhook {
                url: fields.owned("url")?,
                secret: fields.secret("secret")?,
                delivered: Delivered::build(fields)?,
            },
            _ => return None,
        };
        Some(Self { name: fields.parsed("name")?, kind, per_minute: fields.integer("per_minute") })
    }
}

fn mail(fields: &Fields, base: &Path) -> Option<MailChannel> {
    Some(MailChannel {
        address: fields.owned("address")?,
        tls: match fields.text("tls")? {
            "tls" => MailTls::Wrapped,
            "none" => MailTls::None,
            _ => MailTls::StartTls,
        },
        ca: fields.text("ca").map(|path| base.join(path)),
        login: fields.owned("username").zip(fields.secret("password")),
        from: fields.owned("from")?,
        from_name: fields.owned("from_name"),
    })
}
