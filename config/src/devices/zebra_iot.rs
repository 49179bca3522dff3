//! `kind = "zebra-iot"`: a Zebra reader whose IoT Connector speaks to an MQTT broker.
//!
//! The reader's topics stand below one base, as they are set on the reader. Absent: the reader's end points
//! (they are configured on it), single topics with names of their own.

use super::{LlrpTrust, address, trust};
use crate::{
    Secret,
    fields::Fields,
    report::Walk,
    shape::{Choice, Key, Kind, Shape, Text, optional, required},
};

/// The modes that need nothing but their name.
const MODES: &[&str] = &["simple", "inventory", "portal", "conveyor"];

/// A Zebra reader behind a broker.
#[derive(Debug, Clone, PartialEq)]
pub struct ZebraIot {
    /// `host:port` of the broker.
    pub address: String,
    /// The gateway's name at the broker.
    pub client_id: String,
    /// Who to log in as, with which password.
    pub login: Option<(String, Secret)>,
    /// TLS, and whom to trust; plain TCP without.
    pub trust: Option<LlrpTrust>,
    /// The base of the reader's topics.
    pub topic: String,
    /// The operating mode to set; the reader's own stays where absent.
    pub mode: Option<String>,
}

pub(super) const KIND: Kind =
    Kind { name: "zebra-iot", doc: "A Zebra reader over MQTT (IoT Connector).", keys: KEYS };

const KEYS: &[Key] = &[
    required("address", address(1883), "The broker's host:port; 8883 is usual with TLS."),
    required(
        "client_id",
        Shape::Text(Text::Line),
        "The client's id; no other client of the broker may use it.",
    ),
    optional("username", Shape::Text(Text::Line), "The user, if the broker wants one."),
    optional("password", Shape::Secret, "The user's password."),
    trust::CA,
    trust::PIN,
    required(
        "topic",
        Shape::Text(Text::Topic),
        "The base: data, events, mgmt/cmd, mgmt/res, ctrl/cmd and ctrl/res stand below it.",
    ),
    optional(
        "mode",
        Shape::Choice(Choice { code: "unknown-mode", noun: "mode", of: MODES }),
        "The operating mode to set. By default the reader keeps its own.",
    ),
];

pub(super) fn build(fields: &Fields) -> Option<ZebraIot> {
    Some(ZebraIot {
        address: fields.owned("address")?,
        client_id: fields.owned("client_id")?,
        login: fields.owned("username").zip(fields.secret("password")),
        trust: trust::trust(fields),
        topic: fields.owned("topic")?,
        mode: fields.owned("mode"),
    })
}

/// A user and a password, or neither; one way to trust.
pub(super) fn check(walk: &mut Walk<'_>, device: &Fields) {
    trust::check(walk, device);
    let (user, password) = (device.stands("username"), device.stands("password"));
    if user != password {
        let (has, lacks) = if user { ("username", "password") } else { ("password", "username") };
        let message = format!("{has:?} without {lacks:?}");
        let expected = "username and password, or neither";
        walk.error(device.place(has), "half-login", message, expected, None);
    }
}
