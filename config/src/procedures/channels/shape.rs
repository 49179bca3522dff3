//! The keys of each kind of channel.

use super::CHANNELS_MAX;
use crate::{
    delivered::{RECEIPT, SUCCESS},
    shape::{
        Choice, Key, Kind, Kinds, Need, Plain, Shape, Text, bool_or, optional, required, text_or,
    },
};

const LINE: Shape = Shape::Text(Text::Line);
const URL: Shape = Shape::Text(Text::Url);
const AGENT_ID: Key = required(
    "agent_id",
    Shape::Integer { min: 1, max: i64::MAX },
    "The app's agent id, as its page shows it.",
);
const TLS: Choice =
    Choice { code: "unknown-choice", noun: "tls", of: &["starttls", "tls", "none"] };

const COMMON: &[Key] = &[
    required("name", Shape::Text(Text::Slug), "The channel's name, as notices call it."),
    optional(
        "per_minute",
        Shape::Integer { min: 1, max: 100_000 },
        "Most messages a minute; more wait, and are told together. By default the vendor's limit.",
    ),
];

pub(crate) static CHANNELS: Kinds = Kinds {
    doc: "A way by which notices reach people.",
    noun: "channel kind",
    common: COMMON,
    max: CHANNELS_MAX,
    kinds: &[
        Kind { name: "dingtalk-robot", doc: "The robot of a DingTalk group.", keys: DING_ROBOT },
        Kind { name: "dingtalk-work", doc: "Work notices of a DingTalk app.", keys: DING_WORK },
        Kind { name: "wecom-robot", doc: "The robot of a WeCom group.", keys: WECOM_ROBOT },
        Kind { name: "wecom-app", doc: "Messages of a WeCom app.", keys: WECOM_APP },
        Kind { name: "mail", doc: "Mail over SMTP.", keys: MAIL },
        Kind { name: "mqtt", doc: "Publishing to an MQTT broker.", keys: MQTT },
        Kind { name: "webhook", doc: "A signed POST of each notice.", keys: WEBHOOK },
    ],
};

const DING_URL: Key =
    text_or("url", Text::Url, "https://oapi.dingtalk.com", "Where DingTalk answers.");
const WECOM_URL: Key =
    text_or("url", Text::Url, "https://qyapi.weixin.qq.com", "Where WeCom answers.");

const DING_ROBOT: &[Key] = &[
    DING_URL,
    required("access_token", Shape::Secret, "The access_token in the robot's address."),
    required("secret", Shape::Secret, "The key of its signature (加签): SEC and more."),
];

const DING_WORK: &[Key] = &[
    DING_URL,
    required("app_key", LINE, "The app's key (AppKey, Client ID)."),
    required("app_secret", Shape::Secret, "The app's secret (AppSecret, Client Secret)."),
    AGENT_ID,
];

const WECOM_ROBOT: &[Key] = &[
    WECOM_URL,
    required(
        "robot_key",
        Shape::Secret,
        "The key in the robot's address: whoever has it can write.",
    ),
];

const WECOM_APP: &[Key] = &[
    WECOM_URL,
    required("corp_id", LINE, "The company's id (企业ID)."),
    required("corp_secret", Shape::Secret, "The app's secret."),
    AGENT_ID,
];

const MAIL: &[Key] = &[
    required("address", Shape::Text(Text::Address(587)), "The mail server's host:port."),
    Key {
        name: "tls",
        doc: "\"starttls\" (port 587), \"tls\" (port 465), or \"none\" for a server on this machine.",
        shape: Shape::Choice(TLS),
        need: Need::Default(Plain::Text("starttls")),
    },
    optional(
        "ca",
        Shape::Text(Text::Path),
        "The authorities that its certificate must come from, in PEM. By default the system's.",
    ),
    required("from", Shape::Text(Text::Mail), "The sender's address."),
    optional("from_name", LINE, "The sender's name as readers see it."),
    optional("username", LINE, "The user, if the server wants a log-in."),
    optional("password", Shape::Secret, "The user's password."),
];

const MQTT: &[Key] = &[
    required("address", Shape::Text(Text::Address(1883)), "The broker's host:port."),
    required("topic", Shape::Text(Text::Topic), "The topic that notices are published to."),
    required("client_id", LINE, "The client's id; no other client of the broker may use it."),
    optional("username", LINE, "The user, if the broker wants one."),
    optional("password", Shape::Secret, "The user's password."),
];

const WEBHOOK: &[Key] = &[
    required("url", URL, "Where notices are posted to."),
    required("secret", Shape::Secret, "The key of the signature."),
    optional("success", Shape::Section(&SUCCESS), "What must stand in the answer to a notice."),
    RECEIPT,
    bool_or("accept_any", false, "Whether answers that are no JSON count too; HTML never does."),
];
