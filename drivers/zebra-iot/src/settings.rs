//! What the driver is told about a reader and its broker.

use gatewarden_tls::{Secret, Trust};
use serde_json::{Value, json};

/// One of the reader's topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Tag data.
    Data,
    /// Heartbeats, inputs, errors.
    Events,
    /// Answers to management commands.
    ManagementAnswer,
    /// Answers to control commands.
    ControlAnswer,
    /// Management commands.
    ManagementCommand,
    /// Control commands.
    ControlCommand,
}

/// The reader's topics, as they are set on the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// Tag data.
    pub data: String,
    /// Heartbeats, inputs, errors.
    pub events: String,
    /// Management commands.
    pub management_command: String,
    /// Answers to them.
    pub management_answer: String,
    /// Control commands.
    pub control_command: String,
    /// Answers to them.
    pub control_answer: String,
}

impl Topics {
    /// The usual topics below a base such as `zebra/door-1`.
    #[must_use]
    pub fn below(base: &str) -> Self {
        let topic = |tail: &str| format!("{base}/{tail}");
        Self {
            data: topic("data"),
            events: topic("events"),
            management_command: topic("mgmt/cmd"),
            management_answer: topic("mgmt/res"),
            control_command: topic("ctrl/cmd"),
            control_answer: topic("ctrl/res"),
        }
    }

    /// What the driver listens to.
    #[must_use]
    pub fn incoming(&self) -> [(&str, Channel); 4] {
        [
            (&self.data, Channel::Data),
            (&self.events, Channel::Events),
            (&self.management_answer, Channel::ManagementAnswer),
            (&self.control_answer, Channel::ControlAnswer),
        ]
    }

    /// The topic of a channel.
    #[must_use]
    pub fn of(&self, channel: Channel) -> &str {
        match channel {
            Channel::Data => &self.data,
            Channel::Events => &self.events,
            Channel::ManagementAnswer => &self.management_answer,
            Channel::ControlAnswer => &self.control_answer,
            Channel::ManagementCommand => &self.management_command,
            Channel::ControlCommand => &self.control_command,
        }
    }
}

/// How to reach a reader and what to have it do.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The broker's host name or address.
    pub host: String,
    /// The broker's port.
    pub port: u16,
    /// The name at the broker, unique.
    pub client_id: String,
    /// Who to log in as, with which password.
    pub login: Option<(String, Secret)>,
    /// TLS, and whom to trust.
    pub trust: Option<Trust>,
    /// The reader's topics.
    pub topics: Topics,
    /// The payload of `set_mode`; the reader's own mode is kept where absent.
    pub mode: Option<Value>,
    /// How long an answer may take, in milliseconds.
    pub time_out_ms: u64,
    /// How often the reader is asked whether it still reads, in milliseconds.
    pub status_ms: u64,
}

/// The payload of `set_mode` for a mode by its name. Only `SIMPLE` tells antenna and RSSI unasked.
#[must_use]
pub fn mode(name: &str) -> Value {
    let name = name.to_ascii_uppercase();
    match name.as_str() {
        "SIMPLE" => json!({ "type": name }),
        _ => json!({ "type": name, "tagMetaData": ["ANTENNA", "RSSI", "SEEN_COUNT", "PC"] }),
    }
}

impl Settings {
    /// Settings for a reader below one base topic, plain TCP.
    #[must_use]
    pub fn new(host: &str, port: u16, client_id: &str, base: &str) -> Self {
        Self {
            host: host.to_owned(),
            port,
            client_id: client_id.to_owned(),
            login: None,
            trust: None,
            topics: Topics::below(base),
            mode: None,
            time_out_ms: 5_000,
            status_ms: 2_000,
        }
    }
}
